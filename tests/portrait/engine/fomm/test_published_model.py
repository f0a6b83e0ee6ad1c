"""The published first order motion model: parity with recorded outputs, names, configurations."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file
from torch import nn

from portrait.engine.checkpoints.weights import load_weights, read_tensors
from portrait.engine.fomm import MotionModel, animation, load_model
from portrait.engine.fomm.config import read_config
from portrait.engine.fomm.load import build_networks, run_networks
from portrait.engine.fomm.published.model import PublishedModel
from portrait.engine.motion import Motion
from tests.paths import DATA

TINY = DATA / "fomm-tiny"
VOX_256 = Path(animation.__file__).with_name("vox-256.yaml")
# The recorded outputs come from the published code in float32.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    with np.load(TINY / "expected.npz") as file:
        return {key: file[key] for key in file.files}


@pytest.fixture(scope="module")
def model() -> MotionModel:
    return load_model(TINY / "config.yaml", TINY / "checkpoint.pth.tar")


MODES: dict[str, dict[str, Any]] = {
    "relative": {},
    "relative_adapt": {"adapt_scale": True},
    "absolute": {"relative": False},
}


def test_the_source_keypoints_are_the_published_ones(
    model: MotionModel, expected: dict[str, np.ndarray]
) -> None:
    found = model.keypoints(expected["source"].transpose(2, 0, 1)[None])
    assert found.jacobian is not None
    np.testing.assert_allclose(found.value, expected["kp_source_value"], atol=TOLERANCE)
    np.testing.assert_allclose(found.jacobian, expected["kp_source_jacobian"], atol=TOLERANCE)


@pytest.mark.parametrize("mode", MODES)
def test_the_frames_are_the_published_ones(
    model: MotionModel, expected: dict[str, np.ndarray], mode: str
) -> None:
    frames = model.animate(expected["source"], expected["driving"], **MODES[mode])
    assert frames.dtype == np.float32
    np.testing.assert_allclose(frames.transpose(0, 3, 1, 2), expected[f"{mode}_prediction"], atol=TOLERANCE)


@pytest.mark.parametrize("mode", MODES)
def test_the_keypoints_that_the_generator_gets_are_the_published_ones(
    model: MotionModel, expected: dict[str, np.ndarray], mode: str
) -> None:
    own = model.keypoints(expected["source"].transpose(2, 0, 1)[None])
    driving = model.keypoints(expected["driving"].transpose(0, 3, 1, 2))
    if mode != "absolute":
        scale = animation.hull_scale(own, driving[:1]) if mode == "relative_adapt" else 1.0
        driving = animation.relative_motion(own, driving, driving[:1], scale=scale)
    assert driving.jacobian is not None
    np.testing.assert_allclose(driving.value, expected[f"{mode}_kp_value"], atol=TOLERANCE)
    np.testing.assert_allclose(driving.jacobian, expected[f"{mode}_kp_jacobian"], atol=TOLERANCE)


@pytest.mark.parametrize("mode", MODES)
def test_deformation_and_occlusion_are_the_published_ones(
    model: MotionModel, expected: dict[str, np.ndarray], mode: str
) -> None:
    dense_motion = cast(PublishedModel, model).generator.dense_motion_network
    assert dense_motion is not None
    own = model.keypoints(expected["source"].transpose(2, 0, 1)[None])
    driving = model.keypoints(expected["driving"].transpose(0, 3, 1, 2))
    if mode != "absolute":
        scale = animation.hull_scale(own, driving[:1]) if mode == "relative_adapt" else 1.0
        driving = animation.relative_motion(own, driving, driving[:1], scale=scale)
    source = torch.from_numpy(expected["source"]).permute(2, 0, 1)[None]
    with torch.inference_mode():
        deformation, occlusion = dense_motion(dense_motion.shrink(source), own, driving)
    np.testing.assert_allclose(deformation, expected[f"{mode}_deformation"], atol=TOLERANCE)
    np.testing.assert_allclose(occlusion, expected[f"{mode}_occlusion"], atol=TOLERANCE)


def test_the_vox_256_networks_have_the_names_and_shapes_of_the_published_checkpoint() -> None:
    lines = (DATA / "vox-256-state-dict.tsv").read_text().splitlines()[1:]
    listed = {}
    for line in lines:
        part, key, shape = line.split("\t")
        listed[f"{part}.{key}"] = () if shape == "scalar" else tuple(map(int, shape.split("x")))
    networks = build_networks(read_config(VOX_256))
    assert {key: tuple(tensor.shape) for key, tensor in networks.state_dict().items()} == listed


def changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``base`` with some values at dotted keys replaced; None removes the key."""
    result = copy.deepcopy(base)
    for dotted, value in changes.items():
        *path, last = dotted.split(".")
        section = result["model_params"]
        for key in path:
            section = section[key]
        if value is None:
            del section[last]
        else:
            section[last] = value
    return result


CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "without Jacobians": {"common_params.estimate_jacobian": False},
    "without an occlusion map": {"generator_params.estimate_occlusion_map": False},
    "one Jacobian map for all keypoints": {"kp_detector_params.single_jacobian_map": True},
    "padded keypoint maps": {"kp_detector_params.pad": 3},
    "detector and dense motion at full size": {
        "kp_detector_params.scale_factor": 1,
        "generator_params.dense_motion_params.scale_factor": 1,
    },
    "half size": {"kp_detector_params.scale_factor": 0.5},
    "five keypoints": {"common_params.num_kp": 5},
    "without dense motion": {"generator_params.dense_motion_params": None},
    "wider and deeper": {
        "generator_params.block_expansion": 12,
        "generator_params.max_features": 40,
        "generator_params.num_down_blocks": 3,
        "generator_params.num_bottleneck_blocks": 1,
        "generator_params.dense_motion_params.num_blocks": 2,
        "kp_detector_params.num_blocks": 2,
    },
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_published_configuration_animates(
    tmp_path: Path, expected: dict[str, np.ndarray], name: str
) -> None:
    base = yaml.safe_load((TINY / "config.yaml").read_text())
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(changed(base, CONFIGURATIONS[name])))
    torch.manual_seed(0)
    networks = build_networks(read_config(config))
    save_file({k: v.contiguous() for k, v in networks.state_dict().items()}, tmp_path / "weights.safetensors")
    model = load_model(config, tmp_path / "weights.safetensors")

    frames = model.animate(expected["source"], expected["driving"][:2])

    assert frames.shape == (2, 128, 128, 3)
    assert frames.min() >= 0 and frames.max() <= 1 and frames.std() > 0
    has_jacobian = name != "without Jacobians"
    found = model.keypoints(expected["source"].transpose(2, 0, 1)[None])
    assert (found.jacobian is not None) == has_jacobian
    # Without dense motion all frames are equal: each is the source as the generator draws it.
    assert np.array_equal(frames[0], frames[1]) == (name == "without dense motion")

    # The canvas gets a flow of more than one pixel, which at rest is none.
    value = np.zeros((2, model.num_kp, 2), np.float32) + np.array([0, 0.2], np.float32)[:, None, None]
    jacobian = np.tile(np.eye(2, dtype=np.float32), (2, model.num_kp, 1, 1)) if has_jacobian else None
    motion = Motion("sway", value, jacobian, 25.0, model.keypoint_set)
    (rendering,) = model.renderings(expected["source"], motion)
    assert rendering.frames.shape == (2, 128, 128, 3)
    assert min(rendering.displacement.shape[1:3]) > 1
    np.testing.assert_allclose(rendering.displacement[0], 0, atol=1e-5)
    assert rendering.displacement[1].any() == (name != "without dense motion")


def test_folding_and_rearranging_change_nothing_that_can_be_seen(expected: dict[str, np.ndarray]) -> None:
    config = read_config(TINY / "config.yaml")
    networks = build_networks(config)
    tensors = read_tensors(TINY / "checkpoint.pth.tar")
    load_weights(networks, tensors, TINY / "checkpoint.pth.tar")
    plain = run_networks(copy.deepcopy(networks), config, torch.device("cpu"), torch.float32, plain=True)
    fast = run_networks(networks, config, torch.device("cpu"), torch.float32)
    norms = [sum(isinstance(m, nn.BatchNorm2d) for m in x.networks.modules()) for x in (plain, fast)]
    # What is left are the first normalizations of the two residual blocks: no convolution stands before them.
    assert norms == [21, 2]
    arguments = (expected["source"], expected["driving"])
    np.testing.assert_allclose(fast.animate(*arguments), plain.animate(*arguments), atol=1e-5)
