#!/usr/bin/env python3
"""Writes print.lua: how PyTorch prints tensors, for tests/spec/print_spec.lua: {{options, ...}, Lua that makes the tensor, the
text}. The text is PyTorch's own layout, by its own code, with Lua's braces, true, false and names of dtypes, and with what
follows the elements as one table of options; PyTorch's code breaks the lines of that table too.

    python3 make_print.py > print.lua
"""
import math

import torch
import torch._tensor_str as printing

NAMES = {torch.float32: "float32", torch.float64: "float64", torch.float16: "float16", torch.bfloat16: "bfloat16",
         torch.int8: "int8", torch.int16: "int16", torch.int32: "int32", torch.int64: "int64", torch.uint8: "uint8",
         torch.bool: "bool"}


def lua_suffix(suffix):
    name, value = suffix.split("=", 1)
    if name == "dtype":
        value = '"%s"' % value.replace("torch.", "")
    elif name == "grad_fn":
        value = '"%s"' % value[1:-1]
    elif name == "size":
        value = "{" + value[1:-1].rstrip(",") + "}"
    return f"{name} = {value.lower() if name == 'requires_grad' else value}"


def add_suffixes(text, suffixes, indent, force_newline, inner=printing._add_suffixes):
    suffixes = [lua_suffix(s) for s in suffixes]
    if suffixes:
        suffixes[0] = "{" + suffixes[0]
        suffixes[-1] += "}"
    return inner(text, suffixes, indent, force_newline)


printing._add_suffixes = add_suffixes


def lua_text(x):
    text = repr(x).replace("[", "{").replace("]", "}")
    return text.replace("True", "true").replace("False", "false")


def lua_value(value):
    if isinstance(value, (list, tuple)):
        return "{" + ", ".join(lua_value(v) for v in value) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if math.isnan(value):
            return "0/0"
        return f"{'-' if value < 0 else ''}1/0" if math.isinf(value) else repr(value)
    return {-2**63: "math.mininteger"}.get(value, str(value)) if isinstance(value, int) else '"%s"' % value


def lua_options(options):
    series = options if isinstance(options, list) else [options]
    tables = ["{" + ", ".join(f"{k} = {lua_value(v)}" for k, v in o.items()) + "}" for o in series]
    return "{" + ", ".join(tables) + "}"


def case(lua, x, options=None):
    for o in options if isinstance(options, list) else [options or {}]:
        torch.set_printoptions(**o)
    print("{%s, [=[%s]=], [[\n%s]]}," % (lua_options(options or {}), lua, lua_text(x)))
    torch.set_printoptions(profile="default")


def values(data, dtype=None, options=None, **more):
    """A tensor of these values."""
    named = ([f'dtype = "{NAMES[dtype]}"'] if dtype else []) + [f"{k} = {lua_value(v)}" for k, v in more.items()]
    lua = f"ty.tensor({lua_value(data)}" + (", {" + ", ".join(named) + "})" if named else ")")
    case(lua, torch.tensor(data, dtype=dtype, **more), options)


def steps(shape, options=None, scale=1.0, shift=0.0, dtype=torch.float32):
    """0, 1, 2, ... in a shape, times scale, plus shift, rounded to dtype; print_spec.lua's function of this name."""
    x = (torch.arange(math.prod(shape), dtype=torch.float64) * scale + shift).to(dtype).reshape(shape)
    case(f'steps({lua_value(shape)}, {scale!r}, {shift!r}, "{NAMES[dtype]}")', x, options)


INF, NAN = math.inf, math.nan
FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTS = [torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8]


def dtypes():
    for dtype in FLOATS:
        values([1.5, -2.25, 0.1], dtype)
        values([1.0, 2.0, -3.0], dtype)
        values(0.1, dtype)
        values([1e-5, 1.0], dtype)
        values([[NAN, INF], [-INF, 1.0]], dtype)
        steps([3, 12], None, 1 / 7, -1.0, dtype)
    for dtype in INTS:
        values([1, 20, 100], dtype)
        values(7, dtype)
        steps([3, 20], None, 1.0, 0.0, dtype)
    values([True, False, True])
    values([[True, True], [True, True]])
    values(False)
    values([True] * 30)


def floats():
    for data in ([NAN], [INF], [-INF], [NAN, INF, -INF], [0.0], [-0.0], [-0.0, 0.0, NAN], [-0.0, 1.0], [-0.0, 1.5],
                 [NAN, 1.5, -INF], [NAN, 1.0, -INF], [NAN, -10.5], [INF, 123456.75],
                 0.0, -0.0, NAN, -INF, 3.0, -3.25, [1e-4], [9.9e-5], [1e-4, 0.5],
                 [1e8], [1.1e8], [1e8, 1e6], [123456789.0], [1000.0, 1.0], [1001.0, 1.0], [1000.5, 1.0], [0.001, 1.0],
                 [0.00099, 1.0], [1e30], [1e38, 1e-38], [1e-45], [99999.99996], [0.99996, 1.0], [9.99996, -1.0], [2.5, 3.5, 0.5],
                 [1e-5, NAN, -1.0], [0.0, 1e-5], [-1e-5, 2.0], [16777216.0, 0.5], [99999999.0, 1.0]):
        values(data)
    for data in ([1e300, 1.0], [1e-300], [1.7976931348623157e308], [5e-324], [1e15], [1e8, 1.0], [0.1 + 0.2], [1e100, 2.0, NAN]):
        values(data, torch.float64)
    values([65504.0, 1.0], torch.float16)
    values([6e-8], torch.float16)
    values([3e38, 1e-38], torch.bfloat16)


def integers():
    values([2**63 - 1, -2**63])
    values([-1, 10, -100])
    values([2**31 - 1, -2**31], torch.int32)
    values([[1, -1000000000000], [22, 333]])
    values([255, 0], torch.uint8)
    values(-128, torch.int8)
    values([[-7]])
    steps([2, 3, 4], None, 1.0, 0.0, torch.int64)


def options():
    for precision in (0, 1, 2, 8, 17, 70):
        values([1.5, 2.25, -0.1], None, {"precision": precision})
        values([1e-6, 123.456], torch.float64, {"precision": precision})
        values([1.0, 2.0], None, {"precision": precision})
    for mode in (True, False):
        values([1.0, 250.0], None, {"sci_mode": mode})
        values([1.5, -250.25, NAN, INF], None, {"sci_mode": mode})
        values([1e-10, 1e10], None, {"sci_mode": mode})
        values([0.0, NAN], None, {"sci_mode": mode})
        values([1e300, 1e-300], torch.float64, {"sci_mode": mode})
        values([1, 2], None, {"sci_mode": mode})
        values(12345.678, None, {"sci_mode": mode, "precision": 2})
    for profile in ("default", "short", "full"):
        values([1.23456], None, {"profile": profile, "precision": 6})
    for profile in ("default", "short"):
        steps([40, 30], {"profile": profile}, 0.25)
    steps([11, 101], {"profile": "full"}, 1.0, 0.0, torch.int64)
    steps([1001], {"profile": "short"}, 0.5)
    steps([9], {"profile": "short", "threshold": 5, "edgeitems": 1, "linewidth": 40})
    values([1e-6, 1.0], None, [{"sci_mode": False}, {"precision": 2}])
    values([1e-6, 1.0], None, [{"precision": 2}, {"sci_mode": False}])
    steps([20], [{"threshold": 5, "edgeitems": 1}, {"precision": 1}], 0.25)
    steps([20], [{"threshold": 5, "edgeitems": 1}, {"profile": "full"}], 0.25)
    steps([20], [{"threshold": 5}, {"threshold": math.inf}], 0.25)
    steps([6], {"threshold": 5.5}, 0.25)


def summaries():
    small = {"threshold": 5, "edgeitems": 1}
    for shape in ([6], [2], [3, 3], [2, 7], [7, 2], [3, 4, 5], [2, 2, 2, 2], [3, 1, 3, 1], [1, 9], [9, 1], [4, 3, 3, 3]):
        steps(shape, small, 0.5)
        steps(shape, {"threshold": 5, "edgeitems": 2}, 1.0, -3.0, torch.int64)
    for shape in ([6], [3, 3], [2, 2, 2]):
        steps(shape, {"threshold": 5, "edgeitems": 0}, 0.5)
        steps(shape, {"threshold": 100, "edgeitems": 0}, 0.5)
    values(1.5, None, {"edgeitems": 0})
    values(1.5, None, {"threshold": 0})
    values([[1.0]], None, {"threshold": 0, "edgeitems": 1})
    steps([1000])
    steps([1001])
    steps([1001], None, 1.0, 0.0, torch.float64)
    steps([1001], None, 1.0, 0.0, torch.int32)
    steps([32, 32], None, 1 / 64, -8.0)
    steps([11, 10, 10], None, 0.001)
    steps([1001, 1, 1], None, 1.0, 0.0, torch.int64)
    steps([8, 8], {"threshold": 10, "edgeitems": 3, "linewidth": 30}, 0.5)
    case("ty.arange(1, 1201):reshape(30, 40):t()", torch.arange(1, 1201).reshape(30, 40).t())
    case("ty.arange(1, 1201):eq(600)", torch.arange(1, 1201).eq(600))


def widths():
    for width in (0, 1, 9, 10, 20, 33, 79, 80, 81, 120):
        steps([2, 9], {"linewidth": width}, 0.25)
        values([1.0] * 3, torch.float64, {"linewidth": width})
    for width in range(38, 46):
        values([1.0] * 3, torch.float64, {"linewidth": width})
        values([[1.0] * 3] * 2, torch.float64, {"linewidth": width - 10})
        values(1.5, torch.float64, {"linewidth": width}, requires_grad=True)
        values(1.5, torch.float64, {"linewidth": width + 12}, requires_grad=True)
    for count in range(18, 24):
        values([1.0] * count, torch.float64)
        values([1.0] * count, torch.float16)
        values([1.0] * count, None, requires_grad=True)
        values([[1.0] * count] * 2, torch.float64, requires_grad=True)
    steps([2, 2, 30], None, 1.0, 0.0, torch.int64)
    steps([3, 40], {"linewidth": 60}, 0.37)
    steps([60], None, 1.0, 0.0, torch.int16)


def empties():
    for shape in ([0], [0, 3], [3, 0], [2, 0, 4], [0, 0], [1, 0]):
        for dtype in (torch.float32, torch.float64, torch.int64, torch.bool, torch.uint8):
            case(f'ty.zeros({lua_value(shape)}, {{dtype = "{NAMES[dtype]}"}})', torch.zeros(shape, dtype=dtype))
    case("ty.zeros(0, 2, {requires_grad = true})", torch.zeros(0, 2, requires_grad=True))
    case("ty.zeros(0, 2, {requires_grad = true}) * 2", torch.zeros(0, 2, requires_grad=True) * 2)


def gradients():
    x = torch.tensor([1.5, 2.0], requires_grad=True)
    lua = "ty.tensor({1.5, 2.0}, {requires_grad = true})"
    case(lua, x)
    for call, y in (("* 2", x * 2), ("+ 1", x + 1), ("- 1", x - 1), ("/ 2", x / 2), (":neg()", x.neg()), (":sum()", x.sum()),
                    (":mean()", x.mean()), (":exp()", x.exp()), (":relu()", x.relu()), (":reshape(2, 1)", x.reshape(2, 1)),
                    (":to(ty.float64)", x.to(torch.float64)), (":softmax(1)", x.softmax(0)), (":pow(2)", x.pow(2)),
                    (":max()", x.max()), (":view(1, 2):t()", x.view(1, 2).t()), (":unsqueeze(1)", x.unsqueeze(0)),
                    (":clone()", x.clone()), (":detach()", x.detach()), (":expand(2, 2)", x.expand(2, 2)),
                    (":sqrt():mul(2):sigmoid()", x.sqrt().mul(2).sigmoid())):
        case(f"({lua})" + (" " if call[0] in "*+-/" else "") + call, y)
    for dtype, shape in ((torch.float64, [20]), (torch.bfloat16, [2, 13]), (torch.float64, [40, 40])):
        case(f"ty.ones({lua_value(shape)}, {{dtype = ty.{NAMES[dtype]}, requires_grad = true}}) * 2",
             torch.ones(shape, dtype=dtype, requires_grad=True) * 2)


def views():
    x = torch.arange(1, 13).reshape(3, 4)
    lua = "ty.arange(1, 13):reshape(3, 4)"
    case(f"{lua}:t()", x.t())
    case(f"{lua}[2]", x[1])
    case(f"{lua}[{{{{}}, {{1, 4, 2}}}}]", x[:, 0:4:2])
    case("ty.tensor(1.5):expand(2, 3)", torch.tensor(1.5).expand(2, 3))


print("-- Written by make_print.py: {{options of set_printoptions, ...}, Lua that makes a tensor, how it prints}.\nreturn {")
for family in (dtypes, floats, integers, options, summaries, widths, empties, gradients, views):
    family()
print("}")
