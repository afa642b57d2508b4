-- Files of other formats than PyTorch's: what NumPy, safetensors and Pillow wrote is read equal (tests/golden/make_formats.py),
-- what is written comes back, and broken files are errors.
local ty = require "tycho"

local golden = "tests/golden/formats/"
local dtypes = {"bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"}
local folder

local function path(name) return folder .. "/" .. name end

local function bytes_of(name)
  local f = assert(io.open(name, "rb"))
  local bytes = f:read "a"
  f:close()
  return bytes
end

local function spill(name, bytes)
  local f = assert(io.open(path(name), "wb"))
  f:write(bytes)
  f:close()
  return path(name)
end

local function message(f, ...)
  local ok, text = pcall(f, ...)
  assert.is_false(ok)
  assert.truthy(text:find("formats_spec.lua:", 1, true), text)
  return text
end

local function refused(what, f, ...)
  local text = message(f, ...)
  assert.truthy(text:find(what, 1, true), text)
end

-- The reader of a file by its ending.
local readers = {npy = ty.io.load_npy, npz = ty.io.load_npz, safetensors = ty.io.load_safetensors, csv = ty.io.load_csv,
  json = ty.io.load_json, png = ty.io.read_image, jpg = ty.io.read_image}

describe("formats", function()
  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
  end)
  teardown(function() os.execute("rm -rf " .. folder) end)

  describe("NumPy's arrays", function()
    it("are read with their dtypes", function()
      for _, name in ipairs(dtypes) do
        if ty[name] then
          local x = ty.io.load_npy(golden .. name .. ".npy")
          assert.are.equal(ty[name], x.dtype)
          assert.is_true(x:equal(ty.arange(6):view(2, 3):to(ty[name])), name)
        end
      end
      assert.is_true(ty.io.load_npy(golden .. "fortran.npy"):equal(ty.arange(24.0):view(2, 3, 4)))
      assert.is_true(ty.io.load_npy(golden .. "big_endian.npy"):equal(ty.arange(6.0):view(2, 3)))
      assert.is_true(ty.io.load_npy(golden .. "version2.npy"):equal(ty.arange(4.0):double()))
      assert.are.equal(2.5, ty.io.load_npy(golden .. "scalar.npy"):item())
      assert.are.same({0, 3}, {table.unpack(ty.io.load_npy(golden .. "empty.npy").shape)})
      assert.is_true(ty.load(golden .. "int64.npy"):equal(ty.arange(6):view(2, 3)))
    end)
    it("come back as they were written", function()
      for _, x in ipairs {ty.rand(2, 3, 4), ty.rand(4, 6):t(), ty.tensor(7), ty.zeros(0, 2), ty.tensor {true, false}} do
        ty.io.save_npy(x, path "a.npy")
        assert.is_true(ty.io.load_npy(path "a.npy"):equal(x))
      end
      -- byte for byte what NumPy writes
      ty.io.save_npy(ty.arange(6):view(2, 3), path "a.npy")
      assert.are.equal(bytes_of(golden .. "int64.npy"), bytes_of(path "a.npy"))
    end)
    it("that are not numbers are refused", function()
      refused("uint16", ty.io.load_npy, golden .. "refused_uint16.npy")
      refused("astype", ty.io.load_npy, golden .. "refused_complex.npy")
      refused("astype", ty.io.load_npy, golden .. "refused_text.npy")
      refused("Python objects", ty.io.load_npy, golden .. "refused_object.npy")
      refused("fields", ty.io.load_npy, golden .. "refused_record.npy")
      refused("must be a tensor", ty.io.save_npy, 1, path "a.npy")
    end)
    it("come in archives", function()
      for _, name in ipairs {"stored.npz", "compressed.npz"} do
        local arrays = ty.io.load_npz(golden .. name)
        assert.is_true(arrays.x:equal(ty.arange(6.0):double():view(2, 3)))
        assert.is_true(arrays.labels:equal(ty.tensor {3, 1, 2}))
      end
      assert.are.equal(0, ty.io.load_npz(golden .. "compressed.npz").zeros:sum():item())
      local x = ty.zeros(100, 100)
      for _, compressed in ipairs {true, false} do
        ty.io.save_npz({x = x, y = ty.arange(3)}, path "a.npz", {compressed = compressed})
        assert.is_true(ty.io.load_npz(path "a.npz").x:equal(x))
        assert.are.equal(compressed, #bytes_of(path "a.npz") < 1000)
      end
      refused("not an array", ty.io.load_npz, "tests/golden/files/tensor.pt")
      refused("x is not a tensor", ty.io.save_npz, {x = 1}, path "a.npz")
    end)
  end)

  describe("safetensors", function()
    it("are read lazily, by name", function()
      local f <close> = ty.io.safe_open(golden .. "all.safetensors")
      assert.are.same({format = "pt", note = "línea\n2"}, f:metadata())
      local names = f:keys()
      assert.are.equal(9, #names)
      assert.is_true(f:get_tensor("weight"):equal(ty.arange(6.0):view(2, 3)))
      assert.is_true(f:get_tensor("bias"):equal(ty.tensor({0.5, -0.5}, {dtype = ty.float64})))
      assert.are.equal(7, f:get_tensor("steps"):item())
      assert.is_true(f:get_tensor("mask"):equal(ty.tensor {true, false, true}))
      assert.are.same({0, 4}, {table.unpack(f:get_tensor("empty").shape)})
      assert.are.equal(1, f:get_tensor('näme "quoted"'):item())
      refused("no tensor nothing", f.get_tensor, f, "nothing")
      local x = f:get_tensor "weight"
      f:close()
      x:add_(1) -- lives on, and what is written stays here
      assert.are.equal(21, x:sum():item())
      assert.are.equal(15, ty.io.load_safetensors(golden .. "unaligned.safetensors").x:sum():item() + 11)
      refused("closed", f.keys, f)
    end)
    it("come back as they were written, the values untouched by what is done to loaded ones", function()
      local state = ty.nn.Sequential(ty.nn.Linear(3, 4), ty.nn.Linear(4, 2)):state_dict()
      ty.io.save_safetensors(state, path "a.safetensors", {by = "a test"})
      local loaded = ty.load(path "a.safetensors")
      for name, x in pairs(state) do assert.is_true(loaded[name]:equal(x), name) end
      loaded["0.weight"]:zero_()
      assert.is_true(ty.io.load_safetensors(path "a.safetensors")["0.weight"]:equal(state["0.weight"]))
      ty.io.save_safetensors(loaded, path "a.safetensors") -- over the file that is mapped
      assert.are.equal(0, ty.io.load_safetensors(path "a.safetensors")["0.weight"]:abs():sum():item())
      local x = ty.rand(4, 6)
      ty.io.save_safetensors({x = x:t()}, path "a.safetensors")
      assert.is_true(ty.io.load_safetensors(path "a.safetensors").x:equal(x:t()))
    end)
    it("are refused where the format cannot hold what is given", function()
      local x = ty.rand(4)
      refused("share memory", ty.io.save_safetensors, {a = x, b = x[{{1, 2}}]}, path "a.safetensors")
      refused("b is not a tensor", ty.io.save_safetensors, {a = x, b = "text"}, path "a.safetensors")
      refused("names", ty.io.save_safetensors, {x}, path "a.safetensors")
      refused("metadata", ty.io.save_safetensors, {a = x}, path "a.safetensors", {metadata = {n = 1}})
      refused("U16", ty.io.load_safetensors, golden .. "refused_uint16.safetensors")
    end)
    it("that contradict themselves are refused", function()
      local function file(header, body) return spill("bad.safetensors", string.pack("<s8", header) .. body) end
      local load = ty.io.load_safetensors
      local entry = '{"dtype":"F32","shape":[%s],"data_offsets":[%s]}'
      local function one(shape, offsets, bytes)
        return file(('{"x":%s}'):format(entry:format(shape, offsets)), ("\0"):rep(bytes))
      end
      assert.are.equal(2, load(one("2", "0,8", 8)).x.shape[1])
      refused("contradict", load, one("3", "0,8", 8))
      refused("outside of the file", load, one("3", "0,12", 8))
      refused("left over", load, one("2", "0,8", 9))
      refused("does not follow", load, one("2", "1,9", 9))
      refused("not a count", load, one("-2", "0,8", 8))
      refused("larger than any file", load, one("4503599627370496,4503599627370496", "0,8", 8))
      refused("more dimensions", load, one(("1,"):rep(99) .. "2", "0,8", 8))
      refused("is there twice", load, file('{"x":' .. entry:format("1", "0,4") .. ',"x":' .. entry:format("1", "4,8") .. "}",
        ("\0"):rep(8)))
      refused("dtype", load, file('{"x":{"dtype":"Q1","shape":[],"data_offsets":[0,0]}}', ""))
      refused("not a JSON object", load, file("[1]", ""))
      refused("longer than the file", load, spill("bad.safetensors", string.pack("<I8", 1 << 40) .. "{}"))
      refused("not JSON", load, file('{"x":' .. ("["):rep(2000) .. ("]"):rep(2000) .. "}", ""))
      refused("too long", load, file('{"x":' .. ("["):rep(9000) .. "}", ""))
      refused("not UTF-8", load, file('{"\255":' .. entry:format("0", "0,0") .. "}", ""))
      refused("not a string", load, file('{"__metadata__":{"a":1}}', ""))
      refused("fewer than 8", load, spill("bad.safetensors", "abc"))
      refused("is empty", load, spill("bad.safetensors", ""))
    end)

    it("that are mapped count as memory that the collector must bring down", function()
      ty.io.save_safetensors({a = ty.zeros(2 << 20), b = ty.zeros(2 << 20)}, path "large.safetensors") -- 16 MB
      collectgarbage()
      collectgarbage()
      local stats = require "tycho.core".memory_stats
      local before, most = stats().live, 0
      for _ = 1, 60 do
        local state = ty.load(path "large.safetensors")
        assert.are.equal(0, state.a[1]:item() + state.b[-1]:item())
        most = math.max(most, stats().live - before)
      end
      assert.truthy(most >= 16 << 20 and most <= 96 << 20, most)
      collectgarbage()
      collectgarbage()
      assert.are.equal(before, stats().live)
    end)
  end)

  describe("images", function()
    it("are read as Pillow reads them", function()
      local expected = ty.io.load_json(golden .. "pixels.json")
      local function pixels(name) return ty.tensor(expected[name]) end
      local function flat(x) return x:permute(2, 3, 1):flatten():long() end
      assert.is_true(flat(ty.io.read_image(golden .. "color.png")):equal(pixels "color.png"))
      assert.is_true(flat(ty.io.read_image(golden .. "palette.png", "RGB")):equal(pixels "palette.png"))
      assert.is_true(flat(ty.io.read_image(golden .. "bits.png", "RGB")):equal(pixels "bits.png"))
      assert.is_true(flat(ty.io.read_image(golden .. "color.png", "GRAY")):equal(pixels "color.png as grey"))
      -- decoders may differ by little in the last steps of the transform
      for _, name in ipairs {"color.jpg", "grey.jpg"} do
        local difference = (flat(ty.io.read_image(golden .. name)) - pixels(name)):abs()
        assert.is_true(difference:max():item() <= 2, name)
      end
    end)
    it("have the channels that are asked for", function()
      local channels = {GRAY = 1, GRAY_ALPHA = 2, RGB = 3, RGB_ALPHA = 4}
      for _, name in ipairs {"grey.png", "color.png", "alpha.png", "palette.png", "bits.png", "color.jpg", "grey.jpg"} do
        for mode, count in pairs(channels) do
          local x = ty.io.read_image(golden .. name, mode)
          assert.are.same({count, 8, 12}, {table.unpack(x.shape)}, name .. " as " .. mode)
          if mode:find "ALPHA" and name ~= "alpha.png" then assert.are.equal(255, x[count]:min():item()) end
        end
      end
      assert.are.equal(4, ty.io.read_image(golden .. "alpha.png").shape[1])
      assert.are.equal(1, ty.io.decode_image(bytes_of(golden .. "grey.jpg")).shape[1])
    end)
    it("come back as they were written", function()
      for channels = 1, 4 do
        local x = (ty.rand(channels, 9, 7) * 255):byte()
        ty.io.write_png(x, path "a.png")
        assert.is_true(ty.io.read_image(path "a.png"):equal(x))
      end
      local smooth = ty.arange(64):view(8, 8):mul(3):byte()
      ty.io.write_jpeg(smooth, path "a.jpg", 100)
      assert.is_true((ty.io.read_image(path "a.jpg")[1]:long() - smooth:long()):abs():max():item() <= 3)
    end)
    it("that are none are refused", function()
      refused("CMYK", ty.io.read_image, golden .. "refused_cmyk.jpg")
      refused("neither a PNG nor a JPEG", ty.io.read_image, golden .. "stored.npz")
      refused("mode must be", ty.io.read_image, golden .. "color.png", "BLUE")
      refused("(x * 255):byte()", ty.io.write_png, ty.rand(3, 4, 4), path "a.png")
      refused("1 or 3", ty.io.write_jpeg, ty.zeros({4, 4, 4}, {dtype = ty.uint8}), path "a.jpg")
      refused("quality", ty.io.write_jpeg, ty.zeros({4, 4}, {dtype = ty.uint8}), path "a.jpg", 0)
      -- a header that promises 2^31 x 2^31 pixels
      local png = bytes_of(golden .. "color.png")
      local huge = png:sub(1, 16) .. "\x7f\xff\xff\xff\x7f\xff\xff\xff" .. png:sub(25)
      assert.is_false((pcall(ty.io.decode_image, huge)))
    end)
  end)

  describe("CSV", function()
    it("columns have the dtypes of their values", function()
      local csv = ty.io.load_csv(golden .. "houses.csv")
      assert.are.same({"id", "price", "city, state", "sold"}, csv.columns)
      assert.are.equal(3, #csv)
      assert.is_true(csv.id:equal(ty.tensor {1, 2, 3}))
      assert.are.equal(ty.float64, csv.price.dtype)
      assert.are.equal(-1000, csv.price[3]:item())
      assert.is_true(csv.price[2]:isnan():item())
      assert.is_true(csv.sold:equal(ty.tensor {true, false, true}))
      local city = csv["city, state"]
      assert.is_true(city:equal(ty.tensor {1, 2, 3}))
      assert.are.same({"Århus", 'a "b"', "x\ny"}, csv.classes["city, state"])
      assert.are.same({3, 2}, {table.unpack(csv:tensor({"id", 4}).shape)})
      assert.are.equal(ty.float32, csv:tensor({"id"}).dtype)
      assert.truthy(tostring(csv):find("price: ", 1, true))
    end)
    it("takes delimiters, words for missing values, and files without a header", function()
      local csv = ty.io.load_csv(golden .. "european.csv", {delimiter = ";", missing = {"?"}})
      assert.are.equal(5, csv.b[2]:item())
      assert.is_true(csv.b[1]:isnan():item())
      csv = ty.io.load_csv(golden .. "european.csv", {delimiter = ";", header = false})
      assert.are.same({"1", "2"}, csv.columns)
      assert.are.same({"b", "?", "5"}, csv.classes["2"])
      local empty = ty.io.load_csv(spill("empty.csv", "a,b\n"))
      assert.are.equal(0, #empty)
      assert.are.same({0, 2}, {table.unpack(empty:tensor().shape)})
    end)
    it("that is not even is refused", function()
      local load = ty.io.load_csv
      refused("row 3 has 3 fields where the header has 2", load, spill("bad.csv", "a,b\n1,2\n1,2,3\n"))
      refused("\"a\" twice", load, spill("bad.csv", "a,a\n1,2\n"))
      refused("quote", load, spill("bad.csv", 'a,b\n1,"2\n'))
      refused("is empty", load, spill("bad.csv", ""))
      refused("one character", load, golden .. "houses.csv", {delimiter = "ab"})
      local csv = load(golden .. "houses.csv")
      refused("the columns are: id, price", csv.column, csv, "cost")
      refused("out of range", csv.column, csv, 9)
    end)
  end)

  describe("CSV that is written", function()
    local data = ty.OrderedDict {{"n", ty.tensor {1, -2, 3}}, {"third", ty.tensor({1 / 3, 0 / 0, -1 / 0}, {dtype = "float64"})},
      {"whole", ty.tensor {1.0, 2, 0.75}}, {"city, state", {"Århus", 'a "b"', "x\ny"}}, {"gap", {1.5, nil, 2.5}},
      {"yes", ty.tensor {true, false, true}}, {"word", {" a", "b", ""}}}
    it("is the text one expects", function()
      ty.io.save_csv(data, path "a.csv")
      assert.are.equal('n,third,whole,"city, state",gap,yes,word\n1,0.3333333333333333,1.0,Århus,1.5,true," a"\n'
        .. '-2,,2.0,"a ""b""",,false,b\n3,-inf,0.75,"x\ny",2.5,true,\n', bytes_of(path "a.csv"))
      ty.io.save_csv({b = {1, ty.io.null}, a = {"x", "y"}}, path "a.csv", {delimiter = ";", missing = "?"})
      assert.are.equal("a;b\nx;1\ny;?\n", bytes_of(path "a.csv"))
      ty.io.save_csv({b = {1, nil, 2}, a = {"x"}}, path "a.csv", {columns = {"b"}, header = false})
      assert.are.equal('1\n""\n2\n', bytes_of(path "a.csv"))
      ty.io.save_csv(ty.tensor {{1, 2}, {3, 4}}, path "a.csv")
      assert.are.equal("1,2\n1,2\n3,4\n", bytes_of(path "a.csv"))
    end)
    it("comes back with its names, dtypes and values", function()
      ty.io.save_csv(data, path "a.csv")
      local csv = ty.io.load_csv(path "a.csv")
      assert.are.same(ty.OrderedDict.keys(data), csv.columns)
      assert.is_true(csv.n:equal(data.n) and csv.yes:equal(data.yes))
      assert.are.equal(1 / 3, csv.third[1]:item())
      assert.is_true(csv.third[2]:isnan():item() and csv.gap[2]:isnan():item())
      assert.are.equal(-1 / 0, csv.third[3]:item())
      assert.are.equal(ty.float64, csv.whole.dtype)
      assert.are.same({" a", "b", ""}, csv.classes.word)
      assert.are.same(data["city, state"], csv.classes["city, state"])
      ty.io.save_csv(csv, path "b.csv")
      assert.are.equal(bytes_of(path "a.csv"), bytes_of(path "b.csv"))
      local x = ty.randn(1000, 3)
      ty.io.save_csv(x, path "a.csv", {columns = {"a", "b", "c"}})
      assert.is_true(ty.io.load_csv(path "a.csv"):tensor():equal(x))
      local y = ty.randn({50, 1}, {dtype = ty.float64}) * 1e-300
      ty.io.save_csv(y, path "a.csv")
      assert.is_true(ty.io.load_csv(path "a.csv"):tensor(nil, ty.float64):equal(y))
    end)
    it("must be columns of one length with names and plain cells", function()
      local save, a = ty.io.save_csv, path "none.csv"
      refused('"b" has 2 values, "a" has 1', save, {a = {1}, b = {1, 2}}, a)
      refused("columns have names", save, {1, 2}, a)
      refused("neither a tensor nor a list", save, {a = 3}, a)
      refused("cells are numbers, texts and booleans", save, {a = {{}}}, a)
      refused("a column has one dimension", save, {a = ty.rand(2, 2)}, a)
      refused("at least one column", save, {}, a)
      refused("there is no column", save, {a = {1}}, a, {columns = {"b"}})
      refused("1 names for 2 columns", save, ty.rand(3, 2), a, {columns = {"b"}})
      refused("0 byte", save, {a = {"x\0y"}}, a)
      refused("one character", save, {a = {1}}, a, {delimiter = "::"})
      refused("line's end", save, {a = {1}}, a, {delimiter = "\n"})
      assert.is_nil(io.open(a))
    end)
  end)

  describe("JSON", function()
    it("comes back as it was written", function()
      local value = {lr = 1e-3, third = 1 / 3, n = 5, layers = {784, 256, 10}, text = 'é\n"', yes = true, none = {},
        deep = {{{1}}}}
      for _, indent in ipairs {true, false} do
        ty.io.save_json(value, path "a.json", indent)
        assert.are.same(value, ty.io.load_json(path "a.json"))
      end
      assert.are.equal("[1,2.5,1.0,true,null]", ty.io.encode_json {1, 2.5, 1.0, true, ty.io.null})
      assert.are.equal(ty.io.null, ty.io.decode_json("[null]")[1])
      assert.are.equal("integer", math.type(ty.io.decode_json("[3]")[1]))
    end)
    it("that is none is refused", function()
      refused("line 2, column 3", ty.io.decode_json, '{"a":\n [}')
      refused("not JSON", ty.io.decode_json, "[1] 2")
      refused("not JSON", ty.io.decode_json, ("["):rep(100000))
      refused("UTF-8", ty.io.decode_json, '"\255"')
      refused("infinity", ty.io.encode_json, {1 / 0})
      refused("x:totable()", ty.io.encode_json, {ty.rand(2)})
      local cycle = {}
      cycle[1] = cycle
      assert.is_false((pcall(ty.io.encode_json, cycle)))
    end)
  end)

  it("cut short or changed at any byte, files load or are errors", function()
    local files = {"float32.npy", "fortran.npy", "stored.npz", "compressed.npz", "all.safetensors", "color.png", "palette.png",
      "color.jpg", "houses.csv"}
    local seed = os.time()
    math.randomseed(seed)
    for _, name in ipairs(files) do
      local bytes, read = bytes_of(golden .. name), readers[name:match "%.(%w+)$"]
      local tried = spill("tried", bytes)
      assert.is_true((pcall(read, tried)), name)
      for _ = 1, 60 do
        local at = math.random(#bytes)
        local broken = math.random(3) == 1 and bytes:sub(1, at - 1)
          or bytes:sub(1, at - 1) .. string.char(math.random(0, 255)) .. bytes:sub(at + 1)
        spill("tried", broken)
        local ok, text = pcall(read, tried)
        assert.is_true(ok or text:find("%w+: .*tried") ~= nil or text:find "interrupted" == nil and #text > 20,
          ("%s, seed %d: %s"):format(name, seed, text))
      end
    end
  end)

  it("that cannot be written leave the old file", function()
    spill("old.npy", "old")
    for _, write in ipairs {ty.io.save_npy, ty.io.write_png} do
      refused("does not exist", write, ty.zeros({2, 2}, {dtype = ty.uint8}), path "none/a.npy")
      refused("directory", write, ty.zeros({2, 2}, {dtype = ty.uint8}), folder)
    end
    refused("NaN", ty.io.save_json, {0 / 0}, path "old.npy")
    assert.are.equal("old", bytes_of(path "old.npy"))
  end)
end)
