import numpy as np
import pytest
from geometry import STORAGES, rotation, stored_as
from hypothesis import given, settings
from hypothesis import strategies as st

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.grid import SliceGrid, choose_slice_axis, normalise
from DCMMultiTaskLib.imaging.volume import Geometry, Volume

SEEDS = st.integers(0, 2**32 - 1)


def oblique_volume(seed: int) -> Volume:
    """A smooth asymmetric image in random pose."""
    rng = np.random.default_rng(seed)
    k, j, i = np.indices((4, 50, 40)).astype(np.float32)
    array = 100 + 3 * k + 20 * np.sin(i / 4) + 15 * np.cos(j / 5 + k) + 0.05 * i * j
    spacing = (float(rng.uniform(0.7, 2)), float(rng.uniform(0.7, 2)), 8.0)
    return Volume.of(array, spacing, tuple(rng.uniform(-100, 100, 3)), rotation(rng))


def disc(spacing: tuple[float, float], radius: float, offset: tuple[float, float]) -> Volume:
    """A disc of this radius in mm, off the image's centre by `offset` mm, with an antialiased edge."""
    shape = tuple(int(110 / step) for step in spacing)
    y, x = ((np.arange(n) - (n - 1) / 2) * step for n, step in zip(shape, spacing, strict=True))
    distance = np.hypot(y[:, None] - offset[0], x - offset[1])
    array = np.clip((radius - distance) / max(spacing) + 0.5, 0, 1).astype(np.float32)
    return Volume.of(array[None], (spacing[1], spacing[0], 8.0))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_48_storages_of_a_heart_give_the_same_slices(seed):
    volume = oblique_volume(seed)
    expected = SliceGrid.around(volume.geometry, slice_axis=2).sample(volume.array)
    for order, flips in STORAGES:
        stored = stored_as(volume, order, flips)
        axis = choose_slice_axis(stored.geometry)
        assert axis == order.index(2)
        images = SliceGrid.around(stored.geometry, slice_axis=axis).sample(stored.array)
        np.testing.assert_allclose(images[:: -1 if flips[axis] else 1], expected, atol=1e-4)


@pytest.mark.parametrize("seed", [3, 4])
def test_all_48_storages_of_a_heart_give_the_same_mask_in_the_patient(seed):
    volume = oblique_volume(seed)
    centre = volume.geometry.index_to_lps @ [14.3, 30.2, 1, 1]

    def mask_of(stored: Volume) -> np.ndarray:
        axis = choose_slice_axis(stored.geometry)
        grid = SliceGrid.around(stored.geometry, slice_axis=axis, centre_lps=centre[:3], size=(48, 32))
        return grid.to_source(normalise(grid.sample(stored.array))[:, 0], threshold=140.0)

    expected = mask_of(volume)
    assert 0.05 < expected.mean() < 0.95
    for order, flips in STORAGES:
        mask = mask_of(stored_as(volume, order, flips))
        there = stored_as(volume.with_array(expected), order, flips).array
        assert np.count_nonzero(mask != there) <= 1, (order, flips)  # a voxel within rounding of the threshold


@settings(max_examples=60)
@given(
    st.floats(0.7, 2),
    st.floats(0.7, 2),
    st.floats(15, 40),
    st.tuples(st.floats(-8, 8), st.floats(-8, 8)),
    st.booleans(),
)
def test_a_disc_keeps_its_boundary_within_half_a_millimetre_there_and_back(rows, columns, radius, offset, centred):
    volume = disc((rows, columns), radius, offset)
    middle = volume.geometry.index_to_lps @ [(volume.array.shape[2] - 1) / 2, (volume.array.shape[1] - 1) / 2, 0, 1]
    centre = middle[:3] + (0 if centred else [offset[1], offset[0], 0])
    grid = SliceGrid.around(volume.geometry, slice_axis=2, centre_lps=centre)
    back = grid.to_source(grid.sample(volume.array)[:, 0])[0]
    area = back.sum() * rows * columns
    assert abs(np.sqrt(area / np.pi) - radius) < 0.5
    # The boundary itself: where the row nearest to the disc's centre crosses one half.
    row = round(offset[0] / rows + (back.shape[0] - 1) / 2)
    half_chord = np.sqrt(radius**2 - ((row - (back.shape[0] - 1) / 2) * rows - offset[0]) ** 2)
    x = (np.arange(back.shape[1]) - (back.shape[1] - 1) / 2) * columns - offset[1]
    first, last = np.flatnonzero(back[row] >= 0.5)[[0, -1]]
    left = np.interp(0.5, back[row, first - 1 : first + 1], x[first - 1 : first + 1])
    right = np.interp(0.5, back[row, last : last + 2][::-1], x[last : last + 2][::-1])
    assert abs(left + half_chord) < 0.5
    assert abs(right - half_chord) < 0.5


@settings(max_examples=30)
@given(SEEDS, st.integers(0, 2))
def test_a_linear_ramp_in_the_patient_is_sampled_exactly_where_lps_of_says(seed, slice_axis):
    rng = np.random.default_rng(seed)
    volume = oblique_volume(seed)
    gradient = rng.normal(size=3)
    i, j, k = np.meshgrid(*(np.arange(n) for n in volume.array.shape[::-1]), indexing="ij")
    points = volume.geometry.index_to_lps @ np.stack([i, j, k, np.ones_like(i)]).reshape(4, -1)
    volume = volume.with_array((gradient @ points[:3]).reshape(i.shape).T)
    grid = SliceGrid.around(volume.geometry, slice_axis=slice_axis, size=(16, 16), spacing_mm=0.2)
    images = grid.sample(volume.array)
    for index in range(min(3, grid.slices)):
        for row, column in ((0, 0), (15, 3), (7, 12)):
            point = grid.lps_of(row, column, index)
            assert images[index, 0, row, column] == pytest.approx(gradient @ point, abs=1e-2)


def test_pixels_outside_the_image_get_the_smallest_value_of_their_slice():
    volume = Volume.of(np.stack([np.full((20, 20), 50.0), np.full((20, 20), -7.0)]), (1, 1, 8))
    images = SliceGrid.around(volume.geometry, slice_axis=2, size=(32, 32)).sample(volume.array)
    assert (images[0] == 50).all() and (images[1] == -7).all()


def test_what_lies_outside_the_grid_comes_back_as_zero():
    volume = Volume.of(np.ones((2, 200, 180), np.int16), (1, 1, 8))
    grid = SliceGrid.around(volume.geometry, slice_axis=2, size=(64, 32))
    assert grid.to_source(np.ones((2, 64, 32), np.float32)).sum() == 2 * 64 * 32
    assert grid.to_source(np.ones((2, 64, 32), np.float32), threshold=0.5).dtype == np.uint8


def test_a_grid_far_from_the_image_is_empty_and_comes_back_as_zero():
    volume = Volume.of(np.ones((2, 32, 32), np.int16), (1, 1, 8))
    grid = SliceGrid.around(volume.geometry, slice_axis=2, centre_lps=(1000.0, 0.0, 0.0), size=(16, 16))
    assert not grid.to_source(np.ones((2, 16, 16))).any()


def test_slices_done_part_by_part_equal_the_whole():
    volume = oblique_volume(7)
    grid = SliceGrid.around(volume.geometry, slice_axis=2)
    whole, parts = grid.sample(volume.array), ([0, 1], [2, 3])
    images = [grid.sample(volume.array, part) for part in parts]
    np.testing.assert_array_equal(np.concatenate(images), whole)
    np.testing.assert_allclose(grid.positions_mm, [0, 8, 16, 24])


def test_the_grid_of_whole_slices_covers_them_and_is_a_multiple_of_16():
    geometry = Geometry((200, 256, 3), (1.37, 1.25, 8))
    grid = SliceGrid.whole(geometry, slice_axis=2)
    assert grid.size == (320, 288)
    assert grid.to_source(np.ones((3, 320, 288), np.float32)).all()
    assert SliceGrid.whole(geometry, slice_axis=2, least=(128, 304)).size == (320, 304)


def test_the_slice_axis_is_the_one_with_the_largest_spacing():
    assert choose_slice_axis(Volume.of(np.ones((20, 30, 40)), (8, 1, 1)).geometry) == 0
    assert choose_slice_axis(Volume.of(np.ones((40, 30, 40)), (1, 8, 1)).geometry) == 1


def test_equal_spacings_fall_back_to_the_fewest_voxels_and_then_to_the_last_axis():
    assert choose_slice_axis(Volume.of(np.ones((40, 20, 30))).geometry) == 1
    assert choose_slice_axis(Volume.of(np.ones((20, 20, 20))).geometry) == 2


def test_a_2d_image_is_one_slice_whatever_its_spacing():
    assert choose_slice_axis(Volume.of(np.ones((1, 30, 30)), (2.0, 2.0, 1.0)).geometry) == 2


def test_the_requested_slice_axis_is_taken():
    assert choose_slice_axis(Volume.of(np.ones((40, 30, 40)), (1, 8, 1)).geometry, 0) == 0


@pytest.mark.parametrize(("shape", "requested"), [((10, 15, 64), None), ((8, 64, 64), 0), ((10, 64, 64), 3)])
def test_slices_below_16_pixels_and_unknown_axes_are_refused(shape, requested):
    with pytest.raises(InputError, match=r"at least 16 x 16|0, 1 or 2"):
        choose_slice_axis(Volume.of(np.ones(shape), (1, 1, 8)).geometry, requested)


@pytest.mark.parametrize("spacing", [(0.0014, 0.0014, 0.008), (1400.0, 1400.0, 8000.0), (1.0, 1e-9, 8.0)])
def test_spacings_that_are_not_in_millimetres_are_refused(spacing):
    with pytest.raises(InputError, match="has to be in millimetres"):
        choose_slice_axis(Volume.of(np.ones((10, 256, 256), np.uint8), spacing).geometry)


def test_normalise_is_robust_to_hot_pixels_and_does_not_mix_slices():
    rng = np.random.default_rng(0)
    images = rng.uniform(100, 200, (2, 1, 64, 64)).astype(np.float32)
    images[1] *= 10
    hot = images.copy()
    hot[0, 0, 5, 5] = 1e6
    plain, scaled = normalise(images), normalise(hot)
    low, high = np.percentile(images[0], (0.5, 99.5))
    np.testing.assert_allclose(plain[0], np.clip((images[0] - low) * 255 / (high - low), 0, 255), atol=1e-2)
    assert plain.dtype == np.float32 and plain.min() == 0 and plain.max() == 255
    np.testing.assert_array_equal(plain[1], scaled[1])
    others = np.ones((64, 64), bool)
    others[5, 5] = False
    assert np.abs(plain[0, 0] - scaled[0, 0])[others].max() < 1
    np.testing.assert_allclose(normalise(images * 3 - 50), plain, atol=0.01)


def test_a_constant_slice_becomes_zero():
    assert not normalise(np.full((1, 1, 16, 16), 7, np.int16)).any()
