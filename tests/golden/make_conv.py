#!/usr/bin/env python3
"""Writes conv.lua: what PyTorch's convolutions and pools give, forward and backward; the format is make_ops.py's.

    python3 make_conv.py > conv.lua
"""
import sys
import warnings

import torch
import torch.nn.functional as F

from cases import FLOATS, V, X, case, failures, lines

HALVES = ("float16", "bfloat16")


def layer(op, *args, **named):
    case(op, *args, fn=getattr(F, op), **named)


def conv():
    for dtype in FLOATS:
        bias = X(4, dtype=dtype, seed=3)
        layer("conv1d", X(2, 2, 7, dtype=dtype), X(4, 2, 3, dtype=dtype, seed=1), bias)
        layer("conv1d", X(2, 2, 7, dtype=dtype), X(4, 2, 3, dtype=dtype, seed=1), bias, 2, 1, 2, 1)
        layer("conv1d", X(2, 7, dtype=dtype), X(4, 1, 2, dtype=dtype, seed=1), bias, stride=[3], groups=2)
        layer("conv2d", X(1, 2, 5, 4, dtype=dtype), X(4, 2, 3, 2, dtype=dtype, seed=1), bias)
        layer("conv2d", X(2, 3, 5, 4, dtype=dtype), X(4, 3, 3, 3, dtype=dtype, seed=1), bias, [2, 1], [1, 2], [1, 1], 1)
        layer("conv2d", X(2, 4, 5, 4, dtype=dtype), X(4, 2, 3, 2, dtype=dtype, seed=1), bias, padding=1, dilation=[2, 1], groups=2)
        layer("conv2d", X(1, 4, 5, 6, dtype=dtype), X(4, 1, 3, 3, dtype=dtype, seed=1), bias, padding=1, groups=4)
        layer("conv2d", X(1, 2, 6, 5, dtype=dtype), X(4, 1, 2, 3, dtype=dtype, seed=1), bias, stride=[2, 3], padding=[1, 1],
              dilation=[1, 2], groups=2)
        layer("conv2d", X(2, 3, 4, 4, dtype=dtype), X(4, 3, 1, 1, dtype=dtype, seed=1), bias)
        layer("conv2d", X(2, 3, 5, 5, dtype=dtype), X(4, 3, 1, 1, dtype=dtype, seed=1), stride=2)
        layer("conv3d", X(1, 2, 3, 4, 3, dtype=dtype), X(2, 2, 2, 2, 2, dtype=dtype, seed=1), X(2, dtype=dtype, seed=2))
        layer("conv3d", X(2, 2, 3, 4, 3, dtype=dtype), X(2, 1, 2, 3, 2, dtype=dtype, seed=1), X(2, dtype=dtype, seed=2), [1, 2, 1],
              [1, 1, 0], [1, 1, 2], 2)
    for padding in ("same", "valid"):
        layer("conv1d", X(1, 2, 6), X(2, 2, 4, seed=1), padding=padding)
        layer("conv2d", X(1, 2, 5, 4), X(2, 2, 3, 2, seed=1), padding=padding, dilation=[1, 2])
        layer("conv3d", X(1, 1, 3, 4, 3), X(1, 1, 2, 3, 2, seed=1), X(1, seed=2), 1, padding)
    layer("conv2d", X(2, 5, 4), X(3, 2, 3, 2, seed=1), X(3, seed=2))
    layer("conv2d", X(2, 2, 5, 4, layout="f"), X(3, 2, 3, 2, seed=1, layout="f"), padding=1)
    layer("conv2d", X(0, 2, 5, 4), X(3, 2, 3, 2, seed=1), X(3, seed=2))
    layer("conv3d", X(2, 3, 4, 3), X(1, 2, 2, 2, 2, seed=1))
    for dtype in HALVES:
        layer("conv2d", X(1, 2, 4, 4, dtype=dtype), X(2, 2, 3, 3, dtype=dtype, seed=1), X(2, dtype=dtype, seed=2))
        layer("conv_transpose2d", X(1, 2, 3, 3, dtype=dtype), X(2, 1, 2, 2, dtype=dtype, seed=1), stride=2)
    x, w = X(1, 3, 5, 5), X(4, 3, 3, 3)
    layer("conv2d", X(1, 1, 5, 5), w, fails=True)
    layer("conv2d", x, X(4, 3, 3), fails=True)
    layer("conv2d", X(5, 5), w, fails=True)
    layer("conv2d", x, w, X(3), fails=True)
    layer("conv2d", x, w, groups=3, fails=True)
    layer("conv2d", x, w, groups=0, fails=True)
    layer("conv2d", x, w, stride=0, fails=True)
    layer("conv2d", x, w, padding=-1, fails=True)
    layer("conv2d", x, w, dilation=0, fails=True)
    layer("conv2d", x, w, stride=[1, 1, 1], fails=True)
    layer("conv2d", x, X(4, 3, 6, 6), fails=True)
    layer("conv2d", x, w, padding="same", stride=2, fails=True)
    layer("conv2d", x, w, padding="full", fails=True)
    layer("conv2d", X(1, 3, 5, 5, dtype="float64"), w, fails=True)
    layer("conv2d", X(1, 3, 0, 5), w, fails=True)


def conv_transpose():
    for dtype in FLOATS:
        bias = X(4, dtype=dtype, seed=3)
        layer("conv_transpose1d", X(2, 2, 4, dtype=dtype), X(2, 4, 3, dtype=dtype, seed=1), bias)
        layer("conv_transpose1d", X(2, 2, 4, dtype=dtype), X(2, 2, 3, dtype=dtype, seed=1), bias, 2, 1, 1, 2, 2)
        layer("conv_transpose2d", X(2, 3, 3, 2, dtype=dtype), X(3, 4, 3, 2, dtype=dtype, seed=1), bias)
        layer("conv_transpose2d", X(2, 2, 3, 2, dtype=dtype), X(2, 4, 3, 3, dtype=dtype, seed=1), bias, [2, 1], [1, 0], [1, 0], 1,
              [1, 2])
        layer("conv_transpose2d", X(1, 4, 3, 4, dtype=dtype), X(4, 1, 3, 3, dtype=dtype, seed=1), bias, stride=2, padding=1,
              output_padding=1, groups=4)
        layer("conv_transpose2d", X(1, 4, 3, 3, dtype=dtype), X(4, 1, 2, 2, dtype=dtype, seed=1), stride=2, groups=2)
        layer("conv_transpose2d", X(1, 3, 3, 3, dtype=dtype), X(3, 4, 1, 1, dtype=dtype, seed=1), bias)
        layer("conv_transpose3d", X(1, 2, 2, 3, 2, dtype=dtype), X(2, 2, 2, 2, 2, dtype=dtype, seed=1), X(2, dtype=dtype, seed=2),
              [1, 2, 1], [1, 0, 0], [0, 1, 0], 1, [1, 1, 2])
    layer("conv_transpose1d", X(2, 4), X(2, 2, 3, seed=1), X(2, seed=2))
    layer("conv_transpose2d", X(2, 3, 3), X(2, 3, 2, 2, seed=1))
    layer("conv_transpose3d", X(2, 2, 2, 2), X(2, 1, 2, 2, 2, seed=1))
    layer("conv_transpose2d", X(0, 2, 3, 3), X(2, 3, 2, 2, seed=1))
    x, w = X(1, 2, 3, 3), X(2, 3, 2, 2)
    layer("conv_transpose2d", X(1, 3, 3, 3), w, fails=True)
    layer("conv_transpose2d", x, w, X(2), fails=True)
    layer("conv_transpose2d", x, w, output_padding=1, fails=True)
    layer("conv_transpose2d", x, w, output_padding=-1, fails=True)
    layer("conv_transpose2d", x, w, padding=3, fails=True)
    layer("conv_transpose2d", x, w, groups=3, fails=True)


def largest():
    for dtype in FLOATS:
        layer("max_pool1d", X(2, 2, 7, dtype=dtype), 3, 2, 1, 1, True, True, out="TI")
        layer("max_pool2d", X(2, 2, 5, 6, dtype=dtype), 2)
        layer("max_pool2d", X(1, 2, 5, 6, dtype=dtype), [3, 2], [2, 1], [1, 0], [1, 2], True, return_indices=True, out="TI")
        layer("max_pool3d", X(1, 1, 4, 4, 3, dtype=dtype), 2, 1, 1, 1, False, True, out="TI")
        for d, shape in ((1, (2, 2, 7)), (2, (1, 2, 5, 7)), (3, (1, 1, 3, 4, 5))):
            layer(f"adaptive_max_pool{d}d", X(*shape, dtype=dtype), 3)
            layer(f"adaptive_max_pool{d}d", X(*shape, dtype=dtype), output_size=[2] * d, return_indices=True, out="TI")
    layer("max_pool1d", X(2, 7), kernel_size=2, stride=[3], ceil_mode=True)
    layer("max_pool1d", X(2, 9), 3, dilation=2, padding=1)
    layer("max_pool2d", X(2, 5, 6), 3, stride=2, padding=1, ceil_mode=True)
    layer("max_pool2d", V([[[1.0, float("nan"), 2.0, -float("inf")], [3.0, 1.0, -float("inf"), -float("inf")]]], grad=True), [1, 2],
          return_indices=True, out="TI")
    layer("max_pool2d", X(2, 1, 4, 6, layout="f"), 2, return_indices=True, out="TI")
    layer("max_pool2d", X(1, 2, 270, mul=0.5), [2, 3], [1, 40])
    layer("max_pool3d", X(1, 2, 4, 3), kernel_size=[1, 2, 3], stride=[1, 2, 1], padding=[0, 1, 1], dilation=1, ceil_mode=True)
    layer("max_pool2d", X(0, 2, 4, 4), 2)
    for dtype in HALVES:
        layer("max_pool2d", X(1, 2, 4, 4, dtype=dtype), 2, return_indices=True, out="TI")
    layer("max_pool2d", X(1, 1, 4, 4), 5, fails=True)
    layer("max_pool2d", X(1, 1, 4, 4), 2, padding=2, fails=True)
    layer("max_pool2d", X(1, 1, 4, 4), 0, fails=True)
    layer("max_pool2d", X(1, 1, 4, 4), 2, stride=0, fails=True)
    layer("max_pool2d", X(4, 4), 2, fails=True)
    layer("max_pool2d", X(1, 1, 4, 4), [1, 2, 3], fails=True)
    layer("max_pool2d", X(1, 1, 0, 4), 2, fails=True)
    layer("adaptive_max_pool2d", X(1, 1, 4, 4), [2, 3, 4], fails=True)
    for d, shape in ((1, (1, 2, 6)), (2, (1, 2, 4, 6)), (3, (1, 1, 2, 4, 4))):
        x = X(*shape)
        y, at = getattr(F, f"max_pool{d}d")(x.make().detach(), 2, return_indices=True)
        for dtype in FLOATS:
            layer(f"max_unpool{d}d", X(*y.shape, dtype=dtype, seed=4), Places(at), 2)
        layer(f"max_unpool{d}d", X(*y.shape, seed=4), Places(at), [2] * d, [2] * d, 0, list(s + 1 for s in shape[2:]))
        layer(f"max_unpool{d}d", X(*y.shape[1:], seed=4), Places(at[0]), kernel_size=2, stride=2, padding=0)
        layer(f"max_unpool{d}d", X(*y.shape, seed=4), Places(at * 0 + 99), 2, fails=True)
        layer(f"max_unpool{d}d", X(*y.shape, seed=4), Places(at), 2, output_size=[9] * d, fails=True)


class Places(V):
    """Positions in flattened images."""

    def __init__(self, at):
        self.x, self.grad = at, False

    def lua(self):
        return V((self.x + 1).tolist(), "int64").lua()


def averages():
    for dtype in FLOATS:
        layer("avg_pool1d", X(2, 2, 7, dtype=dtype), 3, 2, 1, True, False)
        layer("avg_pool2d", X(2, 2, 5, 6, dtype=dtype), 2)
        for ceil_mode in (False, True):
            for count_include_pad in (False, True):
                layer("avg_pool2d", X(1, 2, 5, 6, dtype=dtype), [3, 2], [2, 3], [1, 1], ceil_mode, count_include_pad)
        layer("avg_pool2d", X(1, 2, 5, 6, dtype=dtype), 2, divisor_override=3)
        layer("avg_pool3d", X(1, 1, 4, 4, 3, dtype=dtype), 2, 1, 1, False, False, 5)
        layer("avg_pool3d", X(1, 1, 4, 4, 3, dtype=dtype), [3, 2, 2], 2, [1, 1, 0], True, True)
        for d, shape in ((1, (2, 2, 7)), (2, (1, 2, 5, 7)), (3, (1, 1, 3, 4, 5))):
            layer(f"adaptive_avg_pool{d}d", X(*shape, dtype=dtype), 3)
            layer(f"adaptive_avg_pool{d}d", X(*shape[1:], dtype=dtype), output_size=[2] * d)
            for ceil_mode in (False, True):
                layer(f"lp_pool{d}d", X(*shape, dtype=dtype, mul=0.25, add=1), 2.0, 2, ceil_mode=ceil_mode)
            layer(f"lp_pool{d}d", X(*shape, dtype=dtype, mul=0.25, add=1), norm_type=3.0,
                  kernel_size=2 if d == 1 else [2] * d, stride=1 if d == 1 else [1] * d)
    layer("avg_pool1d", X(2, 7), kernel_size=2, stride=[3], padding=0, ceil_mode=True, count_include_pad=True)
    layer("avg_pool2d", X(2, 5, 6), 3, stride=2, padding=1)
    layer("avg_pool2d", X(2, 1, 4, 6, layout="f"), 2)
    layer("avg_pool2d", X(0, 2, 4, 4), 2)
    layer("adaptive_avg_pool2d", X(1, 2, 3, 3), [1, 1])
    layer("adaptive_avg_pool2d", X(1, 2, 3, 3), [5, 4])
    layer("lp_pool1d", X(2, 7, mul=0.25, add=1), 2.0, 3, 2)
    for dtype in HALVES:
        layer("avg_pool2d", X(1, 2, 4, 4, dtype=dtype), 2)
        layer("adaptive_avg_pool2d", X(1, 2, 4, 4, dtype=dtype), 3)
    layer("avg_pool2d", X(1, 1, 4, 4), 5, fails=True)
    layer("avg_pool2d", X(1, 1, 4, 4), 2, padding=2, fails=True)
    layer("avg_pool2d", X(1, 1, 4, 4), 2, divisor_override=0, fails=True)
    layer("avg_pool2d", X(1, 1, 4, 4, dtype="int32"), [1, 2, 3], fails=True)
    layer("adaptive_avg_pool2d", X(1, 1, 4, 4), [-2, 1], fails=True)


def main():
    warnings.simplefilter("ignore")
    for part in PARTS:
        part()
    if failures:
        sys.exit("PyTorch refused:\n" + "\n".join(failures))
    print("-- What PyTorch's convolutions and pools give. Written by make_conv.py; make_ops.py says what the lines mean.")
    print("-- luacheck: no max line length")
    print("local inf, nan = math.huge, 0 / 0\nreturn {")
    print("\n".join(lines))
    print("}")


PARTS = [conv, conv_transpose, largest, averages]

if __name__ == "__main__":
    main()
