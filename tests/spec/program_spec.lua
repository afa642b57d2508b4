-- The executable `tycho` with arguments, and its ends. See support/terminal.lua for how it is driven.

local terminal = require "support.terminal"
local drive_command, script = terminal.drive_command, terminal.script
local quote, sh = terminal.quote, terminal.sh

describe("tycho", function()
  if not terminal.prepared(setup, teardown, pending) then
    return
  end
  local bin = quote(terminal.bin)

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

    it("prompts after a script with -i, with its locals and those of the failed block", function()
      local path = script("locals.lua", [[
#!/usr/bin/env tycho
local net, name = nn.Linear(2, 3), ...
local x <const> = 5
local function double(v)
  return v * 2
end
local x = double(x)
return x
]])
      drive_command(bin .. " -i " .. quote(path) .. " first", {"expect > ", "line net:parameters()[1]:size(1), name, double(x)",
        "expect \\n3\\t\"first\"\\t20\\n> ", "line __session", "expect \\nnil\\n> ", "send \\x04", "exit 0"})
      path = script("fails-with-locals.lua", "local done = 3\nfor step = 1, 9 do\n  if step == 4 then done.x.y = 1 end\nend\n")
      drive_command(bin .. " -i " .. quote(path), {"expect fails-with-locals.lua:3: attempt to index",
        "expect 3 |   if step == 4", "expect > ", "line done, step", "expect \\n3\\t4\\n> ", "send \\x04", "exit 1"})
    end)

    it("keeps the prompt when a script for -i calls os.exit or does not compile", function()
      local path = script("leaves.lua", "local before = 9\nos.exit(3)\n")
      drive_command(bin .. " -i " .. quote(path), {"expect leaves.lua:2: os.exit(3) was called: the session goes on",
        "expect > ", "line before", "expect \\n9\\n> ", "line os.exit(4)", "exit 4"})
      path = script("wrong.lua", "local = 9\n")
      drive_command(bin .. " -i " .. quote(path), {"expect wrong.lua:1:", "expect > ", "line 2 + 3", "expect \\n5\\n"})
      drive_command(bin .. " -i -e 'local e = 11' -e 'error(0)'", {"expect > ", "line e", "expect \\n11\\n"})
    end)

    it("runs ~/.tychorc.lua before the prompt alone, unless --norc is given", function()
      local rc = script(".tychorc.lua", "greeting = 'hello'\nlocal mine = 12\nprint('rc ' .. 'ran')\n")
      drive_command(bin, {"expect rc ran", "expect > "})
      os.remove(rc)
      rc = script(".tychorc.lua", "greeting = 'hello'\nlocal mine = 12\nerror 'rc is wrong'\n")
      drive_command(bin, {"expect tychorc.lua:3: rc is wrong", "expect > ", "line greeting, mine",
        "expect \\n\"hello\"\\t12\\n> "})
      drive_command(bin .. " --norc", {"expect > ", "line greeting", "expect \\nnil\\n> ", "refuse rc is wrong"})
      local _, err, status = sh(("HOME=%s %s -e 'assert(not greeting)'"):format(quote(terminal.folder), bin))
      assert.same({"", 0}, {err, status})
      os.remove(rc)
    end)

    it("has no colours with --no-color", function()
      local _, _, status = sh(("cd %s; HOME=%s TERM=xterm %s %s --no-color </dev/null"):format(quote(terminal.folder),
        quote(terminal.folder), quote(terminal.pty), bin))
      assert.equal(0, status)
      local steps = script("steps", "raw > \nline error('x')\nraw stdin:1: x\\r\nraw > \nline :quit\nexit 0\n")
      assert.equal(0, select(3, sh(("HOME=%s TERM=xterm %s %s --no-color <%s"):format(quote(terminal.folder),
        quote(terminal.pty), bin, quote(steps)))))
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
end)
