"""Writes autocast.lua: the dtypes that functions give under torch.autocast on the CPU, for float32 and bfloat16 input.

    python3 tests/golden/make_autocast.py > tests/golden/autocast.lua
"""
import torch
import torch.nn.functional as F

# Lua's expression, then Python's. x {4, 4}, image {1, 2, 4, 4}, sound {1, 2, 8}, volume {1, 2, 4, 4, 4}, labels {4}.
CASES = [
    ("x:matmul(x)", "x @ x"), ("x:mm(x)", "x.mm(x)"), ("x:mv(x[1])", "x.mv(x[0])"),
    ("ty.bmm(x:unsqueeze(1), x:unsqueeze(1))", "torch.bmm(x[None], x[None])"),
    ("ty.addmm(x, x, x)", "torch.addmm(x, x, x)"), ("ty.baddbmm(x:unsqueeze(1), x:unsqueeze(1), x:unsqueeze(1))",
                                                    "torch.baddbmm(x[None], x[None], x[None])"),
    ("F.linear(x, x, x[1])", "F.linear(x, x, x[0])"), ("ty.einsum('ij,jk->ik', x, x)", "torch.einsum('ij,jk->ik', x, x)"),
    ("F.conv1d(sound, sound:clone())", "F.conv1d(sound, sound.clone())"),
    ("F.conv2d(image, image:clone())", "F.conv2d(image, image.clone())"),
    ("F.conv3d(volume, volume:clone())", "F.conv3d(volume, volume.clone())"),
    ("F.conv_transpose2d(image, image:transpose(1, 2))", "F.conv_transpose2d(image, image.transpose(0, 1))"),
    ("F.scaled_dot_product_attention(image, image, image)", "F.scaled_dot_product_attention(image, image, image)"),
    ("F.softmax(x, 1)", "F.softmax(x, 0)"), ("F.log_softmax(x, 1)", "F.log_softmax(x, 0)"), ("x:exp()", "x.exp()"),
    ("x:abs():log()", "x.abs().log()"), ("x:pow(2)", "x.pow(2)"), ("x ^ 2", "x ** 2"), ("x:sum()", "x.sum()"),
    ("x:mean()", "x.mean()"), ("x:cumsum(1)", "x.cumsum(0)"), ("x:prod()", "x.prod()"), ("x:norm()", "x.norm()"),
    ("x:trace()", "x.trace()"), ("ty.cdist(x, x)", "torch.cdist(x, x)"), ("x:relu()", "x.relu()"), ("x + x", "x + x"),
    ("F.layer_norm(x, {4})", "F.layer_norm(x, (4,))"), ("F.gelu(x)", "F.gelu(x)"),
    ("F.cross_entropy(x, labels + 1)", "F.cross_entropy(x, labels)"),
    ("F.nll_loss(x, labels + 1)", "F.nll_loss(x, labels)"), ("F.mse_loss(x, x)", "F.mse_loss(x, x)"),
    ("F.l1_loss(x, x)", "F.l1_loss(x, x)"), ("F.smooth_l1_loss(x, x)", "F.smooth_l1_loss(x, x)"),
    ("F.huber_loss(x, x)", "F.huber_loss(x, x)"), ("F.kl_div(x, x:abs())", "F.kl_div(x, x.abs(), reduction='mean')"),
    ("F.binary_cross_entropy(x:sigmoid(), x:sigmoid())", "F.binary_cross_entropy(x.sigmoid(), x.sigmoid())"),
    ("F.binary_cross_entropy_with_logits(x, x:sigmoid())", "F.binary_cross_entropy_with_logits(x, x.sigmoid())"),
    ("F.soft_margin_loss(x, x:sign())", "F.soft_margin_loss(x, x.sign())"),
    ("F.cosine_embedding_loss(x, x, ty.ones(4))", "F.cosine_embedding_loss(x, x, torch.ones(4))"),
    ("F.hinge_embedding_loss(x, x:sign())", "F.hinge_embedding_loss(x, x.sign())"),
    ("F.margin_ranking_loss(x, x, x:sign())", "F.margin_ranking_loss(x, x, x.sign())"),
    ("F.multi_margin_loss(x, labels + 1)", "F.multi_margin_loss(x, labels)"),
    ("F.triplet_margin_loss(x, x, x)", "F.triplet_margin_loss(x, x, x)"),
    ("F.poisson_nll_loss(x, x:abs())", "F.poisson_nll_loss(x, x.abs())"),
    ("F.max_pool2d(image, 2)", "F.max_pool2d(image, 2)"), ("F.avg_pool3d(volume, 2)", "F.avg_pool3d(volume, 2)"),
    ("F.interpolate(image, {scale_factor = 2})", "F.interpolate(image, scale_factor=2)"),
    ("x:quantile(0.5)", "x.quantile(0.5)"), ("ty.linalg.inv(x)", "torch.linalg.inv(x)"),
    ("ty.linalg.vector_norm(x)", "torch.linalg.vector_norm(x)"), ("ty.cat({x, x:float()})", "torch.cat((x, x.float()))"),
    ("ty.stack({x, x:float()})", "torch.stack((x, x.float()))"), ("x:double():matmul(x:double())", "x.double() @ x.double()"),
]

print("-- The dtypes of results under torch.autocast on the CPU, by make_autocast.py: {expression, input's dtype, result's}.")
print("return {")
for lua, python in CASES:
    for dtype in (torch.float32, torch.bfloat16) if python else ():
        make = lambda *sizes: torch.linspace(-1, 1, torch.Size(sizes).numel()).reshape(sizes).to(dtype)
        values = dict(torch=torch, F=F, x=make(4, 4) + torch.eye(4, dtype=dtype), image=make(1, 2, 4, 4), sound=make(1, 2, 8),
                      volume=make(1, 2, 4, 4, 4), labels=torch.tensor([0, 1, 2, 3]))
        try:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                result = str(eval(python, values).dtype).split(".")[1]
        except RuntimeError as error:
            result = "error"
        print('  {"%s", "%s", "%s"},' % (lua, str(dtype).split(".")[1], result))
print("}")
