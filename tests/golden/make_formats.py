#!/usr/bin/env python3
"""Writes small files of other formats than PyTorch's into tests/golden/formats, with the libraries that own these formats:
NumPy, safetensors, Pillow, and Python's json and csv. The contents are fixed, so that a spec can name what it expects.

    python3 tests/golden/make_formats.py            writes the files
    python3 tests/golden/make_formats.py FOLDER     checks the files that tests/golden/write_formats.lua left in FOLDER
"""

import csv
import json
import pathlib
import struct
import sys

import numpy as np
import safetensors
import safetensors.numpy
import torch
from PIL import Image
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent / "formats"


def numpy_files():
    for name in ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]:
        np.save(HERE / f"{name}.npy", np.arange(6).reshape(2, 3).astype(name))
    np.save(HERE / "fortran.npy", np.asfortranarray(np.arange(24, dtype="float32").reshape(2, 3, 4)))
    np.save(HERE / "big_endian.npy", np.arange(6, dtype=">f4").reshape(2, 3))
    np.save(HERE / "scalar.npy", np.float64(2.5))
    np.save(HERE / "empty.npy", np.zeros((0, 3), dtype="float32"))
    np.save(HERE / "refused_uint16.npy", np.arange(3, dtype="uint16"))
    np.save(HERE / "refused_complex.npy", np.zeros(2, dtype="complex64"))
    np.save(HERE / "refused_text.npy", np.array(["a", "b"]))
    np.save(HERE / "refused_object.npy", np.array([{}, None], dtype=object), allow_pickle=True)
    np.save(HERE / "refused_record.npy", np.zeros(2, dtype=[("x", "f4"), ("y", "i4")]))
    with open(HERE / "version2.npy", "wb") as file:
        np.lib.format.write_array(file, np.arange(4.0), version=(2, 0))
    arrays = {"x": np.arange(6.0).reshape(2, 3), "labels": np.array([3, 1, 2])}
    np.savez(HERE / "stored.npz", **arrays)
    np.savez_compressed(HERE / "compressed.npz", zeros=np.zeros((100, 100), dtype="float32"), **arrays)


def safetensors_files():
    tensors = {
        "weight": torch.arange(6.0).reshape(2, 3),
        "bias": torch.tensor([0.5, -0.5], dtype=torch.float64),
        "steps": torch.tensor(7),
        "mask": torch.tensor([True, False, True]),
        "small": torch.tensor([1.5, -2.0], dtype=torch.float16),
        "brain": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        "bytes": torch.arange(5, dtype=torch.uint8),
        "empty": torch.zeros(0, 4),
        "näme \"quoted\"": torch.tensor([1.0]),
    }
    save_file(tensors, HERE / "all.safetensors", metadata={"format": "pt", "note": "línea\n2"})
    save_file({"x": torch.zeros(2, dtype=torch.uint16)}, HERE / "refused_uint16.safetensors")
    entry = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    # One byte of padding in front: the values do not lie on a multiple of 4.
    raw(HERE / "unaligned.safetensors", json.dumps({"x": entry}).ljust(61), struct.pack("<2f", 1.5, 2.5))


def raw(path, header, body):
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + body)


def image_files():
    rows, columns = np.mgrid[0:8, 0:12]
    grey = (rows * 16 + columns * 8).astype("uint8")
    color = np.stack([grey, 255 - grey, (columns * 20).astype("uint8")], axis=2)
    alpha = np.dstack([color, (rows * 30).astype("uint8")])
    Image.fromarray(grey).save(HERE / "grey.png")
    Image.fromarray(color).save(HERE / "color.png")
    Image.fromarray(alpha).save(HERE / "alpha.png")
    Image.fromarray(color).quantize(16).save(HERE / "palette.png")
    Image.fromarray((grey > 100)).save(HERE / "bits.png")
    Image.fromarray(color).save(HERE / "color.jpg", quality=95)
    Image.fromarray(grey).save(HERE / "grey.jpg", quality=95)
    Image.fromarray(alpha).convert("CMYK").save(HERE / "refused_cmyk.jpg")
    pixels = {
        name: np.asarray(Image.open(HERE / name).convert("RGB" if "grey" not in name else "L")).astype(int).ravel().tolist()
        for name in ["color.png", "palette.png", "bits.png", "color.jpg", "grey.jpg"]
    }
    pixels["color.png as grey"] = np.asarray(Image.open(HERE / "color.png").convert("L")).astype(int).ravel().tolist()
    (HERE / "pixels.json").write_text(json.dumps(pixels, separators=(",", ":")) + "\n")


def csv_files():
    rows = [["id", "price", "city, state", "sold"], [1, 2.5, "Århus", True], [2, "", 'a "b"', False], [3, -1e3, "x\ny", True]]
    with open(HERE / "houses.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    with open(HERE / "european.csv", "w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=";").writerows([["a", "b"], [1, "?"], [2, 5]])


def check(folder):
    """The counterpart: what Tycho wrote is what these libraries read."""
    expected = np.arange(6).reshape(2, 3)
    for name in ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]:
        array = np.load(folder / f"{name}.npy")
        assert array.dtype == name and (array == expected.astype(name)).all(), name
    for name in ["stored.npz", "compressed.npz"]:
        archive = np.load(folder / name)
        assert sorted(archive) == ["labels", "x"] and (archive["x"] == expected).all(), name
        assert (archive["labels"] == [3, 1, 2]).all()
    with safetensors.safe_open(folder / "all.safetensors", "pt") as file:
        assert file.metadata() == {"note": "línea\n2"}, file.metadata()
        assert set(file.keys()) == {"weight", "steps", "mask", "empty", "small", "brain", 'näme "quoted"'}
        assert torch.equal(file.get_tensor("weight"), torch.arange(6.0).reshape(2, 3).t())
        assert file.get_tensor("steps").item() == 7 and file.get_tensor("empty").shape == (0, 4)
        assert file.get_tensor("mask").tolist() == [True, False, True]
        for name, dtype in [("small", torch.float16), ("brain", torch.bfloat16)]:
            assert file.get_tensor(name).dtype == dtype and file.get_tensor(name).tolist() == [1.5, -2.0]
    for name, mode in [("grey.png", "L"), ("two.png", "LA"), ("color.png", "RGB"), ("alpha.png", "RGBA")]:
        image = Image.open(folder / name)
        assert image.mode == mode and image.size == (12, 8), (name, image.mode)
        first = np.asarray(image).reshape(8, 12, -1)[:, :, 0]
        assert (first == np.arange(96).reshape(8, 12)).all(), name
    for name in ["grey.jpg", "color.jpg"]:
        image = Image.open(folder / name)
        image.load()
        assert image.size == (12, 8)
    with open(folder / "table.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows == [["n", "x", "a,b"], ["1", "0.1", 'say "x"'], ["-2", "", "two\nlines"]], rows
    value = json.loads((folder / "value.json").read_text())
    assert value == {"lr": 0.001, "one": 1.0, "n": 5, "list": [1, "é\n", True, None], "none": {}}, value
    print("all files are read")


if len(sys.argv) > 1:
    check(pathlib.Path(sys.argv[1]))
else:
    HERE.mkdir(exist_ok=True)
    numpy_files()
    safetensors_files()
    image_files()
    csv_files()
