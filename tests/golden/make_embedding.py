#!/usr/bin/env python3
"""Writes embedding.lua: what PyTorch's embeddings, bilinear products and in-place activations give, for
tests/spec/golden_spec.lua. As make_ops.py, which says what the lines mean.

    python3 make_embedding.py > embedding.lua
"""
import sys
import warnings

import torch.nn.functional as F

from cases import FLOATS, IX, D, P, V, X, case, failures, lines


def layer(op, *args, **named):
    case(op, *args, fn=getattr(F, op), **named)


def embeddings():
    for dtype in FLOATS + ("float16", "bfloat16"):
        table = X(4, 3, dtype=dtype)
        layer("embedding", IX([2, 0, 2, 3]), table)
        layer("embedding", IX([[2, 0, 2], [1, 2, 3]]), table, padding_idx=P(2))
        layer("embedding", IX([[2, 0, 2], [1, 2, 3]]), table, P(-1))
        layer("embedding", IX([2, 0, 2, 2]), table, scale_grad_by_freq=True)
    table = X(4, 3)
    layer("embedding", IX(2), table)
    layer("embedding", IX([1, 3], dtype="int32"), table)
    layer("embedding", IX([[], []]), table)
    layer("embedding", IX([2, 0, 2]), X(4, 3, layout="t"))
    layer("embedding", IX([2, 0, 2]), X(4, 3, grad=False), max_norm=1.5)
    layer("embedding", IX([2, 0, 2]), X(4, 3, grad=False), max_norm=1.5, norm_type=1.0)
    layer("embedding", IX([2, 0, 2]), X(4, 3, grad=False), P(2), 2.0, 3.0, True, False)
    layer("embedding", IX([2, 4]), table, fails=True)
    layer("embedding", IX([2, -1]), table, fails=True)
    layer("embedding", V([1.0, 2.0]), table, fails=True)
    layer("embedding", IX([1]), X(3), padding_idx=P(0), fails=True)


def bags():
    for mode in ("sum", "mean", "max"):
        for dtype in FLOATS + ("float16", "bfloat16"):
            table = X(5, 3, dtype=dtype)
            layer("embedding_bag", IX([2, 0, 2, 3, 4, 1]), table, IX([0, 2, 2, 5]), mode=mode)
            layer("embedding_bag", IX([[2, 0, 2], [3, 4, 1]]), table, mode=mode)
            layer("embedding_bag", IX([2, 0, 2, 3, 4, 1]), table, IX([0, 2, 4]), mode=mode, padding_idx=P(2))
        layer("embedding_bag", IX([2, 0, 2, 3]), X(5, 3), IX([0, 1, 4]), mode=mode, include_last_offset=True)
        layer("embedding_bag", IX([2, 0, 2, 3]), X(5, 3), IX([0, 1, 4]), mode=mode, sparse=False)
        layer("embedding_bag", IX([[2, 2], [2, 2]]), X(5, 3), mode=mode, padding_idx=P(-3))
        layer("embedding_bag", IX([2, 0, 2]), X(5, 3, grad=False), IX([0, 1]), mode=mode, max_norm=1.0, norm_type=1.5)
        if mode != "max":
            layer("embedding_bag", IX([2, 0, 2, 2]), X(5, 3), IX([0, 1]), mode=mode, scale_grad_by_freq=True)
    layer("embedding_bag", IX([2, 0, 2, 2]), X(5, 3), IX([0, 1]))
    for dtype in FLOATS:
        layer("embedding_bag", IX([2, 0, 2, 3]), X(5, 3, dtype=dtype), IX([0, 3]), mode="sum",
              per_sample_weights=X(4, dtype=dtype, seed=1))
        layer("embedding_bag", IX([[2, 0], [2, 3]]), X(5, 3, dtype=dtype), mode="sum",
              per_sample_weights=X(2, 2, dtype=dtype, seed=1))
        layer("embedding_bag", IX([2, 0, 2, 3]), X(5, 3, dtype=dtype), IX([0, 3]), mode="sum", padding_idx=P(0),
              per_sample_weights=X(4, dtype=dtype, seed=1))
    table = X(5, 3)
    layer("embedding_bag", IX([2, 0]), table, fails=True)
    layer("embedding_bag", IX([[2, 0]]), table, IX([0]), fails=True)
    layer("embedding_bag", IX([2, 0]), table, IX([1]), fails=True)
    layer("embedding_bag", IX([2, 0]), table, IX([0, 3]), fails=True)
    layer("embedding_bag", IX([[2, 5]]), table, fails=True)
    layer("embedding_bag", IX([[2, 1]]), table, mode="mean", per_sample_weights=X(1, 2), fails=True)
    layer("embedding_bag", IX([[2, 1]]), table, mode="sum", per_sample_weights=X(2), fails=True)
    layer("embedding_bag", IX([[2, 1]]), table, mode="median", fails=True)
    layer("embedding_bag", IX([[2, 1]]), table, mode="max", scale_grad_by_freq=True, fails=True)


def products():
    for dtype in FLOATS:
        a, b, weight = X(4, 2, dtype=dtype), X(4, 3, dtype=dtype, seed=1), X(5, 2, 3, dtype=dtype, seed=2)
        layer("bilinear", a, b, weight)
        layer("bilinear", a, b, weight, X(5, dtype=dtype, seed=3))
        layer("bilinear", X(2, dtype=dtype), X(3, dtype=dtype, seed=1), weight, bias=X(5, dtype=dtype, seed=3))
        layer("bilinear", X(2, 3, 2, dtype=dtype), X(2, 3, 3, dtype=dtype, seed=1), weight)
    layer("bilinear", X(4, 2), X(4, 2), X(5, 2, 3), fails=True)
    layer("bilinear", X(4, 2), X(3, 3), X(5, 2, 3), fails=True)
    layer("bilinear", X(4, 2), X(4, 3), X(5, 2, 3), X(4), fails=True)
    for dtype in ("float32", "int64"):
        case("unflatten", X(2, 6, dtype=dtype), D(1), (2, 3))
        case("unflatten", X(2, 6, dtype=dtype), D(-1), (2, -1))
        case("unflatten", X(6, dtype=dtype), D(0), (6,))
        case("unflatten", X(4, 2, dtype=dtype, layout="t"), dim=D(0), sizes=(2, 2, 1))
    case("unflatten", X(2, 6), D(1), (4, 2), fails=True)
    case("unflatten", X(2, 6), D(2), (2, 3), fails=True)
    case("unflatten", X(2, 6), D(1), (4, -1), fails=True)
    case("unflatten", X(2, 6), D(1), (-1, -1), fails=True)


def in_place():
    def place(op, *args, **named):
        case(op, *args, fn=lambda x, *rest, **others: getattr(F, op)(x.clone(), *rest, **others), **named)
    for dtype in FLOATS:
        x = X(3, 5, dtype=dtype)
        for op in ("leaky_relu_", "elu_", "selu_", "hardtanh_"):
            place(op, x)
        place("leaky_relu_", x, 0.2)
        place("leaky_relu_", x, negative_slope=0.3)
        place("elu_", x, alpha=0.4)
        place("hardtanh_", x, -0.5, 1.25)
        place("hardtanh_", x, min_val=-0.3, max_val=0.5)
        place("threshold_", x, 0.5, 2.0)
        place("threshold_", x, threshold=0.25, value=-1.0)
    place("celu_", X(3, 5))  # of float64 PyTorch computes the gradient in float32
    place("celu_", X(3, 5), alpha=0.4)
    place("leaky_relu_", X(3, dtype="int64"), fails=True)


def main():
    warnings.simplefilter("ignore")
    for part in PARTS:
        part()
    if failures:
        sys.exit("PyTorch refused:\n" + "\n".join(failures))
    print("-- What PyTorch's embeddings and their like give, forward and backward. Written by make_embedding.py; make_ops.py says "
          "what the lines mean.")
    print("-- luacheck: no max line length")
    print("return {")
    print("\n".join(lines))
    print("}")


PARTS = [embeddings, bags, products, in_place]

if __name__ == "__main__":
    main()
