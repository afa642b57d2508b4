-- Documentation of what is no function of the binding table and has no area of its own: constants, dtypes, devices,
-- generators, tensors themselves and their fields, and the functions that the top level of the library adds.

local core = require "tycho.core"

local function field(name, signature, doc, example)
  return {name = "tensor." .. name, signature = signature, doc = doc, example = example}
end

local docs = {
  {name = "linalg", signature = ": linear algebra", doc = "Functions of matrices {..., n, m}, float32 or float64, as "
    .. "torch.linalg: solve, inv, det, cholesky, qr, svd, eigh, lstsq, norm and more. They run on LAPACK, on CUDA on "
    .. "cuSOLVER, which are opened when the first of them is called.",
    example = "ty.linalg.solve(ty.tensor{{2.0, 0.0}, {0.0, 4.0}}, ty.tensor{2.0, 2.0})\n--> tensor({1.0000, 0.5000})"},
  {name = "special", signature = ": special functions", doc = "Functions of mathematics element by element, as torch.special: "
    .. "erfinv, gammaln, digamma, expit, xlogy and more; most are ty's too, by other names."},
  {name = "Tensor", signature = ": values of one dtype in a box of any number of dimensions", doc =
    "Made by ty.tensor, ty.zeros, ty.randn and their like. x[i] is the i-th along the first dimension, x[{i, j}] an element, "
    .. "x[{ {1, 3}, {} }] a part (ranges include both ends, {} is all, a third number is the step), x[mask] and x[index] are "
    .. "chosen elements; each can be assigned to. Indices and dimensions count from 1, negative ones from the end. Operators: "
    .. "+ - * / // % ^ and unary - on numbers, & | ~ on masks; == compares identity, x:eq(y) values. #x is the first size.",
    example = "local x = ty.tensor{{1.0, 2}, {3, 4}}\nx[{1, 2}] = 7\nreturn x[{ {}, 2 }]\n--> tensor({7., 4.})"},
  field("shape", " -> list", "The sizes of the dimensions, a list that prints and compares as one; x:size() is the same.",
    "ty.zeros(2, 3).shape\n--> {2, 3}"),
  field("dtype", " -> dtype", "What the elements are, as ty.float32.", "ty.zeros(2).dtype\n--> float32"),
  field("is_cuda", " -> bool", "Whether the elements are on a GPU.", "ty.zeros(2).is_cuda\n--> false"),
  field("device", " -> device", "Where the elements are: cpu, cuda:0, ...", "ty.zeros(2).device\n--> cpu"),
  field("ndim", " -> integer", "The number of dimensions; x:dim() is the same.", "ty.zeros(2, 3).ndim\n--> 2"),
  field("grad", " -> tensor or nil", "The gradient that backward has added up, of the tensor's shape; nil before. Assign nil "
    .. "to forget it, or a tensor of the same shape, dtype and device.",
    "local x = ty.ones(2, {requires_grad = true})\nlocal loss = (x * 3):sum()\nloss:backward()\nreturn x.grad\n--> "
    .. "tensor({3., 3.})"),
  field("requires_grad", " -> boolean", "Whether backward computes a gradient for it. May be assigned on leaves of a floating "
    .. "dtype; an error elsewhere.", "ty.ones(2, {requires_grad = true}).requires_grad\n--> true"),
  field("grad_fn", " -> node or nil", "The operation that made it, where gradients are recorded; nil for leaves. node.name, "
    .. "node.next_functions (for each input a pair {node or nil, number of the output}); "
    .. "node:register_prehook(function(grad_outputs) ... end) and node:register_hook(function(grad_inputs, grad_outputs) ... "
    .. "end) see the gradients before and after it, as lists, and replace them by what they give unless nil. The node of a "
    .. "leaf is AccumulateGrad, and has the leaf in node.variable.",
    "(ty.ones(2, {requires_grad = true}) * 2).grad_fn\n--> <MulBackward0>"),
  field("is_leaf", " -> boolean", "Whether it was made by no recorded operation, so that backward fills its grad.",
    "ty.ones(2, {requires_grad = true}).is_leaf\n--> true"),
  field("output_nr", " -> integer", "Which result of its grad_fn it is, from 1; 1 for leaves.",
    "local values, at = ty.ones(2, 2, {requires_grad = true}):max(1)\nreturn values.output_nr\n--> 1"),
  field("_version", " -> integer", "How often its memory was changed in place, which backward checks.",
    "ty.ones(2):add_(1)._version\n--> 1"),
  field("data", " -> tensor", "The same memory without history. Assigning a tensor of the same shape gives x its elements "
    .. "and keeps x what it is for optimisers.", "ty.ones(2, {requires_grad = true}).data.requires_grad\n--> false"),
  field("itemsize", " -> integer", "The bytes of one element.", "ty.ones(2).itemsize\n--> 4"),
  field("nbytes", " -> integer", "The bytes of all elements: numel times itemsize, memory shared through views included.",
    "ty.ones(2, 3).nbytes\n--> 24"),
  field("T", " -> tensor", "A view with the order of all dimensions turned around; of a matrix its transpose.",
    "ty.zeros(2, 3).T.shape\n--> {3, 2}"),
  field("mT", " -> tensor", "A view with the last two dimensions exchanged; an error on fewer than two.",
    "ty.zeros(4, 2, 3).mT.shape\n--> {4, 3, 2}"),

  {name = "ty.pi", signature = " = 3.14159...", doc = "The circle's number.", example = "ty.tensor(ty.pi):cos()\n--> "
    .. "tensor(-1.)"},
  {name = "ty.inf", signature = " = math.huge", doc = "Positive infinity.", example = "ty.tensor{ty.inf}:isinf()"},
  {name = "ty.nan", signature = " = 0 / 0", doc = "Not a number: unequal to itself.", example = "ty.tensor{ty.nan}:isnan()"},
  {name = "ty.newaxis", signature = " = \"newaxis\"", doc = "In a subscript, a new dimension of size 1: x[{ {}, ty.newaxis }] is "
    .. "x:unsqueeze(2). \"...\" in a subscript stands for as many {} as there are dimensions left: x[{\"...\", 1}].",
    example = "ty.zeros(2, 3)[{ {}, ty.newaxis }]:size()\n--> {2, 1, 3}"},
  {name = "ty.version", signature = " -> string", doc = "The version of Tycho.", example = "ty.version:match \"^%d+%.%d+\""},

  {names = {"ty.float32", "ty.float"}, signature = " -> dtype", doc = "Floating numbers of 32 bits: what floats become unless "
    .. "another dtype is asked for. A dtype has the fields name, itemsize (bytes) and is_floating_point; wherever one is "
    .. "expected its name as a string will do.", example = "ty.tensor({1, 2}, {dtype = ty.float32}).dtype\n--> float32"},
  {names = {"ty.float64", "ty.double"}, signature = " -> dtype", doc = "Floating numbers of 64 bits, as Lua's own.",
    example = "ty.zeros(2, {dtype = \"float64\"}):element_size()\n--> 8"},
  {names = {"ty.float16", "ty.half"}, signature = " -> dtype", doc = "Floating numbers of 16 bits: "
    .. "11 bits of precision, up to 65504. Computed in float32 and rounded once.",
    example = "ty.ones(2, {dtype = ty.float16}).dtype\n--> float16"},
  {name = "ty.bfloat16", signature = " -> dtype", doc = "Floating numbers of 16 bits with the range of "
    .. "float32 and 8 bits of precision. Computed in float32 and rounded once.",
    example = "ty.ones(2, {dtype = ty.bfloat16}).dtype\n--> bfloat16"},
  {names = {"ty.int64", "ty.long"}, signature = " -> dtype", doc = "Whole numbers of 64 bits: Lua's integers, positions, "
    .. "classes.", example = "ty.tensor{1, 2}.dtype\n--> int64"},
  {names = {"ty.int32", "ty.int"}, signature = " -> dtype", doc = "Whole numbers of 32 bits.",
    example = "ty.ones(2, {dtype = ty.int32}).dtype.itemsize\n--> 4"},
  {names = {"ty.int16", "ty.short"}, signature = " -> dtype", doc = "Whole numbers of 16 bits.",
    example = "ty.ones(2, {dtype = ty.int16}).dtype.itemsize\n--> 2"},
  {name = "ty.int8", signature = " -> dtype", doc = "Whole numbers from -128 to 127.",
    example = "ty.tensor({127}, {dtype = ty.int8}) + 1\n--> tensor({-128}, {dtype = \"int8\"})"},
  {name = "ty.uint8", signature = " -> dtype", doc = "Whole numbers from 0 to 255: bytes, pixels.",
    example = "ty.tensor({0, 255}, {dtype = ty.uint8}):float() / 255"},
  {name = "ty.bool", signature = " -> dtype", doc = "true and false: masks, results of comparisons.",
    example = "ty.tensor{1, 5}:gt(2).dtype\n--> bool"},
  {name = "ty.device", signature = "(name: string) -> device", doc = "A device by its name: \"cpu\", \"cuda\", \"cuda:1\". "
    .. "It has "
    .. "the fields type and index and compares by value. Errors: an unknown name, a device that is not there.",
    example = "ty.device(\"cpu\").type\n--> cpu"},
  {name = "ty.Generator", signature = "(seed: integer?, device: device?) -> generator", doc = "A source of random numbers "
    .. "beside the default one, to be given as {generator = g}: Mersenne Twister, or for device = \"cuda\" Philox, as "
    .. "PyTorch's. It draws for tensors of its device alone (the CPU unless another is named). Without a seed it begins with "
    .. "PyTorch's default one. Errors: a device that is not there; and, where it is used, a tensor of another device.",
    example = "local g = ty.Generator(7)\nlocal a = ty.rand(2, {generator = g})\nreturn a:equal(ty.rand(2, {generator = "
    .. "g:manual_seed(7)}))\n--> true"},
  {name = "ty.Generator:manual_seed", signature = "(seed: integer) -> generator", doc = "Starts the generator anew from this "
    .. "seed, and gives it back.", example = "ty.Generator():manual_seed(3):initial_seed()\n--> 3"},
  {name = "ty.Generator:initial_seed", signature = "() -> integer", doc = "The seed it was started from.",
    example = "ty.Generator(5):initial_seed()\n--> 5"},
  {name = "ty.Generator:seed", signature = "() -> integer", doc = "Starts it anew from a seed that the system draws, which is "
    .. "given back.", example = "math.type(ty.Generator():seed())\n--> integer"},
  {name = "ty.Generator:device", signature = "() -> device", doc = "The device that it draws for.",
    example = "ty.Generator(1):device()\n--> cpu"},
  {name = "ty.Generator:get_state", signature = "() -> tensor", doc = "The whole state as a uint8 tensor, for set_state: 5056 "
    .. "bytes as PyTorch lays them out, or for a CUDA device 16, the seed and the offset.",
    example = "ty.Generator(1):get_state().dtype\n--> uint8"},
  {name = "ty.Generator:set_state", signature = "(state: tensor) -> generator", doc = "Goes on from a state that get_state gave. "
    .. "Errors: a tensor that is no such state.",
    example = "local g = ty.Generator(1)\nlocal state, a = g:get_state(), ty.rand(1, {generator = g}):item()\n"
    .. "g:set_state(state)\nreturn a == ty.rand(1, {generator = g}):item()\n--> true"},

  {name = "nn", signature = ": layers, losses, containers; Module and class to make your own",
    doc = "Networks. A layer is made once, nn.Linear(3, 2), which draws its parameters, and then called, layer(x)."},
  {name = "F", signature = ": the functions behind the layers", doc = "As torch.nn.functional; also ty.nn.functional."},
  {name = "nn.init", signature = ": fills parameters", doc = "Initialisers. Each changes its tensor in place, records no "
    .. "gradient, and gives it back.", example = "ty.nn.init.zeros_(ty.ones(2))\n--> tensor({0., 0.})"},
  {name = "nn.is_module", signature = "(value) -> boolean", doc = "Whether a value is a module.",
    example = "ty.nn.is_module(ty.nn.ReLU())\n--> true"},
  {name = "optim", signature = ": optimisers, and lr_scheduler", doc = "An optimiser holds parameters and changes them by their "
    .. "gradients: opt:zero_grad(), loss:backward(), opt:step()."},
  {name = "optim.Optimizer", signature = ": what all optimisers have", doc = "The class of the objects that optim.SGD, "
    .. "optim.Adam "
    .. "and the others make. Fields: param_groups, a list of {params = {...}, lr = ..., ...} whose options may be changed "
    .. "between steps, and defaults.",
    example = "local opt = ty.optim.SGD({ty.ones(1)}, {lr = 0.1})\nopt.param_groups[1].lr = 0.01"},
  {name = "optim.Optimizer:step", signature = "(closure?) -> the closure's result", doc = "Changes every parameter that has a "
    .. "gradient, once. A closure is called first, with gradients recorded: it computes the loss and its gradients anew.",
    example = "local w = ty.ones(1, {requires_grad = true})\nlocal opt = ty.optim.SGD({w}, {lr = 0.5})\nw:sum():backward()"
    .. "\nopt:step()\nreturn w:item()\n--> 0.5"},
  {name = "optim.Optimizer:zero_grad", signature = "(set_to_none = true)", doc = "Forgets the gradients of all its parameters; "
    .. "with false they become 0.",
    example = "local w = ty.ones(1, {requires_grad = true})\nw:sum():backward()\nty.optim.SGD({w}):zero_grad()\nreturn w.grad"},
  {name = "optim.Optimizer:add_param_group", signature = "{params = {...}, lr = ..., ...}", doc = "Adds parameters with "
    .. "options of "
    .. "their own; what is not given is as for the others. Errors: a parameter that is in a group already, that is no leaf, "
    .. "an unknown option.",
    example = "local opt = ty.optim.SGD({ty.ones(1)}, {lr = 0.1})\nopt:add_param_group{params = {ty.ones(2)}, lr = 0.01}\n"
    .. "return #opt.param_groups\n--> 2"},
  {name = "optim.Optimizer:state_dict", signature = "() -> table", doc = "{state, param_groups} as PyTorch lays it out, for "
    .. "ty.save: parameters are numbered from 0 over all groups.",
    example = "#ty.optim.Adam({ty.ones(1)}):state_dict().param_groups\n--> 1"},
  {name = "optim.Optimizer:load_state_dict", signature = "(state)", doc = "Takes over options and state of a dict that "
    .. "state_dict, "
    .. "or PyTorch's, made. Errors: other numbers of groups or parameters.",
    example = "local w = ty.ones(1)\nlocal state = ty.optim.SGD({w}, {lr = 0.3}):state_dict()\nlocal opt = ty.optim.SGD({w})\n"
    .. "opt:load_state_dict(state)\nreturn opt.param_groups[1].lr\n--> 0.3"},
  {name = "data", signature = ": datasets and loaders", doc = "A dataset is anything with #ds and ds[i]; a DataLoader makes "
    .. "batches of it."},
  {name = "data.TensorDataset:get", signature = "(i) -> tensor, ...", doc = "The tensors of example i as several results.",
    example = "ty.data.TensorDataset(ty.arange(3)):get(2)\n--> tensor(1)"},
  {name = "data.TensorDataset:batch", signature = "(index: tensor) -> tensor, ...", doc = "The examples at the positions of an "
    .. "int64 tensor, gathered at once.", example = "ty.data.TensorDataset(ty.arange(9)):batch(ty.tensor{1, 9})\n"
    .. "--> tensor({0, 8})"},
  {name = "data.Subset:get", signature = "(i) -> tensor, ...", doc = "What example i of the part holds, as several results.",
    example = "ty.data.Subset(ty.data.TensorDataset(ty.arange(9)), {9, 8}):get(1)\n--> tensor(8)"},
  {name = "data.Subset:batch", signature = "(index: tensor) -> tensor, ...", doc = "The examples at these positions of the part; "
    .. "where the whole dataset has batch.",
    example = "ty.data.Subset(ty.data.TensorDataset(ty.arange(9)), {9, 8}):batch(ty.tensor{2})\n--> tensor({7})"},
  {name = "data.DataLoader:iter", signature = "() -> iterator", doc = "One pass over the data: for x, y in loader:iter() do ... "
    .. "end. Each pass of a shuffling loader draws a new order.",
    example = "local ds = ty.data.TensorDataset(ty.arange(4))\nfor x in ty.data.DataLoader(ds, {batch_size = 2}):iter() do\n"
    .. "  print(x)\nend\n--> tensor({0, 1})\n--> tensor({2, 3})"},
  {name = "plot", signature = ": figures drawn by gnuplot", doc = "Lines, points, bars, histograms, images, contours, "
    .. "heat maps, decision boundaries and curves that grow (plot.live), into PNG, SVG and PDF files, a window, or the terminal "
    .. "as characters or pictures. The functions draw on the current figure, fig:line(...) and axes:line(...) on the one "
    .. "named; plot.subplots makes several axes. savefig waits for its file; show returns when the figure is drawn and does "
    .. "not wait for a window to be closed; plot.live draws in the background."},
  {name = "io", signature = ": files", doc = "What ty.save and ty.load rest on, IDX files, downloads and checksums."},
  {name = "cuda", signature = ": whether there is a GPU", doc = "ty.cuda.is_available() and its like."},
  {name = "amp", signature = ": mixed precision", doc = "ty.autocast and ty.amp.GradScaler."},
  {name = "OrderedDict.keys", signature = "(d) -> list", doc = "The keys in order. An error for another table.",
    example = "ty.OrderedDict.keys(ty.OrderedDict{{\"b\", 1}, {\"a\", 2}})[1]\n--> b"},
  {name = "OrderedDict.values", signature = "(d) -> list", doc = "The values in order. An error for another table.",
    example = "ty.OrderedDict.values(ty.OrderedDict{{\"b\", 1}, {\"a\", 2}})[1]\n--> 1"},
  {name = "OrderedDict.is", signature = "(value) -> boolean", doc = "Whether a value is an OrderedDict.",
    example = "ty.OrderedDict.is{}\n--> false"},
  {name = "ty.progress", signature = "(loader, list, count or iterator, label = \"\", note?, total?, keep?, disable = "
    .. "false, interval?) -> bar",
    doc = "A for loop with a bar on standard error: what is done, the time left, the rate. label stands before it; behind "
    .. "it what bar:set was given, and note, a string or a function that gives one. total says how many there are where an "
    .. "iterator does not. keep = false takes the bar away at the end, as is the default of a bar inside another one's "
    .. "loop. What is printed meanwhile stands above the bar. Where standard error is no terminal a line is written after "
    .. "each tenth of the loop, but not within interval = 10 seconds (0.1 between two drawings of a bar), and none for a "
    .. "loop of less than two. disable = true, or TYCHO_PROGRESS=off in the environment, is for no bar; "
    .. "TYCHO_PROGRESS=lines for lines on a terminal, too. Errors: what cannot be iterated over.",
    example = "local sum = 0\nfor i in ty.progress(3, \"counting\") do sum = sum + i end\nreturn sum\n--> 6"},
  {name = "ty.progress:set", signature = "(values) -> bar",
    doc = "Shows values behind the bar, numbers or tensors of one element by name, until they are set anew; false takes one "
    .. "away. A tensor is read only when the bar is drawn. Errors: a tensor of more elements.",
    example = "local bar = ty.progress(3, {label = \"epoch 1\"})\nfor i in bar do bar:set{loss = 1 / i} end"},
  {name = "ty.progress:close", signature = "()",
    doc = "Ends the bar; a loop that is gone through, or left where it begins with for x in ty.progress(...), does so "
    .. "itself. With local bar <close> = ty.progress(...) it ends with the block.",
    example = "local bar <close> = ty.progress(100)\nfor i in bar do if i == 3 then break end end"},
  {name = "ty.help", signature = "(value or name)", doc = "Prints the documentation of a function, a method, a class or an "
    .. "area; at "
    .. "the prompt it is help, and ?name is help \"name\". A name that does not exist gets those near it.",
    example = "ty.help.text(ty.matmul):match \"^[%w.]+\"\n--> ty.matmul"},
  {name = "help.text", signature = "(value or name) -> string", doc = "What help would print.",
    example = "ty.help.text \"nn.Linear\":match \"^[%w.]+\"\n--> nn.Linear"},
  {name = "help.entries", signature = "() -> list", doc = "Every entry of the documentation: {names, signature, doc, example}.",
    example = "#ty.help.entries() > 100\n--> true"},
}

-- Dtypes that are there.
local here = {}
for _, doc in ipairs(docs) do
  if not doc.dtype or core.dtypes[doc.dtype] then here[#here + 1] = doc end
end

return {docs = here}
