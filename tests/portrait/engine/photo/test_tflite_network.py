"""The face networks as NumPy runs them say what OpenCV's runtime says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from portrait.engine.errors import CheckpointError
from portrait.engine.photo.face_networks import DETECTOR_FILE, FACE_WEIGHTS, MESH_FILE
from portrait.engine.photo.matte import SEGMENTATION_FILE
from portrait.engine.photo.picture import by_area
from portrait.engine.photo.tflite_network import network
from portrait.engine.photo.warping import warped
from tests.paths import ROOT

FACES = sorted((ROOT / "demo" / "faces").glob("*.jpg"))
# Side of the input, and the values that become 0 and 1 (or -1 and 1).
INPUTS = {DETECTOR_FILE: (128, 127.5, 127.5), MESH_FILE: (192, 0.0, 255.0)}


def square(path: Path, side: int) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB").resize((side, side)))


def of_opencv(file: str, picture: NDArray[np.uint8]) -> dict[int, NDArray[np.float32]]:
    """The outputs by their size."""
    side, zero, one = INPUTS[file]
    net = cv2.dnn.readNetFromTFLite(str(FACE_WEIGHTS / file), cv2.dnn.ENGINE_CLASSIC)
    net.setInput(cv2.dnn.blobFromImage(picture, 1 / one, (side, side), (zero, zero, zero)))
    outputs = net.forward(net.getUnconnectedOutLayersNames())
    return {out.size: np.asarray(out, np.float32).reshape(-1) for out in outputs}


def of_ours(file: str, pictures: NDArray[np.uint8]) -> dict[int, NDArray[np.float32]]:
    """The outputs of the first picture by their size."""
    _, zero, one = INPUTS[file]
    outputs = network(FACE_WEIGHTS / file)(
        ((pictures - np.float32(zero)) / np.float32(one)).astype(np.float32)
    )
    return {out[0].size: out[0].reshape(-1) for out in outputs.values()}


@pytest.mark.parametrize("file", INPUTS)
@pytest.mark.parametrize("face", FACES, ids=lambda path: path.stem)
def test_it_says_what_opencv_says(file: str, face: Path) -> None:
    picture = square(face, INPUTS[file][0])
    expected, found = of_opencv(file, picture), of_ours(file, picture[None])
    assert expected.keys() == found.keys()
    for size, values in expected.items():
        # Pixels and logits of up to 200.
        np.testing.assert_allclose(found[size], values, atol=2e-3)


@pytest.mark.parametrize("file", INPUTS)
def test_pictures_in_one_batch_do_not_mix(file: str) -> None:
    pictures = np.stack([square(face, INPUTS[file][0]) for face in FACES[:2]])
    for size, values in of_ours(file, pictures[:1]).items():
        np.testing.assert_allclose(of_ours(file, pictures)[size], values, atol=2e-3)


def test_threads_share_a_network() -> None:
    pictures = [square(face, 128)[None] for face in FACES]
    alone = [of_ours(DETECTOR_FILE, picture) for picture in pictures]
    with ThreadPoolExecutor(4) as threads:
        for number, found in enumerate(threads.map(lambda one: of_ours(DETECTOR_FILE, one), pictures * 4)):
            for size, values in alone[number % len(pictures)].items():
                np.testing.assert_array_equal(found[size], values)


@pytest.mark.parametrize("damage", ["missing", "empty", "cut short", "text"])
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "net.tflite"
    whole = (FACE_WEIGHTS / DETECTOR_FILE).read_bytes()
    contents = {"empty": b"", "cut short": whole[: len(whole) // 2], "text": b"no network" * 99}
    if damage in contents:
        path.write_bytes(contents[damage])
    with pytest.raises(CheckpointError, match=r"net\.tflite"):
        network(path)


def test_a_network_with_other_operators_is_refused() -> None:
    with pytest.raises(CheckpointError, match="another network"):
        network(FACE_WEIGHTS / SEGMENTATION_FILE)


@pytest.mark.parametrize("size", [(128, 90), (85, 128), (1, 1), (150, 100)])
def test_a_reduction_is_the_mean_of_areas(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(3).integers(0, 256, (150, 200, 3), np.uint8)
    expected = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    assert np.abs(by_area(picture, size).astype(int) - expected).max() <= 1


def test_a_warped_picture_is_interpolated_and_continued_beyond_the_border() -> None:
    rows, columns = np.mgrid[0:60, 0:80]
    smooth = np.stack([2 * columns, 3 * rows, rows + columns], axis=-1).astype(np.uint8)
    turn = np.array([[0.9, 0.3, -10.0], [-0.3, 0.9, 12.0]])
    expected = cv2.warpAffine(smooth, turn, (64, 64), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    assert np.abs(warped(smooth, turn, 64).astype(int) - expected).max() <= 1
