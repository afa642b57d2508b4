#!/usr/bin/env python3
"""Writes reduced.lua: the ops of the other generators in float16 and bfloat16, for tests/spec/golden_spec.lua.

    python3 make_reduced.py > reduced.lua
    python3 make_reduced.py all > FILE        every case that can be had, to look for mistakes

Needs torch 2.15. The generators run with a `case` that only remembers what they ask for; of the cases of an op whose tensors
are float32, a few are asked again in each reduced dtype. Where PyTorch has no kernel for one, there is no case.
"""
import copy
import importlib
import sys
import warnings

import torch

import cases

PARTS = {"make_ops": "unary binary choose reduce order products losses views index", "make_arrange": "arrange blend einsum statistics",
         "make_layers": "activations losses", "make_losses": "margins gaussian ctc classes numbers"}
KEPT = {"float16": 2, "bfloat16": 1}  # cases of an op
SMALL = 16  # elements of an argument
real_case = cases.case
asked = {}


def remember(op, *args, **rest):
    asked.setdefault(op, []).append((args, rest))


def changed(arg, dtype, state):
    """The argument with float32 tensors in another dtype; state says what was met."""
    if isinstance(arg, cases.X) and arg.dtype == "float32":
        arg = copy.copy(arg)
        arg.dtype = dtype
        state["found"] = True
    elif isinstance(arg, cases.V) and not isinstance(arg, cases.IX) and arg.x.dtype == torch.float32:
        arg = copy.copy(arg)
        arg.x = arg.x.to(cases.DTYPES[dtype])
        state["found"] = True
    elif isinstance(arg, (list, tuple)):
        return type(arg)(changed(item, dtype, state) for item in arg)
    if isinstance(arg, cases.DT) or isinstance(arg, (cases.X, cases.V)) and cases.make(arg).dtype == torch.float64:
        state["other"] = True
    if isinstance(arg, (cases.X, cases.V)):
        x = cases.make(arg)
        state["size"] = max(state.get("size", 0), x.numel())
        state["odd"] = state.get("odd") or x.is_floating_point() and not torch.isfinite(x).all()
    return arg


def ask(op, args, rest, dtype):
    """Whether the case could be had."""
    state = {}
    args = [changed(arg, dtype, state) for arg in args]
    rest = {key: changed(arg, dtype, state) if key not in ("fn", "out", "flag") else arg for key, arg in rest.items()}
    if not state.get("found") or state.get("other") or state.get("odd") or state["size"] > SMALL or rest.get("fails"):
        return False
    known, failed = len(cases.lines), len(cases.failures)
    try:
        real_case(op, *args, **rest)
    except (RuntimeError, AssertionError, TypeError):
        return False
    if len(cases.failures) > failed:
        del cases.failures[failed:]
    return len(cases.lines) > known


def main():
    warnings.simplefilter("ignore")
    everything = len(sys.argv) > 1
    cases.case = remember
    for module, parts in PARTS.items():
        generator = importlib.import_module(module)
        for part in parts.split():
            getattr(generator, part)()
    for op, list_of in asked.items():
        # From the front and the middle of an op's cases, which are of different kinds.
        step = 1 if everything else max(1, len(list_of) * 2 // 5)
        order = [i for first in range(step) for i in range(first, len(list_of), step)]
        for dtype in KEPT:
            left = len(list_of) if everything else KEPT[dtype]
            for i in order if dtype == "float16" else reversed(order):
                if left and ask(op, *list_of[i], dtype):
                    left -= 1
    print("-- What PyTorch's ops give in float16 and bfloat16. Written by make_reduced.py; make_ops.py says what the lines mean.")
    print("-- luacheck: no max line length")
    print("local inf, nan = math.huge, 0 / 0\nreturn {")
    print("\n".join(line for line in dict.fromkeys(cases.lines) if "nan" not in line))
    print("}")


if __name__ == "__main__":
    main()
