"""Where the training of an added style begins: at the known style that paints most like the new painting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from portrait.engine.checkpoints.weights import load_weights
from portrait.engine.photo.picture import Picture, centre_square
from portrait.engine.style.catalogue import PainterConfig
from portrait.engine.style.network import StyleNetwork
from portrait.training.image_grids import to_float_images
from portrait.training.style.losses import gram_distance, gram_matrix
from portrait.training.vgg_features import FeatureNetwork

SIDE = 256  # pixels of the photo that is painted in every style


def nearest_style(
    path: Path,
    tensors: Mapping[str, Tensor],
    config: PainterConfig,
    photo: Picture,
    target: Sequence[Tensor],
    features: FeatureNetwork,
) -> int:
    """The row of the style in which ``photo``, uint8 (H, W, 3), looks most like a painting.

    ``path``: the file of ``tensors``, for error messages; ``target``: the painting's Gram matrices, (C, C) each.
    """
    network = StyleNetwork(
        len(config.styles), config.widths, config.blocks, published=False, deep=config.deep
    )
    load_weights(network, tensors, path)
    picture = to_float_images(centre_square(photo, SIDE)[None])
    distances = []
    with torch.no_grad():
        for row in range(len(config.styles)):
            layers = features.extract(network(picture, row).to(features.mean.device))
            pairs = zip(layers, target, strict=True)
            distances.append(sum(float(gram_distance(gram_matrix(one), other[None])) for one, other in pairs))
    return distances.index(min(distances))
