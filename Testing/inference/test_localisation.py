"""The heart's place from probability maps, with false positives about."""

import numpy as np
import pytest

from DCMMultiTaskLib.inference.localisation import find_heart, slices_to_look_at

ROWS, COLUMNS = np.mgrid[:320, :352].astype(float)


def ring(row: float, column: float, outer: float = 28, inner: float = 20) -> np.ndarray:
    distance = np.hypot(ROWS - row, COLUMNS - column)
    return ((distance <= outer) & (distance > inner)).astype(np.float32) * 0.9


def test_centre_of_a_stack_of_rings() -> None:
    maps = np.stack([ring(150 + n, 200 - n, 28 - n, 20 - n) for n in range(8)])
    row, column = find_heart(maps)
    assert np.hypot(row - 153, column - 197) < 3


@pytest.mark.parametrize("place", [(12, 12), (300, 20), (20, 335), (310, 340)])
def test_far_false_positives_do_not_pull(place: tuple[int, int]) -> None:
    maps = np.stack([ring(150, 200) for _ in range(8)])
    clean = find_heart(maps)
    for n in range(3):
        maps[n] = np.maximum(maps[n], ring(*place, outer=25, inner=0))
    assert np.hypot(*np.subtract(find_heart(maps), clean)) < 1


def test_a_closed_ring_wins_over_more_pixels_that_enclose_nothing() -> None:
    heart, other = ring(150, 200, outer=35, inner=28), ring(250, 80, outer=35, inner=15)
    other[:, 72:88] = 0
    assert np.count_nonzero(other) > 1.5 * np.count_nonzero(heart)
    row, column = find_heart(np.stack([heart + other] * 5))
    assert np.hypot(row - 150, column - 200) < 2


def test_a_large_heart_is_found_whole() -> None:
    row, column = find_heart(np.stack([ring(150 + n, 200 + n, outer=52, inner=44) for n in range(5)]))
    assert np.hypot(row - 152, column - 202) < 2


def test_a_heart_at_the_images_edge() -> None:
    row, column = find_heart(np.stack([ring(25, 330)] * 5))
    assert np.hypot(row - 25, column - 330) < 6


def test_faint_probabilities_everywhere_do_not_pull() -> None:
    maps = np.stack([np.maximum(ring(100, 250), 0.3) for _ in range(6)])
    row, column = find_heart(maps)
    assert np.hypot(row - 100, column - 250) < 1


def test_pixel_size_is_taken_into_account() -> None:
    maps = np.stack([ring(150, 200) for _ in range(8)])[:, ::2, ::2]
    row, column = find_heart(maps, spacing_mm=2.0)
    assert np.hypot(row - 75, column - 100) < 1


@pytest.mark.parametrize("maps", [np.zeros((4, 64, 64)), np.full((4, 64, 64), 0.4)])
def test_no_heart(maps: np.ndarray) -> None:
    assert find_heart(maps) is None


def test_few_votes_are_chance() -> None:
    maps = np.zeros((4, 64, 64), np.float32)
    maps[:, 30:35, 30:35] = 1
    assert find_heart(maps) is None


def test_looks_at_every_slice_of_a_short_stack_and_at_some_of_a_long_one() -> None:
    assert list(slices_to_look_at(5)) == [0, 1, 2, 3, 4]
    assert list(slices_to_look_at(1)) == [0]
    long = slices_to_look_at(2000)
    assert len(long) == 24
    assert (long[0], long[-1]) == (0, 1999)
