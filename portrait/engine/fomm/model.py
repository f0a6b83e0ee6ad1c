"""The interface of both motion models: keypoints of images, and a source picture animated by a driving motion."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from portrait.engine.errors import ChoiceError
from portrait.engine.fomm import animation
from portrait.engine.fomm.keypoints import Keypoints, join
from portrait.engine.fomm.region import Region
from portrait.engine.motion.template import Motion
from portrait.engine.runtime.folding import fold_all
from portrait.engine.runtime.preparation import prepare_all

Images = Tensor | NDArray[np.float32]
# Frames per pass through the networks: enough to use the cores, few enough to stay in the caches.
BATCH = 8


@dataclass(frozen=True)
class Rendering:
    """Frames before they are composed: where their pixels come from, and what the generator makes of them.

    ``displacement``: float32 (B, h, w, 2), from each place of a frame to its place in the source, x and y, as
    fractions of the side. ``frames``: float32 (B, height and width of ``region``, 3) in 0..1, the model's frames in
    that part of its picture, which is the same for all frames of a clip.
    """

    displacement: NDArray[np.float32]
    frames: NDArray[np.float32]
    region: Region


class MotionModel(ABC):
    """A loaded motion model. ``keypoint_set`` names what its keypoints mean; a Motion must carry the same name."""

    keypoint_set: str
    num_kp: int
    estimates_jacobian: bool
    batch = BATCH

    def __init__(self, networks: nn.Module, device: torch.device, dtype: torch.dtype, *, plain: bool) -> None:
        """``plain`` leaves the networks as they were trained, in float32: the benchmark's reference."""
        self.networks = networks.eval().requires_grad_(False).to(device)
        self.device, self.dtype = device, torch.float32 if plain else dtype
        if not plain:
            fold_all(networks)
            # What runs once a job stays float32, as do coordinates, 2x2 algebra and softmax everywhere: bfloat16
            # resolves a position to a pixel at best.
            prepare_all(networks, self._every_frame(), dtype, self.batch)

    @abstractmethod
    def _every_frame(self) -> list[nn.Module]:
        """The parts that run for every frame."""

    @abstractmethod
    def _detect(self, images: Tensor) -> Keypoints:
        """float32 (B, 3, H, W) in 0..1 -> keypoints."""

    @abstractmethod
    def _encode(self, source: Tensor, keypoints: Keypoints) -> Any:
        """What depends on the source alone, computed once per job."""

    @abstractmethod
    def _flow(self, encoded: Any, driving: Keypoints) -> Any:
        """The dense motion for B sets of keypoints."""

    @abstractmethod
    def _displacement(self, flow: Any, batch: int) -> Tensor:
        """Of a ``_flow`` of ``batch`` frames: float32 (B, h, w, 2), x and y as fractions of the side."""

    @abstractmethod
    def _generate(self, encoded: Any, driving: Keypoints, flow: Any, region: Region | None) -> Tensor:
        """float32 (B, 3, H, W) in 0..1 for B sets of keypoints and their ``_flow``; of ``region`` alone if given."""

    def _render(self, encoded: Any, driving: Keypoints) -> Tensor:
        """float32 (B, 3, H, W) in 0..1 for B sets of keypoints."""
        return self._generate(encoded, driving, self._flow(encoded, driving), None)

    def _region(self, moving: Keypoints, height: int, width: int) -> Region:
        """The part of a picture of that size in which the generator changes what the flow carries."""
        return Region(0, 0, width, height)

    @abstractmethod
    def _check_size(self, name: str, height: int, width: int) -> None:
        """Raises ValueError where the networks cannot take such a size; ``name``: "images" or "source"."""

    def _scale(self, source: Keypoints, first: Keypoints) -> float:
        return animation.hull_scale(source, first)

    def keypoints(self, images: Images) -> Keypoints:
        """Keypoints of float images (B, 3, H, W) in 0..1: ``value`` (B, K, 2), ``jacobian`` (B, K, 2, 2) or None.

        Raises ValueError for images of another kind, shape, range, or of a size that the networks cannot take.
        """
        batch = _tensor(images)
        if batch.ndim != 4 or batch.shape[1] != 3 or not batch.numel():
            raise ValueError(f"images must be (B, 3, H, W), not {tuple(batch.shape)}")
        batch = _checked("images", batch)
        self._check_size("images", *batch.shape[2:])
        with torch.inference_mode():
            parts = [self._detect(part.to(self.device)) for part in batch.split(BATCH)]
        return join(parts)

    def frames(
        self,
        source: NDArray[np.float32],
        driving: NDArray[np.float32] | Motion,
        relative: bool = True,
        adapt_scale: bool = False,
        best_frame: bool = False,
        batch_size: int | None = None,
        *,
        photo: NDArray[np.float32] | None = None,
    ) -> Iterator[NDArray[np.float32]]:
        """``animate``, batch by batch: yields float32 (up to ``batch_size``, H, W, 3), in time order.

        ``photo``, float (H, W, 3) in 0..1: where ``source`` is a painting, its photo, in which to detect keypoints.
        """
        picture = self._picture(source)
        seen = picture if photo is None else self._picture(photo)
        batch_size = self._batch_size(batch_size)
        with torch.inference_mode():
            encoded, moving = self._prepare(picture, seen, driving, relative, adapt_scale, best_frame)
        for begin in range(0, len(moving), batch_size):
            with torch.inference_mode():
                out = self._render(encoded, moving[begin : begin + batch_size])
            yield _channels_last(out)

    def renderings(
        self, source: NDArray[np.float32], driving: Motion, *, photo: NDArray[np.float32] | None = None
    ) -> Iterator[Rendering]:
        """What ``frames`` consist of, relative and to the scale of the face, batch by batch in time order.

        The generator draws only the part of the picture that it changes. ``source`` and ``photo`` as in ``frames``.
        """
        picture = self._picture(source)
        seen = picture if photo is None else self._picture(photo)
        with torch.inference_mode():
            encoded, moving = self._prepare(picture, seen, driving, True, True, False)
            region = self._region(moving, *picture.shape[2:])
        for begin in range(0, len(moving), self.batch):
            with torch.inference_mode():
                part = moving[begin : begin + self.batch]
                flow = self._flow(encoded, part)
                out = self._generate(encoded, part, flow, region)
                displacement = self._displacement(flow, len(part)).cpu().numpy()
            yield Rendering(displacement, _channels_last(out), region)

    def displacements(
        self, source: NDArray[np.float32], driving: Motion, *, photo: NDArray[np.float32] | None = None
    ) -> Iterator[NDArray[np.float32]]:
        """The ``displacement`` of each of the ``renderings`` alone, batch by batch: nothing is drawn."""
        picture = self._picture(source)
        seen = picture if photo is None else self._picture(photo)
        with torch.inference_mode():
            encoded, moving = self._prepare(picture, seen, driving, True, True, False)
        for begin in range(0, len(moving), self.batch):
            with torch.inference_mode():
                part = moving[begin : begin + self.batch]
                displacement = self._displacement(self._flow(encoded, part), len(part))
            yield displacement.cpu().numpy()

    def _prepare(
        self,
        picture: Tensor,
        seen: Tensor,
        driving: NDArray[np.float32] | Motion,
        relative: bool,
        adapt_scale: bool,
        best_frame: bool,
    ) -> tuple[Any, Keypoints]:
        """What is encoded of the source, and its keypoints for each frame."""
        own = self._detect(seen)
        moving = self._driving_keypoints(driving).to(self.device)
        start = animation.closest_frame(own, moving) if best_frame else 0
        first = moving[start : start + 1]
        if relative:
            scale = self._scale(own, first) if adapt_scale else 1.0
            moving = animation.relative_motion(own, moving, first, scale=scale)
        return self._encode(picture, own), moving

    def _batch_size(self, wanted: int | None) -> int:
        """Raises ValueError."""
        if wanted is None:
            return self.batch
        if wanted < 1:
            raise ValueError(f"batch_size must be at least 1, not {wanted}")
        return wanted

    def _picture(self, source: NDArray[np.float32]) -> Tensor:
        """float (H, W, 3) -> (1, 3, H, W) on the device. Raises ValueError."""
        picture = _tensor(source)
        if picture.ndim != 3 or picture.shape[2] != 3 or not picture.numel():
            raise ValueError(f"source must be (H, W, 3), not {tuple(picture.shape)}")
        picture = _checked("source", picture)
        self._check_size("source", *picture.shape[:2])
        return picture.permute(2, 0, 1)[None].to(self.device)

    def animate(
        self,
        source: NDArray[np.float32],
        driving: NDArray[np.float32] | Motion,
        relative: bool = True,
        adapt_scale: bool = False,
        best_frame: bool = False,
        on_progress: Callable[[float], None] | None = None,
        batch_size: int | None = None,
    ) -> NDArray[np.float32]:
        """The source picture, moved as ``driving`` moves.

        ``source``: float (H, W, 3) in 0..1. ``driving``: frames, float (T, H, W, 3) in 0..1, or a Motion.
        ``relative``: keypoints move by the driver's change since its first frame (else they jump to the driver's).
        ``adapt_scale``: that change is scaled to the source's face. ``best_frame``: the change is counted from the
        driving frame whose pose is nearest to the source's, forwards and backwards. ``on_progress``: 0..1.

        Returns float32 (T, H, W, 3) in 0..1. Raises ValueError for arrays of another shape or range, ChoiceError
        (``motion_mismatch``) for a Motion made for other keypoints.
        """
        total, done, parts = len(driving), 0, []
        for part in self.frames(source, driving, relative, adapt_scale, best_frame, batch_size):
            parts.append(part)
            done += len(part)
            if on_progress is not None:
                on_progress(done / total)
        return np.concatenate(parts)

    def _driving_keypoints(self, driving: NDArray[np.float32] | Motion) -> Keypoints:
        """Those of a Motion, or detected in frames. Raises as ``animate`` does."""
        if not isinstance(driving, Motion):
            video = _tensor(driving)
            if video.ndim != 4 or video.shape[3] != 3 or not video.numel():
                raise ValueError(f"driving must be a Motion or frames (T, H, W, 3), not {tuple(video.shape)}")
            return self.keypoints(video.permute(0, 3, 1, 2))
        if driving.model != self.keypoint_set or driving.num_keypoints != self.num_kp:
            raise ChoiceError(
                f"the motion {driving.name!r} was made for the keypoints {driving.model!r},"
                f" this model has {self.keypoint_set!r}; make it again from its video",
                code="motion_mismatch",
            )
        if self.estimates_jacobian and driving.jacobian is None:
            raise ChoiceError(
                f"the motion {driving.name!r} has no Jacobians, and this model needs them",
                code="motion_mismatch",
            )
        jacobian = None if driving.jacobian is None else _tensor(driving.jacobian)
        return Keypoints(_tensor(driving.value), jacobian)


def _channels_last(images: Tensor) -> NDArray[np.float32]:
    """(B, 3, H, W) on any device -> (B, H, W, 3)."""
    array: NDArray[np.float32] = images.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return array


def _tensor(values: Images) -> Tensor:
    """An array as a tensor; copied where it is read-only or has negative strides, which torch does not take."""
    return (
        values
        if isinstance(values, Tensor)
        else torch.from_numpy(np.require(values, requirements=["C", "W"]))
    )


def _checked(name: str, values: Tensor) -> Tensor:
    """``values`` as float32. Raises ValueError unless they are real numbers in 0..1."""
    if not values.is_floating_point():
        raise ValueError(f"{name} must be floating point in 0..1, not {values.dtype}")
    low, high = values.aminmax()
    # A resampled picture may exceed the range by a rounding error; more means 0..255 or a damaged picture.
    if not (low >= -1e-3 and high <= 1 + 1e-3):
        raise ValueError(f"{name} must lie in 0..1, not in {low:g}..{high:g}")
    return values.float()
