"""A small network that imitates VGG's features; it ships with the painter, so that styles are added without VGG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.checkpoints.weights import load_weights, read_tensors
from portrait.engine.errors import CheckpointError
from portrait.training.perceptual import TORCHVISION
from portrait.training.style.losses import gram_distance, gram_matrix
from portrait.training.vgg_features import FeatureNetwork, VGGFeatures

WIDTHS = (24, 48, 96, 128)  # channels of its stages
IMITATED = (64, 128, 256, 512)  # channels of relu1_2, relu2_2, relu3_3 and relu4_3


class SmallFeatures(nn.Module):
    """Two 3x3 convolutions at each of four sizes, and a linear map from each stage to a tap of VGG-16."""

    mean: Tensor

    def __init__(self, imitated: Sequence[int] = IMITATED, widths: Sequence[int] = WIDTHS) -> None:
        """``imitated``: the channels of VGG's taps."""
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.48, 0.46, 0.41]).reshape(1, 3, 1, 1))
        inputs = 3
        self.stages, self.heads = nn.ModuleList(), nn.ModuleList()
        for width, outputs in zip(widths, imitated, strict=True):
            self.stages.append(
                nn.Sequential(
                    nn.Conv2d(inputs, width, 3, 1, 1), nn.ReLU(), nn.Conv2d(width, width, 3, 1, 1), nn.ReLU()
                )
            )
            self.heads.append(nn.Conv2d(width, outputs, 1))
            inputs = width

    @classmethod
    def load(cls, path: Path) -> SmallFeatures:
        """Read a file that ``save`` wrote. Raises CheckpointError."""
        tensors = read_tensors(path)
        count = len(WIDTHS)
        try:
            widths = [len(tensors[f"stages.{index}.0.weight"]) for index in range(count)]
            imitated = [len(tensors[f"heads.{index}.weight"]) for index in range(count)]
        except KeyError as error:
            raise CheckpointError(path, "a tensor is missing", key=str(error.args[0])) from error
        network = cls(imitated, widths)
        load_weights(network, {"mean": network.mean, **tensors}, path)
        return network.requires_grad_(False).eval()

    def save(self, path: Path) -> Path:
        """Write the weights as float16, to a new file that replaces ``path``; returns ``path``."""
        tensors = {name: value.detach().cpu().half() for name, value in self.named_parameters()}
        new = path.with_suffix(".safetensors.new")
        new.write_bytes(save({name: value.contiguous() for name, value in tensors.items()}))
        new.replace(path)
        return path

    def extract(self, images: Tensor, last: str | None = None) -> list[Tensor]:
        """What VGG's four taps would be, of float (B, 3, H, W) in 0..1, in units of 100; ``last``: where to stop."""
        x = ((images - self.mean) * 4).contiguous(memory_format=torch.channels_last)
        features: list[Tensor] = []
        for stage, head in zip(self.stages, self.heads, strict=True):
            x = stage(F.max_pool2d(x, 2) if features else x)
            features.append(F.relu(head(x)))
            if last is not None and last.startswith(f"relu{len(features)}_"):
                break
        return features


def imitation_loss(small: Sequence[Tensor], features: Sequence[Tensor]) -> Tensor:
    """How far the small network's features are from VGG's, in themselves and in their Gram matrices: a scalar."""
    total = torch.zeros((), device=features[0].device)
    for one, other in zip(small, features, strict=True):
        target = other.detach().float() / 100
        energy = target.square().mean((1, 2, 3), keepdim=True).clamp_min(1e-6)
        total = total + ((one.float() - target).square() / energy).mean()
        total = total + gram_distance(gram_matrix(one), gram_matrix(target)).mean()
    return total


def feature_network(source: Path | str, taps: Sequence[str]) -> FeatureNetwork:
    """A VGG-16's safetensors, ``torchvision``, or a file of ``SmallFeatures``. Raises as these do."""
    if str(source) != TORCHVISION and any(name.startswith("stages.") for name in read_tensors(Path(source))):
        return SmallFeatures.load(Path(source))
    return VGGFeatures.load(source, taps)
