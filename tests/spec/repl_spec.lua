-- The executable `tycho` as its user meets it: at a terminal (driven through pty_run, see tests/c/pty_run.c) and in
-- pipes. Needs the environment variables TYCHO_BIN (the executable) and TYCHO_PTY (pty_run); relies on sh otherwise.
-- Specs that compute with tensors are pending where the library does not load.

local BIN = os.getenv("TYCHO_BIN")
local PTY = os.getenv("TYCHO_PTY")

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function write_file(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function read_file(path)
  local file = io.open(path)
  local text = file and file:read("a")
  if file then
    file:close()
  end
  return text
end

-- Runs a shell command; its standard output, standard error and exit status.
local function sh(command)
  local out, err = os.tmpname(), os.tmpname()
  local _, how, code = os.execute(("{ %s\n} >%s 2>%s"):format(command, out, err))
  local stdout, stderr = read_file(out), read_file(err)
  os.remove(out)
  os.remove(err)
  return stdout, stderr, how == "exit" and code or 128 + code
end

describe("tycho", function()
  if not BIN or not PTY then
    pending("needs TYCHO_BIN and TYCHO_PTY")
    return
  end

  local folder, bin = nil, quote(BIN)

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir -m 700 " .. quote(folder)))
  end)

  teardown(function()
    os.execute("rm -rf " .. quote(folder))
  end)

  -- Writes a script into the folder of the test; its name.
  local function script(name, text)
    write_file(folder .. "/" .. name, text)
    return folder .. "/" .. name
  end

  -- Drives the command at a terminal by the steps, each a string; fails with what was on the screen.
  local function drive_command(command, steps)
    local steps_file = script("steps", table.concat(steps, "\n") .. "\n")
    local settings = "TERM=xterm INPUTRC=/dev/null NO_COLOR= XDG_STATE_HOME=" .. quote(folder .. "/state")
    local stdout, stderr, status = sh(("cd %s && env %s %s -t 30 %s <%s"):format(quote(folder), settings, quote(PTY),
      command, quote(steps_file)))
    assert.is_true(status == 0, stdout .. stderr)
  end

  -- The same for the prompt.
  local function drive(steps)
    drive_command(bin, steps)
  end

  local has_library = BIN and select(3, sh(bin .. " -e 'assert(ty.randn)'")) == 0

  describe("at the prompt", function()
    it("shows one line of banner, then the prompt", function()
      drive {"expect Tycho ", "expect \\n> ", "send \\x04", "exit 0"}
    end)

    it("shows the value of an expression and keeps it in _", function()
      drive {"expect > ", "line 6 * 7", "expect \\n42\\n", "line _ + 1", "expect \\n43\\n"}
    end)

    it("quotes strings, separates values and shows what is in a table", function()
      drive {"expect > ", "line 'a' .. 'b', 3", "expect \"ab\"\\t3", "expect > ",
        "line {10, 20, name = 'x', inner = {1, 2}}", "expect {10, 20, inner = {1, 2}, name = \"x\"}"}
    end)

    it("shows nothing for statements and for calls without a result", function()
      drive {"expect > ", "line x = 1", "expect > ", "line (function() return nil end)()", "expect > ",
        "line print('seen')", "expect \\nseen\\n> ", "refuse \\nnil"}
    end)

    it("continues an unfinished chunk on the next line", function()
      drive {"expect > ", "line for i = 1, 2 do", "expect \\n>> ", "line print('row', i)", "expect \\n>> ", "line end",
        "expect row\\t1\\nrow\\t2\\n> ", "line {1,", "expect >> ", "line 2}", "expect {1, 2}"}
    end)

    it("keeps a top-level local for the lines after it", function()
      drive {"expect > ", "line local a, b <const> = 20, 22", "expect > ",
        "line local function twice(v) return 2 * v end", "expect > ", "line twice(a + b)", "expect \\n84\\n",
        "line do local hidden = 1 end", "expect > ",
        "line hidden", "expect \\nnil\\n"}
    end)

    it("runs a pasted text line by line and stops at the first error", function()
      drive {"expect > ", "send \\e[200~local p = 1\\np + 4\\nerror('halt')\\nprint('not' .. ' reached')\\e[201~\\r",
        "expect \\n5\\n", "expect stdin:1: halt", "expect > ", "refuse not reached\\n> "}
    end)

    it("shows the user's line of an error and goes on", function()
      drive {"expect > ", "line error('oops')", "expect stdin:1: oops\\n> ", "line function f()", "expect >> ",
        "line local t = nil; return t.x", "expect >> ", "line end", "expect > ", "line f()",
        "expect stdin:2: attempt to index", "expect stdin:2: in function 'f'", "expect stdin:1: in main chunk",
        "expect > ", "refuse [C]", "line x = = 1", "expect stdin:1: unexpected symbol near '='", "expect > "}
    end)

    it("leaves on Ctrl-D, exit and quit()", function()
      drive {"expect > ", "send \\x04", "exit 0"}
      drive {"expect > ", "line exit", "exit 0"}
      drive {"expect > ", "line quit()", "exit 0"}
    end)

    it("drops the input on Ctrl-C, that of an unfinished chunk as well", function()
      drive {"expect > ", "send junk(", "expect junk(", "send \\x03", "expect ^C", "expect > ", "line 1 + 1",
        "expect \\n2\\n> ", "line while true do", "expect >> ", "send \\x03", "expect \\n> ", "line 3 + 4",
        "expect \\n7\\n"}
    end)

    it("runs finalizers and flushes files when it ends", function()
      local path = folder .. "/flushed"
      drive {"expect > ", ("line out = io.open(%q, 'w') out:write('kept')"):format(path), "expect > ",
        "line setmetatable({}, {__gc = function() print('collected') end}) and nil", "expect > ", "send \\x04",
        "expect collected", "exit 0"}
      assert.equal("kept", read_file(path))
    end)

    it("turns ?name into help(name)", function()
      drive {"expect > ", "line help = function(name) print('about ' .. name) end", "expect > ", "line ?nn.Linear",
        "expect about nn.Linear"}
    end)

    it("explains names, layers and variables after a question mark", function()
      if not has_library then
        pending("the library does not load")
        return
      end
      drive {"expect > ", "line ?matmul", "expect ty.matmul(input: Tensor", "expect > ", "line ?nn.Linear",
        "expect in_features", "expect > ", "line x = ty.zeros(2, 3)", "expect > ", "line ?x",
        "expect x is a tensor: float32 {2, 3}", "expect > ", "line ?matmull",
        "expect nothing is named 'matmull'; near it: ty.matmul", "expect > ", "line ?nn.init", "expect xavier_uniform_",
        "expect > "}
    end)
  end)

  describe("the Tab key", function()
    it("completes globals and keywords", function()
      drive {"expect > ", "line favourite = 'chess'", "expect > ", "send favou\\t\\r", "expect \"chess\"", "expect > ",
        "send whi\\t", "expect while"}
    end)

    it("completes fields, through tables and __index tables", function()
      drive {"expect > ", "line base = {inherited = {deep = 5}}; obj = setmetatable({own = {leaf = 7}}, "
          .. "{__index = base})", "expect > ", "send obj.inh\\t.de\\t\\r", "expect \\n5\\n> ",
        "send obj.own.le\\t\\r", "expect \\n7\\n> ",
        "send string.fo\\t('%d', 9)\\r", "expect \"9\""}
    end)

    it("completes methods, and asks __complete", function()
      drive {"expect > ", "line s = 'text'", "expect > ", "send s:up\\t()\\r", "expect \"TEXT\"", "expect > ",
        "line v = setmetatable({}, {__complete = function(_, sep) return {sep == ':' and 'shout' or 'volume'} end,"
          .. " __index = function() return function() return 'HEY' end end})", "expect > ",
        "send v:sh\\t()\\r", "expect \"HEY\"", "expect > ", "send v.vol\\t", "expect v.volume"}
    end)

    it("lists the candidates on the second press", function()
      drive {"expect > ", "line net = {Linear = 1, LSTM = 2, LayerNorm = 3}", "expect > ", "send net.L\\t\\t",
        "expect LSTM", "expect LayerNorm", "expect Linear"}
    end)

    it("completes file names inside strings", function()
      script("weights-of-test.pt", "")
      drive {"expect > ", "send name = 'weights-of\\t", "expect weights-of-test.pt'", "send \\r", "expect > ",
        "line name", "expect \"weights-of-test.pt\""}
    end)

    it("runs no code: neither calls nor __index functions", function()
      drive {"expect > ", "line ran = 0; function bump() ran = ran + 1 return {field = 1} end", "expect > ",
        "line trap = setmetatable({}, {__index = bump})", "expect > ", "send bump().fie\\t\\t", "pause 0.2",
        "send \\x15trap.some.fie\\t\\t", "pause 0.2", "send \\x15ran\\r", "expect \\n0\\n"}
    end)

    it("indents on an empty line", function()
      drive {"expect > ", "send \\t5\\r", "expect   5\\n5"}
    end)
  end)

  describe("the history", function()
    it("is kept for later sessions, chunks of several lines as one", function()
      drive {"expect > ", "line remembered = 'first'", "expect > ", "line for i = 1, 1 do", "expect >> ",
        "line print('again')", "expect >> ", "line end", "expect again\\n> ", "send \\x04", "exit 0"}
      drive {"expect > ", "send \\e[A\\r", "expect \\nagain\\n", "expect > ", "send \\e[A\\e[A\\r", "expect > ",
        "line remembered", "expect \"first\"\\n> ", "send \\x04", "exit 0"}
      local text = read_file(folder .. "/state/tycho/history")
      assert.truthy(text:find("remembered = 'first'\nfor i = 1, 1 do\\\nprint('again')\\\nend\n", 1, true))
      local listing = sh("ls -ld " .. quote(folder .. "/state/tycho"))
      assert.equal("drwx------", listing:sub(1, 10))
    end)

    it("keeps the lines of two sessions at the same time", function()
      local path = folder .. "/state/tycho/history"
      os.remove(path)
      local inner = script("inner", "expect > \nline inner_session = 2\nexpect > \n")
      drive {"expect > ", "line before = 1", "expect > ",
        ("line os.execute(%q)"):format(("'%s' '%s' <'%s'"):format(PTY, BIN, inner)), "expect true\\t\"exit\"\\t0\\n> ",
        "line after = 3", "expect > ", "send \\x04", "exit 0"}
      local text = read_file(path)
      assert.truthy(text:find("before = 1\n", 1, true))
      assert.truthy(text:find("\ninner_session = 2\n", 1, true))
      assert.truthy(text:find("\nafter = 3\n", 1, true))
    end)

    it("drops the oldest entries of a file that has grown too long", function()
      local path, lines = folder .. "/state/tycho/history", {}
      for i = 1, 7000 do
        lines[i] = "old = " .. i
      end
      write_file(path, table.concat(lines, "\n") .. "\n")
      drive {"expect > ", "send \\e[A\\r", "expect > ", "line old", "expect \\n7000\\n> ", "send \\x04", "exit 0"}
      local text = read_file(path)
      assert.truthy(#text < 5100 * 12 and text:find("\nold = 6999\n", 1, true))
      assert.falsy(text:find("old = 1\n", 1, true))
      os.remove(path)
    end)
  end)

  describe("Ctrl-C while code runs", function()
    local function stops(line)
      drive {"expect > ", "line kept = 77", "expect > ", "line print('be' .. 'gun') " .. line, "expect begun",
        "pause 0.1", "send \\x03", "expect interrupt", "expect > ", "line kept", "expect \\n77\\n"}
    end

    it("stops a loop and keeps the variables", function()
      stops "while true do end"
    end)

    it("stops a loop around pcall", function()
      stops "while true do pcall(function() while true do end end) end"
      stops "while true do pcall(error) end"
      stops "while true do xpcall(function() while true do end end, debug.traceback) end"
    end)

    it("stops a coroutine and a loop that resumes coroutines", function()
      stops "coroutine.wrap(function() while true do end end)()"
      stops "while true do coroutine.resume(coroutine.create(function() while true do end end)) end"
      stops "co = coroutine.wrap(function() while true do pcall(coroutine.yield) end end) while true do pcall(co) end"
    end)

    it("lets clean-up code finish", function()
      drive {"expect > ", "line log = {}", "expect > ",
        "line local function work() local guard <close> = setmetatable({}, "
          .. "{__close = function() for i = 1, 1000 do log.closed = i end end})"
          .. " while true do end end", "expect > ",
        "line do print('be' .. 'gun') local ok, why = pcall(work)"
          .. " for i = 1, 1000 do log.restored = i end error(why, 0) end",
        "expect begun", "pause 0.1",
        "send \\x03", "expect interrupted!", "expect > ", "line log.closed, log.restored", "expect 1000\\t1000"}
    end)

    it("leaves suspended coroutines usable", function()
      drive {"expect > ", "line gen = coroutine.wrap(function() for i = 1, 10 do coroutine.yield(i) end end)",
        "expect > ", "line gen()", "expect \\n1\\n", "line print('be' .. 'gun') while true do end",
        "expect begun", "pause 0.1",
        "send \\x03", "expect interrupted!",
        "expect > ", "line gen()", "expect \\n2\\n"}
    end)

    it("stops a long computation with tensors", function()
      if not has_library then
        pending("the library does not load")
        return
      end
      stops "for i = 1, 1e9 do ty.randn(1000, 1000):matmul(ty.randn(1000, 1000)) end"
      stops "while true do pcall(function() ty.randn(3000, 3000):matmul(ty.randn(3000, 3000)) end) end"
    end)

    it("ends a script with 130", function()
      local path = script("endless.lua", [[
io.write("begun\n")
local function spin()
  while true do end
end
spin()
]])
      drive_command(bin .. " " .. quote(path), {"expect begun", "pause 0.2", "send \\x03",
        "expect endless.lua:3: interrupted!", "exit 130"})
    end)

    it("ends a script that does not stop at the second press", function()
      local path = script("stubborn.lua", [[
local function again() print "still here" while true do end end
print "begun"
pcall(function() while true do end end)
again()
]])
      drive_command(bin .. " " .. quote(path), {"expect begun", "pause 0.2", "send \\x03", "expect still here",
        "send \\x03", "exit 130"})
    end)
  end)

  describe("with arguments", function()
    it("runs -e code, several in order", function()
      local out, err, status = sh(bin .. [[ -e 'x = 20' -e 'print(x + 22)']])
      assert.same({"42\n", "", 0}, {out, err, status})
    end)

    it("shows the version and the help", function()
      local out, err, status = sh(bin .. " -v")
      assert.truthy(out:match("^Tycho %d+%.%d+%.%d+, Lua 5%.4[%d.]*\n$"))
      assert.same({"", 0}, {err, status})
      assert.equal(out, (sh(bin .. " --version")))
      out, err, status = sh(bin .. " --help")
      assert.truthy(out:find("usage: tycho", 1, true))
      assert.same({"", 0}, {err, status})
    end)

    it("refuses an unknown option and -e without code, with status 2", function()
      local out, err, status = sh(bin .. " --wrong")
      assert.truthy(err:find("'--wrong'", 1, true) and err:find("usage: tycho", 1, true))
      assert.same({"", 2}, {out, status})
      assert.equal(2, select(3, sh(bin .. " -e")))
    end)

    it("gives a script its arguments as lua does", function()
      local path = script("args.lua", "print(arg[0]:match('[^/]*$'), arg[1], arg[2], #arg, arg[-1] ~= nil, ...)\n")
      assert.equal("args.lua\ta\t-i\t2\ttrue\ta\t-i\n", (sh(bin .. " -- " .. quote(path) .. " a -i")))
      assert.equal("-\ta\tnil\t1\ttrue\ta\n", (sh(bin .. " - a <" .. quote(path))))
    end)

    it("runs a script from standard input", function()
      local out, err, status = sh("echo 'print(1 + 1)' | " .. bin)
      assert.same({"2\n", "", 0}, {out, err, status})
    end)

    it("prompts after a script with -i, with its globals there", function()
      local path = script("setup.lua", "answer = 42\n")
      drive_command(bin .. " -i " .. quote(path),
        {"expect > ", "line answer", "expect \\n42\\n> ", "send \\x04", "exit 0"})
    end)

    it("ends with 1 and a trimmed traceback when a script fails", function()
      local path = script("fails.lua", [[
local function inner()
  error("went wrong")
end
local ok = inner()
return ok
]])
      local out, err, status = sh(bin .. " " .. quote(path))
      assert.same({"", 1}, {out, status})
      assert.truthy(err:find("^tycho: [^\n]*fails%.lua:2: went wrong\n"))
      assert.truthy(err:find("fails%.lua:4: in main chunk"))
      assert.falsy(err:find("[C]", 1, true))
    end)

    it("ends with 1 for a missing file, a syntax error and an error object", function()
      for _, arguments in ipairs {" /no/such/file.lua", " -e 'x = = 1'", " -e 'error({})'"} do
        local _, err, status = sh(bin .. arguments)
        assert.equal(1, status)
        assert.truthy(err:find("^tycho: "))
      end
    end)

    it("passes os.exit's status on", function()
      assert.equal(7, select(3, sh(bin .. " -e 'os.exit(7)'")))
    end)
  end)

  describe("away from a terminal", function()
    it("shows values but neither banner nor prompt nor colour", function()
      local input = script("input", "1 + 1\nlocal x = 3\nx\nerror('bad')\n")
      local out, err, status = sh("env TERM=xterm " .. bin .. " -i <" .. quote(input))
      assert.same({"2\n3\n", "stdin:1: bad\n", 0}, {out, err, status})
    end)

    it("reports a chunk that the end of the input cuts off", function()
      local _, err = sh("printf 'for i = 1,' | " .. bin .. " -i")
      assert.truthy(err:find("near <eof>", 1, true))
    end)

    it("ends with 1 when standard output cannot be written", function()
      if os.execute("test -c /dev/full") then
        assert.equal(1, select(3, sh(bin .. " -e 'print(1)' >/dev/full")))
      end
    end)
  end)

  it("uses colours at a terminal, unless NO_COLOR is set or the terminal is dumb", function()
    drive {"raw \\e[1;36m", "line error('x')", "raw \\e[31m"}
    local plain = {"expect > ", "line error('x')", "expect stdin:1: x", "expect > ", "send \\x04", "exit 0"}
    local steps = script("steps", table.concat(plain, "\n") .. "\n")
    for _, setting in ipairs {"NO_COLOR=1 TERM=xterm", "TERM=dumb"} do
      local path = folder .. "/screen"
      local command = ("env %s XDG_STATE_HOME=%s %s script -qec %s %s"):format(setting, quote(folder), quote(PTY), bin,
        quote(path))
      if os.execute("command -v script >/dev/null") then
        assert.equal(0, select(3, sh(command .. " <" .. quote(steps))))
        assert.falsy(read_file(path):find("\27%[[%d;]*m"))
      end
    end
  end)

  it("ends by the signal that a shell or system sends at the prompt", function()
    drive {"expect > ", "send abc", "expect abc", "signal 15", "exit 143"}
  end)

  it("starts (the time is for information)", function()
    local out, _, status = sh(("from=$(date +%%s%%N); "
      .. "for i in 1 2 3 4 5 6 7 8 9 10; do printf 'ty\\n' | %s -i >/dev/null; done"
      .. "; echo $((($(date +%%s%%N) - from) / 10000))"):format(bin))
    assert.equal(0, status)
    print(("\nfrom start to the end of a prompt that loads the library: %d us"):format(tonumber(out)))
  end)
end)
