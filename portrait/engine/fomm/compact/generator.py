"""The compact generator: warps the picture and its features, and blends the warped picture with the decoded one."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.compact.layers import ConvNorm, ResidualBlock, UpConvNorm
from portrait.engine.fomm.sampling import sample_features
from portrait.engine.runtime.memory_layout import fit, join


class Generator(nn.Module):
    """Warps the source and its features, decodes the features, and blends: m * warped + (1 - m) * decoded.

    ``channels``: at half, quarter and eighth size. ``num_res`` residual blocks lie at an eighth, ``res_mid`` at a
    quarter. ``num_cond``: maps of the driver (``DenseMotion.driver_blobs``).
    """

    def __init__(self, channels: tuple[int, int, int], num_res: int, res_mid: int, num_cond: int) -> None:
        super().__init__()
        half, quarter, eighth = channels
        self.half_encoder = nn.Sequential(ConvNorm(12, half), ConvNorm(half, half))
        self.quarter_encoder = ConvNorm(half, quarter, 2)
        self.eighth_encoder = ConvNorm(quarter, eighth, 2)
        self.bottleneck = nn.Sequential(*[ResidualBlock(eighth) for _ in range(num_res)])
        self.condition = nn.Conv2d(num_cond, eighth, 3, 1, 1)
        self.quarter_upsampler = UpConvNorm(eighth, quarter)
        self.quarter_decoder = nn.Sequential(
            ConvNorm(2 * quarter + 1 + num_cond, quarter), *[ResidualBlock(quarter) for _ in range(res_mid)]
        )
        self.half_upsampler = UpConvNorm(quarter, half)
        self.half_decoder = nn.Sequential(ConvNorm(2 * half + 12 + 1, half), ConvNorm(half, half))
        self.output = nn.Conv2d(half, 16, 3, 1, 1)

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, 256, 256) in 0..1 -> features (B, half, 128, 128), (B, quarter, 64, 64),
        (B, eighth, 32, 32)."""
        packed = F.pixel_unshuffle(source * 2 - 1, 2)  # (B, 12, 128, 128)
        half = self.half_encoder(packed.contiguous(memory_format=torch.channels_last))
        quarter = self.quarter_encoder(half)
        return half, quarter, self.eighth_encoder(quarter)

    def forward(
        self,
        source: Tensor,
        features: tuple[Tensor, Tensor, Tensor],
        flow: Tensor,
        occlusion: Tensor,
        blobs: Tensor,
        sampling: str,
    ) -> Tensor:
        """One source (1, 3, 256, 256) and its features, or B of them; B flows (B, 128, 128, 2) ->
        float32 (B, 3, 256, 256).

        Crops of the flow, the occlusion map and the blobs, with sides that are multiples of 4 at 128, give that crop.
        """
        batch = len(flow)
        field = flow.permute(0, 3, 1, 2)  # (B, 2, 128, 128)
        full = F.interpolate(field, scale_factor=2, mode="bilinear", align_corners=False)
        fields, occlusions = ([x, F.avg_pool2d(x, 2), F.avg_pool2d(x, 4)] for x in (field, occlusion))
        picture = sample(source, full, batch, sampling).clamp(0, 1)
        half, quarter, eighth = (
            fit(
                sample_features(level, f.permute(0, 2, 3, 1), o, border=True, align_corners=False),
                self.output,
            )
            for level, f, o in zip(features, fields, occlusions, strict=True)
        )
        blobs = fit(blobs, self.output)
        y = self.bottleneck(eighth + self.condition(F.avg_pool2d(blobs, 2)))  # (B, eighth, 32, 32)
        y = self.quarter_decoder(
            join([self.quarter_upsampler(y), quarter, occlusions[1], blobs], self.output)
        )  # (B, quarter, 64, 64)
        packed = F.pixel_unshuffle(picture * 2 - 1, 2)
        y = self.half_decoder(
            join([self.half_upsampler(y), half, packed, occlusion], self.output)
        )  # (B, half, 128, 128)
        z = F.pixel_shuffle(self.output(y).float().contiguous(), 2)  # (B, 4, 256, 256)
        keep = torch.sigmoid(z[:, 3:])
        decoded = torch.sigmoid(4 * z[:, :3] + torch.logit(picture.clamp(0.02, 0.98)))
        return keep * picture + (1 - keep) * decoded


def sample(image: Tensor, field: Tensor, batch: int, mode: str) -> Tensor:
    """Sample one (1, C, H, W), or B of them, at (B, 2, h, w) -> (B, C, h, w); outside, the border is replicated."""
    grid = field.permute(0, 2, 3, 1)
    return F.grid_sample(
        image.expand(batch, -1, -1, -1), grid, mode=mode, padding_mode="border", align_corners=False
    )
