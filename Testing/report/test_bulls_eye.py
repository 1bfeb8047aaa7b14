"""Every segment has its thickness and colour where the bull's eye places it."""

from dataclasses import replace

import numpy as np
from drawn_studies import drawn_study, with_mask
from report_helpers import axes_of, near, pixels_of, words_of

from DCMMultiTaskLib.measurements.wall_segments import bulls_eye
from DCMMultiTaskLib.report.bulls_eye import bulls_eye_chart
from DCMMultiTaskLib.report.style import PANEL


def said_on(sheet) -> list[str]:
    return [text.get_text() for text in words_of(sheet)]


def colours(result) -> dict[int, np.ndarray]:
    """The pixel of each segment beside its number."""
    sheet = bulls_eye_chart(result)
    pixels, found = pixels_of(sheet), {}
    for number, (inner, outer, first, last) in bulls_eye().items():
        radius, angle = inner + 0.2 * (outer - inner), np.radians(first + 0.2 * (last - first))
        x, y = axes_of(sheet, "segments").transData.transform((radius * np.cos(angle), radius * np.sin(angle)))
        found[number] = pixels[round(sheet.height - y), round(x)]
    return found


def test_segments_are_coloured_by_their_thickness_and_hollow_without_one():
    result = drawn_study()
    shown = colours(result)
    means = result.wall_segments.mean_mm
    ordered = sorted((number for number in means if np.isfinite(means[number])), key=means.__getitem__)
    assert int(shown[ordered[-1]].astype(int).sum()) > int(shown[ordered[0]].astype(int).sum())
    assert near(shown[17], PANEL, 3)
    words = said_on(bulls_eye_chart(result))
    assert all(f"{means[number]:.1f}" in words for number in ordered)


def test_walls_are_named_only_where_the_septum_is_known():
    result = drawn_study()
    plain = result.wall_segments
    assert not plain.named and "Septum" not in said_on(bulls_eye_chart(result))
    point = tuple(result.geometry.index_to_lps @ [10.0, 27.0, 2.0, 1.0])[:3]
    marked = replace(result, septum_lps=point)
    assert marked.wall_segments.named
    assert {"Septum", "Anterior", "Lateral", "Inferior"} <= set(said_on(bulls_eye_chart(marked)))


def test_a_study_without_a_ring_gives_an_empty_bulls_eye():
    result = drawn_study()
    empty = with_mask(result, np.zeros_like(result.mask))
    assert all(near(colour, PANEL, 3) for colour in colours(empty).values())
