-- The command `evaluate`: how good a trained model is on the test images. Loading a model and measuring it, for all commands.

local ty = require "tycho"
local Model = require "corruptmnist.model"
local data = require "corruptmnist.data"
local line = require "command_line"

local evaluate = {}

--- The network saved in a file by `train`, in eval mode.
function evaluate.load(path)
  local ok, checkpoint = pcall(ty.load, path)
  if not ok then line.fail(checkpoint) end
  if type(checkpoint) ~= "table" or not checkpoint.state_dict then
    line.fail(path .. " is no model that `train` has saved: it has no state_dict")
  end
  local net = Model()
  net:load_state_dict(checkpoint.state_dict)
  return net:eval()
end

--- The mean cross entropy and the share of right answers on a set.
function evaluate.measure(net, set, device)
  net:eval()
  local loss, right = 0, 0
  ty.no_grad(function()
    for images, targets in ty.data.DataLoader(set, {batch_size = 500}):iter() do
      images, targets = images:to(device), targets:to(device)
      local logits = net(images)
      loss = loss + ty.F.cross_entropy(logits, targets, {reduction = "sum"}):item()
      right = right + logits:argmax(2):eq(targets):sum():item()
    end
  end)
  return loss / #set, right / #set
end

function evaluate.run(args, here)
  local net = evaluate.load(args.model)
  local test = data.load(here, args.data, args.digits, false)
  local device = ty.cuda.is_available() and "cuda" or "cpu"
  local loss, accuracy = evaluate.measure(net:to(device), test, device)
  print(("%d test images  test loss %.4f  test accuracy %.4f"):format(#test, loss, accuracy))
end

return evaluate
