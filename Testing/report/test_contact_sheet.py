"""The sheet has the mask where it is, and every slice with its words."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from drawn_studies import drawn_study, stored_otherwise, with_mask
from matplotlib.path import Path as Outline
from report_helpers import awkward_studies, axes_of, boxes_of, near, pixels_of, tile_of, words_of

from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.report.contact_sheet import chosen_slices, contact_sheet, outlines
from DCMMultiTaskLib.report.study import StudyPicture
from DCMMultiTaskLib.report.style import ABOVE, BELOW, LABELS, LIGHT, WARNING

STUDIES = awkward_studies()


def edge_distance(sheet, study, index: int) -> np.ndarray:
    """Distance in pixels of the source's slice from each pixel of a tile to the mask's edge, axis-aligned studies."""
    rows, columns = tile_of(sheet, f"slice {index}")
    axes = axes_of(sheet, f"slice {index}")
    y, x = np.mgrid[rows, columns] + 0.5
    places = axes.transData.inverted().transform(np.stack([x.ravel(), sheet.height - y.ravel()], axis=1))
    inside = np.pad(study.mask[index] != 0, 1)
    down = np.argwhere(inside[1:] != inside[:-1]) - np.array([0.5, 1])
    across = np.argwhere(inside[:, 1:] != inside[:, :-1]) - np.array([1, 0.5])
    # The middle of each pixel side between inside and outside; a point on the edge is at most half a side from one.
    sides = np.concatenate([down, across])[:, ::-1]
    near_side = np.sqrt(((places[:, None] - sides[None]) ** 2).sum(axis=-1).min(axis=1))
    return near_side.reshape(y.shape)


def test_the_outline_lies_on_the_masks_edge():
    study = drawn_study(oblique=False)
    study = with_mask(study, study.mask)  # the outline of the cavity would lie on the inner edge
    sheet = contact_sheet(study, width=760)
    pixels = pixels_of(sheet)
    for index in (0, 3, 5):
        found = near(pixels[tile_of(sheet, f"slice {index}")], LABELS[1].line, 50)
        away = edge_distance(sheet, study, index)
        assert found.sum() > 200
        assert away[found].max() < 1.4, "no outline away from the edge"
        on_edge = np.argwhere(away < 0.15)
        drawn = np.argwhere(found)
        steps = np.abs(on_edge[:, None] - drawn[None]).max(axis=-1).min(axis=1)
        assert (steps <= 5).mean() > 0.99, "an outline all along the edge"


@pytest.mark.parametrize("radii", [(12.3, 8.1), (12.3, 10.6), (3.2, 0), (0.4, -1)], ids=str)
def test_smooth_outlines_keep_the_masks_area_and_its_thin_walls(radii):
    rows, columns = np.mgrid[:40, :44]
    distance = np.hypot(rows - 19.6, columns - 22.3)
    mask = (distance < radii[0]) & (distance >= radii[1]) if radii[0] > 1 else (rows == 5) & (columns == 7)
    loops = list(outlines(mask))
    assert len(loops) == 1 + (radii[1] > 1)
    areas = [0.5 * abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) for x, y in (loop.T for loop in loops)]
    area = max(areas) - (min(areas) if len(areas) > 1 else 0)
    if mask.sum() > 1:
        assert area == pytest.approx(mask.sum(), rel=0.05, abs=4), "corners of pixels are cut, no more"
    centres = np.argwhere(mask)[:, ::-1]
    inside = sum(Outline(loop).contains_points(centres, radius=0.01).astype(int) for loop in loops)
    assert (inside % 2 == 1).mean() > 0.95 or mask.sum() == 1


def test_a_mask_at_the_images_edge_and_an_empty_one_have_closed_outlines():
    full = np.ones((6, 5))
    (loop,) = outlines(full)
    assert loop.min() > -1 and loop[:, 0].max() < 5 and loop[:, 1].max() < 6
    assert list(outlines(np.zeros((6, 5)))) == []


def test_a_second_label_has_an_outline_of_its_own():
    study = drawn_study(oblique=False)
    alone, both = (contact_sheet(one, width=760) for one in (with_mask(study, study.mask), study))
    tile = tile_of(both, "slice 2")
    assert near(pixels_of(both)[tile], LABELS[2].line).sum() > 100
    assert not near(pixels_of(alone)[tile], LABELS[2].line).any()
    assert "LV cavity" in [text.get_text() for text in words_of(both)]
    assert "LV cavity" not in [text.get_text() for text in words_of(alone)]


def test_the_image_stays_visible_below_the_mask():
    study = drawn_study(oblique=False)
    sheet = contact_sheet(study, width=760)
    grey = pixels_of(sheet)[tile_of(sheet, "slice 0")].mean(axis=-1)
    away = edge_distance(sheet, study, 0)
    middle = tuple(size // 2 for size in grey.shape)
    assert grey[middle] > 200, "bright blood in the middle of the ring"
    ring = np.zeros(grey.shape, bool)
    ring[: middle[0], middle[1]] = away[: middle[0], middle[1]] > 1.6
    wall = grey[ring][(grey[ring] > 60) & (grey[ring] < 190)]
    assert len(wall) > 5, "grey myocardium through the tint"


def test_all_ways_of_storing_a_study_give_the_same_picture():
    study = drawn_study(slices=4, size=40)
    reference = StudyPicture.of(study)
    sheet = pixels_of(contact_sheet(study, width=640))
    for order in itertools.permutations(range(3)):
        for flips in ((0, 0), (1, 0), (1, 1)):
            stored = stored_otherwise(study, order, flips)
            seen = StudyPicture.of(stored)
            np.testing.assert_array_equal(seen.images, reference.images, err_msg=f"{order}, {flips}")
            np.testing.assert_array_equal(seen.labels, reference.labels)
            np.testing.assert_allclose(seen.centre, reference.centre)
            assert seen.spacing_mm == reference.spacing_mm
    np.testing.assert_array_equal(pixels_of(contact_sheet(stored, width=640)), sheet)


def test_a_circle_is_round_whatever_the_pixels_spacing():
    study = drawn_study(slices=1, oblique=False)
    volume = study.volume
    across, down, _ = volume.geometry.spacing
    squeezed = replace(
        study,
        study=Study("squeezed", [Volume.of(volume.array[:, ::2], (across, 2 * down, 8.0))]),
        labels={0: study.label_map[:, ::2]},
    )
    sizes = []
    for one in (study, squeezed):
        sheet = contact_sheet(one)
        found = np.argwhere(near(pixels_of(sheet)[tile_of(sheet, "slice 0")], LABELS[1].line, 60))
        sizes.append(np.ptp(found, axis=0))
    np.testing.assert_allclose(sizes[0], sizes[1], rtol=0.05)


def test_each_slice_has_its_number_position_probability_and_quality():
    study = drawn_study()
    said = [text.get_text() for text in words_of(contact_sheet(study))]
    for row in study.rows:
        assert f"Slice {row.slice + 1}" in said
        assert f"{row.position_mm:.1f} mm" in said
    assert [text for text in said if text.startswith("P 0")] == [
        f"P {row.dcm_probability:.2f}" for row in study.rows[1:]
    ]
    assert said.count("P –") == 1 and said.count("quality ok") == 5


def test_a_slice_not_to_be_believed_is_marked_in_amber_and_no_other():
    study = drawn_study()
    rows = tuple(replace(row, quality="ring open" if row.slice == 4 else "ok") for row in study.rows)
    sheet = contact_sheet(replace(study, rows=rows))
    pixels = pixels_of(sheet)
    for row in rows:
        tile, columns = tile_of(sheet, f"slice {row.slice}")
        caption = pixels[tile.stop + 6 : tile.stop + 62, columns]
        assert near(caption, WARNING, 30).any() == (row.slice == 4)
    assert "⚠ ring open" in [text.get_text() for text in words_of(sheet)]


def test_the_bar_is_as_long_as_the_probability_and_in_its_classs_colour():
    study = drawn_study()
    sheet = contact_sheet(study)
    pixels = pixels_of(sheet)
    for row in study.rows[1:]:
        tile, columns = tile_of(sheet, f"slice {row.slice}")
        bar = near(pixels[tile.stop + 2, columns], ABOVE if row.dcm_class else BELOW, 12)
        assert bar.mean() == pytest.approx(row.dcm_probability, abs=0.03)


def test_many_slices_are_thinned_out_evenly():
    study = drawn_study()
    labels = np.zeros((2000, 2, 2))
    labels[100:200] = 1
    seen = replace(StudyPicture.of(study), labels=labels, slices=StudyPicture.of(study).slices[:1] * 2000)
    chosen = chosen_slices(seen, 48)
    assert len(chosen) == 48
    assert (chosen[0], chosen[-1]) == (100, 199)
    assert set(np.diff(chosen)) == {2, 3}
    assert [text.get_text() for text in words_of(contact_sheet(study, most=3))][1].endswith(
        "3 of 6 slices, counted from 1"
    )


def test_an_activation_map_glows_over_the_image_and_is_clear_where_it_is_low():
    study = drawn_study(oblique=False)
    cold = replace(study, activation=np.full_like(study.activation, 0.19))
    sheet = contact_sheet(study, activation=True, width=760)
    hot, plain = pixels_of(sheet).astype(int), pixels_of(contact_sheet(cold, activation=True, width=760)).astype(int)
    tile = tile_of(sheet, "slice 2")
    away = edge_distance(sheet, study, 2)
    change = np.abs(hot - plain)[tile].max(axis=-1)
    glowing = change > 20
    assert glowing.any() and away[glowing].max() < 6
    warmth = (hot[..., 0] - hot[..., 2])[tile][glowing & (away > 1.2)]
    assert np.median(warmth) > 40
    outside = np.zeros(glowing.shape, bool)
    outside[:20] = outside[-20:] = True
    assert change[outside].max() == 0, "no heat, no change"
    scale = hot[tile_of(sheet, "heat scale")]
    assert np.ptp(scale[5, 2]) < 15 and scale[5, -3, 0] - scale[5, -3, 2] > 60, "a scale from clear to glowing"


def test_the_outline_over_an_activation_map_is_not_in_the_colours_of_heat():
    sheet = contact_sheet(drawn_study(oblique=False), activation=True, width=760)
    tile = pixels_of(sheet)[tile_of(sheet, "slice 5")]
    assert near(tile, LIGHT, 30).sum() > 50
    assert not near(tile, LABELS[1].line, 12).any()


@pytest.mark.parametrize("width", [900, 1600])
@pytest.mark.parametrize("activation", [False, True], ids=["mask", "activation"])
@pytest.mark.parametrize("name", STUDIES)
def test_no_word_is_cut_by_the_sheets_edge_or_lies_on_another(name, activation, width):
    sheet = contact_sheet(STUDIES[name], activation=activation, width=width)
    boxes = boxes_of(sheet)
    assert sheet.width <= width
    for words, (left, bottom, right, top) in boxes.items():
        assert left >= 0 and right <= sheet.width and bottom >= 0 and top <= sheet.height, words
    scale = axes_of(sheet, "slice 0")
    left, bottom, right, top = scale.texts[0].get_window_extent().extents
    tile = scale.get_window_extent()
    assert tile.x0 <= left and right <= tile.x1 and tile.y0 <= bottom and top <= tile.y1
    for (first, a), (second, b) in itertools.combinations(boxes.items(), 2):
        apart = a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 4 or b[3] <= a[1] + 4
        assert apart, f"{first} on {second}"


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_has_a_sheet_with_a_tile_for_each_slice(name, tmp_path):
    study = STUDIES[name]
    sheet = contact_sheet(study)
    tiles = [tile_of(sheet, f"slice {row.slice}") for row in study.rows]
    for rows, columns in tiles:
        assert rows.stop - rows.start == columns.stop - columns.start >= 150
    path = sheet.save(tmp_path / "new folder" / "sheet.png")
    assert [file.name for file in path.parent.iterdir()] == ["sheet.png"]
    assert path.read_bytes().startswith(b"\x89PNG")
