"""Figures of merit against hand computations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.learning.calibration import fit_decision, read_scores
from DCMMultiTaskLib.learning.metrics import auc, dice


def test_dice_by_hand():
    mask, truth = np.array([[1, 1, 0, 0]]), np.array([[0, 1, 1, 1]])
    assert dice(mask, truth) == pytest.approx(2 * 1 / (2 + 3))
    assert dice(np.zeros(3), np.zeros(3)) == 1
    assert dice(np.ones(3), np.zeros(3)) == 0


def test_auc_is_the_rank_formula_with_mean_ranks():
    labels, scores = [1, 0, 1, 0, 0], [0.9, 0.4, 0.4, 0.4, 0.1]
    # Ranks: 0.1 -> 1; the three 0.4 -> 3; 0.9 -> 5. S0 = 5 + 3.
    assert auc(labels, scores) == pytest.approx((8 - 2 * 3 / 2) / (2 * 3))
    assert np.isnan(auc([1, 1], [0.2, 0.3]))


@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=40))
def test_auc_equals_scikit_learns(pairs):
    labels, scores = [int(label) for label, _ in pairs], [float(score) for _, score in pairs]
    if len(set(labels)) == 2:
        assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))


def slice_rows(shift: float) -> list[dict[str, str]]:
    generator = np.random.default_rng(0)
    rows = []
    for patient in range(24):
        dcm = patient % 3 == 0
        for _ in range(6):
            logit = shift * dcm - 2.0 + generator.normal()
            probability = 1 / (1 + np.exp(-logit))
            rows.append(
                {
                    "patient": f"P{patient}",
                    "dcm": str(int(dcm)),
                    "dcm_probability": str(probability),
                    "area_mm2": "800",
                    "quality": "ok",
                }
            )
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
        fit_decision([r for r in slice_rows(1.0) if r["dcm"] == "0"])
    with pytest.raises(InputError, match="no such file"):
        read_scores([tmp_path / "slices.csv"])
    (tmp_path / "slices.csv").write_text("patient,dcm\nA,1\n", encoding="utf-8")
    with pytest.raises(InputError, match="dcm_probability is missing"):
        read_scores([tmp_path / "slices.csv"])
