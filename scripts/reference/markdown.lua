-- The reference as Markdown, for reading in a terminal or an editor.

local html = require "html"

local markdown = {extension = "md"}

local function anchor(name) return (name:gsub(":", "-")) end

local function address(site, entry) return ("%s.md#%s"):format(site.of[entry].id, anchor(entry.names[1])) end

local function section(site, item)
  local entry = item.entry
  local out = {('<a id="%s"></a>'):format(anchor(item.anchor)), ("### `%s`"):format(entry.names[1]), "",
    "```", html.forms(entry), "```", ""}
  if #entry.names > 1 then
    out[#out + 1] = "Also `" .. table.concat(entry.names, "`, `", 2) .. "`."
    out[#out + 1] = ""
  end
  out[#out + 1] = ((entry.doc or ""):gsub("[*_<]", "\\%0"))
  out[#out + 1] = ""
  if item.in_place then
    out[#out + 1] = ("In place: `%s`."):format(item.in_place.names[1])
    out[#out + 1] = ""
  end
  if entry.example then
    out[#out + 1] = "```lua\n" .. item.code .. "\n```\n"
    if item.shown then out[#out + 1] = "```\n" .. item.shown .. "\n```\n" end
  end
  if #item.also > 0 then
    local links = {}
    for _, other in ipairs(item.also) do links[#links + 1] = ("[%s](%s)"):format(other.names[1], address(site, other)) end
    out[#out + 1] = "See also " .. table.concat(links, ", ") .. ".\n"
  end
  return table.concat(out, "\n")
end

function markdown.page(site, page)
  local out = {"# " .. page.title, "", "[Index](index.md)", "", page.text or ""}
  for _, item in ipairs(page.entries) do out[#out + 1] = section(site, item) end
  return table.concat(out, "\n")
end

function markdown.index(site, all)
  local out = {"# Tycho: reference", "", ("%d names."):format(#all), ""}
  for _, group in ipairs(site.groups) do
    out[#out + 1] = "## " .. group .. "\n"
    for _, page in ipairs(site.list) do
      if page.group == group then out[#out + 1] = ("- [%s](%s.md)"):format(page.title, page.id) end
    end
    out[#out + 1] = ""
  end
  out[#out + 1] = "[Coverage of PyTorch](coverage.md)\n"
  return table.concat(out, "\n")
end

function markdown.coverage(_, areas)
  local out = {"# Coverage of PyTorch", "", "[Index](index.md)", "",
    "| area | there | left out | absent |", "| --- | --- | --- | --- |"}
  for _, area in ipairs(areas) do
    out[#out + 1] = ("| %s | %d | %d | %d |"):format(area.name, area.present, area.left_out, area.absent)
  end
  for _, area in ipairs(areas) do
    local absent, left = {}, {}
    for _, one in ipairs(area.names) do
      if one.reason then
        left[#left + 1] = ("`%s` (%s)"):format(one.name, one.reason)
      elseif not one.here then
        absent[#absent + 1] = ("`%s`"):format(one.name)
      end
    end
    if #absent + #left > 0 then out[#out + 1] = ("\n## %s\n"):format(area.name) end
    if #absent > 0 then out[#out + 1] = "Absent: " .. table.concat(absent, ", ") .. ".\n" end
    if #left > 0 then out[#out + 1] = "Left out: " .. table.concat(left, ", ") .. "." end
  end
  return table.concat(out, "\n") .. "\n"
end

return markdown
