"""How well a motion model treats groups of people: by skin tone, and by attributes that a table of labels gives.

Three numbers for each clip of the validation set:

- ``closure``: how far the eyes close in a full blink of the first frame, 1 being shut: the height of the lids'
  contours, relative to the face at rest.
- ``akd``: the mean distance in pixels of 256 between the landmarks of generated and true frames.
- ``identity``: how much the face's appearance changes in a turn of the head and a smile: 1 minus the correlation
  of the face at rest with the moved one, brought back by an affine fit. No network recognizes people here.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.fomm.model import MotionModel
from portrait.engine.motion import load_motion
from portrait.engine.photo.landmarks import EYE_RINGS, FaceLandmarks, face_landmarks
from portrait.engine.photo.picture import Picture
from portrait.training.errors import TrainingDataError
from portrait.training.motion.clips import FRAME_SIDE
from portrait.training.motion.validation import ValidationPairs

LABELS_FILE = Path(__file__).parent / "validation_labels.tsv"
METRICS = ("closure", "akd", "identity")
# Landmarks of the cheeks below the eyes, and the lightness (L* of CIELAB, 0..100) from which the next tone begins.
CHEEKS = ([50, 101, 118, 117, 123], [280, 330, 347, 346, 352])
TONE_LIMITS = (30.0, 40.0, 50.0, 60.0, 70.0)
TONES = ("darkest", "dark", "medium dark", "medium light", "light", "lightest")
BLINK, BLINK_FRAME = "breathing", 36  # a frame with shut eyes
MOVES = (("smile", 30), ("proud-turn", 38))


@dataclass(frozen=True)
class ClipMetrics:
    """The numbers of one clip; nan where no face was found."""

    name: str
    groups: tuple[str, ...]
    values: dict[str, float]


def read_labels(path: Path = LABELS_FILE) -> dict[str, tuple[str, ...]]:
    """Groups by clip, from a table with the columns ``clip_id`` and ``groups``, separated by commas.

    Raises TrainingDataError.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        return {row["clip_id"]: tuple(g for g in row["groups"].split(",") if g) for row in rows}
    except (OSError, KeyError, AttributeError) as error:
        raise TrainingDataError(f"{path}: no table with clip_id and groups ({error})") from error


def skin_tone(picture: Picture, points: NDArray[np.float64]) -> str:
    """The group of ``TONES`` by the median lightness of the cheeks; ``points``: (468, 2) in pixels."""
    lightness = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 0]
    mask = np.zeros(picture.shape[:2], np.uint8)
    for cheek in CHEEKS:
        cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points[cheek]).astype(np.int32)), 1)
    if not mask.any():
        return TONES[-1]
    return TONES[int(np.searchsorted(TONE_LIMITS, float(np.median(lightness[mask > 0])), side="right"))]


def eye_height(points: NDArray[np.float64]) -> float:
    """The mean height of the eyes relative to their width, of landmarks (468, 2)."""
    return float(np.mean([_height(points[ring]) for ring in EYE_RINGS]))


def _height(ring: NDArray[np.float64]) -> float:
    """Of a contour whose points 0 and 8 are the corners, and of which 1 to 7 and 15 to 9 lie opposite."""
    gaps = np.linalg.norm(ring[1:8] - ring[:8:-1], axis=1)
    return float(gaps.mean() / np.linalg.norm(ring[8] - ring[0]))


class GroupReport:
    """Measures a model on the clips of the validation pairs."""

    def __init__(self, model: MotionModel, pairs: ValidationPairs, labels: dict[str, tuple[str, ...]]):
        self.model, self.pairs, self.labels = model, pairs, labels

    def run(self) -> list[ClipMetrics]:
        """The numbers of each clip, in their order."""
        clips = self.pairs.faces.clip[self.pairs.source].tolist()
        return [
            self._clip(clip, [i for i, c in enumerate(clips) if c == clip]) for clip in sorted(set(clips))
        ]

    def _clip(self, clip: int, members: list[int]) -> ClipMetrics:
        faces = self.pairs.faces
        source = faces.frames[self.pairs.source[members[0]]].permute(1, 2, 0).numpy()
        name = faces.names[clip]
        points = (
            (faces.landmarks[self.pairs.source[members[0]]].numpy().astype(np.float64) + 1) * FRAME_SIDE / 2
        )
        driving = faces.frames[self.pairs.driving[members]].permute(0, 2, 3, 1).numpy()
        made = self.model.animate(_unit(source), _unit(driving), relative=False)
        distances = []
        for true, picture in zip(self.pairs.driving[members], made, strict=True):
            found = face_landmarks(_bytes(picture))
            if found is not None:
                target = (faces.landmarks[true].numpy() + 1) / 2
                distances.append(np.linalg.norm(found.points - target, axis=1).mean() * FRAME_SIDE)
        values = {
            "closure": self._closure(source),
            "akd": float(np.mean(distances)) if distances else np.nan,
            "identity": self._identity(source),
        }
        groups = (f"tone: {skin_tone(source, points)}", *self.labels.get(name, ()))
        return ClipMetrics(name, groups, values)

    def _moved(self, source: Picture, motion: str, frame: int) -> tuple[Picture, Picture]:
        """The generated face at rest and in a frame of a motion."""
        template = load_motion(motion).only([0, frame])
        rest, moved = self.model.animate(_unit(source), template, relative=True, adapt_scale=True)
        return _bytes(rest), _bytes(moved)

    def _closure(self, source: Picture) -> float:
        rest, shut = (face_landmarks(picture) for picture in self._moved(source, BLINK, BLINK_FRAME))
        if rest is None or shut is None:
            return np.nan
        return 1 - eye_height(shut.points) / max(eye_height(rest.points), 1e-3)

    def _identity(self, source: Picture) -> float:
        distances = []
        for motion, frame in MOVES:
            rest, moved = self._moved(source, motion, frame)
            before, after = face_landmarks(rest), face_landmarks(moved)
            if before is not None and after is not None:
                distances.append(_appearance_distance(rest, before, moved, after))
        return float(np.mean(distances)) if distances else np.nan


def _appearance_distance(a: Picture, at: FaceLandmarks, b: Picture, bt: FaceLandmarks) -> float:
    """1 minus the correlation of two faces, the second one brought onto the first by an affine fit."""
    here, there = at.points * FRAME_SIDE, bt.points * FRAME_SIDE
    matrix, _ = cv2.estimateAffine2D(there.astype(np.float32), here.astype(np.float32), method=cv2.LMEDS)
    if matrix is None:
        return np.nan
    back = cv2.warpAffine(b, matrix, (FRAME_SIDE, FRAME_SIDE), flags=cv2.INTER_LINEAR)
    mask = np.zeros(a.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(here).astype(np.int32)), 1)
    inside = mask > 0
    one, two = (cv2.GaussianBlur(p, (0, 0), 2).mean(2)[inside] for p in (a, back))
    return float(1 - np.corrcoef(one, two)[0, 1])


def group_table(clips: Iterable[ClipMetrics]) -> list[tuple[str, int, dict[str, float], dict[str, float]]]:
    """Of each group: its name, the number of clips, the means, and the means relative to those of all.

    ``closure`` is compared as what stays open. ``all`` comes first; the others by name.
    """
    clips = list(clips)
    means = _means(clips)
    names = sorted({group for clip in clips for group in clip.groups})
    table = [("all", len(clips), means, dict.fromkeys(METRICS, 1.0))]
    for name in names:
        members = [clip for clip in clips if name in clip.groups]
        own = _means(members)
        relative = {m: _badness(m, own) / max(_badness(m, means), 1e-9) for m in METRICS}
        table.append((name, len(members), own, relative))
    return table


def _badness(metric: str, means: dict[str, float]) -> float:
    return 1 - means[metric] if metric == "closure" else means[metric]


def _means(clips: list[ClipMetrics]) -> dict[str, float]:
    return {
        metric: float(np.nanmean([clip.values[metric] for clip in clips] or [np.nan])) for metric in METRICS
    }


def _unit(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(picture, np.float32) / np.float32(255)


def _bytes(picture: NDArray[np.float32]) -> Picture:
    return np.asarray(np.rint(np.clip(picture, 0, 1) * 255), np.uint8)
