"""The compact dense motion network: from keypoints to a backward flow and an occlusion map."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.compact.geometry import (
    COARSE,
    FINE,
    coordinate_grid,
    inverse,
    product,
    quadratic,
    without_autocast,
)
from portrait.engine.fomm.compact.layers import ConvNorm, Hourglass
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.motion.anatomy import CROWN, EYES, MOUTH
from portrait.engine.runtime.memory_layout import join

EYE_WIDTH = 0.13  # how far around an eye its lids reach, in face units
MOUTH_WIDTH = 0.16  # how far the mouth's keypoints reach, in face units
RESIDUAL_REACH = 0.1  # the displacement of one unit of the residual flow's output, in coordinates


class DenseMotion(nn.Module):
    """Backward flow from keypoints: a softmax over affine motions, one per keypoint and one for the still background.

    The masks start from an analytic prior, a Gaussian in each keypoint's own frame; a network corrects their logits.
    With ``residual_flow`` a small free displacement is added to the affine motions. ``mask_gain`` damps the learned
    correction away from the mouth, ``eye_gain`` damps everything learned at the eyes.
    """

    def __init__(
        self,
        num_kp: int,
        channels: tuple[int, ...],
        kp_variance: float,
        mask_gain: float,
        *,
        eye_gain: float = 1.0,
        residual_flow: bool = False,
    ) -> None:
        super().__init__()
        self.kp_variance, self.mask_gain, self.residual_flow = kp_variance, mask_gain, residual_flow
        self.eye_gain = eye_gain
        self.log_widths = nn.Parameter(torch.zeros(num_kp))  # log of each Gaussian's width, in face units
        self.prior_logits = nn.Parameter(torch.zeros(num_kp))
        self.background_logit = nn.Parameter(torch.zeros(()))
        self.hourglass = Hourglass((num_kp + 1) * 5, channels)
        self.coarse_head = ConvNorm(self.hourglass.width, 32)
        self.fine_head = ConvNorm(32 + 3 + num_kp + 1, 32)
        # Logits of the masks, logit of the occlusion, and the residual flow where there is one.
        self.output = nn.Conv2d(32, num_kp + 2 + 2 * residual_flow, 3, 1, 1)

    def motions(self, source: Keypoints, driving: Keypoints) -> Tensor:
        """The affine maps z -> A z + t from the driving frame into the source: (B, K+1, 2, 3), the identity first."""
        assert source.jacobian is not None and driving.jacobian is not None
        linear = product(source.jacobian, inverse(driving.jacobian))  # (B, K, 2, 2)
        shift = source.value - (linear * driving.value[:, :, None]).sum(-1)  # (B, K, 2)
        maps = torch.cat([linear, shift[..., None]], -1)
        still = torch.eye(2, 3, device=maps.device).expand(len(maps), 1, 2, 3)
        return torch.cat([still, maps], 1)

    def log_prior(self, driving: Keypoints, side: int) -> Tensor:
        """Logits of the analytic masks, (B, K+1, side, side): Gaussians in each keypoint's own frame."""
        assert driving.jacobian is not None
        local = inverse(driving.jacobian)
        form = (
            product(local.transpose(-1, -2), local) * (-0.5 * torch.exp(-2 * self.log_widths))[:, None, None]
        )
        logits = quadratic(form, driving.value, side).add_(self.prior_logits[:, None, None]).clamp_(min=-12)
        return torch.cat([self.background_logit.expand(len(logits), 1, side, side), logits], 1)

    def driver_blobs(self, source: Keypoints, driving: Keypoints) -> Tensor:
        """The generator's condition on the driver, (B, 2K, 64, 64): narrow Gaussians at its keypoints, and the same
        times each one's vertical stretch against the source (a stretched lip is an open mouth)."""
        assert source.jacobian is not None and driving.jacobian is not None
        local = inverse(driving.jacobian)
        form = (
            product(local.transpose(-1, -2), local) * (-1.4 * torch.exp(-2 * self.log_widths))[:, None, None]
        )
        grid = coordinate_grid(COARSE, form.device)
        x, y = (grid - driving.value[:, :, None, None]).unbind(-1)  # (B, K, 64, 64) each
        q = form[..., None, None]  # (B, K, 2, 2, 1, 1)
        blobs = torch.exp(
            q[:, :, 0, 0] * x * x + (q[:, :, 0, 1] + q[:, :, 1, 0]) * x * y + q[:, :, 1, 1] * y * y
        )
        stretch = product(driving.jacobian, inverse(source.jacobian))[..., 1, 1]
        return torch.cat([blobs, blobs * (stretch - 1).clamp(-2, 2)[:, :, None, None]], 1)

    def forward(self, half: Tensor, source: Keypoints, driving: Keypoints) -> tuple[Tensor, Tensor]:
        """One source at 128 pixels, (1, 3, 128, 128), or B of them, and B pairs of keypoints ->
        flow float32 (B, 128, 128, 2) in -1..1, occlusion map float32 (B, 1, 128, 128) in 0..1."""
        batch, count = len(driving), driving.value.shape[1] + 1
        maps = self.motions(source, driving)
        # 1. Coarse: the source under each motion, the heat of the keypoints, the analytic masks.
        quarter = F.avg_pool2d(half, 2)  # (1, 3, 64, 64)
        with without_autocast(maps):
            size = [batch * count, 1, COARSE, COARSE]
            grids = F.affine_grid(maps.reshape(-1, 2, 3), size, align_corners=False)
        # One sampling for all motions of a frame, with their grids concatenated vertically.
        warped = F.grid_sample(
            quarter.expand(batch, -1, -1, -1),
            grids.reshape(batch, count * COARSE, COARSE, 2),
            padding_mode="border",
            align_corners=False,
        )  # (B, 3, count * 64, 64)
        warped = warped.reshape(batch, 3, count, COARSE, COARSE).transpose(1, 2)
        grid = coordinate_grid(COARSE, half.device)
        heat = [
            torch.exp(-0.5 * ((grid - k.value[:, :, None, None]) ** 2).sum(-1) / self.kp_variance)
            for k in (driving, source)
        ]
        still = torch.zeros(batch, 1, COARSE, COARSE, device=half.device)
        x = [
            still,
            heat[0] - heat[1],
            warped.reshape(batch, -1, COARSE, COARSE),
            torch.softmax(self.log_prior(driving, COARSE), 1),
        ]
        y = self.coarse_head(
            self.hourglass(join(x, self.output))
        )  # (B, 5 * count, 64, 64) -> (B, 32, 64, 64)
        # 2. Fine: a correction to the analytic masks' logits, and the occlusion map.
        prior = self.log_prior(driving, FINE)
        x = [
            F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False),
            half.expand(batch, -1, -1, -1),
            torch.softmax(prior, 1),
        ]
        # (B, 36 + K, 128, 128) -> (B, K + 2 [+ 2], 128, 128)
        logits = self.output(self.fine_head(join(x, self.output))).float()
        hidden = logits[:, count : count + 1]
        correction = logits[:, :count]
        residual = logits[:, count + 1 :]
        if self.mask_gain < 1:
            correction = correction * self.mouth_gain(driving)
        if self.eye_gain < 1:
            near_eyes = self.around_eyes(driving)
            correction, residual = correction * near_eyes, residual * near_eyes
        masks = torch.softmax(correction + prior, 1)  # (B, count, 128, 128)
        flow = self.combine(masks, maps)
        if self.residual_flow:
            flow = flow + RESIDUAL_REACH * residual.permute(0, 2, 3, 1)
        return flow, torch.sigmoid(hidden)

    def mouth_gain(self, driving: Keypoints) -> Tensor:
        """The damping of the learned correction, (B, 1, 128, 128): ``mask_gain`` everywhere, 1 at the mouth."""
        assert driving.jacobian is not None
        local = inverse(driving.jacobian[:, MOUTH])
        form = product(local.transpose(-1, -2), local) * (-0.5 / MOUTH_WIDTH**2)
        near = torch.exp(quadratic(form, driving.value[:, MOUTH], FINE).amax(1, keepdim=True))
        return self.mask_gain + (1 - self.mask_gain) * near

    def around_eyes(self, driving: Keypoints) -> Tensor:
        """The damping of everything learned, (B, 1, 128, 128): 1 everywhere, ``eye_gain`` at the eyes.

        The correction learns the mean of many blinks, an eye half open; the analytic masks close it.
        """
        assert driving.jacobian is not None
        # The frame of the whole face: a blink flattens the eye's own frame to less than its lids.
        local = inverse(driving.jacobian[:, CROWN : CROWN + 1])
        form = (product(local.transpose(-1, -2), local) * (-0.5 / EYE_WIDTH**2)).expand(-1, 2, -1, -1)
        near = torch.exp(quadratic(form, driving.value[:, EYES], FINE).amax(1, keepdim=True))
        return 1 - (1 - self.eye_gain) * near

    @staticmethod
    def combine(masks: Tensor, maps: Tensor) -> Tensor:
        """sum_k mask_k (A_k z + t_k): masks (B, n, h, w), maps (B, n, 2, 3) -> (B, h, w, 2)."""
        batch, count, height, width = masks.shape
        with without_autocast(masks):
            mixed = maps.reshape(batch, count, 6).transpose(1, 2) @ masks.reshape(batch, count, -1)
        mixed = mixed.reshape(batch, 2, 3, height, width)
        x, y = coordinate_grid(height, masks.device).unbind(-1)
        return torch.stack([m[:, 0] * x + m[:, 1] * y + m[:, 2] for m in mixed.unbind(1)], -1)
