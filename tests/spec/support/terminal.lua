-- Drives the executable `tycho` for the specs of the prompt: at a terminal through pty_run (see tests/c/pty_run.c, which says
-- what the steps are) and in pipes. Needs the environment variables TYCHO_BIN (the executable) and TYCHO_PTY (pty_run);
-- relies on sh otherwise. Sessions see a home folder of their own, with a history of their own.

local terminal = {bin = os.getenv "TYCHO_BIN", pty = os.getenv "TYCHO_PTY"}

-- Seconds that a step may wait: a sanitizer's build is slow, and so is a busy machine.
local PATIENCE = os.getenv "TYCHO_SANITIZED" and 120 or 30

function terminal.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end
local quote = terminal.quote

function terminal.write_file(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

function terminal.read_file(path)
  local file = io.open(path)
  local text = file and file:read("a")
  if file then
    file:close()
  end
  return text
end

--- Runs a shell command; its standard output, standard error and exit status.
function terminal.sh(command)
  local out, err = os.tmpname(), os.tmpname()
  local _, how, code = os.execute(("{ %s\n} >%s 2>%s"):format(command, out, err))
  local stdout, stderr = terminal.read_file(out), terminal.read_file(err)
  os.remove(out)
  os.remove(err)
  return stdout, stderr, how == "exit" and code or 128 + code
end

--- Whether the specs can run; to be asked within a describe with busted's functions, and pending otherwise. Makes the folder
-- of the specs of this describe and removes it at its end.
function terminal.prepared(setup, teardown, pending)
  if not terminal.bin or not terminal.pty then
    pending("needs TYCHO_BIN and TYCHO_PTY")
    return false
  end
  setup(function()
    terminal.folder = os.tmpname()
    os.remove(terminal.folder)
    assert(os.execute("mkdir -m 700 " .. quote(terminal.folder)))
  end)
  teardown(function()
    os.execute("rm -rf " .. quote(terminal.folder))
  end)
  return true
end

--- Writes a file into the folder of the specs; its name.
function terminal.script(name, text)
  terminal.write_file(terminal.folder .. "/" .. name, text)
  return terminal.folder .. "/" .. name
end

--- Drives the command at a terminal by the steps, each a string; fails with what was on the screen. A second table may
-- set environment (a shell's words), before (shell commands) and
-- size ("24x80").
function terminal.drive_command(command, steps, options)
  options = options or {}
  local folder = terminal.folder
  local steps_file = terminal.script("steps", table.concat(steps, "\n") .. "\n")
  local settings = ("TERM=xterm INPUTRC=/dev/null NO_COLOR= HOME=%s XDG_STATE_HOME=%s %s"):format(quote(folder),
    quote(folder .. "/state"), options.environment or "")
  local stdout, stderr, status = terminal.sh(("cd %s && %s env %s %s -t %d -s %s %s <%s"):format(quote(folder),
    options.before or "", settings, quote(terminal.pty), PATIENCE, options.size or "24x80", command, quote(steps_file)))
  if status ~= 0 then
    error("\n" .. stdout .. stderr, 2)
  end
end

--- The same for the prompt.
function terminal.drive(steps, options)
  terminal.drive_command(quote(terminal.bin), steps, options)
end

return terminal
