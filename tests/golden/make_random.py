#!/usr/bin/env python3
"""Writes random.inc: what PyTorch's CPU generator gives, for tests/c/test_random.c.

    python3 make_random.py > random.inc

Needs torch 2.15 on an x86-64 processor with AVX2. A row names an op with its arguments, and holds the FNV-1a hash of
the bytes of the result (row-major), the 64 bits drawn after it, and its first element. `libm` marks what passes through
the C library's logarithms and sines, and so may differ in the last place where that library is another one.
"""
import re
import warnings

import torch

F32, F64, F16, BF16 = torch.float32, torch.float64, torch.float16, torch.bfloat16
FLOATS = (F32, F64, F16, BF16)
I64 = torch.int64
NAMES = {torch.bool: "BOOL", torch.uint8: "UINT8", torch.int8: "INT8", torch.int16: "INT16", torch.int32: "INT32",
         I64: "INT64", F16: "FLOAT16", BF16: "BFLOAT16", F32: "FLOAT32", F64: "FLOAT64"}
INT64_MIN, INT64_MAX = -2**63, 2**63 - 1
SEEDS = (0, 7, 2**32 + 5, 2**64 - 1)


def fnv(data):
    h = 0xcbf29ce484222325
    for byte in data:
        h = (h ^ byte) * 0x100000001b3 & 2**64 - 1
    return h


def text(number):
    """Exactly, as a C literal, and short."""
    return str(int(number)) if number % 1 == 0 and abs(number) < 2**31 else re.sub("0+p", "p", number.hex())


def bytes_of(x):
    return (x.contiguous().view(torch.int16) if x.dtype in (F16, BF16) else x.contiguous()).numpy().tobytes()


def row(op, seed, dtype, rows, cols, result, a=0.0, b=0.0, low=0, high=0, libm=False):
    """result is a function: it is run after seeding."""
    torch.manual_seed(seed if seed < 2**63 else seed - 2**64)
    x = result()
    after = torch.empty(1, dtype=I64).random_(INT64_MIN, None).item() & 2**64 - 1
    first = float(x.flatten()[0])
    whole = {INT64_MIN: "INT64_MIN", INT64_MAX: "INT64_MAX"}
    low, high = (whole.get(v, str(v)) for v in (low, high))
    print(f"{{{op}, {seed}u, TY_{NAMES[dtype]}, {rows}, {cols}, {text(a)}, {text(b)}, {low}, {high}, "
          f"{int(libm)}, 0x{fnv(bytes_of(x)):016x}, 0x{after:016x}, {text(first)}}},")


def empty(dtype, rows, cols):
    return torch.empty(rows, cols, dtype=dtype)


def probabilities(dtype, rows, cols):
    """What test_random.c makes as well."""
    return (torch.arange(rows * cols) * 37 % 64 / 64).to(dtype).reshape(rows, cols)


def weights(dtype, rows, cols):
    return ((torch.arange(rows * cols) * 37 % 64 + 1) / 64).to(dtype).reshape(rows, cols)


def values(dtype, rows, cols):
    return ((torch.arange(rows * cols) % 7 - 3) / 2).to(dtype).reshape(rows, cols)


def fills():
    for dtype in FLOATS:
        for seed in SEEDS:
            for n in (1, 15, 16, 17, 1000):
                row("UNIFORM", seed, dtype, 1, n, lambda: torch.rand(1, n, dtype=dtype), 0.0, 1.0)
                row("NORMAL", seed, dtype, 1, n, lambda: torch.randn(1, n, dtype=dtype), 0.0, 1.0,
                    libm=dtype == F64 or n < 16)
        for n in (7, 31, 625, 4099):
            for a, b in ((-1.0, 1.0), (0.1, 2.3), (1.0, 1.0000001)):
                row("UNIFORM", 7, dtype, 1, n, lambda: empty(dtype, 1, n).uniform_(a, b), a, b)
            for a, b in ((0.3, 1.7), (-0.1, 0.02)):
                row("NORMAL", 7, dtype, 1, n, lambda: empty(dtype, 1, n).normal_(a, b), a, b,
                    libm=dtype == F64 or n < 16)
        for rate in (1.0, 1.5):
            row("EXPONENTIAL", 7, dtype, 3, 111, lambda: empty(dtype, 3, 111).exponential_(rate), rate, libm=True)
        # Views are filled along memory; normals of views come one by one.
        row("UNIFORM_T", 7, dtype, 6, 4, lambda: empty(dtype, 6, 4).t().uniform_(-1, 2), -1.0, 2.0)
        row("NORMAL_T", 7, dtype, 6, 4, lambda: empty(dtype, 6, 4).t().normal_(1, 2), 1.0, 2.0, libm=True)
        row("NORMAL_SLICE", 7, dtype, 6, 4, lambda: empty(dtype, 6, 4)[:, 1:].normal_(1, 2), 1.0, 2.0, libm=True)


def masks():
    for dtype in NAMES:
        for p in (0.0, 0.3, 1.0):
            row("BERNOULLI", 7, dtype, 5, 201, lambda: empty(dtype, 5, 201).bernoulli_(p), p)
    for dtype in FLOATS:
        row("BERNOULLI_OF", 7, dtype, 5, 201, lambda: torch.bernoulli(probabilities(dtype, 5, 201)))
        for p in (0.1, 0.2, 0.5, 1.0, 0.0):
            row("DROPOUT", 7, dtype, 64, 33, lambda: torch.dropout(values(dtype, 64, 33), p, True), p)
            row("DROPOUT_T", 7, dtype, 64, 33, lambda: torch.dropout(values(dtype, 64, 33).t(), p, True), p)


def integers():
    for low, high in ((0, 2), (0, 10), (-5, 7), (0, 2**28 - 1), (0, 2**28), (-2**31, 2**31 - 1), (0, 2**32), (0, 2**40),
                      (-2**62, 2**61), (0, 2**63 - 1), (INT64_MIN, INT64_MAX)):
        row("INTEGERS", 7, I64, 1, 1500, lambda: torch.randint(low, high, (1, 1500)), low=low, high=high)
    for dtype, low, high in ((torch.bool, 0, 2), (torch.uint8, 3, 256), (torch.int8, -128, 100),
                             (torch.int16, -2**15, 2**15), (torch.int32, -2**31, 2**31 - 1), (F32, -3, 9),
                             (F32, -2**24 - 9, 2**40), (F64, 0, 2**40), (F64, -2**60 - 17, 2**61 + 3)):
        row("INTEGERS", 7, dtype, 1, 99, lambda: empty(dtype, 1, 99).random_(low, high), low=low, high=high)
    for dtype in NAMES:
        row("INTEGERS", 7, dtype, 1, 99, lambda: empty(dtype, 1, 99).random_(), low=INT64_MAX, high=INT64_MIN)
        row("INTEGERS", 7, dtype, 1, 99, lambda: empty(dtype, 1, 99).random_(1, None), low=1, high=INT64_MIN)
    row("INTEGERS", 7, I64, 1, 99, lambda: empty(I64, 1, 99).random_(INT64_MIN, None), low=INT64_MIN, high=INT64_MIN)
    for n in (1, 2, 10, 1025, 60000):
        row("PERMUTATION", 7, I64, 1, n, lambda: torch.randperm(n).reshape(1, n))
    row("PERMUTATION", 7, torch.uint8, 1, 256, lambda: torch.randperm(256, dtype=torch.uint8).reshape(1, 256))
    row("PERMUTATION", 7, F32, 1, 300, lambda: torch.randperm(300, dtype=F32).reshape(1, 300))


def multinomials():
    for dtype in FLOATS:
        for rows, cols in ((1, 4), (3, 50), (2, 1000)):
            for k in (1, 2, cols) if dtype in (F32, F64) else (1, 2):  # more have equal quotients, whose order is open
                row("ONCE", 7, dtype, rows, cols, lambda: torch.multinomial(weights(dtype, rows, cols), k), low=k,
                    libm=True)
            for k in (1, 2, 2000):
                row("AGAIN", 7, dtype, rows, cols, lambda: torch.multinomial(weights(dtype, rows, cols), k, True),
                    low=k, libm=k == 1)


def initialisers():
    init = torch.nn.init
    kinds = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu")
    for dtype in FLOATS:
        for index, kind in enumerate(kinds):
            for fan, mode in enumerate(("fan_in", "fan_out")):
                row("KAIMING_UNIFORM", 7, dtype, 12, 30,
                    lambda: init.kaiming_uniform_(empty(dtype, 12, 30), 5 ** 0.5, mode, kind), 5 ** 0.5, low=fan,
                    high=index)
                row("KAIMING_NORMAL", 7, dtype, 12, 30,
                    lambda: init.kaiming_normal_(empty(dtype, 12, 30), 0.2, mode, kind), 0.2, low=fan, high=index,
                    libm=dtype == F64)
        for gain in (1.0, 5.0 / 3):
            row("XAVIER_UNIFORM", 7, dtype, 12, 30, lambda: init.xavier_uniform_(empty(dtype, 12, 30), gain), gain)
            row("XAVIER_NORMAL", 7, dtype, 12, 30, lambda: init.xavier_normal_(empty(dtype, 12, 30), gain), gain,
                libm=dtype == F64)
        # Standard ones within [low, high] / 10: by drawing again, and by the density.
        for low, high in ((-20, 20), (-5, 15), (20, 30), (-1, 1)):
            row("TRUNC_NORMAL", 7, dtype, 12, 30,
                lambda: init.trunc_normal_(empty(dtype, 12, 30), 0, 1, low / 10, high / 10), low=low, high=high,
                libm=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print("/* Made by make_random.py with PyTorch 2.15; the row's fields are those of `golden` in test_random.c. */")
    fills()
    masks()
    integers()
    multinomials()
    initialisers()
