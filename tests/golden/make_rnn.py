#!/usr/bin/env python3
"""Writes rnn.lua: what PyTorch's recurrent and attention functions give, for tests/spec/golden_spec.lua. As make_ops.py, which
says what the lines mean.

    python3 make_rnn.py > rnn.lua
"""
import itertools
import sys
import warnings

import torch

from cases import FLOATS, V, X, case, failures, lines

GATES = {"rnn_tanh": 1, "rnn_relu": 1, "lstm": 4, "gru": 3}


def w(*shape, dtype, seed):
    """A parameter, around 0 and small enough that nothing saturates."""
    return X(*shape, dtype=dtype, seed=seed, mul=0.25)


def params(op, features, size, *, layers=1, directions=1, bias=True, projection=0, dtype="float32"):
    out, gates, result = projection or size, GATES[op] * size, []
    for run in range(layers * directions):
        width = features if run < directions else out * directions
        result += [w(gates, width, dtype=dtype, seed=run + 1), w(gates, out, dtype=dtype, seed=run + 2)]
        if bias:
            result += [w(gates, dtype=dtype, seed=run + 3), w(gates, dtype=dtype, seed=run + 4)]
        if projection:
            result += [w(projection, size, dtype=dtype, seed=run + 5)]
    return result


def network(op, *, layers=1, directions=1, bias=True, projection=0, first=False, packed=False, dtype="float32", layout="", size=2):
    batch, features = 3, 3
    runs = layers * directions
    states = [X(runs, batch, projection or size, dtype=dtype, seed=9, mul=0.5)]
    if op == "lstm":
        states.append(X(runs, batch, size, dtype=dtype, seed=10, mul=0.5))
    hx = states if op == "lstm" else states[0]
    weights = params(op, features, size, layers=layers, directions=directions, bias=bias, projection=projection, dtype=dtype)
    out = "TTT" if op == "lstm" else "TT"
    options = (bias, layers, 0.0, False, directions == 2)
    if packed:
        case(op, X(8, features, dtype=dtype, layout=layout), V([3, 2, 2, 1], "int64"), hx, weights, *options, out=out)
    else:
        shape = (batch, 2, features) if first else (2, batch, features)
        case(op, X(*shape, dtype=dtype, layout=layout), hx, weights, *options, first, out=out)


def networks():
    for op in GATES:
        for dtype in FLOATS:
            network(op, dtype=dtype)
        for layers, directions in itertools.product((1, 2), (1, 2)):
            network(op, layers=layers, directions=directions, packed=True)
        network(op, layers=2, directions=2, first=True, bias=False)
        network(op, layers=2, directions=2, dtype="float64", packed=True, bias=False)
        network(op, layers=1, directions=2, layout="f")
        network(op, first=True, layout="t", size=5)
    for dtype in FLOATS:
        network("lstm", projection=1, dtype=dtype)
        network("lstm", projection=2, size=3, layers=2, directions=2, packed=True, dtype=dtype)
        network("lstm", projection=2, size=3, layers=2, first=True, bias=False, dtype=dtype)


def cells():
    for op, dtype, bias in itertools.product(GATES, FLOATS, (True, False)):
        size = 2
        weights = params(op, 3, size, bias=bias, dtype=dtype)
        h, c = X(4, size, dtype=dtype, seed=9, mul=0.5), X(4, size, dtype=dtype, seed=10, mul=0.5)
        hx = [h, c] if op == "lstm" else h
        case(f"{op}_cell", X(4, 3, dtype=dtype), hx, *weights, out="TT" if op == "lstm" else "T")
    for op in GATES:
        h = X(2, 2)
        case(f"{op}_cell", X(2, 4), [h, h] if op == "lstm" else h, *params(op, 3, 2), out="TT" if op == "lstm" else "T", fails=True)
        h = X(2, 3)
        case(f"{op}_cell", X(2, 3), [h, h] if op == "lstm" else h, *params(op, 3, 2), out="TT" if op == "lstm" else "T", fails=True)


def reduced():
    """float16 and bfloat16: computed in float32 and rounded once. (PyTorch rounds after every step of its own.)"""
    def wide(value):
        if isinstance(value, list):
            return [wide(item) for item in value]
        return value.float() if isinstance(value, torch.Tensor) and value.is_floating_point() else value

    def rounded(f):
        def g(x, *args):
            result = f(x.float(), *map(wide, args))
            return tuple(y.to(x.dtype) for y in result) if isinstance(result, tuple) else result.to(x.dtype)
        return g
    for op, dtype in itertools.product(("lstm", "gru"), ("float16", "bfloat16")):
        weights = params(op, 3, 2, dtype=dtype)
        h, c = X(3, 2, dtype=dtype, seed=9, mul=0.5), X(3, 2, dtype=dtype, seed=10, mul=0.5)
        many = op == "lstm"
        case(f"{op}_cell", X(3, 3, dtype=dtype), [h, c] if many else h, *weights, fn=rounded(getattr(torch, f"{op}_cell")),
             out="TT" if many else "T")
        h, c = X(1, 3, 2, dtype=dtype, seed=9, mul=0.5), X(1, 3, 2, dtype=dtype, seed=10, mul=0.5)
        case(op, X(2, 3, 3, dtype=dtype), [h, c] if many else h, weights, True, 1, 0.0, False, False, False,
             fn=rounded(getattr(torch, op)), out="TTT" if many else "TT")


def main():
    warnings.simplefilter("ignore")
    for part in PARTS:
        part()
    if failures:
        sys.exit("PyTorch refused:\n" + "\n".join(failures))
    print("-- What PyTorch's recurrent and attention functions give. Written by make_rnn.py; make_ops.py says what the lines mean.")
    print("-- luacheck: no max line length")
    print("local inf, nan = math.huge, 0 / 0\nreturn {")
    print("\n".join(lines))
    print("}")


PARTS = [networks, cells, reduced]

if __name__ == "__main__":
    main()
