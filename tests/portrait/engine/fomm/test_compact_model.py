"""The compact network gives the keypoints and pictures that were recorded from its first implementation.

``expected.npz`` was recorded from that implementation with the random weights of ``tiny.safetensors``, on a
photograph and on affine distortions of it, for keypoints of a face; predictions are every fifth pixel.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from scipy.ndimage import laplace

from portrait.engine.fomm import Keypoints, load_model
from portrait.engine.fomm.compact.model import CompactModel
from portrait.engine.fomm.keypoints import join
from tests.paths import DATA, ROOT

CONFIG, WEIGHTS = ROOT / "checkpoints/motion.yaml", ROOT / "checkpoints/motion.safetensors"
RECORDED = DATA / "compact"
TINY = RECORDED / "tiny.yaml", RECORDED / "tiny.safetensors"
# Other processors sum in another order; a step of an 8-bit picture is 4e-3.
KEYPOINT_TOLERANCE, PICTURE_TOLERANCE = 1e-5, 2e-5


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    with np.load(RECORDED / "expected.npz") as file:
        return {key: file[key] for key in file.files}


@pytest.fixture
def model() -> CompactModel:
    return cast(CompactModel, load_model(*TINY))


def unit(pictures: np.ndarray) -> np.ndarray:
    return pictures.astype(np.float32) / 255


def keypoints(expected: dict[str, np.ndarray], name: str) -> Keypoints:
    return Keypoints(
        torch.from_numpy(expected[f"{name}_value"]), torch.from_numpy(expected[f"{name}_jacobian"])
    )


@pytest.mark.parametrize("name", ["source", "driving"])
def test_keypoints_are_the_recorded_ones(
    model: CompactModel, expected: dict[str, np.ndarray], name: str
) -> None:
    pictures = unit(expected[name]).reshape(-1, 256, 256, 3)
    found = model.keypoints(pictures.transpose(0, 3, 1, 2))
    assert found.jacobian is not None
    np.testing.assert_allclose(found.value, expected[f"{name}_value"], atol=KEYPOINT_TOLERANCE)
    np.testing.assert_allclose(found.jacobian, expected[f"{name}_jacobian"], atol=KEYPOINT_TOLERANCE)


@pytest.mark.parametrize("gain", [0.4, 1.0])
@pytest.mark.parametrize("mode", ["relative", "absolute"])
def test_frames_for_recorded_keypoints_are_the_recorded_ones(
    model: CompactModel, expected: dict[str, np.ndarray], mode: str, gain: float
) -> None:
    model.sampling = "bilinear"
    model.dense_motion.mask_gain = gain
    source = torch.from_numpy(unit(expected["source"])).permute(2, 0, 1)[None]
    with torch.inference_mode():
        encoded = model._encode(source, keypoints(expected, "face"))
        frames = model._render(encoded, keypoints(expected, mode)).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(
        frames[:, 1::5, 1::5], expected[f"{mode}_gain{gain:g}_prediction"], atol=PICTURE_TOLERANCE
    )


def test_relative_motion_scaled_to_the_face_is_the_recorded_one(
    model: CompactModel, expected: dict[str, np.ndarray]
) -> None:
    model.sampling = "bilinear"
    # The recording is relative to the second driving picture, so that source and first frame differ.
    driving = np.roll(unit(expected["driving"]), -1, axis=0)
    frames = model.animate(unit(expected["source"]), driving, adapt_scale=True)
    # The same keypoints but for rounding, which a contrasty picture turns into a little more.
    np.testing.assert_allclose(frames[:, 1::5, 1::5], expected["adapted_prediction"], atol=2e-4)


def test_the_yaml_says_how_far_the_learned_masks_are_damped(
    tmp_path: Path,
) -> None:
    config, weights = TINY
    values = yaml.safe_load(config.read_text())
    assert cast(CompactModel, load_model(config, weights)).dense_motion.mask_gain == 0.4
    values["dense_motion"]["mask_gain"] = 0.7
    changed = tmp_path / "motion.yaml"
    changed.write_text(yaml.safe_dump(values))
    assert cast(CompactModel, load_model(changed, weights)).dense_motion.mask_gain == 0.7


def test_what_was_learned_can_be_damped_at_the_eyes_alone(
    model: CompactModel, expected: dict[str, np.ndarray]
) -> None:
    dense = model.dense_motion
    dense.mask_gain = 1.0
    own, other = join([keypoints(expected, "face")] * 3), keypoints(expected, "relative")
    half = torch.from_numpy(unit(expected["source"])).permute(2, 0, 1)[None, :, ::2, ::2]
    with torch.inference_mode():
        learned, _ = dense(half, own, other)
        dense.eye_gain = 1e-6
        damped, _ = dense(half, own, other)
        analytic = dense.combine(torch.softmax(dense.log_prior(other, 128), 1), dense.motions(own, other))
    place = ((other.value[:, :2] + 1) * 64).long()
    frame = torch.arange(3)[:, None]
    at_eyes = (frame, place[..., 1], place[..., 0])
    assert torch.allclose(damped[at_eyes], analytic[at_eyes], atol=2e-3)
    assert not torch.allclose(learned[at_eyes], analytic[at_eyes], atol=2e-3)
    # The far corner of the picture is unchanged.
    assert torch.allclose(damped[:, -1, -1], learned[:, -1, -1], atol=1e-5)


def test_bicubic_sampling_is_the_default_and_keeps_a_moved_face_sharper(
    expected: dict[str, np.ndarray],
) -> None:
    model = cast(CompactModel, load_model(CONFIG, WEIGHTS))
    assert model.sampling == "bicubic"
    source, driving = unit(expected["source"]), unit(expected["driving"])[:2]

    def sharpness() -> float:
        moved = model.animate(source, driving)[1]
        return float(laplace(moved[64:192, 64:192].mean(axis=-1)).var())

    bicubic = sharpness()
    model.sampling = "bilinear"
    assert bicubic > 1.02 * sharpness()


def test_bfloat16_is_near_float32(expected: dict[str, np.ndarray]) -> None:
    source, driving = unit(expected["source"]), unit(expected["driving"])
    exact = load_model(CONFIG, WEIGHTS).animate(source, driving)
    short = load_model(CONFIG, WEIGHTS, precision="bfloat16").animate(source, driving)
    assert -10 * np.log10(((exact - short) ** 2).mean()) > 40  # dB


def test_the_shipped_weights_are_finite_and_float16() -> None:
    tensors = load_file(WEIGHTS)
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
