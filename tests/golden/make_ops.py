#!/usr/bin/env python3
"""Writes ops.lua: what PyTorch's ops give, forward and backward, for tests/spec/golden_spec.lua.

    python3 make_ops.py > ops.lua

Needs torch 2.15. A case names an op, its arguments and its results. Arguments are made by one formula that the spec knows
too (`formula` below), so only results and gradients are stored. Here everything is written as PyTorch counts, from 0; the
class of an argument says its kind (D a dimension, P a position, IX a tensor of positions, ...), and `lua` below is the one
place that converts by it. The format of a case:

    {op, {arguments}, {named arguments} or 0, {results}, {gradients} or nil, flags...}

    "@float32 2,3 s1 t"   a tensor by the formula: dtype, shape, seed, layout and so on (see `formula`); "!" in place of "@":
                          it takes no part in gradients
    {"=int64 2", 1, 5}    a tensor with these values
    results               {"float32 2,3", values...}, a list of those for a list of tensors, or a plain value
    gradients             for each differentiable argument the values, or false; the upstream gradient is another formula
"""
import math
import sys

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
DTYPES = {name: getattr(torch, name) for name in "bool uint8 int8 int16 int32 int64 float32 float64".split()}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
INF, NAN = math.inf, math.nan
FLOATS = ("float32", "float64")
INTS = ("uint8", "int8", "int16", "int32", "int64")
lines, seen, failures = [], {}, []


# ---- Arguments, by kind ----

class X:
    """A tensor by the formula. k = (37 i + 11 seed) % 64 - 31 for element i: distinct for 64 elements. Floating: k/16, then
    `mul` and `add`; signed: k, unsigned: k + 31, bool: (k + 31) % 3 == 0. `div`: k is floor-divided first; `nz`: a zero
    becomes 5 (floating: 0.3125). layout: t transposed, s every second element, f flipped order of the dimensions (made
    contiguous the other way round), e expanded from size 1 in the first dimension."""

    def __init__(self, *shape, dtype="float32", seed=0, layout="", mul=1, add=0, div=1, nz=False, grad=True):
        self.shape, self.dtype, self.seed, self.layout = shape, dtype, seed, layout
        self.mul, self.add, self.div, self.nz, self.grad = mul, add, div, nz, grad

    def make(self):
        base, layout = list(self.shape), self.layout
        if layout == "t":
            base[-1], base[-2] = base[-2], base[-1]
        elif layout == "s":
            base[-1] *= 2
        elif layout == "f":
            base.reverse()
        elif layout == "e":
            base[0] = 1
        x = formula(base, self)
        if layout == "t":
            x = x.transpose(-1, -2)
        elif layout == "s":
            x = x[..., ::2]
        elif layout == "f":
            x = x.permute(*range(len(base) - 1, -1, -1))
        elif layout == "e":
            x = x.expand(self.shape)
        x = x.detach()
        if self.grad and x.is_floating_point():
            x.requires_grad_()
        return x

    def lua(self):
        words = [("@" if self.grad else "!") + self.dtype, ",".join(map(str, self.shape)) or "-"]
        words += [f"s{self.seed}"] if self.seed else []
        words += [self.layout] if self.layout else []
        words += [f"{key}{value!r}" for key, value, none in (("mul", self.mul, 1), ("add", self.add, 0), ("div", self.div, 1))
                  if value != none]
        words += ["nz"] if self.nz else []
        return '"' + " ".join(words) + '"'


def formula(shape, spec):
    n = math.prod(shape)
    k = (torch.arange(n) * 37 + spec.seed * 11) % 64 - 31
    if spec.div != 1:
        k = k.div(spec.div, rounding_mode="floor")
    if spec.nz:
        k[k == 0] = 5
    dtype = DTYPES[spec.dtype]
    if dtype.is_floating_point:
        k = (k.double() / 16 * spec.mul + spec.add).to(dtype)
    elif dtype == torch.uint8:
        k = (k + 31).to(dtype)
    elif dtype == torch.bool:
        k = (k + 31) % 3 == 0
    else:
        k = k.to(dtype)
    return k.reshape(shape)


def upstream(x):
    """The gradient that flows into a result: not uniform, exact in float32."""
    i = torch.arange(x.numel())
    return (((i * 13 + 7) % 11 - 4).double() / 8).to(x.dtype).reshape(x.shape)


class V:
    """A tensor with these values; grad makes it differentiable."""

    def __init__(self, values, dtype="float32", grad=False):
        self.x, self.grad = torch.tensor(values, dtype=DTYPES[dtype]), grad

    def make(self):
        return self.x.clone().requires_grad_() if self.grad else self.x.clone()

    def lua(self):
        return values_text("=" + ("+" if self.grad else ""), self.x)


class IX(V):
    """A tensor of positions; negative ones count from the end."""

    def __init__(self, values, dtype="int64"):
        super().__init__(values, dtype)

    def lua(self):
        return values_text("=", count_from_one(self.x))


class D:
    """A dimension or a position: one number, or a list of them."""

    def __init__(self, at):
        self.at = at

    def make(self):
        return self.at

    def lua(self):
        if isinstance(self.at, (list, tuple)):
            return "{" + ",".join(str(i + (i >= 0)) for i in self.at) + "}"
        return str(self.at + (self.at >= 0))


P = D


class R:
    """A range of positions in a subscript: Python's end is left out, Lua's is part of it."""

    def __init__(self, start=None, stop=None, step=None):
        self.slice = slice(start, stop, step)

    def make(self):
        return self.slice

    def lua(self):
        start, stop, step = self.slice.start, self.slice.stop, self.slice.step
        if start is None and stop is None and step is None:
            return "{}"
        start = 0 if start is None else start
        stop = -1 if stop is None else stop - (stop < 0)
        return "{" + f"{start + (start >= 0)},{stop}" + (f",{step}" if step else "") + "}"


class DT:
    """A dtype."""

    def __init__(self, name):
        self.name = name

    def make(self):
        return DTYPES[self.name]

    def lua(self):
        return f'"{self.name}"'


class Out:
    """Kinds of results: T tensors as they are, I positions, N plain values."""
    T, I, N = "T", "I", "N"


def make(arg):
    if hasattr(arg, "make"):
        return arg.make()
    if isinstance(arg, (list, tuple)):
        return type(arg)(make(item) for item in arg)
    return arg


def count_from_one(x):
    return torch.where(x >= 0, x + 1, x)


def number_text(value, dtype=None):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return "-9223372036854775807-1" if value == -2**63 else str(value)
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if dtype == torch.float32:
        for digits in range(5, 10):
            text = f"{value:.{digits}g}"
            if torch.tensor(float(text), dtype=torch.float32).item() == value:
                break
    else:
        text = repr(value)
    mantissa, _, exponent = text.partition("e")
    if mantissa.endswith(".0"):
        mantissa = mantissa[:-2]
    text = mantissa + (f"e{int(exponent)}" if exponent else "")
    return text if "." in text or "e" in text else text + ".0"


def numbers(x):
    """The elements as texts; the dtype says whether they are floating, so 2.0 may be 2."""
    flat = x.detach().reshape(-1).tolist()
    if not x.is_floating_point():
        return [str(int(v)) if x.dtype == torch.bool else number_text(v) for v in flat]
    texts = [number_text(v, x.dtype) for v in flat]
    return [t[:-2] if t.endswith(".0") and t != "-0.0" else t for t in texts]


def values_text(mark, x):
    shape = ",".join(map(str, x.shape)) or "-"
    return "{" + ",".join([f'"{mark}{NAMES[x.dtype]} {shape}"'] + numbers(x)) + "}"


def lua(arg):
    """An argument as Lua text: the one place that knows how each kind is written."""
    if hasattr(arg, "lua"):
        return arg.lua()
    if isinstance(arg, (list, tuple)):
        return "{" + ",".join(map(lua, arg)) + "}"
    if isinstance(arg, str):
        return f'"{arg}"'
    if arg is Ellipsis:
        return '"..."'
    return number_text(arg)


def result_text(value, kind):
    if isinstance(value, torch.Tensor):
        return values_text("", count_from_one(value) if kind == Out.I else value)
    if isinstance(value, (list, tuple)):
        return "{" + ",".join(result_text(item, kind) for item in value) + "}"
    return f'"{NAMES[value]}"' if isinstance(value, torch.dtype) else lua(value)


def tensors_of(values):
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_of(value)


def function_of(op):
    if op.endswith("_") and hasattr(torch.Tensor, op):
        return lambda x, *args, **named: getattr(x.clone(), op)(*args, **named)
    if hasattr(torch, op):
        return getattr(torch, op)
    if hasattr(F, op):
        return getattr(F, op)
    return lambda x, *args, **named: getattr(x, op)(*args, **named)


def case(op, *args, fn=None, out="T", fails=False, flag="", **named):
    """One case. out: a letter of Out for each result. fails: an error is expected where PyTorch gives one. flag: "sign", the
    sign of zeros counts too; "shape", the values do not."""
    seen[op] = seen.get(op, 0) + 1
    given = [make(arg) for arg in args]
    options = {key: make(arg) for key, arg in named.items()}
    leaves = [x for x in tensors_of(list(given) + list(options.values())) if x.requires_grad]
    head = f'{{"{op}",{{{",".join(map(lua, args))}}},' + (
        "{" + ",".join(f"{'[%r]' % key if key == 'end' else key}={lua(arg)}" for key, arg in named.items()) + "}" if named else "0")
    head = head.replace("['end']", '["end"]')
    try:
        result = (fn or function_of(op))(*given, **options)
    except (RuntimeError, TypeError, IndexError, ValueError) as error:
        if not fails:
            failures.append(f"{op}: {head}: {error}")
            return
        lines.append(head + ",0,error=true},")
        return
    results = result if isinstance(result, tuple) and len(out) > 1 else (result,)
    text = ",".join(result_text(value, kind) for value, kind in zip(results, out, strict=True))
    outputs = [x for x in tensors_of(results) if x.requires_grad]
    gradients = ""
    if leaves and outputs:
        grads = torch.autograd.grad(outputs, leaves, [upstream(x) for x in outputs], allow_unused=True)
        parts = []
        for grad, leaf in zip(grads, leaves):
            if grad is None:
                parts.append("false")
            else:
                assert grad.shape == leaf.shape and grad.dtype == leaf.dtype
                parts.append("{" + ",".join(numbers(grad)) + "}")
        gradients = ",{" + ",".join(parts) + "}"
    lines.append(f"{head},{{{text}}}{gradients}{f',{flag}=true' if flag else ''}}},")


# ---- Pointwise ----

# Where an op's domain is not all numbers: k/16 * mul + add.
DOMAIN = {"log": dict(add=2), "log2": dict(add=2), "log10": dict(add=2), "sqrt": dict(add=2), "rsqrt": dict(add=2),
          "log1p": dict(mul=0.5, add=0.25), "reciprocal": dict(nz=True), "asin": dict(mul=0.5, add=-1 / 64),
          "acos": dict(mul=0.5, add=-1 / 64), "tan": dict(mul=0.5)}
UNARY = ("neg abs sign square relu exp expm1 log log1p log2 log10 sqrt rsqrt reciprocal sin cos tan asin acos atan sinh cosh tanh "
         "sigmoid erf floor ceil round trunc").split()
SPECIAL = [NAN, INF, -INF, 0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1.0, -1.0, 3e-39, 1e30, -1e30, 88.8, -104.0]
KEEPS_SIGN = ("neg", "trunc", "ceil", "round", "floor", "sin", "tanh", "sqrt", "expm1", "log1p", "abs")


def unary():
    for op in UNARY:
        at = DOMAIN.get(op, {})
        case(op, X(37, **at))
        case(op, X(2, 3, seed=3, dtype="float64", **at))
        case(op, X(3, 4, layout="t", seed=1, **at))
        case(op, X(2, 3, layout="s", dtype="float64", seed=2, **at))
        case(op, X(2, 3, layout="e", seed=4, **at))
        case(op, X(seed=5, **at))
        case(op, X(0, 3, **at))
        for dtype in FLOATS:
            case(op, V(SPECIAL, dtype, grad=op not in ("tan", "tanh")), flag="sign" if op in KEEPS_SIGN else "")
        for dtype in (*INTS, "bool"):
            case(op, X(5, dtype=dtype, seed=2, div=4), fails=True)
        case(op + "_", X(2, 3, **at))
        case(op + "_", X(2, 3, dtype="float64", layout="t", **at))
        case(op + "_", X(3, dtype="int32", seed=2, div=4), fails=True)
    for op in ("bitwise_not", "logical_not"):
        for dtype in (*INTS, "bool", *FLOATS):
            case(op, X(2, 3, dtype=dtype, grad=False), fails=True)
        case(op, X(3, 4, dtype="int64", layout="t"))
        case(op, X(0, 3, dtype="bool"))
        case(op + "_", X(5, dtype="bool"))
        case(op + "_", X(5, dtype="int16"))
    case("logical_not_", V([0.0, 2.0, NAN, -0.0]))
    for op in ("isnan", "isinf", "isfinite"):
        for dtype in FLOATS:
            case(op, V(SPECIAL, dtype))
        case(op, X(3, dtype="int64"))
        case(op, X(2, 3, layout="t", grad=False))
        case(op, X(0))


ARITHMETIC = "add sub mul div floor_divide remainder fmod pow maximum minimum atan2".split()
COMPARE = "eq ne lt le gt ge".split()
LOGICAL = "logical_and logical_or logical_xor".split()
BITWISE = "bitwise_and bitwise_or bitwise_xor".split()
FEW = [NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 2.5, -3.0]


def binary():
    for op in ARITHMETIC:
        a = dict(add=2) if op == "pow" else {}
        b = dict(nz=True) if op in ("div", "floor_divide", "remainder", "fmod", "atan2") else {}
        for dtype in FLOATS:
            case(op, X(19, dtype=dtype, **a), X(19, seed=3, dtype=dtype, **b))
            case(op, X(2, 3, dtype=dtype, **a), X(3, seed=1, dtype=dtype, **b))
        case(op, X(2, 1, 3, **a), X(4, 1, seed=2, **b))
        case(op, X(2, 3, layout="t", **a), X(2, 3, seed=2, **b))
        case(op, X(2, 3, layout="s", **a), X(2, 3, seed=2, layout="t", **b))
        case(op, X(2, 3, 2, layout="f", **a), X(2, 3, 2, seed=2, layout="e", **b))
        case(op, X(**a, seed=1), X(seed=2, **b))
        case(op, X(2, **a), X(seed=2, **b))
        case(op, X(0, 3, **a), X(1, 3, **b))
        for number in (2, -3, 2.5, 0.5):
            case(op, X(4, **a), number)
        case(op, X(4, dtype="int64"), 3)
        case(op, X(4, dtype="int64"), 2.5)
        case(op, X(4, dtype="uint8"), 3)
        case(op, X(3, dtype="float64", **a), 0.1)
        grad = op not in ("pow", "atan2", "floor_divide")
        case(op, V([[v] for v in FEW]), V(FEW), flag="" if op in ("pow", "maximum", "minimum", "remainder", "floor_divide") else "sign")
        case(op, V([2.0, -2.5, 0.0, 1.0], grad=grad), V([INF, NAN, 2.0, -INF], grad=grad))
        for dtype in INTS:
            b = dict(div=8, nz=True) if op != "pow" else dict(div=16, nz=True)
            if op == "pow":
                case(op, X(6, dtype=dtype, seed=1, div=8), V([0, 1, 2, 3, 4, 5], dtype))
            else:
                case(op, X(9, dtype=dtype, seed=1), X(9, dtype=dtype, seed=2, **b))
        case(op, V([True, True, False, False], "bool"), V([True, False, True, False], "bool"), fails=True)
        case(op + "_", X(2, 3, **a), X(3, seed=1, **dict(b, div=1)))
        case(op + "_", X(2, 3, dtype="float64", layout="t", **a), X(2, 3, seed=1, dtype="float64", **dict(b, div=1)))
        case(op + "_", X(4, **a), 2)
        case(op + "_", X(4, **a), V([1, 2, 3, 4], "int64"))
        case(op + "_", X(4, dtype="int32"), X(4, seed=3, nz=True, grad=False), fails=True)
        case(op + "_", X(3), X(2, 3), fails=True)
        case(op, X(3), X(2), fails=True)
    case("pow", 2, X(5))
    case("pow", 2.5, X(5, dtype="float64"))
    case("pow", 2, V([0, 1, 5], "int64"))
    case("pow", 0, X(5, add=2))
    for exponent in (0, 1, 2, 3, -1, -2, 0.5, -0.5, 1.5):
        case("pow", X(5, nz=True, add=2 if exponent % 1 else 0), exponent)
        case("pow", X(4, nz=True, add=2 if exponent % 1 else 0, dtype="float64"), exponent)
    case("pow", V([0.0, 2.0], grad=True), 2)
    case("pow", V([0.0, 2.0], grad=True), 0)
    case("pow", V([0.0, 2.0, -2.0], grad=True), V([2.0, 0.0, 2.0], grad=False))
    case("pow", V([0.0, 0.0, 2.0], grad=True), V([2.0, 0.0, 0.0], grad=True))
    case("pow", V([2, 3], "int64"), -1, fails=True)
    for op in ("add", "sub", "add_", "sub_"):
        case(op, X(2, 3), X(3, seed=1), alpha=2)
        case(op, X(2, 3, dtype="float64"), X(2, 3, seed=1, dtype="float64"), alpha=-0.25)
        case(op, X(3, dtype="int64"), X(3, dtype="int64", seed=1), alpha=3)
        case(op, X(3), 2, alpha=3)
        case(op, X(3, dtype="int64"), X(3, dtype="int64", seed=1), alpha=0.5, fails=True)
    for mode in ("floor", "trunc"):
        for dtype in (*FLOATS, *INTS):
            case("div", X(2, 5, dtype=dtype), X(5, dtype=dtype, seed=1, div=8, nz=True), rounding_mode=mode)
            case("div", X(6, dtype=dtype), 3, rounding_mode=mode)
        case("div", X(6, dtype="int64"), 2.5, rounding_mode=mode)
        case("div", V([[v] for v in FEW]), V(FEW), rounding_mode=mode)
        case("div", V([2**62 + 1, -2**62 - 1, 2**53 + 1], "int64"), V([3, 3, 1], "int64"), rounding_mode=mode)
    case("div", X(3, dtype="int64"), V([1, 0, 2], "int64"), rounding_mode="trunc", fails=True)
    case("div", X(3, dtype="int64"), V([1, 0, 2], "int64"))
    for op in ("floor_divide", "remainder", "fmod"):
        case(op, X(3, dtype="int64"), V([1, 0, 2], "int64"), fails=True)
        case(op, X(3, dtype="int32"), 0, fails=True)
        case(op, V([-2**63, 7], "int64"), V([-1, -1], "int64"))
        case(op, V([5.5, -5.5, 5.5, -5.5], "float64", grad=op != "floor_divide"), V([2.0, 2.0, -2.0, -2.0], "float64"))
    for op in ("maximum", "minimum"):
        case(op, V([1.0, 2.0, 3.0], grad=True), V([1.0, 3.0, 2.0], grad=True))
    for op in COMPARE:
        for dtype in (*FLOATS, *INTS, "bool"):
            case(op, X(2, 4, dtype=dtype, div=16, grad=False), X(4, dtype=dtype, seed=3, div=16, grad=False))
        case(op, V([[v] for v in FEW]), V(FEW))
        case(op, X(3, 4, layout="t", div=8, grad=False), X(3, 4, layout="s", seed=1, div=8, grad=False))
        case(op, X(4, dtype="int64"), 6)
        case(op, X(4, dtype="int64"), 5.5)
        case(op, X(4, grad=False), -1)
        case(op, V([2**53, 2**53 + 1, -1], "int64"), V([2**53, 2**53, -1], "int64"))
        case(op, X(0, 3, grad=False), X(1, grad=False))
        case(op + "_", X(2, 3, grad=False), X(3, seed=1, grad=False))
        case(op + "_", X(3, dtype="int64"), 6)
        case(op, V([True, False], "bool"), True)
    for op in LOGICAL:
        for dtype in ("float32", "float64", "uint8", "int64", "bool"):
            case(op, X(2, 6, dtype=dtype, div=16, grad=False), X(6, dtype=dtype, seed=3, div=16, grad=False))
        case(op, V([[v] for v in FEW]), V(FEW))
        case(op, V([0, 1, 2], "int64"), V([True, False, True], "bool"))
        case(op + "_", X(4, dtype="int32", div=16), X(4, dtype="int32", seed=1, div=16))
        case(op + "_", X(4, div=16, grad=False), X(4, seed=1, div=16, grad=False))
    for op in BITWISE:
        for dtype in (*INTS, "bool"):
            case(op, X(2, 6, dtype=dtype), X(6, dtype=dtype, seed=3))
        case(op, X(4, dtype="int64"), 6)
        case(op, X(4, dtype="int32", layout="s"), X(4, dtype="uint8", seed=1))
        case(op, V([True, False], "bool"), True)
        case(op, X(3), X(3), fails=True)
        case(op + "_", X(4, dtype="int32"), X(4, dtype="int32", seed=1))
        case(op + "_", X(4, dtype="bool"), X(4, dtype="bool", seed=1))


def choose():
    mask = V([[True, False, True], [False, False, True]], "bool")
    case("where", mask, X(2, 3), X(2, 3, seed=1))
    case("where", mask, X(3), X(2, 1, seed=1))
    case("where", mask, X(2, 3, layout="t"), X(2, 3, seed=1, layout="s"))
    case("where", mask, X(2, 3, dtype="float64"), X(3, seed=1))
    case("where", mask, X(2, 3), 0.5)
    case("where", mask, 1, X(2, 3))
    case("where", mask, 1, 2)
    case("where", mask, 1, 2.5)
    case("where", mask, X(2, 3, dtype="int64"), 2)
    case("where", mask, X(2, 3, dtype="int32"), 2.5)
    case("where", V(True, "bool"), X(2), X(2, seed=1))
    case("where", V([[True], [False]], "bool"), X(3), X(seed=2))
    case("where", V([True, False], "bool"), V([NAN, 1.0], grad=True), V([2.0, INF], grad=True))
    case("where", X(0, dtype="bool"), X(0), X(0))
    case("where", mask, X(2, 2), X(2, 3), fails=True)
    for op in ("clamp", "clip", "clamp_"):
        case(op, X(2, 5), -0.5, 1.25)
        case(op, X(2, 5, dtype="float64", layout="t"), min=-0.5)
        case(op, X(5), max=1)
        case(op, X(6, dtype="int64"), -3, 5)
        case(op, X(6, dtype="uint8"), 3, 20)
    case("clamp", X(4, dtype="int64"), -3, 5.5)
    case("clamp", X(4), 1, -1)
    case("clamp", V([-1.0, 0.0, 1.0, NAN, INF, -INF], grad=True), -1, 1)
    case("clamp", X(2, 3), X(3, seed=1), X(2, 1, seed=2))
    case("clamp", X(2, 3), min=X(2, 3, seed=1))
    case("clamp", X(2, 3), max=X(3, seed=1, dtype="float64"))
    case("clamp", X(2, 3, dtype="int32"), X(3, seed=1, dtype="int64"))
    case("clamp", V([1.0, 2.0]), min=NAN)
    case("clamp", X(0), 0, 1)
    case("clamp", X(3), fails=True)
    case("clamp_", X(3, dtype="int32"), 0.5, fails=True)
    for dtype in (*FLOATS, "int64", "bool"):
        case("fill_", X(2, 3, dtype=dtype), 3)
        case("zero_", X(2, 3, dtype=dtype))
    case("fill_", X(2, 3, layout="t"), -2.5)
    case("fill_", X(2, dtype="int64"), -2.5)
    case("fill_", X(2, dtype="uint8"), True)
    case("copy_", X(2, 3), X(3, seed=1))
    case("copy_", X(2, 3), X(2, 3, seed=1, layout="t"))
    case("copy_", X(2, 3, dtype="float64"), X(2, 1, seed=1))
    case("copy_", X(2, 3, dtype="int32"), X(2, 3, seed=1, grad=False))
    case("copy_", X(2, 3, dtype="bool"), V([0.0, -0.5, NAN]))
    case("copy_", X(3), X(2, 3), fails=True)
    case("equal", X(2, 3), X(2, 3), out="N")
    case("equal", X(2, 3), X(2, 3, seed=1), out="N")
    case("equal", X(2, 3), X(3), out="N")
    case("equal", V([NAN]), V([NAN]), out="N")
    case("equal", X(0), X(0), out="N")
    case("allclose", V([1.0, 2.0]), V([1.0 + 5e-6, 2.0]), out="N")
    case("allclose", V([1.0, 2.0]), V([1.1, 2.0]), out="N")
    case("allclose", V([1.0, 2.0]), V([1.1, 2.0]), 0.2, out="N")
    case("allclose", V([1.0, 0.0]), V([1.0, 0.05]), 0.0, 0.1, out="N")
    case("allclose", V([NAN]), V([NAN]), out="N")
    case("allclose", V([NAN, INF]), V([NAN, INF]), equal_nan=True, out="N")
    case("allclose", V([INF]), V([-INF]), out="N")
    case("allclose", X(3), X(3), rtol=0.0, atol=0.0, out="N")


def promotion():
    """Every pair of dtypes, as tensors, with a tensor without dimensions, and with plain numbers."""
    for a in DTYPES:
        for b in DTYPES:
            case("promote_types", DT(a), DT(b), out="N")
            x, y = X(2, dtype=a, grad=False, nz=True), X(2, dtype=b, seed=1, nz=True, grad=False)
            scalar = X(dtype=b, seed=2, nz=True, grad=False)
            for op in ("add", "mul", "div", "lt", "floor_divide", "maximum"):
                case(op, x, y, fails=True)
                case(op, x, scalar, fails=True)
            case("add_", x, y, fails=True)
            case("div_", x, y, fails=True)
            case("eq", x, y)
            case("pow", X(2, dtype=a, grad=False, nz=True, div=8), V([2, 3] if b != "bool" else [True, False], b), fails=True)
            case("where", V([True, False], "bool"), x, y)
        for number in (3, 2.5, True):
            for op in ("add", "mul", "div", "sub", "lt", "remainder"):
                case(op, X(2, dtype=a, grad=False), number, fails=True)
    case("add", V([1], "int32"), 2**40, fails=True)
    case("mul", V([200], "uint8"), V([2], "uint8"))
    case("add", V([127], "int8"), 1)


# ---- Reductions ----

def reduce():
    every = ("sum", "mean", "prod", "var", "std", "amax", "amin", "all", "any", "norm", "logsumexp")
    for op in every:
        def go(x, dim=None, keepdim=None, fails=False, **more):
            named = dict(more)
            if op == "norm":
                named.setdefault("p", 2)
            if dim is not None:
                named["dim"] = dim
            elif op in ("logsumexp",) and dim is None:
                named["dim"] = D(list(range(len(x.shape))))
            if keepdim is not None:
                named["keepdim"] = keepdim
            if op == "prod" and (isinstance(getattr(dim, "at", 0), list) or (keepdim is not None and dim is None)):
                return
            case(op, x, fails=fails, **named)
        at = dict(nz=True) if op in ("norm", "prod") else {}
        for dtype in FLOATS:
            go(X(2, 3, 4, dtype=dtype, **at))
            go(X(2, 3, 4, dtype=dtype, **at), D(0))
            go(X(2, 3, 4, dtype=dtype, **at), D(1), True)
            go(X(2, 3, 4, dtype=dtype, **at), D(-1))
            go(X(2, 3, 4, dtype=dtype, **at), D([0, 2]))
            go(X(2, 3, 4, dtype=dtype, **at), D([-1, 0]), True)
        go(X(3, 4, layout="t", **at), D(0))
        go(X(3, 4, layout="t", **at), D(1))
        go(X(2, 3, 4, layout="f", **at), D([0, 1]))
        go(X(3, 4, layout="s", **at), D(1))
        go(X(3, 4, layout="e", **at), D(0))
        go(X(3, 40, layout="t", grad=False, **at), D(1))
        go(X(**at, seed=1))
        go(X(**at, seed=1), D(0))
        go(X(**at, seed=1), D(-1), True)
        go(X(3, 1, **at), D(1))
        go(X(0, 3), fails=True)
        go(X(0, 3), D(0), fails=True)
        go(X(0, 3), D(1), fails=True)
        go(X(2, 0, 3), D(1), True, fails=True)
        go(X(2, 3), D(2), fails=True)
        go(X(2, 3), D([0, 0]), fails=True)
        go(X(2, 70, 33, grad=False), D(1)) if op != "prod" else None
        go(V([[NAN, 1.0], [INF, 2.0], [-INF, INF], [-INF, -INF], [0.0, -0.0]]), D(1))
        for dtype in (*INTS, "bool"):
            go(X(2, 3, dtype=dtype, div=8), fails=True)
            go(X(2, 3, dtype=dtype, div=8), D(0), fails=True)
    for op in every:
        if op in ("prod", "logsumexp", "norm"):
            continue
        case(op, X(2, 3), D(1))
        case(op, X(2, 3), D([0, 1]))
    case("norm", X(2, 3), 1.0, D(1), True)
    case("logsumexp", X(2, 3), D(1), True)
    case("sum", X(2, 3), D(-2), True)
    case("prod", X(2, 3), D(-2), True)
    for op in ("sum", "prod", "mean"):
        for dtype in FLOATS:
            case(op, X(2, 3, dtype="int64"), dtype=DT(dtype))
            case(op, X(2, 3), dtype=DT(dtype))
        if op != "mean":
            case(op, V([True, True, False], "bool"), dtype=DT("int32"))
            case(op, X(2, 3, dtype="int8"), D(1), dtype=DT("int8"))
    case("sum", X(3, div=8, grad=False), dtype=DT("int64"))
    case("prod", V([[0.0, 2.0, 3.0], [0.0, 0.0, 2.0], [1.5, 2.0, -3.0]], grad=True), D(1))
    case("prod", V([0.0, 2.0, 3.0], grad=True))
    case("prod", V([0.0, 0.0, 3.0], grad=True))
    for op in ("var", "std"):
        case(op, X(2, 5), D(1), False)
        case(op, X(2, 5), D(1), True, True)
        case(op, X(2, 5), unbiased=False)
        for correction in (0, 1, 2):
            case(op, X(2, 5), D(1), correction=correction)
            case(op, X(2, 5, dtype="float64"), correction=correction, keepdim=True)
        case(op, X(1, 3), D(0))
        case(op, V([3.0, 3.0, 3.0], grad=op == "var"))
        case(op, X(20, add=10000, grad=False, dtype="float64"))
    for op in ("amax", "amin"):
        case(op, V([[1.0, 3.0, 3.0], [-2.0, -2.0, -2.0]], grad=True), D(1))
        case(op, V([[1.0, 3.0, 3.0], [-2.0, -2.0, -2.0]], grad=True))
    for p in (0, 1, 2, 3, 0.5, -1, INF, -INF):
        case("norm", X(2, 5, nz=True), p=p)
        case("norm", X(2, 5, nz=True, dtype="float64"), p=p, dim=D(0))
    case("norm", V([0.0, 0.0], grad=True))
    case("norm", V([3e20, 4e20]), flag="")
    case("logsumexp", V([[1000.0, 1000.0], [-1000.0, -1001.0]], grad=True), D(1))
    for op in ("max", "min"):
        for dtype in FLOATS:
            case(op, X(2, 3, 4, dtype=dtype))
            case(op, X(2, 3, 4, dtype=dtype), D(1), out="TI")
            case(op, X(2, 3, 4, dtype=dtype), D(-1), True, out="TI")
            case(op, X(2, 3, dtype=dtype), X(3, dtype=dtype, seed=1))
        case(op, X(3, 4, layout="t"), D(0), out="TI")
        case(op, X(3, 4, layout="s"), dim=D(1), keepdim=True, out="TI")
        case(op, X(3, 4), other=X(3, 4, layout="s"))
        case(op, X(seed=2))
        case(op, X(seed=2), D(0), out="TI")
        case(op, X(0, 3), fails=True)
        case(op, X(0, 3), D(0), out="TI", fails=True)
        case(op, X(0, 3), D(1), out="TI")
        case(op, V([[1.0, 3.0, 3.0], [-2.0, -2.0, -2.0]], grad=True), D(1), out="TI")
        case(op, V([[1.0, 3.0, 3.0], [-2.0, -2.0, -2.0]], grad=True))
        case(op, V([[1.0, NAN, NAN], [INF, -INF, 2.0]]), D(1), out="TI")
        case(op, V([[1.0, NAN, NAN], [INF, -INF, 2.0]]))
        for dtype in (*INTS, "bool"):
            case(op, X(2, 7, dtype=dtype))
            case(op, X(2, 7, dtype=dtype), D(1), out="TI")
        case(op, X(2, 3), D(2), out="TI", fails=True)
    for op in ("argmax", "argmin"):
        for dtype in FLOATS:
            case(op, X(3, 5, dtype=dtype, seed=2, grad=False), out="I")
            case(op, X(3, 5, dtype=dtype, seed=2, grad=False), D(0), out="I")
            case(op, X(3, 5, dtype=dtype, seed=2, grad=False), D(-1), True, out="I")
            case(op, X(3, 5, dtype=dtype, seed=2, grad=False), keepdim=True, out="I")
        case(op, X(3, 4, layout="t", grad=False), out="I")
        case(op, X(3, 4, layout="t", grad=False), D(0), out="I")
        case(op, X(3, 4, layout="t", grad=False), D(1), out="I")
        case(op, X(3, 200, div=4, grad=False), D(1), out="I")
        case(op, V([[1.0, 3.0, 3.0], [-2.0, -2.0, -2.0]]), D(1), out="I")
        case(op, V([[1.0, NAN, NAN], [INF, -INF, 2.0]]), D(1), out="I")
        case(op, V([[1.0, NAN, NAN], [INF, -INF, 2.0]]), out="I")
        case(op, X(seed=2, grad=False), out="I")
        case(op, X(seed=2, grad=False), D(0), out="I")
        for dtype in INTS:
            case(op, X(2, 7, dtype=dtype), D(1), out="I")
        case(op, X(0, 3, grad=False), out="I", fails=True)
        case(op, X(0, 3, grad=False), D(1), out="I")
    for dim in (0, 1, -1):
        case("cumsum", X(3, 4), D(dim))
        case("cumsum", X(3, 4, dtype="float64", layout="t"), dim=D(dim))
        case("cumsum", X(2, 3, 4, layout="f"), D(dim))
    case("cumsum", X(3, 4, dtype="int32"), D(1))
    case("cumsum", X(5, dtype="bool"), D(0))
    case("cumsum", X(5, dtype="int32"), D(0), dtype=DT("float32"))
    case("cumsum", X(5), D(0), dtype=DT("float64"))
    case("cumsum", X(seed=1), D(0))
    case("cumsum", X(0, 3), D(0))
    case("cumsum", X(3), D(1), fails=True)
    case("cumsum", V([1.0, NAN, 2.0]), D(0))


def order():
    for dtype in FLOATS:
        case("topk", X(3, 8, dtype=dtype, seed=1), 3, out="TI")
        case("topk", X(3, 8, dtype=dtype, seed=1), 2, D(0), out="TI")
        case("topk", X(8, dtype=dtype, seed=1), 4, largest=False, out="TI")
    case("topk", X(8, seed=1), 8, D(0), False, True, out="TI")
    case("topk", X(4, 6, layout="t"), 2, D(-1), out="TI")
    case("topk", X(4, 6, dtype="int64"), 2, dim=D(1), sorted=True, out="TI")
    case("topk", X(50, dtype="uint8", seed=1), 5, out="TI")
    case("topk", V([1.0, NAN, 3.0, -INF, INF]), 3, out="TI")
    case("topk", V([1.0, NAN, 3.0, -INF, INF]), 3, largest=False, out="TI")
    case("topk", X(4), 0, out="TI")
    case("topk", X(seed=2), 1, out="TI")
    case("topk", X(4), 5, out="TI", fails=True)
    for dtype in (*FLOATS, *INTS):
        case("sort", X(2, 9, dtype=dtype, seed=1), out="TI")
        case("argsort", X(2, 9, dtype=dtype, seed=1, grad=False), out="I")
    for descending in (False, True):
        case("sort", X(4, 5), D(0), descending, out="TI")
        case("sort", X(4, 5, layout="t"), dim=D(1), descending=descending, stable=True, out="TI")
        case("sort", V([2.0, 1.0, 2.0, 1.0, 3.0, 1.0]), descending=descending, stable=True, out="TI")
        case("sort", V([2.0, NAN, -INF, INF, NAN, 1.0]), descending=descending, stable=True, out="TI")
        case("argsort", X(4, 5, grad=False), D(0), descending, out="I")
        case("argsort", V([2, 1, 2, 1, 3, 1], "int64"), dim=D(0), descending=descending, stable=True, out="I")
    case("sort", V([True, False, True], "bool"), stable=True, out="TI")
    case("sort", X(seed=3), out="TI")
    case("sort", X(0, 3), D(0), out="TI")
    case("argsort", X(0, 3, grad=False), out="I")
