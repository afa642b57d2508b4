"""files.lua in PyTorch; with FORM=mmap, torch.load maps the file."""
import os, sys, tempfile

import torch

from measure import form, measure

state = {f"layer{i}": torch.randn(2560, 1024) for i in range(1, 11)}
path = os.path.join(tempfile.mkdtemp(), "state." + sys.argv[2])
if sys.argv[2] == "pt":
    torch.save(state, path)
else:
    from safetensors.torch import load_file, save_file

    save_file(state, path)
del state


def load(_):
    loaded = torch.load(path, weights_only=True, mmap="mmap" in form) if sys.argv[2] == "pt" else load_file(path)
    for x in loaded.values():
        x.view(-1)[::1024].sum().item()


measure(load)
os.remove(path)
os.rmdir(os.path.dirname(path))
