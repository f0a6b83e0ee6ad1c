"""What both motion models promise: keypoints, frames, motions, the best starting frame, and what they refuse."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import shift

from portrait.engine.errors import ChoiceError
from portrait.engine.fomm import Keypoints, MotionModel, animation, load_model
from portrait.engine.motion.template import Motion
from tests.paths import DATA, ROOT

TINY = DATA / "fomm-tiny"
SHIPPED = ROOT / "checkpoints"


@pytest.fixture(scope="module", params=["published", "compact"])
def model(request: pytest.FixtureRequest) -> MotionModel:
    if request.param == "published":
        return load_model(TINY / "config.yaml", TINY / "checkpoint.pth.tar")
    return load_model(SHIPPED / "motion.yaml", SHIPPED / "motion.safetensors")


@pytest.fixture(scope="module")
def source(model: MotionModel) -> np.ndarray:
    with np.load(TINY.parent / "compact/expected.npz") as file:
        picture: np.ndarray = file["source"].astype(np.float32) / 255
    return picture if model.keypoint_set.startswith("compact") else picture[::2, ::2]


@pytest.fixture(scope="module")
def driving(source: np.ndarray) -> np.ndarray:
    """Five frames in which the picture wanders to the side."""
    return np.stack([shift(source, (0, 2 * step, 0), order=1, mode="nearest") for step in range(5)])


def motion(model: MotionModel, driving: np.ndarray, **changes: Any) -> Motion:
    keypoints = model.keypoints(driving.transpose(0, 3, 1, 2))
    assert keypoints.jacobian is not None
    values: dict[str, Any] = {
        "name": "wander",
        "value": keypoints.value.numpy(),
        "jacobian": keypoints.jacobian.numpy(),
        "fps": 25.0,
        "model": model.keypoint_set,
    }
    return Motion(**(values | changes))


def test_frames_are_float32_in_range_and_of_the_sources_size(
    model: MotionModel, source: np.ndarray, driving: np.ndarray
) -> None:
    frames = model.animate(source, driving)
    assert frames.shape == driving.shape and frames.dtype == np.float32
    assert frames.min() >= 0 and frames.max() <= 1


def test_a_motion_drives_as_the_frames_it_was_made_from(
    model: MotionModel, source: np.ndarray, driving: np.ndarray
) -> None:
    np.testing.assert_allclose(
        model.animate(source, motion(model, driving)), model.animate(source, driving), atol=1e-5
    )


def test_a_painting_moves_by_the_keypoints_of_its_photo(
    model: MotionModel, source: np.ndarray, driving: np.ndarray
) -> None:
    painting = np.ascontiguousarray(1 - source[::-1])  # no detector finds the face in it again
    moving = motion(model, driving)

    def frames(picture: np.ndarray, photo: np.ndarray | None = None) -> np.ndarray:
        return np.concatenate(list(model.frames(picture, moving, photo=photo)))

    np.testing.assert_array_equal(frames(source, photo=source), frames(source))
    assert np.abs(frames(painting, photo=source) - frames(painting)).max() > 0.01


@pytest.mark.parametrize("batch_size", [1, 2, 5, 64])
def test_the_batch_size_changes_nothing(
    model: MotionModel, source: np.ndarray, driving: np.ndarray, batch_size: int
) -> None:
    whole = model.animate(source, driving)
    np.testing.assert_allclose(model.animate(source, driving, batch_size=batch_size), whole, atol=2e-4)
    parts = [len(part) for part in model.frames(source, driving, batch_size=batch_size)]
    assert sum(parts) == 5 and max(parts) <= batch_size


def test_a_model_may_be_used_again_and_again(
    model: MotionModel, source: np.ndarray, driving: np.ndarray
) -> None:
    first = model.animate(source, driving)
    model.animate(1 - source, driving[::-1])
    np.testing.assert_array_equal(model.animate(source, driving), first)


def test_progress_rises_to_one(model: MotionModel, source: np.ndarray, driving: np.ndarray) -> None:
    seen: list[float] = []
    model.animate(source, driving, on_progress=seen.append, batch_size=2)
    assert seen == [pytest.approx(part) for part in (0.4, 0.8, 1.0)]


def test_float64_tensors_and_arrays_that_are_frozen_or_run_backwards_are_taken_too(
    model: MotionModel, source: np.ndarray, driving: np.ndarray
) -> None:
    expected = model.keypoints(source.transpose(2, 0, 1)[None]).value
    image = torch.from_numpy(source.astype(np.float64)).permute(2, 0, 1)[None]
    torch.testing.assert_close(model.keypoints(image).value, expected)
    frozen = source.copy()
    frozen.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(model.animate(frozen, driving[::-1])) == 5


def test_motion_is_relative_to_the_best_frame(
    model: MotionModel, source: np.ndarray, driving: np.ndarray
) -> None:
    # The driver starts away from the source's pose and takes it up in the fourth frame.
    squeezed = np.clip(driving * 0.98, 0, 1)
    moving = motion(model, squeezed)
    own = model.keypoints(source.transpose(2, 0, 1)[None])
    value = moving.value.copy()
    assert own.jacobian is not None
    value[3] = own.value[0].numpy() * 0.5 + 0.1  # the same pose, elsewhere and smaller
    changed = motion(model, squeezed, value=value)

    best = model.animate(source, changed, best_frame=True)

    order = [3, 0, 1, 2, 4]
    assert moving.jacobian is not None
    reordered = motion(model, squeezed, value=value[order], jacobian=moving.jacobian[order])
    expected = model.animate(source, reordered)
    np.testing.assert_allclose(best[order], expected, atol=2e-4)
    assert np.abs(best - model.animate(source, changed)).max() > 0.01


def test_the_best_frame_is_found_whatever_its_place_and_size() -> None:
    draw = np.random.default_rng(0)
    poses = draw.normal(size=(6, 10, 2)).astype(np.float32)
    own = Keypoints(torch.from_numpy(poses[4:5] * 0.3 - 0.2), None)
    assert animation.closest_frame(own, Keypoints(torch.from_numpy(poses), None)) == 4


def test_scale_adaptation_multiplies_by_the_ratio_of_the_hulls_sides() -> None:
    square = torch.tensor([[[-1.0, -1], [1, -1], [1, 1], [-1, 1], [0.2, 0.1]]])
    own, first = Keypoints(square * 0.5, None), Keypoints(square * 0.25 + 0.3, None)
    assert animation.hull_area(square[0].numpy()) == pytest.approx(4)
    assert animation.hull_scale(own, first) == pytest.approx(2)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_keypoints_without_an_area_leave_the_scale_alone(count: int) -> None:
    line = Keypoints(torch.arange(count).float()[None, :, None].expand(1, count, 2), None)
    assert animation.hull_scale(line, line) == 1
    assert animation.closest_frame(line, line) == 0


@pytest.mark.parametrize("fault", ["model", "keypoints", "jacobian"])
def test_a_motion_for_other_keypoints_is_refused(
    model: MotionModel, source: np.ndarray, driving: np.ndarray, fault: str
) -> None:
    made = motion(model, driving)
    assert made.jacobian is not None
    changes: dict[str, dict[str, Any]] = {
        "model": {"model": "other-12"},
        "keypoints": {"value": made.value[:, 1:], "jacobian": made.jacobian[:, 1:]},
        "jacobian": {"jacobian": None},
    }
    with pytest.raises(ChoiceError) as caught:
        model.animate(source, replace(made, **changes[fault]))
    assert caught.value.code == "motion_mismatch"


BAD_PICTURES = {
    "bytes": lambda x: (x * 255).astype(np.uint8),
    "above one": lambda x: x * 255,
    "below zero": lambda x: x - 0.5,
    "not a number": lambda x: np.where(x == x.max(), np.nan, x),
    "grey": lambda x: x[..., :1],
    "channels first": lambda x: x.transpose(2, 0, 1),
    "a batch": lambda x: x[None],
    "empty": lambda x: x[:0],
    "an odd size": lambda x: x[:-1],
}


@pytest.mark.parametrize("fault", BAD_PICTURES)
def test_a_source_that_is_no_picture_is_refused(
    model: MotionModel, source: np.ndarray, driving: np.ndarray, fault: str
) -> None:
    with pytest.raises(ValueError, match="source"):
        model.animate(BAD_PICTURES[fault](source), driving)


@pytest.mark.parametrize("fault", ["bytes", "above one", "not a number", "grey", "empty"])
def test_driving_frames_that_are_no_pictures_are_refused(
    model: MotionModel, source: np.ndarray, driving: np.ndarray, fault: str
) -> None:
    with pytest.raises(ValueError, match=r"images|driving"):
        model.animate(source, BAD_PICTURES[fault](driving))


def test_a_batch_of_nothing_is_refused(model: MotionModel, source: np.ndarray, driving: np.ndarray) -> None:
    with pytest.raises(ValueError, match="batch_size"):
        model.animate(source, driving, batch_size=0)
    with pytest.raises(ValueError, match="images"):
        model.keypoints(np.zeros((0, 3, 128, 128), np.float32))


@pytest.mark.parametrize(
    ("options", "code"),
    [({"device": "abacus"}, "unknown_device"), ({"precision": "float7"}, "unknown_precision")],
)
def test_an_unknown_device_or_precision_is_refused(options: dict[str, str], code: str) -> None:
    with pytest.raises(ChoiceError) as caught:
        load_model(TINY / "config.yaml", TINY / "checkpoint.pth.tar", **options)
    assert caught.value.code == code


@pytest.mark.cuda
def test_a_gpu_gives_the_same_frames(source: np.ndarray, driving: np.ndarray, model: MotionModel) -> None:
    if model.keypoint_set.startswith("compact"):
        files = (SHIPPED / "motion.yaml", SHIPPED / "motion.safetensors")
    else:
        files = (TINY / "config.yaml", TINY / "checkpoint.pth.tar")
    other = load_model(*files, device="cuda")
    np.testing.assert_allclose(other.animate(source, driving), model.animate(source, driving), atol=2e-3)
