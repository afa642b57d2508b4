-- PyTorch's public names (tests/golden/index.lua) against Tycho's: which are there, which are left out on purpose, which are
-- absent.

local ty = require "tycho"
local core = require "tycho.core"

local coverage = {}

local folder = debug.getinfo(1, "S").source:match "^@(.*)coverage%.lua$"
local left_out = dofile(folder .. "left_out.lua")

local function area(...)
  local at = ty
  for _, name in ipairs {...} do
    local ok, value = pcall(function() return at[name] end)
    at = ok and type(value) == "table" and value or {}
  end
  return at
end

local fields = {}
do
  local x = core.functions.ones(1)
  for _, name in ipairs(getmetatable(x).__complete(x)) do fields[name] = true end
end

-- Where a name of each area of PyTorch's is looked for: {table, prefix}, the first that has it.
local places = {
  torch = {{ty, "ty."}, {core.methods, "tensor:"}, {ty.F, "F."}},
  ["torch.Tensor"] = {{core.methods, "tensor:"}, {fields, "tensor."}},
  ["torch.nn"] = {{ty.nn, "nn."}},
  ["torch.nn.functional"] = {{ty.F, "F."}, {ty, "ty."}},
  ["torch.nn.init"] = {{ty.nn.init, "nn.init."}},
  ["torch.nn.utils"] = {{ty.nn.utils, "nn.utils."}},
  ["torch.nn.utils.rnn"] = {{area("nn", "utils", "rnn"), "nn.utils.rnn."}},
  ["torch.optim"] = {{ty.optim, "optim."}},
  ["torch.optim.lr_scheduler"] = {{ty.optim.lr_scheduler, "optim.lr_scheduler."}},
  ["torch.utils.data"] = {{ty.data, "data."}},
  ["torch.autograd"] = {{area "autograd", "autograd."}, {ty, "ty."}, {core.methods, "tensor:"}},
  ["torch.autograd.functional"] = {{area("autograd", "functional"), "autograd.functional."}},
  ["torch.linalg"] = {{area "linalg", "linalg."}},
  ["torch.special"] = {{area "special", "special."}, {ty, "ty."}, {ty.F, "F."}},
}

local function reason_of(name, area_name)
  for _, rule in ipairs(left_out) do
    local of = rule[3]
    if (not of or of == area_name) and name:find(rule[1]) then return rule[2] or nil end
  end
end

local function look(name, area_name)
  for _, place in ipairs(places[area_name] or {}) do
    local ok, value = pcall(function() return place[1][name] end)
    if ok and value ~= nil then return place[2] .. name end
  end
end

--- coverage.areas(index): for each area {name, names = {{name, here = Tycho's name, reason}}, present, left_out, absent}.
function coverage.areas(index)
  local list = {}
  for _, entry in ipairs(index) do
    local result = {name = entry[1], names = {}, present = 0, left_out = 0, absent = 0}
    for name in entry[2]:gmatch "%S+" do
      local here = look(name, entry[1])
      local reason = not here and reason_of(name, entry[1]) or nil
      local count = here and "present" or reason and "left_out" or "absent"
      result[count] = result[count] + 1
      result.names[#result.names + 1] = {name = name, here = here, reason = reason}
    end
    list[#list + 1] = result
  end
  return list
end

--- coverage.index(): PyTorch's names as tests/golden/make_index.py writes them.
function coverage.index() return dofile(folder .. "../../tests/golden/index.lua") end

return coverage
