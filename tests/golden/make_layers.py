#!/usr/bin/env python3
"""Writes layers.lua: what PyTorch's activations and losses give, for tests/spec/golden_spec.lua. As make_ops.py, which says
what the lines mean.

    python3 make_layers.py > layers.lua
"""
import sys
import warnings

import torch.nn.functional as F

from cases import DT, FLOATS, NAN, D, V, X, case, failures, lines

EDGES = [-6.0, -3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 6.0, 25.0, -25.0, 100.0, -100.0]
REDUCTIONS = ("none", "mean", "sum")


def layer(op, *args, **named):
    case(op, *args, fn=getattr(F, op), **named)


def activations():
    plain = ("selu silu mish softsign relu6 hardsigmoid hardswish logsigmoid tanhshrink leaky_relu elu celu gelu softplus hardtanh "
             "softshrink hardshrink").split()
    for op in plain:
        for dtype in FLOATS[:1] if op == "hardsigmoid" else FLOATS:  # of float64 PyTorch rounds its 1/6 to float32
            layer(op, X(37, dtype=dtype, mul=3))
            layer(op, V(EDGES, dtype, grad=True))
            layer(op, V([NAN, 1.0], dtype))
        layer(op, X(2, 3, layout="t"))
        layer(op, X(seed=3))
        layer(op, X(0, 3))
    for dtype in FLOATS:
        x = X(5, 4, dtype=dtype, mul=2)
        layer("leaky_relu", x, 0.2)
        layer("leaky_relu", x, negative_slope=-0.5)
        layer("elu", x, alpha=0.4)
        layer("celu", x, alpha=0.5)
        layer("gelu", x, approximate="tanh")
        layer("gelu", V(EDGES, dtype, grad=True), approximate="tanh")
        layer("softplus", x, 2.0, 3.0)
        layer("softplus", x, beta=0.5, threshold=1.0)
        layer("hardtanh", x, -0.5, 2.0)
        layer("hardtanh", x, min_val=-2.0, max_val=0.25)
        layer("softshrink", x, lambd=1.0)
        layer("hardshrink", x, lambd=1.0)
        layer("threshold", x, 0.5, -3.0)
        layer("threshold", x, threshold=-1.0, value=2.0)
        layer("glu", x)
        layer("glu", X(4, 3, dtype=dtype), D(0))
        layer("glu", X(2, 4, 3, dtype=dtype, layout="f"), dim=D(1))
        layer("softmin", x, D(1))
        layer("softmin", x, dim=D(0), dtype=DT("float64"))
        layer("prelu", X(2, 3, 4, dtype=dtype), V([0.25, -0.5, 2.0], dtype, grad=True))
        layer("prelu", X(2, 3, dtype=dtype), V([0.25], dtype, grad=True))
        layer("prelu", X(5, dtype=dtype), V([0.25], dtype, grad=True))
        layer("prelu", X(dtype=dtype, seed=1), V([0.25], dtype, grad=True))
    layer("glu", X(3, 3), fails=True)
    layer("softshrink", X(3), -1.0, fails=True)
    layer("hardtanh", X(3), 2.0, 1.0, fails=True)
    layer("gelu", X(3), approximate="sigmoid", fails=True)
    layer("silu", X(3, dtype="int64"), fails=True)
    layer("prelu", X(2, 3), V([0.25, 0.5], grad=True), fails=True)
    layer("prelu", X(2, 3), V([0.25], "float64", grad=True), fails=True)


def losses():
    def p(dtype, seed=1, grad=True):
        return X(2, 3, dtype=dtype, seed=seed, mul=0.25, add=0.5, grad=grad)

    for reduction in REDUCTIONS:
        for dtype in FLOATS:
            x, y = X(3, 4, dtype=dtype), X(3, 4, dtype=dtype, seed=1)
            signs = V([[1, -1, 1], [-1, -1, 1]], dtype)
            for op in ("l1_loss", "smooth_l1_loss", "huber_loss"):
                layer(op, x, y, reduction=reduction)
            layer("smooth_l1_loss", x, y, reduction=reduction, beta=0.4)
            layer("smooth_l1_loss", x, y, reduction=reduction, beta=0.0)
            layer("huber_loss", x, y, reduction=reduction, delta=0.4)
            layer("binary_cross_entropy", p(dtype, 0), p(dtype), reduction=reduction)
            layer("binary_cross_entropy", p(dtype, 0), p(dtype), V([0.5, 2.0, 1.0], dtype), reduction=reduction)
            layer("binary_cross_entropy", V([0.0, 1.0, 0.0, 1.0, 0.5], dtype, grad=True), V([0, 1, 1, 0, 1], dtype),
                  reduction=reduction)
            layer("binary_cross_entropy_with_logits", X(2, 3, dtype=dtype), p(dtype), reduction=reduction)
            layer("binary_cross_entropy_with_logits", X(2, 3, dtype=dtype), p(dtype), V([0.5, 2.0, 1.0], dtype),
                  reduction=reduction, pos_weight=V([3.0, 0.5, 1.0], dtype))
            layer("binary_cross_entropy_with_logits", V([0.0, 100.0, -100.0], dtype, grad=True), V([1, 0, 1], dtype),
                  reduction=reduction)
            layer("kl_div", X(2, 3, dtype=dtype), X(2, 3, dtype=dtype, seed=1, mul=0.25, add=0.6), reduction=reduction)
            layer("kl_div", X(2, 3, dtype=dtype), V([[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]], dtype), reduction=reduction)
            layer("kl_div", X(2, 3, dtype=dtype), X(2, 3, dtype=dtype, seed=1), reduction=reduction, log_target=True)
            counts = V([[0, 1, 5], [2, 0, 3]], dtype)
            for full in (False, True):
                layer("poisson_nll_loss", X(2, 3, dtype=dtype), counts, reduction=reduction, full=full)
                layer("poisson_nll_loss", X(2, 3, dtype=dtype, add=3), counts, reduction=reduction, full=full, log_input=False,
                      eps=1e-6)
            layer("hinge_embedding_loss", X(2, 3, dtype=dtype), signs, reduction=reduction)
            layer("hinge_embedding_loss", X(2, 3, dtype=dtype), signs, margin=0.2, reduction=reduction)
            layer("margin_ranking_loss", X(2, 3, dtype=dtype), X(2, 3, dtype=dtype, seed=1), signs, reduction=reduction)
            layer("margin_ranking_loss", X(2, 3, dtype=dtype), X(2, 3, dtype=dtype, seed=1), signs, margin=0.5,
                  reduction=reduction)
            three = [X(3, 4, dtype=dtype, seed=seed) for seed in (0, 1, 2)]
            layer("triplet_margin_loss", *three, reduction=reduction)
            layer("triplet_margin_loss", *three, margin=2.5, p=3.0, eps=1e-5, swap=True, reduction=reduction)
            target = V([1, -1, -1], dtype)
            layer("cosine_embedding_loss", x, y, target, reduction=reduction)
            layer("cosine_embedding_loss", x, y, target, margin=-0.5, reduction=reduction)
    layer("cosine_embedding_loss", X(4), X(4, seed=1), V(1.0))
    layer("kl_div", X(2, 3), X(2, 3, seed=1, mul=0.25, add=0.6), reduction="batchmean")
    for dtype in FLOATS:
        x, y = X(3, 4, dtype=dtype), X(3, 4, dtype=dtype, seed=1)
        layer("cosine_similarity", x, y)
        layer("cosine_similarity", x, y, D(0), 1e-6)
        layer("cosine_similarity", X(2, 1, 4, dtype=dtype), X(3, 4, dtype=dtype, seed=1), dim=D(2), eps=1e-3)
        layer("pairwise_distance", x, y)
        layer("pairwise_distance", x, y, 1.0, 1e-3, True)
        layer("pairwise_distance", x, X(4, dtype=dtype, seed=2), p=3.0, eps=1e-4, keepdim=True)
    layer("binary_cross_entropy", V([0.5, 1.5], grad=True), V([1.0, 1.0]), fails=True)
    layer("binary_cross_entropy", V([0.5, NAN], grad=True), V([1.0, 1.0]), fails=True)
    layer("binary_cross_entropy", V([0.5, 0.5], grad=True), V([1.0]), fails=True)
    layer("binary_cross_entropy_with_logits", X(2), X(3), fails=True)
    layer("l1_loss", X(2, 3), X(4), fails=True)
    layer("huber_loss", X(3), X(3), delta=0.0, fails=True)
    layer("smooth_l1_loss", X(3), X(3), beta=-1.0, fails=True)
    layer("triplet_margin_loss", X(2, 3), X(2, 3), X(3), fails=True)
    layer("triplet_margin_loss", X(2, 3), X(2, 3), X(2, 3), margin=0.0, fails=True)
    layer("cosine_embedding_loss", X(2, 3), X(2, 3), V(1.0), fails=True)


def main():
    warnings.simplefilter("ignore")
    for part in PARTS:
        part()
    if failures:
        sys.exit("PyTorch refused:\n" + "\n".join(failures))
    print("-- What PyTorch's layers give, forward and backward. Written by make_layers.py; make_ops.py says what the lines mean.")
    print("-- luacheck: no max line length")
    print("local inf, nan = math.huge, 0 / 0\nreturn {")
    print("\n".join(lines))
    print("}")


PARTS = [activations, losses]

if __name__ == "__main__":
    main()
