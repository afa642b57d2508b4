#!/usr/bin/env python3
"""Writes the small .pt files in tests/golden/files with PyTorch.

The tests read them as files that PyTorch made. All contents are fixed numbers, so that a test can name what it expects;
run it again only to add a file, or to follow a new PyTorch:

    python3 tests/golden/make_files.py [FOLDER]
"""

import collections
import copy
import io
import pathlib
import pickle
import sys
import warnings
import zipfile

import torch
from torch import nn


def ramp(*shape, dtype=torch.float32):
    """0, 1, 2, ... in a shape."""
    return torch.arange(torch.Size(shape).numel()).reshape(shape).to(dtype)


def network():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.BatchNorm1d(4), nn.Linear(4, 2))
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_(ramp(*p.shape) / 8 + i)
    return net


def tensors():
    """One tensor of each dtype, and the odd shapes."""
    dtypes = ["uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"]
    values = {name: ramp(2, 3, dtype=getattr(torch, name)) for name in dtypes}
    values["bool"] = torch.tensor([True, False, True])
    values["scalar"] = torch.tensor(2.5)
    values["empty"] = torch.zeros(0, 4)
    values["grad"] = torch.tensor([1.0, 2.0], requires_grad=True)
    return values


def views():
    """Tensors that share memory, in every way that strides can say."""
    base = ramp(4, 6)
    return [base, base.t(), base[1:3, ::2], base[2], torch.tensor([7.0]).expand(5), ramp(1000)[500:502]]


def plain():
    """Every kind of plain value."""
    shared = (0.9, 0.999)
    return {
        "none": None,
        "true": True,
        "false": False,
        "ints": [0, 1, 255, 256, 65535, 65536, -1, -129, 2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63)],
        "floats": [0.0, -0.0, 1.5, 1e308, 5e-324, float("inf"), float("-inf"), float("nan")],
        "text": ["", "h\u00e9llo \u2713 \U0001f600", "a\0b", "x" * 300],
        "bytes": [b"", b"ab\x00\xff", bytearray(b"\x80")],
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "nested": {"a": [{"b": [[], {}, [[]]]}]},
        "keys": {1: "one", 2.5: "two and a half", None: "none", (1, "a"): "tuple", False: "false"},
        "ordered": collections.OrderedDict([("z", 1), ("a", 2), ("m", 3)]),
        "torch": [torch.Size([2, 3]), torch.float32, torch.device("cpu"), torch.device("cuda", 1)],
        "sets": [{1}, frozenset([2]), set()],
        "shared": [shared, shared],
    }


def optimizer():
    net = network()
    adam = torch.optim.Adam(net.parameters(), lr=0.01)
    net(ramp(5, 3) / 10).square().sum().backward()
    for i, p in enumerate(net.parameters()):
        p.grad.fill_(i + 1)
    adam.step()
    scheduler = torch.optim.lr_scheduler.StepLR(adam, 3, gamma=0.5)
    return {"model": net.state_dict(), "optimizer": adam.state_dict(), "scheduler": scheduler.state_dict(), "epoch": 3}


def tied():
    """The same tensor and the same Parameter twice, and a Parameter's data beside it."""
    weight = nn.Parameter(ramp(2, 2))
    frozen = nn.Parameter(ramp(3), requires_grad=False)
    x = ramp(3)
    return {"encoder": weight, "decoder": weight, "data": weight.data, "frozen": frozen, "x": x, "again": x}


def with_attribute():
    p = nn.Parameter(ramp(2))
    p.note = "attributes are not data"
    return [p, ramp(2)]


def cyclic():
    loop = []
    loop.append(loop)
    return loop




class Custom:
    """Stands for any class of a user."""


def big_endian(value):
    """What a big-endian machine would have written: swapped storages and another byteorder entry."""
    plain_bytes = io.BytesIO()
    torch.save(value, plain_bytes)
    swapped = io.BytesIO()
    with zipfile.ZipFile(plain_bytes) as source, zipfile.ZipFile(swapped, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("/byteorder"):
                data = b"big"
            elif "/data/" in name:
                size = 4  # all storages of the value have elements of four bytes
                data = b"".join(data[i : i + size][::-1] for i in range(0, len(data), size))
            target.writestr(zipfile.ZipInfo(name), data)
    return swapped.getvalue()


def overlapping(folder):
    """Many storages whose directory entries all point at the bytes of one."""
    names = [f"a/data/{i}" for i in range(20)]
    whole = io.BytesIO()
    torch.save([torch.full((1024,), 1.0) for _ in names], whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(folder / "refused_overlap.pt", "w") as target:
        prefix = source.namelist()[0].split("/")[0]
        target.writestr(zipfile.ZipInfo("a/data.pkl"), source.read(f"{prefix}/data.pkl"))
        target.writestr(zipfile.ZipInfo(names[0]), source.read(f"{prefix}/data/0"))
        first = target.filelist[-1]
        for name in names[1:]:
            entry = copy.copy(first)
            entry.filename = name
            target.filelist.append(entry)
            target.NameToInfo[name] = entry


def duplicate(folder):
    """An archive with two entries of one name."""
    with zipfile.ZipFile(folder / "tensor.pt") as source, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(folder / "refused_duplicate.pt", "w") as target:
            for name in source.namelist() + ["tensor/data/0"]:
                target.writestr(zipfile.ZipInfo(name), source.read(name))


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "files")
    folder.mkdir(parents=True, exist_ok=True)

    good = {
        "tensors": tensors(),
        "views": views(),
        "plain": plain(),
        "state_dict": network().state_dict(),
        "optimizer": optimizer(),
        "tied": tied(),
        "attribute": with_attribute(),
        "tensor": ramp(2, 2),
        "number": 42,
    }
    for name, value in good.items():
        torch.save(value, folder / f"{name}.pt")
    for protocol in 4, 5:
        torch.save({"plain": plain(), "views": views()}, folder / f"protocol{protocol}.pt", pickle_protocol=protocol)
    for name, value in {"legacy": optimizer(), "legacy_views": views(), "legacy_plain": plain()}.items():
        torch.save(value, folder / f"{name}.pt", _use_new_zipfile_serialization=False)
    (folder / "big_endian.pt").write_bytes(big_endian([ramp(2, 3), ramp(3, dtype=torch.int32)]))

    # Files that are refused, each with a clear message.
    refused = {
        "complex64": ramp(2, dtype=torch.complex64),
        "uint16": ramp(2).to(torch.uint16),
        "float8": ramp(2).to(torch.float8_e4m3fn),
        "sparse": torch.eye(2).to_sparse(),
        "complex": 1 + 2j,
        "big_integer": 2**70,
        "storage": ramp(2).untyped_storage(),
        "module": nn.Linear(2, 2),
        "custom": Custom(),
        "cyclic": cyclic(),
    }
    for name, value in refused.items():
        torch.save(value, folder / f"refused_{name}.pt")
    warnings.simplefilter("ignore", FutureWarning)
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), folder / "refused_script.pt")
    (folder / "refused_pickle.pt").write_bytes(pickle.dumps({"a": 1}, protocol=2))
    overlapping(folder)
    duplicate(folder)
    with zipfile.ZipFile(folder / "refused_compressed.pt", "w", zipfile.ZIP_DEFLATED) as target:
        with zipfile.ZipFile(folder / "tensor.pt") as source:
            for name in source.namelist():
                target.writestr(zipfile.ZipInfo(name), source.read(name), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main()
