"""What the shipped motion templates promise, and how recorded motion is made to loop."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from numpy.typing import NDArray

from portrait.engine.motion import MOTIONS_DIR, Motion, load_motion, motion_names
from portrait.engine.motion.affine import inv2, log2
from portrait.engine.motion.anatomy import (
    EYE_LEFT,
    EYE_RIGHT,
    LOWER_LIP,
    MIRRORED,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    NOSE,
    UPPER_LIP,
)
from portrait.engine.motion.basis import learn_basis, load_basis
from portrait.engine.motion.loop_closing import Trajectory, close_loop, find_loop, gentle_strength, smooth
from portrait.motion_making.compose import compose
from portrait.motion_making.specs import MOTION_SPECS

SHIPPED = [spec.name for spec in MOTION_SPECS]


@pytest.fixture(params=SHIPPED)
def motion(request: pytest.FixtureRequest) -> Motion:
    return load_motion(request.param)


def steps(x: NDArray[np.floating]) -> NDArray[np.floating]:
    """The largest change of any keypoint from each frame to the next, the last to the first included."""
    following = np.concatenate([x[1:], x[:1]])
    return np.abs(following - x).reshape(len(x), -1).max(axis=1)


def test_the_motions_of_a_hanging_portrait_ship_and_one_has_sixty_frames() -> None:
    assert {"breathing", "look-around", "nod", "smile", "proud-turn", "talking"} <= set(SHIPPED)
    assert {"wink", "sigh", "laugh", "answer"} <= set(SHIPPED)
    assert set(SHIPPED) == set(motion_names())
    assert 60 in [len(load_motion(name)) for name in SHIPPED]


def test_the_last_frame_runs_into_the_first(motion: Motion) -> None:
    assert motion.jacobian is not None
    for track in (motion.value, motion.jacobian):
        change = steps(track)
        assert change[-1] <= change[:-1].max()


def test_a_template_lasts_a_few_seconds_and_a_few_dozen_kilobytes(motion: Motion) -> None:
    assert 50 <= len(motion) <= 100
    assert 2.5 <= motion.seconds <= 4
    assert (MOTIONS_DIR / f"{motion.name}.npz").stat().st_size < 48_000
    assert (motion.num_keypoints, motion.model) == (16, "compact-16")
    assert set(motion.title) == {"en", "ko"}


def test_every_template_moves_gently_and_blinks(motion: Motion) -> None:
    assert motion.jacobian is not None
    pixels = np.linalg.norm(motion.value - motion.value[0], axis=2).max() * 128  # of 256

    assert 2 < pixels < 24
    openness = motion.jacobian[:, [EYE_RIGHT, EYE_LEFT], 1, 1]
    assert (openness.min(axis=0) < 0.4).all()
    if motion.name != "wink":
        np.testing.assert_allclose(openness[:, 0], openness[:, 1], atol=0.12)  # the eyes close alike


def test_a_wink_closes_one_eye_while_the_other_stays_open() -> None:
    wink = load_motion("wink")
    assert wink.jacobian is not None
    right, left = wink.jacobian[:, [EYE_RIGHT, EYE_LEFT], 1, 1].T

    shut = left < 0.4
    assert (shut & (right > 0.85)).sum() >= 0.3 * wink.fps


def test_a_laugh_begins_with_a_closed_mouth_and_opens_it_in_bursts() -> None:
    laugh = load_motion("laugh")
    apart = laugh.value[:, LOWER_LIP, 1] - laugh.value[:, UPPER_LIP, 1]
    opening = (apart - apart[0]) * 128  # pixels of 256
    corners = laugh.value[:, MOUTH_LEFT, 0] - laugh.value[:, MOUTH_RIGHT, 0]

    begin = int(0.7 * laugh.fps)
    assert opening[:begin].max() < 0.5
    assert corners[begin] > corners[0]  # it smiles by then
    peaks = (opening[1:-1] > opening[:-2]) & (opening[1:-1] >= opening[2:]) & (opening[1:-1] > 1.5)
    assert peaks.sum() >= 3


def test_who_answers_looks_ahead_again_before_nodding_and_smiles_after() -> None:
    answer = load_motion("answer")
    nose = (answer.value - answer.value[0])[:, NOSE] * 128
    corners = answer.value[:, MOUTH_LEFT, 0] - answer.value[:, MOUTH_RIGHT, 0]

    away, nodding, smiling = np.abs(nose[:, 0]).argmax(), nose[:, 1].argmax(), corners.argmax()
    assert away < nodding < smiling
    assert abs(nose[nodding, 0]) < 2


def test_talking_opens_and_closes_the_mouth_and_pauses() -> None:
    talking = load_motion("talking")
    apart = talking.value[:, LOWER_LIP, 1] - talking.value[:, UPPER_LIP, 1]
    opening = (apart - apart[0]) * 128  # pixels of 256

    peaks = (opening[1:-1] > opening[:-2]) & (opening[1:-1] >= opening[2:]) & (opening[1:-1] > 1.5)
    shut = opening < 0.5
    longest_pause = max(len(run) for run in "".join("-" if s else " " for s in shut).split())
    assert peaks.sum() >= 5
    assert 3 < opening.max() < 9
    assert longest_pause >= 0.3 * talking.fps
    assert shut[[0, -1]].all()


def test_a_proud_head_goes_up_and_round_to_one_side() -> None:
    nose = (load_motion("proud-turn").value - load_motion("proud-turn").value[0])[:, NOSE] * 128

    assert nose[:, 0].min() > -1
    assert nose[:, 0].max() > 10
    assert nose[:, 1].min() < -4
    assert nose[:, 1].max() < 1


def test_the_shipped_templates_are_what_the_command_composes(tmp_path: Path) -> None:
    folder = tmp_path / "motions"

    call_command("compose_motions", folder=folder, stdout=StringIO())

    assert sorted(path.stem for path in folder.iterdir()) == sorted(SHIPPED)
    for name in SHIPPED:
        made, shipped = load_motion(name, folder), load_motion(name)
        assert made.jacobian is not None and shipped.jacobian is not None
        np.testing.assert_allclose(made.value, shipped.value, atol=1e-6)
        np.testing.assert_allclose(made.jacobian, shipped.jacobian, atol=1e-6)


def test_the_basis_favours_no_side() -> None:
    basis = load_basis()

    np.testing.assert_allclose(basis.rest_value, basis.rest_value[list(MIRRORED)] * (-1, 1), atol=1e-6)
    np.testing.assert_allclose(basis.value[1], basis.value[1][list(MIRRORED)] * (-1, 1), atol=1e-6)
    np.testing.assert_allclose(basis.value[0], -basis.value[0][list(MIRRORED)] * (-1, 1), atol=1e-6)


def test_what_a_basis_played_is_learned_again() -> None:
    basis = load_basis()
    clips = []
    for spec in MOTION_SPECS:
        motion = compose(spec, basis)
        assert motion.jacobian is not None
        clips.append((motion.value, motion.jacobian))

    learned = learn_basis(clips)

    for row, tolerance in ((0, 0.05), (2, 0.05)):  # turning the head and closing the eyes
        mine = np.concatenate([learned.value[row].ravel(), learned.log_jacobian[row].ravel()])
        true = np.concatenate([basis.value[row].ravel(), basis.log_jacobian[row].ravel()])
        cosine = mine @ true / np.linalg.norm(mine) / np.linalg.norm(true)
        assert cosine > 1 - tolerance


def recorded(frames: int = 100, period: int = 30, drift: float = 0.002) -> Trajectory:
    """A head that sways, drifts aside and trembles a little, at 25 frames a second."""
    random = np.random.default_rng(3)
    phase = 2 * np.pi * np.arange(frames) / period
    rest = load_basis().rest_value
    sway = np.stack([0.1 * np.sin(phase) + drift * np.arange(frames), 0.03 * np.cos(phase)], axis=1)
    value = rest + sway[:, None] + random.normal(0, 0.001, (frames, 16, 2))
    turn = 0.1 * np.sin(phase)
    jacobian = np.stack(
        [np.stack([np.cos(turn), -np.sin(turn)], -1), np.stack([np.sin(turn), np.cos(turn)], -1)], -2
    )
    return Trajectory(value, np.broadcast_to(jacobian[:, None], (frames, 16, 2, 2)).copy())


def test_a_loop_is_found_at_a_whole_period() -> None:
    start, end = find_loop(smooth(recorded(drift=0), fps=25), shortest=25, longest=40)

    assert abs((end - start) - 30) <= 1


@pytest.mark.parametrize("drift", [0.0, 0.004])
def test_a_closed_loop_has_no_seam(drift: float) -> None:
    trajectory = smooth(recorded(drift=drift), fps=25)

    loop = close_loop(trajectory, *find_loop(trajectory, shortest=40, longest=80))

    assert loop.jacobian is not None
    for track in (loop.value, loop.jacobian):
        change = steps(track)
        assert change[-1] <= 1.05 * change[:-1].max()


def test_a_loop_longer_than_the_recording_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        find_loop(recorded(frames=30), shortest=30, longest=60)


def test_smoothing_takes_out_the_tremble_and_leaves_the_motion() -> None:
    rough = recorded(drift=0)
    assert rough.jacobian is not None

    fine = smooth(rough, fps=25)

    assert (
        np.abs(np.diff(fine.value, n=3, axis=0)).mean()
        < 0.7 * np.abs(np.diff(rough.value, n=3, axis=0)).mean()
    )
    np.testing.assert_allclose(np.ptp(fine.value, axis=0), np.ptp(rough.value, axis=0), rtol=0.1, atol=0.005)


def test_an_eye_that_the_detector_folds_over_is_made_flat_instead() -> None:
    trajectory = recorded(drift=0)
    assert trajectory.jacobian is not None
    trajectory.jacobian[50:52, EYE_RIGHT] = np.array([[1, 0], [0, -0.1]])

    fine = smooth(trajectory, fps=25)

    assert fine.jacobian is not None
    assert (np.linalg.det(fine.jacobian) > 0).all()
    log2(fine.jacobian @ inv2(fine.jacobian[:1]))  # would raise


def test_violent_motion_is_scaled_down_and_gentle_motion_is_not() -> None:
    gentle = recorded(drift=0)
    violent = gentle.value + np.linspace(0, 0.8, 100)[:, None, None]

    assert gentle_strength(gentle.value, gentle.jacobian) == 1
    assert 0 < gentle_strength(violent, gentle.jacobian) < 0.5
