-- Documentation of ty.autograd, found as ty.autograd.docs.

local function entry(name, signature, doc, example)
  return {name = "ty.autograd." .. name, signature = signature, doc = doc, example = example}
end

local square = "local function f(x) return (x ^ 3):sum() end\n"

local docs = {
  entry("Function", "(name) -> class", "A function with a gradient of its own. Define Class.forward(ctx, ...) and "
    .. "Class.backward(ctx, grad, ...), which gives one gradient for each argument of forward (nil for those that are no tensors "
    .. "or have none); call Class.apply(...). ctx:save_for_backward(tensors) and ctx.saved_tensors, ctx.needs_input_grad, "
    .. "ctx:mark_dirty(inputs changed in place), ctx:mark_non_differentiable(results), ctx:set_materialize_grads(false): missing "
    .. "gradients are nil, not zeros. Or forward(...) and setup_context(ctx, inputs, output). Where backward is made of "
    .. "differentiable ops it can be differentiated again. A tensor kept in a field of ctx rather than by save_for_backward is "
    .. "kept as long as the graph.",
    "local Cube = ty.autograd.Function \"Cube\"\nfunction Cube.forward(ctx, x)\n  ctx:save_for_backward(x)\n  return x ^ 3\nend\n"
    .. "function Cube.backward(ctx, g)\n  local x = ctx.saved_tensors[1]\n  return g * 3 * x ^ 2\nend\n"
    .. "local x = ty.tensor({2.0}, {requires_grad = true})\nCube.apply(x):backward()\nprint(x.grad)"),
  entry("once_differentiable", "(backward) -> backward", "A backward that runs without being recorded; a second derivative "
    .. "through it is an error.", "local F = ty.autograd.Function \"Sign\"\n"
    .. "F.backward = ty.autograd.once_differentiable(function(ctx, g) return g end)"),
  entry("gradcheck", "(f, inputs, eps = 1e-6, atol = 1e-5, rtol = 1e-3, raise_exception = true, nondet_tol = 0, "
    .. "check_undefined_grad = true) -> bool", "Holds the gradients of f(inputs...) against central differences: true, or an "
    .. "error that shows both Jacobians (false without raise_exception). inputs: a tensor or a list; those that require a "
    .. "gradient are checked and should be float64. nondet_tol: how far two runs of backward may differ.",
    "local x = ty.rand(3, {dtype = \"float64\", requires_grad = true})\nassert(ty.autograd.gradcheck(ty.sin, x))"),
  entry("gradgradcheck", "(f, inputs, grad_outputs?, eps = 1e-6, atol = 1e-5, rtol = 1e-3, raise_exception = true, "
    .. "nondet_tol = 0, check_undefined_grad = true) -> bool", "gradcheck of the gradient of f: its second derivatives.",
    "local x = ty.rand(3, {dtype = \"float64\", requires_grad = true})\nassert(ty.autograd.gradgradcheck(ty.sin, x))"),
  entry("functional.jacobian", "(f, inputs, create_graph = false, strict = false) -> tensor or lists", "All derivatives of the "
    .. "results of f by its inputs: of the result's shape followed by the input's. Lists for lists of results and inputs.",
    "print(ty.autograd.functional.jacobian(function(x) return x * x end, ty.tensor{1.0, 2.0}))"),
  entry("functional.hessian", "(f, inputs, create_graph = false, strict = false) -> tensor or lists", "All second derivatives of "
    .. "a function that gives one number.", square .. "print(ty.autograd.functional.hessian(f, ty.tensor{1.0, 2.0}))"),
  entry("functional.vjp", "(f, inputs, v?, create_graph = false, strict = false) -> outputs, product", "v times the Jacobian.",
    "print(ty.autograd.functional.vjp(ty.exp, ty.zeros(2), ty.ones(2)))"),
  entry("functional.jvp", "(f, inputs, v?, create_graph = false, strict = false) -> outputs, product", "The Jacobian times v, by "
    .. "two backward passes.", "print(ty.autograd.functional.jvp(ty.exp, ty.zeros(2), ty.ones(2)))"),
  entry("functional.hvp", "(f, inputs, v?, create_graph = false, strict = false) -> output, product", "The Hessian times v. vhp "
    .. "gives the same values faster.", square .. "print(ty.autograd.functional.hvp(f, ty.ones(2), ty.ones(2)))"),
  entry("functional.vhp", "(f, inputs, v?, create_graph = false, strict = false) -> output, product", "v times the Hessian.",
    square .. "print(ty.autograd.functional.vhp(f, ty.ones(2), ty.ones(2)))"),
  entry("detect_anomaly", "(f?, check_nan = true) -> ...", "A scope, used as ty.no_grad, in which each op remembers where it was "
    .. "called: an error in backward then shows the Lua lines of the forward call, and a gradient that is NaN is an error. "
    .. "Slow; for finding mistakes.", "ty.autograd.detect_anomaly(function()\n"
    .. "  ty.ones(2, {requires_grad = true}):sum():backward()\nend)"),
  entry("set_detect_anomaly", "(mode, check_nan = true, f?) -> ...", "detect_anomaly by a condition; called alone it holds from "
    .. "then on.", "ty.autograd.set_detect_anomaly(true)\nty.autograd.set_detect_anomaly(false)"),
  entry("is_anomaly_enabled", "() -> bool", "Whether anomaly mode is on.", "assert(not ty.autograd.is_anomaly_enabled())"),
  entry("is_anomaly_check_nan_enabled", "() -> bool", "Whether anomaly mode looks for NaN.",
    "ty.autograd.is_anomaly_check_nan_enabled()"),
  entry("graph.saved_tensors_hooks", "(pack, unpack, f?) -> ...", "A scope in which pack(tensor) says what is kept in place of "
    .. "each value that an op saves for backward, and unpack(that) gives a tensor with the same values back.",
    "ty.autograd.graph.saved_tensors_hooks(function(x) return x end, function(x) return x end, function()\n"
    .. "  local x = ty.ones(2, {requires_grad = true})\n  ty.sum(x * x):backward()\nend)"),
  entry("graph.save_on_cpu", "(f?) -> ...", "A scope in which what ops save for backward waits in the memory of the CPU.",
    "ty.autograd.graph.save_on_cpu(function() end)"),
  {name = "autograd", signature = ": gradients", doc = "Gradients of tensors, functions with a gradient of one's own, and what "
    .. "helps to find mistakes in them, as torch.autograd."},
  {name = "autograd.functional", signature = ": derivatives of functions", doc = "Jacobians, Hessians and their products with "
    .. "vectors."},
  {name = "autograd.graph", signature = ": the recorded graph", doc = "What is done with the values that ops save for backward."},
}

return {docs = docs}
