-- A reader of files against thousands of broken ones, in a process of its own: hostile_spec.lua runs it, and sees from outside
-- whether it crashed, hung, or took memory. Arguments: reader, a right file, a scratch file, or `-` for the right file and
-- any number of files that are read as they are. Prints what came out:
--   right N, refused N, memory KB (at the most, above what reading the right file took), and each message that a person
--   could not make sense of.

local ty = require "tycho"

local readers = {pt = ty.load, safetensors = ty.io.load_safetensors, npy = ty.io.load_npy, npz = ty.io.load_npz,
  idx = ty.io.load_idx, csv = ty.io.load_csv, image = ty.io.read_image, json = ty.io.load_json}
local name, right, scratch = arg[1], arg[2], arg[3]
local read = readers[name]
local counts = {right = 0, refused = 0}

local function peak()
  for line in io.lines "/proc/self/status" do
    local kilobytes = line:match "^VmHWM:%s*(%d+)"
    if kilobytes then return tonumber(kilobytes) end
  end
end

local function try(path)
  local ok, text = pcall(read, path)
  counts[ok and "right" or "refused"] = counts[ok and "right" or "refused"] + 1
  if not ok and not tostring(text):find("load[%w_]*:") and not tostring(text):find("read_image:", 1, true) then
    print("bad message: " .. tostring(text))
  end
  if not ok and tostring(text):find("memory", 1, true) then print("asked for memory: " .. text) end
end

local function write(bytes)
  os.remove(scratch) -- ext4 waits for the disk where a file is written over
  local file = assert(io.open(scratch, "wb"))
  file:write(bytes)
  file:close()
  try(scratch)
end

local function mutate()
  local file = assert(io.open(right, "rb"))
  local bytes = file:read "a"
  file:close()
  read(right)
  collectgarbage()
  local before = peak()
  math.randomseed(7)
  local function replace(at, text) return bytes:sub(1, at - 1) .. text .. bytes:sub(at + #text) end
  for i = 0, 150 do write(bytes:sub(1, #bytes * i // 151)) end -- cut short
  write(bytes .. ("x"):rep(1000))
  for _ = 1, 400 do -- one to three bits flip
    local changed = bytes
    for _ = 1, math.random(3) do
      local at = math.random(#bytes)
      changed = changed:sub(1, at - 1) .. string.char(changed:byte(at) ~ (1 << math.random(0, 7))) .. changed:sub(at + 1)
    end
    write(changed)
  end
  for _ = 1, 100 do -- numbers become as large, or as negative, as they can be
    local at = math.random(#bytes)
    write(replace(at, math.random(2) == 1 and "\255\255\255\255\255\255\255\127" or "\255\255\255\255\255\255\255\255"))
    write(replace(at, "99999999"))
    write(replace(at, "-1"))
  end
  for magic in ("PK\3\4 \x93NUMPY \x80\2 \0\0\8\3 \31\x8b\8 {} \x89PNG\r\n\x1a\n \xff\xd8\xff"):gmatch "%S+" do
    write(magic)
    write(replace(1, magic))
  end
  return before
end

local before
if scratch ~= "-" then
  before = mutate()
else
  read(right)
  collectgarbage()
  before = peak()
  for i = 4, #arg do try(arg[i]) end
end
print(("right %d refused %d memory %d"):format(counts.right, counts.refused, peak() - before))
