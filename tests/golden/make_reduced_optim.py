#!/usr/bin/env python3
"""Writes reduced_optim.lua: five steps of PyTorch's optimisers with parameters in float16 and bfloat16, for reduced_spec.

    python3 make_reduced_optim.py > reduced_optim.lua

Needs torch 2.15. The parameter has 64 elements (37 i % 64 - 31) / 16, its gradient in step s ((29 i + 7 s) % 17 - 8) / 8: as
many as make whole vectors, because PyTorch rounds once more in what is left over of them. Kept is every third element.
"""
import torch

KINDS = [
    ("SGD", dict(lr=0.1)), ("SGD", dict(lr=0.1, momentum=0.9, weight_decay=0.01)),
    ("SGD", dict(lr=0.1, momentum=0.9, nesterov=True)), ("SGD", dict(lr=0.1, momentum=0.9, dampening=0.1, maximize=True)),
    ("Adam", dict(lr=0.01)), ("Adam", dict(lr=0.01, weight_decay=0.1)), ("Adam", dict(lr=0.01, amsgrad=True)),
    ("AdamW", dict(lr=0.01)), ("RMSprop", dict(lr=0.01)), ("RMSprop", dict(lr=0.01, momentum=0.9, centered=True)),
    ("Adagrad", dict(lr=0.1)), ("Adamax", dict(lr=0.01)), ("NAdam", dict(lr=0.01)), ("RAdam", dict(lr=0.01)),
    ("Adadelta", dict(lr=1.0)),
]


def steps(kind, options, dtype):
    i = torch.arange(64)
    w = ((37 * i % 64 - 31) / 16).to(dtype).requires_grad_()
    optimiser = getattr(torch.optim, kind)([w], foreach=False, **options)
    for s in range(5):
        w.grad = (((29 * i + 7 * s) % 17 - 8) / 8).to(dtype)
        optimiser.step()
    return w.detach().float()[::3].tolist()


def main():
    print("-- Steps of PyTorch's optimisers in float16 and bfloat16. Written by make_reduced_optim.py.")
    print("-- luacheck: no max line length\nreturn {")
    for kind, options in KINDS:
        named = ", ".join(f"{key} = {str(value).lower()}" for key, value in options.items())
        for dtype in torch.float16, torch.bfloat16:
            values = ", ".join(f"{value:.9g}" for value in steps(kind, options, dtype))
            print(f'  {{"{kind}", {{{named}}}, "{str(dtype)[6:]}", {{{values}}}}},')
    print("}")


if __name__ == "__main__":
    main()
