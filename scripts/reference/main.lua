--[[
Writes the reference: tycho scripts/reference/main.lua FOLDER. FOLDER gets HTML pages and a style sheet, and FOLDER/markdown
the same as Markdown. Everything is taken from what help reads; examples are run, and what they show is shown.
]]

local folder = arg[0]:match "^(.*/)" or "./"
package.path = folder .. "?.lua;" .. package.path

local entries = require "tycho.docs.entries"
local coverage = require "coverage"
local pages = require "pages"
local html, markdown = require "html", require "markdown"

local target = arg[1]
if not target then
  io.stderr:write "usage: tycho scripts/reference/main.lua FOLDER\n"
  os.exit(2)
end

local MOST = 14 -- lines of what an example shows

-- The example without the lines that say what it shows, and what it shows.
local function run(entry, scratch)
  local code = entry.example:gsub("\n?%-%->[^\n]*", "")
  if entry.names[1]:find "^plot" then return code, nil end
  local ok, shown = entries.run((entry.example:gsub("/tmp/", scratch .. "/")))
  local _, lines = (shown or ""):gsub("\n", "\n")
  if not ok or shown == "" or lines >= MOST or shown:find("0x%x%x%x%x") then return code, nil end
  return code, shown
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  assert(file:close())
end

local function quoted(path) return "'" .. path:gsub("'", "'\\''") .. "'" end

local scratch = os.tmpname()
os.remove(scratch)
assert(os.execute("mkdir -p " .. quoted(target .. "/markdown") .. " " .. quoted(scratch)))

local site = pages.build()
local areas = coverage.areas(coverage.index())
for _, page in ipairs(site.list) do
  for _, item in ipairs(page.entries) do
    if item.entry.example then item.code, item.shown = run(item.entry, scratch) end
  end
end
os.execute("rm -rf " .. quoted(scratch))

local all = entries.names()
for _, format in ipairs {html, markdown} do
  local base = format == html and target .. "/" or target .. "/markdown/"
  for _, page in ipairs(site.list) do write(base .. page.id .. "." .. format.extension, format.page(site, page)) end
  write(base .. "index." .. format.extension, format.index(site, all))
  write(base .. "coverage." .. format.extension, format.coverage(site, areas))
end
write(target .. "/style.css", html.style)
print(("%d names on %d pages in %s"):format(#all, #site.list + 2, target))
