-- ty.progress as its user meets it: in a loop, in a log, and at a terminal (through pty_run, see tests/c/pty_run.c). Needs
-- TYCHO_BIN and TYCHO_PTY for the last two.

local ty = require "tycho"

local BIN, PTY = os.getenv "TYCHO_BIN", os.getenv "TYCHO_PTY"

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function with_file(text, f)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  local ok, result = pcall(f, path)
  os.remove(path)
  if not ok then error(result, 0) end
  return result
end

-- What a script writes to standard error, and to standard output before it, where neither is a terminal.
local function log_of(code, environment)
  return with_file(code, function(script)
    local pipe = io.popen(("TERM=xterm TYCHO_PROGRESS= %s %s %s 2>&1"):format(environment or "", quote(BIN), quote(script)))
    local text = pipe:read "a"
    pipe:close()
    return text
  end)
end

local header = [[
local function sleep(s)
  local clock = require "tycho.core".process.clock
  local stop = clock() + s
  while clock() < stop do end
end
]]

-- Runs a script at a terminal of these rows and columns by the steps of pty_run.
local function drive(code, steps, size)
  with_file(header .. code, function(script)
    with_file(table.concat(steps, "\n") .. "\n", function(list)
      local command = ("env TERM=xterm LC_ALL=C TYCHO_PROGRESS= %s -s %s %s %s <%s 2>&1"):format(quote(PTY), size or "24x80",
        quote(BIN), quote(script), list)
      local pipe = io.popen(command)
      local text = pipe:read "a"
      assert.is_true(pipe:close() == true, text)
    end)
  end)
end

describe("ty.progress", function()
  it("goes over loaders, lists, counts, tensors and iterators, and gives what they give", function()
    local function all(...)
      local list = {}
      for a, b in ... do list[#list + 1] = b and {a, b} or a end
      return list
    end
    assert.same({1, 2, 3}, all(ty.progress(3)))
    assert.same({"a", "b"}, all(ty.progress {"a", "b"}))
    assert.same({}, all(ty.progress {}))
    assert.same({5, 6}, all(ty.progress(ty.tensor {5, 6}, "label"))[1]:item() == 5 and {5, 6})
    local loader = ty.data.DataLoader(ty.data.TensorDataset(ty.arange(1, 8), ty.arange(11, 18)), {batch_size = 3})
    local batches = all(ty.progress(loader))
    assert.equal(3, #batches)
    assert.same({14, 15, 16}, batches[2][2]:totable())
    assert.equal(3, #all(ty.progress(loader:iter(), {total = 3})))
    local n = 0
    assert.same({1, 2}, all(ty.progress(function()
      n = n + 1
      return n <= 2 and n or nil
    end)))
    local got = {}
    local bar = ty.progress(2)
    for i in bar do got[#got + 1] = i end
    for i in bar do got[#got + 1] = i end
    assert.same({1, 2}, got)
  end)

  it("says what is wrong", function()
    assert.error_matches(function() ty.progress(true) end, "progress: a DataLoader, a list, a count")
    assert.truthy(select(2, pcall(function() ty.progress(true) end)):find "progress_spec.lua:%d+: progress")
    assert.error_matches(function() ty.progress() end, "progress: argument 'iterable' is missing")
    assert.error_matches(function() ty.progress(3, {lable = "x"}) end, "unknown option 'lable'; known ones are: .*label, note")
    assert.error_matches(function() ty.progress(ipairs {1}) end, "'label' must be a string, got a table")
    local bar = ty.progress(3)
    assert.error_matches(function() bar:set {x = ty.zeros(2)} end, "progress:set: 'x' must be.*{2}")
    assert.error_matches(function() bar:set(3) end, "progress:set: a table of values by name")
  end)

  it("keeps no graph of a loss that it shows", function()
    local bar = ty.progress(3)
    local loss = (ty.ones(1, {requires_grad = true}) * 2):sum()
    bar:set {loss = loss, step = 1}
    assert.is_false(bar.values.loss.requires_grad)
    assert.same({"loss", "step"}, bar.names)
    bar:set {loss = false}
    assert.same({"step"}, bar.names)
  end)

  it("passes errors of the loop on", function()
    assert.error_matches(function()
      for i in ty.progress(3) do error("at " .. i, 0) end
    end, "^at 1$")
  end)
end)

describe("ty.progress in a log", function()
  if not BIN then
    pending "needs TYCHO_BIN"
    return
  end

  it("is silent about short loops", function()
    assert.equal("", log_of 'local ty = require "tycho"; for _ in ty.progress(1000) do end')
  end)

  it("writes a line for each tenth, with the values, among what is printed", function()
    local text = log_of [[
      local ty = require "tycho"
      local bar = ty.progress(20, {label = "epoch 1", interval = 0, note = function() return "a note" end})
      for i in bar do
        bar:set {loss = ty.tensor(0.5) / i, n = i}
        if i == 10 then print "half" end
      end]]
    local lines = {}
    for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
    assert.equal(11, #lines, text)
    assert.truthy(lines[1]:find("^epoch 1  10%% 2/20 %[00:00<00:00, %d+ it/s%]  loss 0.25, n 2, a note$"), text)
    assert.equal("half", lines[5])
    assert.truthy(lines[11]:find("^epoch 1 100%% 20/20 %[00:00<00:00, %d+ it/s%]  loss 0.025, n 20, a note$"), text)
    assert.is_nil(text:find("\27", 1, true))
    assert.is_nil(text:find("\r", 1, true))
  end)

  it("says where a loop was left", function()
    local text = log_of [[
      local ty = require "tycho"
      for i in ty.progress(20, {interval = 0}) do if i == 4 then break end end
      print(pcall(function() for i in ty.progress(20, {interval = 0}) do if i == 4 then error("oh", 0) end end end))]]
    local _, n = text:gsub("15%% 3/20", "")
    assert.equal(2, n, text)
    assert.truthy(text:find("false\toh", 1, true), text)
  end)

  it("can be turned off, and counts what has no end", function()
    local code = 'local ty = require "tycho"; for _ in ty.progress(20, {interval = 0}) do end'
    assert.equal("", log_of(code, "TYCHO_PROGRESS=off"))
    assert.equal("", log_of 'local ty = require "tycho"; for _ in ty.progress(20, {interval = 0, disable = true}) do end')
    local text = log_of [[local ty, n = require "tycho", 0
      for _ in ty.progress(function() n = n + 1; return n < 4 and n or nil end, {interval = 0, label = "stream"}) do end]]
    assert.truthy(text:find("stream 1 [", 1, true), text)
    assert.truthy(text:find("stream 100% 3/3 [", 1, true), text)
  end)
end)

describe("ty.progress at a terminal", function()
  if not BIN or not PTY then
    pending "needs TYCHO_BIN and TYCHO_PTY"
    return
  end

  it("draws one line, and ends it with the loop", function()
    drive([[local bar = ty.progress(4, {label = "epoch 1"})
      for i in bar do sleep(0.11); bar:set {loss = 1 / i} end
      io.write("after\n")]],
      {"raw \\repoch 1  25% |", "expect 2/4 [00:0", "expect loss 0.5",
        "raw \\r\\e[Jepoch 1 100% |#########################| 4/4 [00:0", "raw   loss 0.25\\r\\nafter", "exit 0"})
  end)

  it("puts what is printed above the bar", function()
    drive([[for i in ty.progress(3) do
        sleep(0.11)
        if i == 2 then print "hello"; io.write("part"); io.stdout:write(" two\n"); io.stderr:write("three\n") end
      end]],
      {"raw \\r\\e[Jhello\\r\\n 33%", "raw \\r\\e[Jpart two\\r\\n 33%", "raw \\r\\e[Jthree\\r\\n 33%", "raw 3/3", "exit 0"})
  end)

  it("leaves print as it was", function()
    drive([[local before, write = print, io.write
      for i in ty.progress(3) do assert(print ~= before) end
      assert(print == before and io.write == write)
      for i in ty.progress(3) do if i == 2 then break end end
      pcall(function() for i in ty.progress(3) do error "x" end end)
      assert(print == before and io.write == write)
      local bar = ty.progress(3)
      for i in bar do if i == 2 then break end end
      print "done"
      assert(print == before and io.write == write)]], {"raw 1/3", "raw \\r\\ndone", "exit 0"})
  end)

  it("shows nested bars below each other, and takes the inner ones away", function()
    drive([[for i in ty.progress(2, "outer") do
        for j in ty.progress(3, "inner") do sleep(0.06) end
      end]],
      {"raw outer   0% |", "raw \\ninner   0% |", "raw \\r\\e[1A\\e[Jouter   0%", "raw \\router  50%",
        "raw \\r\\e[1A\\e[Jouter  50%", "raw outer 100%", "exit 0"})
  end)

  it("ends the line of a loop that is left, and takes a bar away that is not to be kept", function()
    drive([[for i in ty.progress(3) do sleep(0.11); if i == 2 then break end end print "left"
      for i in ty.progress(3, {label = "gone", keep = false}) do sleep(0.11) end print "end"]],
      {"raw 1/3", "raw ]\\r\\nleft", "raw \\r\\e[Jend", "exit 0"})
  end)

  it("fits narrow windows", function()
    drive([[local bar = ty.progress(3, {label = "epoch 1"})
      for i in bar do sleep(0.11); bar:set {loss = 0.5} end print "end"]],
      {"raw \\repoch 1  33%  loss 0.5\\e[K", "raw 100%  loss 0.5\\r\\nend", "exit 0"}, "24x30")
    drive([[for i in ty.progress(3, {label = "epoch 1"}) do sleep(0.05) end print "end"]], {"raw epoc\\r\\nend", "exit 0"},
      "24x5")
  end)

  it("gives the line back to the prompt, however the loop is left", function()
    local setup = header:gsub("\n%s*", " ")
    with_file(table.concat({"expect > ", "line bar = ty.progress(100)", "expect > ", "line " .. (setup:gsub("^local ", "")),
      "expect > ", "line for i in bar do sleep(0.03) if i == 9 then break end end", "raw % |", "raw ]\\r\\n", "expect > ",
      "line for i in ty.progress(100) do sleep(0.03) end", "raw 0/100 [", "send \\x03", "raw ]\\r\\n", "expect interrupted",
      "expect > ", "send \\x04", "exit 0"}, "\n") .. "\n", function(steps)
        local pipe = io.popen(("env TERM=xterm LC_ALL=C INPUTRC=/dev/null TYCHO_PROGRESS= XDG_STATE_HOME=/nowhere %s %s <%s 2>&1")
          :format(quote(PTY), quote(BIN), steps))
        local text = pipe:read "a"
        assert.is_true(pipe:close() == true, text)
      end)
  end)

  it("gives the line back at Ctrl-C and at an error", function()
    drive([[for i in ty.progress(100) do sleep(0.05) end]],
      {"raw 0/100 [", "send \\x03", "raw ]\\r\\n", "expect interrupted", "exit 130"})
    drive([[for i in ty.progress(100) do sleep(0.05); if i == 3 then error "boom" end end]],
      {"raw 0/100 [", "raw ]\\r\\n", "expect boom", "exit 1"})
  end)
end)
