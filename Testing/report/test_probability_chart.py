"""The chart has a point at every probability, and says which not to believe."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from drawn_studies import drawn_study
from report_helpers import NAN, awkward_studies, axes_of, boxes_of, near, pixels_of, words_of

from DCMMultiTaskLib.inference.settings import Decision
from DCMMultiTaskLib.report.chart import probability_chart
from DCMMultiTaskLib.report.style import ABOVE, BELOW, MUTED, PANEL, WARNING

STUDIES = awkward_studies()


def at(sheet, slice_number: float, probability: float) -> tuple[int, int]:
    """Row and column of the sheet's pixels at a place of the chart, whose slices count from 1."""
    x, y = axes_of(sheet, "chart").transData.transform((slice_number + 1, probability))
    return round(sheet.height - y), round(x)


def test_every_probability_is_where_it_belongs_and_in_its_classs_colour():
    study = drawn_study()
    rows = tuple(replace(row, quality="ok") for row in study.rows)
    sheet = probability_chart(replace(study, rows=rows))
    pixels = pixels_of(sheet)
    for row in rows[1:]:
        colour = ABOVE if row.dcm_class else BELOW
        assert near(pixels[at(sheet, row.slice, row.dcm_probability)], colour, 10), row.slice


def test_a_slice_not_to_be_believed_is_hollow():
    study = drawn_study()
    rows = tuple(replace(row, quality="ring open" if row.slice == 3 else "ok") for row in study.rows)
    sheet = probability_chart(replace(study, rows=rows))
    pixels = pixels_of(sheet)
    down, across = at(sheet, 3, rows[3].dcm_probability)
    assert near(pixels[down, across], PANEL, 10)
    assert near(pixels[down - 9 : down + 10, across - 9 : across + 10], WARNING).sum() > 20
    assert "quality not ok" in [text.get_text() for text in words_of(sheet)]
    good = probability_chart(replace(study, rows=tuple(replace(row, quality="ok") for row in rows)))
    assert not near(pixels_of(good), WARNING).any()


def test_a_slice_without_a_probability_is_a_cross_at_the_foot_and_breaks_the_line():
    study = drawn_study()
    rows = tuple(replace(row, dcm_probability=NAN if row.slice == 2 else 0.8, quality="ok") for row in study.rows)
    sheet = probability_chart(replace(study, rows=rows))
    pixels = pixels_of(sheet)
    assert near(pixels[at(sheet, 2, 0)], MUTED)
    assert near(pixels[at(sheet, 4.5, 0.8)], MUTED, 60), "a line between neighbours"
    assert not near(pixels[at(sheet, 1.5, 0.8)], MUTED, 60)


def test_the_threshold_is_a_line_across_and_in_the_legend():
    study = drawn_study()
    moved = replace(study, provenance=replace(study.provenance, decision=Decision(threshold=0.3)))
    for threshold, one in ((0.5, study), (0.3, moved)):
        sheet = probability_chart(one)
        down, _ = at(sheet, 0, threshold)
        light = near(pixels_of(sheet)[down - 1 : down + 2], "#ECEFF3", 60).any(axis=0)
        assert light.mean() > 0.4, "dashes from side to side"
        assert f"threshold {threshold:.2f}" in [text.get_text() for text in words_of(sheet)]


def test_the_axes_say_what_they_show_and_in_which_unit():
    said = [text.get_text() for text in words_of(probability_chart(drawn_study()))]
    assert "Slice, counted from 1" in said
    assert "Position along the slice axis (mm)" in said
    assert "Probability of a\nDCM-like phenotype (0 to 1)" in said


@pytest.mark.parametrize("size", [(1200, 680), (900, 520)], ids=str)
@pytest.mark.parametrize("name", STUDIES)
def test_no_word_is_cut_by_the_sheets_edge_or_lies_on_another(name, size):
    sheet = probability_chart(STUDIES[name], width=size[0], height=size[1])
    boxes = boxes_of(sheet)
    assert (sheet.width, sheet.height) == size
    for words, (left, bottom, right, top) in boxes.items():
        assert left >= 0 and right <= size[0] and bottom >= 0 and top <= size[1], words
    for (first, a), (second, b) in itertools.combinations(boxes.items(), 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] + 3 or b[3] <= a[1] + 3, f"{first} on {second}"
    numbers = [float(t.get_text()) for t in axes_of(sheet, "chart").get_xticklabels() if t.get_text()]
    assert numbers and set(numbers) <= set(1 + np.arange(len(STUDIES[name].rows)))
