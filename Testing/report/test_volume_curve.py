"""The curve has a point at every phase, and says which are end diastole and end systole."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from drawn_studies import drawn_beat, drawn_study
from report_helpers import axes_of, boxes_of, near, pixels_of, words_of

from DCMMultiTaskLib.report.curve import volume_curve
from DCMMultiTaskLib.report.style import ABOVE, BELOW


def said_on(sheet) -> list[str]:
    return [text.get_text() for text in words_of(sheet)]


@pytest.mark.parametrize("timed", [True, False])
def test_end_diastole_and_end_systole_are_where_they_belong(timed):
    result = drawn_beat() if timed else drawn_beat(times_ms=None)
    sheet, beat = volume_curve(result), result.heart_beat
    pixels = pixels_of(sheet)
    for number, colour in ((beat.ed_phase, ABOVE), (beat.es_phase, BELOW)):
        phase = beat.phases[number]
        moment = phase.time_ms if timed else number + 1
        x, y = axes_of(sheet, "curve").transData.transform((moment, phase.lv_cavity_ml))
        assert near(pixels[round(sheet.height - y), round(x)], colour, 10)
    assert {"end diastole, phase 1", "end systole, phase 3"} <= set(said_on(sheet))


def test_the_axes_say_what_they_show_and_in_which_unit():
    timed, plain = (said_on(volume_curve(result)) for result in (drawn_beat(), drawn_beat(times_ms=None)))
    assert {"Time after the R wave (ms)", "Volume of the LV cavity (ml)"} <= set(timed)
    assert "Phase, counted from 1" in plain and "Time after the R wave (ms)" not in plain
    beat = drawn_beat().heart_beat
    assert any(f"EDV {beat.edv_ml:.0f} ml" in words and "EF" in words for words in timed)


def test_the_volume_starts_at_zero():
    assert axes_of(volume_curve(drawn_beat()), "curve").get_ylim()[0] == 0


@pytest.mark.parametrize("size", [(1200, 680), (900, 520)], ids=str)
def test_no_word_is_cut_by_the_sheets_edge_or_lies_on_another(size):
    boxes = boxes_of(volume_curve(drawn_beat(), width=size[0], height=size[1]))
    for words, (left, bottom, right, top) in boxes.items():
        assert left >= 0 and right <= size[0] and bottom >= 0 and top <= size[1], words
    for (first, a), (second, b) in itertools.combinations(boxes.items(), 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] + 3 or b[3] <= a[1] + 3, f"{first} on {second}"


def test_a_heart_that_was_not_found_is_drawn_as_nothing():
    result = drawn_beat()
    empty = replace(result, labels={number: np.zeros_like(labels) for number, labels in result.labels.items()})
    assert axes_of(volume_curve(empty), "curve").get_ylim() == (0, 1.08)


def test_a_result_of_one_phase_has_no_curve():
    with pytest.raises(ValueError, match="every phase"):
        volume_curve(drawn_study())
