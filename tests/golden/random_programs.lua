-- Written by random_programs.py --count 120 --seed 2026 with PyTorch 2.15.0+cu132: programs {code, results,
-- gradients of the leaves or false, tolerance}.
return {seed = 2026,

{[[
local v1 = ty.tensor({4, -5, -3}, {dtype = "int64"})
local v2 = ty.cat({v1, v1}, 1)
local v3 = v2:flip({1})
local v4 = v3:cumprod(-1)
local v5 = ty.cat({v3, v3}, 1)
local v6 = v3:tile(1)
local v7 = v6:sub(v6)
local v8 = v5.T
local v9 = v8:clone()
return {v4, v7, v9}, {}]],
{{"int64", {6}, {-3, 15, 60, -180, 900, 3600}}, {"int64", {6}, {0, 0, 0, 0, 0, 0}}, {"int64", {12}, {-3, -5, 4, -3, -5, 4, -3, -5, 4, -3, -5, 4}}}, false, 1e-10},
{[[
local v1 = ty.tensor({{3, 6, 3}, {3, 1, 2}, {6, 2, 0}, {0, 1, 5}}, {dtype = "uint8"})
local v2 = ty.tensor({{1, -1, -3}, {-2, 5, 1}, {1, 2, 6}}, {dtype = "int8"})
local v3 = v1:tril(-1)
local v4 = v3:unsqueeze(1)
local v5 = v4:select(-3, 1)
local v6 = v4:isfinite()
local v7 = v2:abs():add(0.5):log()
local v8 = v6:logical_or(v6)
local v9 = (function() local y = v3:contiguous():clone() y[1]:zero_() return y * y end)()
local v10 = v5:masked_fill(v6, 0)
local v11 = v8:to("int32")
return {v9, v10, v11}, {}]],
{{"uint8", {4, 3}, {0, 0, 0, 9, 0, 0, 36, 4, 0, 0, 1, 25}}, {"uint8", {1, 4, 3}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}, {"int32", {1, 4, 3}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{-1.67578125, -1.9375, 0.2578125}, {-2.3125, 1.57421875, 0.0703125}}, {dtype = "float32", requires_grad = true})
local v2 = v1:expand(3, -1, -1)
local v3 = v1:lt(v1)
local v4 = F.cross_entropy(v1, ty.tensor({3, 1}), {label_smoothing = 0.0})
return {v2, v3, v4}, {v1}]],
{{"float32", {3, 2, 3}, {-1.67578125, -1.9375, 0.2578125, -2.3125, 1.57421875, 0.0703125, -1.67578125, -1.9375, 0.2578125, -2.3125, 1.57421875, 0.0703125, -1.67578125, -1.9375, 0.2578125, -2.3125, 1.57421875, 0.0703125}}, {"bool", {2, 3}, {false, false, false, false, false, false}}, {"float32", {}, {2.16597867}}}, {{"float32", {2, 3}, {3.17273068, 3.13295555, 2.69431376, 1.52475822, 4.20697832, 3.26826334}}}, 2e-05},
{[[
local v1 = ty.tensor({{0.88671875, -1.86328125, -0.05859375}, {0.25390625, -0.42578125, 1.44921875}}, {dtype = "float32", requires_grad = true})
local v2 = v1:mean({-2, 2}, false)
local v3 = v1:unsqueeze(-2)
local v4 = (select(2, v1:topk(1, -2, false))) - 1
local v5 = ty.stack({v3, v3}, 3)
return {v2, v4, v5}, {v1}]],
{{"float32", {}, {0.0403645821}}, {"int64", {1, 3}, {1, 0, 0}}, {"float32", {2, 1, 2, 3}, {0.88671875, -1.86328125, -0.05859375, 0.88671875, -1.86328125, -0.05859375, 0.25390625, -0.42578125, 1.44921875, 0.25390625, -0.42578125, 1.44921875}}}, {{"float32", {2, 3}, {6.16666651, 6.16666651, 6.16666651, 6.16666651, 6.16666651, 6.16666651}}}, 2e-05},
{[[
local v1 = ty.tensor({{-6}, {6}}, {dtype = "int32"})
local v2 = v1:gt(v1)
local v3 = v1:tanh():cosh()
local v4 = v1 // 1
local v5 = v1:reshape(2, -1)
local v6 = F.smooth_l1_loss(v3, v3, {reduction = "sum"})
local v7 = v1:flip({2, 1})
local v8 = v4:relu()
return {v6, v7, v8}, {}]],
{{"float32", {}, {0.0}}, {"int32", {2, 1}, {6, -6}}, {"int32", {2, 1}, {0, 6}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{{2.125, 1.8203125, -0.9375}, {-1.62109375, 2.4375, -1.5625}}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({4, -2, -6}, {dtype = "int32"})
local v3 = ty.tensor({{0.82421875, 0.50390625}, {0.81640625, -1.49609375}, {1.8125, 1.82421875}}, {dtype = "float32"})
local v4 = 2.0 - v2
local v5 = v3:unsqueeze(-1)
local v6 = v4:matmul(v4)
local v7 = v2:eq(1)
return {v5, v6, v7}, {v1}]],
{{"float32", {3, 2, 1}, {0.82421875, 0.50390625, 0.81640625, -1.49609375, 1.8125, 1.82421875}}, {"float32", {}, {84.0}}, {"bool", {3}, {false, false, false}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{{-0.9296875, 0.32421875}, {1.13671875, 2.1328125}, {-0.99609375, 2.51171875}}, {{-1.30078125, -2.4921875}, {1.63671875, -2.24609375}, {-1.8671875, 0.4453125}}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({{-3}}, {dtype = "int64"})
local v3 = ty.stack({v2, v2}, 2)
local v4 = F.relu6(v1)
local v5 = v3:all()
local v6 = v1:triu(0)
local v7 = v5:sin()
local v8 = v2:ge(v7)
return {v4, v6, v8}, {v1}]],
{{"float32", {2, 3, 2}, {0.0, 0.32421875, 1.13671875, 2.1328125, 0.0, 2.51171875, 0.0, 0.0, 1.63671875, 0.0, 0.0, 0.4453125}}, {"float32", {2, 3, 2}, {-0.9296875, 0.32421875, 0.0, 2.1328125, 0.0, 0.0, -1.30078125, -2.4921875, 0.0, -2.24609375, 0.0, 0.0}}, {"bool", {1, 1}, {false}}}, {{"float32", {2, 3, 2}, {2.0, 3.0, 1.0, 3.0, 0.0, 1.0, 2.0, 2.0, 1.0, 2.0, 0.0, 1.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{{-0.80859375, 2.25390625}}, {{-1.5, 0.07421875}}}, {dtype = "float32", requires_grad = true})
local v2 = (select(2, v1:min(3))) - 1
local v3 = F.mse_loss(v1, v1, {reduction = "sum"})
local v4 = v3:amax()
return {v2, v4}, {v1}]],
{{"int64", {2, 1}, {0, 0}}, {"float32", {}, {0.0}}}, {{"float32", {2, 1, 2}, {0.0, 0.0, 0.0, 0.0}}}, 2e-05},
{[[
local v1 = ty.tensor({2, -1, -1}, {dtype = "int64"})
local v2 = v1:reshape_as(v1:flatten())
local v3 = ~v1
local v4 = v1 | v1
local v5 = v4:clone()
local v6 = v2:square()
local v7 = v3 & v6
local v8 = v2:exp()
local v9 = v4:eq(-1)
local v10 = v7:count_nonzero({-1})
return {v8, v9, v10}, {}]],
{{"float32", {3}, {7.38905621, 0.36787945, 0.36787945}}, {"bool", {3}, {false, true, true}}, {"int64", {}, {1}}}, false, 2e-05},
{[[
local v1 = ty.tensor({4, 1, 3}, {dtype = "uint8"})
local v2 = v1:amin{dim = -1, keepdim = false}
local v3 = v1:cumprod(-1)
local v4 = ~v3
local v5 = v4:contiguous()
local v6 = v3:to("float32")
local v7 = v5:ge(v4)
local v8 = F.gelu(v6)
return {v2, v7, v8}, {}]],
{{"uint8", {}, {1}}, {"bool", {3}, {true, true, true}}, {"float32", {3}, {3.99987316, 3.99987316, 12.0}}}, false, 2e-05},
{[[
local v1 = ty.tensor({1.56640625, 1.56640625}, {dtype = "float64", requires_grad = true})
local v2 = ty.tensor({-1.4296875, 0.38671875, 1.75390625, -1.30859375}, {dtype = "float64", requires_grad = true})
local v3 = v2:atan2(v2)
local v4 = F.tanhshrink(v3)
local v5 = v3:isfinite()
local v6 = -1 / (v1:abs() + 1)
return {v4, v5, v6}, {v1, v2}]],
{{"float64", {4}, {-1.3740011101851062, 0.12960396076477587, 0.12960396076477587, -1.3740011101851062}}, {"bool", {4}, {true, true, true, true}}, {"float64", {2}, {-0.3896499238964992, -0.3896499238964992}}}, {{"float64", {2}, {0.4554811895776429, 0.4554811895776429}}, {"float64", {4}, {0.0, 0.0, 0.0, 0.0}}}, 1e-10},
{[[
local v1 = ty.tensor({{{-0.93359375, -0.62109375, 1.44140625, 0.44140625}, {1.76171875, 0.88671875, 0.37890625, -0.05078125}, {1.94921875, -1.80859375, -0.9375, -1.8671875}}}, {dtype = "float64", requires_grad = true})
local v2 = v1:add(v1)
local v3 = v2:ne(v2)
local v4 = v2:erf()
local v5 = v1:argmax(-3) - 1
return {v3, v4, v5}, {v1}]],
{{"bool", {1, 3, 4}, {false, false, false, false, false, false, false, false, false, false, false, false}}, {"float64", {1, 3, 4}, {-0.9917241095539749, -0.9210341819488975, 0.9999543623501009, 0.7881466520435145, 0.999999373594387, 0.9878589986596765, 0.7161491149165927, -0.11420819127001174, 0.9999999647679012, -0.9999996870486308, -0.9919900576701199, -0.9999998716621461}}, {"int64", {3, 4}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}}, {{"float64", {1, 3, 4}, {0.13816418406523184, 0.9646854528239187, 0.0011098489972770488, 2.0703520982775503, 1.8319669896124726e-05, 0.19436761940989608, 2.5416076492762314, 4.467199299556604, 1.1328903685962623e-06, 9.379643412430491e-06, 0.1341833136968643, 3.963115728764403e-06}}}, 1e-10},
{[[
local v1 = ty.tensor({0.5, 1.9453125}, {dtype = "float64", requires_grad = true})
local v2 = ty.tensor({{0.25, -0.3046875, -2.25}}, {dtype = "float64", requires_grad = true})
local v3 = ty.tensor(1, {dtype = "int64"})
local v4 = v2:squeeze(2)
local v5 = v1:any()
local v6 = v3:to("float32")
return {v4, v5, v6}, {v1, v2}]],
{{"float64", {1, 3}, {0.25, -0.3046875, -2.25}}, {"bool", {}, {true}}, {"float32", {}, {1.0}}}, {false, {"float64", {1, 3}, {1.0, 1.0, 1.0}}}, 2e-05},
{[[
local v1 = ty.tensor({5}, {dtype = "int8"})
local v2 = ty.tensor({{4, 2}, {3, 2}, {-3, 1}}, {dtype = "int64"})
local v3 = 1 / (v2:abs() + 1)
local v4 = F.celu(v3)
return {v4}, {}]],
{{"float32", {3, 2}, {0.200000003, 0.333333343, 0.25, 0.333333343, 0.25, 0.5}}}, false, 2e-05},
{[[
local v1 = ty.tensor({1.5078125, 0.6953125, -1.17578125}, {dtype = "float32", requires_grad = true})
local v2 = v1:tanh():sinh()
local v3 = v1:prod()
local v4 = (select(2, v2:median(1))) - 1
local v5 = v4 // 0.5
local v6 = v5:to("float64")
local v7 = v1:sum{dim = 1, keepdim = true}
local v8 = v6 - v4
return {v3, v7, v8}, {v1}]],
{{"float32", {}, {-1.2326901}}, {"float32", {1}, {1.02734375}}, {"float64", {}, {1.0}}}, {{"float32", {3}, {1.1824646, 0.227142334, 3.04840088}}}, 2e-05},
{[[
local v1 = ty.tensor({{0.7578125, -2.36328125}, {2.3203125, -1.30078125}, {2.5, 1.0}}, {dtype = "float32", requires_grad = true})
local v2 = v1:tril(1)
local v3 = v2:var{dim = {1, -1}, keepdim = true}
local v4 = v3:transpose(1, -1)
local v5 = v3 ^ 3
local v6 = v5:clamp{min = v4}
local v7 = v4 * 0.5
local v8 = v7:matmul(v3.mT)
return {v6, v8}, {v1}]],
{{"float32", {1, 1}, {55.4804192}}, {"float32", {1, 1}, {7.27327204}}}, {{"float32", {3, 2}, {5.58069372, -58.4237213, 37.6229553, -36.6349869, 41.3078194, 10.5472441}}}, 2e-05},
{[[
local v1 = ty.tensor({{{1.01171875, 1.4375, 2.3828125}, {-2.2421875, 1.9453125, 0.75390625}, {2.5078125, 2.3828125, 0.26171875}, {1.69140625, -2.42578125, 1.69921875}}, {{0.5703125, -0.55078125, 0.3125}, {-1.68359375, -0.80859375, 1.38671875}, {1.25390625, 0.94140625, 0.4375}, {1.8125, -1.75, -0.80078125}}, {{-1.55078125, 2.2578125, 1.625}, {0.81640625, 0.0703125, -2.5}, {-1.9921875, -1.30078125, 2.51171875}, {-1.75, -0.98828125, 0.19140625}}}, {dtype = "float32", requires_grad = true})
local v2 = 3 / (v1:abs() + 1)
local v3 = v1:clone()
local v4 = v1[{ty.tensor({1, 2, 3}), {}}]
local v5 = v3:logical_or(v4)
local v6 = F.softplus(v3)
local v7 = v1:select(2, 2)
local v8 = v7:contiguous()
return {v5, v6, v8}, {v1}]],
{{"bool", {3, 4, 3}, {true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true}}, {"float32", {3, 4, 3}, {1.32184219, 1.65061009, 2.4710896, 0.100954115, 2.0789187, 1.13952565, 2.58611178, 2.4710896, 0.832544327, 1.86052454, 0.0847170204, 1.86712551, 1.01842117, 0.455206722, 0.861554861, 0.170337871, 0.368444294, 1.60977745, 1.50496674, 1.27076674, 0.935634553, 1.963714, 0.160224155, 0.37085852, 0.192339733, 2.35727668, 1.8047446, 1.18244922, 0.728921294, 0.078889735, 0.127862498, 0.240841195, 2.5897243, 0.160224155, 0.316426873, 0.793422878}}, {"float32", {3, 3}, {-2.2421875, 1.9453125, 0.75390625, -1.68359375, -0.80859375, 1.38671875, 0.81640625, 0.0703125, -2.5}}}, {{"float32", {3, 4, 3}, {1.46671271, 1.61613441, 1.83101451, 3.19205093, 4.74986935, 4.36005878, 1.84937537, 1.83101451, 1.13011754, 1.68881798, 0.162455499, 1.6908654, 1.2776705, 0.731366336, 1.15499079, 3.31324029, 3.61638045, 4.6001358, 1.55595076, 1.43876719, 1.21532631, 1.71932757, 0.296094388, 0.619716883, 0.349946916, 1.81064463, 1.6709671, 4.38694572, 4.03514194, 3.15171623, 0.240051255, 0.428067118, 1.8499186, 0.296094388, 0.542503417, 1.09541202}}}, 2e-05},
{[[
local v1 = ty.tensor({-0.5, 1.9453125, 1.69921875}, {dtype = "float64", requires_grad = true})
local v2 = ty.tensor({{6, 5}, {4, 3}}, {dtype = "uint8"})
local v3 = ty.tensor({2, -2}, {dtype = "int16"})
local v4 = v3:amax()
local v5 = v3:clone()
local v6 = ty.cat({v5, v3}, 1)
local v7 = v5:cumprod(-1)
local v8 = v6:movedim(-1, 1)
local v9 = v8:expand(1, -1)
return {v4, v7, v9}, {v1}]],
{{"int16", {}, {2}}, {"int64", {2}, {2, -4}}, {"int16", {1, 4}, {2, -2, 2, -2}}}, false, 1e-10},
{[[
local v1 = ty.tensor({{1.87890625}, {-0.9921875}, {-0.5}, {-0.125}}, {dtype = "float32"})
local v2 = ty.tensor(1, {dtype = "uint8"})
local v3 = ty.stack({v1, v1}, 1)
local v4 = v3:expand(1, -1, -1, 2)
local v5 = v4 // 2
local v6 = v4:maximum(v1)
local v7 = v6:any()
local v8 = v3:count_nonzero({-3})
local v9 = v5:square()
local v10 = v8:le(1)
local v11 = v9:amax()
return {v7, v10, v11}, {}]],
{{"bool", {}, {true}}, {"bool", {4, 1}, {false, false, false, false}}, {"float32", {}, {1.0}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{4, 1, 5}, {0, -6, 4}, {4, -1, -1}, {-3, 2, -2}}, {dtype = "int8"})
local v2 = ty.tensor({{0.6875, -2.36328125, 1.1875}, {2.25, 1.25390625, 1.26171875}, {-1.5546875, -1.5546875, -1.55859375}, {0.87890625, -0.8671875, -0.80078125}}, {dtype = "float32"})
local v3 = ty.tensor(-2.23828125, {dtype = "float32", requires_grad = true})
local v4 = v2:any(1, false)
local v5 = v4:to("int64")
local v6 = v2:count_nonzero({1, -1})
local v7 = v2:gt(1.5)
local v8 = v5:chunk(3, -1)[1]
local v9 = v3:addcdiv(v3, v2:abs() + 1, {value = 2})
local v10 = F.linear(v9, v2)
local v11 = F.mse_loss(v10, v10, {reduction = "mean"})
return {v7, v8, v11}, {v3}]],
{{"bool", {4, 3}, {false, false, false, true, false, false, false, false, false, false, false, false}}, {"int64", {1}, {1}}, {"float32", {}, {0.0}}}, {{"float32", {}, {0.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{{2.3828125, -2.4296875}, {-1.1796875, 1.3203125}}, {{1.125, 1.87890625}, {-0.3671875, 0.625}}, {{-1.11328125, -1.8046875}, {0.6875, 1.9375}}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor(0, {dtype = "uint8"})
local v3 = (function() local y = v1:contiguous():clone() y[1]:zero_() return y * y end)()
local v4 = F.leaky_relu(v1)
local v5 = v2:to("float64")
local v6 = v1:tanh()
local v7 = v5:trunc()
local v8 = v1:flip({1})
local v9 = v3 * 2
return {v7, v8, v9}, {v1}]],
{{"float64", {}, {0.0}}, {"float32", {3, 2, 2}, {-1.11328125, -1.8046875, 0.6875, 1.9375, 1.125, 1.87890625, -0.3671875, 0.625, 2.3828125, -2.4296875, -1.1796875, 1.3203125}}, {"float32", {3, 2, 2}, {0.0, 0.0, 0.0, 0.0, 2.53125, 7.06057739, 0.26965332, 0.78125, 2.47879028, 6.51379395, 0.9453125, 7.5078125}}}, {{"float32", {3, 2, 2}, {2.0, 2.0, 2.0, 2.0, 15.5, 24.546875, -2.40625, 9.5, -11.359375, -19.65625, 10.25, 25.25}}}, 2e-05},
{[[
local v1 = ty.tensor({-2.25, -0.0625, 2.50390625}, {dtype = "float32", requires_grad = true})
local v2 = v1:var{dim = -1, keepdim = false}
local v3 = v1:to("float32")
return {v2, v3}, {v1}]],
{{"float32", {}, {5.66187048}}, {"float32", {3}, {-2.25, -0.0625, 2.50390625}}}, {{"float32", {3}, {-0.313802004, 1.87369788, 4.44010448}}}, 2e-05},
{[[
local v1 = ty.tensor({{5}, {-5}, {6}}, {dtype = "int64"})
local v2 = v1:to("int32")
local v3 = v2:logical_not()
local v4 = v3:logical_xor(v3)
local v5 = v1:abs():add(0.5):log()
return {v4, v5}, {}]],
{{"bool", {3, 1}, {false, false, false}}, {"float32", {3, 1}, {1.70474815, 1.70474815, 1.87180221}}}, false, 2e-05},
{[[
local v1 = ty.tensor(-4, {dtype = "int16"})
local v2 = ty.tensor({{0}, {-5}, {-1}, {2}}, {dtype = "int64"})
local v3 = v1:atan2(v2)
local v4 = v2:exp()
local v5 = v3:sum(-1, false)
return {v4, v5}, {}]],
{{"float32", {4, 1}, {1.0, 0.006737947, 0.36787945, 7.38905621}}, {"float32", {4}, {-1.57079637, -2.46685171, -1.81577492, -1.10714877}}}, false, 2e-05},
{[[
local v1 = ty.tensor({1, -3}, {dtype = "int64"})
local v2 = ty.tensor({0, 1, 2}, {dtype = "uint8"})
local v3 = ty.tensor(-1.23828125, {dtype = "float64", requires_grad = true})
local v4 = v1:reshape(1, 2)
local v5 = v2:sum{dim = -1, keepdim = true}
local v6 = v5:expm1()
local v7 = v6:square()
local v8 = v6:maximum(v2)
local v9 = v3 * -2.25
local v10 = v8.T
local v11 = v5[ty.tensor({1, 1, 1})]
return {v9, v10, v11}, {v3}]],
{{"float64", {}, {2.7861328125}}, {"float32", {3}, {19.085537, 19.085537, 19.085537}}, {"int64", {3}, {3, 3, 3}}}, {{"float64", {}, {-2.25}}}, 2e-05},
{[[
local v1 = ty.tensor({0.6875, 1.125, -2.37109375}, {dtype = "float32", requires_grad = true})
local v2 = ty.cat({v1, v1}, 1)
local v3 = v2:expand(3, -1)
local v4 = v3:softmax(-2)
local v5 = v4 / (v4:abs() + 1)
local v6 = (function() local y = v3:contiguous():clone() y:mul_(v3) return y end)()
local v7 = v3:movedim(-2, 2)
local v8 = v3:erf()
local v9 = v3 / (v8:abs() + 1)
return {v6, v7, v9}, {v1}]],
{{"float32", {3, 6}, {0.47265625, 1.265625, 5.62208557, 0.47265625, 1.265625, 5.62208557, 0.47265625, 1.265625, 5.62208557, 0.47265625, 1.265625, 5.62208557, 0.47265625, 1.265625, 5.62208557, 0.47265625, 1.265625, 5.62208557}}, {"float32", {6, 3}, {0.6875, 0.6875, 0.6875, 1.125, 1.125, 1.125, -2.37109375, -2.37109375, -2.37109375, 0.6875, 0.6875, 0.6875, 1.125, 1.125, 1.125, -2.37109375, -2.37109375, -2.37109375}}, {"float32", {3, 6}, {0.411902398, 0.59574616, -1.18602049, 0.411902398, 0.59574616, -1.18602049, 0.411902398, 0.59574616, -1.18602049, 0.411902398, 0.59574616, -1.18602049, 0.411902398, 0.59574616, -1.18602049, 0.411902398, 0.59574616, -1.18602049}}}, {{"float32", {3}, {27.9099197, 33.2245865, -7.49311352}}}, 2e-05},
{[[
local v1 = ty.tensor({-1.25, 0.31640625}, {dtype = "float32", requires_grad = true})
local v2 = v1:tanh():sinh()
local v3 = v1:squeeze(-1)
local v4 = v1:logical_and(v1)
return {v2, v3, v4}, {v1}]],
{{"float32", {2}, {-0.953742802, 0.311063647}}, {"float32", {2}, {-1.25, 0.31640625}}, {"bool", {2}, {true, true}}}, {{"float32", {2}, {2.38750315, 2.94903898}}}, 2e-05},
{[[
local v1 = ty.tensor({{1.38671875, 1.38671875, -2.1796875}, {-2.4296875, -0.05859375, -0.23828125}, {1.6328125, -0.24609375, -0.49609375}, {1.07421875, -0.375, -1.23828125}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({{0.6875, -0.30078125, -1.80859375}, {2.37890625, 0.625, 0.3828125}, {-2.3671875, 2.07421875, 0.38671875}, {-2.42578125, -2.1171875, 0.8828125}}, {dtype = "float64", requires_grad = true})
local v3 = ty.tensor({1, 6}, {dtype = "int64"})
local v4 = v2:reshape(6, 2)
local v5 = v3:to("int64")
local v6 = v1:flip({2, 1})
local v7 = v5:cos()
return {v4, v6, v7}, {v1, v2}]],
{{"float64", {6, 2}, {0.6875, -0.30078125, -1.80859375, 2.37890625, 0.625, 0.3828125, -2.3671875, 2.07421875, 0.38671875, -2.42578125, -2.1171875, 0.8828125}}, {"float32", {4, 3}, {-1.23828125, -0.375, 1.07421875, -0.49609375, -0.24609375, 1.6328125, -0.23828125, -0.05859375, -2.4296875, -2.1796875, 1.38671875, 1.38671875}}, {"float32", {2}, {0.540302336, 0.960170269}}}, {{"float32", {4, 3}, {2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0}}, {"float64", {4, 3}, {1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{-1.18359375, -2.23828125, 0.7578125}, {-0.55078125, -1.8125, -2.5}}, {dtype = "float64", requires_grad = true})
local v2 = v1:unsqueeze(-1)
local v3 = v1:sign()
local v4 = v3:sin()
local v5 = v4:fmod(v3:abs() + 1)
local v6 = v2:transpose(3, -2)
local v7 = v4:permute(2, 1)
local v8 = v2:cumsum(-1)
local v9 = v7:squeeze(2)
local v10 = (function() local y = v5:contiguous():clone() y[1]:zero_() return y * y end)()
return {v8, v9, v10}, {v1}]],
{{"float64", {2, 3, 1}, {-1.18359375, -2.23828125, 0.7578125, -0.55078125, -1.8125, -2.5}}, {"float64", {3, 2}, {-0.8414709848078965, -0.8414709848078965, -0.8414709848078965, -0.8414709848078965, 0.8414709848078965, -0.8414709848078965}}, {"float64", {2, 3}, {0.0, 0.0, 0.0, 0.7080734182735712, 0.7080734182735712, 0.7080734182735712}}}, {{"float64", {2, 3}, {1.0, 1.0, 1.0, 1.0, 1.0, 1.0}}}, 1e-10},
{[[
local v1 = ty.tensor({{{-1.48828125, 0.63671875}, {2.19140625, -1.17578125}}, {{-1.80859375, 1.69140625}, {-1.55859375, 2.0078125}}}, {dtype = "float32", requires_grad = true})
local v2 = F.selu(v1)
local v3 = (function() local y = v2:contiguous():clone() y:add_(v1) return y end)()
local v4 = v2[ty.tensor({2})]
local v5 = v3:flatten()
local v6 = v3:permute(1, 2, 3)
local v7 = v6:erf()
local v8 = v4:matmul(v2)
local v9 = v2:fmod(v6:abs() + 1)
local v10 = v9:neg()
return {v7, v8, v10}, {v1}]],
{{"float32", {2, 2, 2}, {-0.99994415, 0.935190022, 1.0, -0.999280155, -0.999996483, 0.999999046, -0.999969184, 1.0}}, {"float32", {2, 2, 2}, {6.09285355, -3.14371324, 6.74692726, -3.49308586, -0.306124449, 1.13673759, -0.887904167, 1.98350787}}, {"float32", {2, 2, 2}, {1.3611902, -0.669001043, -2.30251288, 1.21558893, 1.46997428, -1.77716231, 1.38813925, -2.10961056}}}, {{"float32", {2, 2, 2}, {-3.45908046, -8.73749256, 5.01556921, 2.59541464, -2.73318958, -5.35796881, 1.48141265, 8.81573486}}}, 2e-05},
{[[
local v1 = ty.tensor({{5, -5, 3}, {-1, 4, 6}}, {dtype = "int64"})
local v2 = ty.tensor({{-2.4375, -2.0625, 2.0703125}, {-0.2421875, -0.05078125, -1.9921875}, {-1.6796875, 1.3828125, -0.55859375}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor(-4, {dtype = "int32"})
local v4 = v3:sum()
local v5 = v2:add(v2, {alpha = 2.5})
local v6 = v3 / -1
local v7 = F.hardswish(v5)
local v8 = v4:le(v7)
local v9 = v5:logical_not()
local v10 = v7[ty.tensor({2})]
return {v8, v9, v10}, {v2}]],
{{"bool", {3, 3}, {true, true, true, true, true, true, true, true, true}}, {"bool", {3, 3}, {false, false, false, false, false, false, false, false, false}}, {"float32", {1, 3}, {-0.304074615, -0.083602272, -0.0}}}, {{"float32", {3, 3}, {0.0, 0.0, 0.0, 2.28320312, 4.62792969, 0.0, 0.0, 0.0, -0.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{true, false}, {false, true}}, {dtype = "bool"})
local v2 = v1:narrow(1, 1, 2)
local v3 = v1 | v2
local v4 = v3:erf()
local v5 = v4:abs():add(0.5):log()
local v6 = (function() local y = v3:contiguous():clone() y[1]:zero_() return y * y end)()
return {v5, v6}, {}]],
{{"float32", {2, 2}, {0.294683039, -0.693147182, -0.693147182, 0.294683039}}, {"bool", {2, 2}, {false, false, false, true}}}, false, 2e-05},
{[[
local v1 = ty.tensor({-1.6796875, -0.9921875, -0.30078125}, {dtype = "float32"})
local v2 = ty.tensor(-6, {dtype = "int64"})
local v3 = ty.tensor({{1.0, 1.44140625}, {-0.30078125, 0.6953125}, {-1.93359375, -1.375}}, {dtype = "float64", requires_grad = true})
local v4 = F.cross_entropy(v3, ty.tensor({2, 1, 2}), {label_smoothing = 0.1})
local v5 = F.linear(v3, v3)
local v6 = v4:eq(v3)
local v7 = v6[ty.tensor({1, 3, 3})]
local v8 = F.cross_entropy(v5, ty.tensor({3, 2, 2}), {label_smoothing = 0.0})
local v9 = v5:permute(2, 1)
return {v7, v8, v9}, {v3}]],
{{"bool", {3, 2}, {false, false, false, false, false, false}}, {"float64", {}, {4.671621154667805}}, {"float64", {3, 3}, {3.0776519775390625, 0.701446533203125, -3.91552734375, 0.701446533203125, 0.5739288330078125, -0.3744659423828125, -3.91552734375, -0.3744659423828125, 5.6294097900390625}}}, {{"float64", {3, 2}, {-5.006696835488228, 7.491227925183888, -5.719383949767753, 5.2985443873515035, -10.474655788226421, 1.3903213513517692}}}, 2e-05},
{[[
local v1 = ty.tensor({{-2, -6, -3}, {-4, -6, -5}}, {dtype = "int32"})
local v2 = ty.tensor({{-1.4375, -0.8671875, 1.1328125}}, {dtype = "float32", requires_grad = true})
local v3 = v2:take(ty.tensor({1, 1, 1}))
local v4 = v3:tile(1)
return {v4}, {v2}]],
{{"float32", {3}, {-1.4375, -1.4375, -1.4375}}}, {{"float32", {1, 3}, {3.0, 0.0, 0.0}}}, 2e-05},
{[[
local v1 = ty.tensor(-0.3046875, {dtype = "float64", requires_grad = true})
local v2 = ty.tensor({{-1.5625, 0.06640625}, {1.44921875, -0.98828125}}, {dtype = "float32", requires_grad = true})
local v3 = v2:index_select(1, ty.tensor({1}))
local v4 = v2:atan2(v3)
local v5 = v4:expand(1, -1, -1)
local v6 = v2:all(1, false)
local v7 = v4[ty.tensor({2, 1, 1})]
local v8 = v3:cumsum(-2)
return {v6, v7, v8}, {v1, v2}]],
{{"bool", {2}, {true, true}}, {"float32", {3, 2}, {2.39379025, -1.50370347, -2.3561945, 0.785398185, -2.3561945, 0.785398185}}, {"float32", {1, 2}, {-1.5625, 0.06640625}}}, {false, {"float32", {2, 2}, {2.3618083, 5.01461983, -0.688077211, 0.135369688}}}, 2e-05},
{[[
local v1 = ty.tensor({-2.0, 0.56640625, 0.6328125}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({-6, -4, 1, 6}, {dtype = "int64"})
local v3 = ty.tensor(0.37890625, {dtype = "float32", requires_grad = true})
local v4 = (select(2, v2:max(1))) - 1
local v5 = (select(1, v1:max(-1)))
local v6 = v2:split(4, 1)[1]
local v7 = v3:atan2(v5)
local v8 = v3 ^ 2.0
local v9 = v3:gt(2.0)
local v10 = v1:matmul(v1)
local v11 = v6:isfinite()
return {v9, v10, v11}, {v1, v3}]],
{{"bool", {}, {false}}, {"float32", {}, {4.7212677}}, {"bool", {4}, {true, true, true, true}}}, {{"float32", {3}, {-8.0, 2.265625, 2.53125}}, false}, 2e-05},
{[[
local v1 = ty.tensor({{{2.37890625, -1.36328125, 0.4453125}, {-0.6796875, -0.05859375, -0.4296875}, {1.4453125, -0.0546875, -1.8671875}, {0.37890625, 2.31640625, 2.25}}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({{{-1.80859375, 1.94921875, -0.8125, -0.55078125}, {0.37890625, 0.75, 0.01171875, 1.63671875}}, {{-2.1171875, -1.62109375, 1.26171875, -1.62109375}, {0.19140625, 2.12890625, 0.19921875, 0.06640625}}, {{1.125, 1.25390625, -2.3125, 2.0}, {1.76171875, -1.23828125, 1.19140625, -1.48828125}}, {{-0.3046875, 0.06640625, 1.4453125, -0.73828125}, {1.875, -0.37109375, -1.5625, -0.1875}}}, {dtype = "float64", requires_grad = true})
local v3 = ty.tensor({{4, -4}}, {dtype = "int32"})
local v4 = v1:all()
local v5 = v3:abs():log1p()
local v6 = v3[{ty.tensor({1, 1, 1}), {}}]
local v7 = v1[{{}, 3}]
return {v5, v6, v7}, {v1, v2}]],
{{"float32", {1, 2}, {1.60943794, 1.60943794}}, {"int32", {3, 2}, {4, -4, 4, -4, 4, -4}}, {"float32", {1, 3}, {1.4453125, -0.0546875, -1.8671875}}}, {{"float32", {1, 4, 3}, {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 3.0, 3.0, 0.0, 0.0, 0.0}}, false}, 2e-05},
{[[
local v1 = ty.tensor(2.26171875, {dtype = "float64"})
local v2 = v1:eq(0)
local v3 = v2:sin()
local v4 = v3:fmod(v3:abs() + 1)
local v5 = v4:amin()
local v6 = F.hardshrink(v4)
local v7 = F.elu(v1)
local v8 = v5 * 2.0
local v9 = v3:relu()
return {v7, v8, v9}, {}]],
{{"float64", {}, {2.26171875}}, {"float32", {}, {0.0}}, {"float32", {}, {0.0}}}, false, 2e-05},
{[[
local v1 = ty.tensor(-0.80859375, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({{1.1953125, -0.43359375, -1.86328125}, {-0.67578125, 1.3203125, -1.80859375}, {1.44140625, 0.4453125, 2.5078125}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor({{1.0078125, 1.44140625}, {0.8125, -2.125}, {-1.4375, -1.11328125}}, {dtype = "float32", requires_grad = true})
local v4 = v2:clone()
local v5 = v3:flip({1, 2})
local v6 = F.gelu(v3)
local v7 = v2:add(v4, {alpha = 2.5})
return {v5, v6, v7}, {v1, v2, v3}]],
{{"float32", {3, 2}, {-1.11328125, -1.4375, -2.125, 0.8125, 1.44140625, 1.0078125}}, {"float32", {3, 2}, {0.849815488, 1.33368278, 0.64329499, -0.0356856585, -0.108226538, -0.147836894}}, {"float32", {3, 3}, {4.18359375, -1.51757812, -6.52148438, -2.36523438, 4.62109375, -6.33007812, 5.04492188, 1.55859375, 8.77734375}}}, {false, {"float32", {3, 3}, {10.5, 10.5, 10.5, 10.5, 10.5, 10.5, 10.5, 10.5, 10.5}}, {"float32", {3, 2}, {3.17036748, 3.25750709, 3.04952359, 0.85627234, 0.742413223, 0.787603378}}}, 2e-05},
{[[
local v1 = ty.tensor({{{-1.24609375, -0.1171875, 2.4375}, {-2.1796875, 1.0625, 1.8828125}}, {{1.875, 1.44140625, 0.7578125}, {0.3125, -0.12109375, 2.26171875}}, {{-0.4921875, -2.43359375, 0.25390625}, {-1.73828125, -2.17578125, 0.94140625}}}, {dtype = "float64", requires_grad = true})
local v2 = ty.tensor({{-1.625, -0.17578125}, {-2.11328125, 0.75}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor({{2.26171875}, {2.1875}}, {dtype = "float32", requires_grad = true})
local v4 = v2:clone()
local v5 = v3:maximum(v3)
local v6 = F.softplus(v2)
local v7 = v2:tile(2, 1)
return {v5, v6, v7}, {v1, v2, v3}]],
{{"float32", {2, 1}, {2.26171875, 2.1875}}, {"float32", {2, 2}, {0.179744631, 0.609113991, 0.114079118, 1.1368711}}, {"float32", {4, 2}, {-1.625, -0.17578125, -2.11328125, 0.75, -1.625, -0.17578125, -2.11328125, 0.75}}}, {false, {"float32", {2, 2}, {6.3290329, 6.91233492, 6.21562529, 7.35835743}}, {"float32", {2, 1}, {1.0, 1.0}}}, 2e-05},
{[[
local v1 = ty.tensor(1.5, {dtype = "float32", requires_grad = true})
local v2 = v1 + v1
local v3 = v2:atan2(v2)
local v4 = v1:tanh():mul(0.9):acos()
local v5 = F.selu(v2)
local v6 = v2:abs()
local v7 = v2:abs():add(1):reciprocal()
local v8 = v5:ge(v7)
return {v4, v6, v8}, {v1}]],
{{"float32", {}, {0.618699431}}, {"float32", {}, {3.0}}, {"bool", {}, {true}}}, {{"float32", {}, {3.7195816}}}, 2e-05},
{[[
local v1 = ty.tensor(2, {dtype = "uint8"})
local v2 = v1 - 1
local v3 = v2 / 0.5
local v4 = v1:cos()
local v5 = v1:tanh():tan()
local v6 = v4:expm1()
local v7 = v4:abs():log1p()
local v8 = v2:le(v7)
return {v5, v6, v8}, {}]],
{{"float32", {}, {1.44067311}}, {"float32", {}, {-0.34041658}}, {"bool", {}, {false}}}, false, 2e-05},
{[[
local v1 = ty.tensor(0.56640625, {dtype = "float32", requires_grad = true})
local v2 = v1:norm()
local v3 = v2:maximum(v1)
local v4 = v1:mul(v1)
local v5 = v3:addcmul(v1, v3, {value = 0.5})
return {v4, v5}, {v1}]],
{{"float32", {}, {0.32081604}}, {"float32", {}, {0.72681427}}}, {{"float32", {}, {4.265625}}}, 2e-05},
{[[
local v1 = ty.tensor(true, {dtype = "bool"})
local v2 = v1:lt(v1)
local v3 = v2:to("float32")
local v4 = v3:addcmul(v3, v3, {value = 0.5})
local v5 = v1:ne(v1)
local v6 = v3:logical_and(v1)
local v7 = v4:prod()
local v8 = F.softplus(v3)
local v9 = v8:le(v6)
local v10 = v6:le(2.0)
return {v7, v9, v10}, {}]],
{{"float32", {}, {0.0}}, {"bool", {}, {false}}, {"bool", {}, {true}}}, false, 2e-05},
{[[
local v1 = ty.tensor({2.4453125, 1.375, 1.62890625, -0.3125}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({3, -2, -3, 4}, {dtype = "int8"})
local v3 = ty.tensor({{2.5, 2.1875, 1.375}, {-1.9921875, 1.3203125, 2.19140625}}, {dtype = "float32", requires_grad = true})
local v4 = v2:isfinite()
local v5 = v1:abs():log1p()
local v6 = F.cross_entropy(v3, ty.tensor({1, 1}), {label_smoothing = 0.0})
local v7 = ty.stack({v3, v3}, 1)
local v8 = v2:chunk(1, -1)[1]
local v9 = v3:cumsum(-1)
return {v7, v8, v9}, {v1, v3}]],
{{"float32", {2, 2, 3}, {2.5, 2.1875, 1.375, -1.9921875, 1.3203125, 2.19140625, 2.5, 2.1875, 1.375, -1.9921875, 1.3203125, 2.19140625}}, {"int8", {4}, {3, -2, -3, 4}}, {"float32", {2, 3}, {2.5, 4.6875, 6.0625, -1.9921875, -0.671875, 1.51953125}}}, {false, {"float32", {2, 3}, {11.0, 8.0, 5.0, 11.0, 8.0, 5.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{-0.68359375}, {0.5703125}, {0.50390625}}, {dtype = "float32"})
local v2 = ty.tensor({{{-1.75}}, {{1.88671875}}, {{0.06640625}}, {{-2.17578125}}}, {dtype = "float32"})
local v3 = ty.tensor({{{-5, -1, 5, -3}}, {{1, 3, -5, -6}}, {{-5, 1, -4, 1}}, {{-5, 6, 1, -4}}}, {dtype = "int32"})
local v4 = v1:amin(1, true)
local v5 = v2:ceil()
local v6 = v3 ~ v3
local v7 = v4:sum({-2, -1}, false)
return {v5, v6, v7}, {}]],
{{"float32", {4, 1, 1}, {-1.0, 2.0, 1.0, -2.0}}, {"int32", {4, 1, 4}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}, {"float32", {}, {-0.68359375}}}, false, 2e-05},
{[[
local v1 = ty.tensor({0, 4, 4, 5}, {dtype = "int16"})
local v2 = ty.tensor({{2.5, 1.1328125, 0.8828125}, {-0.55859375, -1.625, 1.44921875}, {-1.4921875, 1.3828125, 0.375}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor(6, {dtype = "int16"})
local v4 = v2:expm1()
local v5 = ~v3
local v6 = v4:take(ty.tensor({2, 5, 4}))
local v7 = v6:abs():add(0.5):log10()
local v8 = v2:cos()
return {v5, v7, v8}, {v2}]],
{{"int16", {}, {-7}}, {"float32", {3}, {0.415703565, 0.114973851, -0.0324580632}}, {"float32", {3, 3}, {-0.801143587, 0.424114466, 0.634980917, 0.848001242, -0.0541771352, 0.121278286, 0.0785278901, 0.186878622, 0.9305076}}}, {{"float32", {3, 3}, {-1.79541636, -1.68148112, -2.31758356, 1.05458295, 2.86434031, -2.97785568, 2.99073553, -2.94714904, -1.09881759}}}, 2e-05},
{[[
local v1 = ty.tensor({{5}, {-1}, {0}, {4}}, {dtype = "int64"})
local v2 = v1 % 1.5
local v3 = v2:transpose(2, -1)
return {v3}, {}]],
{{"float32", {4, 1}, {0.5, 0.5, 0.0, 1.0}}}, false, 2e-05},
{[[
local v1 = ty.tensor(-1.67578125, {dtype = "float32", requires_grad = true})
local v2 = v1:any()
local v3 = v2:sum()
local v4 = v3:gt(1)
return {v4}, {v1}]],
{{"bool", {}, {false}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{-0.98828125, -0.05859375, -0.98828125}, {0.8828125, 1.81640625, -0.24609375}, {1.4453125, 0.38671875, -2.18359375}, {-0.48828125, -2.24609375, -0.80078125}}, {dtype = "float32"})
local v2 = ty.tensor({{-1.93359375, -1.67578125, 1.7578125}, {1.375, -2.1796875, -1.1796875}, {2.4375, 1.8203125, 1.3828125}, {0.19140625, -1.4296875, -0.9921875}}, {dtype = "float64", requires_grad = true})
local v3 = ty.tensor({{5, -4}, {-4, 0}, {3, 6}}, {dtype = "int8"})
local v4 = F.elu(v2)
local v5 = (function() local y = v1:contiguous():clone() y:tanh_():mul_(2) return y end)()
local v6 = v2:softmax(-2)
local v7 = v3 ~ v3
local v8 = v2:select(1, 2)
return {v6, v7, v8}, {v2}]],
{{"float64", {4, 3}, {0.008631875921899504, 0.02787881327388381, 0.554257607898569, 0.23605282238635322, 0.0168434316793431, 0.02937457707391264, 0.6830414894674487, 0.9196202099017893, 0.38093531159701693, 0.07227381222429857, 0.035657545144983795, 0.035432503430501465}}, {"int8", {3, 2}, {0, 0, 0, 0, 0, 0}}, {"float64", {3}, {1.375, -2.1796875, -1.1796875}}}, {{"float64", {4, 3}, {0.0, 3.0951700395891247e-18, 0.0, 3.0, 3.0, 3.0, 0.0, 1.0209835309435858e-16, 0.0, 0.0, 3.9587827621571974e-18, 0.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{-1.49609375, 1.94921875, -1.73828125, -1.0546875}, {1.69921875, 0.5078125, 2.1953125, -2.42578125}}, {dtype = "float32"})
local v2 = ty.tensor({{{-0.05859375, 0.57421875}, {-0.67578125, 1.125}}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor({-0.6171875}, {dtype = "float64", requires_grad = true})
local v4 = v1[{{1, 2}, {1, 1}}]
local v5 = v3:logsumexp({1})
local v6 = v1:index_select(2, ty.tensor({2, 1, 2}))
local v7 = v5:sum()
local v8 = v5:amin()
local v9 = v1:flip({1, -1})
return {v7, v8, v9}, {v2, v3}]],
{{"float64", {}, {-0.6171875}}, {"float64", {}, {-0.6171875}}, {"float32", {2, 4}, {-2.42578125, 2.1953125, 0.5078125, 1.69921875, -1.0546875, -1.73828125, 1.94921875, -1.49609375}}}, {false, {"float64", {1}, {3.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{0, 2, 2, 1}, {0, 1, 2, 2}, {2, 0, 5, 1}, {0, 6, 0, 3}}, {dtype = "uint8"})
local v2 = v1:exp()
local v3 = v1:squeeze(-2)
local v4 = ty.cat({v2, v3}, 2)
local v5 = v3:atan()
local v6 = v5:clamp(-2.0, -1.75)
local v7 = v3:cumprod(2)
return {v4, v6, v7}, {}]],
{{"float32", {4, 8}, {1.0, 7.38905621, 7.38905621, 2.71828175, 0.0, 2.0, 2.0, 1.0, 1.0, 2.71828175, 7.38905621, 7.38905621, 0.0, 1.0, 2.0, 2.0, 7.38905621, 1.0, 148.413162, 2.71828175, 2.0, 0.0, 5.0, 1.0, 1.0, 403.428802, 1.0, 20.085537, 0.0, 6.0, 0.0, 3.0}}, {"float32", {4, 4}, {-1.75, -1.75, -1.75, -1.75, -1.75, -1.75, -1.75, -1.75, -1.75, -1.75, -1.75, -1.75, -1.75, -1.75, -1.75, -1.75}}, {"int64", {4, 4}, {0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}}}, false, 2e-05},
{[[
local v1 = ty.tensor({3, 0, 4, 2}, {dtype = "uint8"})
local v2 = ty.tensor({{-5, -3}, {-4, 1}}, {dtype = "int64"})
local v3 = ty.tensor({{-5, -4}, {3, 0}}, {dtype = "int64"})
local v4 = v3 & v2
local v5 = v1:index_select(1, ty.tensor({1, 4}))
local v6 = v1:gather(1, ty.tensor({2, 4, 2}))
local v7 = v6:gt(-1)
local v8 = v6:flatten()
return {v5, v7, v8}, {}]],
{{"uint8", {2}, {3, 2}}, {"bool", {3}, {false, false, false}}, {"uint8", {3}, {0, 2, 0}}}, false, 1e-10},
{[[
local v1 = ty.tensor({{1.3125, 0.38671875}, {0.0078125, -0.3125}, {1.75, 2.3828125}}, {dtype = "float32"})
local v2 = v1 / -1
local v3 = ty.stack({v1, v1}, 1)
local v4 = v3:to("int64")
local v5 = v1:lerp(v1, 0.25)
local v6 = v3:relu()
local v7 = v6:tanh():tan()
local v8 = v3:eq(2.0)
local v9 = v3:prod()
local v10 = v7 * v7
return {v8, v9, v10}, {}]],
{{"bool", {2, 3, 2}, {false, false, false, false, false, false, false, false, false, false, false, false}}, {"float32", {}, {2.67008454e-05}}, {"float32", {2, 3, 2}, {1.37627769, 0.149127841, 6.10351562e-05, 0.0, 1.88566828, 2.25307417, 1.37627769, 0.149127841, 6.10351562e-05, 0.0, 1.88566828, 2.25307417}}}, false, 2e-05},
{[[
local v1 = ty.tensor(1.2578125, {dtype = "float64", requires_grad = true})
local v2 = F.celu(v1)
local v3 = v1:lerp(v2, 0.25)
local v4 = F.relu6(v1)
local v5 = v4:sum()
local v6 = v2:cos()
local v7 = v3:amin()
local v8 = v3 % -1
return {v6, v7, v8}, {v1}]],
{{"float64", {}, {0.30789887264895993}}, {"float64", {}, {1.2578125}}, {"float64", {}, {-0.7421875}}}, {{"float64", {}, {4.048580910312653}}}, 1e-10},
{[[
local v1 = ty.tensor(false, {dtype = "bool"})
local v2 = v1:mul(v1)
local v3 = v1:count_nonzero()
return {v2, v3}, {}]],
{{"bool", {}, {false}}, {"int64", {}, {0}}}, false, 1e-10},
{[[
local v1 = ty.tensor({{2, 3}}, {dtype = "int64"})
local v2 = ty.tensor({{1.8828125}, {-2.2421875}, {-1.8671875}}, {dtype = "float64", requires_grad = true})
local v3 = v2:log_softmax(-2)
local v4 = v1:fmod(v1:abs() + 1)
local v5 = v1:all()
local v6 = v1:transpose(-1, -1)
local v7 = v3:abs():log1p()
local v8 = v4:eq(-2.25)
local v9 = ty.cat({v7, v2}, 2)
local v10 = v4:contiguous()
return {v8, v9, v10}, {v2}]],
{{"bool", {1, 2}, {false, false}}, {"float64", {3, 2}, {0.03817609715478843, 1.8828125, 1.6416948513512495, -2.2421875, 1.5663036981678584, -1.8671875}}, {"int64", {1, 2}, {2, 3}}}, {{"float64", {3, 1}, {2.7007383133924607, 1.6551394040064407, 1.6441222826010984}}}, 1e-10},
{[[
local v1 = ty.tensor({5, 2}, {dtype = "int64"})
local v2 = ty.tensor({0.5078125, 2.50390625}, {dtype = "float32", requires_grad = true})
local v3 = v2:sin()
local v4 = v1:isfinite()
local v5 = F.mish(v2)
local v6 = v1:le(v4)
local v7 = v4 / 0.5
local v8 = v5:movedim(1, 1)
local v9 = v6:sign()
return {v7, v8, v9}, {v2}]],
{{"float32", {2}, {2.0, 2.0}}, {"float32", {2}, {0.382184625, 2.47545886}}, {"bool", {2}, {false, false}}}, {{"float32", {2}, {1.78012919, 2.08186913}}}, 2e-05},
{[[
local v1 = ty.tensor({1.44921875, 2.0703125}, {dtype = "float32", requires_grad = true})
local v2 = v1:cumsum(1)
local v3 = v1 * 2
local v4 = v1 / (v3:abs() + 1)
local v5 = (function() local y = v4:contiguous():clone() y[{{}}] = v3 return y end)()
local v6 = v2 / (v2:abs() + 1)
local v7 = v5 - 1.5
local v8 = v4:index_select(1, ty.tensor({2}))
local v9 = v8:atan2(v7)
return {v6, v9}, {v1}]],
{{"float32", {2}, {0.591706514, 0.778738141}}, {"float32", {2}, {0.280402064, 0.151348934}}}, {{"float32", {2}, {-0.544999003, -0.0988360792}}}, 2e-05},
{[[
local v1 = ty.tensor({{true, false}}, {dtype = "bool"})
local v2 = v1:cos()
local v3 = F.hardswish(v2)
local v4 = v3:index_select(1, ty.tensor({1, 1, 1}))
local v5 = v1:logical_or(v2)
local v6 = v3:to("bool")
local v7 = ty.einsum("ij,kj->ki", {v3, v4})
local v8 = F.linear(v4, v4)
local v9 = v4:matmul(v2.mT)
return {v7, v8, v9}, {}]],
{{"float32", {3, 1}, {0.546081483, 0.546081483, 0.546081483}}, {"float32", {3, 3}, {0.546081483, 0.546081483, 0.546081483, 0.546081483, 0.546081483, 0.546081483, 0.546081483, 0.546081483, 0.546081483}}, {"float32", {3, 1}, {0.83891809, 0.83891809, 0.83891809}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{1.50390625, -1.1171875}, {-0.61328125, -0.75}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({{{true, false, false}, {true, false, true}, {false, false, false}, {false, true, false}}, {{true, false, true}, {true, false, true}, {true, false, false}, {true, true, false}}}, {dtype = "bool"})
local v3 = v2:tanh()
local v4 = v1:cos()
local v5 = v3:mean{dim = {1, 2}, keepdim = false}
local v6 = ty.cat({v2, v3}, 3)
local v7 = v4 * 1
return {v5, v6, v7}, {v1}]],
{{"float32", {3}, {0.571195662, 0.190398544, 0.285597801}}, {"float32", {2, 4, 6}, {1.0, 0.0, 0.0, 0.761594176, 0.0, 0.0, 1.0, 0.0, 1.0, 0.761594176, 0.0, 0.761594176, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.761594176, 0.0, 1.0, 0.0, 1.0, 0.761594176, 0.0, 0.761594176, 1.0, 0.0, 1.0, 0.761594176, 0.0, 0.761594176, 1.0, 0.0, 0.0, 0.761594176, 0.0, 0.0, 1.0, 1.0, 0.0, 0.761594176, 0.761594176, 0.0}}, {"float32", {2, 2}, {0.0668402091, 0.438212246, 0.817763865, 0.731688857}}}, {{"float32", {2, 2}, {-2.99329114, 2.69661474, 1.72666144, 2.04491639}}}, 2e-05},
{[[
local v1 = ty.tensor({{{-4, 5}, {-6, -6}}}, {dtype = "int64"})
local v2 = ty.tensor({{1, 2, -5}, {-1, -2, 1}}, {dtype = "int64"})
local v3 = ty.tensor({{2}, {1}}, {dtype = "uint8"})
local v4 = v1:round()
local v5 = v1:square()
local v6 = (function() local y = v3:contiguous():clone() y:copy_(v3) return y end)()
return {v4, v5, v6}, {}]],
{{"int64", {1, 2, 2}, {-4, 5, -6, -6}}, {"int64", {1, 2, 2}, {16, 25, 36, 36}}, {"uint8", {2, 1}, {2, 1}}}, false, 1e-10},
{[[
local v1 = ty.tensor({{-6, -2}, {-6, 4}}, {dtype = "int32"})
local v2 = ty.tensor({{-1.3671875, -1.4921875, -2.30078125}}, {dtype = "float64", requires_grad = true})
local v3 = ty.tensor({{-0.67578125, -0.1796875, 0.12890625, 1.875}, {-2.4296875, 2.0625, -0.9921875, -1.92578125}}, {dtype = "float32", requires_grad = true})
local v4 = v1 // (v1:abs() + 1)
local v5 = v1[{{}, {1, 1}}]
local v6 = v3:add(v3)
return {v4, v5, v6}, {v2, v3}]],
{{"int32", {2, 2}, {-1, -1, -1, 0}}, {"int32", {2, 1}, {-6, -6}}, {"float32", {2, 4}, {-1.3515625, -0.359375, 0.2578125, 3.75, -4.859375, 4.125, -1.984375, -3.8515625}}}, {false, {"float32", {2, 4}, {6.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0, 6.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{{5, 2, -4}, {2, -1, 5}}, {{4, 6, 1}, {-4, 4, 3}}, {{3, -1, 2}, {-2, 6, 1}}}, {dtype = "int32"})
local v2 = ty.tensor({{true, true}}, {dtype = "bool"})
local v3 = ty.tensor({{-1.7421875, 0.38671875}, {0.5625, -0.30078125}}, {dtype = "float32", requires_grad = true})
local v4 = F.cross_entropy(v3, ty.tensor({2, 1}), {label_smoothing = 0.1})
local v5 = v4:abs():add(1):reciprocal()
local v6 = ty.cat({v1, v1}, 1)
local v7 = v3:argmax(2) - 1
return {v5, v6, v7}, {v3}]],
{{"float32", {}, {0.765133739}}, {"int32", {6, 2, 3}, {5, 2, -4, 2, -1, 5, 4, 6, 1, -4, 4, 3, 3, -1, 2, -2, 6, 1, 5, 2, -4, 2, -1, 5, 4, 6, 1, -4, 4, 3, 3, -1, 2, -2, 6, 1}}, {"int64", {2}, {1, 0}}}, {{"float32", {2, 2}, {-0.016485367, 0.0164853539, 0.0721993446, -0.0721993521}}}, 2e-05},
{[[
local v1 = ty.tensor({{5, -3}, {5, -1}, {-1, -3}}, {dtype = "int32"})
local v2 = v1 // (v1:abs() + 1)
local v3 = v2:gt(v2)
local v4 = v2:chunk(2, 1)[1]
local v5 = v4:squeeze(-2)
local v6 = v4:any{dim = 2, keepdim = true}
local v7 = v6:to("float32")
return {v3, v5, v7}, {}]],
{{"bool", {3, 2}, {false, false, false, false, false, false}}, {"int32", {2, 2}, {0, -1, 0, -1}}, {"float32", {2, 1}, {1.0, 1.0}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{-1.11328125, 2.25390625, -1.8046875, -0.625}}, {dtype = "float32", requires_grad = true})
local v2 = v1:square()
local v3 = v2[{1}]
local v4 = v3:chunk(3, -1)[2]
local v5 = v4:tanh():cosh()
local v6 = v2:sigmoid()
return {v5, v6}, {v1}]],
{{"float32", {2}, {1.53960729, 1.06995511}}, {"float32", {1, 4}, {0.775458694, 0.993819058, 0.962920189, 0.596433163}}}, {{"float32", {1, 4}, {-0.775389314, 0.0553806201, -0.282732069, -1.0116272}}}, 2e-05},
{[[
local v1 = ty.tensor({1.63671875, -0.25, 1.2578125}, {dtype = "float32", requires_grad = true})
local v2 = v1:maximum(v1)
local v3 = v1:to("float32")
local v4 = v2:maximum(v1)
local v5 = v3:trunc()
local v6 = v4:round()
local v7 = v4:matmul(v3)
local v8 = v6:roll(2, -1)
local v9 = v6:to("float32")
local v10 = v1[ty.tensor({1, 2})]
return {v8, v9, v10}, {v1}]],
{{"float32", {3}, {-0.0, 1.0, 2.0}}, {"float32", {3}, {2.0, -0.0, 1.0}}, {"float32", {2}, {1.63671875, -0.25}}}, {{"float32", {3}, {3.0, 3.0, 0.0}}}, 2e-05},
{[[
local v1 = ty.tensor(0.37890625, {dtype = "float32"})
local v2 = v1:mean()
local v3 = v2:abs()
local v4 = v1 ^ 2
local v5 = v3 - v4
local v6 = v3:abs():add(1):reciprocal()
return {v5, v6}, {}]],
{{"float32", {}, {0.235336304}}, {"float32", {}, {0.725212455}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{{0, 0, 6, 2}, {2, 5, 0, 1}}, {{6, 5, 3, 1}, {5, 4, 2, 3}}, {{2, 6, 1, 1}, {4, 5, 3, 4}}}, {dtype = "uint8"})
local v2 = ty.tensor({2.0625, 1.26171875}, {dtype = "float32", requires_grad = true})
local v3 = v2 * v2
local v4 = v2 - 0
local v5 = F.mse_loss(v4, v4, {reduction = "sum"})
local v6 = v1:eq(0)
local v7 = v3 / (v2:abs() + 1)
local v8 = v2:maximum(v5)
local v9 = v3:fmod(v7:abs() + 1)
local v10 = v9:take(ty.tensor({2, 2, 2}))
local v11 = v10:erf()
return {v6, v8, v11}, {v2}]],
{{"bool", {3, 2, 4}, {true, true, false, false, false, false, true, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false, false}}, {"float32", {2}, {2.0625, 1.26171875}}, {"float32", {3}, {0.975635648, 0.975635648, 0.975635648}}}, {{"float32", {2}, {2.0, 4.03271914}}}, 2e-05},
{[[
local v1 = ty.tensor(3, {dtype = "int32"})
local v2 = v1:logical_or(v1)
local v3 = v2 ~ v1
local v4 = v3:sin()
local v5 = v4:sum()
local v6 = v3:logical_and(v1)
local v7 = 0.5 - v5
return {v6, v7}, {}]],
{{"bool", {}, {true}}, {"float32", {}, {-0.409297407}}}, false, 2e-05},
{[[
local v1 = ty.tensor({-2.1796875, -2.24609375}, {dtype = "float64", requires_grad = true})
local v2 = v1 - 1.5
local v3 = v2:sum(-1, true)
local v4 = v1:lerp(v1, 0.25)
local v5 = v2:to("int32")
local v6 = v1:to("float64")
local v7 = v2:fmod(v1:abs() + 1)
return {v5, v6, v7}, {v1}]],
{{"int32", {2}, {-3, -3}}, {"float64", {2}, {-2.1796875, -2.24609375}}, {"float64", {2}, {-0.5, -0.5}}}, {{"float64", {2}, {2.0, 2.0}}}, 1e-10},
{[[
local v1 = ty.tensor({{2.1328125, 2.0}, {0.13671875, 2.3125}, {0.00390625, 1.3828125}, {0.94921875, 1.87890625}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({3, 2}, {dtype = "uint8"})
local v3 = v1[{-1}]
local v4 = v3:ge(v2)
return {v4}, {v1}]],
{{"bool", {2}, {false, false}}}, false, 2e-05},
{[[
local v1 = ty.tensor({5, 3, 0, 5}, {dtype = "uint8"})
local v2 = v1:abs():add(0.5):log()
local v3 = v1:to("float32")
local v4 = v3:matmul(v3)
local v5 = v2:chunk(1, 1)[1]
local v6 = (function() local y = v2:contiguous():clone() y:sub_(v1) return y end)()
local v7 = F.mish(v4)
local v8 = v4:mean()
local v9 = F.huber_loss(v5, v5, {reduction = "none"})
return {v7, v8, v9}, {}]],
{{"float32", {}, {59.0}}, {"float32", {}, {59.0}}, {"float32", {4}, {0.0, 0.0, 0.0, 0.0}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{{5, 5, -6, 5}, {-4, -5, -5, 3}, {1, 4, 4, 5}, {-2, 3, 5, 0}}, {{4, -3, 5, -1}, {-1, -1, 0, -1}, {2, -2, 6, 0}, {-2, 4, -6, -4}}, {{6, -1, -1, -2}, {6, 2, 0, 3}, {-4, 5, -1, -4}, {-2, -1, 1, -3}}, {{-4, -5, -2, 1}, {-1, 5, -1, -3}, {-5, -3, -6, 2}, {3, 6, 5, 3}}}, {dtype = "int16"})
local v2 = ty.tensor({{-1.3125, -1.87109375, 2.5}, {0.875, 0.38671875, 2.0}, {-0.92578125, 2.0703125, -1.55859375}}, {dtype = "float32"})
local v3 = F.gelu(v2)
local v4 = v3:cumprod(-1)
return {v4}, {}]],
{{"float32", {3, 3}, {-0.124261998, 0.00713002263, 0.01771437, 0.708061457, 0.178125203, 0.348145694, -0.164122313, -0.333256721, 0.0309290495}}}, false, 2e-05},
{[[
local v1 = ty.tensor(3, {dtype = "int16"})
local v2 = ty.tensor({{0.06640625}, {0.01171875}}, {dtype = "float32"})
local v3 = v1 ~ v1
local v4 = v2 // (v3:abs() + 1)
local v5 = v1:all()
local v6 = v3:prod()
local v7 = v2 ^ 1
local v8 = F.selu(v4)
local v9 = v4:tanh():cosh()
return {v7, v8, v9}, {}]],
{{"float32", {2, 1}, {0.06640625, 0.01171875}}, {"float32", {2, 1}, {0.0, 0.0}}, {"float32", {2, 1}, {1.0, 1.0}}}, false, 2e-05},
{[[
local v1 = ty.tensor(-0.43359375, {dtype = "float64", requires_grad = true})
local v2 = ty.tensor({{6}, {5}, {2}}, {dtype = "uint8"})
local v3 = v1:ceil()
local v4 = v2:cumprod(-2)
local v5 = v1:lt(v2)
local v6 = v3:minimum(v2)
local v7 = v4:count_nonzero({1})
local v8 = ~v4
local v9 = v3:ge(v8)
return {v6, v7, v9}, {v1}]],
{{"float64", {3, 1}, {-0.0, -0.0, -0.0}}, {"int64", {1}, {3}}, {"bool", {3, 1}, {true, true, true}}}, {{"float64", {}, {0.0}}}, 1e-10},
{[[
local v1 = ty.tensor({{5, 4, 4}, {5, 4, 0}, {2, 3, 1}, {3, 2, 3}}, {dtype = "uint8"})
local v2 = ty.tensor(-0.8046875, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor({{-2.23828125, -1.4921875, -2.4375, -1.8125}, {-2.36328125, -0.625, 2.44921875, -0.68359375}, {-1.68359375, 2.0078125, -0.43359375, -0.67578125}}, {dtype = "float32"})
local v4 = v1:trunc()
local v5 = v1:tanh():tan()
local v6 = v1:chunk(3, 1)[2]
local v7 = v1:abs()
local v8 = v3:matmul(v5)
local v9 = (function() local y = v4:contiguous():clone() y[{{}, {}}] = v7 return y end)()
return {v6, v8, v9}, {v2}]],
{{"uint8", {2, 3}, {2, 3, 1, 3, 2, 3}}, {"float32", {3, 3}, {-12.1126747, -12.1677246, -8.59724426, -2.17766213, -1.85869026, -2.39300489, -1.16093349, -1.13737655, -4.07271242}}, {"uint8", {4, 3}, {5, 4, 4, 5, 4, 0, 2, 3, 1, 3, 2, 3}}}, false, 2e-05},
{[[
local v1 = ty.tensor({1.75, -0.43359375, -0.23828125}, {dtype = "float32"})
local v2 = ty.tensor({{0}, {-3}}, {dtype = "int64"})
local v3 = v2:lt(v1)
local v4 = v2:to("float32")
local v5 = v2 * -2.25
local v6 = F.smooth_l1_loss(v4, v5, {reduction = "none"})
local v7 = v4 + 3
local v8 = ty.stack({v7, v7}, 1)
local v9 = v5:le(3)
local v10 = v6:isfinite()
return {v8, v9, v10}, {}]],
{{"float32", {2, 2, 1}, {3.0, 0.0, 3.0, 0.0}}, {"bool", {2, 1}, {true, false}}, {"bool", {2, 1}, {true, true}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{false}, {false}, {true}}, {dtype = "bool"})
local v2 = ty.tensor({{-0.62109375, 2.37890625, -0.11328125}, {-1.24609375, -2.49609375, 0.69140625}, {1.4453125, -2.11328125, -0.73828125}}, {dtype = "float32"})
local v3 = v2 // -1
local v4 = v3:floor()
local v5 = v1[{{}, {1, 1, 2}}]
local v6 = (select(1, v2:min(-1)))
local v7 = v4:transpose(1, -2)
local v8 = v7:matmul(v7.mT)
local v9 = v5 & v5
local v10 = v9:count_nonzero({-2})
return {v6, v8, v10}, {}]],
{{"float32", {3}, {-0.62109375, -2.49609375, -2.11328125}}, {"float32", {3, 3}, {9.0, -6.0, -6.0, -6.0, 6.0, 2.0, -6.0, 2.0, 8.0}}, {"int64", {1}, {1}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{-0.6171875}, {-1.3046875}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({{-1.875, -1.0546875}, {1.0703125, 2.1328125}, {-1.05078125, 1.3125}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor({{-2.4921875}, {-0.875}}, {dtype = "float32", requires_grad = true})
local v4 = v3:sigmoid()
local v5 = v4:sigmoid()
local v6 = v4:to("float64")
local v7 = v5 ^ 2
local v8 = v3:matmul(v4.mT)
return {v6, v7, v8}, {v1, v2, v3}]],
{{"float64", {2, 1}, {0.07640767842531204, 0.29421496391296387}}, {"float32", {2, 1}, {0.269457161, 0.328360766}}, {"float32", {2, 2}, {-0.190422267, -0.733238876, -0.0668567196, -0.257438093}}}, {false, false, {"float32", {2, 1}, {0.506153464, -0.661642194}}}, 2e-05},
{[[
local v1 = ty.tensor({{{1.6328125, -0.05859375, 1.4453125}}, {{-1.9296875, 2.0078125, 1.94140625}}, {{-1.55859375, 2.44921875, 2.44140625}}, {{1.57421875, -0.9921875, -1.92578125}}}, {dtype = "float32", requires_grad = true})
local v2 = v1:trunc()
local v3 = v2:tanh()
local v4 = v1:unsqueeze(-1)
local v5 = v1:logical_and(v1)
local v6 = F.mse_loss(v4, v4, {reduction = "mean"})
return {v3, v5, v6}, {v1}]],
{{"float32", {4, 1, 3}, {0.761594176, -0.0, 0.761594176, -0.761594176, 0.964027584, 0.761594176, -0.761594176, 0.964027584, 0.964027584, 0.761594176, -0.0, -0.761594176}}, {"bool", {4, 1, 3}, {true, true, true, true, true, true, true, true, true, true, true, true}}, {"float32", {}, {0.0}}}, {{"float32", {4, 1, 3}, {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0}}}, 2e-05},
{[[
local v1 = ty.tensor(-6, {dtype = "int8"})
local v2 = ty.tensor({{2.3203125, 1.0078125}, {0.38671875, 0.8828125}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor({{1.44921875, -2.0546875}, {-2.0625, 1.69921875}, {2.31640625, -0.73828125}}, {dtype = "float32"})
local v4 = v3 * 2
local v5 = v3:sigmoid()
local v6 = v3:addcdiv(v3, v3:abs() + 1, {value = 2})
local v7 = v1:round()
local v8 = v1 ~ v7
return {v5, v6, v8}, {v2}]],
{{"float32", {3, 2}, {0.80987817, 0.113579594, 0.112795405, 0.845432699, 0.910226762, 0.323380113}}, {"float32", {3, 2}, {2.63263178, -3.39995599, -3.40943861, 2.95826364, 3.71334386, -1.58771944}}, {"int8", {}, {0}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{0.87890625}, {0.06640625}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({{{-1.55078125}, {1.19140625}, {-2.3046875}, {2.0703125}}, {{1.3203125}, {1.0703125}, {2.4375}, {0.875}}, {{1.3828125}, {0.12890625}, {-1.0625}, {0.00390625}}, {{2.0625}, {-1.8125}, {-0.3046875}, {1.0703125}}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor(2.3203125, {dtype = "float64", requires_grad = true})
local v4 = v1:round()
local v5 = v3:amin()
local v6 = v5:clamp(-1.5, 1.75)
local v7 = F.smooth_l1_loss(v1, v4, {reduction = "sum"})
return {v6, v7}, {v1, v2, v3}]],
{{"float64", {}, {1.75}}, {"float32", {}, {0.00953674316}}}, {{"float32", {2, 1}, {-0.2421875, 0.1328125}}, false, {"float64", {}, {0.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{-3, -3, 0, -1}, {5, -6, 6, 0}, {-5, -3, -4, -6}}, {dtype = "int64"})
local v2 = ty.tensor({{1.06640625, 2.50390625}, {-1.9921875, -0.42578125}, {-1.49609375, 1.1328125}}, {dtype = "float32"})
local v3 = ty.tensor({{2.2578125, -1.05859375}, {1.31640625, -2.2421875}, {1.69140625, 2.07421875}}, {dtype = "float32"})
local v4 = v2:unfold(1, 3, 1)
local v5 = v4[{-1, {2, 2}, {}}]
local v6 = v4:erf()
local v7 = v5:argmin(-2) - 1
local v8 = v3:to("float64")
local v9 = F.smooth_l1_loss(v2, v3, {reduction = "sum"})
local v10 = (select(2, v4:max(-2))) - 1
local v11 = v4:flatten():outer(v3:flatten())
return {v9, v10, v11}, {}]],
{{"float32", {}, {11.0095291}}, {"int64", {1, 3}, {1, 1, 1}}, {"float32", {6, 6}, {2.40774536, -1.12889099, 1.40382385, -2.39108276, 1.8037262, 2.21195984, -4.49798584, 2.10891724, -2.62252808, 4.46685791, -3.36959839, -4.13223267, -3.37789917, 1.58375549, -1.96946716, 3.35452271, -2.53050232, -3.10322571, 5.65335083, -2.65061951, 3.29615784, -5.61422729, 4.23512268, 5.19364929, -0.961334229, 0.45072937, -0.560501099, 0.954681396, -0.720169067, -0.883163452, 2.55767822, -1.19918823, 1.49124146, -2.53997803, 1.91604614, 2.34970093}}}, false, 2e-05},
{[[
local v1 = ty.tensor({-0.9921875}, {dtype = "float64", requires_grad = true})
local v2 = ty.tensor({{{6, 0, -4}, {-2, 4, 2}}}, {dtype = "int16"})
local v3 = (v1:abs() + 1) ^ v1:clamp(0, 3)
local v4 = v2[{{1, 1}, {2, 2}, {1, 2}}]
local v5 = v1:abs():add(0.5):log()
local v6 = v5:softmax(-1)
local v7 = F.tanhshrink(v1)
local v8 = ~v4
local v9 = v4 % -1
local v10 = v7:ceil()
return {v8, v9, v10}, {v1}]],
{{"int16", {1, 1, 2}, {1, -5}}, {"int16", {1, 1, 2}, {0, 0}}, {"float64", {1}, {-0.0}}}, {{"float64", {1}, {0.0}}}, 1e-10},
{[[
local v1 = ty.tensor({-0.75, 0.38671875, -1.3046875}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({2}, {dtype = "int32"})
local v3 = ty.tensor({{-1, -1, 2}, {1, -2, 3}}, {dtype = "int64"})
local v4 = v1:gt(3)
local v5 = (function() local y = v3:contiguous():clone() y:masked_fill_(v4, 1) return y end)()
local v6 = v5 + 1.5
local v7 = v6:roll(-2, -2)
return {v7}, {v1}]],
{{"float32", {2, 3}, {0.5, 0.5, 3.5, 2.5, -0.5, 4.5}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{{3, -3}, {2, 5}, {-5, 1}}, {{4, -5}, {-5, 4}, {2, 1}}, {{-5, 4}, {-2, 6}, {2, -4}}}, {dtype = "int64"})
local v2 = v1:transpose(2, -1)
local v3 = v2 // (v2:abs() + 1)
local v4 = v3[{{1, 1}, {1, 1}}]
local v5 = v2:unfold(3, 3, 1)
local v6 = v5 * v4
local v7 = v5:amax{dim = {2, 4}, keepdim = true}
local v8 = v3:abs():add(0.5):log10()
local v9 = v4:tanh()
local v10 = v4:split(2, -1)[2]
return {v8, v9, v10}, {}]],
{{"float32", {3, 2, 3}, {-0.30103001, -0.30103001, 0.176091254, 0.176091254, -0.30103001, -0.30103001, -0.30103001, 0.176091254, -0.30103001, 0.176091254, -0.30103001, -0.30103001, 0.176091254, 0.176091254, -0.30103001, -0.30103001, -0.30103001, 0.176091254}}, {"float32", {1, 1, 3}, {0.0, 0.0, -0.761594176}}, {"int64", {1, 1, 1}, {-1}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{6, 5}, {6, 6}}, {dtype = "uint8"})
local v2 = ty.tensor(-1.5, {dtype = "float64"})
local v3 = v2:to("bool")
local v4 = v2:addcmul(v2, v2, {value = 0.5})
local v5 = v1[{2, {2, 2}}]
return {v3, v4, v5}, {}]],
{{"bool", {}, {true}}, {"float64", {}, {-0.375}}, {"uint8", {1}, {6}}}, false, 1e-10},
{[[
local v1 = ty.tensor({{{-6, 0}, {-5, -6}}, {{-2, 2}, {5, 6}}, {{-1, 6}, {-5, -2}}}, {dtype = "int32"})
local v2 = ty.tensor({{0.8828125, 1.8828125}, {0.0703125, 0.2578125}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor({{1, 6, 6}, {6, 2, 5}}, {dtype = "uint8"})
local v4 = v2:clamp{min = v2}
local v5 = v4:add(v2, {alpha = 2.5})
local v6 = v4:take(ty.tensor({3, 4, 2}))
local v7 = v6:chunk(1, -1)[1]
local v8 = (select(1, v5:median(1)))
local v9 = v5:movedim(-2, -1)
local v10 = v4:matmul(v8)
local v11 = v10:le(3)
local v12 = v1:permute(1, 3, 2)
return {v9, v11, v12}, {v2}]],
{{"float32", {2, 2}, {3.08984375, 0.24609375, 6.58984375, 0.90234375}}, {"bool", {2}, {true, true}}, {"int32", {3, 2, 2}, {-6, -5, 0, -6, -2, 5, 2, 6, -1, -5, 6, -2}}}, {{"float32", {2, 2}, {3.5, 3.5, 3.5, 3.5}}}, 2e-05},
{[[
local v1 = ty.tensor({{-0.6796875, -0.73828125, -0.80078125}, {1.5703125, 1.87890625, 2.125}, {-0.36328125, 1.1875, -1.5}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({{-1.5546875, -0.99609375}, {-0.23828125, -1.24609375}}, {dtype = "float32", requires_grad = true})
local v3 = v2:tril(-1)
local v4 = v2:gather(2, ty.tensor({{2}}))
local v5 = v1[{{3, 3}, {1, 2}}]
local v6 = v1:matmul(v1.mT)
local v7 = v6 / (v6:abs() + 1)
local v8 = v1:count_nonzero()
local v9 = F.hardsigmoid(v2)
return {v7, v8, v9}, {v1, v2}]],
{{"float32", {3, 3}, {0.622397125, -0.806056559, 0.363616943, -0.806056559, 0.913132548, -0.604236841, 0.363616943, -0.604236841, 0.791324496}}, {"int64", {}, {9}}, {"float32", {2, 2}, {0.240885422, 0.333984375, 0.460286468, 0.292317718}}}, {{"float32", {3, 3}, {-0.369939178, 0.892647982, -1.28344762, -0.141232938, 0.344809383, -0.498056322, -0.0902515277, 0.0940175205, -0.113571674}}, {"float32", {2, 2}, {0.5, 0.5, 0.5, 0.5}}}, 2e-05},
{[[
local v1 = ty.tensor({1.38671875, -1.875, -1.93359375}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({{{-1, -6, -3}, {6, 4, -2}, {-1, 4, -5}, {-3, 6, 4}}, {{5, -2, 1}, {0, -3, 4}, {6, 4, 0}, {0, 2, -3}}}, {dtype = "int8"})
local v3 = ty.tensor(-4, {dtype = "int16"})
local v4 = v2 ^ 2.0
local v5 = v3:mul(v1)
return {v4, v5}, {v1}]],
{{"float32", {2, 4, 3}, {1.0, 36.0, 9.0, 36.0, 16.0, 4.0, 1.0, 16.0, 25.0, 9.0, 36.0, 16.0, 25.0, 4.0, 1.0, 0.0, 9.0, 16.0, 36.0, 16.0, 0.0, 0.0, 4.0, 9.0}}, {"float32", {3}, {-5.546875, 7.5, 7.734375}}}, {{"float32", {3}, {-8.0, -8.0, -8.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{4, 0, 2}, {2, -5, -6}, {6, -5, 4}}, {dtype = "int64"})
local v2 = ty.tensor({{1.75}, {0.6875}, {-0.68359375}}, {dtype = "float32"})
local v3 = ty.tensor({0.875, 0.5625, 0.25}, {dtype = "float64", requires_grad = true})
local v4 = (function() local y = v3:contiguous():clone() y:copy_(v3) return y end)()
local v5 = (function() local y = v3:contiguous():clone() y:sub_(v4) return y end)()
local v6 = v2:unsqueeze(-2)
local v7 = v1:maximum(v6)
return {v5, v7}, {v3}]],
{{"float64", {3}, {0.0, 0.0, 0.0}}, {"float32", {3, 3, 3}, {4.0, 1.75, 2.0, 2.0, 1.75, 1.75, 6.0, 1.75, 4.0, 4.0, 0.6875, 2.0, 2.0, 0.6875, 0.6875, 6.0, 0.6875, 4.0, 4.0, 0.0, 2.0, 2.0, -0.68359375, -0.68359375, 6.0, -0.68359375, 4.0}}}, {{"float64", {3}, {0.0, 0.0, 0.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{1.0078125, -1.5546875}, {-2.49609375, 2.51171875}, {-1.87109375, -0.74609375}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({2.1328125, 0.4453125}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor(-1, {dtype = "int64"})
local v4 = ty.cat({v1, v1}, 1)
local v5 = v1:isnan()
local v6 = v2:masked_fill(v5, 1)
local v7 = v5:logical_not()
local v8 = v6:all()
return {v4, v7, v8}, {v1, v2}]],
{{"float32", {6, 2}, {1.0078125, -1.5546875, -2.49609375, 2.51171875, -1.87109375, -0.74609375, 1.0078125, -1.5546875, -2.49609375, 2.51171875, -1.87109375, -0.74609375}}, {"bool", {3, 2}, {true, true, true, true, true, true}}, {"bool", {}, {true}}}, {{"float32", {3, 2}, {2.0, 2.0, 2.0, 2.0, 2.0, 2.0}}, false}, 2e-05},
{[[
local v1 = ty.tensor({-0.875, 2.4375, -0.74609375}, {dtype = "float32"})
local v2 = v1:logical_xor(v1)
local v3 = (function() local y = v2:contiguous():clone() y:copy_(v2) return y end)()
local v4 = v1:cumsum(-1)
local v5 = v2:select(-1, -2)
local v6 = v1:matmul(v4)
local v7 = v1:expm1()
local v8 = v4:add(v7)
local v9 = v4:mean{dim = 1, keepdim = true}
return {v6, v8, v9}, {}]],
{{"float32", {}, {3.96510315}}, {"float32", {3}, {-1.45813799, 12.0068941, 0.290621579}}, {"float32", {1}, {0.501302063}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{0.19921875, -1.11328125}, {0.0078125, -1.4296875}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({{{-2.17578125, -1.55078125, -1.36328125, -1.375}}, {{-1.3671875, 0.0078125, -1.17578125, 2.2578125}}, {{0.19921875, -0.93359375, -1.98828125, -0.8046875}}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor({-0.4375, 0.0078125}, {dtype = "float32", requires_grad = true})
local v4 = v3:unfold(1, 1, 2)
local v5 = v4 + v2
local v6 = v5:lt(v4)
local v7 = ty.cat({v6, v6}, 3)
local v8 = v7[{{2, 2}}]
local v9 = v3:movedim(-1, -1)
local v10 = v4:logical_xor(v6)
local v11 = ty.stack({v10, v2}, 1)
local v12 = v3:squeeze(1)
return {v9, v11, v12}, {v1, v2, v3}]],
{{"float32", {2}, {-0.4375, 0.0078125}}, {"float32", {2, 3, 1, 4}, {0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -2.17578125, -1.55078125, -1.36328125, -1.375, -1.3671875, 0.0078125, -1.17578125, 2.2578125, 0.19921875, -0.93359375, -1.98828125, -0.8046875}}, {"float32", {2}, {-0.4375, 0.0078125}}}, {false, {"float32", {3, 1, 4}, {2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0}}, {"float32", {2}, {4.0, 4.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{-4, 5, -3, -5}, {0, 0, 2, -2}, {2, 4, 4, 5}, {4, 4, -3, 5}}, {dtype = "int16"})
local v2 = ty.tensor({{{false, false}, {false, false}}}, {dtype = "bool"})
local v3 = ty.tensor({-1, -6, 1}, {dtype = "int64"})
local v4 = v1:unsqueeze(-2)
local v5 = v3:sign()
local v6 = v2:prod(2, false)
local v7 = v3:logical_or(v3)
local v8 = v6:take(ty.tensor({2, 1, 2}))
local v9 = v8:le(0)
local v10 = -2.25 - v5
return {v7, v9, v10}, {}]],
{{"bool", {3}, {true, true, true}}, {"bool", {3}, {true, true, true}}, {"float32", {3}, {-1.25, -1.25, -3.25}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{-6, 6}, {-1, 5}, {1, 5}}, {dtype = "int64"})
local v2 = ty.tensor({{-1.67578125, 2.125}, {-1.2421875, 1.31640625}, {-0.87109375, 0.50390625}}, {dtype = "float32"})
local v3 = ty.tensor({{{-2, 2}, {1, -1}, {-5, 1}, {-5, -4}}, {{4, 5}, {-6, -2}, {4, 0}, {-3, 6}}, {{-6, 0}, {2, -2}, {4, -2}, {-1, 5}}}, {dtype = "int64"})
local v4 = v2 % 2.0
local v5 = v3:to("int64")
return {v4, v5}, {}]],
{{"float32", {3, 2}, {0.32421875, 0.125, 0.7578125, 1.31640625, 1.12890625, 0.50390625}}, {"int64", {3, 4, 2}, {-2, 2, 1, -1, -5, 1, -5, -4, 4, 5, -6, -2, 4, 0, -3, 6, -6, 0, 2, -2, 4, -2, -1, 5}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{-1.125, -1.37109375, 1.31640625}, {0.07421875, 1.3828125, 2.1875}, {2.0078125, -0.9921875, -2.49609375}, {-0.1875, -0.625, 2.37890625}}, {dtype = "float64"})
local v2 = ty.tensor({{{3, 6, 4}, {-6, -3, -3}}, {{-1, -5, -4}, {-3, 0, 0}}, {{0, 2, 5}, {-3, -3, -1}}}, {dtype = "int8"})
local v3 = F.logsigmoid(v1)
local v4 = v3.T
local v5 = ty.cat({v3, v1}, 1)
local v6 = v2:sum()
local v7 = v3:sum({-1, -2}, true)
local v8 = v5[{ty.tensor({6, 3}), {}}]
local v9 = (function() local y = v1:contiguous():clone() y[1]:zero_() return y * y end)()
local v10 = v6:neg()
local v11 = v7:amin(1, false)
return {v9, v10, v11}, {}]],
{{"float64", {4, 3}, {0.0, 0.0, 0.0, 0.0055084228515625, 1.91217041015625, 4.78515625, 4.03131103515625, 0.98443603515625, 6.2304840087890625, 0.03515625, 0.390625, 5.6591949462890625}}, {"int64", {}, {12}}, {"float64", {1}, {-10.170298008401673}}}, false, 1e-10},
{[[
local v1 = ty.tensor(false, {dtype = "bool"})
local v2 = ty.tensor({{0.125, 2.19140625, 0.7578125}, {-1.875, -1.61328125, 2.1953125}, {-0.23828125, 1.0078125, -0.8125}, {0.0078125, 1.50390625, -1.625}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor({-0.25, -0.99609375, -0.1796875, 0.26171875}, {dtype = "float32", requires_grad = true})
local v4 = v3:roll(2, 1)
local v5 = v3:sign()
local v6 = v2:tanh()
local v7 = v3:cumsum(-1)
local v8 = v1 | v1
local v9 = (function() local y = v3:contiguous():clone() y:add_(v4) return y end)()
local v10 = v7 + 1
local v11 = v10:gather(1, ty.tensor({3, 1}))
local v12 = v6.T
return {v9, v11, v12}, {v2, v3}]],
{{"float32", {4}, {-0.4296875, -0.734375, -0.4296875, -0.734375}}, {"float32", {2}, {-0.42578125, 0.75}}, {"float32", {3, 4}, {0.124352999, -0.954045236, -0.233871669, 0.00781234121, 0.97532779, -0.92364347, 0.764855742, 0.905851662, 0.639786661, 0.975517452, -0.670967102, -0.925346196}}}, {{"float32", {4, 3}, {2.95360899, 0.146207109, 1.77201915, 0.269393086, 0.440648228, 0.145097107, 2.83591223, 1.24498713, 1.64940941, 2.99981689, 0.538298309, 0.431203276}}, {"float32", {4}, {6.0, 4.0, 4.0, 2.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{3, -2, -2}, {1, -4, 4}, {-4, -6, -5}, {-3, 4, 0}}, {dtype = "int16"})
local v2 = ty.tensor({{-6, 1, -3, -4}, {-1, -2, 1, -6}, {-5, -4, -2, -4}}, {dtype = "int32"})
local v3 = v2[ty.tensor({2, 3})]
local v4 = v1:abs():add(0.5):log()
local v5 = v3:any(1, false)
local v6 = v2:abs():add(0.5):log10()
local v7 = v4:mean{dim = -1, keepdim = false}
local v8 = v4:select(-2, 1)
local v9 = 0 / (v8:abs() + 1)
local v10 = v8:any(1, false)
local v11 = v8 // (v9:abs() + 1)
return {v7, v10, v11}, {}]],
{{"float32", {4}, {1.02844822, 1.13787329, 1.6935426, 0.687897742}}, {"bool", {}, {true}}, {"float32", {3}, {1.0, 0.0, 0.0}}}, false, 2e-05},
{[[
local v1 = ty.tensor(4, {dtype = "uint8"})
local v2 = ty.tensor(0.26171875, {dtype = "float32", requires_grad = true})
local v3 = v2 / (v1:abs() + 1)
local v4 = v3 + 2.0
return {v4}, {v2}]],
{{"float32", {}, {2.05234385}}}, {{"float32", {}, {0.200000003}}}, 2e-05},
{[[
local v1 = ty.tensor({{1.2578125}, {-2.36328125}, {1.25}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({{-0.18359375}, {-2.5}, {1.94140625}}, {dtype = "float32", requires_grad = true})
local v3 = v1:eq(v1)
local v4 = (select(1, v2:median(-1)))
return {v3, v4}, {v1, v2}]],
{{"bool", {3, 1}, {true, true, true}}, {"float32", {3}, {-0.18359375, -2.5, 1.94140625}}}, {false, {"float32", {3, 1}, {2.0, 2.0, 2.0}}}, 2e-05},
{[[
local v1 = ty.tensor(2.51171875, {dtype = "float32"})
local v2 = ty.tensor({{{0.9375, 0.38671875, 0.57421875}, {2.1953125, 0.63671875, 0.12890625}}, {{-0.5625, 0.01171875, -2.43359375}, {-0.9296875, 2.19140625, 1.44921875}}}, {dtype = "float64", requires_grad = true})
local v3 = v1:isfinite()
local v4 = v1:eq(v2)
local v5 = v4:to("int64")
local v6 = v1:abs():add(0.5):log2()
return {v3, v5, v6}, {v2}]],
{{"bool", {}, {true}}, {"int64", {2, 2, 3}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}, {"float32", {}, {1.59058702}}}, false, 2e-05},
{[[
local v1 = ty.tensor(3, {dtype = "int64"})
local v2 = ty.tensor({{-6, 0, 6}, {-4, -6, 6}}, {dtype = "int8"})
local v3 = ty.tensor({4, 0, 6}, {dtype = "int64"})
local v4 = v3 % 3
local v5 = (function() local y = v4:contiguous():clone() y:copy_(v1) return y end)()
local v6 = v2:abs():add(1):reciprocal()
local v7 = v1:to("float32")
local v8 = v4:square()
return {v6, v7, v8}, {}]],
{{"float32", {2, 3}, {0.142857149, 1.0, 0.142857149, 0.200000003, 0.142857149, 0.142857149}}, {"float32", {}, {3.0}}, {"int64", {3}, {1, 0, 0}}}, false, 2e-05},
{[[
local v1 = ty.tensor(-0.80859375, {dtype = "float32"})
local v2 = v1:norm()
local v3 = F.logsigmoid(v1)
local v4 = v3 / -2.25
local v5 = v3:lt(v3)
local v6 = v1:tanh():cosh()
local v7 = v5:count_nonzero()
return {v4, v6, v7}, {}]],
{{"float32", {}, {0.523128033}}, {"float32", {}, {1.23211825}}, {"int64", {}, {0}}}, false, 2e-05},
{[[
local v1 = ty.tensor({4, 4, -5, 1}, {dtype = "int64"})
local v2 = v1:logical_xor(v1)
local v3 = v1:amax{dim = 1, keepdim = false}
local v4 = v3:isfinite()
local v5 = v2:index_select(1, ty.tensor({2, 3}))
local v6 = v3:atan2(v4)
return {v5, v6}, {}]],
{{"bool", {2}, {false, false}}, {"float32", {}, {1.3258177}}}, false, 2e-05},
{[[
local v1 = ty.tensor({0.07421875, -1.625, -1.625}, {dtype = "float32"})
local v2 = ty.tensor({{-0.05859375, -0.30859375, 0.87890625, -0.36328125}, {0.94140625, 2.19140625, -1.375, 1.26171875}, {-0.8671875, -0.4375, 0.125, 1.69921875}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor({{4, -5, -1, -5}, {6, 0, -6, -1}, {-6, -1, -4, -2}}, {dtype = "int16"})
local v4 = v1:std{dim = 1, keepdim = true}
local v5 = v1:minimum(v1)
local v6 = v1:isfinite()
local v7 = v1:contiguous()
local v8 = v7:to("int32")
return {v5, v6, v8}, {v2}]],
{{"float32", {3}, {0.07421875, -1.625, -1.625}}, {"bool", {3}, {true, true, true}}, {"int32", {3}, {0, -1, -1}}}, false, 2e-05},
{[[
local v1 = ty.tensor({{0.69921875}, {-1.43359375}, {1.94921875}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({-0.8125}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor({{0.6875, -0.375}, {1.26171875, 0.25390625}, {-0.86328125, -1.5}}, {dtype = "float32"})
local v4 = v1 ^ 2.0
local v5 = v3:minimum(v2)
local v6 = ty.cat({v4, v5}, 2)
local v7 = F.l1_loss(v5, v3, {reduction = "none"})
local v8 = v5:reshape_as(v5:flatten())
local v9 = v6 * 3
local v10 = v7[{{3, 3}}]
local v11 = v7:gt(v10)
return {v8, v9, v11}, {v1, v2}]],
{{"float32", {6}, {-0.8125, -0.8125, -0.8125, -0.8125, -0.86328125, -1.5}}, {"float32", {3, 3}, {1.46672058, -2.4375, -2.4375, 6.16557312, -2.4375, -2.4375, 11.3983612, -2.58984375, -4.5}}, {"bool", {3, 2}, {true, true, true, true, false, false}}}, {{"float32", {3, 1}, {8.390625, -17.203125, 23.390625}}, {"float32", {1}, {28.0}}}, 2e-05},
{[[
local v1 = ty.tensor({-0.98828125, -2.4296875, -1.8671875}, {dtype = "float32", requires_grad = true})
local v2 = ty.cat({v1, v1}, 1)
local v3 = v2:ne(v2)
local v4 = v2:round()
return {v3, v4}, {v1}]],
{{"bool", {6}, {false, false, false, false, false, false}}, {"float32", {6}, {-1.0, -2.0, -2.0, -1.0, -2.0, -2.0}}}, {{"float32", {3}, {0.0, 0.0, 0.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{1.38671875, 0.38671875}, {1.3125, 0.7578125}, {1.32421875, 1.38671875}}, {dtype = "float64", requires_grad = true})
local v2 = v1 + v1
local v3 = v2:to("float32")
local v4 = v2:select(-1, 1)
local v5 = v4:tile(1)
local v6 = v2:eq(v3)
return {v5, v6}, {v1}]],
{{"float64", {3}, {2.7734375, 2.625, 2.6484375}}, {"bool", {3, 2}, {true, true, true, true, true, true}}}, {{"float64", {3, 2}, {2.0, 0.0, 2.0, 0.0, 2.0, 0.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{-2.3671875, -2.12109375}, {-1.5625, -0.625}, {-1.93359375, 1.88671875}, {0.94921875, -0.7421875}}, {dtype = "float64", requires_grad = true})
local v2 = v1:select(-1, -2)
local v3 = v2:addcmul(v2, v2, {value = 0.5})
local v4 = v2:abs():add(1):reciprocal()
local v5 = F.huber_loss(v4, v2, {reduction = "none"})
local v6 = v3:argmin(1) - 1
local v7 = v6 % (v1:abs() + 1)
local v8 = v3:std{dim = -1, keepdim = false}
local v9 = v3:tile(1, 1)
return {v7, v8, v9}, {v1}]],
{{"float64", {4, 2}, {1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0}}, {"float64", {}, {0.7657303346504467}}, {"float64", {1, 4}, {0.434600830078125, -0.341796875, -0.06420135498046875, 1.3997268676757812}}}, {{"float64", {4, 2}, {-4.193833690018388, 0.0, -1.345238888131684, 0.0, -2.4583562195273005, 0.0, 7.617071337309889, 0.0}}}, 1e-10},
{[[
local v1 = ty.tensor({{0.76171875, -0.3046875}}, {dtype = "float64", requires_grad = true})
local v2 = ty.tensor({-0.80859375, -0.625}, {dtype = "float32"})
local v3 = ty.tensor({3, -5}, {dtype = "int64"})
local v4 = (function() local y = v2:contiguous():clone() y:mul_(v2) return y end)()
local v5 = v1:contiguous()
local v6 = v3:sum{dim = -1, keepdim = false}
local v7 = v2:std()
return {v5, v6, v7}, {v1}]],
{{"float64", {1, 2}, {0.76171875, -0.3046875}}, {"int64", {}, {-2}}, {"float32", {}, {0.129820392}}}, {{"float64", {1, 2}, {1.0, 1.0}}}, 2e-05},
{[[
local v1 = ty.tensor(-0.30078125, {dtype = "float64"})
local v2 = v1:isnan()
local v3 = v2 & v2
local v4 = v2:sigmoid()
local v5 = v4:to("int64")
local v6 = v4 ^ 3
local v7 = v6:abs():add(0.5):log()
local v8 = v4:to("float32")
local v9 = v4 % (v6:abs() + 1)
return {v7, v8, v9}, {}]],
{{"float32", {}, {-0.470003635}}, {"float32", {}, {0.5}}, {"float32", {}, {0.5}}}, false, 2e-05},
{[[
local v1 = ty.tensor({-0.3046875, -1.8046875}, {dtype = "float64", requires_grad = true})
local v2 = v1:floor()
local v3 = v1:tanh():sinh()
local v4 = v2:lerp(v1, 0.25)
return {v3, v4}, {v1}]],
{{"float64", {2}, {-0.2999200159599014, -1.0954596329708584}}, {"float64", {2}, {-0.826171875, -1.951171875}}}, {{"float64", {2}, {1.4527851481859593, 0.6522452622807391}}}, 1e-10},
{[[
local v1 = ty.tensor({{-1.125, -0.3046875, -1.49609375, 0.32421875}, {-0.68359375, -2.11328125, 1.4453125, 0.94921875}, {0.0078125, -0.23828125, -0.24609375, -0.4296875}}, {dtype = "float32", requires_grad = true})
local v2 = v1 + 1.5
local v3 = v2:abs():add(1):reciprocal()
local v4 = v2:add(v2)
local v5 = (select(1, v2:median(2)))
local v6 = v1:tanh():sinh()
local v7 = v5 + 0.5
local v8 = v5:sum()
return {v6, v7, v8}, {v1}]],
{{"float32", {3, 4}, {-0.900584102, -0.299920022, -1.0328896, 0.318468004, -0.629375815, -1.13126493, 1.01902437, 0.8086766, 0.00781242084, -0.236009479, -0.243590027, -0.416227937}}, {"float32", {3}, {0.875, 1.31640625, 1.75390625}}, {"float32", {}, {2.4453125}}}, {{"float32", {3, 4}, {5.46432781, 0.952785134, 0.26163727, 0.94646132, 5.76488066, 0.0856722668, 0.28469032, 0.582900941, 0.999969482, 0.971274257, 5.96934032, 0.905445874}}}, 2e-05},
{[[
local v1 = ty.tensor({1, -1}, {dtype = "int16"})
local v2 = ty.tensor({{1.07421875}, {-2.25}, {-1.6171875}, {-1.05859375}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor(-0.5625, {dtype = "float64", requires_grad = true})
local v4 = F.softsign(v3)
local v5 = v2.T
local v6 = (select(1, v2:min(2)))
local v7 = v4:sub(v4)
local v8 = v7:all()
local v9 = F.cross_entropy(v2, ty.tensor({1, 1, 1, 1}), {label_smoothing = 0.0})
local v10 = v6:chunk(1, -1)[1]
local v11 = v10:gather(1, ty.tensor({4, 1}))
return {v8, v9, v11}, {v2, v3}]],
{{"bool", {}, {false}}, {"float32", {}, {0.0}}, {"float32", {2}, {-1.05859375, 1.07421875}}}, {{"float32", {4, 1}, {3.0, 0.0, 0.0, 3.0}}, false}, 2e-05},
{[[
local v1 = ty.tensor({{{2.5078125, 0.88671875}, {1.3828125, -1.05078125}, {-1.24609375, -1.05859375}, {-0.1171875, -2.30078125}}, {{2.32421875, 1.94140625}, {-0.1875, -0.7421875}, {-1.42578125, 1.06640625}, {-2.0, -0.36328125}}, {{-1.0546875, -1.8125}, {2.51171875, 1.3828125}, {-0.17578125, 0.50390625}, {-1.23828125, 0.6953125}}, {{-1.1875, 1.32421875}, {1.75, 1.5078125}, {2.5078125, -0.4296875}, {-1.67578125, 2.3125}}}, {dtype = "float32"})
local v2 = ty.tensor({1, 3, 1}, {dtype = "uint8"})
local v3 = ty.tensor({{2.38671875, -0.61328125}}, {dtype = "float64", requires_grad = true})
local v4 = v3:minimum(v3)
local v5 = v3:eq(2)
return {v4, v5}, {v3}]],
{{"float64", {1, 2}, {2.38671875, -0.61328125}}, {"bool", {1, 2}, {false, false}}}, {{"float64", {1, 2}, {1.0, 1.0}}}, 2e-05},
{[[
local v1 = ty.tensor({{0.12890625}, {1.19921875}}, {dtype = "float32", requires_grad = true})
local v2 = ty.tensor({-2}, {dtype = "int16"})
local v3 = v2:le(v2)
local v4 = ty.einsum("ij,jk->ik", {v1, v1})
local v5 = v2:tanh():sinh()
local v6 = v5:logical_xor(v2)
local v7 = (function() local y = v2:contiguous():clone() y[{{1, 1}}] = v5 return y end)()
return {v4, v6, v7}, {v1}]],
{{"float32", {2, 1}, {0.171203613, 1.5927124}}, {"bool", {1}, {false}}, {"int16", {1}, {-1}}}, {{"float32", {2, 1}, {2.65625, 2.65625}}}, 2e-05},
{[[
local v1 = ty.tensor({{2, 5, 0, 2}, {3, 1, 1, 5}}, {dtype = "uint8"})
local v2 = ty.tensor({{{2.32421875, 0.3203125}, {-2.24609375, 1.25}}, {{0.44921875, -1.05078125}, {1.9375, 0.38671875}}, {{1.00390625, 1.57421875}, {-1.1875, 1.32421875}}}, {dtype = "float32", requires_grad = true})
local v3 = ty.tensor({{-0.24609375, 0.75390625, -2.1796875}, {1.7578125, -1.37109375, -0.87109375}}, {dtype = "float64", requires_grad = true})
local v4 = v2:abs():add(0.5):rsqrt()
local v5 = v2 % (v2:abs() + 1)
local v6 = v2:reshape_as(v2:flatten())
local v7 = v6:var{dim = 1, keepdim = false}
return {v4, v5, v7}, {v2, v3}]],
{{"float32", {3, 2, 2}, {0.595046401, 1.10410488, 0.603451431, 0.755928993, 1.02640045, 0.80301702, 0.640512645, 1.06195736, 0.815435529, 0.694340825, 0.769800365, 0.740391672}}, {"float32", {3, 2, 2}, {2.32421875, 0.3203125, 1.0, 1.25, 0.44921875, 1.0, 1.9375, 0.38671875, 1.00390625, 1.57421875, 1.0, 1.32421875}}, {"float32", {}, {1.89859796}}}, {{"float32", {3, 2, 2}, {2.88577509, 1.22510421, -1.39190114, 2.18920493, 1.4277395, -0.590879738, 2.64879751, 1.33549094, 1.99984586, 2.41465712, -0.696271777, 2.24273396}}, false}, 2e-05},
{[[
local v1 = ty.tensor({true, false, false}, {dtype = "bool"})
local v2 = v1 & v1
local v3 = ty.stack({v2, v2}, 1)
local v4 = v3:erf()
local v5 = v2:logical_not()
local v6 = v5 + 1.5
local v7 = v3:minimum(v5)
local v8 = v5:logical_and(v5)
return {v6, v7, v8}, {}]],
{{"float32", {3}, {1.5, 2.5, 2.5}}, {"bool", {2, 3}, {false, false, false, false, false, false}}, {"bool", {3}, {false, true, true}}}, false, 2e-05},
}
