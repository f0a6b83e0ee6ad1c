"""S3FD is used where its weights are on disk; a file without them is named, and no code in it is run."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from face_alignment.detection.sfd.net_s3fd import s3fd

from portrait.engine.errors import CheckpointError, NoFaceError
from portrait.engine.photo.face_detection import find_face, s3fd_weights
from portrait.engine.photo.s3fd_detector import load_s3fd
from tests.portrait.pictures import astronaut, resized

WEIGHTS = "s3fd-619a316812.pth"


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    (tmp_path / "checkpoints" / "face").mkdir(parents=True)
    load_s3fd.cache_clear()
    return tmp_path / "checkpoints"


@pytest.fixture
def silent(checkpoints: Path) -> Path:
    """Weights with which the network detects nothing: the score of every class but background is very low."""
    torch.manual_seed(0)
    weights = {key: torch.zeros_like(value) for key, value in s3fd().state_dict().items()}
    for key, value in weights.items():
        if key.endswith("conf.bias"):
            value[-1] = -20.0
    torch.save(weights, checkpoints / "face" / WEIGHTS)
    return checkpoints


def test_it_is_used_where_its_weights_exist(silent: Path) -> None:
    # The shipped networks would find this face.
    with pytest.raises(NoFaceError):
        find_face(astronaut(), checkpoints=silent)


def test_its_boxes_become_faces(silent: Path) -> None:
    # One layer detects a face in every cell; the sizes are those of its default boxes.
    path = silent / "face" / WEIGHTS
    weights = torch.load(path, weights_only=True)
    weights["fc7_mbox_conf.bias"][:] = torch.tensor([0.0, 4.0])
    torch.save(weights, path)
    face = find_face(resized(astronaut(), 320, 320), checkpoints=silent)
    assert face.detector == "s3fd"
    assert face.score == pytest.approx(1 / (1 + np.exp(-4)), abs=1e-4)
    assert face.height == pytest.approx(
        1.05 * 128, rel=0.01
    )  # this layer's boxes have 4 times its stride of 32


def test_random_weights_run(checkpoints: Path) -> None:
    torch.manual_seed(1)
    torch.save(s3fd().state_dict(), checkpoints / "face" / WEIGHTS)
    boxes = load_s3fd(checkpoints / "face" / WEIGHTS).boxes(resized(astronaut(), 64, 64), 0.4)
    assert boxes.ndim == 2
    assert boxes.shape[1] == 5


def test_without_weights_the_shipped_networks_are_used(checkpoints: Path) -> None:
    assert s3fd_weights(checkpoints) is None
    assert find_face(astronaut(), checkpoints=checkpoints).detector == "mesh"


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("bomb"),)  # type: ignore[return-value]


@pytest.mark.parametrize("fault", ["cut short", "other network", "no weights", "code"])
def test_an_invalid_file_is_named(checkpoints: Path, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkpoints)
    path = checkpoints / "face" / WEIGHTS
    if fault == "cut short":
        torch.save(s3fd().state_dict(), path)
        path.write_bytes(path.read_bytes()[:100_000])
    elif fault == "other network":
        torch.save({"conv1_1.weight": torch.zeros(3, 3)}, path)
    elif fault == "no weights":
        path.write_bytes(b"<html>404</html>")
    else:
        path.write_bytes(pickle.dumps({"conv1_1.weight": Bomb()}))
    with pytest.raises(CheckpointError) as caught:
        find_face(astronaut(), checkpoints=checkpoints)
    assert str(path) in caught.value.detail
    assert not (checkpoints / "bomb").exists()
