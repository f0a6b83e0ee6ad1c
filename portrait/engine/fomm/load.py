"""``load_model``: which of the two networks a yaml describes, its weights, and how they are run."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.checkpoints.weights import load_weights, read_tensors
from portrait.engine.errors import CheckpointError
from portrait.engine.fomm import compact, published, quantized
from portrait.engine.fomm.config import COMPACT_FORMAT, Section, read_config
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.fomm.model import BATCH, MotionModel
from portrait.engine.runtime.precision import choose_device, choose_dtype

# 44 dB below white, root mean square 1.6 of 255: too little to be seen, and far from the 40 dB that we promise.
MOST_BYTE_ERROR = 10**-4.4


def load_model(
    config_path: Path | str, checkpoint_path: Path | str, device: str = "cpu", precision: str = "float32"
) -> MotionModel:
    """A motion model from its yaml and its weights.

    The published layout (``model_params``) with ``.pth.tar`` or safetensors, or our own compact one
    (``format: slim-fomm-1``). ``device``: cpu, cuda or auto. ``precision``: float32 (exact), bfloat16, or
    auto, which takes the fastest that this hardware does well.

    Raises CheckpointError, which names the file and the first key at fault, and ChoiceError for a device or
    precision that does not exist.
    """
    config = read_config(config_path)
    place = choose_device(device)
    dtype = choose_dtype(precision, place)
    networks = build_networks(config)
    load_checkpoint(networks, checkpoint_path)
    model = run_networks(networks, config, place, dtype)
    if precision == "auto":
        allow_bytes(model)
    return model


def load_checkpoint(networks: nn.ModuleDict, path: Path | str) -> None:
    """Fill ``networks`` from a weights file. Raises CheckpointError with the first key at fault."""
    fill(networks, read_tensors(path), path)


def fill(networks: nn.ModuleDict, tensors: dict[str, Tensor], path: Path | str) -> None:
    """Fill ``networks`` from ``tensors`` of the file ``path``. Raises CheckpointError with the first key at fault."""
    # A published checkpoint also holds what its training needed: a discriminator, optimizers, the epoch.
    ours = {key: value for key, value in tensors.items() if key.partition(".")[0] in networks}
    load_weights(networks, ours or tensors, path)


def allow_bytes(model: MotionModel) -> None:
    """Let a model of ``auto`` precision compute in bytes where it gains from it."""
    if isinstance(model, PublishedModel) and model.dtype == torch.bfloat16:
        model.bytes_allowed = quantized.is_supported(model.device)


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
    """The model that runs ``networks``, which it takes over and rearranges for speed.

    ``plain`` folds and rearranges nothing, which is slower and gives the same: the benchmark's yardstick.
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
    detector, dense = config.section("kp_detector"), config.section("dense_motion")
    generator = config.section("generator")
    widths = generator.integers("channels")
    if len(widths) != 3:
        raise CheckpointError(config.path, "three numbers are needed", key="generator.channels")
    num_kp = detector.integer("num_kp")
    return nn.ModuleDict(
        {
            "kp_detector": compact.KeypointDetector(
                num_kp,
                detector.integers("channels"),
                detector.number("temperature"),
                detector.integer("in_size"),
                mirrored=detector.flag("mirrored", False),
            ),
            "dense_motion": compact.DenseMotion(
                num_kp,
                dense.integers("channels"),
                dense.number("kp_variance"),
                dense.number("mask_gain", 1),
                eye_gain=dense.number("eye_gain", 1),
                residual_flow=dense.flag("residual_flow", False),
            ),
            "generator": compact.Generator(
                (widths[0], widths[1], widths[2]),
                generator.integer("num_res"),
                generator.integer("res_mid", minimum=0),
                generator.integer("num_cond"),
            ),
        }
    )


class PublishedModel(MotionModel):
    """The published networks. Nothing is resized: they are fully convolutional and take any picture whose sides they
    can halve as often as they do (multiples of 128 for vox-256); the size they were trained with suits them best.

    With ``bytes_allowed`` the bottleneck, most of the work, is done in 8-bit integers, for each source for which that
    was measured to change nothing that could be seen.
    """

    bytes_allowed = False
    # Half of its weights are read to make a few pixels deep in the hourglass: more frames share the reading.
    batch = 2 * BATCH

    def __init__(
        self, networks: nn.ModuleDict, device: torch.device, dtype: torch.dtype, *, plain: bool
    ) -> None:
        self.detector = cast(published.KeypointDetector, networks["kp_detector"])
        self.generator = cast(published.Generator, networks["generator"])
        self.num_kp = self.detector.kp.out_channels
        self.keypoint_set = f"fomm-{self.num_kp}"
        self.estimates_jacobian = self.detector.jacobian is not None
        dense_motion = self.generator.dense_motion_network
        self.units = {"images": self.detector.size_unit}
        self.units["source"] = math.lcm(
            self.detector.size_unit,
            self.generator.size_unit,
            1 if dense_motion is None else dense_motion.size_unit,
        )
        super().__init__(networks, device, dtype, plain=plain)

    def _every_frame(self) -> list[nn.Module]:
        generator = self.generator
        dense_motion = [] if generator.dense_motion_network is None else [generator.dense_motion_network]
        return [*dense_motion, generator.bottleneck, generator.up_blocks, generator.final]

    def _check_size(self, name: str, height: int, width: int) -> None:
        unit = self.units[name]
        if height % unit or width % unit:
            raise ValueError(
                f"{name} must have sides that are multiples of {unit} for this model, not {height} x {width}"
            )

    def _detect(self, images: Tensor) -> Keypoints:
        return cast(Keypoints, self.detector(images))

    def _encode(self, source: Tensor, keypoints: Keypoints) -> Any:
        dense_motion = self.generator.dense_motion_network
        small = None if dense_motion is None else dense_motion.shrink(source)
        features = self.generator.encode(source)
        bottleneck: Callable[[Tensor], Tensor] = self.generator.bottleneck
        if self.bytes_allowed:
            bottleneck = self._quickest(self._moved(keypoints, small, features, keypoints))
        return keypoints, small, features, bottleneck

    def _quickest(self, own: Tensor) -> Callable[[Tensor], Tensor]:
        """The bottleneck in bytes if the source in its ``own`` pose comes out the same, else as it is."""
        exact = self.generator.bottleneck
        in_bytes = quantized.ByteBottleneck(exact, own)
        error = (self.generator.decode(own, in_bytes) - self.generator.decode(own, exact)).square().mean()
        return in_bytes if float(error) <= MOST_BYTE_ERROR else exact

    def _moved(
        self, keypoints: Keypoints, small: Tensor | None, features: Tensor, driving: Keypoints
    ) -> Tensor:
        dense_motion = self.generator.dense_motion_network
        deformation = occlusion = None
        if dense_motion is not None:
            deformation, occlusion = dense_motion(small, keypoints, driving)
        return self.generator.move(features, deformation, occlusion, len(driving))

    def _render(self, encoded: Any, driving: Keypoints) -> Tensor:
        keypoints, small, features, bottleneck = encoded
        return self.generator.decode(self._moved(keypoints, small, features, driving), bottleneck)


class CompactModel(MotionModel):
    """Our compact networks, for pictures of 256 pixels a side.

    ``sampling`` is how the picture itself is warped: bicubic keeps more of its sharpness than the bilinear that the
    weights were trained with, and the network was not seen to mind.
    """

    sampling = "bicubic"

    def __init__(
        self, networks: nn.ModuleDict, device: torch.device, dtype: torch.dtype, *, plain: bool
    ) -> None:
        self.detector = cast(compact.KeypointDetector, networks["kp_detector"])
        self.dense_motion = cast(compact.DenseMotion, networks["dense_motion"])
        self.generator = cast(compact.Generator, networks["generator"])
        self.num_kp = self.detector.kp.out_channels
        self.keypoint_set = f"compact-{self.num_kp}"
        self.estimates_jacobian = True
        super().__init__(networks, device, dtype, plain=plain)

    def _every_frame(self) -> list[nn.Module]:
        generator = self.generator
        once = {generator.e0, generator.e1, generator.e2}
        return [self.dense_motion, *(part for part in generator.children() if part not in once)]

    def _check_size(self, name: str, height: int, width: int) -> None:
        # The detector looks at any picture through a square of its own; the generator was made for one size.
        if name == "source" and (height, width) != (compact.SIDE, compact.SIDE):
            raise ValueError(f"source must be {compact.SIDE} x {compact.SIDE}, not {height} x {width}")

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
        own, driver = source.jacobian[0, compact.CROWN], first.jacobian[0, compact.CROWN]
        return float(torch.sqrt(torch.det(own).abs() / torch.det(driver).abs()))
