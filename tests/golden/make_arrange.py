#!/usr/bin/env python3
"""Writes arrange.lua: what PyTorch's ops that rearrange, blend, order and count give; the format is make_ops.py's.

    python3 make_arrange.py > arrange.lua
"""
import sys
import warnings

import torch

from cases import FLOATS, INF, INTS, NAN, D, DT, IX, V, X, case, failures, lines

ALL = (*FLOATS, *INTS, "bool")


def arrange():
    for op in ("tril", "triu"):
        for dtype in ALL:
            case(op, X(3, 4, dtype=dtype))
        for diagonal in (-5, -1, 0, 1, 2, 7):
            case(op, X(4, 3, layout="t"), diagonal)
            case(op, X(2, 3, 3), diagonal=diagonal)
        case(op, X(0, 3))
        case(op, V([[NAN, INF], [1.0, NAN]]))
        case(op, X(3), fails=True)
    for dtype in ALL:
        case("flip", X(2, 3, dtype=dtype), D([0, 1]))
        case("roll", X(2, 5, dtype=dtype), 2, D(1))
        case("tile", X(2, 3, dtype=dtype), 2, 2, fn=torch.Tensor.tile)
        case("repeat_interleave", X(2, 3, dtype=dtype), 2, D(1))
        case("diag", X(2, 3, dtype=dtype))
        case("diag", X(3, dtype=dtype), 1)
        case("take", X(2, 3, dtype=dtype), IX([[0, 5], [-1, 0]]))
    for dims in ([0], [-1], [0, 2], [1], []):
        case("flip", X(2, 3, 4), D(dims))
    case("flip", X(3, 4, layout="t"), D(0), fn=torch.Tensor.flip)
    case("flip", X(0, 4), D([0, 1]))
    case("flip", X(2, 3), D([0, 0]), fails=True)
    case("flip", X(2, 3), D(2), fails=True)
    for shift in (0, 1, -1, 7, -13):
        case("roll", X(3, 4), shift)
        case("roll", X(3, 4, layout="t"), shift, D(0))
        case("roll", X(3, 4), shifts=[shift, 2], dims=D([0, -1]))
    case("roll", X(0, 3), 1, D(0))
    case("roll", X(2, 3), [1, 2], D(0), fails=True)
    case("roll", X(2, 3), 1, D(2), fails=True)
    for reps in ([2], [1, 3], [2, 1, 2], [0, 2], [1, 1], []):
        case("tile", X(2, 3), reps)
    case("tile", X(3, 2, layout="t"), 2, 1, 3, fn=torch.Tensor.tile)
    case("tile", X(), 2, fn=torch.Tensor.tile)
    case("tile", X(2, 3), [-1], fails=True)
    case("repeat_interleave", X(2, 3), 3)
    case("repeat_interleave", X(2, 3, layout="t"), V([2, 0, 1], "int64"), D(1))
    case("repeat_interleave", X(2, 3), repeats=V([1, 2], "int64"), dim=D(-2))
    case("repeat_interleave", X(2, 3), V([2], "int64"), D(0))
    case("repeat_interleave", X(2, 3), V([1, 2], "int64"), D(1), fails=True)
    case("repeat_interleave", X(3), V([1, -2, 1], "int64"), fails=True)
    case("repeat_interleave", X(3), V([1.0, 2.0, 1.0]), fails=True)
    case("repeat_interleave", X(3), 0)
    for op in ("swapaxes", "swapdims"):
        case(op, X(2, 3, 4), D(0), D(2))
        case(op, X(2, 3), D(0), D(2), fails=True)
    for op in ("movedim", "moveaxis"):
        case(op, X(2, 3, 4), D(0), D(2))
        case(op, X(2, 3, 4), D(-1), D(0))
        case(op, X(2, 3, 4), D([0, 1]), D([2, 0]))
        case(op, X(2, 3, 4), D([0, 1]), D(1), fails=True)
        case(op, X(2, 3, 4), D([0, 0]), D([1, 2]), fails=True)
    for dtype in ("float32", "int64"):
        for size, step in ((1, 1), (2, 1), (3, 2), (4, 1), (0, 1), (2, 5)):
            case("unfold", X(3, 4, dtype=dtype), D(1), size, step, fn=torch.Tensor.unfold)
            case("unfold", X(4, 3, dtype=dtype, layout="t"), D(0), size, step, fn=torch.Tensor.unfold)
    case("unfold", X(5), dimension=D(0), size=2, step=2, fn=torch.Tensor.unfold)
    case("unfold", X(5), D(0), 6, 1, fn=torch.Tensor.unfold, fails=True)
    case("unfold", X(5), D(0), 2, 0, fn=torch.Tensor.unfold, fails=True)

    def grid(tensors, **named):
        return list(torch.meshgrid(*tensors, **named))
    case("meshgrid", [X(2), X(3, seed=1)], fn=grid)
    case("meshgrid", [X(2), X(3, seed=1)], indexing="xy", fn=grid)
    case("meshgrid", [X(2), X(3, seed=1), X(seed=2)], indexing="xy", fn=grid)
    case("meshgrid", [X(2, dtype="int64"), X(0, dtype="int64")], indexing="ij", fn=grid)
    case("meshgrid", [X(2, 2)], fn=grid, fails=True)
    case("meshgrid", [X(2), X(2, dtype="int64")], fn=grid, fails=True)
    case("take", X(3, 4, layout="t"), IX([1, 1, 5]))
    case("take", X(3), IX([3]), fails=True)
    case("take", X(3), IX(1))
    for diagonal in (-2, -1, 0, 1, 3):
        case("diag", X(3, 4), diagonal)
        case("diag", X(3), diagonal=diagonal)
    case("diag", X(2, 2, 2), fails=True)
    for dtype in (*FLOATS, *INTS):
        case("trace", X(3, 4, dtype=dtype))
    case("trace", X(4, 3, layout="t"))
    case("trace", X(3), fails=True)


def blend():
    for dtype in FLOATS:
        x, y, z = X(2, 3, dtype=dtype), X(2, 3, dtype=dtype, seed=1), X(2, 3, dtype=dtype, seed=2, nz=True)
        row = X(3, dtype=dtype, seed=3)
        for op in ("lerp", "lerp_"):
            for weight in (0.0, 0.25, 0.5, 0.75, 1.0, -2.0):
                case(op, x, y, weight)
            case(op, x, row, z)
        for op in ("addcmul", "addcmul_", "addcdiv", "addcdiv_"):
            case(op, x, y, z)
            case(op, x, y, z, value=-0.5)
            case(op, x, row, z, value=2)
        case("logaddexp", x, y)
        case("logaddexp", x, row)
        case("logaddexp", V([INF, -INF, -INF, 1000.0, NAN, -1000.0], dtype), V([INF, -INF, 1.0, 1000.0, 1.0, 0.0], dtype))
        b1, b2 = X(2, 2, 3, dtype=dtype, seed=1), X(2, 3, 4, dtype=dtype, seed=2)
        case("baddbmm", X(2, 2, 4, dtype=dtype), b1, b2)
        case("baddbmm", X(4, dtype=dtype), b1, b2, beta=0.5, alpha=2)
        case("baddbmm", V([NAN] * 4, dtype), b1, b2, beta=0)
        case("isclose", V([1.0, 2.0, NAN, INF, INF, -INF, 0.0], dtype), V([1.000001, 2.1, NAN, INF, 1.0, INF, 1e-9], dtype))
        case("isclose", V([1.0, 2.0, NAN, 0.0], dtype), V([1.05, 2.1, NAN, 0.2], dtype), 0.03, 0.1, True)
        case("isclose", V([1.0, 2.0], dtype), V([1.0, 2.1], dtype), rtol=0.0, atol=0.0, equal_nan=True)
        case("cumprod", X(2, 5, dtype=dtype, nz=True), D(1))
        case("cumprod", X(3, 4, dtype=dtype, layout="t", nz=True), D(0))
        case("cumprod", V([[2.0, 0.0, 3.0, 4.0], [0.0, 0.0, 2.0, 1.5]], dtype, grad=True), D(1))
        case("logspace", 0.0, 2.0, 5, dtype=DT(dtype))
        case("logspace", -1.0, 1.0, 3, 2.0, dtype=DT(dtype))
    case("lerp_", X(3), X(2, 3, seed=1), 0.5, fails=True)
    case("lerp", X(3), X(3, dtype="float64"), 0.5, fails=True)
    case("lerp", X(3, dtype="int64"), X(3, dtype="int64"), 0.5, fails=True)
    case("addcmul", X(3, dtype="int64"), X(3, dtype="int64"), X(3, dtype="int64"), value=2)
    case("addcmul_", X(3), X(2, 3), X(3), fails=True)
    case("addcdiv", X(3, dtype="int64"), X(3, dtype="int64"), X(3, dtype="int64", nz=True), fails=True)
    case("addcdiv_", X(3, dtype="int64"), X(3), X(3, nz=True), fails=True)
    case("baddbmm", X(2, 2, 2, dtype="int64"), X(2, 2, 3, dtype="int64"), X(2, 3, 2, dtype="int64"), alpha=3)
    case("baddbmm", X(3, 3), X(2, 2, 3), X(2, 3, 4), fails=True)
    case("isclose", X(4, dtype="int64"), X(4, dtype="int64"))
    case("isclose", X(4), X(4, dtype="float64"), fails=True)
    case("isclose", X(4), X(4), -1.0, fails=True)
    case("logspace", 0.0, 2.0, 0)
    case("logspace", 1.0, 2.0, 1, requires_grad=True)
    case("logspace", 0.0, 2.0, -1, fails=True)
    for dtype in (*INTS, "bool"):
        case("cumprod", X(5, dtype=dtype, div=8, nz=True), D(0))
    case("cumprod", X(2, 3, dtype="int32"), D(-1), dtype=DT("float64"))
    case("cumprod", X(0, 3), D(0))
    case("cumprod", X(), D(0))
    case("cumprod", X(3), D(1), fails=True)


def statistics():
    for dtype in (*FLOATS, *INTS):
        case("median", X(3, 4, dtype=dtype))
        case("median", X(3, 5, dtype=dtype), D(1), out="TI")
        case("median", X(4, 3, dtype=dtype), D(0), True, out="TI")
        case("mode", X(3, 5, dtype=dtype, div=16, grad=False), out="TI")
        case("unique", X(3, 4, dtype=dtype, div=8, grad=False))
        case("unique", X(3, 4, dtype=dtype, div=8, grad=False), return_inverse=True, out="TI")
    case("unique", X(3, 4, dtype="bool"))
    case("median", X(4, 3, layout="t"), dim=D(-1), keepdim=True, out="TI")
    case("median", V([[1.0, NAN, 2.0], [3.0, 1.0, 2.0]]), D(1), out="TI")
    case("median", V([1.0, NAN]))
    case("median", X(), D(0), out="TI")
    case("median", X(0, 3), D(0), out="TI", fails=True)
    case("median", X(3), D(1), out="TI", fails=True)
    case("mode", V([[1, 2, 2, 3], [5, 4, 5, 4]], "int64"), D(1), out="TI")
    case("mode", V([[3.0, 1.0, 3.0], [2.0, 1.0, 1.0]], grad=True), dim=D(0), keepdim=True, out="TI")
    case("mode", V([4.0, 4.0, 7.0]), D(0), False, out="TI")
    for dtype in FLOATS:
        for how in ("linear", "lower", "higher", "midpoint", "nearest"):
            for q in (0.0, 0.3, 0.5, 1.0):
                case("quantile", X(4, 5, dtype=dtype), q, interpolation=how)
                case("quantile", X(4, 5, dtype=dtype), q, D(0), interpolation=how)
        case("quantile", X(2, 4, 3, dtype=dtype), V([0.25, 0.9], dtype), D(0))
        case("quantile", X(2, 4, 3, dtype=dtype), V([0.25, 0.9], dtype), D(1), True)
        case("quantile", X(2, 4, 3, dtype=dtype), q=V([0.25, 0.9], dtype), keepdim=True)
        case("quantile", V([[1.0, NAN, 2.0], [3.0, 1.0, 2.0]], dtype), 0.4, dim=D(1), keepdim=True)
    case("quantile", X(3), 1.5, fails=True)
    case("quantile", X(3, dtype="int64"), 0.5, fails=True)
    case("quantile", X(3), V([0.5], "float64"), fails=True)
    case("quantile", X(0), 0.5, fails=True)

    def unique(x, **named):
        return torch.unique(x, return_inverse=True, return_counts=True)
    case("unique", X(4, 3, div=16, layout="t", grad=False), return_inverse=True, return_counts=True, out="TIT", fn=unique)
    case("unique", V([2, 1, 2, 2], "int64"), return_inverse=True, return_counts=True, out="TIT", fn=unique)
    case("unique", X(0, 3, grad=False), return_inverse=True, return_counts=True, out="TIT", fn=unique)
    for dtype in ("int64", "int32", "uint8"):
        case("bincount", IX([0, 3, 3, 1], dtype))
    case("bincount", IX([0, 2]), minlength=5)
    case("bincount", IX([0, 2, 2]), V([0.5, 1.0, 2.0]), 2)
    case("bincount", IX([0, 2, 2]), weights=V([0.5, 1.0, 2.0], "float64"))
    case("bincount", IX([0, 2, 2]), weights=V([1, 2, 3], "int64"))
    case("bincount", IX([0, 2]), V([0.5]), fails=True)
    case("bincount", IX([0, -2]), fails=True)
    case("bincount", IX([[0]]), fails=True)
    for dtype in FLOATS:
        case("histc", X(40, dtype=dtype, grad=False), 5)
        case("histc", X(40, dtype=dtype, grad=False), 4, -1.0, 1.0)
        case("histc", V([2.0, 2.0], dtype), bins=4, min=0.0, max=0.0)
    case("histc", X(40, grad=False))
    case("histc", X(4, grad=False), 0, fails=True)
    case("histc", X(4, grad=False), 3, 2.0, 1.0, fails=True)
    case("histc", V([1.0, NAN, 3.0]), 3, 0.0, 4.0)
    for dtype in ALL:
        case("count_nonzero", X(3, 4, dtype=dtype, div=8, grad=False))
    case("count_nonzero", X(2, 3, 4, dtype="bool"), D(1))
    case("count_nonzero", X(2, 3, 4, dtype="bool"), dim=D([0, 2]))
    case("count_nonzero", V([0.0, -0.0, NAN, 1.0]))


def einsum():
    def f(equation, *operands):
        return torch.einsum(equation, *(operands[0] if isinstance(operands[0], list) else operands))
    for dtype in ("float32", "float64", "int64"):
        case("einsum", "ij,jk->ik", X(2, 3, dtype=dtype), X(3, 4, dtype=dtype, seed=1), fn=f)
        case("einsum", "bij,bjk->bik", X(2, 2, 3, dtype=dtype), X(2, 3, 2, dtype=dtype, seed=1), fn=f)
        case("einsum", "i,i->i", X(4, dtype=dtype), X(4, dtype=dtype, seed=1), fn=f)
        case("einsum", "ii", X(3, 3, dtype=dtype), fn=f)
    for equation, shapes in (("ij", [(2, 3)]), ("ji", [(2, 3)]), ("ij->", [(2, 3)]), ("ij->j", [(2, 3)]), ("ii->i", [(3, 3)]),
                             ("i,j", [(2,), (3,)]), ("i,i", [(3,), (3,)]), ("iij->j", [(2, 2, 3)]), ("iii->i", [(2, 2, 2)]),
                             ("ij,kj", [(2, 3), (4, 3)]), ("bhqd,bhkd->bhqk", [(2, 2, 3, 2), (2, 2, 2, 2)]),
                             ("...ij,...jk->...ik", [(2, 1, 2, 3), (3, 3, 2)]), ("i...->...", [(2, 3)]),
                             ("b...,b...", [(2, 3), (2, 3)]), ("ij,jk,kl->il", [(2, 3), (3, 2), (2, 4)]),
                             ("bn,anm,bm->ba", [(2, 3), (2, 3, 2), (2, 2)]), ("ij,ij,ij->i", [(2, 3), (1, 3), (2, 1)]),
                             ("ij , jk -> ki", [(2, 3), (3, 2)]), ("Ab,bA", [(2, 3), (3, 2)]), ("bA", [(2, 3)]),
                             (",i->i", [(), (3,)]), ("ij,j->i", [(0, 3), (3,)]), ("ij,jk->ik", [(2, 0), (0, 2)]),
                             ("ij,k->jk", [(2, 3), (2,)])):
        case("einsum", equation, *(X(*shape, seed=i) for i, shape in enumerate(shapes)), fn=f)
    case("einsum", "ij,jk->ik", [X(3, 2, layout="t"), X(2, 3, layout="s", seed=1)], fn=f)
    for equation, shapes in (("ij,jk->ik", [(2, 3), (2, 3)]), ("ij", [(2,)]), ("ij,jk", [(2, 3)]), ("i->j", [(2,)]),
                             ("i->ii", [(2,)]), ("i1", [(2, 2)]), ("ii", [(2, 3)]), ("i,i", [(2,)]), ("i>i", [(2,)]),
                             ("i->i->i", [(2,)])):
        case("einsum", equation, *(X(*shape) for shape in shapes), fn=f, fails=True)


def main():
    warnings.simplefilter("ignore")
    for part in (arrange, blend, einsum, statistics):
        part()
    if failures:
        sys.exit("PyTorch refused:\n" + "\n".join(failures))
    print("-- What PyTorch's ops give, forward and backward. Written by make_arrange.py; make_ops.py says what the lines mean.")
    print("-- luacheck: no max line length")
    print("local inf, nan = math.huge, 0 / 0\nreturn {")
    print("\n".join(lines))
    print("}")


if __name__ == "__main__":
    main()
