-- Makes the files of data.CorruptMNIST from MNIST: blocks of 5,000 digits, each turned by one random angle within 50 degrees to
-- either side, values from 0 to 1: train_images_0.pt, train_target_0.pt, ..., test_images.pt, test_target.pt.
--
--   tycho scripts/make_corruptmnist.lua data/corruptmnist                from all of MNIST
--   tycho scripts/make_corruptmnist.lua data/corruptmnist --test-only    from its 10,000 test digits: 8,000 and 2,000

local ty = require "tycho"
local argparse = require "argparse"

local parser = argparse("make_corruptmnist.lua", "Makes corrupt MNIST from MNIST.")
parser:argument("folder", "Where the files go."):args "?":default "data/corruptmnist"
parser:option("--root", "The folder with MNIST's files (otherwise found or downloaded).")
parser:option("--block", "Digits that are turned by one angle."):convert(math.tointeger):default "5000"
parser:option("--degrees", "The largest angle."):convert(tonumber):default "50"
parser:option("--seed", "Of the angles."):convert(math.tointeger):default "0"
parser:flag("--test-only", "Use the 10,000 test digits alone, 8,000 for training.")
local args = parser:parse()

--- Images {n, 28, 28} turned by an angle in degrees about their centre, between the pixels linearly, zero outside.
local function rotate(images, degrees)
  local n, size = images.shape[1], images.shape[2]
  local centre, angle = (size - 1) / 2, math.rad(degrees)
  local steps = ty.arange(size):float() - centre
  local y, x = steps:unsqueeze(2), steps:unsqueeze(1)
  local from_x = x * math.cos(angle) - y * math.sin(angle) + centre
  local from_y = x * math.sin(angle) + y * math.cos(angle) + centre
  local left, top = from_x:floor(), from_y:floor()
  local flat, turned = images:reshape(n, size * size), ty.zeros(n, size * size)
  for _, corner in ipairs {{0, 0}, {0, 1}, {1, 0}, {1, 1}} do
    local column, row = left + corner[1], top + corner[2]
    local weight = (1 - (from_x - column):abs()) * (1 - (from_y - row):abs())
    local inside = column:ge(0) & column:lt(size) & row:ge(0) & row:lt(size)
    local place = (row:clamp(0, size - 1) * size + column:clamp(0, size - 1)):long() + 1
    turned = turned + ty.index_select(flat, 2, place:flatten()) * (weight * inside):flatten()
  end
  return turned:view(n, size, size)
end

local generator = ty.Generator(args.seed)
local function angle() return (ty.rand(1, {generator = generator}):item() * 2 - 1) * args.degrees end

local function save(kind, images, targets, block)
  local count, i = images.shape[1], 0
  for from = 1, count, block do
    local range = {{from, math.min(from + block - 1, count)}}
    local turned = rotate(images[range]:float() / 255, angle())
    local suffix = kind == "train" and "_" .. i or ""
    ty.save(turned, ("%s/%s_images%s.pt"):format(args.folder, kind, suffix))
    ty.save(targets[range] - 1, ("%s/%s_target%s.pt"):format(args.folder, kind, suffix)) -- files count from 0
    i = i + 1
  end
  print(("%s: %d digits in %d block%s"):format(kind, count, i, i == 1 and "" or "s"))
end

assert(os.execute(("mkdir -p '%s'"):format(args.folder:gsub("'", "'\\''"))))
local test = ty.data.MNIST {root = args.root, train = false}
if args.test_only then
  save("train", test.data[{{1, 8000}}], test.targets[{{1, 8000}}], math.min(args.block, 4000))
  save("test", test.data[{{8001, 10000}}], test.targets[{{8001, 10000}}], 2000)
else
  local train = ty.data.MNIST {root = args.root, train = true}
  save("train", train.data, train.targets, args.block)
  save("test", test.data[{{1, 5000}}], test.targets[{{1, 5000}}], 5000)
end
