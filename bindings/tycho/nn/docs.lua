-- Documentation of nn's classes, one entry each.

local function entry(name, signature, doc, example)
  return {name = "nn." .. name, signature = signature, doc = doc, example = example}
end

return {docs = {
  entry("class", "(name, base = nn.Module) -> class", "A new class of modules. Define init (what the constructor does) and "
    .. "forward; Net(...) makes an object, net(x) calls forward. Parameters, buffers and modules put into fields register in "
    .. "their order.", "local Net = ty.nn.class \"Net\"\nfunction Net:init(n) self.fc = ty.nn.Linear(4, n) end\n"
    .. "function Net:forward(x) return self.fc(x) end\nprint(Net(2)(ty.ones(1, 4)))"),
  entry("Module", "()", "The base of all modules: parameters(), named_parameters(), buffers(), modules(), children(), "
    .. "state_dict(), load_state_dict(state, strict), train(), eval(), zero_grad(), to(device or dtype), apply(f), "
    .. "requires_grad_(), register_buffer(name, tensor), add_module(name, module), extra_repr().",
    "local net = ty.nn.Linear(2, 1)\nfor name, p in net:named_parameters() do print(name, p.shape) end"),
  entry("Parameter", "(tensor, requires_grad = true) -> tensor", "A tensor that registers as a parameter when it is put into "
    .. "a module's field. Shares the tensor's memory.", "local w = ty.nn.Parameter(ty.zeros(3))"),
  entry("Sequential", "(module, ...) or {{name, module}, ...}", "Modules one after the other. net[1] is the first, net.name "
    .. "one given by name, #net their number.", "local net = ty.nn.Sequential(ty.nn.Linear(2, 3), ty.nn.ReLU())\n"
    .. "print(net(ty.ones(1, 2)).shape)"),
  entry("Linear", "(in_features, out_features, bias = true, device?, dtype?)", "y = x W^T + b over the last dimension. weight "
    .. "{out_features, in_features} and bias {out_features} are drawn uniformly from +-1 / sqrt(in_features).",
    "print(ty.nn.Linear(3, 2)(ty.ones(4, 3)).shape)"),
  entry("ReLU", "(inplace = false)", "max(x, 0).", "print(ty.nn.ReLU()(ty.tensor{-1.0, 2.0}))"),
  entry("Sigmoid", "()", "1 / (1 + exp(-x)).", "print(ty.nn.Sigmoid()(ty.zeros(1)))"),
  entry("Tanh", "()", "The hyperbolic tangent.", "print(ty.nn.Tanh()(ty.zeros(1)))"),
  entry("Softmax", "(dim)", "Exponentials that sum to 1 along dim.", "print(ty.nn.Softmax(2)(ty.zeros(1, 4)))"),
  entry("LogSoftmax", "(dim)", "The logarithm of softmax, without overflow.", "print(ty.nn.LogSoftmax(2)(ty.zeros(1, 4)))"),
  entry("Dropout", "(p = 0.5, inplace = false)", "In training each value is 0 with probability p and the others are divided by "
    .. "1 - p; in eval mode nothing happens.", "print(ty.nn.Dropout(0.2):eval()(ty.ones(3)))"),
  entry("Flatten", "(start_dim = 2, end_dim = -1)", "The dimensions from start_dim to end_dim become one.",
    "print(ty.nn.Flatten()(ty.ones(2, 3, 4)).shape)"),
  entry("Identity", "(...)", "Gives back what it gets.", "print(ty.nn.Identity()(ty.ones(1)))"),
  entry("CrossEntropyLoss", "(weight?, ignore_index = -100, reduction = \"mean\", label_smoothing = 0)", "Logits {N, C} (or "
    .. "{N, C, d...}) against classes that count from 1, or against probabilities of the logits' shape.",
    "print(ty.nn.CrossEntropyLoss()(ty.zeros(2, 3), ty.tensor{1, 3}))"),
  entry("NLLLoss", "(weight?, ignore_index = -100, reduction = \"mean\")", "Log-probabilities {N, C} against classes that count "
    .. "from 1.", "print(ty.nn.NLLLoss()(ty.F.log_softmax(ty.zeros(2, 3), 2), ty.tensor{1, 3}))"),
  entry("MSELoss", "(reduction = \"mean\")", "Squared differences.", "print(ty.nn.MSELoss()(ty.ones(3), ty.zeros(3)))"),
}}
