"""Files of a motion model that are at fault: one CheckpointError names the file and the first key; nothing runs."""

from __future__ import annotations

import os
import pickle
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch import Tensor

from portrait.engine.checkpoints.weights import read_tensors
from portrait.engine.errors import CheckpointError
from portrait.engine.fomm import MotionModel, load_model
from tests.paths import DATA, ROOT

TINY = DATA / "fomm-tiny"
CONFIG, CHECKPOINT = TINY / "config.yaml", TINY / "checkpoint.pth.tar"
COMPACT = ROOT / "checkpoints"


def refused(config: Path, checkpoint: Path, *, file: Path, key: str | None = None) -> CheckpointError:
    with pytest.raises(CheckpointError) as caught:
        load_model(config, checkpoint)
    assert caught.value.path == str(file)
    assert str(file) in caught.value.detail
    assert caught.value.key == key
    assert "\n" not in caught.value.detail
    return caught.value


def contents() -> dict[str, Any]:
    loaded: dict[str, Any] = torch.load(CHECKPOINT, weights_only=True)
    return loaded


def flat() -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for part in ("generator", "kp_detector"):
        tensors |= {f"{part}.{key}": value.contiguous() for key, value in contents()[part].items()}
    return tensors


@pytest.mark.parametrize("name", ["absent.pth.tar", "absent.safetensors"])
def test_a_missing_checkpoint_is_named(tmp_path: Path, name: str) -> None:
    assert "not exist" in refused(CONFIG, tmp_path / name, file=tmp_path / name).detail


def test_a_folder_is_no_checkpoint(tmp_path: Path) -> None:
    refused(CONFIG, tmp_path, file=tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
@pytest.mark.parametrize("suffix", [".pth.tar", ".safetensors"])
def test_a_checkpoint_cut_short_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    whole = tmp_path / f"whole{suffix}"
    if suffix == ".safetensors":
        save_file(flat(), whole)
    else:
        whole.write_bytes(CHECKPOINT.read_bytes())
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    with pytest.raises(CheckpointError) as caught:
        load_model(CONFIG, cut)
    assert str(cut) in caught.value.detail


def test_the_old_format_cut_short_is_refused(tmp_path: Path) -> None:
    whole, cut = tmp_path / "old.pth.tar", tmp_path / "cut.pth.tar"
    torch.save(contents(), whole, _use_new_zipfile_serialization=False)
    assert isinstance(load_model(CONFIG, whole), MotionModel)
    for share in (0.01, 0.3, 0.9):
        cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
        refused(CONFIG, cut, file=cut)


@pytest.mark.parametrize(
    "noise", [b"not a checkpoint", b"\x80\x04N.", b"PK\x03\x04" + bytes(64), bytes(4096)]
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_any_other_file_is_refused(tmp_path: Path, noise: bytes, suffix: str) -> None:
    file = tmp_path / f"noise{suffix}"
    file.write_bytes(noise)
    refused(CONFIG, file, file=file)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("new_format", [True, False])
def test_damaged_bytes_end_in_no_other_error(tmp_path: Path, new_format: bool) -> None:
    draw, whole, damaged = random.Random(0), tmp_path / "whole.pth", tmp_path / "damaged.pth"
    torch.save({"a.weight": torch.zeros(2, 3)}, whole, _use_new_zipfile_serialization=new_format)
    refusals = 0
    for _ in range(300):
        content = bytearray(whole.read_bytes())
        for _ in range(draw.choice([1, 2, 5])):
            content[draw.randrange(len(content))] = draw.randrange(256)
        damaged.write_bytes(content)
        try:
            read_tensors(damaged)
        except CheckpointError:
            refusals += 1
    assert refusals > 50


Change = Callable[[dict[str, Tensor]], object]


def put(key: str, value: Tensor) -> Change:
    return lambda tensors: tensors.update({key: value})


FAULTS: dict[str, tuple[str, Change]] = {
    "missing": ("generator.first.conv.weight", lambda t: t.pop("generator.first.conv.weight")),
    "another shape": ("kp_detector.kp.weight", put("kp_detector.kp.weight", torch.zeros(9, 11, 7, 7))),
    "unexpected": ("generator.extra.weight", put("generator.extra.weight", torch.zeros(3))),
    "not a number": ("generator.final.bias", put("generator.final.bias", torch.full((3,), float("nan")))),
    "infinite": ("kp_detector.kp.bias", put("kp_detector.kp.bias", torch.full((10,), float("inf")))),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("suffix", [".pth.tar", ".safetensors"])
def test_the_first_tensor_at_fault_is_named(tmp_path: Path, name: str, suffix: str) -> None:
    key, change = FAULTS[name]
    tensors = flat()
    change(tensors)
    file = tmp_path / f"changed{suffix}"
    if suffix == ".safetensors":
        save_file(tensors, file)
    else:
        parts: dict[str, dict[str, Tensor]] = {}
        for name_, value in tensors.items():
            part, _, rest = name_.partition(".")
            parts.setdefault(part, {})[rest] = value
        torch.save(parts, file)
    refused(CONFIG, file, file=file, key=key)


def test_what_training_left_in_a_checkpoint_is_ignored(tmp_path: Path) -> None:
    loaded = contents()
    for part in ("generator", "kp_detector"):
        loaded[part] = {k: v for k, v in loaded[part].items() if not k.endswith("num_batches_tracked")}
    loaded |= {
        "discriminator": {"conv.weight": torch.full((1,), float("nan"))},
        "optimizer_generator": {"state": {0: {"step": 3, "exp_avg": torch.zeros(2)}}, "param_groups": []},
        "epoch": 7,
    }
    file = tmp_path / "training.pth.tar"
    torch.save(loaded, file)
    assert isinstance(load_model(CONFIG, file), MotionModel)


class Payload:
    """Creates a file when it is unpickled by anything that calls what a pickle names."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, (f"touch {self.target}",))


@pytest.mark.parametrize("new_format", [True, False])
@pytest.mark.parametrize("suffix", [".pth.tar", ".safetensors"])
def test_code_in_a_pickle_is_refused_and_does_not_run(tmp_path: Path, suffix: str, new_format: bool) -> None:
    target = tmp_path / "was-here"
    loaded = contents()
    loaded["generator"]["first.conv.weight"] = Payload(target)
    file = tmp_path / f"evil{suffix}"
    torch.save(loaded, file, _use_new_zipfile_serialization=new_format)
    with pytest.raises(CheckpointError) as caught:
        load_model(CONFIG, file)
    assert not target.exists()
    assert str(file) in caught.value.detail
    if suffix == ".pth.tar":
        assert caught.value.key == "first.conv.weight"
        assert "system" in caught.value.detail
    # The payload is real: an unpickler that trusts the file runs it.
    pickle.loads(pickle.dumps(Payload(target)))
    assert target.exists()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_bare_pickle_with_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    target, file = tmp_path / "was-here", tmp_path / "evil.pth"
    file.write_bytes(pickle.dumps({"weight": Payload(target)}))
    assert refused(CONFIG, file, file=file, key="weight")
    assert not target.exists()


def test_a_zip_bomb_of_a_pickle_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bomb.pth"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(1 << 20))
        archive.writestr("archive/version", "3")
    refused(CONFIG, file, file=file)


YAML_FAULTS = {
    "a list": ("[1, 2]", None),
    "a word": ("hello", None),
    "empty": ("", None),
    "no yaml": ("a: [1\nb: }", None),
    "code": ("!!python/object/apply:os.system ['exit 1']", None),
    "another format": ("format: something-else", "format"),
    "no model_params": ("train_params: {}", "model_params"),
    "model_params a list": ("model_params: []", "model_params"),
}


@pytest.mark.parametrize("name", YAML_FAULTS)
def test_a_yaml_that_describes_no_model_is_refused(tmp_path: Path, name: str) -> None:
    text, key = YAML_FAULTS[name]
    file = tmp_path / "config.yaml"
    file.write_text(text)
    refused(file, CHECKPOINT, file=file, key=key)


def test_a_missing_or_binary_yaml_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    refused(file, CHECKPOINT, file=file)
    file.write_bytes(b"\xff\xfe\x00\x80")
    refused(file, CHECKPOINT, file=file)
    refused(tmp_path, CHECKPOINT, file=tmp_path)


def keys(values: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key, value in values.items():
        found.append(prefix + key)
        if isinstance(value, dict):
            found += keys(value, f"{prefix}{key}.")
    return found


def without(values: dict[str, Any], dotted: str, instead: Any = None) -> dict[str, Any]:
    head, _, rest = dotted.partition(".")
    if rest:
        return {k: without(v, rest, instead) if k == head else v for k, v in values.items()}
    return {k: instead if k == head else v for k, v in values.items() if k != head or instead is not None}


OPTIONAL = re.compile(
    r".*\.(num_channels|estimate_jacobian|estimate_occlusion_map|scale_factor|single_jacobian_map|pad|kp_variance"
    r"|dense_motion_params)"
)
REQUIRED = [key for key in keys(yaml.safe_load(CONFIG.read_text())) if not OPTIONAL.fullmatch(key)]


@pytest.mark.parametrize("key", REQUIRED)
@pytest.mark.parametrize("instead", [None, "seven"], ids=["missing", "a word"])
def test_a_key_that_the_networks_need_is_named(tmp_path: Path, key: str, instead: str | None) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(without(yaml.safe_load(CONFIG.read_text()), key, instead)))
    refused(file, CHECKPOINT, file=file, key=key)


def test_the_compact_model_names_its_faults_too(tmp_path: Path) -> None:
    weights, config = COMPACT / "motion.safetensors", COMPACT / "motion.yaml"
    tensors = load_file(weights)
    tensors["dense_motion.log_widths"] = torch.zeros(3)
    file = tmp_path / "motion.safetensors"
    save_file(tensors, file)
    refused(config, file, file=file, key="dense_motion.log_widths")

    broken = tmp_path / "motion.yaml"
    broken.write_text(yaml.safe_dump(without(yaml.safe_load(config.read_text()), "generator.num_res")))
    refused(broken, weights, file=broken, key="generator.num_res")


def test_weights_of_the_one_network_do_not_fit_the_other() -> None:
    with pytest.raises(CheckpointError) as caught:
        load_model(CONFIG, COMPACT / "motion.safetensors")
    assert caught.value.key is not None
    with pytest.raises(CheckpointError) as caught:
        load_model(COMPACT / "motion.yaml", CHECKPOINT)
    assert caught.value.key is not None
