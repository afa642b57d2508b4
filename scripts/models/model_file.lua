-- Model files and checkpoints. A model file is a Lua file that returns a module class or a function; either is called with one
-- table: input_shape ({1, 28, 28}; {n} for CSV files), outputs (the number of classes, or 1 for a number) and classes (their
-- names), and what --set gave. The network takes {batch, ...} and returns logits {batch, outputs}.

local ty = require "tycho"

local model_file = {}

--- The network that the file makes.
function model_file.build(path, options)
  local chunk, message = loadfile(path)
  if not chunk then error(message, 0) end
  local made = chunk()
  local is_class = type(made) == "table" and rawget(made, "_instances") ~= nil
  if type(made) ~= "function" and not is_class then
    error(("%s returns a %s; a module class or a function that makes a module is expected"):format(path, type(made)), 0)
  end
  local net = made(options)
  if not ty.nn.is_module(net) then
    error(("%s: what it returns makes a %s, not a module"):format(path, type(net)), 0)
  end
  return net
end

--- The options for a model file: those of a data set, and what the user set.
function model_file.options(set, settings)
  local options = {input_shape = set.input_shape, classes = set.classes, outputs = set.classes and #set.classes or 1}
  for name, value in pairs(settings or {}) do options[name] = value end
  return options
end

--- Reads a checkpoint of scripts/train.
function model_file.load(path)
  local checkpoint = ty.load(path)
  if type(checkpoint) ~= "table" or not (checkpoint.model and checkpoint.trained and checkpoint.arguments) then
    error(path .. " is no checkpoint of scripts/train", 0)
  end
  return checkpoint
end

--- The network of a checkpoint in eval mode, made by the model file.
function model_file.restore(path, checkpoint)
  local net = model_file.build(path, model_file.options(checkpoint.trained, checkpoint.arguments.set))
  net:load_state_dict(checkpoint.model)
  return net:eval()
end

return model_file
