"""Painters with a part at an eighth of the size: they load, their frozen form agrees, older files stay readable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from portrait.engine.errors import CheckpointError
from portrait.engine.style import load_style
from portrait.engine.style.catalogue import DeepSizes, Style, read_config
from portrait.engine.style.frozen import FrozenNetwork
from portrait.engine.style.network import StyleNetwork
from portrait.training.style.export import write_painter
from tests.paths import DATA

DEEP = DeepSizes(width=16, blocks=2)


def drawn_network() -> StyleNetwork:
    torch.manual_seed(0)
    network = StyleNetwork(2, (8, 8, 12), 3, published=False, deep=DEEP).eval().requires_grad_(False)
    for name, parameter in network.named_parameters():
        if name.endswith((".norm.scale", ".norm.shift")):
            torch.nn.init.normal_(parameter)
    return network


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    styles = [Style(slug, {"en": slug}, {"en": "Ada"}, "1900") for slug in ("one", "two")]
    return write_painter(drawn_network(), styles, tmp_path / "painter.safetensors", [0, 1])


def test_a_written_network_paints_what_the_network_painted(weights: Path) -> None:
    painter = load_style(weights)
    picture = np.random.default_rng(0).integers(0, 256, (1, 40, 36, 3), np.uint8)

    painted = painter.paint(picture, "two")

    with torch.inference_mode():
        wanted = drawn_network()(torch.from_numpy(picture).permute(0, 3, 1, 2).float() / 255, 1)
    difference = painted[0] - 255 * wanted[0].permute(1, 2, 0).numpy()
    assert np.abs(difference).mean() < 0.6  # the file's float16, and rounding to whole grey values
    assert read_config(weights).deep == DEEP


@pytest.mark.parametrize("size", [(64, 64), (33, 70), (9, 9)])
def test_the_frozen_form_paints_a_single_frame_as_the_network_does(size: tuple[int, int]) -> None:
    network, picture = drawn_network(), torch.rand(1, 3, *size)
    with torch.inference_mode():
        frozen = FrozenNetwork(network, 1, picture)
        torch.testing.assert_close(frozen(picture), network(picture, 1), atol=2e-3, rtol=0)
        torch.testing.assert_close(frozen.painted_reference, network(picture, 1), atol=2e-3, rtol=0)


def test_styles_in_a_tensor_are_those_in_a_list() -> None:
    network, pictures = drawn_network(), torch.rand(3, 3, 24, 24)
    rows = [1, 0, 1]
    torch.testing.assert_close(network(pictures, torch.tensor(rows)), network(pictures, rows))


def test_a_part_of_the_frame_on_the_grid_is_painted_as_in_the_whole_frame() -> None:
    """Far from the part's border: eight pixels are one of the deepest picture."""
    network, picture = drawn_network(), torch.rand(1, 3, 256, 256)
    with torch.inference_mode():
        frozen = FrozenNetwork(network, 0, picture)
        whole, part = frozen(picture), frozen(picture[..., 24:248, 8:232])
    inner = slice(104, 120)  # 104 pixels from the border, beyond what a painted pixel depends on
    torch.testing.assert_close(part[..., inner, inner], whole[..., 128:144, 112:128], atol=1e-4, rtol=0)


def test_a_frame_that_is_too_small_is_refused(weights: Path) -> None:
    with pytest.raises(ValueError, match="at least 9 pixels"):
        load_style(weights).paint(np.zeros((1, 8, 20, 3), np.uint8))


@pytest.mark.parametrize("deep", [None, {"width": 16}, {"width": 0, "blocks": 2}, 3])
def test_sizes_that_cannot_be_are_named(weights: Path, deep: object) -> None:
    path = weights.with_suffix(".yaml")
    data = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**data, "deep": deep}))
    with pytest.raises(CheckpointError, match=r"painter\.yaml"):
        load_style(weights)


def test_a_painter_without_that_part_stays_readable() -> None:
    older = DATA / "painter" / "painter.safetensors"
    assert read_config(older).deep is None and load_style(older).smallest_side == 5
