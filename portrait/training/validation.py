"""Fixed pairs of people who were never trained on, and the numbers of what was made for them."""

from __future__ import annotations

import torch
from torch import Tensor

from portrait.engine.fomm.keypoints import Keypoints
from portrait.training.clips import Faces
from portrait.training.keypoint_stage import pick
from portrait.training.losses import ssim
from portrait.training.validation_sheets import as_pictures


class JudgePairs:
    """The first frame of every clip drives to later ones, ``each`` a clip, evenly spread."""

    def __init__(self, faces: Faces, each: int) -> None:
        first, later = [], []
        for clip in range(len(faces.people)):
            members = torch.nonzero(faces.clip == clip)[:, 0]
            chosen = members[torch.linspace(1, len(members) - 1, min(each, len(members) - 1)).round().long()]
            first += [int(members[0])] * len(chosen)
            later += chosen.tolist()
        self.faces, self.first, self.later = faces, torch.tensor(first), torch.tensor(later)

    def __len__(self) -> int:
        return len(self.first)

    def batch(self, begin: int, size: int) -> tuple[Tensor, Tensor, Keypoints, Keypoints]:
        """Sources and driving frames, float32 (B, 3, 256, 256) in 0..1, and the keypoints of their landmarks."""
        first, later = self.first[begin : begin + size], self.later[begin : begin + size]
        frames, keypoints = self.faces.frames, self.faces.keypoints
        return (
            as_pictures(frames[first]),
            as_pictures(frames[later]),
            pick(keypoints, first),
            pick(keypoints, later),
        )


class Mean:
    """Means of several numbers over batches of pictures."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def add(self, name: str, values: Tensor) -> None:
        """``values``: one a picture."""
        self.sums[name] = self.sums.get(name, 0.0) + float(values.sum())
        self.counts[name] = self.counts.get(name, 0) + len(values)

    def add_pictures(self, name: str, made: Tensor, true: Tensor) -> None:
        """L1 and SSIM (every other window) of (B, 3, H, W) in 0..1, as ``<name>_l1`` and ``<name>_ssim``."""
        self.add(f"{name}_l1", (made - true).abs().mean((1, 2, 3)))
        self.add(f"{name}_ssim", ssim(made, true, stride=2).mean((1, 2, 3)))

    def numbers(self) -> dict[str, float]:
        return {name: self.sums[name] / self.counts[name] for name in self.sums}
