-- Runs a tutorial or program as a user does, and looks at the pictures that it leaves.

local ty = require "tycho"

local programs = {
  tycho = assert(os.getenv "TYCHO_BIN", "TYCHO_BIN must name the tycho program"),
  sanitized = os.getenv "TYCHO_SANITIZED" ~= nil, -- everything takes about eight times as long: do less
  digits = "../shared/data/mnist", -- the 10,000 test digits, where somebody has put them beside the repository
}

local function quoted(text) return "'" .. tostring(text):gsub("'", "'\\''") .. "'" end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end
programs.exists = exists

programs.has_digits = exists(programs.digits .. "/t10k-labels-idx1-ubyte.gz")

--- What the command (a list of words) writes, and its exit status. There is no display, and no terminal.
function programs.run_command(words)
  local parts = {}
  for i, word in ipairs(words) do parts[i] = quoted(word) end
  local pipe = io.popen("unset DISPLAY WAYLAND_DISPLAY; " .. table.concat(parts, " ") .. " 2>&1 </dev/null")
  local text = pipe:read "a"
  local _, kind, status = pipe:close()
  assert(kind == "exit", text)
  return text, status
end

--- The same of a script that tycho runs.
function programs.run(...) return programs.run_command {programs.tycho, ...} end

--- What a script writes, which has to end well, and of which the training doctor says nothing.
function programs.output(...)
  local text, status = programs.run(...)
  assert(status == 0 and not text:find(": doctor: ", 1, true), text)
  return text
end

--- A new empty folder.
function programs.folder()
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. quoted(folder)))
  return folder
end

function programs.remove(folder) os.execute("rm -rf " .. quoted(folder)) end

--- Raises unless the file is a picture with something on it: at least this share of its pixels is not white, in more than
-- a few colours. least: default 0.01.
function programs.check_picture(path, least)
  local image = ty.io.read_image(path, "RGB")
  local pixels = image:flatten(2):long()
  local codes = pixels[1] * 65536 + pixels[2] * 256 + pixels[3]
  local inked = codes:ne(0xffffff):float():mean():item()
  assert(inked >= (least or 0.01), ("%s is blank: %.2f %% of it is not white"):format(path, 100 * inked))
  local colors = #codes:unique()
  assert(colors > 8, ("%s has %d colours"):format(path, colors))
  return image
end

--- Raises unless the text holds each of the parts.
function programs.check_has(text, ...)
  for _, part in ipairs {...} do assert(text:find(part, 1, true), part .. " is not in:\n" .. text) end
end

--- All numbers that the pattern finds in the text.
function programs.numbers(text, pattern)
  local found = {}
  for number in text:gmatch(pattern) do found[#found + 1] = assert(tonumber(number), number) end
  return found
end

--- Raises unless each number is below the one before.
function programs.check_falling(numbers)
  assert(#numbers > 1, "no series of numbers")
  for i = 2, #numbers do
    assert(numbers[i] < numbers[i - 1], ("number %d, %g, is not below %g"):format(i, numbers[i], numbers[i - 1]))
  end
end

return programs
