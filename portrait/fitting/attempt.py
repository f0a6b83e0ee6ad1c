"""One attempt at fitting a style: from the picture of a painting to a packed style and pictures of it.

The astronaut of scikit-image (NASA, public domain) shows what the style does. Needs nothing that is not installed
with the service: pictures are compared by the small network beside the painter.
"""

from __future__ import annotations

from pathlib import Path

from skimage import data

from portrait.engine.errors import CheckpointError, EngineError
from portrait.engine.output.ai_mark import stamp
from portrait.engine.output.encoders import encode_png
from portrait.engine.output.provenance import with_provenance
from portrait.engine.photo.crop import crop_face
from portrait.engine.photo.face_detection import find_face
from portrait.engine.photo.picture import Picture
from portrait.engine.pipeline import Engine
from portrait.engine.request import DEFAULT_SIZE, PAINT_AND_CARRY
from portrait.engine.runtime.allocator import return_freed_memory
from portrait.engine.style.catalogue import Style
from portrait.tools.previews import preview_of
from portrait.training.image_files import list_images
from portrait.training.style.add_style import FittedStyle, fit_style
from portrait.worker.attempt import load_engine
from portrait.worker.messages import FitDone, FitOrder, Progress

# What the training takes of the whole, as measured; the rest is painting the astronaut.
TRAINING_SHARE = 0.9
MOTION = "smile"


def fit_painting(order: FitOrder, report: Progress) -> FitDone:
    """The real work, a task as ``portrait.worker.attempt.make_portrait`` is one.

    Raises EngineError: what ``fit_style`` raises, and ``fitting_unavailable`` where this installation lacks what the
    fitting needs. Portraits need none of that, so that it is no fault of the machine.
    """
    engine: Engine = load_engine(order.options)
    fitted, lacking = _fitted(order, engine.options.painter_file, report)
    return_freed_memory()
    if fitted is None:
        raise EngineError(lacking, code="fitting_unavailable")
    style = fitted.row.pack()
    engine.learn(style)
    report("painting", TRAINING_SHARE)
    contents = {"style": style, **_pictures(engine, order.slug)}
    files = {name: f"{name}.fitted" for name in contents}
    for name, file in files.items():
        (Path(order.folder) / file).write_bytes(contents[name])
    return FitDone(
        files, fitted.row.painter, {name: round(value, 4) for name, value in fitted.metrics.items()}
    )


def _fitted(order: FitOrder, weights: Path, report: Progress) -> tuple[FittedStyle | None, str]:
    """The fitted style; or None and what is lacking."""
    photos = Path(order.folder) / "photos"
    photos.mkdir()
    for path in list_images(Path(order.photos)):
        (photos / path.name).symlink_to(path.absolute())
    (photos / "astronaut.png").write_bytes(encode_png(_astronaut()))
    report("training", 0.0)
    try:
        fitted = fit_style(
            Path(order.picture),
            Style(order.slug, dict(order.titles), painter={}, year=""),
            weights,
            photos,
            minutes=order.minutes,
            device=str(order.options.device),
            on_progress=lambda progress: report("training", progress.fraction * TRAINING_SHARE),
        )
    except CheckpointError as error:
        return None, error.detail
    return fitted, ""


def _pictures(engine: Engine, slug: str) -> dict[str, bytes]:
    """The astronaut in the style, by the column of the painting's row."""
    photo = _astronaut()
    subject = engine.subject(crop_face(photo, find_face(photo), DEFAULT_SIZE))
    painted = engine.painted(subject, slug)
    name = MOTION if MOTION in engine.motions else engine.motions[0]
    motion = engine.motion(name)
    preview = preview_of(engine.frames(painted, motion, PAINT_AND_CARRY), motion.fps)
    portrait = with_provenance(encode_png(stamp(painted.still[None])[0]))
    return {"portrait": portrait, "preview": preview.webp, "preview_still": preview.still}


def _astronaut() -> Picture:
    picture: Picture = data.astronaut()
    return picture
