"""Arguments and results of golden cases: what make_ops.py, which says what the lines mean, writes them with."""
import math

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
DTYPES = {name: getattr(torch, name) for name in "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64".split()}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
SINGLE = {torch.float32: (5, 10), torch.float16: (2, 6), torch.bfloat16: (2, 5)}  # digits that tell their numbers apart
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
    if dtype in SINGLE:
        for digits in range(*SINGLE[dtype]):
            text = f"{value:.{digits}g}"
            if torch.tensor(float(text), dtype=dtype).item() == value:
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


def brief(x, flag):
    """Of a loose case: the digits that are compared."""
    if flag != "loose" or not isinstance(x, torch.Tensor) or x.dtype != torch.float64:
        return x
    return torch.tensor([float(f"{v:.11g}") for v in x.detach().reshape(-1).tolist()], dtype=x.dtype).reshape(x.shape)


def tensors_of(values):
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_of(value)


def function_of(op):
    if op.rstrip("_") in ("maximum", "minimum", "atan2"):  # these take no plain numbers in PyTorch
        f = getattr(torch, op.rstrip("_"))

        def with_numbers(x, y):
            if not isinstance(y, torch.Tensor):
                y = torch.tensor(y, dtype=torch.result_type(x, y))
            result = f(x, y)
            if not op.endswith("_"):
                return result
            if not torch.can_cast(result.dtype, x.dtype):
                raise RuntimeError("the result does not go into the tensor")
            return x.clone().copy_(result)
        return with_numbers
    for area in ("linalg", "special"):
        if op.startswith(area + "."):
            return getattr(getattr(torch, area), op[len(area) + 1:])
    if op.endswith("_") and hasattr(torch.Tensor, op):
        return lambda x, *args, **named: getattr(x.clone(), op)(*args, **named)
    if op not in ("cpu", "dropout") and hasattr(torch, op):
        return getattr(torch, op)
    if hasattr(F, op):
        return getattr(F, op)
    return lambda x, *args, **named: getattr(x, op)(*args, **named)


def case(op, *args, fn=None, out="T", fails=False, flag="", **named):
    """One case. out: a letter of Out for each result. fails: an error is expected where PyTorch gives one. flag: "sign", the
    sign of zeros counts too; "shape", the values do not; "loose", they are results of long computations."""
    seen[op] = seen.get(op, 0) + 1
    given = [make(arg) for arg in args]
    options = {key: make(arg) for key, arg in named.items()}
    leaves = [x for x in tensors_of(given + [options[key] for key in sorted(options)]) if x.requires_grad]
    quoted = op.replace('"', '\\"')
    head = f'{{"{quoted}",{{{",".join(map(lua, args))}}},' + (
        "{" + ",".join(f"{'[%r]' % key if key == 'end' else key}={lua(arg)}" for key, arg in named.items()) + "}" if named else "0")
    head = head.replace("['end']", '["end"]')
    try:
        result = (function_of(op) if fn is None else fn)(*given, **options)
    except (RuntimeError, TypeError, IndexError, ValueError) as error:
        if not fails:
            failures.append(f"{op}: {head}: {error}")
            return
        lines.append(head + ",0,error=true},")
        return
    results = result if isinstance(result, tuple) and len(out) > 1 else (result,)
    if flag == "shape":
        results = tuple(x.new_zeros(x.shape) for x in results)
    text = ",".join(result_text(brief(value, flag), kind) for value, kind in zip(results, out, strict=True))
    outputs = [x for x in tensors_of(results) if x.requires_grad]
    gradients = ""
    if leaves and outputs:
        try:
            grads = torch.autograd.grad(outputs, leaves, [upstream(x) for x in outputs], allow_unused=True)
        except RuntimeError as error:
            failures.append(f"{op}: {head}: gradient: {error}")
            return
        parts = []
        for grad, leaf in zip(grads, leaves):
            if grad is None:
                parts.append("false")
            else:
                assert grad.shape == leaf.shape and grad.dtype == leaf.dtype
                grad = torch.zeros(grad.shape, dtype=grad.dtype) if grad._is_zerotensor() else grad
                parts.append("{" + ",".join(numbers(brief(grad, flag))) + "}")
        gradients = ",{" + ",".join(parts) + "}"
    lines.append(f"{head},{{{text}}}{gradients}{f',{flag}=true' if flag else ''}}},")
