"""From logits and volumes to probabilities."""

import math

import numpy as np
import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.patient import patient_probability
from DCMMultiTaskLib.learning.calibration import ScoredPatient, ScoredSlice, Scores, fit_decision, fit_logistic


def scores(shift: float, growth: float = 0.0, patients: int = 24) -> Scores:
    """A third of the patients is positive; `shift` parts the logits, `growth` the logarithms of the volumes."""
    generator = np.random.default_rng(0)
    slices, rows = [], []
    for patient in range(patients):
        dcm = patient % 3 == 0
        for _ in range(6):
            logit = shift * dcm - 2.0 + generator.normal()
            slices.append(ScoredSlice(f"P{patient}", int(dcm), 1 / (1 + np.exp(-logit)), 800.0, "ok"))
        rows.append(ScoredPatient(f"P{patient}", int(dcm), 130 * math.exp(growth * dcm + 0.1 * generator.normal())))
    return Scores(slices, rows)


def test_slices_are_calibrated_between_the_labels() -> None:
    decision = fit_decision(scores(shift=4.0))
    # The labels' logits lie around -2 and 2, so that the undecided logit is near 0.
    assert decision.slice_scale > 0.5
    assert -decision.slice_bias / decision.slice_scale == pytest.approx(0, abs=0.6)


def test_a_network_that_knows_nothing_gives_the_share_of_the_positives() -> None:
    decision = fit_decision(scores(shift=0.0))
    for logit in (-3.0, -2.0, -1.0):
        assert 1 / (1 + np.exp(-decision.slice_scale * logit - decision.slice_bias)) == pytest.approx(1 / 3, abs=0.1)
    assert decision.threshold == pytest.approx(1 / 3, abs=0.001)


def test_volumes_that_tell_the_labels_apart_count() -> None:
    decision = fit_decision(scores(shift=0.0, growth=0.8))
    one, large, small = np.array([-2.0]), 130 * math.exp(0.8), 130.0
    probabilities = [
        patient_probability(one, np.array([800.0]), np.array([True]), volume, decision) for volume in (small, large)
    ]
    assert probabilities[0] < 0.2 < 0.6 < probabilities[1]
    assert decision.patient.volume_ml == pytest.approx(130 * math.exp(0.8 / 3), rel=0.1)


def test_volumes_that_speak_against_the_label_do_not_count() -> None:
    rule = fit_decision(scores(shift=2.0, growth=-0.8)).patient
    assert rule.volume_scale == 0
    assert rule.scale > 0


def test_the_volume_alone_counts_where_the_logits_are_left_out() -> None:
    both, alone = (fit_decision(scores(shift=2.0, growth=0.8), volume_alone=alone) for alone in (False, True))
    assert both.patient.scale > 0 and alone.patient.scale == 0
    assert alone.patient.volume_scale > both.patient.volume_scale > 0
    assert (alone.slice_scale, alone.slice_bias) == (both.slice_scale, both.slice_bias)


def test_wider_logits_weigh_less() -> None:
    plain, wider = (fit_decision(scores(shift=4.0), spread=spread) for spread in (1.0, 3.0))
    assert wider.slice_scale == pytest.approx(plain.slice_scale / 3)
    assert wider.patient.scale == pytest.approx(plain.patient.scale / 3)
    assert wider.patient.volume_scale == plain.patient.volume_scale
    assert wider.slice_bias == plain.slice_bias


def test_the_logistic_model_is_that_of_its_features() -> None:
    generator = np.random.default_rng(1)
    feature = generator.normal(5.0, 2.0, 4000)
    labels = (generator.random(4000) < 1 / (1 + np.exp(-(1.5 * feature - 7)))).astype(int)
    (weight,), offset = fit_logistic([feature], labels)
    assert (weight, offset) == (pytest.approx(1.5, abs=0.15), pytest.approx(-7, abs=0.7))


def test_calibration_needs_both_labels_and_their_volumes(tmp_path) -> None:
    with pytest.raises(InputError, match="dcm 1 and with dcm 0"):
        fit_decision(Scores(scores(1.0).slices, [p for p in scores(1.0).patients if p.dcm == 0]))
    with pytest.raises(InputError, match="no such file"):
        Scores.read([tmp_path / "slices.csv"])
    (tmp_path / "slices.csv").write_text("patient,dcm\nA,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="dcm_probability is missing"):
        Scores.read([tmp_path / "slices.csv"])
    (tmp_path / "slices.csv").write_text("patient,dcm,dcm_probability,area_mm2,quality\nA,1,0.5,9,ok\n")
    (tmp_path / "patients.csv").write_text("patient,dcm\nA,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="cavity_ml is missing"):
        Scores.read([tmp_path / "slices.csv"])
