-- Documentation of the methods that all modules have, and of containers' own.

local function method(name, signature, doc, example)
  return {name = "nn.Module:" .. name, signature = signature, doc = doc, example = example}
end

-- The layers that draw their parameters by a method of their own.
local reset = {}
for name, class in pairs(require "tycho.nn") do
  if type(class) == "table" and rawget(class, "reset_parameters") then
    reset[#reset + 1] = ("nn.%s:reset_parameters"):format(name)
  end
end
table.sort(reset)

return {docs = {
  method("parameters", "(recurse = true) -> list", "All parameters of the module and of those in it, in the order of their "
    .. "assignment, each once: what an optimiser takes. `for p in net:parameters() do` works as well. recurse = false: only its "
    .. "own.", "#ty.nn.Sequential(ty.nn.Linear(3, 2), ty.nn.Linear(2, 1)):parameters()\n--> 4"),
  method("named_parameters", "(prefix = \"\", recurse = true, remove_duplicate = true) -> iterator", "for name, p in "
    .. "net:named_parameters() do ... end; names are "
    .. "those of "
    .. "state_dict.", "for name, p in ty.nn.Linear(3, 2):named_parameters() do print(name, p.shape) end\n"
    .. "--> weight\t{2, 3}\n--> bias\t{2}"),
  method("buffers", "(recurse = true) -> list", "All buffers: tensors that are state but no parameters, as running means.",
    "#ty.nn.Linear(3, 2):buffers()\n--> 0"),
  method("named_buffers", "(recurse = true) -> iterator", "for name, b in net:named_buffers() do ... end",
    "for name in ty.nn.Linear(3, 2):named_buffers() do print(name) end"),
  method("modules", "() -> list", "The module itself and all below it, each once, depth first.",
    "#ty.nn.Sequential(ty.nn.ReLU(), ty.nn.Tanh()):modules()\n--> 3"),
  method("named_modules", "(prefix = \"\", remove_duplicate = true) -> iterator", "for name, m in net:named_modules() do "
    .. "... end; the module's own name is \"\".",
    "for name, m in ty.nn.Sequential(ty.nn.ReLU()):named_modules() do print(name, m:type_name()) end\n"
    .. "--> \tSequential\n--> 0\tReLU"),
  method("children", "() -> list", "The modules directly below.", "#ty.nn.Sequential(ty.nn.ReLU(), "
    .. "ty.nn.Tanh()):children()\n--> 2"),
  method("named_children", "() -> iterator", "for name, m in net:named_children() do ... end",
    "for name in ty.nn.Sequential(ty.nn.ReLU()):named_children() do print(name) end\n--> 0"),
  method("get_submodule", "(name: string) -> module", "The module of a full name, as \"block.fc\". An error when it is not "
    .. "there.",
    "ty.nn.Sequential(ty.nn.ReLU()):get_submodule \"0\"\n--> ReLU()"),
  method("register_parameter", "(name: string, parameter or nil)", "What assigning a Parameter to a field does; nil takes it "
    .. "out. Errors: no nn.Parameter.",
    "local m = ty.nn.Module()\nm:register_parameter(\"w\", ty.nn.Parameter(ty.zeros(2)))\nreturn m.w.shape\n--> {2}"),
  method("register_buffer", "(name: string, tensor, persistent = true)", "Adds a tensor that moves with the module and is in "
    .. "its state_dict (unless persistent is false) but is not trained.",
    "local m = ty.nn.Module()\nm:register_buffer(\"mean\", ty.zeros(2))\nreturn #m:buffers()\n--> 1"),
  method("add_module", "(name: string, module)", "What assigning a module to a field does. The name has no dot in it.",
    "local m = ty.nn.Module()\nm:add_module(\"act\", ty.nn.ReLU())\nreturn m.act\n--> ReLU()"),
  method("register_module", "(name: string, module)", "Another name of add_module.",
    "local m = ty.nn.Module()\nm:register_module(\"act\", ty.nn.ReLU())\nreturn m.act\n--> ReLU()"),
  method("apply", "(f) -> module", "Calls f with every module below and then with the module itself; gives the module back. For "
    .. "initialisation.", "ty.nn.Sequential(ty.nn.ReLU()):apply(function(m) print(m:type_name()) end)\nreturn nil\n"
    .. "--> ReLU\n--> Sequential"),
  method("register_forward_pre_hook", "(hook, prepend = false) -> handle", "Calls hook(module, args) before each call of the "
    .. "module; args is the list of arguments. What it gives, unless nil, are the arguments instead (a list, or one value). "
    .. "handle:remove() takes it out; so does the end of the block of local _ <close> = .... PyTorch's with_kwargs "
    .. "has no meaning "
    .. "in Lua.", "local net = ty.nn.ReLU()\nnet:register_forward_pre_hook(function(_, args) return args[1] + 1 end)\n"
    .. "return net(ty.zeros(2))\n--> tensor({1., 1.})"),
  method("register_forward_hook", "(hook, prepend = false, with_kwargs = false, always_call = false) -> handle", "Calls "
    .. "hook(module, args, output) after each call; output is the result, or the list of several. What it gives, "
    .. "unless nil, is the "
    .. "result instead. always_call: after an error as well, with output nil.", "local net = ty.nn.ReLU()\n"
    .. "local handle = net:register_forward_hook(function(_, _, y) return y * 10 end)\nprint(net(ty.ones(1)))\nhandle:remove()\n"
    .. "return net(ty.ones(1))\n--> tensor({10.})\n--> tensor({1.})"),
  method("register_full_backward_hook", "(hook, prepend = false) -> handle", "Calls hook(module, grad_input, "
    .. "grad_output) when the "
    .. "gradients of the module's inputs have been computed: lists, nil where there is none. What it gives, unless nil, replaces "
    .. "grad_input. Inputs and results may then not be changed in place.",
    "local net = ty.nn.Linear(2, 1)\nnet:register_full_backward_hook(function(_, _, grad_output)\n  print(grad_output[1])\nend)\n"
    .. "net(ty.ones(1, 2, {requires_grad = true})):sum():backward()\n--> tensor({{1.}})"),
  method("register_full_backward_pre_hook", "(hook, prepend = false) -> handle", "Calls hook(module, grad_output) before the "
    .. "gradients of the module are computed; what it gives, unless nil, replaces grad_output.",
    "local net = ty.nn.Identity()\nnet:register_full_backward_pre_hook(function(_, grads) return grads[1] * 2 end)\n"
    .. "local x = ty.ones(1, {requires_grad = true})\nnet(x):sum():backward()\nreturn x.grad\n--> tensor({2.})"),
  method("register_state_dict_pre_hook", "(hook) -> handle", "Calls hook(module, prefix, keep_vars) before state_dict reads the "
    .. "module.", "local net = ty.nn.Linear(1, 1)\nnet:register_state_dict_pre_hook(function(m) print(m) end)\nnet:state_dict()\n"
    .. "return nil\n--> Linear(in_features=1, out_features=1, bias=true)"),
  method("register_state_dict_post_hook", "(hook) -> handle", "Calls hook(module, state_dict, prefix) when state_dict "
    .. "has all, which "
    .. "it may change.", "local net = ty.nn.Linear(1, 1)\nnet:register_state_dict_post_hook(function(_, state) "
    .. "state.bias = nil end)\n"
    .. "return net:state_dict().bias == nil\n--> true"),
  method("register_load_state_dict_pre_hook", "(hook) -> handle", "Calls hook(module, state_dict, prefix, strict) before "
    .. "load_state_dict reads state_dict, a copy that it may change: to give keys their new names.",
    "local net = ty.nn.Linear(1, 1, false)\nnet:register_load_state_dict_pre_hook(function(_, state)\n"
    .. "  state.weight, state.w = state.w, nil\nend)\nnet:load_state_dict{w = ty.ones(1, 1)}\nreturn "
    .. "net(ty.ones(1)):item()\n--> 1.0"),
  method("register_load_state_dict_post_hook", "(hook) -> handle", "Calls hook(module, report) after load_state_dict "
    .. "has copied the "
    .. "values, with its lists missing_keys and unexpected_keys; a key that the hook takes out of them is no error.",
    "local net = ty.nn.Linear(1, 1)\nnet:register_load_state_dict_post_hook(function(_, report) report.missing_keys = {} end)\n"
    .. "return #net:load_state_dict{weight = ty.ones(1, 1)}.missing_keys\n--> 0"),
  method("train", "(mode = true) -> module", "Sets the field training of all modules: whether Dropout, BatchNorm and their like "
    .. "behave as in training.", "ty.nn.Dropout():train().training\n--> true"),
  method("eval", "() -> module", "train(false).", "ty.nn.Dropout():eval()(ty.ones(2))\n--> tensor({1., 1.})"),
  method("zero_grad", "(set_to_none = true)", "Forgets the gradients of all parameters; with false they become 0.",
    "local net = ty.nn.Linear(1, 1)\nnet(ty.ones(1)):sum():backward()\nnet:zero_grad()\nreturn net.weight.grad"),
  method("requires_grad_", "(requires_grad = true) -> module", "Sets it for all parameters: false freezes the module.",
    "ty.nn.Linear(1, 1):requires_grad_(false).weight.requires_grad\n--> false"),
  method("to", "(device, dtype or tensor, ...) -> module", "Moves or converts parameters and buffers in place, and gives "
    .. "the module "
    .. "back. "
    .. "Buffers of whole numbers keep their dtype. Errors: a dtype that is not floating.",
    "ty.nn.Linear(1, 1):to(ty.float64).weight.dtype\n--> float64"),
  method("float", "() -> module", "to(ty.float32).", "ty.nn.Linear(1, 1):float().weight.dtype\n--> float32"),
  method("half", "() -> module", "to(ty.float16).", "ty.nn.Linear(1, 1):half().weight.dtype\n--> float16"),
  method("bfloat16", "() -> module", "to(ty.bfloat16).", "ty.nn.Linear(1, 1):bfloat16().weight.dtype\n--> bfloat16"),
  method("double", "() -> module", "to(ty.float64).", "ty.nn.Linear(1, 1):double().weight.dtype\n--> float64"),
  method("cpu", "() -> module", "to \"cpu\".", "ty.nn.Linear(1, 1):cpu().weight.device\n--> cpu"),
  method("cuda", "() -> module", "to \"cuda\"; an error where there is no GPU.", "pcall(ty.nn.Linear(1, 1).cuda)\nreturn nil"),
  method("state_dict", "(prefix = \"\", keep_vars = false) -> OrderedDict", "Parameters and buffers by full name, in order, "
    .. "as PyTorch names them; they share "
    .. "the module's memory. What ty.save stores. keep_vars gives the parameters themselves. What get_extra_state() of a module "
    .. "gives is added as \"_extra_state\", and handed to its set_extra_state.",
    "for name in pairs(ty.nn.Sequential(ty.nn.Linear(1, 1)):state_dict()) do print(name) end\n--> 0.weight\n--> 0.bias"),
  method("load_state_dict", "(state, strict = true, assign = false) -> {missing_keys, unexpected_keys}", "Copies the "
    .. "tensors of a state dict in. "
    .. "Missing and unexpected names are an error that lists them, unless strict is false; shapes must always agree. assign "
    .. "takes the tensors themselves.",
    "local a, b = ty.nn.Linear(2, 1), ty.nn.Linear(2, 1)\nb:load_state_dict(a:state_dict())\n"
    .. "return b.weight:equal(a.weight)\n--> true"),
  method("type_name", "() -> string", "The name of the class.", "ty.nn.ReLU():type_name()\n--> ReLU"),
  {names = reset, signature = "()", doc = "Draws the parameters anew, as the constructor does.",
    example = "ty.nn.Linear(2, 1):reset_parameters()"},
}}
