#!/usr/bin/env python3
"""Checks that PyTorch reads what Tycho writes: not in the default run, as it needs PyTorch.

    python3 tests/golden/check_files.py PATH/OF/test_io

test_io is the C test program of the build; `test_io write FOLDER` has it write its samples.
"""

import math
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import make_files
import torch


def same(ours, theirs, where):
    """Raises where the two differ; tensors in values, dtype, strides and requires_grad."""
    assert type(ours) is type(theirs), f"{where}: {type(ours)} against {type(theirs)}"
    if isinstance(theirs, torch.Tensor):
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape, f"{where}: {ours.dtype} {ours.shape}"
        assert ours.stride() == theirs.stride(), f"{where}: strides {ours.stride()}"
        assert ours.requires_grad == theirs.requires_grad, f"{where}: requires_grad"
        assert torch.equal(ours, theirs), f"{where}: {ours} against {theirs}"
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs), f"{where}: keys {list(ours)}"
        for key in theirs:
            same(ours[key], theirs[key], f"{where}[{key!r}]")
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs), f"{where}: {len(ours)} items"
        for i, pair in enumerate(zip(ours, theirs)):
            same(*pair, f"{where}[{i}]")
    elif isinstance(theirs, float) and math.isnan(theirs):
        assert math.isnan(ours), where
    else:
        assert ours == theirs, f"{where}: {ours!r} against {theirs!r}"


def check(folder):
    values = {path.stem: torch.load(path, weights_only=True) for path in sorted(folder.glob("*.pt"))}

    plain, expected = values["plain"], make_files.plain()
    for key in ["none", "true", "false", "ints", "floats", "text", "tuples", "nested", "keys"]:
        same(plain[key], expected[key], key)
    assert plain["bytes"] == [b"ab\x00\xff", b"\x80"]

    views = make_files.views()
    same(values["views"], views + views[:1], "views")
    storages = {x.untyped_storage().data_ptr() for x in values["views"]}
    assert len(storages) == 3 - 1, f"sharing: {len(storages)} storages"

    tensors = values["tensors"]
    for name in ["uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"]:
        same(tensors[name], make_files.ramp(2, 3, dtype=getattr(torch, name)), name)
    assert tensors["bool"].tolist() == [[False, True, False], [True, False, True]]
    assert tensors["scalar"].item() == 2.5 and tensors["empty"].shape == (0, 4)
    assert tensors["grad"].requires_grad and not isinstance(tensors["grad"], torch.nn.Parameter)
    assert isinstance(tensors["weight"], torch.nn.Parameter) and tensors["weight"].requires_grad
    assert isinstance(tensors["frozen"], torch.nn.Parameter) and not tensors["frozen"].requires_grad

    same(values["optimizer"], make_files.optimizer(), "optimizer")
    net = make_files.network()
    net.load_state_dict(values["optimizer"]["model"])
    adam = torch.optim.Adam(net.parameters())
    adam.load_state_dict(values["optimizer"]["optimizer"])

    for path in folder.glob("*.pt"):
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            for entry in archive.infolist():
                archive.fp.seek(entry.header_offset + 26)
                lengths = archive.fp.read(4)
                start = entry.header_offset + 30 + sum(int.from_bytes(lengths[i : i + 2], "little") for i in (0, 2))
                assert start % 64 == 0, f"{path.name}: {entry.filename} begins at {start}"
    print(f"PyTorch {torch.__version__} reads all {len(values)} files")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        golden = pathlib.Path(__file__).resolve().parent / "files"
        subprocess.run([sys.argv[1], "write", folder], check=True, env={**os.environ, "TYCHO_GOLDEN": str(golden)})
        check(pathlib.Path(folder))


if __name__ == "__main__":
    main()
