"""arrays.lua in PyTorch."""
import sys

import torch

from measure import measure

works = {
    "add": lambda x, y: x + y,
    "add_row": lambda x, y: x + y[0],
    "relu": lambda x, y: x.relu(),
    "exp": lambda x, y: x.exp(),
    "tanh": lambda x, y: x.tanh(),
    "sum": lambda x, y: x.sum(),
    "softmax": lambda x, y: x.softmax(1),
    "matmul": lambda x, y: x.matmul(y),
}
n = int(sys.argv[2]) if len(sys.argv) > 2 else 0
sizes = (n, n) if n else (10000, 1000)
x, y = torch.randn(sizes), torch.randn(sizes)
if sys.argv[3:] == ["tf32"]:
    torch.backends.cuda.matmul.allow_tf32 = True
if sys.argv[3:] == ["bfloat16"]:
    x, y = x.bfloat16(), y.bfloat16()
work = works[sys.argv[1]]
measure(lambda _: work(x, y))
