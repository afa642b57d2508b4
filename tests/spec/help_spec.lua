-- Documentation: every public name has it, every example runs, and help finds it.

local ty = require "tycho"
local help = require "tycho.help"

describe("documentation", function()
  it("is there for every public name of nn, optim, data, plot, io and ty", function()
    local documented, missing = {}, {}
    for _, entry in ipairs(help.entries()) do
      for _, name in ipairs(entry.names) do documented[name] = true end
    end
    -- Values rather than functions, modules listed under their own name, and what explains itself.
    local exempt = {["nn.functional"] = true, ["nn.init"] = true, ["nn.docs"] = true, ["nn.is_module"] = true,
      ["optim.docs"] = true, ["optim.Optimizer"] = true, ["data.docs"] = true, ["plot.docs"] = true, ["io.docs"] = true}
    local areas = {nn = ty.nn, optim = ty.optim, data = ty.data, plot = ty.plot, io = ty.io}
    for area, module in pairs(areas) do
      for name, value in pairs(module) do
        local full = area .. "." .. tostring(name)
        local kind = type(value)
        if (kind == "function" or kind == "table") and not exempt[full] and not documented[full]
          and not documented["ty." .. full] and not documented["ty." .. tostring(name)] then
          missing[#missing + 1] = full
        end
      end
    end
    table.sort(missing)
    assert.equal("", table.concat(missing, " "))
  end)

  it("has text and a signature everywhere", function()
    for _, entry in ipairs(help.entries()) do
      assert.truthy(entry.doc and #entry.doc > 3, entry.names[1])
      assert.truthy(entry.signature, entry.names[1])
    end
  end)

  it("has examples that run", function()
    local folder = os.tmpname()
    os.remove(folder)
    os.execute(("mkdir '%s'"):format(folder))
    local failed = {}
    for _, entry in ipairs(help.entries()) do
      local example = entry.example
      -- Pictures and windows are the plot spec's business.
      if example and not (entry.name or ""):find("^plot") then
        example = example:gsub("/tmp/", folder .. "/")
        local env = setmetatable({ty = ty, nn = ty.nn, F = ty.F, optim = ty.optim, data = ty.data, plot = ty.plot,
          print = function() end}, {__index = _G})
        local chunk, message = load("return " .. example, "=example", "t", env) -- an expression, as at the prompt
        if not chunk then chunk, message = load(example, "=example", "t", env) end
        local ok = chunk ~= nil
        if chunk then ok, message = pcall(chunk) end
        if not ok then failed[#failed + 1] = ("%s: %s"):format(entry.names[1], message) end
      end
    end
    os.execute(("rm -rf '%s'"):format(folder))
    assert.equal("", table.concat(failed, "\n"))
  end)
end)

describe("help", function()
  it("finds functions, methods, layers and names", function()
    assert.truthy(help.text(ty.matmul):find("ty.matmul", 1, true))
    assert.truthy(help.text("topk"):find("largest", 1, true))
    assert.truthy(help.text(ty.nn.Linear):find("in_features", 1, true))
    assert.truthy(help.text(ty.zeros(1).sum):find("sum", 1, true))
    assert.truthy(help.text("optim.Adam"):find("betas", 1, true))
    assert.truthy(help.text():find("help", 1, true))
  end)

  it("says what is near when nothing has that name", function()
    assert.truthy(help.text("softm"):find("softmax", 1, true))
    assert.truthy(help.text("no such thing"):find("nothing is named", 1, true))
  end)
end)
