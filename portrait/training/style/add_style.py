"""Fits a style to a trained painter, and adds it to its file: only the new style's vectors are trained."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from portrait.engine.checkpoints.older_names import PAINTER, current_names
from portrait.engine.checkpoints.weights import load_weights, read_tensors
from portrait.engine.errors import ChoiceError
from portrait.engine.motion.template import SLUG
from portrait.engine.runtime.memory_layout import channels_last
from portrait.engine.runtime.precision import choose_device, choose_dtype
from portrait.engine.style.catalogue import PainterConfig, Style, read_config
from portrait.engine.style.network import StyleNetwork
from portrait.engine.style.row import STYLE_VECTORS, StyleRow, painter_digest
from portrait.training.perceptual import FEATURES_FILE
from portrait.training.style.export import write_weights_and_yaml
from portrait.training.style.first_row import nearest_style
from portrait.training.style.objective import TAPS
from portrait.training.style.paintings import grams_at_two_sizes, with_contrast
from portrait.training.style.photos import read_photos
from portrait.training.style.recipe import recipe_of
from portrait.training.style.small_features import feature_network
from portrait.training.style.train_styles import OnProgress
from portrait.training.style.training_task import StyleTrainingConfig, StyleTrainingTask
from portrait.training.training_loop import Schedule, train

# With the convolutions fixed, a high learning rate is stable, and the time budget is short.
SCHEDULE = Schedule(
    learning_rate=5e-3, warmup_steps=10, betas=(0.9, 0.99), ema_decay=0.98, max_gradient_norm=5.0
)
# Small crops: the convolutions know the large shapes already.
TRAINING = StyleTrainingConfig(batch=2, side=208)


@dataclass(frozen=True)
class FittedStyle:
    """``row``: the style with its contrast and vectors. ``metrics``: those of ``StyleTrainingTask.validate``."""

    row: StyleRow
    metrics: dict[str, float]


def fit_style(
    image: Path,
    style: Style,
    weights: Path,
    content: Path,
    *,
    perceptual: Path | str | None = None,
    minutes: float,
    device: str = "auto",
    training_config: StyleTrainingConfig | None = None,
    sheet: Path | None = None,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> FittedStyle:
    """Train ``style`` on the painting ``image`` and the photos of ``content``, for the painter ``weights``.

    Args:
        perceptual: a VGG-16's safetensors, or "torchvision"; None: the small network beside ``weights``.
        minutes: the time budget.
        sheet: where to write an image of photos painted in the new style.

    Raises TrainingDataError, CheckpointError, ChoiceError (``bad_name``, ``style_exists``).
    """
    if not SLUG.fullmatch(style.slug):
        raise ChoiceError(
            f"a style's name is a slug of a-z, 0-9 and hyphens, not {style.slug!r}", code="bad_name"
        )
    config, tensors = _read(weights)
    if style.slug in [known.slug for known in config.styles]:
        raise ChoiceError(f"{weights}: there is a style {style.slug!r} already", code="style_exists")
    torch_device = choose_device(device)
    features = feature_network(perceptual or weights.with_name(FEATURES_FILE), TAPS)
    cast(torch.nn.Module, features).to(torch_device)
    training_config = training_config or TRAINING
    recipe = recipe_of(style.slug)
    target = grams_at_two_sizes(image, recipe, features.extract, torch_device)
    network = StyleNetwork(1, config.widths, config.blocks, published=False, deep=config.deep)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        photos = read_photos(content, folder / "faces.json")
        first = (*photos[0].faces, *photos[0].others)[0]
        row = nearest_style(weights, tensors, config, first, target[0], features)
        initial = {
            key: value[row : row + 1] if key.endswith(STYLE_VECTORS) else value
            for key, value in tensors.items()
        }
        load_weights(network, initial, weights)
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(name.endswith(STYLE_VECTORS))
        network.to(torch_device).compute_in(choose_dtype("auto", torch_device), training_config.batch)
        channels_last(network)
        task = StyleTrainingTask(
            network,
            photos,
            [target],
            [recipe],
            features,
            config=training_config,
            device=torch_device,
            seed=seed,
        )
        averaged = train(task, folder, minutes=minutes, schedule=SCHEDULE, on_progress=on_progress)
        with torch.no_grad():
            metrics = task.validate(averaged, folder)
        if sheet is not None:
            sheet.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / f"{task.name}.png", sheet)
    learned = cast(StyleNetwork, averaged["painter"]).state_dict()
    vectors = {key: value[0].cpu().numpy() for key, value in learned.items() if key.endswith(STYLE_VECTORS)}
    return FittedStyle(StyleRow(with_contrast(style, image), vectors, painter_digest(weights)), metrics)


def append_style(row: StyleRow, weights: Path) -> None:
    """Add a fitted style to the painter's file ``weights``.

    The convolutions and the other styles' vectors stay identical bit by bit. Raises CheckpointError.
    """
    config, tensors = _read(weights)
    extended = {
        key: torch.cat([value, torch.from_numpy(row.vectors[key])[None].to(value.dtype)])
        if key.endswith(STYLE_VECTORS)
        else value
        for key, value in tensors.items()
    }
    write_weights_and_yaml(extended, replace(config, styles=(*config.styles, row.style)), weights)


def _read(weights: Path) -> tuple[PainterConfig, dict[str, Tensor]]:
    return read_config(weights), current_names(read_tensors(weights), PAINTER)
