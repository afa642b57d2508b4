--[[
What a user of tycho.plot would notice: files of the right kind and size, text that cannot become a command, clear
errors with the user's line, an old file that survives a failure, no hang. Needs gnuplot and of the C module
`tycho.core` only its field `process`.
]]

local plot = require "tycho.plot"
local gnuplot = require "tycho.plot.gnuplot"

local real_getenv = os.getenv
local folder

local function with_environment(changes)
  -- the module asks os.getenv at each drawing; here it sees no display and the changes of one test
  os.getenv = function(name) -- luacheck: ignore 122
    local value = changes[name]
    if value ~= nil then
      return value or nil
    elseif name == "DISPLAY" or name == "WAYLAND_DISPLAY" then
      return nil
    end
    return real_getenv(name)
  end
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("a")
  file:close()
  return bytes
end

local function write(path, bytes)
  local file = assert(io.open(path, "wb"))
  file:write(bytes)
  file:close()
  return path
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

local function list_folder()
  local pipe = io.popen(("ls -A '%s'"):format(folder))
  local text = pipe:read("a")
  pipe:close()
  return text
end

local function script(name, body)
  local path = write(folder .. "/" .. name, "#!/bin/sh\n" .. body .. "\n")
  os.execute(("chmod +x '%s'"):format(path))
  return path
end

local function error_of(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  return message
end

-- An object that behaves as a tensor does: a userdata-like thing whose data come out of totable.
local function tensor(data)
  return setmetatable({}, {__index = {totable = function()
    return data
  end}, __len = function()
    return 99
  end})
end

describe("plot", function()
  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute(("mkdir '%s'"):format(folder)))
    with_environment({})
    plot.close()
  end)
  after_each(function()
    os.getenv = real_getenv -- luacheck: ignore 122
    os.execute(("rm -rf '%s'"):format(folder))
  end)

  describe("files", function()
    it("writes a PNG of the size asked for", function()
      local path = folder .. "/a.png"
      plot.figure{size = {320, 200}}:line({1, 3, 2}):savefig(path)
      local bytes = read(path)
      assert.equal("\x89PNG\r\n\x1A\n", bytes:sub(1, 8))
      local width, height = string.unpack(">I4I4", bytes, 17)
      assert.same({320, 200}, {width, height})
      assert.equal("a.png\n", list_folder())
    end)

    it("writes an SVG that holds the texts", function()
      local path = folder .. "/a.SVG"
      local fig = plot.figure{title = "A title", size = {400, 300}}
      fig:line({1, 2}, {label = "größe <b> & co"}):legend():xlabel("the x"):ylabel("the y"):savefig(path)
      local svg = read(path)
      assert.truthy(svg:find('width="400" height="300"', 1, true))
      for _, text in ipairs {"A title", "größe &lt;b>", "&amp; co", "the x", "the y"} do
        assert.truthy(svg:find(text, 1, true), text)
      end
    end)

    it("writes a PDF with the figure's size at 96 pixels an inch", function()
      local path = folder .. "/a.pdf"
      plot.figure{size = {960, 480}}:line({1, 2}):savefig(path)
      local pdf = read(path)
      assert.equal("%PDF", pdf:sub(1, 4))
      local width, height = pdf:match("/MediaBox %[ ?0 0 ([%d.]+) ([%d.]+)")
      assert.is_true(math.abs(tonumber(width) - 720) <= 1)
      assert.is_true(math.abs(tonumber(height) - 360) <= 1)
    end)

    it("takes file names that would mean something to a shell or gnuplot", function()
      for _, name in ipairs {"a b'c.png", "|touch HIT.png", '"`touch HIT`$(touch HIT).png', "~x\n.png"} do
        plot.line({1, 2}):savefig(folder .. "/" .. name)
        assert.is_true(exists(folder .. "/" .. name))
      end
      assert.is_false(exists(folder .. "/HIT"))
    end)

    it("names the known extensions when it does not know one", function()
      local fig = plot.line({1, 2})
      for _, path in ipairs {"x.bmp", "x", "dir.png/x", ".png"} do
        local message = error_of(fig.savefig, fig, path)
        assert.truthy(message:find(".pdf, .png, .svg", 1, true), message)
      end
    end)

    it("says that the folder is missing", function()
      local fig = plot.line({1, 2})
      local message = error_of(fig.savefig, fig, folder .. "/none/x.png")
      assert.truthy(message:find("the folder '" .. folder .. "/none/' does not exist", 1, true), message)
    end)

    it("keeps the old file and leaves nothing behind when gnuplot fails", function()
      local path = write(folder .. "/a.png", "old")
      local fig = plot.line({1, 2})
      for _, program in ipairs {"/bin/false", "/bin/true", "/nonexistent",
                                script("half", "cat >/dev/null; printf '\\211PNG'")} do
        with_environment{TYCHO_GNUPLOT = program}
        error_of(fig.savefig, fig, path)
        assert.equal("old", read(path))
      end
      assert.equal("a.png\nhalf\n", list_folder())
      with_environment({})
      fig:savefig(path)
      assert.equal("\x89PNG", read(path):sub(1, 4))
    end)

    it("says so when the target is a folder", function()
      assert(os.execute(("mkdir '%s/d.png'"):format(folder)))
      local fig = plot.line({1, 2})
      local message = error_of(fig.savefig, fig, folder .. "/d.png")
      assert.truthy(message:find("directory", 1, true), message)
    end)
  end)

  describe("text from users", function()
    it("never becomes a command", function()
      local hit = folder .. "/HIT"
      local command = ('system("touch %s")'):format(hit)
      local attempts = {
        '"; ' .. command .. " #", "'; " .. command .. " #", "`touch " .. hit .. "`", "$(touch " .. hit .. ")",
        "a\n" .. command .. "\n", '\\"; ' .. command .. ' #', "@macro @ARG0 $0", "\\`touch " .. hit .. "\\`",
        "EOD\n" .. command, "%s %n %% \\n \\", "a\0b\27[31m\7", "\xff\xfe broken", "{/=20 big} x_1^2 &{x}",
      }
      local many = {}
      for i = 1, #attempts do
        many[i] = i
      end
      for _, kind in ipairs {"png", "svg", "pdf"} do
        local fig = plot.figure{title = table.concat(attempts, "|"), size = {600, 400}}
        fig:subplot(1, 2, 1):bar(attempts, many):title(attempts[1])
        local axes = fig:subplot(1, 2, 2)
        for i, text in ipairs(attempts) do
          axes:line({i, i}, {label = text}):xlabel(text):ylabel(text):title(text)
        end
        axes:scatter(many, many, {color = attempts}):legend()
        fig:savefig(folder .. "/x." .. kind)
        fig:text()
      end
      assert.is_false(exists(hit))
    end)

    it("appears as it was written", function()
      local path = folder .. "/a.svg"
      plot.line({1, 2}, {label = "50% a_b^c {x} @m $d `q` \\n %s"}):legend():savefig(path)
      assert.truthy(read(path):find("50% a_b^c {x} @m $d `q` \\n %s", 1, true))
      plot.close()
      plot.bar({"50% @m %s", "b"}, {1, 2}):savefig(path)
      assert.truthy(read(path):find("50% @m %s", 1, true))
    end)

    it("keeps a digit after a sign", function()
      assert.truthy(plot.figure():line({1, 2}):title("PCA (46 % of it)"):text():find("PCA (46 % of it)", 1, true))
      local fig, axes = plot.subplots(1, 2)
      axes[1]:line({1, 2}):title("PCA (46 % of it)")
      assert.truthy(fig:text():find("PCA (46 % of it)", 1, true))
    end)

    it("breaks lines at newlines and shows control characters as spaces", function()
      local text = plot.line({1, 2}):title("first\nsecond\27[31m\u{9b}31m"):text()
      assert.truthy(text:find("first *\n *second"))
      assert.is_nil(text:find("\27", 1, true))
      assert.is_nil(text:find("\u{9b}", 1, true))
    end)
  end)

  describe("gnuplot", function()
    it("that is missing is named with the cure", function()
      with_environment{TYCHO_GNUPLOT = "/nonexistent"}
      local fig = plot.line({1, 2})
      local message = error_of(fig.savefig, fig, folder .. "/a.png")
      assert.truthy(message:find("gnuplot was not found; install it: apt install gnuplot-nox; or set TYCHO_GNUPLOT", 1,
                                 true), message)
    end)

    it("that dies at once is an error, not a broken pipe", function()
      with_environment{TYCHO_GNUPLOT = "/bin/false"}
      local many = {}
      for i = 1, 200000 do
        many[i] = math.sin(i)
      end
      local fig = plot.line(many)
      local message = error_of(fig.savefig, fig, folder .. "/a.png")
      assert.truthy(message:find("exit status 1", 1, true), message)
    end)

    it("that complains is quoted", function()
      with_environment{TYCHO_GNUPLOT = script("bad", "cat >/dev/null; echo 'out of ink' >&2; exit 3")}
      local fig = plot.line({1, 2})
      local message = error_of(fig.savefig, fig, folder .. "/a.png")
      assert.truthy(message:find("exit status 3): out of ink", 1, true), message)
    end)

    it("that is killed is an error with the signal", function()
      with_environment{TYCHO_GNUPLOT = script("bad", "kill -SEGV $$")}
      local fig = plot.line({1, 2})
      assert.truthy(error_of(fig.savefig, fig, folder .. "/a.png"):find("signal 11", 1, true))
    end)

    it("that hangs is stopped when the time is over", function()
      with_environment{TYCHO_GNUPLOT = script("slow", "sleep 60")}
      local clock = require("tycho.core").process.clock
      local started = clock()
      local fig = plot.line({1, 2})
      local message = error_of(fig.savefig, fig, folder .. "/a.png", {timeout = 0.3})
      assert.truthy(message:find("did not finish within 0.3 s", 1, true), message)
      assert.is_true(clock() - started < 10)
    end)

    it("leaves at the first error and reads no data as commands", function()
      local hit = folder .. "/HIT"
      local message = error_of(gnuplot.run, "here", ('set multiplot\nplot nonsense\nsystem("touch %s")\n'):format(hit))
      assert.truthy(message:find("undefined variable", 1, true), message)
      assert.is_false(exists(hit))
    end)

    it("without a terminal for the file says which is missing", function()
      with_environment{TYCHO_GNUPLOT = script("poor", "cat >/dev/null; echo 'tycho: no terminal' >&2")}
      local fig = plot.line({1, 2})
      local message = error_of(fig.savefig, fig, folder .. "/a.pdf")
      assert.truthy(message:find("cannot make .pdf files (it has no terminal pdfcairo or pdf)", 1, true), message)
    end)
  end)

  describe("data", function()
    it("may be tensors, nested lists and columns", function()
      plot.line(tensor{1, 2, 3}, tensor{{1}, {4}, {9}}):line(tensor(5)):line({tensor(1), tensor(2.5)})
      plot.image(tensor{{1, 2}, {3, 4}})
      assert.is_string(plot.gcf():text())
    end)

    it("is drawn with gaps where it is not finite", function()
      local ys = {1, 2, 0 / 0, 1, math.huge, 3, -math.huge, 1e308}
      local text = plot.line(ys):text{columns = 60, rows = 15}
      assert.truthy(text:find("*", 1, true))
      plot.close()
      plot.line({0 / 0, 0 / 0}, {label = "nothing"}):legend():savefig(folder .. "/a.png")
      for _, name in ipairs {"bar", "hist", "line", "image"} do
        plot.close()
        plot[name](name == "image" and {{0 / 0}} or {0 / 0}):text()
        plot.savefig(folder .. "/a.png")
      end
      for _, color in ipairs {"red", {0.5}, {1}} do
        plot.close()
        plot.scatter({0 / 0}, {1}, {color = color, label = "none"}):legend():text()
        plot.savefig(folder .. "/a.png")
      end
      plot.close()
      plot.scatter({1, 2}, {0, -1}):line({-1}, {style = "none"}):yscale("log"):text()
    end)

    it("may be missing altogether", function()
      plot.figure():text()
      plot.line({}, {label = "empty"}):legend():text()
      plot.scatter({}, {}):bar({}):hist({}):image({}):savefig(folder .. "/a.png")
      plot.close()
      plot.bar({}, {}):text()
    end)

    it("may be constant, huge, tiny or a single point", function()
      for _, ys in ipairs {{5}, {5, 5, 5}, {0, 0}, {1e300, -1e300}, {1e-310, 2e-310}, {1e9, 1e9 + 1}, {1e16, 1e16 + 2},
                           {1 << 62, 3}} do
        plot.close()
        plot.line(ys):scatter(ys, ys):text()
        plot.line(ys):savefig(folder .. "/a.png")
      end
      plot.close()
      plot.line({1, 0.1, 0, -1, 1e-300}):yscale("log"):text()
      plot.line({0, -1}):yscale("log"):text()
    end)

    it("of unequal length is refused with the lengths and the caller's line", function()
      local line = debug.getinfo(1, "l").currentline + 1
      local message = error_of(function() plot.line({1, 2, 3}, {1, 2}) end)
      assert.truthy(message:find("plot_spec.lua:" .. line .. ": line: xs and ys differ in length: 3 and 2", 1, true),
                    message)
      message = error_of(function() plot.figure():subplot(1, 1, 1):scatter({1, 2, 3}, {}) end)
      assert.truthy(message:find("scatter: xs and ys differ in length: 3 and 0", 1, true), message)
      message = error_of(plot.scatter, {1, 2}, {1, 2}, {color = {1, 2, 1, 1}})
      assert.truthy(message:find("color has 4 values for 2 points", 1, true), message)
      message = error_of(plot.bar, {"a"}, {1, 2})
      assert.truthy(message:find("names and values differ in length: 1 and 2", 1, true), message)
    end)

    it("that is no data is refused with its place", function()
      for expected, call in pairs {
        ["line: ys[2] is a string (\"x\"), not a number"] = function() plot.line({1, "x"}) end,
        ["line: ys is a string"] = function() plot.line("x") end,
        ["line: no data given"] = function() plot.line() end,
        ["line: ys has the shape 2x2"] = function() plot.line({{1, 2}, {3, 4}}) end,
        ["image: x[2] has 1 values, the rows before it have 2"] = function() plot.image({{1, 2}, {3}}) end,
        ["image: a tensor of the shape 2x2x2"] = function() plot.image({{{1, 2}, {1, 2}}, {{1, 2}, {1, 2}}}) end,
        ["line: ys[2] is a list where the values before it are numbers"] = function() plot.line({1, {2}}) end,
        ["line: ys[2] is a number where the values before it are lists"] = function() plot.line({{1}, 2}) end,
        ["it has the key 'loss'"] = function() plot.line({loss = 3}) end,
      } do
        local message = error_of(call)
        assert.truthy(message:find(expected, 1, true), message)
      end
    end)

    it("of a million points is drawn in little time", function()
      local ys = {}
      for i = 1, 1000000 do
        ys[i] = math.sin(i / 1e5) + (i % 7) * 0.1
      end
      plot.figure{size = {300, 200}}:line(ys):savefig(folder .. "/a.png", {timeout = 30})
      assert.is_true(exists(folder .. "/a.png"))
    end)
  end)

  describe("options", function()
    it("that are unknown are refused with the known ones", function()
      for expected, call in pairs {
        ["line: unknown option 'colour'; known: alpha, color, label, marker, size, style, width"] = function()
          plot.line({1, 2}, {colour = "red"})
        end,
        ["figure: unknown option 'sise'; known: size, theme, title"] = function() plot.figure{sise = {1, 2}} end,
        ["line: color is not a colour: \"reddish\""] = function() plot.line({1}, {color = "reddish"}) end,
        ["line: unknown style \"wavy\"; known: -, --"] = function() plot.line({1}, {style = "wavy"}) end,
        ["line: unknown marker \"q\"; known: *, +"] = function() plot.line({1}, {marker = "q"}) end,
        ["image: unknown cmap \"jetty\"; known: Blues"] = function() plot.image({{1}}, {cmap = "jetty"}) end,
        ["legend: unknown place \"north\"; known: below, best"] = function() plot.legend("north") end,
        ["line: width is -1; a number above 0"] = function() plot.line({1}, {width = -1}) end,
        ["figure: size[1] (the width) is 3"] = function() plot.figure{size = {3, 100}} end,
        ["subplot: index (of 2x2) is 5; a whole number from 1 to 4"] = function() plot.subplot(2, 2, 5) end,
        ["subplot: index (of 2x2) is 0"] = function() plot.subplot(2, 2, 0) end,
        ["xlim: the limits are the same (2)"] = function() plot.xlim(2, 2) end,
        ["yscale: unknown scale \"cubic\"; known: linear, log"] = function() plot.yscale("cubic") end,
        ["title: the text is a table"] = function() plot.title({}) end,
        ["line: call it with a colon, fig:line(...)"] = function() plot.figure().line({1, 2}) end,
      } do
        local message = error_of(call)
        assert.truthy(message:find(expected, 1, true), message)
        assert.truthy(message:find("plot_spec.lua:%d+: "), message)
      end
    end)

    it("that are known all draw", function()
      local fig = plot.figure{title = "all", size = {900, 600}}
      local a = fig:subplot(2, 2, 1):grid():legend("outside"):xlim(0, 5):ylim(nil, 9)
      for i, style in ipairs {"-", "--", ":", "-.", "steps", "none"} do
        a:line({i, i + 1, i}, {style = style, color = "C" .. i, width = 1.5, label = style, alpha = 0.5})
      end
      local b = fig:subplot(2, 2, 2):legend{loc = "lower left"}:yscale("log")
      for i, marker in ipairs {"o", ".", "s", "^", "v", "D", "x", "+", "*"} do
        b:line({i, i + 1}, {marker = marker, size = 1.2, label = marker, color = {0.1 * i, 0, 1}})
      end
      fig:subplot(2, 2, 3):scatter({1, 2, 3, 4}, {1, 2, 3, 4}, {color = {0.5, 1.5, 2, 0 / 0}, marker = "s"})
      fig:subplot(2, 2, 4):image({{1, 2}, {3, 4}}, {cmap = "viridis", colorbar = true, vmin = 0, vmax = 5,
                                                    extent = {0, 1, 0, 1}}):line({0, 1}, {0, 1})
      for _, kind in ipairs {"png", "svg", "pdf"} do
        fig:savefig(folder .. "/a." .. kind)
      end
      assert.is_string(fig:text{columns = 120, rows = 40})
    end)
  end)

  describe("in the terminal", function()
    it("gives lines of plain characters within the size asked for", function()
      local text = plot.line({3, 1, 2}, {label = "loss"}):legend():title("Training"):text{columns = 60, rows = 15}
      local lines = 0
      for line in text:gmatch("([^\n]*)\n") do
        lines = lines + 1
        assert.is_true(#line <= 60)
      end
      assert.is_true(lines > 10 and lines <= 15)
      assert.truthy(text:find("loss", 1, true))
      assert.truthy(text:find("Training", 1, true))
      assert.is_nil(text:find("[\27\f\128-\255]"))
    end)

    it("shows an image right side up", function()
      local image = {}
      for i = 1, 8 do
        image[i] = {}
        for j = 1, 8 do
          image[i][j] = i <= 2 and j <= 4 and 1 or 0
        end
      end
      local text = plot.image(image):text{columns = 40, rows = 20}
      local first, last = text:find("@@@"), select(2, text:find(".*@@@"))
      assert.truthy(first)
      assert.is_true(last < #text / 2)
      assert.truthy(text:find("|@@@+ +|"))
    end)

    it("prints text without colours into a pipe", function()
      local program = write(folder .. "/show.lua", [[
        local plot = require "tycho.plot"
        plot.figure{title = "Piped"}:line({1, 4, 9}, {label = "squares"}):legend():show()
      ]])
      local quoted = function(text)
        return "'" .. text:gsub("'", "'\\''") .. "'"
      end
      local pipe = io.popen(("unset DISPLAY WAYLAND_DISPLAY; LUA_PATH=%s LUA_CPATH=%s %s %s 2>&1"):format(
        quoted(package.path), quoted(package.cpath), quoted(os.getenv "TYCHO_BIN" or "lua5.4"), quoted(program)))
      local text = pipe:read("a")
      assert.is_true(pipe:close())
      assert.truthy(text:find("Piped", 1, true), text)
      assert.truthy(text:find("squares", 1, true))
      assert.is_nil(text:find("\27", 1, true))
    end)

    it("opens a window where there is a display and falls back to text where none opens", function()
      local log = folder .. "/window"
      local body = [[
        case "$*" in *-persist*) cat > %s; %s;; esac
        case "$(cat)" in *GPVAL_TERMINALS*) echo " dumb qt ";; *) exit 9;; esac]]
      with_environment{DISPLAY = ":9", TYCHO_GNUPLOT = script("win", body:format(log, "echo 'tycho: drawn'; exit 0"))}
      plot.figure{title = "Seen"}:line({1, 2}):show()
      assert.truthy(read(log):find("set terminal qt size 800,500", 1, true))
      with_environment{DISPLAY = ":9", TYCHO_GNUPLOT = script("win", body:format(log, "exit 1"))}
      local fig = plot.line({1, 2})
      assert.truthy(error_of(fig.show, fig, {mode = "window"}):find("show: no window opened", 1, true))
    end)
  end)

  describe("figures", function()
    it("chain, and the module draws on the current one", function()
      local fig = plot.figure()
      assert.equal(fig, plot.line({1, 2}):xlabel("a"):ylabel("b"):title("c"):legend():grid():xlim(0, 1):ylim(0, 1))
      local axes = plot.subplot(1, 1, 1)
      assert.equal(axes, axes:line({1}):title("t"))
      assert.equal(fig, plot.gcf())
      plot.close()
      assert.not_equal(fig, plot.gcf())
    end)

    it("give the same axes for the same place and refuse to lose a drawing", function()
      local fig = plot.figure()
      local axes = fig:subplot(2, 1, 2)
      assert.equal(axes, fig:subplot(2, 1, 2))
      fig:line({1, 2})
      fig:subplot(2, 2, 1)
      local message = error_of(fig.subplot, fig, 1, 2, 1)
      assert.truthy(message:find("overlaps the subplot (2, 1, 2)", 1, true), message)
    end)

    it("draw several axes with a title over them", function()
      local fig = plot.figure{title = "Above all", size = {600, 400}}
      for i = 1, 4 do
        fig:subplot(2, 2, i):line({i, 2 * i}):title("part " .. i)
      end
      fig:savefig(folder .. "/a.svg")
      local svg = read(folder .. "/a.svg")
      for _, text in ipairs {"Above all", "part 1", "part 4"} do
        assert.truthy(svg:find(text, 1, true))
      end
    end)
  end)

  it("documents every function that it offers, with an example that runs", function()
    local documented = {}
    for _, row in ipairs(plot.docs) do
      documented[row.name] = true
      assert.is_true(#row.doc > 0 and row.signature:find(row.name, 1, true) == 1)
      if not row.example:find("show()", 1, true) and not row.example:find("savefig", 1, true) then
        local chunk = assert(load(row.example, row.name, "t", {
          plot = plot, ty = require "tycho", nn = require("tycho").nn, print = function() end,
        }))
        plot.close()
        chunk()
      else
        assert(load(row.example))
      end
    end
    for name, value in pairs(plot) do
      assert.is_true(type(value) ~= "function" or documented["plot." .. name], name)
    end
  end)
end)
