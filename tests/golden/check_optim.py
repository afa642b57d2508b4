#!/usr/bin/env python3
"""Checks that PyTorch's optimisers go on from states that Tycho saved: not in the default run, as it needs PyTorch.

    python3 tests/golden/check_optim.py PATH/OF/tycho

Tycho takes five steps of the problem of make_nn.py with each kind, saves parameters and state, and takes three more.
"""
import subprocess
import sys
import tempfile

import torch

import make_optim
from make_nn import problem

PROGRAM = """
local ty = require "tycho"
package.path = "{folder}/?.lua;" .. package.path
local golden = require "support.golden"
local made = {}
for _, row in ipairs {KINDS} do
  local name, options = row[1], row[2]
  local w, b = golden.tensor "@float64 3,2 s3 mul0.25", golden.tensor "@float64 2 s5 mul0.25"
  local x, y = golden.tensor "!float64 4,3", golden.tensor "!float64 4,2 s1 mul0.5"
  local opt = ty.optim[name]({w, b}, options)
  local function closure()
    opt:zero_grad()
    local loss = ty.F.mse_loss(ty.tanh(x:matmul(w) + b), y)
    loss:backward()
    return loss
  end
  local function steps(n) for _ = 1, n do opt:step(closure) end end
  steps(5)
  local state = {name, opt:state_dict(), w:detach():clone(), b:detach():clone()}
  ty.save(state, arg[1] .. "/" .. #made)
  steps(3)
  made[#made + 1] = {w:detach(), b:detach()}
end
ty.save(made, arg[1] .. "/after")
"""


def text(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        return "{" + ", ".join(map(text, value)) + "}"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value).replace("'", '"')


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    kinds = [[name, options] for name, options in make_optim.OPTIMISERS] + [["LBFGS", options] for options in make_optim.LBFGS]
    kinds.append(["LBFGS", dict(max_iter=3, history_size=4)])
    with tempfile.TemporaryDirectory() as folder:
        specs = make_optim.pathlib.Path(__file__).resolve().parent.parent / "spec"
        program = PROGRAM.replace("{folder}", str(specs)).replace("KINDS", text(kinds)[1:-1])
        path = folder + "/program.lua"
        with open(path, "w") as file:
            file.write(program)
        subprocess.run([sys.argv[1], path, folder], check=True)
        after = torch.load(folder + "/after", weights_only=True)
        for i, (name, options) in enumerate(kinds):
            _, state, w0, b0 = torch.load(f"{folder}/{i}", weights_only=True)
            w, b, loss = problem("float64")
            with torch.no_grad():
                w.copy_(w0), b.copy_(b0)
            optimiser = getattr(torch.optim, name)([w, b])
            fresh = optimiser.state_dict()["param_groups"][0]
            missing, extra = set(fresh) - set(state["param_groups"][0]), set(state["param_groups"][0]) - set(fresh)
            assert not missing and not extra, f"{name}: fields of a group: {missing} are missing, {extra} unknown"
            optimiser.load_state_dict(state)
            take = make_optim.with_closure if name == "LBFGS" else make_optim.run
            take(w, b, loss, optimiser, 3)
            for ours, theirs in zip(after[i], (w, b)):
                near = 1e-7 if name in ("NAdam", "ASGD") else 1e-10  # numbers of float32 that PyTorch widens when it loads them
                assert torch.allclose(ours, theirs, rtol=near, atol=near / 100), f"{name} {options}: {ours} against {theirs}"
    print(f"PyTorch {torch.__version__} goes on from all {len(kinds)} states")


if __name__ == "__main__":
    main()
