"""Bias and limits of agreement against hand computations, and their plot."""

import math
from dataclasses import replace

import numpy as np
import pytest

from DCMMultiTaskLib.evaluation.agreement import agreement, agreements
from DCMMultiTaskLib.evaluation.scoring import PatientScore
from DCMMultiTaskLib.report.agreement import bland_altman


def test_bias_and_limits_by_hand() -> None:
    # Differences 1, 2, 3, 4, 5: mean 3, standard deviation 1.5811; t of 4 degrees of freedom 2.7764.
    found = agreement(np.array([11.0, 12, 13, 14, 15]), np.full(5, 10.0))
    assert (found.patients, found.bias.value) == (5, 3)
    assert found.sd == pytest.approx(1.5811, abs=1e-4)
    assert (found.bias.low, found.bias.high) == pytest.approx((1.0368, 4.9632), abs=1e-3)
    assert found.lower_limit.value == pytest.approx(3 - 1.96 * 1.5811, abs=1e-3)
    # sqrt(1/5 + 1.96^2 / 8) = 0.8246
    half = found.upper_limit.high - found.upper_limit.value
    assert half == pytest.approx(2.7764 * 1.5811 * 0.8246, abs=1e-3)


def test_the_intervals_cover_what_they_say() -> None:
    rng = np.random.default_rng(1)
    found = [agreement(rng.normal(2, 3, 15), np.zeros(15)) for _ in range(400)]
    for part, true in (("bias", 2), ("lower_limit", 2 - 1.96 * 3), ("upper_limit", 2 + 1.96 * 3)):
        covered = np.mean([getattr(one, part).low <= true <= getattr(one, part).high for one in found])
        assert 0.92 <= covered <= 0.98


def test_patients_without_a_number_are_left_out() -> None:
    found = agreement(np.array([1.0, math.nan, 3.0, 5.0]), np.array([1.0, 1.0, 1.0, math.nan]))
    assert found.patients == 2 and math.isnan(found.bias.value)


def test_every_patient_is_in_the_plot(tmp_path, monkeypatch) -> None:
    names = "dsc dsc_eq6 jsc true_cavity_mm2 cavity_mm2 dcm_probability hd95_mm surface_distance_mm"
    zeros: dict[str, float] = dict.fromkeys(names.split(), 0.0)
    zeros |= dict.fromkeys(("true_positive", "false_positive", "false_negative"), 0)
    one = PatientScore(
        patient="P", group="g", dcm=0, cavity_ml=90.0, true_cavity_ml=100.0, mass_g=100.0, true_mass_g=90.0, **zeros
    )
    patients = [replace(one, patient=f"P{n}", dcm=n % 2, cavity_ml=90.0 + 5 * n) for n in range(6)]
    drawn = []
    monkeypatch.setattr("DCMMultiTaskLib.report.agreement.save", lambda figure, path: drawn.append(figure))
    bland_altman(patients, tmp_path / "agreement.png")
    volume, mass, wall = drawn[0].axes
    points = np.concatenate([line.get_xydata() for line in volume.lines if line.get_linestyle() == "None"])
    assert sorted(points[:, 1]) == [-10, -5, 0, 5, 10, 15]
    assert agreements(patients)["lv_volume"].bias.value == pytest.approx(2.5)
    assert "(ml)" in volume.get_xlabel() and "(g)" in mass.get_ylabel() and "(mm)" in wall.get_xlabel()
