#!/usr/bin/env python3
"""Writes nn.lua: what PyTorch's layers, losses, optimisers and loaders give, for the specs of nn, optim and data.

    python3 make_nn.py > nn.lua

Needs torch 2.15. `layers` are cases as in ops.lua (make_ops.py describes them), whose op is the Lua text of a module made
after manual_seed(0). The other tables are plain: the spec that reads one says what its fields are.
"""
import re
import warnings

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils import data

import cases
from cases import FLOATS, D, IX, P, V, X, case, formula, numbers


def table(value):
    """Python value as Lua text."""
    if isinstance(value, torch.Tensor):
        return "{" + ",".join(numbers(value)) + "}"
    if isinstance(value, dict):
        return "{" + ",".join(f"[{table(key)}]={table(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "{" + ",".join(map(table, value)) + "}"
    if isinstance(value, str):
        return '"' + value.replace("\n", "\\n").replace('"', '\\"') + '"'
    return cases.number_text(value)


# ---- Layers and losses ----

def layers():
    def layer(text, module, *args, **named):
        torch.manual_seed(0)
        case(text, *args, fn=module(), **named)
    for args, make in (("3, 2", lambda: nn.Linear(3, 2)), ("3, 2, {bias = false}", lambda: nn.Linear(3, 2, bias=False)),
                       ("3, 2, {dtype = 'float64'}", lambda: nn.Linear(3, 2, dtype=torch.float64))):
        dtype = "float64" if "float64" in args else "float32"
        for shape in ((4, 3), (3,), (2, 2, 3), (0, 3)):
            layer(f"nn.Linear({args})", make, X(*shape, dtype=dtype))
        layer(f"nn.Linear({args})", make, X(4, 3, dtype=dtype, layout="t"))
    layer("nn.Linear(3, 2)", lambda: nn.Linear(3, 2), X(4, 2), fails=True)
    layer("nn.Linear(3, 2)", lambda: nn.Linear(3, 2), X(4, 3, dtype="float64"), fails=True)
    for name in ("ReLU", "Sigmoid", "Tanh", "Identity"):
        layer(f"nn.{name}()", getattr(nn, name), X(2, 3))
        layer(f"nn.{name}()", getattr(nn, name), X(2, 3, dtype="float64", layout="t"))
    for name in ("Softmax", "LogSoftmax"):
        for dim in (0, 1, -1):
            layer(f"nn.{name}({D(dim).lua()})", lambda: getattr(nn, name)(dim), X(2, 3))
        layer(f"nn.{name}({{dim = {D(1).lua()}}})", lambda: getattr(nn, name)(1), X(2, 3, 2, dtype="float64"))
        layer(f"nn.{name}(3)", lambda: getattr(nn, name)(2), X(2, 3), fails=True)
    layer("nn.Flatten()", nn.Flatten, X(2, 3, 2))
    layer("nn.Flatten(1)", lambda: nn.Flatten(0), X(2, 3, 2))
    layer("nn.Flatten(1, 2)", lambda: nn.Flatten(0, 1), X(2, 3, 2))
    layer("nn.Flatten{start_dim = 2, end_dim = 3}", lambda: nn.Flatten(1, 2), X(2, 3, 2, 2))
    layer("nn.Dropout(0.5):eval()", lambda: nn.Dropout(0.5).eval(), X(2, 3))
    layer("nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))",
          lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), X(5, 3))
    layer("nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(6, 4), nn.Tanh()), nn.LogSoftmax(2))",
          lambda: nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(6, 4), nn.Tanh()), nn.LogSoftmax(1)), X(2, 2, 3))
    layer("nn.Sequential()", nn.Sequential, X(2, 3))
    target = IX([2, 0, 1, 2])
    for reduction in ("none", "mean", "sum"):
        option = f'reduction = "{reduction}"'
        layer(f"nn.MSELoss{{{option}}}", lambda: nn.MSELoss(reduction=reduction), X(3, 2), X(3, 2, seed=1))
        for name in ("NLLLoss", "CrossEntropyLoss"):
            module = getattr(nn, name)
            for dtype in FLOATS:
                layer(f"nn.{name}{{{option}}}", lambda: module(reduction=reduction), X(4, 3, dtype=dtype), target)
            layer(f"nn.{name}{{weight = ty.tensor{{0.5, 2, 1}}, ignore_index = {P(1).lua()}, {option}}}",
                  lambda: module(torch.tensor([0.5, 2, 1]), ignore_index=1, reduction=reduction), X(4, 3), target)
        layer(f"nn.CrossEntropyLoss{{label_smoothing = 0.1, {option}}}",
              lambda: nn.CrossEntropyLoss(label_smoothing=0.1, reduction=reduction), X(4, 3), target)
        layer(f"nn.CrossEntropyLoss{{{option}}}", lambda: nn.CrossEntropyLoss(reduction=reduction), X(4, 3),
              X(4, 3, seed=1, mul=0.125, add=0.25))
    layer("nn.CrossEntropyLoss()", nn.CrossEntropyLoss, X(2, 3, 2), IX([[0, 2], [1, 1]]))
    layer("nn.CrossEntropyLoss()", nn.CrossEntropyLoss, X(4, 3), IX([2, -100, 1, -100]))
    layer("nn.CrossEntropyLoss()", nn.CrossEntropyLoss, X(4, 3), IX([2, 0, 1, 3]), fails=True)
    for text, make in (("8, 12, {3, 7}", lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7])),
                       ("8, 12, {3, 7, 9}, {div_value = 1.5, head_bias = true}",
                        lambda: nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7, 9], div_value=1.5, head_bias=True))):
        text = f"nn.AdaptiveLogSoftmaxWithLoss({text})"
        layer(text, make, X(5, 8), IX([0, 3, 11, 6, 9]), out="TT")
        layer(text, make, X(2, 8), IX([0, 2]), out="TT")
        layer(text, make, X(8), IX(10), out="TT")
    layer("nn.MSELoss()", nn.MSELoss, X(3, 2), X(3, 2, seed=1, dtype="float64"))
    print("layers = {\n" + "\n".join(cases.lines) + "\n},")


def gradients():
    """Gradients of a small network's parameters, and its parameters: {text, {names...}, {values...}, {gradients...}}."""
    for text, make in (("nn.Linear(3, 2)", lambda: nn.Linear(3, 2)),
                       ("nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2, {bias = false}))",
                        lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2, bias=False)))):
        torch.manual_seed(0)
        net = make()
        (net(X(5, 3, grad=False).make()) ** 2).sum().backward()
        named = list(net.named_parameters())
        print(table([text, [n for n, _ in named], [p for _, p in named], [p.grad for _, p in named]]) + ",")


def initial():
    """{text of what is drawn after manual_seed(0), first values, sum of absolute values}"""
    for args in ("3, 2", "784, 128", "1, 1", "20, 30"):
        for text, part in (("weight", 0), ("bias", 1)):
            torch.manual_seed(0)
            net = eval(f"nn.Linear({args})")
            x = list(net.parameters())[part].detach()
            print(table([f"nn.Linear({args}).{text}", x.reshape(-1)[:6], x.double().abs().sum().item()]) + ",")
    for text in ("uniform_(x)", "uniform_(x, -2, 3)", "normal_(x)", "normal_(x, 1, 0.5)", "constant_(x, 0.3)", "zeros_(x)",
                 "ones_(x)", "xavier_uniform_(x)", "xavier_uniform_(x, 2)", "xavier_normal_(x)", "xavier_normal_(x, gain=0.5)",
                 "kaiming_uniform_(x)", "kaiming_uniform_(x, a=1, mode='fan_out')", "kaiming_uniform_(x, nonlinearity='relu')",
                 "kaiming_normal_(x)", "kaiming_normal_(x, mode='fan_out', nonlinearity='tanh')"):
        for shape in ("6, 5", "4, 3, 2"):
            torch.manual_seed(0)
            x = eval("nn.init." + text, {"nn": nn, "x": torch.empty(*map(int, shape.split(",")))})
            call = re.sub(r", (\w+=.*)\)$", r", {\1})", text)
            print(table([f"nn.init.{call.replace('x', f'ty.empty({shape})', 1) if not call.startswith('xavier') else call.replace('(x', f'(ty.empty({shape})')}",
                         x.reshape(-1)[:6], x.double().abs().sum().item()]) + ",")


def dropout():
    """{p, count, values of Dropout(p)(ones(count)) after manual_seed(0), gradient of its sum}"""
    for p in (0.0, 0.1, 0.5, 0.8, 1.0):
        for count in (10, 37):
            torch.manual_seed(0)
            x = torch.ones(count, requires_grad=True)
            y = nn.Dropout(p)(x)
            y.sum().backward()
            print(table([p, count, y, x.grad]) + ",")


def printed():
    """{text of a module, how PyTorch prints it}, with Lua's true and false and its dimensions."""
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.act, self.fc2 = nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2, bias=False)

    def block():
        return nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    net = Net()
    for text, module in (
            ("nn.Linear(3, 2)", nn.Linear(3, 2)), ("nn.Linear(3, 2, false)", nn.Linear(3, 2, False)), ("nn.ReLU()", nn.ReLU()),
            ("nn.ReLU(true)", nn.ReLU(True)), ("nn.Sigmoid()", nn.Sigmoid()), ("nn.Tanh()", nn.Tanh()),
            ("nn.Softmax(2)", nn.Softmax(1)), ("nn.Softmax(-1)", nn.Softmax(-1)), ("nn.LogSoftmax(1)", nn.LogSoftmax(0)),
            ("nn.Dropout()", nn.Dropout()), ("nn.Dropout(0.25, true)", nn.Dropout(0.25, True)),
            ("nn.Flatten()", nn.Flatten()), ("nn.Identity()", nn.Identity()), ("nn.MSELoss()", nn.MSELoss()),
            ("nn.CrossEntropyLoss()", nn.CrossEntropyLoss()), ("nn.NLLLoss()", nn.NLLLoss()),
            ("nn.Sequential()", nn.Sequential()), ("nn.Sequential(nn.Linear(2, 2), nn.ReLU())", block()),
            ("nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.Tanh())", nn.Sequential(block(), nn.Tanh())),
            ("Net()", net), ("nn.Sequential(Net(), nn.Flatten())", nn.Sequential(net, nn.Flatten()))):
        said = re.sub(r"(\b(?:start_|end_)?dim)=(\d+)", lambda m: f"{m[1]}={int(m[2]) + 1}", repr(module))
        print(table([text, said.replace("True", "true").replace("False", "false")]) + ",")


# ---- Optimisers ----

OPTIMISERS = [("SGD", dict(lr=0.1)), ("SGD", dict(lr=0.1, momentum=0.9)), ("SGD", dict(lr=0.1, momentum=0.9, dampening=0.3)),
              ("SGD", dict(lr=0.1, momentum=0.9, nesterov=True)), ("SGD", dict(lr=0.1, weight_decay=0.05)),
              ("SGD", dict(lr=0.05, momentum=0.5, weight_decay=0.1, nesterov=True)), ("SGD", dict(lr=0.05, maximize=True)),
              ("SGD", dict(lr=0.05, momentum=0.9, weight_decay=0.05, maximize=True)), ("SGD", {}),
              ("Adam", {}), ("Adam", dict(lr=0.05)), ("Adam", dict(lr=0.05, betas=(0.8, 0.95), eps=1e-3)),
              ("Adam", dict(lr=0.05, weight_decay=0.1)), ("Adam", dict(lr=0.05, amsgrad=True)), ("Adam", dict(lr=0.05, maximize=True)),
              ("Adam", dict(lr=0.05, amsgrad=True, weight_decay=0.05, maximize=True)),
              ("AdamW", {}), ("AdamW", dict(lr=0.05)), ("AdamW", dict(lr=0.05, weight_decay=0.2)), ("AdamW", dict(lr=0.05, amsgrad=True)),
              ("AdamW", dict(lr=0.05, maximize=True, weight_decay=0.3))]


def problem(dtype):
    """Two leaves and a function of the loss: mse(tanh(x w + b), y)."""
    w, b = X(3, 2, dtype=dtype, seed=3, mul=0.25).make(), X(2, dtype=dtype, seed=5, mul=0.25).make()
    x, y = X(4, 3, dtype=dtype, grad=False).make(), X(4, 2, dtype=dtype, seed=1, mul=0.5, grad=False).make()
    return w, b, lambda: F.mse_loss(torch.tanh(x @ w + b), y)


def run(w, b, loss, optimiser, steps, before=lambda step: None):
    losses, places = [], {}
    for step in range(1, steps + 1):
        before(step)
        optimiser.zero_grad()
        value = loss()
        value.backward()
        optimiser.step()
        losses.append(value.detach())
        if step in (1, 7, 20):
            places[step] = [w.detach().clone(), b.detach().clone()]
    return [torch.stack(losses), places]


def lua_options(options):
    return {key: list(value) if isinstance(value, tuple) else value for key, value in options.items()}


def optimisers():
    """{name, options, dtype, {losses, {[step] = {w, b}}}}"""
    for name, options in OPTIMISERS:
        for dtype in FLOATS:
            w, b, loss = problem(dtype)
            result = run(w, b, loss, getattr(torch.optim, name)([w, b], **options), 20)
            print(table([name, lua_options(options), dtype, result]) + ",")


def schedules():
    """The same with two groups (w, and b at lr 0.02 with a weight decay), and the first group's lr changed before step 10."""
    for name in ("SGD", "Adam", "AdamW"):
        w, b, loss = problem("float64")
        optimiser = getattr(torch.optim, name)([{"params": [w]}, {"params": [b], "lr": 0.02, "weight_decay": 0.1}], lr=0.1)

        def change(step):
            if step == 10:
                optimiser.param_groups[0]["lr"] = 0.01
        print(table([name, {}, "float64", run(w, b, loss, optimiser, 20, change)]) + ",")


def states():
    """{name, options, keys of the state dict's groups, {[id] = {[state] = values}}} after three steps."""
    for name, options in (("SGD", dict(lr=0.1, momentum=0.9)), ("SGD", dict(lr=0.1)), ("Adam", dict(lr=0.1, amsgrad=True)), ("AdamW", {})):
        w, b, loss = problem("float64")
        optimiser = getattr(torch.optim, name)([w, b], **options)
        run(w, b, loss, optimiser, 3)
        state = optimiser.state_dict()
        print(table([name, lua_options(options), {i: {k: v.reshape(-1) for k, v in of.items() if v is not None}
                                                  for i, of in state["state"].items()},
                     state["param_groups"][0]["params"]]) + ",")


# ---- Loaders ----

def loaders():
    """{options, {pass = {batches of positions}}, rand(1) afterwards}: three passes over 10 examples after manual_seed(0)."""
    for batch_size, shuffle, drop_last, generator in ((4, True, False, False), (4, False, False, False), (5, True, False, False),
                                                      (4, True, True, False), (3, True, False, True), (5, True, False, True),
                                                      (4, True, True, True), (10, True, False, False), (16, True, False, True),
                                                      (1, True, False, False), (4, False, True, True)):
        torch.manual_seed(0)
        source = torch.Generator().manual_seed(0) if generator else None
        loader = data.DataLoader(range(10), batch_size, shuffle=shuffle, drop_last=drop_last, generator=source)
        passes = [[[int(i) + 1 for i in batch] for batch in loader] for _ in range(3)]
        print(table([dict(batch_size=batch_size, shuffle=shuffle, drop_last=drop_last), generator, passes, torch.rand(1)]) + ",")


def splits():
    """{seed, lengths, parts}"""
    for seed, lengths in ((42, [7, 3]), (0, [10]), (0, [2, 3, 5]), (7, [0, 10]), (3, [0.5, 0.3, 0.2]), (3, [0.34, 0.33, 0.33])):
        parts = data.random_split(range(10), lengths, torch.Generator().manual_seed(seed))
        print(table([seed, lengths, [[i + 1 for i in part.indices] for part in parts]]) + ",")


def main():
    warnings.simplefilter("ignore")
    print("-- What PyTorch's layers, optimisers and loaders give. Written by make_nn.py, which says what the fields are.")
    print("-- luacheck: no max line length")
    print("return {")
    layers()
    for part in (gradients, initial, dropout, printed, optimisers, schedules, states, loaders, splits):
        print(f"{part.__name__} = {{")
        part()
        print("},")
    print("}")
    assert not cases.failures, cases.failures


if __name__ == "__main__":
    main()
