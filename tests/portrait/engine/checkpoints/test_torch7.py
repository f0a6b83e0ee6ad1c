"""Torch7 files are read as plain data, and nothing in them is run."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portrait.engine.checkpoints.torch7 import Torch7Function, Torch7Object, read_torch7
from portrait.engine.errors import CheckpointError
from tests.portrait.engine.checkpoints.torch7_files import module, write_torch7

NUMBERS = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7


@pytest.mark.parametrize("ascii", [False, True])
def test_every_kind_of_value_comes_back(tmp_path: Path, ascii: bool) -> None:
    content = {
        "nothing": None,
        "yes": True,
        "whole": 3,
        "part": -0.25,
        "text": "a line\nand 별",
        "list": ["one", 2, False],
        "numbers": NUMBERS,
        "longs": np.array([1, -(2**40)]),
        "net": module("Linear", bias=NUMBERS[0, 0].copy(), size=4),
    }

    read = read_torch7(write_torch7(tmp_path / "a.t7", content, ascii=ascii))

    assert {key: read[key] for key in ("yes", "whole", "part", "text", "list")} == {
        "yes": True,
        "whole": 3,
        "part": -0.25,
        "text": "a line\nand 별",
        "list": {1: "one", 2: 2, 3: False},
    }
    assert read["nothing"] is None
    np.testing.assert_array_equal(read["numbers"], NUMBERS)
    assert read["numbers"].dtype == np.float32
    np.testing.assert_array_equal(read["longs"], [1, -(2**40)])
    assert isinstance(read["net"], Torch7Object)
    assert (read["net"].name, read["net"].fields["size"]) == ("nn.Linear", 4)


def test_a_view_is_read_out_of_its_storage(tmp_path: Path) -> None:
    base = np.arange(12, dtype=np.float64).reshape(3, 4)

    read = read_torch7(write_torch7(tmp_path / "a.t7", {"part": base[1:, 1:3], "turned": base.T}))

    np.testing.assert_array_equal(read["part"], base[1:, 1:3])
    np.testing.assert_array_equal(read["turned"], base.T)


def test_a_second_mention_is_the_same_thing(tmp_path: Path) -> None:
    shared = {"x": 1}
    around: dict[str, object] = {"a": shared, "b": shared}
    around["self"] = around

    read = read_torch7(write_torch7(tmp_path / "a.t7", around))

    assert read["a"] is read["b"]
    assert read["self"] is read


@pytest.mark.parametrize("kind", [6, 7, 8])
def test_a_function_is_passed_over(tmp_path: Path, kind: int) -> None:
    code = b"\x1bLJ os.execute('touch ran')"
    index = b"" if kind == 6 else struct.pack("<i", 2)
    function = struct.pack("<i", kind) + index + struct.pack("<i", len(code)) + code + struct.pack("<i", 0)
    key, answer = (struct.pack("<ii", 2, 1) + letter for letter in (b"f", b"a"))
    path = tmp_path / "f.t7"
    path.write_bytes(struct.pack("<iii", 3, 1, 2) + key + function + answer + struct.pack("<id", 1, 42.0))

    assert read_torch7(path) == {"f": Torch7Function(), "a": 42}


@pytest.mark.parametrize("ascii", [False, True])
def test_a_file_cut_short_anywhere_is_refused_by_name(tmp_path: Path, ascii: bool) -> None:
    whole = write_torch7(tmp_path / "a.t7", {"numbers": NUMBERS, "text": "abc"}, ascii=ascii).read_bytes()
    for length in range(0, len(whole) - 1, 7):
        (tmp_path / "cut.t7").write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"cut\.t7"):
            read_torch7(tmp_path / "cut.t7")


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.t7"
    path.write_bytes(data)
    try:
        read_torch7(path)
    except CheckpointError as error:
        assert "noise.t7" in error.detail


def test_a_tensor_may_not_reach_over_its_storage(tmp_path: Path) -> None:
    data = bytearray(write_torch7(tmp_path / "a.t7", NUMBERS).read_bytes())
    at = data.index(struct.pack("<qqq", 2, 3, 4))
    for size in (200, 2**40, -1):
        data[at : at + 8] = struct.pack("<q", size)
        (tmp_path / "wide.t7").write_bytes(bytes(data))
        with pytest.raises(CheckpointError, match=r"wide\.t7.*(reaches over|of its own)"):
            read_torch7(tmp_path / "wide.t7")


def test_a_tensor_may_not_repeat_its_storage_without_end(tmp_path: Path) -> None:
    data = bytearray(write_torch7(tmp_path / "a.t7", NUMBERS).read_bytes())
    at = data.index(struct.pack("<qqq", 2, 3, 4))
    data[at : at + 48] = struct.pack("<qqqqqq", 2**30, 3, 4, 0, 0, 0)
    (tmp_path / "huge.t7").write_bytes(bytes(data))

    with pytest.raises(CheckpointError, match="repeats"):
        read_torch7(tmp_path / "huge.t7")


def test_values_too_deep_in_each_other_are_refused(tmp_path: Path) -> None:
    deep: dict[str, object] = {}
    for _ in range(150):
        deep = {"in": deep}

    with pytest.raises(CheckpointError, match="deep"):
        read_torch7(write_torch7(tmp_path / "deep.t7", deep))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"gone\.t7"):
        read_torch7(tmp_path / "gone.t7")
