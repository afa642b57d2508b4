#!/usr/bin/env python3
"""Writes tensors.lua: what PyTorch's special functions, scans, joins and replacements give; the format is make_ops.py's.

    python3 make_tensors.py > tensors.lua
"""
import sys
import warnings

import torch

from cases import D, DT, FLOATS, INF, INTS, IX, NAN, V, X, case, failures, function_of, lines

F64 = "float64"
T = torch.Tensor
ALIASES1 = {"absolute": "abs", "negative": "neg", "sgn": "sign", "fix": "trunc", "arccos": "acos", "arccosh": "acosh",
            "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan", "arctanh": "atanh"}
ALIASES2 = ("greater", "greater_equal", "less", "less_equal", "not_equal", "multiply", "divide", "true_divide", "subtract", "arctan2")


def unary():
    ranges = {"acosh": (0.5, 2.5), "atanh": (0.4, 0), "erfinv": (0.4, 0), "lgamma": (1, 2.6), "digamma": (1, 2.6), "logit": (0.2, 0.5),
              "arccosh": (0.5, 2.5), "arctanh": (0.4, 0), "arccos": (0.4, 0), "arcsin": (0.4, 0)}
    for name in "exp2 erfc erfinv lgamma digamma asinh acosh atanh sinc i0 logit".split() + list(ALIASES1):
        mul, add = ranges.get(name, (1, 0))
        for op in (name, name + "_"):
            for dtype in FLOATS:
                grad = op not in ("asinh_", "acosh_", "atanh_", "arcsinh_", "arccosh_", "arctanh_")  # PyTorch has none
                case(op, X(2, 3, dtype=dtype, mul=mul, add=add, grad=grad), flag="loose")
        case(name, X(3, 2, layout="t", mul=mul, add=add), flag="loose")
        case(name, X(0, 2))
        if name not in ("absolute", "negative", "sgn", "fix", "logit"):
            case(name, V([2, 1, 3], "int64"), flag="loose")
            case(name, V([True, False], "bool"), flag="loose")
        if name != "i0":
            case(name, V([0.0, -0.0, NAN, INF, -INF], F64), flag="loose")
    case("logit", V([-0.5, 0.01, 0.5, 0.999, 1.5], F64, grad=True), 0.1, flag="loose")
    case("logit_", V([-0.5, 0.01, 0.5], F64), eps=0.1, flag="loose")
    case("absolute", X(3, dtype="int64"))
    case("positive", X(3))
    case("positive", V([True], "bool"), fails=True)
    case("lgamma", V([-1.5, -0.5, 0.5, 1.0, 2.0, 10.5, 171.0, -2.0], F64), flag="loose")
    case("digamma", V([-1.5, -0.5, 0.1, 1.0, 2.0, 10.5, 171.0, -2.0], F64), flag="loose")
    case("erfinv", V([-1.0, 1.0, 1e-12, 0.3, 0.999999, -0.99999999999, 2.0], F64), flag="loose")
    for op in ("frac", "frac_"):
        for dtype in FLOATS:
            case(op, X(5, dtype=dtype))
        case(op, X(5, dtype="int64"), fails=True)
    for op in ("isposinf", "isneginf", "signbit"):
        case(op, V([0.0, -0.0, 1.0, -1.0, INF, -INF]))
        case(op, X(5, dtype="int64"))
    for dtype in FLOATS:
        case("frexp", X(5, dtype=dtype, mul=10), out="TT")
        case("frexp", V([0.0, 1.0, -0.75, 1e-300 if dtype == F64 else 1e-40, 1024.0], dtype), out="TT")
    case("frexp", X(3, dtype="int64"), fails=True)
    for name in ("special.expit", "special.gammaln", "special.psi", "special.erfcx", "special.i0e", "special.i1", "special.i1e",
                 "special.entr", "special.ndtr", "special.log_ndtr"):
        for dtype in FLOATS:
            case(name, X(5, dtype=dtype, add=2.5 if name in ("special.gammaln", "special.psi", "special.entr") else 0), flag="loose")
    case("special.erfcx", V([-3.0, 0.0, 2.9, 3.1, 50.0, 1e9], F64), flag="loose")
    case("special.log_ndtr", V([-40.0, -5.0, -1.0, 0.0, 9.0], F64), flag="loose")
    case("special.entr", V([-1.0, 0.0, 0.5, INF, NAN], F64))
    for name in ("special.i0e", "special.i1", "special.i1e", "i0"):
        case(name, V([0.0, 29.0, 31.0, -50.0, 700.0], F64), flag="loose")
    case("special.ndtri", V([0.0, 1e-10, 0.25, 0.5, 0.9, 1.0], F64), flag="loose")
    case("special.ndtri", V([0.25, 0.5, 0.9], F64, grad=True), flag="loose")
    for n in (0, 1, 2, 4):
        case("polygamma", n=n, input=X(4, dtype=F64, add=2.5), fn=lambda n, input: torch.polygamma(n, input), flag="loose")
        case("polygamma_", X(4, dtype=F64, add=2.5, grad=False), n, flag="loose")
    for p in (1, 2, 3):
        case("mvlgamma", X(4, dtype=F64, add=4.5), p, flag="loose")
        case("special.multigammaln", X(4, dtype=F64, add=4.5), p, flag="loose")
    case("mvlgamma_", X(4, dtype=F64, add=4.5), 2, flag="loose")
    case("mvlgamma", X(3), 0, fails=True)
    case("nan_to_num", V([NAN, INF, -INF, 1.5], grad=True))
    case("nan_to_num", V([NAN, INF, -INF, 1.5], F64, grad=True), 0.5, 9.0, -9.0)
    case("nan_to_num", X(3, dtype="int64"))
    case("nan_to_num_", V([NAN, INF, -INF, 1.5]), nan=1.0, posinf=2.0, neginf=3.0)
    for op in ("deg2rad", "rad2deg"):
        case(op, X(5))
        case(op + "_", X(5, dtype=F64))
        case(op, X(5, dtype="int64"))
        case(op + "_", X(5, dtype="int64"), fails=True)


def binary():
    for name in ALIASES2:
        for op in (name, name + "_"):
            compares = name in ALIASES2[:5]
            case(op, X(2, 3, grad=not compares), X(3, seed=1, nz=True, grad=not compares))
            if name != "arctan2":
                case(op, X(2, 3, grad=not compares), 2, fn=getattr(T, op) if not op.endswith("_") else lambda x, y, o=op: getattr(x.clone(), o)(y))
    case("divide", X(5, dtype="int64"), 2, rounding_mode="floor", fn=T.divide)
    for op in ("div_", "divide_"):
        for mode in ("floor", "trunc"):
            case(op, X(5), 0.75, rounding_mode=mode)
            case(op, X(5, dtype="int64"), 4, rounding_mode=mode)
    for op in ("subtract", "subtract_", "rsub"):
        case(op, X(5), X(5, seed=1), alpha=2)
    case("rsub", X(5), 1.5)
    case("rsub", X(5, dtype="int64"), 3)
    for op in ("gcd", "lcm"):
        for dtype in INTS:
            case(op, X(2, 4, dtype=dtype), X(4, dtype=dtype, seed=1))
        case(op + "_", X(4, dtype="int64"), X(4, dtype="int64", seed=1))
        case(op, X(3), X(3), fails=True)
        case(op, V([True], "bool"), V([True], "bool"), fails=True)
    for op in ("bitwise_left_shift", "bitwise_right_shift"):
        for dtype in INTS:
            case(op, X(5, dtype=dtype), V([0, 1, 2, 3, 7], dtype))
            case(op, X(5, dtype=dtype), 2)
        case(op + "_", X(5, dtype="int64"), V([0, 1, 62, 3, 7], "int64"))
        case(op, V([5, -5], "int32"), V([32, 40], "int32"))
        case(op, X(5), 1, fails=True)
    for op in ("fmax", "fmin"):
        for dtype in (*FLOATS, "int64", "bool"):
            case(op, X(2, 3, dtype=dtype), X(3, dtype=dtype, seed=1))
        case(op, V([NAN, 1.0, NAN, 2.0], grad=True), V([1.0, NAN, NAN, 2.0], grad=True))
    for op in ("heaviside", "heaviside_"):
        case(op, V([-1.0, 0.0, 2.0, NAN]), V([0.5], "float32"))
        case(op, V([-1, 0, 2], "int64"), V([7, 8, 9], "int64"))
    for op in ("copysign", "hypot", "xlogy", "igamma", "igammac", "nextafter"):
        for dtype in FLOATS:
            positive = op in ("xlogy", "igamma", "igammac")
            first = X(2, 3, dtype=dtype, add=2.5 if positive else 0, nz=True, grad=not op.startswith("igam"))
            second = X(3, dtype=dtype, seed=1, nz=True, add=2.5 if positive else 0)
            case(op, first, second, flag="loose" if positive else "")
            case(op + "_", first, second, flag="loose" if positive else "")
    case("copysign", X(4, dtype="int64"), -1.0)
    case("copysign", V([0.0, -0.0, 1.0], grad=True), V([-0.0, 1.0, -2.0]), flag="sign")
    case("xlogy", V([0.0, 0.0, 2.0, NAN, 0.0], F64, grad=True), V([0.0, -1.0, 3.0, 0.0, NAN], F64, grad=True))
    case("xlogy", 2.0, X(3, add=2.5), flag="loose")
    case("special.xlog1py", V([0.0, 0.0, 2.0, NAN], F64, grad=True), V([-1.0, 3.0, 3.0, 0.0], F64, grad=True))
    case("special.xlog1py", 2.0, X(3, add=2.5), flag="loose")
    case("igamma", V([0.0, 0.5, 5.0, 100.0, 2.0], F64), V([1.0, 0.0, 9.0, 80.0, INF], F64), flag="loose")
    case("igammac", V([0.0, 0.5, 5.0, 100.0, 2.0], F64), V([1.0, 0.0, 9.0, 80.0, INF], F64), flag="loose")
    case("special.gammainc", X(3, dtype=F64, add=2.5, grad=False), X(3, dtype=F64, seed=1, add=2.5), flag="loose")
    case("special.gammaincc", X(3, dtype=F64, add=2.5, grad=False), X(3, dtype=F64, seed=1, add=2.5), flag="loose")
    case("special.zeta", 2.0, X(4, dtype=F64, add=2.5), flag="loose")
    case("special.zeta", V([1.5, 3.0, 20.0, 1.0, 0.5, 2.0], F64), V([0.1, 2.0, 30.0, 1.0, 1.0, -1.5], F64), flag="loose")
    for op in ("hypot", "nextafter"):
        case(op, X(3, dtype="int64"), X(3, dtype="int64"), fails=True)
    case("logaddexp2", X(2, 3, dtype=F64), X(3, dtype=F64, seed=1), flag="loose")
    case("logaddexp2", X(3, dtype="int64"), X(3, dtype="int64"), fails=True)
    for op in ("ldexp", "ldexp_"):
        case(op, X(3), V([2, -1, 3], "int64"))
        case(op, X(3, dtype=F64), X(3, dtype=F64, seed=1, grad=False), flag="loose")
    case("float_power", X(3, add=2.5), 2, flag="loose")
    case("float_power", X(3, dtype="int64", nz=True), -1, flag="loose")
    case("float_power", 2.0, X(3), flag="loose")
    case("float_power_", X(3, dtype=F64, add=2.5), exponent=0.5, flag="loose")
    case("float_power_", X(3), 2, fails=True)
    case("clamp_min", X(5), 0.25)
    case("clamp_min", X(2, 3), X(3, seed=1), fn=torch.clamp_min)
    case("clamp_max", X(5), 0.25)
    case("clamp_max", X(2, 3), X(3, seed=1))
    for op in ("clamp_min_", "clamp_max_"):
        case(op, X(5, dtype="int64"), 2)
    case("clip_", X(5), min=-0.5, max=0.5)
    for dtype in (*FLOATS, *INTS):
        case("isin", X(2, 3, dtype=dtype, div=8, grad=False), X(4, dtype=dtype, div=8, seed=1, grad=False))
    case("isin", X(2, 3, div=8, grad=False), X(4, div=8, grad=False), invert=True, assume_unique=False)
    case("isin", V([1.0, NAN]), V([NAN, 1.0]))
    case("isin", X(3, dtype="int64"), V([], "int64"))
    case("isin", X(3, dtype="int64"), -31)
    case("isin", -31, X(3, dtype="int64"))
    case("where", V([[True, False], [True, True]], "bool"), fn=lambda c: list(torch.where(c)), out="I")
    case("where", V([0.0, 1.0]), fn=lambda c: list(torch.where(c)), out="I")


def windows():
    for name in "hann hamming blackman bartlett kaiser".split():
        op = name + "_window"
        for n in (0, 1, 2, 7):
            case(op, n, flag="loose")
            case(op, n, False, dtype=DT(F64), flag="loose")
        case(op, 5, True, requires_grad=True, flag="loose")
        case(op, -1, fails=True)
        case(op, 3, dtype=DT("int64"), fails=True)
    case("hamming_window", 6, True, 0.6, 0.3, flag="loose")
    case("kaiser_window", 6, True, 5.0, flag="loose")


def scans():
    for dtype in (*FLOATS, *INTS):
        for op in ("cummax", "cummin"):
            case(op, X(2, 5, dtype=dtype, div=8), D(1), out="TI")
        case("diff", X(2, 5, dtype=dtype))
    for op in ("cummax", "cummin"):
        case(op, X(5, 3, layout="t"), D(0), out="TI")
        case(op, V([1.0, NAN, 3.0, NAN, 0.0]), D(0), out="TI")
        case(op, X(), D(0), out="TI")
        case(op, X(0, 2), D(0), out="TI")
        case(op, X(3), D(1), fails=True)
    for dtype in FLOATS:
        case("logcumsumexp", X(2, 5, dtype=dtype), D(1), flag="loose")
    case("logcumsumexp", X(3, 2, layout="t"), D(0), flag="loose")
    case("logcumsumexp", V([1000.0, -INF, 1000.0], F64), D(0), flag="loose")
    case("logcumsumexp", X(3, dtype="int64"), D(0), fails=True)
    case("diff", X(2, 5), n=2, dim=D(0))
    case("diff", X(2, 5), 3, D(1))
    case("diff", X(2, 5), prepend=X(2, 1, seed=1), append=X(2, 2, seed=2))
    case("diff", V([True, False, False], "bool"))
    case("diff", X(3), 0)
    case("diff", X(), fails=True)
    for op in ("trapezoid", "trapz", "cumulative_trapezoid"):
        case(op, X(2, 5))
        case(op, X(2, 5), dx=0.5, dim=D(0))
        case(op, X(2, 5), X(5, seed=1))
        case(op, X(2, 5), X(2, 5, seed=1), dim=D(-1))
        case(op, X(5, 2), x=X(5, seed=1), dim=D(0))
        case(op, X(2, 5), X(4, seed=1), fails=True)
    for right in (False, True):
        for dtype in (*FLOATS, "int64"):
            case("searchsorted", V([[1, 3, 5, 7], [2, 2, 2, 9]], dtype), V([[0, 3, 9], [2, 3, 1]], dtype), right=right, out="I")
            case("searchsorted", V([1, 3, 5, 7], dtype), V([[0, 3, 9], [2, 3, 1]], dtype), right=right, out="I")
            case("bucketize", V([[0, 3, 9], [2, 3, 1]], dtype), V([1, 3, 5, 7], dtype), right=right, out="I")
        case("searchsorted", V([1.0, 3.0, 3.0]), 3.0, side="right" if right else "left", out="I")
        case("bucketize", 3.0, V([1.0, 3.0, 3.0]), right=right, out="I")
    case("searchsorted", V([5.0, 1.0, 3.0]), V([0.0, 2.0, 4.0]), sorter=IX([1, 2, 0]), out="I")
    case("searchsorted", V([1.0, 3.0]), V([2.0]), out_int32=True, out="I")
    case("bucketize", V([2.0]), V([1.0, 3.0]), out_int32=True, out="I")
    case("searchsorted", V([], F64), V([2.0], F64), out="I")
    case("searchsorted", X(2, 3), X(3, 3), fails=True)
    case("bucketize", X(3), X(2, 2), fails=True)


def reductions():
    holes = V([[1.0, NAN, 3.0, -2.0], [NAN, NAN, 0.5, 4.0]], F64, grad=True)
    for op in ("nansum", "nanmean"):
        case(op, holes)
        case(op, holes, D(1), True)
        case(op, holes, dim=D([0, 1]))
        case(op, X(2, 3), dtype=DT(F64))
        case(op, V([NAN, NAN]))
    case("nansum", X(3, dtype="int32"))
    case("nanmean", X(3, dtype="int32"), fails=True)
    case("nanmedian", holes)
    case("nanmedian", holes, D(1), out="TI")
    case("nanmedian", holes, D(0), True, out="TI")
    case("nanmedian", X(5, dtype="int64"))
    for how in ("linear", "lower", "higher", "midpoint", "nearest"):
        case("nanquantile", holes, 0.3, interpolation=how)
        case("nanquantile", holes, 0.6, D(1), interpolation=how)
    case("nanquantile", holes, V([0.25, 0.75], F64), D(0), True)
    case("nanquantile", holes, q=V([0.25, 0.75], F64), keepdim=True)
    case("nanquantile", holes, 1.5, fails=True)
    case("nanquantile", X(3, dtype="int64"), 0.5, fails=True)
    for dtype in (*FLOATS, "int64"):
        case("aminmax", X(3, 4, dtype=dtype), out="TT")
        case("aminmax", X(3, 4, dtype=dtype), dim=D(1), keepdim=True, out="TT")
        case("kthvalue", X(3, 4, dtype=dtype), 2, out="TI")
        case("kthvalue", X(3, 4, dtype=dtype), 3, D(0), True, out="TI")
        case("msort", X(3, 4, dtype=dtype))
    case("aminmax", X(0), fails=True)
    case("kthvalue", X(3), 4, fails=True)
    case("kthvalue", X(), 1, out="TI")
    for op in ("var_mean", "std_mean"):
        for dtype in FLOATS:
            case(op, X(3, 4, dtype=dtype), out="TT", flag="loose")
        case(op, X(3, 4), D([0]), False, True, out="TT", flag="loose")
        case(op, X(2, 3, 4), dim=D([0, 2]), correction=0.0, out="TT", flag="loose")
        case(op, X(3, dtype="int64"), fails=True)
    case("argwhere", V([[0, 1], [2, 0]], "int64"), out="I")
    for dtype in (*FLOATS, "int64"):
        case("cov", X(3, 4, dtype=dtype), flag="loose")
        case("corrcoef", X(3, 4, dtype=dtype), flag="loose")
    case("cov", X(5), flag="loose")
    case("cov", X(3, 4, dtype=F64), correction=0, flag="loose")
    case("cov", X(3, 4, dtype=F64), fweights=V([1, 2, 0, 3], "int64"), flag="loose")
    case("cov", X(3, 4, dtype=F64), aweights=V([1.0, 0.5, 2.0, 3.0], F64), flag="loose")
    case("cov", X(3, 4, dtype=F64), correction=0, fweights=V([1, 2, 0, 3], "int64"), aweights=V([1.0, 0.5, 2.0, 3.0], F64), flag="loose")
    case("cov", X(2, 2, 2), fails=True)
    case("cov", X(3, 4), fweights=V([1, 2], "int64"), fails=True)
    for dtype in FLOATS:
        case("histogram", X(20, dtype=dtype, grad=False), 4, out="TT")
        case("histogram", X(20, dtype=dtype, grad=False), V([-1.0, 0.0, 0.25, 2.0], dtype), out="TT")
    case("histogram", X(20, grad=False), 4, range=[-1, 1], out="TT",
         fn=lambda x, bins, range: torch.histogram(x, bins, range=tuple(map(float, range))))
    case("histogram", X(20, grad=False), 4, weight=X(20, seed=1, grad=False), density=True, out="TT", flag="loose")
    case("histogram", X(20, grad=False), bins=V([-1.0, 0.5, 2.0]), weight=X(20, seed=1, grad=False), density=True, out="TT", flag="loose")
    case("histogram", X(20, grad=False), 0, fails=True)
    for op in ("renorm", "renorm_"):
        case(op, X(3, 4), 2.0, D(0), 1.5, flag="loose")
        case(op, X(3, 4, dtype=F64), p=1.0, dim=D(1), maxnorm=2.0, flag="loose")
    case("renorm", X(3), 2.0, D(0), 1.0, fails=True)
    case("squeeze", X(1, 3, 1, 1), D([0, 2]))
    case("squeeze", X(1, 3, 1), dim=D([1, 2]))
    rows = V([[1, 2], [3, 4], [1, 2], [0, 9], [1, 2]], "int64")
    three = dict(return_inverse=True, return_counts=True)
    case("unique", rows, True, True, True, D(0), out="TIT")
    case("unique", X(3, 4, dtype="int64", div=32), dim=D(1), out="TIT", fn=torch.unique, **three)
    for dtype in ("float32", "int64"):
        case("unique_consecutive", V([1, 1, 2, 2, 1, 3], dtype), True, True, out="TIT")
    case("unique_consecutive", V([[1, 1], [1, 1], [2, 3]], "int64"), dim=D(0), out="TIT", **three)
    case("unique_consecutive", V([[1, 1, 2]], "int64"), True, True, D(1), out="TIT")
    case("unique_consecutive", X(0, grad=False), True, True, out="TIT")


def stacking():
    for op in ("hstack", "vstack", "row_stack", "dstack", "column_stack"):
        for shape in ((), (3,), (2, 3), (2, 3, 2)):
            case(op, [X(*shape), X(*shape, seed=1)])
        case(op, [X(3, dtype="int64"), X(3)])
        case(op, [X(2, 3), X(3, 2)], fails=True)
        case(op, [], fails=True)
    for op in ("concat", "concatenate"):
        case(op, [X(2, 3), X(1, 3, seed=1)], D(0))
        case(op, [X(2, 3), X(1, 3, seed=1)])

    def pieces(f):
        return lambda x, at, *dim, **named: list(f(x, at.tolist() if isinstance(at, torch.Tensor) else at, *dim, **named))
    split = pieces(torch.tensor_split)
    case("tensor_split", X(7), 3, fn=split)
    case("tensor_split", X(2, 7), 3, D(1), fn=split)
    case("tensor_split", X(7), IX([2, 5]), fn=split)
    case("tensor_split", X(2, 7), IX([0, 3, 3, 9, -1]), dim=D(1), fn=split)
    case("tensor_split", X(7), sections=2, fn=lambda x, sections: list(torch.tensor_split(x, sections)))
    case("tensor_split", X(7), indices=IX([2]), fn=lambda x, indices: list(torch.tensor_split(x, indices.tolist())))
    case("tensor_split", X(7), 0, fails=True)
    case("tensor_split", X(), 2, fails=True)
    for op in ("hsplit", "vsplit", "dsplit"):
        f = pieces(getattr(torch, op))
        case(op, X(4, 2, 4), 2, fn=f)
        case(op, X(4, 2, 4), IX([1]), fn=f)
        case(op, X(3, 3, 3), 2, fn=f, fails=True)
    case("hsplit", X(4), 2, fn=pieces(torch.hsplit))
    for n in (1, 2, 3):
        for shape in ((), (3,), (2, 3), (2, 1, 3)):
            case(f"atleast_{n}d", X(*shape))
    case("broadcast_to", X(3), 2, 3, fn=lambda x, *s: torch.broadcast_to(x, s))
    case("broadcast_to", X(3, 1), [2, 3, 2])
    case("broadcast_to", X(3), [2, 4], fails=True)
    case("broadcast_tensors", X(3, 1), X(4, seed=1), fn=lambda *t: list(torch.broadcast_tensors(*t)))
    case("broadcast_tensors", X(3), X(4), fails=True)
    case("ravel", X(2, 3))
    case("ravel", X(2, 3, layout="t"))
    for offset in (-1, 0, 2):
        case("diag_embed", X(2, 3), offset)
        case("diagflat", X(2, 2), offset)
        case("tril_indices", 3, 4, offset, out="I")
        case("triu_indices", 3, 4, offset, dtype=DT("int32"), out="I")
        for op in ("tril_", "triu_"):
            case(op, X(3, 4), offset)
    case("tril_indices", 0, 3, dtype=DT("int32"), out="I")
    case("triu_indices", 4, 2, out="I")
    case("diag_embed", X(2, 3), dim1=D(0), dim2=D(2))
    case("diag_embed", X(2, 3), dim1=D(0), dim2=D(0), fails=True)
    case("diag_embed", X(), fails=True)
    case("block_diag", X(2, 3), X(1, seed=1), X(seed=2), X(2, 2, dtype="int64"))
    case("block_diag", X(2, 3, 2), fails=True)
    case("cartesian_prod", X(2), X(3, seed=1))
    case("cartesian_prod", X(2))
    case("cartesian_prod", X(2, 2), X(2), fails=True)
    for r in (0, 1, 2, 3):
        for again in (False, True):
            case("combinations", X(4, grad=r > 0), r, again)
    case("combinations", X(2, 2), fails=True)
    for k in (-1, 0, 1, 2, 3, 5):
        case("rot90", X(2, 3), k)
        case("rot90", X(2, 3, 2), k, D([1, 2]))
    case("rot90", X(2, 3), 1, D([0, 0]), fails=True)
    case("fliplr", X(2, 3))
    case("flipud", X(2, 3))
    case("fliplr", X(3), fails=True)
    case("flipud", X(), fails=True)
    for increasing in (False, True):
        case("vander", X(3, grad=False), 4, increasing)
    case("vander", X(3, dtype="int64"))
    case("vander", X(2, 2), fails=True)


def replacing():
    for dtype in (*FLOATS, "int64"):
        x, s = X(4, 3, dtype=dtype), X(3, 3, dtype=dtype, seed=1)
        for op in ("index_add", "index_copy"):
            for name in (op, op + "_"):
                case(name, x, D(0), IX([1, -1, 0]) if op == "index_copy" and False else IX([1, 3, 0]), s)
                case(name, X(3, 4, dtype=dtype), D(1), IX([2, 0]), X(3, 2, dtype=dtype, seed=1))
        case("index_add", x, D(0), IX([1, 1, 0]), s, alpha=2)
        for name in ("index_fill", "index_fill_"):
            case(name, x, D(1), IX([0, 2]), 7)
        for name in ("masked_scatter", "masked_scatter_"):
            case(name, x, V([True, False, True], "bool"), X(9, dtype=dtype, seed=1))
        for name in ("put", "put_"):
            case(name, x, IX([0, 5, 11]), X(3, dtype=dtype, seed=1), fn=None if name == "put_" else T.put)
        case("put", x, IX([0, 5, 5]), X(3, dtype=dtype, seed=1), True, fn=T.put)
        case("put_", x, IX([0, 5, 5]), X(3, dtype=dtype, seed=1), accumulate=True)
        for how in ("sum", "prod", "mean", "amax", "amin"):
            for self in (True, False):
                case("scatter_reduce", X(3, 4, dtype=dtype, div=4, nz=True), D(1), IX([[0, 1, 1, 3], [2, 2, 2, 2]]),
                     X(2, 4, dtype=dtype, seed=1, div=4, nz=True), how, include_self=self, flag="loose")
                if how != "sum":
                    case("index_reduce", X(3, 2, dtype=dtype, div=4, nz=True, grad=False), D(0), IX([0, 2, 0]),
                         X(3, 2, dtype=dtype, seed=1, div=4, nz=True, grad=False), how, include_self=self, flag="loose")
            case("scatter_reduce_", X(3, dtype=dtype, nz=True), D(0), IX([0, 0, 2]), X(3, dtype=dtype, seed=1, nz=True), reduce=how,
                 include_self=False, flag="loose")
    case("index_reduce_", X(3, 2, nz=True, grad=False), D(0), IX([0, 2, 0]), X(3, 2, seed=1, nz=True, grad=False), "amax", include_self=True)
    case("scatter_reduce", V([0.0, 2.0, 3.0], F64, grad=True), D(0), IX([0, 1, 1, 2, 2]), V([4.0, 0.0, 5.0, 0.0, 0.0], F64, grad=True), "prod")
    case("scatter_reduce", X(3), D(0), IX([3]), X(1), "sum", fails=True)
    case("scatter_reduce", X(3), D(0), IX([1]), X(1, dtype=F64), "sum", fails=True)
    case("index_add", X(4, 3), D(0), IX([1, 4]), X(2, 3), fails=True)
    case("index_add", X(4, 3), D(0), IX([1]), X(2, 3), fails=True)
    case("index_add_", X(4, 3), D(0), IX([1, 2]), X(2, 3), alpha=0.5)
    case("index_copy", X(4, 3), D(0), IX([1, 2]), X(2, 3, dtype=F64), fails=True)
    case("index_fill", X(4, 3), D(0), IX([3]), V(2.5, grad=True))
    case("index_fill", X(4, 3), D(0), IX([1]), V([2.5]), fails=True)
    case("masked_scatter", X(2, 2), V([[True, True], [True, True]], "bool"), X(3), fails=True)
    case("masked_scatter", X(2, 2), V([[1, 1], [1, 1]], "int64"), X(4), fails=True)
    case("masked_scatter", X(2, 2), V([False, False], "bool"), X(0, grad=False))
    case("put", X(2, 2), IX([4]), X(1), fn=T.put, fails=True)
    def index_put(x, indices, values, accumulate=False):
        return x.index_put(tuple(indices), values, accumulate)
    for accumulate in (False, True):
        case("index_put", X(3, 2), [IX([0, 2])], X(2, 2, seed=1), accumulate, fn=index_put)
        case("index_put", X(3, 2), [IX([0, 2]), IX([1, 0])], V([1.5, 2.5], grad=True), accumulate=accumulate, fn=index_put)
    case("take_along_dim", X(2, 3), IX([[2, 0], [1, 1]]), D(1))
    case("take_along_dim", X(2, 3), indices=IX([[2, 0, 1]]), dim=D(1))
    case("take_along_dim", X(2, 3), IX([5, 0, 0]))
    case("take_along_dim", X(2, 3), IX([2]), D(1), fails=True)
    case("select_scatter", X(2, 3), X(2, seed=1), D(1), D(-1))
    case("select_scatter", X(2, 3), X(3, seed=1), D(1), D(0), fails=True)
    case("diagonal_scatter", X(3, 3), X(3, seed=1))
    case("diagonal_scatter", X(2, 3, 3), X(2, 2, seed=1), 1, D(1), D(2))
    case("narrow_copy", X(3, 4), D(1), D(1), 2)

    def slices(x, src, dim=0, start=None, end=None, step=1):
        return torch.slice_scatter(x, src, dim, start, None if end is None or end == -1 else end + 1, step)
    case("slice_scatter", X(4, 3), X(2, 3, seed=1), D(0), D(1), D(2), fn=slices)
    case("slice_scatter", X(4, 3), X(4, 2, seed=1), dim=D(1), start=D(0), end=D(-1), step=2, fn=slices)
    case("slice_scatter", X(4, 3), X(4, 3, seed=1), fn=slices)
    case("slice_scatter", X(4, 3), X(1, 3), D(0), D(1), D(2), fn=slices, fails=True)


def main():
    warnings.simplefilter("ignore")
    for part in (unary, binary, windows, scans, reductions, stacking, replacing):
        part()
    if failures:
        sys.exit("PyTorch refused:\n" + "\n".join(failures))
    print("-- What PyTorch's ops give, forward and backward. Written by make_tensors.py; make_ops.py says what the lines mean.")
    print("-- luacheck: no max line length")
    print("local inf, nan = math.huge, 0 / 0\nreturn {")
    print("\n".join(lines))
    print("}")


if __name__ == "__main__":
    main()
