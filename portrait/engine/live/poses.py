"""The poses of a live portrait, and any mixture of them: amplitudes in, keypoints out.

A pose belongs to a stage. The keypoints of one stage are added, the stages are composed: the head looks somewhere,
nods, tilts and breathes, and its face, wherever it is by then, has an expression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from portrait.engine.motion.affine import exp2, inv2, log2
from portrait.engine.motion.expressions import EXPRESSIONS, load_expressions
from portrait.engine.motion.gaze import GAZES, gaze_weights, load_gaze
from portrait.engine.motion.template import Motion

Array = NDArray[np.float64]

LOOK, NOD, TILT, FACE = "look", "nod", "tilt", "face"
STAGES = (LOOK, NOD, TILT, FACE)
# How much of its template a pose is at its full extent. The whole templates turn the head by a tenth of the frame: so
# far apart, two poses cannot be mixed without an error that is seen.
_LOOK_EXTENT = 0.65
_EXTENTS = {"nod": 0.65, "tilt-left": 0.55, "tilt-right": 0.55, "breath": 0.4}
# The poses of which something may be painted; a nod, a tilt or a breath uncovers nothing.
PAINTED_STAGES = (LOOK, FACE)
_STAGE_OF = {"nod": NOD, "tilt-left": TILT, "tilt-right": TILT, "breath": TILT}


@dataclass(frozen=True)
class Pose:
    """One pose at its full extent. ``at``: of a look, how far to the picture's right and down; else (0, 0).

    ``bent``: halfway to it, a place is not halfway to where it goes, by more than is left unseen.
    ``cubic``: a place's way there needs a curve of the third order.
    """

    name: str
    stage: str
    at: tuple[int, int] = (0, 0)
    bent: bool = True
    cubic: bool = False


def _look_name(right: int, down: int) -> str:
    parts = (("left", "", "right")[right + 1], ("up", "", "down")[down + 1])
    return "-".join(["look", *(part for part in parts if part)])


POSES = (
    *(Pose(_look_name(*at), LOOK, at, cubic=at[1] == 0) for at in GAZES[1:]),
    *(Pose(name, _STAGE_OF.get(name, FACE), bent=name != "breath") for name in EXPRESSIONS),
)


_SIGNED = ("look_right", "look_down", "tilt", "gaze_right", "gaze_down")


@dataclass(frozen=True)
class Amplitudes:
    """How far a live portrait is in each of its motions. 0 is at rest; values outside the range are clamped.

    The motions of the head share one budget: the larger of the two of the look, the nod and the tilt are at most 1
    together, else all three are scaled to that. The gaze moves the eyes alone (``live.eyes``).
    """

    look_right: float = 0.0  # -1..1, the picture's right
    look_down: float = 0.0  # -1..1
    nod: float = 0.0  # 0..1
    tilt: float = 0.0  # -1..1, clockwise
    breath: float = 0.0  # 0..1
    smile: float = 0.0  # 0..1
    open: float = 0.0  # 0..1, the mouth
    blink: float = 0.0  # 0..1
    wink: float = 0.0  # 0..1
    gaze_right: float = 0.0  # -1..1, of the eyes alone
    gaze_down: float = 0.0  # -1..1

    def __post_init__(self) -> None:
        for item in fields(self):
            low = -1.0 if item.name in _SIGNED else 0.0
            object.__setattr__(self, item.name, float(np.clip(getattr(self, item.name), low, 1.0)))
        total = self.reach + self.nod + abs(self.tilt)
        if total > 1:
            for name in ("look_right", "look_down", "nod", "tilt"):
                object.__setattr__(self, name, getattr(self, name) / total)

    @property
    def reach(self) -> float:
        """How far the look is from ahead, 0..1."""
        return max(abs(self.look_right), abs(self.look_down))

    @property
    def by_name(self) -> dict[str, float]:
        return asdict(self)

    def shares(self) -> Array:
        """(P,): the share of each of ``POSES``, 0..1.

        A look is on the way from ahead to a place between two of the poses, and has a share of each of them.
        """
        reach = self.reach
        looks = np.zeros(len(GAZES) - 1)
        if reach > 0:
            looks = reach * gaze_weights(self.look_right / reach, self.look_down / reach)[1:]
        amounts = {
            **self.by_name,
            "tilt-left": max(-self.tilt, 0.0),
            "tilt-right": max(self.tilt, 0.0),
        }
        return np.concatenate([looks, [amounts[name] for name in EXPRESSIONS]])


@dataclass(frozen=True)
class Pair:
    """Two of ``POSES``, by index, and the shares of both at which it is evaluated what their sum misses.

    ``skew``: it is another thing nearer to the one pose than to the other.
    """

    first: int
    second: int
    at: tuple[float, float]
    skew: bool = False

    @property
    def amplitudes(self) -> Amplitudes:
        return self.amplitudes_at(*self.at)

    def amplitudes_at(self, first: float, second: float) -> Amplitudes:
        """The amplitudes of both poses with these shares."""
        parts = [of_pose(POSES[self.first], first), of_pose(POSES[self.second], second)]
        return Amplitudes(*map(sum, zip(*(part.by_name.values() for part in parts), strict=True)))


def _pairs() -> tuple[Pair, ...]:
    """The pairs whose fields make what the player does better, measured with random moments of it on six faces.

    Fields of the other pairs gain nothing, or make mixtures of three motions worse: corrections do not simply add.
    """
    index = {pose.name: number for number, pose in enumerate(POSES)}
    looks = range(len(GAZES) - 1)
    sideways = [look for look in looks if POSES[look].at[0]]
    straight = [look for look in sideways if not POSES[look].at[1]]
    level = [look for look in sideways if POSES[look].at[1] >= 0]
    up, down = index["look-up"], index["look-down"]
    nod, breath, tilts = index["nod"], index["breath"], (index["tilt-left"], index["tilt-right"])
    smile, opened, blink, wink = (index[name] for name in ("smile", "open", "blink", "wink"))
    return (
        *(Pair(one, other, (0.5, 0.5)) for one, other in combinations(looks, 2) if _apart(one, other) == 1),
        *(Pair(look, tilt, (0.5, 0.5), skew=look != up) for look in (*sideways, up) for tilt in tilts),
        *(Pair(head, nod, (0.5, 0.5)) for head in (*sideways, down, *tilts)),
        *(Pair(head, breath, (0.7, 1.0)) for head in (*looks, nod)),
        *(Pair(look, face, (0.7, 0.7)) for look in looks for face in (smile, blink)),
        *(Pair(look, opened, (0.7, 0.7)) for look in (*level, down)),
        *(Pair(look, wink, (0.7, 0.8)) for look in straight),
        *(Pair(tilt, wink, (0.7, 0.8)) for tilt in tilts),
        Pair(breath, wink, (1.0, 0.8)),
    )


def _apart(one: int, other: int) -> int:
    """How far two looks are from each other, in steps of the grid."""
    return sum(abs(a - b) for a, b in zip(POSES[one].at, POSES[other].at, strict=True))


def posed(amplitudes: Sequence[Amplitudes]) -> Motion:
    """A motion of a frame at rest and one for each of ``amplitudes``.

    Within a stage displacements add, and Jacobians along their logarithms. The next stage moves the face as the
    stages before it have turned it.
    """
    gaze, value, log = _responses()
    assert gaze.jacobian is not None
    rest, frame = gaze.value[0].astype(np.float64), gaze.jacobian[0].astype(np.float64)
    values, frames = [rest], [frame]
    for each in amplitudes:
        shares = each.shares()
        moved = np.zeros_like(rest)  # (K, 2)
        turned = np.broadcast_to(np.eye(2), frame.shape)  # (K, 2, 2)
        for stage in STAGES:
            own = shares * [pose.stage == stage for pose in POSES]
            moved = moved + np.einsum("kxy,ky->kx", turned, np.einsum("p,pkx->kx", own, value))
            turned = turned @ exp2(np.einsum("p,pkxy->kxy", own, log))
        values.append(rest + moved)
        frames.append(turned @ frame)
    return replace(
        gaze,
        name="live",
        value=np.stack(values).astype(np.float32),
        jacobian=np.stack(frames).astype(np.float32),
    )


def of_pose(pose: Pose, share: float = 1.0) -> Amplitudes:
    """The amplitudes of ``pose``, at its full extent or at a part of it."""
    if pose.stage == LOOK:
        return Amplitudes(look_right=share * pose.at[0], look_down=share * pose.at[1])
    if pose.name.startswith("tilt-"):
        return Amplitudes(tilt=share if pose.name == "tilt-right" else -share)
    return Amplitudes(**{pose.name: share})


@lru_cache(maxsize=1)
def _responses() -> tuple[Motion, Array, Array]:
    """The gaze family, and each pose's displacements (P, K, 2) and logarithms (P, K, 2, 2)."""
    families = load_gaze(), load_expressions()
    values, logs = [], []
    for family in families:
        assert family.jacobian is not None
        first = family.jacobian[:1].astype(np.float64)
        values.append(family.value[1:].astype(np.float64) - family.value[:1])
        logs.append(log2(family.jacobian[1:] @ inv2(first)))
    extents = np.array(
        [_LOOK_EXTENT if pose.stage == LOOK else _EXTENTS.get(pose.name, 1.0) for pose in POSES]
    )
    return (
        families[0],
        np.concatenate(values) * extents[:, None, None],
        np.concatenate(logs) * extents[:, None, None, None],
    )


PAIRS = _pairs()
