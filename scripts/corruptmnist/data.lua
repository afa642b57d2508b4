-- The data of the exercise: digits of MNIST in blocks, each block turned by an angle of its own. Where the files are not
-- there, they are made, from all of MNIST or from its 10,000 test digits, by scripts/make_corruptmnist.lua.

local ty = require "tycho"
local command_line = require "command_line"
local digits = require "digits"

local data = {}

-- The folder of data.CorruptMNIST's files that are made here: in Tycho's cache unless one is named.
local function own_folder(folder)
  if folder then return folder end
  local base = os.getenv "XDG_CACHE_HOME"
  if not base or base == "" then base = (os.getenv "HOME" or ".") .. "/.cache" end
  return base .. "/tycho/corruptmnist"
end

-- Makes the files, by the script for that, run by this very program.
local function make(folder, from, here)
  local quoted = command_line.quoted
  local words = {quoted(command_line.program()), quoted(here .. "../make_corruptmnist.lua"), quoted(folder)}
  if from then words[#words + 1] = "--root " .. quoted(from) end
  -- Few digits make few blocks, and the network can only learn the angles that it sees: smaller blocks then.
  if digits.are_few(from) then words[#words + 1] = "--test-only --block 250" end
  io.stderr:write("making corrupt MNIST in ", folder, "\n")
  if not os.execute(table.concat(words, " ") .. " >&2") then
    command_line.fail "corrupt MNIST could not be made; name the folder with MNIST's files by --digits"
  end
end

--- The training or the test set, normalised to mean 0 and standard deviation 1: {images, targets} with the field classes.
-- folder: where train_images_0.pt and so on lie; nil: where data.CorruptMNIST looks. from: MNIST's own folder, to make them.
function data.load(here, folder, from, train)
  local options = {root = folder, train = train, normalize = true}
  local there, set = pcall(ty.data.CorruptMNIST, options)
  if there then return set end
  if not tostring(set):find(train and "train_images_0.pt is not in" or "test_images.pt is not in", 1, true) then
    error(set, 0)
  end
  make(own_folder(folder), from, here)
  return ty.data.CorruptMNIST(options)
end

return data
