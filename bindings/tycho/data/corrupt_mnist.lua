-- Corrupt MNIST: blocks of MNIST digits, each block turned by an angle of its own, in .pt files as a well-known course's
-- exercise has them: train_images_0.pt, train_target_0.pt, ..., test_images.pt, test_target.pt, images float32 {n, 28, 28} from 0
-- to 1, targets int64 from 0. scripts/make_corruptmnist makes such files from MNIST.

local core = require "tycho.core"
local options = require "tycho.options"
local dataset = require "tycho.data.dataset"
local io_tycho = require "tycho.io"
local locate = require "tycho.data.locate"
local ty = core.functions

local set = {name = "CorruptMNIST", folder = "corruptmnist",
  remedy = "make the files by scripts/make_corruptmnist, or name the folder that has them by root or $TYCHO_DATA"}

local parse = options.signature("data.CorruptMNIST", "root: string?, train: bool = true, normalize: bool = false")

-- The tensors of one block.
local function block(images_path, targets_path)
  local images, targets = io_tycho.load(images_path), io_tycho.load(targets_path)
  if not core.is_tensor(images) or #images.shape ~= 3 then
    core.raise(("data.CorruptMNIST: %s does not hold a tensor {n, 28, 28}"):format(images_path))
  end
  if not core.is_tensor(targets) or #targets.shape ~= 1 or targets.shape[1] ~= images.shape[1] then
    core.raise(("data.CorruptMNIST: %s does not hold %d targets, one for each image of %s"):format(targets_path,
      images.shape[1], images_path))
  end
  return images:float(), targets:long() + 1
end

--- data.CorruptMNIST(root, train = true, normalize = false): a TensorDataset of images {n, 1, 28, 28} and classes 1..10.
local function CorruptMNIST(...)
  local root, train, normalize = parse(...)
  local images, targets = {}, {}
  if train then
    local i = 0
    while true do
      local path = locate.find(set, root, ("train_images_%d.pt"):format(i))
      if not path and i > 0 then break end
      path = path or locate.obtain(set, root, {"train_images_0.pt"}, false)
      images[i + 1], targets[i + 1] = block(path, locate.obtain(set, root, {("train_target_%d.pt"):format(i)}, false))
      i = i + 1
    end
  else
    images[1], targets[1] = block(locate.obtain(set, root, {"test_images.pt"}, false),
      locate.obtain(set, root, {"test_target.pt"}, false))
  end
  local x = ty.cat(images, 1):unsqueeze(2)
  if normalize then x = (x - x:mean()) / x:std() end
  local self = dataset.TensorDataset(x, ty.cat(targets, 1))
  self.name = "CorruptMNIST"
  self.data, self.targets = self.tensors[1], self.tensors[2]
  self.classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
  return self
end

return {CorruptMNIST = CorruptMNIST}
