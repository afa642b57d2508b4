--[[
Plots as the terminal shows them: as characters of three kinds that fit the window, as pictures where the terminal takes
them, and never an escape sequence into a pipe; Ctrl-C gives the prompt back; curves grow in place, in files and in
windows, and trouble with them does not stop a training loop. Needs TYCHO_BIN, TYCHO_PTY (tests/c/pty_run.c) and gnuplot.
]]

local ty = require "tycho"
local pictures = require "support.pictures"
local plot = ty.plot
local show = require "tycho.plot.show"
local sixel = require "tycho.plot.sixel"

local BIN, PTY = os.getenv "TYCHO_BIN", os.getenv "TYCHO_PTY"
local folder

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function write(name, text)
  local path = folder .. "/" .. name
  local file = assert(io.open(path, "wb"))
  file:write(text)
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

local function error_of(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  return tostring(message)
end

-- A program that stands for gnuplot.
local function program(name, body)
  local path = write(name, "#!/bin/sh\n" .. body .. "\n")
  os.execute(("chmod +x '%s'"):format(path))
  return path
end

local CLEAN = "unset DISPLAY WAYLAND_DISPLAY TMUX STY KITTY_WINDOW_ID TERM_PROGRAM WEZTERM_PANE COLORTERM NO_COLOR "
    .. "LC_ALL TYCHO_PLOT; export LANG=C.UTF-8 TERM=xterm-256color; "

-- Runs code in a program of its own whose output is a pipe.
local function piped(code, environment)
  local script = write("piped.lua", code)
  local pipe = io.popen(CLEAN .. (environment or "") .. " " .. quote(BIN) .. " " .. quote(script) .. " 2>&1")
  local text = pipe:read("a")
  pipe:close()
  return text
end

-- Runs code (or the prompt) at a terminal by the steps of pty_run; fails with what was seen when a step was not met.
local function drive(code, steps, environment, size)
  local input = write("steps", steps)
  local script = code and quote(write("driven.lua", code)) or "-q"
  local command = CLEAN .. (environment or "") .. " " .. quote(PTY) .. (size and " -s " .. size or "") .. " " .. quote(BIN)
      .. " " .. (code and script or "") .. " < " .. quote(input) .. " 2>&1"
  local pipe = io.popen(command)
  local seen = pipe:read("a")
  local ok = pipe:close()
  assert.is_true(ok, seen)
end

local CURVE = [[
local plot = require "tycho".plot
plot.figure{title = "Training"}:line({3, 2, 1.5}, {label = "loss"}):xlabel("epoch"):ylabel("loss"):legend():show()
]]

describe("plots in the terminal", function()
  before_each(function()
    folder = pictures.new_folder()
    pictures.with_environment({})
    plot.close()
  end)
  after_each(function()
    pictures.real_environment()
    os.execute(("rm -rf '%s'"):format(folder))
  end)

  describe("as characters", function()
    local function kinds()
      local x = ty.linspace(0, 6, 100)
      return {
        line = function(f) f:line(x, x:sin(), {label = "sin"}):line(x, x:cos(), {label = "cos"}):legend():title("t") end,
        twin = function(f)
          f:line({1, 2}):xlabel("x"):ylabel("left")
          f:twinx():line({5, 3}):ylabel("right")
        end,
        bar = function(f) f:bar({"a", "b", "a very long name of a class"}, {1, 2, 3}):ylabel("n") end,
        barh = function(f) f:barh({"a", "b", "a very long name of a class"}, {1, 2, 3}) end,
        hist = function(f) f:hist(x) end,
        image = function(f) f:image(ty.rand(3, 20, 20)):title("an image") end,
        heatmap = function(f) f:heatmap(ty.rand(4, 4)) end,
        contour = function(f) f:contourf(ty.rand(6, 6)):contour(ty.rand(6, 6), {clabel = true}) end,
        scatter = function(f) f:scatter(x, x:sin(), {color = x}):scatter({1, 2}, {0, 1}, {color = {"a", "b"}}):legend() end,
        spread = function(f) f:errorbar({1, 2, 3}, {yerr = 0.3}):fill_between({1, 3}, 0, 2):axhline(1):axvspan(1, 2) end,
        box = function(f) f:boxplot({{1, 2, 3}, {2, 3, 9}}):annotate("far", {2, 9}, {1.5, 7}) end,
        log = function(f) f:line({1, 0.01, 1e-5}):yscale("log"):legend("below") end,
        grid = function(f)
          for i = 1, 4 do f:subplot(2, 2, i):line({1, i}):title("part " .. i) end
          f:suptitle("all")
        end,
        empty = function() end,
      }
    end

    it("fit their columns and rows, whatever is drawn, in every style and with colours", function()
      for name, fill in pairs(kinds()) do
        local fig = plot.figure()
        fill(fig)
        for _, columns in ipairs {20, 60, 80, 120} do
          for _, style in ipairs {"ascii", "braille", "block"} do
            for _, ansi in ipairs {false, true} do
              local rows = columns // 4 + 2
              local text = fig:text{columns = columns, rows = rows, style = style, ansi = ansi}
              local lines = 0
              for line in text:gmatch("([^\n]*)\n") do
                lines = lines + 1
                local plain = line:gsub("\27%[[%d;]*m", "")
                assert.is_nil(plain:find("[%c]"), name)
                assert.is_true(utf8.len(plain) <= columns, name .. ": " .. plain)
                assert.is_true(ansi or plain == line)
              end
              assert.is_true(lines <= rows and lines > 1, name)
            end
          end
        end
      end
    end)

    it("are ASCII where ASCII is asked for", function()
      for name, fill in pairs(kinds()) do
        if name ~= "bar" and name ~= "barh" then
          local fig = plot.figure()
          fill(fig)
          assert.is_nil(fig:text{columns = 70, style = "ascii"}:find("[\128-\255]"), name)
        end
      end
    end)

    it("show bars as long as their values", function()
      local text = plot.figure():barh({1, 2}):xlim(0, 2):text{columns = 60, rows = 12, style = "block"}
      local longest, shortest = 0, 1000
      for line in text:gmatch("[^\n]+") do
        local n = select(2, line:gsub("\u{2588}", ""))
        if n > 0 then
          longest, shortest = math.max(longest, n), math.min(shortest, n)
        end
      end
      assert.is_true(math.abs(longest / shortest - 2) < 0.1)
    end)

    it("draw a line from corner to corner in Braille", function()
      local text = plot.figure():line({0, 1}):ylim(0, 1):text{columns = 40, rows = 12, style = "braille"}
      local lines = {}
      for line in text:gmatch("[^\n]+") do
        lines[#lines + 1] = line
      end
      local function first_dot(line)
        local at = line:find("\u{2800}") or line:find("[\u{2801}-\u{28FF}]")
        for p, c in utf8.codes(line) do
          if c > 0x2800 and c < 0x2900 then
            return utf8.len(line, 1, p)
          end
        end
        return at
      end
      assert.is_true(first_dot(lines[1]) > 35)
      assert.is_true(first_dot(lines[#lines - 2]) < 9)
    end)

    it("tell series apart with colours, and with dashes or letters without", function()
      local fig = plot.figure():line({1, 2}, {label = "a"}):line({2, 1}, {label = "b"}):legend()
      local mono = fig:text{style = "braille"}
      assert.truthy(mono:find("\u{2500}\u{2500}\u{2500} a", 1, true) and mono:find("\u{254C}\u{254C}\u{254C} b", 1, true))
      local ascii = fig:text()
      assert.truthy(ascii:find("*** a", 1, true) and ascii:find("### b", 1, true))
      pictures.with_environment{COLORTERM = "truecolor"}
      local colored = fig:text{style = "braille", ansi = true}
      assert.truthy(colored:find("38;2;0;114;178m", 1, true) and colored:find("38;2;230;126;0m", 1, true))
    end)

    it("need no gnuplot", function()
      pictures.with_environment{TYCHO_GNUPLOT = "/nonexistent"}
      assert.truthy(plot.line({1, 2}):text():find("1.0", 1, true))
    end)
  end)

  describe("shown", function()
    it("go into a pipe without any escape, whatever the environment says", function()
      for _, environment in ipairs {"", "KITTY_WINDOW_ID=1", "TERM_PROGRAM=iTerm.app", "TERM=foot", "TYCHO_PLOT=kitty",
                                    "TYCHO_PLOT=sixel", "TYCHO_PLOT=braille", "COLORTERM=truecolor"} do
        local text = piped(CURVE, environment)
        assert.truthy(text:find("Training", 1, true), text)
        assert.is_nil(text:find("\27", 1, true), environment)
      end
    end)

    it("are Braille in the terminal's size and colours, or what TYCHO_PLOT says", function()
      for size, columns in pairs {["24x60"] = 60, ["30x120"] = 120} do
        drive(CURVE, "raw \xe2\x94\xa4\nraw \\e[0;38;5;\nexpect epoch\nexit 0\n", "", size)
        drive(CURVE .. ("io.write(({require('tycho.plot.show').text_size(plot.gcf())})[1], ' wide')"),
              ("expect %d wide\nexit 0\n"):format(columns - 1), "", size)
      end
      drive(CURVE, "expect Training\nrefuse \xe2\x94\xa4\nexit 0\n", "TYCHO_PLOT=ascii")
      drive(CURVE, "expect epoch\nrefuse [0;38\nexit 0\n", "NO_COLOR=1")
      drive(CURVE, "expect unknown TYCHO_PLOT \"pictures\"; known: ascii, auto\nexit 1\n", "TYCHO_PLOT=pictures")
    end)

    it("are pictures in terminals that take them", function()
      drive(CURVE, "raw \\e_Ga=T,f=100,m=1;iVBOR\nexit 0\n", "KITTY_WINDOW_ID=1")
      drive(CURVE, "raw \\e]1337;File=inline=1;size=\nexit 0\n", "TERM_PROGRAM=iTerm.app")
      drive(CURVE, "raw \\ePq\"1;1;800;500\nexit 0\n", "TERM=foot")
      drive(CURVE, "raw \\e_G\nexit 0\n", "TYCHO_PLOT=kitty")
      -- a multiplexer does not hand pictures on
      drive(CURVE, "expect epoch\nrefuse _Ga=T\nexit 0\n", "KITTY_WINDOW_ID=1 TMUX=/tmp/x,1,0")
    end)

    it("ask a terminal once whether it knows sixel, and take an answer or none", function()
      drive(CURVE .. "plot.gcf():show()", "raw \\e[c\nsend \\e[?62;4;22c\nraw \\ePq\nraw \\ePq\nexit 0\n")
      drive(CURVE, "raw \\e[c\nsend \\e[?62;22c\nexpect epoch\nrefuse 62;22\nexit 0\n")
      drive(CURVE, "raw \\e[c\nexpect epoch\nexit 0\n")
    end)

    it("are encoded as the protocols say", function()
      assert.equal("", show.base64(""))
      assert.equal("Zg==", show.base64("f"))
      assert.equal("Zm8=", show.base64("fo"))
      assert.equal("Zm9vYmFy", show.base64("foobar"))
      local path = folder .. "/a.png"
      local image = ty.zeros({3, 7, 2}, {dtype = ty.uint8})
      image[{1, {}, 2}] = 255
      ty.io.write_png(image, path)
      local file = io.open(path, "rb")
      local text = sixel.encode(file:read("a"))
      file:close()
      assert.equal('\27Pq"1;1;2;7#0;2;0;0;0#1;2;100;0;0#0~$#1!1?~-#0@$#1!1?@-\27\\', text)
    end)

    it("in a window say so when there is none", function()
      local fig = plot.line({1, 2})
      assert.truthy(error_of(fig.show, fig, {mode = "window"}):find("no display (DISPLAY is not set)", 1, true))
      assert.truthy(error_of(fig.show, fig, {mode = "paper"}):find("unknown mode \"paper\"; known: ascii", 1, true))
    end)

    it("give the prompt back at Ctrl-C", function()
      local slow = program("slow", "sleep 60")
      drive(nil, table.concat({
        "expect >", "line fig = plot.line{1, 2}", "expect >", ("line fig:savefig('%s/x.png')"):format(folder), "pause 0.5",
        "send \\x03", "expect interrupted", "line print(6 * 7)", "expect 42", "line os.exit(0)", "exit 0", "",
      }, "\n"), "TYCHO_GNUPLOT=" .. quote(slow))
      local pipe = io.popen(("ls -A '%s'"):format(folder))
      assert.is_nil(pipe:read("a"):find("tmp", 1, true))
      pipe:close()
    end)
  end)

  describe("live", function()
    it("rewrite a file that is always whole, and end with all points", function()
      local path = folder .. "/live.png"
      local live = plot.live{path = path, interval = 0.02, size = {300, 200}}
      local seen = 0
      local clock = require("tycho.core").process.clock
      local stop, x = clock() + 20, 0
      while live.drawn < 4 and clock() < stop do
        x = x + 1
        live:add("loss", x, 1 / x)
        if exists(path) then
          assert.same({300, 200}, {pictures.open(path).width, pictures.open(path).height})
          seen = seen + 1
        end
      end
      live:close()
      assert.is_true(live.drawn >= 4 and seen > 0)
      assert.is_true(pictures.open(path).count("#0072b2") > 50)
      assert.equal(x, #live.figure.axes[1].marks[1].xs)
      assert.truthy(error_of(live.add, live, "loss", 1):find("this figure is closed", 1, true))
      local pipe = io.popen(("ls -A '%s'"):format(folder))
      assert.equal("live.png\n", pipe:read("a"))
      pipe:close()
    end)

    it("take numbers and tensors, several at once, and other axes", function()
      local live = plot.live{mode = "none"}
      live:add({b = 2, a = ty.tensor(1.5)}):add({a = 1, b = 0 / 0}):add("c", 10, 3)
      local marks = live.figure.axes[1].marks
      assert.same({"a", "b", "c"}, {marks[1].label, marks[2].label, marks[3].label})
      assert.same({1.5, 1}, marks[1].ys)
      assert.same({1, 2}, marks[1].xs)
      assert.same({10}, marks[3].xs)
      live:series("accuracy", {axes = live.figure:twinx(), color = "red"}):add("accuracy", 0.5)
      assert.equal(1, #live.figure.axes[1].twin.marks)
      assert.truthy(error_of(live.add, live, "a", "x"):find("y is a string", 1, true))
      assert.truthy(error_of(plot.live, {file = "x.png"}):find("unknown option 'file'; known: interval, mode, path", 1, true))
      assert.truthy(error_of(plot.live, {path = "x.doc"}):find("unknown extension '.doc'", 1, true))
    end)

    it("cost little", function()
      local live = plot.live{mode = "none"}
      local clock = require("tycho.core").process.clock
      local start = clock()
      for i = 1, 20000 do
        live:add("loss", 1 / i)
      end
      assert.is_true(clock() - start < 2)
    end)

    it("do not stop the loop when drawing fails, tell it once, and raise it at the end", function()
      local text = piped(([[
        local plot = require "tycho".plot
        local live = plot.live{path = %q, interval = 0.01}
        local clock = require("tycho.core").process.clock
        local stop = clock() + 1
        local n = 0
        while clock() < stop do n = n + 1; live:add("loss", n) end
        print("the loop has ended")
        print(pcall(live.close, live))
      ]]):format(folder .. "/live.png"), "TYCHO_GNUPLOT=" .. quote(program("bad", "cat >/dev/null; echo 'no ink' >&2; exit 3")))
      assert.truthy(text:find("the loop has ended", 1, true), text)
      assert.truthy(text:find("false\t.*no ink"), text)
      assert.equal(1, select(2, text:gsub("the program goes on", "")), text)
    end)

    it("stand above the bars of progress in a terminal, with what is printed above them", function()
      drive([[
        local ty = require "tycho"
        local live = ty.plot.live{title = "training", interval = 0.05}
        local clock = require("tycho.core").process.clock
        for epoch = 1, 2 do
          for i in ty.progress(20) do
            local stop = clock() + 0.02
            while clock() < stop do end
            live:add("loss", 1 / i)
          end
          print("epoch " .. epoch .. " done")
        end
        live:close()
        print("all done")
      ]], "expect training\nexpect epoch 1 done\nexpect training\nexpect epoch 2 done\nexpect loss\nexpect all done\nexit 0\n")
    end)

    it("draw into one window that stays", function()
      local log = folder .. "/log"
      local body = ([[
        case "$*" in
          *-persist*) cat >> %s;;
          *) cat > /dev/null; echo " dumb qt ";;
        esac]]):format(log)
      pictures.with_environment{DISPLAY = ":9", TYCHO_GNUPLOT = program("win", body)}
      local live = plot.live{interval = 0.01}
      live:add("loss", 1):update(true):add("loss", 2):update(true):close()
      local file = io.open(log, "rb")
      local text = file:read("a")
      file:close()
      assert.is_true(select(2, text:gsub("set terminal qt [^\n]* noraise", "")) >= 3)
    end)
  end)
end)
