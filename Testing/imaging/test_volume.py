"""Grids and voxels: what is refused, and how unusable voxels are replaced."""

import numpy as np
import pytest

from DCMMultiTaskLib.errors import InputError, about
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Geometry, Volume


def test_voxels_that_are_no_numbers_are_counted_and_replaced_by_the_smallest():
    array = np.random.default_rng(0).uniform(5, 9, (2, 20, 20)).astype(np.float32)
    array[0, 3, 4:6] = np.nan
    array[1, 7, 8], array[1, 9, 9] = np.inf, -np.inf
    volume, count = Volume.of(array).cleaned()
    assert count == 4
    assert np.isfinite(volume.array).all() and volume.array.dtype == np.float32
    assert volume.array[1, 7, 8] == volume.array.min() >= 5
    assert np.isnan(array).sum() == 2  # the caller's voxels are as they were


def test_a_clean_volume_is_left_alone():
    for dtype in (np.int16, np.float32):
        volume = Volume.of(np.arange(8, dtype=dtype).reshape(2, 2, 2))
        assert volume.cleaned() == (volume, 0)


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan, np.inf])
def test_a_constant_volume_is_refused(value):
    with pytest.raises(InputError, match="all voxels have the same value"):
        Volume.of(np.full((2, 20, 20), value)).cleaned()


def test_a_geometry_says_where_its_voxels_lie():
    geometry = Geometry((40, 30, 5), (1.5, 2.0, 8.0), (10.0, -20.0, 30.0), np.diag([1.0, -1.0, -1.0]))
    assert geometry.shape == (5, 30, 40)
    np.testing.assert_allclose(geometry.index_to_lps @ [2, 3, 1, 1], [13, -26, 22, 1])
    np.testing.assert_allclose(geometry.to_index(np.array([13.0, -26.0, 22.0])), [2, 3, 1])
    np.testing.assert_allclose(geometry.centre_lps, [10 + 19.5 * 1.5, -20 - 14.5 * 2, 30 - 2 * 8])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"spacing": (1.0, 0.0, 8.0)}, "spacing"),
        ({"spacing": (1.0, np.nan, 8.0)}, "spacing"),
        ({"origin": (0.0, np.inf, 0.0)}, "finite"),
        ({"direction": np.array([[1.0, 0.7, 0.0], [0.0, 0.7, 0.0], [0.0, 0.0, 1.0]])}, "right angles"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(changes, reason):
    with pytest.raises(InputError, match=reason):
        Geometry((4, 4, 4), **changes)


def test_voxels_have_to_fit_their_grid():
    with pytest.raises(ValueError, match="does not fit"):
        Volume(np.zeros((3, 4, 5)), Geometry((3, 4, 5)))
    with pytest.raises(InputError, match="3 axes"):
        Volume.of(np.zeros((4, 5)))


def test_a_study_of_one_phase_is_a_volume_and_a_cine_is_not():
    volume = Volume.of(np.zeros((3, 4, 5)))
    assert Study("one", [volume]).volume is volume
    with pytest.raises(InputError, match=r"two: .* cine of 2 phases"):
        _ = Study("two", [volume, volume]).volume


def test_a_message_gets_the_studys_name_once():
    with pytest.raises(InputError, match=r"^patient: too small\.$"), about("patient"), about("patient"):
        raise InputError("too small.")
