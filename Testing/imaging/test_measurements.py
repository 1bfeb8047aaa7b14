import numpy as np
import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.measurements import areas_mm2, clean_array, enclosed_cavity, largest_component
from DCMMultiTaskLib.imaging.volume import Volume


def ring(radius: float, thickness: float, size: int = 64) -> np.ndarray:
    y, x = np.indices((size, size)) - (size - 1) / 2
    distance = np.hypot(x, y)
    return ((distance <= radius) & (distance > radius - thickness)).astype(np.uint8)


def test_voxels_that_are_no_numbers_are_counted_and_replaced_by_the_smallest():
    array = np.random.default_rng(0).uniform(5, 9, (2, 20, 20)).astype(np.float32)
    array[0, 3, 4:6] = np.nan
    array[1, 7, 8], array[1, 9, 9] = np.inf, -np.inf
    volume, count = clean_array(Volume(array))
    assert count == 4
    assert np.isfinite(volume.array).all() and volume.array.dtype == np.float32
    assert volume.array[1, 7, 8] == volume.array.min() >= 5
    assert np.isnan(array).sum() == 2  # the caller's voxels are as they were


def test_a_clean_volume_is_left_alone():
    for dtype in (np.int16, np.float32):
        volume = Volume(np.arange(8, dtype=dtype).reshape(2, 2, 2))
        assert clean_array(volume) == (volume, 0)


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan, np.inf])
def test_a_constant_volume_is_refused(value):
    with pytest.raises(InputError, match="all voxels have the same value"):
        clean_array(Volume(np.full((2, 20, 20), value)))


def test_the_largest_component_counts_corners_as_neighbours():
    mask = np.zeros((3, 20, 20), np.uint8)
    mask[0, 2:4, 2:4], mask[1, 4:6, 4:6], mask[2, 6:8, 6:8] = 1, 1, 1  # 12 voxels that touch by corners
    mask[1, 12:15, 12:15] = 1  # 9
    kept = largest_component(mask)
    assert kept.sum() == 12 and kept[:, :8, :8].sum() == 12 and kept.dtype == np.uint8


def test_an_empty_mask_has_an_empty_component():
    assert not largest_component(np.zeros((2, 9, 9), np.uint8)).any()


@pytest.mark.parametrize("slice_axis", [0, 1, 2])
def test_areas_are_counted_in_each_slice_along_any_axis(slice_axis):
    mask = np.moveaxis(np.stack([ring(20, 5), ring(10, 3), ring(10, 10) * 0]), 0, 2 - slice_axis)
    spacing = [1.5, 0.8]
    spacing.insert(slice_axis, 8.0)
    areas = areas_mm2(mask, Volume(mask, tuple(spacing)), slice_axis)
    np.testing.assert_allclose(areas, [ring(20, 5).sum() * 1.2, ring(10, 3).sum() * 1.2, 0])


@pytest.mark.parametrize("slice_axis", [0, 1, 2])
def test_a_closed_ring_encloses_its_cavity_and_an_open_one_nothing(slice_axis):
    open_ring = ring(20, 5)
    open_ring[:32, 31:33] = 0
    slices = np.stack([ring(20, 5), open_ring, ring(12, 2), ring(5, 5)])
    cavity = np.moveaxis(enclosed_cavity(np.moveaxis(slices, 0, 2 - slice_axis), slice_axis), 2 - slice_axis, 0)
    np.testing.assert_array_equal(cavity[0], ring(15, 15))
    assert not cavity[1].any()
    np.testing.assert_array_equal(cavity[2], ring(10, 10))
    assert not cavity[3].any()


def test_a_ring_that_closes_across_corners_alone_encloses():
    diamond = np.zeros((1, 16, 16), np.uint8)
    y, x = np.indices((16, 16)) - 8
    diamond[0, abs(x) + abs(y) == 4] = 1
    np.testing.assert_array_equal(enclosed_cavity(diamond, 2)[0], abs(x) + abs(y) < 4)


def test_long_studies_are_measured_part_by_part():
    mask = np.repeat(ring(20, 5)[None], 130, axis=0)
    mask[70, :32] = 0
    cavity = enclosed_cavity(mask, 2)
    expected = np.repeat(ring(15, 15)[None], 130, axis=0)
    expected[70] = 0
    np.testing.assert_array_equal(cavity, expected)
