-- Files of other formats than PyTorch's: IDX, NumPy's .npy and .npz, safetensors, CSV, JSON, PNG and JPEG. The work is done by
-- tycho.core.io; here arguments are checked and documented.

local core = require "tycho.core"
local options = require "tycho.options"

local files = core.io
local formats = {}

formats.docs = {
  {name = "io.load_idx", signature = "(path: string) -> tensor",
    doc = "Loads an IDX file, the format of MNIST, gzipped or not. The tensor has the file's dtype.",
    example = 'local ok = pcall(ty.io.load_idx, "train-images-idx3-ubyte.gz")'},
  {name = "io.load_npy", signature = "(path: string) -> tensor",
    doc = "Loads an array that numpy.save wrote, with its dtype and shape. Arrays in column order (Fortran's) come as a "
      .. "transposed view. Dtypes that tensors do not have (unsigned integers but uint8, complex numbers, texts) are errors, and "
      .. "arrays of Python objects too: nothing in a file is executed.",
    example = 'ty.io.save_npy(ty.arange(6):view(2, 3), "/tmp/tycho_doc.npy")\n'
      .. 'assert(ty.io.load_npy("/tmp/tycho_doc.npy").shape[2] == 3)'},
  {name = "io.save_npy", signature = "(x: tensor, path: string)",
    doc = "Writes a tensor as numpy.load reads it. NumPy has no bfloat16: save x:float(). The file is replaced as a whole or "
      .. "not at all.",
    example = 'ty.io.save_npy(ty.rand(2, 3), "/tmp/tycho_doc.npy")'},
  {name = "io.load_npz", signature = "(path: string) -> OrderedDict",
    doc = "Loads an archive of arrays that numpy.savez or savez_compressed wrote: tensors by their names.",
    example = 'ty.io.save_npz({x = ty.rand(3)}, "/tmp/tycho_doc.npz"); local x = ty.io.load_npz("/tmp/tycho_doc.npz").x'},
  {name = "io.save_npz", signature = "(tensors: table, path: string, compressed: bool = false)",
    doc = "Writes named tensors as an archive that numpy.load reads.",
    example = 'ty.io.save_npz({x = ty.rand(3), y = ty.arange(3)}, "/tmp/tycho_doc.npz", {compressed = true})'},
  {name = "io.load_safetensors", signature = "(path: string) -> OrderedDict",
    doc = "Loads a safetensors file: tensors by their names, in the file's order. The file is mapped into memory: a "
      .. "tensor's bytes are read when they are first needed, and what is written into it never reaches the file. The file "
      .. "must not be overwritten in place meanwhile (ty.io.save_safetensors replaces it, which is safe).",
    example = 'ty.io.save_safetensors({w = ty.rand(2, 3)}, "/tmp/tycho_doc.safetensors")\n'
      .. 'local w = ty.io.load_safetensors("/tmp/tycho_doc.safetensors").w'},
  {name = "io.save_safetensors", signature = "(tensors: table, path: string, metadata: table?)",
    doc = "Writes named tensors, such as net:state_dict(), as safetensors. metadata: a table of strings. Tensors that "
      .. "share memory are refused: the format cannot say so; save a clone of one, or use ty.save.",
    example = 'ty.io.save_safetensors(nn.Linear(2, 3):state_dict(), "/tmp/tycho_doc.safetensors", {metadata = {by = "me"}})'},
  {name = "io.safe_open", signature = "(path: string) -> file",
    doc = "Opens a safetensors file to take single tensors: file:keys() lists the names, file:get_tensor(name) is a "
      .. "tensor, file:metadata() the table of strings, file:close() ends it (tensors live on). local f <close> works.",
    example = 'ty.io.save_safetensors({w = ty.rand(2, 3)}, "/tmp/tycho_doc.safetensors")\n'
      .. 'local f <close> = ty.io.safe_open("/tmp/tycho_doc.safetensors")\nassert(f:get_tensor("w").shape[1] == 2)'},
  {name = "io.safe_open:keys", signature = "() -> list of strings", doc = "The names of the tensors, in the file's order.",
    example = 'ty.io.save_safetensors({w = ty.rand(2, 3)}, "/tmp/tycho_doc.safetensors")\n'
      .. 'assert(ty.io.safe_open("/tmp/tycho_doc.safetensors"):keys()[1] == "w")'},
  {name = "io.safe_open:get_tensor", signature = "(name: string) -> tensor",
    doc = "A tensor, whose bytes are read when they are first needed.",
    example = 'ty.io.save_safetensors({w = ty.rand(2, 3)}, "/tmp/tycho_doc.safetensors")\n'
      .. 'assert(ty.io.safe_open("/tmp/tycho_doc.safetensors"):get_tensor("w").shape[2] == 3)'},
  {name = "io.safe_open:metadata", signature = "() -> table of strings", doc = "What was saved as metadata.",
    example = 'ty.io.save_safetensors({w = ty.rand(2, 3)}, "/tmp/tycho_doc.safetensors")\n'
      .. 'assert(next(ty.io.safe_open("/tmp/tycho_doc.safetensors"):metadata()) == nil)'},
  {name = "io.safe_open:close", signature = "()", doc = "Closes the file; tensors that were taken from it live on.",
    example = 'ty.io.save_safetensors({w = ty.rand(2, 3)}, "/tmp/tycho_doc.safetensors")\n'
      .. 'ty.io.safe_open("/tmp/tycho_doc.safetensors"):close()'},
  {name = "io.load_csv",
    signature = '(path: string, header: bool = true, delimiter: string = ",", quote: string = \'"\', missing: table?) -> CSV',
    doc = "Loads a CSV file with columns of numbers, truth values or text. csv.columns lists the names, csv[name] or csv[i] "
      .. "is a column: int64, float64 (missing values are nan) or bool; a column of text is int64 classes from 1, and "
      .. "csv.classes[name] their texts. #csv is the number of rows. csv:tensor({names}) puts columns side by side, "
      .. "{rows, columns}, as float32. Missing are empty fields, NA, N/A, NaN, null, None and the words in `missing`. "
      .. "header = false: columns are named \"1\", \"2\", ...",
    example = 'local f = assert(io.open("/tmp/tycho_doc.csv", "w")); f:write("a,kind\\n1,x\\n2.5,y\\n"); f:close()\n'
      .. 'local csv = ty.io.load_csv "/tmp/tycho_doc.csv"\nassert(csv.classes.kind[csv.kind[2]:item()] == "y")'},
  {name = "io.load_csv:column", signature = "(key: string or index) -> tensor",
    doc = "The tensor of a column, by its name or its place; an error lists the columns.",
    example = 'local f = assert(io.open("/tmp/tycho_doc.csv", "w")); f:write("a,kind\\n1,x\\n2.5,y\\n"); f:close()\n'
      .. 'assert(ty.io.load_csv("/tmp/tycho_doc.csv"):column("a").shape[1] == 2)'},
  {name = "io.load_csv:tensor", signature = "(columns: table?, dtype: dtype?) -> tensor",
    doc = "Columns side by side, {rows, columns}: those of a list of names and places, or all. In the default dtype unless "
      .. "another is given.",
    example = 'local f = assert(io.open("/tmp/tycho_doc.csv", "w")); f:write("a,kind\\n1,x\\n2.5,y\\n"); f:close()\n'
      .. 'assert(ty.io.load_csv("/tmp/tycho_doc.csv"):tensor({"a"}).shape[2] == 1)'},
  {name = "io.save_csv",
    signature = "(data: table or tensor, path: string, columns: table?, header: bool = true, delimiter: string = \",\", "
      .. "quote: string = '\"', missing: string = \"\")",
    doc = "Writes columns as a CSV file: a table of tensors of one dimension or lists by name, what io.load_csv gave, or a "
      .. "tensor {rows, columns}. columns: the names to write, in this order (of a tensor: the names of its columns); without it "
      .. "the order is a CSV's or an OrderedDict's own, else by name. nil in a list, io.null (which the end of a list needs) "
      .. "and NaN are written as `missing`. "
      .. "Texts are quoted where they need it; floats have the digits that give the same number back. io.load_csv reads the same "
      .. "values. The file is replaced as a whole or not at all.",
    example = 'ty.io.save_csv({epoch = {1, 2}, loss = ty.tensor{0.5, 0.25}}, "/tmp/tycho_doc.csv")\n'
      .. 'assert(ty.io.load_csv("/tmp/tycho_doc.csv").loss[2]:item() == 0.25)'},
  {name = "io.load_json", signature = "(path: string) -> value",
    doc = "Loads a JSON file: objects and arrays as tables, whole numbers as integers, null as io.null in an array (in an "
      .. "object its entry is left out).",
    example = 'ty.io.save_json({lr = 0.1}, "/tmp/tycho_doc.json"); assert(ty.io.load_json("/tmp/tycho_doc.json").lr == 0.1)'},
  {name = "io.save_json", signature = "(value: any, path: string, indent: bool = true)",
    doc = "Writes tables, strings, numbers and booleans as JSON. A table with the keys 1..n becomes an array, any other an "
      .. "object. Tensors are not JSON: save x:totable(), or use ty.save.",
    example = 'ty.io.save_json({lr = 1e-3, layers = {784, 256, 10}}, "/tmp/tycho_doc.json")'},
  {name = "io.decode_json", signature = "(text: string) -> value", doc = "The value of a JSON text; see io.load_json.",
    example = 'assert(ty.io.decode_json("[1, 2]")[2] == 2)'},
  {name = "io.encode_json", signature = "(value: any, indent: bool = false) -> string",
    doc = "A value as JSON text; see io.save_json.", example = 'assert(ty.io.encode_json({1, 2.5}) == "[1,2.5]")'},
  {name = "io.read_image", signature = '(path: string, mode: string = "UNCHANGED") -> tensor',
    doc = 'Reads a PNG or JPEG image as uint8 {channels, height, width}, as torchvision.io.read_image. mode: "UNCHANGED", '
      .. '"GRAY", "GRAY_ALPHA", "RGB" or "RGB_ALPHA".',
    example = 'ty.io.write_png(ty.zeros({3, 4, 5}, {dtype = ty.uint8}), "/tmp/tycho_doc.png")\n'
      .. 'assert(ty.io.read_image("/tmp/tycho_doc.png", "GRAY").shape[1] == 1)'},
  {name = "io.decode_image", signature = '(bytes: string, mode: string = "UNCHANGED") -> tensor',
    doc = "An image from the bytes of a PNG or JPEG file; see io.read_image.",
    example = 'local ok = pcall(ty.io.decode_image, "not an image")'},
  {name = "io.write_png", signature = "(x: tensor, path: string)",
    doc = "Writes uint8 {channels, height, width} with 1 to 4 channels (grey, grey and alpha, RGB, RGB and alpha), or "
      .. "{height, width}, as PNG. Values from 0 to 1 become bytes by (x * 255):byte().",
    example = 'ty.io.write_png((ty.rand(3, 8, 8) * 255):byte(), "/tmp/tycho_doc.png")'},
  {name = "io.write_jpeg", signature = "(x: tensor, path: string, quality: count = 75)",
    doc = "Writes uint8 {1 or 3, height, width}, or {height, width}, as JPEG. quality: 1 to 100.",
    example = 'ty.io.write_jpeg((ty.rand(3, 8, 8) * 255):byte(), "/tmp/tycho_doc.jpg", {quality = 90})'},
}

-- The parser of a function's arguments, by the signature that its help shows.
local signatures = {}
for _, entry in ipairs(formats.docs) do signatures[entry.name] = entry.signature:match "^%((.*)%)" end
local function parser(name) return options.signature(name, signatures["io." .. name]) end

-- Those that the function of the same name in the core does as it is.
for _, name in ipairs{"load_idx", "load_npy", "save_npy", "load_npz", "save_npz", "safe_open", "save_safetensors", "load_json",
  "save_json", "decode_json", "encode_json", "write_png", "write_jpeg"} do
  local parse, call = parser(name), files[name]
  formats[name] = function(...) return call(parse(...)) end
end

local modes = {UNCHANGED = true, GRAY = true, GRAY_ALPHA = true, RGB = true, RGB_ALPHA = true}

for _, name in ipairs{"read_image", "decode_image"} do
  local parse, call = parser(name), files[name]
  formats[name] = function(...)
    local source, mode = parse(...)
    if not modes[mode] then
      core.raise(("%s: mode must be \"UNCHANGED\", \"GRAY\", \"GRAY_ALPHA\", \"RGB\" or \"RGB_ALPHA\", got %q"):format(name,
        mode))
    end
    return call(source, mode)
  end
end

--- load_safetensors(path): all tensors of a file.
local parse_safetensors = parser "load_safetensors"
function formats.load_safetensors(...)
  local file <close> = files.safe_open(parse_safetensors(...))
  local dict = require "tycho.ordered_dict"()
  for _, name in ipairs(file:keys()) do dict[name] = file:get_tensor(name) end
  return dict
end

local csv = require "tycho.io.csv"
formats.load_csv, formats.save_csv = csv.load_csv, csv.save_csv

return formats
