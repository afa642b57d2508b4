--[[
Shows a figure to the person in front of the program: in a window, as a picture inside the terminal (the protocols of
kitty, iTerm2 and sixel), or as characters. Decides by the environment which of them there is; a word of the user's
(TYCHO_PLOT, or the option mode) decides against it. Escape sequences go to terminals only.
]]

local blame = require "tycho.plot.blame"
local files = require "tycho.plot.files"
local gnuplot = require "tycho.plot.gnuplot"
local options = require "tycho.plot.options"
local picture = require "tycho.plot.picture"
local sixel = require "tycho.plot.sixel"
local terminal = require "tycho.plot.terminal"
local fail = blame.fail
local max, min = math.max, math.min

local show = {}

local window_terminals = {"qt", "wxt", "x11"}
local modes = {}
for word in ("auto window kitty iterm sixel text braille block ascii"):gmatch("%a+") do
  modes[word] = word
end
local read_mode = options.word(modes)

local function environment(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local function process()
  return require("tycho.core").process
end

--- Whether the standard output is a terminal that a person looks at.
function show.is_terminal()
  return process().isatty(1)
end

--- Whether there is a display for windows.
function show.has_display()
  return environment("DISPLAY") ~= nil or environment("WAYLAND_DISPLAY") ~= nil
end

local function speaks_utf8()
  local locale = environment("LC_ALL") or environment("LC_CTYPE") or environment("LANG") or ""
  return locale:lower():find("utf%-?8") ~= nil
end

--- How many colours the terminal shows: "truecolor", "256", "16", or nil for none.
function show.color_depth()
  local term = environment("TERM") or "dumb"
  if environment("NO_COLOR") or term == "dumb" then
    return nil
  end
  local said = environment("COLORTERM")
  if said == "truecolor" or said == "24bit" or term:find("direct", 1, true) then
    return "truecolor"
  end
  return (term:find("256color", 1, true) or said) and "256" or "16"
end

-- The characters that this terminal is likely to show well.
local function best_style()
  local term = environment("TERM") or ""
  return not speaks_utf8() and "ascii" or term == "linux" and "block" or "braille"
end

-- The terminal's background by the convention COLORFGBG ("15;0"): light ones end in 7 or 15.
local function background()
  local last = tonumber((environment("COLORFGBG") or ""):match("(%d+)$"))
  return (last == 7 or last == 15) and "#ffffff" or "#000000"
end

local answered

-- Asks the terminal for its abilities (device attributes; 4 among them is sixel), once, when nothing waits to be read.
local function says_sixel()
  if answered == nil then
    local ask = process().ask_terminal
    local answer = ask and ask("\27[c", "c", 0.3)
    answered = answer and (answer:match("%[%?([%d;]*)c") or "") or ""
  end
  return (";" .. answered .. ";"):find(";4;", 1, true) ~= nil
end

-- The graphics that this terminal takes: "kitty", "iterm", "sixel" or nil.
local function graphics()
  local term, program = environment("TERM") or "", environment("TERM_PROGRAM") or ""
  -- a multiplexer hands the outer terminal's environment on, but not pictures
  local inside = environment("TMUX") or environment("STY") or term:find("^screen") or term:find("^tmux")
  if not inside then
    if environment("KITTY_WINDOW_ID") or term == "xterm-kitty" or term == "xterm-ghostty" or program == "ghostty" then
      return "kitty"
    elseif program == "iTerm.app" or program == "WezTerm" or environment("WEZTERM_PANE") then
      return "iterm"
    elseif term:find("^foot") or term:find("sixel", 1, true) or term:find("^mlterm") then
      return "sixel"
    end
  end
  if process().isatty(0) and term ~= "dumb" and term ~= "linux" and term ~= "" and says_sixel() then
    return "sixel"
  end
  return nil
end

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(bytes)
  local parts = {}
  for at = 1, #bytes, 3 do
    local a, b, c = bytes:byte(at, at + 2)
    local v = a << 16 | (b or 0) << 8 | (c or 0)
    local text = {}
    for k = 1, 4 do
      local digit = (v >> (24 - 6 * k) & 63) + 1
      text[k] = ALPHABET:sub(digit, digit)
    end
    parts[#parts + 1] = table.concat(text, "", 1, c and 4 or b and 3 or 2) .. (c and "" or b and "=" or "==")
  end
  return table.concat(parts)
end
show.base64 = base64

-- A PNG as the sequences of kitty's protocol, which takes 4096 characters at a time.
local function kitty_sequence(png)
  local text, parts = base64(png), {}
  for at = 1, #text, 4096 do
    local more = at + 4096 <= #text and 1 or 0
    parts[#parts + 1] = ("\27_G%sm=%d;%s\27\\"):format(at == 1 and "a=T,f=100," or "", more, text:sub(at, at + 4095))
  end
  return table.concat(parts)
end

local function iterm_sequence(png)
  return ("\27]1337;File=inline=1;size=%d;preserveAspectRatio=1:%s\7"):format(#png, base64(png))
end

--- The figure as the bytes that make a terminal of that kind show it as a picture.
function show.sequence(figure, kind, timeout)
  local png = files.bytes(figure, "show", "png", 1, timeout)
  return kind == "kitty" and kitty_sequence(png) or kind == "iterm" and iterm_sequence(png) or sixel.encode(png)
end

local function write(text)
  local ok, message = io.stdout:write(text)
  if ok then
    ok, message = io.stdout:flush()
  end
  if not ok then
    fail("show: cannot write to the standard output: %s", message)
  end
end

--- The size in characters that a figure takes in the terminal: all columns but one, and a share of the rows that keeps the
-- figure's shape and leaves `spare` of them (default 2).
function show.text_size(figure, spare)
  local wide, high = process().winsize()
  local columns = max(20, min(200, (wide or 80) - 1))
  local rows = math.floor(columns * figure.height / figure.width / 2 + 0.5)
  return columns, max(8, min(rows, 60, (high or 24) - (spare or 2)))
end

--- The figure as text for this terminal, or for a file where there is none. style: one of the words or nil; spare: rows
-- that stay free.
function show.as_text(figure, style, spare)
  if not show.is_terminal() then
    return terminal.render(figure, 79, 23, style or "ascii")
  end
  local columns, rows = show.text_size(figure, spare)
  return terminal.render(figure, columns, rows, style or best_style(), show.color_depth(), background())
end

-- The first terminal for windows that this gnuplot has, or nil.
local function window_terminal()
  local has = gnuplot.terminals("show")
  for _, name in ipairs(window_terminals) do
    if has[name] then
      return name
    end
  end
end

-- The script that draws the figure in a window of the terminal `name`.
local function window_script(figure, name, more)
  local title = gnuplot.quote(figure.suptitle_text or "Tycho")
  return ("set terminal %s size %d,%d title %s noenhanced%s%s\n"):format(
    name, figure.width, figure.height, title, name ~= "x11" and (" background '%s'"):format(figure.theme.paper) or "",
    more or "") .. picture.script(figure)
end

--- Opens the figure in a window that stays, or returns false where none opens.
function show.window(figure, timeout)
  local name = window_terminal()
  return name and gnuplot.open_window(window_script(figure, name), timeout or 10) or false
end

--- A window that is drawn again and again: draw(figure) and detach(), after which it stays.
function show.keep_window()
  local name = window_terminal()
  if not name then
    fail("live: this gnuplot opens no windows; install gnuplot-qt or gnuplot-x11, or give a path: live{path = \"loss.png\"}")
  end
  local kept = gnuplot.keep_open()
  return {
    draw = function(figure)
      kept.send(window_script(figure, name, " noraise"))
    end,
    detach = kept.detach,
  }
end

local STYLES = {braille = "braille", block = "block", ascii = "ascii"}

--- The way in which a figure is shown: "window", "kitty", "iterm", "sixel" or "text".
function show.mode(wanted)
  local word = wanted or environment("TYCHO_PLOT")
  if word and not wanted then
    read_mode("show", "TYCHO_PLOT", word)
  end
  if word and word ~= "auto" then
    local is_picture = word == "kitty" or word == "iterm" or word == "sixel"
    return is_picture and not show.is_terminal() and "text" or word
  elseif show.has_display() then
    return "window"
  end
  return show.is_terminal() and graphics() or "text"
end

local known = {timeout = options.positive, mode = read_mode}

--- The action of fig:show.
function show.show(figure, given)
  local read = options.check("show", given, known)
  figure:gca()
  local mode = show.mode(read.mode)
  if mode == "window" then
    if show.window(figure, read.timeout) then
      return
    elseif read.mode == "window" then
      fail("show: no window opened; there is %s", show.has_display() and "no gnuplot that opens windows: apt install "
             .. "gnuplot-qt or gnuplot-x11" or "no display (DISPLAY is not set)")
    end
    mode = show.is_terminal() and graphics() or "text"
  end
  if mode == "kitty" or mode == "iterm" or mode == "sixel" then
    write(show.sequence(figure, mode, read.timeout) .. "\n")
  else
    write(show.as_text(figure, STYLES[mode]))
  end
end

return show
