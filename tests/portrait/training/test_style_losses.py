"""The losses of style training, on tensors for which their value is known."""

from __future__ import annotations

import torch

from portrait.training.style.losses import (
    content_distance,
    content_distances,
    grain_loss,
    gram_distance,
    gram_matrix,
    stability_loss,
)


def test_a_gram_matrix_is_the_mean_product_of_channels() -> None:
    features = torch.rand(2, 3, 4, 5)
    expected = torch.einsum("bcyx,bdyx->bcd", features, features) / (3 * 4 * 5)
    torch.testing.assert_close(gram_matrix(features), expected)
    assert gram_distance(expected, expected).tolist() == [0, 0]
    assert gram_distance(torch.zeros_like(expected), expected).tolist() == [1, 1]


def test_a_painting_that_moves_with_its_photo_is_stable() -> None:
    scene = torch.rand(1, 3, 40, 40)
    first, second = scene[..., 4:36, 4:36], scene[..., 6:38, 3:35]
    assert stability_loss(first, second, (2, -1), margin=8) == 0
    assert stability_loss(first, second, (0, 0), margin=8) > 0.05


def test_a_pattern_of_the_networks_grid_is_grain_and_a_slope_is_none() -> None:
    """Of a checkerboard of four pixels all energy is left; of a shade nothing; of noise a 36th, its squares' mean."""
    y, x = torch.meshgrid(torch.arange(96), torch.arange(96), indexing="ij")
    checks = 0.1 * (1 - 2 * ((x // 2 + y // 2) % 2)).float().expand(1, 3, 96, 96)
    slope = (x / 96).float().expand(1, 3, 96, 96)
    noise = 0.1 * torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    assert 0.008 < float(grain_loss(checks)) < 0.012
    assert float(grain_loss(slope)) < 1e-5
    assert 0.01 / 50 < float(grain_loss(noise)) < 0.01 / 25


def test_the_content_distance_of_a_batch_is_that_of_its_images() -> None:
    features, targets, weight = torch.rand(2, 4, 6, 6), torch.rand(2, 4, 6, 6), torch.rand(2, 1, 12, 12)
    together = content_distances(features, targets, weight)
    torch.testing.assert_close(together, content_distance(features, targets, weight))
