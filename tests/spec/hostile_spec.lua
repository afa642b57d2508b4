-- Files that somebody broke, or made to break the reader: each is a clear error or read right; the process neither crashes
-- nor hangs, and takes no more memory than the file could need. The pickles' own tricks are tested in C (test_io_hostile.c),
-- and tests/fuzz tries for hours what this tries for a second. Each reader runs in a process of its own
-- (support/hostile_reader.lua), whose memory at the most is measured.
local ty = require "tycho"

local program = os.getenv "TYCHO_BIN" or "build/tycho"
local files, formats = "tests/golden/files/", "tests/golden/formats/"
local folder

local function path(name) return folder .. "/" .. name end

local function spill(name, bytes)
  local file = assert(io.open(path(name), "wb"))
  file:write(bytes)
  file:close()
  return path(name)
end

local function bytes_of(name)
  local file = assert(io.open(name, "rb"))
  local bytes = file:read "a"
  file:close()
  return bytes
end

-- {right =, refused =, memory = KB} of the readers' process; anything else that it says fails the test.
local function run(reader, right, ...)
  local command = ("timeout 60 %s tests/spec/support/hostile_reader.lua %s %s %s 2>&1"):format(program, reader, right,
    table.concat({...}, " "))
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  local _, how, code = pipe:close()
  assert.are.equal("exit 0", ("%s %s"):format(how, code), reader .. " " .. right .. ": " .. text:sub(-600))
  local good, refused, memory = text:match "^right (%d+) refused (%d+) memory (%d+)\n$"
  assert.truthy(good, text:sub(1, 600))
  return {right = tonumber(good), refused = tonumber(refused), memory = tonumber(memory)}
end

-- The message of a file that must be refused.
local function refused(what, read, ...)
  local ok, text = pcall(read, ...)
  assert.is_false(ok, "it was read")
  assert.truthy(tostring(text):find(what, 1, true), text)
end

-- A zip archive of stored entries, {name, bytes, changes of the directory's fields}; fields that are not changed are right.
local function zip(entries)
  local out, directory, at = {}, {}, 0
  for _, e in ipairs(entries) do
    local name, bytes, change = e[1], e[2], e[3] or {}
    local crc = 0xffffffff
    for i = 1, #bytes do
      crc = crc ~ bytes:byte(i)
      for _ = 1, 8 do crc = crc >> 1 ~ (0xedb88320 & -(crc & 1)) end
    end
    crc = ~crc & 0xffffffff
    local size, packed, method = change.size or #bytes, change.packed or #bytes, change.method or 0
    local header = string.pack("<c4I2I2I2I2I2I4I4I4I2I2", "PK\3\4", 20, 0, method, 0, 0x21, crc, packed, size, #name, 0)
    directory[#directory + 1] = string.pack("<c4I2I2I2I2I2I2I4I4I4I2I2I2I2I2I4I4", "PK\1\2", 20, 20, 0, method, 0, 0x21,
      change.crc or crc, packed, size, #name, 0, 0, 0, 0, 0, change.offset or at) .. name
    if not change.absent then
      out[#out + 1] = header .. name .. bytes
      at = at + #out[#out]
    end
  end
  local text = table.concat(directory)
  return table.concat(out) .. text .. string.pack("<c4I2I2I2I2I4I4I2", "PK\5\6", 0, 0, #directory, #directory, #text, at, 0)
end

local function npy(shape, bytes)
  local header = ("{'descr': '<f4', 'fortran_order': False, 'shape': %s, }"):format(shape)
  header = header .. (" "):rep(-(#header + 11) % 64) .. "\n"
  return "\x93NUMPY\1\0" .. string.pack("<s2", header) .. bytes
end

-- The most memory of a reader, in KB. Not under AddressSanitizer, which holds back what is freed.
local function assert_memory(got, most, reader)
  assert.truthy(os.getenv "TYCHO_SANITIZED" or got.memory < most, ("%s: %d KB"):format(reader, got.memory))
end

describe("hostile files", function()
  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    spill("x.idx", "\0\0\8\2\0\0\0\2\0\0\0\3abcdef")
    assert(os.execute(("gzip -n < %s > %s"):format(path "x.idx", path "x.idx.gz")))
    ty.save({w = ty.ones(40, 25), names = {"a", "b"}, n = 3}, path "x.pt")
  end)
  teardown(function() os.execute("rm -rf " .. folder) end)

  -- reader, a right file, at least so many of the changed ones are seen to be wrong
  local cases = {
    {"pt", files .. "tensor.pt", 400}, {"pt", files .. "legacy.pt", 300}, {"pt", "x.pt", 500},
    {"safetensors", formats .. "all.safetensors", 300}, {"npy", formats .. "float32.npy", 300},
    {"npz", formats .. "compressed.npz", 500}, {"npz", formats .. "stored.npz", 500}, {"idx", "x.idx", 300},
    {"idx", "x.idx.gz", 500}, {"csv", formats .. "houses.csv", 50}, {"image", formats .. "color.png", 500},
    {"image", formats .. "color.jpg", 300}, {"json", formats .. "pixels.json", 300},
  }
  for _, case in ipairs(cases) do
    local reader, name, least = table.unpack(case)
    it(("cut short and changed: %s of %s"):format(reader, name:match "[^/]*$"), function()
      local got = run(reader, name:find("/", 1, true) and name or path(name), path("scratch." .. reader))
      assert.truthy(got.refused >= least, ("%d of %d refused"):format(got.refused, got.refused + got.right))
      assert_memory(got, 24 << 10, reader)
    end)
  end

  it("are refused where they are no files, empty, or never end", function()
    assert(os.execute(("mkdir %s && mkfifo %s && : > %s"):format(path "folder", path "fifo", path "empty")))
    local right = {pt = path "x.pt", safetensors = formats .. "all.safetensors", npy = formats .. "scalar.npy",
      npz = formats .. "stored.npz", idx = path "x.idx", csv = formats .. "houses.csv", image = formats .. "color.png",
      json = formats .. "pixels.json"}
    for reader, name in pairs(right) do
      local got = run(reader, name, "-", path "folder", path "fifo", path "empty", "/dev/zero", path "absent")
      assert.are.equal(5, got.refused, reader)
      assert_memory(got, 16 << 10, reader)
    end
  end)

  it("claim sizes that overflow, and get no memory for them", function()
    local huge = {}
    for i, shape in ipairs {"(9223372036854775807, 2)", "(4294967296, 4294967296)", "(3037000500, 3037000500)", "(-1, 2)",
      "(1099511627776,)", "(99999999999999999999,)", "(0, 9223372036854775807, 9)"} do
      huge[i] = spill(("huge%d.npy"):format(i), npy(shape, ("\0"):rep(16)))
    end
    local got = run("npy", formats .. "scalar.npy", "-", table.unpack(huge))
    assert.are.equal(#huge, got.refused)
    assert.truthy(got.memory < 8 << 10, got.memory)

    local tensors = {}
    for i, text in ipairs {'"shape":[9223372036854775807,2],"data_offsets":[0,8]',
      '"shape":[4294967296,4294967296],"data_offsets":[0,0]',
      '"shape":[2],"data_offsets":[0,1e300]', '"shape":[2],"data_offsets":[8,16]', '"shape":[2],"data_offsets":[-8,0]',
      '"shape":[-2],"data_offsets":[0,8]', '"shape":[1e18],"data_offsets":[0,4e18]'} do
      local header = string.pack("<s8", '{"x":{"dtype":"F32",' .. text .. "}}")
      tensors[i] = spill(("huge%d.safetensors"):format(i), header .. ("\0"):rep(8))
    end
    got = run("safetensors", formats .. "all.safetensors", "-", table.unpack(tensors))
    assert.are.equal(#tensors, got.refused)
    assert.truthy(got.memory < 8 << 10, got.memory)

    local sizes = {}
    for i, text in ipairs {"\255\255\255\255\255\255\255\255\255\255\255\255", "\127\255\255\255\0\0\0\1\0\0\0\1"} do
      sizes[i] = spill(("huge%d.idx"):format(i), "\0\0\14\3" .. text .. ("\0"):rep(64))
    end
    got = run("idx", path "x.idx", "-", table.unpack(sizes))
    assert.are.equal(#sizes, got.refused)
    assert.truthy(got.memory < 8 << 10, got.memory)

    local png = bytes_of(formats .. "color.png") -- with a false checksum of the header too: either is an error
    local jpg = bytes_of(formats .. "color.jpg")
    local at = assert(jpg:find "\xff\xc0")
    local pictures = {spill("huge.png", png:sub(1, 16) .. "\127\255\255\255\127\255\255\255" .. png:sub(25)),
      spill("huge.jpg", jpg:sub(1, at + 4) .. "\63\255\63\255" .. jpg:sub(at + 9))} -- 16383 x 16383
    got = run("image", formats .. "color.png", "-", table.unpack(pictures))
    assert.are.equal(2, got.refused)
    assert.truthy(got.memory < 8 << 10, got.memory)
    refused("more than its bytes can unfold into", ty.io.read_image, path "huge.jpg")
  end)

  it("unfold a thousand times, and take no more than their header says", function()
    local zeros = 24 << 20
    ty.io.save_npz({x = ty.zeros(zeros // 4)}, path "bomb.npz", {compressed = true})
    local packed = bytes_of(path "bomb.npz")
    assert.truthy(#packed < zeros // 900)
    local got = run("npz", formats .. "stored.npz", "-", path "bomb.npz")
    assert.are.equal(1, got.right) -- a right file of np.savez_compressed
    assert.truthy(got.memory < (zeros >> 10) * 5 // 4 + (8 << 10), got.memory)

    -- Entries that lie over one another: a few bytes of directory each, and the same packed bytes.
    -- Entries that lie over one another: a few bytes of directory each, and the same packed bytes.
    local crc, few, many, name, extra = ("<I4I4I4I2I2"):unpack(packed, 15)
    local data = packed:sub(31 + name + extra, 30 + name + extra + few)
    local entries = {}
    for i = 1, 8 do
      entries[i] = {("x%d.npy"):format(i), i == 1 and data or "", {method = 8, size = many, packed = few, crc = crc, offset = 0,
        absent = i > 1}}
    end
    got = run("npz", formats .. "stored.npz", "-", spill("over.npz", zip(entries)))
    assert.are.equal(1, got.refused)
    assert.truthy(got.memory < (zeros >> 10) * 5 // 4 + (8 << 10), got.memory)
    refused("claims more bytes than the file can hold", ty.io.load_npz, path "over.npz")

    local header = "printf '\\000\\000\\010\\001\\377\\377\\377\\377'"
    assert(os.execute(("(%s; head -c 8000000 /dev/zero) | gzip > %s"):format(header, path "b.idx.gz")))
    got = run("idx", path "x.idx", "-", path "b.idx.gz")
    assert.are.equal(1, got.refused)
    assert.truthy(got.memory < 8 << 10, got.memory)
    refused("compressed or encrypted", ty.load, spill("bomb.pt", zip {{"archive/data.pkl", "x", {method = 8, size = 1 << 30}}}))
  end)

  it("nest without end", function()
    refused("load_json", ty.io.load_json, spill("deep.json", ("["):rep(1000000)))
    refused("load_json", ty.io.load_json, spill("deep.json", ("["):rep(5000) .. ("]"):rep(5000)))
    refused("load_json", ty.io.load_json, spill("deep.json", ('{"a":'):rep(5000) .. "1" .. ("}"):rep(5000)))
    refused("load", ty.load, spill("deep.pt", zip {{"archive/data.pkl",
      "\x80\2" .. ("]"):rep(50000) .. ("a"):rep(49999) .. "."}}))
    refused("too long", ty.io.load_safetensors, spill("deep.safetensors", string.pack("<s8", '{"x":' .. ("["):rep(90000))))
  end)

  it("name entries twice, and places outside", function()
    local pickle = "\x80\2K\7."
    assert.are.equal(7, ty.load(spill("plain.pt", zip {{"archive/data.pkl", pickle}})))
    refused("twice", ty.load, spill("twice.pt", zip {{"archive/data.pkl", pickle}, {"archive/data.pkl", pickle}}))
    refused("twice", ty.io.load_npz, spill("twice.npz", zip {{"a.npy", npy("(1,)", "abcd")}, {"a.npy", npy("(1,)", "abcd")}}))
    -- A name is a name: nothing is unpacked, and nothing is written.
    refused("no data.pkl", ty.load, spill("up.pt", zip {{"../../data.pkl", pickle}}))
    assert.are.equal(7, ty.load(spill("up.pt", zip {{"../data.pkl", pickle}})))
    local zero = npy("(1,)", "\0\0\0\0")
    local arrays = ty.io.load_npz(spill("up.npz", zip {{"../../etc/x.npy", zero}, {"/tmp/y.npy", zero}}))
    assert.are.equal(0, arrays["../../etc/x"]:item() + arrays["/tmp/y"]:item())
    refused("twice", ty.io.load_safetensors, spill("twice.safetensors", string.pack("<s8",
      '{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}') .. "a"))
  end)

  it("say of a .pt archive what is not as its directory promises", function()
    local pickle = "\x80\2K\7."
    local function bad(what, changes) refused(what, ty.load, spill("bad.pt", zip {{"archive/data.pkl", pickle, changes}})) end
    bad("checksum", {crc = 1})
    bad("", {size = 4})
    bad("", {size = 1 << 30, packed = 1 << 30})
    bad("", {offset = 7})
    bad("", {offset = 0x7fffffff})
    bad("", {offset = 0xffffffff})
  end)
end)
