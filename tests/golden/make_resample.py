#!/usr/bin/env python3
"""Writes resample.lua: what PyTorch's padding, interpolation, sampling and folding give, forward and backward; the format is
make_ops.py's.

    python3 make_resample.py > resample.lua
"""
import sys
import warnings

import torch
import torch.nn.functional as F

from cases import FLOATS, V, X, case, failures, lines

HALVES = ("float16", "bfloat16")


def layer(op, *args, **named):
    case(op, *args, fn=getattr(F, op.removeprefix("F.")), **named)


def pad():
    for dtype in (*FLOATS, *HALVES):
        layer("pad", X(2, 3, dtype=dtype), [1, 2])
        layer("pad", X(2, 3, dtype=dtype), [1, 0, 0, 2], "constant", 1.5)
        layer("pad", X(2, 3, 4, dtype=dtype), [-1, 2, 1, -2], value=-1.0)
        for mode in ("reflect", "replicate", "circular"):
            layer("pad", X(2, 4, dtype=dtype), [2, 1], mode)
            layer("pad", X(1, 2, 3, 4, dtype=dtype), [3, 1, 0, 2], mode=mode)
    for mode in ("reflect", "replicate", "circular"):
        layer("pad", X(1, 2, 2, 2, 3), [1, 2, 1, 0, 1, 1], mode)
        layer("pad", X(2, 5), [-1, 2], mode)
        layer("pad", X(2, 3, 4, layout="f"), [1, 1, 2, 1], mode)
    layer("pad", X(2, 3, dtype="int64"), [1, 1], "constant", 7)
    layer("pad", X(2, 3, dtype="bool"), [1, 1])
    layer("pad", X(3), [4, 0])
    layer("pad", X(2, 3), [-3, 1])
    layer("pad", X(0, 3), [1, 1])
    layer("pad", X(2, 3), [1], fails=True)
    layer("pad", X(2, 3), [1, 1, 1, 1, 1, 1], fails=True)
    layer("pad", X(2, 3), [-4, 0], fails=True)
    layer("pad", X(2, 3), [3, 0], "reflect", fails=True)
    layer("pad", X(2, 3), [4, 0], "circular", fails=True)
    layer("pad", X(3), [1, 1], "replicate", fails=True)
    layer("pad", X(2, 3, 4), [1, 1, 1, 1, 1, 1], "reflect", fails=True)
    layer("pad", X(2, 3), [1, 1], "mirror", fails=True)


def interpolate():
    images = {"linear": (1, 2, 5), "bilinear": (1, 1, 4, 5), "bicubic": (1, 1, 4, 5), "trilinear": (1, 1, 3, 4, 3)}
    for dtype in FLOATS:
        for mode in ("nearest", "nearest-exact", "area"):
            layer("interpolate", X(1, 2, 5, dtype=dtype), 8, mode=mode)
            layer("interpolate", X(1, 2, 4, 5, dtype=dtype), [7, 3], mode=mode)
            layer("interpolate", X(1, 2, 4, 5, dtype=dtype), scale_factor=[1.7, 0.6], mode=mode)
            layer("interpolate", X(1, 1, 2, 3, 2, dtype=dtype), scale_factor=2.0, mode=mode)
        for mode, shape in images.items():
            n = len(shape) - 2
            for align_corners in (False, True):
                layer("interpolate", X(*shape, dtype=dtype), [7, 3, 6][:n], mode=mode, align_corners=align_corners)
                layer("interpolate", X(*shape, dtype=dtype), scale_factor=1.6, mode=mode, align_corners=align_corners)
            layer("interpolate", X(*shape, dtype=dtype), scale_factor=[1.6, 0.7, 1.3][:n], mode=mode, recompute_scale_factor=True)
        for mode in ("bilinear", "bicubic"):
            for size in ([3, 2], [6, 7], [2, 8]):
                layer("interpolate", X(1, 1, 8, 7, dtype=dtype), size, mode=mode, antialias=True)
            layer("interpolate", X(1, 1, 8, 7, dtype=dtype), scale_factor=0.4, mode=mode, align_corners=False, antialias=True)
    layer("interpolate", X(1, 1, 4, 5), size=[1, 1], mode="bilinear", align_corners=True)
    layer("interpolate", X(1, 1, 1, 1), size=[3, 2], mode="bicubic")
    layer("interpolate", X(1, 2, 4, 5), [4, 5], mode="bilinear")
    layer("interpolate", X(2, 2, 3, layout="f"), 5, mode="linear")
    layer("interpolate", X(1, 1, 4, 4, dtype="uint8"), [6, 3])
    for dtype in HALVES:
        layer("interpolate", X(1, 1, 3, 3, dtype=dtype), [5, 4])
        layer("interpolate", X(1, 1, 3, 3, dtype=dtype), [5, 4], mode="bilinear")
    layer("interpolate", X(1, 2, 4), 3, 2.0, fails=True)
    layer("interpolate", X(1, 2, 4), fails=True)
    layer("interpolate", X(1, 2, 4), 3, mode="bilinear", fails=True)
    layer("interpolate", X(1, 2, 4), 3, mode="nearest", align_corners=True, fails=True)
    layer("interpolate", X(2, 4), 3, fails=True)
    layer("interpolate", X(1, 2, 4), 0, fails=True)
    layer("interpolate", X(1, 2, 4), scale_factor=0.1, fails=True)
    layer("interpolate", X(1, 2, 4), [3, 3], fails=True)
    layer("interpolate", X(1, 2, 4), scale_factor=[2.0, 2.0], fails=True)
    layer("interpolate", X(1, 2, 4), 3, mode="linear", antialias=True, fails=True)
    layer("interpolate", X(1, 2, 4), 3, recompute_scale_factor=True, fails=True)
    layer("interpolate", X(1, 2, 4, dtype="int64"), 3, mode="linear", fails=True)
    layer("interpolate", X(1, 2, 4), 3, mode="cubic", fails=True)


def sample():
    def grid(*shape, dtype="float32", seed=5):
        return X(*shape, dtype=dtype, seed=seed, mul=0.7, add=0.013)
    for dtype in FLOATS:
        for padding_mode in ("zeros", "border", "reflection"):
            for align_corners in (False, True):
                for mode in ("bilinear", "nearest", "bicubic"):
                    layer("grid_sample", X(1, 2, 3, 3, dtype=dtype), grid(1, 2, 3, 2, dtype=dtype), mode=mode,
                          padding_mode=padding_mode, align_corners=align_corners)
                for mode in ("bilinear", "nearest"):
                    layer("grid_sample", X(1, 1, 2, 3, 2, dtype=dtype), grid(1, 1, 3, 2, 3, dtype=dtype), mode, padding_mode,
                          align_corners)
        for align_corners in (False, True):
            layer("affine_grid", X(2, 2, 3, dtype=dtype), [2, 1, 3, 2], align_corners=align_corners)
            layer("affine_grid", X(1, 3, 4, dtype=dtype), [1, 1, 2, 1, 3], align_corners)
    layer("grid_sample", X(2, 2, 3, 3), grid(2, 1, 2, 2))
    layer("grid_sample", X(1, 1, 1, 1), grid(1, 1, 2, 2), padding_mode="reflection", align_corners=True)
    for dtype in HALVES:
        layer("grid_sample", X(1, 1, 3, 3, dtype=dtype, grad=False), X(1, 1, 2, 2, dtype=dtype, mul=0.25, grad=False))
    layer("grid_sample", X(1, 2, 3), grid(1, 2, 2), fails=True)
    layer("grid_sample", X(1, 2, 3, 3), grid(2, 1, 2, 2), fails=True)
    layer("grid_sample", X(1, 2, 3, 3), grid(1, 1, 2, 3), fails=True)
    layer("grid_sample", X(1, 2, 3, 3), grid(1, 1, 2, 2, dtype="float64"), fails=True)
    layer("grid_sample", X(1, 1, 3, 3, 3), grid(1, 1, 1, 2, 3), "bicubic")
    layer("grid_sample", X(1, 1, 3, 3), grid(1, 1, 2, 2), "cubic", fails=True)
    layer("affine_grid", X(1, 2, 3), [2, 1, 3, 2], fails=True)
    layer("affine_grid", X(1, 2, 3), [1, 1, 3], fails=True)
    layer("affine_grid", X(1, 2, 3), [1, 1, 0, 2], fails=True)


def fold():
    for dtype in FLOATS:
        layer("F.unfold", X(1, 2, 4, 5, dtype=dtype), 2)
        layer("F.unfold", X(2, 3, 4, dtype=dtype), [2, 3], [1, 1], [1, 0], [2, 1])
        layer("F.unfold", X(1, 1, 5, 5, dtype=dtype), kernel_size=2, dilation=2, padding=1, stride=2)
        layer("fold", X(1, 8, 12, dtype=dtype), [4, 5], 2)
        layer("fold", X(12, 3, dtype=dtype), [4, 3], [2, 3], [1, 1], [1, 0], [2, 1])
        layer("fold", X(1, 4, 9, dtype=dtype), output_size=[5, 5], kernel_size=2, dilation=2, padding=1, stride=2)
    for dtype in ("float32", "float64", "int64", "float16"):
        layer("pixel_shuffle", X(2, 4, 2, 3, dtype=dtype), 2)
        layer("pixel_unshuffle", X(2, 4, 6, dtype=dtype), 2)
        layer("channel_shuffle", X(1, 6, 2, dtype=dtype), 3)
    layer("pixel_shuffle", X(9, 1, 2), upscale_factor=3)
    layer("pixel_unshuffle", X(1, 2, 3, 6), downscale_factor=3)
    layer("channel_shuffle", X(2, 4, 2, 2), groups=2)
    layer("F.unfold", X(1, 2, 4, 5), 6, fails=True)
    layer("F.unfold", X(4, 5), 2, fails=True)
    layer("F.unfold", X(1, 2, 4, 5), [2, 2, 2], fails=True)
    layer("fold", X(1, 8, 11), [4, 5], 2, fails=True)
    layer("fold", X(1, 7, 12), [4, 5], 2, fails=True)
    layer("fold", X(8), [4, 5], 2, fails=True)
    layer("pixel_shuffle", X(1, 3, 2, 2), 2, fails=True)
    layer("pixel_shuffle", X(1, 4, 2, 2), 0, fails=True)
    layer("pixel_unshuffle", X(1, 1, 3, 4), 2, fails=True)
    layer("channel_shuffle", X(1, 4, 2), 3, fails=True)
    layer("channel_shuffle", X(4, 2), 2, fails=True)


def main():
    warnings.simplefilter("ignore")
    for part in PARTS:
        part()
    if failures:
        sys.exit("PyTorch refused:\n" + "\n".join(failures))
    print("-- What PyTorch's padding, interpolation and folding give. Written by make_resample.py; make_ops.py says what the lines mean.")
    print("-- luacheck: no max line length")
    print("local inf, nan = math.huge, 0 / 0\nreturn {")
    print("\n".join(lines))
    print("}")


PARTS = [pad, interpolate, sample, fold]

if __name__ == "__main__":
    main()
