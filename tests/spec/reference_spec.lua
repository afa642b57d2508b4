-- The generated reference: every public name is in it, its links lead somewhere, its pages are well formed.

local names = require "tycho.docs.names"

local bin = os.getenv "TYCHO_BIN" or arg[-1]
local root = package.searchpath("reference_spec", package.path):gsub("tests/spec/reference_spec%.lua$", "")

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

-- Elements that have no end.
local empty = {meta = true, link = true, ["!DOCTYPE"] = true}

-- What is wrong with the nesting of a page; nil when it is right.
local function badly_nested(text)
  local open = {}
  for slash, tag in text:gmatch "<(/?)([%w!]+)[^>]*>" do
    if slash == "/" then
      if open[#open] ~= tag then return ("</%s> ends <%s>"):format(tag, open[#open]) end
      open[#open] = nil
    elseif not empty[tag] then
      open[#open + 1] = tag
    end
  end
  if #open > 0 then return "<" .. open[#open] .. "> is not ended" end
end

describe("the reference", function()
  local folder, pages, ids = nil, {}, {}

  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(os.execute(("'%s' '%sscripts/reference/main.lua' '%s' >/dev/null"):format(bin, root, folder)))
    local list = io.popen(("cd '%s' && ls *.html"):format(folder))
    for name in list:lines() do
      pages[name] = read(folder .. "/" .. name)
      ids[name] = {}
      for id in pages[name]:gmatch ' id="([^"]*)"' do
        assert(not ids[name][id], name .. " has the anchor " .. id .. " twice")
        ids[name][id] = true
      end
    end
    list:close()
  end)

  teardown(function() os.execute(("rm -rf '%s'"):format(folder)) end)

  it("has every public name", function()
    local there, missing = {}, {}
    for _, of in pairs(ids) do
      for id in pairs(of) do there[names.key(id)] = true end
    end
    for _, public in ipairs(names.public()) do
      local key = names.key(public.name):gsub(":", "-")
      if public.kind ~= "alias" and not there[key] then missing[#missing + 1] = public.name end
    end
    assert.equal("", table.concat(missing, " "))
  end)

  it("has links that lead somewhere", function()
    local dead, count = {}, 0
    for page, text in pairs(pages) do
      for link in text:gmatch ' href="([^"]*)"' do
        local file, id = link:match "^([^#]*)#?(.*)$"
        if file == "" then file = page end
        count = count + 1
        local found = file == "style.css" or (pages[file] and (id == "" or ids[file][id]))
        if not found then dead[#dead + 1] = page .. " -> " .. link end
      end
    end
    assert.is_true(count > 1000)
    assert.equal("", table.concat(dead, "\n"))
  end)

  it("has pages that are well formed", function()
    for name, text in pairs(pages) do
      assert.is_nil(badly_nested(text), name)
      assert.is_nil(text:find "&[^%w#]", name)
    end
  end)

  it("shows signature, words, example and what it gives", function()
    local text = pages["matmul.html"]
    assert.truthy(text:find("ty.matmul(input: Tensor", 1, true))
    assert.truthy(text:find("<pre class=\"shown\">tensor(", 1, true))
    assert.truthy(pages["nn.html"]:find("in_features", 1, true))
  end)

  it("is there as Markdown, too", function()
    for name in pairs(pages) do
      local text = read(("%s/markdown/%s"):format(folder, name:gsub("html$", "md")))
      assert.truthy(text:find "^# ", name)
    end
  end)
end)
