-- 8. Regression: from a CSV file of one's own to predictions of a number.
--
--   tycho tutorials/8_regression.lua                                 writes cars.csv and learns the prices in it
--   tycho tutorials/8_regression.lua --csv my.csv --target price     the same with a file of yours
--   tycho tutorials/8_regression.lua --fast                          fewer epochs
--   tycho -i tutorials/8_regression.lua                              the same, and then the prompt
--
-- The file has a line of names and then one line for each example. Columns of numbers are taken as they are, columns of words
-- become classes, and lines with missing numbers are left out.

local ty = require "tycho"
local nn, F, optim, data, plot = ty.nn, ty.F, ty.optim, ty.data, ty.plot
local support = dofile((debug.getinfo(1, "S").source:match "^@(.*/)" or "./") .. "support.lua")
local args = support.arguments("8_regression.lua", "Learns a number from the other columns of a CSV file.", function(parser, line)
  parser:option("--csv", "The file (otherwise one about cars is written)."):argname "FILE"
  parser:option("--target", "The column to be predicted."):argname "NAME":default "price"
  parser:option("--epochs", "Passes over the examples."):argname "N":convert(line.count)
end)

ty.manual_seed(7)

-- ---- The data ----
--
-- Without a file of yours: 600 used cars. The price falls with age and distance, rises with power, depends on the fuel, and
-- has a good deal of chance in it. Some distances are not known, as in real files.

local function write_cars(path, n)
  local fuels, worth = {"petrol", "diesel", "electric"}, {1.0, 1.08, 1.35}
  local file = assert(io.open(path, "w"))
  file:write "age,distance,power,fuel,price\n"
  for _ = 1, n do
    local age = 15 * ty.rand(1):item()
    local distance = age * (8 + 12 * ty.rand(1):item())
    local power = 45 + 200 * ty.rand(1):item() ^ 2
    local fuel = ty.randint(1, 4, {1}):item()
    local price = (6 + 0.16 * power) * worth[fuel] * math.exp(-0.11 * age - 0.0025 * distance)
    price = price * math.exp(0.08 * ty.randn(1):item())
    local known = ty.rand(1):item() > 0.02
    file:write(("%.1f,%s,%.0f,%s,%.2f\n"):format(age, known and ("%.1f"):format(distance) or "", power, fuels[fuel], price))
  end
  file:close()
end

local path = args.csv
if not path then
  path = args.out .. "/cars.csv"
  write_cars(path, 600)
  print("wrote " .. path .. ": age in years, distance in 1,000 km, power in kW, price in 1,000")
end

local csv = ty.io.load_csv(path)
print(("%s: %d lines, columns %s"):format(path, #csv, table.concat(csv.columns, ", ")))
if csv.classes[args.target] then error(("column %s holds words; regression needs numbers"):format(args.target), 0) end

-- A column of words becomes one column of 0 and 1 for each word (one-hot): as numbers, "diesel" = 2 would lie between "petrol"
-- and "electric".
local columns, names = {}, {}
for _, name in ipairs(csv.columns) do
  local column = csv:column(name)
  local words = csv.classes[name]
  if name ~= args.target and words then
    columns[#columns + 1] = F.one_hot(column, #words):float()
    for _, word in ipairs(words) do names[#names + 1] = name .. "=" .. word end
  elseif name ~= args.target then
    columns[#columns + 1] = column:float():unsqueeze(2)
    names[#names + 1] = name
  end
end
local X, y = ty.cat(columns, 2), csv:column(args.target):float():unsqueeze(2)
local whole = X:isfinite():all(2) & y:isfinite():all(2)
print(("%d lines have missing numbers and are left out"):format(#csv - whole:sum():item()))
X, y = X[whole], y[whole]

-- ---- A part is kept aside ----

local order = ty.randperm(#X)
local held = #X // 5
local X_val, y_val = X[order[{{1, held}}]], y[order[{{1, held}}]]
local X_train, y_train = X[order[{{held + 1, -1}}]], y[order[{{held + 1, -1}}]]
print(("%d examples to train with, %d to validate, %d inputs: %s"):format(#X_train, #X_val, #names, table.concat(names, ", ")))

-- ---- Standardising ----
--
-- One column counts years and another thousands of kilometres; a network wants all inputs of about the same size. So each
-- column is brought to mean 0 and standard deviation 1. The mean and deviation come from the training examples alone: the
-- others must play no part in training, not even this one. The target gets the same treatment, and predictions are taken back.

local function scale_of(x)
  local deviation = x:std(1)
  return x:mean(1), ty.where(deviation:gt(0), deviation, ty.ones_like(deviation)) -- a constant column stays as it is
end
local X_mean, X_std = scale_of(X_train)
local y_mean, y_std = scale_of(y_train)

local function standardised(x) return (x - X_mean) / X_std end
local function target_of(t) return (t - y_mean) / y_std end

-- ---- The network ----

local model = nn.Sequential(nn.Linear(#names, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
local optimizer = optim.AdamW(model:parameters(), {lr = 0.003, weight_decay = 0.01})
local loader = data.DataLoader(data.TensorDataset(standardised(X_train), target_of(y_train)), {batch_size = 32, shuffle = true})

local function predict(x)
  return ty.no_grad(function() return model(standardised(x)) * y_std + y_mean end)
end

local epochs = args.epochs or args.fast and 60 or 200
local train_losses, validation_losses = {}, {}
for epoch = 1, epochs do
  local running = 0
  for inputs, targets in loader:iter() do
    optimizer:zero_grad()
    local loss = F.mse_loss(model(inputs), targets) -- the mean of the squared errors
    loss:backward()
    optimizer:step()
    running = running + loss:item()
  end
  train_losses[epoch] = running / #loader
  validation_losses[epoch] = F.mse_loss(target_of(predict(X_val)), target_of(y_val)):item()
  if epoch % 20 == 0 or epoch == 1 then
    print(("epoch %3d  training loss %.4f  validation loss %.4f"):format(epoch, train_losses[epoch], validation_losses[epoch]))
  end
end

-- ---- How good is it? ----
--
-- RMSE, the root of the mean squared error, is in the units of the target; R^2 is the share of the variance that is explained:
-- 0 for always saying the mean, 1 for no error. A number is worth nothing without another to compare it with: here the
-- straight line of least squares.

local function report(name, prediction)
  local residual = y_val - prediction
  local rmse = residual:square():mean():sqrt():item()
  local r2 = 1 - (residual:square():sum() / (y_val - y_val:mean()):square():sum()):item()
  print(("%-18s RMSE %8.3f  mean absolute error %8.3f  R^2 %.4f"):format(name, rmse, residual:abs():mean():item(), r2))
  return residual, r2
end

report("the mean", y_mean:expand(#X_val, 1))
local function with_one(x) return ty.cat({standardised(x), ty.ones(#x, 1)}, 2) end
local line = ty.linalg.lstsq(with_one(X_train), y_train) -- the first of its results: the coefficients
report("a straight line", with_one(X_val):matmul(line))
local prediction = predict(X_val)
local residual, r2 = report("the network", prediction)

-- ---- Pictures ----
--
-- Predicted against true: good predictions lie on the diagonal. Residuals against predictions: a good model leaves noise; a
-- bend or a funnel there is something that it has not learned.
-- (The cars show a funnel: chance moves a price by so many per cent, so dear cars scatter more. Who learns the logarithm of the
-- price instead makes the errors of all cars count alike.)

local figure, axes = plot.subplots(2, 2, {size = {1000, 800}, title = ("%s: R^2 = %.3f"):format(args.target, r2)})
axes[1][1]:line(train_losses, {label = "training"}):line(validation_losses, {label = "validation"}):yscale "log"
axes[1][1]:title("Loss"):xlabel("epoch"):ylabel("mean squared error"):grid():legend()
local low = math.min(y_val:min():item(), prediction:min():item())
local high = math.max(y_val:max():item(), prediction:max():item())
axes[1][2]:scatter(y_val:flatten(), prediction:flatten(), {alpha = 0.6, size = 0.8})
axes[1][2]:line({low, high}, {low, high}, {color = "gray", style = "--"})
axes[1][2]:title("Predicted and true"):xlabel("true"):ylabel("predicted"):grid()
axes[2][1]:scatter(prediction:flatten(), residual:flatten(), {alpha = 0.6, size = 0.8})
axes[2][1]:line({low, high}, {0, 0}, {color = "gray", style = "--"})
axes[2][1]:title("Residuals"):xlabel("predicted"):ylabel("true - predicted"):grid()
axes[2][2]:hist(residual:flatten(), {bins = 20}):title("Residuals"):xlabel("true - predicted"):ylabel("examples")
figure:savefig(args.out .. "/regression.png")
figure:show()

-- The means and deviations belong to the model as much as its weights: save them together.
ty.save({state_dict = model:state_dict(), names = names, X_mean = X_mean, X_std = X_std, y_mean = y_mean, y_std = y_std},
  args.out .. "/regression.pt")
print("wrote " .. args.out .. "/regression.pt")
