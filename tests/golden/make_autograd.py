"""Writes tests/golden/autograd.lua, what PyTorch's autograd gives: first and second derivatives of compositions, gradients of
ops in place on views, and the names of nodes. Run: python make_autograd.py.

Each case is an expression that is the same in Python and, in its second column, in Lua; x, y, w are float64 inputs by the
formula below. For each: the value of the weighted sum of the result, its gradients, and the gradients of the weighted sum of
those (by the inputs that it still depends on)."""
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def make(shape, seed):
    n = 1
    for size in shape:
        n *= size
    k = (torch.arange(n) * 37 + seed * 11) % 60
    return (-1.5 + 3.1 * (k.double() + 0.5) / 60).reshape(shape).requires_grad_()


def weigh(x, shift):
    i = torch.arange(x.numel())
    return (x * (((i * 13 + shift) % 11 - 4).double() / 8 + 0.03).reshape(x.shape)).sum()


# (Python, Lua): functions of x {2, 3}, y {2, 3}, w {3, 4}. P: python names, L: Lua's.
SECOND = [
    ("x ** 3", "x ^ 3"),
    ("x * x * y", "x * x * y"),
    ("x / (y * y + 1)", "x / (y * y + 1)"),
    ("(x * y).exp()", "(x * y):exp()"),
    ("x.sin() * y.cos()", "x:sin() * y:cos()"),
    ("(x @ w).tanh()", "x:matmul(w):tanh()"),
    ("(x @ w) @ (y @ w).t()", "x:matmul(w):matmul(y:matmul(w):t())"),
    ("x @ w @ w.t() @ y.t()", "x:matmul(w):matmul(w:t()):matmul(y:t())"),
    ("F.softmax(x, 1)", "F.softmax(x, 2)"),
    ("F.log_softmax(x * y, 0)", "F.log_softmax(x * y, 1)"),
    ("F.softmax(x @ w, 1) @ w.t()", "F.softmax(x:matmul(w), 2):matmul(w:t())"),
    ("F.gelu(x) * y", "F.gelu(x) * y"),
    ("F.silu(x @ w)", "F.silu(x:matmul(w))"),
    ("F.softplus(x) + F.elu(y)", "F.softplus(x) + F.elu(y)"),
    ("F.mish(x * y)", "F.mish(x * y)"),
    ("torch.sigmoid(x) * torch.relu(y) ** 2", "ty.sigmoid(x) * ty.relu(y) ^ 2"),
    ("(x * x).mean() * y.sum()", "(x * x):mean() * y:sum()"),
    ("(x * y).var(1)", "(x * y):var(2)"),
    ("x.std() * y", "x:std() * y"),
    ("x.norm() * y.norm(dim=1)", "x:norm() * y:norm{dim = 2}"),
    ("torch.logsumexp(x * y, 1)", "ty.logsumexp(x * y, 2)"),
    ("x.prod(1) * y.prod()", "x:prod(2) * y:prod()"),
    ("x.cumsum(1) * y.cumsum(0)", "x:cumsum(2) * y:cumsum(1)"),
    ("x.cumprod(1) * y", "x:cumprod(2) * y"),
    ("(x * y).max(1)[0] ** 2", "(x * y):max(2) ^ 2"),
    ("(x * y).topk(2)[0] * (x * y).topk(2)[0]", "(x * y):topk(2) * (x * y):topk(2)"),
    ("(x * y).sort(1)[0] * y", "(x * y):sort(2) * y"),
    ("F.mse_loss(x, y)", "F.mse_loss(x, y)"),
    ("F.mse_loss(torch.tanh(x @ w), (y @ w).sin())", "F.mse_loss(ty.tanh(x:matmul(w)), y:matmul(w):sin())"),
    ("F.smooth_l1_loss(x, y, beta=0.7)", "F.smooth_l1_loss(x, y, {beta = 0.7})"),
    ("F.huber_loss(x, y)", "F.huber_loss(x, y)"),
    ("F.cross_entropy(x @ w, torch.tensor([2, 0]))", "F.cross_entropy(x:matmul(w), ty.tensor{3, 1})"),
    ("F.cross_entropy(x, F.softmax(y, 1))", "F.cross_entropy(x, F.softmax(y, 2))"),
    ("F.binary_cross_entropy_with_logits(x, torch.sigmoid(y))", "F.binary_cross_entropy_with_logits(x, ty.sigmoid(y))"),
    ("F.binary_cross_entropy(torch.sigmoid(x), torch.sigmoid(y))", "F.binary_cross_entropy(ty.sigmoid(x), ty.sigmoid(y))"),
    ("F.kl_div(F.log_softmax(x, 1), F.softmax(y, 1), reduction='batchmean')",
     "F.kl_div(F.log_softmax(x, 2), F.softmax(y, 2), {reduction = 'batchmean'})"),
    ("F.poisson_nll_loss(x, y * y)", "F.poisson_nll_loss(x, y * y)"),
    ("F.cosine_similarity(x, y)", "F.cosine_similarity(x, y)"),
    ("torch.cat([x * y, y * y], 0) @ w", "ty.cat({x * y, y * y}, 1):matmul(w)"),
    ("torch.stack([x * y, x * x]).transpose(0, 2)", "ty.stack({x * y, x * x}):transpose(1, 3)"),
    ("(x * y)[:, 1:] * (x * x)[:, :2]", "(x * y)[{{}, {2, 3}}] * (x * x)[{{}, {1, 2}}]"),
    ("(x * y).gather(1, torch.tensor([[2, 2], [0, 1]])) ** 2", "(x * y):gather(2, ty.tensor{{3, 3}, {1, 2}}) ^ 2"),
    ("(x * y).index_select(1, torch.tensor([2, 0, 2])) * x", "(x * y):index_select(2, ty.tensor{3, 1, 3}) * x"),
    ("torch.where(x > 0, x * y, y * y * y)", "ty.where(x:gt(0), x * y, y * y * y)"),
    ("torch.clamp(x * y, -0.4, 0.9) ** 2", "ty.clamp(x * y, -0.4, 0.9) ^ 2"),
    ("torch.atan2(x, y * y + 0.3)", "ty.atan2(x, y * y + 0.3)"),
    ("(x * x + 0.2).sqrt() * (y * y + 0.2).log()", "(x * x + 0.2):sqrt() * (y * y + 0.2):log()"),
    ("torch.einsum('ij,jk,ik->k', x, w, y @ w)", "ty.einsum('ij,jk,ik->k', x, w, y:matmul(w))"),
    ("F.linear(torch.relu(F.linear(x, w.t())), w) * y", "F.linear(ty.relu(F.linear(x, w:t())), w) * y"),
]

# Statements on a = x * 1 (2, 3) and b = y * 1, in place: (name, Python, Lua); the result is what is left in `out`.
INPLACE = [
    ("whole", "a.mul_(b); out = a * b", "a:mul_(b) out = a * b"),
    ("row", "a[0].mul_(b[1]); out = a * a", "a[1]:mul_(b[2]) out = a * a"),
    ("column", "a[:, 1].mul_(3.0); out = a * b", "a[{{}, 2}]:mul_(3.0) out = a * b"),
    ("view then base", "v = a.view(6); a.mul_(b); out = v * v", "local v = a:view(6) a:mul_(b) out = v * v"),
    ("base through a view", "v = a.view(6); v.mul_(2.0); out = a * a", "local v = a:view(6) v:mul_(2.0) out = a * a"),
    ("view of a view", "v = a.t()[1:]; v[0].copy_(b[:, 0]); out = a * a + v.sum()",
     "local v = a:t()[{{2, 3}}] v[1]:copy_(b[{{}, 1}]) out = a * a + v:sum()"),
    ("transposed", "v = a.t(); v.mul_(b.t()); out = a * v.t()", "local v = a:t() v:mul_(b:t()) out = a * v:t()"),
    ("narrow twice", "a[:, :2].add_(b[:, 1:]); a[:, 1:].mul_(b[:, :2]); out = a * a",
     "a[{{}, {1, 2}}]:add_(b[{{}, {2, 3}}]) a[{{}, {2, 3}}]:mul_(b[{{}, {1, 2}}]) out = a * a"),
    ("two views", "u = a[0]; v = a[1]; u.mul_(v.clone()); v.mul_(u.clone()); out = a * b",
     "local u, v = a[1], a[2] u:mul_(v:clone()) v:mul_(u:clone()) out = a * b"),
    ("fill", "a[0].fill_(2.0); out = a * a * b", "a[1]:fill_(2.0) out = a * a * b"),
    ("zero", "a[:, 2].zero_(); out = a * b", "a[{{}, 3}]:zero_() out = a * b"),
    ("diagonal", "a[:, :2].diagonal().mul_(b[0, :2]); out = a * a", "a[{{}, {1, 2}}]:diagonal():mul_(b[{1, {1, 2}}]) out = a * a"),
    ("assign", "a[0] = b[1] * b[0]; out = a * a", "a[1] = b[2] * b[1] out = a * a"),
    ("assign element", "a[1, 2] = b[0, 0]; out = a * a * b", "a[{2, 3}] = b[{1, 1}] out = a * a * b"),
    ("unsqueezed", "v = a.unsqueeze(1); v.sub_(b.unsqueeze(1)); out = a * a",
     "local v = a:unsqueeze(2) v:sub_(b:unsqueeze(2)) out = a * a"),
    ("into zeros", "z = torch.zeros(2, 6, dtype=torch.float64); z[:, ::2].copy_(a); z[:, 1::2].copy_(b); out = z * z",
     "local z = ty.zeros(2, 6, {dtype = 'float64'}) z[{{}, {1, -1, 2}}]:copy_(a) z[{{}, {2, -1, 2}}]:copy_(b) out = z * z"),
    ("transposed base", "z = torch.zeros(3, 2, dtype=torch.float64).t().detach(); z[0].copy_(a[1]); z[:, 2].add_(b[:, 0]); out = z * b",
     "local z = ty.zeros(3, 2, {dtype = 'float64'}):t():detach() z[1]:copy_(a[2]) z[{{}, 3}]:add_(b[{{}, 1}]) out = z * b"),
    ("strided base", "z = torch.ones(2, 6, dtype=torch.float64)[:, ::2].detach(); z[1].mul_(a[0]); out = z * b",
     "local z = ty.ones(2, 6, {dtype = 'float64'})[{{}, {1, -1, 2}}]:detach() z[2]:mul_(a[1]) out = z * b"),
    ("relu_ of a slice", "a[:, :2].relu_(); out = a * b", "a[{{}, {1, 2}}]:relu_() out = a * b"),
    ("exp_ saves its result", "v = a[0]; v.exp_(); out = a * a", "local v = a[1] v:exp_() out = a * a"),
    ("masked_fill_", "a.masked_fill_(b > 0, 1.5); out = a * a * b", "a:masked_fill_(b:gt(0), 1.5) out = a * a * b"),
    ("index_put_", "a[torch.tensor([1, 0]), torch.tensor([2, 0])] = b[0, :2] * b[1, :2]; out = a * a",
     "a[{ty.tensor{2, 1}, ty.tensor{3, 1}}] = b[{1, {1, 2}}] * b[{2, {1, 2}}] out = a * a"),
]

# Expressions whose node's name is PyTorch's; x {2, 3}, w {3, 4}.
NAMES = [
    ("x + x", "x + x"), ("x - x", "x - x"), ("x * x", "x * x"), ("x / x", "x / x"), ("-x", "-x"), ("x ** 2", "x ^ 2"),
    ("x.exp()", "x:exp()"), ("x.log()", "x:log()"), ("x.sqrt()", "x:sqrt()"), ("x.rsqrt()", "x:rsqrt()"), ("x.sin()", "x:sin()"),
    ("x.tanh()", "x:tanh()"), ("x.sigmoid()", "x:sigmoid()"), ("x.relu()", "x:relu()"), ("x.abs()", "x:abs()"),
    ("x.erf()", "x:erf()"), ("x.log1p()", "x:log1p()"), ("x.expm1()", "x:expm1()"), ("x.floor()", "x:floor()"),
    ("x.sum()", "x:sum()"), ("x.sum(1)", "x:sum(2)"), ("x.mean()", "x:mean()"), ("x.mean(1)", "x:mean(2)"),
    ("x.prod()", "x:prod()"), ("x.var()", "x:var()"), ("x.std()", "x:std()"), ("x.max()", "x:max()"),
    ("x.amax(1)", "x:amax(2)"), ("x.logsumexp(1)", "x:logsumexp(2)"), ("x.cumsum(1)", "x:cumsum(2)"),
    ("x.mm(w)", "x:mm(w)"), ("x.clone()", "x:clone()"), ("x.view(6)", "x:view(6)"), ("x.t()", "x:t()"),
    ("x.transpose(0, 1)", "x:transpose(1, 2)"), ("x.permute(1, 0)", "x:permute(2, 1)"), ("x.expand(4, 2, 3)", "x:expand(4, 2, 3)"),
    ("x.unsqueeze(0)", "x:unsqueeze(1)"), ("x.select(0, 1)", "x:select(1, 2)"), ("torch.cat([x, x])", "ty.cat{x, x}"),
    ("x.sort()[0]", "(x:sort())"), ("x.topk(2)[0]", "(x:topk(2))"),
    ("torch.where(x > 0, x, -x)", "ty.where(x:gt(0), x, -x)"), ("x.clamp(-1, 1)", "x:clamp(-1, 1)"),
    ("F.softmax(x, 1)", "F.softmax(x, 2)"), ("F.log_softmax(x, 1)", "F.log_softmax(x, 2)"), ("F.mse_loss(x, x)", "F.mse_loss(x, x)"),
   
    ("x.gather(1, torch.tensor([[0], [1]]))", "x:gather(2, ty.tensor{{1}, {2}})"),
    ("x.index_select(0, torch.tensor([0]))", "x:index_select(1, ty.tensor{1})"), ("torch.atan2(x, x)", "ty.atan2(x, x)"),
    ("x.masked_fill(x > 0, 1.0)", "x:masked_fill(x:gt(0), 1.0)"),
    ("torch.maximum(x, -x)", "ty.maximum(x, -x)"),
    ("x.double().float()", "x:double():float()"), ("F.linear(x, w.t())", "F.linear(x, w:t())"),
]


def flat(x):
    return "{" + ", ".join(f"{v:.17g}" for v in x.detach().reshape(-1).tolist()) + "}"


def derivatives(out, inputs):
    total = weigh(out, 7)
    grads = torch.autograd.grad(total, inputs, create_graph=True, allow_unused=True)
    slope = sum((weigh(g, 3) for g in grads if g is not None), torch.zeros((), dtype=torch.float64))
    seconds = torch.autograd.grad(slope, inputs, allow_unused=True) if slope.requires_grad else [None] * len(inputs)
    say = lambda list: "{" + ", ".join("false" if g is None else flat(g) for g in list) + "}"
    zero = lambda list: [torch.zeros_like(x) if g is None else g for g, x in zip(list, inputs)]
    return f"value = {total.item():.17g}, first = {say(zero(grads))}, second = {say(zero(seconds))}"


def main():
    lines = ["-- Written by make_autograd.py; see there. Regenerate rather than edit.", "return {", "second = {"]
    for python, lua in SECOND:
        x, y, w = make((2, 3), 1), make((2, 3), 2), make((3, 4), 3)
        lines.append(f"  {{[==[{lua}]==], {derivatives(eval(python), [x, y, w])}}},")
    lines.append("},\ninplace = {")
    for name, python, lua in INPLACE:
        x, y = make((2, 3), 1), make((2, 3), 2)
        scope = {"a": x * 1, "b": y * 1, "torch": torch}
        exec(python, scope)
        lines.append(f"  {{\"{name}\", [==[{lua}]==], {derivatives(scope['out'], [x, y])}}},")
    lines.append("},\nnames = {")
    for python, lua in NAMES:
        x, w = torch.ones(2, 3, requires_grad=True), torch.ones(3, 4, requires_grad=True)
        lines.append(f"  {{[==[{lua}]==], \"{eval(python).grad_fn.name()}\"}},")
    lines.append("},\n}")
    with open(__file__.replace("make_autograd.py", "autograd.lua"), "w") as file:
        file.write("\n".join(lines) + "\n")


main()
