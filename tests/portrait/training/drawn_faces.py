"""Drawn faces with known landmarks, so that tests of the training need no recorded clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from portrait.engine.motion.anatomy import mirror_name
from portrait.engine.photo.landmarks import EYE_RINGS, INNER_LIPS
from portrait.training.motion.landmarks import GROUPS, LANDMARKS

FRAMES = 5
# The centre of each landmark group, in units of half the face's height. Of a pair, the right one.
PLACES = {
    "eye_right": (-0.35, -0.2),
    "brow_right": (-0.38, -0.42),
    "bridge": (0, -0.15),
    "nose": (0, 0.15),
    "mouth_right": (-0.25, 0.5),
    "upper_lip": (0, 0.44),
    "lower_lip": (0, 0.58),
    "chin": (0, 0.9),
    "jaw_right": (-0.6, 0.55),
    "temple_right": (-0.75, -0.2),
}
LIP_RING = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95]


def drawn_face(seed: int) -> NDArray[np.float32]:
    """Landmarks (468, 2) of a symmetric face around 0, about -1..1."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (LANDMARKS, 2)) * (0.7, 0.95)
    for name, (group, _) in GROUPS.items():
        if name in PLACES:
            around = rng.normal(0, 0.05, (len(group), 2))
            if name == "eye_right":
                turn = np.linspace(0, 2 * np.pi, len(group), endpoint=False)
                around = np.stack([-0.13 * np.cos(turn), 0.06 * np.sin(turn)], 1)
            points[group] = np.array(PLACES[name]) + around
            if mirror_name(name) != name:
                points[GROUPS[mirror_name(name)][0]] = points[group] * (-1, 1)
    turn = np.linspace(np.pi, -np.pi, len(LIP_RING), endpoint=False)
    points[LIP_RING] = np.array((0, 0.51)) + np.stack([0.2 * np.cos(turn), -0.05 * np.sin(turn)], 1)
    points[[10, 152, 1, 234, 454]] = [(0, -0.95), (0, 1), (0, 0.2), (-0.8, 0), (0.8, 0)]
    return points.astype(np.float32)


def drawn_clip(seed: int, frames: int = FRAMES) -> tuple[list[Image.Image], NDArray[np.float16]]:
    """A face that rotates, moves and blinks: images of 256 x 256, and landmarks (T, 468, 2) in their pixels."""
    rng = np.random.default_rng(seed)
    face, colours = drawn_face(seed), rng.integers(40, 220, (4, 3))
    pictures, landmarks = [], []
    for frame in range(frames):
        phase = 2 * np.pi * frame / frames + seed
        angle, opening = 0.15 * np.sin(phase), 0.55 + 0.45 * np.cos(phase)
        moved = face.copy()
        for ring in EYE_RINGS:
            centre = moved[ring].mean(0)
            moved[ring] = centre + (moved[ring] - centre) * (1, opening)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        pixels = moved @ turn.T * 78 + 128 + np.array([8 * np.sin(phase), 5 * np.cos(phase)])
        image = Image.new("RGB", (256, 256), tuple(colours[0].tolist()))
        draw = ImageDraw.Draw(image)
        outline = pixels[[10, 454, 152, 234]]
        draw.ellipse((*outline.min(0), *outline.max(0)), fill=tuple(colours[1].tolist()))
        for ring in EYE_RINGS:
            draw.polygon([tuple(p) for p in pixels[ring].tolist()], fill=(245, 245, 245))
        draw.polygon([tuple(p) for p in pixels[LIP_RING].tolist()], fill=tuple(colours[2].tolist()))
        assert set(LIP_RING) == set(INNER_LIPS)
        pictures.append(image)
        landmarks.append(pixels)
    return pictures, np.array(landmarks, np.float16)


def write_clips(folder: Path, people: dict[str, str]) -> None:
    """Write a folder for ``train_motion`` with a clip of each person, under its licence."""
    rows, landmarks = ["clip_id\tidentity\trepo_licence"], {}
    for seed, (person, licence) in enumerate(people.items()):
        name = f"clip-{person}"
        pictures, landmarks[name] = drawn_clip(seed)
        (folder / name).mkdir(parents=True)
        for number, picture in enumerate(pictures):
            picture.save(folder / name / f"{number:03d}.png")
        rows.append(f"{name}\t{person}\t{licence}")
    (folder / "index.tsv").write_text("\n".join(rows) + "\n")
    np.savez(folder / "landmarks.npz", **landmarks)  # type: ignore[arg-type]
