-- The command `train`: trains the network, draws loss and accuracy, and leaves model.pt.

local ty = require "tycho"
local nn, optim, plot = ty.nn, ty.optim, ty.plot
local Model = require "corruptmnist.model"
local data = require "corruptmnist.data"
local evaluate = require "corruptmnist.evaluate"

local function draw(history, path)
  local fig, axes = plot.subplots(1, 2, {size = {1000, 400}, title = "Corrupt MNIST"})
  axes[1]:line(history.steps, {label = "training loss"}):xlabel("step"):ylabel("loss"):ylim(0, nil):grid()
  axes[2]:line(history.train, {label = "training", marker = "o"})
  axes[2]:line(history.validation, {label = "validation", marker = "o"})
  axes[2]:xlabel("epoch"):ylabel("accuracy"):ylim(nil, 1):legend("lower right"):grid()
  fig:savefig(path)
  fig:show()
end

-- One pass over the training images; the mean loss and the share of right answers.
local function epoch_of(net, loader, criterion, optimizer, device, label, steps)
  net:train()
  local total, right, seen = 0, 0, 0
  local bar = ty.progress(loader, label)
  for images, targets in bar do
    images, targets = images:to(device), targets:to(device)
    optimizer:zero_grad()
    local logits = net(images)
    local loss = criterion(logits, targets)
    loss:backward()
    optimizer:step()
    steps[#steps + 1] = loss:item()
    total, seen = total + loss:item() * #targets, seen + #targets
    bar:set {loss = total / seen}
    right = right + logits:detach():argmax(2):eq(targets):sum():item()
  end
  return total / seen, right / seen
end

return function(args, here)
  ty.manual_seed(args.seed)
  local all = data.load(here, args.data, args.digits, true)
  if args.images and args.images < #all then all = ty.data.Subset(all, ty.randperm(#all)[{{1, args.images}}]) end
  local held = math.max(1, #all // 10)
  local train, validation = table.unpack {ty.data.random_split(all, {#all - held, held})}
  local loader = ty.data.DataLoader(train, {batch_size = args.batch_size, shuffle = true})
  print(("%d images to train with, %d to validate"):format(#train, #validation))

  local device = ty.cuda.is_available() and "cuda" or "cpu"
  local net = Model():to(device)
  local criterion = nn.CrossEntropyLoss()
  local optimizer = optim.Adam(net:parameters(), {lr = args.lr})
  local history = {steps = {}, train = {}, validation = {}}
  for epoch = 1, args.epochs do
    local label = ("epoch %d"):format(epoch)
    local loss, accuracy = epoch_of(net, loader, criterion, optimizer, device, label, history.steps)
    local _, on_validation = evaluate.measure(net, validation, device)
    history.train[epoch], history.validation[epoch] = accuracy, on_validation
    print(("%s  training loss %.4f  training accuracy %.4f  validation accuracy %.4f"):format(label, loss, accuracy,
      on_validation))
  end
  ty.save({state_dict = net:cpu():state_dict(), epochs = args.epochs, lr = args.lr, seed = args.seed}, args.out .. "/model.pt")
  print("wrote " .. args.out .. "/model.pt")
  draw(history, args.out .. "/training-curve.png")
  print("wrote " .. args.out .. "/training-curve.png")
end
