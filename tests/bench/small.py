"""small.lua in PyTorch."""
import sys

import torch

from measure import measure


def add(_):
    for _ in range(20000):
        x + 1


def backward(_):
    for _ in range(5000):
        (w * w).sum().backward()


x = torch.ones(4)
w = torch.ones(4, requires_grad=True)
if sys.argv[1] == "add":
    measure(add, count=20000)
else:
    measure(backward, count=5000)
