-- ty.doctor: warns of the mistakes that let training run and learn nothing. While it is on, a few functions of the library are
-- replaced by ones that watch (doctor/*.lua): calls of modules, losses, backward, steps, loaders; what is not loaded yet is
-- watched when it is. While it is off, the library's own functions stand there, and nothing is paid.

local core = require "tycho.core"
local layers = require "tycho.doctor.layers"
local loaders = require "tycho.doctor.loaders"
local losses = require "tycho.doctor.losses"
local options = require "tycho.options"
local report = require "tycho.doctor.report"
local steps = require "tycho.doctor.steps"

local doctor = {}

local is_on = false
local undo = {} -- functions that put back what was there

local function replace(t, name, make)
  local old = rawget(t, name)
  local new = make(old)
  t[name] = new
  undo[#undo + 1] = function()
    if rawget(t, name) == new then t[name] = old end
  end
end

-- A metric of the output of a model that was called without gradients, in training mode: an evaluation.
local function watch_metric(old)
  return function(x, ...)
    if layers.has_suspect() and layers.is_suspect(x) then layers.evaluation_seen() end
    return old(x, ...)
  end
end

-- The running statistics of batch normalisations are made by calls without gradients in training mode, and so meant.
local function unwatched(old)
  return function(...)
    local was = report.wanted "train_mode"
    report.choose {train_mode = false}
    local results = table.pack(pcall(old, ...))
    report.choose {train_mode = was}
    if not results[1] then error(results[2], 0) end
    return table.unpack(results, 2, results.n)
  end
end

local watched_losses = {"cross_entropy", "nll_loss", "binary_cross_entropy_with_logits", "binary_cross_entropy", "mse_loss",
  "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div"}

-- Module -> what is watched in it.
local install = {
  ["tycho.nn.module"] = function(module)
    replace(module.Module, "_call", function(old) return layers.watch(old, loaders.is_batch) end)
    replace(module.Module, "train", layers.watch_train)
  end,
  ["tycho.functional"] = function(F)
    for _, name in ipairs(watched_losses) do
      replace(F, name, function(old) return losses.watch(name, old) end)
    end
  end,
  ["tycho.optim"] = function(optim)
    local Optimizer = optim.Optimizer
    replace(Optimizer, "step", steps.watch_step)
    replace(Optimizer, "zero_grad", function(old)
      return function(self, ...)
        steps.zeroed(self)
        return old(self, ...)
      end
    end)
    replace(Optimizer, "add_param_group", function(old)
      return function(self, ...)
        steps.note(self)
        return old(self, ...)
      end
    end)
    replace(optim.swa_utils, "update_bn", unwatched)
  end,
  ["tycho.data.loader"] = function(loader)
    replace(getmetatable(loader.DataLoader {1}), "iter", loaders.watch)
  end,
  ["tycho.autograd"] = function(autograd) replace(autograd, "backward", steps.watch_backward) end,
}

-- Watches a module that is loaded, or as soon as it is: a loader in package.preload loads it as require would, and then stays
-- out of the way.
local function watch_module(name, watch)
  if package.loaded[name] then return watch(package.loaded[name]) end
  local function load_and_watch()
    package.preload[name] = nil
    local module = require(name)
    watch(module)
    return module
  end
  if package.preload[name] then return end
  package.preload[name] = load_and_watch
  undo[#undo + 1] = function()
    if package.preload[name] == load_and_watch then package.preload[name] = nil end
  end
end

local function put_in_place()
  replace(core.methods, "backward", steps.watch_backward)
  replace(core.methods, "argmax", watch_metric)
  for name, watch in pairs(install) do watch_module(name, watch) end
end

local function start()
  if is_on then return end
  is_on = true
  for _, part in ipairs {layers, loaders, losses} do part.forget() end
  steps.forget(loaders.batches)
  report.forget()
  put_in_place()
end

local function put_back()
  for i = #undo, 1, -1 do undo[i]() end
  undo = {}
end

local function stop()
  is_on = false
  put_back()
end

local function check_list()
  local texts = {}
  for i, check in ipairs(report.checks) do texts[i] = ("%s: %s"):format(check[1], check[2]) end
  return table.concat(texts, "; ")
end

--- doctor.set(true | false | {check = false, ...}): on, off, or on with some checks silent. Without an argument: whether it is
-- on.
function doctor.set(wanted)
  if wanted == nil then return is_on end
  if type(wanted) == "table" then
    start()
    report.choose(wanted)
  elseif wanted == true then
    start()
  elseif wanted == false then
    stop()
  else
    core.raise(("doctor: true, false or a table of checks is needed, got %s"):format(options.say(wanted)))
  end
end

--- doctor.paused(f, ...): what f gives, with the library's own functions in place; what it has seen stays seen.
function doctor.paused(f, ...)
  put_back()
  local results = table.pack(pcall(f, ...))
  put_in_place()
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

doctor.docs = {
  {name = "ty.doctor", signature = "(on: bool or {check = bool, ...}?) -> bool?", doc = "Watches training, and warns on "
    .. "standard error of what runs but is surely not meant, once for each cause and place, with the line and the cure. On at "
    .. "the prompt, off in scripts until they say ty.doctor(true); costs nothing while off. ty.doctor{train_mode = false} "
    .. "silences one check and leaves the others on. ty.doctor() tells whether it is on. The checks are: " .. check_list()
    .. ". Errors: an unknown check.",
    example = "local was = ty.doctor()\nty.doctor{not_shuffled = false}\nlocal now = ty.doctor()\nty.doctor(was)\nreturn now\n"
      .. "--> true"},
}

return doctor
