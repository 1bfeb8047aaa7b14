"""The patient's probability from the slices' logits."""

import math

import numpy as np
import pytest

from DCMMultiTaskLib.inference.patient import patient_logit, patient_probability, rule_sentence, sigmoid
from DCMMultiTaskLib.inference.settings import Decision, PatientRule

LOGITS = np.array([2.0, -1.0, 5.0, np.nan])
AREAS = np.array([100.0, 300.0, 900.0, 500.0])
USABLE = np.array([True, True, False, True])


def test_mean_of_the_usable_slices() -> None:
    assert patient_logit(LOGITS, AREAS, USABLE, "mean_logit") == pytest.approx(0.5)


def test_large_slices_weigh_more() -> None:
    expected = (2.0 * 100 - 1.0 * 300) / 400
    assert patient_logit(LOGITS, AREAS, USABLE, "area_weighted_mean_logit") == pytest.approx(expected)


def test_calibration_comes_after_the_mean() -> None:
    decision = Decision(patient=PatientRule("mean_logit", 3.0, -1.0))
    assert patient_probability(LOGITS, AREAS, USABLE, decision) == pytest.approx(1 / (1 + math.exp(-(3 * 0.5 - 1))))


def test_nothing_usable_gives_no_number_and_says_so() -> None:
    decision = Decision(patient=PatientRule("mean_logit"))
    assert math.isnan(patient_probability(LOGITS, AREAS, np.zeros(4, bool), decision))
    assert "none of the 4 slices" in rule_sentence(0, 4, decision)


def test_a_rule_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="vote"):
        patient_logit(LOGITS, AREAS, USABLE, "vote")


def test_sigmoid_of_extreme_logits() -> None:
    with np.errstate(all="raise"):
        assert sigmoid(np.array([-1e4, 0.0, 1e4])) == pytest.approx([0, 0.5, 1])
