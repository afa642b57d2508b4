-- Ctrl-C in `tycho`: at the prompt and in whatever runs. See support/terminal.lua for how it is driven.

local terminal = require "support.terminal"
local drive, drive_command, script = terminal.drive, terminal.drive_command, terminal.script
local quote = terminal.quote

describe("Ctrl-C", function()
  if not terminal.prepared(setup, teardown, pending) then
    return
  end
  local bin = quote(terminal.bin)

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

    it("stops a loop of commands of the system", function()
      stops "while true do os.execute('sleep 1') end"
      stops "while true do pcall(os.execute, 'sleep 1; true') end"
      stops "while true do local f = io.popen('sleep 1') f:read('a') f:close() end"
    end)

    it("stops plots, commands of the prompt and loaded scripts", function()
      stops "while true do pcall(plot.text, plot.figure()) end"
      local path = script("endless.lua", "local inside = 5\nprint('be' .. 'gun')\nwhile true do pcall(error) end\n")
      drive {"expect > ", "line :load " .. path, "expect begun", "pause 0.1", "send \\x03",
        "expect endless.lua:3: interrupted!\\n     3 | while true", "expect > ", "line inside", "expect \\n5\\n> ",
        "line :time (function() print('be' .. 'gun') while true do end end)()", "expect begun", "pause 0.1", "send \\x03",
        "expect interrupted!", "expect > "}
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
end)
