"""The losses of style training, on tensors for which their value is known."""

from __future__ import annotations

import torch

from portrait.training.style.losses import gram_distance, gram_matrix, stability_loss


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
