--[[
Pictures of figures as bytes and as files: which terminals of gnuplot make a kind of file, how such a file begins and ends,
and writing it so that it appears whole or not at all. Relies on picture.lua for the script and on gnuplot.lua to run it.
]]

local blame = require "tycho.plot.blame"
local gnuplot = require "tycho.plot.gnuplot"
local options = require "tycho.plot.options"
local picture = require "tycho.plot.picture"
local fail = blame.fail
local floor = math.floor

local files = {}

local FONT = "Sans,10.5"

-- What a file of each kind is made with: terminals to try in turn with their settings, and how such a file begins
-- and ends.
local kinds = {
  png = {
    terminals = {"pngcairo", "png"}, head = "^\x89PNG\r\n\x1A\n", tail = "IEND\xAEB`\x82$",
    setting = function(name, w, h, s)
      local common = ("size %d,%d background '%s' fontscale %g linewidth %g pointscale %g noenhanced"):format(
        floor(w * s.scale + 0.5), floor(h * s.scale + 0.5), s.paper, s.scale, s.scale, s.scale)
      return name == "pngcairo" and ('pngcairo %s font "%s" rounded'):format(common, FONT) or "png " .. common
    end,
  },
  svg = {
    terminals = {"svg"}, head = "^<%?xml", tail = "</svg>%s*$",
    setting = function(_, w, h, s)
      return ('svg size %d,%d font "DejaVu Sans,Verdana,sans-serif,10.5" fontscale 1.3333 noenhanced rounded background "%s"')
          :format(w, h, s.paper)
    end,
  },
  pdf = {
    terminals = {"pdfcairo", "pdf"}, head = "^%%PDF", tail = "%%%%EOF%s*$",
    setting = function(name, w, h, s)
      -- gnuplot makes texts and points of a PDF a third larger, lines thinner
      return ('%s size %.4fin,%.4fin font "%s" fontscale 0.75 linewidth 1.3 pointscale 0.75 noenhanced rounded background "%s"')
          :format(name, w / 96, h / 96, FONT, s.paper)
    end,
  },
}
-- Chooses the first of the terminals that this gnuplot has, inside the script, so that one run is enough.
local function choose_terminal(kind, figure, scale)
  local parts = {}
  for _, name in ipairs(kind.terminals) do
    parts[#parts + 1] = ('if (strstrt(" ".GPVAL_TERMINALS." ", " %s ")) { set terminal %s } else {'):format(
      name, kind.setting(name, figure.width, figure.height, {scale = scale, paper = figure.theme.paper}))
  end
  parts[#parts + 1] = 'exit message "tycho: no terminal" ' .. ("}"):rep(#kind.terminals)
  return table.concat(parts, " ")
end

local function script_of(figure, kind, scale)
  return choose_terminal(kind, figure, scale) .. "\n" .. picture.script(figure)
end

-- What gnuplot wrote, once it is seen to be whole.
local function checked(kind, name, bytes, said)
  if bytes == "" and said:find("tycho: no terminal", 1, true) then
    fail("savefig: this gnuplot cannot make .%s files (it has no terminal %s); install gnuplot-nox, or choose another"
         .. " of .pdf, .png, .svg", name, table.concat(kind.terminals, " or "))
  elseif not (bytes:find(kind.head) and bytes:sub(-64):find(kind.tail)) then
    fail("savefig: gnuplot did not make a whole .%s file%s", name, said ~= "" and ": " .. said or "")
  end
  if name == "svg" then
    -- pixels stay squares when a viewer enlarges them; text cannot hold this tag, for "<" is escaped there
    bytes = bytes:gsub("<image ", '<image style="image-rendering:pixelated" ')
  end
  return bytes
end

--- The bytes of a figure as "png", "svg" or "pdf". scale: pixels of the file for one of the figure (png).
function files.bytes(figure, where, name, scale, timeout)
  local kind = kinds[name]
  local bytes, said = gnuplot.run(where, script_of(figure, kind, scale), timeout)
  return checked(kind, name, bytes, said)
end

--- Starts to draw a figure in the background; a job of gnuplot.lua whose poll gives the bytes when it has ended.
function files.start(figure, where, name)
  local kind = kinds[name]
  local job = gnuplot.start_job(where, script_of(figure, kind, 1))
  local poll = job.poll
  function job.poll(wait)
    local bytes, said = poll(wait)
    return bytes and checked(kind, name, bytes, said)
  end
  return job
end

local function open_beside(path)
  local folder = path:match("^(.*/)[^/]*$") or "./"
  local unique = tostring({}):match("0x(%x+)") or tostring(os.time())
  local process = require("tycho.core").process
  local temporary = ("%s.tycho-%d-%s.tmp"):format(folder, process.getpid(), unique)
  local file, message, code = io.open(temporary, "wb")
  if file then
    return file, temporary
  end
  local reason = (message or ""):gsub("^.*: ", "")
  local ENOENT = 2
  if code == ENOENT then
    reason = ("the folder '%s' does not exist"):format(folder)
  end
  fail("savefig: cannot write '%s': %s", path, reason)
end

--- The kind of file that a path names, "png", "svg" or "pdf", or an error.
function files.kind_of(where, path)
  if type(path) ~= "string" then
    fail("%s: the path is a %s; a string such as \"loss.png\" is expected", where, type(path))
  elseif path:find("\0", 1, true) then
    fail("%s: the path %q holds a zero byte", where, path)
  end
  local name = path:match("[^/]%.([^./]*)$")
  if not (name and kinds[name:lower()]) then
    fail("%s: '%s' has %s; known: .pdf, .png, .svg", where, path,
         name and ("the unknown extension '.%s'"):format(name) or "no extension")
  end
  return name:lower()
end

--- Writes what make() returns to the file: a temporary one beside it, renamed when it is whole.
function files.write(path, make)
  local file, temporary = open_beside(path)
  -- runs on every way out, Ctrl-C included; after the renaming there is nothing left to remove
  local _ <close> = setmetatable({}, {__close = function()
    if io.type(file) == "file" then
      file:close()
    end
    if temporary then
      os.remove(temporary)
    end
  end})
  local ok, message = file:write(make())
  if ok then
    ok, message = file:close()
  end
  if ok then
    ok, message = os.rename(temporary, path)
  end
  if not ok then
    fail("savefig: cannot write '%s': %s", path, ((message or "unknown error"):gsub("^.*: ", "")))
  end
  temporary = nil
end

local known = {timeout = options.positive, dpi = options.positive}

--- The action of fig:savefig.
function files.savefig(figure, path, given)
  local read = options.check("savefig", given, known)
  local name = files.kind_of("savefig", path)
  local scale = (read.dpi or 96) / 96
  if figure.width * scale > 20000 or figure.height * scale > 20000 then
    fail("savefig: %d x %d pixels at %g dpi make a picture of more than 20000 pixels a side", figure.width, figure.height,
         read.dpi)
  end
  figure:gca()
  files.write(path, function()
    return files.bytes(figure, "savefig", name, scale, read.timeout)
  end)
end

return files
