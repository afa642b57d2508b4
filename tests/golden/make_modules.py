#!/usr/bin/env python3
"""Writes modules.lua: what PyTorch's normalisations, embeddings, containers, smaller layers and initialisers give, for
tests/spec/modules_spec.lua.

    python3 make_modules.py > modules.lua

`layers` are cases as in ops.lua (make_ops.py describes them), whose op is the Lua text of a function or module, made after
manual_seed(0). The other tables are plain: modules_spec.lua says what their fields are.
"""
import re
import warnings
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

import cases
from cases import FLOATS, IX, X, case
from make_nn import table


def layer(text, make, *args, **named):
    torch.manual_seed(0)
    case(text, *args, fn=make(), **named)


def layers():
    for dtype in FLOATS:
        option = f"{{dtype = '{dtype}'}}"
        how = dict(dtype=getattr(torch, dtype))
        layer(f"nn.BatchNorm1d(3, {option})", lambda: nn.BatchNorm1d(3, **how), X(4, 3, dtype=dtype))
        layer(f"nn.BatchNorm2d(3, {option})", lambda: nn.BatchNorm2d(3, **how), X(2, 3, 2, 2, dtype=dtype))
        layer(f"nn.LayerNorm({{3, 2}}, {option})", lambda: nn.LayerNorm((3, 2), **how), X(2, 3, 2, dtype=dtype))
        layer(f"nn.GroupNorm(2, 4, {option})", lambda: nn.GroupNorm(2, 4, **how), X(2, 4, 3, dtype=dtype))
        layer(f"nn.RMSNorm(4, {option})", lambda: nn.RMSNorm(4, **how), X(3, 4, dtype=dtype))
        layer(f"nn.Embedding(5, 3, {option})", lambda: nn.Embedding(5, 3, **how), IX([2, 4, 0]))
        layer(f"nn.EmbeddingBag(5, 3, {option})", lambda: nn.EmbeddingBag(5, 3, **how), IX([[2, 4, 0], [1, 1, 2]]))
        layer(f"nn.Bilinear(2, 3, 4, {option})", lambda: nn.Bilinear(2, 3, 4, **how), X(5, 2, dtype=dtype), X(5, 3, dtype=dtype, seed=1))
        layer(f"nn.Bilinear(2, 3, 4, false, {option})", lambda: nn.Bilinear(2, 3, 4, False, **how), X(5, 2, dtype=dtype),
              X(5, 3, dtype=dtype, seed=1))
        for name, args in (("dropout1d", (X(3, 4, 2, dtype=dtype),)), ("dropout2d", (X(3, 4, 2, 2, dtype=dtype),)),
                           ("dropout3d", (X(3, 4, 2, 1, 2, dtype=dtype),)), ("alpha_dropout", (X(5, 7, dtype=dtype),)),
                           ("feature_alpha_dropout", (X(3, 4, 2, dtype=dtype),))):
            layer(f"function(x) return F.{name}(x, 0.4, true) end", lambda: lambda x: getattr(F, name)(x, 0.4, True), *args)
        layer("function(x) return F.rrelu(x, 0.1, 0.4, true) end", lambda: lambda x: F.rrelu(x, 0.1, 0.4, True), X(4, 5, dtype=dtype))
        layer("function(x) return F.rrelu_(x * 1, 0.1, 0.4, true) end", lambda: lambda x: F.rrelu_(x * 1, 0.1, 0.4, True),
              X(4, 5, dtype=dtype))
        layer("function(x) return F.rrelu(x, 0.1, 0.4) end", lambda: lambda x: F.rrelu(x, 0.1, 0.4), X(4, 5, dtype=dtype))
        layer("function(x) return F.gumbel_softmax(x, 0.7) end", lambda: lambda x: F.gumbel_softmax(x, 0.7), X(4, 5, dtype=dtype))
        layer("function(x) return F.gumbel_softmax(x, {hard = true, dim = 1}) end",
              lambda: lambda x: F.gumbel_softmax(x, hard=True, dim=0), X(4, 5, dtype=dtype))
    layer("nn.BatchNorm1d(3)", lambda: nn.BatchNorm1d(3), X(4, 3, 2))
    layer("nn.BatchNorm3d(2)", lambda: nn.BatchNorm3d(2), X(2, 2, 1, 2, 2))
    layer("nn.BatchNorm1d(3, 0.1, 0.2, false)", lambda: nn.BatchNorm1d(3, 0.1, 0.2, False), X(4, 3))
    layer("nn.BatchNorm1d(3):eval()", lambda: nn.BatchNorm1d(3).eval(), X(4, 3))
    layer("nn.BatchNorm1d(3, {track_running_stats = false}):eval()", lambda: nn.BatchNorm1d(3, track_running_stats=False).eval(), X(4, 3))
    layer("nn.BatchNorm1d(3, {bias = false})", lambda: nn.BatchNorm1d(3, bias=False), X(4, 3))
    layer("nn.BatchNorm1d(3)", lambda: nn.BatchNorm1d(3), X(4, 2), fails=True)
    layer("nn.BatchNorm1d(3)", lambda: nn.BatchNorm1d(3), X(4, 3, 2, 2), fails=True)
    layer("nn.BatchNorm2d(3)", lambda: nn.BatchNorm2d(3), X(4, 3), fails=True)
    layer("nn.BatchNorm1d(3)", lambda: nn.BatchNorm1d(3), X(1, 3), fails=True)
    layer("nn.InstanceNorm1d(3)", lambda: nn.InstanceNorm1d(3), X(2, 3, 4))
    layer("nn.InstanceNorm1d(3)", lambda: nn.InstanceNorm1d(3), X(3, 4))
    layer("nn.InstanceNorm2d(3, {affine = true})", lambda: nn.InstanceNorm2d(3, affine=True), X(2, 3, 2, 2))
    layer("nn.InstanceNorm2d(3, {affine = true})", lambda: nn.InstanceNorm2d(3, affine=True), X(3, 2, 2))
    layer("nn.InstanceNorm3d(2, {track_running_stats = true}):eval()",
          lambda: nn.InstanceNorm3d(2, track_running_stats=True).eval(), X(2, 2, 1, 2, 2))
    layer("nn.InstanceNorm1d(3, {affine = true})", lambda: nn.InstanceNorm1d(3, affine=True), X(2, 4, 5), fails=True)
    layer("nn.InstanceNorm2d(3)", lambda: nn.InstanceNorm2d(3), X(2, 3), fails=True)
    layer("nn.LayerNorm(4)", lambda: nn.LayerNorm(4), X(3, 4))
    layer("nn.LayerNorm(4, 0.1, false)", lambda: nn.LayerNorm(4, 0.1, False), X(3, 4))
    layer("nn.LayerNorm(4, {bias = false})", lambda: nn.LayerNorm(4, bias=False), X(3, 4))
    layer("nn.LayerNorm(4)", lambda: nn.LayerNorm(4), X(3, 5), fails=True)
    layer("nn.RMSNorm({4}, 0.1, false)", lambda: nn.RMSNorm((4,), 0.1, False), X(3, 4))
    layer("nn.GroupNorm(2, 4, 0.1, false)", lambda: nn.GroupNorm(2, 4, 0.1, False), X(2, 4, 3))
    layer("nn.LocalResponseNorm(2)", lambda: nn.LocalResponseNorm(2), X(2, 4, 3))
    layer("nn.LocalResponseNorm(3, 0.5, 0.6, 2)", lambda: nn.LocalResponseNorm(3, 0.5, 0.6, 2), X(2, 4, 3))
    layer("nn.Embedding(5, 3, 2)", lambda: nn.Embedding(5, 3, 1), IX([[2, 4], [1, 1]]))
    layer("nn.Embedding(5, 3, {padding_idx = -1, scale_grad_by_freq = true})",
          lambda: nn.Embedding(5, 3, padding_idx=-1, scale_grad_by_freq=True), IX([[2, 4], [2, 1]]))
    layer("nn.EmbeddingBag(5, 3, {mode = 'sum', padding_idx = 2})", lambda: nn.EmbeddingBag(5, 3, mode="sum", padding_idx=1),
          IX([2, 4, 1, 1]), IX([0, 3]))
    layer("nn.EmbeddingBag(5, 3, {mode = 'max', include_last_offset = true})",
          lambda: nn.EmbeddingBag(5, 3, mode="max", include_last_offset=True), IX([2, 4, 1, 1]), IX([0, 3, 4]))
    layer("nn.Unflatten(2, {2, 3})", lambda: nn.Unflatten(1, (2, 3)), X(2, 6))
    layer("nn.Softmax2d()", nn.Softmax2d, X(2, 3, 2, 2))
    layer("nn.Softmax2d()", nn.Softmax2d, X(3, 2, 2))
    layer("nn.Softmax2d()", nn.Softmax2d, X(3, 2), fails=True)
    layer("nn.CosineSimilarity()", nn.CosineSimilarity, X(3, 4), X(3, 4, seed=1))
    layer("nn.CosineSimilarity(1, 1e-3)", lambda: nn.CosineSimilarity(0, 1e-3), X(3, 4), X(3, 4, seed=1))
    layer("nn.PairwiseDistance()", nn.PairwiseDistance, X(3, 4), X(3, 4, seed=1))
    layer("nn.PairwiseDistance(1, 1e-3, true)", lambda: nn.PairwiseDistance(1, 1e-3, True), X(3, 4), X(3, 4, seed=1))
    layer("nn.RReLU()", nn.RReLU, X(4, 5))
    layer("nn.RReLU(0.1, 0.2):eval()", lambda: nn.RReLU(0.1, 0.2).eval(), X(4, 5))
    layer("nn.Dropout1d()", nn.Dropout1d, X(4, 5))
    layer("nn.Dropout2d(0.3)", lambda: nn.Dropout2d(0.3), X(2, 4, 2, 2))
    layer("nn.Dropout2d(0.3)", lambda: nn.Dropout2d(0.3), X(2, 4, 2))
    layer("nn.Dropout3d(0.3)", lambda: nn.Dropout3d(0.3), X(4, 2, 1, 2))
    layer("nn.AlphaDropout(0.3)", lambda: nn.AlphaDropout(0.3), X(4, 5))
    layer("nn.FeatureAlphaDropout(0.3)", lambda: nn.FeatureAlphaDropout(0.3), X(2, 4, 3))
    layer("nn.FeatureAlphaDropout(1.0)", lambda: nn.FeatureAlphaDropout(1.0), X(2, 4, 3))
    layer("nn.AlphaDropout(0.3):eval()", lambda: nn.AlphaDropout(0.3).eval(), X(4, 5))
    for text, make in WEIGHT_NORMS:
        layer(text, make, X(4, 3))
    print("layers = {\n" + "\n".join(cases.lines) + "\n},")


WEIGHT_NORMS = [
    ("nn.utils.weight_norm(nn.Linear(3, 2))", lambda: nn.utils.weight_norm(nn.Linear(3, 2))),
    ("nn.utils.weight_norm(nn.Linear(3, 2), {dim = 2})", lambda: nn.utils.weight_norm(nn.Linear(3, 2), dim=1)),
    ("nn.utils.weight_norm(nn.Linear(3, 2), {dim = false})", lambda: nn.utils.weight_norm(nn.Linear(3, 2), dim=None)),
    ("nn.utils.weight_norm(nn.Linear(3, 2), 'bias')", lambda: nn.utils.weight_norm(nn.Linear(3, 2), "bias")),
    ("nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))", lambda: nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))),
    ("nn.utils.spectral_norm(nn.Linear(3, 2))", lambda: nn.utils.spectral_norm(nn.Linear(3, 2))),
    ("nn.utils.spectral_norm(nn.Linear(3, 2), {n_power_iterations = 3, dim = 2})",
     lambda: nn.utils.spectral_norm(nn.Linear(3, 2), n_power_iterations=3, dim=1)),
    ("nn.utils.spectral_norm(nn.Linear(3, 4)):eval()", lambda: nn.utils.spectral_norm(nn.Linear(3, 4)).eval()),
]


def computed():
    """{text of a layer whose weight is computed, after manual_seed(0); names of its state, values, gradients of its parameters}
    after a call with X(4, 3) in training."""
    for text, make in WEIGHT_NORMS:
        torch.manual_seed(0)
        module = make()
        (module(X(4, 3, grad=False).make()) ** 2).sum().backward()
        state = module.state_dict()
        print(table([text, list(state), [x.reshape(-1) for x in state.values()],
                     {name: p.grad.reshape(-1) for name, p in module.named_parameters()}]) + ",")


def running():
    """{text, running_mean, running_var, num_batches_tracked, output in eval mode}: after three steps of training, whose inputs
    are X(4, 3, 2, seed=step)."""
    for text, module in (("nn.BatchNorm1d(3)", nn.BatchNorm1d(3)), ("nn.BatchNorm1d(3, {momentum = 0.3})", nn.BatchNorm1d(3, momentum=0.3)),
                         ("nn.BatchNorm1d(3, {momentum = false})", nn.BatchNorm1d(3, momentum=None)),
                         ("nn.BatchNorm1d(3, {dtype = 'float16'})", nn.BatchNorm1d(3, dtype=torch.float16)),
                         ("nn.InstanceNorm1d(3, {track_running_stats = true})", nn.InstanceNorm1d(3, track_running_stats=True))):
        dtype = "float16" if "float16" in text else "float32"
        for step in range(3):
            module(X(4, 3, 2, dtype=dtype, seed=step, grad=False).make())
        out = module.eval()(X(4, 3, 2, dtype=dtype, grad=False).make())
        print(table([text, module.running_mean, module.running_var, module.num_batches_tracked, out]) + ",")


def keys():
    """{text of a module, keys of its state dict}"""
    for text, module in (
            ("nn.BatchNorm2d(3)", nn.BatchNorm2d(3)), ("nn.BatchNorm1d(3, {affine = false})", nn.BatchNorm1d(3, affine=False)),
            ("nn.BatchNorm1d(3, {track_running_stats = false})", nn.BatchNorm1d(3, track_running_stats=False)),
            ("nn.InstanceNorm1d(3)", nn.InstanceNorm1d(3)), ("nn.LayerNorm(3)", nn.LayerNorm(3)), ("nn.RMSNorm(3)", nn.RMSNorm(3)),
            ("nn.GroupNorm(1, 3)", nn.GroupNorm(1, 3)), ("nn.Embedding(3, 2)", nn.Embedding(3, 2)),
            ("nn.EmbeddingBag(3, 2)", nn.EmbeddingBag(3, 2)), ("nn.Bilinear(2, 3, 1)", nn.Bilinear(2, 3, 1)),
            ("nn.ModuleList{nn.Linear(1, 1), nn.BatchNorm1d(2)}", nn.ModuleList([nn.Linear(1, 1), nn.BatchNorm1d(2)])),
            ("nn.ModuleDict{{'b', nn.Linear(1, 1)}, {'a', nn.PReLU()}}", nn.ModuleDict({"b": nn.Linear(1, 1), "a": nn.PReLU()})),
            ("nn.ParameterList{ty.ones(1), ty.ones(2)}", nn.ParameterList([torch.ones(1), torch.ones(2)])),
            ("nn.ParameterDict{{'b', ty.ones(1)}, {'a', ty.ones(2)}}", nn.ParameterDict(OrderedDict(b=torch.ones(1), a=torch.ones(2))))):
        print(table([text, list(module.state_dict())]) + ",")


def printed():
    """{text of a module, how PyTorch prints it}, with Lua's words and dimensions."""
    def linear():
        return nn.Linear(2, 2)
    for text, module in (
            ("nn.BatchNorm1d(3)", nn.BatchNorm1d(3)), ("nn.BatchNorm2d(3, {momentum = false, affine = false})",
                                                       nn.BatchNorm2d(3, momentum=None, affine=False)),
            ("nn.LayerNorm(10)", nn.LayerNorm(10)), ("nn.LayerNorm({2, 3}, {bias = false})", nn.LayerNorm((2, 3), bias=False)),
            ("nn.GroupNorm(2, 6)", nn.GroupNorm(2, 6)), ("nn.InstanceNorm1d(3)", nn.InstanceNorm1d(3)),
            ("nn.RMSNorm(4)", nn.RMSNorm(4)), ("nn.RMSNorm({2, 4}, 1e-3)", nn.RMSNorm((2, 4), 1e-3)),
            ("nn.LocalResponseNorm(2)", nn.LocalResponseNorm(2)), ("nn.Embedding(3, 4)", nn.Embedding(3, 4)),
            ("nn.Embedding(3, 4, {max_norm = 2.0, norm_type = 1.0, scale_grad_by_freq = true})",
             nn.Embedding(3, 4, max_norm=2.0, norm_type=1.0, scale_grad_by_freq=True)),
            ("nn.Embedding(3, 4, 3)", nn.Embedding(3, 4, 2)), ("nn.EmbeddingBag(3, 4)", nn.EmbeddingBag(3, 4)),
            ("nn.EmbeddingBag(3, 4, {padding_idx = 1, max_norm = 1.0, mode = 'sum'})",
             nn.EmbeddingBag(3, 4, padding_idx=0, max_norm=1.0, mode="sum")),
            ("nn.Bilinear(2, 3, 4)", nn.Bilinear(2, 3, 4)), ("nn.Unflatten(2, {2, 3})", nn.Unflatten(1, (2, 3))),
            ("nn.Dropout2d()", nn.Dropout2d()), ("nn.AlphaDropout()", nn.AlphaDropout()),
            ("nn.FeatureAlphaDropout(0.2, true)", nn.FeatureAlphaDropout(0.2, True)), ("nn.CosineSimilarity()", nn.CosineSimilarity()),
            ("nn.PairwiseDistance()", nn.PairwiseDistance()), ("nn.Softmax2d()", nn.Softmax2d()),
            ("nn.RReLU(0.125, 0.25)", nn.RReLU(0.125, 0.25)), ("nn.RReLU(0.125, 0.25, true)", nn.RReLU(0.125, 0.25, True)),
            ("nn.ModuleList{nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()}", nn.ModuleList([linear(), linear(), nn.ReLU()])),
            ("nn.ModuleList()", nn.ModuleList()), ("nn.ModuleDict()", nn.ModuleDict()),
            ("nn.ModuleDict{{'b', nn.ReLU()}, {'a', nn.Linear(2, 2)}}", nn.ModuleDict({"b": nn.ReLU(), "a": linear()})),
            ("nn.ModuleList{nn.ModuleList{nn.Linear(2, 2), nn.Linear(2, 2)}, nn.ModuleList{nn.Linear(2, 2), nn.Linear(2, 2)}}",
             nn.ModuleList([nn.ModuleList([linear(), linear()]) for _ in range(2)])),
            ("nn.Sequential(nn.Linear(2, 2), nn.ModuleList{nn.ReLU(), nn.ReLU()})",
             nn.Sequential(linear(), nn.ModuleList([nn.ReLU(), nn.ReLU()]))),
            ("nn.ParameterList{ty.ones(2, 3), ty.ones(2)}", nn.ParameterList([torch.ones(2, 3), torch.ones(2)])),
            ("nn.ParameterList{ty.ones(2)}", nn.ParameterList([torch.ones(2)])), ("nn.ParameterList()", nn.ParameterList()),
            ("nn.ParameterDict{{'b', ty.ones(1)}, {'a', ty.ones(2)}}", nn.ParameterDict(OrderedDict(b=torch.ones(1), a=torch.ones(2))))):
        said = re.sub(r"(\b(?:dim|padding_idx))=(\d+)", lambda m: f"{m[1]}={int(m[2]) + 1}", repr(module))
        for here, there in (("True", "true"), ("False", "false"), ("None", "nil"), ("torch.FloatTensor", "float32"),
                            ("torch.float32", "float32")):
            said = said.replace(here, there)
        print(table([text, said]) + ",")


def initial():
    """{text of what is drawn after manual_seed(0), its values}"""
    for text, shapes in (("eye_(x)", ("2, 3", "3, 2")), ("dirac_(x)", ("3, 2, 3", "2, 3, 2, 3", "2, 2, 3, 1, 2")),
                         ("dirac_(x, 2)", ("4, 2, 3", "6, 2, 2, 2")), ("orthogonal_(x)", ("3, 3", "4, 2", "2, 5", "2, 3, 2")),
                         ("orthogonal_(x, 0.5)", ("3, 4",)), ("sparse_(x, 0.5)", ("4, 3",)), ("sparse_(x, 0.3, 2)", ("5, 2",)),
                         ("trunc_normal_(x)", ("3, 2",))):
        for shape in shapes:
            torch.manual_seed(0)
            x = eval("nn.init." + text, {"nn": nn, "x": torch.empty(*map(int, shape.split(",")))})
            print(table([f"nn.init.{text.replace('(x', f'(ty.empty({shape})')}", x]) + ",")


def main():
    warnings.simplefilter("ignore")
    print("-- What PyTorch's normalisations, embeddings, containers and smaller layers give. Written by make_modules.py, which says "
          "what the fields are.")
    print("-- luacheck: no max line length")
    print("return {")
    layers()
    for part in (computed, running, keys, printed, initial):
        print(f"{part.__name__} = {{")
        part()
        print("},")
    print("}")
    assert not cases.failures, cases.failures


if __name__ == "__main__":
    main()
