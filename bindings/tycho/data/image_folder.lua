-- Images in folders: root/CLASS/name.png, a folder for each class (torchvision.datasets.ImageFolder).

local core = require "tycho.core"
local options = require "tycho.options"
local class = require "tycho.data.class"
local io_tycho = require "tycho.io"

local parse = options.signature("data.ImageFolder",
  "root: string, transform: function?, target_transform: function?, mode: string = \"RGB\", loader: function?")

local endings = {png = true, jpg = true, jpeg = true}

-- What a folder holds, in order of the names.
local function entries(folder)
  local list = core.io.list_directory(folder)
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

-- The image files below a folder, in order of their names, as {path, target}.
local function collect(folder, target, samples)
  for _, entry in ipairs(entries(folder)) do
    local path = folder .. "/" .. entry.name
    if entry.directory then
      collect(path, target, samples)
    elseif endings[(entry.name:match "%.(%w+)$" or ""):lower()] then
      samples[#samples + 1] = {path, target}
    end
  end
end

local ImageFolder = class.class("ImageFolder", class.Dataset)

--- data.ImageFolder(root, transform, target_transform, mode = "RGB", loader): example i is the image, float32 {channels,
-- height, width} from 0 to 1, and its class, from 1. Fields: classes, class_to_idx, samples ({path, class}), targets.
function ImageFolder:init(...)
  local root, transform, target_transform, mode, loader = parse(...)
  self.root, self.transform, self.target_transform = root, transform, target_transform
  self.loader = loader or function(path) return io_tycho.read_image(path, mode):float() / 255 end
  self.classes, self.class_to_idx, self.samples, self.targets = {}, {}, {}, {}
  for _, entry in ipairs(entries(root)) do
    if entry.directory then
      local target, before = #self.classes + 1, #self.samples
      self.classes[target] = entry.name
      self.class_to_idx[entry.name] = target
      collect(root .. "/" .. entry.name, target, self.samples)
      if #self.samples == before then
        core.raise(("data.ImageFolder: the folder %s/%s holds no PNG or JPEG images"):format(root, entry.name))
      end
    end
  end
  if #self.classes == 0 then
    core.raise(("data.ImageFolder: %s has no folders; each class needs one, with its images: %s/CLASS/name.png"):format(root,
      root))
  end
  for i, sample in ipairs(self.samples) do self.targets[i] = sample[2] end
end

function ImageFolder:len() return #self.samples end

function ImageFolder:get(i)
  local path, target = table.unpack(self.samples[i])
  local image = self.loader(path)
  if self.transform then image = self.transform(image) end
  if self.target_transform then target = self.target_transform(target) end
  return image, target
end

return {ImageFolder = function(...) return ImageFolder(...) end}
