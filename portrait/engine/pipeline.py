"""Photo bytes in, a moving painted portrait out: the steps, in order."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from portrait.engine.canvas import composer
from portrait.engine.canvas.features import features_of
from portrait.engine.canvas.subject import (
    PaintedPhoto,
    PaintedSubject,
    Subject,
    paint_photo,
    surrounded,
    surroundings_of,
)
from portrait.engine.errors import ChoiceError
from portrait.engine.fomm import load_model
from portrait.engine.fomm.model import MotionModel
from portrait.engine.live.file import live_file
from portrait.engine.live.making import live_portrait
from portrait.engine.motion import Motion, list_motions, load_motion, motion_names
from portrait.engine.motion.anatomy import COMPACT_MODEL
from portrait.engine.motion.strength import at_strength
from portrait.engine.options import EngineOptions
from portrait.engine.output.ai_mark import stamp
from portrait.engine.output.content_credentials import Making
from portrait.engine.output.encoders import ClipEncoder, encode_png
from portrait.engine.output.formats import LIVE, NAMES, OF_FRAMES, POSTER, OutputFormat, chosen
from portrait.engine.output.statement import Statement
from portrait.engine.photo.choice import LARGEST, FaceChoice, framed_photo, require_face
from portrait.engine.photo.crop import CROP_SIZE as MODEL_SIDE
from portrait.engine.photo.crop import FaceBox, crop_face
from portrait.engine.photo.decoding import read_photo
from portrait.engine.photo.face_detection import face_detector
from portrait.engine.photo.matte import person_matte
from portrait.engine.photo.picture import Picture
from portrait.engine.photo.readings import Readings, read
from portrait.engine.request import (
    ANIMATE_THEN_PAINT,
    DEFAULT_SIZE,
    DEFAULTS,
    PAINT_AND_CARRY,
    PAINT_THEN_ANIMATE,
    PortraitRequest,
)
from portrait.engine.runtime.allocator import keep_freed_memory
from portrait.engine.runtime.precision import choose_device, choose_dtype
from portrait.engine.runtime.threads import limit_threads
from portrait.engine.stages import OnProgress, Stages
from portrait.engine.style import load_style
from portrait.engine.style.row import StyleRow

# What each stage takes of the whole, as it was measured with the shipped weights on two cores; in the order in
# which the stages are entered. Whatever the order of the request, the still and the background are painted first;
# frames that are painted one by one are painted in the stage "animating".
SHARES = {
    PAINT_AND_CARRY: {"reading": 1, "face": 1, "painting": 12, "animating": 72, "encoding": 14},
    ANIMATE_THEN_PAINT: {"reading": 1, "face": 1, "painting": 6, "animating": 88, "encoding": 4},
    PAINT_THEN_ANIMATE: {"reading": 1, "face": 1, "painting": 13, "animating": 69, "encoding": 16},
}
ANIMATIONS: dict[str, Callable[[MotionModel, PaintedSubject, Motion], Iterator[composer.Frame]]] = {
    PAINT_AND_CARRY: composer.paint_and_carry,
    ANIMATE_THEN_PAINT: composer.animate_then_paint,
    PAINT_THEN_ANIMATE: composer.paint_then_animate,
}

# Of the JPEG of a preview.
PREVIEW_QUALITY = 82

OnStill = Callable[[bytes], None]
OnReadings = Callable[[Readings], None]


@dataclass(frozen=True)
class PortraitFiles:
    """A finished portrait. Each format that was made is an attribute: ``files.webp``, ``files.poster``, as bytes.

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
        if name not in NAMES or name not in self.contents:
            raise AttributeError(name)
        return self.contents[name]


class Engine:
    """The weights in memory. Loading takes seconds, so make one and keep it; use it from one thread at a time.

    The process keeps the memory that a portrait needed (``engine.runtime.allocator``), to make the next one in.

    Raises CheckpointError for weights at fault, ChoiceError for a device, precision or format that is not there,
    CredentialsError for a certificate that cannot sign.
    """

    def __init__(self, options: EngineOptions | None = None) -> None:
        self.options = options or EngineOptions()
        chosen(self.options.formats)  # a wrong name is told before anything is loaded
        self._statement = Statement(self.options.c2pa)
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
        """The names of the styles in the painter's file. Styles that it learned are named, never drawn."""
        return tuple(style.slug for style in self.painter.styles[: self.painter.own])

    def learn(self, style: bytes) -> None:
        """Let the painter know one style more (``style.row``). Raises ChoiceError as ``Painter.learn``."""
        self.painter.learn(StyleRow.unpack(style))

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
        own_motion: Motion | None = None,
        on_still: OnStill | None = None,
        on_readings: OnReadings | None = None,
    ) -> PortraitFiles:
        """Make a moving painted portrait of a face in ``photo`` (JPEG, PNG, WebP, HEIC or AVIF).

        1. Complete the request: style and motion that were not chosen are drawn, the same again for the same seed.
        2. Read the photo: decode, check, turn upright, drop the metadata.
        3. Find the largest face, or the one that ``face`` chooses, turn the photo upright by it, and crop it. A
           FaceBox says where it is in the photo, which is then not searched and not turned.
        4. Paint the crop: the still, which is ready long before the film. Then find the person in it, and paint what
           is behind.
        5. Animate and paint the frames in the request's order; mark and encode them while the next ones are made.
        6. State in each file that a trained algorithm made it.

        ``own_motion`` takes the place of the template that the request names.
        ``on_progress(stage, fraction)`` is called with the stages "reading", "face", "painting", "animating"
        and "encoding", each of which is entered once, and a fraction of the whole that never falls, up to 1.
        ``on_still(poster)`` is called once, in the stage "painting", with the still as a whole PNG file. The
        portrait's own poster is the film's first frame: the same person, and beside them another background.
        ``on_readings`` is called once, in the stage "face", unless the face has no landmarks; without it nothing is
        read.

        Raises ChoiceError for a style, motion or face that does not exist, PhotoError and NoFaceError for the photo,
        EncodingError when an encoder stops. What a callback raises ends the work and is raised.
        """
        # 1. Complete the request. Bad choices are refused before any work is done.
        request = self.completed(request)
        strength = request.strength or 1.0
        motion = (
            at_strength(own_motion, strength) if own_motion else self.motion(str(request.motion), strength)
        )
        stages = Stages(SHARES[str(request.order)], on_progress)

        # 2. Read.
        with stages.enter("reading"):
            picture = read_photo(photo)

        # 3. Find and crop the face.
        with stages.enter("face"):
            side = int(request.size or DEFAULT_SIZE)
            around = self._crop(picture, face, side)
            del picture
            crop = _inner(around, side)
            if on_readings is not None and (readings := read(crop, person_matte(crop))) is not None:
                on_readings(readings)

        # 4. Paint the still, and prepare the film.
        with stages.enter("painting"):
            still = paint_photo(self.painter, around, surroundings_of(side), str(request.style))
            if on_still is not None:
                poster = {POSTER.name: encode_png(self._marked(still.painting))}
                on_still(self._statement.in_files(poster, self._making(request))[POSTER.name])
            painted = still.of(self.subject(crop, around))

        # 5. Animate, paint, mark and encode.
        formats = chosen(self.options.formats)
        with ClipEncoder(
            fps=motion.fps,
            width=side,
            height=side,
            formats=[row for row in formats if row in OF_FRAMES],
            scratch=self.options.scratch,
            threads=self._encoder_threads,
        ) as encoder:
            with stages.enter("animating") as advance:
                for number, frame in enumerate(self.frames(painted, motion, str(request.order)), 1):
                    encoder.write(self._marked(frame)[None])
                    advance(number / len(motion))
            with stages.enter("encoding"):
                # While the encoder works on the frames that it has.
                live = {LIVE.name: self._live(painted, request)} if self._makes_live(formats) else {}
                clip = encoder.finish()
                # 6. State where the files come from.
                contents = self._statement.in_files({**clip.files, **live}, self._making(request))

        return PortraitFiles(contents, request, clip.frames, motion.fps, side, side, stages.seconds)

    def make_live(
        self,
        photo: bytes,
        style: str | None = None,
        seed: int | None = None,
        *,
        size: int = DEFAULT_SIZE,
        face: FaceBox | FaceChoice = LARGEST,
    ) -> bytes:
        """The live portrait alone, as a ``portrait.live`` file (docs/live.md). ``seed`` draws a style not chosen.

        Raises as ``make_portrait``, and ChoiceError (``motion_mismatch``) for a motion model whose keypoints are not
        those of the poses.
        """
        request = self.completed(PortraitRequest(style=style, seed=seed, size=size))
        subject = self.framed(read_photo(photo), face, size)
        live = {LIVE.name: self._live(self.painted(subject, str(request.style)), request)}
        return self._statement.in_files(live, self._making(request))[LIVE.name]

    def _makes_live(self, formats: Sequence[OutputFormat]) -> bool:
        """The poses are keypoints of the compact model: no other model can play them."""
        return LIVE in formats and self.model.keypoint_set == COMPACT_MODEL

    def _live(self, painted: PaintedSubject, request: PortraitRequest) -> bytes:
        return live_file(
            live_portrait(self.model, painted),
            style=str(request.style),
            seed=int(request.seed or 0),
            marked=self.options.ai_mark,
        )

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

    def _making(self, request: PortraitRequest) -> Making:
        return Making(
            painter=self.options.painter_file.stem,
            motion_model=self.options.motion_files[1].stem,
            style=str(request.style),
            motion=request.motion or "",
        )

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

    def framed(self, picture: Picture, face: FaceBox | FaceChoice, size: int) -> Subject:
        """The crop of the face, ``size`` pixels a side. Raises NoFaceError, and ChoiceError for the face."""
        around = self._crop(picture, face, size)
        return self.subject(_inner(around, size), around)

    def _crop(self, picture: Picture, face: FaceBox | FaceChoice, size: int) -> Picture:
        """The crop of the face with its surroundings. Raises NoFaceError, and ChoiceError for the face."""
        if isinstance(face, FaceChoice):
            detector = face_detector(self.options.checkpoints, self.device)
            upright, found = framed_photo(picture, detector, face)
            picture, face = upright.picture, require_face(found)
        return crop_face(picture, face, size, margin=surroundings_of(size))

    def subject(self, source: Picture, surroundings: Picture | None = None) -> Subject:
        """What the canvas needs to know of a crop, uint8 (S, S, 3), and of its surroundings, where they are known."""
        return Subject.of(source, person_matte(source), features_of(source, MODEL_SIDE), surroundings)

    def painted_photo(self, crop: Picture, style: str) -> PaintedPhoto:
        """The painting of a crop, uint8 (S, S, 3). Raises ChoiceError for an unknown style."""
        return paint_photo(self.painter, surrounded(crop), surroundings_of(len(crop)), style)

    def preview(self, crop: Picture, style: str, side: int) -> bytes:
        """The painting of a crop, uint8 (S, S, 3), as a JPEG file of ``side`` pixels, marked and with its statement.

        Raises ChoiceError for an unknown style.
        """
        painting = self.painted_photo(crop, style).painting
        small = Image.fromarray(painting).resize((side, side), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        Image.fromarray(self._marked(np.asarray(small))).save(out, "JPEG", quality=PREVIEW_QUALITY)
        return self._statement.in_file(
            out.getvalue(), "image/jpeg", self._making(PortraitRequest(style=style))
        )

    def painted(self, subject: Subject, style: str) -> PaintedSubject:
        """The subject's paintings. Raises ChoiceError for an unknown style."""
        margin = (len(subject.surroundings) - subject.side) // 2
        return paint_photo(self.painter, subject.surroundings, margin, style).of(subject)

    def frames(self, painted: PaintedSubject, motion: Motion, order: str) -> Iterator[Picture]:
        """The frames of the painted clip, uint8 (S, S, 3), without the AI mark, in one of ``ORDERS``."""
        return (frame.picture for frame in self.composed(painted, motion, order))

    def composed(self, painted: PaintedSubject, motion: Motion, order: str) -> Iterator[composer.Frame]:
        """The same with the person's alpha in each frame."""
        return ANIMATIONS[order](self.model, painted, motion)

    def animate(self, subject: Subject, motion: Motion) -> Iterator[Picture]:
        """The frames of the clip before they are painted, uint8 (S, S, 3)."""
        return (frame.picture for frame in composer.animate(self.model, subject, motion))

    def _marked(self, frame: Picture) -> Picture:
        return stamp(frame[None])[0] if self.options.ai_mark else frame


def _inner(surroundings: Picture, side: int) -> Picture:
    """The crop in the middle of its surroundings."""
    margin = surroundings_of(side)
    return np.ascontiguousarray(surroundings[margin:-margin, margin:-margin])


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
