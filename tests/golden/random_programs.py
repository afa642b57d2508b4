#!/usr/bin/env python3
"""Random small programs of tensor operations, as Lua, with what PyTorch gives for them: values, dtypes, shapes and the gradients
of the leaves. tests/spec/random_programs_spec.lua runs them: a committed sample always, a fresh batch where there is a PyTorch.

    python3 random_programs.py [--count N] [--seed S] [--half] > random_programs.lua

A program is a list of lines, each `local vN = <expression>` of earlier names. It is evaluated twice, in float32 and in float64
throughout; one whose results then differ by more than rounding (a floor or a comparison at its edge, cancellation) is thrown
away, so that what is left has one right answer. Indices are written as Lua counts, from 1.
"""
import argparse
import math
import random
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
wide = False  # the second evaluation: float32 means float64
DTYPES = {name: getattr(torch, name) for name in "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64".split()}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
LIMIT = 64  # elements of a tensor
SMALL = []  # further dtypes of leaves
R = random.Random()


class Refused(Exception):
    """This operation does not go with these values; another one is tried."""


def need(condition):
    if not condition:
        raise Refused


def dtype_of(name):
    return torch.float64 if wide and name in ("float32", "float16", "bfloat16") else DTYPES[name]


# ---- Values ----

class Value:
    """A name of the program: how it is made from others (a function of their tensors), and its tensor."""

    def __init__(self, name, text, make, of, x, leaf=None):
        self.name, self.text, self.make, self.of, self.x, self.leaf = name, text, make, of, x, leaf

    floating = property(lambda self: self.x.is_floating_point())
    ndim = property(lambda self: self.x.dim())
    shape = property(lambda self: list(self.x.shape))
    boolean = property(lambda self: self.x.dtype == torch.bool)


def number(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, int):
        return str(v)
    if v != v:
        return "0 / 0"
    if math.isinf(v):
        return "1 / 0" if v > 0 else "-1 / 0"
    return repr(v)


def nested(v):
    return "{" + ", ".join(nested(i) for i in v) + "}" if isinstance(v, list) else number(v)


def sizes(list_):
    return "{" + ", ".join(map(str, list_)) + "}"


def leaf(name):
    shape = [R.choice([1, 2, 2, 3, 3, 4]) for _ in range(R.choice([0, 1, 1, 2, 2, 2, 3]))]
    kind = R.choice(["float32"] * 6 + ["float64"] * 2 + ["int64", "int64", "int32", "uint8", "bool", "int16", "int8"] + SMALL)
    n = math.prod(shape)
    if kind == "bool":
        flat = [R.random() < 0.5 for _ in range(n)]
    elif "float" in kind:
        flat = [R.randint(-40, 40) / 16 + R.randint(0, 3) / 256 for _ in range(n)]
    else:
        flat = [R.randint(0 if kind == "uint8" else -6, 6) for _ in range(n)]
    grad = "float" in kind and R.random() < 0.8
    plain = torch.tensor(flat, dtype=DTYPES[kind]).reshape(shape)
    text = "ty.tensor(%s, {dtype = \"%s\"%s})" % (nested(plain.tolist()), kind, ", requires_grad = true" if grad else "")

    def make():
        x = plain.to(dtype_of(kind), copy=True)
        return x.requires_grad_() if grad else x
    return Value(name, text, make, [], make(), leaf=grad)


# ---- Operations: each chooses values and arguments, and gives (Lua text, function of tensors, values) ----

OPS = []


def op(weight=1):
    def register(f):
        OPS.extend([f] * weight)
        return f
    return register


def pick(values, condition=lambda v: True):
    fitting = [v for v in values if condition(v)]
    need(fitting)
    return R.choice(fitting[-6:] if R.random() < 0.7 else fitting)


UNARY = ("neg abs sign square sin cos tanh sigmoid erf relu exp expm1 floor ceil round trunc atan "
         "isnan isfinite logical_not").split()
GUARDED = {"sqrt": ("abs():add(0.5)", lambda x: x.abs().add(0.5)), "log": ("abs():add(0.5)", lambda x: x.abs().add(0.5)),
           "rsqrt": ("abs():add(0.5)", lambda x: x.abs().add(0.5)), "log1p": ("abs()", lambda x: x.abs()),
           "reciprocal": ("abs():add(1)", lambda x: x.abs().add(1)), "log2": ("abs():add(0.5)", lambda x: x.abs().add(0.5)),
           "log10": ("abs():add(0.5)", lambda x: x.abs().add(0.5)), "sinh": ("tanh()", lambda x: x.tanh()),
           "cosh": ("tanh()", lambda x: x.tanh()), "tan": ("tanh()", lambda x: x.tanh()),
           "asin": ("tanh():mul(0.9)", lambda x: x.tanh().mul(0.9)), "acos": ("tanh():mul(0.9)", lambda x: x.tanh().mul(0.9))}


@op(8)
def unary(values):
    a = pick(values)
    name = R.choice(UNARY)
    return "%s:%s()" % (a.name, name), lambda x: getattr(x, name)(), [a]


@op(3)
def guarded(values):
    a = pick(values, lambda v: not v.boolean)
    name = R.choice(sorted(GUARDED))
    text, f = GUARDED[name]
    return "%s:%s:%s()" % (a.name, text, name), lambda x: getattr(f(x), name)(), [a]


@op(3)
def activation(values):
    a = pick(values, lambda v: v.floating)
    name = R.choice("gelu silu softplus elu selu celu leaky_relu mish hardtanh hardswish relu6 logsigmoid softsign tanhshrink "
                    "hardsigmoid hardshrink softshrink".split())
    need(name != "hardsigmoid" or a.x.dtype == torch.float32)  # of float64 PyTorch rounds its 1/6 to float32
    return "F.%s(%s)" % (name, a.name), lambda x: getattr(F, name)(x), [a]


BINARY = {"add": "+", "sub": "-", "mul": "*"}
METHODS = ("add sub mul maximum minimum eq ne lt le gt ge logical_and logical_or logical_xor atan2").split()


@op(10)
def binary(values):
    a, b = pick(values), pick(values)
    name = R.choice(METHODS)
    need(name != "atan2" or (a.x.dtype != torch.uint8 and b.x.dtype != torch.uint8))  # -x wraps around in PyTorch's rule
    if name in BINARY and R.random() < 0.5:
        return "%s %s %s" % (a.name, BINARY[name], b.name), lambda x, y: getattr(x, name)(y), [a, b]
    return "%s:%s(%s)" % (a.name, name, b.name), lambda x, y: getattr(torch, name)(x, y), [a, b]


@op(4)
def divide(values):
    a, b = pick(values), pick(values)
    how = R.choice(["/", "//", "%", "fmod", "pow"])
    if how == "/":
        return "%s / (%s:abs() + 1)" % (a.name, b.name), lambda x, y: x / (y.abs() + 1), [a, b]
    need(not a.boolean and not b.boolean)
    if how == "//":
        return "%s // (%s:abs() + 1)" % (a.name, b.name), lambda x, y: x // (y.abs() + 1), [a, b]
    if how == "%":
        return "%s %% (%s:abs() + 1)" % (a.name, b.name), lambda x, y: x % (y.abs() + 1), [a, b]
    if how == "fmod":
        return "%s:fmod(%s:abs() + 1)" % (a.name, b.name), lambda x, y: x.fmod(y.abs() + 1), [a, b]
    need(a.floating or b.x.dtype != torch.float64)  # PyTorch's rule takes the logarithm of whole numbers in float32
    return "(%s:abs() + 1) ^ %s:clamp(0, 3)" % (a.name, b.name), lambda x, y: (x.abs() + 1) ** y.clamp(0, 3), [a, b]


@op(6)
def with_number(values):
    a = pick(values)
    n = R.choice([2, 3, -1, 0.5, 1.5, -2.25, 1, 0, 2.0])
    how = R.choice(["+", "-", "*", "/", "//", "%", "^", "r-", "r/", "gt", "le", "eq"])
    t = number(n)
    if how == "r-":
        need(not a.boolean)
        return "%s - %s" % (t, a.name), lambda x: n - x, [a]
    if how == "r/":
        return "%s / (%s:abs() + 1)" % (t, a.name), lambda x: n / (x.abs() + 1), [a]
    if how in ("gt", "le", "eq"):
        return "%s:%s(%s)" % (a.name, how, t), lambda x: getattr(x, how)(n), [a]
    if how == "^":
        n = R.choice([2, 3, 2.0, 1])
        return "%s ^ %s" % (a.name, number(n)), lambda x: x ** n, [a]
    need(not (how in "///%" and n == 0))
    python = {"+": lambda x: x + n, "-": lambda x: x - n, "*": lambda x: x * n, "/": lambda x: x / n, "//": lambda x: x // n,
              "%": lambda x: x % n}[how]
    return "%s %s %s" % (a.name, how, t), python, [a]


@op(2)
def bits(values):
    a = pick(values, lambda v: not v.floating)
    b = pick(values, lambda v: not v.floating)
    name, sign = R.choice([("bitwise_and", "&"), ("bitwise_or", "|"), ("bitwise_xor", "~")])
    if R.random() < 0.2:
        return "~%s" % a.name, lambda x: x.bitwise_not(), [a]
    return "%s %s %s" % (a.name, sign, b.name), lambda x, y: getattr(x, name)(y), [a, b]


def some_dims(a):
    dims = R.sample(range(a.ndim), R.randint(1, a.ndim))
    return [d - a.ndim if R.random() < 0.3 else d for d in dims]


def from_one(d):
    return d + 1 if d >= 0 else d


@op(8)
def reduce(values):
    a = pick(values)
    name = R.choice("sum mean prod amax amin all any var std logsumexp norm count_nonzero".split())
    need(a.floating or name in ("sum", "prod", "amax", "amin", "all", "any", "count_nonzero"))
    need(not (a.boolean and name in ("amax", "amin")))
    if a.ndim == 0 or R.random() < 0.25:
        if name == "logsumexp":
            need(a.ndim > 0)
            dims = list(range(a.ndim))
            return "%s:logsumexp(%s)" % (a.name, sizes(d + 1 for d in dims)), lambda x: x.logsumexp(dims), [a]
        need(not (name in ("var", "std") and a.x.numel() < 2))
        return "%s:%s()" % (a.name, name), lambda x: getattr(x, name)(), [a]
    dims = some_dims(a) if name not in ("prod", "all", "any") else some_dims(a)[:1]
    keep = R.random() < 0.4
    if name in ("var", "std"):
        need(math.prod(a.shape[d] for d in dims) > 1)
    if name == "count_nonzero":
        return "%s:count_nonzero(%s)" % (a.name, sizes(map(from_one, dims))), lambda x: x.count_nonzero(dims), [a]
    if name == "norm":
        return ("%s:norm(2, %s, %s)" % (a.name, sizes(map(from_one, dims)), number(keep)),
                lambda x: torch.linalg.vector_norm(x, 2, dims, keep), [a])
    dim = dims[0] if len(dims) == 1 else dims
    text = str(from_one(dim)) if len(dims) == 1 else sizes(map(from_one, dims))
    if R.random() < 0.5 or name in ("var", "std"):
        return "%s:%s{dim = %s, keepdim = %s}" % (a.name, name, text, number(keep)), \
            lambda x: getattr(x, name)(dim=dim, keepdim=keep), [a]
    return "%s:%s(%s, %s)" % (a.name, name, text, number(keep)), lambda x: getattr(x, name)(dim, keep), [a]


@op(5)
def along(values):
    a = pick(values, lambda v: v.ndim > 0 and not v.boolean)
    d = R.randrange(-a.ndim, a.ndim)
    name = R.choice("max min argmax argmin cumsum cumprod softmax log_softmax sort topk median".split())
    n = from_one(d)
    if name in ("softmax", "log_softmax"):
        need(a.floating)
        return "%s:%s(%d)" % (a.name, name, n), lambda x: getattr(x, name)(d), [a]
    if name in ("cumsum", "cumprod"):
        return "%s:%s(%d)" % (a.name, name, n), lambda x: getattr(x, name)(d), [a]
    if name == "logcumsumexp":
        need(a.floating)
        return "%s:%s(%d)" % (a.name, name, n), lambda x: getattr(x, name)(d), [a]
    # Where values are equal, which one is taken is nobody's business.
    flat = a.x.detach().double()
    need(len(torch.unique(flat)) == flat.numel())
    if name in ("argmax", "argmin"):
        return "%s:%s(%d)" % (a.name, name, n), lambda x: getattr(x, name)(d), [a], True
    if name in ("max", "min", "median", "cummax"):
        k = R.randint(0, 1)
        return ("(select(%d, %s:%s(%d)))" % (k + 1, a.name, name, n), lambda x: getattr(x, name)(d)[k], [a], k == 1)
    k, rest = R.randint(0, 1), R.random() < 0.5
    if name == "sort":
        return ("(select(%d, %s:sort(%d, %s)))" % (k + 1, a.name, n, number(rest)), lambda x: x.sort(d, rest)[k], [a], k == 1)
    count = R.randint(1, a.shape[d])
    return ("(select(%d, %s:topk(%d, %d, %s)))" % (k + 1, a.name, count, n, number(rest)),
            lambda x: x.topk(count, d, rest)[k], [a], k == 1)


@op(10)
def view(values):
    a = pick(values, lambda v: v.ndim > 0)
    d = R.randrange(-a.ndim, a.ndim)
    e = R.randrange(-a.ndim, a.ndim)
    size, n, m = a.shape[d], from_one(d), from_one(e)
    how = R.choice("reshape flatten permute transpose squeeze unsqueeze expand narrow select chunk split diagonal flip roll tril "
                   "triu repeat movedim unfold contiguous T clone view_as".split())
    total = a.x.numel()
    if how == "reshape":
        factors = [f for f in range(1, total + 1) if total % f == 0] or [1]
        f = R.choice(factors)
        if R.random() < 0.5:
            return "%s:reshape(%d, -1)" % (a.name, f), lambda x: x.reshape(f, -1), [a]
        return "%s:reshape(%d, %d)" % (a.name, f, total // f), lambda x: x.reshape(f, total // f), [a]
    if how == "flatten":
        return "%s:flatten()" % a.name, lambda x: x.flatten(), [a]
    if how == "permute":
        order = R.sample(range(a.ndim), a.ndim)
        return "%s:permute(%s)" % (a.name, ", ".join(str(o + 1) for o in order)), lambda x: x.permute(order), [a]
    if how == "transpose":
        return "%s:transpose(%d, %d)" % (a.name, n, m), lambda x: x.transpose(d, e), [a]
    if how == "squeeze":
        return "%s:squeeze(%d)" % (a.name, n), lambda x: x.squeeze(d), [a]
    if how == "unsqueeze":
        return "%s:unsqueeze(%d)" % (a.name, n), lambda x: x.unsqueeze(d), [a]
    if how == "expand":
        to = [R.randint(1, 3)] + [R.randint(1, 3) if s == 1 else -1 for s in a.shape]
        return "%s:expand(%s)" % (a.name, ", ".join(map(str, to))), lambda x: x.expand(*to), [a]
    if how == "narrow":
        start = R.randrange(size)
        length = R.randint(1, size - start)
        return "%s:narrow(%d, %d, %d)" % (a.name, n, start + 1, length), lambda x: x.narrow(d, start, length), [a]
    if how == "select":
        i = R.randrange(-size, size)
        return "%s:select(%d, %d)" % (a.name, n, from_one(i)), lambda x: x.select(d, i), [a]
    if how in ("chunk", "split"):
        k = R.randint(1, size)
        parts = len(getattr(a.x, how)(k, d))
        i = R.randrange(parts)
        return "%s:%s(%d, %d)[%d]" % (a.name, how, k, n, i + 1), lambda x: getattr(x, how)(k, d)[i], [a]
    if how == "diagonal":
        need(d % a.ndim != e % a.ndim)
        offset = R.randint(-1, 1)
        return "%s:diagonal(%d, %d, %d)" % (a.name, offset, n, m), lambda x: x.diagonal(offset, d, e), [a]
    if how == "flip":
        dims = some_dims(a)
        return "%s:flip(%s)" % (a.name, sizes(map(from_one, dims))), lambda x: x.flip(dims), [a]
    if how == "roll":
        k = R.randint(-3, 3)
        return "%s:roll(%d, %d)" % (a.name, k, n), lambda x: x.roll(k, d), [a]
    if how in ("tril", "triu"):
        need(a.ndim >= 2)
        k = R.randint(-1, 1)
        return "%s:%s(%d)" % (a.name, how, k), lambda x: getattr(x, how)(k), [a]
    if how == "repeat":
        by = [R.randint(1, 2) for _ in range(a.ndim + R.randint(0, 1))]
        return "%s:tile(%s)" % (a.name, ", ".join(map(str, by))), lambda x: x.repeat(*by), [a]
    if how == "movedim":
        return "%s:movedim(%d, %d)" % (a.name, n, m), lambda x: x.movedim(d, e), [a]
    if how == "unfold":
        width = R.randint(1, size)
        step = R.randint(1, 2)
        return "%s:unfold(%d, %d, %d)" % (a.name, n, width, step), lambda x: x.unfold(d, width, step), [a]
    if how == "contiguous":
        return "%s:contiguous()" % a.name, lambda x: x.contiguous(), [a]
    if how == "clone":
        return "%s:clone()" % a.name, lambda x: x.clone(), [a]
    if how == "view_as":
        return "%s:reshape_as(%s:flatten())" % (a.name, a.name), lambda x: x.reshape_as(x.flatten()), [a]
    return "%s.T" % a.name, lambda x: x.permute(*range(x.dim() - 1, -1, -1)), [a]


def subscript(shape):
    """A random subscript of up to all dimensions, for Lua and for Python."""
    lua, python = [], []
    for size in shape[:R.randint(1, len(shape))]:
        how = R.random()
        if how < 0.3:
            i = R.randrange(-size, size)
            lua.append(str(from_one(i)))
            python.append(i)
        elif how < 0.5:
            lua.append("{}")
            python.append(slice(None))
        else:
            first = R.randrange(size)
            last = R.randrange(first, size)
            step = R.choice([1, 1, 2])
            lua.append("{%d, %d%s}" % (first + 1, last + 1, ", %d" % step if step > 1 else ""))
            python.append(slice(first, last + 1, step))
    return "{" + ", ".join(lua) + "}", tuple(python)


@op(6)
def index(values):
    a = pick(values, lambda v: v.ndim > 0)
    d = R.randrange(a.ndim)
    how = R.choice("subscript subscript index_select gather take index list masked_fill masked_select where".split())
    if how == "subscript":
        lua, python = subscript(a.shape)
        return "%s[%s]" % (a.name, lua), lambda x: x[python], [a]
    rows = [R.randrange(a.shape[d]) for _ in range(R.randint(1, 3))]
    text = "ty.tensor(%s)" % sizes(r + 1 for r in rows)
    if how == "index_select":
        return "%s:index_select(%d, %s)" % (a.name, d + 1, text), lambda x: x.index_select(d, torch.tensor(rows)), [a]
    if how == "gather":
        shape = [R.randint(1, s) if i != d else R.randint(1, 3) for i, s in enumerate(a.shape)]
        at = torch.tensor([R.randrange(a.shape[d]) for _ in range(math.prod(shape))]).reshape(shape)
        return ("%s:gather(%d, ty.tensor(%s))" % (a.name, d + 1, nested((at + 1).tolist())), lambda x: x.gather(d, at), [a])
    if how == "take":
        at = [R.randrange(a.x.numel()) for _ in range(3)]
        return "%s:take(ty.tensor(%s))" % (a.name, sizes(i + 1 for i in at)), lambda x: x.take(torch.tensor(at)), [a]
    if how in ("index", "list"):
        rows = [R.randrange(a.shape[0]) for _ in range(R.randint(1, 3))]
        text = "ty.tensor(%s)" % sizes(r + 1 for r in rows)
        if how == "list" and a.ndim > 1:
            return "%s[{%s, {}}]" % (a.name, text), lambda x: x[torch.tensor(rows), :], [a]
        return "%s[%s]" % (a.name, text), lambda x: x[torch.tensor(rows)], [a]
    m = pick(values, lambda v: v.boolean)
    if how == "masked_fill":
        n = R.choice([0, 1, 2])
        return "%s:masked_fill(%s, %d)" % (a.name, m.name, n), lambda x, y: x.masked_fill(y, n), [a, m]
    if how == "masked_select":
        return "%s:masked_select(%s)" % (a.name, m.name), lambda x, y: x.masked_select(y), [a, m]
    b = pick(values)
    return "ty.where(%s, %s, %s)" % (m.name, a.name, b.name), lambda y, x, z: torch.where(y, x, z), [m, a, b]


@op(6)
def product(values):
    a = pick(values, lambda v: v.ndim > 0 and v.floating)
    b = pick(values, lambda v: v.ndim > 0 and v.x.dtype == a.x.dtype)
    how = R.choice(["matmul", "matmul", "mT", "outer", "einsum", "linear"])
    if how == "matmul":
        return "%s:matmul(%s)" % (a.name, b.name), lambda x, y: x.matmul(y), [a, b]
    if how == "mT":
        need(b.ndim >= 2)
        return "%s:matmul(%s.mT)" % (a.name, b.name), lambda x, y: x.matmul(y.mT), [a, b]
    if how == "outer":
        return "%s:flatten():outer(%s:flatten())" % (a.name, b.name), lambda x, y: x.flatten().outer(y.flatten()), [a, b]
    if how == "linear":
        need(b.ndim == 2)
        return "F.linear(%s, %s)" % (a.name, b.name), lambda x, y: F.linear(x, y), [a, b]
    need(a.ndim == 2 and b.ndim == 2)
    how = R.choice(["ij,jk->ik", "ij,kj->ki", "ij,ij->j", "ij,kl->jl", "ij,jk"])
    return 'ty.einsum("%s", {%s, %s})' % (how, a.name, b.name), lambda x, y: torch.einsum(how, x, y), [a, b]


@op(4)
def join(values):
    a = pick(values, lambda v: v.ndim > 0)
    d = R.randrange(a.ndim)
    b = pick(values, lambda v: v.ndim == a.ndim and all(s == t or i == d for i, (s, t) in enumerate(zip(v.shape, a.shape))))
    if R.random() < 0.6:
        return "ty.cat({%s, %s}, %d)" % (a.name, b.name, d + 1), lambda x, y: torch.cat([x, y], d), [a, b]
    need(a.shape == b.shape)
    return "ty.stack({%s, %s}, %d)" % (a.name, b.name, d + 1), lambda x, y: torch.stack([x, y], d), [a, b]


@op(3)
def convert(values):
    a = pick(values)
    to = R.choice(["float32", "float64", "int64", "int32", "bool", "float32"])
    need(not (to.startswith("int") and a.floating and a.x.abs().max() > 100) if a.x.numel() else True)
    return '%s:to("%s")' % (a.name, to), lambda x: x.to(dtype_of(to)), [a]


@op(3)
def ternary(values):
    a, b = pick(values, lambda v: v.floating), pick(values, lambda v: v.floating)
    how = R.choice(["clamp", "lerp", "addcmul", "addcdiv", "add alpha", "clamp tensor"])
    if how == "clamp":
        low, high = sorted([R.randint(-8, 8) / 4, R.randint(-8, 8) / 4])
        return "%s:clamp(%s, %s)" % (a.name, number(low), number(high)), lambda x: x.clamp(low, high), [a]
    if how == "clamp tensor":
        return "%s:clamp{min = %s}" % (a.name, b.name), lambda x, y: x.clamp(min=y), [a, b]
    if how == "lerp":
        return "%s:lerp(%s, 0.25)" % (a.name, b.name), lambda x, y: x.lerp(y, 0.25), [a, b]
    if how == "addcmul":
        return "%s:addcmul(%s, %s, {value = 0.5})" % (a.name, b.name, a.name), lambda x, y: x.addcmul(y, x, value=0.5), [a, b]
    if how == "addcdiv":
        return ("%s:addcdiv(%s, %s:abs() + 1, {value = 2})" % (a.name, a.name, b.name),
                lambda x, y: x.addcdiv(x, y.abs() + 1, value=2), [a, b])
    return "%s:add(%s, {alpha = 2.5})" % (a.name, b.name), lambda x, y: x.add(y, alpha=2.5), [a, b]


@op(5)
def in_place(values):
    a, b = pick(values), pick(values)
    how = R.choice(["add_", "mul_", "sub_", "assign", "assign", "masked_fill_", "copy_", "exp", "index_put", "zero"])
    begin = "(function() local y = %s:contiguous():clone() " % a.name
    if how in ("add_", "mul_", "sub_", "copy_"):
        return begin + "y:%s(%s) return y end)()" % (how, b.name), lambda x, y: getattr(x.contiguous().clone(), how)(y), [a, b]
    if how == "exp":
        need(a.floating)
        return begin + "y:tanh_():mul_(2) return y end)()", lambda x: x.contiguous().clone().tanh_().mul_(2), [a]
    if how == "zero":
        need(a.ndim > 0)
        return begin + "y[1]:zero_() return y * y end)()", lambda x: zeroed(x), [a]
    if how == "masked_fill_":
        m = pick(values, lambda v: v.boolean)
        return begin + "y:masked_fill_(%s, 1) return y end)()" % m.name, lambda x, y: x.contiguous().clone().masked_fill_(y, 1), [a, m]
    need(a.ndim > 0)
    if how == "index_put":
        return (begin + "y:index_put_({ty.tensor{1, 1}}, %s, true) return y end)()" % b.name,
                lambda x, y: x.contiguous().clone().index_put_([torch.tensor([0, 0])], y, True), [a, b])
    lua, python = subscript(a.shape)

    def assigned(x, y):
        z = x.contiguous().clone()
        z[python] = y
        return z
    return begin + "y[%s] = %s return y end)()" % (lua, b.name), assigned, [a, b]


def zeroed(x):
    y = x.contiguous().clone()
    y[0].zero_()
    return y * y


@op(2)
def loss(values):
    a = pick(values, lambda v: v.floating and v.ndim > 0)
    how = R.choice(["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "cross_entropy", "cross_entropy"])
    if how == "cross_entropy":
        need(a.ndim == 2)
        classes = [R.randrange(a.shape[1]) for _ in range(a.shape[0])]
        smooth = R.choice([0.0, 0.1])
        return ("F.cross_entropy(%s, ty.tensor(%s), {label_smoothing = %s})" % (a.name, sizes(c + 1 for c in classes), smooth),
                lambda x: F.cross_entropy(x, torch.tensor(classes), label_smoothing=smooth), [a])
    b = pick(values, lambda v: v.floating and v.shape == a.shape and v.x.dtype == a.x.dtype)
    reduction = R.choice(["mean", "sum", "none"])
    return ('F.%s(%s, %s, {reduction = "%s"})' % (how, a.name, b.name, reduction),
            lambda x, y: getattr(F, how)(x, y, reduction=reduction), [a, b])


# ---- Programs ----

def good(x):
    if x.numel() > LIMIT or x.numel() == 0:
        return False
    if not x.is_floating_point():
        return True if x.dtype == torch.bool else bool((x.detach().abs() < 1 << 40).all()) if x.dtype == torch.int64 else True
    return bool(torch.isfinite(x).all() and (x.abs() < 1e3).all())


def evaluate(values):
    """Results and gradients of the program: {name: tensor}, [gradient of each leaf that requires one]."""
    made = {}
    for v in values:
        made[v.name] = v.make(*[made[o.name] for o in v.of])
    return made


def gradients(made, values, results):
    total = None
    for k, name in enumerate(results):
        x = made[name]
        if x.is_floating_point() and x.requires_grad:
            part = (x.double() * (k + 1)).sum()
            total = part if total is None else total + part
    leaves = [made[v.name] for v in values if v.leaf]
    if total is None or not leaves:
        return None
    return torch.autograd.grad(total, leaves, allow_unused=True)


def program():
    values = [leaf("v%d" % (i + 1)) for i in range(R.randint(1, 3))]
    steps, tries = R.randint(2, 9), 0
    positions = set()
    while steps > 0 and tries < 60:
        tries += 1
        try:
            text, f, of, *is_position = R.choice(OPS)(values)
            x = f(*[v.x for v in of])
        except (Refused, RuntimeError, IndexError, TypeError, ValueError):
            continue
        if not good(x) or x.dtype not in NAMES or (x.requires_grad and not x.is_floating_point()):
            continue
        v = Value("v%d" % (len(values) + 1), text, f, of, x)
        if is_position and is_position[0]:
            positions.add(v.name)  # counts from 1 in Lua: it is a result, and nothing more is made of it
            v.text += " - 1"
        values.append(v)
        steps -= 1
    used = {o.name for v in values for o in v.of}
    results = [v.name for v in values if not v.of or v.name not in used][-3:]
    results = [name for name in results if next(v for v in values if v.name == name).of] or [values[-1].name]
    return values, results


def close(a, b, tolerance):
    if a is None or b is None:
        return (a is None) == (b is None)
    if a.shape != b.shape:
        return False
    a, b = a.detach().double(), b.detach().double()
    return bool(((a - b).abs() <= tolerance * (1 + b.abs())).all())


def sure(values, results):
    """Values and gradients, when float32 and float64 agree about them; else None."""
    global wide
    try:
        made = evaluate(values)
        grads = gradients(made, values, results)
    except RuntimeError:
        return None
    wide = True
    torch.set_default_dtype(torch.float64)
    try:
        wide_made = evaluate(values)
        wide_grads = gradients(wide_made, values, results)
    except RuntimeError:
        return None
    finally:
        wide = False
        torch.set_default_dtype(torch.float32)
    dtypes = {v.x.dtype for v in values}
    coarse = 3e-2 if torch.bfloat16 in dtypes else 4e-3 if torch.float16 in dtypes else 2e-6
    if not all(close(made[v.name], wide_made[v.name], coarse) for v in values):
        return None
    if (grads is None) != (wide_grads is None):
        return None
    if grads is not None:
        if not all(close(g, w, 10 * coarse) and (g is None or bool(torch.isfinite(g).all())) for g, w in zip(grads, wide_grads)):
            return None
    tolerance = 20 * coarse if coarse > 1e-4 else 2e-5 if torch.float32 in dtypes else 1e-10
    return [made[name] for name in results], grads, tolerance


def tensor_text(x):
    if x is None:
        return "false"
    flat = x.detach().flatten().tolist()
    if x.dtype == torch.float32:
        flat = [float("%.9g" % v) for v in flat]
    return '{"%s", %s, %s}' % (NAMES[x.dtype], sizes(x.shape), sizes(map(number, flat)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1000000007)
    parser.add_argument("--half", action="store_true", help="float16 and bfloat16, too")
    arguments = parser.parse_args()
    if arguments.half:
        SMALL.extend(["float16", "bfloat16"] * 3)
    R.seed(arguments.seed)
    print("-- Written by random_programs.py --count %d --seed %d with PyTorch %s: programs {code, results,\n"
          "-- gradients of the leaves or false, tolerance}." % (arguments.count, arguments.seed, torch.__version__))
    print("return {seed = %d,\n" % arguments.seed)
    done = 0
    while done < arguments.count:
        values, results = program()
        expected = sure(values, results)
        if expected is None:
            continue
        made, grads, tolerance = expected
        lines = ["local %s = %s" % (v.name, v.text) for v in values]
        leaves = [v.name for v in values if v.leaf]
        print("{[[\n%s\nreturn {%s}, {%s}]],\n{%s}, %s, %s}," % (
            "\n".join(lines), ", ".join(results), ", ".join(leaves), ", ".join(map(tensor_text, made)),
            "{" + ", ".join(map(tensor_text, grads)) + "}" if grads is not None else "false",
            number(tolerance)))
        done += 1
    print("}")


if __name__ == "__main__":
    sys.exit(main())
