"""The first order motion model as published (Siarohin et al., NeurIPS 2019): its three networks.

Module and parameter names are those of the published checkpoints. Coordinates put -1 and 1 on the centres of the
corner pixels (``align_corners=True``), as when the model was trained.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.fomm.sampling import sample_features
from portrait.engine.runtime.memory_layout import fit
from portrait.engine.runtime.rearrangement import upsample_then


def coordinate_grid(height: int, width: int, device: torch.device) -> Tensor:
    """float32 (H, W, 2): x, y of each pixel in -1..1, corner pixels on -1 and 1."""
    x = torch.linspace(-1, 1, width, device=device)
    y = torch.linspace(-1, 1, height, device=device)
    return torch.stack([x.expand(height, width), y[:, None].expand(height, width)], dim=-1)


def warp(image: Tensor, grid: Tensor) -> Tensor:
    """Sample (B, C, H, W) at float32 (B, h, w, 2) -> (B, C, h, w); black outside, as published."""
    return F.grid_sample(
        image, grid.to(image.dtype), mode="bilinear", padding_mode="zeros", align_corners=True
    )


class AntiAliasDownsample(nn.Module):
    """Gaussian blur, then every n-th pixel; of the blur only those pixels are computed."""

    def __init__(self, channels: int, scale: float) -> None:
        super().__init__()
        sigma = (1 / scale - 1) / 2
        size = 2 * round(sigma * 4) + 1
        offsets = torch.arange(size, dtype=torch.float32) - (size - 1) / 2
        line = torch.exp(-(offsets**2) / (2 * sigma**2))
        kernel = torch.outer(line, line)
        self.register_buffer("weight", (kernel / kernel.sum()).expand(channels, 1, size, size).clone())
        self.weight: Tensor
        self.step = round(1 / scale)

    def forward(self, x: Tensor) -> Tensor:
        """float32 (B, C, H, W) -> (B, C, H / step, W / step)."""
        pad = self.weight.shape[-1] // 2
        return F.conv2d(x, self.weight, stride=self.step, padding=pad, groups=x.shape[1])


class ConvBlock(nn.Module):
    """Convolution, batch normalization, ReLU; published as SameBlock2d."""

    normalized = (("conv", "norm"),)

    def __init__(self, inputs: int, outputs: int, kernel: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)), inplace=True)


class DownBlock(ConvBlock):
    """Halves the size after the block."""

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(super().forward(x), 2)


class UpBlock(ConvBlock):
    """Doubles the size before the block."""

    upsampled = "conv"

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(upsample_then(self.conv, x)), inplace=True)


class ResidualBlock(nn.Module):
    """x + conv(relu(norm(conv(relu(norm(x)))))): normalization and ReLU stand before the convolutions."""

    normalized = (("conv1", "norm2"),)

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(channels)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))
        return x + self.conv2(F.relu(self.norm2(y), inplace=True))


class Encoder(nn.Module):
    def __init__(self, block_expansion: int, inputs: int, num_blocks: int, max_features: int) -> None:
        super().__init__()
        widths = [inputs] + [min(max_features, block_expansion * 2 ** (i + 1)) for i in range(num_blocks)]
        self.down_blocks = nn.ModuleList(DownBlock(a, b) for a, b in itertools.pairwise(widths))

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, C, H, W) -> the input and each block's output, each half the size of the one before."""
        levels = [x]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        return levels


class Decoder(nn.Module):
    def __init__(self, block_expansion: int, inputs: int, num_blocks: int, max_features: int) -> None:
        super().__init__()
        width = [min(max_features, block_expansion * 2**i) for i in range(num_blocks + 1)]
        self.up_blocks = nn.ModuleList(
            # Every block but the deepest also gets the encoder's output of its size.
            UpBlock(width[i + 1] * (1 if i == num_blocks - 1 else 2), width[i])
            for i in reversed(range(num_blocks))
        )
        self.width = block_expansion + inputs

    def forward(self, levels: list[Tensor]) -> Tensor:
        """The encoder's levels -> (B, block_expansion + inputs, H, W)."""
        x = levels[-1]
        for block, skip in zip(self.up_blocks, reversed(levels[:-1]), strict=True):
            x = torch.cat([block(x), skip], dim=1)
        return x


class Hourglass(nn.Module):
    def __init__(self, block_expansion: int, inputs: int, num_blocks: int, max_features: int) -> None:
        super().__init__()
        self.encoder = Encoder(block_expansion, inputs, num_blocks, max_features)
        self.decoder = Decoder(block_expansion, inputs, num_blocks, max_features)
        self.width = self.decoder.width
        self.size_unit = 2**num_blocks  # sides must be multiples, or the skips would not fit

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.decoder(self.encoder(x))
        return out


class KeypointDetector(nn.Module):
    """Keypoints as the mean of a softmax heat map; Jacobians averaged under the same heat."""

    def __init__(
        self,
        *,
        num_kp: int,
        num_channels: int,
        block_expansion: int,
        max_features: int,
        num_blocks: int,
        temperature: float,
        estimate_jacobian: bool,
        scale_factor: float,
        single_jacobian_map: bool,
        pad: int,
    ) -> None:
        super().__init__()
        self.predictor = Hourglass(block_expansion, num_channels, num_blocks, max_features)
        self.kp = nn.Conv2d(self.predictor.width, num_kp, 7, padding=pad)
        maps = 1 if single_jacobian_map else num_kp
        self.jacobian = (
            nn.Conv2d(self.predictor.width, 4 * maps, 7, padding=pad) if estimate_jacobian else None
        )
        self.down = AntiAliasDownsample(num_channels, scale_factor) if scale_factor != 1 else None
        self.size_unit = self.predictor.size_unit * round(1 / scale_factor)
        self.temperature = temperature

    def forward(self, images: Tensor) -> Keypoints:
        """float (B, C, H, W) in 0..1 -> Keypoints."""
        x = images if self.down is None else self.down(images)
        features = self.predictor(fit(x, self.kp))
        heat = self.kp(features).float()  # (B, K, h, w)
        batch, count, height, width = heat.shape
        heat = torch.softmax(heat.reshape(batch, count, -1) / self.temperature, dim=-1)  # (B, K, h * w)
        value = heat @ coordinate_grid(height, width, heat.device).reshape(-1, 2)  # (B, K, 2)
        if self.jacobian is None:
            return Keypoints(value, None)
        maps = self.jacobian(features).float().reshape(batch, -1, 4, height * width)  # (B, 1 or K, 4, h * w)
        jacobian = (heat[:, :, None] * maps).sum(dim=-1).reshape(batch, count, 2, 2)
        return Keypoints(value, jacobian)


class DenseMotion(nn.Module):
    """From keypoints to a backward flow: a softmax over the keypoints' affine motions and a still background."""

    def __init__(
        self,
        *,
        num_kp: int,
        num_channels: int,
        block_expansion: int,
        max_features: int,
        num_blocks: int,
        estimate_occlusion_map: bool,
        scale_factor: float,
        kp_variance: float,
    ) -> None:
        super().__init__()
        self.hourglass = Hourglass(
            block_expansion, (num_kp + 1) * (num_channels + 1), num_blocks, max_features
        )
        self.mask = nn.Conv2d(self.hourglass.width, num_kp + 1, 7, padding=3)
        self.occlusion = nn.Conv2d(self.hourglass.width, 1, 7, padding=3) if estimate_occlusion_map else None
        self.down = AntiAliasDownsample(num_channels, scale_factor) if scale_factor != 1 else None
        self.size_unit = self.hourglass.size_unit * round(1 / scale_factor)
        self.kp_variance = kp_variance

    def shrink(self, source: Tensor) -> Tensor:
        """The source at the size at which motion is estimated; computed once per job."""
        return source if self.down is None else self.down(source)

    def forward(self, small: Tensor, source: Keypoints, driving: Keypoints) -> tuple[Tensor, Tensor | None]:
        """The shrunk source (1, C, h, w) and B pairs of keypoints ->
        deformation float32 (B, h, w, 2), occlusion map float32 (B, 1, h, w) or None."""
        batch, (channels, height, width) = len(driving), small.shape[1:]
        grid = coordinate_grid(height, width, small.device)  # (h, w, 2)
        # 1. Each pixel under each keypoint's motion; the background is the identity.
        offset = grid - driving.value[:, :, None, None]  # (B, K, h, w, 2)
        if source.jacobian is not None and driving.jacobian is not None:
            linear = source.jacobian @ torch.linalg.inv(driving.jacobian)  # (B, K, 2, 2)
            offset = (linear[:, :, None, None] @ offset[..., None]).squeeze(-1)
        moved = offset + source.value[:, :, None, None]
        motions = torch.cat([grid.expand(batch, 1, height, width, 2), moved], dim=1)  # (B, K+1, h, w, 2)
        count = motions.shape[1]
        # 2. The source under each of them, in one sampling: the grids are concatenated vertically.
        warped = warp(small.expand(batch, -1, -1, -1), motions.reshape(batch, count * height, width, 2))
        warped = warped.reshape(batch, channels, count, height, width).transpose(1, 2)
        # 3. The difference of the keypoints' heat.
        heat = gaussian(driving.value, grid, self.kp_variance) - gaussian(
            source.value, grid, self.kp_variance
        )
        heat = torch.cat([torch.zeros_like(heat[:, :1]), heat], dim=1)[:, :, None]  # (B, K+1, 1, h, w)
        # 4. The mask of each motion.
        x = torch.cat([heat, warped], dim=2).reshape(batch, -1, height, width)
        features = self.hourglass(fit(x, self.mask))
        mask = torch.softmax(self.mask(features).float(), dim=1)  # (B, K+1, h, w)
        deformation = (mask[..., None] * motions).sum(dim=1)  # (B, h, w, 2)
        occlusion = None if self.occlusion is None else torch.sigmoid(self.occlusion(features).float())
        return deformation, occlusion


def gaussian(centre: Tensor, grid: Tensor, variance: float) -> Tensor:
    """exp(-d^2 / 2 variance) around (B, K, 2) on (h, w, 2) -> (B, K, h, w)."""
    return torch.exp(-0.5 * ((grid - centre[:, :, None, None]) ** 2).sum(-1) / variance)


class Generator(nn.Module):
    """Encodes the source, warps and occludes its features, decodes them."""

    narrow = "final"

    def __init__(
        self,
        *,
        num_channels: int,
        block_expansion: int,
        max_features: int,
        num_down_blocks: int,
        num_bottleneck_blocks: int,
        dense_motion: DenseMotion | None,
    ) -> None:
        super().__init__()
        width = [min(max_features, block_expansion * 2**i) for i in range(num_down_blocks + 1)]
        self.dense_motion_network = dense_motion
        self.first = ConvBlock(num_channels, width[0], kernel=7)
        self.down_blocks = nn.ModuleList(DownBlock(a, b) for a, b in itertools.pairwise(width))
        self.up_blocks = nn.ModuleList(UpBlock(b, a) for a, b in reversed(list(itertools.pairwise(width))))
        self.bottleneck = nn.Sequential()
        for index in range(num_bottleneck_blocks):
            self.bottleneck.add_module(f"r{index}", ResidualBlock(width[-1]))
        self.final = nn.Conv2d(width[0], num_channels, 7, padding=3)
        self.size_unit = 2**num_down_blocks

    def encode(self, source: Tensor) -> Tensor:
        """(B, C, H, W) in 0..1 -> (B, width, H / 2^n, W / 2^n)."""
        x = self.first(fit(source, self.first.conv))
        for block in self.down_blocks:
            x = block(x)
        return x

    def move(
        self, features: Tensor, deformation: Tensor | None, occlusion: Tensor | None, batch: int
    ) -> Tensor:
        """The source's features (1, width, h, w), warped and occluded for each of B frames: the decoder's input."""
        size = features.shape[-2:]
        if occlusion is not None and occlusion.shape[-2:] != size:
            occlusion = F.interpolate(occlusion, size=size, mode="bilinear")
        if deformation is None:
            x = features.expand(batch, -1, -1, -1)
        else:
            if deformation.shape[1:3] != size:
                field = F.interpolate(deformation.permute(0, 3, 1, 2), size=size, mode="bilinear")
                deformation = field.permute(0, 2, 3, 1)
            x = sample_features(features, deformation, occlusion, border=False, align_corners=True)
        return fit(x, self.final)

    def decode(self, x: Tensor, bottleneck: Callable[[Tensor], Tensor]) -> Tensor:
        """(B, width, h, w) -> float32 (B, C, H, W) in 0..1. ``bottleneck``: the generator's own, or a replacement."""
        x = bottleneck(x)
        for block in self.up_blocks:
            x = block(x)
        return torch.sigmoid(self.final(x).float())
