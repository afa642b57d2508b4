-- Writes the files that `make_formats.py FOLDER` checks with NumPy, safetensors, Pillow and Python's csv and json:
--   tycho tests/golden/write_formats.lua FOLDER; python3 tests/golden/make_formats.py FOLDER
local ty = require "tycho"
local folder = assert(arg[1], "a folder is needed") .. "/"

local x = ty.arange(6):view(2, 3)
for _, name in ipairs {"bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"} do
  ty.io.save_npy(x:to(ty[name]), folder .. name .. ".npy")
end
local arrays = {x = x:double(), labels = ty.tensor {3, 1, 2}}
ty.io.save_npz(arrays, folder .. "stored.npz")
ty.io.save_npz(arrays, folder .. "compressed.npz", {compressed = true})

ty.io.save_safetensors({weight = ty.arange(6.0):view(2, 3):t(), steps = ty.tensor(7), mask = ty.tensor {true, false, true},
  empty = ty.zeros(0, 4), ['näme "quoted"'] = ty.tensor {1.0}, small = ty.tensor({1.5, -2}, {dtype = ty.float16}),
  brain = ty.tensor({1.5, -2}, {dtype = ty.bfloat16})}, folder .. "all.safetensors", {metadata = {note = "línea\n2"}})

local pixels = ty.arange(96):view(1, 8, 12):byte()
local other = pixels:flip(1, 2)
ty.io.write_png(pixels[1], folder .. "grey.png")
ty.io.write_png(ty.cat({pixels, other}, 1), folder .. "two.png")
ty.io.write_png(ty.cat({pixels, other, other}, 1), folder .. "color.png")
ty.io.write_png(ty.cat({pixels, other, other, pixels}, 1), folder .. "alpha.png")
ty.io.write_jpeg(pixels, folder .. "grey.jpg")
ty.io.write_jpeg(ty.cat({pixels, other, other}, 1), folder .. "color.jpg", {quality = 90})

ty.io.save_csv(ty.OrderedDict {{"n", ty.tensor {1, -2}}, {"x", ty.tensor {0.1, 0 / 0}}, {"a,b", {'say "x"', "two\nlines"}}},
  folder .. "table.csv")
ty.io.save_json({lr = 1e-3, one = 1.0, n = 5, list = {1, "é\n", true, ty.io.null}, none = {}}, folder .. "value.json")
