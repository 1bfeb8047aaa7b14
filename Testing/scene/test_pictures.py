"""Pictures have the mask where it is, and every slice with its words."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from DCMMultiTaskLib.scene.canvas import ABOVE, BELOW, MUTED, OUTLINE, Canvas
from DCMMultiTaskLib.scene.pictures import chart_picture, contact_sheet, view_3d
from drawn_studies import drawn_study

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.scene import contact_sheet as sheet
from DCMMultiTaskLib.scene import rendering
from DCMMultiTaskLib.scene.geometry import Field, heart_field
from DCMMultiTaskLib.scene.slice_view import SliceView, StudyScene
from DCMMultiTaskLib.scene.surface import mask_surface

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
    columns = np.floor(field.centre[0] + steps / study.volume.spacing[0] + 0.5).astype(int)
    rows = np.floor(field.centre[1] + steps / study.volume.spacing[1] + 0.5).astype(int)
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
        stored, axis = restored(study, order, flips)
        index = 1
        picture = SliceView(StudyScene(stored), heart_field(stored), size=120).picture(index)
        difference = np.abs(picture.astype(int) - reference).mean()
        assert difference < 1.0, f"axes {order}, flips {flips} of the slice"
        assert stored.slice_axis == axis


def restored(study, order, flips):
    """The study with its axes I, J, K stored in another order, the in-plane ones flipped."""
    volume = study.volume
    array, mask = volume.array, study.mask
    direction, origin = volume.direction.copy(), np.array(volume.origin)
    for axis, flip in enumerate(flips):
        if flip:
            array, mask = np.flip(array, 2 - axis), np.flip(mask, 2 - axis)
            origin = origin + direction[:, axis] * volume.spacing[axis] * (array.shape[2 - axis] - 1)
            direction[:, axis] *= -1
    turned = [2 - order[2 - axis] for axis in range(3)]
    new = Volume(
        np.ascontiguousarray(array.transpose(turned)),
        tuple(volume.spacing[axis] for axis in order),
        tuple(origin),
        direction[:, list(order)],
        volume.name,
    )
    axis = order.index(2)
    return replace(
        study, volume=new, mask=np.ascontiguousarray(mask.transpose(turned)), slice_axis=axis, activation=None
    ), axis


def test_the_contact_sheet_has_a_picture_for_every_slice(slicer, tmp_path):
    study = drawn_study(slices=6, oblique=False)
    pixels = read(contact_sheet(study, tmp_path / "sheet.png", tile=160))
    for place in range(6):
        left = sheet.GAP + (place % 3) * (160 + sheet.GAP)
        top = sheet.HEADER + (place // 3) * (160 + sheet.CAPTION + sheet.GAP)
        tile = pixels[top : top + 160, left : left + 160]
        assert near(tile, OUTLINE, 60).sum() > 100
        caption = pixels[top + 160 + 8 : top + 160 + 34, left : left + 160]
        colour = MUTED if place == 0 else (ABOVE if study.rows[place].dcm_class else BELOW)
        assert near(caption[:, 80:], colour, 25).sum() > 15, "the probability in its colour"
        assert near(caption[:, :80], (236, 239, 243), 25).sum() > 30, "the slice's number"


def test_many_slices_are_thinned_out_evenly(slicer):
    study = drawn_study(slices=6)
    rows = tuple(replace(study.rows[1], slice=k, myocardium_area_mm2=float(100 <= k < 200)) for k in range(2000))
    chosen = sheet.chosen_slices(replace(study, rows=rows), 48)
    assert len(chosen) == 48
    assert (chosen[0], chosen[-1]) == (100, 199)


def test_an_activation_map_glows_over_the_image(slicer, tmp_path):
    study = drawn_study(oblique=False)
    field = heart_field(study)
    plain = SliceView(StudyScene(study), field, size=160).picture(2).astype(int)
    heat = SliceView(StudyScene(study), field, size=160, overlay=True).picture(2).astype(int)
    mask = mask_in_picture(study, 2, field, 160)
    warmth = (heat[..., 0] - heat[..., 2])[mask]
    assert np.median(warmth) > 40
    outside = ~grown(mask, 6)
    assert np.abs(heat - plain)[outside].mean() < 3, "no heat, no change"


def test_a_study_without_myocardium_still_has_a_sheet_and_a_chart(slicer, study, tmp_path):
    nothing = replace(
        study,
        mask=np.zeros_like(study.mask),
        activation=None,
        dcm_probability=float("nan"),
        rows=tuple(
            replace(row, dcm_probability=float("nan"), myocardium_area_mm2=0.0, quality="no myocardium found")
            for row in study.rows
        ),
        provenance={},
    )
    assert read(contact_sheet(nothing, tmp_path / "sheet.png", tile=80)).any()
    assert read(chart_picture(nothing, tmp_path / "chart.png")).any()
    with pytest.raises(InputError, match="no myocardium was found in 'drawn'"):
        view_3d(nothing, tmp_path / "surface.png")
    assert not (tmp_path / "surface.png").exists()


def test_the_chart_has_a_point_at_every_probability(slicer, study, tmp_path):
    pixels = read(chart_picture(study, tmp_path / "chart.png"))[130:540]
    assert near(pixels, ABOVE, 30).sum() > 2 * 60
    assert near(pixels, BELOW, 30).sum() > 2 * 60
    rows = np.nonzero(near(pixels, ABOVE, 30))[0]
    assert rows.mean() < np.nonzero(near(pixels, BELOW, 30))[0].mean(), "higher probabilities are higher up"


def test_the_3d_view_shows_the_myocardium_on_the_image(slicer, study, tmp_path):
    pixels = read(view_3d(study, tmp_path / "surface.png", size=400))[100:400].astype(int)
    reddish = (pixels[..., 0] > 1.3 * pixels[..., 2]) & (pixels[..., 0] > 60)
    assert 0.05 < reddish.mean() < 0.6
    grey = (np.ptp(pixels, axis=-1) < 10) & (pixels.mean(axis=-1) > 35)
    assert grey.mean() > 0.05


def test_the_surface_goes_through_the_outlines(study):
    surface = mask_surface(study.mask, study.volume, study.slice_axis)
    found = np.argwhere(study.mask)[:, ::-1]
    to_ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ study.volume.index_to_lps
    points = np.array([surface.GetPoint(n) for n in range(surface.GetNumberOfPoints())])
    voxels = (np.linalg.inv(to_ras) @ np.c_[points, np.ones(len(points))].T)[:3].T
    np.testing.assert_allclose(voxels.min(axis=0), found.min(axis=0) - 0.5, atol=0.8)
    np.testing.assert_allclose(voxels.max(axis=0), found.max(axis=0) + 0.5, atol=0.8)


def test_pictures_leave_the_users_scene_alone(scene, study, tmp_path):
    before = scene.GetNumberOfNodes()
    contact_sheet(study, tmp_path / "sheet.png", tile=80)
    view_3d(study, tmp_path / "surface.png", size=200)
    assert scene.GetNumberOfNodes() == before


def test_without_opengl_one_sentence_names_the_fix(slicer, study, tmp_path, monkeypatch):
    monkeypatch.setattr(rendering, "_PROBE", "import os; os.abort()")
    rendering.has_opengl.cache_clear()
    try:
        for draw in (contact_sheet, chart_picture, view_3d):
            with pytest.raises(InputError, match="make system-packages"):
                draw(study, tmp_path / "picture.png")
    finally:
        rendering.has_opengl.cache_clear()
    assert list(tmp_path.iterdir()) == []


def test_long_text_is_cut_to_its_place(slicer):
    canvas = Canvas(120, 40, (0, 0, 0))
    canvas.text("a quality that needs many more words than fit", 10, 5, size=16, width=90)
    used = np.flatnonzero(canvas.pixels.any(axis=(0, 2)))
    assert used[0] >= 10
    assert 60 < used[-1] < 100
