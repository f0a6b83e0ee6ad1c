"""Photos of faces rendered again with another pose and expression: more faces than the clips have people.

The 468 landmarks of a photo, with their depth, are a mesh. Its points are turned and its jaw, lids and brows moved;
the photo is then warped triangle by triangle. The flow between two renderings is exact inside the mesh.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from portrait.engine.photo.landmarks import CHIN, HAIRLINE, INNER_LIPS
from portrait.engine.photo.picture import Picture
from portrait.training.motion.face_mesh import NO_TRIANGLE, FaceMesh

Points = NDArray[np.float32]

# Of each eye, from one corner to the other: the upper lid's edge, the lower one's, and the crease above.
_LIDS = (
    (
        [246, 161, 160, 159, 158, 157, 173],
        [7, 163, 144, 145, 153, 154, 155],
        [247, 30, 29, 27, 28, 56, 190],
    ),
    (
        [466, 388, 387, 386, 385, 384, 398],
        [249, 390, 373, 374, 380, 381, 382],
        [467, 260, 259, 257, 258, 286, 414],
    ),
)
_LOWER_LIP = [95, 88, 178, 87, 14, 317, 402, 318, 324, 146, 91, 181, 84, 17, 314, 405, 321, 375]
# The upper lip stays where it is when the jaw falls.
_UPPER_LIP = [
    78,
    191,
    80,
    81,
    82,
    13,
    312,
    311,
    310,
    415,
    308,
    61,
    185,
    40,
    39,
    37,
    0,
    267,
    269,
    270,
    409,
    291,
]
_CORNERS = (61, 291)
_BROWS = ([70, 63, 105, 66, 107], [300, 293, 334, 296, 336])
_LID_SHARE, _LOWER_LID_SHARE, _CREASE_SHARE = 0.9, 0.08, 0.35
# Outside the mesh the head goes along, less and less with the distance, in fractions of the side.
_SPREAD, _REACH = 0.07, 0.17
_MOUTH_DARKNESS = 0.25  # of the inside of a mouth that was closed, relative to the lips


@dataclass(frozen=True)
class FacePhoto:
    """A photo with its landmarks. ``points``: float32 (468, 2) in pixels; ``depth``: float32 (468,), in pixels."""

    picture: Picture
    points: Points
    depth: Points


def render_variants(photo: FacePhoto, mesh: FaceMesh, count: int, seed: int) -> list[tuple[Picture, Points]]:
    """The photo and ``count`` - 1 renderings of it, each with its landmarks in pixels, float32 (468, 2)."""
    random = np.random.default_rng(seed)
    out = [(photo.picture, photo.points)]
    for _ in range(count - 1):
        points = _moved(photo, random)
        out.append((_warped(photo, points, mesh), points))
    return out


def _moved(photo: FacePhoto, random: np.random.Generator) -> Points:
    """The landmarks after a random change of expression and pose."""
    points, depth = photo.points.astype(np.float64), photo.depth.astype(np.float64)
    up = points[HAIRLINE] - points[CHIN]
    height = float(np.hypot(*up))
    # The face's own frame: across and down, in heights of the face.
    axes = np.array([[-up[1], up[0]], [-up[0], -up[1]]]) / height**2
    centre = points.mean(0)
    face = (points - centre) @ axes.T
    _change_expression(face, random)

    # Pose, in a frame in which the third axis points away from the camera.
    yaw, pitch, roll = np.radians(random.normal(0, (9, 6, 4)).clip((-18, -12, -9), (18, 12, 9)))
    solid = np.column_stack([face, (depth - depth.mean()) / height])
    turned = solid @ _rotation(yaw, pitch).T
    scale = 1 + random.uniform(-0.03, 0.03)
    cosine, sine = scale * np.cos(roll), scale * np.sin(roll)
    flat = turned[:, :2] @ np.array([[cosine, sine], [-sine, cosine]])
    back = np.linalg.inv(axes)
    shift = random.uniform(-0.02, 0.02, 2) * photo.picture.shape[0]
    return np.asarray(flat @ back.T + centre + shift, np.float32)


def _change_expression(face: NDArray[np.float64], random: np.random.Generator) -> None:
    """Move lids, jaw, mouth corners and brows of (468, 2), across and down in heights of the face, in place."""
    if random.random() < 0.7:
        closed = random.uniform(0.2, 1) if random.random() < 0.75 else random.uniform(-0.25, 0)
        both = random.random() < 0.85
        for index, (upper, lower, crease) in enumerate(_LIDS):
            if not both and index == random.integers(2):
                continue
            gap = face[lower] - face[upper]
            face[upper] += closed * _LID_SHARE * gap
            face[lower] -= max(closed, 0) * _LOWER_LID_SHARE * gap
            face[crease] += closed * _CREASE_SHARE * gap
    if random.random() < 0.6:
        drop = random.uniform(0.01, 0.11)
        line = face[INNER_LIPS].mean(0)
        below = np.clip((face[:, 1] - line[1]) / 0.18, 0, 1) * np.exp(-(((face[:, 0] - line[0]) / 0.38) ** 2))
        half = np.abs(face[_CORNERS, 0] - line[0]).max() + 1e-6
        lip = 1 - np.clip(np.abs(face[_LOWER_LIP, 0] - line[0]) / half, 0, 1) ** 2
        below[_LOWER_LIP] = np.maximum(below[_LOWER_LIP], lip)
        below[_UPPER_LIP] = 0
        face[:, 1] += drop * below
    corner_shift = random.normal(0, 0.018), random.normal(0, 0.014)
    for side, corner in zip((-1, 1), _CORNERS, strict=True):
        near = np.exp(-((face - face[corner]) ** 2).sum(1) / (2 * 0.08**2))
        face += near[:, None] * (side * corner_shift[0], -corner_shift[1])
    raised = random.normal(0, 0.016)
    for brow in _BROWS:
        near = np.exp(-((face - face[brow].mean(0)) ** 2).sum(1) / (2 * 0.07**2))
        face[:, 1] -= near * raised


def _rotation(yaw: float, pitch: float) -> NDArray[np.float64]:
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    nod = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    return np.asarray(turn @ nod)


def _warped(photo: FacePhoto, points: Points, mesh: FaceMesh) -> Picture:
    """The photo with its landmarks moved to ``points``."""
    side = photo.picture.shape[0]
    raster = mesh.rasterize(torch.from_numpy(points) * (2 / side) - 1, side)
    corners = mesh.corners.numpy()
    # Affine maps from the rendering to the photo.
    there = np.concatenate([points[corners], np.ones((len(corners), 3, 1), np.float32)], 2)  # (T, 3, 3)
    singular = np.abs(np.linalg.det(there)) < 1e-3
    there[singular] = np.eye(3)
    maps = np.linalg.solve(there.astype(np.float64), photo.points[corners].astype(np.float64))  # (T, 3, 2)
    rows, columns = np.mgrid[:side, :side].astype(np.float32) + 0.5
    pixels = np.stack([columns, rows, np.ones_like(rows)], -1)
    inside = raster != NO_TRIANGLE
    moved = np.zeros((side, side, 2), np.float32)
    moved[inside] = np.einsum("nk,nkc->nc", pixels[inside], maps[raster[inside]]) - pixels[inside][:, :2]

    # Outside, the neighbourhood's mean displacement, fading with the distance.
    weight = inside.astype(np.float32)
    spread = _SPREAD * side
    total = cv2.GaussianBlur(weight, (0, 0), spread)[..., None] + np.float32(1e-4)
    around = cv2.GaussianBlur(moved, (0, 0), spread) / total
    distance = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5)
    fade = np.exp(-((distance / (_REACH * side)) ** 2))[..., None]
    moved = np.where(inside[..., None], moved, around * fade)
    places = np.asarray(pixels[..., :2] + moved - 0.5, np.float32)
    frame = cv2.remap(
        photo.picture, places[..., 0], places[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return _with_dark_mouth(np.asarray(frame, np.uint8), photo, points)


def _with_dark_mouth(frame: Picture, photo: FacePhoto, points: Points) -> Picture:
    """An opened mouth shows darkness, not the stretched lips."""
    before, after = (cv2.contourArea(p[INNER_LIPS].astype(np.float32)) for p in (photo.points, points))
    if after < 2 * before + 4:
        return np.asarray(frame, np.uint8)
    lips = np.zeros(frame.shape[:2], np.uint8)
    cv2.fillPoly(lips, [np.rint(points[INNER_LIPS]).astype(np.int32)], 255)
    share = cv2.GaussianBlur(lips, (0, 0), 1.2)[..., None].astype(np.float32) / 255
    colour = frame[lips > 0].mean(0) * _MOUTH_DARKNESS
    return np.asarray(np.rint(frame * (1 - share) + colour * share).clip(0, 255), np.uint8)
