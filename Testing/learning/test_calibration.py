"""From logits to probabilities."""

import numpy as np
import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.learning.calibration import ScoredSlice, fit_decision, read_scores


def slice_rows(shift: float) -> list[ScoredSlice]:
    generator = np.random.default_rng(0)
    rows = []
    for patient in range(24):
        dcm = patient % 3 == 0
        for _ in range(6):
            logit = shift * dcm - 2.0 + generator.normal()
            probability = 1 / (1 + np.exp(-logit))
            rows.append(ScoredSlice(f"P{patient}", int(dcm), probability, 800.0, "ok"))
    return rows


def test_calibration_puts_even_odds_between_the_labels():
    decision = fit_decision(slice_rows(shift=4.0))
    # The labels' logits lie around -2 and 2, so the undecided logit is near 0; a logit's weight is positive.
    assert decision.slice_scale > 0.5
    assert -decision.slice_bias / decision.slice_scale == pytest.approx(0, abs=0.5)
    assert decision.patient.scale > decision.slice_scale / 4


def test_wider_logits_weigh_less():
    plain, wider = fit_decision(slice_rows(shift=4.0)), fit_decision(slice_rows(shift=4.0), spread=3.0)
    assert wider.slice_scale == pytest.approx(plain.slice_scale / 3)
    assert wider.patient.scale == pytest.approx(plain.patient.scale / 3)
    assert wider.slice_bias == plain.slice_bias


def test_a_network_that_knows_nothing_is_calibrated_to_one_half():
    decision = fit_decision(slice_rows(shift=0.0))
    for logit in (-4.0, -2.0, 0.0):
        assert 1 / (1 + np.exp(-decision.slice_scale * logit - decision.slice_bias)) == pytest.approx(0.5, abs=0.1)


def test_calibration_needs_both_labels(tmp_path):
    with pytest.raises(InputError, match="dcm 1 and with dcm 0"):
        fit_decision([r for r in slice_rows(1.0) if r.dcm == 0])
    with pytest.raises(InputError, match="no such file"):
        read_scores([tmp_path / "slices.csv"])
    (tmp_path / "slices.csv").write_text("patient,dcm\nA,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="dcm_probability is missing"):
        read_scores([tmp_path / "slices.csv"])
