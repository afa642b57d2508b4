-- The prompt of `tycho`: what it shows of values and errors, what it takes as a chunk, how it ends. See
-- support/terminal.lua for how it is driven.

local terminal = require "support.terminal"
local drive, script = terminal.drive, terminal.script
local quote, sh, read_file = terminal.quote, terminal.sh, terminal.read_file

describe("the prompt", function()
  if not terminal.prepared(setup, teardown, pending) then
    return
  end
  local bin = quote(terminal.bin)

  describe("at the prompt", function()
    it("shows one line of banner, then the prompt", function()
      drive {"expect Tycho ", "expect \\n> ", "send \\x04", "exit 0"}
    end)

    it("shows the value of an expression and keeps it in _", function()
      drive {"expect > ", "line 6 * 7", "expect \\n42\\n", "line _ + 1", "expect \\n43\\n"}
    end)

    it("shows the value of an expression after statements in the same line", function()
      drive {"expect > ", "line local v = 3; v * 7", "expect \\n21\\n> ", "line v = v + 1; print('; v')", "expect \\n; v\\n> ",
        "line for i = 1, 2 do v = v + 1; v = v + 1", "expect >> ", "line end", "expect \\n> ", "line v", "expect \\n8\\n> "}
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
      local path = terminal.folder .. "/flushed"
      drive {"expect > ", ("line out = io.open(%q, 'w') out:write('kept')"):format(path), "expect > ",
        "line setmetatable({}, {__gc = function() print('collected') end}) and nil", "expect > ", "send \\x04",
        "expect collected", "exit 0"}
      assert.equal("kept", read_file(path))
    end)

    it("shows the line of source that failed, of functions entered earlier, too", function()
      drive {"expect > ", "line function g(t)", "expect >> ", "line return t.a", "expect >> ", "line end", "expect > ",
        "line function other()", "expect >> ", "line return print", "expect >> ", "line end", "expect > ",
        "line g(nil)", "expect stdin:2: attempt to index a nil value (local 't')\\n     2 |   return t.a\\nstack traceback:",
        "expect > ", "line error('plain')", "expect plain\\n> ", "refuse | error('plain')"}
    end)

    it("colours the message and the shapes in it", function()
      drive({"expect > ", "line error('cannot take (2x3) from {4, 5}')",
        "raw \\e[31mstdin:1: cannot take \\e[1;33m(2x3)\\e[0;31m from \\e[1;33m{4, 5}\\e[0;31m\\e[0m"})
    end)

    it("guesses what a misspelt name was meant to be", function()
      drive {"expect > ", "line ty.zeross(3)", "expect nil value (field 'zeross')\\n  did you mean ty.zeros",
        "line mystery = 4", "expect > ", "line mistery.x", "expect did you mean mystery?\\n> ", "line qqqq.x",
        "expect (global 'qqqq')\\n> "}
    end)

    it("shows a text of several lines as one that can be read", function()
      drive {"expect > ", "line ('row\\\\n'):rep(3)", "expect \\n[[\\nrow\\nrow\\nrow\\n]]\\n> ", "line 'a\\\\nb'",
        "expect \"a\\\\nb\"", "expect > ", "line 'a\\\\27\\\\n\\\\nb'", "expect \"a\\\\27\\\\n\\\\nb\""}
    end)

    it("tells of a string without an end, and of an area of the library in a line", function()
      drive {"expect > ", "line x = 'abc", "expect unfinished string near", "expect > ", "line nn",
        "expect \\nmodule nn (?nn tells what is in it)\\n> ", "line {ty = ty, f = string}",
        "expect \\n{f = module string, ty = module ty}\\n> ", "line string", "expect upper = function"}
    end)

    it("names an endless recursion at once, with a short traceback", function()
      drive {"expect > ", "line function r() return 1 + r() end", "expect > ", "line r()", "expect stack overflow",
        "expect more)", "expect in main chunk", "expect > ", "line 6 * 7", "expect \\n42\\n"}
    end)

    it("survives every kind of error value", function()
      drive {"expect > ", "line kept = 1", "expect > ", "line error({code = 7})", "expect {code = 7}", "expect > ",
        "line error()", "expect error object is a nil value", "expect > ",
        "line error(setmetatable({}, {__tostring = function() error 'x' end}))", "expect __tostring failed", "expect > ",
        "line error(setmetatable({}, {__tostring = 5, __name = {}}))", "expect __tostring failed", "expect > ",
        "line setmetatable({}, {__tostring = function() error 'inner' end})", "expect __tostring failed: stdin:1: inner",
        "expect > ", "line {1, setmetatable({}, {__tostring = function() return {} end})}", "expect __tostring failed",
        "expect > ", "line ('x'):rep(1e17)", "expect too large", "expect > ", "line kept", "expect \\n1\\n"}
    end)

    it("goes on after memory has run out", function()
      if os.getenv "TYCHO_SANITIZED" then
        pending "a sanitizer needs the whole address space"
        return
      end
      drive({"expect > ", "line kept = 1", "expect > ", "line x = ('x'):rep(2e9)", "expect not enough memory", "expect > ",
        "line y = ty.zeros(1e6, 1e6)", "expect memory", "expect > ", "line kept", "expect \\n1\\n"},
        {before = "ulimit -v 1500000;"})
    end)

    it("prints tables with sorted keys, cycles marked, and what is large short", function()
      drive {"expect > ", "line t = {b = 2, a = {1, 'x', deep = {y = true}}, [3] = 0.5}; t.me = t", "expect > ", "line t",
        "expect \\n{[3] = 0.5, a = {1, \"x\", deep = {y = true}}, b = 2, me = <cycle>}\\n",
        "line n = 0 d = {} for i = 1, 9 do d = {d} end", "expect > ", "line d", "expect \\n{{{{{{...}}}}}}\\n> ",
        "line l = {} for i = 1, 500 do l[i] = i end", "expect > ", "line l", "expect 100,", "expect ... 400 more",
        "line {w = ty.zeros(20, 3), net = nn.Sequential(nn.Linear(2, 3)), s = ('y'):rep(90)}",
        "expect net = Sequential(...)", "expect yyy\"...", "expect w = tensor float32 {20, 3}"}
    end)

    it("prints as wide as the window is", function()
      local steps = {"expect > ", "line ty.arange(40)", "expect 17,\\n", "expect > ", "line {('a'):rep(50), ('b'):rep(50)}",
        "expect ,\\n  \"bbb"}
      drive(steps)
      drive({"expect > ", "line ty.arange(40)", "expect 18, 19, 20, 21", "expect 32,\\n", "expect > ",
        "line {('a'):rep(50), ('b'):rep(50)}", "expect \", \"bbb"}, {size = "40x140"})
      drive({"expect > ", "line ty.set_printoptions{linewidth = 60}", "expect > ", "line ty.arange(40)", "expect 12,\\n"},
        {size = "40x140"})
    end)

    it("keeps the last five results, and of a large tensor only the last", function()
      drive {"expect > ", "line 'one'", "expect one\"\\n> ", "line 'two'", "expect two\"\\n> ", "line 'three'",
        "expect three\"\\n> ", "line _1 .. _2 .. _3 .. _", "expect threetwoonethree", "expect > ",
        "line ty.zeros(20000000)", "expect > ", "line _:numel()", "expect \\n20000000\\n> ", "line _2", "expect \\nnil\\n> ",
        "line _5", "expect \\n\"two\"\\n", "line _6", "expect \\nnil\\n"}
    end)

    it("tells why a chunk is unfinished after two empty lines", function()
      drive {"expect > ", "line for i = 1, 3", "expect >> ", "line ", "expect >> ", "line ", "expect 'do' expected",
        "expect Ctrl-C", "expect >> ", "send \\x03", "expect \\n> ", "line 5 + 5", "expect \\n10\\n"}
    end)

    it("turns ?name into help(name)", function()
      drive {"expect > ", "line help = function(name) print('about ' .. name) end", "expect > ", "line ?nn.Linear",
        "expect about nn.Linear"}
    end)

    it("explains names, layers and variables after a question mark", function()
      drive {"expect > ", "line ?matmul", "expect ty.matmul(input: Tensor", "expect > ", "line ?nn.Linear",
        "expect in_features", "expect > ", "line x = ty.zeros(2, 3)", "expect > ", "line ?x",
        "expect x is a tensor: float32 {2, 3}", "expect > ", "line ?matmull",
        "expect nothing is named 'matmull'; near it: ty.matmul", "expect > ", "line ?nn.init", "expect xavier_uniform_",
        "expect > "}
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
      local path = terminal.folder .. "/screen"
      local command = ("env %s XDG_STATE_HOME=%s %s script -qec %s %s"):format(setting,
        quote(terminal.folder), quote(terminal.pty), bin, quote(path))
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
