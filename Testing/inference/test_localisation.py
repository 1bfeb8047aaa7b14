"""The heart's place from probability maps, with false positives about."""

import numpy as np
import pytest

from DCMMultiTaskLib.imaging.grid import SliceGrid
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.localisation import find_heart, slices_to_look_at, trusted

ROWS, COLUMNS = np.mgrid[:320, :352].astype(float)


def place(maps: np.ndarray, spacing_mm: float = 1.0) -> tuple[float, float]:
    found = find_heart(maps, spacing_mm)
    assert found is not None
    return found.row, found.column


def ring(row: float, column: float, outer: float = 28, inner: float = 20) -> np.ndarray:
    distance = np.hypot(ROWS - row, COLUMNS - column)
    return ((distance <= outer) & (distance > inner)).astype(np.float32) * 0.9


def test_centre_of_a_stack_of_rings() -> None:
    maps = np.stack([ring(150 + n, 200 - n, 28 - n, 20 - n) for n in range(8)])
    row, column = place(maps)
    assert np.hypot(row - 153, column - 197) < 3


@pytest.mark.parametrize("far", [(12, 12), (300, 20), (20, 335), (310, 340)])
def test_far_false_positives_do_not_pull(far: tuple[int, int]) -> None:
    maps = np.stack([ring(150, 200) for _ in range(8)])
    clean = place(maps)
    for n in range(3):
        maps[n] = np.maximum(maps[n], ring(*far, outer=25, inner=0))
    assert np.hypot(*np.subtract(place(maps), clean)) < 1


def test_a_closed_ring_wins_over_more_pixels_that_enclose_nothing() -> None:
    heart, other = ring(150, 200, outer=35, inner=28), ring(250, 80, outer=35, inner=15)
    other[:, 72:88] = 0
    assert np.count_nonzero(other) > 1.5 * np.count_nonzero(heart)
    row, column = place(np.stack([heart + other] * 5))
    assert np.hypot(row - 150, column - 200) < 2


def test_a_large_heart_is_found_whole() -> None:
    row, column = place(np.stack([ring(150 + n, 200 + n, outer=52, inner=44) for n in range(5)]))
    assert np.hypot(row - 152, column - 202) < 2


def test_a_heart_at_the_images_edge() -> None:
    row, column = place(np.stack([ring(25, 330)] * 5))
    assert np.hypot(row - 25, column - 330) < 6


def test_faint_probabilities_everywhere_do_not_pull() -> None:
    maps = np.stack([np.maximum(ring(100, 250), 0.3) for _ in range(6)])
    row, column = place(maps)
    assert np.hypot(row - 100, column - 250) < 1


def test_pixel_size_is_taken_into_account() -> None:
    maps = np.stack([ring(150, 200) for _ in range(8)])[:, ::2, ::2]
    row, column = place(maps, spacing_mm=2.0)
    assert np.hypot(row - 75, column - 100) < 1


@pytest.mark.parametrize("maps", [np.zeros((4, 64, 64)), np.full((4, 64, 64), 0.4)])
def test_no_heart(maps: np.ndarray) -> None:
    assert find_heart(maps) is None


def test_few_votes_are_chance() -> None:
    maps = np.zeros((4, 64, 64), np.float32)
    maps[:, 30:35, 30:35] = 1
    assert find_heart(maps) is None


def test_slices_that_disagree_are_not_sure() -> None:
    same = find_heart(np.stack([ring(150, 200)] * 4))
    apart = find_heart(np.stack([ring(150, 200), ring(90, 90), ring(220, 260), ring(60, 270)]))
    open_ring = ring(150, 200) * (COLUMNS < 200)
    assert same is not None and apart is not None
    assert same.sure(0.75)
    assert not apart.sure(0.75)
    assert not find_heart(np.stack([open_ring] * 4)).sure(0.75)


def test_votes_at_the_edge_in_air_and_far_from_the_middle_count_little() -> None:
    volume = Volume.of(np.zeros((1, 320, 352), np.int16), (1.0, 1.0, 8.0))
    grid = SliceGrid.whole(volume.geometry, slice_axis=2)
    image = np.full((1, *grid.size), 100.0)
    image[:, :, 250:] = 0.0
    trust = trusted(grid, image)
    at = {name: trust[place] for name, place in {"middle": (160, 176), "edge": (160, 2), "corner": (60, 60)}.items()}
    assert at["middle"] > 0.95
    assert at["edge"] < 0.1
    assert at["edge"] < at["corner"] < at["middle"]
    assert trust[160, 330] < 0.01
    # Two equal rings, one in air: the other is the heart.
    maps = np.stack([ring(160, 290) + ring(160, 160)] * 3)
    assert find_heart(maps, trust=trust).column == pytest.approx(160, abs=2)


@pytest.mark.parametrize(("slices", "expected"), [(1, [0]), (2, [0, 1]), (9, [1, 7]), (12, [2, 4, 7, 9])])
def test_looks_at_a_third_of_the_slices_or_less(slices: int, expected: list[int]) -> None:
    assert list(slices_to_look_at(slices)) == expected
    assert len(slices_to_look_at(2000)) == 4


def test_a_stack_stored_in_reverse_shows_the_same_slices() -> None:
    for slices in range(1, 40):
        chosen = slices_to_look_at(slices)
        assert list(chosen) == sorted(slices - 1 - chosen)


def test_of_a_cine_the_first_look_is_done_once() -> None:
    assert list(slices_to_look_at(9, phases=20)) == [1, 3, 5, 7]
