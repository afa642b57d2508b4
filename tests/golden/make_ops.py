#!/usr/bin/env python3
"""Writes ops.lua: what PyTorch's ops give, forward and backward, for tests/spec/golden_spec.lua.

    python3 make_ops.py > ops.lua

Needs torch 2.15. A case names an op, its arguments and its results. Arguments are made by one formula that the spec knows
too (`formula` in cases.py), so only results and gradients are stored. Here everything is written as PyTorch counts, from 0; the
class of an argument says its kind (D a dimension, P a position, IX a tensor of positions, ...), and `lua` in cases.py is the
one place that converts by it. The format of a case:

    {op, {arguments}, {named arguments} or 0, {results}, {gradients} or nil, flags...}

    "@float32 2,3 s1 t"   a tensor by the formula: dtype, shape, seed, layout and so on (see `formula`); "!" in place of "@":
                          it takes no part in gradients
    {"=int64 2", 1, 5}    a tensor with these values
    results               {"float32 2,3", values...}, a list of those for a list of tensors, or a plain value
    gradients             for each differentiable argument the values, or false; the upstream gradient is another formula
"""
import sys
import warnings

import torch

from cases import DTYPES, FLOATS, INF, INTS, NAN, D, DT, IX, P, R, V, X, case, failures, lines


# ---- Pointwise ----

# Where an op's domain is not all numbers: k/16 * mul + add.
DOMAIN = {"log": dict(add=2), "log2": dict(add=2), "log10": dict(add=2), "sqrt": dict(add=2), "rsqrt": dict(add=2),
          "log1p": dict(mul=0.5, add=0.25), "reciprocal": dict(nz=True), "asin": dict(mul=0.5, add=-1 / 64),
          "acos": dict(mul=0.5, add=-1 / 64), "tan": dict(mul=0.5)}
UNARY = ("neg abs sign square relu exp expm1 log log1p log2 log10 sqrt rsqrt reciprocal sin cos tan asin acos atan sinh cosh tanh "
         "sigmoid erf floor ceil round trunc").split()
SPECIAL = [NAN, INF, -INF, 0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1.0, -1.0, 3e-39, 1e30, -1e30, 88.8, -104.0]
LENIENT = ("square", "floor", "ceil", "round", "trunc")  # of bools: Tycho and PyTorch refuse one what the other takes
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
        for dtype in (*INTS, *(["bool"] if op not in LENIENT else [])):
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
        if op == "floor_divide":  # PyTorch has no gradient for it
            a, b = dict(grad=False), dict(nz=True, grad=False)
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
            if op == "pow":
                case(op, X(6, dtype=dtype, seed=1, div=8), V([0, 1, 2, 3, 4, 5], dtype))
            else:
                case(op, X(9, dtype=dtype, seed=1), X(9, dtype=dtype, seed=2, div=8, nz=True))
        if op != "pow":  # of bools, which PyTorch refuses
            case(op, V([True, True, False, False], "bool"), V([True, False, True, False], "bool"), fails=True)
        case(op + "_", X(2, 3, **a), X(3, seed=1, **b))
        case(op + "_", X(2, 3, dtype="float64", layout="t", **a), X(2, 3, seed=1, dtype="float64", **b))
        case(op + "_", X(4, **a), 2)
        case(op + "_", X(4, **a), V([1, 2, 3, 4], "int64"))
        case(op + "_", X(4, dtype="int32"), X(4, seed=3, nz=True, grad=False), fails=True)
        case(op + "_", X(3, **a), X(2, 3, **b), fails=True)
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
    tied = V([1.0, 0.0, 2.0, 1.0], grad=True)
    case("clamp", tied, min=V([1.0] * 4, grad=True))
    case("clamp", tied, max=V([1.0] * 4, grad=True))
    case("clamp", tied, V([0.0] * 4, grad=True), V([1.0] * 4, grad=True))
    case("clamp", tied, V([3.0] * 4, grad=True), V([1.5] * 4, grad=True))
    case("clamp", tied, 0, 1)
    case("clamp", tied, 2, 1)
    case("clamp", X(2, 3), max=X(3, seed=1, dtype="float64"))
    case("clamp", X(2, 3, dtype="int32"), X(3, seed=1, dtype="int64"))
    case("clamp", V([1.0, 2.0]), min=NAN)
    case("clamp", X(0), 0, 1)
    case("clamp", X(3), fails=True)
    case("clamp_", X(3, dtype="int32"), 0.5, fails=True)
    for dtype in (*FLOATS, "int64", "bool"):
        case("fill_", X(2, 3, dtype=dtype, grad=False), 3)
        case("zero_", X(2, 3, dtype=dtype, grad=False))
    case("fill_", X(2, 3, layout="t", grad=False), -2.5)
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
            if a != "bool" or b != "bool":
                case("pow", X(2, dtype=a, grad=False, nz=True, div=8), V([2, 3] if b != "bool" else [True, False], b))
            case("where", V([True, False], "bool"), x, y)
        for number in (3, 2.5, True):
            for op in ("add", "mul", "div", "sub", "lt", "remainder"):
                if op in ("sub", "remainder") and (a == "bool" or number is True):
                    continue  # PyTorch refuses bools there
                case(op, X(2, dtype=a, grad=False), number)
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
            if op in ("all", "any") and dtype == "uint8":
                continue  # PyTorch gives uint8 there, for the sake of old programs
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
        case("norm", X(2, 5, nz=True, grad=p != 0), p=p)
        case("norm", X(2, 5, nz=True, dtype="float64", grad=p != 0), p=p, dim=D(0))
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


# ---- Products, softmax, losses ----

def products():
    for op in ("matmul",):
        pairs = [((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 2)), ((3, 4), (4, 2)), ((2, 3, 4), (4,)), ((4,), (2, 4, 3)),
                 ((2, 3, 4), (4, 2)), ((3, 4), (2, 4, 2)), ((2, 3, 4), (2, 4, 2)), ((2, 1, 3, 4), (3, 4, 2)),
                 ((2, 3, 2, 2), (2, 3, 2, 2)), ((1, 2, 3), (2, 3, 1)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((0, 2, 3), (3, 2)),
                 ((2, 3), (3, 0)), ((0,), (0,))]
        for a, b in pairs:
            for dtype in FLOATS:
                case(op, X(*a, dtype=dtype), X(*b, dtype=dtype, seed=1))
        case(op, X(3, 4, layout="t"), X(4, 2, layout="t", seed=1))
        case(op, X(3, 4, layout="s"), X(4, 2, layout="s", seed=1, dtype="float32"))
        case(op, X(2, 3, 4, layout="t"), X(2, 4, 2, layout="f", seed=1))
        case(op, X(2, 3, 4, layout="e"), X(4, 2, layout="t", seed=1, dtype="float32"))
        case(op, X(3, 4, layout="t", dtype="float64"), X(4, layout="s", seed=1, dtype="float64"))
        case(op, X(17, 70, grad=False), X(70, 9, grad=False, seed=1, layout="t"))
        case(op, X(3, 4), X(3, 4), fails=True)
        case(op, X(3, 4), X(4, dtype="float64"), fails=True)
        case(op, X(), X(4), fails=True)
        case(op, X(2, 3, dtype="int64"), X(3, 2, dtype="int64", seed=1), fails=True)
        case(op, V([[NAN, 1.0], [INF, 2.0]]), V([[0.0, 1.0], [1.0, 0.0]]))
    for dtype in FLOATS:
        case("mm", X(3, 4, dtype=dtype), X(4, 2, dtype=dtype, seed=1))
        case("bmm", X(2, 3, 4, dtype=dtype), X(2, 4, 2, dtype=dtype, seed=1))
        case("mv", X(3, 4, dtype=dtype), X(4, dtype=dtype, seed=1))
        case("dot", X(7, dtype=dtype), X(7, dtype=dtype, seed=1))
        case("outer", X(3, dtype=dtype), X(4, dtype=dtype, seed=1))
        case("addmm", X(3, 2, dtype=dtype, seed=2), X(3, 4, dtype=dtype), X(4, 2, dtype=dtype, seed=1))
        case("addmm", X(2, dtype=dtype, seed=2), X(3, 4, dtype=dtype), X(4, 2, dtype=dtype, seed=1), beta=0.5, alpha=2)
        for shape in ((4,), (3, 4), (2, 3, 4), (2, 1, 3, 4), (0, 4)):
            case("linear", X(*shape, dtype=dtype), X(5, 4, dtype=dtype, seed=1))
            case("linear", X(*shape, dtype=dtype), X(5, 4, dtype=dtype, seed=1), X(5, dtype=dtype, seed=2))
    case("mm", X(3, 4, layout="t"), X(4, 2, layout="t"))
    case("mm", X(0, 4), X(4, 2))
    case("mm", X(3, 0), X(0, 2))
    case("mm", X(3, 4), X(3, 2), fails=True)
    case("mm", X(4), X(4, 2), fails=True)
    case("bmm", X(2, 3, 4, layout="t"), X(2, 4, 2, layout="f"))
    case("bmm", X(2, 3, 4), X(3, 4, 2), fails=True)
    case("mv", X(3, 4, layout="t"), X(4, layout="s"))
    case("mv", X(3, 4), X(3), fails=True)
    case("dot", X(0), X(0))
    case("dot", X(3), X(4), fails=True)
    case("dot", X(3, dtype="int64"), X(3, dtype="int64", seed=1))
    case("outer", X(3, dtype="int64"), X(2, dtype="int64", seed=1))
    case("outer", X(0), X(2))
    case("outer", X(2, 2), X(2), fails=True)
    case("addmm", X(seed=2), X(3, 4, layout="t"), X(4, 2), beta=2)
    case("addmm", V([NAN, 1.0]), X(3, 4), X(4, 2), beta=0)
    case("addmm", X(3, 1, seed=2), X(3, 4), X(4, 2), alpha=0)
    case("addmm", X(3, 2), X(3, 4), X(3, 2), fails=True)
    case("linear", X(3, 4, layout="t"), X(5, 4, layout="t", seed=1), X(5, layout="s", seed=2))
    case("linear", X(3, 0), X(5, 0), X(5))
    case("linear", X(3, 4), weight=X(2, 4, seed=1), bias=X(2))
    case("linear", X(3, 4), X(5, 3), fails=True)
    case("linear", X(3, 4), X(5, 4), X(4), fails=True)


def losses():
    for op in ("softmax", "log_softmax"):
        for dtype in FLOATS:
            for dim in (0, 1, -1):
                case(op, X(3, 5, dtype=dtype), D(dim))
            case(op, X(2, 3, 4, dtype=dtype), dim=D(1))
        case(op, X(3, 4, layout="t"), D(1))
        case(op, X(3, 4, layout="s"), D(1))
        case(op, X(3, 4, layout="e"), D(0))
        case(op, X(2, 40, mul=8), D(1))
        case(op, V([[1000.0, 1001.0, -1000.0], [-INF, 0.0, 1.0], [NAN, 1.0, 2.0], [INF, 1.0, 2.0]]), D(1))
        case(op, V([-INF, -INF]), D(0))
        case(op, X(seed=1), D(0))
        case(op, X(0, 3), D(1))
        case(op, X(3, 0), D(1))
        case(op, X(3), D(0), dtype=DT("float64"))
        case(op, X(2, 3, dtype="int64", div=8), D(1), dtype=DT("float32"))
        case(op, X(3, dtype="int64"), D(0), fails=True)
        case(op, X(3), D(1), fails=True)
    target, pixels = IX([2, 0, 1, 2]), IX([[[0, 2], [1, 1]], [[2, 2], [0, 1]]])
    for op in ("nll_loss", "cross_entropy"):
        scores = X(4, 3)
        for reduction in ("none", "mean", "sum"):
            for dtype in FLOATS:
                case(op, X(4, 3, dtype=dtype), target, reduction=reduction)
                case(op, X(4, 3, dtype=dtype), target, X(3, dtype=dtype, mul=0.5, add=1.5, grad=False), reduction=reduction)
                case(op, X(4, 3, dtype=dtype), target, ignore_index=P(2), reduction=reduction)
            case(op, X(4, 3), target, weight=V([0.5, 2.0, 1.0]), ignore_index=P(0), reduction=reduction)
            case(op, X(2, 3, 2, 2), pixels, reduction=reduction)
            case(op, X(2, 3, 2, 2), pixels, weight=V([0.5, 2.0, 1.0]), ignore_index=P(1), reduction=reduction)
            case(op, X(2, 3, 4), IX([[0, 1, 2, 0], [2, 2, 1, 0]]), reduction=reduction)
            case(op, X(0, 3), IX([]), reduction=reduction)
        case(op, X(3), IX(1))
        case(op, scores, IX([2, -100, 1, -100]))
        case(op, scores, IX([-100] * 4))
        case(op, scores, IX([-100] * 4), reduction="sum")
        case(op, X(4, 3, layout="t"), target)
        case(op, X(4, 3, layout="s"), target)
        case(op, X(2, 3, 4, layout="f"), IX([[0, 1, 2, 0], [2, 2, 1, 0]]))
        case(op, scores, IX([2, 0, 1]), fails=True)
        case(op, scores, IX([2, 0, 1, 3]), fails=True)
        case(op, scores, IX([2, 0, 1, -1]), fails=True)
        case(op, scores, target, V([1.0, 2.0]), fails=True)
    for reduction in ("none", "mean", "sum"):
        for smoothing in (0.1, 1.0):
            case("cross_entropy", X(4, 3), target, reduction=reduction, label_smoothing=smoothing)
            case("cross_entropy", X(4, 3, dtype="float64"), target, V([0.5, 2.0, 1.0], "float64"), reduction=reduction,
                 label_smoothing=smoothing)
            case("cross_entropy", X(4, 3), target, V([0.5, 2.0, 1.0]), ignore_index=P(0), reduction=reduction,
                 label_smoothing=smoothing)
        for dtype in FLOATS:
            case("cross_entropy", X(4, 3, dtype=dtype), X(4, 3, dtype=dtype, seed=1, mul=0.125, add=0.25), reduction=reduction)
        p = X(4, 3, seed=1, mul=0.125, add=0.25)
        case("cross_entropy", X(4, 3), p, V([0.5, 2.0, 1.0]), reduction=reduction)
        case("cross_entropy", X(4, 3), p, reduction=reduction, label_smoothing=0.2)
        case("cross_entropy", X(4, 3), p, V([0.5, 2.0, 1.0]), reduction=reduction, label_smoothing=0.2)
        case("cross_entropy", X(2, 3, 4), X(2, 3, 4, seed=1, mul=0.125, add=0.25), reduction=reduction)
        case("cross_entropy", X(2, 3, 2, 2), pixels, reduction=reduction, label_smoothing=0.1)
    case("cross_entropy", X(3), X(3, seed=1, mul=0.125, add=0.25))
    case("cross_entropy", X(3), IX(2), label_smoothing=0.3)
    case("cross_entropy", V([[1000.0, 0.0], [-1000.0, 1000.0]], grad=True), IX([1, 1]))
    case("cross_entropy", X(4, 3), target, label_smoothing=1.5, fails=True)
    case("cross_entropy", X(4, 3), X(4, 2), fails=True)
    for reduction in ("none", "mean", "sum"):
        for dtype in FLOATS:
            case("mse_loss", X(3, 4, dtype=dtype), X(3, 4, dtype=dtype, seed=1), reduction=reduction)
        case("mse_loss", X(3, 4, layout="t"), X(3, 4, seed=1, layout="s"), reduction=reduction)
        case("mse_loss", X(0, 3), X(0, 3, seed=1), reduction=reduction)
    case("mse_loss", X(3, 4), X(3, 4, seed=1))
    case("mse_loss", X(3, 1), X(3, 1, dtype="float64", seed=1))
    case("mse_loss", X(seed=1), X(seed=2))
    case("mse_loss", X(2, 3), X(4), fails=True)
    for training in (True, False):
        case("dropout", X(3, 4), 0.0, training)
        case("dropout", X(3, 4), p=0.5 if not training else 1.0, training=training)


# ---- Views, joins, indexing ----

def views():
    x6 = X(2, 3)
    case("view", x6, 3, 2)
    case("view", x6, [6])
    case("view", x6, -1)
    case("view", x6, [1, -1, 2])
    case("view", X(seed=1), 1, 1)
    case("view", X(1), [])
    case("view", X(0, 3), 3, 0)
    case("view", X(2, 3, layout="t"), 6, fails=True)
    case("view", x6, 4, fails=True)
    case("view", x6, -1, -1, fails=True)
    case("view", X(0, 3), -1, 0, fails=True)
    case("view", X(2, 3, 4, layout="t"), 2, 3, 2, 2)
    case("reshape", x6, 3, 2, fn=lambda x, *s: x.reshape(*s))
    case("reshape", X(2, 3, layout="t"), [6])
    case("reshape", X(2, 3, 4, layout="f"), [4, -1])
    case("reshape", X(0, 3), [-1, 3])
    case("reshape", x6, [4, 2], fails=True)
    case("view_as", x6, X(3, 2, grad=False))
    case("reshape_as", X(2, 3, layout="t"), X(3, 2, grad=False))
    case("flatten", X(2, 3, 2))
    case("flatten", X(2, 3, 2), D(1))
    case("flatten", X(2, 3, 2, layout="f"), D(0), D(1))
    case("flatten", X(2, 3, 2, 2), start_dim=D(1), end_dim=D(-2))
    case("flatten", X(seed=1))
    case("flatten", X(2, 0, 3), D(1))
    case("flatten", X(2, 3), D(1), D(0), fails=True)
    case("permute", X(2, 3, 4), D([2, 0, 1]))
    case("permute", X(2, 3, 2), D(-1), D(0), D(1), fn=lambda x, *d: x.permute(*d))
    case("permute", X(), D([]))
    case("permute", X(2, 3), D([0, 0]), fails=True)
    case("permute", X(2, 3), D([0]), fails=True)
    case("transpose", X(2, 3, 2), D(0), D(1))
    case("transpose", X(2, 3, 2), D(-1), D(-3))
    case("transpose", X(), D(0), D(-1))
    case("transpose", X(2, 3), D(0), D(2), fails=True)
    case("t", x6)
    case("t", X(3))
    case("t", X(seed=1))
    case("t", X(2, 3, 2), fails=True)
    case("squeeze", X(1, 3, 1))
    case("squeeze", X(1, 3, 1), D(0))
    case("squeeze", X(1, 3, 1), D(-1))
    case("squeeze", X(1, 3, 1), D(1))
    case("squeeze", X())
    case("squeeze", X(2, 3), D(2), fails=True)
    for dim in (0, 1, 2, -1, -3):
        case("unsqueeze", x6, D(dim))
    case("unsqueeze", X(seed=1), D(0))
    case("unsqueeze", x6, D(3), fails=True)
    case("expand", X(2, 1), 2, 3)
    case("expand", X(2, 1), [4, -1, 3])
    case("expand", X(seed=1), [2, 2])
    case("expand", X(1, 3), 0, 3)
    case("expand", X(3, 1, layout="t"), 3, 2)
    case("expand", x6, 2, 4, fails=True)
    case("expand", x6, -1, 2, 3, fails=True)
    case("expand_as", X(2, 1), X(2, 3, grad=False))
    case("narrow", X(5, 2), D(0), P(1), 3)
    case("narrow", X(2, 5), D(-1), P(-2), 2)
    case("narrow", X(2, 5), D(1), P(2), 0)
    case("narrow", X(2, 5), D(1), P(3), 3, fails=True)
    case("select", X(2, 3, 2), D(1), P(2))
    case("select", X(2, 3), D(-1), P(-3))
    case("select", X(2, 3), D(1), P(3), fails=True)
    case("diagonal", X(3, 4))
    case("diagonal", X(3, 4), 1)
    case("diagonal", X(3, 4, layout="t"), -1)
    case("diagonal", X(2, 3, 3), 0, D(1), D(2))
    case("diagonal", X(2, 3, 2), offset=1, dim1=D(-1), dim2=D(0))
    case("diagonal", X(3, 4), 5)
    case("diagonal", X(3), fails=True)
    case("as_strided", X(2, 3), [2, 2], [1, 2])
    case("as_strided", X(8), [2, 3], [2, 1], 1)
    case("as_strided", X(4), [3, 2], [1, 1])
    case("as_strided", X(4), [2], [0])
    case("as_strided", X(4), [3], [2], fails=True)
    case("unbind", X(2, 3))
    case("unbind", X(2, 3), D(1))
    case("unbind", X(2, 3, layout="t"), dim=D(-1))
    for op, n in (("split", 2), ("split", 5), ("split", [1, 4]), ("chunk", 2), ("chunk", 3), ("chunk", 7)):
        case(op, X(5, 2), n)
        case(op, X(2, 5, layout="t"), n, D(1))
        case(op, X(2, 5), n, dim=D(-1))
    case("split", X(5), [2, 2], fails=True)
    case("split", X(5), 0, fails=True)
    case("split", X(0, 2), 2)
    case("chunk", X(5), 0, fails=True)
    for dtype in (*FLOATS, "int64", "bool"):
        case("cat", [X(2, 3, dtype=dtype), X(1, 3, seed=1, dtype=dtype)])
        case("stack", [X(2, 3, dtype=dtype), X(2, 3, seed=1, dtype=dtype)])
    case("cat", [X(2, 3), X(2, 2, seed=1), X(2, 1, seed=2)], D(1))
    case("cat", [X(2, 3, layout="t"), X(2, 2, seed=1, layout="s")], D(-1))
    case("cat", [X(2, 3), X(2, 3, dtype="float64")], dim=D(0))
    case("cat", [X(2, dtype="int32"), X(2, dtype="uint8"), X(1, dtype="bool")])
    case("cat", [X(2, dtype="int32"), X(2)])
    case("cat", [X(0, grad=False), X(2, 3)])
    case("cat", [X(0, 3, grad=False), X(2, 3)])
    case("cat", [X(2, 0, grad=False), X(2, 3)], D(1))
    case("cat", [X(3)])
    case("cat", [X(2, 3), X(2, 2)], fails=True)
    case("cat", [X(), X()], fails=True)
    case("cat", [], fails=True)
    case("stack", [X(2), X(2, seed=1), X(2, seed=2)], D(1))
    case("stack", [X(2, 3, layout="t"), X(2, 3, seed=1)], D(-1))
    case("stack", [X(seed=1), X(seed=2)])
    case("stack", [X(2, dtype="int64"), X(2)], dim=D(0))
    case("stack", [X(2), X(3)], fails=True)


def index():
    for dtype in (*FLOATS, "int32", "bool"):
        case("index_select", X(4, 3, dtype=dtype), D(0), IX([2, 0, 2]))
        case("gather", X(3, 3, dtype=dtype), D(1), IX([[2, 0], [1, 1], [0, 2]]))
    case("index_select", X(3, 4, layout="t"), D(1), IX([3, 1]))
    case("index_select", X(2, 3, 2), D(-2), IX([1]))
    case("index_select", X(4), dim=D(0), index=IX([1, 1], "int32"))
    case("index_select", X(4, 2), D(0), IX([]))
    case("index_select", X(4), D(0), IX([4]), fails=True)
    case("index_select", X(4, 3), D(0), IX([[1]]), fails=True)
    case("gather", X(3, 3), D(0), IX([[2, 0, 1]]))
    case("gather", X(2, 3, 2), D(-1), IX([[[1], [0]], [[0], [0]]]))
    case("gather", X(3, 4, layout="t"), D(1), IX([[3, 3, 0], [1, 1, 1]]))
    case("gather", X(3), D(0), IX([0, 0, 0, 2]))
    case("gather", X(3, 3), D(0), IX([[3]]), fails=True)
    case("gather", X(3, 3), D(0), IX([0]), fails=True)
    case("gather", X(2, 3), D(0), IX([[0, 0, 0, 0]]), fails=True)
    for op in ("scatter", "scatter_"):
        for dtype in (*FLOATS, "int64"):
            case(op, X(3, 4, dtype=dtype), D(1), IX([[2, 0], [1, 3]]), X(2, 2, seed=1, dtype=dtype))
            case(op, X(3, 4, dtype=dtype), D(1), IX([[2, 0], [1, 3]]), X(2, 3, seed=1, dtype=dtype, grad=False))
        case(op, X(3, 4), D(0), IX([[2, 0, 1]]), 1.5)
        case(op, X(3, 4), dim=D(-1), index=IX([[2], [0], [1]]), value=2)
        case(op, X(3, 4, layout="t"), dim=D(0), index=IX([[2, 1, 0, 1]]), src=X(1, 4, seed=1))
        case(op, X(3, dtype="int64"), D(0), IX([2]), 7)
        case(op, X(3), D(0), IX([3]), 1.0, fails=True)
        case(op, X(3), D(0), IX([1, 2]), X(1), fails=True)
    for op in ("scatter_add", "scatter_add_"):
        for dtype in (*FLOATS, "int32"):
            case(op, X(3, 4, dtype=dtype), D(1), IX([[2, 2], [1, 3]]), X(2, 2, seed=1, dtype=dtype))
            case(op, X(3, 4, dtype=dtype), D(1), IX([[2, 2], [1, 3]]), X(2, 3, seed=1, dtype=dtype, grad=False))
        case(op, X(3), D(0), IX([1, 1, 1, 0]), X(4, seed=1))
        case(op, X(3, 3, layout="t"), dim=D(0), index=IX([[0, 0, 0], [0, 1, 2], [2, 2, 1]]), src=X(3, 3, seed=1, layout="t"))
        case(op, X(3), D(0), IX([3]), X(1), fails=True)
        case(op, X(3), D(0), IX([1]), X(1, dtype="float64"), fails=True)
    mask = V([[True, False, True], [False, False, True]], "bool")
    for op in ("masked_fill", "masked_fill_"):
        for dtype in (*FLOATS, "int64"):
            case(op, X(2, 3, dtype=dtype), mask, 2)
        case(op, X(2, 3), mask, -INF)
        case(op, X(2, 3), mask, X(seed=1))
        case(op, X(2, 3, layout="t"), V([True, False, True], "bool"), 0.5)
        case(op, X(2, 3), X(3, grad=False), 1.0, fails=True)
        case(op, X(2, 2), mask, 1.0, fails=True)
    case("masked_fill", X(3), mask, 1.5)
    case("masked_fill", X(3, dtype="int64"), V([True, False, True], "bool"), 2.7, fails=True)
    for dtype in (*FLOATS, "int64", "bool"):
        case("masked_select", X(2, 3, dtype=dtype), mask)
    case("masked_select", X(3), mask)
    case("masked_select", X(2, 3, layout="t"), V([[True], [False]], "bool"))
    case("masked_select", X(2, 3), V([False], "bool"))
    case("masked_select", X(2, 3), X(2, 3, dtype="uint8"), fails=True)
    for dtype in (*FLOATS, "int64", "bool"):
        case("nonzero", X(3, 4, dtype=dtype, div=16, grad=False), out="I")
    case("nonzero", X(3, 4, layout="t", div=16, grad=False), out="I")
    case("nonzero", V([0.0, -0.0, NAN, 1.0]), out="I")
    case("nonzero", V(3, "int64"), out="I")
    case("nonzero", V(0, "int64"), out="I")
    case("nonzero", X(0, 3, grad=False), out="I")
    case("one_hot", IX([2, 0, 1]))
    case("one_hot", IX([[2, 0], [1, 1]]), 4)
    case("one_hot", IX(1), num_classes=3)
    case("one_hot", IX([]), num_classes=3)
    case("one_hot", IX([2, 0]), 2, fails=True)
    case("one_hot", V([1.0]), fails=True)

    def gather_rows(x, index, scale=1.0, shift=0.0):
        return x.index_select(0, index).float() * scale + shift
    case("gather_rows", X(4, 3, dtype="uint8"), IX([3, 0, 3]), fn=gather_rows)
    case("gather_rows", X(4, 2, 2, dtype="uint8"), IX([1]), 0.25, -0.5, fn=gather_rows)
    case("gather_rows", X(4, 3, grad=False), index=IX([2, 1]), scale=2.0, shift=1.0, fn=gather_rows)
    at, to = IX([0, 2, 0]), IX([1, 0, 1])
    for accumulate in (False, True):
        case("index_put_", X(3, 2), [IX([0, 2])], X(2, 2, seed=1), accumulate)
        case("index_put_", X(3, 2), [mask_of(3)], X(2, seed=1), accumulate=accumulate)
        case("index_put_", X(3, 2, dtype="float64"), [IX([0, 2]), IX([1, 0])], V([1.5, 2.5], "float64", grad=True), accumulate)
        case("index_put_", X(3, 2), [IX([0, 2])], V(1.5), accumulate)
        case("index_put_", X(3, 2, dtype="int64"), [IX([0, 1])], X(2, 2, dtype="int64", seed=1), accumulate)
    case("index_put_", X(3, 2), [at, to], X(3, seed=1), True)
    case("index_put_", X(3, 2, layout="t"), [IX([-1]), IX([-2])], X(1, seed=1))
    case("index_put_", X(3, 2), [IX([3])], X(2), fails=True)

    def get(x, *key):
        return x[tuple(key)]

    def put(x, value, *key):
        y = x.clone()
        y[tuple(key)] = value
        return y
    al, m3, rows = R(), mask_of(3), IX([2, 0, 2])
    keys = [(P(1),), (P(-1),), (P(1), P(2)), (R(0, 2),), (al, R(1, 3)), (R(0, None, 2),), (al, R(-2)), (R(1, -1),),
            (al, P(0)), (Ellipsis, P(1)), (P(2), Ellipsis, R(0, 2)), (R(5, 9),), (R(2, 1),),
            (rows,), (al, rows), (IX([-1, 1]),), (rows, IX([1, 0, 3])), (IX([[0, 2]]), IX([[1], [3]])), (P(1), rows), (rows, P(2)),
            (R(1, 3), rows), (rows, R(1, 3)), (m3,), (m3, P(1)), (m3, R(1, 3)), (al, V([True, False, True, False], "bool")),
            (m3, IX([1, 0])), (V([[True, False, True, False]] * 2 + [[False] * 4], "bool"),), (IX(1),), (IX(2), R(0, 2)),
            (IX([]),), (V([False] * 3, "bool"),)]
    for key in keys:
        case("[]", X(3, 4), list(key), fn=lambda x, k: get(x, *k))
        case("[]=", X(3, 4), list(key), 0.75, fn=lambda x, k, v: put(x, v, *k))
    for key in keys[:20]:
        case("[]", X(3, 4, layout="t", dtype="float64"), list(key), fn=lambda x, k: get(x, *k))
    cube = [(IX([1, 0]), al, IX([0, 1])), (al, IX([2, 0]), IX([0, 1])), (al, IX([2, 0]), al),
            (IX([0, 1]), Ellipsis), (IX([1, 0]), IX([2, 0]), IX([0, 1])), (P(1), al, IX([1, 0])), (al, P(1), IX([1, 0])),
            (IX([0, 1]), P(1), IX([1, 0])), (R(0, 1), IX([2, 0]), IX([1, 1])), (Ellipsis, V([True, False], "bool")),
            (V([[True, False, True], [False, True, False]], "bool"), P(0)), (V([[True, False, True], [False, True, False]], "bool"),)]
    for key in cube:
        case("[]", X(2, 3, 2), list(key), fn=lambda x, k: get(x, *k))
        case("[]=", X(2, 3, 2), list(key), 0.75, fn=lambda x, k, v: put(x, v, *k))
    for key, shape in (((P(1),), (4,)), ((P(1),), ()), ((al, P(0)), (3,)), ((R(0, 2),), (4,)), ((R(0, None, 2), R(1, 3)), (2, 2)),
                       ((rows, P(1)), (3,)), ((IX([2, 0]),), (2, 4)), ((IX([2, 0]),), (4,)), ((m3,), (2, 4)), ((al, IX([0, 3])), (3, 2)),
                       ((R(0, 1),), (1, 1, 4)), ((P(0), P(0)), ())):
        case("[]=", X(3, 4), list(key), X(*shape, seed=1), fn=lambda x, k, v: put(x, v, *k))
        case("[]=", X(3, 4, dtype="float64"), list(key), X(*shape, seed=1), fn=lambda x, k, v: put(x, v, *k), fails=True)
        case("[]=", X(3, 4, dtype="int32"), list(key), X(*shape, seed=1, dtype="int64"), fn=lambda x, k, v: put(x, v, *k), fails=True)
    case("[]", X(3), [P(3)], fn=lambda x, k: get(x, *k), fails=True)
    case("[]", X(3), [P(0), P(0)], fn=lambda x, k: get(x, *k), fails=True)
    case("[]", X(3), [IX([3])], fn=lambda x, k: get(x, *k), fails=True)
    case("[]", X(3), [mask_of(4)], fn=lambda x, k: get(x, *k), fails=True)
    case("[]", X(), [P(0)], fn=lambda x, k: get(x, *k), fails=True)
    case("[]", X(3, 4), [IX([0, 1]), IX([0, 1, 2])], fn=lambda x, k: get(x, *k), fails=True)
    case("[]=", X(3), [R(0, 2)], X(3), fn=lambda x, k, v: put(x, v, *k), fails=True)


def mask_of(n):
    return V([i % 3 != 1 for i in range(n)], "bool")


# ---- Making, converting, facts ----

def create():
    case("tensor", [1, 2, 3])
    case("tensor", [1.0, 2])
    case("tensor", [[True, False]])
    case("tensor", 5)
    case("tensor", -2.5)
    case("tensor", True)
    case("tensor", [])
    case("tensor", [[1.5, -2.0], [0.0, 3.0]], dtype=DT("float64"), requires_grad=True)
    for dtype in DTYPES:
        case("tensor", [0, 1, 3], dtype=DT(dtype))
        case("full", [2, 2], 3, dtype=DT(dtype))
        if dtype != "bool":
            case("arange", 3, dtype=DT(dtype))
        case("eye", 2, 3, dtype=DT(dtype))
        for op in ("zeros", "ones"):
            case(op, 2, 2, dtype=DT(dtype))
        for op in ("zeros_like", "ones_like"):
            case(op, X(2, 3, layout="t", grad=False), dtype=DT(dtype))
            case(op, X(2, 3, dtype=dtype, grad=False))
        case("full_like", X(2, 3, dtype=dtype, grad=False), 3)
    for op in ("zeros", "ones", "empty"):
        flag = "shape" if op == "empty" else ""
        case(op, 2, 3, flag=flag)
        case(op, [2, 3], flag=flag)
        case(op, 0, 2, flag=flag)
        case(op, [], flag=flag)
        case(op, 2, dtype=DT("float64"), requires_grad=True, flag=flag)
        case(op, -1, fails=True)
    case("empty_like", X(2, 3, grad=False), flag="shape")
    case("empty_like", X(2, 3, grad=False), dtype=DT("int8"), flag="shape")
    for op in ("zeros_like", "ones_like", "empty_like"):
        case(op, X(2, grad=False), requires_grad=True, flag="shape" if op == "empty_like" else "")
    case("full_like", X(2, grad=False), fill_value=2.5, dtype=DT("float64"), requires_grad=True)
    case("full", [2], 2.5)
    case("full", [2], 7)
    case("full", [2], True)
    case("full", [], INF)
    case("full", [2, 0], 1)
    case("full", size=[2], fill_value=0.5, requires_grad=True)
    for op in ("new_zeros", "new_ones", "new_empty"):
        flag = "shape" if op == "new_empty" else ""
        case(op, X(2, dtype="int16"), 2, 3, flag=flag)
        case(op, X(2, grad=False), [3], dtype=DT("float64"), requires_grad=True, flag=flag)
    case("new_full", X(2, dtype="int16"), [2, 3], 7)
    case("new_full", X(2, grad=False), [2], 1.5, dtype=DT("float64"), requires_grad=True)
    case("new_full", X(2, grad=False), size=[2], fill_value=1)
    for args in ((5,), (0,), (2, 7), (1, 10, 3), (5, 0, -2), (0.5, 3.0, 0.5), (3.0,), (0, 1, 0.25), (-2, 2), (0, 0.7, 0.1), (2.5,)):
        case("arange", *args)
        case("arange", *args, dtype=DT("float64"))
    case("arange", start=1, end=4, step=2, dtype=DT("int32"), fn=lambda **k: torch.arange(**k))
    case("arange", end=3, fn=lambda **k: torch.arange(**k))
    case("arange", 3.0, requires_grad=True)
    case("arange", 3, 1, fails=True)
    case("arange", 1, 3, 0, fails=True)
    for args in ((0, 1, 5), (3, 10, 4), (-2.5, 2.5, 11), (1, 1, 3), (5, -5, 6), (0, 1, 1), (0, 1, 0), (0, 0.3, 7)):
        case("linspace", *args)
        case("linspace", *args, dtype=DT("float64"))
    case("linspace", start=0, end=1, steps=2, requires_grad=True)
    case("linspace", 0, 1, -1, fails=True)
    for args in ((3,), (2, 4), (4, 2), (0,), (1, 0)):
        case("eye", *args)
    case("eye", 2, m=3, requires_grad=True)
    case("eye", -1, fails=True)


CAST = [-2.7, -1.0, -0.5, 0.0, 0.49, 0.5, 1.5, 3.99, 126.9]
METHODS = {"float": "float32", "double": "float64", "half": "float16", "bfloat16": "bfloat16", "long": "int64", "int": "int32",
           "short": "int16", "char": "int8", "byte": "uint8", "bool": "bool"}


def convert():
    for a in DTYPES:
        for b in DTYPES:
            x = V(CAST, a) if DTYPES[a].is_floating_point else V([0, 1, 2, 100], a) if a == "uint8" else V([False, True], a) if a == "bool" \
                else V([-100, -1, 0, 1, 77], a)
            case("to", x, DT(b))
    case("to", V([300, -129, 65537, 2**40 + 3], "int64"), DT("int8"))
    case("to", V([300, -129, 65537, 2**40 + 3], "int64"), DT("uint8"))
    case("to", V([300, -129, 65537, 2**40 + 3], "int64"), DT("int32"))
    case("to", V([2**53 + 1, 2**24 + 1], "int64"), DT("float32"))
    case("to", V([2**53 + 1, 2**24 + 1], "int64"), DT("float64"))
    case("to", V([1e300, 0.1, -1e-300, NAN, INF], "float64"), DT("float32"))
    case("to", V([300.5, -300.5, 1000.0]), DT("uint8"))
    case("to", V([300.5, -300.5, 1000.0]), DT("int8"))
    case("to", V([NAN, INF, 0.0, -0.0]), DT("bool"))
    case("to", X(2, 3), DT("float64"))
    case("to", X(2, 3, layout="t"), dtype=DT("float64"), copy=True)
    case("to", X(2, 3), X(1, dtype="float64", grad=False))
    case("to", X(2, 3), other=X(1, dtype="int32", grad=False), fn=lambda x, other: x.to(other))
    case("to", X(0, 3), DT("int64"))
    for name, dtype in METHODS.items():
        case(name, V(CAST), fn=lambda x: x.to(DTYPES[dtype]))
        case(name, X(2, 3, layout="t", dtype="float64"), fn=lambda x: x.to(DTYPES[dtype]))
        case(name, X(3, dtype="int64"), fn=lambda x: x.to(DTYPES[dtype]))
    case("type", X(3), DT("float64"))
    case("type", X(3), dtype=DT("int32"))
    case("type_as", X(3), X(1, dtype="float64", grad=False))
    case("cpu", X(2, 3))
    case("clone", X(2, 3))
    case("clone", X(2, 3, layout="t", dtype="float64"))
    case("clone", X(0, 3, dtype="bool"))
    case("contiguous", X(2, 3))
    case("contiguous", X(2, 3, layout="t"))
    case("contiguous", X(2, 3, 2, layout="f", dtype="int16"))
    case("detach", X(2, 3))
    for x in (X(2, 3), X(2, 3, layout="t"), X(3, 4, layout="s"), X(), X(0, 3), X(4, 2, dtype="int16"), X(2, 3, layout="e")):
        for op in ("numel", "nelement", "dim", "size", "stride", "storage_offset", "is_contiguous", "is_floating_point",
                   "element_size"):
            case(op, x, out="N", fn=lambda x: plain(getattr(x, op)()))
        for op in ("totable", "tolist"):
            if x.shape and 0 not in x.shape:
                case(op, x, out="N", fn=lambda x: x.tolist())
    for op in ("size", "stride"):
        case(op, X(2, 3), D(1), out="N")
        case(op, X(2, 3), dim=D(-2), out="N", fn=lambda x, dim: getattr(x, op)(dim))
    for x in (V(2.5), V([[7]], "int64"), V(True, "bool"), V([-0.1], "float64")):
        case("item", x, out="N")
    case("item", X(2), out="N", fails=True)


def plain(value):
    return list(value) if isinstance(value, tuple) else value


def main():
    warnings.simplefilter("ignore")
    for part in (unary, binary, choose, promotion, reduce, order, products, losses, views, index, create, convert):
        part()
    if failures:
        sys.exit("PyTorch refused:\n" + "\n".join(failures))
    print("-- What PyTorch's ops give, forward and backward. Written by make_ops.py, which says what the lines mean.")
    print("-- luacheck: no max line length")
    print("local inf, nan = math.huge, 0 / 0\nreturn {")
    print("\n".join(lines))
    print("}")


if __name__ == "__main__":
    main()
