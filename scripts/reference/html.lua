-- The reference as HTML: static pages, one style sheet, no scripts.

local entries = require "tycho.docs.entries"

local html = {extension = "html"}

local function escape(text) return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;")) end

local function anchor(name) return (name:gsub(":", "-")) end

html.style = [[
:root { color-scheme: light dark; --text: #1d2430; --back: #ffffff; --soft: #5b6675; --line: #d9dee5; --code: #f3f5f8;
  --link: #0b5cad; --mark: #0a7d4f; --none: #a33; }
@media (prefers-color-scheme: dark) {
  :root { --text: #dfe5ee; --back: #14181f; --soft: #97a3b4; --line: #2d3542; --code: #1d232d; --link: #7db7ff; --mark: #63d19e;
    --none: #ff8f8f; }
}
* { box-sizing: border-box; }
body { margin: 0; color: var(--text); background: var(--back); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
.page { display: flex; max-width: 76rem; margin: 0 auto; }
nav { flex: 0 0 16rem; padding: 1.5rem 1rem; border-right: 1px solid var(--line); font-size: 0.92rem; }
nav h2 { margin: 1.2rem 0 0.3rem; font-size: 0.78rem; letter-spacing: 0.06em; text-transform: uppercase; color: var(--soft); }
nav ul { list-style: none; margin: 0; padding: 0; }
nav .here { font-weight: 600; color: var(--text); }
main { flex: 1; min-width: 0; padding: 1.5rem 2rem 4rem; }
h1 { margin: 0 0 0.6rem; font-size: 1.7rem; }
section { padding: 0.9rem 0 0.4rem; border-top: 1px solid var(--line); }
h3 { margin: 0 0 0.4rem; font-size: 1.08rem; }
h3 a { color: inherit; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.86rem; }
code { background: var(--code); border-radius: 3px; padding: 0.05rem 0.25rem; }
pre { margin: 0.4rem 0; padding: 0.55rem 0.8rem; background: var(--code); border-radius: 5px; overflow-x: auto;
  line-height: 1.4; }
pre.shown { margin-top: -0.4rem; border-left: 3px solid var(--mark); border-radius: 0 0 5px 5px; color: var(--soft); }
p { margin: 0.4rem 0; }
.names { columns: 14rem; padding: 0; list-style: none; margin: 0.8rem 0 1.6rem; }
.soft { color: var(--soft); }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: 0.3rem 0.8rem; border-bottom: 1px solid var(--line); text-align: left; }
td.count { text-align: right; }
.present { color: var(--mark); }
.absent { color: var(--none); }
@media (max-width: 52rem) { .page { display: block; } nav { border-right: 0; border-bottom: 1px solid var(--line); } }
]]

--- Where an entry is, from any page.
local function address(site, entry)
  local base = site.of[entry]
  return ("%s.html#%s"):format(base.id, anchor(entry.names[1]))
end

-- Text with the names in it made links: nn.Linear, ty.sum, x:view and the like.
local function linked(site, text, own)
  text = escape(text)
  return (text:gsub("[%a_][%w_]*[.:][%w_.:]*[%w_]", function(word)
    local entry = entries.of(word) or word:find "^x:" and entries.of("tensor:" .. word:sub(3))
    if not entry or entry == own then return nil end
    return ('<a href="%s">%s</a>'):format(address(site, entry), word)
  end))
end

local function navigation(site, here)
  local out = {'<nav><a href="index.html"><strong>Tycho</strong></a>'}
  for _, group in ipairs(site.groups) do
    out[#out + 1] = ("<h2>%s</h2><ul>"):format(group)
    for _, page in ipairs(site.list) do
      if page.group == group then
        out[#out + 1] = ('<li><a%s href="%s.html">%s</a></li>'):format(page == here and ' class="here"' or "", page.id,
          escape(page.title))
      end
    end
    out[#out + 1] = "</ul>"
  end
  out[#out + 1] = '<h2>PyTorch</h2><ul><li><a href="coverage.html">Coverage</a></li></ul></nav>'
  return table.concat(out, "\n")
end

local function whole(site, title, here, body)
  return ([[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s - Tycho</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<div class="page">
%s
<main>
%s
</main>
</div>
</body>
</html>
]]):format(escape(title), navigation(site, here), body)
end

local function forms(entry)
  local lines, name = {}, entry.names[1]
  for form in (entry.signature .. "\n"):gmatch "%s*(.-)\n" do
    if form ~= "" then lines[#lines + 1] = form:sub(1, #name) == name and form or name .. form end
  end
  return table.concat(lines, "\n")
end
html.forms = forms

local function section(site, item)
  local entry, out = item.entry, {}
  out[1] = ('<section id="%s">'):format(anchor(item.anchor))
  out[#out + 1] = ('<h3><a href="#%s"><code>%s</code></a></h3>'):format(anchor(item.anchor), escape(entry.names[1]))
  for i = 2, #entry.names do out[#out + 1] = ('<span id="%s"></span>'):format(anchor(entry.names[i])) end
  out[#out + 1] = ("<pre>%s</pre>"):format(escape(forms(entry)))
  if #entry.names > 1 then
    local others = {}
    for i = 2, #entry.names do others[#others + 1] = "<code>" .. escape(entry.names[i]) .. "</code>" end
    out[#out + 1] = ('<p class="soft">Also %s.</p>'):format(table.concat(others, ", "))
  end
  for line in ((entry.doc or "") .. "\n"):gmatch "(.-)\n" do
    if line ~= "" then out[#out + 1] = "<p>" .. linked(site, line, entry) .. "</p>" end
  end
  if item.in_place then
    local name = item.in_place.names[1]
    out[#out + 1] = ('<p class="soft" id="%s">In place: <code>%s</code>. %s</p>'):format(anchor(name), escape(name),
      escape(item.in_place.doc))
  end
  if entry.example then
    out[#out + 1] = ("<pre>%s</pre>"):format(escape(item.code))
    if item.shown then out[#out + 1] = ('<pre class="shown">%s</pre>'):format(escape(item.shown)) end
  end
  if #item.also > 0 then
    local links = {}
    for _, other in ipairs(item.also) do
      links[#links + 1] = ('<a href="%s">%s</a>'):format(address(site, other), escape(other.names[1]))
    end
    out[#out + 1] = ('<p class="soft">See also %s.</p>'):format(table.concat(links, ", "))
  end
  out[#out + 1] = "</section>"
  return table.concat(out, "\n")
end

function html.page(site, page)
  local out = {("<h1>%s</h1>"):format(escape(page.title))}
  if page.text then out[#out + 1] = "<p>" .. escape(page.text) .. "</p>" end
  out[#out + 1] = '<ul class="names">'
  for _, item in ipairs(page.entries) do
    out[#out + 1] = ('<li><a href="#%s">%s</a></li>'):format(anchor(item.anchor), escape(item.entry.names[1]))
  end
  out[#out + 1] = "</ul>"
  for _, item in ipairs(page.entries) do out[#out + 1] = section(site, item) end
  return whole(site, page.title, page, table.concat(out, "\n"))
end

function html.index(site, all)
  local out = {"<h1>Tycho</h1>", "<p>The reference of every public name, made from the same words as <code>help</code> at the "
    .. "prompt. Indices and dimensions count from 1. Options may be given by name in one trailing table: "
    .. "<code>x:sum{dim = 2, keepdim = true}</code>.</p>"}
  for _, page in ipairs(site.list) do
    out[#out + 1] = ('<section><h3><a href="%s.html">%s</a></h3><p>'):format(page.id, escape(page.title))
    local links = {}
    for _, item in ipairs(page.entries) do
      links[#links + 1] = ('<a href="%s.html#%s">%s</a>'):format(page.id, anchor(item.anchor),
        escape(item.entry.names[1]:match "[%w_]+$"))
    end
    out[#out + 1] = table.concat(links, ",\n") .. "</p></section>"
  end
  out[#out + 1] = ('<p class="soft">%d names.</p>'):format(#all)
  return whole(site, "Reference", nil, table.concat(out, "\n"))
end

function html.coverage(site, areas)
  local out = {"<h1>Coverage of PyTorch</h1>", "<p>PyTorch's documented public names, looked for under Tycho's. "
    .. "What is absent is not there yet; what is left out is so on purpose.</p>",
    "<table><tr><th>Area</th><th>there</th><th>left out</th><th>absent</th></tr>"}
  for _, area in ipairs(areas) do
    out[#out + 1] = ('<tr><td><a href="#%s">%s</a></td>%s</tr>'):format(area.name, area.name,
      ('<td class="count">%d</td>'):rep(3):format(area.present, area.left_out, area.absent))
  end
  out[#out + 1] = "</table>"
  for _, area in ipairs(areas) do
    out[#out + 1] = ('<section id="%s"><h3>%s</h3><p>'):format(area.name, area.name)
    local there, absent, reasons, order = {}, {}, {}, {}
    for _, one in ipairs(area.names) do
      if one.here then
        local entry = entries.of(one.here)
        there[#there + 1] = entry and ('<a href="%s">%s</a>'):format(address(site, entry), escape(one.name)) or escape(one.name)
      elseif one.reason then
        if not reasons[one.reason] then
          reasons[one.reason] = {}
          order[#order + 1] = one.reason
        end
        table.insert(reasons[one.reason], escape(one.name))
      else
        absent[#absent + 1] = escape(one.name)
      end
    end
    out[#out + 1] = ('<strong class="present">there</strong> %s</p>'):format(table.concat(there, ",\n"))
    if #absent > 0 then
      out[#out + 1] = ('<p><strong class="absent">absent</strong> %s</p>'):format(table.concat(absent, ",\n"))
    end
    for _, reason in ipairs(order) do
      out[#out + 1] = ('<p><strong>left out: %s</strong> %s</p>'):format(escape(reason), table.concat(reasons[reason], ",\n"))
    end
    out[#out + 1] = "</section>"
  end
  return whole(site, "Coverage", nil, table.concat(out, "\n"))
end

return html
