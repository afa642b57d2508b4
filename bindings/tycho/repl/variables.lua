-- :vars and :mem, the prompt's tables of what there is and of the memory it takes.

local core = require "tycho.core"

local variables = {}

--- variables.bytes(n): a number of bytes for a reader.
function variables.bytes(n)
  if n < 1024 then
    return ("%d B"):format(n)
  end
  local units, i = {"KiB", "MiB", "GiB", "TiB"}, 0
  repeat
    n, i = n / 1024, i + 1
  until n < 1024 or i == #units
  return (n < 10 and "%.2f %s" or n < 100 and "%.1f %s" or "%.0f %s"):format(n, units[i])
end

local bytes = variables.bytes

local function dims(shape)
  return "{" .. table.concat(shape, ", ") .. "}"
end

-- The parameters of a module: their number and bytes, and where they are.
local function of_module(module)
  local count, size, device = 0, 0, nil
  for _, p in ipairs(module:parameters()) do
    count, size, device = count + p:numel(), size + p.nbytes, tostring(p.device)
  end
  return ("%d parameters"):format(count), device or "", size
end

local function short(value)
  local text = require "tycho.repl.show"(value)
  local line = text:match "^[^\n]*"
  return line == text and line or line .. " ..."
end

-- Type, shape or value, device and bytes of a value, as texts.
local function row(name, value)
  local kind = math.type(value) or type(value)
  if core.is_tensor(value) then
    return {name, "tensor " .. tostring(value.dtype):gsub("^.*%.", ""), dims(value.shape), tostring(value.device),
      bytes(value.nbytes)}
  elseif type(value) == "string" then
    return {name, kind, short(value), "", bytes(#value)}
  elseif type(value) == "table" then
    local meta = debug.getmetatable(value)
    local class = type(meta) == "table" and rawget(meta, "__name")
    if rawget(value, "_parameters") and rawget(value, "_modules") then
      local ok, count, device, size = pcall(of_module, value)
      if ok then
        return {name, tostring(class), count, device, bytes(size)}
      end
    end
    local entries = 0
    for _ in next, value do
      entries = entries + 1
    end
    local public = rawget(value, "_instances") and "class" or type(class) == "string" and class or kind
    return {name, public, public == kind and ("%d %s"):format(entries, entries == 1 and "entry" or "entries") or "", "", ""}
  end
  local meta = type(value) == "userdata" and debug.getmetatable(value)
  local named = type(meta) == "table" and rawget(meta, "__name")
  return {name, type(named) == "string" and named or kind, short(value), "", ""}
end

-- The rows with columns as wide as they need to be, the last one to the right; nothing is wider than the window.
local function layout(rows, width)
  local widths = {}
  for _, cells in ipairs(rows) do
    for i, cell in ipairs(cells) do
      widths[i] = math.max(widths[i] or 0, utf8.len(cell) or #cell)
    end
  end
  local others = widths[1] + widths[2] + widths[4] + widths[5] + 8
  widths[3] = math.max(8, math.min(widths[3], width - others - 1))
  local lines = {}
  for _, cells in ipairs(rows) do
    local line = ""
    for i, cell in ipairs(cells) do
      local size = utf8.len(cell) or #cell
      if size > widths[i] then
        cell = cell:sub(1, (utf8.offset(cell, widths[i] - 2) or widths[i] - 2) - 1) .. "..."
        size = widths[i]
      end
      local blanks = (" "):rep(widths[i] - size)
      line = line .. (i == 5 and blanks .. cell or cell .. blanks) .. (i < 5 and "  " or "")
    end
    lines[#lines + 1] = line:gsub("%s+$", "")
  end
  return table.concat(lines, "\n")
end

--- variables.list(names, width): the table of these globals.
function variables.list(names, width)
  if #names == 0 then
    return "no variables yet"
  end
  local rows = {{"name", "type", "shape or value", "device", "bytes"}}
  for _, name in ipairs(names) do
    rows[#rows + 1] = row(name, rawget(_G, name))
  end
  return layout(rows, width)
end

-- A figure of /proc/self/status in bytes; nil where the system has none.
local function of_process(field)
  local file = io.open "/proc/self/status"
  local text = file and file:read "a" or ""
  if file then
    file:close()
  end
  local kib = tonumber(text:match(field .. ":%s*(%d+) kB"))
  return kib and kib * 1024
end

--- variables.memory(): what :mem shows.
function variables.memory()
  local stats = core.memory_stats()
  local lines = {
    ("Lua's heap       %s"):format(bytes(math.floor(collectgarbage "count" * 1024))),
    ("tensors          %s in %d blocks; at most %s so far"):format(bytes(stats.live), stats.live_blocks, bytes(stats.peak)),
    ("kept for reuse   %s"):format(bytes(stats.cached)),
  }
  local now, peak = of_process "VmRSS", of_process "VmHWM"
  if now and peak then
    lines[#lines + 1] = ("the process      %s resident; at most %s so far"):format(bytes(now), bytes(peak))
  end
  return table.concat(lines, "\n")
end

return variables
