#!/usr/bin/env python3
"""Writes sequences.lua: what PyTorch's modules for sequences give, for tests/spec/rnn_spec.lua.

    python3 make_sequences.py > sequences.lua

Needs torch 2.15. A module is made after manual_seed(0), and what is called draws from where that left the stream. Tensors are
written as in ops.lua (make_ops.py describes them).
"""
import re
import warnings

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import rnn

from cases import V, X, lua, numbers, tensors_of, upstream
from make_nn import table


def flat(results):
    """Every tensor of what a module gives, in order; of a packed sequence the data."""
    if isinstance(results, rnn.PackedSequence):
        return [results.data]
    if isinstance(results, torch.Tensor):
        return [results]
    return [x for item in results if item is not None for x in flat(item)]


def module(text, make, call, inputs, f):
    """{text of the module, text of the call, inputs, results, gradients of the inputs, {name, sum of |initial values|, gradient}
    of the parameters}. In the call m is the module and x the list of inputs."""
    torch.manual_seed(0)
    m = make()
    given = [x.make() for x in inputs]
    initial = [(name, p.detach().double().abs().sum().item(), p.detach().reshape(-1)[:3]) for name, p in m.named_parameters()]
    outputs = flat(f(m, given))
    leaves = [x for x in tensors_of(given) if x.requires_grad]
    parameters = [p for _, p in m.named_parameters()]
    grads = torch.autograd.grad(outputs, leaves + parameters, [upstream(y) for y in outputs], allow_unused=True)
    named = [[name, total, first, False if g is None else g]
             for (name, total, first), g in zip(initial, grads[len(leaves):], strict=True)]
    print(f"{{{table(text)},{table(call)},{lua(list(inputs))},{table([[list(y.shape), y] for y in outputs])},"
          f"{table([False if g is None else g for g in grads[:len(leaves)]])},{table(named)}}},")


def seq(*shape, **named):
    return X(*shape, mul=0.5, **named)


def recurrent():
    def layer(args, call, inputs, f, *names, **options):
        for name in names or ("RNN", "LSTM", "GRU"):
            text = ", ".join([args] + (["{" + ", ".join(f"{k} = {lua(v)}" for k, v in options.items()) + "}"] if options else []))
            module(f"nn.{name}({text})", lambda: getattr(nn, name)(*map(int, args.split(", ")), **options), call, inputs, f)

    def simple(m, x):
        return m(x[0])

    def packed(m, x):
        return m(rnn.pack_padded_sequence(x[0], torch.tensor([2, 3, 1]), enforce_sorted=False))

    def packed_state(m, x):
        hx = (x[1], x[2]) if isinstance(m, nn.LSTM) else x[1]
        return m(rnn.pack_padded_sequence(x[0], torch.tensor([2, 3, 1]), enforce_sorted=False), hx)
    pack = "nn.utils.rnn.pack_padded_sequence(x[1], {2, 3, 1}, {enforce_sorted = false})"
    layer("2, 3", "m(x[1])", [seq(3, 2, 2)], simple)
    layer("2, 2, 2", "m(x[1])", [seq(2, 3, 2)], simple, bidirectional=True, batch_first=True)
    layer("2, 2", "m(x[1])", [seq(3, 2)], simple, bias=False)
    layer("2, 2", f"m({pack})", [seq(3, 3, 2)], packed, bidirectional=True)
    layer("2, 2", f"m({pack}, x[2])", [seq(3, 3, 2), seq(1, 3, 2, seed=1)], packed_state, "RNN", "GRU")
    layer("2, 2", f"m({pack}, {{x[2], x[3]}})", [seq(3, 3, 2), seq(1, 3, 2, seed=1), seq(1, 3, 2, seed=2)], packed_state, "LSTM")
    layer("2, 2, 3", "m(x[1])", [seq(2, 2, 2)], simple, dropout=0.5)
    layer("2, 3, 2", "m(x[1])", [seq(2, 2, 2)], simple, "LSTM", proj_size=2, bidirectional=True)
    layer("2, 3", "m(x[1])", [seq(2, 2, 2)], simple, "RNN", nonlinearity="relu")
    layer("2, 2", "m(x[1], x[2])", [seq(3, 2), seq(1, 2, seed=1)], lambda m, x: m(x[0], x[1]), "RNN", "GRU")
    for name in ("RNNCell", "LSTMCell", "GRUCell"):
        layer("2, 3", "m(x[1])", [seq(2, 2)], simple, name)
        layer("2, 3", "m(x[1])", [seq(2)], simple, name, bias=False)
    layer("2, 3", "m(x[1], {x[2], x[3]})", [seq(2), seq(3, seed=1), seq(3, seed=2)], lambda m, x: m(x[0], (x[1], x[2])), "LSTMCell")


MASK = V([[False, True, True], [False, False, True], [False, False, False]], "bool")
PADDING = V([[False, False, True], [False, True, True]], "bool")


def attention():
    def layer(args, options, call, inputs, f):
        text = "{" + ", ".join(f"{k} = {lua(v)}" for k, v in options.items()) + "}"
        module(f"nn.MultiheadAttention({args}, {text})",
               lambda: nn.MultiheadAttention(*map(int, args.split(", ")), **options), call, inputs, f)

    def own(m, x, **named):
        return m(x[0], x[0], x[0], **named)
    x = [seq(3, 2, 4)]
    layer("4, 2", {}, "m(x[1], x[1], x[1])", x, own)
    layer("4, 2", dict(bias=False), "m(x[1], x[1], x[1], {need_weights = false})", x, lambda m, x: own(m, x, need_weights=False))
    layer("4, 2", dict(batch_first=True), "m(x[1], x[1], x[1], {average_attn_weights = false})", [seq(2, 3, 4)],
          lambda m, x: own(m, x, average_attn_weights=False))
    for need in (True, False):
        layer("4, 2", {}, f"m(x[1], x[1], x[1], {{attn_mask = x[2], key_padding_mask = x[3], need_weights = {lua(need)}}})",
              x + [MASK, PADDING], lambda m, x: own(m, x, attn_mask=x[1], key_padding_mask=x[2], need_weights=need))
        layer("4, 2", dict(add_bias_kv=True, add_zero_attn=True),
              f"m(x[1], x[1], x[1], {{attn_mask = x[2], key_padding_mask = x[3], need_weights = {lua(need)}}})",
              x + [MASK, PADDING], lambda m, x: own(m, x, attn_mask=x[1], key_padding_mask=x[2], need_weights=need))
        layer("4, 2", dict(dropout=0.5), f"m(x[1], x[1], x[1], {{need_weights = {lua(need)}}})", x,
              lambda m, x: own(m, x, need_weights=need))
        layer("4, 2", {}, f"m(x[1], x[1], x[1], {{attn_mask = x[2], is_causal = true, need_weights = {lua(need)}}})", x + [MASK],
              lambda m, x: own(m, x, attn_mask=x[1], is_causal=True, need_weights=need))
    layer("4, 2", {}, "m(x[1], x[1], x[1], {attn_mask = x[2]})", x + [X(4, 3, 3, seed=2)], lambda m, x: own(m, x, attn_mask=x[1]))
    layer("4, 2", {}, "m(x[1], x[2], x[2])", [seq(2, 2, 4), seq(3, 2, 4, seed=1)], lambda m, x: m(x[0], x[1], x[1]))
    layer("4, 2", dict(kdim=3, vdim=2), "m(x[1], x[2], x[3])", [seq(2, 2, 4), seq(3, 2, 3, seed=1), seq(3, 2, 2, seed=2)],
          lambda m, x: m(*x))
    layer("4, 2", {}, "m(x[1], x[2], x[2], {key_padding_mask = x[3]})",
          [seq(2, 4), seq(3, 4, seed=1), V([False, True, False], "bool")], lambda m, x: m(x[0], x[1], x[1], key_padding_mask=x[2]))


def transformers():
    def layer(text, make, call, inputs, f):
        module(text, make, call, inputs, f)
    x, memory = seq(3, 2, 4), seq(2, 2, 4, seed=1)
    for options in (dict(dropout=0.0), dict(dropout=0.0, norm_first=True, activation="gelu"), dict(dropout=0.0, bias=False),
                    dict(dropout=0.5)):
        text = "{" + ", ".join(f"{k} = {lua(v)}" for k, v in options.items()) + "}"
        layer(f"nn.TransformerEncoderLayer(4, 2, 3, {text})", lambda: nn.TransformerEncoderLayer(4, 2, 3, **options),
              "m(x[1])", [x], lambda m, x: m(x[0]))
        layer(f"nn.TransformerDecoderLayer(4, 2, 3, {text})", lambda: nn.TransformerDecoderLayer(4, 2, 3, **options),
              "m(x[1], x[2])", [x, memory], lambda m, x: m(x[0], x[1]))
    layer("nn.TransformerEncoderLayer(4, 2, 3, 0.0, {batch_first = true})",
          lambda: nn.TransformerEncoderLayer(4, 2, 3, 0.0, batch_first=True),
          "m(x[1], x[2], x[3])", [seq(2, 3, 4), MASK, PADDING], lambda m, x: m(x[0], x[1], x[2]))
    layer("nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 3, {activation = F.silu}), 2, nn.LayerNorm(4)):eval()",
          lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 3, activation=F.silu), 2, nn.LayerNorm(4)).eval(),
          "m(x[1], {mask = x[2]})", [x, MASK], lambda m, x: m(x[0], mask=x[1]))
    layer("nn.Transformer(4, 2, 1, 1, 3, {dropout = 0.0})", lambda: nn.Transformer(4, 2, 1, 1, 3, 0.0),
          "m(x[1], x[2], {tgt_mask = nn.Transformer.generate_square_subsequent_mask(2), src_key_padding_mask = x[3]})",
          [x, memory, PADDING], lambda m, x: m(x[0], x[1], tgt_mask=nn.Transformer.generate_square_subsequent_mask(2),
                                               src_key_padding_mask=x[2]))


def printed():
    """{text of a module, how PyTorch prints it}, with Lua's true and false."""
    for text in ("nn.RNN(2, 3)", "nn.RNN(2, 3, 2, 'relu', True)", "nn.LSTM(2, 3, 2, False, True, 0.5, True, 1)", "nn.GRU(2, 3, 2, True, True, 1)",
                 "nn.RNNCell(2, 3)", "nn.RNNCell(2, 3, False, 'relu')", "nn.LSTMCell(2, 3)", "nn.GRUCell(2, 3, False)",
                 "nn.MultiheadAttention(4, 2)", "nn.TransformerEncoderLayer(4, 2)",
                 "nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 3), 3, nn.LayerNorm(4))", "nn.Transformer(4, 2, 2, 1, 3)"):
        said = repr(eval(text))
        print(table([re.sub("True|False", lambda m: m[0].lower(), text), said.replace("True", "true").replace("False", "false")]) + ",")


def packing():
    """{text, results}: of lists of sequences a, b, c (see the spec)."""
    a, b, c = (X(n, 2, seed=n, grad=False).make() for n in (2, 4, 1))
    packed = rnn.pack_sequence([a, b, c], enforce_sorted=False)
    one = lambda x: x + 1
    rows = (("nn.utils.rnn.pack_sequence({a, b, c}, false)",
             [packed.data, packed.batch_sizes, one(packed.sorted_indices), one(packed.unsorted_indices)]),
            ("nn.utils.rnn.pad_sequence({a, b, c})", [rnn.pad_sequence([a, b, c])]),
            ("nn.utils.rnn.pad_sequence({a, b, c}, true, -1.5)", [rnn.pad_sequence([a, b, c], True, -1.5)]),
            ("nn.utils.rnn.pad_sequence({a, b, c}, {padding_side = 'left'})", [rnn.pad_sequence([a, b, c], padding_side="left")]),
            ("nn.utils.rnn.pad_packed_sequence(nn.utils.rnn.pack_sequence({a, b, c}, false))", rnn.pad_packed_sequence(packed)),
            ("nn.utils.rnn.pad_packed_sequence(nn.utils.rnn.pack_sequence({a, b, c}, false), true, 0.5, 6)",
             rnn.pad_packed_sequence(packed, True, 0.5, 6)),
            ("nn.utils.rnn.pad_packed_sequence(nn.utils.rnn.pack_sequence{b, a, c})",
             rnn.pad_packed_sequence(rnn.pack_sequence([b, a, c]))))
    for text, results in rows:
        print(table([text, [[list(x.shape), x] for x in results]]) + ",")


def training():
    """{text of the network, losses of ten steps of Adam}"""
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm, self.fc = nn.LSTM(3, 5, 2, batch_first=True, bidirectional=True), nn.Linear(10, 3)

        def forward(self, x):
            return self.fc(self.lstm(x)[0][:, -1])

    class Transformer(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(3, 8)
            self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True), 2)
            self.fc2 = nn.Linear(8, 3)

        def forward(self, x):
            return self.fc2(self.encoder(self.fc1(x)).mean(1))
    for name, make in (("Classifier", Classifier), ("Transformer", Transformer)):
        torch.manual_seed(0)
        net = make()
        optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
        x, y, losses = X(6, 4, 3, grad=False).make(), torch.tensor([0, 1, 2, 0, 1, 2]), []
        for _ in range(10):
            optimiser.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            optimiser.step()
            losses.append(loss.detach())
        print(table([name, torch.stack(losses)]) + ",")


def main():
    warnings.simplefilter("ignore")
    print("-- What PyTorch's modules for sequences give. Written by make_sequences.py, which says what the tables hold.")
    print("-- luacheck: no max line length")
    print("return {")
    for name, parts in (("modules", (recurrent, attention, transformers)), ("printed", (printed,)), ("packing", (packing,)),
                        ("training", (training,))):
        print(f"{name} = {{")
        for part in parts:
            part()
        print("},")
    print("}")


if __name__ == "__main__":
    main()
