"""Training the motion network: each stage learns, a killed run can be resumed, validation people are held out."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command
from safetensors.torch import save_file

from portrait.engine.fomm import load_model
from portrait.training.errors import TrainingDataError
from portrait.training.motion.clips import read_clips
from portrait.training.motion.dataset import DatasetSplit, split_by_person
from portrait.training.motion.stages import STAGES, StageSequence
from portrait.training.motion.train_motion import CONFIG
from portrait.training.vgg_features import VGGFeatures
from tests.portrait.training.drawn_faces import write_clips
from tests.portrait.training.overfitting import losses_on_one_batch

TINY = {"kp_detector": [8, 16], "dense_motion": [8, 16], "generator": [8, 8, 16]}
LICENCES = ("MIT", "CC0")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    write_clips(folder, {"ada": "MIT", "bo": "CC0", "cy": "MIT", "di": "none stated", "eve": "MIT"})
    return folder


@pytest.fixture(scope="module")
def split(clips: Path) -> DatasetSplit:
    return split_by_person(read_clips(clips), licences=LICENCES, share=0.01)


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A VGG with random filters and few channels."""
    path = tmp_path_factory.mktemp("vgg") / "vgg.safetensors"
    generator = torch.Generator().manual_seed(0)
    tensors, inputs = {}, 3
    for name, outputs in (("1_1", 8), ("1_2", 8), ("2_1", 8), ("2_2", 8), ("3_1", 8), ("3_2", 8), ("3_3", 8)):
        tensors[f"conv{name}.weight"] = torch.randn(outputs, inputs, 3, 3, generator=generator) * 0.2
        tensors[f"conv{name}.bias"] = torch.zeros(outputs)
        inputs = outputs
    save_file(tensors, path)
    return path


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped config with networks that train in seconds."""
    values = yaml.safe_load(CONFIG.read_text())
    for section, channels in TINY.items():
        values[section]["channels"] = channels
    values["generator"]["num_res"] = 1
    values["training"] |= {"licences": list(LICENCES), "validation_share": 0.01}
    for stage in STAGES:
        values["training"][stage] |= {"share": 0.25, "batch": 2}
    path = tmp_path_factory.mktemp("config") / "tiny.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def test_no_person_is_in_training_and_validation(split: DatasetSplit) -> None:
    assert not set(split.training.people) & set(split.validation.people)
    # Di's clip has no permitted licence, so that di is held out.
    assert "di" in split.validation.people
    assert set(split.training.people) | set(split.validation.people) == {"ada", "bo", "cy", "di", "eve"}


def test_whether_a_person_is_held_out_does_not_depend_on_other_clips(clips: Path) -> None:
    every_clip = read_clips(clips)
    some = [clip for clip in every_clip if clip.person != "ada"]
    whole = split_by_person(every_clip, licences=None, share=0.5).validation.people
    part = split_by_person(some, licences=None, share=0.5).validation.people
    assert set(whole) - {"ada"} == set(part)


@pytest.mark.parametrize("name", STAGES)
def test_every_stage_learns(name: str, split: DatasetSplit, config: Path, features: Path) -> None:
    stages = StageSequence.build(
        config, split, VGGFeatures.load(features, ("relu1_2", "relu2_2")), torch.device("cpu")
    )
    task = stages.stage(name, 4)
    losses = losses_on_one_batch(task, 2e-3)
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize(("name", "moves"), [("generator", False), ("finish", True)])
def test_only_the_last_stage_trains_the_detector_on_the_image_loss(
    name: str, moves: bool, split: DatasetSplit, config: Path, features: Path
) -> None:
    stages = StageSequence.build(
        config, split, VGGFeatures.load(features, ("relu1_2", "relu2_2")), torch.device("cpu")
    )
    task = stages.stage(name, 2)
    task.networks.train()

    task.step()["picture"].backward()

    assert any(p.grad is not None and bool(p.grad.any()) for p in stages.detector.parameters()) is moves


def test_a_killed_run_can_be_resumed_and_writes_weights_that_load(
    clips: Path, config: Path, features: Path, tmp_path: Path
) -> None:
    output = tmp_path / "run"
    command = [sys.executable, "manage.py", "train_motion", "--data", str(clips), "--config", str(config)]
    command += ["--perceptual", str(features), "--output", str(output), "--device", "cpu"]
    with subprocess.Popen([*command, "--minutes", "0.4"], cwd=settings.BASE_DIR) as process:
        # Killed in the second stage, when the state of the first one exists.
        wait_for(
            output / "dense.state.new", output / "dense.state", output / "keypoints.jsonl", process=process
        )
        process.send_signal(signal.SIGKILL)
    before = json.loads((output / "keypoints.jsonl").read_text().splitlines()[-1])["step"]
    subprocess.run([*command, "--resume"], cwd=settings.BASE_DIR, check=True, timeout=240)
    # The finished stage is not trained again.
    assert json.loads((output / "keypoints.jsonl").read_text().splitlines()[-1])["step"] == before
    for stage in STAGES:
        assert (output / f"{stage}.png").stat().st_size > 1000
    model = load_model(output / "motion.yaml", output / "motion.safetensors")
    picture = np.random.default_rng(0).random((256, 256, 3), np.float32)
    frames = model.animate(picture, picture[None])
    assert frames.shape == (1, 256, 256, 3)
    # With the source as driving frame the output is close to it, even after a short training.
    assert np.abs(frames[0] - picture).mean() < 0.2


def wait_for(*paths: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until one of the files exists."""
    deadline = time.monotonic() + 120
    while not any(path.exists() for path in paths):
        assert process.poll() is None, "the training ended before it was killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "landmarks.npz").unlink(), "find_landmarks.py"),
        (
            lambda folder: np.savez(folder / "landmarks.npz", other=np.zeros(3)),
            "no landmarks of 'clip-ada'",
        ),
        (lambda folder: (folder / "clip-ada" / "000.png").unlink(), "4 frames, but landmarks of shape"),
        (lambda folder: (folder / "index.tsv").write_text("clip\nada\n"), "clip_id"),
        (lambda folder: (folder / "clip-ada" / "000.png").write_bytes(b"no picture"), "clip-ada"),
    ],
)
def test_training_data_that_cannot_be_used_is_named(damage: object, message: str, tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    write_clips(folder, {"ada": "MIT", "bo": "MIT"})
    assert callable(damage)
    damage(folder)
    with pytest.raises(TrainingDataError, match=message):
        read_clips(folder)


def test_a_split_without_validation_people_is_refused(clips: Path) -> None:
    with pytest.raises(TrainingDataError, match="no person for validation"):
        split_by_person(read_clips(clips), licences=None, share=0.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--minutes", "0"], "--minutes must be above 0"),
        ([], "how many --minutes"),
        (["--resume"], "no run to resume"),
        (["--minutes", "1", "--perceptual", "nothing.safetensors"], "nothing.safetensors"),
    ],
)
def test_the_command_says_what_is_missing(
    arguments: list[str], message: str, clips: Path, features: Path, tmp_path: Path
) -> None:
    given = [
        "--data",
        str(clips),
        "--perceptual",
        str(features),
        "--output",
        str(tmp_path / "run"),
        *arguments,
    ]
    with pytest.raises(CommandError, match=message) as caught:
        call_command("train_motion", *given)
    assert caught.value.returncode == 2


def test_a_run_that_failed_to_start_does_not_block_the_next_one(
    clips: Path, config: Path, features: Path, tmp_path: Path
) -> None:
    output = tmp_path / "run"
    given = ["--data", str(clips), "--config", str(config), "--output", str(output), "--minutes", "0.02"]
    with pytest.raises(CommandError, match="nothing"):
        call_command("train_motion", *given, "--perceptual", "nothing.safetensors")
    call_command("train_motion", *given, "--perceptual", str(features), stdout=StringIO())
    assert (output / "motion.safetensors").exists()


def test_the_evaluation_compares_the_model_with_copy_and_analytic_warp(
    clips: Path, config: Path, features: Path, tmp_path: Path
) -> None:
    frames = tmp_path / "frames"
    given = ["--data", str(clips), "--config", str(config), "--perceptual", str(features), "--each", "2"]

    def table() -> dict[str, dict[str, float]]:
        call_command("measure_motion", *given, "--frames", str(frames), stdout=StringIO(), stderr=StringIO())
        numbers: dict[str, dict[str, float]] = json.loads((frames / "numbers.json").read_text())
        return numbers

    plain = table()
    assert set(plain) == {"copy", "analytic", "ours"}
    assert all(0 < row["l1"] < 0.5 and 0 < row["ssim"] < 1 for row in plain.values())
    assert "akd" not in plain["copy"]
    # The landmarks of a copy are those of the clip's first frame.
    copies = sorted(path for path in (frames / "copy").iterdir() if path.is_dir())
    with np.load(clips / "landmarks.npz") as stored:
        first = stored["clip-di"][:1]
    found = {path.name: np.repeat(first, len(list(path.iterdir())), 0) for path in copies}
    np.savez(frames / "copy" / "landmarks.npz", **found)  # type: ignore[arg-type]
    assert table()["copy"]["akd"] > 1
    shutil.rmtree(frames)
