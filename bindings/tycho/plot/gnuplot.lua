--[[
Runs the program gnuplot: hands it one script through a pipe, collects what it writes to its standard output, and turns
everything that can go wrong (not installed, dies, complains, hangs) into a Lua error with its own words. Also the
quoting that lets any text stand in a script. Relies on tycho.core.process; must not know what is drawn.

gnuplot never sees a file name of the user's: pictures come back through the pipe. It starts with -d, so that nobody's
start-up files change the result. It is told to load its input as a file (through cat, for its input is a socket, which
it cannot open by name): only then does it leave at the first error, and data that follow a refused command are never
read as commands.
]]

local blame = require "tycho.plot.blame"
local fail = blame.fail

local gnuplot = {}

--- Seconds that one drawing may take unless the option timeout says otherwise.
gnuplot.timeout = 30

local MISSING = "gnuplot was not found; install it: apt install gnuplot-nox; or set TYCHO_GNUPLOT"

--- Text that is safe to show anywhere: valid UTF-8 without control characters but the newline (a tab becomes spaces,
-- others and stray bytes a replacement character or a space).
function gnuplot.clean(text)
  text = text:gsub("\r\n?", "\n"):gsub("\t", "    ")
  local out, at = {}, 1
  while at <= #text do
    local good, bad = utf8.len(text, at)
    local last = good and #text or bad - 1
    out[#out + 1] = text:sub(at, last)
    if not good then
      out[#out + 1] = "\u{FFFD}"
      at = bad + 1
    else
      break
    end
  end
  text = table.concat(out):gsub("[%z\1-\9\11-\31\127]", " ")
  -- the second set of control characters, and two code points that XML does not allow
  return (text:gsub("\xC2[\x80-\x9F]", " "):gsub("\xEF\xBF[\xBE\xBF]", "\u{FFFD}"))
end

--- The text as a gnuplot string in double quotes. Every ASCII character that is no letter or space goes as an octal
-- escape: then no quote, backquote, macro or backslash is left for gnuplot to act upon. (Digits too, because gnuplot reads
-- as many digits as follow the backslash.)
-- With `as_format` percent signs are doubled, as labels of tics need it.
function gnuplot.quote(text, as_format)
  text = gnuplot.clean(text)
  if as_format then
    text = text:gsub("%%", "%%%%")
  end
  return '"' .. text:gsub("[^%a \x80-\xFF]", function(c)
    return ("\\%03o"):format(c:byte())
  end) .. '"'
end

--- The program that will be run: TYCHO_GNUPLOT of the environment, or "gnuplot" from the PATH.
function gnuplot.program()
  local named = os.getenv("TYCHO_GNUPLOT")
  return named and named ~= "" and named or "gnuplot"
end

local function start(arguments, streams)
  local process = require("tycho.core").process
  local program = gnuplot.program()
  local argv = {program, "-d"}
  for _, argument in ipairs(arguments) do
    argv[#argv + 1] = argument
  end
  argv[#argv + 1] = "-e"
  argv[#argv + 1] = "load '< cat'"
  local child, message, kind = process.spawn(argv, streams)
  if child then
    return child, process
  elseif kind == "notfound" then
    fail("%s%s", MISSING, program ~= "gnuplot" and (" (it is '%s' now)"):format(program) or "")
  end
  fail("gnuplot cannot be started as '%s': %s", program, message)
end

-- gnuplot's complaint without its echo of the script: the lines that name the line of the script, or the last ones.
local function complaint(stderr)
  local told, other = {}, {}
  for line in gnuplot.clean(stderr):gmatch("[^\n]+") do
    local message = line:match('^[^:]*line %d+: (.*)$')
    line = line:gsub("^%s+", ""):gsub("%s+$", "")
    if message and not message:find("^warning") then
      told[#told + 1] = message
    elseif line ~= "" and line ~= "^" and not line:find("^[Ww]arning: ") then
      other[#other + 1] = line
    end
  end
  local text = #told > 0 and table.concat(told, "; ") or table.concat(other, "; ", math.max(1, #other - 2))
  return #text > 400 and "..." .. gnuplot.clean(text:sub(-400)) or text
end

local function stopped(child, where, timeout)
  child:kill()
  fail("%s: gnuplot did not finish within %g s and was stopped; draw fewer points or give more time: {timeout = %g}",
       where, timeout, timeout * 4)
end

--- Runs a script to its end and returns what gnuplot wrote to its standard output, and its complaints (warnings
-- included) as one text. `where` names the user's function in errors; timeout in seconds. Raises an error when
-- gnuplot is missing, fails, is killed or takes longer.
function gnuplot.run(where, script, timeout)
  timeout = timeout or gnuplot.timeout
  local started, process = start({}, {})
  local child <close> = started
  local deadline = process.clock() + timeout
  local function left()
    return math.max(0, deadline - process.clock())
  end
  local sent, _, reason = child:write(script, left())
  if not sent and reason == "timeout" then
    stopped(child, where, timeout)
  end
  child:close_stdin()
  local output, errors = {}, {}
  repeat
    local out, err, state = child:read(left())
    output[#output + 1], errors[#errors + 1] = out, err
    if state == "overflow" then
      child:kill()
      fail("%s: gnuplot wrote more than this program takes; make the figure smaller", where)
    elseif state == "open" and left() == 0 then
      stopped(child, where, timeout)
    end
  until state == "eof"
  local how, code = child:wait(left())
  local said = complaint(table.concat(errors))
  if not how then
    stopped(child, where, timeout)
  elseif how == "signal" then
    fail("%s: gnuplot was killed by signal %d%s", where, code, said ~= "" and ": " .. said or "")
  elseif code ~= 0 or not sent then
    fail("%s: gnuplot failed (exit status %d)%s", where, code, said ~= "" and ": " .. said or " without a message")
  end
  return table.concat(output), said
end

--- Starts a script in the background. job.poll(wait) waits at most that many seconds and returns the output and the
-- complaints when gnuplot has ended well, nil while it runs, and raises an error when it failed; job.stop() ends it.
function gnuplot.start_job(where, script)
  local child = start({}, {})
  -- gnuplot takes the script as fast as it comes; only the drawing takes its time
  local sent = child:write(script, gnuplot.timeout)
  child:close_stdin()
  local output, errors, job = {}, {}, {}
  function job.poll(wait)
    local out, err, state = child:read(wait)
    output[#output + 1], errors[#errors + 1] = out, err
    if state == "open" then
      return nil
    end
    local how, code = child:wait(1)
    local said = complaint(table.concat(errors))
    if how ~= "exit" or code ~= 0 or not sent then
      job.stop()
      fail("%s: gnuplot %s%s", where, how == "signal" and "was killed" or "failed", said ~= "" and ": " .. said or "")
    end
    return table.concat(output), said
  end
  function job.stop()
    child:kill()
    child:wait(1)
  end
  return job
end

--- Which of the named terminals this gnuplot has, as a set.
function gnuplot.terminals(where)
  local text = gnuplot.run(where, 'set print "-"\nprint GPVAL_TERMINALS\n', 10)
  local set = {}
  for name in text:gmatch("%S+") do
    set[name] = true
  end
  return set
end

--- A gnuplot that stays: send(script) hands it one script after the other, detach() lets its window outlive this program.
function gnuplot.keep_open()
  local child = start({"-persist"}, {stdout = "null"})
  local kept = {}
  function kept.send(script)
    local sent, message = child:write(script .. "\n", gnuplot.timeout)
    local _, errors = child:read(0)
    if not sent then
      local _, more = child:read(0.5)
      child:kill()
      fail("live: the window's gnuplot has gone (%s)%s", message, complaint(errors .. more))
    end
  end
  function kept.detach()
    child:close_stdin()
    local how, code = child:wait(0.3)
    if how and (how ~= "exit" or code ~= 0) then
      local _, errors = child:read(0)
      fail("live: gnuplot opened no window: %s", complaint(errors))
    end
    child:detach()
  end
  return kept
end

--- Runs a script that opens a window which stays when this program ends. Returns whether it opened within the time;
-- the caller has something else to show if it did not.
function gnuplot.open_window(script, timeout)
  local started, process = start({"-persist"}, {stderr = "null"})
  local deadline = process.clock() + timeout
  local function left()
    return math.max(0, deadline - process.clock())
  end
  local child <close> = started
  if not child:write(script .. '\nset print "-"\nprint "tycho: drawn"\n', left()) then
    child:kill()
    return false
  end
  child:close_stdin()
  local seen = ""
  repeat
    local out, _, state = child:read(left())
    seen = seen .. out
    if seen:find("tycho: drawn", 1, true) then
      -- a window that cannot open ends the program at once with an error
      local how, code = child:wait(0.3)
      if how and (how ~= "exit" or code ~= 0) then
        return false
      end
      child:detach()
      return true
    end
  until state ~= "open" or left() == 0
  child:kill()
  return false
end

return gnuplot
