"""A convolution that this machine computes wrongly is detected at load and replaced by plain float32.

The wrong results are made by replacing torch's convolution for one form, as the defect of torch 2.13 on AMX does for
the bfloat16 form of an 8x8 kernel on 8 to 15 channels.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm import MotionModel, load_model
from portrait.engine.fomm.published.model import PublishedModel
from portrait.engine.runtime import int8, verification
from portrait.engine.runtime.precision import Float32Conv
from portrait.engine.runtime.preparation import prepare
from portrait.engine.runtime.rearrangement import FourPixelConv, UpsampledConv
from portrait.engine.style import load_style
from portrait.tools.benchmark_network import motion_template, psnr, swaying_video
from tests.paths import DATA, ROOT

TINY = DATA / "fomm-tiny" / "config.yaml", DATA / "fomm-tiny" / "checkpoint.pth.tar"
SHIPPED = ROOT / "checkpoints" / "motion.yaml", ROOT / "checkpoints" / "motion.safetensors"
PAINTER = DATA / "painter" / "painter.safetensors"

Form = Callable[[Tensor, Tensor], bool]  # input, weight: whether the convolution of these is wrong


@pytest.fixture(autouse=True)
def nothing_verified_yet() -> Iterator[None]:
    """Results are kept for the life of a process; those of a replaced convolution must not outlive the test."""
    for checked in (verification.is_right, int8.is_right):
        checked.cache_clear()
    yield
    for checked in (verification.is_right, int8.is_right):
        checked.cache_clear()


@pytest.fixture
def break_convolution(monkeypatch: pytest.MonkeyPatch) -> Callable[[Form], None]:
    """Makes torch's convolution return noise for the forms for which the given function is true."""
    right = F.conv2d

    def break_it(wrong: Form) -> None:
        def conv2d(x: Tensor, weight: Tensor, *args: Any, **options: Any) -> Tensor:
            out: Tensor = right(x, weight, *args, **options)
            return torch.randn_like(out) if wrong(x, weight) else out

        monkeypatch.setattr(F, "conv2d", conv2d)

    return break_it


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def kept_float32(network: nn.Module) -> list[str]:
    return [name for name, module in network.named_modules() if isinstance(module, Float32Conv)]


def picture(side: int) -> NDArray[np.float32]:
    crop = skimage.data.astronaut()[0:256, 96:352]
    return unit(crop[:: 256 // side, :: 256 // side])


def unit(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    return frames.astype(np.float32) / np.float32(255)


def animated(model: MotionModel, side: int) -> NDArray[np.float32]:
    source = picture(side)
    exact = load_model(*(SHIPPED if side == 256 else TINY))
    return model.animate(source, motion_template(exact, swaying_video(source, 3)))


def test_nothing_is_wrong_with_the_real_kernels(caplog: pytest.LogCaptureFixture) -> None:
    for files in (TINY, SHIPPED):
        assert not kept_float32(load_model(*files, precision="bfloat16").networks)
    assert not kept_float32(load_style(PAINTER, precision="bfloat16").network)
    assert not warnings(caplog)


def test_the_defect_of_amx_is_detected_in_a_narrow_published_model(
    break_convolution: Callable[[Form], None], caplog: pytest.LogCaptureFixture
) -> None:
    exact = animated(load_model(*TINY), 128)
    break_convolution(
        lambda x, weight: x.dtype == torch.bfloat16 and weight.shape[2] == 8 and 8 <= weight.shape[1] <= 15
    )

    model = load_model(*TINY, precision="bfloat16")

    assert kept_float32(model.networks) == ["generator.final"]
    assert len(warnings(caplog)) == 1
    assert "bfloat16 rearranged (FourPixelConv)" in warnings(caplog)[0]
    assert psnr(animated(model, 128), exact) > 40


def test_a_wrong_kernel_inside_the_compact_model_is_detected(
    break_convolution: Callable[[Form], None], caplog: pytest.LogCaptureFixture
) -> None:
    exact = animated(load_model(*SHIPPED), 256)
    # Every convolution of the last decoder, among them the one whose dtype the others' inputs are brought to.
    break_convolution(lambda x, weight: x.dtype == torch.bfloat16 and weight.shape[1] == 32)

    model = load_model(*SHIPPED, precision="bfloat16")

    assert {"generator.output", "dense_motion.output"} <= set(kept_float32(model.networks))
    assert warnings(caplog)
    assert psnr(animated(model, 256), exact) > 40


def test_a_wrong_rearranged_float32_kernel_leaves_the_plain_convolution(
    break_convolution: Callable[[Form], None], caplog: pytest.LogCaptureFixture
) -> None:
    exact = animated(load_model(*SHIPPED), 256)
    verification.is_right.cache_clear()
    break_convolution(lambda x, weight: weight.shape[2] == 2)

    model = load_model(*SHIPPED)

    assert not any(isinstance(module, UpsampledConv) for module in model.networks.modules())
    assert warnings(caplog)
    np.testing.assert_allclose(animated(model, 256), exact, atol=1e-3)


@pytest.mark.parametrize("frozen", [False, True])
def test_a_wrong_kernel_of_the_painter_is_detected(
    break_convolution: Callable[[Form], None], caplog: pytest.LogCaptureFixture, frozen: bool
) -> None:
    frames = np.ascontiguousarray(skimage.data.astronaut()[None, 60:132, 180:252])
    exact = load_style(PAINTER).paint(frames, frozen_statistics=frozen)
    # In the frozen network's four-pixel arrangement, or as it is: the last convolution.
    break_convolution(lambda x, weight: x.dtype == torch.bfloat16 and weight.shape[2] in (9, 10))

    painter = load_style(PAINTER, precision="bfloat16")
    detected = warnings(caplog)
    painted = painter.paint(frames, frozen_statistics=frozen)

    # The first convolution, the last one and its rearranged form: each once, at load.
    assert len(detected) == 3 and detected == warnings(caplog)
    assert psnr(unit(painted), unit(exact)) > 40


def test_each_form_is_compared_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    compared: list[verification.ConvForm] = []

    def relative_error(form: verification.ConvForm) -> float:
        compared.append(form)
        return 1.0

    monkeypatch.setattr(verification, "relative_error", relative_error)
    for _ in range(2):
        conv = prepare(nn.Conv2d(8, 3, 7, padding=3), torch.bfloat16, 4, FourPixelConv)
        assert isinstance(conv, Float32Conv)
    assert len(compared) == len(warnings(caplog)) == 1


def test_a_result_that_is_not_a_number_is_wrong(break_convolution: Callable[[Form], None]) -> None:
    assert not verification.within_limit("convolution", float("nan"), 0.03)


def test_a_float32_convolution_takes_and_gives_the_dtype_around_it() -> None:
    plain = nn.Conv2d(4, 6, 3, stride=2, padding=1, padding_mode="reflect")
    conv, x = Float32Conv(plain, torch.bfloat16), torch.randn(2, 4, 8, 8).bfloat16()
    assert conv(x).dtype == torch.bfloat16
    torch.testing.assert_close(conv(x), plain(x.float()).bfloat16())


def test_wrong_int8_convolutions_are_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = load_model(*TINY, precision="bfloat16")
    assert isinstance(model, PublishedModel)
    monkeypatch.setattr(int8, "is_supported", lambda device: True)

    class BlackConv(int8.Int8Conv):
        def _run(self, x: Tensor, *args: Any) -> Tensor:
            return torch.zeros(len(x), len(self.bias), *x.shape[2:])

    monkeypatch.setattr(int8, "Int8Conv", BlackConv)

    model.allow_int8()

    assert not model.int8_allowed
    assert any("int8 convolution" in line for line in warnings(caplog))


@pytest.mark.parametrize("transposed", [False, True])
def test_transposed_convolutions_are_compared_too(transposed: bool) -> None:
    form = verification.ConvForm(
        inputs=8,
        outputs=6,
        kernel=(3, 3),
        stride=(2, 2),
        padding=(1, 1),
        dtype=torch.bfloat16,
        device="cpu",
        batch=2,
        output_padding=(1, 1) if transposed else None,
    )
    assert 0 < verification.relative_error(form) < 0.01
