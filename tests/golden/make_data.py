#!/usr/bin/env python3
"""Writes data.lua: what PyTorch's samplers, loaders and random_split give from a seed, for data_spec.lua.

    python3 make_data.py > data.lua

Rows of `samplers`: {Lua text of the sampler, seed, {pass = positions}, rand(1) afterwards}; G in a text is a generator of seed 5.
Rows of `loaders`: {options, {pass = {batches of positions}}, rand(1) afterwards} over ten examples; options as Lua text.
`splits`: {fractions, parts} of eleven examples from seed 0.
"""
import re

import torch
from torch.utils import data

from cases import numbers

TEN = list(range(10))


def table(value):
    if isinstance(value, torch.Tensor):
        return "{" + ",".join(numbers(value)) + "}"
    if isinstance(value, (list, tuple)):
        return "{" + ",".join(map(table, value)) + "}"
    return '"' + value.replace('"', '\\"') + '"' if isinstance(value, str) else repr(value)


def python(text):
    """{a = 1} becomes keywords, {1, 2} a list."""
    text = text.replace("true", "True").replace("false", "False")
    while "{" in text:  # the innermost first
        text = re.sub(r"\{([^{}]*)\}", lambda m: re.sub(r"(\w+) = ", r"\1=", m[1]) if re.match(r"\w+ = ", m[1]) else f"[{m[1]}]", text)
    return text


def from_one(positions):
    return [from_one(p) if isinstance(p, list) else int(p) + 1 for p in positions]


SAMPLERS = [
    "SequentialSampler(ten)",
    "RandomSampler(ten)",
    "RandomSampler(ten, {generator = G})",
    "RandomSampler(ten, {num_samples = 4})",
    "RandomSampler(ten, {num_samples = 20})",
    "RandomSampler(ten, {num_samples = 23, generator = G})",
    "RandomSampler(ten, {replacement = true})",
    "RandomSampler(ten, {replacement = true, num_samples = 70})",
    "RandomSampler(ten, {replacement = true, num_samples = 64, generator = G})",
    "SubsetRandomSampler(some)",
    "SubsetRandomSampler(some, {generator = G})",
    "WeightedRandomSampler({0.1, 0.9, 0.4, 0.7, 3.0, 0.6}, 10)",
    "WeightedRandomSampler({0.9, 0.4, 0.05, 0.2, 0.3, 0.1}, 5, false)",
    "WeightedRandomSampler({0.9, 0.4, 0.05, 0.2, 0.3, 0.1}, {num_samples = 1, replacement = true, generator = G})",
    "BatchSampler(RandomSampler(ten), 4, false)",
    "BatchSampler(RandomSampler(ten), 4, true)",
    "BatchSampler(RandomSampler(ten, {generator = G}), 5, true)",
    "BatchSampler(SequentialSampler(ten), {batch_size = 3, drop_last = false})",
]

LOADERS = [
    "{batch_size = 3, sampler = RandomSampler(ten)}",
    "{batch_size = 3, sampler = RandomSampler(ten, {replacement = true, num_samples = 40}), drop_last = true}",
    "{batch_size = 4, sampler = WeightedRandomSampler({0.1, 0.2, 0.3, 0.4}, 9)}",
    "{batch_size = 2, sampler = SubsetRandomSampler(some, {generator = G}), generator = G}",
    "{batch_sampler = BatchSampler(RandomSampler(ten), 4, true)}",
    "{batch_sampler = BatchSampler(RandomSampler(ten, {generator = G}), 4, false), generator = G}",
    "{batch_size = 4, shuffle = true, generator = G, drop_last = true}",
    "{batch_size = None, shuffle = true}",
    "{batch_size = None, shuffle = true, generator = G}",
    "{batch_size = None}",
]


def run(text, over):
    torch.manual_seed(3)
    names = {name: getattr(data, name) for name in dir(data) if name.endswith("Sampler")}
    names |= {"ten": TEN, "some": [7, 0, 3, 9, 4], "G": torch.Generator().manual_seed(5), "dict": dict}
    source = eval(over(python(text)), names | {"DataLoader": data.DataLoader})
    return [from_one([x.tolist() if isinstance(x, torch.Tensor) else x for x in source]) for _ in range(3)]


def main():
    print("-- What PyTorch's samplers and loaders give. Written by make_data.py, which says what the fields are.")
    print("-- luacheck: no max line length")
    print("return {\nsamplers = {")
    for text in SAMPLERS:
        print(table([text, 3, run(text, lambda t: t), torch.rand(1)]) + ",")
    print("},\nloaders = {")
    for text in LOADERS:
        passes = run(text, lambda t: f"DataLoader(ten, {t})")
        print(table([text.replace("None", "false"), passes, torch.rand(1)]) + ",")
    print("},\nsplits = {")
    for fractions in ([0.5, 0.5], [0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [0.05, 0.95], [1 / 3, 1 / 3, 1 / 3]):
        torch.manual_seed(0)
        parts = data.random_split(range(11), fractions)
        print(table([fractions, [from_one(part.indices) for part in parts]]) + ",")
    print("},\n}")


if __name__ == "__main__":
    main()
