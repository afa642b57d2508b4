-- How good a network is on a data set: the mean loss, and for classes the share of right answers and who was taken for whom,
-- for numbers the errors in their own units.

local ty = require "tycho"
local datasets = require "models.datasets"

local measure = {}

--- The loss of a task: cross entropy of logits, or the mean squared error.
function measure.loss(task)
  return task == "classification" and ty.F.cross_entropy or ty.F.mse_loss
end

--- Raises where the network's answers do not have the shape that the task needs.
function measure.check(output, set)
  local outputs = set.classes and #set.classes or 1
  if #output.shape ~= 2 or output.shape[2] ~= outputs then
    error(("the model returns {%s} for a batch; {batch, %d} is expected"):format(table.concat(output.shape, ", "), outputs), 0)
  end
end

--- Runs net over examples: {loss, count, accuracy, confusion {true class, answer}} or {loss, count, mae, rmse, r2}.
function measure.run(net, set, examples, device)
  net:eval()
  local loss_of, total, count = measure.loss(set.task), 0, 0
  local answers, targets = {}, {}
  ty.no_grad(function()
    for x, y in ty.data.DataLoader(examples, {batch_size = 256}):iter() do
      local output = net(datasets.prepared(set.kind, x):to(device)):cpu()
      measure.check(output, set)
      total, count = total + loss_of(output, y):item() * #y, count + #y
      answers[#answers + 1] = set.task == "classification" and output:argmax(2) or output
      targets[#targets + 1] = y
    end
  end)
  local result = {loss = total / count, count = count}
  answers, targets = ty.cat(answers), ty.cat(targets)
  if set.task == "classification" then
    local n = #set.classes
    result.accuracy = answers:eq(targets):float():mean():item()
    result.confusion = ty.bincount((targets - 1) * n + answers, nil, n * n):view(n, n)
  else
    local residual = (answers - targets) * set.encoding.std
    result.mae, result.rmse = residual:abs():mean():item(), residual:square():mean():sqrt():item()
    local spread = ((targets - targets:mean()) * set.encoding.std):square():sum():item()
    result.r2 = spread > 0 and 1 - residual:square():sum():item() / spread or 0
  end
  return result
end

--- The figures of a result in one line.
function measure.line(result)
  if result.accuracy then return ("loss %.4f  accuracy %.4f"):format(result.loss, result.accuracy) end
  return ("loss %.4f  RMSE %.4g  mean absolute error %.4g  R^2 %.4f"):format(result.loss, result.rmse, result.mae, result.r2)
end

return measure
