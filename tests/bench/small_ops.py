"""small_ops.lua in PyTorch."""
import sys, time
import torch

torch.set_num_threads(1)


def measure(count, f):
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        f(count)
        best = min(best, time.perf_counter() - start)
    print(f"{best / count * 1e6:.4f}")


def add(n):
    for _ in range(n):
        x + 1


def backward(n):
    for _ in range(n):
        (w * w).sum().backward()


x = torch.ones(4)
w = torch.ones(4, requires_grad=True)
if sys.argv[1] == "add":
    measure(50000, add)
else:
    measure(10000, backward)
