#!/usr/bin/env python3
"""Writes optim.lua: 50 steps of PyTorch's RMSprop, Adagrad, Adamax, NAdam, RAdam and Adadelta, for optim_spec.

    python3 make_optim.py > optim.lua

Needs torch 2.15. `optimisers` and `states` are as in nn.lua (make_nn.py describes the problem), with 50 steps, places after
steps 1, 7, 20 and 50, and states after seven steps.
"""
import warnings

import torch

from cases import FLOATS
from make_nn import lua_options, problem, table

# The rates are small: once at the minimum, float32 gradients are rounding errors, and no two ways to compute them agree.
OPTIMISERS = [
    ("RMSprop", {}),
    ("RMSprop", dict(lr=0.005, alpha=0.9, momentum=0.5)),
    ("RMSprop", dict(lr=0.02, alpha=0.4, centered=True, weight_decay=0.1)),
    ("RMSprop", dict(lr=0.01, momentum=0.9, centered=True, eps=1e-3, maximize=True)),
    ("Adagrad", {}),
    ("Adagrad", dict(lr=0.1, lr_decay=0.05, weight_decay=0.1)),
    ("Adagrad", dict(lr=0.1, initial_accumulator_value=0.2, eps=1e-4, maximize=True)),
    ("Adamax", {}),
    ("Adamax", dict(lr=0.005, betas=(0.4, 0.9), weight_decay=0.1)),
    ("Adamax", dict(lr=0.05, eps=1e-2, maximize=True)),
    ("NAdam", {}),
    ("NAdam", dict(lr=0.005, betas=(0.4, 0.9), weight_decay=0.1, momentum_decay=0.1)),
    ("NAdam", dict(lr=0.005, weight_decay=0.1, decoupled_weight_decay=True)),
    ("NAdam", dict(lr=0.01, eps=1e-3, maximize=True)),
    ("RAdam", {}),
    ("RAdam", dict(lr=0.005, betas=(0.4, 0.9), weight_decay=0.1)),
    ("RAdam", dict(lr=0.005, weight_decay=0.1, decoupled_weight_decay=True)),
    ("RAdam", dict(lr=0.01, eps=1e-3, maximize=True)),
    ("Adadelta", {}),
    ("Adadelta", dict(lr=0.5, rho=0.4, eps=1e-3, weight_decay=0.1)),
    ("Adadelta", dict(lr=2.0, eps=1e-4, maximize=True)),
]


def run(w, b, loss, optimiser, steps):
    losses, places = [], {}
    for step in range(1, steps + 1):
        optimiser.zero_grad()
        value = loss()
        value.backward()
        optimiser.step()
        losses.append(value.detach())
        if step in (1, 7, 20, 50):
            places[step] = [w.detach().clone(), b.detach().clone()]
    return [torch.stack(losses), places]


def main():
    warnings.simplefilter("ignore")
    print("-- What PyTorch's further optimisers give. Written by make_optim.py, which says what the fields are.")
    print("-- luacheck: no max line length")
    print("return {\noptimisers = {")
    for name, options in OPTIMISERS:
        for dtype in FLOATS:
            w, b, loss = problem(dtype)
            print(table([name, lua_options(options), dtype,
                         run(w, b, loss, getattr(torch.optim, name)([w, b], **options), 50)]) + ",")
    print("},\nstates = {")
    for name, options in OPTIMISERS:
        w, b, loss = problem("float64")
        optimiser = getattr(torch.optim, name)([w, b], **options)
        run(w, b, loss, optimiser, 7)
        state = optimiser.state_dict()
        print(table([name, lua_options(options), {i: {k: v.reshape(-1) for k, v in of.items()} for i, of in state["state"].items()},
                     state["param_groups"][0]["params"]]) + ",")
    print("},\n}")


main()
