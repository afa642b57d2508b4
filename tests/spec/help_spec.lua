-- Documentation: every public name has it, every example runs and shows what it says, and help finds it. The names are found
-- by walking the library, so that whatever is added is asked for its words here.

local ty = require "tycho"
local core = require "tycho.core"
local help = require "tycho.help"
local entries = require "tycho.docs.entries"
local names = require "tycho.docs.names"

local where = [[

Documentation goes where the name is defined: into the row of bindings/glue/rows_*.c, or as {name = "nn.Thing", signature =
"(n, bias = true)", doc = "...", example = "..."} into the `docs` list of the area (nn: bindings/tycho/nn/docs.lua; optim, data,
plot, io, linalg, ...: the field docs of that table; a method is named "nn.Thing:method"). Without it here:
]]

local function none(list)
  table.sort(list)
  assert.is_true(#list == 0, where .. "  " .. table.concat(list, "\n  "))
end

-- An in-place form x:name_() of a documented method is explained there.
local function is_in_place_form(name)
  local base = name:match "^(.-)_$"
  return base ~= nil and entries.of(base) ~= nil
end

describe("documentation", function()
  it("is there for every public name", function()
    local missing = {}
    for _, public in ipairs(names.public()) do
      if public.kind ~= "alias" and not entries.of(public.name) then
        missing[#missing + 1] = ("%s (%s)"):format(public.name, public.kind)
      end
    end
    none(missing)
  end)

  it("says no name that does not exist", function()
    local public = {}
    for _, one in ipairs(names.public()) do public[names.key(one.name)] = true end
    local wrong = {}
    for _, entry in ipairs(entries.list()) do
      if not entry.row then
        for _, name in ipairs(entry.names) do
          local key = names.key(name)
          -- Methods of objects are looked at below, with the objects.
          if not public[key] and not key:find(":", 1, true) and key ~= "Tensor" then
            wrong[#wrong + 1] = ("%s, of %s"):format(name, entry.from)
          end
        end
      end
    end
    table.sort(wrong)
    assert.equal("", table.concat(wrong, "\n"))
  end)

  it("has text, a signature and an example everywhere", function()
    local short, areas = {}, {}
    for _, public in ipairs(names.public()) do areas[public.name] = public.kind == "area" end
    for _, entry in ipairs(entries.list()) do
      local name = entry.names[1]
      assert.truthy(name, "an entry without a name in " .. entry.from)
      if not (entry.doc and #entry.doc > 3) then short[#short + 1] = name .. ": no text" end
      if not entry.signature then short[#short + 1] = name .. ": no signature" end
      if not entry.example and not is_in_place_form(name) and not areas[name] then short[#short + 1] = name .. ": no example" end
    end
    none(short)
  end)
end)

-- The areas with each function recording the object that it makes, if it has methods: {[metatable] = {name, object}}.
local function recording(t, path, made)
  return setmetatable({}, {__index = function(_, key)
    local value = t[key]
    local name = path == "ty" and tostring(key) or path .. "." .. tostring(key)
    if type(value) == "function" and core.functions[key] ~= value then
      return function(...)
        local results = table.pack(value(...))
        for i = 1, results.n do
          local object = results[i]
          local meta = debug.getmetatable(object)
          if type(meta) == "table" and type(object) ~= "string" and not core.is_tensor(object) and not ty.nn.is_module(object)
            and not (type(object) == "table" and rawget(object, "_instances")) then
            made[meta] = made[meta] or {names = {}, area = path}
            made[meta].names[name] = true
          end
        end
        return table.unpack(results, 1, results.n)
      end
    elseif type(value) == "table" and not getmetatable(value) and rawget(value, "__index") == nil then
      return recording(value, name, made)
    end
    return value
  end, __len = function() return #t end, __pairs = function() return pairs(t) end})
end

local function object_methods(meta)
  local set = {}
  for _, class in ipairs {meta, rawget(meta, "__index")} do
    if type(class) == "table" then
      for _, name in ipairs(names.methods(class)) do set[name] = true end
    end
  end
  return set
end

describe("examples", function()
  local made, failed, folder = {}, {}, nil

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    os.execute(("mkdir '%s'"):format(folder))
    local fake = recording(ty, "ty", made)
    for _, entry in ipairs(entries.list()) do
      -- Pictures and windows are the plot spec's business.
      if entry.example and not entry.names[1]:find "^plot" then
        local ok, text = entries.run(entry.example:gsub("/tmp/", folder .. "/"), function(env)
          env.ty = fake
          for _, area in ipairs {"nn", "F", "optim", "data", "plot"} do env[area] = fake[area] end
        end)
        local expected = entries.expected(entry.example)
        if not ok then
          failed[#failed + 1] = ("%s: %s\n    %s"):format(entry.names[1], text, entry.example)
        elseif expected and expected ~= text then
          failed[#failed + 1] = ("%s: shows\n%s\nand not, as its example says,\n%s"):format(entry.names[1], text, expected)
        end
      end
    end
  end)

  teardown(function() os.execute(("rm -rf '%s'"):format(folder)) end)

  it("run, and show what they say", function()
    assert.equal("", table.concat(failed, "\n"))
  end)

  it("make objects whose methods are documented", function()
    local missing = {}
    for meta, maker in pairs(made) do
      local classes = {}
      for name in pairs(maker.names) do classes[#classes + 1] = name end
      table.sort(classes)
      -- The class itself, where it is public: optim.Optimizer of what optim.SGD makes.
      for _, public in ipairs(names.public()) do
        if public.kind == "class" and rawget(public.value, "__index") == rawget(meta, "__index") then
          classes[#classes + 1] = public.name
        end
      end
      for method in pairs(object_methods(meta)) do
        local found = entries.of(maker.area .. "." .. method) ~= nil
        for _, class in ipairs(classes) do found = found or entries.of(class .. ":" .. method) ~= nil end
        if not found then
          missing[#missing + 1] = ("%s:%s (method of what %s makes)"):format(classes[#classes], method, classes[1])
        end
      end
    end
    none(missing)
  end)
end)

describe("help", function()
  local function says(what, ...)
    local text = help.text(what)
    for _, part in ipairs {...} do assert.is_true(text:find(part, 1, true) ~= nil, part .. " is not in:\n" .. text) end
  end

  it("finds functions, methods, layers and names", function()
    says(ty.matmul, "ty.matmul", "tensor:matmul")
    says("topk", "largest")
    says(ty.nn.Linear, "in_features", "weight")
    says(ty.zeros(1).sum, "sum")
    says("optim.Adam", "betas")
    says("nn.Module:parameters", "optimiser")
    says("parameters", "nn.Module:parameters")
    says("tensor.shape", "sizes")
    says("torch.relu", "ty.relu")
    says(nil, "nil")
    assert.truthy(help.text():find("help", 1, true))
  end)

  it("lists what is in an area", function()
    says(ty.nn.init, "xavier_uniform_")
    says("nn.utils", "clip_grad_norm_")
    says(ty.optim, "Adam", "SGD")
    says("tensor", "matmul", "requires_grad")
    says("ty", "arange")
  end)

  it("tells what a variable holds", function()
    _G.help_spec_x = ty.zeros(2, 3, {requires_grad = true})
    says("help_spec_x", "tensor", "float32 {2, 3}", "requires grad")
    says("help_spec_x.grad", "tensor.grad", "backward")
    says("help_spec_x:sum", "ty.sum")
    assert.is_nil(help.text "sum":find("See also: ty.sum", 1, true))
    _G.help_spec_x = ty.nn.Linear(2, 1)
    says("help_spec_x", "nn.Linear", "in_features")
    says("help_spec_x.weight", "float32 {1, 2}")
    _G.help_spec_x = ty.optim.SGD({ty.ones(1)})
    says("help_spec_x", "optim.Optimizer")
    _G.help_spec_x = function() end
    says("help_spec_x", "help_spec.lua")
    _G.help_spec_x = nil
  end)

  it("says what is near when nothing has that name", function()
    says("softm", "nothing is named 'softm'", "softmax")
    says("matmull", "matmul")
    says("nn.Liner", "nn.Linear")
    says("reshap", "reshape")
    says("no such thing at all", "nothing is named")
  end)
end)
