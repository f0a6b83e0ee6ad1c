"""Photo bytes in, a moving painted portrait out: the steps, in order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from portrait.engine.errors import ChoiceError
from portrait.engine.fomm import load_model
from portrait.engine.motion import Motion, list_motions, load_motion, motion_names
from portrait.engine.motion.strength import at_strength
from portrait.engine.options import ANIMATE_THEN_PAINT, PAINT_THEN_ANIMATE, EngineOptions, checked_order
from portrait.engine.output.ai_mark import stamp
from portrait.engine.output.encoders import ClipEncoder
from portrait.engine.output.provenance import with_provenance
from portrait.engine.photo.face import CROP_SIZE, crop_face, find_face
from portrait.engine.photo.reading import Picture, clean_jpeg, read_photo
from portrait.engine.runtime.allocator import keep_freed_memory
from portrait.engine.runtime.precision import choose_device, choose_dtype
from portrait.engine.stages import OnProgress, Stages
from portrait.engine.style import load_style

# The still, cropped photo has more pixels than the model's frame: it is what is seen until the portrait is ready.
STILL_SIDE = 512
# Frames on their way through painter, mark and encoder at once.
BATCH = 6

# What each stage takes of the whole, as it was measured with the shipped weights on two cores; in the order in
# which the stages are entered.
SHARES = {
    ANIMATE_THEN_PAINT: {"reading": 1, "face": 2, "animating": 30, "painting": 37, "encoding": 30},
    PAINT_THEN_ANIMATE: {"reading": 1, "face": 3, "painting": 1, "animating": 56, "encoding": 39},
}


@dataclass(frozen=True)
class PortraitFiles:
    """A finished portrait. The films are whole files and carry their provenance; ``still`` is a mere photo."""

    webp: bytes
    gif: bytes
    mp4: bytes
    poster: bytes  # PNG, the first frame
    still: bytes  # JPEG, the cropped photo
    style: str
    motion: str
    order: str
    seed: int
    frames: int
    fps: float
    width: int
    height: int
    timings: dict[str, float]  # seconds, by stage


class Engine:
    """The weights in memory. Loading takes seconds, so make one and keep it; use it from one thread at a time.

    The process keeps the memory that a portrait needed (``engine.runtime.allocator``), to make the next one in.

    Raises CheckpointError for weights at fault, ChoiceError for a device or precision that is not there.
    """

    def __init__(self, options: EngineOptions | None = None) -> None:
        self.options = options or EngineOptions()
        keep_freed_memory()
        if self.options.threads:
            torch.set_num_threads(self.options.threads)
        device = choose_device(self.options.device)
        precision = str(choose_dtype(self.options.precision, device)).removeprefix("torch.")
        self.device = device.type
        self.model = load_model(
            *self.options.motion_files, device=self.device, precision=self.options.precision
        )
        self.painter = load_style(self.options.painter_file, device=self.device, precision=precision)

    @property
    def styles(self) -> tuple[str, ...]:
        """The names of the styles that the painter knows."""
        return tuple(style.slug for style in self.painter.styles)

    @property
    def motions(self) -> tuple[str, ...]:
        """The names of the motion templates that the model can play."""
        fitting = list_motions(self.model.keypoint_set, self.options.motions)
        return tuple(motion.name for motion in fitting)

    def make_portrait(
        self,
        photo: bytes,
        style: str | None = None,
        motion: str | None = None,
        order: str = ANIMATE_THEN_PAINT,
        on_progress: OnProgress | None = None,
        *,
        seed: int | None = None,
        strength: float | None = None,
    ) -> PortraitFiles:
        """Make a moving painted portrait of the largest face in ``photo`` (JPEG, PNG, WebP or HEIC).

        1. Draw what was not chosen: style and motion are random, the same again for the same ``seed``.
        2. Read the photo: decode, check, turn upright, drop the metadata.
        3. Find the face and cut it out.
        4. Animate the source and paint the frames, or, for ``paint-then-animate``, paint the source once and
           animate the painting.
        5. Mark and encode the frames, while the next ones are being made.
        6. State in each file that a trained algorithm made it.

        ``strength``: of the motion, 0.5 to 1.5 (default: the options').
        ``on_progress(stage, fraction)`` is called with the stages "reading", "face", "animating", "painting"
        and "encoding", each of which is entered once, and a fraction of the whole that never falls, up to 1.

        Raises ChoiceError for a style, motion, order or strength that does not exist, PhotoError and NoFaceError for
        the photo, EncodingError when an encoder stops. What ``on_progress`` raises ends the work and is raised.
        """
        # 1. Choose. Bad choices are told before any work is done.
        order = checked_order(order)
        seed = random.SystemRandom().getrandbits(31) if seed is None else seed
        style, motion = self.choose(style, motion, seed)
        performance = self.performance(motion, strength)
        stages = Stages(SHARES[order], on_progress)

        # 2. Read.
        with stages.enter("reading"):
            picture = read_photo(photo)

        # 3. Find and cut out the face.
        with stages.enter("face"):
            face = find_face(picture, checkpoints=self.options.checkpoints, device=self.device)
            source = crop_face(picture, face, CROP_SIZE)
            still = clean_jpeg(crop_face(picture, face, STILL_SIDE))
            del picture

        # 4. and 5. Animate, paint, mark and encode.
        height, width, _ = source.shape
        with ClipEncoder(
            fps=performance.fps,
            width=width,
            height=height,
            scratch=self.options.scratch,
            threads=max(1, torch.get_num_threads() // 2),
        ) as encoder:
            if order == ANIMATE_THEN_PAINT:
                frames = self._painted(source, self._animated(source, performance, stages), style, stages)
            else:
                painting = self._paint_once(source, style, stages)
                frames = self._animated(painting, performance, stages, photo=source)
            for batch in frames:
                encoder.write(stamp(batch) if self.options.ai_mark else batch)
            with stages.enter("encoding"):
                clip = encoder.finish()
                # 6. State where the files come from.
                files = {
                    name: with_provenance(getattr(clip, name)) for name in ("webp", "gif", "mp4", "poster")
                }

        return PortraitFiles(
            **files,
            still=still,
            style=style,
            motion=performance.name,
            order=order,
            seed=seed,
            frames=clip.frames,
            fps=performance.fps,
            width=width,
            height=height,
            timings=stages.seconds,
        )

    def choose(self, style: str | None, motion: str | None, seed: int) -> tuple[str, str]:
        """The style and motion that ``seed`` draws where none is named. Raises ChoiceError for an unknown style."""
        draw = random.Random(seed)
        # Both are drawn in any case, so that naming the one does not change the other.
        drawn_style, drawn_motion = draw.choice(self.styles), draw.choice(self._playable())
        style = style or drawn_style
        self.painter.index(style)
        return style, motion or drawn_motion

    def _playable(self) -> tuple[str, ...]:
        motions = self.motions
        if not motions:
            raise ChoiceError(
                f"no motion in {self.options.motions} fits the model's keypoints ({self.model.keypoint_set})",
                code="unknown_motion",
            )
        return motions

    def performance(self, name: str, strength: float | None = None) -> Motion:
        """The motion template called ``name``, of ``strength`` (default: the options'). Raises ChoiceError."""
        if name in motion_names(self.options.motions) and name not in self.motions:
            raise ChoiceError(
                f"the motion {name!r} is not for this model's keypoints ({self.model.keypoint_set})",
                code="motion_mismatch",
            )
        return at_strength(
            load_motion(name, self.options.motions), self.options.strength if strength is None else strength
        )

    def _animated(
        self, source: Picture, motion: Motion, stages: Stages, photo: Picture | None = None
    ) -> Iterator[NDArray[np.uint8]]:
        """Batches of uint8 (B, H, W, 3): ``source``, uint8 (H, W, 3), performing ``motion``.

        Eyes and mouth are found in ``photo``, where the source is a painting of it: strokes lead the detector astray.
        """
        done = 0
        with stages.enter("animating") as advance:
            picture = source.astype(np.float32) / np.float32(255)
            seen = picture if photo is None else photo.astype(np.float32) / np.float32(255)
            # Templates are in the proportions of the face that they were made from.
            for batch in self.model.frames(picture, motion, adapt_scale=True, photo=seen):
                done += len(batch)
                advance(done / len(motion))
                yield np.rint(batch * 255).astype(np.uint8)

    def _painted(
        self, source: Picture, batches: Iterator[NDArray[np.uint8]], style: str, stages: Stages
    ) -> Iterator[NDArray[np.uint8]]:
        """Batches of painted frames, in the tones of painting and photo. All frames are animated first: the painter
        looks at the whole clip once, to hold its colours steady; as bytes, 60 of them take 12 MB."""
        frames = np.concatenate(list(batches))
        with stages.enter("painting") as advance:
            painter, curve = self.painter.freeze_statistics(frames, style), None
            for start in range(0, len(frames), BATCH):
                painted = painter.paint(frames[start : start + BATCH])
                curve = self.painter.tones(source, painted[0], style) if curve is None else curve
                advance((start + len(painted)) / len(frames))
                yield curve[painted]

    def _paint_once(self, source: Picture, style: str, stages: Stages) -> Picture:
        with stages.enter("painting"):
            painting = self.painter.paint(source[None], style)[0]
            return self.painter.tones(source, painting, style)[painting]


@lru_cache(maxsize=1)
def default_engine() -> Engine:
    """The engine with the shipped weights, loaded at the first call and kept."""
    return Engine()


def make_portrait(
    photo_bytes: bytes,
    style: str | None = None,
    motion: str | None = None,
    order: str = ANIMATE_THEN_PAINT,
    on_progress: OnProgress | None = None,
    *,
    seed: int | None = None,
    strength: float | None = None,
    engine: Engine | None = None,
) -> PortraitFiles:
    """Make a moving painted portrait with ``engine``, by default the shipped one; see ``Engine.make_portrait``."""
    engine = engine or default_engine()
    return engine.make_portrait(photo_bytes, style, motion, order, on_progress, seed=seed, strength=strength)
