#!/usr/bin/env python3
"""Writes index.lua: PyTorch's documented public names by area, for the coverage page of the reference and tests/spec/coverage_spec.lua.

    python3 make_index.py > index.lua
"""
import inspect
import textwrap

import torch
import torch.autograd.functional
import torch.nn.utils.rnn
import torch.optim.lr_scheduler
import torch.utils.data


def documented(value):
    doc = getattr(value, "__doc__", None)
    return bool(doc) and "Internal" not in doc[:40]


def functions(module, names=None):
    """Functions with documentation; no classes, no modules."""
    for name in names or dir(module):
        value = getattr(module, name, None)
        if not name.startswith("_") and callable(value) and not inspect.isclass(value) and documented(value):
            yield name


def classes(module, base, names=None):
    for name in names or dir(module):
        value = getattr(module, name, None)
        if not name.startswith("_") and inspect.isclass(value) and issubclass(value, base):
            yield name


def listed(module):
    return [name for name in getattr(module, "__all__", dir(module)) if not name.startswith("_") and callable(getattr(module, name))]


def members(cls):
    for name in dir(cls):
        if not name.startswith("_") and documented(getattr(cls, name, None)):
            yield name


AREAS = [
    ("torch", functions(torch)),
    ("torch.Tensor", members(torch.Tensor)),
    ("torch.nn", list(classes(torch.nn, torch.nn.Module)) + ["Parameter"]),
    ("torch.nn.functional", functions(torch.nn.functional)),
    ("torch.nn.init", [n for n in functions(torch.nn.init) if n.endswith("_") or n == "calculate_gain"]),
    ("torch.nn.utils", listed(torch.nn.utils)),
    ("torch.nn.utils.rnn", listed(torch.nn.utils.rnn)),
    ("torch.optim", classes(torch.optim, torch.optim.Optimizer)),
    ("torch.optim.lr_scheduler", listed(torch.optim.lr_scheduler)),
    ("torch.utils.data", listed(torch.utils.data)),
    ("torch.autograd", listed(torch.autograd)),
    ("torch.autograd.functional", listed(torch.autograd.functional)),
    ("torch.linalg", functions(torch.linalg)),
    ("torch.special", functions(torch.special)),
]


def main():
    print("-- Written by make_index.py with PyTorch %s: its public names, {area, names}." % torch.__version__)
    print("return {")
    for area, names in AREAS:
        text = textwrap.fill(" ".join(sorted(set(names), key=str.lower)), 126, break_long_words=False, break_on_hyphens=False)
        print('{"%s", [[\n%s]]},' % (area, text))
    print("}")


main()
