import numpy as np
import pytest
from geometry import rotation

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.roi import Roi
from DCMMultiTaskLib.imaging.volume import Volume


def test_text_is_read_in_slicers_ras():
    point, box = Roi.parse("10, -20,35.5"), Roi.parse("10,-20,35.5,120,100,80")
    assert point.centre_lps == box.centre_lps == (-10, 20, 35.5)
    assert point.size_mm is None
    assert box.size_mm == (120, 100, 80)


@pytest.mark.parametrize("text", ["", "1,2", "1,2,3,4", "a,b,c", "1,2,nan", "1,2,3,0,5,5", "1,2,3,4,5,-6", "1 2 3"])
def test_other_text_is_refused(text):
    with pytest.raises(InputError, match="R,A,S"):
        Roi.parse(text)


@pytest.mark.parametrize("seed", range(4))
def test_a_box_in_any_pose_holds_the_voxels_whose_centres_lie_in_it(seed):
    rng = np.random.default_rng(seed)
    volume = Volume.of(np.zeros((6, 30, 24), np.int16), (1.3, 0.9, 7), tuple(rng.uniform(-50, 50, 3)), rotation(rng))
    centre = (volume.geometry.index_to_lps @ [12.2, 14.1, 2.6, 1])[:3]
    axes = None if seed % 2 else rotation(rng)
    roi = Roi(tuple(centre), (14, 19, 26), axes)
    k, j, i = np.indices(volume.array.shape)
    points = np.einsum("ab,bkji->akji", volume.geometry.index_to_lps, np.stack([i, j, k, np.ones_like(i)]))[:3]
    along = np.einsum("ab,akji->bkji", np.eye(3) if axes is None else axes, points - centre[:, None, None, None])
    expected = (np.abs(along) <= np.reshape(roi.size_mm, (3, 1, 1, 1)) / 2).all(axis=0)
    assert 0 < expected.sum() < expected.size
    np.testing.assert_array_equal(roi.contains(volume.geometry), expected)


def test_a_point_bounds_nothing():
    assert Roi.parse("500,0,0").contains(Volume.of(np.zeros((2, 20, 20))).geometry).all()


def test_a_box_outside_the_volume_is_refused():
    with pytest.raises(InputError, match="outside the volume"):
        Roi.parse("500,0,0,20,20,20").contains(Volume.of(np.zeros((2, 20, 20))).geometry)
