#!/usr/bin/env python3
"""Writes cnn.lua: first values of PyTorch's convolution layers from a seed, and the losses of small networks as they train.

    python3 make_cnn.py > cnn.lua
"""
import torch
from torch import nn

from cases import numbers

torch.set_num_threads(1)

# Class, arguments as Lua writes them, arguments.
LAYERS = [("Conv1d", "3, 4, 2", (3, 4, 2), {}),
          ("Conv2d", "4, 6, {3, 2}, {groups = 2}", (4, 6, (3, 2)), {"groups": 2}),
          ("Conv2d", "2, 2, 3, {bias = false}", (2, 2, 3), {"bias": False}),
          ("Conv3d", "2, 2, 2", (2, 2, 2), {}),
          ("ConvTranspose1d", "3, 2, 3", (3, 2, 3), {}),
          ("ConvTranspose2d", "4, 6, 2, {groups = 2}", (4, 6, 2), {"groups": 2}),
          ("ConvTranspose3d", "2, 2, 2", (2, 2, 2), {})]

NETWORKS = [
    ("nn.Conv2d(1, 4, 3, {padding = 1}), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3, {stride = 2}), nn.ReLU(), nn.Flatten(), "
     "nn.Linear(32, 3)",
     lambda: nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3, stride=2), nn.ReLU(),
                           nn.Flatten(), nn.Linear(32, 3))),
    ("nn.Conv2d(1, 6, 3, {padding = \"same\", padding_mode = \"reflect\"}), nn.Tanh(), nn.Conv2d(6, 6, 3, {groups = 6}), "
     "nn.AvgPool2d(2), nn.Upsample{scale_factor = 2, mode = \"bilinear\"}, nn.ConvTranspose2d(6, 3, 2), nn.ReLU(), "
     "nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 3)",
     lambda: nn.Sequential(nn.Conv2d(1, 6, 3, padding="same", padding_mode="reflect"), nn.Tanh(), nn.Conv2d(6, 6, 3, groups=6),
                           nn.AvgPool2d(2), nn.Upsample(scale_factor=2, mode="bilinear"), nn.ConvTranspose2d(6, 3, 2), nn.ReLU(),
                           nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 3)))]


def main():
    print("-- First values of PyTorch's convolution layers (seed 5), and losses of training (seed 11, Adam). Written by make_cnn.py.")
    print("-- luacheck: no max line length")
    print("return {layers = {")
    for name, text, args, named in LAYERS:
        torch.manual_seed(5)
        layer = getattr(nn, name)(*args, **named)
        values = ["{" + ",".join(numbers(p)) + "}" for p in layer.parameters()]
        print(f"  {{\"nn.{name}({text})\", {', '.join(values)}}},")
    print("}, networks = {")
    for text, make in NETWORKS:
        torch.manual_seed(11)
        x, y = torch.randn(9, 1, 10, 10), torch.arange(9) % 3
        net = make()
        optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
        losses = []
        for _ in range(12):
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(net(x), y)
            loss.backward()
            optimiser.step()
            losses.append(f"{loss.item():.7g}")
        quoted = text.replace('"', '\\"')
        print(f"  {{\"nn.Sequential({quoted})\", {', '.join(losses)}}},")
    print("}}")


if __name__ == "__main__":
    main()
