-- Saving, when things go wrong: a process that is killed, a full disk, no permission, a directory where the file belongs. The
-- file that was there stays whole, the message says what is the matter, and nothing is left lying about.
local ty = require "tycho"
local process = require("tycho.core").process

local tycho = assert(os.getenv "TYCHO_BIN", "TYCHO_BIN names the program")
local folder

local function path(name) return folder .. "/" .. name end

local function bytes_of(name)
  local f = io.open(name, "rb")
  local bytes = f and f:read "a"
  if f then f:close() end
  return bytes
end

local function spill(name, bytes)
  local f = assert(io.open(path(name), "wb"))
  f:write(bytes)
  f:close()
  return path(name)
end

-- All names in the folder, hidden ones too.
local function names()
  local pipe = assert(io.popen(("ls -A '%s'"):format(folder)))
  local list = {}
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local function wait(seconds)
  local start = process.clock()
  while process.clock() - start < seconds do end
end

-- What every writer writes here, by the name of its file: Lua of x and `to`.
local x = ty.arange(4096):view(1, 64, 64):remainder(251):byte()
local calls = {
  ["a.pt"] = "ty.save({x = x:float()}, to)",
  ["a.npy"] = "ty.io.save_npy(x, to)",
  ["a.npz"] = "ty.io.save_npz({x = x:float()}, to)",
  ["a.safetensors"] = "ty.io.save_safetensors({x = x:float()}, to)",
  ["a.csv"] = "ty.io.save_csv(x[1]:float(), to)",
  ["a.json"] = "ty.io.save_json(x:totable(), to)",
  ["a.png"] = "ty.io.write_png((ty.rand(1, 64, 64) * 255):byte(), to)",
  ["a.jpg"] = "ty.io.write_jpeg(x, to, 100)",
}
local writers = {}
for name, call in pairs(calls) do
  local run = assert(load("local ty, x, to = ... " .. call, "=saving_spec.lua"))
  writers[name] = function(to) run(ty, x, to) end
end

-- The message of a writer that must fail, which must be blamed on this file.
local function refused(write, to)
  local ok, text = pcall(write, to)
  assert.is_false(ok, to)
  assert.truthy(text:find("saving_spec.lua:", 1, true), text)
  return text
end

describe("saving", function()
  before_each(function()
    -- In memory where that can be: the disk's own speed is not what is tested.
    local made = os.tmpname()
    os.remove(made)
    folder = os.execute("test -w /dev/shm") and "/dev/shm/" .. made:match "[^/]*$" or made
    assert(os.execute("mkdir " .. folder))
  end)
  after_each(function() os.execute(("chmod -R u+w '%s'; rm -rf '%s'"):format(folder, folder)) end)

  it("is whole or not at all, when the process is killed 200 times at any moment", function()
    -- Its two tensors tell a whole file from one that is half of each.
    local child = spill("child.lua", ([[
      local ty = require "tycho"
      local target, n = %q, tonumber(arg[1])
      while true do
        n = n + 1
        ty.save({n = n, first = ty.full({256, 1024}, n), last = ty.full({256, 1024}, n)}, target)
        if n == tonumber(arg[1]) + 1 then io.stdout:write(require("tycho.core").process.getpid(), "\n"):flush() end
      end
    ]]):format(path "model.pt"))
    local seed = os.time()
    math.randomseed(seed)
    local inside, n = 0, 0
    for round = 1, 200 do
      local pipe = assert(io.popen(("exec '%s' '%s' %d"):format(tycho, child, n)))
      local pid = assert(tonumber(pipe:read "l"))
      wait(math.random() * 0.006)
      assert(os.execute(("kill -9 %d"):format(pid)))
      pipe:close()
      local held = ty.load(path "model.pt")
      assert.is_true(held.n > n, ("round %d, seed %d"):format(round, seed))
      n = held.n
      assert.is_true(held.first:eq(n):all():item() and held.last:eq(n):all():item(), ("round %d, seed %d"):format(round, seed))
      local left = names()
      assert.is_true(#left <= 3, table.concat(left, " "))
      if #left == 3 then inside = inside + 1 end
    end
    assert.is_true(inside >= 20, ("only %d of 200 kills met a file that was being written"):format(inside))
    ty.save({n = 0}, path "model.pt")
    assert.are.same({"child.lua", "model.pt"}, names())
  end)

  it("removes what a killed writer left, and nothing that is in use or not a writer's", function()
    spill(".a.npy.tycho-tmp", "left behind")
    spill(".b.npy.tycho-tmp", "of another target")
    writers["a.npy"](path "a.npy")
    assert.are.same({".b.npy.tycho-tmp", "a.npy"}, names())
    assert(os.execute(("mkdir '%s'"):format(path ".c.npy.tycho-tmp")))
    writers["a.npy"](path "c.npy")
    assert.are.same({".b.npy.tycho-tmp", ".c.npy.tycho-tmp", "a.npy", "c.npy"}, names())
    if not os.execute "command -v flock > /dev/null" then return end
    local held = spill(".d.npy.tycho-tmp", "being written")
    local pipe = assert(io.popen(("exec flock '%s' sh -c 'echo locked; exec cat'"):format(held), "w"))
    wait(0.3)
    writers["a.npy"](path "d.npy")
    pipe:close()
    assert.are.equal("being written", bytes_of(held))
    assert.are.same(x:totable(), ty.io.load_npy(path "d.npy"):totable())
  end)

  it("to a directory, into a missing one, or below a file is refused", function()
    for name, write in pairs(writers) do
      assert.truthy(refused(write, folder):find("is a directory; name a file in it", 1, true), name)
      assert.truthy(refused(write, path "none/" .. name):find("does not exist; make it first", 1, true), name)
      spill("file", "old")
      assert.truthy(refused(write, path "file/" .. name):find("is not a directory", 1, true), name)
      assert.truthy(refused(write, folder .. "/"):find("directory", 1, true), name)
      assert.truthy(refused(write, "/dev/full"):find("is not a regular file", 1, true), name)
    end
    assert.are.same({"file"}, names())
  end)

  -- Runs the writers in another process, under a shell's conditions, over files that hold "old"; the messages by name.
  local function elsewhere(conditions, target)
    for name in pairs(writers) do spill(name, "old") end
    local script = path "writers.lua"
    local lines = {("package.path = %q"):format(package.path), "local ty = require 'tycho'",
      "local x = ty.arange(4096):view(1, 64, 64):remainder(251):byte()",
      "local function try(name, f) local ok, text = pcall(f) print(name, ok, (tostring(text):gsub('\\n', ' '))) end"}
    for name, call in pairs(calls) do
      local to = (target or folder) .. "/" .. name
      lines[#lines + 1] = ("do local to = %q; try(%q, function() %s end) end"):format(to, name, call)
    end
    spill("writers.lua", table.concat(lines, "\n"))
    local pipe = assert(io.popen(conditions:format(("'%s' '%s'"):format(tycho, script)) .. " 2>&1"))
    local said, all = {}, pipe:read "a"
    pipe:close()
    for name, ok, text in all:gmatch "(a%.%w+)\t(%a+)\t([^\n]*)" do said[name] = {ok = ok == "true", text = text} end
    for name in pairs(writers) do assert.is_table(said[name], all) end
    return said
  end

  local function all_old()
    local listed = names()
    for name in pairs(writers) do assert.are.equal("old", bytes_of(path(name)), name) end
    for _, name in ipairs(listed) do assert.is_nil(name:find("tycho-tmp", 1, true), name) end
  end

  it("that the disk or a limit has no room for leaves the old file", function()
    -- A limit on the size of files stands for the full disk: the system refuses the write in the same place.
    for name, said in pairs(elsewhere("ulimit -f 1; exec %s")) do
      assert.is_false(said.ok, name)
      assert.truthy(said.text:find("cannot be written: File too large", 1, true), said.text)
      assert.truthy(said.text:find(path(name), 1, true), said.text)
    end
    all_old()
  end)

  it("on a full disk says so", function()
    local disk = path "disk"
    assert(os.execute(("mkdir '%s'"):format(disk)))
    -- A small disk of its own, where the system lets the user make one.
    if not os.execute(("unshare -rm mount -t tmpfs -o size=8k none '%s' 2> /dev/null"):format(disk)) then return end
    local conditions = ("unshare -rm sh -c \"mount -t tmpfs -o size=4k none '%s'; exec %%s\""):format(disk)
    for name, said in pairs(elsewhere(conditions, disk)) do
      if name == "a.npy" or name == "a.jpg" then -- they fit, as nothing of the others is left
        assert.is_true(said.ok or said.text:find("No space left", 1, true) ~= nil, said.text)
      else
        assert.is_false(said.ok, name)
        assert.truthy(said.text:find("No space left on device", 1, true), said.text)
      end
    end
  end)

  it("without permission leaves the old file", function()
    -- The system's manager may write anywhere; it becomes nobody.
    local root = io.popen "id -u":read "l" == "0"
    local conditions = "exec %s"
    if root then
      if not os.execute "command -v setpriv > /dev/null" then return end
      conditions = "exec setpriv --reuid=65534 --regid=65534 --clear-groups %s"
      if not os.execute((conditions:format("'%s' -e 'return 1'"):format(tycho)) .. " > /dev/null 2>&1") then return end
    end
    local closed = "chmod 444 '" .. folder .. "'/a.*; chmod 555 '" .. folder .. "'; "
    for name, said in pairs(elsewhere(closed .. conditions)) do
      assert.is_false(said.ok, name)
      assert.truthy(said.text:find("Permission denied", 1, true), said.text)
    end
    all_old()
  end)
end)
