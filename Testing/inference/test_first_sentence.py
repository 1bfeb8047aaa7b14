"""What a radiologist reads first."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from drawn_studies import drawn_beat, drawn_study

from DCMMultiTaskLib.inference.files import summary
from DCMMultiTaskLib.inference.result import NO_PROBABILITY
from DCMMultiTaskLib.inference.text import first_sentence, phase_sentence
from DCMMultiTaskLib.measurements.quality import NOT_ANALYSED
from DCMMultiTaskLib.report.study import StudyPicture


def test_a_single_volume_has_probability_volume_mass_and_what_does_not_count() -> None:
    study = drawn_study()
    facts = summary(study)
    assert first_sentence(facts, study.rows) == (
        f"Probability of a DCM-like phenotype 0.56, LV volume {facts['lv_cavity_volume_ml']:.0f} ml, myocardial mass "
        f"{facts['myocardium_mass_g']:.0f} g; from 5 of 6 slices; not counted: slice 1 (no myocardium found)."
    )
    assert phase_sentence(facts) == ""


def test_a_cine_has_its_ejection_fraction_and_says_which_phase_the_slices_are_of() -> None:
    beat = drawn_beat()
    facts = summary(replace(beat, provenance=replace(beat.provenance, phases=5)))
    found = facts["heart_beat"]
    sentence = first_sentence(facts, beat.rows)
    assert f"LV volume {found['edv_ml']:.0f} ml at end diastole and {found['esv_ml']:.0f} ml at end systole" in sentence
    assert f"ejection fraction {found['ejection_fraction_percent']:.0f} %" in sentence
    assert phase_sentence(facts) == "Slices of phase 1 of 5, end diastole; end systole is phase 3."


def test_an_interval_stands_beside_its_number() -> None:
    study = drawn_study()
    facts = {**summary(study), "uncertainty": {"intervals": {"dcm_probability": [0.41, 0.68]}}}
    assert "phenotype 0.56 (0.41 to 0.68), LV" in first_sentence(facts, study.rows)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_without_a_usable_slice_there_is_no_probability(missing: float | None) -> None:
    rows = tuple(replace(row, quality="ring open") for row in drawn_study().rows)
    sentence = first_sentence({**summary(drawn_study()), "dcm_probability": missing}, rows)
    assert sentence == "No probability of a DCM-like phenotype; not counted: slices 1, 2, 3, 4, 5, 6 (ring open)."


def test_of_a_stopped_run_nothing_is_said_that_its_slices_contradict() -> None:
    study = drawn_study()
    rows = (*study.rows[:4], *(replace(row, quality=NOT_ANALYSED) for row in study.rows[4:]))
    stopped = replace(study, rows=rows, dcm_probability=math.nan, cancelled=True)
    not_counted = "slice 1 (no myocardium found); slices 5, 6 (not analysed)"
    assert first_sentence(summary(stopped), rows) == f"{NO_PROBABILITY}; not counted: {not_counted}."
    assert StudyPicture.of(stopped).headline == NO_PROBABILITY
    assert stopped.cannot_decide == "Cannot decide: there is no probability."
