-- Files: ty.save and ty.load in PyTorch's format, downloads and checksums; other formats are in tycho.io.formats. The work is
-- done by tycho.core.io; here arguments are checked, and the values are made that say more than a plain table can (null,
-- tuples, empty lists).

local core = require "tycho.core"
local options = require "tycho.options"

local formats = require "tycho.io.formats"

local files = core.io
local io = {docs = {
  {names = {"ty.save", "io.save"}, signature = "(value, path: string)",
    doc = "Saves a value in PyTorch's zip format; torch.load opens it. A value is a tensor, a state dict, a number, "
      .. "a string, a boolean, or a table of these, nested as you like. A table with the keys 1..n becomes a list, "
      .. "any other (an empty one too) a dict, an OrderedDict stays one; io.list, io.tuple and io.dict say it "
      .. "outright. Tensors that share memory share it after loading. Functions and modules are not data: save "
      .. "net:state_dict(). The file is replaced as a whole or not at all: a crash or a full disk leaves the old one. "
      .. "Tensors of a GPU are saved with its name, as PyTorch does: torch.load then wants map_location where there is none.",
    example = 'local net = nn.Linear(3, 2); ty.save({net = net:state_dict(), epoch = 5}, "/tmp/tycho_doc.pt")'},
  {names = {"ty.load", "io.load"},
    signature = "(path: string, map_location: device, table or function?, partial: bool = false) -> value",
    doc = "Loads what ty.save or torch.save (of any PyTorch since 0.1.10) wrote. Tensors come to the device that they were "
      .. "saved on, where this machine has it, and else to the CPU (torch.load fails there); or to where map_location says: a "
      .. "device, as \"cpu\", a table of devices by those of the file, as {[\"cuda:1\"] = \"cuda:0\"}, or a function that gets "
      .. "the name of the file's and gives a device, or nil. Lists "
      .. "and tuples become sequences, dicts tables; dicts with numbers as keys keep their numbers (an optimiser's "
      .. "state counts from 0). None is io.null in a list and leaves its entry out in a dict. Nothing in a file is "
      .. "executed: a file that holds whole modules is refused, with advice; partial = true gives what "
      .. "data there is, each object as a table of its attributes with its class under __class__. safetensors and .npy files "
      .. "are loaded too.",
    example = 'ty.save({1, 2}, "/tmp/tycho_doc.pt"); local list = ty.load "/tmp/tycho_doc.pt"'},
  {name = "io.download",
    signature = "(url: string, path: string, sha256: string?, progress: function?, insecure: bool = false)",
    doc = "Fetches an https URL into a file, making missing directories. The file appears when it is whole and, with "
      .. "sha256 (64 hexadecimal digits), when its checksum is right. progress(received, total) is called now and "
      .. "then with bytes (total 0: not known); returning true stops. insecure = true takes http: and file: URLs too; "
      .. "use it with a checksum.",
    example = 'local ok = pcall(ty.io.download, "https://localhost:1/x", "/tmp/tycho_doc.bin")'},
  {name = "io.sha256", signature = "(path: string) -> string",
    doc = "The SHA-256 of a file, in hexadecimal.", example = 'local ok, hex = pcall(ty.io.sha256, "/etc/hostname")'},
  {name = "io.tuple", signature = "(table) -> table",
    doc = "Marks a sequence as a tuple, and returns it: ty.save writes a tuple, and tuples of files come back marked "
      .. "so.",
    example = "local betas = ty.io.tuple{0.9, 0.999}"},
  {name = "io.list", signature = "(table) -> table",
    doc = "Marks a sequence as a list, which an empty table is not otherwise.", example = "local none = ty.io.list{}"},
  {name = "io.dict", signature = "(table) -> table",
    doc = "Marks a table as a dict, also when its keys happen to be 1..n.",
    example = 'local state = ty.io.dict{"first", "second"}'},
  {name = "io.null", signature = "value",
    doc = "Stands for Python's None where nil cannot: in a list, or as a key.",
    example = "local list = {1, ty.io.null, 3}"},
}}

io.null = files.null

local function marker(name, kind)
  return function(value)
    if type(value) ~= "table" then
      core.raise(("io.%s: a table is needed, got %s"):format(name, options.say(value)))
    end
    local meta = getmetatable(value)
    if meta ~= nil and meta ~= files.tuple and meta ~= files.list and meta ~= files.dict then
      core.raise(("io.%s: a plain table is needed; this one has a metatable"):format(name))
    end
    return setmetatable(value, kind)
  end
end

io.tuple = marker("tuple", files.tuple)
io.list = marker("list", files.list)
io.dict = marker("dict", files.dict)

--- save(value, path): saves a value in PyTorch's format.
function io.save(...)
  local n = select("#", ...)
  if n ~= 2 then
    core.raise(("save: a value and a path are needed: ty.save(value, \"model.pt\"); %d argument%s given"):format(n,
      n == 1 and " was" or "s were"))
  end
  local value, path = ...
  if type(value) == "string" and type(path) ~= "string" then
    core.raise "save: the value comes first, then the path: ty.save(value, \"model.pt\")"
  end
  core.capture_refuse("save", "save outside the step")
  files.save(value, path)
end

-- The reader of a file that begins with these bytes, where it is none of PyTorch's.
local function other_format(start)
  if start:sub(1, 6) == "\x93NUMPY" then return formats.load_npy end
  if start:sub(6, 9) == "\0\0\0{" then return formats.load_safetensors end
end

-- Where a tensor goes that was saved on a device: there, where this machine has it, and else to the CPU.
local function same_place(location)
  local there = location:find "^cuda" and (pcall(core.device, location))
  return core.device(there and location or "cpu")
end

-- PyTorch's map_location as a function that gives a device for the name of the one that the file has.
local function places_of(map_location)
  if map_location == nil then return same_place end
  local kind = type(map_location)
  if kind == "table" then
    local places = {}
    for from, to in pairs(map_location) do places[tostring(from)] = core.device(to) end
    return function(location) return places[location] or same_place(location) end
  elseif kind == "function" then
    return function(location)
      local to = map_location(location)
      if to == nil then return same_place(location) end
      return core.device(to)
    end
  end
  local device = core.device(map_location)
  return function() return device end
end

-- A value with all its tensors on a device; what stands in several places still does.
local function moved(value, device, done)
  if done[value] ~= nil then return done[value] end
  if core.is_tensor(value) then
    local twin = value:detach():to(device)
    if core.is_parameter(value) then
      twin = core.Parameter(twin, value.requires_grad)
    elseif value.requires_grad then
      twin:requires_grad_()
    end
    done[value] = twin
    return twin
  elseif type(value) == "table" then
    done[value] = value
    local keys = {}
    for key in pairs(value) do keys[#keys + 1] = key end
    for _, key in ipairs(keys) do value[key] = moved(value[key], device, done) end
  end
  return value
end

local parse_load = options.signature("load",
  "path: string, map_location: any?, partial: bool = false, weights_only: bool = true")
--- load(path, {map_location =, partial =}): what ty.save or torch.save wrote, or a safetensors or .npy file.
function io.load(...)
  local path, map_location, partial, weights_only = parse_load(...)
  if not weights_only then
    core.raise("load: weights_only = false would execute code from the file, which Tycho never does; partial = true reads what "
      .. "data a file of torch.save(model) holds")
  end
  local place, other = places_of(map_location), other_format(files.start(path))
  if not other then return files.load(path, partial, place) end
  local value, device = other(path), place "cpu"
  if device.type ~= "cpu" then return moved(value, device, {}) end
  return value
end

local parse_download = options.signature("download",
  "url: string, path: string, sha256: string?, progress: function?, insecure: bool = false")
--- download(url, path, {sha256 =, progress =, insecure =}): fetches a file.
function io.download(...)
  local url, path, sha256, progress, insecure = parse_download(...)
  if progress ~= nil and type(progress) ~= "function" then
    local callable = progress
    progress = function(...) return callable(...) end
  end
  files.download(url, path, sha256, insecure and 3 or 0, progress)
end

local parse_sha256 = options.signature("sha256", "path: string")
--- sha256(path): the checksum of a file.
function io.sha256(...) return files.sha256(parse_sha256(...)) end

for name, value in pairs(formats) do
  if name ~= "docs" then io[name] = value end
end
table.move(formats.docs, 1, #formats.docs, #io.docs + 1, io.docs)

return io
