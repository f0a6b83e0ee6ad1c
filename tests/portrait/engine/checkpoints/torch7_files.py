"""Writes Torch7 files as ``torch.save`` in Lua did, binary and ASCII, for the tests of the reader."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from portrait.engine.checkpoints.torch7 import Torch7Object

KINDS = {"u1": "Byte", "i1": "Char", "i2": "Short", "i4": "Int", "i8": "Long", "f4": "Float", "f8": "Double"}


class Writer:
    """``ascii`` files are for people: every number in decimal, followed by a line's end."""

    def __init__(self, *, ascii: bool = False) -> None:
        self.ascii, self.out, self.index = ascii, bytearray(), 0
        self.seen: dict[tuple[str, int], int] = {}

    def number(self, code: str, *values: Any) -> None:
        if self.ascii:
            self.out += (
                " ".join(repr(float(v)) if code == "d" else str(int(v)) for v in values).encode() + b"\n"
            )
        else:
            self.out += struct.pack(f"<{len(values)}{code}", *values)

    def text(self, text: bytes) -> None:
        self.number("i", len(text))
        self.out += text + (b"\n" if self.ascii else b"")

    def referred(self, thing: Any, kind: int, role: str = "") -> bool:
        """Write the kind and the index; whether the thing was written before. An array is a tensor and a storage."""
        self.number("i", kind)
        key = (role, id(thing))
        known = key in self.seen
        if not known:
            self.index += 1
            self.seen[key] = self.index
        self.number("i", self.seen[key])
        return known

    def value(self, value: Any) -> None:
        if value is None:
            self.number("i", 0)
        elif isinstance(value, bool):
            self.number("i", 5)
            self.number("i", value)
        elif isinstance(value, int | float):
            self.number("i", 1)
            self.number("d", value)
        elif isinstance(value, str):
            self.number("i", 2)
            self.text(value.encode())
        elif isinstance(value, dict | list):
            if not self.referred(value, 3):
                pairs = list(value.items() if isinstance(value, dict) else enumerate(value, 1))
                self.number("i", len(pairs))
                for key, item in pairs:
                    self.value(key)
                    self.value(item)
        elif isinstance(value, np.ndarray):
            self.tensor(value)
        elif isinstance(value, Torch7Object):
            if not self.referred(value, 4):
                self.text(b"V 1")
                self.text(value.name.encode())
                self.value(value.fields)
        else:
            raise TypeError(type(value))

    def tensor(self, array: np.ndarray) -> None:
        if self.referred(array, 4):
            return
        stem = KINDS[array.dtype.str[1:]]
        base = array.base if isinstance(array.base, np.ndarray) else array  # a view shares its storage
        start = (array.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // array.itemsize
        self.text(b"V 1")
        self.text(f"torch.{stem}Tensor".encode())
        self.number("i", array.ndim)
        self.number("q", *array.shape)
        self.number("q", *(step // array.itemsize for step in array.strides))
        self.number("q", start + 1)
        if not self.referred(base, 4, "storage"):
            self.text(b"V 1")
            self.text(f"torch.{stem}Storage".encode())
            self.number("q", base.size)
            flat = base.ravel()
            if self.ascii:
                self.number("d" if stem in ("Float", "Double") else "q", *flat)
            else:
                self.out += flat.tobytes()


def write_torch7(path: Path, value: Any, *, ascii: bool = False) -> Path:
    writer = Writer(ascii=ascii)
    writer.value(value)
    path.write_bytes(bytes(writer.out))
    return path


def module(name: str, **fields: Any) -> Torch7Object:
    return Torch7Object(f"nn.{name}", fields)
