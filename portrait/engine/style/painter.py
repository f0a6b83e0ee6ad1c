"""Loading a style network and painting frames with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from portrait.engine.checkpoints import older_names
from portrait.engine.checkpoints.weights import load_weights, read_tensors
from portrait.engine.errors import ChoiceError
from portrait.engine.runtime.precision import choose_device, choose_dtype
from portrait.engine.style.catalogue import Style, read_config
from portrait.engine.style.frozen import FrozenNetwork
from portrait.engine.style.layered import LayeredNetwork, build_layered, read_layers
from portrait.engine.style.network import StyleNetwork
from portrait.engine.style.row import STYLE_VECTORS, StyleRow, painter_digest
from portrait.engine.style.tone import tone_curve
from portrait.engine.style.transformer import build_published, is_published

# Reflection padding needs more pixels than it mirrors: four at full size, one at quarter size, and one at an eighth
# in a network with a part that works there.
SMALLEST_SIDE, SMALLEST_DEEP_SIDE = 5, 9
# Frames of 256 x 256 per batch on a GPU; of larger ones fewer, so that they take no more memory.
GPU_BATCH, GPU_FRAME_PIXELS = 16, 256 * 256
VERIFIED_SIDE = 32  # of the picture with which a frozen network is tried; the result does not matter
# Eight come only a tenth of a grey value nearer to frame-by-frame painting, and each costs more than painting one.
REFERENCE_FRAMES = 4


def load_style(
    path: Path | str, device: str = "cpu", precision: str = "float32", style: str | None = None
) -> Painter:
    """Load a painter: a published single-style ``.pth``, the same or a Torch7 network imported into ``.safetensors``,
    or our own ``.safetensors`` with its yaml beside it.

    ``device`` and ``precision`` may be ``auto``. ``style`` is the slug that ``paint`` uses where it is given none
    (default: the file's first style). Raises CheckpointError for a file at fault, ChoiceError for a style
    (``unknown_style``), device or precision that is not there.
    """
    path = Path(path)
    tensors = read_tensors(path)
    styles: tuple[Style, ...] = (Style(slug=path.stem, title={"en": path.stem}, painter={}, year=""),)
    digest = None
    layers = read_layers(path)
    network: StyleNetwork | LayeredNetwork
    if layers is not None:
        network = build_layered(path, layers, tensors)
    elif path.suffix == ".safetensors" and not is_published(tensors):
        config = read_config(path)
        styles = config.styles
        digest = painter_digest(path)
        network = StyleNetwork(len(styles), config.widths, config.blocks, published=False, deep=config.deep)
        load_weights(network, older_names.current_names(tensors, older_names.PAINTER), path)
    else:
        network, tensors = build_published(path, tensors)
        load_weights(network, tensors, path)
    where = choose_device(device)
    painter = Painter(network, styles, device=where, dtype=choose_dtype(precision, where), digest=digest)
    painter.default = painter.index(style)
    return painter


class Painter:
    """A loaded style network. ``styles`` are those it can paint in; ``default`` is the row used by default.

    ``own``: how many of the styles, the first ones, are those of the file. ``digest``: see ``row.painter_digest``;
    None for a painter that can learn no more styles. ``smallest_side``: of a frame, in pixels.
    """

    def __init__(
        self,
        network: StyleNetwork | LayeredNetwork,
        styles: tuple[Style, ...],
        *,
        device: torch.device,
        dtype: torch.dtype,
        digest: str | None = None,
    ) -> None:
        self.digest = digest
        self.own = len(styles)
        self.network = network.eval().requires_grad_(False).to(device)
        self.styles = styles
        self.default = 0
        self.device = device
        # One frame at a time keeps its features in the processor's cache; a GPU needs more work at once.
        self.batch = 1 if device.type == "cpu" else GPU_BATCH
        deep = isinstance(network, StyleNetwork) and network.deep is not None
        self.smallest_side = SMALLEST_DEEP_SIDE if deep else SMALLEST_SIDE
        network.compute_in(dtype, self.batch)
        if isinstance(network, StyleNetwork):
            # The forms of a frozen network are verified now, so that the first clip does not wait for it.
            with torch.inference_mode():
                FrozenNetwork(
                    network, 0, torch.zeros(1, 3, VERIFIED_SIDE, VERIFIED_SIDE, device=device), self.batch
                )

    def learn(self, row: StyleRow) -> None:
        """Add a style, or replace it where one of the same name was added before.

        Raises ChoiceError: ``style_exists`` for the name of one of the file's styles, ``style_unusable`` for a row of
        another painter.
        """
        slugs = [known.slug for known in self.styles]
        place = slugs.index(row.style.slug) if row.style.slug in slugs else len(slugs)
        if place < self.own:
            raise ChoiceError(f"there is a style {row.style.slug!r} already", code="style_exists")
        parameters = {
            name: value for name, value in self.network.named_parameters() if name.endswith(STYLE_VECTORS)
        }
        shapes = {name: tuple(value.shape[1:]) for name, value in parameters.items()}
        if self.digest != row.painter or shapes != {key: value.shape for key, value in row.vectors.items()}:
            raise ChoiceError(
                f"the style {row.style.slug!r} was fitted to another painter", code="style_unusable"
            )
        for name, parameter in parameters.items():
            vector = torch.from_numpy(np.asarray(row.vectors[name], np.float32))[None].to(parameter.device)
            parameter.data = torch.cat([parameter.data[:place], vector, parameter.data[place + 1 :]])
        self.styles = (*self.styles[:place], row.style, *self.styles[place + 1 :])

    def index(self, style: str | None) -> int:
        """The row of ``style`` (None: the default). Raises ChoiceError (``unknown_style``), which lists them."""
        if style is None:
            return self.default
        slugs = [known.slug for known in self.styles]
        if style not in slugs:
            raise ChoiceError(
                f"there is no style {style!r}; choose one of {', '.join(slugs)}", code="unknown_style"
            )
        return slugs.index(style)

    def paint(
        self, frames: NDArray[np.uint8], style: str | None = None, *, frozen_statistics: bool = False
    ) -> NDArray[np.uint8]:
        """Paint uint8 RGB frames (T, H, W, 3) in ``style``; the result has the same shape.

        Each frame is normalized by its own statistics, as the networks were published. With ``frozen_statistics`` the
        frames are those of one clip and share their statistics (see ``freeze_statistics``).
        Raises ChoiceError for an unknown style, ValueError for an array of another kind or with sides below
        ``smallest_side``.
        """
        if frozen_statistics and len(frames):
            return self.freeze_statistics(frames, style).paint(frames)
        row = self.index(style)
        return self._paint(frames, lambda x: self.network(x, row))

    def tones(
        self, photo: NDArray[np.uint8], painting: NDArray[np.uint8], style: str | None = None
    ) -> NDArray[np.uint8]:
        """The tone curve, uint8 (256,), for what was painted in ``style``; see ``tone_curve``."""
        return tone_curve(photo, painting, self.styles[self.index(style)].contrast)

    def freeze_statistics(self, clip: NDArray[np.uint8], style: str | None = None) -> FrozenPainter:
        """A painter for the frames of one clip, uint8 (T, H, W, 3), that uses the same statistics for all of them.

        The statistics are those of a few frames spread over ``clip``, so that colours do not flicker. It is also
        faster than ``paint``. A ``LayeredNetwork`` is left as it is. Raises as ``paint`` does.
        """
        _check(clip, self.smallest_side)
        if isinstance(self.network, LayeredNetwork):
            return FrozenPainter(lambda frames: self.paint(frames, style), self.paint(clip[:1], style)[0])
        count = min(len(clip), REFERENCE_FRAMES)
        chosen = [index * len(clip) // count for index in range(count)]
        with torch.inference_mode():
            network = FrozenNetwork(
                self.network, self.index(style), self._to_device(clip[chosen]), self.batch
            )
        return FrozenPainter(
            lambda frames: self._paint(frames, network), _to_frames(network.painted_reference)[0]
        )

    def _paint(self, frames: NDArray[np.uint8], network: Callable[[Tensor], Tensor]) -> NDArray[np.uint8]:
        _check(frames, self.smallest_side)
        painted = np.empty_like(frames)
        step = self.batch
        if step > 1:
            step = max(1, step * GPU_FRAME_PIXELS // (frames.shape[1] * frames.shape[2]))
        with torch.inference_mode():
            for start in range(0, len(frames), step):
                y = network(self._to_device(frames[start : start + step]))  # (B, 3, H, W), nominally 0..1
                painted[start : start + step] = _to_frames(y)
        return painted

    def _to_device(self, frames: NDArray[np.uint8]) -> Tensor:
        """uint8 (B, H, W, 3) -> float32 (B, 3, H, W) in 0..1, channels last."""
        pixels = torch.from_numpy(np.ascontiguousarray(frames)).to(self.device)
        return pixels.permute(0, 3, 1, 2).float().div_(255)


@dataclass(frozen=True)
class FrozenPainter:
    """A painter with one style and one clip's statistics, which paints that clip whole or in parts.

    ``first``: the clip's first frame, painted, uint8 (H, W, 3), which costs next to nothing beside the statistics.
    """

    paint: Callable[
        [NDArray[np.uint8]], NDArray[np.uint8]
    ]  # uint8 (B, H, W, 3) of any size -> uint8, same size
    first: NDArray[np.uint8]


def _to_frames(y: Tensor) -> NDArray[np.uint8]:
    """float32 (B, 3, H, W), nominally 0..1 -> uint8 (B, H, W, 3)."""
    pixels = y.clamp(0, 1).mul_(255).round_().to(torch.uint8)
    frames: NDArray[np.uint8] = pixels.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return frames


def _check(frames: NDArray[np.uint8], smallest: int) -> None:
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3:
        raise ValueError(f"frames must be uint8 (T, H, W, 3), not {frames.dtype} {frames.shape}")
    if min(frames.shape[1:3]) < smallest:
        raise ValueError(f"frames must be at least {smallest} pixels high and wide, not {frames.shape}")
