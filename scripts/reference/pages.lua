-- The pages of the reference: which entry stands on which page, in what order, what its anchor is, and what else it refers to.
-- Knows the documentation (tycho.docs.entries); knows nothing of HTML or Markdown.

local entries = require "tycho.docs.entries"
local names = require "tycho.docs.names"

local pages = {}

-- Pages in the order of the index: {id, title, group, text}. Families of the binding table and areas that are not named here
-- get a page of their own name at the end of their group.
local known = {
  {"create", "Making tensors", "Tensors"}, {"random", "Random numbers", "Tensors"},
  {"facts", "Facts and conversions", "Tensors", "What a tensor is, and the same elements in another dtype or on another device."},
  {"tensor", "Tensors and their fields", "Tensors"}, {"view", "Views and shapes", "Tensors"},
  {"arrange", "Joining and arranging", "Tensors"}, {"indexing", "Choosing elements", "Tensors"},
  {"unary", "Functions of each element", "Tensors"}, {"binary", "Functions of two tensors", "Tensors"},
  {"reduce", "Reductions, sorting", "Tensors"}, {"statistics", "Statistics", "Tensors"}, {"matmul", "Products", "Tensors"},
  {"autograd", "Gradients", "Tensors"}, {"system", "Settings", "Tensors"}, {"ty", "Constants, dtypes, scopes", "Tensors"},
  {"linalg", "ty.linalg: linear algebra", "Areas"}, {"special", "ty.special", "Areas"},
  {"nn", "nn: layers and losses", "Networks"}, {"Module", "nn.Module and containers", "Networks"},
  {"rnn", "Recurrent networks", "Networks"}, {"F", "F: functions of layers", "Networks"},
  {"nn.init", "nn.init: initialisers", "Networks"}, {"nn.utils", "nn.utils", "Networks"},
  {"nn.utils.rnn", "nn.utils.rnn: sequences", "Networks"}, {"optim", "optim: optimisers", "Training"},
  {"optim.lr_scheduler", "optim.lr_scheduler: schedules", "Training"}, {"data", "data: datasets and loaders", "Training"},
  {"plot", "plot: figures", "Training"}, {"io", "io: files", "Training"},
}
local groups = {"Tensors", "Networks", "Training", "Areas"}

local layers_of_F = {activation = true, loss = true, loss_pointwise = true}

-- The page of an entry.
local function page_of(entry)
  local name = entry.names[1]
  if entry.row then
    local scopes = entry.row.scopes
    if scopes.init then return "nn.init" end
    if layers_of_F[entry.family] or not (scopes.functions or scopes.methods) then return "F" end
    return entry.family == "index" and "indexing" or entry.family -- index.html is the whole's
  end
  local key = names.key(name)
  if name == "Tensor" or key:find "^tensor[.:]" then return "tensor" end
  if key:find "^nn%.[%w_]*:" or key == "nn.Module" or key == "nn.class" or key:find "^nn%.Sequential" or key:find "^nn%.Module"
    or key:find "^nn%.Parameter" then
    return "Module"
  end
  if key:find "^[%w_]+$" and name:find "^ty%." then return "ty" end
  local class = key:match "^(.*):[%w_]+$" or key
  if class:find "^help" or class:find "^OrderedDict" then return "ty" end
  local area = class:match "^(.*)%.[%w_]+$"
  if not area then return class:find "^%l" and class or "ty" end -- the entry of an area stands on the area's page
  return area:find "^%l" and area or area == "F" and "F" or "ty"
end

-- What an entry is sorted by: classes before their methods, names without regard to case.
local function sort_key(entry) return names.key(entry.names[1]):lower():gsub("^tensor[.:]", "") end

local function in_place_base(entry)
  local base = entry.row and #entry.names == 1 and entry.names[1]:match "^(tensor:.*)_$"
  return base and entries.of(base) or nil
end

-- A layer and its function, an optimiser's method and another's: entries whose last words are the same.
local function loose(name) return (name:match("[%w_]+$"):lower():gsub("_", ""):gsub("loss$", "")) end

--- pages.build(): {list = pages, of = {[entry] = page}}. A page is {id, title, group, text, entries = {{entry, anchor, in_place,
--- also}}}.
function pages.build()
  local by_id, list, where = {}, {}, {}
  local function page(id, family)
    if not by_id[id] then
      local made
      for _, one in ipairs(known) do
        if one[1] == id then made = {id = id, title = one[2], group = one[3], text = one[4], entries = {}} end
      end
      local group = family and "Tensors" or id:find "^nn" and "Networks" or "Areas"
      local title = family and id:sub(1, 1):upper() .. id:sub(2):gsub("_", " ") or id
      by_id[id] = made or {id = id, title = title, group = group, entries = {}}
      list[#list + 1] = by_id[id]
    end
    return by_id[id]
  end
  local alike, in_place = {}, {}
  for _, entry in ipairs(entries.list()) do
    for _, name in ipairs(entry.names) do
      local key = loose(name)
      alike[key] = alike[key] or {}
      if alike[key][#alike[key]] ~= entry then table.insert(alike[key], entry) end
    end
    local base = in_place_base(entry)
    if base then in_place[base] = entry end
  end
  for _, entry in ipairs(entries.list()) do
    local base = in_place_base(entry)
    local id = page_of(base or entry)
    where[entry] = page(id, entry.row ~= nil)
    if not base then
      local also = {}
      for _, other in ipairs(alike[loose(entry.names[1])]) do
        if other ~= entry and not in_place_base(other) then also[#also + 1] = other end
      end
      table.insert(by_id[id].entries, {entry = entry, anchor = entry.names[1], in_place = in_place[entry], also = also})
    end
  end
  for _, one in ipairs(list) do
    table.sort(one.entries, function(a, b)
      local x, y = sort_key(a.entry), sort_key(b.entry)
      if (x == one.id:lower()) ~= (y == one.id:lower()) then return x == one.id:lower() end
      return x < y
    end)
  end
  local order = {}
  for i, one in ipairs(known) do order[one[1]] = i end
  table.sort(list, function(a, b)
    local x, y = order[a.id] or 1000, order[b.id] or 1000
    return x == y and a.id < b.id or x < y
  end)
  return {list = list, of = where, groups = groups}
end

return pages
