"""A linear basis of facial motion for the compact network's 16 keypoints, and its estimation.

Each driver (turning the head, closing the eyes, ...) moves every keypoint by some displacement and deforms its local
frame by some matrix, given as a logarithm. The numbers are in ``basis.npz``; they were learned by least squares from
the keypoints of 108 talking people (172 clips from repositories under the MIT, Apache, BSD and CC0 licences),
left-right symmetrized, and are means over all people, so that they contain no individual face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from portrait.engine.errors import MotionFileError
from portrait.engine.motion.affine import inv2, log2
from portrait.engine.motion.anatomy import (
    BROW_LEFT,
    BROW_RIGHT,
    BROWS,
    EYE_LEFT,
    EYE_RIGHT,
    EYES,
    LOWER_FACE,
    LOWER_LIP,
    MIRRORED,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    NOSE,
    RIGID,
    TEMPLE_LEFT,
    TEMPLE_RIGHT,
    UPPER_LIP,
)

Array = NDArray[np.float64]

BASIS_FILE = Path(__file__).parent / "basis.npz"


@dataclass(frozen=True)
class Driver:
    """One cause of motion. ``mirrored``: its sign in a mirror. ``moves``: the keypoints that it may move.

    People nod as they blink and raise their brows as they talk; a driver that may only move its own part of the face
    does not learn such correlations.
    """

    name: str
    mirrored: int = 1
    moves: tuple[int, ...] = tuple(range(16))
    whole_head: bool = False


DRIVERS = (
    Driver("turn", mirrored=-1, whole_head=True),  # towards the picture's right
    Driver("nod", whole_head=True),  # downwards
    Driver("close", moves=(*EYES, *BROWS)),  # both eyes
    Driver("widen", moves=LOWER_FACE),  # the mouth
    Driver("lift", moves=LOWER_FACE),  # the mouth's corners
    Driver("open", moves=LOWER_FACE),  # the jaw
    Driver("brows", moves=(*EYES, *BROWS)),  # upwards
)


@dataclass(frozen=True, eq=False)
class Basis:
    """``rest_value`` (16, 2) and ``rest_jacobian`` (16, 2, 2): the mean face looking ahead, in -1..1.

    ``value`` (D, 16, 2) and ``log_jacobian`` (D, 16, 2, 2): the response to one standard deviation of each driver in
    the order of ``DRIVERS``. ``shift`` (D, 2): how far the whole head goes along (0 for an expression).
    """

    rest_value: Array
    rest_jacobian: Array
    value: Array
    log_jacobian: Array
    shift: Array


def load_basis(path: Path = BASIS_FILE) -> Basis:
    """Read the committed numbers. Raises MotionFileError."""
    shapes = {
        "rest_value": (16, 2),
        "rest_jacobian": (16, 2, 2),
        "value": (len(DRIVERS), 16, 2),
        "log_jacobian": (len(DRIVERS), 16, 2, 2),
        "shift": (len(DRIVERS), 2),
    }
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key].astype(np.float64) for key in shapes}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise MotionFileError(path, f"cannot be read as a motion basis ({error})") from error
    for key, shape in shapes.items():
        if arrays[key].shape != shape:
            raise MotionFileError(path, f"has {key!r} of shape {arrays[key].shape} instead of {shape}")
    return Basis(**arrays)


def save_basis(basis: Basis, path: Path = BASIS_FILE) -> None:
    """Write the numbers as float32."""
    np.savez_compressed(
        path, allow_pickle=False, **{key: array.astype(np.float32) for key, array in vars(basis).items()}
    )


def learn_basis(clips: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> Basis:
    """Least squares over ``clips``: one (value (T, 16, 2), jacobian (T, 16, 2, 2)) for each stretch of one person.

    The head's own place, size and roll are removed from each frame first, then each clip's median pose, so that only
    the keypoints' motion counts, not a person's looks.
    """
    rest_value = np.mean([np.median(value, axis=0) for value, _ in clips], axis=0).astype(np.float64)
    rest_value = (rest_value + rest_value[list(MIRRORED)] * (-1, 1)) / 2  # (16, 2)
    drivers, values, logs, places = [], [], [], []
    for value, jacobian in clips:
        turned, placed, place = _normalize(value.astype(np.float64), jacobian.astype(np.float64), rest_value)
        middle = np.median(placed, axis=0)
        frame = np.median(turned, axis=0)
        # The frame of a closed eye may come out mirrored; such numbers are left out.
        usable = np.linalg.det(turned) > 0.02
        keep = usable.all(axis=1) & (np.linalg.det(frame) > 0.02).all()
        change = turned[keep] @ inv2(frame)
        regular = (_half_trace(change) > 0).all(axis=1)
        kept = np.flatnonzero(keep)[regular]
        values.append(placed[kept] - middle)
        logs.append(log2(change[regular]))
        drivers.append(_measure(placed[kept] - middle, logs[-1]))
        places.append(place[kept] - np.median(place, axis=0))
    driver = np.concatenate(drivers)  # (N, D)
    driver = driver / driver.std(axis=0)
    responses: Array = np.zeros((len(DRIVERS), 16, 2))
    log: Array = np.zeros((len(DRIVERS), 16, 2, 2))
    for k in range(16):
        causes = [d for d, cause in enumerate(DRIVERS) if k in cause.moves]
        responses[causes, k] = _least_squares(driver[:, causes], np.concatenate(values)[:, k])
        log[causes, k] = _least_squares(driver[:, causes], np.concatenate(logs)[:, k])
    shift = np.zeros((len(DRIVERS), 2))
    heads = [d for d, cause in enumerate(DRIVERS) if cause.whole_head]
    shift[heads] = _least_squares(driver[:, heads], np.concatenate(places))
    rest_jacobian = np.broadcast_to(np.eye(2), (16, 2, 2)).copy()  # a frame is measured against the mean face
    return _symmetrize(Basis(rest_value, rest_jacobian, responses, log, shift))


def _least_squares(drivers: Array, response: Array) -> Array:
    """(N, D) and (N, ...) -> (D, ...)."""
    solution = np.linalg.lstsq(drivers, response.reshape(len(response), -1), rcond=None)[0]
    return np.asarray(solution).reshape(-1, *response.shape[1:])


def _normalize(value: Array, jacobian: Array, rest: Array) -> tuple[Array, Array, Array]:
    """Fit a similarity of each frame to ``rest``; returns the frames and keypoints under it, and its place (T, 2)."""
    target = rest[list(RIGID)] - rest[list(RIGID)].mean(axis=0)  # (R, 2)
    place = value[:, RIGID].mean(axis=1)  # (T, 2)
    source = value[:, RIGID] - place[:, None]
    size = (source**2).sum(axis=(1, 2))
    along = (source * target).sum(axis=(1, 2)) / size
    across = (source[..., 0] * target[:, 1] - source[..., 1] * target[:, 0]).sum(axis=1) / size
    similarity = np.stack([np.stack([along, -across], -1), np.stack([across, along], -1)], -2)  # (T, 2, 2)
    placed = (value - place[:, None]) @ similarity.transpose(0, 2, 1) + rest[list(RIGID)].mean(axis=0)
    return similarity[:, None] @ jacobian, placed, place


def _measure(value: Array, log: Array) -> Array:
    """The drivers of displaced keypoints (T, 16, 2) and log-frames (T, 16, 2, 2): (T, D), in DRIVERS' order."""
    x, y = value[..., 0], value[..., 1]
    height = log[..., 1, 1]
    turn = x[:, NOSE] - (x[:, TEMPLE_RIGHT] + x[:, TEMPLE_LEFT]) / 2
    nod = y[:, NOSE] - (y[:, EYE_RIGHT] + y[:, EYE_LEFT] + y[:, TEMPLE_RIGHT] + y[:, TEMPLE_LEFT]) / 4
    close = -(height[:, EYE_RIGHT] + height[:, EYE_LEFT]) / 2
    widen = x[:, MOUTH_LEFT] - x[:, MOUTH_RIGHT]
    lift = (y[:, UPPER_LIP] + y[:, LOWER_LIP] - y[:, MOUTH_RIGHT] - y[:, MOUTH_LEFT]) / 2
    opening = y[:, LOWER_LIP] - y[:, UPPER_LIP]
    brows = (y[:, EYE_RIGHT] + y[:, EYE_LEFT] - y[:, BROW_RIGHT] - y[:, BROW_LEFT]) / 2
    return np.stack([turn, nod, close, widen, lift, opening, brows], axis=1)


def _symmetrize(basis: Basis) -> Basis:
    """Average each response with its mirror image, so that no template favours a side."""
    sign = np.array([driver.mirrored for driver in DRIVERS], dtype=np.float64)
    flip = np.array([[1, -1], [-1, 1]])  # conjugating a matrix by the mirror turns its off-diagonal's sign
    value = (basis.value + sign[:, None, None] * basis.value[:, MIRRORED] * (-1, 1)) / 2
    log = (basis.log_jacobian + sign[:, None, None, None] * basis.log_jacobian[:, MIRRORED] * flip) / 2
    shift = (basis.shift + sign[:, None] * basis.shift * (-1, 1)) / 2
    return Basis(basis.rest_value, basis.rest_jacobian, value, log, shift)


def _half_trace(matrix: Array) -> Array:
    return np.asarray((matrix[..., 0, 0] + matrix[..., 1, 1]) / 2)
