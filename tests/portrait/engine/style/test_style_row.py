"""A style kept apart from its painter: packed into bytes, learned by the painter, refused by any other."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from portrait.engine.errors import ChoiceError
from portrait.engine.style import Painter, load_style
from portrait.engine.style.catalogue import Style
from portrait.engine.style.row import STYLE_VECTORS, StyleRow, painter_digest
from tests.paths import DATA

WEIGHTS = DATA / "painter" / "painter.safetensors"


def row_of(painter: Painter, place: int) -> StyleRow:
    """A copy of one of the painter's own styles, under another name."""
    vectors = {
        name: value[place].numpy(force=True)
        for name, value in painter.network.named_parameters()
        if name.endswith(STYLE_VECTORS)
    }
    style = Style("mine", {"ko": "내 그림", "en": "Mine"}, painter={}, year="", contrast=0.2)
    return StyleRow(style, vectors, painter_digest(WEIGHTS))


def frames() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)


def test_a_learned_style_paints_what_its_vectors_say_and_can_be_replaced() -> None:
    painter = load_style(WEIGHTS)
    own = [style.slug for style in painter.styles]
    before = [painter.paint(frames(), slug) for slug in own]
    for place, slug in enumerate(own):
        painter.learn(StyleRow.unpack(row_of(painter, place).pack()))
        # The row is float16; these weights are float32.
        assert np.allclose(painter.paint(frames(), "mine"), painter.paint(frames(), slug), atol=2)
    assert [style.slug for style in painter.styles] == [*own, "mine"]
    assert painter.own == len(own)
    assert painter.styles[-1].title["ko"] == "내 그림"
    assert all((painter.paint(frames(), slug) == old).all() for slug, old in zip(own, before, strict=True))


def test_a_style_of_another_painter_or_of_a_known_name_is_refused() -> None:
    painter = load_style(WEIGHTS)
    row = row_of(painter, 0)
    name, vector = next(iter(row.vectors.items()))
    for other in (
        replace(row, painter="0" * 64),
        replace(row, vectors={**row.vectors, name: vector[:-1]}),
        replace(row, vectors={key: value for key, value in row.vectors.items() if key != name}),
    ):
        with pytest.raises(ChoiceError) as caught:
            painter.learn(other)
        assert caught.value.code == "style_unusable"
    with pytest.raises(ChoiceError) as caught:
        painter.learn(replace(row, style=replace(row.style, slug=painter.styles[0].slug)))
    assert caught.value.code == "style_exists"


def test_damaged_bytes_and_values_that_are_not_finite_are_refused() -> None:
    row = row_of(load_style(WEIGHTS), 0)
    data = row.pack()
    for bad in (b"", b"style", data[:-1], data.replace(b"portrait-style-row-1", b"portrait-style-row-9")):
        with pytest.raises(ChoiceError) as caught:
            StyleRow.unpack(bad)
        assert caught.value.code == "style_unusable"
    name = next(iter(row.vectors))
    with pytest.raises(ChoiceError, match="not finite"):
        replace(row, vectors={**row.vectors, name: row.vectors[name] * np.inf}).pack()


def test_the_digest_is_that_of_what_the_styles_share(tmp_path: Path) -> None:
    for suffix in (".safetensors", ".yaml"):
        shutil.copy(WEIGHTS.with_suffix(suffix), tmp_path)
    copy = tmp_path / WEIGHTS.name
    assert painter_digest(copy) == painter_digest(WEIGHTS) == load_style(copy).digest
    tensors = load_file(copy)
    changed = tmp_path / "changed.safetensors"
    save_file({**tensors, "output.bias": tensors["output.bias"] + 1}, changed)
    assert painter_digest(changed) != painter_digest(WEIGHTS)
