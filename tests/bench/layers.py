"""layers.lua in PyTorch."""
import os
import sys

import torch
from torch import nn
import torch.nn.functional as F

from measure import maybe_compiled, measure, memory_format


class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(n, n, 3, padding=1, bias=False), nn.BatchNorm2d(n)
        self.conv2, self.bn2 = nn.Conv2d(n, n, 3, padding=1, bias=False), nn.BatchNorm2d(n)

    def forward(self, x):
        return F.relu(x + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


if sys.argv[1] == "block":
    x = torch.randn(16, 64, 56, 56).to(memory_format=memory_format)
    f = Block(64).to(memory_format=memory_format)
elif sys.argv[1] == "lstm":
    lstm = nn.LSTM(128, 128, batch_first=True)
    f, x = (lambda x: lstm(x)[0]), torch.randn(32, 64, 128)
else:
    f = nn.TransformerEncoder(nn.TransformerEncoderLayer(128, 4, dim_feedforward=512, batch_first=True), 4)
    x = torch.randn(32, 64, 128)
x.requires_grad_()
f = maybe_compiled(f)



def step(_):
    with torch.autocast(os.environ.get("DEVICE", "cpu"), torch.bfloat16, enabled=sys.argv[2:] == ["bfloat16"]):
        loss = f(x).sum()
    loss.backward()


measure(step)
