-- scripts/predict: the answers of a trained network to image files, or to the rows of a CSV file, as a CSV file.

local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "../?.lua;" .. here .. "../lib/?.lua;" .. package.path

local ty = require "tycho"
local line = require "command_line"
local datasets = require "models.datasets"
local model_file = require "models.model_file"
local table_data = require "models.table"

local function arguments()
  local parser = line.parser("predict", "Writes a trained network's answers as CSV.")
  parser:argument("model", "The model file that it was trained with.")
  parser:argument("checkpoint", "A checkpoint of scripts/train.")
  parser:argument("inputs", "Image files (PNG, JPEG), or .csv files with the columns of the training."):args "+"
  parser:option("--out", "The CSV file to write; - is the standard output."):default "predictions.csv":argname "FILE"
  return parser:parse(arg)
end

-- A field of a CSV file, in quotes where it needs them.
local function field(text)
  return text:find '[,"\n\r]' and '"' .. text:gsub('"', '""') .. '"' or text
end

-- The inputs as batches: a list of {names, tensor}. A CSV file is one batch, whose rows are named file:1, file:2, ...
local function batches(args, trained)
  local list, images, names = {}, {}, {}
  for _, path in ipairs(args.inputs) do
    if trained.encoding then
      local csv = ty.io.load_csv(path)
      local rows = {}
      for i = 1, #csv do rows[i] = #args.inputs == 1 and tostring(i) or path .. ":" .. i end
      list[#list + 1] = {rows, table_data.inputs(csv, trained.encoding, path)}
    else
      images[#images + 1], names[#names + 1] = datasets.read_image(path, trained.input_shape), path
    end
  end
  for from = 1, #images, 256 do
    local to = math.min(from + 255, #images)
    list[#list + 1] = {table.move(names, from, to, 1, {}), datasets.prepared("images",
      ty.stack(table.move(images, from, to, 1, {})))}
  end
  return list
end

-- The lines of answers to a batch.
local function answers(net, batch, trained, lines)
  local output = ty.no_grad(function() return net(batch[2]) end)
  if trained.classes then
    local best, class = output:softmax(2):max(2)
    best, class = best:totable(), class:totable()
    for i, name in ipairs(batch[1]) do
      lines[#lines + 1] = ("%s,%s,%.4f"):format(field(name), field(trained.classes[class[i]]), best[i])
    end
  else
    local values = (output * trained.encoding.std + trained.encoding.mean):flatten():totable()
    for i, name in ipairs(batch[1]) do lines[#lines + 1] = ("%s,%.7g"):format(field(name), values[i]) end
  end
end

line.run(function()
  local args = arguments()
  local checkpoint = model_file.load(args.checkpoint)
  local trained = checkpoint.trained
  local net = model_file.restore(args.model, checkpoint)
  local what = trained.encoding and "row" or "file"
  local lines = {trained.classes and what .. ",prediction,probability" or what .. ",prediction"}
  for _, batch in ipairs(batches(args, trained)) do answers(net, batch, trained, lines) end
  local text = table.concat(lines, "\n") .. "\n"
  if args.out == "-" then
    io.write(text)
    return
  end
  local file = assert(io.open(args.out, "w"))
  assert(file:write(text))
  assert(file:close())
  print(("wrote %d predictions to %s"):format(#lines - 1, args.out))
end)
