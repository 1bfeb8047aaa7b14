"""Slicer's own views draw a result where it is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from drawn_studies import drawn_study, stored_otherwise, with_mask

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.report.study import Field, heart_field
from DCMMultiTaskLib.report.style import LABELS, rgb
from DCMMultiTaskLib.scene import rendering
from DCMMultiTaskLib.scene.slice_view import SliceView, StudyScene
from DCMMultiTaskLib.scene.surface import myocardium_surface
from DCMMultiTaskLib.scene.view_3d import view_3d

OUTLINE = 255 * np.array(rgb(LABELS[1].line))

pytestmark = pytest.mark.usefixtures("opengl")


def read(path) -> np.ndarray:
    """uint8 `(height, width, 3)`."""
    import SimpleITK as sitk

    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def near(pixels: np.ndarray, colour, tolerance: int = 40) -> np.ndarray:
    return (np.abs(pixels.astype(int) - np.asarray(colour)) <= tolerance).all(axis=-1)


def mask_in_picture(study, index: int, field: Field, size: int) -> np.ndarray:
    """Where the mask of an axis-aligned study has to be in the picture, bool `(size, size)`."""
    # The picture's rows run with J and its columns with I for this storage; outside of the image there is no mask.
    steps = (np.arange(size) + 0.5) * field.size_mm / size - field.size_mm / 2
    columns = np.floor(field.centre[0] + steps / study.geometry.spacing[0] + 0.5).astype(int)
    rows = np.floor(field.centre[1] + steps / study.geometry.spacing[1] + 0.5).astype(int)
    padded = np.pad(study.mask[index], 50)
    return padded[rows + 50][:, columns + 50] == 1


def edge_of(inside: np.ndarray) -> np.ndarray:
    edge = np.zeros_like(inside)
    edge[1:] |= inside[1:] != inside[:-1]
    edge[:, 1:] |= inside[:, 1:] != inside[:, :-1]
    return edge


def grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    result = mask.copy()
    for dy, dx in itertools.product(range(-pixels, pixels + 1), repeat=2):
        result |= np.roll(mask, (dy, dx), axis=(0, 1))
    return result


def test_the_outline_is_where_the_mask_is(slicer):
    study = drawn_study(oblique=False)
    field = heart_field(study)
    view = SliceView(StudyScene(study), field, size=240)
    for index in (0, 3, 5):
        found = near(view.picture(index), OUTLINE, 60)
        expected = edge_of(mask_in_picture(study, index, field, 240))
        assert grown(expected, 3)[found].all(), "no outline away from the mask's edge"
        assert grown(found, 3)[expected].mean() > 0.99, "an outline all along the mask's edge"


def test_the_image_stays_visible_below_the_mask(slicer):
    study = drawn_study(oblique=False)
    picture = SliceView(StudyScene(study), heart_field(study), size=240).picture(0)
    grey = picture.mean(axis=-1)
    assert grey[120, 120] > 200, "bright blood in the middle of the ring"
    ring = mask_in_picture(study, 0, heart_field(study), 240)
    assert 80 < np.median(grey[ring]) < 180, "grey myocardium through the tint"
    assert 20 < grey[200, 60] < 80, "dark body around it"


def test_all_ways_of_storing_a_study_give_the_same_picture(slicer):
    study = drawn_study(slices=4, size=40)
    reference = SliceView(StudyScene(study), heart_field(study), size=120).picture(1)
    for order, flips in (
        (order, flips) for order in itertools.permutations(range(3)) for flips in ((0, 0), (1, 0), (1, 1))
    ):
        stored = stored_otherwise(study, order, flips)
        picture = SliceView(StudyScene(stored), heart_field(stored), size=120).picture(1)
        difference = np.abs(picture.astype(int) - reference).mean()
        assert difference < 1.0, f"axes {order}, flips {flips} of the slice"


def test_a_study_without_myocardium_has_no_3d_view(slicer, study, tmp_path):
    with pytest.raises(InputError, match="no myocardium was found in 'drawn'"):
        view_3d(with_mask(study, np.zeros_like(study.mask)), tmp_path / "surface.png")
    assert not (tmp_path / "surface.png").exists()


def test_the_3d_view_shows_the_myocardium_on_the_image(slicer, study, tmp_path):
    pixels = read(view_3d(study, tmp_path / "surface.png", size=400))[100:400].astype(int)
    reddish = (pixels[..., 0] > 1.3 * pixels[..., 2]) & (pixels[..., 0] > 60)
    assert 0.05 < reddish.mean() < 0.6
    grey = (np.ptp(pixels, axis=-1) < 10) & (pixels.mean(axis=-1) > 35)
    assert grey.mean() > 0.05


def test_the_surface_goes_through_the_outlines(study):
    surface = myocardium_surface(study.label_map, study.geometry, study.slice_axis)
    found = np.argwhere(study.mask)[:, ::-1]
    to_ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ study.geometry.index_to_lps
    points = np.array([surface.GetPoint(n) for n in range(surface.GetNumberOfPoints())])
    voxels = (np.linalg.inv(to_ras) @ np.c_[points, np.ones(len(points))].T)[:3].T
    np.testing.assert_allclose(voxels.min(axis=0), found.min(axis=0) - 0.5, atol=0.8)
    np.testing.assert_allclose(voxels.max(axis=0), found.max(axis=0) + 0.5, atol=0.8)


def test_pictures_leave_the_users_scene_alone(scene, study, tmp_path):
    before = scene.GetNumberOfNodes()
    view_3d(study, tmp_path / "surface.png", size=200)
    assert scene.GetNumberOfNodes() == before


def test_without_opengl_one_sentence_names_the_fix(slicer, study, tmp_path, monkeypatch):
    monkeypatch.setattr(rendering, "_PROBE", "import os; os.abort()")
    rendering.has_opengl.cache_clear()
    try:
        with pytest.raises(InputError, match="make system-packages"):
            view_3d(study, tmp_path / "picture.png")
    finally:
        rendering.has_opengl.cache_clear()
    assert list(tmp_path.iterdir()) == []
