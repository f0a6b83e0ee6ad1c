"""Trains the style network on photos and paintings."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import torch

from portrait.engine.errors import ChoiceError
from portrait.engine.runtime.memory_layout import channels_last
from portrait.engine.runtime.precision import choose_device, choose_dtype
from portrait.engine.style.network import StyleNetwork
from portrait.training.perceptual import FEATURES_FILE
from portrait.training.style.export import write_painter
from portrait.training.style.objective import TAPS
from portrait.training.style.paintings import grams_at_two_sizes, list_paintings, with_contrast
from portrait.training.style.photos import read_pairs, read_photos
from portrait.training.style.recipe import recipe_of
from portrait.training.style.small_features import SmallFeatures
from portrait.training.style.training_task import StyleTrainingConfig, StyleTrainingTask
from portrait.training.training_loop import Progress, require_minutes, train
from portrait.training.vgg_features import VGGFeatures

RUN_FILE = "run.json"
OnProgress = Callable[[Progress], None]


def train_styles(
    content: Path,
    styles: Path,
    folder: Path,
    *,
    perceptual: Path | str,
    only: Sequence[str] | None = None,
    keep: Sequence[str] | None = None,
    minutes: float | None = None,
    resume: bool = False,
    device: str = "auto",
    config: StyleTrainingConfig | None = None,
    clips: Path | None = None,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> Path:
    """Train on the photos of ``content`` and the paintings of ``styles``; returns the weights file in ``folder``.

    The state (``painter.state``), losses (``painter.jsonl``), a sheet of held-out photos (``painter.png``) and, at
    the end, ``painter.{safetensors,yaml}`` and ``painter-features.safetensors`` are written into ``folder``.

    Args:
        perceptual: a VGG-16's safetensors, or "torchvision".
        only: slugs of the paintings to train on (default: all).
        keep: slugs of the trained styles to write (default: all).
        minutes: the time budget; with ``resume``, the time to add.
        resume: continue an interrupted run.
        clips: a folder with a folder of frames for each clip, for the stability of moving pictures.

    Raises TrainingDataError, CheckpointError for a state that does not fit, ChoiceError (``nothing_to_resume``,
    ``state_exists``, ``minutes_missing``, ``unknown_style``).
    """
    require_minutes(minutes, resume)
    config = config or StyleTrainingConfig()
    torch_device = choose_device(device)
    paintings = list_paintings(styles, _styles_of_run(folder, only, resume))
    slugs = [painting.style.slug for painting in paintings]
    for slug in keep or ():
        if slug not in slugs:
            raise ChoiceError(f"no style {slug!r} is trained here: {', '.join(slugs)}", code="unknown_style")
    vgg = VGGFeatures.load(perceptual, TAPS).to(torch_device)
    recipes = [recipe_of(painting.style.slug) for painting in paintings]
    torch.manual_seed(seed)
    task = StyleTrainingTask(
        _build_network(len(paintings), config, torch_device),
        read_photos(content, folder / "faces.json"),
        [
            grams_at_two_sizes(painting.path, recipe, vgg.extract, torch_device)
            for painting, recipe in zip(paintings, recipes, strict=True)
        ],
        recipes,
        vgg,
        config=config,
        device=torch_device,
        pairs=() if clips is None else read_pairs(clips),
        imitate=True,
        seed=seed,
    )
    (folder / RUN_FILE).write_text(json.dumps({"styles": slugs}))
    averaged = train(
        task, folder, minutes=minutes, resume=resume, schedule=config.schedule, on_progress=on_progress
    )
    cast(SmallFeatures, averaged["features"]).save(folder / FEATURES_FILE)
    rows = [slugs.index(slug) for slug in keep or slugs]
    return write_painter(
        cast(StyleNetwork, averaged["painter"]),
        [with_contrast(paintings[row].style, paintings[row].path) for row in rows],
        folder / "painter.safetensors",
        rows,
    )


def _build_network(styles: int, config: StyleTrainingConfig, device: torch.device) -> StyleNetwork:
    """A new network of the configured size."""
    network = StyleNetwork(styles, config.widths, config.blocks, published=False, deep=config.deep).to(device)
    network.compute_in(choose_dtype("auto", device), config.batch)
    channels_last(network)
    return network


def _styles_of_run(folder: Path, only: Sequence[str] | None, resume: bool) -> Sequence[str] | None:
    """The styles to train: ``only``, or those of the run to resume, in the same order. Raises ChoiceError."""
    path = folder / RUN_FILE
    if not resume or not path.exists():
        return only
    stored: list[str] = json.loads(path.read_text())["styles"]
    if only is not None and list(only) != stored:
        raise ChoiceError(f"the run in {folder} has other styles: {', '.join(stored)}", code="unknown_style")
    return stored
