#!/usr/bin/env python3
"""Writes optim.lua: 50 steps of PyTorch's optimisers, for optim_spec; and files/optim_states.pt, their states after seven.

    python3 make_optim.py > optim.lua

Needs torch 2.15. `optimisers` and `states` are as in nn.lua (make_nn.py describes the problem), with 50 steps, places after
steps 1, 7, 20 and 50, and states after seven steps. `groups`: the same with two groups, b's options being those of GROUPS.
`lbfgs`: {options, dtype, {losses, places}, {func_evals, n_iter}} of ten steps with a closure. files/optim_states.pt: a list of
[name, state dict, w, b, w and b after three steps more], in float64.
"""
import io
import pathlib
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
    ("SGD", dict(lr=0.02, momentum=0.9, dampening=0.2, weight_decay=0.1)),
    ("SGD", dict(lr=0.02, momentum=0.8, nesterov=True, weight_decay=0.1, maximize=True)),
    ("Adam", dict(lr=0.005, amsgrad=True, weight_decay=0.1, betas=(0.7, 0.9), eps=1e-4)),
    ("Adam", dict(lr=0.005, weight_decay=0.1, decoupled_weight_decay=True)),
    ("AdamW", dict(lr=0.005, amsgrad=True, weight_decay=0.2, maximize=True)),
    ("Rprop", {}),
    ("Rprop", dict(lr=0.001, etas=(0.4, 1.3), step_sizes=(1e-4, 0.02))),
    ("Rprop", dict(lr=0.005, step_sizes=(1e-6, 0.01), maximize=True)),
    ("ASGD", {}),
    ("ASGD", dict(lr=0.05, lambd=0.01, alpha=0.5, t0=10, weight_decay=0.1)),
    ("ASGD", dict(lr=0.02, t0=0, maximize=True)),
    ("Adafactor", {}),
    ("Adafactor", dict(lr=0.05, beta2_decay=-0.5, eps=(1e-4, 1e-2), d=2.0, weight_decay=0.1)),
    ("Adafactor", dict(lr=0.02, maximize=True)),
]

# Options of the second of two groups.
GROUPS = {
    "SGD": dict(lr=0.05, momentum=0.5), "Adam": dict(lr=0.02, betas=(0.5, 0.9)), "AdamW": dict(weight_decay=0.3, eps=1e-3),
    "RMSprop": dict(alpha=0.5, momentum=0.3), "Adagrad": dict(lr_decay=0.1), "Adamax": dict(lr=0.01, weight_decay=0.1),
    "NAdam": dict(momentum_decay=0.1), "RAdam": dict(betas=(0.5, 0.9), weight_decay=0.1), "Adadelta": dict(rho=0.5),
    "Rprop": dict(etas=(0.3, 1.1)), "ASGD": dict(alpha=0.5, weight_decay=0.1), "Adafactor": dict(d=1.5),
}

LBFGS = [
    {}, dict(max_iter=3), dict(lr=0.3, max_iter=4, history_size=2), dict(line_search_fn="strong_wolfe", max_iter=5),
    dict(line_search_fn="strong_wolfe", max_iter=8, max_eval=6, lr=0.5, history_size=3),
    dict(line_search_fn="strong_wolfe", max_iter=6, lr=30.0, tolerance_grad=1e-3), dict(max_iter=4, maximize=True, lr=0.1),
    dict(line_search_fn="strong_wolfe", tolerance_change=1e-4),
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


def with_closure(w, b, loss, optimiser, steps):
    losses, places = [], {}

    def closure():
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    for step in range(1, steps + 1):
        losses.append(optimiser.step(closure).detach())
        if step in (1, 3, 7, 10):
            places[step] = [w.detach().clone(), b.detach().clone()]
    return [torch.stack(losses), places]


def groups():
    for name, options in GROUPS.items():
        w, b, loss = problem("float64")
        optimiser = getattr(torch.optim, name)([{"params": [w]}, {"params": [b], **options}])
        print(table([name, lua_options(options), "float64", run(w, b, loss, optimiser, 50)]) + ",")


def lbfgs():
    for options in LBFGS:
        for dtype in FLOATS:
            w, b, loss = problem(dtype)
            optimiser = torch.optim.LBFGS([w, b], **options)
            result = with_closure(w, b, loss, optimiser, 10 if dtype == "float64" else 1)
            state = optimiser.state_dict()["state"][0]
            print(table([options, dtype, result, [state["func_evals"], state["n_iter"]]]) + ",")


def saved():
    """Goes on from a state, to be loaded in Tycho; written beside the other files."""
    made = []
    kinds = [(name, options) for i, (name, options) in enumerate(OPTIMISERS) if options and OPTIMISERS[i - 1][0] == name]
    kinds += [("SGD", {}), ("SGD", dict(momentum=0.9)), ("Adam", {}), ("AdamW", {}), ("Rprop", {}), ("Adagrad", {}),
              ("LBFGS", dict(max_iter=2)), ("LBFGS", dict(max_iter=3, line_search_fn="strong_wolfe", history_size=2))]
    seen = set()
    for name, options in kinds:
        key = (name, tuple(sorted(options)))
        if key in seen:
            continue
        seen.add(key)
        w, b, loss = problem("float64")
        optimiser = getattr(torch.optim, name)([w, b], **options)
        take = with_closure if name == "LBFGS" else run
        take(w, b, loss, optimiser, 2 if name == "LBFGS" else 7)
        # A copy that shares nothing, as the state goes on changing.
        state = torch.load(as_bytes(optimiser.state_dict()))
        row = [name, state, w.detach().clone(), b.detach().clone()]
        take(w, b, loss, optimiser, 3)
        made.append(row + [w.detach().clone(), b.detach().clone()])
    torch.save(made, pathlib.Path(__file__).parent / "files" / "optim_states.pt")


def as_bytes(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    buffer.seek(0)
    return buffer


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
        print(table([name, lua_options(options), {i: {k: v.reshape(-1) for k, v in of.items() if v is not None} for i, of in state["state"].items()},
                     state["param_groups"][0]["params"]]) + ",")
    print("},\ngroups = {")
    groups()
    print("},\nlbfgs = {")
    lbfgs()
    print("},\n}")
    saved()


if __name__ == "__main__":
    main()
