-- Documentation of containers, normalisations, embeddings and the smaller layers.

local function entry(name, signature, doc, example)
  return {name = "nn." .. name, signature = signature, doc = doc, example = example}
end

local function method(names, signature, doc, example)
  for i, name in ipairs(names) do names[i] = "nn." .. name end
  return {names = names, signature = signature, doc = doc, example = example}
end

local function both(name) return {"ModuleDict:" .. name, "ParameterDict:" .. name} end
local function rows(name) return {"Sequential:" .. name, "ModuleList:" .. name} end

local docs = {
  -- Containers
  entry("ModuleList", "(list?)", "Modules in a list that registers them; what they compute is up to you. list[1], list[-1], "
    .. "list[{1, 2}], list[i] = module, #list, ipairs(list); append, extend, insert, pop. In state dicts the names are \"0\", "
    .. "\"1\", ...", "local list = nn.ModuleList{nn.Linear(2, 3), nn.Linear(3, 1)}\nlocal x = ty.ones(1, 2)\n"
    .. "for _, layer in ipairs(list) do x = layer(x) end\nreturn x.shape\n--> {1, 1}"),
  entry("ModuleDict", "(table?)", "Modules by name, registered: dict.name or dict[\"name\"], dict.name = module, nil takes one "
    .. "out; pairs(dict) goes in order, #dict counts. From pairs {{name, module}, ...}, an OrderedDict, or a table, whose names "
    .. "are sorted. A name that a method has is an error.",
    "local dict = nn.ModuleDict{act = nn.ReLU(), fc = nn.Linear(2, 1)}\nreturn dict.act\n--> ReLU()"),
  entry("ParameterList", "(list?)", "Parameters in a list that registers them; tensors become parameters. list[1], list[-1], "
    .. "list[i] = x, #list, ipairs(list); append, extend, pop.",
    "local list = nn.ParameterList{ty.ones(2), ty.zeros(3)}\nreturn #list:parameters()\n--> 2"),
  entry("ParameterDict", "(table?)", "Parameters by name, registered; tensors become parameters. dict.name or dict[\"name\"], "
    .. "pairs(dict) in order, #dict. A new name goes in by update or setdefault, or as dict.name = nn.Parameter(x).",
    "local dict = nn.ParameterDict{w = ty.ones(2)}\nreturn dict.w.requires_grad\n--> true"),
  method(rows "append", "(module) -> itself", "Puts one more module at the end.",
    "#nn.Sequential(nn.ReLU()):append(nn.Tanh())\n--> 2"),
  method({"ParameterList:append"}, "(tensor) -> itself", "Puts one more parameter at the end.",
    "#nn.ParameterList{ty.ones(1)}:append(ty.ones(2))\n--> 2"),
  method(rows "extend", "(list of modules) -> itself", "Puts several more modules at the end.",
    "#nn.Sequential(nn.ReLU()):extend{nn.Tanh(), nn.ReLU()}\n--> 3"),
  method({"ParameterList:extend"}, "(list of tensors) -> itself", "Puts several more parameters at the end.",
    "#nn.ParameterList():extend{ty.ones(1), ty.ones(2)}\n--> 2"),
  method(rows "insert", "(index, module) -> itself", "Puts a module before the one at index; those behind it move up. Errors: "
    .. "modules with names of their own have no places to move.",
    "nn.Sequential(nn.ReLU()):insert(1, nn.Tanh())[1]\n--> Tanh()"),
  method(rows "pop", "(index = -1) -> module", "Takes one out and gives it; those behind it move down.",
    "nn.Sequential(nn.ReLU(), nn.Tanh()):pop()\n--> Tanh()"),
  method({"ParameterList:pop"}, "(index = -1) -> parameter", "Takes one out and gives it; those behind it move down.",
    "nn.ParameterList{ty.ones(3)}:pop().shape\n--> {3}"),
  method(both "keys", "() -> list", "The names in order.", "nn.ModuleDict{a = nn.ReLU()}:keys()[1]\n--> a"),
  method(both "values", "() -> list", "What is held, in order.", "#nn.ModuleDict{a = nn.ReLU()}:values()\n--> 1"),
  method(both "items", "() -> iterator", "What pairs(dict) gives.",
    "for name, m in nn.ModuleDict{a = nn.ReLU()}:items() do print(name, m) end\n--> a\tReLU()"),
  method(both "contains", "(name) -> bool", "Whether there is something of that name.",
    "nn.ModuleDict{a = nn.ReLU()}:contains \"b\"\n--> false"),
  method(both "clear", "()", "Takes everything out.", "local d = nn.ModuleDict{a = nn.ReLU()}\nd:clear()\nreturn #d\n--> 0"),
  method(both "pop", "(name) -> what was there", "Takes one out and gives it; an error when it is not there.",
    "nn.ModuleDict{a = nn.ReLU()}:pop \"a\"\n--> ReLU()"),
  method(both "update", "(table) -> itself", "Puts in what another dict, a list of pairs or a table holds.",
    "#nn.ModuleDict{a = nn.ReLU()}:update{b = nn.Tanh()}\n--> 2"),
  method({"ParameterDict:get"}, "(name, default?) -> parameter or default", "The parameter of a name.",
    "nn.ParameterDict{a = ty.ones(2)}:get(\"b\", 7)\n--> 7"),
  method({"ParameterDict:setdefault"}, "(name, tensor) -> parameter", "The parameter of a name, put in where it is not there.",
    "nn.ParameterDict():setdefault(\"a\", ty.ones(2)).shape\n--> {2}"),
  -- Methods of every module
  method({"Module:clone"}, "() -> module", "A copy of the module and all that it holds, as Python's copy.deepcopy: gradients "
    .. "come along, and what is shared inside stays shared among the copies.",
    "local net = nn.Linear(2, 1)\nlocal twin = net:clone()\nreturn twin.weight:equal(net.weight), twin.weight == net.weight\n"
    .. "--> true\tfalse"),
  method({"Module:get_parameter"}, "(target: string) -> parameter", "The parameter of a full name; an error when it is not "
    .. "there.",
    "nn.Sequential(nn.Linear(2, 1)):get_parameter(\"0.bias\").shape\n--> {1}"),
  method({"Module:get_buffer"}, "(target: string) -> tensor", "The buffer of a full name; an error when it is not there.",
    "nn.Sequential(nn.BatchNorm1d(2)):get_buffer(\"0.running_var\")\n--> tensor({1., 1.})"),
  method({"Module:set_submodule"}, "(target: string, module)", "Puts a module in the place of the one of a full name.",
    "local net = nn.Sequential(nn.Sequential(nn.ReLU()))\nnet:set_submodule(\"0.0\", nn.Tanh())\nreturn net[1][1]\n--> Tanh()"),
  method({"Module:type"}, "(dtype) -> module", "Converts all parameters and buffers, those of whole numbers too.",
    "nn.Linear(1, 1):type(ty.float64).weight.dtype\n--> float64"),
  method({"Module:to_empty"}, "(device?) -> module", "New memory without values for parameters and buffers, on a device: for a "
    .. "state that is loaded next.", "nn.Linear(2, 1):to_empty(\"cpu\").weight.shape\n--> {1, 2}"),
  -- Normalisations
  entry("BatchNorm1d", "(num_features, eps = 1e-5, momentum = 0.1, affine = true, track_running_stats = true, device?, dtype?, "
    .. "bias = true)", "Each channel of {N, C} or {N, C, L} to mean 0 and variance 1 over the batch, times weight plus bias. In "
    .. "training running_mean and running_var move towards the batch's by momentum (false: they are the average of all batches); "
    .. "in eval mode those two are taken.", "nn.BatchNorm1d(3)(ty.randn(4, 3)).shape\n--> {4, 3}"),
  entry("BatchNorm2d", "(num_features, ...)", "BatchNorm1d of {N, C, H, W}.", "nn.BatchNorm2d(3)(ty.randn(2, 3, 4, 4)).shape"),
  entry("BatchNorm3d", "(num_features, ...)", "BatchNorm1d of {N, C, D, H, W}.", "nn.BatchNorm3d(2)(ty.randn(1, 2, 2, 2, "
    .. "2)).shape"),
  entry("InstanceNorm1d", "(num_features, eps = 1e-5, momentum = 0.1, affine = false, track_running_stats = false, device?, "
    .. "dtype?, bias = true)", "Each channel of each sample of {N, C, L} or {C, L} to mean 0 and variance 1. With "
    .. "track_running_stats eval mode takes the running statistics.", "nn.InstanceNorm1d(3)(ty.randn(2, 3, 5)).shape"),
  entry("InstanceNorm2d", "(num_features, ...)", "InstanceNorm1d of {N, C, H, W} or {C, H, W}.",
    "nn.InstanceNorm2d(3)(ty.randn(2, 3, 4, 4)).shape"),
  entry("InstanceNorm3d", "(num_features, ...)", "InstanceNorm1d of {N, C, D, H, W} or {C, D, H, W}.",
    "nn.InstanceNorm3d(2)(ty.randn(1, 2, 2, 2, 2)).shape"),
  entry("LayerNorm", "(normalized_shape, eps = 1e-5, elementwise_affine = true, bias = true, device?, dtype?)", "The last "
    .. "dimensions, whose sizes are normalized_shape (a size or a list), to mean 0 and variance 1, times weight plus bias.",
    "nn.LayerNorm(4)(ty.randn(2, 4)).shape"),
  entry("RMSNorm", "(normalized_shape, eps?, elementwise_affine = true, device?, dtype?)", "The last dimensions divided by their "
    .. "root mean square, times weight. eps: the dtype's smallest step at 1 when not given.",
    "nn.RMSNorm(4)(ty.randn(2, 4)).shape"),
  entry("GroupNorm", "(num_groups, num_channels, eps = 1e-5, affine = true, device?, dtype?, bias = true)", "Each of num_groups "
    .. "equal parts of the channels of a sample of {N, C, ...} to mean 0 and variance 1, times weight plus bias {C}.",
    "nn.GroupNorm(2, 6)(ty.randn(3, 6, 4)).shape"),
  entry("LocalResponseNorm", "(size, alpha = 1e-4, beta = 0.75, k = 1.0)", "x / (k + alpha mean(x^2))^beta, the mean over `size` "
    .. "channels around each one.", "nn.LocalResponseNorm(2)(ty.randn(1, 4, 3)).shape"),
  -- Embeddings
  entry("Embedding", "(num_embeddings, embedding_dim, padding_idx?, max_norm?, norm_type = 2.0, scale_grad_by_freq = false, "
    .. "sparse = "
    .. "false, ..., device?, dtype?)", "A table {num_embeddings, embedding_dim} whose rows are learnt; called with ids from "
    .. "1 of any "
    .. "shape. The row padding_idx is 0 at first and gets no gradient. There are no sparse gradients.",
    "nn.Embedding(10, 3)(ty.tensor{{1, 2}, {10, 1}}).shape\n--> {2, 2, 3}"),
  method({"Embedding:from_pretrained"}, "(embeddings, freeze = true, padding_idx?, max_norm?, norm_type = 2.0, "
    .. "scale_grad_by_freq = false, sparse = false) -> module", "An embedding with this table, which is not trained unless "
    .. "freeze "
    .. "is false.", "nn.Embedding.from_pretrained(ty.eye(3))(ty.tensor{2})\n--> tensor({{0., 1., 0.}})"),
  entry("EmbeddingBag", "(num_embeddings, embedding_dim, max_norm?, norm_type = 2.0, scale_grad_by_freq = false, mode = "
    .. "\"mean\", "
    .. "sparse = false, ..., include_last_offset = false, padding_idx?, device?, dtype?)", "Means, sums (mode \"sum\") or maxima "
    .. "(\"max\") of bags of rows of a table. Called with (ids {bags, n}), or (ids {n}, offsets {bags}: the place from 1 "
    .. "where each "
    .. "bag begins); a third argument are per_sample_weights, for sums.",
    "nn.EmbeddingBag(10, 3)(ty.tensor{1, 2, 10}, ty.tensor{1, 3}).shape\n--> {2, 3}"),
  method({"EmbeddingBag:from_pretrained"}, "(embeddings, freeze = true, max_norm?, norm_type = 2.0, scale_grad_by_freq = "
    .. "false, mode = "
    .. "\"mean\", sparse = false, include_last_offset = false, padding_idx?) -> module", "An embedding bag with this table, "
    .. "which is "
    .. "not trained unless freeze is false.", "nn.EmbeddingBag.from_pretrained(ty.eye(2))(ty.tensor{{1, 2}})\n"
    .. "--> tensor({{0.5000, 0.5000}})"),
  -- Smaller layers
  entry("Bilinear", "(in1_features, in2_features, out_features, bias = true, device?, dtype?)", "y = x1^T W x2 + b of two "
    .. "inputs; "
    .. "weight {out, in1, in2} and bias {out} are drawn uniformly from +-1 / sqrt(in1_features).",
    "nn.Bilinear(2, 3, 4)(ty.ones(5, 2), ty.ones(5, 3)).shape\n--> {5, 4}"),
  entry("Unflatten", "(dim, unflattened_size)", "Dimension dim as several, of these sizes; one may be -1.",
    "nn.Unflatten(2, {2, 3})(ty.ones(4, 6)).shape\n--> {4, 2, 3}"),
  entry("Dropout1d", "(p = 0.5, inplace = false)", "In training, each channel of {N, C, L} or {C, L} is 0 with probability "
    .. "p and the "
    .. "others are divided by 1 - p.", "nn.Dropout1d(0.2):eval()(ty.ones(1, 2, 1)).shape"),
  entry("Dropout2d", "(p = 0.5, inplace = false)", "Dropout1d of {N, C, H, W}.", "nn.Dropout2d(0.2)(ty.ones(1, 2, 1, 1)).shape"),
  entry("Dropout3d", "(p = 0.5, inplace = false)", "Dropout1d of {N, C, D, H, W} or {C, D, H, W}.",
    "nn.Dropout3d(0.2)(ty.ones(1, 2, 1, 1, 1)).shape"),
  entry("AlphaDropout", "(p = 0.5, inplace = false)", "Dropout that keeps a mean of 0 and a variance of 1, for networks "
    .. "with SELU.",
    "nn.AlphaDropout(0.2)(ty.ones(3)).shape"),
  entry("FeatureAlphaDropout", "(p = 0.5, inplace = false)", "AlphaDropout of whole channels of {N, C, ...}.",
    "nn.FeatureAlphaDropout(0.2)(ty.ones(1, 2, 3)).shape"),
  entry("CosineSimilarity", "(dim = 2, eps = 1e-8)", "The cosine of the angle between two tensors along dim.",
    "nn.CosineSimilarity()(ty.ones(1, 2), ty.tensor{{1.0, 0.0}})\n--> tensor({0.7071})"),
  entry("PairwiseDistance", "(p = 2.0, eps = 1e-6, keepdim = false)", "The p-norm of the difference of two tensors along "
    .. "their last "
    .. "dimension, with eps added to it.", "nn.PairwiseDistance()(ty.ones(1, 2), ty.ones(1, 2)).shape\n--> {1}"),
  entry("Softmax2d", "()", "Softmax over the channels of {N, C, H, W} or {C, H, W}.", "nn.Softmax2d()(ty.zeros(2, 1, "
    .. "1)):view(-1)\n"
    .. "--> tensor({0.5000, 0.5000})"),
  entry("RReLU", "(lower = 1/8, upper = 1/3, inplace = false)", "LeakyReLU whose slope is drawn between lower and upper for each "
    .. "element in training, and their mean in eval mode.", "nn.RReLU(0.5, 0.5)(ty.tensor{-1.0, 2.0})\n"
    .. "--> tensor({-0.5000,  2.0000})"),
}

return {docs = docs}
