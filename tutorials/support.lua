-- What the tutorials share, so that each shows its subject alone: the arguments of their command lines, MNIST's digits, and
-- the training doctor at their side.

local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "../scripts/lib/?.lua;" .. package.path
local command_line = require "command_line"

require "tycho".doctor(true) -- names a mistake that is made while a tutorial is changed

local support = {digits = require("digits").load}

--- The arguments of a tutorial. more(parser, command_line) may add options of its own.
function support.arguments(name, description, more)
  local parser = command_line.parser(name, description)
  parser:option("--out", "Folder for pictures and models."):default "."
  parser:flag("--fast", "A short run: fewer images, fewer epochs.")
  if more then more(parser, command_line) end
  local args = parser:parse(arg)
  command_line.make_folder(args.out)
  return args
end

--- The options of a tutorial that trains on images.
function support.training(parser, line)
  parser:option("--data", "Folder with the files of the images (otherwise found or downloaded).")
  parser:option("--images", "Train with the first N images only."):argname "N":convert(line.count)
  parser:option("--epochs", "Passes over the images."):argname "N":convert(line.count)
end

--- The first n examples of a set; all where n is nil.
function support.first(set, n)
  if not n or n >= #set then return set end
  local ty = require "tycho"
  local subset = ty.data.Subset(set, ty.arange(1, n + 1))
  subset.classes = set.classes
  return subset
end

return support
