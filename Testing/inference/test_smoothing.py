"""Tests of smoothing along the wall."""

from __future__ import annotations

import numpy as np
import pytest

from DCMMultiTaskLib.evaluation.metrics import dice
from DCMMultiTaskLib.inference.smoothing import SLICES_AT_ONCE, smooth_along_wall

ROWS, COLUMNS = np.indices((128, 128)).astype(float)


def ring(
    centre: tuple[float, float] = (64, 64), radii: tuple[float, float] = (20, 30), length: float = 1.0
) -> np.ndarray:
    """A wall between two circles, `length` times as long as wide, its edges as soft as a network's; `(H, W)`."""
    distance = np.hypot((ROWS - centre[0]) / length, COLUMNS - centre[1])
    inside = 1 / (1 + np.exp(-np.minimum(distance - radii[0], radii[1] - distance)))
    return inside.astype(np.float32)


def sector(centre: tuple[float, float], degrees: float) -> np.ndarray:
    """Pixels in directions of less than half that angle from the first axis on, bool."""
    return np.abs(np.arctan2(COLUMNS - centre[1], ROWS - centre[0])) < np.radians(degrees / 2)


def smoothed(map_: np.ndarray, degrees: float = 15.0, spacing_mm: float = 1.0) -> np.ndarray:
    return smooth_along_wall(map_[None], degrees, spacing_mm)[0]


@pytest.mark.parametrize("length", [1.0, 1.3])
def test_a_whole_wall_stays_as_it_is(length: float) -> None:
    wall = ring((60, 70), length=length)
    assert dice(smoothed(wall) > 0.7, wall > 0.7) > (0.995 if length == 1 else 0.98)


def test_a_small_gap_is_closed_and_a_large_one_stays_open() -> None:
    wall = ring()
    small, large = (np.where(sector((64, 64), degrees), 0.1 * wall, wall) for degrees in (12, 90))
    middle = 64 + 25, 64
    assert small[middle] < 0.2 and smoothed(small)[middle] > 0.9
    assert smoothed(large)[middle] < 0.2


def test_ragged_outlines_are_evened_out() -> None:
    wall = ring((60, 70))
    direction = np.arctan2(COLUMNS - 70, ROWS - 60)
    out = np.random.default_rng(0).normal(0, 2, 45)[(direction / (2 * np.pi) * 45).astype(int)]
    distance = np.hypot(ROWS - 60, COLUMNS - 70) - out
    ragged = (1 / (1 + np.exp(-np.minimum(distance - 20, 30 - distance)))).astype(np.float32)
    assert dice(smoothed(ragged) > 0.5, wall > 0.5) > dice(ragged > 0.5, wall > 0.5) + 0.03


def test_it_turns_with_the_heart() -> None:
    wall = np.where(sector((64, 64), 20), 0.1, 1) * ring((60, 70), length=1.2)
    wall = wall.astype(np.float32)
    turned = np.rot90(smoothed(np.ascontiguousarray(np.rot90(wall))), -1)
    np.testing.assert_allclose(turned, smoothed(wall), atol=0.02)


def test_pixels_of_another_size_give_the_same_wall() -> None:
    wall = np.where(sector((64, 64), 12), 0.1, 1).astype(np.float32) * ring(radii=(12, 18))
    fine = smoothed(wall, spacing_mm=1.0) > 0.5
    coarse = smoothed(wall, spacing_mm=1.8) > 0.5
    assert dice(fine, coarse) > 0.98


@pytest.mark.parametrize(
    "map_",
    [
        np.zeros((128, 128), np.float32),
        np.full((128, 128), 0.4, np.float32),
        ring(radii=(0, 2)),
        (np.hypot(ROWS - 63.5, COLUMNS - 63.5) > 80).astype(np.float32),
    ],
    ids=["nothing", "nothing sure", "a speck", "out of reach"],
)
def test_a_slice_without_a_wall_stays_as_it_is(map_: np.ndarray) -> None:
    np.testing.assert_array_equal(smoothed(map_), map_)


def test_zero_degrees_change_nothing_and_the_input_is_never_changed() -> None:
    wall = ring() * np.where(sector((64, 64), 12), np.float32(0.1), np.float32(1))
    before = wall.copy()
    np.testing.assert_array_equal(smoothed(wall, degrees=0), before)
    assert (smoothed(wall) != before).any()
    np.testing.assert_array_equal(wall, before)


def test_slices_do_not_touch_one_another_however_many_they_are() -> None:
    three = [ring(), np.zeros((128, 128), np.float32), ring((50, 70), (10, 16))]
    walls = np.stack(three * (SLICES_AT_ONCE // 3 + 1))
    assert len(walls) > SLICES_AT_ONCE
    together = smooth_along_wall(walls, 15.0)
    for number, wall in enumerate(walls):
        np.testing.assert_allclose(together[number], smoothed(wall), atol=1e-4)
