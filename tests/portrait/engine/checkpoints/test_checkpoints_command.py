"""``manage.py checkpoints``: list, record, verify, and published files brought into safetensors."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.checkpoints.folder import SUMS, verify
from portrait.engine.fomm import load_model
from portrait.engine.options import CHECKPOINTS
from portrait.engine.style import load_style
from tests.paths import DATA
from tests.portrait.engine.checkpoints.torch7_files import module, write_torch7

TINY = DATA / "fomm-tiny"
STYLE = DATA / "style-transformer" / "style.pth"
FRAMES = np.random.default_rng(2).integers(0, 256, (2, 48, 64, 3), dtype=np.uint8)


def checkpoints(*arguments: Any, **options: Any) -> str:
    out = StringIO()
    call_command("checkpoints", *map(str, arguments), stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for name in ("painter.safetensors", "painter.yaml"):
        shutil.copy(DATA / "painter" / name, folder / name)
    (folder / "painter.md").write_text("# Model card")
    return folder


def test_the_weights_that_ship_are_those_that_were_recorded() -> None:
    # After a training: manage.py checkpoints record
    assert {"motion.safetensors", "motion.yaml", "painter.safetensors", "painter.yaml"} <= set(
        verify(CHECKPOINTS)
    )


def test_it_lists_what_is_there(folder: Path) -> None:
    path = folder / "painter.safetensors"

    told = checkpoints("list", "--folder", folder)

    assert told.startswith("painter.safetensors: safetensors, ")
    values = sum(tensor.numel() for tensor in _tensors(path).values())
    assert f"{values:,} values" in told
    assert hashlib.sha256(path.read_bytes()).hexdigest() in told
    assert "painter.md" in told


def _tensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    return load_file(path)


def test_what_was_recorded_is_verified_and_what_was_changed_is_named(folder: Path) -> None:
    checkpoints("record", "--folder", folder)
    assert "painter.safetensors, painter.yaml" in checkpoints("verify", "--folder", folder)
    path = folder / "painter.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))

    command = [sys.executable, "manage.py", "checkpoints", "verify", "--folder", str(folder)]
    done = subprocess.run(command, cwd=CHECKPOINTS.parent, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {path}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("fault", ["missing", "new", "no list", "no checksum"])
def test_other_differences_are_named_too(folder: Path, fault: str) -> None:
    checkpoints("record", "--folder", folder)
    named = {"missing": "painter.yaml", "new": "more.pth"}.get(fault, SUMS)
    if fault == "missing":
        (folder / "painter.yaml").unlink()
    elif fault == "new":
        (folder / "more.pth").write_bytes(b"?")
    elif fault == "no list":
        (folder / SUMS).unlink()
    else:
        (folder / SUMS).write_text("hello\n")

    with pytest.raises(CommandError, match=named):
        checkpoints("verify", "--folder", folder)


def test_the_list_is_one_that_sha256sum_reads(folder: Path) -> None:
    checkpoints("record", "--folder", folder)

    for line in (folder / SUMS).read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_published_motion_model_is_imported_with_its_yaml(tmp_path: Path) -> None:
    out = tmp_path / "new" / "tiny.safetensors"

    checkpoints("import", TINY / "checkpoint.pth.tar", out, config=TINY / "config.yaml")

    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    published = load_model(TINY / "config.yaml", TINY / "checkpoint.pth.tar").keypoints(image)
    imported = load_model(out.with_suffix(".yaml"), out).keypoints(image)
    assert torch.equal(published.value, imported.value)


def test_a_published_style_is_imported(tmp_path: Path) -> None:
    out = tmp_path / "style.safetensors"

    checkpoints("import", STYLE, out)

    np.testing.assert_array_equal(load_style(out).paint(FRAMES), load_style(STYLE).paint(FRAMES))
    assert [style.slug for style in load_style(out).styles] == ["style"]


class Network:
    """A small network of Torch7's fast-neural-style: its modules, and an independent implementation."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(4)
        self.enter, self.leave = self.convolution(3, 4, 9), self.convolution(4, 3, 9)
        self.down = self.convolution(4, 6, 3, stride=2)
        self.a, self.b = self.convolution(6, 6, 3, pad=0), self.convolution(6, 6, 3, pad=0)
        self.up = module(
            "SpatialFullConvolution",
            nInputPlane=6,
            nOutputPlane=4,
            kW=3,
            kH=3,
            dW=2,
            dH=2,
            padW=1,
            padH=1,
            adjW=1,
            adjH=1,
            weight=self.numbers(6, 4, 3, 3),
            bias=self.numbers(4),
        )
        self.norms = [self.norm(n) for n in (4, 6, 6, 6, 4)]

    def numbers(self, *shape: int) -> np.ndarray:
        return self.random.normal(0, 0.1, shape).astype(np.float32)

    def convolution(
        self, inputs: int, outputs: int, side: int, stride: int = 1, pad: int | None = None
    ) -> Any:
        pad = side // 2 if pad is None else pad
        return module(
            "SpatialConvolution",
            nInputPlane=inputs,
            nOutputPlane=outputs,
            kW=side,
            kH=side,
            dW=stride,
            dH=stride,
            padW=pad,
            padH=pad,
            weight=self.numbers(outputs, inputs, side, side),
            bias=self.numbers(outputs),
            gradWeight=np.zeros(1, np.float32),
        )

    def norm(self, channels: int) -> Any:
        return module(
            "InstanceNormalization", eps=1e-5, weight=self.numbers(channels) + 1, bias=self.numbers(channels)
        )

    def model(self) -> Any:
        relu, n = module("ReLU", inplace=True), self.norms
        body = module("Sequential", modules=[self.a, n[2], relu, self.b, n[3]])
        branches = module("ConcatTable", modules=[body, module("ShaveImage", size=2)])
        residual = module("Sequential", modules=[branches, module("CAddTable")])
        reflect = module("SpatialReflectionPadding", pad_l=4, pad_r=4, pad_t=4, pad_b=4)
        modules = [
            reflect,
            self.enter,
            n[0],
            relu,
            self.down,
            n[1],
            relu,
            residual,
            self.up,
            n[4],
            relu,
            self.leave,
        ]
        modules += [module("Tanh"), module("MulConstant", constant_scalar=150), module("TotalVariation")]
        return module("Sequential", modules=modules)

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        mean = torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
        x = torch.from_numpy(frames[..., ::-1].copy()).permute(0, 3, 1, 2).float() - mean

        def conv(x: Tensor, layer: Any) -> Tensor:
            weight, bias = (torch.from_numpy(layer.fields[key]) for key in ("weight", "bias"))
            return F.conv2d(x, weight, bias, layer.fields["dW"], layer.fields["padW"])

        def norm(x: Tensor, layer: Any) -> Tensor:
            middle, spread = x.mean((2, 3), keepdim=True), x.var((2, 3), correction=0, keepdim=True)
            scale, shift = (torch.from_numpy(layer.fields[k]).view(1, -1, 1, 1) for k in ("weight", "bias"))
            return (x - middle) / (spread + 1e-5).sqrt() * scale + shift

        n = self.norms
        x = F.pad(x, (4, 4, 4, 4), mode="reflect")
        x = norm(conv(x, self.enter), n[0]).relu()
        x = norm(conv(x, self.down), n[1]).relu()
        x = x[:, :, 2:-2, 2:-2] + norm(conv(norm(conv(x, self.a), n[2]).relu(), self.b), n[3])
        weight, bias = (torch.from_numpy(self.up.fields[key]) for key in ("weight", "bias"))
        x = norm(F.conv_transpose2d(x, weight, bias, 2, 1, 1), n[4]).relu()
        x = torch.tanh(conv(x, self.leave)) * 150 + mean
        painted = x.clamp(0, 255).round().byte().permute(0, 2, 3, 1).numpy()[..., ::-1]
        assert painted.shape == frames.shape
        return painted


@pytest.mark.parametrize("ascii", [False, True])
def test_a_torch7_style_paints_what_torch7_would(tmp_path: Path, ascii: bool) -> None:
    network = Network()
    checkpoint = {"opt": {"arch": "small"}, "model": network.model(), "history": [1.5, 1.25]}
    source = write_torch7(tmp_path / "candy.t7", checkpoint, ascii=ascii)

    assert "style: " in checkpoints("import", source, tmp_path / "candy.safetensors")

    painter = load_style(tmp_path / "candy.safetensors")
    assert [style.slug for style in painter.styles] == ["candy"]
    painted = painter.paint(FRAMES)
    assert np.abs(painted.astype(int) - network(FRAMES)).max() <= 1  # a rounding
    assert painted.std() > 5
    np.testing.assert_array_equal(painter.paint(FRAMES, frozen_statistics=True), painted)


@pytest.mark.parametrize("layer", [module("SpatialDilatedConvolution"), module("ReLU6")])
def test_a_layer_that_cannot_be_run_is_named(tmp_path: Path, layer: Any) -> None:
    model = module("Sequential", modules=[module("ReLU"), layer])
    source = write_torch7(tmp_path / "odd.t7", {"model": model})

    with pytest.raises(CommandError, match=rf"odd\.t7: a layer of the kind {layer.name} .*layers\.1"):
        checkpoints("import", source, tmp_path / "odd.safetensors")
    assert not (tmp_path / "odd.safetensors").exists()


def test_layers_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    network = Network()
    network.norms[1] = network.norm(5)
    source = write_torch7(tmp_path / "torn.t7", {"model": network.model()})

    with pytest.raises(CommandError, match=r"torn\.t7: its layers do not fit together"):
        checkpoints("import", source, tmp_path / "torn.safetensors")


def test_what_is_neither_is_refused(tmp_path: Path) -> None:
    torch.save({"weights": {"a": torch.zeros(3)}}, tmp_path / "other.pth")
    write_torch7(tmp_path / "table.t7", {"numbers": np.zeros(3, np.float32)})

    for name in ("other.pth", "table.t7"):
        with pytest.raises(CommandError, match="neither"):
            checkpoints("import", tmp_path / name, tmp_path / "out.safetensors")
    with pytest.raises(CommandError, match="does not exist"):
        checkpoints("import", tmp_path / "gone.pth", tmp_path / "out.safetensors")
    with pytest.raises(CommandError, match=r"is a \.safetensors file"):
        checkpoints("import", STYLE, tmp_path / "out.pth")


def test_a_file_that_is_there_is_kept_without_force(tmp_path: Path) -> None:
    out = tmp_path / "mine.safetensors"
    out.write_bytes(b"mine")

    with pytest.raises(CommandError, match="--force"):
        checkpoints("import", STYLE, out)

    assert out.read_bytes() == b"mine"


def test_the_older_kinds_of_layers_compute_what_their_names_say(tmp_path: Path) -> None:
    network = Network()
    conv = network.convolution(3, 3, 3, pad=0)
    statistics = {"running_mean": network.numbers(3), "running_var": np.abs(network.numbers(3)) + 0.5}
    scales = {"weight": network.numbers(3) + 40, "bias": network.numbers(3)}
    modules = [
        module("SpatialReplicationPadding", pad_l=1, pad_r=1, pad_t=1, pad_b=1),
        conv,
        module("SpatialBatchNormalization", eps=1e-3, **statistics, **scales),
        module("SpatialUpSamplingNearest", scale_factor=2),
    ]
    source = write_torch7(tmp_path / "old.t7", module("Sequential", modules=modules))
    checkpoints("import", source, tmp_path / "old.safetensors")

    painted = load_style(tmp_path / "old.safetensors").paint(FRAMES)

    mean = torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
    x = torch.from_numpy(FRAMES[..., ::-1].copy()).permute(0, 3, 1, 2).float() - mean
    weight, bias = (torch.from_numpy(conv.fields[key]) for key in ("weight", "bias"))
    x = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), weight, bias)
    middle, spread, scale, shift = (
        torch.from_numpy(array).view(1, 3, 1, 1) for array in (*statistics.values(), *scales.values())
    )
    x = (x - middle) / (spread + 1e-3).sqrt() * scale + shift
    x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)[:, :, :48, :64] + mean
    expected = x.clamp(0, 255).round().permute(0, 2, 3, 1).numpy()[..., ::-1]
    assert np.abs(painted - expected).max() <= 1
