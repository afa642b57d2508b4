-- What Tycho must have, name by name, and how the coverage page of the reference counts PyTorch's names against it.

local ty = require "tycho"
local core = require "tycho.core"

local root = package.searchpath("coverage_spec", package.path):gsub("tests/spec/coverage_spec%.lua$", "")

-- Full names (one of those with a bar between them); "x:" are methods of tensors, "x." their fields.
local must = [[
ty.float32 ty.float64 ty.float16 ty.bfloat16 ty.int64 ty.int32 ty.int16 ty.int8 ty.uint8 ty.bool
ty.tensor ty.zeros ty.ones ty.full ty.empty ty.eye ty.arange ty.linspace ty.logspace ty.rand ty.randn ty.randint ty.randperm
ty.zeros_like ty.ones_like ty.full_like ty.empty_like ty.rand_like ty.randn_like ty.randint_like x:totable
x:view x:reshape x:flatten x:permute x:transpose x:t x:squeeze x:unsqueeze x:expand x:narrow x:select x:unfold x:chunk x:split
x:diagonal ty.cat ty.stack x:tile x:repeat_interleave
ty.index_select ty.gather ty.scatter ty.scatter_add ty.masked_fill ty.masked_select x:masked_scatter_ ty.where ty.take ty.nonzero
x:index_put_ x:index_put
ty.abs ty.absolute ty.acos ty.arccos ty.acosh ty.arccosh ty.add ty.addcdiv ty.addcmul ty.asin ty.arcsin ty.asinh ty.arcsinh
ty.atan ty.arctan ty.atanh ty.arctanh ty.atan2 ty.arctan2 ty.bitwise_not ty.bitwise_and ty.bitwise_or ty.bitwise_xor
ty.bitwise_left_shift ty.bitwise_right_shift ty.ceil ty.clamp ty.clip ty.copysign ty.cos ty.cosh ty.deg2rad ty.div ty.divide
ty.digamma ty.erf ty.erfc ty.erfinv ty.exp ty.exp2 ty.expm1 ty.fix ty.float_power ty.floor ty.floor_divide ty.fmod ty.frac
ty.frexp ty.ldexp ty.lerp ty.lgamma ty.log ty.log10 ty.log1p ty.log2 ty.logaddexp ty.logaddexp2 ty.logical_and ty.logical_not
ty.logical_or ty.logical_xor ty.logit ty.hypot ty.mul ty.multiply ty.nan_to_num ty.neg ty.negative ty.nextafter ty.polygamma
ty.positive ty.pow ty.rad2deg ty.reciprocal ty.remainder ty.round ty.rsqrt ty.sigmoid ty.sign ty.sgn ty.signbit ty.sin ty.sinc
ty.sinh ty.softmax ty.sqrt ty.square ty.sub ty.subtract ty.tan ty.tanh ty.true_divide ty.trunc ty.xlogy
ty.allclose ty.argsort ty.eq ty.equal ty.ge ty.greater_equal ty.gt ty.greater ty.isclose ty.isfinite ty.isin ty.isinf
ty.isposinf ty.isneginf ty.isnan ty.kthvalue ty.le ty.less_equal ty.lt ty.less ty.maximum ty.minimum ty.fmax ty.fmin ty.ne
ty.not_equal ty.sort ty.topk ty.msort
ty.sum ty.mean ty.var ty.std ty.prod ty.min ty.max ty.amin ty.amax ty.argmin ty.argmax ty.norm ty.logsumexp ty.cumsum ty.cumprod
ty.all ty.any ty.median ty.mode ty.quantile ty.unique ty.bincount ty.histc
ty.mm ty.bmm ty.mv ty.dot ty.outer ty.baddbmm ty.addmm ty.einsum ty.matmul
ty.linalg.solve ty.linalg.inv ty.linalg.det ty.linalg.cholesky ty.linalg.qr ty.linalg.svd ty.linalg.eigh
ty.tril ty.triu ty.promote_types ty.set_printoptions
x.requires_grad x:backward ty.grad ty.no_grad ty.enable_grad ty.inference_mode x:detach x:register_hook ty.autograd.Function
ty.autograd.gradcheck ty.autograd.checkpoint|ty.utils.checkpoint|ty.checkpoint ty.autograd.detect_anomaly
nn.Module nn.Sequential nn.ModuleList nn.ModuleDict nn.Parameter nn.Linear nn.Bilinear nn.Conv1d nn.Conv2d nn.Conv3d
nn.ConvTranspose1d nn.ConvTranspose2d nn.ConvTranspose3d nn.MaxPool1d nn.MaxPool2d nn.MaxPool3d nn.AvgPool1d nn.AvgPool2d
nn.AvgPool3d nn.AdaptiveAvgPool1d nn.AdaptiveAvgPool2d nn.AdaptiveAvgPool3d nn.AdaptiveMaxPool1d nn.AdaptiveMaxPool2d
nn.AdaptiveMaxPool3d nn.BatchNorm1d nn.BatchNorm2d nn.LayerNorm nn.GroupNorm nn.InstanceNorm1d nn.InstanceNorm2d nn.Dropout
nn.Dropout1d nn.Dropout2d nn.Dropout3d nn.AlphaDropout nn.Embedding nn.RNN nn.LSTM nn.GRU nn.MultiheadAttention
nn.TransformerEncoder nn.TransformerEncoderLayer nn.Flatten nn.Unflatten nn.Upsample nn.ZeroPad2d nn.ConstantPad1d
nn.ConstantPad2d nn.ReflectionPad1d nn.ReflectionPad2d nn.ReplicationPad1d nn.ReplicationPad2d nn.CircularPad2d
nn.ELU nn.Hardshrink nn.Hardsigmoid nn.Hardtanh nn.Hardswish nn.LeakyReLU nn.LogSigmoid nn.PReLU nn.ReLU nn.ReLU6 nn.RReLU nn.SELU
nn.CELU nn.GELU nn.Sigmoid nn.SiLU nn.Mish nn.Softplus nn.Softshrink nn.Softsign nn.Tanh nn.Tanhshrink nn.Threshold nn.GLU
nn.Softmin nn.Softmax nn.LogSoftmax
nn.init.uniform_ nn.init.normal_ nn.init.constant_ nn.init.ones_ nn.init.zeros_ nn.init.eye_ nn.init.dirac_
nn.init.xavier_uniform_
nn.init.xavier_normal_ nn.init.kaiming_uniform_ nn.init.kaiming_normal_ nn.init.trunc_normal_ nn.init.orthogonal_ nn.init.sparse_
nn.init.calculate_gain nn.utils.clip_grad_norm_ nn.utils.clip_grad_value_ nn.utils.parameters_to_vector nn.utils.weight_norm
nn.CrossEntropyLoss nn.NLLLoss nn.BCELoss nn.BCEWithLogitsLoss nn.MSELoss nn.L1Loss nn.SmoothL1Loss nn.HuberLoss nn.KLDivLoss
nn.CTCLoss nn.HingeEmbeddingLoss nn.MarginRankingLoss nn.TripletMarginLoss nn.CosineEmbeddingLoss nn.PoissonNLLLoss
nn.GaussianNLLLoss
optim.SGD optim.Adam optim.AdamW optim.RMSprop optim.Adagrad optim.Adadelta optim.Adamax optim.NAdam optim.RAdam optim.LBFGS
optim.lr_scheduler.StepLR optim.lr_scheduler.MultiStepLR optim.lr_scheduler.ExponentialLR optim.lr_scheduler.CosineAnnealingLR
optim.lr_scheduler.CosineAnnealingWarmRestarts optim.lr_scheduler.OneCycleLR optim.lr_scheduler.ReduceLROnPlateau
optim.lr_scheduler.LinearLR optim.lr_scheduler.LambdaLR optim.lr_scheduler.CyclicLR optim.lr_scheduler.SequentialLR
data.Dataset data.TensorDataset data.Subset data.random_split data.ConcatDataset data.DataLoader data.WeightedRandomSampler
data.FashionMNIST
plot.figure plot.subplot plot.line plot.scatter plot.bar plot.hist plot.image plot.savefig plot.show plot.text
ty.save ty.load ty.manual_seed ty.bernoulli ty.multinomial ty.device ty.cuda.is_available ty.progress
]]

local methods_of_modules = "parameters named_parameters named_modules named_children buffers named_buffers state_dict "
    .. "load_state_dict "
  .. "train eval to apply register_buffer zero_grad requires_grad_ extra_repr"

local function is_there(name)
  if name:find "^x:" then return core.methods[name:sub(3)] ~= nil end
  if name:find "^x%." then return pcall(function() return ty.ones(1)[name:sub(3)] end) end
  local at = ty
  for part in name:gsub("^ty%.", ""):gmatch "[^.]+" do
    if type(at) ~= "table" then return false end
    at = at[part]
    if at == nil then return false end
  end
  return true
end

describe("coverage", function()
  it("has every name that Tycho must have", function()
    local absent = {}
    for name in must:gmatch "%S+" do
      local here = false -- of names with a bar between them one is enough
      for one in name:gmatch "[^|]+" do here = here or is_there(one) end
      if not here then absent[#absent + 1] = name end
    end
    assert.equal("", table.concat(absent, " "))
  end)

  it("has the methods that every module must have", function()
    for name in methods_of_modules:gmatch "%S+" do assert.truthy(ty.nn.Module[name], name) end
  end)

  it("counts PyTorch's names as there, left out or absent", function()
    local coverage = dofile(root .. "scripts/reference/coverage.lua")
    local areas = coverage.areas(coverage.index())
    assert.is_true(#areas >= 14)
    local there = {}
    for _, area in ipairs(areas) do
      assert.equal(#area.names, area.present + area.left_out + area.absent)
      assert.is_true(#area.names > 0, area.name)
      for _, one in ipairs(area.names) do there[area.name .. "." .. one.name] = one.here or one.reason end
    end
    assert.equal("ty.matmul", there["torch.matmul"])
    assert.equal("tensor:abs_", there["torch.Tensor.abs_"])
    assert.equal("tensor.shape", there["torch.Tensor.shape"])
    assert.equal("nn.Linear", there["torch.nn.Linear"])
    assert.equal("optim.Adam", there["torch.optim.Adam"])
    assert.equal("complex numbers", there["torch.Tensor.conj"])
    assert.is_nil(there["torch.no such name"])
  end)
end)
