"""Stage two: dense motion learns the flow between two frames, starting exactly at the analytic warp."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.compact.dense_motion import DenseMotion
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.motion.anatomy import NAMES
from portrait.training.augment import Camera
from portrait.training.clips import Split
from portrait.training.losses import charbonnier, gradient_difference, ssim
from portrait.training.pairs import PairSampler, bending, blur_keypoints, flow_loss, still_loss
from portrait.training.run import Trainee
from portrait.training.validation import JudgePairs, Mean
from portrait.training.validation_sheets import spread, to_pixels, write_grid

CAMERA = Camera(smallest=0.8, largest=1.2, rotation=14, shift=0.04)
# The analytic warp, fixed by hand: the width of each keypoint's Gaussian in face units, and its logit (default 0).
WIDTHS = {
    "eye_right": 0.085,
    "eye_left": 0.085,
    "brow_right": 0.11,
    "brow_left": 0.11,
    "bridge": 0.12,
    "nose": 0.12,
    "mouth_right": 0.10,
    "mouth_left": 0.10,
    "upper_lip": 0.075,
    "lower_lip": 0.075,
    "chin": 0.15,
    "jaw_right": 0.19,
    "jaw_left": 0.19,
    "temple_right": 0.19,
    "temple_left": 0.19,
    "crown": 0.42,
}
LOGITS = {
    "eye_right": 1.5,
    "eye_left": 1.5,
    "mouth_right": 0.5,
    "mouth_left": 0.5,
    "upper_lip": 1.0,
    "lower_lip": 1.0,
    "crown": -1.0,
}
BACKGROUND = -3.0
SHOWN_BY_GENERATOR = 2.0  # logit of the occlusion map at the start: nearly everything is shown
FLOW, PICTURE, STRUCTURE, SHARPNESS, STILL, BENDING = 0.6, 4.0, 1.0, 2.0, 0.1, 0.15  # weights of the losses
JUDGED = 4  # driving frames of each validation clip


class DenseStage(Trainee):
    """Supervised by the landmarks' mesh where there is a face, and by the warped picture everywhere."""

    name = "dense"

    def __init__(
        self, dense: DenseMotion, data: Split, *, batch: int, seed: int, device: torch.device
    ) -> None:
        self.networks = nn.ModuleDict({"dense_motion": dense})
        self.data, self.device = data, device
        self.generator = torch.Generator().manual_seed(seed)
        self.pairs = PairSampler(
            data.training, data.mesh, camera=CAMERA, light=0.7, batch=batch, generator=self.generator
        )

    def step(self) -> dict[str, Tensor]:
        pairs = self.pairs.draw(self.device)
        source, driving = F.avg_pool2d(pairs.source, 2), F.avg_pool2d(pairs.driving, 2)
        own = blur_keypoints(pairs.source_keypoints, self.generator)
        other = blur_keypoints(pairs.driving_keypoints, self.generator)
        with torch.autocast(self.device.type, torch.bfloat16):
            flow, _ = self.networks["dense_motion"](source, own, other)
        moved = warp(source, flow)
        near = 1 + (pairs.weight - 1).clamp(0, 3)
        losses = {
            "flow": flow_loss(flow, pairs),
            "picture": (charbonnier(moved - driving).mean(1).clamp(max=0.4) * near).mean(),
            "structure": (1 - ssim(moved, driving, 7, 2)).mean(),
            "sharpness": gradient_difference(moved, driving),
            "still": still_loss(flow, pairs),
            "bending": bending(flow),
        }
        weights = (FLOW, PICTURE, STRUCTURE, SHARPNESS, STILL, BENDING)
        losses["loss"] = torch.stack([w * x for w, x in zip(weights, losses.values(), strict=True)]).sum()
        return losses

    def validate(self, averaged: nn.ModuleDict, folder: Path) -> dict[str, float]:
        """L1 and SSIM at 128 pixels of the warp alone, beside the source copied and the analytic warp."""
        pairs = JudgePairs(self.data.validation, JUDGED)
        dense = averaged["dense_motion"]
        analytic = analytic_motion().to(self.device)
        mean, rows = Mean(), []
        for begin in range(0, len(pairs), 16):
            source, driving, own, other = pairs.batch(begin, 16)
            source, driving = (
                F.avg_pool2d(source, 2).to(self.device),
                F.avg_pool2d(driving, 2).to(self.device),
            )
            own, other = own.to(self.device), other.to(self.device)
            with torch.autocast(self.device.type, torch.bfloat16):
                flow, _ = dense(source, own, other)
            made = {
                "copy": source,
                "analytic": warp(source, analytic_flow(analytic, own, other)),
                "learned": warp(source, flow),
            }
            for name, picture in made.items():
                mean.add_pictures(name, picture, driving)
            rows += [torch.cat([source, driving, made["analytic"], made["learned"]], 3)]
        shown = torch.cat(rows)
        write_grid(folder / "dense.png", [[tile] for tile in to_pixels(shown[spread(len(shown), 12)])])
        return mean.numbers()


def prepare_dense(dense: DenseMotion) -> None:
    """Begin at the analytic warp: fixed Gaussian masks, and a correction whose last layer is zero."""
    with torch.no_grad():
        dense.log_widths.copy_(torch.tensor([WIDTHS[name] for name in NAMES]).log())
        dense.prior_logits.copy_(torch.tensor([LOGITS.get(name, 0.0) for name in NAMES]))
        dense.background_logit.fill_(BACKGROUND)
        dense.output.weight.zero_()
        assert dense.output.bias is not None
        dense.output.bias.zero_()
        dense.output.bias[len(NAMES) + 1] = SHOWN_BY_GENERATOR


def analytic_motion() -> DenseMotion:
    """The analytic warp, to be compared with; its network is never run."""
    dense = DenseMotion(len(NAMES), (8, 8), 0.01, 1.0)
    prepare_dense(dense)
    return dense.eval()


def analytic_flow(dense: DenseMotion, source: Keypoints, driving: Keypoints) -> Tensor:
    """The flow of the Gaussian masks alone, without any network: (B, 128, 128, 2)."""
    masks = torch.softmax(dense.log_prior(driving, 128), 1)
    return dense.combine(masks, dense.motions(source, driving))


def warp(pictures: Tensor, flow: Tensor) -> Tensor:
    """(B, C, H, W) sampled at (B, h, w, 2) -> float32 (B, C, h, w)."""
    return F.grid_sample(pictures.float(), flow.float(), padding_mode="border", align_corners=False)
