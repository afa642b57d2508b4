-- Typing at the prompt of `tycho`: history, indentation, pasted blocks. See support/terminal.lua for how it is driven.

local terminal = require "support.terminal"
local drive, script = terminal.drive, terminal.script
local quote, sh, read_file, write_file = terminal.quote, terminal.sh, terminal.read_file, terminal.write_file

describe("editing", function()
  if not terminal.prepared(setup, teardown, pending) then
    return
  end

  describe("the history", function()
    it("is kept for later sessions, chunks of several lines as one", function()
      drive {"expect > ", "line remembered = 'first'", "expect > ", "line for i = 1, 1 do", "expect >> ",
        "line print('again')", "expect >> ", "line end", "expect again\\n> ", "send \\x04", "exit 0"}
      drive {"expect > ", "send \\e[A\\r", "expect \\nagain\\n", "expect > ", "send \\e[A\\e[A\\e[A\\e[A\\r", "expect > ",
        "line remembered", "expect \"first\"\\n> ", "send \\x04", "exit 0"}
      local text = read_file(terminal.folder .. "/state/tycho/history")
      assert.truthy(text:find("remembered = 'first'\nfor i = 1, 1 do\\\n  print('again')\\\nend\n", 1, true))
      local listing = sh("ls -ld " .. quote(terminal.folder .. "/state/tycho"))
      assert.equal("drwx------", listing:sub(1, 10))
    end)

    it("keeps the lines of two sessions at the same time", function()
      local path = terminal.folder .. "/state/tycho/history"
      os.remove(path)
      local inner = script("inner", "expect > \nline inner_session = 2\nexpect > \n")
      drive {"expect > ", "line before = 1", "expect > ",
        ("line os.execute(%q)"):format(("'%s' '%s' <'%s'"):format(terminal.pty, terminal.bin, inner)),
          "expect true\\t\"exit\"\\t0\\n> ",
        "line after = 3", "expect > ", "send \\x04", "exit 0"}
      local text = read_file(path)
      assert.truthy(text:find("before = 1\n", 1, true))
      assert.truthy(text:find("\ninner_session = 2\n", 1, true))
      assert.truthy(text:find("\nafter = 3\n", 1, true))
    end)

    it("is searched by the begin of the line with the arrows, and by Ctrl-R", function()
      drive {"expect > ", "line alpha = 1", "expect > ", "line beta = 2", "expect > ", "line alpha = alpha + 10", "expect > ",
        "line gamma = 3", "expect > ", "send al\\e[A\\r", "expect > ", "line alpha", "expect \\n21\\n> ",
        "send al\\e[A\\e[A\\e[A\\e[A\\r", "expect > ", "line alpha", "expect \\n1\\n> ", "send \\x12eta =\\x05 * 4\\r",
        "expect > ",
        "line beta", "expect \\n8\\n> "}
    end)

    it("gives a chunk of several lines back for editing", function()
      drive {"expect > ", "line for i = 1, 2 do", "expect >> ", "line print('no', i)", "expect >> ", "line end",
        "expect no\\t2\\n> ",
        "send \\e[A\\e[A\\x05\\x7f\\x7f\\x7f\\x7f* 7)\\r", "expect > ", "pause 0.1", "send \\x15\\x15\\r", "line 1",
        "expect \\n1\\n"}
    end)

    it("drops the oldest entries of a file that has grown too long", function()
      local path, lines = terminal.folder .. "/state/tycho/history", {}
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

  describe("a chunk of several lines", function()
    it("is indented, and dedented by what closes a block", function()
      local state = terminal.folder .. "/state/tycho/history"
      os.remove(state)
      drive {"expect > ", "line function sign(x)", "expect >>   ", "line if x > 0 then", "expect >>     ", "line return 1",
        "expect >>     ", "line else", "expect >>     ", "line return -1", "expect >>     ", "line end", "expect >>   ",
        "line end",
        "expect \\n> ", "line call({", "expect >>   ", "line 1, [[", "expect >> ", "line text]]})", "expect > "}
      local text = read_file(state)
      assert.equal("function sign(x)\\\n  if x > 0 then\\\n    return 1\\\n  else\\\n    return -1\\\n  end\\\nend\n"
        .. "call({\\\n  1, [[\\\ntext]]})\n", text)
      os.remove(state)
    end)

    it("takes a new line by Meta-Enter", function()
      drive {"expect > ", "send a1 = 20\\e\\ra1 + 22\\r", "expect \\n42\\n> "}
    end)
  end)

  describe("a pasted block", function()
    local function paste(text)
      return "send \\e[200~" .. text .. "\\e[201~\\r"
    end

    it("runs as one, with its locals, and shows the value of its last line", function()
      drive {"expect > ", paste "local p = 3\\nlocal function twice(x)\\n  return 2 * x\\nend\\ntwice(p) + 1",
        "expect \\n7\\n> ",
        "line twice(p)", "expect \\n6\\n> ", paste "for i = 1, 2 do\\n  print('row', i)\\nend\\nprint('done')",
        "expect row\\t2\\ndone\\n> ", "refuse nil"}
    end)

    it("keeps what is closed at its end open until then", function()
      drive {"expect > ", "line mark = setmetatable({}, {__close = function() print('clo' .. 'sed') end})", "expect > ",
        paste "local g <close> = mark\\nprint('in' .. 'side')\\n6 * 7", "expect inside\\nclosed\\n42\\n> "}
    end)

    it("is one entry of the history", function()
      local state = terminal.folder .. "/state/tycho/history"
      os.remove(state)
      drive {"expect > ", paste "h1 = 1\\nh2 = 2", "expect > ", "line h1 + h2", "expect \\n3\\n> "}
      assert.equal("h1 = 1\\\nh2 = 2\nh1 + h2\n", read_file(state))
    end)

    it("runs line by line where expressions stand between statements, and stops at the first error", function()
      drive {"expect > ", paste "local p = 1\\np + 4\\nerror('halt')\\nprint('not' .. ' reached')", "expect \\n5\\n",
        "expect stdin:3: halt", "expect > ", "refuse not reached\\n> "}
    end)

    it("does not run at all when a line is wrong", function()
      drive {"expect > ", paste "ran = true\\nx = = 2\\n", "expect stdin:2: unexpected symbol near '='\\n     2 | x = = 2",
        "expect > ",
        "line ran", "expect \\nnil\\n"}
    end)

    it("may be a session copied with its prompts", function()
      drive {"expect > ", paste "> c = 5\\n> for i = 1, 2 do\\n>> c = c + i\\n>> end\\n> c\\n8\\n> c * 10",
        "expect \\n8\\n80\\n> "}
    end)

    it("may go on below its end", function()
      drive {"expect > ", paste "function half(x)\\n  return x / 2", "expect >> ", "line end", "expect > ", "line half(9)",
        "expect \\n4.5\\n"}
    end)

    it("works without the terminal's brackets, a line at a time", function()
      drive {"expect > ", "send local q = 4\\rfunction add(x)\\r    return x + q\\rend\\rlocal r = add(6)\\rr\\r",
        "expect \\n10\\n> "}
    end)
  end)
end)
