"""Reads a network from a TFLite file: a FlatBuffer with operators and constants (schema version 3).

Only what the face networks have: one subgraph, float constants of 16 or 32 bits. FlatBuffers: tables of optional
fields, each found by an offset (https://flatbuffers.dev/internals/).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from portrait.engine.errors import CheckpointError

Array = NDArray[Any]

_IDENTIFIER = b"TFL3"
# TensorType of the schema.
_TYPES: dict[int, DTypeLike] = {0: np.float32, 1: np.float16, 2: np.int32}


class Op(IntEnum):
    """BuiltinOperator of the schema, those that the face networks have."""

    ADD = 0
    CONCATENATION = 2
    CONV_2D = 3
    DEPTHWISE_CONV_2D = 4
    DEQUANTIZE = 6
    MAX_POOL_2D = 17
    RELU = 19
    RESHAPE = 22
    PAD = 34
    PRELU = 54


@dataclass(frozen=True)
class Operator:
    """``options``: the operator's table of options, or None."""

    op: Op
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None


@dataclass(frozen=True)
class Graph:
    """``operators`` in the order in which they run; tensors are numbers.

    ``constants``: arrays by the tensor's number. ``names``: of each tensor.
    """

    operators: tuple[Operator, ...]
    constants: dict[int, Array]
    names: tuple[str, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Table:
    """A table at a place of the file; a field is named by its number in the schema."""

    data: bytes
    place: int

    def number(self, field: int, kind: str, default: int = 0) -> int:
        """A scalar; ``kind`` as in :mod:`struct`."""
        offset = self._offset(field)
        return struct.unpack_from("<" + kind, self.data, self.place + offset)[0] if offset else default

    def array(self, field: int, kind: DTypeLike) -> Array:
        """A vector of scalars; empty where there is none."""
        start = self._target(field)
        return np.empty(0, kind) if start is None else self._vector(start, kind)

    def text(self, field: int) -> str:
        return self.array(field, np.uint8).tobytes().decode()

    def table(self, field: int) -> Table | None:
        start = self._target(field)
        return None if start is None else Table(self.data, start)

    def tables(self, field: int) -> list[Table]:
        """A vector of tables."""
        start = self._target(field)
        return [] if start is None else list(self._entries(start))

    def _offset(self, field: int) -> int:
        """Bytes from the table's start to a field; 0 where it is absent."""
        about = self.place - struct.unpack_from("<i", self.data, self.place)[0]
        (size,) = struct.unpack_from("<H", self.data, about)
        entry = 4 + 2 * field
        return int(struct.unpack_from("<H", self.data, about + entry)[0]) if entry < size else 0

    def _target(self, field: int) -> int | None:
        offset = self._offset(field)
        return _followed(self.data, self.place + offset) if offset else None

    def _vector(self, start: int, kind: DTypeLike) -> Array:
        (count,) = struct.unpack_from("<I", self.data, start)
        return np.frombuffer(self.data, kind, count, start + 4)

    def _entries(self, start: int) -> Iterator[Table]:
        (count,) = struct.unpack_from("<I", self.data, start)
        for number in range(count):
            yield Table(self.data, _followed(self.data, start + 4 + 4 * number))


def _followed(data: bytes, place: int) -> int:
    return place + int(struct.unpack_from("<I", data, place)[0])


def read_graph(path: Path) -> Graph:
    """The network in a file. Raises CheckpointError."""
    try:
        data = path.read_bytes()
        if data[4:8] != _IDENTIFIER:
            raise ValueError("no TFLite file")
        return _graph(Table(data, _followed(data, 0)))
    except (OSError, ValueError, KeyError, IndexError, struct.error) as error:
        raise CheckpointError(path, "is missing, damaged or another network") from error


def _graph(model: Table) -> Graph:
    # Newer files keep the code in the fourth field, older ones, with codes below 127, in the first.
    codes = [max(code.number(0, "b"), code.number(3, "i")) for code in model.tables(1)]
    (subgraph,) = model.tables(2)
    buffers = model.tables(4)
    tensors = subgraph.tables(0)
    constants: dict[int, Array] = {}
    for number, tensor in enumerate(tensors):
        values = buffers[tensor.number(2, "I")].array(0, np.uint8)
        if values.size:
            constants[number] = values.view(_TYPES[tensor.number(1, "b")]).reshape(tensor.array(0, np.int32))
    operators = tuple(
        Operator(
            Op(codes[operator.number(0, "I")]),
            _numbers(operator, 1),
            _numbers(operator, 2),
            operator.table(4),
        )
        for operator in subgraph.tables(3)
    )
    return Graph(
        operators,
        constants,
        tuple(tensor.text(3) for tensor in tensors),
        _numbers(subgraph, 1),
        _numbers(subgraph, 2),
    )


def _numbers(table: Table, field: int) -> tuple[int, ...]:
    return tuple(map(int, table.array(field, np.int32)))
