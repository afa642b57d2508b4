#!/usr/bin/env python3
"""Writes linalg.lua: what PyTorch's linear algebra gives; the format is make_ops.py's. Where signs of vectors are free the
cases hold what does not depend on them, as support/golden.lua does.

    python3 make_linalg.py > linalg.lua
"""
import sys
import warnings

import torch

from cases import D, DT, FLOATS, INF, V, X, case, failures, lines

F64 = "float64"
SQUARE = dict(dtype=F64, add=0.3)


def positive(*shape, dtype=F64):
    """Symmetric positive definite matrices."""
    x = X(*shape, dtype=F64).make().detach()
    return V((x @ x.mT / 4 + torch.eye(shape[-1])).tolist(), dtype, grad=True)


def symmetric(*shape, dtype=F64):
    x = X(*shape, dtype=F64).make().detach()
    return V((x + x.mT).tolist(), dtype, grad=True)


def real_eigenvalues(*shape):
    x = X(*shape, dtype=F64).make().detach()
    s = x @ x.mT / 4 + torch.eye(shape[-1])
    return V((s @ torch.diag(torch.arange(1.0, shape[-1] + 1).double())).tolist(), F64, grad=True)


def general(*shape):
    """Values without the pattern of X, whose larger matrices are singular."""
    torch.manual_seed(sum(shape))
    return V((torch.randn(*shape, dtype=torch.float64) * 100).round().div(64).tolist(), F64, grad=True)


def low_rank(m, n):
    return V((torch.arange(1.0, m + 1).double().outer(torch.arange(1.0, n + 1).double())).tolist(), F64)


def svd(x, full_matrices=True):
    u, s, vh = torch.linalg.svd(x, full_matrices)
    k = s.shape[-1]
    keep = u[..., :k], vh[..., :k, :]
    return s, (keep[0] * s.unsqueeze(-2)) @ keep[1], u.square(), vh.square()


def eigh(x, *args):
    values, vectors = torch.linalg.eigh(x, *args)
    return values, (vectors * values.unsqueeze(-2)) @ vectors.mT, vectors.square()


def eig(x):
    values, vectors = torch.linalg.eig(x)
    assert values.imag.abs().max() == 0
    order = values.real.argsort(-1)
    squares = vectors.real.square()
    return values.real.gather(-1, order), squares.gather(-1, order.unsqueeze(-2).expand(squares.shape))


def solve(*args, **named):
    case("linalg.solve", *args, flag="loose", **named)


def equations():
    for dtype in FLOATS:
        solve(X(3, 3, dtype=dtype, add=0.3), X(3, 2, dtype=dtype, seed=1))
        solve(X(3, 3, dtype=dtype, add=0.3), X(3, dtype=dtype, seed=1))
        case("linalg.inv", X(3, 3, dtype=dtype, add=0.3), flag="loose")
        case("det", X(3, 3, dtype=dtype), flag="loose")
        case("slogdet", X(3, 3, dtype=dtype), out="TT", flag="loose")
    solve(X(2, 3, 3, **SQUARE), X(2, 3, 2, dtype=F64, seed=1))
    solve(X(2, 3, 3, **SQUARE), X(2, 3, dtype=F64, seed=1))
    solve(X(2, 1, 3, 3, **SQUARE), X(4, 3, 2, dtype=F64, seed=1))
    solve(X(3, 3, layout="t", **SQUARE), X(2, 3, dtype=F64, seed=1), left=False)
    solve(X(2, 3, 3, **SQUARE), X(2, 4, 3, dtype=F64, seed=1), left=False)
    solve(X(0, 0, dtype=F64), X(0, 2, dtype=F64))
    solve(X(0, 3, 3, dtype=F64), X(0, 3, 2, dtype=F64))
    for a, b in ((X(2, 3), X(2, 1)), (X(3, 3), X(2, 1)), (X(3), X(3)), (X(3, 3), X(3, dtype=F64)), (V([[1.0, 2.0], [2.0, 4.0]]), X(2)),
                 (X(3, 3, dtype="int64"), X(3, dtype="int64")), (X(2, 3, 3), X(3, 3, 1))):
        solve(a, b, fails=True)
    for op in ("linalg.inv", "inverse"):
        case(op, X(2, 3, 3, **SQUARE), flag="loose")
        case(op, X(3, 3, layout="t", **SQUARE), flag="loose")
        case(op, X(0, 0, dtype=F64))
        case(op, V([[1.0, 2.0], [2.0, 4.0]]), fails=True)
        case(op, X(2, 3), fails=True)
    case("det", X(2, 2, 4, 4, dtype=F64), flag="loose")
    case("det", V([[1.0, 2.0], [2.0, 4.0]], F64), flag="loose")
    case("det", X(0, 0, dtype=F64))
    case("det", X(3, 4), fails=True)
    case("det", X(3, 3, dtype="int64"), fails=True)
    case("slogdet", X(2, 3, 3, dtype=F64, seed=2), out="TT", flag="loose")
    case("slogdet", X(2, 3), out="TT", fails=True)
    case("logdet", positive(2, 3, 3), flag="loose")
    case("logdet", V([[0.0, 1.0], [1.0, 0.0]], F64))
    case("logdet", V([[1.0, 2.0], [2.0, 4.0]], F64))
    for upper in (True, False):
        for left in (True, False):
            for unit in (True, False):
                named = dict(upper=upper, left=left, unitriangular=unit, flag="loose")
                case("linalg.solve_triangular", X(2, 3, 3, **SQUARE), X(2, 3, 3, dtype=F64, seed=1), **named)
                case("linalg.solve_triangular", X(3, 3, **SQUARE), X(2, 3, 3, dtype=F64, seed=1), **named)
        case("cholesky_solve", X(2, 3, 2, dtype=F64), X(2, 3, 3, seed=1, grad=False, **SQUARE), upper, flag="loose")
        case("cholesky_inverse", X(2, 3, 3, seed=1, grad=False, **SQUARE), upper, flag="loose")
    case("linalg.solve_triangular", X(3, 3, layout="t"), X(3, 2), upper=True, flag="loose")
    case("linalg.solve_triangular", X(3, 3), X(2, 2), upper=True, fails=True)
    case("linalg.solve_triangular", X(3, 3), X(3, 2), fails=True)
    case("linalg.lstsq", X(4, 2, dtype=F64), X(4, 3, dtype=F64, seed=1), fn=torch.linalg.lstsq, out="TTTT", flag="loose")
    case("linalg.lstsq", X(2, 4, 2, dtype=F64), X(2, 4, dtype=F64, seed=1), fn=torch.linalg.lstsq, out="TTTT", flag="loose")
    case("linalg.lstsq", X(2, 4, dtype=F64), X(2, 3, dtype=F64, seed=1), fn=torch.linalg.lstsq, out="TTTT", flag="loose")
    case("linalg.lstsq", X(4, 2), X(4, 3, seed=1), fn=torch.linalg.lstsq, out="TTTT", flag="loose")
    for driver in ("gels", "gelsy", "gelsd", "gelss"):
        for b in (X(4, 2, dtype=F64, seed=1), X(4, dtype=F64, seed=2)):
            case("linalg.lstsq", X(4, 3, dtype=F64), b, driver=driver, out="TTTT", flag="loose")
        if driver != "gels":
            case("linalg.lstsq", low_rank(4, 3), X(4, 2, dtype=F64, seed=1, grad=False), 1e-8, driver=driver, out="TTTT", flag="loose")
    case("linalg.lstsq", X(4, 3), X(3, 3), fails=True)
    for hermitian in (False, True):
        case("linalg.pinv", symmetric(2, 3, 3), hermitian=hermitian, flag="loose")
    for dtype in FLOATS:
        case("linalg.pinv", X(3, 2, dtype=dtype), flag="loose")
        case("linalg.pinv", X(2, 2, 3, dtype=dtype), flag="loose")
    case("linalg.pinv", low_rank(4, 3), flag="loose")
    case("linalg.pinv", low_rank(4, 3), 1e-3, flag="loose")
    case("linalg.pinv", low_rank(4, 3), atol=1e-3, rtol=1e-4, flag="loose")
    case("linalg.pinv", X(0, 3, dtype=F64))
    case("pinverse", X(3, 2, dtype=F64), flag="loose")
    case("pinverse", low_rank(4, 3), rcond=1e-4, flag="loose")
    case("linalg.matrix_rank", low_rank(4, 3))
    case("linalg.matrix_rank", X(2, 3, 3, dtype=F64, grad=False))
    case("linalg.matrix_rank", symmetric(3, 3), hermitian=True)
    case("linalg.matrix_rank", X(3, 3, dtype=F64, grad=False), 1.5)
    case("linalg.matrix_rank", X(3, 3, dtype=F64, grad=False), atol=1.0, rtol=0.1)
    case("linalg.matrix_rank", X(0, 3))
    case("linalg.tensorinv", general(2, 3, 6), flag="loose")
    case("linalg.tensorinv", general(6, 2, 3), ind=1, flag="loose")
    case("linalg.tensorinv", X(2, 3, 5), fails=True)
    case("linalg.tensorsolve", general(2, 3, 6), X(2, 3, dtype=F64, seed=1), flag="loose")
    case("linalg.tensorsolve", general(2, 6, 3), X(2, 3, dtype=F64, seed=1), dims=D([1]), flag="loose")
    case("linalg.tensorsolve", X(2, 3, 5), X(2, 3), fails=True)


def factors():
    for dtype in FLOATS:
        for name in ("linalg.cholesky", "cholesky"):
            case(name, positive(3, 3, dtype=dtype), fn=torch.linalg.cholesky, flag="loose")
            case(name, positive(2, 3, 3, dtype=dtype), upper=True, fn=torch.linalg.cholesky, flag="loose")
        for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2)):
            case("linalg.qr", X(*shape, dtype=dtype, add=0.3), out="TT", flag="loose")
            case("linalg.lu", X(*shape, dtype=dtype), out="TTT", flag="loose")
            case("linalg.lu_factor", X(*shape, dtype=dtype), out="TT", flag="loose")
            for full in (True, False):
                case("linalg.svd", X(*shape, dtype=dtype), full, out="TTTT", fn=svd, flag="loose")
            case("linalg.svdvals", X(*shape, dtype=dtype), flag="loose")
        case("linalg.eigh", symmetric(3, 3, dtype=dtype), out="TTT", fn=eigh, flag="loose")
    case("linalg.cholesky", V([[1.0, 2.0], [2.0, 1.0]]), fails=True)
    case("linalg.cholesky", X(2, 3), fails=True)
    case("linalg.cholesky", X(0, 0, dtype=F64))
    case("linalg.cholesky_ex", positive(2, 3, 3), out="TT", flag="loose")
    case("linalg.cholesky_ex", positive(3, 3), upper=True, check_errors=True, out="TT", flag="loose")
    case("linalg.cholesky_ex", V([[1.0, 2.0], [2.0, 1.0]]), check_errors=True, out="TT", fails=True)
    case("linalg.qr", X(4, 2, dtype=F64), "complete", out="TT", fn=lambda x, mode: torch.linalg.qr(x.detach(), mode), flag="loose")
    case("linalg.qr", X(2, 4, dtype=F64), mode="complete", out="TT", flag="loose")
    case("linalg.qr", X(4, 2, dtype=F64, grad=False), "r", out="TT", flag="loose")
    case("linalg.qr", X(3, 0, dtype=F64, grad=False), "complete", out="TT")
    case("linalg.qr", X(0, 3, dtype=F64, grad=False), out="TT")
    case("linalg.qr", X(3), out="TT", fails=True)
    for some in (True, False):
        case("qr", X(4, 2, dtype=F64, grad=False), some, out="TT", flag="loose",
             fn=lambda x, some: torch.linalg.qr(x, "reduced" if some else "complete"))
        case("svd", X(3, 2, dtype=F64, grad=False), some=some, out="TTT", flag="shape")
    case("qr", X(3, 3, layout="t", dtype=F64), fn=torch.linalg.qr, out="TT", flag="loose")
    case("linalg.svd", X(3, 0, dtype=F64, grad=False), full_matrices=True, fn=svd, out="TTTT")
    case("linalg.svd", X(2, 4, 3, dtype=F64, layout="t"), full_matrices=False, fn=svd, out="TTTT", flag="loose")
    case("linalg.svdvals", X(3), fails=True)
    for uplo in ("L", "U"):
        case("linalg.eigh", X(2, 3, 3, dtype=F64), uplo, out="TTT", fn=eigh, flag="loose")
        case("linalg.eigvalsh", X(2, 3, 3, dtype=F64), UPLO=uplo, flag="loose")
    case("linalg.eigh", X(2, 3), out="TTT", fn=eigh, fails=True)
    case("linalg.eigvalsh", symmetric(4, 4), flag="loose")
    case("linalg.eig", real_eigenvalues(3, 3), out="TT", fn=eig, flag="loose")
    case("linalg.eigvals", V([[2.0, 1.0], [0.0, 3.0]], F64), fn=lambda x: torch.linalg.eigvals(x).real, flag="loose")
    case("linalg.eigvals", X(2, 3), fails=True)
    for left in (True, False):
        for adjoint in (True, False):
            lu, pivots = torch.linalg.lu_factor(X(2, 3, 3, **SQUARE).make().detach())
            case("linalg.lu_solve", V(lu.tolist(), F64, grad=True), V(pivots.tolist(), "int32"), X(2, 3, 3, dtype=F64, seed=1),
                 left=left, adjoint=adjoint, flag="loose")
    for shape in ((3, 3), (4, 2), (2, 2, 4)):
        lu, pivots = torch.linalg.lu_factor(X(*shape, dtype=F64).make().detach())
        case("lu_unpack", V(lu.tolist(), F64, grad=True), V(pivots.tolist(), "int32"), out="TTT")
    case("lu_unpack", X(3, 3), V([1, 2], "int32"), out="TTT", fails=True)


def norms():
    for dtype in (F64,):
        x = X(3, 4, dtype=dtype)
        for order in (1, -1, 2, -2, INF, -INF, "fro", "nuc"):
            order = float(order) if isinstance(order, int) else order
            case("linalg.matrix_norm", x, order, flag="loose")
            case("linalg.norm", x, order, flag="loose")
            case("linalg.matrix_norm", X(2, 3, 4, dtype=dtype), order, D([0, 2]), True, flag="loose")
            case("linalg.matrix_norm", X(2, 3, 4, dtype=dtype), ord=order, dim=D([2, 0]), flag="loose")
            case("linalg.cond", X(3, 3, dtype=dtype, add=0.3, grad=order in (2, -2, "nuc")), order, flag="loose")
        for order in (1.0, 2.0, 3.0, 0.5, INF, -INF, 0.0):
            grad = order != 0
            case("linalg.vector_norm", X(3, 4, dtype=dtype, grad=grad), order, flag="loose")
            case("linalg.norm", X(5, dtype=dtype, grad=grad), order, flag="loose")
            case("linalg.norm", X(3, 4, dtype=dtype, grad=grad), order, D(1), True, flag="loose")
            if order:
                case("dist", x, X(3, 4, dtype=dtype, seed=1), order, flag="loose")
        case("linalg.norm", x)
        case("linalg.norm", X(2, 3, 2, dtype=dtype), dim=D([0, 1]), keepdim=True)
    for order in (1.0, -2.0, INF, "fro", "nuc"):
        case("linalg.matrix_norm", X(3, 4), order, flag="loose")
    case("linalg.vector_norm", X(2, 3, 4), 3.0, D([0, 2]), True, dtype=DT(F64), flag="loose")
    case("linalg.vector_norm", X(3, dtype="int64"), fails=True)
    case("linalg.matrix_norm", X(3, 4), dtype=DT(F64))
    case("linalg.matrix_norm", X(3), fails=True)
    case("linalg.matrix_norm", X(3, 4), 3.0, fails=True)
    case("linalg.matrix_norm", X(3, 4), "fro", D([1, 1]), fails=True)
    case("linalg.norm", X(2, 3, 4), 1.0, fails=True)
    case("linalg.norm", X(3), "fro", fails=True)
    case("linalg.norm", X(2, 3, 2), ord=2.0, dim=D([0, 2]), dtype=DT(F64), flag="loose")
    case("linalg.cond", X(2, 3, 4, dtype=F64), flag="loose")
    case("linalg.cond", V([[1.0, 2.0], [2.0, 4.0]], F64), p=1.0)
    case("linalg.cond", V([[[1.0, 2.0], [2.0, 4.0]], [[1.0, 2.0], [2.0, 5.0]]], F64), "fro", flag="loose")
    case("linalg.cond", X(2, 3), 1.0, fails=True)
    for p in (0.0, 0.5, 1.0, 2.0, 3.0, INF):
        x, y = general(2, 3, 2), general(2, 4, 2)
        x.grad = y.grad = p != 0
        case("cdist", x, y, p, flag="loose")
        z = general(4, 2)
        z.grad = p != 0
        case("pdist", z, p, flag="loose")
    case("cdist", X(3, 2), X(2, 4, 2, seed=1), flag="loose")
    for how in ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist"):
        case("cdist", X(3, 2, dtype=F64), X(4, 2, dtype=F64, seed=1), p=2.0, compute_mode=how, flag="loose")
    case("cdist", X(30, 2, dtype=F64, grad=False), X(2, 2, dtype=F64, seed=1, grad=False), flag="loose")
    case("cdist", X(3, 2, dtype=F64), X(3, 2, dtype=F64), flag="loose")
    case("cdist", X(3, 0), X(4, 0))
    case("cdist", X(3, 2), X(4, 3), fails=True)
    case("cdist", X(3, 2), X(4, 2), -1.0, fails=True)
    case("pdist", X(1, 2))
    case("pdist", X(2, 2, 2), fails=True)


def products():
    for dtype in (*FLOATS, "int64"):
        case("inner", X(2, 3, dtype=dtype), X(4, 3, dtype=dtype, seed=1))
        case("kron", X(2, 3, dtype=dtype), X(2, 2, dtype=dtype, seed=1))
        case("kron", X(2, 1, 3, dtype=dtype), X(2, dtype=dtype, seed=1))
        for op in ("linalg.cross", "cross"):
            case(op, X(2, 3, dtype=dtype), X(2, 3, dtype=dtype, seed=1), dim=D(1))
            case(op, X(3, 2, dtype=dtype), X(3, 1, dtype=dtype, seed=1), dim=D(0))
        case("vdot", X(4, dtype=dtype), X(4, dtype=dtype, seed=1))
        case("ger", X(4, dtype=dtype), X(3, dtype=dtype, seed=1))
        if dtype in FLOATS:
            case("linalg.vecdot", X(2, 3, dtype=dtype), X(3, dtype=dtype, seed=1))
            case("linalg.vecdot", X(2, 3, dtype=dtype), X(2, 1, dtype=dtype, seed=1), dim=D(0))
        case("linalg.vander", X(3, dtype=dtype))
        case("linalg.vander", X(2, 3, dtype=dtype), N=4)
        for dims in (0, 1, 2):
            case("tensordot", X(2, 3, 4, dtype=dtype), X(*((3, 4, 2)[2 - dims:] if dims == 2 else (4, 3, 2)), dtype=dtype, seed=1), dims=dims)
    case("tensordot", X(2, 3, 4, layout="f"), X(4, 5, 2, seed=1), dims=[D([0, 2]), D([2, 0])])
    case("tensordot", X(2, 3), X(3, 2), [D([1]), D([0, 1])], fails=True)
    case("tensordot", X(2, 3), X(2, 2), [D([1]), D([0])], fails=True)
    case("tensordot", X(2, 3), X(2, 2), 3, fails=True)
    case("inner", X(), X(2, 3))
    case("inner", X(2, 3), X(2, 2), fails=True)
    case("linalg.cross", X(2, 3), X(2, 2), fails=True)
    case("cross", X(2, 2), X(2, 2), D(1), fails=True)
    case("vdot", X(2, 2), X(2, 2), fails=True)
    case("linalg.multi_dot", [X(2, 3), X(3, 5, seed=1), X(5, 2, seed=2)], flag="loose")
    case("linalg.multi_dot", [X(3), X(3, 5, seed=1), X(5, seed=2)], flag="loose")
    case("linalg.multi_dot", [X(10, 2, dtype=F64), X(2, 9, dtype=F64, seed=1), X(9, 1, dtype=F64, seed=2), X(1, 3, dtype=F64)], flag="loose")
    case("linalg.multi_dot", [X(2, 3), X(2, 3)], fails=True)
    case("linalg.multi_dot", [X(2, 3)], fails=True)
    case("chain_matmul", X(2, 3), X(3, 5, seed=1), X(5, 2, seed=2), flag="loose")
    for n in (0, 1, 2, 5, -1, -3):
        case("matrix_power", X(2, 3, 3, grad=n != 0, **SQUARE), n, flag="loose")
    case("matrix_power", X(2, 3), 2, fails=True)
    for mul in (0.01, 0.5, 4):
        case("matrix_exp", X(2, 3, 3, dtype=F64, mul=mul), flag="loose")
    case("matrix_exp", X(2, 2), flag="loose")
    case("matrix_exp", X(2, 3), fails=True)
    case("linalg.householder_product", X(4, 3, dtype=F64), X(2, dtype=F64, seed=1), flag="loose")
    case("linalg.householder_product", X(2, 3, 3, dtype=F64), X(2, 3, dtype=F64, seed=1), flag="loose")
    case("linalg.householder_product", X(2, 3), X(2), fails=True)
    case("linalg.vander", X(3), N=0, fails=True)
    case("linalg.diagonal", X(2, 3, 4))
    case("linalg.diagonal", X(2, 3, 4), offset=-1, dim1=D(0), dim2=D(1))


def main():
    warnings.simplefilter("ignore")
    for part in (equations, factors, norms, products):
        part()
    if failures:
        sys.exit("PyTorch refused:\n" + "\n".join(failures))
    print("-- What PyTorch's linear algebra gives, forward and backward. Written by make_linalg.py; make_ops.py says what the lines mean.")
    print("-- luacheck: no max line length")
    print("local inf, nan = math.huge, 0 / 0\nreturn {")
    print("\n".join(lines))
    print("}")


if __name__ == "__main__":
    main()
