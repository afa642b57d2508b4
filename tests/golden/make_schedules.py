#!/usr/bin/env python3
"""Writes schedules.lua: the learning rates (and momenta) of PyTorch's schedules, for the spec of lr_scheduler.

    python3 make_schedules.py > schedules.lua

Needs torch 2.15. A row is {schedule as Lua text, optimiser, groups' rates, rates, momenta}: rates[i] has one per group after
i - 1 steps, momenta likewise (the first of betas where there are betas; {} where the schedule leaves them alone).
A row may end in {schedule made anew after ten steps with last_epoch = 9, rates of five steps more}.
In the texts `opt` is the optimiser and S the module.
"""
import re
import warnings

import torch

STEPS = 30
S = torch.optim.lr_scheduler

# Schedule as Lua text; it is turned into Python's for torch.
SCHEDULES = [
    "S.StepLR(opt, 4)",
    "S.StepLR(opt, {step_size = 7, gamma = 0.5})",
    "S.StepLR(opt, {step_size = 1, gamma = 0.9})",
    "S.MultiStepLR(opt, {milestones = {3, 8, 8, 20}})",
    "S.MultiStepLR(opt, {milestones = {10, 2, 25}, gamma = 0.3})",
    "S.ConstantLR(opt)",
    "S.ConstantLR(opt, {factor = 0.5, total_iters = 9})",
    "S.LinearLR(opt)",
    "S.LinearLR(opt, {start_factor = 0.1, end_factor = 0.7, total_iters = 12})",
    "S.LinearLR(opt, {start_factor = 1, end_factor = 0, total_iters = 20})",
    "S.ExponentialLR(opt, 0.9)",
    "S.CosineAnnealingLR(opt, 10)",
    "S.CosineAnnealingLR(opt, {T_max = 7, eta_min = 0.003})",
    "S.CosineAnnealingLR(opt, {T_max = 50})",
    "S.CosineAnnealingWarmRestarts(opt, 8)",
    "S.CosineAnnealingWarmRestarts(opt, {T_0 = 3, T_mult = 2, eta_min = 0.001})",
    "S.PolynomialLR(opt)",
    "S.PolynomialLR(opt, {total_iters = 20, power = 2.5})",
    "S.OneCycleLR(opt, {max_lr = 0.4, total_steps = 31})",
    "S.OneCycleLR(opt, {max_lr = {0.4, 0.2}, epochs = 8, steps_per_epoch = 5, anneal_strategy = \"linear\"})",
    "S.OneCycleLR(opt, {max_lr = 0.4, total_steps = 35, three_phase = true, pct_start = 0.2, div_factor = 10, "
    "final_div_factor = 50, base_momentum = 0.7, max_momentum = {0.9, 0.8}})",
    "S.OneCycleLR(opt, {max_lr = 0.4, total_steps = 40, cycle_momentum = false})",
    "S.CyclicLR(opt, {base_lr = 0.01, max_lr = 0.1, step_size_up = 4})",
    "S.CyclicLR(opt, {base_lr = {0.01, 0.02}, max_lr = {0.1, 0.3}, step_size_up = 5, step_size_down = 3, "
    "mode = \"triangular2\"})",
    "S.CyclicLR(opt, {base_lr = 0.01, max_lr = 0.1, step_size_up = 6, mode = \"exp_range\", gamma = 0.95, "
    "base_momentum = {0.5, 0.6}, max_momentum = 0.95})",
    "S.CyclicLR(opt, {base_lr = 0.01, max_lr = 0.1, step_size_up = 4, cycle_momentum = false})",
    "S.LambdaLR(opt, function(epoch) return 0.95 ^ epoch end)",
    "S.LambdaLR(opt, {lr_lambda = {function(epoch) return 0.95 ^ epoch end, function(epoch) return 1 / (1 + epoch) end}})",
    "S.SequentialLR(opt, {schedulers = {S.ConstantLR(opt, {factor = 0.1, total_iters = 5}), S.ExponentialLR(opt, 0.9)}, "
    "milestones = {5}})",
    "S.SequentialLR(opt, {schedulers = {S.LinearLR(opt, {start_factor = 0.25, total_iters = 4}), "
    "S.CosineAnnealingLR(opt, {T_max = 9}), S.StepLR(opt, 3)}, milestones = {4, 15}})",
    "S.SequentialLR(opt, {schedulers = {S.PolynomialLR(opt, 6), S.CosineAnnealingWarmRestarts(opt, 4), "
    "S.MultiStepLR(opt, {milestones = {2, 3}})}, milestones = {6, 20}})",
    "S.MultiplicativeLR(opt, function(epoch) return 0.95 end)",
    "S.MultiplicativeLR(opt, {lr_lambda = {function(epoch) return 1 - 0.01 * epoch end, function(epoch) return 0.9 end}})",
    "S.ChainedScheduler({S.ConstantLR(opt, {factor = 0.1, total_iters = 5}), S.ExponentialLR(opt, 0.9)})",
    "S.ChainedScheduler({S.LinearLR(opt), S.StepLR(opt, 4), S.CosineAnnealingLR(opt, 12)}, opt)",
    "SWA.SWALR(opt, 0.05)",
    "SWA.SWALR(opt, {swa_lr = {0.2, 0.01}, anneal_epochs = 7, anneal_strategy = \"linear\"})",
    "SWA.SWALR(opt, {swa_lr = 0.02, anneal_epochs = 0})",
    "S.ReduceLROnPlateau(opt, {patience = 2})",
    "S.ReduceLROnPlateau(opt, {factor = 0.5, patience = 1, cooldown = 3, min_lr = {0.01, 0.002}})",
    "S.ReduceLROnPlateau(opt, {mode = \"max\", factor = 0.5, patience = 0, threshold = 0.05, threshold_mode = \"abs\"})",
    "S.ReduceLROnPlateau(opt, {mode = \"max\", factor = 0.3, patience = 3, threshold = 0.1, eps = 0.001})",
    "S.ReduceLROnPlateau(opt, {threshold = 0.2, threshold_mode = \"abs\", patience = 1})",
]


def python(text):
    text = re.sub(r"function\((\w+)\) return (.*?) end", lambda m: f"lambda {m[1]}: {m[2].replace('^', '**')}", text)
    text = text.replace("true", "True").replace("false", "False")
    # Options in braces become keywords, lists brackets: the innermost braces first.
    while "{" in text:
        text = re.sub(r"\{([^{}]*)\}", lambda m: "\x01" + re.sub(r"(\w+) = ", r"\1=", m[1]) + "\x02"
                      if re.match(r"\w+ = ", m[1]) else "[" + m[1] + "]", text)
    return text.replace("\x01", "").replace("\x02", "")


def metric(step):
    """What plateaus are told after step steps: a fall, a plain, a small fall, a rise."""
    return max(1.0 - 0.1 * step, 0.5) if step < 18 else 0.3 + 0.01 * (step - 18)


def lua(value):
    if isinstance(value, list):
        return "{" + ",".join(map(lua, value)) + "}"
    return '"' + value.replace('"', '\\"') + '"' if isinstance(value, str) else repr(value)


def resumed(text, kind, options, rates):
    """The schedule dropped after ten steps and made anew for the same optimiser."""
    groups = [{"params": [torch.ones(1, requires_grad=True)], "lr": rate} for rate in rates]
    opt = getattr(torch.optim, kind)(groups, lr=1.0, **options)
    again = re.sub(r"\)$", ", {last_epoch = 9})", text) if "{" not in text else re.sub(r"\}\)$", ", last_epoch = 9})", text)
    schedule = eval(python(text), {"S": S, "SWA": torch.optim.swa_utils, "opt": opt})
    for _ in range(10):
        opt.step(), schedule.step()
    schedule = eval(re.sub(r"\[?\blast_epoch=9\]?", "last_epoch=9", python(again)), {"S": S, "SWA": torch.optim.swa_utils, "opt": opt})
    held = [[float(g["lr"]) for g in opt.param_groups]]
    for _ in range(5):
        opt.step(), schedule.step()
        held.append([float(g["lr"]) for g in opt.param_groups])
    return [again, held]


def main():
    warnings.simplefilter("ignore")
    print("-- The sequences of PyTorch's schedules. Written by make_schedules.py, which says what the fields are.")
    print("-- luacheck: no max line length")
    print("return {")
    for text in SCHEDULES:
        for kind, options in (("SGD", {"momentum": 0.9}), ("Adam", {})):
            rates = [0.1, 0.03]
            groups = [{"params": [torch.ones(1, requires_grad=True)], "lr": rate} for rate in rates]
            opt = getattr(torch.optim, kind)(groups, lr=1.0, **options)
            schedule = eval(python(text), {"S": S, "SWA": torch.optim.swa_utils, "opt": opt})

            def momenta():
                return [float(g["betas"][0] if "betas" in g else g["momentum"]) for g in opt.param_groups]
            held, seen = [[g["lr"] for g in opt.param_groups]], [momenta()]
            for step in range(1, STEPS + 1):
                opt.step()
                schedule.step(*([metric(step)] if "Plateau" in text else []))
                assert schedule.get_last_lr() == [g["lr"] for g in opt.param_groups]
                held.append([float(g["lr"]) for g in opt.param_groups])
                seen.append(momenta())
            moves = any(m != seen[0] for m in seen)
            row = [text, kind, rates, held, seen if moves else []]
            if re.match(r"S\.(Step|MultiStep|Constant|Linear|Exponential|Cosine|Poly|OneCycle|Lambda|Multiplicative)", text):
                row.append(resumed(text, kind, options, rates))
            print(lua(row) + ",")
    print("}")


main()
