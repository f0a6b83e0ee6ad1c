"""Texture comes from the warp: outside eyes and mouth the generator may change low frequencies only.

At run time the product composes frames so (``portrait.engine.canvas.changes``).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.motion.anatomy import CROWN, EYES, LIPS
from portrait.training.motion.image_losses import charbonnier

LOW_PASS = 2.0  # pixels of 256: standard deviation, as at run time
EYE_REACH, MOUTH_REACH = 0.2, 0.26  # of the regions of eyes and mouth, in face units


def texture_loss(
    generated: Tensor, warped: Tensor, driving: Keypoints, uncovered: Tensor | None = None
) -> Tensor:
    """High frequencies of the difference of two images (B, 3, H, W), away from eyes and mouth: a scalar.

    ``uncovered``: (B, 1, H, W) in 0..1, where the warp cannot be right and anything is allowed.
    """
    change = generated - warped.detach()
    high = change - low_pass(change)
    free = features_map(driving, generated.shape[-1])
    if uncovered is not None:
        free = torch.maximum(free, uncovered)
    return (charbonnier(high) * (1 - free)).mean()


def low_pass(images: Tensor) -> Tensor:
    """A Gaussian blur of ``LOW_PASS`` pixels of (B, C, H, W), the border replicated."""
    reach = round(3 * LOW_PASS)
    place = torch.arange(-reach, reach + 1, device=images.device, dtype=torch.float32)
    weights = torch.exp(-0.5 * (place / LOW_PASS) ** 2)
    weights = weights / weights.sum()
    channels = images.shape[1]
    across = weights.expand(channels, 1, 1, -1)
    out = F.pad(images, (reach, reach, reach, reach), mode="replicate")
    out = F.conv2d(out, across, groups=channels)
    return F.conv2d(out, across.transpose(2, 3), groups=channels)


def features_map(keypoints: Keypoints, side: int) -> Tensor:
    """1 in eyes and mouth, falling to 0 around them: (B, 1, side, side)."""
    assert keypoints.jacobian is not None
    crown = keypoints.jacobian[:, CROWN]
    size = (crown[:, 0, 0] * crown[:, 1, 1] - crown[:, 0, 1] * crown[:, 1, 0]).abs().sqrt()  # (B,)
    line = (torch.arange(side, device=size.device) + 0.5) * 2 / side - 1
    centres = torch.cat(
        [keypoints.value[:, EYES], keypoints.value[:, LIPS].mean(1, keepdim=True)], 1
    )  # (B, 3, 2)
    reach = torch.tensor([EYE_REACH, EYE_REACH, MOUTH_REACH], device=size.device) * size[:, None]  # (B, 3)
    dx = line[None, None, None, :] - centres[:, :, 0, None, None]
    dy = (line[None, None, :, None] - centres[:, :, 1, None, None]) * 1.25
    distance = torch.sqrt(dx * dx + dy * dy) / reach[..., None, None]  # 1 at the border
    inside = ((1.25 - distance) / 0.4).clamp(0, 1)
    return inside.amax(1, keepdim=True)
