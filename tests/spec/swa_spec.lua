--[[
optim.swa_utils: averages of a model's parameters, running statistics for them, state dicts with PyTorch's keys. The schedule
SWALR is in lr_scheduler_spec.
]]

local ty = require "tycho"

local nn, swa, data = ty.nn, ty.optim.swa_utils, ty.data

-- A model, and what its weight is at each of four moments.
local function run(average, model)
  for i = 1, 4 do
    ty.no_grad(function() model.weight:fill_(i * i) end)
    average:update_parameters(model)
  end
  return average.module.weight:detach():reshape(-1)[1]:item()
end

describe("AveragedModel:", function()
  it("is the mean of all models so far, and leaves the model alone", function()
    local model = nn.Linear(2, 1)
    local average = swa.AveragedModel(model)
    assert.are.equal(30 / 4, run(average, model))
    assert.are.equal(16.0, model.weight[1][1]:item())
    assert.are.equal(4, average.n_averaged:item())
    assert.is_true(average(ty.ones(1, 2)):equal(average.module(ty.ones(1, 2))))
    assert.is_true(average.module.weight.requires_grad)
    local names = {}
    for name in pairs(average:state_dict()) do names[#names + 1] = name end
    assert.are.same({"n_averaged", "module.weight", "module.bias"}, names)
  end)

  it("averages as it is told", function()
    local wanted = ((1 * 0.9 + 4 * 0.1) * 0.9 + 9 * 0.1) * 0.9 + 16 * 0.1
    for _, options in ipairs {{avg_fn = swa.get_ema_avg_fn(0.9)}, {multi_avg_fn = swa.get_ema_multi_avg_fn(0.9)}} do
      local model = nn.Linear(2, 1)
      assert.is_true(math.abs(wanted - run(swa.AveragedModel(model, options), model)) < 1e-6)
    end
    local model = nn.Linear(2, 1)
    local average = swa.AveragedModel(model, {multi_avg_fn = swa.get_swa_multi_avg_fn()})
    assert.is_true(math.abs(7.5 - run(average, model)) < 1e-6)
  end)

  it("copies buffers, or averages them", function()
    for use_buffers, wanted in pairs {[false] = 4.0, [true] = 3.0} do
      local model = nn.BatchNorm1d(1)
      local average = swa.AveragedModel(model, {use_buffers = use_buffers})
      for _, value in ipairs {2.0, 4.0} do
        model.running_mean:fill_(value)
        average:update_parameters(model)
      end
      assert.are.equal(wanted, average.module.running_mean:item())
    end
  end)

  it("refuses what it cannot average", function()
    local function fails(text, f, ...)
      local ok, message = pcall(f, ...)
      assert.is_false(ok)
      assert.is_truthy(tostring(message):find(text, 1, true), tostring(message))
    end
    fails("a module is needed", swa.AveragedModel, 3)
    fails("not both", swa.AveragedModel, nn.Linear(1, 1), {avg_fn = print, multi_avg_fn = print})
    fails("a module is needed", swa.AveragedModel(nn.Linear(1, 1)).update_parameters, swa.AveragedModel(nn.Linear(1, 1)), 3)
    local average = swa.AveragedModel(nn.Linear(1, 1))
    fails("give the model", average.update_parameters, average, nn.Linear(1, 1, false))
    fails("decay", swa.get_ema_avg_fn, 1.5)
    fails("module", swa.update_bn, {}, 3)
  end)
end)

describe("update_bn:", function()
  it("sets the running statistics to those of all the data, and the momentum back", function()
    local model = nn.Sequential(nn.BatchNorm1d(2))
    local x = ty.arange(16.0):reshape(8, 2)
    model:eval()
    swa.update_bn(data.DataLoader(data.TensorDataset(x), {batch_size = 4}), model)
    assert.is_true(model[1].running_mean:allclose(x:mean(1)))
    assert.are.equal(2, model[1].num_batches_tracked:item())
    assert.are.equal(0.1, model[1].momentum)
    assert.is_false(model.training)
    swa.update_bn(data.DataLoader(data.TensorDataset(x)), nn.Linear(2, 1))
  end)
end)
