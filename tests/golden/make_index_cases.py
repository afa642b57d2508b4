#!/usr/bin/env python3
"""Writes index_cases.lua: subscripts, read and assigned, with the values, shapes and gradients that PyTorch gives.

    python3 make_index_cases.py > index_cases.lua

A case is {kind, sizes of x, subscript as Lua source, value as Lua source or "", result}. x holds 1, 2, 3, ... as float64.
In the sources I(sizes, ...) is an index tensor, B(sizes, "0110") a mask, V(dtype, sizes) a value 10, 20, 30, ..., and N is ty.newaxis.
kind is "read" (y = x[...]), "write" (x[...] = value), "add" (x[...]:add_(value)) or "put" (x:index_put(list, value, true)).
The result is false where PyTorch refuses, or {sizes of y or nil, its values, gradient of x, gradient of the value}: the
gradients are of the sum of the result's (x's, where x was written) elements, each times its number from 1.
"""
import random

import torch

REST = Ellipsis
rng = random.Random(7)


def lua_list(values):
    return "{%s}" % ",".join(format(v, ".17g") if isinstance(v, float) else str(v) for v in values)


def lua_item(item):
    if item is None:
        return "N"
    if item is REST:
        return '"..."'
    if isinstance(item, slice):
        if item == slice(None):
            return "{}"
        start = 1 if item.start is None else item.start + 1 if item.start >= 0 else item.start
        stop = -1 if item.stop is None else item.stop if item.stop > 0 else item.stop - 1
        return lua_list([start, stop] + ([item.step] if item.step else []))
    if isinstance(item, torch.Tensor):
        flat = item.flatten().tolist()
        if item.dtype == torch.bool:
            return 'B(%s,"%s")' % (lua_list(item.shape), "".join("01"[v] for v in flat))
        return "I(%s)" % ",".join([lua_list(item.shape)] + [str(v + 1 if v >= 0 else v) for v in flat])
    return str(item + 1 if item >= 0 else item)


def lua_key(key):
    return "{%s}" % ",".join(map(lua_item, key))


def value_of(dtype, sizes):
    n = torch.Size(sizes).numel()
    return (torch.arange(1, n + 1) * 10).to(getattr(torch, dtype)).reshape(sizes)


def weights(y):
    return torch.arange(1, y.numel() + 1, dtype=torch.float64).reshape(y.shape)


def numbers(t):
    return "nil" if t is None else lua_list([int(v) for v in t.flatten().tolist()])


def emit(kind, sizes, key, value=None):
    """value: a number or (dtype, sizes)."""
    x = torch.arange(1, torch.Size(sizes).numel() + 1, dtype=torch.float64).reshape(sizes).requires_grad_()
    source = ""
    if isinstance(value, tuple):
        source = 'V("%s",%s)' % (value[0], lua_list(value[1]))
        value = value_of(*value)
        if value.is_floating_point():
            value.requires_grad_()
    elif value is not None:
        source = str(value)
    try:
        key = tuple(key)
        y = x * 1
        if kind == "read":
            result = y = y[key]
        elif kind == "write":
            y[key] = value
        elif kind == "add":
            y[key].add_(value)
        else:
            y = y.index_put(key, value, True)
        total = (y * weights(y)).sum()
        if y.numel():
            total.backward()
        shape = lua_list(result.shape) if kind == "read" else "nil"
        gradient = value.grad if isinstance(value, torch.Tensor) else None
        found = "{%s,%s,%s,%s}" % (shape, numbers(y), numbers(x.grad), numbers(gradient))
        found = found.replace(",nil,nil}", "}").replace(",nil}", "}")
    except (IndexError, RuntimeError, ValueError, TypeError):
        found = "false"
    print("{'%s',%s,'%s','%s',%s}," % (kind, lua_list(sizes), lua_key(key), source, found))


def index(sizes, *values):
    return torch.tensor(values, dtype=torch.long).reshape(sizes)


def mask(sizes, text):
    return torch.tensor([c == "1" for c in text], dtype=torch.bool).reshape(sizes)


def random_index(size, block):
    part = [n if rng.random() < 0.8 else 1 for n in block][rng.randrange(len(block) + 1) if len(block) > 1 else 0:]
    count = torch.Size(part).numel()
    return index(part, *[rng.randrange(-size, size) for _ in range(count)])


def random_mask(sizes, trues=None):
    n = torch.Size(sizes).numel()
    if trues is None:
        text = "".join(rng.choice("01") for _ in range(n))
    else:
        places = rng.sample(range(n), trues)
        text = "".join("1" if i in places else "0" for i in range(n))
    return mask(sizes, text)


def random_slice(size):
    a, b = rng.choice([None] + list(range(-size - 1, size + 1))), rng.choice([None] + [v for v in range(-size - 1, size + 2) if v != 0])
    return slice(a, b, rng.choice([None, None, 2, 3]))


def random_key(sizes, gathers):
    key, d, block = [], 0, rng.choice([[2], [2], [3], [2, 2], [2, 3]])
    stop = rng.randrange(1, len(sizes) + 1)
    rest = rng.random() < 0.25
    while d < stop:
        kind = rng.choice("psanii" + "m" * 2 if gathers else "pssan")
        if kind == "p":
            key.append(rng.randrange(-sizes[d], sizes[d]))
        elif kind == "s":
            key.append(random_slice(sizes[d]))
        elif kind == "a":
            key.append(slice(None))
        elif kind == "n":
            key.append(None)
            if rng.random() < 0.5:
                d += 1
                key.append(slice(None))
            continue
        elif kind == "i":
            key.append(random_index(sizes[d], block))
        else:
            wide = rng.randrange(1, 3) if d + 1 < stop else 1
            n = torch.Size(sizes[d:d + wide]).numel()
            key.append(random_mask(sizes[d:d + wide], min(n, rng.choice([block[-1], 1]))))
            d += wide - 1
        d += 1
    if rest:
        key.insert(0 if stop == len(sizes) else len(key), REST)
    return key


SHAPES = [[4], [2, 3], [3, 4], [2, 3, 2], [3, 1, 4], [2, 2, 3], [2, 3, 2, 2]]
ALL = slice(None)


def picked():
    a, b = index([2], 1, 0), index([2, 1], 0, -1)
    shape = [2, 3, 2, 2]
    for key in [[a, ALL, a], [a, a], [ALL, a, a], [ALL, a, ALL, a], [a, 0, a], [a, ALL, 0, a], [0, ALL, a], [0, a, ALL], [ALL, a, 0],
                [ALL, 0, a], [a, 0], [a, b], [b, a, ALL, a], [ALL, b, a], [a, None, a], [None, a], [a, None], [ALL, None, a], [REST, a],
                [REST, a, ALL], [REST, None], [None, REST], [REST], [], [a, REST, a], [REST, 0], [0, REST, 1], [None, None, 0],
                [index([], 1)], [index([], 1), ALL, index([], 0)], [index([], -1), a], [a, index([], 1), ALL, a], [index([0])],
                [ALL, index([0])], [index([0]), index([1], 1)], [index([0]), index([2], 1, 1)], [index([2, 0])],
                [mask([2], "10")], [mask([2], "00")], [mask([2, 3], "101001")], [ALL, mask([3, 2], "010111")],
                [mask([2, 3, 2, 2], "1" + "0" * 21 + "11")], [ALL, mask([3], "101"), a], [mask([2], "11"), a], [mask([2], "11"), ALL, a],
                [ALL, mask([3], "110"), mask([2], "11")], [mask([2], "10"), mask([3], "111")], [mask([], "1")], [mask([], "0")],
                [ALL, mask([], "1")], [mask([], "1"), a], [mask([], "0"), ALL, a], [mask([2], "11"), mask([3], "111")], [mask([3], "111")],
                [ALL, ALL, mask([2, 2], "1001"), None], [2], [-3], [0, 0, 0, 0, 0], [ALL] * 5, [index([1], 2)], [index([1], -3)],
                [index([], 2)], [mask([2, 2], "1111")], [index([2], 0, 1), index([3], 0, 1, 2)], [slice(1, 1)], [slice(5, 9)],
                [slice(-9, -1)], [ALL, slice(None, None, 2)], [REST, slice(1, None), None, 0]]:
        emit("read", shape, key)
    emit("read", [], [])
    emit("read", [], [REST])
    emit("read", [], [None])
    emit("read", [], [mask([], "1")])
    emit("read", [], [mask([], "0")])
    emit("read", [], [0])
    emit("read", [0, 3], [ALL, 1])
    emit("read", [0, 3], [index([0])])
    emit("read", [0, 3], [0])
    emit("write", [], [], 4)
    emit("write", [], [mask([], "1")], 4)
    emit("write", [], [mask([], "0")], 4)
    emit("write", [], [REST], ("float64", [1, 1]))
    for value in [5, 2.0, ("float64", []), ("float64", [1]), ("float64", [3]), ("float64", [2, 1]), ("float64", [2, 3]), ("float64", [1, 2, 3]),
                  ("float64", [1, 1, 1]), ("float64", [2, 1, 3]), ("float64", [2]), ("float32", [3]), ("int64", []), ("int64", [1]), ("bool", []),
                  ("int64", [2, 3]), ("float64", [0]), ("float64", [0, 3]), ("float64", [3, 2])]:
        for key in [[slice(0, 2)], [index([2], 0, 2)], [mask([3], "101")], [mask([3, 3], "101000010")], [1], [None, slice(1, 3)],
                    [ALL, 1], [mask([3], "000")]]:
            emit("write", [3, 3], key, value)
    for key in [[1], [slice(0, 2), 1], [ALL, slice(None, None, 2)], [index([], 2)], [None, 0], [REST, 1], [index([2], 0, 0)], [mask([3], "110")]]:
        emit("add", [3, 4], key, 3)
    emit("add", [3, 4], [slice(0, 2)], ("float64", [4]))
    emit("add", [3, 4], [ALL, 2], ("float64", [3]))
    for key in [[index([3], 0, 0, 1)], [index([2], 1, 1), index([2], 2, 2)], [mask([3], "011")], [index([2, 1], 0, 0), index([2], 1, 1)]]:
        for value in [("float64", []), ("float64", [1]), ("float64", [4]), ("float64", [3, 4])]:
            emit("put", [3, 4], key, value)


def drawn():
    for n in range(110):
        sizes = rng.choice(SHAPES)
        emit("read", sizes, random_key(sizes, n % 4 > 0))
    made = 0
    while made < 70:
        sizes = rng.choice(SHAPES)
        key = random_key(sizes, made % 3 > 0)
        try:
            shape = list(torch.zeros(sizes)[tuple(key)].shape)
            # Which of several values stays at a place named twice is not said.
            marks = torch.arange(torch.Size(sizes).numel()).reshape(sizes)[tuple(key)].flatten()
            if len(marks.unique()) < len(marks):
                continue
        except (IndexError, RuntimeError):
            continue
        value = [s if rng.random() < 0.8 else 1 for s in shape][rng.choice([0, 0, 1]) if shape else 0:]
        if rng.random() < 0.2:
            value = [1] + value
        emit("write", sizes, key, ("float64", value) if rng.random() < 0.8 else 7)
        made += 1


print("-- Written by make_index_cases.py with PyTorch %s; it describes the cases." % torch.__version__)
print("return {")
picked()
drawn()
print("}")
