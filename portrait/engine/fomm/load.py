"""``load_model``: builds the network that a yaml describes, fills it from a weights file and makes it run."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from portrait.engine.checkpoints import older_names
from portrait.engine.checkpoints.weights import load_weights, read_tensors
from portrait.engine.errors import CheckpointError
from portrait.engine.fomm.compact.dense_motion import DenseMotion
from portrait.engine.fomm.compact.detector import KeypointDetector
from portrait.engine.fomm.compact.generator import Generator
from portrait.engine.fomm.compact.model import CompactModel
from portrait.engine.fomm.config import COMPACT_FORMAT, Section, read_config
from portrait.engine.fomm.model import MotionModel
from portrait.engine.fomm.published import networks as published
from portrait.engine.fomm.published.model import PublishedModel
from portrait.engine.motion.anatomy import NAMES
from portrait.engine.runtime.precision import choose_device, choose_dtype


def load_model(
    config_path: Path | str, checkpoint_path: Path | str, device: str = "cpu", precision: str = "float32"
) -> MotionModel:
    """A motion model from its yaml and its weights.

    The published layout (``model_params``) with ``.pth.tar`` or safetensors, or our own compact one
    (``format: slim-fomm-1``). ``device``: cpu, cuda or auto. ``precision``: float32 (exact), bfloat16, or
    auto, which takes the fastest that this hardware computes rightly (``runtime.verification``).

    Raises CheckpointError, which names the file and the first key at fault, and ChoiceError for a device or
    precision that does not exist.
    """
    config = read_config(config_path)
    place = choose_device(device)
    dtype = choose_dtype(precision, place)
    networks = build_networks(config)
    load_checkpoint(networks, checkpoint_path)
    model = run_networks(networks, config, place, dtype)
    if precision == "auto" and isinstance(model, PublishedModel):
        model.allow_int8()
    return model


def load_checkpoint(networks: nn.ModuleDict, path: Path | str) -> None:
    """Fill ``networks`` from a weights file. Raises CheckpointError with the first key at fault."""
    fill(networks, read_tensors(path), path)


def fill(networks: nn.ModuleDict, tensors: dict[str, Tensor], path: Path | str) -> None:
    """Fill ``networks`` from ``tensors`` of the file ``path``. Raises CheckpointError with the first key at fault."""
    # A published checkpoint also holds what its training needed: a discriminator, optimizers, the epoch.
    ours = {key: value for key, value in tensors.items() if key.partition(".")[0] in networks}
    tensors = ours or tensors
    if "dense_motion" in networks:  # the compact model's; the published names never change
        tensors = older_names.current_names(tensors, older_names.MOTION)
    load_weights(networks, tensors, path)


def build_networks(config: Section) -> nn.ModuleDict:
    """The networks that ``config`` describes, with random weights, under the names of their checkpoint.

    Raises CheckpointError, which names the yaml and the key at fault.
    """
    if config.values.get("format") == COMPACT_FORMAT:
        return _build_compact(config)
    if "format" in config:
        raise CheckpointError(config.path, f"the format {config.values['format']!r} is unknown", key="format")
    return _build_published(config.section("model_params"))


def run_networks(
    networks: nn.ModuleDict, config: Section, device: torch.device, dtype: torch.dtype, *, plain: bool = False
) -> MotionModel:
    """The model that runs ``networks``, which it modifies: folds and rearranges them for speed.

    ``plain`` folds and rearranges nothing, which gives the same result more slowly: the benchmark's reference.
    """
    kind = CompactModel if config.values.get("format") == COMPACT_FORMAT else PublishedModel
    return kind(networks, device, dtype, plain=plain)


def _build_published(params: Section) -> nn.ModuleDict:
    common, detector = params.section("common_params"), params.section("kp_detector_params")
    generator = params.section("generator_params")
    num_kp, channels = common.integer("num_kp"), common.integer("num_channels", 3)
    if channels != 3:
        raise CheckpointError(params.path, "only pictures of 3 channels can be animated", key="num_channels")
    dense_motion = None
    if "dense_motion_params" in generator:
        dense = generator.section("dense_motion_params")
        dense_motion = published.DenseMotion(
            num_kp=num_kp,
            num_channels=channels,
            block_expansion=dense.integer("block_expansion"),
            max_features=dense.integer("max_features"),
            num_blocks=dense.integer("num_blocks"),
            estimate_occlusion_map=generator.flag("estimate_occlusion_map", False),
            scale_factor=_scale_factor(dense),
            kp_variance=dense.number("kp_variance", 0.01),
        )
    return nn.ModuleDict(
        {
            "generator": published.Generator(
                num_channels=channels,
                block_expansion=generator.integer("block_expansion"),
                max_features=generator.integer("max_features"),
                num_down_blocks=generator.integer("num_down_blocks"),
                num_bottleneck_blocks=generator.integer("num_bottleneck_blocks"),
                dense_motion=dense_motion,
            ),
            "kp_detector": published.KeypointDetector(
                num_kp=num_kp,
                num_channels=channels,
                block_expansion=detector.integer("block_expansion"),
                max_features=detector.integer("max_features"),
                num_blocks=detector.integer("num_blocks"),
                temperature=detector.number("temperature"),
                estimate_jacobian=common.flag("estimate_jacobian", False),
                scale_factor=_scale_factor(detector),
                single_jacobian_map=detector.flag("single_jacobian_map", False),
                pad=detector.integer("pad", 0, minimum=0),
            ),
        }
    )


def _scale_factor(section: Section) -> float:
    scale = section.number("scale_factor", 1)
    if scale > 1 or not (1 / scale).is_integer():
        raise CheckpointError(
            section.path, "one over a whole number is needed", key=f"{section.name}.scale_factor"
        )
    return scale


def _build_compact(config: Section) -> nn.ModuleDict:
    detecting, dense = config.section("kp_detector"), config.section("dense_motion")
    generating = config.section("generator")
    widths = generating.integers("channels")
    if len(widths) != 3:
        raise CheckpointError(config.path, "three numbers are needed", key="generator.channels")
    num_kp = detecting.integer("num_kp")
    if num_kp != len(NAMES):
        raise CheckpointError(config.path, f"{len(NAMES)} is needed", key="kp_detector.num_kp")
    return nn.ModuleDict(
        {
            "kp_detector": KeypointDetector(
                num_kp,
                detecting.integers("channels"),
                detecting.number("temperature"),
                detecting.integer("in_size"),
                mirrored=detecting.flag("mirrored", False),
            ),
            "dense_motion": DenseMotion(
                num_kp,
                dense.integers("channels"),
                dense.number("kp_variance"),
                dense.number("mask_gain", 1),
                eye_gain=dense.number("eye_gain", 1),
                residual_flow=dense.flag("residual_flow", False),
            ),
            "generator": Generator(
                (widths[0], widths[1], widths[2]),
                generating.integer("num_res"),
                generating.integer("res_mid", minimum=0),
                generating.integer("num_cond"),
            ),
        }
    )
