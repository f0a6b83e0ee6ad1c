"""Photo bytes in, a moving painted portrait out: the steps, in order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portrait.engine.errors import ChoiceError
from portrait.engine.fomm import load_model
from portrait.engine.motion import Motion, list_motions, load_motion, motion_names
from portrait.engine.motion.strength import at_strength
from portrait.engine.options import EngineOptions
from portrait.engine.output.ai_mark import stamp
from portrait.engine.output.encoders import ClipEncoder
from portrait.engine.output.formats import NAMES
from portrait.engine.output.provenance import with_provenance
from portrait.engine.photo.choice import LARGEST, FaceChoice, framed_photo, require_face
from portrait.engine.photo.crop import CROP_SIZE, FaceBox, crop_face
from portrait.engine.photo.decoding import read_photo
from portrait.engine.photo.face_detection import face_detector
from portrait.engine.photo.picture import Picture
from portrait.engine.request import ANIMATE_THEN_PAINT, DEFAULTS, PAINT_THEN_ANIMATE, PortraitRequest
from portrait.engine.runtime.allocator import keep_freed_memory
from portrait.engine.runtime.precision import choose_device, choose_dtype
from portrait.engine.runtime.threads import limit_threads
from portrait.engine.stages import OnProgress, Stages
from portrait.engine.style import load_style

# Frames that go through the painter, the mark and the encoder at once.
BATCH = 6

# What each stage takes of the whole, as it was measured with the shipped weights on two cores; in the order in
# which the stages are entered.
SHARES = {
    ANIMATE_THEN_PAINT: {"reading": 1, "face": 2, "animating": 30, "painting": 37, "encoding": 30},
    PAINT_THEN_ANIMATE: {"reading": 1, "face": 3, "painting": 1, "animating": 56, "encoding": 39},
}


@dataclass(frozen=True)
class PortraitFiles:
    """A finished portrait. Each format of the table is an attribute: ``files.webp``, ``files.poster``, as bytes.

    Every file is whole and carries its provenance. ``request`` has the style, motion, order, seed and strength that
    were used, whether chosen or drawn. ``timings`` are seconds by stage.
    """

    contents: Mapping[str, bytes]  # by the format's name
    request: PortraitRequest
    frames: int
    fps: float
    width: int
    height: int
    timings: dict[str, float]

    def __getattr__(self, name: str) -> bytes:
        # Asked only for what is no field. Unpickling asks before there is a ``contents``.
        if name not in NAMES:
            raise AttributeError(name)
        return self.contents[name]


class Engine:
    """The weights in memory. Loading takes seconds, so make one and keep it; use it from one thread at a time.

    The process keeps the memory that a portrait needed (``engine.runtime.allocator``), to make the next one in.

    Raises CheckpointError for weights at fault, ChoiceError for a device or precision that is not there.
    """

    def __init__(self, options: EngineOptions | None = None) -> None:
        self.options = options or EngineOptions()
        keep_freed_memory()
        threads = limit_threads(self.options.threads)
        # The encoder runs beside the painter.
        self._encoder_threads = max(1, threads // 2)
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
        request: PortraitRequest = DEFAULTS,
        on_progress: OnProgress | None = None,
        *,
        face: FaceBox | FaceChoice = LARGEST,
    ) -> PortraitFiles:
        """Make a moving painted portrait of a face in ``photo`` (JPEG, PNG, WebP or HEIC).

        1. Complete the request: style and motion that were not chosen are drawn, the same again for the same seed.
        2. Read the photo: decode, check, turn upright, drop the metadata.
        3. Find the largest face, or the one that ``face`` chooses, turn the photo upright by it, and crop it. A
           FaceBox says where it is in the photo, which is then not searched and not turned.
        4. Animate the source and paint the frames, or, for ``paint-then-animate``, paint the source once and
           animate the painting.
        5. Mark and encode the frames while the next ones are being made.
        6. State in each file that a trained algorithm made it.

        ``on_progress(stage, fraction)`` is called with the stages "reading", "face", "animating", "painting"
        and "encoding", each of which is entered once, and a fraction of the whole that never falls, up to 1.

        Raises ChoiceError for a style, motion or face that does not exist, PhotoError and NoFaceError for the photo,
        EncodingError when an encoder stops. What ``on_progress`` raises ends the work and is raised.
        """
        # 1. Complete the request. Bad choices are refused before any work is done.
        request = self.completed(request)
        motion = self.motion(str(request.motion), request.strength or 1.0)
        stages = Stages(SHARES[str(request.order)], on_progress)

        # 2. Read.
        with stages.enter("reading"):
            picture = read_photo(photo)

        # 3. Find and crop the face.
        with stages.enter("face"):
            if isinstance(face, FaceChoice):
                detector = face_detector(self.options.checkpoints, self.device)
                upright, found = framed_photo(picture, detector, face)
                picture, face = upright.picture, require_face(found)
                del upright
            source = crop_face(picture, face, CROP_SIZE)
            del picture

        # 4. and 5. Animate, paint, mark and encode.
        height, width, _ = source.shape
        with ClipEncoder(
            fps=motion.fps,
            width=width,
            height=height,
            scratch=self.options.scratch,
            threads=self._encoder_threads,
        ) as encoder:
            for batch in self._frames(source, motion, request, stages):
                encoder.write(stamp(batch) if self.options.ai_mark else batch)
            with stages.enter("encoding"):
                clip = encoder.finish()
                # 6. State where the files come from.
                contents = {name: with_provenance(data) for name, data in clip.files.items()}

        return PortraitFiles(contents, request, clip.frames, motion.fps, width, height, stages.seconds)

    def completed(self, request: PortraitRequest) -> PortraitRequest:
        """The request with everything chosen: the defaults, a random seed, and the names that the seed draws.

        Raises ChoiceError for an unknown style.
        """
        request = request.or_else(DEFAULTS).seeded()
        draw = random.Random(request.seed)
        # Both are drawn in any case, so that naming the one does not change the other.
        drawn = PortraitRequest(style=draw.choice(self.styles), motion=draw.choice(self._playable()))
        request = request.or_else(drawn)
        self.painter.index(str(request.style))
        return request

    def _playable(self) -> tuple[str, ...]:
        motions = self.motions
        if not motions:
            raise ChoiceError(
                f"no motion in {self.options.motions} fits the model's keypoints ({self.model.keypoint_set})",
                code="unknown_motion",
            )
        return motions

    def motion(self, name: str, strength: float = 1.0) -> Motion:
        """The motion template called ``name``, at a strength of 0.5 to 1.5. Raises ChoiceError."""
        if name in motion_names(self.options.motions) and name not in self.motions:
            raise ChoiceError(
                f"the motion {name!r} is not for this model's keypoints ({self.model.keypoint_set})",
                code="motion_mismatch",
            )
        return at_strength(load_motion(name, self.options.motions), strength)

    def animate(
        self, source: Picture, motion: Motion, *, photo: Picture | None = None
    ) -> Iterator[NDArray[np.uint8]]:
        """Batches of uint8 (B, H, W, 3): ``source``, uint8 (H, W, 3), moved by ``motion``.

        Eyes and mouth are found in ``photo`` where the source is a painting of it: strokes mislead the detector.
        """
        picture = source.astype(np.float32) / np.float32(255)
        seen = picture if photo is None else photo.astype(np.float32) / np.float32(255)
        # Templates are in the proportions of the face that they were made from.
        for batch in self.model.frames(picture, motion, adapt_scale=True, photo=seen):
            yield np.rint(batch * 255).astype(np.uint8)

    def paint(
        self, frames: NDArray[np.uint8], style: str, *, photo: Picture | None = None
    ) -> Iterator[NDArray[np.uint8]]:
        """Batches of painted frames of a clip, uint8 (T, H, W, 3); together they have the clip's shape.

        The painter's statistics are those of the whole clip, so that its colours are steady. One tone curve, from the
        first painted frame and ``photo`` (default: the first frame), goes for all frames.
        """
        painter, curve = self.painter.freeze_statistics(frames, style), None
        for start in range(0, len(frames), BATCH):
            painted = painter.paint(frames[start : start + BATCH])
            if curve is None:
                curve = self.painter.tones(frames[0] if photo is None else photo, painted[0], style)
            yield curve[painted]

    def paint_still(self, picture: Picture, style: str) -> Picture:
        """One painted picture, uint8 (H, W, 3), in the tones of painting and photo."""
        painting = self.painter.paint(picture[None], style)[0]
        return self.painter.tones(picture, painting, style)[painting]

    def _frames(
        self, source: Picture, motion: Motion, request: PortraitRequest, stages: Stages
    ) -> Iterator[NDArray[np.uint8]]:
        """Batches of the finished frames, in the request's order of animating and painting."""
        style = str(request.style)
        if request.order == PAINT_THEN_ANIMATE:
            with stages.enter("painting"):
                painting = self.paint_still(source, style)
            animated = self.animate(painting, motion, photo=source)
            yield from _reported(animated, len(motion), stages, "animating")
        else:
            # All frames are animated before the first is painted; as bytes, 60 of them take 12 MB.
            animated = _reported(self.animate(source, motion), len(motion), stages, "animating")
            frames = np.concatenate(list(animated))
            painted = self.paint(frames, style, photo=source)
            yield from _reported(painted, len(frames), stages, "painting")


def _reported(
    batches: Iterator[NDArray[np.uint8]], total: int, stages: Stages, stage: str
) -> Iterator[NDArray[np.uint8]]:
    """The batches as they come, with the progress of ``stage`` told after each."""
    done = 0
    with stages.enter(stage) as advance:
        for batch in batches:
            done += len(batch)
            advance(done / total)
            yield batch


@lru_cache(maxsize=1)
def default_engine() -> Engine:
    """The engine with the shipped weights, loaded at the first call and kept."""
    return Engine()


def make_portrait(
    photo_bytes: bytes,
    style: str | None = None,
    motion: str | None = None,
    order: str | None = None,
    on_progress: OnProgress | None = None,
    *,
    engine: Engine | None = None,
    **choices: Any,
) -> PortraitFiles:
    """Make a moving painted portrait with ``engine``, by default the shipped one.

    ``style``, ``motion``, ``order`` and further ``choices`` are the fields of PortraitRequest.
    See ``Engine.make_portrait`` for the steps, the progress and the errors.
    """
    request = PortraitRequest(style=style, motion=motion, order=order, **choices)
    return (engine or default_engine()).make_portrait(photo_bytes, request, on_progress)
