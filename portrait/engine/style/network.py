"""The feed-forward style network: the encoder, residual blocks and decoder of Johnson et al. (ECCV 2016).

Normalization is conditional instance normalization (Dumoulin et al., ICLR 2017): all styles share the convolutions,
and a style is one row of scales and shifts in every layer. With a single row this is the published network.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.runtime.precision import Float32Conv
from portrait.engine.runtime.verification import form_of, is_right
from portrait.engine.style.catalogue import DeepSizes
from portrait.engine.style.reflection import reflect

EPSILON = 1e-5  # added to the variance, as in torch.nn.InstanceNorm2d
Rows = int | Sequence[int] | Tensor  # the style of all images, or of each


class ConditionalInstanceNorm(nn.Module):
    """Normalizes each channel of each image, then scales and shifts it by the style's row."""

    def __init__(self, channels: int, styles: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(styles, channels))
        self.shift = nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x: Tensor, style: Rows) -> Tensor:
        """(B, C, H, W) -> the same shape and dtype; the statistics are float32 whatever the dtype."""
        if isinstance(style, Tensor):
            return _normalize(x, self.scale[style], self.shift[style])
        if not isinstance(style, int):
            # Faster than one normalization with a scale for each image, which copies channels-last data.
            return torch.cat([self(image, row) for image, row in zip(x.split(1), style, strict=True)])
        scale, shift = self.scale[style], self.shift[style]
        if len(x) == 1:
            # For a single image the two normalizations agree, and this one needs no copy of channels-last data.
            return F.batch_norm(x, None, None, scale, shift, training=True, eps=EPSILON)
        return F.instance_norm(x, weight=scale, bias=shift, eps=EPSILON)


def _normalize(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Instance normalization of (B, C, H, W) with a scale and a shift for each image, (B, C) each.

    It is made of elementwise operations and sums, which keep the memory layout: the fastest way on a GPU.
    """
    pixels = x.shape[2] * x.shape[3]
    mean = x.sum((2, 3), dtype=torch.float32) / pixels
    square = torch.linalg.vector_norm(x, 2, (2, 3), dtype=torch.float32).square() / pixels
    gain = scale * torch.rsqrt((square - mean.square()).clamp_min(0) + EPSILON)
    offset = shift - mean * gain
    return torch.addcmul(offset.to(x.dtype)[..., None, None], x, gain.to(x.dtype)[..., None, None])


class ConvLayer(nn.Module):
    """Nearest upsampling (if any), reflection padding, convolution, conditional instance normalization."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, styles: int, *, stride: int = 1, upsample: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride)
        self.norm = ConditionalInstanceNorm(outputs, styles)
        self.upsample = upsample

    def convolve(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H * upsample / stride, W * upsample / stride), not normalized."""
        if self.upsample > 1:
            x = F.interpolate(x, scale_factor=self.upsample, mode="nearest")
        return convolve(self.conv, reflect(x, self.conv.kernel_size[0] // 2))

    def forward(self, x: Tensor, style: Rows) -> Tensor:
        """The same, normalized and in ``style``."""
        out: Tensor = self.norm(self.convolve(x), style)
        return out


class ResidualBlock(nn.Module):
    """x + norm(conv(relu(norm(conv(x)))))."""

    def __init__(self, channels: int, styles: int) -> None:
        super().__init__()
        self.first = ConvLayer(channels, channels, 3, styles)
        self.second = ConvLayer(channels, channels, 3, styles)

    def forward(self, x: Tensor, style: Rows) -> Tensor:
        """(B, channels, H, W) -> the same shape."""
        out: Tensor = x + self.second(F.relu(self.first(x, style)), style)
        return out


class DeepBlock(nn.Module):
    """x + what residual blocks make of it at half its size, where a stroke of a large portrait is few pixels wide."""

    def __init__(self, channels: int, styles: int, deep: DeepSizes) -> None:
        super().__init__()
        self.halving = ConvLayer(channels, deep.width, 3, styles, stride=2)
        self.blocks = nn.ModuleList([ResidualBlock(deep.width, styles) for _ in range(deep.blocks)])
        self.doubling = ConvLayer(deep.width, channels, 3, styles, upsample=2)

    def forward(self, x: Tensor, style: Rows) -> Tensor:
        """(B, channels, H, W) -> the same shape."""
        y = F.relu(self.halving(x, style))
        for block in self.blocks:
            y = block(y, style)
        # Halving rounds up.
        out: Tensor = x + self.doubling(y, style)[:, :, : x.shape[2], : x.shape[3]]
        return out


class StyleNetwork(nn.Module):
    """Picture in, painted picture out, for ``styles`` styles.

    ``widths`` are the channels at full, half and quarter size; ``deep``, if any, is a part between the residual
    blocks that works at an eighth of the size, for the large strokes of a portrait of 512 pixels. ``published``
    chooses the conventions of the published fast-neural-style network (works on 0..255, linear output) instead of our
    own (works on -1..1, sigmoid output).
    """

    def __init__(
        self,
        styles: int,
        widths: tuple[int, int, int],
        blocks: int,
        *,
        published: bool,
        deep: DeepSizes | None = None,
    ) -> None:
        super().__init__()
        full, half, quarter = widths
        self.published = published
        self._compute_dtype = torch.float32  # of the convolutions; the parameters themselves stay float32
        self.down_layers = nn.ModuleList(
            [
                ConvLayer(3, full, 9, styles),
                ConvLayer(full, half, 3, styles, stride=2),
                ConvLayer(half, quarter, 3, styles, stride=2),
            ]
        )
        self.residual_blocks = nn.ModuleList([ResidualBlock(quarter, styles) for _ in range(blocks)])
        self.deep = None if deep is None else DeepBlock(quarter, styles, deep)
        self.up_layers = nn.ModuleList(
            [
                ConvLayer(quarter, half, 3, styles, upsample=2),
                ConvLayer(half, full, 3, styles, upsample=2),
            ]
        )
        self.output = nn.Conv2d(full, 3, 9)

    def compute_in(self, dtype: torch.dtype, batch: int) -> None:
        """Compute in ``dtype``, but for the convolutions that this machine computes wrongly in it.

        ``batch``: how many pictures are usually painted at once.
        """
        self._compute_dtype = dtype
        for module in list(self.modules()):
            for name, conv in list(module.named_children()):
                if isinstance(conv, nn.Conv2d) and not is_right(form_of(conv, dtype, batch, None)):
                    module._modules[name] = Float32Conv(conv, dtype)

    def forward(self, x: Tensor, style: Rows) -> Tensor:
        """float (B, 3, H, W) in 0..1 -> float32 (B, 3, H, W), nominally 0..1 (the published one may exceed it).

        ``style`` is one row for all images, or a row for each of them.
        """
        height, width = x.shape[2:]
        y = self.enter(x)
        for layer in self.down_layers:
            y = F.relu(layer(y, style))  # (B, full, H, W), (B, half, H/2, W/2), (B, quarter, H/4, W/4)
        for block in self.middle():
            y = block(y, style)
        for layer in self.up_layers:
            y = F.relu(layer(y, style))  # (B, half, H/2, W/2), (B, full, H, W)
        # Halving rounds up, so sides that are no multiple of four come back longer.
        y = convolve(self.output, reflect(y, self.output.kernel_size[0] // 2))[:, :, :height, :width]
        return self.leave(y)

    def middle(self) -> list[nn.Module]:
        """The residual blocks in their order, with the deep part (if any) among them."""
        blocks = list(self.residual_blocks)
        if self.deep is not None:
            blocks.insert(len(blocks) // 2, self.deep)
        return blocks

    def enter(self, x: Tensor) -> Tensor:
        """From 0..1 to the range that the first convolution was trained on, in the convolutions' dtype."""
        return (x * 255 if self.published else x * 2 - 1).to(self._compute_dtype)

    def leave(self, y: Tensor) -> Tensor:
        """From the last convolution's range to float32, nominally 0..1."""
        return y.float() / 255 if self.published else torch.sigmoid(y.float())


def convolve(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """Apply ``conv`` in the dtype of ``x``, whatever the dtype of its parameters; a ``Float32Conv`` in float32."""
    if isinstance(conv, Float32Conv):
        return conv(x)
    assert conv.bias is not None
    return F.conv2d(x, conv.weight.to(x.dtype), conv.bias.to(x.dtype), stride=conv.stride)
