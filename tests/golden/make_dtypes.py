#!/usr/bin/env python3
"""Writes dtypes.lua: PyTorch's can_cast, result_type, finfo and iinfo, for dtypes_spec. (promote_types is in ops.lua.)

    python3 make_dtypes.py > dtypes.lua

Needs torch 2.15. A dtype is a letter. A row of `can_cast` belongs to a dtype that values come from, a letter of it is 1 or 0.
Rows and columns of `result_type`: for each dtype a tensor with a dimension, then for each one without, then the numbers true,
2 and 2.5; one such table for each default dtype.
"""
import torch

DTYPES = "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64".split()
LETTERS = "bucsilhBfd"


def of(name):
    return getattr(torch, name)


def number(value):
    return repr(value) if isinstance(value, int) or value % 1 else repr(float(value))


def main():
    print("-- PyTorch's rules of dtypes. Written by make_dtypes.py, which says what the lines mean.\nreturn {")
    print("  letters = {" + ", ".join(f'{letter} = "{name}"' for letter, name in zip(LETTERS, DTYPES)) + "},")
    print(f'  order = "{LETTERS}",\n  can_cast = {{')
    for a in DTYPES:
        print('    "' + "".join(str(int(torch.can_cast(of(a), of(b)))) for b in DTYPES) + '",')
    print("  },\n  result_type = {")
    for default in ("float16", "bfloat16", "float32", "float64"):
        torch.set_default_dtype(of(default))
        operands = [torch.ones(2).to(of(name)) for name in DTYPES] + [torch.tensor(1).to(of(name)) for name in DTYPES]
        operands += [True, 2, 2.5]
        letter = {of(name): letter for name, letter in zip(DTYPES, LETTERS)}
        print(f"    {default} = {{")
        for a in operands:
            print('      "' + "".join(letter[torch.result_type(a, b)] for b in operands) + '",')
        print("    },")
    torch.set_default_dtype(torch.float32)
    print("  },\n  finfo = {")
    for name in ("float16", "bfloat16", "float32", "float64"):
        f = torch.finfo(of(name))
        fields = ", ".join(f"{key} = {number(getattr(f, key))}" for key in
                           ("bits", "eps", "max", "min", "tiny", "smallest_normal", "resolution"))
        print(f'    {name} = {{{fields},\n      text = "{f}"}},')
    print("  },\n  iinfo = {")
    for name in ("uint8", "int8", "int16", "int32", "int64"):
        f = torch.iinfo(of(name))
        low = "math.mininteger" if f.min == -2**63 else f.min
        print(f'    {name} = {{bits = {f.bits}, max = {f.max}, min = {low}}},')
    print("  },\n}")


if __name__ == "__main__":
    main()
