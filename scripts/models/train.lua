-- scripts/train: trains the network of a model file on a data set, and leaves in a folder
--   checkpoint.pt         after each epoch: all that is needed to go on (--resume) to the bit
--   best.pt               the same, of the epoch with the least test loss
--   log.csv, curve.png    the losses and figures of each epoch

local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"
package.path = here .. "../?.lua;" .. here .. "../lib/?.lua;" .. package.path

local ty = require "tycho"
local line = require "command_line"
local datasets = require "models.datasets"
local measure = require "models.measure"
local model_file = require "models.model_file"

local optimizers = {adam = "Adam", adamw = "AdamW", sgd = "SGD", rmsprop = "RMSprop", nadam = "NAdam", radam = "RAdam"}

-- What stands for an option that was not given: neither here nor, with --resume, in the checkpoint.
local defaults = {data = "FashionMNIST", epochs = 5, optimizer = "adam", lr = 0.001, weight_decay = 0, momentum = 0,
  batch_size = 64, seed = 7, set = {}}

local function arguments()
  local parser = line.parser("train", "Trains the network of a model file on a data set.")
  parser:argument("model", "Lua file that returns a module class or a function that makes a module. It gets one table: "
    .. "input_shape, outputs, classes, and what --set gives.")
  parser:option("--data", "FashionMNIST, MNIST, CorruptMNIST, a folder with a folder of images for each class, or a .csv file. "
    .. "Default: FashionMNIST.")
  parser:option("--root", "Folder with the files of a named set (otherwise found or downloaded).")
  parser:option("--target", "Column of a CSV file to be learned. Default: the last."):argname "NAME"
  parser:option("--size", "Images of a folder become so many pixels high and wide. Default: as the first."):convert(line.count)
  parser:flag("--gray", "Images of a folder are read without colours.")
  parser:option("--epochs", "Passes over the data, those before --resume counted in. Default: 5."):convert(line.count)
  parser:option("--optimizer", "adam, adamw, sgd, rmsprop, nadam or radam. Default: adam."):choices {"adam", "adamw", "sgd",
    "rmsprop", "nadam", "radam"}
  parser:option("--lr", "Learning rate. Default: 0.001."):convert(line.positive)
  parser:option("--weight-decay", "Default: 0."):convert(line.nonnegative)
  parser:option("--momentum", "Of sgd and rmsprop. Default: 0."):convert(line.share)
  parser:option("--batch-size", "Examples a step. Default: 64."):convert(line.count)
  parser:option("--seed", "Of all random numbers. Default: 7."):convert(line.natural)
  parser:option("--limit", "Train with the first N examples only."):argname "N":convert(line.count)
  parser:option("--set", "An option of the model, as hidden=256."):argname "NAME=VALUE":count "*":convert(line.setting)
  parser:option("--resume", "Go on from a checkpoint; options that are not given are its own."):argname "CHECKPOINT"
  parser:option("--device", "cpu, cuda, or auto: cuda where there is one."):default "auto":choices {"auto", "cpu", "cuda"}
  parser:option("--out", "Folder for what is left."):default "."
  return parser:parse(arg)
end

-- The options in force, as they go into the checkpoint.
local function in_force(args, checkpoint)
  local before, result = checkpoint and checkpoint.arguments or {}, {}
  local given = {}
  for _, pair in ipairs(args.set) do given[pair[1]] = pair[2] end
  args.set = next(given) and given or nil
  for _, name in ipairs {"data", "root", "target", "size", "gray", "epochs", "optimizer", "lr", "weight_decay", "momentum",
    "batch_size", "seed", "limit", "set"} do
    result[name] = args[name]
    if result[name] == nil then result[name] = before[name] end
    if result[name] == nil then result[name] = defaults[name] end
  end
  return result
end

local function make_optimizer(net, run)
  local options = {lr = run.lr, weight_decay = run.weight_decay}
  if run.momentum > 0 then
    if run.optimizer ~= "sgd" and run.optimizer ~= "rmsprop" then
      line.fail("--momentum belongs to sgd and rmsprop, not to " .. run.optimizer)
    end
    options.momentum = run.momentum
  end
  return ty.optim[optimizers[run.optimizer]](net:parameters(), options)
end

local function train_epoch(net, set, loader, optimizer, device, label)
  net:train()
  local loss_of, total, seen = measure.loss(set.task), 0, 0
  local bar = ty.progress(loader, label)
  for x, y in bar do
    optimizer:zero_grad()
    local output = net(datasets.prepared(set.kind, x):to(device))
    if seen == 0 then measure.check(output, set) end
    local loss = loss_of(output, y:to(device))
    loss:backward()
    optimizer:step()
    total, seen = total + loss:item() * #y, seen + #y
    bar:set {loss = total / seen}
  end
  return total / seen
end

local function draw(history, task, path)
  local fig, axes = ty.plot.subplots(1, 2, {size = {1000, 400}})
  axes[1]:line(history.train_loss, {label = "training", marker = "o"}):line(history.test_loss, {label = "test", marker = "o"})
  axes[1]:title("Loss"):xlabel("epoch"):grid():legend()
  axes[2]:line(history.figure, {label = "test", marker = "o", color = "C2"})
  axes[2]:title(task == "classification" and "Accuracy" or "R^2"):xlabel("epoch"):grid()
  fig:savefig(path)
end

local function write_log(history, task, path)
  local file = assert(io.open(path, "w"))
  file:write("epoch,train_loss,test_loss,", task == "classification" and "accuracy" or "r2", "\n")
  for i, loss in ipairs(history.train_loss) do
    file:write(("%d,%.9g,%.9g,%.9g\n"):format(i, loss, history.test_loss[i], history.figure[i]))
  end
  file:close()
end

local function main()
  local args = arguments()
  local checkpoint = args.resume and model_file.load(args.resume)
  local run = in_force(args, checkpoint)
  line.make_folder(args.out)
  ty.manual_seed(run.seed)
  local spec = {name = run.data, root = run.root, target = run.target, size = run.size, gray = run.gray}
  local set = datasets.open(spec, run.seed, checkpoint and checkpoint.trained)
  local examples = set.train
  if run.limit and run.limit < #examples then examples = ty.data.Subset(examples, ty.arange(1, run.limit + 1)) end
  local loader = ty.data.DataLoader(examples, {batch_size = run.batch_size, shuffle = true})
  local device = args.device ~= "auto" and args.device or ty.cuda.is_available() and "cuda" or "cpu"
  local net = model_file.build(args.model, model_file.options(set, run.set)):to(device)
  local optimizer = make_optimizer(net, run)
  local history, first, best = {train_loss = {}, test_loss = {}, figure = {}}, 1, math.huge
  if checkpoint then
    net:load_state_dict(checkpoint.model)
    optimizer:load_state_dict(checkpoint.optimizer)
    for _, group in ipairs(optimizer.param_groups) do group.lr, group.weight_decay = run.lr, run.weight_decay end
    history, first, best = checkpoint.history, checkpoint.epoch + 1, checkpoint.best
    ty.set_rng_state(checkpoint.rng)
    print(("going on after epoch %d of %s"):format(checkpoint.epoch, args.resume))
  end
  print(net)
  print(("%s: %d examples to train with, %d to test with; %s, lr %g, on %s"):format(run.data, #examples, #set.test,
    run.optimizer, run.lr, device))
  if first > run.epochs then print(("all %d epochs are done; --epochs asks for more"):format(run.epochs)) end

  for epoch = first, run.epochs do
    local start = os.time()
    history.train_loss[epoch] = train_epoch(net, set, loader, optimizer, device, ("epoch %d"):format(epoch))
    local result = measure.run(net, set, set.test, device)
    history.test_loss[epoch], history.figure[epoch] = result.loss, result.accuracy or result.r2
    print(("epoch %d/%d  training loss %.4f  test %s  (%d s)"):format(epoch, run.epochs, history.train_loss[epoch],
      measure.line(result), os.time() - start))
    local is_best = result.loss < best
    best = math.min(best, result.loss)
    local state = {
      model_file = args.model, arguments = run, epoch = epoch, best = best, history = history, rng = ty.get_rng_state(),
      trained = {task = set.task, classes = set.classes, input_shape = set.input_shape, encoding = set.encoding},
      model = net:state_dict(), optimizer = optimizer:state_dict(),
    }
    ty.save(state, args.out .. "/checkpoint.pt")
    if is_best then ty.save(state, args.out .. "/best.pt") end
    write_log(history, set.task, args.out .. "/log.csv")
  end
  draw(history, set.task, args.out .. "/curve.png")
  print(("wrote checkpoint.pt, best.pt, log.csv and curve.png into %s"):format(args.out))
end

line.run(main)
