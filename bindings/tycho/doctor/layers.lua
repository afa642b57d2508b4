-- Modules as the doctor sees them: what each kind of layer is to it, and the calls of whole models, noted with the mode that
-- they ran in. A call that comes from no other module is that of a model.

local core = require "tycho.core"
local report = require "tycho.doctor.report"

local layers = {}

-- ---- Kinds ----

local weights = {Linear = true, Bilinear = true}
local dropouts = {Dropout = true, Dropout1d = true, Dropout2d = true, Dropout3d = true, AlphaDropout = true,
  FeatureAlphaDropout = true}

local function drops(layer) return layer.p > 0 end
local function tracks(layer) return layer.running_mean ~= nil end
local function drops_between(layer) return type(layer.dropout) == "number" and layer.dropout > 0 end

-- What a class of modules is: {weighted: it multiplies its input by weights, differs(layer): whether it computes something
-- else in training, loss: it is no model}. From the names of the class and its bases.
local function classify(module)
  local kind, class = {}, module
  while class do
    local name = class._name
    if weights[name] or name:find "^Conv" then kind.weighted = true end
    if dropouts[name] then
      kind.differs, kind.what = drops, "dropout"
    elseif name == "_NormBase" then
      kind.differs, kind.what = tracks, "batch normalisation"
    elseif name == "RNNBase" or name == "RNN" or name == "LSTM" or name == "GRU" or name == "MultiheadAttention" then
      kind.differs, kind.what = drops_between, "dropout"
    elseif name:find "Loss%d?d?$" then
      kind.loss = true
    end
    class = class._base
  end
  return kind
end

local kinds = setmetatable({}, {__mode = "k"}) -- metatable of the objects of a class -> kind
function layers.kind_of(module)
  local meta = getmetatable(module)
  local kind = kinds[meta]
  if not kind then
    kind = classify(module)
    kinds[meta] = kind
  end
  return kind
end

-- ---- Calls ----

-- The call of a model that runs: nil, or {model, grad, examined, training, resting, strangers}.
local current, in_backward
-- model -> its last call with gradients; those that backward has gone through since.
local pending, called = setmetatable({}, {__mode = "k"}), setmetatable({}, {__mode = "k"})
-- model -> the calls that were examined, which costs time.
local examined = setmetatable({}, {__mode = "k"})
local EXAMINED = 3
-- The last call that looks like an evaluation in training mode: output and place.
local suspect = setmetatable({}, {__mode = "v"})
-- model -> how many backwards there were when it was put from eval into training mode
local switched = setmetatable({}, {__mode = "k"})
layers.forwards, layers.backwards = 0, 0

function layers.forget()
  current, in_backward = nil, nil
  pending, called, examined = setmetatable({}, {__mode = "k"}), setmetatable({}, {__mode = "k"}), setmetatable({}, {__mode = "k"})
  suspect, switched = setmetatable({}, {__mode = "v"}), setmetatable({}, {__mode = "k"})
  layers.forwards, layers.backwards = 0, 0
end

local leave = setmetatable({}, {__close = function() current = nil end})

-- Images as they are in files: whole numbers from 0 to 255, many of them.
local function is_raw(x)
  if not core.is_tensor(x) or not x.dtype.is_floating_point or x:dim() < 2 or x:numel() < 64 then return false end
  if x.device.type ~= "cpu" then return false end -- reading would wait for the device
  x = x:detach()
  local low, high = x:min():item(), x:max():item()
  return low >= 0 and high > 127 and high <= 255 and x:eq(x:floor()):all():item()
end

-- A layer within a model.
local function note_layer(layer, kind, x)
  if kind.differs and kind.differs(layer) then
    if layer.training then current.training = kind.what else current.resting = kind.what end
  end
  if not current.examine then return end
  if #layer._parameters.names > 0 then
    local first = not current.weighted
    current.weighted = true
    if first and kind.weighted and is_raw(x) then
      report.warn("not_normalised", ("the first layer with weights, %s, gets values from 0 to 255, which were never normalised; "
        .. "divide by 255 or take mean and standard deviation out, as normalize of the data sets does"):format(tostring(layer)))
    end
    current.layers[layer] = true
  end
end

-- Layers that have run but do not belong to the model: its parameters() lack theirs.
local function find_strangers(call)
  local own = {}
  for _, module in ipairs(call.model:modules()) do own[module] = true end
  for layer in pairs(call.layers) do
    if not own[layer] then
      examined[call.model].strangers[layer] = true
    end
  end
end

-- A model that was put into training mode and not trained since is to be so: its dropout is to draw (Gal and Ghahramani 2016).
local function is_meant(model) return switched[model] == layers.backwards end

local function note_evaluation(call, output, is_batch, ...)
  if not call.training or not call.model.training or is_meant(call.model) or not report.wanted "train_mode" then return end
  if type(output) ~= "table" and not core.is_tensor(output) then return end
  suspect.output = output
  layers.suspect_place, layers.suspect_what = report.place(), call.training
  if is_batch(...) then layers.evaluation_seen() end
end

--- Something shows that the last call without gradients, in training mode, was an evaluation.
function layers.evaluation_seen()
  local place = layers.suspect_place
  if not place then return end
  layers.suspect_place = nil
  report.warn("train_mode", ("the model is evaluated in training mode, in which its %s is at work; call model:eval() before, "
    .. "and model:train() when training goes on"):format(layers.suspect_what), place)
end

--- Whether x is what that call gave.
function layers.is_suspect(x) return layers.suspect_place ~= nil and suspect.output == x end
function layers.has_suspect() return layers.suspect_place ~= nil end

-- A model's call has ended; `is_batch(...)` tells whether it was given a batch of a loader.
local function ended(call, is_batch, args, ...)
  if call.grad then
    pending[call.model] = call
    layers.forwards = layers.forwards + 1
  else
    note_evaluation(call, (...), is_batch, table.unpack(args, 1, args.n))
  end
  if call.examine then
    find_strangers(call)
    call.layers = nil
  end
  return ...
end

--- layers.watch(old, is_batch): Module._call as the doctor has it.
function layers.watch(old, is_batch)
  return function(self, ...)
    local kind = kinds[getmetatable(self)] or layers.kind_of(self)
    if current then
      if kind.differs or current.examine then note_layer(self, kind, (...)) end
      return old(self, ...)
    end
    if in_backward or kind.loss then return old(self, ...) end
    local seen = examined[self]
    if not seen then
      seen = {count = 0, strangers = setmetatable({}, {__mode = "k"})}
      examined[self] = seen
    end
    local grad = core.is_grad_enabled()
    local call = {model = self, grad = grad, examine = grad and seen.count < EXAMINED}
    if call.examine then
      seen.count = seen.count + 1
      call.layers = {}
    end
    local _ <close> = leave
    current = call
    note_layer(self, kind, (...)) -- a model may be one layer
    return ended(call, is_batch, table.pack(...), old(self, ...))
  end
end

--- layers.watch_train(old): Module.train as the doctor has it.
function layers.watch_train(old)
  return function(self, mode, ...)
    switched[self] = mode ~= false and not self.training and layers.backwards or nil
    return old(self, mode, ...)
  end
end

--- Backward begins or ends: the models called before it are those that are trained.
function layers.backward_begins()
  in_backward = true
  layers.backwards = layers.backwards + 1
  for model, call in next, pending do
    called[model] = call
    pending[model] = nil
  end
end
function layers.backward_ends() in_backward = false end

--- The models that backward has gone through since the last step of any optimiser that has their parameters; model -> call.
function layers.trained() return called end
function layers.strangers_of(model) return examined[model] and examined[model].strangers or {} end

return layers
