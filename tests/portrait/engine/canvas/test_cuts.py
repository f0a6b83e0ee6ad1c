"""What is painted of a frame: all that needs it, little more, nothing twice."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from portrait.engine.canvas.cuts import GRID, UNIT, cuts_of
from portrait.engine.fomm.region import Region

SIDE = 512
REGION = Region(128, 96, 400, 480)


def spots(places: list[tuple[int, int, int]]) -> NDArray[np.float32]:
    weight = np.zeros((REGION.bottom - REGION.top, REGION.right - REGION.left), np.float32)
    for x, y, size in places:
        weight[y : y + size, x : x + size] = 1
    return weight


def test_nothing_is_painted_where_nothing_changes() -> None:
    assert cuts_of(spots([]), REGION, SIDE) == []
    assert cuts_of(np.float32(0.01) * spots([(5, 5, 20)]), REGION, SIDE) == []


def test_two_eyes_far_apart_are_two_cuts_and_a_small_part_of_the_frame() -> None:
    cuts = cuts_of(spots([(10, 10, 12), (240, 10, 12)]), REGION, SIDE)
    assert len(cuts) == 2
    assert sum((cut.right - cut.left) * (cut.bottom - cut.top) for cut in cuts) < 0.1 * SIDE**2


@given(
    st.lists(st.tuples(st.integers(0, 271), st.integers(0, 383), st.integers(1, 80)), min_size=1, max_size=6)
)
def test_cuts_cover_the_weight_and_do_not_overlap(places: list[tuple[int, int, int]]) -> None:
    cuts = cuts_of(spots(places), REGION, SIDE)
    covered = np.zeros((SIDE, SIDE), int)
    for cut in cuts:
        assert cut.left >= 0 <= cut.top and cut.right <= SIDE >= cut.bottom
        covered[cut.rows, cut.columns] += 1
    assert covered.max() == 1
    assert covered[REGION.rows, REGION.columns][spots(places) > 0].all()


def test_cuts_lie_on_the_painters_grid() -> None:
    for cut in cuts_of(spots([(31, 77, 9), (150, 200, 33)]), REGION, SIDE):
        assert cut.left % GRID == 0 == cut.top % GRID
        assert (cut.right - cut.left) % UNIT == 0 == (cut.bottom - cut.top) % UNIT
