"""The patient's probability from the slices' logits."""

import math
from dataclasses import replace

import numpy as np
import pytest

from DCMMultiTaskLib.inference.patient import patient_logit, patient_probability, rule_sentence, sigmoid
from DCMMultiTaskLib.inference.settings import Decision, PatientRule
from DCMMultiTaskLib.measurements.volumes import Body

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
    probability = patient_probability(LOGITS, AREAS, USABLE, math.nan, decision)
    assert probability == pytest.approx(1 / (1 + math.exp(-(3 * 0.5 - 1))))


VOLUME_COUNTS = Decision(patient=PatientRule("mean_logit", 1.0, -1.0, volume_scale=4.0, volume_ml=150.0))


def test_a_larger_cavity_raises_the_probability() -> None:
    at_the_middle, larger = (
        patient_probability(LOGITS, AREAS, USABLE, volume, VOLUME_COUNTS) for volume in (150.0, 300.0)
    )
    assert at_the_middle == pytest.approx(1 / (1 + math.exp(0.5)))
    assert larger == pytest.approx(1 / (1 + math.exp(0.5 - 4 * math.log(2))))


def test_a_volume_is_brought_to_an_adults_body_surface() -> None:
    small = Body(height_cm=160, weight_kg=50.625)  # 1.5 m2
    indexed = patient_probability(LOGITS, AREAS, USABLE, 150.0, VOLUME_COUNTS, body=small)
    assert indexed == pytest.approx(patient_probability(LOGITS, AREAS, USABLE, 190.0, VOLUME_COUNTS))


@pytest.mark.parametrize("volume", [0.0, math.nan])
def test_no_volume_gives_no_number_and_says_so(volume: float) -> None:
    assert math.isnan(patient_probability(LOGITS, AREAS, USABLE, volume, VOLUME_COUNTS))
    assert "the volume of the LV cavity is not known" in rule_sentence(3, 4, volume, VOLUME_COUNTS)


def test_the_sentence_names_what_the_probability_rests_on() -> None:
    sentence = rule_sentence(3, 4, 206.4, VOLUME_COUNTS, ejection_fraction=16.8)
    assert "EDV 206 ml, EF 17 %; larger than the 150 ml" in sentence
    assert "3 of 4 slices" in sentence
    assert "ischaemic cause" in sentence
    assert "LV cavity (90 ml; smaller than" in rule_sentence(3, 4, 90.0, VOLUME_COUNTS)
    alone = replace(VOLUME_COUNTS, patient=replace(VOLUME_COUNTS.patient, scale=0.0))
    assert "told no more on patients unseen in training. 3 of 4 slices are of quality" in rule_sentence(
        3, 4, 90.0, alone
    )


def test_a_package_of_before_the_volume_counted_is_read() -> None:
    before = {"kind": "mean_logit", "scale": 2.0, "bias": 0.5}
    rule = Decision.from_dict({**Decision().to_dict(), "patient": before}).patient
    assert (rule.scale, rule.bias, rule.volume_scale) == (2.0, 0.5, 0.0)


def test_a_package_of_before_masks_had_a_threshold_of_their_own_and_were_smoothed_is_read() -> None:
    later = ("mask_threshold", "smoothing_degrees")
    before = {name: value for name, value in Decision().to_dict().items() if name not in later}
    read = Decision.from_dict(before)
    assert (read.mask_threshold, read.smoothing_degrees) == (0.5, 0.0)


def test_nothing_usable_gives_no_number_and_says_so() -> None:
    decision = Decision(patient=PatientRule("mean_logit"))
    assert math.isnan(patient_probability(LOGITS, AREAS, np.zeros(4, bool), 150.0, decision))
    assert "of 4 slices none" in rule_sentence(0, 4, 150.0, decision)


def test_a_rule_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="vote"):
        patient_logit(LOGITS, AREAS, USABLE, "vote")


def test_sigmoid_of_extreme_logits() -> None:
    with np.errstate(all="raise"):
        assert sigmoid(np.array([-1e4, 0.0, 1e4])) == pytest.approx([0, 0.5, 1])
