"""Our rewritten style networks against recorded outputs of the code that the weights were trained with."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from portrait.engine.style import Painter, load_style
from portrait.engine.style.frozen import FrozenNetwork
from portrait.engine.style.network import StyleNetwork
from tests.paths import DATA

PUBLISHED = DATA / "style-transformer"
OWN = DATA / "painter"


def to_input(image: NDArray[np.uint8]) -> torch.Tensor:
    """uint8 (H, W, 3) -> float32 (1, 3, H, W) in 0..1."""
    return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255


@pytest.fixture(scope="module")
def published() -> Painter:
    return load_style(PUBLISHED / "style.pth")


@pytest.fixture(scope="module")
def own() -> Painter:
    return load_style(OWN / "painter.safetensors")


def test_the_published_network_gives_its_recorded_output(published: Painter) -> None:
    recorded = np.load(PUBLISHED / "expected.npz")

    with torch.inference_mode():
        raw = published.network(to_input(recorded["image"]), 0)[0].numpy() * 255

    np.testing.assert_allclose(raw, recorded["output"], atol=1e-2, rtol=0)


def test_painting_with_the_published_file_is_its_output_clipped_to_eight_bits(published: Painter) -> None:
    recorded = np.load(PUBLISHED / "expected.npz")

    painted = published.paint(recorded["image"][None])[0]

    expected = recorded["output"].transpose(1, 2, 0).clip(0, 255)
    assert np.abs(painted - expected).max() <= 0.5 + 1e-2


@pytest.mark.parametrize("row", range(3))
def test_the_multi_style_network_gives_its_recorded_output_in_every_style(own: Painter, row: int) -> None:
    recorded = np.load(OWN / "expected.npz")

    with torch.inference_mode():
        output = own.network(to_input(recorded["image"]), row)[0].numpy()

    np.testing.assert_allclose(output, recorded["output"][row], atol=1e-5, rtol=0)


@pytest.mark.parametrize("row", range(3))
def test_a_clip_of_one_frame_is_painted_the_same_with_frozen_statistics(own: Painter, row: int) -> None:
    recorded = np.load(OWN / "expected.npz")
    x = to_input(recorded["image"])

    assert isinstance(own.network, StyleNetwork)
    with torch.inference_mode():
        output = FrozenNetwork(own.network, row, x)(x)[0].numpy()

    np.testing.assert_allclose(output, recorded["output"][row], atol=1e-5, rtol=0)


def test_folding_and_rearranging_hold_for_sides_that_are_no_multiple_of_four(published: Painter) -> None:
    x = to_input(np.load(PUBLISHED / "expected.npz")["image"][:61, :47])

    assert isinstance(published.network, StyleNetwork)
    with torch.inference_mode():
        frozen = FrozenNetwork(published.network, 0, x)(x)
        exact = published.network(x, 0)

    assert frozen.shape == x.shape
    assert float((frozen - exact).abs().max()) * 255 < 1e-2


def test_bfloat16_paints_the_same_picture() -> None:
    recorded = np.load(OWN / "expected.npz")
    painter = load_style(OWN / "painter.safetensors", precision="bfloat16")

    painted = painter.paint(recorded["image"][None], "two")[0].transpose(2, 0, 1) / 255

    error = ((painted - recorded["output"][1]) ** 2).mean()
    assert -10 * np.log10(error) > 40  # dB
