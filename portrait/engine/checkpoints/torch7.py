"""Reads files that Torch7 wrote (``.t7``, by ``torch.save``), binary or ASCII, as plain data, without running code.

The format is Torch7's own serialization (its ``File.lua`` and the writers of tensors and storages): every value
begins with a number for its kind; tables, objects and functions carry an index, so that a second mention is a
reference.
Binary files are little-endian, with 4-byte integers and 8-byte longs.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from portrait.engine.errors import CheckpointError

Table: TypeAlias = dict[Any, Any]

NIL, NUMBER, STRING, TABLE, OBJECT, BOOLEAN, FUNCTION, OLD_FUNCTION, CLOSURE = range(9)
DTYPES = {
    "Byte": "<u1",
    "Char": "<i1",
    "Short": "<i2",
    "Int": "<i4",
    "Long": "<i8",
    "Float": "<f4",
    "Double": "<f8",
    "Cuda": "<f4",
    "CudaDouble": "<f8",
    "CudaLong": "<i8",
}
MOST_DEPTH = 100  # of nested tables and objects; a network has about ten
MOST_DIMENSIONS = 8


@dataclass(eq=False)
class Torch7Object:
    """An object of a Lua class, such as ``nn.Sequential``: its name and its fields."""

    name: str
    fields: Table = field(default_factory=dict)


@dataclass(frozen=True)
class Torch7Function:
    """Stands for a Lua function, whose bytes were skipped."""


def read_torch7(path: Path | str) -> Any:
    """The one value of a ``.t7`` file.

    Numbers are floats (whole ones ints), strings str, tables dicts (with int keys from 1 for lists), tensors and
    storages numpy arrays, other objects ``Torch7Object``. Raises CheckpointError, which names the file, where it is
    missing, damaged, cut short, or something else.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(path, error.strerror or "cannot be read") from error
    # A binary file begins with a small little-endian number, an ASCII one with a digit and a newline.
    reader = _Ascii(data) if data[:1].isdigit() and data[1:2] in (b"\n", b"\r") else _Binary(data)
    try:
        return _Values(reader).value(0)
    except (ValueError, struct.error, OverflowError, MemoryError, TypeError) as error:
        raise CheckpointError(path, f"cannot be read as a Torch7 file ({error})") from error


class _Binary:
    """Numbers and texts of a binary file."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, length: int) -> bytes:
        if length < 0 or self.at + length > len(self.data):
            raise ValueError(f"it ends before byte {self.at + length}")
        self.at += length
        return self.data[self.at - length : self.at]

    def integer(self) -> int:
        return int(struct.unpack("<i", self.take(4))[0])

    def long(self) -> int:
        return int(struct.unpack("<q", self.take(8))[0])

    def number(self) -> float:
        return float(struct.unpack("<d", self.take(8))[0])

    def text(self) -> bytes:
        return self.take(self.integer())

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self.take(count * np.dtype(dtype).itemsize), dtype)


class _Ascii:
    """The same of an ASCII file: decimal numbers separated by white space, texts after their length and a newline."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def word(self) -> bytes:
        data = self.data
        while self.at < len(data) and data[self.at : self.at + 1].isspace():
            self.at += 1
        start = self.at
        while self.at < len(data) and not data[self.at : self.at + 1].isspace():
            self.at += 1
        if start == self.at:
            raise ValueError(f"it ends before byte {self.at}")
        return data[start : self.at]

    def integer(self) -> int:
        return int(self.word())

    long = integer

    def number(self) -> float:
        return float(self.word())

    def text(self) -> bytes:
        length = self.integer()
        start = self.at + 1
        if length < 0 or start + length > len(self.data):
            raise ValueError(f"it ends before byte {start + length}")
        self.at = start + length
        return self.data[start : self.at]

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        if not 0 <= count <= len(self.data) - self.at:
            raise ValueError(f"it ends within {count} numbers")
        if dtype in (DTYPES["Byte"], DTYPES["Char"]):
            start = self.at + 1  # bytes are not encoded
            self.at = start + count
            return np.frombuffer(self.data[start : self.at], dtype, count)
        words = [self.word() for _ in range(count)]
        return np.array([float(word) if "f" in dtype else int(word) for word in words], dtype)


class _Values:
    """Decodes values from a reader; each index is decoded once."""

    def __init__(self, reader: _Binary | _Ascii) -> None:
        self.reader = reader
        self.known: dict[int, Any] = {}

    def value(self, depth: int) -> Any:
        if depth > MOST_DEPTH:
            raise ValueError(f"values lie in each other more than {MOST_DEPTH} deep")
        kind = self.reader.integer()
        if kind == NIL:
            return None
        if kind == NUMBER:
            number = self.reader.number()
            return int(number) if number.is_integer() else number
        if kind == STRING:
            return self.reader.text().decode("utf-8", "replace")
        if kind == BOOLEAN:
            return bool(self.reader.integer())
        if kind == FUNCTION:
            self.reader.text()
            return self._upvalues(Torch7Function(), depth)
        if kind not in (TABLE, OBJECT, OLD_FUNCTION, CLOSURE):
            raise ValueError(f"there is no kind of value {kind}")
        index = self.reader.integer()
        if index in self.known:
            return self.known[index]
        if kind == TABLE:
            return self._table(index, depth)
        if kind == OBJECT:
            return self._object(index, depth)
        self.reader.text()
        self.known[index] = Torch7Function()
        return self._upvalues(self.known[index], depth)

    def _upvalues(self, function: Torch7Function, depth: int) -> Torch7Function:
        self.value(depth + 1)
        return function

    def _table(self, index: int, depth: int) -> Table:
        table: Table = {}
        self.known[index] = table
        for _ in range(self.reader.integer()):
            key = self.value(depth + 1)
            table[key] = self.value(depth + 1)
        return table

    def _object(self, index: int, depth: int) -> Any:
        version = self.reader.text().decode("ascii", "replace")
        # The oldest files have no version; the name comes first.
        name = self.reader.text().decode("ascii", "replace") if version.startswith("V ") else version
        stem = name.removeprefix("torch.")
        if stem.endswith("Storage") and stem.removesuffix("Storage") in DTYPES:
            return self._kept(index, self._storage(DTYPES[stem.removesuffix("Storage")]))
        if stem.endswith("Tensor") and stem.removesuffix("Tensor") in DTYPES:
            return self._kept(index, self._tensor(DTYPES[stem.removesuffix("Tensor")], depth))
        thing = Torch7Object(name)
        self.known[index] = thing
        content = self.value(depth + 1)
        thing.fields = content if isinstance(content, dict) else {"value": content}
        return thing

    def _kept(self, index: int, array: NDArray[Any]) -> NDArray[Any]:
        self.known[index] = array
        return array

    def _storage(self, dtype: str) -> NDArray[Any]:
        return self.reader.array(dtype, self.reader.long())

    def _tensor(self, dtype: str, depth: int) -> NDArray[Any]:
        dimensions = self.reader.integer()
        if not 0 <= dimensions <= MOST_DIMENSIONS:
            raise ValueError(f"a tensor of {dimensions} dimensions")
        size = [self.reader.long() for _ in range(dimensions)]
        stride = [self.reader.long() for _ in range(dimensions)]
        offset = self.reader.long() - 1
        storage = self.value(depth + 1)
        if storage is None or not size:
            return np.zeros(0, dtype)
        if not isinstance(storage, np.ndarray) or min(size) < 0 or min(stride) < 0 or offset < 0:
            raise ValueError("a tensor without numbers of its own")
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        if 0 not in size and last >= len(storage):
            raise ValueError(f"a tensor of {'x'.join(map(str, size))} reaches over the end of its storage")
        if np.prod(size, dtype=np.float64) > len(storage):
            raise ValueError("a tensor that repeats its storage")  # a few bytes would fill the memory
        steps = [step * storage.itemsize for step in stride]
        view = np.lib.stride_tricks.as_strided(storage[offset:], size, steps, writeable=False)
        return np.ascontiguousarray(view)
