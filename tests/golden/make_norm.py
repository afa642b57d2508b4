#!/usr/bin/env python3
"""Writes norm.lua: what PyTorch's normalisations give, for tests/spec/golden_spec.lua. As make_ops.py, which says what the
lines mean.

    python3 make_norm.py > norm.lua
"""
import sys
import warnings

import torch.nn.functional as F

from cases import FLOATS, D, V, X, case, failures, lines


def norm(op, *args, **named):
    f = getattr(F, op)
    if op == "batch_norm":  # whose running statistics have no default

        def f(x, running_mean=None, running_var=None, **others):
            return F.batch_norm(x, running_mean, running_var, **others)
    case(op, *args, fn=f, **named)


def channels(count, dtype, seed, add=0, mul=1, grad=True):
    return X(count, dtype=dtype, seed=seed, add=add, mul=mul, grad=grad)


def statistics(count, dtype):
    return dict(running_mean=channels(count, dtype, 4, grad=False), running_var=channels(count, dtype, 5, 2.5, grad=False))


def affine(count, dtype):
    return dict(weight=channels(count, dtype, 2), bias=channels(count, dtype, 3))


def batches():
    for dtype in FLOATS:
        for shape in ((4, 3), (2, 3, 5), (2, 3, 2, 2), (1, 2, 2, 1, 3))[:2 if dtype == "float64" else 4]:
            x, c = X(*shape, dtype=dtype, mul=2, add=0.5), shape[1]
            for op, here in (("batch_norm", dict(training=True)), ("instance_norm", {})):
                if op == "instance_norm" and len(shape) == 2:
                    continue
                norm(op, x, **here)
                norm(op, x, **here, weight=channels(c, dtype, 2), eps=0.1)
                norm(op, x, **here, bias=channels(c, dtype, 2))
                norm(op, x, **here, **statistics(c, dtype), **affine(c, dtype), momentum=0.3)
            norm("batch_norm", x, **statistics(c, dtype), **affine(c, dtype))
            norm("batch_norm", x, **statistics(c, dtype), training=False, eps=0.5)
            if len(shape) > 2:
                norm("instance_norm", x, **statistics(c, dtype), **affine(c, dtype), use_input_stats=False)
        norm("batch_norm", X(3, 2, 4, dtype=dtype, layout="t"), training=True, **affine(2, dtype))
        norm("batch_norm", X(2, 3, 4, dtype=dtype, layout="f"), training=True, **affine(3, dtype))
        norm("batch_norm", X(2, 3, 4, dtype=dtype, layout="e"), training=True, **affine(3, dtype))
        norm("batch_norm", X(2, 3, dtype=dtype, layout="s"), **statistics(3, dtype), **affine(3, dtype))
        norm("instance_norm", X(2, 3, 4, dtype=dtype, layout="f"), **affine(3, dtype))
    # Far from 0 a variance by differences of sums would be lost.
    norm("batch_norm", X(4, 2, 3, dtype="float64", add=300), training=True)
    norm("batch_norm", X(8, 2, dtype="float64", add=300), training=True)
    norm("layer_norm", X(2, 6, dtype="float64", add=300), [6])
    norm("batch_norm", X(0, 3), training=True, **affine(3, "float32"))
    norm("batch_norm", X(1, 3), training=True, fails=True)
    norm("batch_norm", X(2, 3), fails=True)
    norm("batch_norm", X(3), training=True, fails=True)
    norm("batch_norm", X(2, 3), training=True, weight=X(2), fails=True)
    norm("batch_norm", X(2, 3, dtype="float64"), training=True, weight=X(3), fails=True)
    norm("batch_norm", X(2, 3, dtype="int64"), training=True, fails=True)
    norm("batch_norm", X(2, 3), **statistics(2, "float32"), fails=True)
    norm("instance_norm", X(2, 3, 1), fails=True)
    norm("instance_norm", X(2, 3), fails=True)
    norm("instance_norm", X(2, 3, 4), weight=X(2), fails=True)


def rows():
    for dtype in FLOATS:
        for shape, last in (((4, 5), 1), ((2, 3, 3), 2), ((6,), 1)):
            x, sizes = X(*shape, dtype=dtype, mul=2, add=0.5), shape[-last:]
            both = dict(weight=X(*sizes, dtype=dtype, seed=2), bias=X(*sizes, dtype=dtype, seed=3))
            norm("layer_norm", x, list(sizes))
            norm("layer_norm", x, list(sizes), **both)
            norm("layer_norm", x, list(sizes), bias=both["bias"], eps=0.1)
            norm("layer_norm", x, list(sizes), weight=both["weight"])
            norm("rms_norm", x, list(sizes))
            norm("rms_norm", x, list(sizes), weight=both["weight"])
            norm("rms_norm", x, list(sizes), weight=both["weight"], eps=0.1)
        norm("layer_norm", X(3, 4, dtype=dtype, layout="t"), [4], weight=X(4, dtype=dtype, seed=1))
        for shape, groups in (((2, 6), 3), ((2, 4, 5), 2), ((2, 4, 5), 1), ((2, 4, 5), 4), ((1, 6, 2, 2), 3)):
            x = X(*shape, dtype=dtype, mul=2, add=0.5)
            norm("group_norm", x, groups)
            norm("group_norm", x, groups, **affine(shape[1], dtype))
            norm("group_norm", x, groups, weight=channels(shape[1], dtype, 2), eps=0.1)
        norm("group_norm", X(2, 4, 3, dtype=dtype, layout="t"), 2, **affine(4, dtype))
    norm("layer_norm", X(0, 3), [3], weight=X(3, seed=1), bias=X(3, seed=2))
    norm("layer_norm", X(2, 3), [2], fails=True)
    norm("layer_norm", X(2, 3), [4, 2, 3], fails=True)
    norm("layer_norm", X(2, 3), [3], weight=X(2), fails=True)
    norm("layer_norm", X(2, 3), [3], weight=X(3, dtype="float64"), fails=True)
    norm("layer_norm", X(2, 3, dtype="int64"), [3], fails=True)
    norm("rms_norm", X(2, 3), [2], fails=True)
    norm("group_norm", X(2, 6), 4, fails=True)
    norm("group_norm", X(2, 6), -2, fails=True)
    norm("group_norm", X(6), 2, fails=True)
    norm("group_norm", X(1, 4), 4, fails=True)
    norm("group_norm", X(2, 4), 2, weight=X(2), fails=True)


def reduced():
    """float16 and bfloat16, with parameters of the same dtype and of float32. Values alone: in gradients PyTorch rounds
    steps on the way, which are here computed in float32."""
    for dtype in ("float16", "bfloat16"):
        x = X(3, 4, 3, dtype=dtype, grad=False)
        for own in (dtype, "float32"):
            parts = dict(weight=channels(4, own, 2, grad=False), bias=channels(4, own, 3, grad=False))
            if own != "bfloat16":
                norm("batch_norm", x, training=True, **parts)
            norm("batch_norm", x, **statistics(4, own), **parts)
            norm("layer_norm", x, [3], weight=channels(3, own, 2, grad=False), bias=channels(3, own, 2, grad=False))
            norm("group_norm", x, 2, **parts)
        norm("rms_norm", x, [3], weight=channels(3, dtype, 1, grad=False))
        norm("normalize", x)
    norm("batch_norm", X(3, 4, dtype="float16"), training=True, weight=X(4, dtype="float64"), fails=True)


def scales():
    for dtype in FLOATS:
        x = X(2, 4, 3, dtype=dtype)
        norm("normalize", x)
        norm("normalize", x, 1.0, D(0), 0.1)
        norm("normalize", x, p=3.0, dim=D(-1))
        norm("normalize", x, p=float("inf"), dim=D(2), eps=2.0)
        norm("normalize", V([[0.0, 0.0], [3.0, 4.0]], dtype, grad=True))
        for size in (1, 2, 3, 5):
            norm("local_response_norm", x, size)
        norm("local_response_norm", x, 3, 0.5, 0.6, 2.0)
        norm("local_response_norm", X(2, 3, 2, 2, dtype=dtype), 2, alpha=0.3, beta=1.5, k=0.5)
        norm("local_response_norm", X(1, 3, 2, 1, 2, dtype=dtype), 2, alpha=0.3)
    norm("normalize", X(3), fails=True)
    norm("normalize", X(3, 2, dtype="int64"), fails=True)
    norm("local_response_norm", X(2, 3), 2, fails=True)
    norm("local_response_norm", X(2, 3, 4), 0, fails=True)


def main():
    warnings.simplefilter("ignore")
    for part in PARTS:
        part()
    if failures:
        sys.exit("PyTorch refused:\n" + "\n".join(failures))
    print("-- What PyTorch's normalisations give, forward and backward. Written by make_norm.py; make_ops.py says what the "
          "lines mean.")
    print("-- luacheck: no max line length")
    print("local inf = math.huge\nreturn {")
    print("\n".join(lines))
    print("}")


PARTS = [batches, rows, reduced, scales]

if __name__ == "__main__":
    main()
