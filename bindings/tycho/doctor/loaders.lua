-- Loaders as the doctor sees them: which batches they have given, and whether a model is trained on examples that come in the
-- order of their labels.

local core = require "tycho.core"
local report = require "tycho.doctor.report"
local steps = require "tycho.doctor.steps"

local loaders = {}

local last = setmetatable({}, {__mode = "v"}) -- the inputs of the last batch
local batches
local cleared = setmetatable({}, {__mode = "k"}) -- loaders whose labels are in no order

function loaders.forget()
  last, batches = setmetatable({}, {__mode = "v"}), 0
  cleared = setmetatable({}, {__mode = "k"})
end

function loaders.batches() return batches end

--- Whether the first of these values is the input of the batch that was given last.
function loaders.is_batch(x)
  return core.is_tensor(x) and last.input ~= nil and last.input == x
end

-- Whether a loader goes through a dataset in the order that it has, without having been told so.
local function has_plain_order(loader)
  return not loader.shuffle and not loader.sampler and not loader.batch_sampler and not loader.iterable
    and type(loader.batch_size) == "number"
end

local ENOUGH = 20 -- examples that must have come in order

-- Looks at the labels of a batch of a pass: {loader, highest, examples, kinds, steps}.
local function look(pass, labels)
  local low, high = labels:min():item(), labels:max():item()
  if pass.highest and low < pass.highest then return false end
  local n = #labels
  if low ~= high and not labels:narrow(1, 2, n - 1):ge(labels:narrow(1, 1, n - 1)):all():item() then return false end
  if low ~= pass.highest then pass.kinds = pass.kinds + 1 end
  if low ~= high then pass.kinds = pass.kinds + #labels:unique() - 1 end
  pass.highest, pass.examples = high, pass.examples + n
  pass.trained = pass.trained + (steps.taken > pass.steps and 1 or 0)
  pass.steps = steps.taken
  if pass.kinds < 2 or pass.examples < ENOUGH or pass.kinds * 4 > pass.examples or pass.trained < 2 then return true end
  report.warn("not_shuffled", ("the model is trained on batches in the order of their labels (the first %d examples go "
    .. "from class %d to %d), and forgets one class over the next; say shuffle = true to the DataLoader"):format(
      pass.examples, pass.first, high))
  return false
end

local function watch_labels(pass, labels)
  if not core.is_tensor(labels) or labels:dim() ~= 1 or #labels == 0 or tostring(labels.dtype) ~= "int64" then
    return false
  end
  pass.first = pass.first or labels[1]:item()
  return look(pass, labels)
end

local function given(pass, x, ...)
  if x == nil then return nil end
  batches = batches + 1
  last.input = core.is_tensor(x) and x or nil
  if pass and not pass.over and core.is_grad_enabled() then
    if not watch_labels(pass, (...)) then
      pass.over = true
      cleared[pass.loader] = true
    end
  end
  return x, ...
end

--- loaders.watch(old): DataLoader.iter as the doctor has it.
function loaders.watch(old)
  return function(self)
    local next_batch = old(self)
    local pass
    if not cleared[self] and has_plain_order(self) then
      pass = {loader = self, examples = 0, kinds = 0, trained = 0, steps = steps.taken}
    end
    return function(...) return given(pass, next_batch(...)) end
  end
end

return loaders
