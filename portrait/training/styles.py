"""Training the painter: one network, perceptual losses, a pair of scale and shift vectors for each painting."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from portrait.engine.errors import ChoiceError
from portrait.engine.runtime.memory_layout import channels_last
from portrait.engine.runtime.precision import choose_device, choose_dtype
from portrait.engine.style.network import StyleNetwork
from portrait.training.perceptual import Perceptual
from portrait.training.run import Progress, Schedule, Trainee, train
from portrait.training.style_data import (
    Photos,
    draw_crops,
    list_paintings,
    painting_grams,
    read_photos,
    sample,
    with_contrast,
)
from portrait.training.style_export import VECTORS, write_painter
from portrait.training.style_losses import content_distance, gram, gram_distance, instability, total_variation
from portrait.training.validation_sheets import spread, to_pixels, write_grid

TAPS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")  # of VGG-16
DETAIL, CONTENT = 1, 2  # the places of relu2_2 and relu3_3 in them
WIDTHS, BLOCKS = (16, 40, 80), 5  # 7.9 GFLOP (two for each multiply-add) at 256 pixels
SHIFT = 3  # pixels by which a photo moves, at most, that must be painted alike
SEEN_SIDE = 256  # of the pictures that judge
JUDGED, SHOWN = 8, 5  # photos with a face
VECTOR_RATE = 3.0  # of the styles' vectors, beside the convolutions'
RUN = "run.json"
Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Weights:
    """What counts how much."""

    content: float = 0.8
    face: float = 2.2  # more of it where a face is
    detail: float = 0.45  # of relu2_2's content where a face is: eyes and mouths are a few pixels
    style: tuple[float, ...] = (1.0, 1.4, 2.0, 3.0)  # of each tap's Gram matrix
    variation: float = 0.2
    stability: float = 40.0
    noise: float = 0.03  # deviation of the noise that must not change the painting


@dataclass(frozen=True)
class Plan:
    """How the painter is trained."""

    widths: tuple[int, int, int] = WIDTHS
    blocks: int = BLOCKS
    batch: int = 3
    side: int = 176  # of the crops; larger ones show more of a painting's large forms
    weights: Weights = field(default_factory=Weights)
    schedule: Schedule = field(
        default_factory=lambda: Schedule(
            peak=1.5e-3, warmup=60, betas=(0.9, 0.99), averaging=0.995, clip=5.0, validate_every=420.0
        )
    )


class StyleTrainee(Trainee):
    """A style network on its way. Each image of a batch is painted in a style of its own."""

    name = "painter"

    def __init__(
        self,
        network: StyleNetwork,
        photos: tuple[Photos, Photos],
        targets: Sequence[Sequence[Tensor]],
        features: Perceptual,
        *,
        plan: Plan,
        device: torch.device,
        rows: Sequence[int] | None = None,
        seed: int = 0,
    ) -> None:
        """``photos``: for training and for judging; ``targets``: for each style the Gram matrices of ``TAPS``;
        ``rows``: the styles to learn (default: all)."""
        self.networks = nn.ModuleDict({"painter": network})
        self.training, self.judging = photos
        self.targets = [torch.stack(list(layer)).to(device) for layer in zip(*targets, strict=True)]
        self.rows = torch.arange(len(targets)) if rows is None else torch.tensor(rows)
        self.features, self.plan, self.device = features, plan, device
        self.generator = torch.Generator().manual_seed(seed)

    def groups(self) -> list[dict[str, Any]]:
        own = {name: p for name, p in self.networks.named_parameters() if p.requires_grad}
        vectors = [p for name, p in own.items() if name.endswith(VECTORS)]
        # A style's vectors move only when it is its turn, and start alike: they may run.
        return [
            {"params": [p for name, p in own.items() if not name.endswith(VECTORS)], "scale": 1.0},
            {"params": vectors, "scale": VECTOR_RATE},
        ]

    def step(self) -> dict[str, Tensor]:
        plan, weights = self.plan, self.plan.weights
        painter = cast(StyleNetwork, self.networks["painter"])
        # 1. Crops with a little more around them, so that the same photo can be seen from a few pixels aside.
        crops, masks = draw_crops(self.training, plan.batch, plan.side + 2 * SHIFT, self.generator)
        crops, masks = (
            part.to(self.device, memory_format=torch.channels_last)
            for part in (crops, masks[..., SHIFT:-SHIFT, SHIFT:-SHIFT])
        )
        photos = crops[..., SHIFT:-SHIFT, SHIFT:-SHIFT]
        rows = self._draw_rows()
        painted = painter(photos, rows)
        # 2. What both look like, from a corner that is another one each time: where the pooling's grid always lay
        #    on the network's own, a grain could hide between them.
        top, left = (int(torch.randint(8, (), generator=self.generator)) for _ in range(2))
        window = (
            slice(None),
            slice(None),
            slice(top, top + plan.side - 8),
            slice(left, left + plan.side - 8),
        )
        ours, theirs = self._looks(painted[window], photos[window])
        face = masks[window]
        content = content_distance(ours[CONTENT], theirs[1], 1 + weights.face * face).mean()
        detail = content_distance(ours[DETAIL], theirs[0], face).mean()
        style = torch.stack(
            [
                gram_distance(gram(layer), target[rows]).mean()
                for layer, target in zip(ours, self.targets, strict=True)
            ]
        )
        variation = total_variation(painted)
        losses = {"content": content, "detail": detail, "variation": variation}
        losses |= dict(zip(TAPS, style.detach(), strict=True))
        loss = weights.content * content + weights.detail * detail + weights.variation * variation
        loss = loss + (style * style.new_tensor(weights.style)).sum()
        if weights.stability:
            losses["stability"] = self._stability(painter, crops, painted, rows)
            loss = loss + weights.stability * losses["stability"]
        return {"loss": loss, **losses}

    def _draw_rows(self) -> list[int]:
        order = torch.randperm(len(self.rows), generator=self.generator)
        return [int(self.rows[order[place % len(order)]]) for place in range(self.plan.batch)]

    def _looks(self, painted: Tensor, photos: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """All taps of the paintings, and the photos' two taps of content."""
        with self._fast():
            ours = self.features.features(painted)
            with torch.no_grad():
                theirs = self.features.features(photos, last=TAPS[CONTENT])
        return ours, theirs[DETAIL:]

    def _stability(self, painter: StyleNetwork, crops: Tensor, painted: Tensor, rows: list[int]) -> Tensor:
        """Half of the photos again, from a few pixels aside and with noise."""
        count = (len(rows) + 1) // 2
        down, across = (int(torch.randint(-SHIFT, SHIFT + 1, (), generator=self.generator)) for _ in range(2))
        side = self.plan.side
        top, left = SHIFT + down, SHIFT + across
        again = crops[:count, :, top : top + side, left : left + side]
        level = self.plan.weights.noise * float(torch.rand((), generator=self.generator))
        noise = torch.randn(again.shape, generator=self.generator).to(self.device)
        return instability(
            painted[:count], painter(again + level * noise, rows[:count]), (down, across), margin=8
        )

    def _fast(self) -> torch.autocast:
        dtype = choose_dtype("auto", self.device)
        return torch.autocast(self.device.type, torch.bfloat16, enabled=dtype == torch.bfloat16)

    def validate(self, averaged: nn.ModuleDict, folder: Path) -> dict[str, float]:
        """Content and Gram distance on photos that were not trained on; ``painter.png`` shows all styles."""
        painter = cast(StyleNetwork, averaged["painter"])
        photos = self.judging.faces or self.judging.others
        pictures = torch.stack(
            [sample(photos[index], SEEN_SIDE) for index in spread(len(photos), JUDGED)]
        ).to(self.device)
        numbers: dict[str, list[float]] = {"content": [], **{tap: [] for tap in TAPS}}
        columns = [to_pixels(pictures[:SHOWN])]
        for row in self.rows.tolist():
            painted = torch.cat([painter(picture, row) for picture in pictures.split(1)])
            columns.append(to_pixels(painted[:SHOWN]))
            ours, theirs = self._looks(painted, pictures)
            numbers["content"].append(float(content_distance(ours[CONTENT], theirs[1]).mean()))
            for tap, layer, target in zip(TAPS, ours, self.targets, strict=True):
                distance = gram_distance(gram(layer), target[[row] * len(layer)])
                numbers[tap].append(float(distance.mean()))
        write_grid(folder / f"{self.name}.png", [list(row) for row in zip(*columns, strict=True)])
        return {key: sum(values) / len(values) for key, values in numbers.items()}


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
    plan: Plan | None = None,
    seed: int = 0,
    on_progress: Report | None = None,
) -> Path:
    """Train on the photos of ``content`` and the paintings of ``styles``; everything is written into ``folder``.

    The state (``painter.state``), losses (``painter.jsonl``) and a sheet (``painter.png``) of photos that are not
    trained on lie there, at the end ``painter.{safetensors,yaml}``. ``only``: slugs of the paintings to learn;
    ``keep``: of the learned styles to write (default: all). ``resume`` goes on where a killed run stopped, with
    ``minutes`` for that much longer. ``perceptual``: a VGG-16's safetensors, or "torchvision".

    Raises TrainingDataError, CheckpointError for a state that does not fit, ChoiceError (``nothing_to_resume``,
    ``state_exists``, ``minutes_missing``, ``unknown_style``).
    """
    if minutes is None and not resume:
        raise ChoiceError("how many --minutes?", code="minutes_missing")
    plan = plan or Plan()
    place = choose_device(device)
    only = _remembered(folder, only, resume)
    paintings = list_paintings(styles, only)
    slugs = [painting.style.slug for painting in paintings]
    for slug in keep or ():
        if slug not in slugs:
            raise ChoiceError(f"no style {slug!r} is trained here: {', '.join(slugs)}", code="unknown_style")
    features = Perceptual.load(perceptual, TAPS).to(place)
    torch.manual_seed(seed)
    network = make_network(len(paintings), plan, place)
    trainee = StyleTrainee(
        network,
        read_photos(content, folder / "faces.json"),
        [painting_grams(painting.path, features) for painting in paintings],
        features,
        plan=plan,
        device=place,
        seed=seed,
    )
    (folder / RUN).write_text(json.dumps({"styles": slugs}))
    averaged = train(
        trainee, folder, minutes=minutes, resume=resume, schedule=plan.schedule, on_progress=on_progress
    )
    rows = [slugs.index(slug) for slug in keep or slugs]
    return write_painter(
        cast(StyleNetwork, averaged["painter"]),
        [with_contrast(paintings[row].style, paintings[row].path) for row in rows],
        folder / "painter.safetensors",
        rows,
    )


def make_network(styles: int, plan: Plan, device: torch.device) -> StyleNetwork:
    """A new network of the planned size."""
    network = StyleNetwork(styles, plan.widths, plan.blocks, published=False).to(device)
    network.compute_dtype = choose_dtype("auto", device)
    channels_last(network)
    return network


def _remembered(folder: Path, only: Sequence[str] | None, resume: bool) -> Sequence[str] | None:
    """The styles of a run that is resumed: the same ones in the same order, whatever lies in the folder by now."""
    path = folder / RUN
    if not resume or not path.exists():
        return only
    kept: list[str] = json.loads(path.read_text())["styles"]
    if only is not None and list(only) != kept:
        raise ChoiceError(f"the run in {folder} has other styles: {', '.join(kept)}", code="unknown_style")
    return kept
