--[[
The CUDA plug-in as it is found, opened and refused: what a user reads where there is no GPU, no driver, no plug-in or one of
another build, and that the CPU goes on in each case; and that the program itself needs nothing of CUDA. Without the emulated
plug-in the cases that need it are pending.
]]

local cuda = require "support.cuda"

local plugin = os.getenv "TYCHO_CUDA_PLUGIN"

-- What asking for "cuda" says, and that the CPU still computes.
local report = [[
  local ok, message = pcall(ty.zeros, 2, {device = "cuda"})
  print(ok, message)
  print(ty.cuda.is_available(), ty.cuda.device_count())
  print("sum", (ty.ones(3) * 2):sum():item())
]]

local function expect(environment, ...)
  local text, ok = cuda.run(environment, report)
  assert.is_truthy(ok, text)
  for _, part in ipairs {"false", "sum\t6.0", ...} do assert.is_truthy(text:find(part, 1, true), text) end
  assert.is_truthy(text:find("false\t0", 1, true), text)
end

local function file_exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  return text, pipe:close()
end

describe("without CUDA the reason is said, and the CPU goes on:", function()
  it("a plug-in file that is not there", function()
    expect({TYCHO_CUDA_PLUGIN = "/nowhere/libtycho_cuda.so"}, 'device "cuda" is not available', "/nowhere/libtycho_cuda.so")
  end)

  it("no GPU in the machine", function()
    if not cuda.emulated then return pending "the emulated plug-in is not there" end
    expect({TYCHO_CUDA_PLUGIN = plugin, EMULATED_CUDA_DEVICES = "0"}, "the NVIDIA driver finds no GPU")
  end)

  it("a driver that is too old", function()
    if not cuda.emulated then return pending "the emulated plug-in is not there" end
    expect({TYCHO_CUDA_PLUGIN = plugin, EMULATED_CUDA_DRIVER = "old"}, "the NVIDIA driver is too old", "update the driver")
  end)

  it("a plug-in of another version", function()
    local folder = os.tmpname()
    os.remove(folder)
    local source, library = folder .. ".c", folder .. ".so"
    local file = assert(io.open(source, "w"))
    file:write "int tyi_cuda_open(const void *host, int *abi, void *module)\n{\n    (void)host;\n    (void)module;\n"
    file:write "    *abi = 4711;\n    return 0;\n}\n"
    file:close()
    local _, built = output_of(("cc -shared -fPIC -o %s %s 2>&1"):format(library, source))
    os.remove(source)
    if not built then return pending "no C compiler" end
    expect({TYCHO_CUDA_PLUGIN = library}, "belongs to another version of Tycho", library)
    os.remove(library)
  end)

  it("a file that is no plug-in", function()
    local name = os.tmpname()
    expect({TYCHO_CUDA_PLUGIN = name}, "the CUDA plug-in cannot be loaded")
    os.remove(name)
  end)
end)

describe("the program and the Lua module", function()
  it("link to no library of CUDA", function()
    local build, looked_at = os.getenv "TYCHO_BUILD" or "build", 0
    for _, path in ipairs {build .. "/tycho", build .. "/lib/tycho/core.so"} do
      if file_exists(path) then
        local text, ok = output_of(("readelf -d '%s' 2>/dev/null"):format(path))
        if not ok then return pending "no readelf" end
        assert.is_truthy(text:find("NEEDED", 1, true), path)
        assert.is_nil(text:lower():match "needed[^\n]*cu[db][^\n]*", path)
        looked_at = looked_at + 1
      end
    end
    assert.is_true(looked_at > 0)
  end)

  it("open the plug-in only when CUDA is asked for", function()
    if not plugin then return pending "no plug-in is named" end
    local text = cuda.run({TYCHO_CUDA_PLUGIN = plugin}, [[
      local function loaded()
        local maps = io.open "/proc/self/maps"
        local found = maps:read "a":find(os.getenv "TYCHO_CUDA_PLUGIN", 1, true) ~= nil
        maps:close()
        return found
      end
      local y = ty.nn.Linear(2, 2)(ty.ones(1, 2)):sum()
      print(loaded())
      ty.cuda.is_available()
      print(loaded())
    ]])
    assert.are.equal("false\ntrue\n", text)
  end)
end)
