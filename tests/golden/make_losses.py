#!/usr/bin/env python3
"""Writes losses.lua: what PyTorch's margin losses, ctc_loss, gaussian_nll_loss and rarer options of the other losses give, for
tests/spec/golden_spec.lua. As make_ops.py, which says what the lines mean.

    python3 make_losses.py > losses.lua
"""
import sys
import warnings

import torch
import torch.nn.functional as F

from cases import FLOATS, IX, INF, P, V, X, case, failures, lines

REDUCTIONS = ("none", "mean", "sum")


def loss(op, *args, **named):
    case(op, *args, fn=getattr(F, op), **named)


def margins():
    for reduction in REDUCTIONS:
        for dtype in FLOATS:
            x, weight = X(4, 3, dtype=dtype, mul=0.5), V([0.5, 2.0, 1.0], dtype)
            target, signs = IX([2, 0, 1, 2]), V([[1, -1, 1], [-1, -1, 1]], dtype)
            loss("multi_margin_loss", x, target, reduction=reduction)
            loss("multi_margin_loss", x, target, p=2, margin=0.7, reduction=reduction)
            loss("multi_margin_loss", x, target, 1, 1.5, weight, reduction=reduction)
            loss("multi_margin_loss", x, target, p=2, weight=weight, reduction=reduction)
            lists = IX([[2, 0, -1], [-1, 1, 2], [1, -1, 0], [0, 1, 2]])
            loss("multilabel_margin_loss", x, lists, reduction=reduction)
            loss("soft_margin_loss", X(2, 3, dtype=dtype), signs, reduction=reduction)
            loss("multilabel_soft_margin_loss", X(2, 3, dtype=dtype), V([[1, 0, 1], [0, 0, 1]], dtype), reduction=reduction)
            loss("multilabel_soft_margin_loss", X(2, 3, dtype=dtype), V([[1, 0, 1], [0, 0, 1]], dtype), weight,
                 reduction=reduction)
        loss("multi_margin_loss", X(3), IX(1), reduction=reduction)
        loss("multi_margin_loss", X(3), IX([1]), p=2, reduction=reduction)
        loss("multilabel_margin_loss", X(3, mul=0.5), IX([1, -1, -1]), reduction=reduction)
        loss("multilabel_soft_margin_loss", X(3), V([0.25, 0.5, 1.0], grad=True), reduction=reduction)
    loss("multi_margin_loss", X(4, 3, layout="t"), IX([2, 0, 1, 2], "int64"))
    loss("multi_margin_loss", X(4, 3), IX([2, 0, 1, 3]), fails=True)
    loss("multi_margin_loss", X(4, 3), IX([2, 0, -1, 1]), fails=True)
    loss("multi_margin_loss", X(4, 3), IX([2, 0, 1]), fails=True)
    loss("multi_margin_loss", X(4, 3), IX([2, 0, 1, 1]), p=3, fails=True)
    loss("multi_margin_loss", X(4, 3), IX([2, 0, 1, 1]), weight=V([1.0, 2.0]), fails=True)
    loss("multi_margin_loss", X(2, 3, 4), IX([2, 0]), fails=True)
    loss("multilabel_margin_loss", X(2, 3), IX([1, -1, -1]), fails=True)
    loss("multilabel_margin_loss", X(3), IX([3, -1, -1]), fails=True)
    loss("multilabel_margin_loss", X(3), V([1.0, 0.0, 0.0]), fails=True)
    loss("soft_margin_loss", X(2, 3), V([1.0, -1.0]), fails=True)


def gaussian():
    for reduction in REDUCTIONS:
        for dtype in FLOATS:
            x, y = X(3, 4, dtype=dtype), X(3, 4, dtype=dtype, seed=1)
            var = X(3, 4, dtype=dtype, seed=2, mul=0.25, add=0.6)
            loss("gaussian_nll_loss", x, y, var, reduction=reduction)
            loss("gaussian_nll_loss", x, y, var, full=True, eps=0.5, reduction=reduction)
        loss("gaussian_nll_loss", X(3, 4), X(3, 4, seed=1), X(3, seed=2, mul=0.25, add=0.6), reduction=reduction)
        loss("gaussian_nll_loss", X(3, 4), X(3, 4, seed=1), X(1, 4, seed=2, mul=0.25, add=0.6), reduction=reduction)
        loss("gaussian_nll_loss", X(3, 4), X(3, 4, seed=1), 0.5, reduction=reduction)
    loss("gaussian_nll_loss", X(3), X(3, seed=1), V([0.0, 1.0, 1e-9], grad=True))
    loss("gaussian_nll_loss", X(3), X(3, seed=1), V([0.5, -1.0, 1.0]), fails=True)
    loss("gaussian_nll_loss", X(3), X(3, seed=1), -0.5, fails=True)
    loss("gaussian_nll_loss", X(3, 4), X(3, 4), X(4, seed=2, mul=0.25, add=0.6), fails=True)
    loss("gaussian_nll_loss", X(3, 4), X(3, 4), X(1, 1, add=3), fails=True)


def ctc():
    def p(*shape, dtype="float32"):
        """Log-probabilities, more or less: the loss does not need them to add up."""
        return X(*shape, dtype=dtype, mul=0.5, add=-1.5)

    padded, row = IX([[1, 2, 2], [3, 0, 0], [2, 1, 3]]), IX([1, 2, 2, 3, 2, 1, 3])
    for reduction in REDUCTIONS:
        for dtype in FLOATS:
            x = p(6, 3, 4, dtype=dtype)
            loss("ctc_loss", x, padded, [6, 5, 4], [3, 1, 3], reduction=reduction)
            loss("ctc_loss", x, row, V([6, 5, 4], "int64"), V([3, 1, 3], "int64"), P(0), reduction)
            loss("ctc_loss", x, padded, [6, 2, 2], [3, 1, 3], reduction=reduction, zero_infinity=True)
            loss("ctc_loss", x, IX([[0, 3], [1, 1], [0, 0]]), [6, 6, 6], [2, 2, 0], blank=P(2), reduction=reduction)
        loss("ctc_loss", p(6, 4), IX([1, 3]), V(6, "int64"), V(2, "int64"), reduction=reduction)
        loss("ctc_loss", p(6, 4), IX([[1, 3, 1]]), V([5], "int64"), V([3], "int64"), reduction=reduction)
        loss("ctc_loss", p(1, 1, 4), IX([[1]]), [1], [1], reduction=reduction)
    loss("ctc_loss", p(6, 3, 4), IX([[1, 2, 2], [3, 3, 1], [0, 0, 0]]), [6, 2, 0], [3, 3, 0], reduction="none",
         zero_infinity=True)
    loss("ctc_loss", X(2, 1, 3, grad=False), IX([[1, 1]]), [2], [2])
    loss("ctc_loss", X(5, 2, 3, layout="f", mul=0.5), IX([[1, 2], [2, 2]]), [5, 4], [2, 2])
    loss("ctc_loss", V([[[-INF, 0.0]], [[-1.0, -INF]], [[-0.5, -2.0]]], grad=True), IX([[1]]), [3], [1])
    loss("ctc_loss", p(6, 3, 4), padded, [7, 5, 4], [3, 1, 3], fails=True)
    loss("ctc_loss", p(6, 3, 4), padded, [6, 5], [3, 1], fails=True)
    loss("ctc_loss", p(6, 3, 4), padded, [6, 5, 4], [4, 1, 3], fails=True)
    loss("ctc_loss", p(6, 3, 4), row, [6, 5, 4], [3, 1, 4], fails=True)
    loss("ctc_loss", p(6, 3, 4), padded, [6, 5, 4], [3, 1, 3], blank=P(4), fails=True)
    loss("ctc_loss", X(6, 3, 4, dtype="int64"), padded, [6, 5, 4], [3, 1, 3], fails=True)


def classes():
    """Shapes, ignored classes and probabilities beyond those of make_ops.py."""
    planes = torch.arange(2 * 4 * 3 * 2).mul(5).remainder(3).reshape(2, 4, 3, 2).tolist()
    marked = [[255, 1, 0], [2, 255, 255]]
    weight = V([0.5, 2.0, 1.0])
    for reduction in REDUCTIONS:
        for op in ("nll_loss", "cross_entropy"):
            loss(op, X(2, 3, 4, 3, 2), IX(planes), reduction=reduction)
            loss(op, X(2, 3, 4, 3, 2), IX(planes), weight=weight, ignore_index=P(0), reduction=reduction)
            loss(op, X(2, 3, 3), IX(marked), ignore_index=P(255), reduction=reduction)
            loss(op, X(2, 3, 3), IX([[-1, 1, 0], [2, -1, -1]]), weight, ignore_index=-1, reduction=reduction)
            loss(op, X(3, seed=2), IX(1), weight, reduction=reduction)
            loss(op, X(3, seed=2), IX(1), ignore_index=P(1), reduction=reduction)
        loss("cross_entropy", X(2, 3, 3), IX(marked), weight, ignore_index=P(255), reduction=reduction, label_smoothing=0.2)
        for shape in ((3,), (2, 3, 2), (2, 3, 2, 2)):
            p = X(*shape, dtype="float64", seed=1, mul=0.125, add=0.25)
            w = V([0.5, 2.0, 1.0], "float64")
            loss("cross_entropy", X(*shape, dtype="float64"), p, reduction=reduction)
            loss("cross_entropy", X(*shape, dtype="float64"), p, w, reduction=reduction, label_smoothing=0.1)
    loss("cross_entropy", X(2, 3), X(2, 3, seed=1), ignore_index=P(1), fails=True)
    loss("cross_entropy", X(2, 3), X(2, 4, seed=1), fails=True)
    loss("cross_entropy", X(2, 3), X(2, 3, seed=1), label_smoothing=1.5, fails=True)


def numbers():
    """Broadcasting and dtypes of the losses of make_layers.py."""
    for reduction in REDUCTIONS:
        for op in ("l1_loss", "mse_loss", "smooth_l1_loss", "huber_loss"):
            loss(op, X(2, 3), X(3, seed=1), reduction=reduction)
            loss(op, X(2, 1, seed=1), X(2, 3), reduction=reduction)
            loss(op, X(0, 3), X(0, 3), reduction=reduction)
        for op in ("l1_loss", "mse_loss"):
            loss(op, X(2, 3), X(2, 3, dtype="float64", seed=1), reduction=reduction)
        p, t = X(2, 3, mul=0.25, add=0.5), X(2, 3, seed=1, mul=0.25, add=0.5)
        loss("binary_cross_entropy", p, t, X(2, 1, seed=2, grad=False), reduction=reduction)
        loss("binary_cross_entropy_with_logits", X(2, 3), t, X(2, 1, seed=2, grad=False), reduction=reduction)
        loss("binary_cross_entropy_with_logits", X(2, 3), t, pos_weight=V([[3.0], [0.5]]), reduction=reduction)
        loss("binary_cross_entropy_with_logits", X(seed=2), X(seed=3, mul=0.25, add=0.5), reduction=reduction)
        loss("kl_div", X(2, 3), X(3, seed=1, mul=0.25, add=0.6), reduction=reduction)
        loss("poisson_nll_loss", X(2, 3), X(3, seed=1, add=3), reduction=reduction)
        loss("hinge_embedding_loss", X(2, 3), V([1.0, -1.0, 0.0]), reduction=reduction)
        loss("margin_ranking_loss", X(2, 3), X(2, 1, seed=1), V([[1.0, -1.0, 1.0]]), reduction=reduction)
        loss("triplet_margin_loss", X(4), X(4, seed=1), X(4, seed=2), reduction=reduction)
        loss("triplet_margin_loss", X(2, 3, 4), X(2, 3, 4, seed=1), X(2, 3, 4, seed=2), swap=True, reduction=reduction)
    for log_target in (False, True):
        loss("kl_div", X(2, 3, 2), X(2, 3, 2, seed=1, mul=0.25, add=0.6), reduction="batchmean", log_target=log_target)
    loss("binary_cross_entropy_with_logits", X(2, 3), X(2, 3), pos_weight=V([1.0, 2.0]), fails=True)
    loss("kl_div", X(2, 3), X(2), fails=True)
    loss("margin_ranking_loss", X(2, 3), X(2, 3), V([1.0, -1.0, 1.0]), fails=True)


def main():
    warnings.simplefilter("ignore")
    for part in (margins, gaussian, ctc, classes, numbers):
        part()
    if failures:
        sys.exit("PyTorch refused:\n" + "\n".join(failures))
    print("-- What PyTorch's losses give, forward and backward. Written by make_losses.py; make_ops.py says what the lines mean.")
    print("-- luacheck: no max line length")
    print("local inf, nan = math.huge, 0 / 0\nreturn {")
    print("\n".join(lines))
    print("}")


if __name__ == "__main__":
    main()
