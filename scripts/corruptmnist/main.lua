-- The final exercise: a convolutional network for corrupt MNIST, digits that are turned in blocks.
--
--   tycho scripts/corruptmnist/main.lua train --lr 1e-3        leaves model.pt and training-curve.png
--   tycho scripts/corruptmnist/main.lua evaluate model.pt      says its accuracy on the test images
--   tycho scripts/corruptmnist/main.lua visualize model.pt     draws its features (PCA, t-SNE) and answers
--
-- `... train --help` tells the options. The parts: model.lua, data.lua, train.lua, evaluate.lua, visualize.lua.

local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "../?.lua;" .. here .. "../lib/?.lua;" .. package.path
local line = require "command_line"

local parser = line.parser("main.lua", "Trains, evaluates and shows a network for corrupt MNIST.")
parser:command_target "command"

local function with_data(command)
  command:option("--data", "Folder with corrupt MNIST's .pt files (otherwise found, or made from MNIST).")
  command:option("--digits", "Folder with MNIST's files, to make them from (otherwise found or downloaded).")
  return command
end

local train = with_data(parser:command("train", "Trains the network."))
train:option("--lr", "Learning rate of Adam."):default "0.001":convert(line.positive)
train:option("--epochs", "Passes over the images."):default "10":convert(line.count)
train:option("--batch-size", "Images a step."):default "64":convert(line.count)
train:option("--images", "Train with N images only."):argname "N":convert(line.count)
train:option("--seed", "Of the random numbers."):default "7":convert(line.natural)
train:option("--out", "Folder for model.pt and training-curve.png."):default "."

local evaluate = with_data(parser:command("evaluate", "Says the accuracy of a model on the test images."))
evaluate:argument("model", "The model.pt that train has saved.")

local visualize = with_data(parser:command("visualize", "Draws the features and answers of a model."))
visualize:argument("model", "The model.pt that train has saved.")
visualize:option("--points", "Test images whose features are drawn."):default "1000":convert(line.count)
visualize:option("--perplexity", "Of t-SNE: about how many neighbours count."):default "30":convert(line.positive)
visualize:option("--iterations", "Steps of t-SNE."):default "1000":convert(line.count)
visualize:option("--out", "Folder for features.png and images.png."):default "."

local args = parser:parse(arg)
if args.out then line.make_folder(args.out) end

if args.command == "train" then
  require "corruptmnist.train"(args, here)
elseif args.command == "evaluate" then
  require("corruptmnist.evaluate").run(args, here)
else
  require "corruptmnist.visualize"(args, here)
end
