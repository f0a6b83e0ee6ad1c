"""One more style for a painter that is trained: its vectors alone are learned, everything else stays as it is."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import cast

import torch

from portrait.engine.checkpoints.older_names import PAINTER, current_names
from portrait.engine.checkpoints.weights import load_weights, read_tensors
from portrait.engine.errors import ChoiceError
from portrait.engine.motion.template import SLUG
from portrait.engine.runtime.memory_layout import channels_last
from portrait.engine.runtime.precision import choose_device, choose_dtype
from portrait.engine.style.catalogue import PainterConfig, Style, read_config
from portrait.engine.style.network import StyleNetwork
from portrait.training.perceptual import Perceptual
from portrait.training.run import Schedule, train
from portrait.training.style_data import painting_grams, read_photos, with_contrast
from portrait.training.style_export import VECTORS, write_files
from portrait.training.styles import TAPS, Plan, Report, StyleTrainee

# Vectors alone cannot be led far astray, and have only minutes.
SCHEDULE = Schedule(peak=5e-3, warmup=20, betas=(0.9, 0.99), averaging=0.98, clip=5.0)


def add_style(
    image: Path,
    style: Style,
    weights: Path,
    content: Path,
    *,
    perceptual: Path | str,
    minutes: float,
    device: str = "auto",
    plan: Plan | None = None,
    sheet: Path | None = None,
    seed: int = 0,
    on_progress: Report | None = None,
) -> dict[str, float]:
    """Learn to paint like ``image`` for ``minutes``, on the photos of ``content``, and add it to ``weights``.

    The convolutions and the other styles keep every bit. ``sheet``: where to draw photos painted in the new style.
    Returns its numbers on photos that were not trained on, as ``StyleTrainee.validate`` does.

    Raises TrainingDataError, CheckpointError, ChoiceError (``bad_name``, ``style_exists``).
    """
    if not SLUG.fullmatch(style.slug):
        raise ChoiceError(
            f"a style's name is a slug of a-z, 0-9 and hyphens, not {style.slug!r}", code="bad_name"
        )
    config = read_config(weights)
    if style.slug in [known.slug for known in config.styles]:
        raise ChoiceError(f"{weights}: there is a style {style.slug!r} already", code="style_exists")
    tensors = current_names(read_tensors(weights), PAINTER)
    place = choose_device(device)
    features = Perceptual.load(perceptual, TAPS).to(place)
    # A network of one style, which begins as the mean of those that there are.
    network = StyleNetwork(1, config.widths, config.blocks, published=False)
    start = {k: v.float().mean(0, keepdim=True) if k.endswith(VECTORS) else v for k, v in tensors.items()}
    load_weights(network, start, weights)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name.endswith(VECTORS))
    network.to(place).compute_dtype = choose_dtype("auto", place)
    channels_last(network)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        trainee = StyleTrainee(
            network,
            read_photos(content, folder / "faces.json"),
            [painting_grams(image, features)],
            features,
            plan=plan or Plan(),
            device=place,
            seed=seed,
        )
        averaged = train(trainee, folder, minutes=minutes, schedule=SCHEDULE, on_progress=on_progress)
        with torch.no_grad():
            numbers = trainee.validate(averaged, folder)
        if sheet is not None:
            sheet.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / f"{trainee.name}.png", sheet)
    learned = cast(StyleNetwork, averaged["painter"]).state_dict()
    grown = {
        key: torch.cat([value, learned[key].cpu().to(value.dtype)]) if key.endswith(VECTORS) else value
        for key, value in tensors.items()
    }
    styles = (*config.styles, with_contrast(style, image))
    write_files(grown, PainterConfig(config.widths, config.blocks, styles), weights)
    return numbers
