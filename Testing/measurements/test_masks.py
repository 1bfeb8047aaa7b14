import numpy as np
import pytest

from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.measurements.masks import (
    areas_mm2,
    enclosed,
    hollow_share,
    largest_component,
    lv_cavity,
    without_specks,
)


def ring(radius: float, thickness: float, size: int = 64) -> np.ndarray:
    y, x = np.indices((size, size)) - (size - 1) / 2
    distance = np.hypot(x, y)
    return ((distance <= radius) & (distance > radius - thickness)).astype(np.uint8)


def test_the_largest_component_counts_corners_as_neighbours():
    mask = np.zeros((3, 20, 20), np.uint8)
    mask[0, 2:4, 2:4], mask[1, 4:6, 4:6], mask[2, 6:8, 6:8] = 1, 1, 1  # 12 voxels that touch by corners
    mask[1, 12:15, 12:15] = 1  # 9
    kept = largest_component(mask, 2, np.ones(3, bool))
    assert kept.sum() == 12 and kept[:, :8, :8].sum() == 12 and kept.dtype == np.uint8


def test_an_empty_mask_has_an_empty_component():
    assert not largest_component(np.zeros((2, 9, 9), np.uint8), 2, np.ones(2, bool)).any()


@pytest.mark.parametrize("slice_axis", [0, 1, 2])
def test_a_slice_that_shows_nothing_does_not_part_the_heart(slice_axis):
    wall = ring(20, 5)
    nothing = np.zeros_like(wall)
    mask = np.moveaxis(np.stack([wall, wall, nothing, wall]), 0, 2 - slice_axis)
    shown = np.array([True, True, False, True])
    assert np.array_equal(largest_component(mask, slice_axis, shown), mask)
    assert largest_component(mask, slice_axis, np.ones(4, bool)).sum() == 2 * wall.sum()


@pytest.mark.parametrize("slice_axis", [0, 1, 2])
def test_specks_beside_a_slice_s_largest_piece_go_and_arcs_stay(slice_axis):
    wall = ring(20, 5)
    arcs = wall.copy()
    arcs[30:34] = 0  # an upper and a lower half
    specked = np.stack([wall, arcs, wall * 0, wall])
    specked[:2, 2:6, 2:6] = 1
    specked[2, 5, 5] = 1  # alone in its slice
    kept = np.moveaxis(without_specks(np.moveaxis(specked, 0, 2 - slice_axis), slice_axis), 2 - slice_axis, 0)
    specked[:2, 2:6, 2:6] = 0
    np.testing.assert_array_equal(kept, specked)


@pytest.mark.parametrize("slice_axis", [0, 1, 2])
def test_areas_are_counted_in_each_slice_along_any_axis(slice_axis):
    mask = np.moveaxis(np.stack([ring(20, 5), ring(10, 3), ring(10, 10) * 0]), 0, 2 - slice_axis)
    spacing = [1.5, 0.8]
    spacing.insert(slice_axis, 8.0)
    areas = areas_mm2(mask, Volume.of(mask, tuple(spacing)).geometry, slice_axis)
    np.testing.assert_allclose(areas, [ring(20, 5).sum() * 1.2, ring(10, 3).sum() * 1.2, 0])


@pytest.mark.parametrize("slice_axis", [0, 1, 2])
def test_a_closed_ring_encloses_its_cavity_and_an_open_one_nothing(slice_axis):
    open_ring = ring(20, 5)
    open_ring[:32, 31:33] = 0
    slices = np.stack([ring(20, 5), open_ring, ring(12, 2), ring(5, 5)])
    cavity = np.moveaxis(enclosed(np.moveaxis(slices, 0, 2 - slice_axis), slice_axis), 2 - slice_axis, 0)
    np.testing.assert_array_equal(cavity[0], ring(15, 15))
    assert not cavity[1].any()
    np.testing.assert_array_equal(cavity[2], ring(10, 10))
    assert not cavity[3].any()


def test_a_ring_that_closes_across_corners_alone_encloses():
    diamond = np.zeros((1, 16, 16), np.uint8)
    y, x = np.indices((16, 16)) - 8
    diamond[0, abs(x) + abs(y) == 4] = 1
    np.testing.assert_array_equal(enclosed(diamond, 2)[0], abs(x) + abs(y) < 4)


def test_long_studies_are_measured_part_by_part():
    mask = np.repeat(ring(20, 5)[None], 130, axis=0)
    mask[70, :32] = 0
    cavity = enclosed(mask, 2)
    expected = np.repeat(ring(15, 15)[None], 130, axis=0)
    expected[70] = 0
    np.testing.assert_array_equal(cavity, expected)


@pytest.mark.parametrize("slice_axis", [0, 1, 2])
def test_the_cavity_of_an_open_ring_ends_at_a_line_across_its_gap(slice_axis):
    open_ring = ring(25, 5)
    open_ring[:32, 24:40] = 0  # a gap of 16 pixels at the top
    slices = np.moveaxis(np.stack([ring(25, 5), open_ring, ring(25, 5) * 0]), 0, 2 - slice_axis)
    cavity, closed = lv_cavity(slices, slice_axis)
    cavity = np.moveaxis(cavity, 2 - slice_axis, 0)
    assert closed.tolist() == [False, True, False]
    np.testing.assert_array_equal(cavity[0], ring(20, 20))
    # The whole disc of the inside, and of the gap what lies on this side of the line between the ring's ends.
    assert cavity[1][ring(20, 20) == 1].all()
    assert 0 < cavity[1].sum() - ring(20, 20).sum() < 16 * 5
    assert not (cavity[1] & open_ring).any()


def test_an_apical_cap_has_no_cavity():
    cavity, closed = lv_cavity(ring(8, 8)[None], 2)
    assert not cavity.any() and not closed.any()


def test_a_ring_with_a_second_piece_keeps_its_own_cavity():
    mask = ring(20, 5)
    mask[:4, :4] = 1
    cavity, _ = lv_cavity(mask[None], 2)
    assert cavity[0][ring(15, 15) == 1].all()


def test_the_hull_of_a_square_is_the_square():
    square = np.zeros((20, 20), bool)
    square[3:9, 4:12] = True
    assert hollow_share(square) == pytest.approx(0)
    square[4:8, 5:11] = False
    assert hollow_share(square) == pytest.approx(0.5)
