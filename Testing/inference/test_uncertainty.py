"""Other views of the same slices: intervals, map, agreement, and when there is no class."""

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.inference.files import summary, write_result
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.inference.text import describe_result, first_sentence
from DCMMultiTaskLib.inference.uncertainty import VIEWS, Look, View, agreement, phases_to_look_at, weigh
from DCMMultiTaskLib.measurements.heart_beat import end_diastole, end_systole, smoothed
from DCMMultiTaskLib.phantom import PhantomStudy, make_phantom_cine
from DCMMultiTaskLib.storage import json_ready


@pytest.fixture(scope="module")
def sure(predictor: Predictor, study: PhantomStudy) -> Result:
    return predictor.predict(study.volume, uncertainty=True)


def test_the_intervals_lie_around_what_the_plain_view_says(sure: Result, result: Result) -> None:
    assert sure.uncertainty is not None
    assert sure.dcm_probability == result.dcm_probability and np.array_equal(sure.mask, result.mask)
    values = {"dcm_probability": sure.dcm_probability, **vars(sure.measurements)}
    assert set(sure.uncertainty.intervals) == {"dcm_probability", "lv_cavity_volume_ml", "myocardium_mass_g"}
    for name, ends in sure.uncertainty.intervals.items():
        assert ends.low < values[name] < ends.high
    for row in sure.rows:
        assert 0 <= row.dcm_probability_low <= row.dcm_probability <= row.dcm_probability_high <= 1
        assert row.view_agreement > 0.5
    assert sure.uncertainty.views == len(VIEWS) and sure.uncertainty.seconds > 0


def test_the_map_is_where_the_views_differ(sure: Result) -> None:
    assert sure.uncertainty is not None
    found = sure.uncertainty.map
    assert found.shape == sure.mask.shape and found.dtype == np.float32
    assert found.min() >= 0 and 0.1 < found.max() <= 0.5
    edge = sure.mask & ~np.roll(sure.mask, 1, axis=2)
    assert found[edge].mean() > 5 * found[~sure.mask].mean()


def test_it_is_written_only_when_asked_for(sure: Result, result: Result, tmp_path: Path) -> None:
    written = write_result(sure, tmp_path / "sure")
    image = sitk.ReadImage(str(written["uncertainty"]))
    assert image.GetSize() == sure.geometry.size
    told = json.loads(written["summary"].read_text(encoding="utf-8"))["uncertainty"]
    low, high = told["intervals"]["lv_cavity_volume_ml"]
    assert low < sure.measurements.lv_cavity_volume_ml < high and told["views"] == len(VIEWS)
    plain = write_result(result, tmp_path / "plain")
    assert "uncertainty" not in plain and summary(result)["uncertainty"] is None
    with plain["risk"].open(newline="", encoding="utf-8") as stream:
        assert {row["view_agreement"] for row in csv.DictReader(stream)} == {""}


def test_views_that_agree_leave_no_doubt(result: Result) -> None:
    same = [View(result.label_map, np.zeros(len(result.rows)))] * 3
    assert np.allclose(
        agreement(result.label_map, same, result.slice_axis)[[row.quality == "ok" for row in result.rows]], 1
    )
    look = Look(tuple(same), np.zeros(result.mask.shape, np.float32), 0.0)
    found = weigh(result, {result.phase: look}, lambda view: result.dcm_probability)
    assert list(found.distances.values()) == pytest.approx([0, 0, 0])
    ends = found.intervals
    assert ends["dcm_probability"].high == pytest.approx(ends["dcm_probability"].low)
    assert ends["lv_cavity_volume_ml"].high == pytest.approx(1.12 * result.measurements.lv_cavity_volume_ml)


def test_there_is_no_class_where_the_interval_spans_the_threshold(
    predictor: Predictor, study: PhantomStudy, sure: Result
) -> None:
    assert sure.uncertainty is not None
    ends = sure.uncertainty.intervals["dcm_probability"]
    beyond = predictor.package.decision.threshold
    assert bool(sure.cannot_decide) == (ends.low < beyond <= ends.high)
    decision = replace(sure.provenance.decision, threshold=sure.dcm_probability)
    torn = replace(sure, provenance=replace(sure.provenance, decision=decision))
    assert "both sides of the threshold" in torn.cannot_decide
    assert summary(torn)["dcm_class"] is None
    assert torn.cannot_decide in describe_result(torn)


def test_there_is_no_class_where_some_views_find_no_ventricle(result: Result) -> None:
    views = [View(result.label_map, np.zeros(len(result.rows))), View(0 * result.label_map, np.zeros(len(result.rows)))]
    look = Look(tuple(views), np.zeros(result.mask.shape, np.float32), 0.0)
    found = weigh(result, {result.phase: look}, lambda view: result.dcm_probability if view.labels.any() else math.nan)
    torn = replace(result, uncertainty=found)
    assert torn.cannot_decide.startswith("Cannot decide: some views of the study give no probability")
    facts = json.loads(json.dumps(json_ready(summary(torn))))
    assert facts["dcm_class"] is None and facts["uncertainty"]["intervals"]["dcm_probability"] == [None, None]
    for known in (facts, summary(torn)):
        sentence = first_sentence(known, torn.rows)
        assert f"phenotype {torn.dcm_probability:.2f}, LV volume" in sentence and " to " not in sentence
        assert sentence.endswith(torn.cannot_decide)


def test_there_is_no_class_where_fewer_than_half_of_the_slices_count(result: Result) -> None:
    assert result.cannot_decide == ""
    rows = tuple(replace(row, quality="ok" if row.slice < 2 else "several pieces") for row in result.rows)
    torn = replace(result, rows=rows)
    assert torn.cannot_decide == "Cannot decide: only 2 of the 6 slices that should show the ventricle count."


def test_of_a_cine_end_diastole_and_end_systole_are_seen_again(predictor: Predictor) -> None:
    phases = make_phantom_cine(5, phases=3, dilated=False, slices=3, matrix=(128, 128))
    calls: list[tuple[int, int]] = []
    result = predictor.predict(
        Study("beat", [p.volume for p in phases]), uncertainty=True, progress=lambda *told: calls.append(told)
    )
    assert result.uncertainty is not None and result.heart_beat is not None
    ends = result.uncertainty.intervals["ejection_fraction_percent"]
    assert ends.low < result.heart_beat.ejection_fraction_percent < ends.high
    assert calls[-1] == (calls[-1][1], calls[-1][1])


def test_of_a_weak_beat_the_end_systole_of_the_result_is_seen_again() -> None:
    # The smallest cavity is that of the end of relaxation, by chance; end systole is the end of ejection.
    curve = [200.0, 196, 192, 189, 187, 186, 187, 188, 188, 187, 186, 185, 188, 192, 196, 199, 200, 200]
    cavities = dict(enumerate(curve))
    ed = end_diastole(cavities, len(curve))
    es = end_systole(smoothed(curve), ed)
    assert es != int(np.argmin(smoothed(curve)))
    assert phases_to_look_at(cavities, ed) == [ed, es]
    assert phases_to_look_at({3: 100.0}, 3) == [3]


def test_a_run_that_is_stopped_in_the_views_keeps_the_plain_result(predictor: Predictor, study: PhantomStudy) -> None:
    done: list[int] = []
    slices = len(study.volume.array)
    result = predictor.predict(
        study.volume,
        uncertainty=True,
        progress=lambda now, _total: done.append(now),
        cancelled=lambda: bool(done) and done[-1] > 2 * slices,
    )
    assert result.cancelled and result.uncertainty is None
    assert math.isfinite(result.dcm_probability)
