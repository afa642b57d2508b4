#!/usr/bin/env python3
"""Writes seed.lua: what PyTorch's CPU generator gives after manual_seed, through the functions a user calls; for seed_spec.lua.

    python3 make_seed.py > seed.lua

A row: {Lua text, seed, elements (the first twelve), sum of all absolute values, rand(1) afterwards}. Needs torch 2.15 on an
x86-64 processor with AVX2.
"""
import torch
import torch.nn.functional as F
from torch import nn

from cases import numbers

SEEDS = (0, 7, 2**32 + 5)
F64, I64 = torch.float64, torch.int64


def e(*shape, dtype=torch.float32):
    return torch.empty(*shape, dtype=dtype)


def parameters(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def one(x):
    return x + 1


P4 = torch.tensor([0.1, 0.2, 0.3, 0.4])
RATES = torch.tensor([0.0, 0.3, 2.0, 9.5, 10.0, 42.0, 300.0, 1e6])
ROWS = [
    *[(f"ty.rand({n})", lambda n=n: torch.rand(n)) for n in (1, 5, 16, 100)],
    ("ty.rand(2, 3, {dtype = 'float64'})", lambda: torch.rand(2, 3, dtype=F64)),
    *[(f"ty.randn({n})", lambda n=n: torch.randn(n)) for n in (1, 5, 15, 16, 17, 31, 32, 100)],
    *[(f"ty.randn({n}, {{dtype = 'float64'}})", lambda n=n: torch.randn(n, dtype=F64)) for n in (5, 16, 33)],
    ("ty.cat {ty.randn(3), ty.rand(2), ty.randn(4)}", lambda: torch.cat([torch.randn(3), torch.rand(2), torch.randn(4)])),
    ("ty.randint(10, {12})", lambda: torch.randint(10, (12,))),
    ("ty.randint(-5, 7, {2, 4})", lambda: torch.randint(-5, 7, (2, 4))),
    ("ty.randint(0, 1 << 31, {4})", lambda: torch.randint(0, 1 << 31, (4,))),
    ("ty.randint(0, 1 << 40, {4})", lambda: torch.randint(0, 1 << 40, (4,))),
    ("ty.randint(3, 9, {5}, {dtype = 'float32'})", lambda: torch.randint(3, 9, (5,), dtype=torch.float32)),
    *[(f"ty.randperm({n})", lambda n=n: one(torch.randperm(n))) for n in (1, 10, 100)],
    ("ty.rand_like(ty.zeros(3, 4))", lambda: torch.rand_like(torch.zeros(3, 4))),
    ("ty.randn_like(ty.zeros(17))", lambda: torch.randn_like(torch.zeros(17))),
    ("ty.randint_like(ty.zeros(5), 9)", lambda: torch.randint_like(torch.zeros(5), 9)),
    ("ty.randint_like(ty.zeros(5), -3, 9, {dtype = 'int64'})", lambda: torch.randint_like(torch.zeros(5), -3, 9, dtype=I64)),
    ("ty.bernoulli(ty.full({20}, 0.3))", lambda: torch.bernoulli(torch.full((20,), 0.3))),
    ("ty.bernoulli(ty.full({20}, 0.3, {dtype = 'float64'}))", lambda: torch.bernoulli(torch.full((20,), 0.3, dtype=F64))),
    ("ty.bernoulli(ty.zeros(9), 0.6)", lambda: torch.bernoulli(torch.zeros(9), 0.6)),
    ("ty.empty(20):bernoulli_(0.3)", lambda: e(20).bernoulli_(0.3)),
    ("ty.empty(2, 4):bernoulli_(ty.tensor {0.1, 0.2, 0.3, 0.4})", lambda: e(2, 4).bernoulli_(P4)),
    ("ty.multinomial(ty.tensor {0.1, 0.2, 0.3, 0.4}, 10, true)", lambda: one(torch.multinomial(P4, 10, True))),
    ("ty.multinomial(ty.tensor {0.1, 0.2, 0.3, 0.4}, 4)", lambda: one(torch.multinomial(P4, 4))),
    ("ty.multinomial(ty.tensor {0.1, 0.2, 0.3, 0.4}, 1)", lambda: one(torch.multinomial(P4, 1))),
    ("ty.multinomial(ty.tensor {0.1, 0.2, 0.3, 0.4}, 1, true)", lambda: one(torch.multinomial(P4, 1, True))),
    ("ty.multinomial(ty.tensor {{0.1, 0.9}, {0.5, 0.5}, {3.0, 1.0}}, 5, true)",
     lambda: one(torch.multinomial(torch.tensor([[0.1, 0.9], [0.5, 0.5], [3.0, 1.0]]), 5, True))),
    *[(f"ty.empty({n}):normal_(1, 2)", lambda n=n: e(n).normal_(1, 2)) for n in (7, 40)],
    ("ty.empty(3, 8):t():normal_()", lambda: e(3, 8).t().normal_()),
    ("ty.normal(ty.arange(5.0), 0.5)", lambda: torch.normal(torch.arange(5.0), 0.5)),
    ("ty.normal(2, 3, {18})", lambda: torch.normal(2.0, 3.0, (18,))),
    ("ty.empty(9):uniform_(-1, 4)", lambda: e(9).uniform_(-1, 4)),
    ("ty.empty(9):exponential_(1.5)", lambda: e(9).exponential_(1.5)),
    ("ty.empty(9, {dtype = 'float64'}):exponential_()", lambda: e(9, dtype=F64).exponential_()),
    ("ty.empty(9):cauchy_()", lambda: e(9).cauchy_()),
    ("ty.empty(9, {dtype = 'float64'}):cauchy_(0.5, 2)", lambda: e(9, dtype=F64).cauchy_(0.5, 2)),
    ("ty.empty(9):log_normal_()", lambda: e(9).log_normal_()),
    ("ty.empty(21):log_normal_(0, 0.25)", lambda: e(21).log_normal_(0, 0.25)),
    ("ty.empty(9):geometric_(0.3)", lambda: e(9).geometric_(0.3)),
    ("ty.empty(9, {dtype = 'int32'}):geometric_(0.01)", lambda: e(9, dtype=torch.int32).geometric_(0.01)),
    ("ty.poisson(ty.tensor {0.0, 0.3, 2.0, 9.5, 10.0, 42.0, 300.0, 1e6})", lambda: torch.poisson(RATES)),
    ("ty.poisson(ty.full({3, 30}, 12.5, {dtype = 'float64'}))", lambda: torch.poisson(torch.full((3, 30), 12.5, dtype=F64))),
    ("ty.empty(5, {dtype = 'int32'}):random_()", lambda: e(5, dtype=torch.int32).random_()),
    ("ty.empty(5):random_(7)", lambda: e(5).random_(7)),
    ("ty.empty(5):random_(-3, 7)", lambda: e(5).random_(-3, 7)),
    ("ty.empty(5, {dtype = 'uint8'}):random_ {from = 250}", lambda: e(5, dtype=torch.uint8).random_(250, None)),
    *[(f"F.dropout(ty.ones({n}), {p})", lambda n=n, p=p: F.dropout(torch.ones(n), p)) for n, p in ((20, 0.3), (100, 0.5))],
    ("F.dropout(ty.ones(3, 4):t(), 0.5)", lambda: F.dropout(torch.ones(3, 4).t(), 0.5)),
    ("weights(nn.Linear(3, 2))", lambda: parameters(nn.Linear(3, 2))),
    ("weights(nn.Linear(20, 30))", lambda: parameters(nn.Linear(20, 30))),
    ("weights(nn.Sequential(nn.Linear(3, 4), nn.PReLU(), nn.Linear(4, 1)))",
     lambda: parameters(nn.Sequential(nn.Linear(3, 4), nn.PReLU(), nn.Linear(4, 1)))),
    ("weights(nn.AdaptiveLogSoftmaxWithLoss(8, 12, {3, 7}))", lambda: parameters(nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7]))),
    ("weights(nn.LSTM(2, 3, {num_layers = 2, bidirectional = true}))",
     lambda: parameters(nn.LSTM(2, 3, num_layers=2, bidirectional=True))),
    ("weights(nn.GRU(2, 3))", lambda: parameters(nn.GRU(2, 3))),
    ("weights(nn.RNNCell(2, 3))", lambda: parameters(nn.RNNCell(2, 3))),
]


def main():
    print("-- What PyTorch's generator gives from a seed. Written by make_seed.py, which says what the fields are.")
    print("-- luacheck: no max line length")
    print("return {")
    for text, draw in ROWS:
        for seed in SEEDS if "weights" not in text else SEEDS[:1]:
            torch.manual_seed(seed)
            x = draw()
            after = torch.rand(1)
            total = numbers(x.double().abs().sum())[0]
            print(f'{{"{text}",{seed},{{{",".join(numbers(x)[:12])}}},{total},{numbers(after)[0]}}},')
    print("}")


if __name__ == "__main__":
    main()
