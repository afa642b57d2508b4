#!/usr/bin/env python3
"""Writes repr.lua: how PyTorch prints its layers, for tests/spec/repr_spec.lua: {Lua that makes the layer, its name, the text}, with
Lua's true, false and nil, and dimensions that count from 1.

    python3 make_repr.py > repr.lua
"""
import ast
import inspect
import re
import warnings

import torch.nn as nn

warnings.simplefilter("ignore")

LAYERS = """
Identity()  Linear(3, 2)  Linear(3, 2, False)  Bilinear(2, 3, 4)  Bilinear(2, 3, 4, bias=False)  Flatten()  Flatten(2, 3)
Unflatten(1, (2, 3))  LazyLinear(4)
Conv1d(2, 4, 3)  Conv1d(2, 4, 3, 2, 1, 1, 2, False)  Conv1d(2, 4, 3, padding_mode='circular', padding=1)
Conv2d(3, 8, 3)  Conv2d(3, 8, (3, 5), stride=2, padding=(1, 2), dilation=2, bias=False)  Conv2d(4, 8, 3, groups=4)
Conv2d(3, 8, 3, padding='same')  Conv2d(3, 8, 3, padding=1, padding_mode='reflect')  Conv3d(1, 2, 3)  Conv3d(1, 2, (1, 2, 3), stride=2)
ConvTranspose1d(2, 4, 3)  ConvTranspose1d(2, 4, 3, stride=2, output_padding=1)  ConvTranspose2d(2, 4, 3, stride=2, padding=1)
ConvTranspose2d(2, 4, 3, bias=False)  ConvTranspose3d(2, 4, 3)
MaxPool1d(2)  MaxPool1d(3, stride=2, padding=1)  MaxPool2d(2)  MaxPool2d((3, 2), stride=(2, 1))  MaxPool2d(2, ceil_mode=True)
MaxPool2d(2, return_indices=True)  MaxPool3d(2)  MaxPool2d(3, 2, 1, 2)
AvgPool1d(2)  AvgPool1d(3, 2, 1)  AvgPool2d(2)  AvgPool2d(3, stride=2, padding=1, count_include_pad=False)  AvgPool3d(2)
AdaptiveAvgPool1d(3)  AdaptiveAvgPool2d(1)  AdaptiveAvgPool2d((3, 2))  AdaptiveAvgPool3d(2)  AdaptiveMaxPool1d(3)
AdaptiveMaxPool2d(2)  AdaptiveMaxPool2d((1, 2))  AdaptiveMaxPool3d(2)  LPPool1d(2, 3)  LPPool2d(2, 3, stride=2)  LPPool3d(2, 3)
MaxUnpool1d(2)  MaxUnpool2d(2, stride=2)  MaxUnpool3d(3)  FractionalMaxPool2d(2, output_size=3)  FractionalMaxPool3d(2, output_size=3)
Fold((4, 5), (2, 2))  Fold((4, 5), 2, dilation=1, padding=1, stride=2)  Unfold(2)  Unfold((2, 3), padding=1)
BatchNorm1d(4)  BatchNorm1d(4, 1e-3, 0.2, False)  BatchNorm2d(3)  BatchNorm2d(3, affine=False, track_running_stats=False)
BatchNorm3d(2)  InstanceNorm1d(4)  InstanceNorm1d(4, affine=True)  InstanceNorm2d(3)  InstanceNorm3d(2, track_running_stats=True)
LayerNorm(4)  LayerNorm((2, 3))  LayerNorm((2, 3), 1e-3, False)  LayerNorm(4, bias=False)  RMSNorm(4)  RMSNorm((2, 3), eps=1e-5)
GroupNorm(2, 4)  GroupNorm(2, 4, affine=False)  LocalResponseNorm(2)  LocalResponseNorm(2, alpha=1e-3, beta=0.5, k=2.0)
Dropout()  Dropout(0.25)  Dropout(0.25, True)  Dropout1d()  Dropout2d(0.3)  Dropout3d()  AlphaDropout()  FeatureAlphaDropout(0.2)
Embedding(10, 3)  Embedding(10, 3, max_norm=2.0)  Embedding(10, 3, sparse=False, norm_type=1.0)  EmbeddingBag(10, 3)
EmbeddingBag(10, 3, mode='sum')
RNN(3, 4)  RNN(3, 4, 2, nonlinearity='relu')  LSTM(3, 4)  LSTM(3, 4, 2, batch_first=True, dropout=0.5, bidirectional=True)
LSTM(3, 4, proj_size=2)  LSTM(3, 4, bias=False)  GRU(3, 4)  GRU(3, 4, num_layers=3, bidirectional=True)
RNNCell(3, 4)  RNNCell(3, 4, nonlinearity='relu')  RNNCell(3, 4, bias=False)  LSTMCell(3, 4)  GRUCell(3, 4, False)
MultiheadAttention(4, 2)  MultiheadAttention(4, 2, dropout=0.1, bias=False)  TransformerEncoderLayer(4, 2, 8)
TransformerEncoder(TransformerEncoderLayer(4, 2, 8), 2)  TransformerDecoderLayer(4, 2, 8)
TransformerDecoder(TransformerDecoderLayer(4, 2, 8), 1)  Transformer(4, 2, 1, 1, 8)
ReLU()  ReLU(True)  ReLU6()  RReLU(0.1, 0.3)  Sigmoid()  Tanh()  LeakyReLU()  LeakyReLU(0.2, True)  ELU()  ELU(0.5)
SELU()  SELU(True)  CELU()  CELU(0.5)  SiLU()  Mish()  Mish(True)  Softplus()  Softplus(2.0, 10.0)  Softsign()  Hardtanh()
Hardtanh(-2.0, 2.0)  Hardsigmoid()  Hardswish()  LogSigmoid()  Tanhshrink()  Softshrink()  Softshrink(0.3)  Hardshrink()
Threshold(0.1, 20.0)  GLU()  GLU(1)  Softmin(1)  Softmax(1)  Softmax(-1)  LogSoftmax(0)  Softmax2d()  GELU()
GELU(approximate='tanh')  PReLU()  PReLU(3)
Upsample(scale_factor=2)  Upsample(scale_factor=2.5, mode='bilinear')  Upsample((4, 5))  Upsample(size=8, mode='nearest')
UpsamplingNearest2d(scale_factor=2)  UpsamplingBilinear2d(scale_factor=2)
PixelShuffle(2)  PixelUnshuffle(2)  ChannelShuffle(2)
ZeroPad1d(1)  ZeroPad2d((1, 2, 3, 4))  ZeroPad3d(1)  ConstantPad1d(2, 3.5)  ConstantPad2d((1, 2, 3, 4), 0.5)  ConstantPad3d(1, 2.0)
ReflectionPad1d(2)  ReflectionPad2d((1, 2, 3, 4))  ReflectionPad3d(1)  ReplicationPad1d((1, 2))  ReplicationPad2d(1)
ReplicationPad3d(2)  CircularPad1d(1)  CircularPad2d((1, 2, 3, 4))  CircularPad3d(1)
CosineSimilarity()  CosineSimilarity(0, 1e-6)  PairwiseDistance()  PairwiseDistance(1.0)
L1Loss()  MSELoss(reduction='sum')  CrossEntropyLoss()  CrossEntropyLoss(label_smoothing=0.1)  NLLLoss()  PoissonNLLLoss()
GaussianNLLLoss()  KLDivLoss()  BCELoss()  BCEWithLogitsLoss()  MarginRankingLoss()  HingeEmbeddingLoss()  HuberLoss()
HuberLoss(delta=0.5)  SmoothL1Loss()  SmoothL1Loss(beta=0.5)  SoftMarginLoss()  MultiLabelMarginLoss()  MultiMarginLoss()
MultiLabelSoftMarginLoss()  CosineEmbeddingLoss()  TripletMarginLoss()  CTCLoss()
AdaptiveLogSoftmaxWithLoss(4, 10, [3, 6])
Sequential()  Sequential(Linear(2, 3), ReLU(), Linear(3, 1))  Sequential(Linear(2, 2), Linear(2, 2))
Sequential(Sequential(Linear(2, 3), ReLU()), Dropout(0.1))  ModuleList([Linear(2, 2), ReLU()])
ModuleList([Linear(2, 2), Linear(2, 2), Linear(2, 2)])  ModuleList()  ParameterList()
"""

# Arguments that are dimensions.
DIMS = {"Softmax": ["dim"], "LogSoftmax": ["dim"], "Softmin": ["dim"], "GLU": ["dim"], "Flatten": ["start_dim", "end_dim"],
        "Unflatten": ["dim"], "CosineSimilarity": ["dim"]}


def lua(node, dim=False):
    if isinstance(node, ast.Call):
        name = node.func.id
        known = list(inspect.signature(getattr(nn, name).__init__).parameters)[1:]
        dims = DIMS.get(name, [])
        parts = [lua(a, i < len(known) and known[i] in dims) for i, a in enumerate(node.args)]
        named = [f"{k.arg} = {lua(k.value, k.arg in dims)}" for k in node.keywords]
        return f"nn.{name}({', '.join(parts + (['{' + ', '.join(named) + '}'] if named else []))})"
    if isinstance(node, (ast.Tuple, ast.List)):
        return "{" + ", ".join(lua(e) for e in node.elts) + "}"
    value = ast.literal_eval(node)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"%s"' % value
    return repr(value + 1 if dim and value >= 0 else value)


def main():
    print("-- Written by make_repr.py: {Lua that makes a layer, its class, how PyTorch prints it}.")
    print("return {")
    for text in re.split(r"\s{2,}|\n", LAYERS.strip()):
        node = ast.parse(text.strip(), mode="eval").body
        printed = repr(eval(text, vars(nn)))
        printed = re.sub(r"(\b(?:start_|end_)?dim)=(\d+)", lambda m: f"{m[1]}={int(m[2]) + 1}", printed)
        for python, word in (("True", "true"), ("False", "false"), ("None", "nil")):
            printed = re.sub(r"\b%s\b" % python, word, printed)
        print('{[[%s]], "%s", [[\n%s]]},' % (lua(node), node.func.id, printed))
    print("}")


main()
