#!/usr/bin/env python3
"""Writes utils.lua: what torch.nn.utils does to gradients, for the spec of nn.utils.

    python3 make_utils.py > utils.lua

Needs torch 2.15. `norms`: {dtype, scale, max_norm, norm type as Lua text, norm, gradients of the two leaves after}. `values`:
{clip value, gradients after}. The gradients before are k * scale for k = -3 ... 2 in {2, 3}, and 1.5 * scale in {2}.
"""
import math

import torch
from torch.nn import utils


def leaves(dtype, scale):
    a, b = torch.zeros(2, 3, dtype=dtype), torch.zeros(2, dtype=dtype)
    a.grad = torch.arange(-3.0, 3.0, dtype=dtype).reshape(2, 3) * scale
    b.grad = torch.full((2,), 1.5, dtype=dtype) * scale
    return [a, b, torch.zeros(3)]


def text(x):
    value = [x.item()] if x.dim() == 0 else x.reshape(-1).tolist()
    return "{" + ",".join("0/0" if v != v else "1/0" if v == math.inf else "-1/0" if v == -math.inf else repr(v) for v in value) + "}"


def main():
    print("-- What torch.nn.utils does to gradients. Written by make_utils.py, which says what the fields are.")
    print("-- luacheck: no max line length")
    print("return {\nnorms = {")
    for name, dtype in (("float32", torch.float32), ("float64", torch.float64)):
        for scale in (1.0, 0.01, math.inf):
            for most in (1.0, 0.0, 100.0):
                for p, lua in ((2.0, "2"), (1.0, "1"), (3.0, "3"), (math.inf, "math.huge"), (0.0, "0"), (-math.inf, "-math.huge")):
                    params = leaves(dtype, scale)
                    norm = utils.clip_grad_norm_(params, most, p)
                    shown = "math.huge" if scale == math.inf else repr(scale)
                    print(f'{{"{name}",{shown},{most},{lua},{text(norm)},{text(params[0].grad)},{text(params[1].grad)}}},')
    print("},\nvalues = {")
    for limit in (0.5, 1.5, 0.0, 10.0):
        params = leaves(torch.float32, 1.0)
        utils.clip_grad_value_(params, limit)
        print(f"{{{limit},{text(params[0].grad)},{text(params[1].grad)}}},")
    print("},\n}")


main()
