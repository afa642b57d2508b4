#!/usr/bin/env python3
"""Writes run.lua: the losses of a whole training run of PyTorch's (200 steps on Fashion-MNIST), for tests/spec/run_golden_spec.lua,
which runs the same program. Needs the Debian package dataset-fashion-mnist.

    python3 make_run.py > run.lua
"""
import gzip
import struct

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

FOLDER = "/usr/share/datasets/fashion-mnist/"
STEPS = 200


def read(name):
    with gzip.open(FOLDER + name) as file:
        magic = struct.unpack(">I", file.read(4))[0]
        shape = struct.unpack(f">{magic & 255}I", file.read(4 * (magic & 255)))
        return torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).reshape(shape)


def main():
    torch.set_num_threads(1)
    images = read("train-images-idx3-ubyte.gz").float().unsqueeze(1) / 255
    labels = read("train-labels-idx1-ubyte.gz").long()
    torch.manual_seed(7)
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.2), nn.Linear(256, 128), nn.ReLU(),
                        nn.Dropout(0.2), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    losses = []
    for x, y in DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        losses.append(loss.item())
        if len(losses) == STEPS:
            break
    print("-- The losses of 200 steps of training by PyTorch. Written by make_run.py, which says of what.")
    print("return {")
    for i in range(0, STEPS, 8):
        print("  " + ", ".join(f"{loss:.7g}" for loss in losses[i:i + 8]) + ",")
    print("}")


if __name__ == "__main__":
    main()
