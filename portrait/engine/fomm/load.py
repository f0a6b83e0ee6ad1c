"""``load_model``: which of the two networks a yaml describes, its weights, and how they are run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.errors import CheckpointError
from portrait.engine.fomm import compact, published
from portrait.engine.fomm.config import COMPACT_FORMAT, Section, read_config
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.fomm.model import MotionModel
from portrait.engine.precision import choose_device, choose_dtype
from portrait.engine.weights import load_weights, read_tensors


def load_model(
    config_path: Path | str,
    checkpoint_path: Path | str,
    device: str = "cpu",
    precision: str = "float32",
    *,
    plain: bool = False,
) -> MotionModel:
    """A motion model from its yaml and its weights.

    The published layout (``model_params``) with ``.pth.tar`` or safetensors, or our own compact one
    (``format: slim-fomm-1``). ``device``: cpu, cuda or auto. ``precision``: float32 (exact), bfloat16 or auto.
    ``plain`` folds and rearranges nothing, which is slower and gives the same: the benchmark's yardstick.

    Raises CheckpointError, which names the file and the first key at fault, and ChoiceError for a device or
    precision that does not exist.
    """
    config = read_config(config_path)
    place = choose_device(device)
    dtype = choose_dtype(precision, place)
    if config.values.get("format") == COMPACT_FORMAT:
        return CompactModel(config, Path(checkpoint_path), place, dtype, plain)
    if "format" in config:
        raise CheckpointError(config.path, f"the format {config.values['format']!r} is unknown", key="format")
    return PublishedModel(config, Path(checkpoint_path), place, dtype, plain)


class PublishedModel(MotionModel):
    """The published networks; any published configuration."""

    def __init__(
        self, config: Section, checkpoint: Path, device: torch.device, dtype: torch.dtype, plain: bool
    ) -> None:
        params = config.section("model_params")
        common = params.section("common_params")
        detector, generator = params.section("kp_detector_params"), params.section("generator_params")
        self.num_kp, channels = common.integer("num_kp"), common.integer("num_channels", 3)
        if channels != 3:
            raise CheckpointError(
                config.path, "only pictures of 3 channels can be animated", key="num_channels"
            )
        self.keypoint_set = f"fomm-{self.num_kp}"
        self.detector = published.KeypointDetector(
            num_kp=self.num_kp,
            num_channels=channels,
            block_expansion=detector.integer("block_expansion"),
            max_features=detector.integer("max_features"),
            num_blocks=detector.integer("num_blocks"),
            temperature=detector.number("temperature"),
            estimate_jacobian=common.flag("estimate_jacobian", False),
            scale_factor=detector.number("scale_factor", 1),
            single_jacobian_map=detector.flag("single_jacobian_map", False),
            pad=detector.integer("pad", 0, minimum=0),
        )
        dense_motion = None
        if "dense_motion_params" in generator:
            dense = generator.section("dense_motion_params")
            dense_motion = published.DenseMotion(
                num_kp=self.num_kp,
                num_channels=channels,
                block_expansion=dense.integer("block_expansion"),
                max_features=dense.integer("max_features"),
                num_blocks=dense.integer("num_blocks"),
                estimate_occlusion_map=generator.flag("estimate_occlusion_map", False),
                scale_factor=dense.number("scale_factor", 1),
                kp_variance=dense.number("kp_variance", 0.01),
            )
        self.generator = published.Generator(
            num_channels=channels,
            block_expansion=generator.integer("block_expansion"),
            max_features=generator.integer("max_features"),
            num_down_blocks=generator.integer("num_down_blocks"),
            num_bottleneck_blocks=generator.integer("num_bottleneck_blocks"),
            dense_motion=dense_motion,
        )
        tensors = read_tensors(checkpoint)
        load_weights(self.generator, tensors, checkpoint, "generator.")
        load_weights(self.detector, tensors, checkpoint, "kp_detector.")
        super().__init__(nn.ModuleList([self.detector, self.generator]), device, dtype, plain=plain)

    def _detect(self, images: Tensor) -> Keypoints:
        return cast(Keypoints, self.detector(images))

    def _encode(self, source: Tensor, keypoints: Keypoints) -> Any:
        dense_motion = self.generator.dense_motion_network
        small = None if dense_motion is None else dense_motion.shrink(source)
        return keypoints, small, self.generator.encode(source)

    def _render(self, encoded: Any, driving: Keypoints) -> Tensor:
        keypoints, small, features = encoded
        dense_motion = self.generator.dense_motion_network
        deformation = occlusion = None
        if dense_motion is not None:
            deformation, occlusion = dense_motion(small, keypoints, driving)
        return self.generator.decode(features, deformation, occlusion, len(driving))


class CompactModel(MotionModel):
    """Our compact networks."""

    def __init__(
        self, config: Section, checkpoint: Path, device: torch.device, dtype: torch.dtype, plain: bool
    ) -> None:
        detector, dense = config.section("kp_detector"), config.section("dense_motion")
        generator = config.section("generator")
        self.num_kp = detector.integer("num_kp")
        self.keypoint_set = f"compact-{self.num_kp}"
        self.sampling = "bicubic"
        widths = generator.integers("channels")
        if len(widths) != 3:
            raise CheckpointError(config.path, "three numbers are needed", key="generator.channels")
        self.detector = compact.KeypointDetector(
            self.num_kp,
            detector.integers("channels"),
            detector.number("temperature"),
            detector.integer("in_size"),
        )
        self.dense_motion = compact.DenseMotion(
            self.num_kp, dense.integers("channels"), dense.number("kp_variance"), dense.number("mask_gain", 1)
        )
        self.generator = compact.Generator(
            (widths[0], widths[1], widths[2]),
            generator.integer("num_res"),
            generator.integer("res_mid", minimum=0),
            generator.integer("num_cond"),
        )
        tensors = read_tensors(checkpoint)
        networks = nn.ModuleDict(
            {"kp_detector": self.detector, "dense_motion": self.dense_motion, "generator": self.generator}
        )
        load_weights(networks, tensors, checkpoint)
        super().__init__(networks, device, dtype, plain=plain)

    def _detect(self, images: Tensor) -> Keypoints:
        return cast(Keypoints, self.detector(images))

    def _encode(self, source: Tensor, keypoints: Keypoints) -> Any:
        half = F.interpolate(source, size=(compact.FINE, compact.FINE), mode="area")
        return source, keypoints, half, self.generator.encode(source)

    def _render(self, encoded: Any, driving: Keypoints) -> Tensor:
        source, keypoints, half, features = encoded
        flow, occlusion = self.dense_motion(half, keypoints, driving)
        blobs = self.dense_motion.driver_blobs(keypoints, driving)
        return cast(Tensor, self.generator(source, features, flow, occlusion, blobs, self.sampling))

    def _scale(self, source: Keypoints, first: Keypoints) -> float:
        # The crown's Jacobian is fitted to the whole face: steadier than a hull of sixteen points.
        assert source.jacobian is not None and first.jacobian is not None
        sizes = [torch.det(k.jacobian[0, compact.CROWN]).abs() for k in (source, first)]  # type: ignore[index]
        return float(torch.sqrt(sizes[0] / sizes[1]))
