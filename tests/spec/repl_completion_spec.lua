-- The Tab key at the prompt of `tycho`. See support/terminal.lua for how it is driven.

local terminal = require "support.terminal"
local drive, script = terminal.drive, terminal.script

describe("completion", function()
  if not terminal.prepared(setup, teardown, pending) then
    return
  end

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

    it("completes the methods of tensors and the children of modules", function()
      drive {"expect > ", "line x = ty.ones(2, 3)", "expect > ", "send x:requires_gr\\t\\x15x:cumpr\\t(1):sum():ite\\t()\\r",
        "expect \\n6.0\\n> ", "send x.sha\\t\\r", "expect \\n{2, 3}\\n",
        "line Net = nn.class 'Net' function Net:init() self.fc1 = nn.Linear(4, 2) end net = Net()", "expect > ",
        "send net.fc\\t.out_f\\t\\r", "expect \\n2\\n", "line seq = nn.Sequential(nn.Linear(3, 7), nn.ReLU())", "expect > ",
        "send seq[1].wei\\t:siz\\t(1)\\r", "expect \\n7\\n", "send net:state_d\\t", "expect net:state_dict"}
    end)

    it("completes methods of what a call gives, without calling", function()
      drive {"expect > ", "line p = print print = function() shouted = true end", "expect > ",
        "send ty.ones(2, 2):mm(ty.ones(2, 2)):trac\\t():it\\t()\\r", "expect \\n4.0\\n> ",
        "send nn.Linear(2, 3):state_d\\t", "expect :state_dict", "send \\x15(ty.ones(2) * 3):nume\\t()\\r",
        "expect \\n2\\n> ", "send ('%d'):for\\t(9):rev\\t()\\r", "expect \\n\"9\"\\n> ",
        "line shouted", "expect \\nnil\\n"}
    end)

    it("completes options in the table of a call", function()
      drive {"expect > ", "line net = nn.Linear(2, 3) x = ty.ones(2, 2)", "expect > ",
        "send optim.Adam(net:parameters(), {l\\t0.125}).defaults.lr\\r", "expect lr = 0.125", "expect \\n0.125\\n> ",
        "send x:sum{k\\ttrue}:dim()\\r", "expect keepdim = true", "expect > ",
        "send nn.Conv2d(1, 2, 3, {stride = 2, pad\\t", "expect padding", "send \\x15\\r", "expect > ",
        "line optim.SGD(net:parameters(), {", "expect >> ", "send mom\\t0.5, lr = 1}).defaults.momentum\\r",
        "expect momentum = 0.5", "expect \\n0.5\\n> "}
    end)

    it("completes string keys", function()
      drive {"expect > ", "line t = {['odd key'] = 4, ['other key'] = {['in side'] = 5}}", "expect > ",
        "send t[\"od\\t]\\r", "expect \\n4\\n> ", "send t['other key']['in\\t]\\r", "expect \\n5\\n> ",
        "line sd = nn.Linear(2, 3):state_dict()", "expect > ", "send sd['wei\\t]:size(1)\\r", "expect \\n3\\n> "}
    end)

    it("completes after a question mark and a colon, and within the chunk's own names", function()
      script("session-file.lua", "loaded_by_name = 31")
      drive {"expect > ", "send ?nn.Line\\t\\r", "expect nn.Linear(", "expect > ", "send :va\\t\\r", "expect no variables",
        "expect > ", "send :load session-f\\t\\r", "expect > ", "line loaded_by_name", "expect \\n31\\n> ",
        "line function f(argument_name)", "expect >> ", "send return argu\\t * 2 end\\r", "expect > ", "line f(4)",
        "expect \\n8\\n"}
    end)

    it("says nothing, and breaks nothing, where nothing is known", function()
      drive {"expect > ", "send x[\\t\\t\\x15", "send ((((\\t\\x15", "send }])\\t\\x15", "send \"a\" .. nil.x.\\t\\x15",
        "send -- a comment.\\t\\x15", "send f(1, {\\t\\x15", "send a.b:c().\\t\\x15", "send [==[x.\\t\\x15", "send 5.\\t\\x15",
        "line odd = setmetatable({}, {__complete = function() error 'x' end, __index = function() error 'y' end})",
        "expect > ", "send odd.\\t\\x15", "line 8 * 8", "expect \\n64\\n", "refuse traceback", "refuse attempt"}
    end)

    it("indents on an empty line", function()
      drive {"expect > ", "send \\t5\\r", "expect   5\\n5"}
    end)
  end)
end)
