"""The published bottleneck in 8-bit integers: used only where supported, and where the result looks the same."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
import torch

from portrait.engine.fomm import load_model
from portrait.engine.fomm.published import model as published
from portrait.engine.fomm.published.int8 import Int8Bottleneck
from portrait.engine.fomm.published.model import PublishedModel
from portrait.engine.runtime import int8
from portrait.tools.benchmark_network import motion_template, psnr, swaying_video
from tests.paths import DATA

TINY = DATA / "fomm-tiny"


@pytest.fixture
def source() -> np.ndarray:
    return skimage.data.astronaut()[0:256:2, 96:352:2].astype(np.float32) / np.float32(255)


def tiny(precision: str) -> PublishedModel:
    model = load_model(TINY / "config.yaml", TINY / "checkpoint.pth.tar", precision=precision)
    assert isinstance(model, PublishedModel)
    return model


def bottleneck(model: PublishedModel, source: np.ndarray) -> object:
    picture = torch.from_numpy(source).permute(2, 0, 1)[None]
    with torch.inference_mode():
        return model._encode(picture, model._detect(picture))[-1]


def test_auto_stays_within_forty_decibels_of_the_exact_frames(source: np.ndarray) -> None:
    exact = tiny("float32")
    motion = motion_template(exact, swaying_video(source, 4))
    assert psnr(tiny("auto").animate(source, motion), exact.animate(source, motion)) >= 40


def test_only_auto_precision_allows_it() -> None:
    assert not tiny("float32").int8_allowed
    assert not tiny("bfloat16").int8_allowed
    able = int8.is_supported(torch.device("cpu")) and torch.cpu._is_avx512_bf16_supported()
    if able:
        assert tiny("auto").int8_allowed


def test_a_source_that_would_look_different_is_computed_in_bfloat16(
    source: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny("auto")
    monkeypatch.setattr(published, "MOST_INT8_ERROR", 0.0)
    assert bottleneck(model, source) is model.generator.bottleneck
    if model.int8_allowed:
        monkeypatch.setattr(published, "MOST_INT8_ERROR", 1.0)
        assert isinstance(bottleneck(model, source), Int8Bottleneck)
