#!/usr/bin/env python3
"""Writes attention.lua: what PyTorch's attention gives, for tests/spec/golden_spec.lua. As make_ops.py, which says what the
lines mean.

    python3 make_attention.py > attention.lua
"""
import sys
import warnings

import torch.nn.functional as F

from cases import FLOATS, INF, V, X, case, failures, lines


def attention(*args, **named):
    case("scaled_dot_product_attention", *args, fn=F.scaled_dot_product_attention, **named)


def rounded(*args):
    wide = [x.float() if x.is_floating_point() else x for x in args]
    return F.scaled_dot_product_attention(*wide).to(args[0].dtype)


def shapes():
    for dtype in FLOATS:
        q, k, v = X(2, 2, 3, 4, dtype=dtype), X(2, 2, 2, 4, dtype=dtype, seed=1), X(2, 2, 2, 3, dtype=dtype, seed=2)
        attention(q, k, v)
        attention(q, k, v, scale=0.25)
        attention(q, k, v, mask_of([[True, False], [True, True], [False, True]]))
        attention(q, k, v, V([[0.5, -1.0], [0.0, -INF], [2.0, 1.0]], dtype))
        attention(q, k, v, attn_mask=X(2, 2, 3, 2, dtype=dtype, seed=4))
        attention(q, k, v, X(2, 1, 3, 2, dtype=dtype, seed=4, grad=False), 0.0, False)
        attention(q, k, v, is_causal=True)
        attention(X(2, 4, dtype=dtype), X(3, 4, dtype=dtype, seed=1), X(3, 5, dtype=dtype, seed=2))
        attention(X(2, 4, dtype=dtype), X(3, 4, dtype=dtype, seed=1), X(3, 5, dtype=dtype, seed=2), is_causal=True)
        grouped = [X(2, 4, 3, 2, dtype=dtype), X(2, 2, 3, 2, dtype=dtype, seed=1), X(2, 2, 3, 2, dtype=dtype, seed=2)]
        attention(*grouped, enable_gqa=True)
        attention(*grouped, enable_gqa=True, is_causal=True)
    for dtype in ("float16", "bfloat16"):  # computed in float32 and rounded once, which PyTorch does not do everywhere
        q, k, v = X(2, 3, 4, dtype=dtype), X(2, 2, 4, dtype=dtype, seed=1), X(2, 2, 3, dtype=dtype, seed=2)
        for mask in ([], [X(3, 2, dtype=dtype, seed=4)], [mask_of([[True, False], [True, True], [False, True]])]):
            case("scaled_dot_product_attention", q, k, v, *mask, fn=rounded)
    attention(X(2, 3, 4, layout="t"), X(2, 2, 4, seed=1, layout="f"), X(2, 2, 3, seed=2, layout="s"))
    attention(X(2, 1, 3, 4), X(1, 2, 2, 4, seed=1), X(2, 2, 2, 3, seed=2))


def mask_of(rows):
    return V(rows, "bool")


def closed():
    """Queries that may look at no key give 0, and no gradient."""
    q, k, v = X(1, 3, 4), X(1, 2, 4, seed=1), X(1, 2, 3, seed=2)
    attention(q, k, v, mask_of([[True, False], [False, False], [False, True]]))
    attention(q, k, v, V([[0.5, -1.0], [-INF, -INF], [2.0, 1.0]]))


def bad():
    q, k, v = X(2, 3, 4), X(2, 5, 4), X(2, 5, 3)
    attention(q, k, v, mask_of([[True, False]]), fails=True)
    attention(q, k, v, X(3, 5, dtype="float64"), fails=True)
    attention(q, k, v, X(3, 5, dtype="int64"), fails=True)
    attention(q, X(2, 5, 3), v, fails=True)
    attention(q, k, X(2, 4, 3), fails=True)
    attention(X(2, 3, 4, dtype="float64"), k, v, fails=True)
    attention(X(4), X(4), X(4), fails=True)
    attention(q, k, v, X(3, 5), 0.0, True, fails=True)
    attention(X(2, 3, 4, dtype="int64"), X(2, 3, 4, dtype="int64"), X(2, 3, 4, dtype="int64"), fails=True)


def main():
    warnings.simplefilter("ignore")
    for part in PARTS:
        part()
    if failures:
        sys.exit("PyTorch refused:\n" + "\n".join(failures))
    print("-- What PyTorch's attention gives. Written by make_attention.py; make_ops.py says what the lines mean.")
    print("-- luacheck: no max line length")
    print("local inf, nan = math.huge, 0 / 0\nreturn {")
    print("\n".join(lines))
    print("}")


PARTS = [shapes, closed, bad]

if __name__ == "__main__":
    main()
