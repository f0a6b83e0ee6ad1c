"""What is computed another way for speed gives what the plain operations give."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from portrait.engine.fomm.sampling import sample_features
from portrait.engine.runtime.folding import fold, fold_all
from portrait.engine.runtime.memory_layout import channels_last, fit, join
from portrait.engine.runtime.rearrangement import FourPixelConv, UpsampledConv


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("size", [(8, 8), (5, 6), (1, 3)])
def test_a_convolution_after_upsampling(bias: bool, size: tuple[int, int]) -> None:
    conv = nn.Conv2d(6, 4, 3, padding=1, bias=bias)
    x = torch.randn(2, 6, *size)
    expected = conv(F.interpolate(x, scale_factor=2, mode="nearest"))
    torch.testing.assert_close(UpsampledConv(conv)(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kernel", [3, 7])
def test_a_convolution_of_four_pixels_at_once(kernel: int) -> None:
    conv = nn.Conv2d(5, 3, kernel, padding=kernel // 2)
    x = torch.randn(2, 5, 8, 12)
    torch.testing.assert_close(FourPixelConv(conv)(x), conv(x), atol=1e-5, rtol=1e-5)


def normalized() -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(4).eval()
    for tensor in (norm.weight, norm.bias, norm.running_mean):
        assert tensor is not None
        nn.init.normal_(tensor)
    assert norm.running_var is not None
    nn.init.uniform_(norm.running_var, 0.1, 2)
    return norm


@pytest.mark.parametrize("bias", [True, False])
def test_a_normalization_folded_into_its_convolution(bias: bool) -> None:
    conv, norm, x = nn.Conv2d(3, 4, 3, bias=bias), normalized(), torch.randn(2, 3, 9, 9)
    expected = norm(conv(x))
    fold(conv, norm)
    torch.testing.assert_close(conv(x), expected, atol=1e-5, rtol=1e-5)


def test_only_normalizations_right_after_a_convolution_are_folded() -> None:
    network = nn.Sequential(normalized(), nn.Conv2d(4, 4, 1), normalized(), nn.ReLU(), normalized())
    x = torch.randn(2, 4, 6, 6)
    expected = copy.deepcopy(network)(x)
    fold_all(network)
    assert [isinstance(module, nn.BatchNorm2d) for module in network] == [True, False, False, False, True]
    torch.testing.assert_close(network(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize("border", [True, False])
def test_features_sampled_as_rows_of_a_table(border: bool, align_corners: bool) -> None:
    # Channels last, without which there is no table.
    features = torch.randn(1, 7, 5, 9).contiguous(memory_format=torch.channels_last)
    field = torch.rand(3, 6, 4, 2) * 3 - 1.5  # a third of it lies outside
    field[0, 0, 0] = torch.tensor([-1.0, 1.0])
    field[0, 0, 1] = torch.tensor([1e9, -1e9])
    gain = torch.rand(3, 1, 6, 4)
    expected = F.grid_sample(
        features.expand(3, -1, -1, -1),
        field,
        padding_mode="border" if border else "zeros",
        align_corners=align_corners,
    )
    for factor in (None, gain):
        found = sample_features(features, field, factor, border=border, align_corners=align_corners)
        torch.testing.assert_close(
            found, expected if factor is None else expected * factor, atol=1e-5, rtol=1e-5
        )
        assert found.is_contiguous(memory_format=torch.channels_last)


def test_inputs_take_the_layout_and_dtype_of_the_weights() -> None:
    conv = nn.Conv2d(5, 8, 3, dtype=torch.bfloat16)
    parts = [torch.randn(2, 3, 4, 4), torch.randn(2, 2, 4, 4, dtype=torch.bfloat16)]
    plain = join(parts, conv)
    assert plain.dtype == torch.bfloat16 and plain.is_contiguous()
    channels_last(conv)
    assert fit(plain, conv).is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(join(parts, conv), plain)
