-- ty.doctor: each mistake is named once, at its line, with its cure; sensible programs hear nothing. In-process: what the
-- doctor would write to standard error is kept here.

local ty = require "tycho"
local report = require "tycho.doctor.report"
local nn, F, optim, data = ty.nn, ty.F, ty.optim, ty.data

local here = debug.getinfo(1, "S").short_src

-- What the doctor says about a program: a list of {check, line, text}.
local function consult(program)
  local said, write = {}, report.write
  local was = ty.doctor()
  ty.doctor(false)
  ty.doctor(true)
  report.write = function(text)
    local place, message, check = text:match "^(.-:%d+): doctor: (.*) %(ty%.doctor{([%w_]+) = false} silences this%)\n$"
    assert(place, text)
    local file, line = place:match "^(.*):(%d+)$"
    assert.equal(here, file)
    said[#said + 1] = {check = check, line = tonumber(line), text = message}
  end
  ty.manual_seed(0)
  local ok, message = pcall(program)
  report.write = write
  ty.doctor(was)
  return said, ok, message
end

local function assert_silent(program)
  local said, ok, message = consult(program)
  assert.is_true(ok, message)
  local texts = {}
  for i, one in ipairs(said) do texts[i] = one.check .. ": " .. one.line .. ": " .. one.text end
  assert.equal("", table.concat(texts, "\n"))
end

-- The program makes just this warning, once, at the line that is marked `-- here` in it.
local function assert_says(check, pattern, program)
  local said = consult(program)
  local found, others = {}, {}
  for _, one in ipairs(said) do
    if one.check == check then found[#found + 1] = one else others[#others + 1] = one.check .. ": " .. one.text end
  end
  assert.equal("", table.concat(others, "\n"))
  assert.equal(1, #found, check)
  assert.truthy(found[1].text:find(pattern), found[1].text)
  local info, number, marked = debug.getinfo(program, "S"), 0, nil
  for line in io.lines(here) do
    number = number + 1
    if number >= info.linedefined and number <= info.lastlinedefined and line:find("-- here", 1, true) then marked = number end
  end
  assert.equal(marked, found[1].line, "the line that is blamed")
end

-- A classifier of 4 numbers into 3 classes, with further layers in its middle.
local function net(...)
  local list = {nn.Linear(4, 8), nn.ReLU(), ...}
  list[#list + 1] = nn.Linear(8, 3)
  return nn.Sequential(table.unpack(list))
end

local function batch(n)
  n = n or 12
  return ty.randn(n, 4), ty.randint(1, 4, {n})
end

describe("the order of the steps:", function()
  it("a step without backward", function()
    assert_says("no_backward", "no parameter has a gradient.*call loss:backward%(%)", function()
      local model, x, y = net(), batch()
      local opt = optim.SGD(model:parameters())
      for _ = 1, 3 do
        opt:zero_grad()
        F.cross_entropy(model(x), y)
        opt:step() -- here
      end
    end)
    assert_says("no_backward", "the gradients of the step before once more", function()
      local model, x, y = net(), batch()
      local opt = optim.SGD(model:parameters())
      F.cross_entropy(model(x), y):backward()
      opt:step()
      F.cross_entropy(model(x), y)
      opt:step() -- here
    end)
    assert_says("no_backward", "the closure that step was given calls no backward", function()
      local model, x, y = net(), batch()
      local opt = optim.SGD(model:parameters())
      opt:step(function() return F.cross_entropy(model(x), y) end) -- here
    end)
  end)

  it("no zero_grad", function()
    assert_says("no_zero_grad", "call opt:zero_grad%(%) before each backward", function()
      local model, x, y = net(), batch()
      local opt = optim.Adam(model:parameters())
      for _ = 1, 4 do
        F.cross_entropy(model(x), y):backward()
        opt:step() -- here
      end
    end)
  end)

  it("gradients that are gathered over batches, and several losses, are as they should be", function()
    assert_silent(function()
      local model, x, y = net(), batch()
      local opt = optim.SGD(model:parameters())
      for i = 1, 12 do
        (F.cross_entropy(model(x), y) / 4):backward()
        if i % 4 == 0 then
          opt:step()
          opt:zero_grad()
        end
      end
      for _ = 1, 3 do
        model:zero_grad()
        F.cross_entropy(model(x), y):backward()
        F.mse_loss(model(x), ty.zeros(12, 3)):backward()
        opt:step()
      end
      for _ = 1, 3 do
        opt:zero_grad(false)
        F.cross_entropy(model(x), y):backward()
        opt:step()
      end
      for _ = 1, 3 do
        for p in model:parameters() do p.grad = nil end
        ty.autograd.backward({F.cross_entropy(model(x), y)})
        opt:step()
      end
    end)
  end)

  it("gradients by hand, a schedule that is only looked at, closures, L-BFGS", function()
    assert_silent(function()
      local model, x, y = net(), batch()
      local opt = optim.SGD(model:parameters())
      for _ = 1, 3 do
        local grads = ty.grad(F.cross_entropy(model(x), y), model:parameters())
        for i, p in ipairs(model:parameters()) do p.grad = grads[i] end
        opt:step()
      end
      local other = optim.SGD(net():parameters(), {lr = 1})
      local schedule = optim.lr_scheduler.StepLR(other, {step_size = 2})
      for _ = 1, 12 do
        other:step()
        schedule:step()
      end
      local small = net()
      local lbfgs = optim.LBFGS(small:parameters(), {line_search_fn = "strong_wolfe", max_iter = 4})
      for _ = 1, 4 do
        lbfgs:step(function()
          lbfgs:zero_grad()
          local loss = F.cross_entropy(small(x), y)
          loss:backward()
          return loss
        end)
      end
    end)
  end)

  it("a GAN, whose generator's backward goes through the critic", function()
    assert_silent(function()
      local generator = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 4))
      local critic = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 1))
      local opt_g, opt_d = optim.Adam(generator:parameters()), optim.Adam(critic:parameters())
      local criterion = nn.BCEWithLogitsLoss()
      for _ = 1, 12 do
        critic:zero_grad()
        criterion(critic(ty.randn(8, 4)), ty.ones(8, 1)):backward()
        local fake = generator(ty.randn(8, 2))
        criterion(critic(fake:detach()), ty.zeros(8, 1)):backward()
        opt_d:step()
        opt_g:zero_grad()
        criterion(critic(fake), ty.ones(8, 1)):backward()
        opt_g:step()
        ty.no_grad(function() return generator(ty.randn(8, 2)):mean() end)
      end
    end)
  end)
end)

describe("the modes:", function()
  it("training in eval mode", function()
    assert_says("eval_mode", "trained in eval mode, in which its dropout", function()
      local model, x, y = net(nn.Dropout(0.2)), batch()
      local opt = optim.SGD(model:parameters())
      for _ = 1, 3 do
        opt:zero_grad()
        F.cross_entropy(model(x), y):backward()
        opt:step() -- here
        model:eval()
      end
    end)
  end)

  it("an evaluation in training mode, by its loss, its classes or its loader", function()
    assert_says("train_mode", "evaluated in training mode, in which its dropout.*model:eval%(%)", function()
      local model, x, y = net(nn.Dropout(0.2)), batch()
      for _ = 1, 3 do
        ty.no_grad(function()
          local scores = model(x) -- here
          return F.cross_entropy(scores, y):item()
        end)
      end
    end)
    assert_says("train_mode", "its dropout", function()
      local model, x, y = net(nn.Dropout(0.2)):eval(), batch()
      model:train()
      F.cross_entropy(model(x), y):backward()
      ty.no_grad(function()
        return model(x):argmax(2) -- here
      end)
    end)
    assert_says("train_mode", "its batch normalisation", function()
      local model, x, y = net(nn.BatchNorm1d(8)), batch()
      ty.no_grad(function()
        return model(x):argmax(2):eq(y):sum() -- here
      end)
    end)
    assert_says("train_mode", "its dropout", function()
      local model, x, y = net(nn.Dropout(0.2)), batch()
      local loader = data.DataLoader(data.TensorDataset(x, y), {batch_size = 4})
      local _ <close> = ty.no_grad()
      for images in loader:iter() do
        model(images) -- here
      end
    end)
  end)

  it("models in their right modes, teachers, frozen norms, drawings of dropout, averages of weights", function()
    assert_silent(function()
      local model, teacher, x, y = net(nn.BatchNorm1d(8), nn.Dropout(0.2)), net(nn.Dropout(0.2)):eval(), batch(16)
      local loader = data.DataLoader(data.TensorDataset(x, y), {batch_size = 8, shuffle = true})
      local opt = optim.Adam(model:parameters())
      local average = optim.swa_utils.AveragedModel(model)
      for _ = 1, 4 do
        model:train()
        model[3]:eval() -- a norm that is frozen
        for a, b in loader:iter() do
          opt:zero_grad()
          local scores = model(a)
          local loss = F.cross_entropy(scores, b) + F.kl_div(scores:log_softmax(2), teacher(a):softmax(2):detach())
          loss:backward()
          opt:step()
        end
        average:update_parameters(model)
        model:eval()
        local right = 0
        for a, b in loader:iter() do right = right + model(a):argmax(2):eq(b):sum():item() end -- gradients, but no step
      end
      optim.swa_utils.update_bn(loader, average)
      model:eval()
      for _, layer in ipairs(model:modules()) do
        if layer.p then layer:train() end -- Monte Carlo dropout
      end
      ty.no_grad(function() return model(x):argmax(2) end)
      ty.no_grad(function() return net()(x):argmax(2) end) -- nothing in it that differs
      model:train() -- put back to training for its dropout, and not trained
      ty.no_grad(function() return model(x):argmax(2) end)
      model:eval()
    end)
  end)
end)

describe("what a loss gets:", function()
  it("probabilities where logits belong", function()
    assert_says("loss_input", "cross_entropy got the output of a softmax.*leave the softmax out", function()
      local model, x, y = nn.Sequential(nn.Linear(4, 3), nn.Softmax(2)), batch()
      for _ = 1, 3 do
        nn.CrossEntropyLoss()(model(x), y) -- here
      end
    end)
    assert_says("loss_input", "binary_cross_entropy_with_logits got the output of a sigmoid", function()
      local model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
      nn.BCEWithLogitsLoss()(model(ty.randn(5, 4)):squeeze(2), ty.ones(5)) -- here
    end)
    assert_says("loss_input", "cross_entropy got the output of a sigmoid", function()
      local model, x, y = net(), batch()
      F.cross_entropy(model(x):sigmoid(), y) -- here
    end)
  end)

  it("logits and probabilities where their logarithms belong", function()
    assert_says("loss_input", "nll_loss got values up to 3,", function()
      nn.NLLLoss()(ty.tensor({{3.0, 1, 2}}, {requires_grad = true}), ty.tensor {1}) -- here
    end)
    assert_says("loss_input", "nll_loss got the output of a softmax", function()
      local model, x, y = net(), batch()
      F.nll_loss(F.softmax(model(x), 2), y) -- here
    end)
  end)

  it("the right ones are silent", function()
    assert_silent(function()
      local model, x, y = net(), batch()
      F.cross_entropy(model(x), y)
      F.cross_entropy(F.log_softmax(model(x), 2), y)
      F.nll_loss(F.log_softmax(model(x), 2), y)
      F.nll_loss(F.softmax(model(x), 2):log(), y)
      F.cross_entropy(model(x), F.softmax(model(x), 2):detach())
      F.binary_cross_entropy(model(x):sigmoid(), ty.ones(12, 3))
      F.binary_cross_entropy_with_logits(model(x), ty.ones(12, 3))
    end)
  end)

  it("labels that are no class: the error stays, and is explained", function()
    local said, ok, message = consult(function() F.cross_entropy(ty.randn(3, 3), ty.tensor {0, 1, 2}) end)
    assert.is_false(ok)
    assert.truthy(message:find("doctor_spec.lua:%d+: cross_entropy: target 0 is no class"), message)
    assert.equal("labels", said[1].check)
    assert.truthy(said[1].text:find("run from 0 to 2.*3 classes; they count from 0.*add 1"), said[1].text)
    said = consult(function() nn.NLLLoss()(-ty.rand(3, 3), ty.tensor {0, 1, 7}) end)
    assert.truthy(said[1].text:find("3 outputs, and there are labels up to 7.*and add 1"), said[1].text)
    said, ok, message = consult(function() F.cross_entropy(ty.randn(3, 3), ty.tensor {1, 2}) end)
    assert.is_false(ok)
    assert.truthy(message:find("doctor_spec.lua:%d+: cross_entropy: "), message)
    assert.same({}, said)
  end)
end)

describe("how the loss goes on:", function()
  it("NaN and infinity", function()
    assert_says("loss_value", "the loss is NaN.*lower the learning rate", function()
      local w = ty.zeros(2, {requires_grad = true})
      for _ = 1, 3 do
        (w / 0 * 0):sum():backward() -- here
      end
    end)
    assert_says("loss_value", "the loss is infinite", function()
      local w = ty.ones(2, {requires_grad = true})
      local loss = (w / 0):sum()
      loss:backward() -- here
    end)
  end)

  it("a loss that grows tenfold", function()
    assert_says("loss_value", "the loss has grown from .* to .*: training diverges", function()
      local x = ty.randn(64, 4)
      local loader = data.DataLoader(data.TensorDataset(x, x:sum(2, true)), {batch_size = 8, shuffle = true})
      local model = nn.Linear(4, 1)
      local opt = optim.SGD(model:parameters(), {lr = 1.5})
      for _ = 1, 2 do
        for a, b in loader:iter() do
          opt:zero_grad()
          F.mse_loss(model(a), b):backward()
          opt:step() -- here
        end
      end
    end)
  end)

  it("a loss that falls, is noisy near zero, or is that of another run, is silent", function()
    assert_silent(function()
      local x = ty.randn(64, 4)
      local loader = data.DataLoader(data.TensorDataset(x, x:sum(2, true)), {batch_size = 8, shuffle = true})
      local function train()
        local model = nn.Linear(4, 1)
        local opt = optim.SGD(model:parameters(), {lr = 0.1})
        for _ = 1, 8 do
          for a, b in loader:iter() do
            opt:zero_grad()
            F.mse_loss(model(a), b):backward()
            opt:step()
          end
        end
      end
      train()
      train()
    end)
  end)
end)

describe("parameters:", function()
  it("that never get a gradient", function()
    assert_says("no_gradient", "after 10 steps 2 of 4 parameters never got a gradient: 1%.weight, 1%.bias;", function()
      local Net = nn.class "Net"
      function Net:init()
        self["1"] = nn.Linear(4, 8)
        self.fc = nn.Linear(8, 3)
      end
      function Net:forward(x) return self.fc(self["1"](x):detach()) end
      local model, x, y = Net(), batch()
      local opt = optim.SGD(model:parameters())
      for _ = 1, 12 do
        opt:zero_grad()
        F.cross_entropy(model(x), y):backward()
        opt:step() -- here
      end
    end)
  end)

  it("of layers that are kept where the module does not see them", function()
    assert_says("not_optimised", "Linear.* runs in Net but is not registered.*nn.ModuleList", function()
      local Net = nn.class "Net"
      function Net:init()
        self.hidden = {nn.Linear(4, 8), nn.Linear(8, 8)}
        self.fc = nn.Linear(8, 3)
      end
      function Net:forward(x)
        for _, layer in ipairs(self.hidden) do x = layer(x):relu() end
        return self.fc(x)
      end
      local model, x, y = Net(), batch()
      local opt = optim.SGD(model:parameters())
      for _ = 1, 12 do
        opt:zero_grad()
        F.cross_entropy(model(x), y):backward()
        opt:step() -- here
      end
    end)
  end)

  it("of a layer that took another's place after the optimiser was made, or half of a layer's", function()
    assert_says("not_optimised", "no optimiser has them: 2%.weight, 2%.bias; the optimiser was made before", function()
      local model, x, y = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), batch()
      local opt = optim.SGD(model:parameters())
      model[3] = nn.Linear(8, 3)
      for _ = 1, 4 do
        opt:zero_grad()
        F.cross_entropy(model(x), y):backward()
        opt:step() -- here
      end
    end)
    assert_says("not_optimised", "no optimiser has them: bias; hand model:parameters%(%)", function()
      local model, x, y = nn.Linear(4, 3), batch()
      local opt = optim.SGD({model.weight})
      for _ = 1, 4 do
        opt:zero_grad()
        F.cross_entropy(model(x), y):backward()
        opt:step() -- here
        model.bias.grad = nil
      end
    end)
  end)

  it("frozen ones, a part of a model that is trained, several optimisers, embeddings", function()
    assert_silent(function()
      local Net = nn.class "Net"
      function Net:init()
        self.words = nn.Embedding(10, 4)
        self.body = nn.Linear(4, 8)
        self.head = nn.Linear(8, 3)
      end
      function Net:forward(ids) return self.head(self.body(self.words(ids)):relu()) end
      local ids, y = ty.randint(1, 11, {12}), ty.randint(1, 4, {12})
      local function train(model, ...)
        for _ = 1, 12 do
          model:zero_grad()
          F.cross_entropy(model(ids), y):backward()
          for _, opt in ipairs {...} do opt:step() end
        end
      end
      local model = Net()
      train(model, optim.Adam(model.head:parameters()))
      model = Net()
      train(model, optim.Adam(model.words:parameters()), optim.SGD(model.body:parameters()), optim.SGD(model.head:parameters()))
      model = Net()
      model.body:requires_grad_(false)
      train(model, optim.Adam(model:parameters()))
    end)
  end)
end)

describe("the data:", function()
  local function train(model, x, y)
    local opt = optim.SGD(model:parameters(), {lr = 1e-6})
    opt:zero_grad()
    F.cross_entropy(model(x), y):backward()
    opt:step()
  end

  it("inputs from 0 to 255", function()
    assert_says("not_normalised", "Conv2d.* gets values from 0 to 255.*divide by 255", function()
      local x = ty.randint(0, 256, {4, 1, 6, 6}):float()
      local model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(32, 3))
      local opt = optim.SGD(model:parameters(), {lr = 1e-6})
      for _ = 1, 3 do
        opt:zero_grad()
        F.cross_entropy(
          model(x), -- here
          ty.tensor {1, 2, 3, 1}):backward()
        opt:step()
      end
    end)
  end)

  it("inputs that the model normalises first, whole numbers that are embedded, small numbers", function()
    assert_silent(function()
      local x, y = ty.randint(0, 256, {4, 1, 6, 6}):float(), ty.tensor {1, 2, 3, 1}
      train(nn.Sequential(nn.BatchNorm2d(1), nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(32, 3)), x, y)
      train(nn.Sequential(nn.Flatten(), nn.Linear(36, 3)), x / 255, y)
      train(nn.Sequential(nn.Embedding(256, 3), nn.Flatten(), nn.Linear(36 * 3, 3)), ty.randint(1, 257, {4, 36}), y)
      train(nn.Sequential(nn.Flatten(), nn.Linear(36, 3)), ty.randint(0, 10, {4, 36}):float(), y)
    end)
  end)

  local function sorted() return data.TensorDataset(ty.randn(60, 4), ty.arange(1, 61):sub(1):floor_divide(20):add(1)) end

  local function pass(loader, model)
    local opt = optim.SGD(model:parameters())
    for x, y in loader:iter() do
      opt:zero_grad()
      F.cross_entropy(model(x), y):backward()
      opt:step()
    end
  end

  it("training in the order of the labels", function()
    assert_says("not_shuffled", "in the order of their labels.*class 1 to 2.*shuffle = true", function()
      local loader = data.DataLoader(sorted(), {batch_size = 8})
      local model = net()
      local opt = optim.SGD(model:parameters())
      for _ = 1, 2 do
        for x, y in loader:iter() do -- here
          opt:zero_grad()
          F.cross_entropy(model(x), y):backward()
          opt:step()
        end
      end
    end)
  end)

  it("shuffled data, data in no order, an order that was asked for, tests in order", function()
    assert_silent(function()
      local model = net()
      pass(data.DataLoader(sorted(), {batch_size = 8, shuffle = true}), model)
      pass(data.DataLoader(sorted(), {batch_size = 8, sampler = data.SequentialSampler(sorted())}), model)
      pass(data.DataLoader(data.TensorDataset(ty.randn(60, 4), ty.randint(1, 4, {60})), {batch_size = 8}), model)
      pass(data.DataLoader(data.TensorDataset(ty.randn(60, 4), ty.ones(60):long()), {batch_size = 8}), model)
      model:eval()
      for x in data.DataLoader(sorted(), {batch_size = 8}):iter() do model(x) end
    end)
  end)
end)

describe("ty.doctor", function()
  local function mistake(model, x, y) F.cross_entropy(model(x):softmax(2), y) end

  it("is silent about a check that was turned off, and speaks once for each place", function()
    assert_silent(function()
      local model, x, y = net(), batch()
      ty.doctor {loss_input = false}
      mistake(model, x, y)
    end)
    local said = consult(function()
      local model, x, y = net(), batch()
      for _ = 1, 3 do mistake(model, x, y) end
      F.cross_entropy(model(x):softmax(2), y)
    end)
    assert.equal(2, #said)
  end)

  it("leaves the library's own functions there when it is off", function()
    local was = ty.doctor()
    ty.doctor(false)
    local function functions()
      return {nn.Module._call, nn.Module.train, optim.Optimizer.step, optim.Optimizer.zero_grad,
        optim.Optimizer.add_param_group, F.cross_entropy, ty.ones(1).backward, ty.autograd.backward,
        data.DataLoader({1}).iter, ty.ones(1).argmax, optim.swa_utils.update_bn}
    end
    local before = functions()
    ty.doctor(true)
    assert.is_true(ty.doctor())
    for i, f in ipairs(functions()) do assert.are_not.equal(before[i], f, tostring(i)) end
    ty.doctor(false)
    assert.is_false(ty.doctor())
    for i, f in ipairs(functions()) do assert.equal(before[i], f) end
    ty.doctor(was)
  end)

  it("an error within a model, a loss or backward leaves it at work", function()
    local said = consult(function()
      local model, x, y = net(), batch()
      pcall(model, ty.ones(2, 7))
      pcall(F.cross_entropy, model(x), ty.tensor {1})
      pcall(function() model(x):backward() end)
      mistake(model, x, y)
      ty.no_grad(function() return net(nn.Dropout(0.5))(x):argmax(2) end)
    end)
    assert.same({"loss_input", "train_mode"}, {said[1].check, said[2].check})
  end)

  it("says what it does not know", function()
    local was = ty.doctor()
    assert.error_matches(function() ty.doctor {shufle = false} end,
      "doctor: unknown option 'shufle'; known ones are: eval_mode, ")
    assert.error_matches(function() ty.doctor {labels = 3} end, "doctor: 'labels' must be true or false, got 3")
    assert.error_matches(function() ty.doctor "on" end, "doctor: true, false or a table of checks is needed")
    ty.doctor(was)
  end)

  it("is on at the prompt, unless the script before it has chosen, and off in scripts", function()
    local bin = os.getenv "TYCHO_BIN"
    if not bin then return pending "needs TYCHO_BIN" end
    local function output(command)
      local pipe = io.popen(command:gsub("BIN", "'" .. bin .. "'") .. " 2>&1")
      local text = pipe:read "a"
      pipe:close()
      return text
    end
    assert.truthy(output("echo 'ty.doctor()' | BIN -i"):find "true")
    assert.truthy(output("echo 'ty.doctor()' | BIN -i -e 'ty.doctor(false)'"):find "false")
    assert.truthy(output("BIN -e 'print(ty.doctor())'"):find "false")
    local said = output([[printf 'x = ty.zeros(1, {requires_grad = true})\n(x / 0):sum():backward()\n' | BIN -i]])
    assert.truthy(said:find "stdin:1: doctor: the loss is NaN", said)
  end)
end)
