-- What a module's state is: state_dict and load_state_dict, and copies of whole modules. Adds methods to Module; relies on
-- the ordered maps that module.lua describes.

local core = require "tycho.core"
local options = require "tycho.options"

local function shape_text(x) return "{" .. table.concat(x.shape, ", ") .. "}" end

-- Calls body without recording; errors pass.
local function without_grad(body)
  local was = core.set_grad_enabled(false)
  local ok, message = pcall(body)
  core.set_grad_enabled(was)
  if not ok then error(message, 0) end
end

-- ---- Copies ----

local copy

local function copy_tensor(x)
  if not x.is_leaf then
    core.raise "clone: a tensor that was computed from others cannot be copied with its history; detach it first"
  end
  local twin = x:detach():clone()
  if core.is_parameter(x) then
    twin = core.Parameter(twin, x.requires_grad)
  elseif x.requires_grad then
    twin:requires_grad_()
  end
  if x.grad then twin.grad = x.grad:detach():clone() end
  return twin
end

-- value with all that it holds; what is shared inside is shared in the copy. Functions and classes are not copied.
function copy(value, memo)
  local twin = memo[value]
  if twin ~= nil then return twin end
  if core.is_tensor(value) then
    twin = copy_tensor(value)
    memo[value] = twin
    return twin
  end
  local meta = type(value) == "table" and getmetatable(value)
  if type(value) ~= "table" or rawget(value, "_instances") then return value end
  if type(meta) == "table" and meta.__name == "OrderedDict" then
    twin = require "tycho.ordered_dict" ()
    memo[value] = twin
    for key, item in pairs(value) do twin[key] = copy(item, memo) end
    return twin
  end
  twin = setmetatable({}, meta or nil)
  memo[value] = twin
  local skip = {} -- weights that are computed before each call (weight_norms.lua)
  for _, entry in ipairs(rawget(value, "_computed") or {}) do skip[entry.name] = true end
  for key, item in next, value do
    if not skip[key] then rawset(twin, copy(key, memo), copy(item, memo)) end
  end
  for _, entry in ipairs(rawget(twin, "_computed") or {}) do rawset(twin, entry.name, entry.compute(twin, false)) end
  return twin
end

return function(M)
  local Module, walk = M.Module, M.walk

  --- clone(): a copy of the module and all that it holds, as Python's copy.deepcopy; tensors that are shared inside stay
  -- shared among the copies.
  function Module:clone() return copy(self, {}) end

  -- {key, module, map, name} of every tensor of the state in order, shared ones at each of their names.
  local function places(self)
    local list = {}
    for _, entry in ipairs(walk(self, "", false, {})) do
      local prefix, module = entry[1] == "" and "" or entry[1] .. ".", entry[2]
      for _, map in ipairs {"_parameters", "_buffers"} do
        local of, hidden = rawget(module, map), rawget(module, "_transient") or {}
        for _, name in ipairs(of.names) do
          if not (map == "_buffers" and hidden[name]) then
            list[#list + 1] = {key = prefix .. name, module = module, of = of, name = name}
          end
        end
      end
      if module.get_extra_state then list[#list + 1] = {key = prefix .. "_extra_state", module = module, extra = true} end
    end
    return list
  end

  local state_arguments = options.signature("state_dict", 'prefix: string = "", keep_vars: bool = false')

  --- state_dict(prefix = "", keep_vars = false): parameters and buffers by full name, in order, as torch.save stores them;
  -- the memory is shared. keep_vars gives the parameters themselves. A module that has get_extra_state() adds what that gives
  -- as "_extra_state".
  function Module:state_dict(...)
    local prefix, keep = state_arguments(...)
    local state = require "tycho.ordered_dict" ()
    M.run_hooks(self, "state_pre", false, function(below) return prefix .. below, keep end)
    for _, place in ipairs(places(self)) do
      local value
      if place.extra then
        value = place.module:get_extra_state()
      else
        value = place.of.values[place.name]
        if not keep then value = value:detach() end
      end
      state[prefix .. place.key] = value
    end
    M.run_hooks(self, "state_post", true, function(below) return state, prefix .. below end)
    return state
  end

  -- What does not fit: lists of missing and unexpected keys, and of lines about values.
  local function compare(list, state)
    local known, missing, unexpected, wrong = {}, {}, {}, {}
    for _, place in ipairs(list) do
      local key, given = place.key, state[place.key]
      known[key] = true
      if given == nil then
        local may_miss = place.module._may_miss
        if not (may_miss and may_miss[place.name]) then missing[#missing + 1] = key end
      elseif not place.extra then
        local own = place.of.values[place.name]
        if not core.is_tensor(given) then
          wrong[#wrong + 1] = ("'%s' is %s, not a tensor"):format(key, options.say(given))
        elseif shape_text(given) ~= shape_text(own) then
          wrong[#wrong + 1] = ("size mismatch for %s: copying a tensor with shape %s from the state dict, the shape in this "
            .. "model is %s"):format(key, shape_text(given), shape_text(own))
        end
      end
    end
    for key in pairs(state) do
      if not known[key] then unexpected[#unexpected + 1] = tostring(key) end
    end
    return missing, unexpected, wrong
  end

  -- Puts a value of the state into its place: copied in, or taken itself.
  local function put(place, value, assign)
    if place.extra then
      if not place.module.set_extra_state then
        core.raise(("load_state_dict: %s has get_extra_state but no set_extra_state"):format(place.module:type_name()))
      end
      place.module:set_extra_state(value)
    elseif not assign then
      place.of.values[place.name]:copy_(value)
    else
      local own = place.of.values[place.name]
      if core.is_parameter(own) then
        if not core.is_parameter(value) then value = core.Parameter(value, own.requires_grad) end
        value.requires_grad = own.requires_grad
      end
      place.of.values[place.name] = value
    end
  end

  local load_arguments = options.signature("load_state_dict", "state_dict: any, strict: bool = true, assign: bool = false")

  --- load_state_dict(state, strict = true, assign = false): copies the values in; assign takes the tensors themselves. All
  -- that does not fit is told at once: missing and unexpected names, and shapes that differ. With strict = false names may
  -- miss; shapes must agree all the same.
  function Module:load_state_dict(state, ...)
    if type(state) ~= "table" then
      core.raise(("load_state_dict: a state dict (a table of tensors by name) is needed, got %s"):format(options.say(state)))
    end
    local _, strict, assign = load_arguments(false, ...)
    if M.has_hooks(self, "load_pre") then -- they may change the dict, which is the caller's
      local given = state
      state = require "tycho.ordered_dict" ()
      for key, value in pairs(given) do state[key] = value end
      M.run_hooks(self, "load_pre", false, function(below) return state, below, strict end)
    end
    local list = places(self)
    local missing, unexpected, wrong = compare(list, state)
    local forgiving = M.has_hooks(self, "load_post") -- they may strike keys out; the complaint waits for them
    local function complain(complaints)
      if #complaints > 0 then
        core.raise(("load_state_dict: the state does not fit into %s:\n\t%s"):format(self:type_name(),
          table.concat(complaints, "\n\t")))
      end
    end
    local function key_complaints()
      local complaints = {}
      if not strict then return complaints end
      local function quoted(keys) return '"' .. table.concat(keys, '", "') .. '"' end
      if #unexpected > 0 then complaints[1] = "Unexpected key(s) in state_dict: " .. quoted(unexpected) .. "." end
      if #missing > 0 then complaints[#complaints + 1] = "Missing key(s) in state_dict: " .. quoted(missing) .. "." end
      return complaints
    end
    local complaints = forgiving and #wrong == 0 and {} or key_complaints()
    for _, line in ipairs(wrong) do complaints[#complaints + 1] = line end
    complain(complaints)
    without_grad(function()
      for _, place in ipairs(list) do
        local value = state[place.key]
        if value ~= nil then put(place, value, assign) end
      end
    end)
    local report = {missing_keys = missing, unexpected_keys = unexpected}
    if forgiving then
      M.run_hooks(self, "load_post", true, function() return report end)
      missing, unexpected = report.missing_keys, report.unexpected_keys
      complain(key_complaints())
    end
    return report
  end
end
