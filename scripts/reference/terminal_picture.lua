-- A picture of a terminal: text with its colours (escape sequences of SGR, as `tmux capture-pane -e -p` gives them) on standard
-- input becomes an SVG on standard output. The pictures of the README are made with it.
--
--   tmux capture-pane -e -p | tycho scripts/reference/terminal_picture.lua [--columns N] > session.svg

local argparse = require "argparse"
local parser = argparse("terminal_picture.lua", "Text of a terminal as SVG.")
parser:option("--columns", "Width of the picture, in characters.", "100"):convert(math.tointeger)
local args = parser:parse(arg)

local character_width, line_height, margin = 8.4, 19, 14 -- of a font of 14 px
local palette = {
  [0] = "#45475a", "#f38ba8", "#a6e3a1", "#f9e2af", "#89b4fa", "#f5c2e7", "#94e2d5", "#cdd6f4",
  "#7f849c", "#f38ba8", "#a6e3a1", "#f9e2af", "#89b4fa", "#f5c2e7", "#94e2d5", "#ffffff",
}

-- The style after the numbers of one sequence.
local function styled(style, codes)
  local new, list = {colour = style.colour, bold = style.bold, faint = style.faint}, {}
  for code in (codes == "" and "0" or codes):gmatch "%d+" do list[#list + 1] = math.tointeger(code) end
  local i = 1
  while i <= #list do
    local code = list[i]
    if code == 0 then new = {}
    elseif code == 1 then new.bold = true
    elseif code == 2 then new.faint = true
    elseif code == 22 then new.bold, new.faint = nil, nil
    elseif code == 39 then new.colour = nil
    elseif code >= 30 and code <= 37 then new.colour = palette[code - 30]
    elseif code >= 90 and code <= 97 then new.colour = palette[code - 82]
    elseif code == 38 and list[i + 1] == 5 then
      new.colour = palette[list[i + 2]]
      i = i + 2
    end
    i = i + 1
  end
  return new
end

local function escaped(text) return (text:gsub("[&<>]", {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;"})) end

local lines = {}
for line in io.lines() do lines[#lines + 1] = line end
while #lines > 0 and lines[#lines]:gsub("\27%[[%d;]*m", ""):match "^%s*$" do lines[#lines] = nil end

local width, height = math.ceil(args.columns * character_width) + 2 * margin, #lines * line_height + 2 * margin
local box = ('width="%d" height="%d"'):format(width, height)
print(('<svg xmlns="http://www.w3.org/2000/svg" %s viewBox="0 0 %d %d">'):format(box, width, height))
print(('<rect %s rx="8" fill="#1e1e2e"/>'):format(box))
print '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" fill="#cdd6f4" xml:space="preserve">'
local style = {}
for number, line in ipairs(lines) do
  local column, y = 0, margin + number * line_height - 5
  for codes, text in ("\27[m" .. line):gmatch "\27%[([%d;]*)m([^\27]*)" do
    style = codes == "" and column == 0 and style or styled(style, codes)
    local length = utf8.len(text) or #text
    if text:find "%S" then
      print(('<text x="%.1f" y="%d" textLength="%.1f"%s%s%s>%s</text>'):format(margin + column * character_width, y,
        length * character_width, style.colour and (' fill="%s"'):format(style.colour) or "",
        style.bold and ' font-weight="bold"' or "", style.faint and ' opacity="0.6"' or "", escaped(text)))
    end
    column = column + length
  end
end
print "</g>\n</svg>"
