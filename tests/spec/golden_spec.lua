--[[
Every op gives what PyTorch gives: values, gradients, dtypes, shapes, and errors where PyTorch has them. The cases are in
tests/golden/ops.lua and its siblings; here they are run, and the table of ops is held against them: an op without a case is
a failure, and so is an argument that no case uses.
]]

local core = require "tycho.core"
local golden = require "support.golden"

-- What make_ops.py and the generators of its kind have written.
local files = {
  "ops.lua",
  "layers.lua",
  "arrange.lua",
  "linalg.lua",
  "losses.lua",
  "rnn.lua",
  "conv.lua",
  "norm.lua",
  "attention.lua",
  "embedding.lua",
  "reduced.lua",
  "resample.lua",
  "tensors.lua",
}

local groups, lines = {}, {}
for _, file in ipairs(files) do
  for _, group in ipairs(golden.read(file)) do
    group.file = file
    groups[#groups + 1] = group
  end
end

-- Ops that no golden case can hold, and why.
local exempt = {}
local function exempt_all(reason, names)
  for name in names:gmatch "%S+" do exempt[name] = reason end
end
exempt_all("random: seed_spec, and bits rather than values by tests/c/test_random.c",
  "rand randn rand_like randn_like randint randperm bernoulli multinomial normal uniform_ normal_ bernoulli_ exponential_ "
  .. "cauchy_ log_normal_ geometric_ poisson randint_like "
  .. "random_ manual_seed initial_seed seed get_rng_state set_rng_state "
  .. "xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_ "
  .. "trunc_normal_ calculate_gain")
exempt_all("initialisers: nn_spec, modules_spec", "constant_ zeros_ ones_ eye_ dirac_")
exempt_all("random: values and gradients are held against PyTorch's from one seed by modules_spec",
  "dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout rrelu rrelu_ gumbel_softmax orthogonal_ sparse_")
exempt_all("the tape itself: tests/c/test_autograd.c; every gradient here goes through grad",
  "backward grad requires_grad_ retain_grad is_grad_enabled register_hook register_post_accumulate_grad_hook detach_ "
  .. "is_inference")
exempt_all("settings of the process, no op",
  "get_num_threads set_num_threads get_default_dtype set_default_dtype set_printoptions")
exempt_all("a fact about a Lua value", "is_tensor")
exempt_all("where a tensor lies: cuda_devices_spec", "cuda pin_memory is_pinned")
exempt_all("rules of dtypes: dtypes_spec", "can_cast result_type")
exempt_all("made from Lua values, and facts of a tensor: binding_spec",
  "as_tensor scalar_tensor new_tensor is_signed is_same_size")

describe("an op gives what PyTorch gives:", function()
  for _, group in ipairs(groups) do
    it(group.op, function()
      local wrong = {}
      for _, case in ipairs(group.cases) do
        local message = golden.check(case)
        if message then
          local file = group.file
          lines[file] = lines[file] or golden.lines(file)
          wrong[#wrong + 1] = ("%s:%d: %s\n    %s"):format(file, case.line, lines[file][case.line]:sub(1, 200), message)
        end
      end
      if #wrong > 0 then
        error(("%d of %d cases:\n%s"):format(#wrong, #group.cases, table.concat(wrong, "\n", 1, math.min(#wrong, 12))), 0)
      end
    end)
  end
end)

-- How the cases of a row are named: ops of an area by its name too.
local function name_of(row)
  local scopes = row.scopes
  if scopes.F and not (scopes.functions or scopes.methods) and core.methods[row.name] then return "F." .. row.name end
  for _, area in ipairs {"linalg", "special"} do
    if scopes[area] and not (scopes.functions or scopes.methods or scopes.F) then return area .. "." .. row.name end
  end
  return row.name
end

describe("the golden cases cover the table of ops:", function()
  local of = {}
  for _, group in ipairs(groups) do
    local cases = of[group.op] or {}
    of[group.op] = table.move(group.cases, 1, #group.cases, #cases + 1, cases)
  end

  it("every op has a case or a reason to have none", function()
    local missing = {}
    for _, row in ipairs(core.rows()) do
      local name = name_of(row)
      if not of[name] and not exempt[name] then missing[#missing + 1] = name end
    end
    assert.are.equal("", table.concat(missing, " "))
  end)

  it("no reason is out of date", function()
    local known, stale = {}, {}
    for _, row in ipairs(core.rows()) do known[name_of(row)] = true end
    for name in pairs(exempt) do
      if not known[name] or of[name] then stale[#stale + 1] = name end
    end
    assert.are.equal("", table.concat(stale, " "))
  end)

  it("every argument is used by a case", function()
    local unused = {}
    for _, row in ipairs(core.rows()) do
      local used = {}
      for _, case in ipairs(of[name_of(row)] or {}) do
        for name in pairs(case[3] ~= 0 and case[3] or {}) do used[name] = true end
        for _, form in ipairs(row.forms) do
          for i = 1, #case[2] do
            if form.args[i] and not form.args[i].keyword then used[form.args[i].name] = true end
          end
        end
      end
      for _, form in ipairs(of[name_of(row)] and row.forms or {}) do
        for _, arg in ipairs(form.args) do
          local about_place = arg.kind == "device" or arg.name == "non_blocking"
          if not used[arg.name] and not about_place then unused[#unused + 1] = name_of(row) .. "." .. arg.name end
        end
      end
    end
    assert.are.equal("", table.concat(unused, " "))
  end)
end)
