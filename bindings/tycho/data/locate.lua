-- Where the files of a data set lie: in the folder that is named, in $TYCHO_DATA, in a system package, in Tycho's cache; or
-- on the network, from where they come with a check of the SHA-256.

local core = require "tycho.core"
local io_tycho = require "tycho.io"

local locate = {}

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

--- The folder for downloads of a data set: $XDG_CACHE_HOME/tycho/NAME, or in ~/.cache.
function locate.cache(name)
  local base = os.getenv "XDG_CACHE_HOME"
  if not base or base == "" then base = (os.getenv "HOME" or ".") .. "/.cache" end
  return base .. "/tycho/" .. name
end

--- The folders where a data set may lie. set: {name =, folder =, raw = (torchvision's folder), package_folder =}.
function locate.folders(set, root)
  local folders = {}
  local function add(base, below)
    if base and base ~= "" then folders[#folders + 1] = below and base .. "/" .. below or base end
  end
  local base = root or os.getenv "TYCHO_DATA"
  if not root then add(base, set.folder) end
  add(base)
  if set.raw then add(base, set.raw) end
  if not root then
    add(set.package_folder)
    add(locate.cache(set.folder))
  end
  return folders
end

--- The path of a file of the set, packed (.gz) or not; nil and the folders where it is not.
function locate.find(set, root, name)
  local folders = locate.folders(set, root)
  for _, folder in ipairs(folders) do
    for _, candidate in ipairs {name, (name:gsub("%.gz$", ""))} do
      local path = folder .. "/" .. candidate
      if exists(path) then return path end
    end
  end
  return nil, folders
end

-- A bar on the terminal for a download, and nothing elsewhere: what io.download calls with the bytes received and in all.
local function bar(name)
  local process, drawn = core.process, 0
  if not process.isatty(2) or os.getenv "TERM" == "dumb" then return nil end
  return function(received, total)
    local now, done = process.clock(), received == total
    if now - drawn < 0.1 and not done then return end
    drawn = now
    local share = total > 0 and received / total or 0
    io.stderr:write(("\r%s %3d%% |%-30s| %.1f of %.1f MB\27[K%s"):format(name, math.floor(share * 100),
      ("#"):rep(math.floor(share * 30)), received / 1e6, total / 1e6, done and "\n" or ""))
    io.stderr:flush()
  end
end

--- The path of a file of the set, downloaded when it is nowhere and may be. entry: {name, sha256}.
function locate.obtain(set, root, entry, download)
  local path, looked = locate.find(set, root, entry[1])
  if path then return path end
  looked = table.concat(looked, ", ")
  if not download or not set.source then
    core.raise(("data.%s: %s is not in %s; %s"):format(set.name, entry[1], looked, set.remedy))
  end
  local target = (root or locate.cache(set.folder)) .. "/" .. entry[1]
  local ok, message = pcall(io_tycho.download, set.source .. entry[1], target, {sha256 = entry[2], progress = bar(entry[1])})
  if not ok then
    core.raise(("data.%s: %s is not in %s, and could not be downloaded: %s\nTo have it offline: %s"):format(set.name, entry[1],
      looked, tostring(message):match "download: (.*)" or message, set.remedy))
  end
  return target
end

return locate
