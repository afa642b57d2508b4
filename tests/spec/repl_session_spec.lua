-- The commands of the prompt of `tycho` (:vars and the others) and the search of its documentation. See support/terminal.lua
-- for how it is driven.

local terminal = require "support.terminal"
local drive, script = terminal.drive, terminal.script
local quote, sh, read_file = terminal.quote, terminal.sh, terminal.read_file

describe("the commands of the prompt", function()
  if not terminal.prepared(setup, teardown, pending) then
    return
  end
  local bin = quote(terminal.bin)

  it("are listed by :help, and an unknown one is refused with the list", function()
    drive {"expect > ", "line :help", "expect :time code", "expect :vars", "expect Ctrl-R", "expect > ", "line :nonsense",
      "expect :nonsense is not a command; there are :help, :time", "expect > ", "line :q", "exit 0"}
  end)

  it("search the documentation with ??", function()
    drive {"expect > ", "line ??conv2d", "expect \\n  F.conv2d", "expect nn.Conv2d", "expect ?name explains", "expect > ",
      "line ??cosine annealing", "expect CosineAnnealingLR", "expect > ", "line ??zzyzx", "expect nothing in the documentation",
      "expect > ", "line ??", "expect needs words", "expect > "}
    local out = sh(("printf '??adam\\n' | %s -i --norc"):format(bin))
    assert.truthy(out:find("^  optim%.Adam  "))
    assert.truthy(sh(("printf '??mean\\n??gradient\\n' | %s -i --norc"):format(bin)):find("^  ty%.mean .-\n  ty%.grad "))
    for line in out:gmatch "[^\n]+" do
      assert.is_true(#line <= 80, line)
    end
  end)

  it("time code: a long run once, a short one with its spread, and give the result", function()
    drive {"expect > ", "line x = ty.ones(10)", "expect > ", "line :time x:sum()", "expect tensor(10.)\\n", "expect  +- ",
      "expect a run (7 batches of ", "expect > ", "line _:item()", "expect \\n10.0\\n> ",
      "line :time (function() local t = os.clock() + 0.3 while os.clock() < t do end return 'slow' end)()", "expect \"slow\"",
      "expect s, one run\\n> ", "line :time error('within')", "expect stdin:1: within", "expect > ", "line :time x = = 1",
      "expect unexpected symbol", "expect > ", "line :time n = (n or 0) + 1", "expect a run", "expect > ", "line n > 7",
      "expect \\ntrue\\n"}
  end)

  it("show what memory is taken", function()
    drive {"expect > ", "line x = ty.ones(1024, 1024)", "expect > ", "line :mem", "expect Lua's heap",
      "expect tensors          4.00 MiB",
      "expect kept for reuse", "expect the process", "expect > "}
  end)

  it("list the session's own variables", function()
    drive {"expect > ", "line :vars", "expect no variables yet", "expect > ",
      "line x = ty.zeros(2, 3) net = nn.Linear(2, 3) name = 'run' list = {1, 2} function f() end local n = 5", "expect > ",
      "line 99", "expect > ", "line :vars", "expect \\nname  type", "expect \\nf     function",
      "expect \\nlist  table           2 entries",
      "expect \\nn     integer         5", "expect \\nname  string          \"run\"",
      "expect \\nnet   Linear          9 parameters",
      "expect 36 B", "expect \\nx     tensor float32  {2, 3}", "expect cpu      24 B", "expect > ", "refuse \\n_ ",
      "refuse \\noptim "}
  end)

  it("save a session that runs again", function()
    local path = terminal.folder .. "/saved.lua"
    drive {"expect > ", "line local a = 20", "expect > ", "line function add(b) return a + b end", "expect > ", "line a = = 2",
      "expect > ", "line error('no')", "expect > ", "line add(1)", "expect \\n21\\n> ", "line b = _ * 2", "expect > ",
      "line (add)(2)", "expect \\n22\\n", "line do return end", "expect > ", "line print('said', b)", "expect said\\t42\\n> ",
      "line :save " .. path, "expect 7 entries saved", "expect > ", "line :save " .. path, "expect 7 entries saved",
      "expect > ", "line :q", "exit 0"}
    local out, err, status = sh(bin .. " " .. quote(path))
    assert.same({"said\t42\n", "", 0}, {out, err, status})
    local other = script("precious.lua", "print 'mine'\n")
    drive {"expect > ", "line a = 1", "expect > ", "line :save " .. other, "expect was not written by :save", "expect > ",
      "line :save /no/such/folder/x.lua", "expect cannot write", "expect > "}
    assert.equal("print 'mine'\n", read_file(other))
    drive {"expect > ", "line a = 1", "expect > ", "line :save! " .. other, "expect 1 entry saved", "expect > "}
    assert.truthy(read_file(other):find("\na = 1\n", 1, true))
  end)

  it("load a script into the session, and survive its failure and its os.exit", function()
    local good = script("good.lua", "local inner = 6\nouter = inner * 7\n")
    local bad = script("bad.lua", "local got = 'this far'\nlocal function fail() error({code = 3}) end\nfail()\n")
    local leaving = script("leaving.lua", "local stage = 1\nos.exit(true)\n")
    drive {"expect > ", "line kept = 'kept'", "expect > ", "line :load " .. good, "expect > ", "line inner, outer",
      "expect \\n6\\t42\\n> ", "line :load '" .. bad .. "'", "expect {code = 3}", "expect bad.lua:3: in main chunk",
      "expect > ",
      "line got, kept", "expect \\n\"this far\"\\t\"kept\"\\n> ", "line :load " .. leaving,
      "expect leaving.lua:2: os.exit(true) was called: the session goes on", "expect > ", "line stage, kept",
      "expect \\n1\\t\"kept\"\\n> ", "line :load /no/such.lua", "expect cannot read /no/such.lua", "expect > ",
      "line :load", "expect needs the name of a file", "expect > "}
    script("asking file.lua", "local first, second = ...\nsame = arg[0] == 'asking file.lua' and arg[2] == second\n")
    drive {"expect > ", "line :load 'asking file.lua' one two", "expect > ", "line first, second, same",
      "expect \\n\"one\"\\t\"two\"\\ttrue\\n> ", "line :load asking file.lua", "expect > ", "line #arg", "expect \\n0\\n> ",
      "line :vars", "expect first", "expect > ", "refuse \\narg ", "line print(same)", "expect \\ntrue\\n> ",
      "line :save again.lua", "expect 5 entries saved", "expect > "}
    assert.same({"true\n", "", 0}, {sh(("cd %s && %s again.lua"):format(quote(terminal.folder), bin))})
  end)

  it("edit the last chunk or a file in the user's editor, and run it", function()
    local editor = script("editor.sh", "sed -i s/old/new/ \"$1\"\n")
    local file = script("edited.lua", "local from_file = 'old file'\n")
    local environment = "EDITOR=" .. quote("sh " .. quote(editor):gsub("'", ""))
    drive({"expect > ", "line word = 'old word'", "expect > ", "line :edit", "expect word = 'new word'", "expect > ",
      "line word",
      "expect \\n\"new word\"\\n> ", "line :edit " .. file, "expect > ", "line from_file", "expect \\n\"new file\"\\n> "},
      {environment = environment .. " VISUAL="})
    drive({"expect > ", "line word = 'old'", "expect > ", "line :edit", "expect the editor 'false' ended with exit 1",
      "expect > ",
      "line word", "expect \\n\"old\"\\n> "}, {environment = "VISUAL=false"})
  end)
end)
