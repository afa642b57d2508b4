-- Every layer prints as PyTorch prints it, with Lua's true, false and nil, and dimensions that count from 1. Layers that are not
-- there are nobody's fault here.

local ty = require "tycho"

local folder = package.searchpath("repr_spec", package.path):gsub("spec/repr_spec%.lua$", "golden/")

describe("a printed layer", function()
  for _, case in ipairs(dofile(folder .. "repr.lua")) do
    local code, class, text = table.unpack(case)
    if ty.nn[class] ~= nil then
      it("is as PyTorch's: " .. code, function()
        local layer = assert(load("return " .. code, "=repr", "t", {nn = ty.nn}))()
        assert.equal(text, tostring(layer))
      end)
    end
  end
end)
