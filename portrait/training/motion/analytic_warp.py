"""The analytic warp: dense motion computed from the keypoints alone, by Gaussian masks without a network."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.fomm.compact.dense_motion import DenseMotion
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.motion.anatomy import NAMES

# The Gaussian mask of each keypoint: its width in face units, and its logit. Chosen by hand.
GAUSSIANS = {
    "eye_right": (0.085, 1.5),
    "eye_left": (0.085, 1.5),
    "brow_right": (0.11, 0.0),
    "brow_left": (0.11, 0.0),
    "bridge": (0.12, 0.0),
    "nose": (0.12, 0.0),
    "mouth_right": (0.10, 0.5),
    "mouth_left": (0.10, 0.5),
    "upper_lip": (0.075, 1.0),
    "lower_lip": (0.075, 1.0),
    "chin": (0.15, 0.0),
    "jaw_right": (0.19, 0.0),
    "jaw_left": (0.19, 0.0),
    "temple_right": (0.19, 0.0),
    "temple_left": (0.19, 0.0),
    "crown": (0.42, -1.0),
}
BACKGROUND_LOGIT = -3.0
OCCLUSION_LOGIT = 2.0  # initial logit of the occlusion map: nearly nothing is occluded


def initialize_dense_motion(dense: DenseMotion) -> None:
    """Initialize to the analytic warp: fixed Gaussian masks, and a zero last layer for the learned correction."""
    widths, logits = zip(*(GAUSSIANS[name] for name in NAMES), strict=True)
    with torch.no_grad():
        dense.log_widths.copy_(torch.tensor(widths).log())
        dense.prior_logits.copy_(torch.tensor(logits))
        dense.background_logit.fill_(BACKGROUND_LOGIT)
        dense.output.weight.zero_()
        assert dense.output.bias is not None
        dense.output.bias.zero_()
        dense.output.bias[len(NAMES) + 1] = OCCLUSION_LOGIT


def analytic_dense_motion() -> DenseMotion:
    """A dense motion module for ``analytic_flow``; its network is minimal and never run."""
    dense = DenseMotion(len(NAMES), (8, 8), 0.01, 1.0)
    initialize_dense_motion(dense)
    return dense.eval()


def analytic_flow(dense: DenseMotion, source: Keypoints, driving: Keypoints) -> Tensor:
    """The flow of the Gaussian masks alone: (B, 128, 128, 2) in -1..1."""
    masks = torch.softmax(dense.log_prior(driving, 128), 1)
    return dense.combine(masks, dense.motions(source, driving))


def warp_by_flow(images: Tensor, flow: Tensor) -> Tensor:
    """Images (B, C, H, W) sampled at the positions of a flow (B, h, w, 2) -> float32 (B, C, h, w)."""
    return F.grid_sample(images.float(), flow.float(), padding_mode="border", align_corners=False)


def upsample_flow(flow: Tensor) -> Tensor:
    """A flow (B, h, w, 2) bilinearly upsampled to (B, 2h, 2w, 2)."""
    field = flow.permute(0, 3, 1, 2)
    return F.interpolate(field, scale_factor=2, mode="bilinear", align_corners=False).permute(0, 2, 3, 1)
