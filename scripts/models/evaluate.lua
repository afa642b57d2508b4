-- scripts/evaluate: the loss and accuracy of a trained network on the examples that were kept aside, or on others; and for
-- classes a picture of which was taken for which.

local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "../?.lua;" .. here .. "../lib/?.lua;" .. package.path

local ty = require "tycho"
local line = require "command_line"
local datasets = require "models.datasets"
local measure = require "models.measure"
local model_file = require "models.model_file"

local function arguments()
  local parser = line.parser("evaluate", "Measures a trained network.")
  parser:argument("model", "The model file that it was trained with.")
  parser:argument("checkpoint", "A checkpoint of scripts/train.")
  parser:option("--data", "Other data than the part that was kept aside in training: a set's name, a folder of images or a .csv "
    .. "file, all of which is measured.")
  parser:option("--root", "Folder with the files of a named set.")
  parser:option("--out", "Folder for confusion.png."):default "."
  return parser:parse(arg)
end

local function print_confusion(confusion, classes)
  local widest = 0
  for _, name in ipairs(classes) do widest = math.max(widest, #name) end
  print "right answers by class:"
  local right, sums = confusion:diagonal():totable(), confusion:sum(2):totable()
  for i, name in ipairs(classes) do
    print(("  %-" .. widest .. "s  %5d of %5d  %s"):format(name, right[i], sums[i],
      sums[i] > 0 and ("%.1f %%"):format(100 * right[i] / sums[i]) or ""))
  end
end

-- Each row is the share of one class that was given each answer.
local function draw_confusion(confusion, classes, path)
  local n = #classes
  local shares = confusion:float() / confusion:sum(2, true):clamp_min(1)
  local places, names = {}, {}
  for i, name in ipairs(classes) do places[i], names[i] = i, name end
  local side = math.max(420, math.min(1000, 260 + 42 * n))
  local fig = ty.plot.figure {title = "Answers by class", size = {side + 80, side}}
  fig:image(shares, {cmap = "blues", vmin = 0, vmax = 1, colorbar = true})
  fig:xticks(places, names, {rotation = 45}):yticks(places, names):xlabel("answer"):ylabel("true class")
  fig:savefig(path)
  print("wrote " .. path)
end

line.run(function()
  local args = arguments()
  local checkpoint = model_file.load(args.checkpoint)
  local run = checkpoint.arguments
  local net = model_file.restore(args.model, checkpoint)
  local spec = {name = args.data or run.data, root = args.root or run.root, target = run.target, size = run.size,
    gray = run.gray}
  local set = datasets.open(spec, run.seed, checkpoint.trained)
  set.classes = checkpoint.trained.classes
  local examples = args.data and set.all or set.test
  local device = ty.cuda.is_available() and "cuda" or "cpu"
  local result = measure.run(net:to(device), set, examples, device)
  print(("%s, epoch %d, on %d examples of %s: %s"):format(args.checkpoint, checkpoint.epoch, result.count, spec.name,
    measure.line(result)))
  if result.confusion then
    line.make_folder(args.out)
    print_confusion(result.confusion, set.classes)
    draw_confusion(result.confusion, set.classes, args.out .. "/confusion.png")
  end
end)
