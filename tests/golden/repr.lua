-- Written by make_repr.py: {Lua that makes a layer, its class, how PyTorch prints it}.
return {
{[[nn.Identity()]], "Identity", [[
Identity()]]},
{[[nn.Linear(3, 2)]], "Linear", [[
Linear(in_features=3, out_features=2, bias=true)]]},
{[[nn.Linear(3, 2, false)]], "Linear", [[
Linear(in_features=3, out_features=2, bias=false)]]},
{[[nn.Bilinear(2, 3, 4)]], "Bilinear", [[
Bilinear(in1_features=2, in2_features=3, out_features=4, bias=true)]]},
{[[nn.Bilinear(2, 3, 4, {bias = false})]], "Bilinear", [[
Bilinear(in1_features=2, in2_features=3, out_features=4, bias=false)]]},
{[[nn.Flatten()]], "Flatten", [[
Flatten(start_dim=2, end_dim=-1)]]},
{[[nn.Flatten(3, 4)]], "Flatten", [[
Flatten(start_dim=3, end_dim=4)]]},
{[[nn.Unflatten(2, {2, 3})]], "Unflatten", [[
Unflatten(dim=2, unflattened_size=(2, 3))]]},
{[[nn.LazyLinear(4)]], "LazyLinear", [[
LazyLinear(in_features=0, out_features=4, bias=true)]]},
{[[nn.Conv1d(2, 4, 3)]], "Conv1d", [[
Conv1d(2, 4, kernel_size=(3,), stride=(1,))]]},
{[[nn.Conv1d(2, 4, 3, 2, 1, 1, 2, false)]], "Conv1d", [[
Conv1d(2, 4, kernel_size=(3,), stride=(2,), padding=(1,), groups=2, bias=false)]]},
{[[nn.Conv1d(2, 4, 3, {padding_mode = "circular", padding = 1})]], "Conv1d", [[
Conv1d(2, 4, kernel_size=(3,), stride=(1,), padding=(1,), padding_mode=circular)]]},
{[[nn.Conv2d(3, 8, 3)]], "Conv2d", [[
Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))]]},
{[[nn.Conv2d(3, 8, {3, 5}, {stride = 2, padding = {1, 2}, dilation = 2, bias = false})]], "Conv2d", [[
Conv2d(3, 8, kernel_size=(3, 5), stride=(2, 2), padding=(1, 2), dilation=(2, 2), bias=false)]]},
{[[nn.Conv2d(4, 8, 3, {groups = 4})]], "Conv2d", [[
Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), groups=4)]]},
{[[nn.Conv2d(3, 8, 3, {padding = "same"})]], "Conv2d", [[
Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=same)]]},
{[[nn.Conv2d(3, 8, 3, {padding = 1, padding_mode = "reflect"})]], "Conv2d", [[
Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), padding_mode=reflect)]]},
{[[nn.Conv3d(1, 2, 3)]], "Conv3d", [[
Conv3d(1, 2, kernel_size=(3, 3, 3), stride=(1, 1, 1))]]},
{[[nn.Conv3d(1, 2, {1, 2, 3}, {stride = 2})]], "Conv3d", [[
Conv3d(1, 2, kernel_size=(1, 2, 3), stride=(2, 2, 2))]]},
{[[nn.ConvTranspose1d(2, 4, 3)]], "ConvTranspose1d", [[
ConvTranspose1d(2, 4, kernel_size=(3,), stride=(1,))]]},
{[[nn.ConvTranspose1d(2, 4, 3, {stride = 2, output_padding = 1})]], "ConvTranspose1d", [[
ConvTranspose1d(2, 4, kernel_size=(3,), stride=(2,), output_padding=(1,))]]},
{[[nn.ConvTranspose2d(2, 4, 3, {stride = 2, padding = 1})]], "ConvTranspose2d", [[
ConvTranspose2d(2, 4, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))]]},
{[[nn.ConvTranspose2d(2, 4, 3, {bias = false})]], "ConvTranspose2d", [[
ConvTranspose2d(2, 4, kernel_size=(3, 3), stride=(1, 1), bias=false)]]},
{[[nn.ConvTranspose3d(2, 4, 3)]], "ConvTranspose3d", [[
ConvTranspose3d(2, 4, kernel_size=(3, 3, 3), stride=(1, 1, 1))]]},
{[[nn.MaxPool1d(2)]], "MaxPool1d", [[
MaxPool1d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=false)]]},
{[[nn.MaxPool1d(3, {stride = 2, padding = 1})]], "MaxPool1d", [[
MaxPool1d(kernel_size=3, stride=2, padding=1, dilation=1, ceil_mode=false)]]},
{[[nn.MaxPool2d(2)]], "MaxPool2d", [[
MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=false)]]},
{[[nn.MaxPool2d({3, 2}, {stride = {2, 1}})]], "MaxPool2d", [[
MaxPool2d(kernel_size=(3, 2), stride=(2, 1), padding=0, dilation=1, ceil_mode=false)]]},
{[[nn.MaxPool2d(2, {ceil_mode = true})]], "MaxPool2d", [[
MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=true)]]},
{[[nn.MaxPool2d(2, {return_indices = true})]], "MaxPool2d", [[
MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=false)]]},
{[[nn.MaxPool3d(2)]], "MaxPool3d", [[
MaxPool3d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=false)]]},
{[[nn.MaxPool2d(3, 2, 1, 2)]], "MaxPool2d", [[
MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=2, ceil_mode=false)]]},
{[[nn.AvgPool1d(2)]], "AvgPool1d", [[
AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))]]},
{[[nn.AvgPool1d(3, 2, 1)]], "AvgPool1d", [[
AvgPool1d(kernel_size=(3,), stride=(2,), padding=(1,))]]},
{[[nn.AvgPool2d(2)]], "AvgPool2d", [[
AvgPool2d(kernel_size=2, stride=2, padding=0)]]},
{[[nn.AvgPool2d(3, {stride = 2, padding = 1, count_include_pad = false})]], "AvgPool2d", [[
AvgPool2d(kernel_size=3, stride=2, padding=1)]]},
{[[nn.AvgPool3d(2)]], "AvgPool3d", [[
AvgPool3d(kernel_size=2, stride=2, padding=0)]]},
{[[nn.AdaptiveAvgPool1d(3)]], "AdaptiveAvgPool1d", [[
AdaptiveAvgPool1d(output_size=3)]]},
{[[nn.AdaptiveAvgPool2d(1)]], "AdaptiveAvgPool2d", [[
AdaptiveAvgPool2d(output_size=1)]]},
{[[nn.AdaptiveAvgPool2d({3, 2})]], "AdaptiveAvgPool2d", [[
AdaptiveAvgPool2d(output_size=(3, 2))]]},
{[[nn.AdaptiveAvgPool3d(2)]], "AdaptiveAvgPool3d", [[
AdaptiveAvgPool3d(output_size=2)]]},
{[[nn.AdaptiveMaxPool1d(3)]], "AdaptiveMaxPool1d", [[
AdaptiveMaxPool1d(output_size=3)]]},
{[[nn.AdaptiveMaxPool2d(2)]], "AdaptiveMaxPool2d", [[
AdaptiveMaxPool2d(output_size=2)]]},
{[[nn.AdaptiveMaxPool2d({1, 2})]], "AdaptiveMaxPool2d", [[
AdaptiveMaxPool2d(output_size=(1, 2))]]},
{[[nn.AdaptiveMaxPool3d(2)]], "AdaptiveMaxPool3d", [[
AdaptiveMaxPool3d(output_size=2)]]},
{[[nn.LPPool1d(2, 3)]], "LPPool1d", [[
LPPool1d(norm_type=2, kernel_size=3, stride=nil, ceil_mode=false)]]},
{[[nn.LPPool2d(2, 3, {stride = 2})]], "LPPool2d", [[
LPPool2d(norm_type=2, kernel_size=3, stride=2, ceil_mode=false)]]},
{[[nn.LPPool3d(2, 3)]], "LPPool3d", [[
LPPool3d(norm_type=2, kernel_size=3, stride=nil, ceil_mode=false)]]},
{[[nn.MaxUnpool1d(2)]], "MaxUnpool1d", [[
MaxUnpool1d(kernel_size=(2,), stride=(2,), padding=(0,))]]},
{[[nn.MaxUnpool2d(2, {stride = 2})]], "MaxUnpool2d", [[
MaxUnpool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))]]},
{[[nn.MaxUnpool3d(3)]], "MaxUnpool3d", [[
MaxUnpool3d(kernel_size=(3, 3, 3), stride=(3, 3, 3), padding=(0, 0, 0))]]},
{[[nn.FractionalMaxPool2d(2, {output_size = 3})]], "FractionalMaxPool2d", [[
FractionalMaxPool2d()]]},
{[[nn.FractionalMaxPool3d(2, {output_size = 3})]], "FractionalMaxPool3d", [[
FractionalMaxPool3d()]]},
{[[nn.Fold({4, 5}, {2, 2})]], "Fold", [[
Fold(output_size=(4, 5), kernel_size=(2, 2), dilation=1, padding=0, stride=1)]]},
{[[nn.Fold({4, 5}, 2, {dilation = 1, padding = 1, stride = 2})]], "Fold", [[
Fold(output_size=(4, 5), kernel_size=2, dilation=1, padding=1, stride=2)]]},
{[[nn.Unfold(2)]], "Unfold", [[
Unfold(kernel_size=2, dilation=1, padding=0, stride=1)]]},
{[[nn.Unfold({2, 3}, {padding = 1})]], "Unfold", [[
Unfold(kernel_size=(2, 3), dilation=1, padding=1, stride=1)]]},
{[[nn.BatchNorm1d(4)]], "BatchNorm1d", [[
BatchNorm1d(4, eps=1e-05, momentum=0.1, affine=true, bias=true, track_running_stats=true)]]},
{[[nn.BatchNorm1d(4, 0.001, 0.2, false)]], "BatchNorm1d", [[
BatchNorm1d(4, eps=0.001, momentum=0.2, affine=false, bias=false, track_running_stats=true)]]},
{[[nn.BatchNorm2d(3)]], "BatchNorm2d", [[
BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=true, bias=true, track_running_stats=true)]]},
{[[nn.BatchNorm2d(3, {affine = false, track_running_stats = false})]], "BatchNorm2d", [[
BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=false, bias=false, track_running_stats=false)]]},
{[[nn.BatchNorm3d(2)]], "BatchNorm3d", [[
BatchNorm3d(2, eps=1e-05, momentum=0.1, affine=true, bias=true, track_running_stats=true)]]},
{[[nn.InstanceNorm1d(4)]], "InstanceNorm1d", [[
InstanceNorm1d(4, eps=1e-05, momentum=0.1, affine=false, bias=false, track_running_stats=false)]]},
{[[nn.InstanceNorm1d(4, {affine = true})]], "InstanceNorm1d", [[
InstanceNorm1d(4, eps=1e-05, momentum=0.1, affine=true, bias=true, track_running_stats=false)]]},
{[[nn.InstanceNorm2d(3)]], "InstanceNorm2d", [[
InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=false, bias=false, track_running_stats=false)]]},
{[[nn.InstanceNorm3d(2, {track_running_stats = true})]], "InstanceNorm3d", [[
InstanceNorm3d(2, eps=1e-05, momentum=0.1, affine=false, bias=false, track_running_stats=true)]]},
{[[nn.LayerNorm(4)]], "LayerNorm", [[
LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)]]},
{[[nn.LayerNorm({2, 3})]], "LayerNorm", [[
LayerNorm((2, 3), eps=1e-05, elementwise_affine=true, bias=true)]]},
{[[nn.LayerNorm({2, 3}, 0.001, false)]], "LayerNorm", [[
LayerNorm((2, 3), eps=0.001, elementwise_affine=false, bias=false)]]},
{[[nn.LayerNorm(4, {bias = false})]], "LayerNorm", [[
LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=false)]]},
{[[nn.RMSNorm(4)]], "RMSNorm", [[
RMSNorm((4,), eps=nil, elementwise_affine=true)]]},
{[[nn.RMSNorm({2, 3}, {eps = 1e-05})]], "RMSNorm", [[
RMSNorm((2, 3), eps=1e-05, elementwise_affine=true)]]},
{[[nn.GroupNorm(2, 4)]], "GroupNorm", [[
GroupNorm(2, 4, eps=1e-05, affine=true, bias=true)]]},
{[[nn.GroupNorm(2, 4, {affine = false})]], "GroupNorm", [[
GroupNorm(2, 4, eps=1e-05, affine=false, bias=false)]]},
{[[nn.LocalResponseNorm(2)]], "LocalResponseNorm", [[
LocalResponseNorm(2, alpha=0.0001, beta=0.75, k=1.0)]]},
{[[nn.LocalResponseNorm(2, {alpha = 0.001, beta = 0.5, k = 2.0})]], "LocalResponseNorm", [[
LocalResponseNorm(2, alpha=0.001, beta=0.5, k=2.0)]]},
{[[nn.Dropout()]], "Dropout", [[
Dropout(p=0.5, inplace=false)]]},
{[[nn.Dropout(0.25)]], "Dropout", [[
Dropout(p=0.25, inplace=false)]]},
{[[nn.Dropout(0.25, true)]], "Dropout", [[
Dropout(p=0.25, inplace=true)]]},
{[[nn.Dropout1d()]], "Dropout1d", [[
Dropout1d(p=0.5, inplace=false)]]},
{[[nn.Dropout2d(0.3)]], "Dropout2d", [[
Dropout2d(p=0.3, inplace=false)]]},
{[[nn.Dropout3d()]], "Dropout3d", [[
Dropout3d(p=0.5, inplace=false)]]},
{[[nn.AlphaDropout()]], "AlphaDropout", [[
AlphaDropout(p=0.5, inplace=false)]]},
{[[nn.FeatureAlphaDropout(0.2)]], "FeatureAlphaDropout", [[
FeatureAlphaDropout(p=0.2, inplace=false)]]},
{[[nn.Embedding(10, 3)]], "Embedding", [[
Embedding(10, 3)]]},
{[[nn.Embedding(10, 3, {max_norm = 2.0})]], "Embedding", [[
Embedding(10, 3, max_norm=2.0)]]},
{[[nn.Embedding(10, 3, {sparse = false, norm_type = 1.0})]], "Embedding", [[
Embedding(10, 3, norm_type=1.0)]]},
{[[nn.EmbeddingBag(10, 3)]], "EmbeddingBag", [[
EmbeddingBag(10, 3, mode='mean')]]},
{[[nn.EmbeddingBag(10, 3, {mode = "sum"})]], "EmbeddingBag", [[
EmbeddingBag(10, 3, mode='sum')]]},
{[[nn.RNN(3, 4)]], "RNN", [[
RNN(3, 4)]]},
{[[nn.RNN(3, 4, 2, {nonlinearity = "relu"})]], "RNN", [[
RNN(3, 4, num_layers=2)]]},
{[[nn.LSTM(3, 4)]], "LSTM", [[
LSTM(3, 4)]]},
{[[nn.LSTM(3, 4, 2, {batch_first = true, dropout = 0.5, bidirectional = true})]], "LSTM", [[
LSTM(3, 4, num_layers=2, batch_first=true, dropout=0.5, bidirectional=true)]]},
{[[nn.LSTM(3, 4, {proj_size = 2})]], "LSTM", [[
LSTM(3, 4, proj_size=2)]]},
{[[nn.LSTM(3, 4, {bias = false})]], "LSTM", [[
LSTM(3, 4, bias=false)]]},
{[[nn.GRU(3, 4)]], "GRU", [[
GRU(3, 4)]]},
{[[nn.GRU(3, 4, {num_layers = 3, bidirectional = true})]], "GRU", [[
GRU(3, 4, num_layers=3, bidirectional=true)]]},
{[[nn.RNNCell(3, 4)]], "RNNCell", [[
RNNCell(3, 4)]]},
{[[nn.RNNCell(3, 4, {nonlinearity = "relu"})]], "RNNCell", [[
RNNCell(3, 4, nonlinearity=relu)]]},
{[[nn.RNNCell(3, 4, {bias = false})]], "RNNCell", [[
RNNCell(3, 4, bias=false)]]},
{[[nn.LSTMCell(3, 4)]], "LSTMCell", [[
LSTMCell(3, 4)]]},
{[[nn.GRUCell(3, 4, false)]], "GRUCell", [[
GRUCell(3, 4, bias=false)]]},
{[[nn.MultiheadAttention(4, 2)]], "MultiheadAttention", [[
MultiheadAttention(
  (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=true)
)]]},
{[[nn.MultiheadAttention(4, 2, {dropout = 0.1, bias = false})]], "MultiheadAttention", [[
MultiheadAttention(
  (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=false)
)]]},
{[[nn.TransformerEncoderLayer(4, 2, 8)]], "TransformerEncoderLayer", [[
TransformerEncoderLayer(
  (self_attn): MultiheadAttention(
    (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=true)
  )
  (linear1): Linear(in_features=4, out_features=8, bias=true)
  (dropout): Dropout(p=0.1, inplace=false)
  (linear2): Linear(in_features=8, out_features=4, bias=true)
  (norm1): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
  (norm2): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
  (dropout1): Dropout(p=0.1, inplace=false)
  (dropout2): Dropout(p=0.1, inplace=false)
)]]},
{[[nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 2)]], "TransformerEncoder", [[
TransformerEncoder(
  (layers): ModuleList(
    (0-1): 2 x TransformerEncoderLayer(
      (self_attn): MultiheadAttention(
        (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=true)
      )
      (linear1): Linear(in_features=4, out_features=8, bias=true)
      (dropout): Dropout(p=0.1, inplace=false)
      (linear2): Linear(in_features=8, out_features=4, bias=true)
      (norm1): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
      (norm2): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
      (dropout1): Dropout(p=0.1, inplace=false)
      (dropout2): Dropout(p=0.1, inplace=false)
    )
  )
)]]},
{[[nn.TransformerDecoderLayer(4, 2, 8)]], "TransformerDecoderLayer", [[
TransformerDecoderLayer(
  (self_attn): MultiheadAttention(
    (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=true)
  )
  (multihead_attn): MultiheadAttention(
    (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=true)
  )
  (linear1): Linear(in_features=4, out_features=8, bias=true)
  (dropout): Dropout(p=0.1, inplace=false)
  (linear2): Linear(in_features=8, out_features=4, bias=true)
  (norm1): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
  (norm2): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
  (norm3): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
  (dropout1): Dropout(p=0.1, inplace=false)
  (dropout2): Dropout(p=0.1, inplace=false)
  (dropout3): Dropout(p=0.1, inplace=false)
)]]},
{[[nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8), 1)]], "TransformerDecoder", [[
TransformerDecoder(
  (layers): ModuleList(
    (0): TransformerDecoderLayer(
      (self_attn): MultiheadAttention(
        (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=true)
      )
      (multihead_attn): MultiheadAttention(
        (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=true)
      )
      (linear1): Linear(in_features=4, out_features=8, bias=true)
      (dropout): Dropout(p=0.1, inplace=false)
      (linear2): Linear(in_features=8, out_features=4, bias=true)
      (norm1): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
      (norm2): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
      (norm3): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
      (dropout1): Dropout(p=0.1, inplace=false)
      (dropout2): Dropout(p=0.1, inplace=false)
      (dropout3): Dropout(p=0.1, inplace=false)
    )
  )
)]]},
{[[nn.Transformer(4, 2, 1, 1, 8)]], "Transformer", [[
Transformer(
  (encoder): TransformerEncoder(
    (layers): ModuleList(
      (0): TransformerEncoderLayer(
        (self_attn): MultiheadAttention(
          (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=true)
        )
        (linear1): Linear(in_features=4, out_features=8, bias=true)
        (dropout): Dropout(p=0.1, inplace=false)
        (linear2): Linear(in_features=8, out_features=4, bias=true)
        (norm1): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
        (norm2): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
        (dropout1): Dropout(p=0.1, inplace=false)
        (dropout2): Dropout(p=0.1, inplace=false)
      )
    )
    (norm): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
  )
  (decoder): TransformerDecoder(
    (layers): ModuleList(
      (0): TransformerDecoderLayer(
        (self_attn): MultiheadAttention(
          (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=true)
        )
        (multihead_attn): MultiheadAttention(
          (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=true)
        )
        (linear1): Linear(in_features=4, out_features=8, bias=true)
        (dropout): Dropout(p=0.1, inplace=false)
        (linear2): Linear(in_features=8, out_features=4, bias=true)
        (norm1): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
        (norm2): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
        (norm3): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
        (dropout1): Dropout(p=0.1, inplace=false)
        (dropout2): Dropout(p=0.1, inplace=false)
        (dropout3): Dropout(p=0.1, inplace=false)
      )
    )
    (norm): LayerNorm((4,), eps=1e-05, elementwise_affine=true, bias=true)
  )
)]]},
{[[nn.ReLU()]], "ReLU", [[
ReLU()]]},
{[[nn.ReLU(true)]], "ReLU", [[
ReLU(inplace=true)]]},
{[[nn.ReLU6()]], "ReLU6", [[
ReLU6()]]},
{[[nn.RReLU(0.1, 0.3)]], "RReLU", [[
RReLU(lower=0.1, upper=0.3)]]},
{[[nn.Sigmoid()]], "Sigmoid", [[
Sigmoid()]]},
{[[nn.Tanh()]], "Tanh", [[
Tanh()]]},
{[[nn.LeakyReLU()]], "LeakyReLU", [[
LeakyReLU(negative_slope=0.01)]]},
{[[nn.LeakyReLU(0.2, true)]], "LeakyReLU", [[
LeakyReLU(negative_slope=0.2, inplace=true)]]},
{[[nn.ELU()]], "ELU", [[
ELU(alpha=1.0)]]},
{[[nn.ELU(0.5)]], "ELU", [[
ELU(alpha=0.5)]]},
{[[nn.SELU()]], "SELU", [[
SELU()]]},
{[[nn.SELU(true)]], "SELU", [[
SELU(inplace=true)]]},
{[[nn.CELU()]], "CELU", [[
CELU(alpha=1.0)]]},
{[[nn.CELU(0.5)]], "CELU", [[
CELU(alpha=0.5)]]},
{[[nn.SiLU()]], "SiLU", [[
SiLU()]]},
{[[nn.Mish()]], "Mish", [[
Mish()]]},
{[[nn.Mish(true)]], "Mish", [[
Mish(inplace=true)]]},
{[[nn.Softplus()]], "Softplus", [[
Softplus(beta=1.0, threshold=20.0)]]},
{[[nn.Softplus(2.0, 10.0)]], "Softplus", [[
Softplus(beta=2.0, threshold=10.0)]]},
{[[nn.Softsign()]], "Softsign", [[
Softsign()]]},
{[[nn.Hardtanh()]], "Hardtanh", [[
Hardtanh(min_val=-1.0, max_val=1.0)]]},
{[[nn.Hardtanh(-2.0, 2.0)]], "Hardtanh", [[
Hardtanh(min_val=-2.0, max_val=2.0)]]},
{[[nn.Hardsigmoid()]], "Hardsigmoid", [[
Hardsigmoid()]]},
{[[nn.Hardswish()]], "Hardswish", [[
Hardswish()]]},
{[[nn.LogSigmoid()]], "LogSigmoid", [[
LogSigmoid()]]},
{[[nn.Tanhshrink()]], "Tanhshrink", [[
Tanhshrink()]]},
{[[nn.Softshrink()]], "Softshrink", [[
Softshrink(0.5)]]},
{[[nn.Softshrink(0.3)]], "Softshrink", [[
Softshrink(0.3)]]},
{[[nn.Hardshrink()]], "Hardshrink", [[
Hardshrink(0.5)]]},
{[[nn.Threshold(0.1, 20.0)]], "Threshold", [[
Threshold(threshold=0.1, value=20.0)]]},
{[[nn.GLU()]], "GLU", [[
GLU(dim=-1)]]},
{[[nn.GLU(2)]], "GLU", [[
GLU(dim=2)]]},
{[[nn.Softmin(2)]], "Softmin", [[
Softmin(dim=2)]]},
{[[nn.Softmax(2)]], "Softmax", [[
Softmax(dim=2)]]},
{[[nn.Softmax(-1)]], "Softmax", [[
Softmax(dim=-1)]]},
{[[nn.LogSoftmax(1)]], "LogSoftmax", [[
LogSoftmax(dim=1)]]},
{[[nn.Softmax2d()]], "Softmax2d", [[
Softmax2d()]]},
{[[nn.GELU()]], "GELU", [[
GELU(approximate='none')]]},
{[[nn.GELU({approximate = "tanh"})]], "GELU", [[
GELU(approximate='tanh')]]},
{[[nn.PReLU()]], "PReLU", [[
PReLU(num_parameters=1)]]},
{[[nn.PReLU(3)]], "PReLU", [[
PReLU(num_parameters=3)]]},
{[[nn.Upsample({scale_factor = 2})]], "Upsample", [[
Upsample(scale_factor=2.0, mode='nearest')]]},
{[[nn.Upsample({scale_factor = 2.5, mode = "bilinear"})]], "Upsample", [[
Upsample(scale_factor=2.5, mode='bilinear')]]},
{[[nn.Upsample({4, 5})]], "Upsample", [[
Upsample(size=(4, 5), mode='nearest')]]},
{[[nn.Upsample({size = 8, mode = "nearest"})]], "Upsample", [[
Upsample(size=8, mode='nearest')]]},
{[[nn.UpsamplingNearest2d({scale_factor = 2})]], "UpsamplingNearest2d", [[
UpsamplingNearest2d(scale_factor=2.0, mode='nearest')]]},
{[[nn.UpsamplingBilinear2d({scale_factor = 2})]], "UpsamplingBilinear2d", [[
UpsamplingBilinear2d(scale_factor=2.0, mode='bilinear')]]},
{[[nn.PixelShuffle(2)]], "PixelShuffle", [[
PixelShuffle(upscale_factor=2)]]},
{[[nn.PixelUnshuffle(2)]], "PixelUnshuffle", [[
PixelUnshuffle(downscale_factor=2)]]},
{[[nn.ChannelShuffle(2)]], "ChannelShuffle", [[
ChannelShuffle(groups=2)]]},
{[[nn.ZeroPad1d(1)]], "ZeroPad1d", [[
ZeroPad1d((1, 1))]]},
{[[nn.ZeroPad2d({1, 2, 3, 4})]], "ZeroPad2d", [[
ZeroPad2d((1, 2, 3, 4))]]},
{[[nn.ZeroPad3d(1)]], "ZeroPad3d", [[
ZeroPad3d((1, 1, 1, 1, 1, 1))]]},
{[[nn.ConstantPad1d(2, 3.5)]], "ConstantPad1d", [[
ConstantPad1d(padding=(2, 2), value=3.5)]]},
{[[nn.ConstantPad2d({1, 2, 3, 4}, 0.5)]], "ConstantPad2d", [[
ConstantPad2d(padding=(1, 2, 3, 4), value=0.5)]]},
{[[nn.ConstantPad3d(1, 2.0)]], "ConstantPad3d", [[
ConstantPad3d(padding=(1, 1, 1, 1, 1, 1), value=2.0)]]},
{[[nn.ReflectionPad1d(2)]], "ReflectionPad1d", [[
ReflectionPad1d((2, 2))]]},
{[[nn.ReflectionPad2d({1, 2, 3, 4})]], "ReflectionPad2d", [[
ReflectionPad2d((1, 2, 3, 4))]]},
{[[nn.ReflectionPad3d(1)]], "ReflectionPad3d", [[
ReflectionPad3d((1, 1, 1, 1, 1, 1))]]},
{[[nn.ReplicationPad1d({1, 2})]], "ReplicationPad1d", [[
ReplicationPad1d((1, 2))]]},
{[[nn.ReplicationPad2d(1)]], "ReplicationPad2d", [[
ReplicationPad2d((1, 1, 1, 1))]]},
{[[nn.ReplicationPad3d(2)]], "ReplicationPad3d", [[
ReplicationPad3d((2, 2, 2, 2, 2, 2))]]},
{[[nn.CircularPad1d(1)]], "CircularPad1d", [[
CircularPad1d((1, 1))]]},
{[[nn.CircularPad2d({1, 2, 3, 4})]], "CircularPad2d", [[
CircularPad2d((1, 2, 3, 4))]]},
{[[nn.CircularPad3d(1)]], "CircularPad3d", [[
CircularPad3d((1, 1, 1, 1, 1, 1))]]},
{[[nn.CosineSimilarity()]], "CosineSimilarity", [[
CosineSimilarity()]]},
{[[nn.CosineSimilarity(1, 1e-06)]], "CosineSimilarity", [[
CosineSimilarity()]]},
{[[nn.PairwiseDistance()]], "PairwiseDistance", [[
PairwiseDistance()]]},
{[[nn.PairwiseDistance(1.0)]], "PairwiseDistance", [[
PairwiseDistance()]]},
{[[nn.L1Loss()]], "L1Loss", [[
L1Loss()]]},
{[[nn.MSELoss({reduction = "sum"})]], "MSELoss", [[
MSELoss()]]},
{[[nn.CrossEntropyLoss()]], "CrossEntropyLoss", [[
CrossEntropyLoss()]]},
{[[nn.CrossEntropyLoss({label_smoothing = 0.1})]], "CrossEntropyLoss", [[
CrossEntropyLoss()]]},
{[[nn.NLLLoss()]], "NLLLoss", [[
NLLLoss()]]},
{[[nn.PoissonNLLLoss()]], "PoissonNLLLoss", [[
PoissonNLLLoss()]]},
{[[nn.GaussianNLLLoss()]], "GaussianNLLLoss", [[
GaussianNLLLoss()]]},
{[[nn.KLDivLoss()]], "KLDivLoss", [[
KLDivLoss()]]},
{[[nn.BCELoss()]], "BCELoss", [[
BCELoss()]]},
{[[nn.BCEWithLogitsLoss()]], "BCEWithLogitsLoss", [[
BCEWithLogitsLoss()]]},
{[[nn.MarginRankingLoss()]], "MarginRankingLoss", [[
MarginRankingLoss()]]},
{[[nn.HingeEmbeddingLoss()]], "HingeEmbeddingLoss", [[
HingeEmbeddingLoss()]]},
{[[nn.HuberLoss()]], "HuberLoss", [[
HuberLoss()]]},
{[[nn.HuberLoss({delta = 0.5})]], "HuberLoss", [[
HuberLoss()]]},
{[[nn.SmoothL1Loss()]], "SmoothL1Loss", [[
SmoothL1Loss()]]},
{[[nn.SmoothL1Loss({beta = 0.5})]], "SmoothL1Loss", [[
SmoothL1Loss()]]},
{[[nn.SoftMarginLoss()]], "SoftMarginLoss", [[
SoftMarginLoss()]]},
{[[nn.MultiLabelMarginLoss()]], "MultiLabelMarginLoss", [[
MultiLabelMarginLoss()]]},
{[[nn.MultiMarginLoss()]], "MultiMarginLoss", [[
MultiMarginLoss()]]},
{[[nn.MultiLabelSoftMarginLoss()]], "MultiLabelSoftMarginLoss", [[
MultiLabelSoftMarginLoss()]]},
{[[nn.CosineEmbeddingLoss()]], "CosineEmbeddingLoss", [[
CosineEmbeddingLoss()]]},
{[[nn.TripletMarginLoss()]], "TripletMarginLoss", [[
TripletMarginLoss()]]},
{[[nn.CTCLoss()]], "CTCLoss", [[
CTCLoss()]]},
{[[nn.AdaptiveLogSoftmaxWithLoss(4, 10, {3, 6})]], "AdaptiveLogSoftmaxWithLoss", [[
AdaptiveLogSoftmaxWithLoss(
  (head): Linear(in_features=4, out_features=5, bias=false)
  (tail): ModuleList(
    (0): Sequential(
      (0): Linear(in_features=4, out_features=1, bias=false)
      (1): Linear(in_features=1, out_features=3, bias=false)
    )
    (1): Sequential(
      (0): Linear(in_features=4, out_features=0, bias=false)
      (1): Linear(in_features=0, out_features=4, bias=false)
    )
  )
)]]},
{[[nn.Sequential()]], "Sequential", [[
Sequential()]]},
{[[nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))]], "Sequential", [[
Sequential(
  (0): Linear(in_features=2, out_features=3, bias=true)
  (1): ReLU()
  (2): Linear(in_features=3, out_features=1, bias=true)
)]]},
{[[nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))]], "Sequential", [[
Sequential(
  (0): Linear(in_features=2, out_features=2, bias=true)
  (1): Linear(in_features=2, out_features=2, bias=true)
)]]},
{[[nn.Sequential(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), nn.Dropout(0.1))]], "Sequential", [[
Sequential(
  (0): Sequential(
    (0): Linear(in_features=2, out_features=3, bias=true)
    (1): ReLU()
  )
  (1): Dropout(p=0.1, inplace=false)
)]]},
{[[nn.ModuleList({nn.Linear(2, 2), nn.ReLU()})]], "ModuleList", [[
ModuleList(
  (0): Linear(in_features=2, out_features=2, bias=true)
  (1): ReLU()
)]]},
{[[nn.ModuleList({nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)})]], "ModuleList", [[
ModuleList(
  (0-2): 3 x Linear(in_features=2, out_features=2, bias=true)
)]]},
{[[nn.ModuleList()]], "ModuleList", [[
ModuleList()]]},
{[[nn.ParameterList()]], "ParameterList", [[
ParameterList()]]},
}
