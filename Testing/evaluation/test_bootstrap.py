"""Intervals: patients are drawn, not rows, and the draws are the same for all metrics."""

import math

import numpy as np
import pytest

from DCMMultiTaskLib.evaluation.bootstrap import Estimate, PatientBootstrap
from DCMMultiTaskLib.evaluation.metrics import auc


def one_draw_after_another(patients, statistic, draws=2000, seed=0):
    """The bootstrap spelt out: value, low, high."""
    names = np.array(patients)
    rows_of = [np.flatnonzero(names == name) for name in dict.fromkeys(patients)]
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        chosen = generator.integers(len(rows_of), size=len(rows_of))
        values.append(statistic(np.concatenate([rows_of[c] for c in chosen])))
    finite = [v for v in values if np.isfinite(v)]
    return (statistic(np.arange(len(patients))), *np.quantile(finite, [0.025, 0.975]))


def numbers(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


@pytest.fixture(scope="module")
def rows():
    """23 patients with 1 to 9 rows, mixed; a label, a score that is somewhat right, and a gap."""
    generator = np.random.default_rng(5)
    of = np.repeat(np.arange(23), generator.integers(1, 10, size=23))
    generator.shuffle(of)
    labels = (of % 4 == 0).astype(int)
    scores = labels + generator.normal(size=len(of))
    values = generator.normal(size=len(of)) + of
    values[[3, 17]] = np.nan
    return [f"P{number}" for number in of], labels, scores, values


@pytest.mark.parametrize(("draws", "seed"), [(2000, 0), (301, 7)])
def test_draws_are_those_of_the_bootstrap_spelt_out(rows, draws, seed):
    patients, labels, scores, _ = rows

    def statistic(index):
        return auc(labels[index], scores[index])

    estimate = PatientBootstrap(patients, draws=draws, seed=seed).estimate(statistic)
    spelt_out = one_draw_after_another(patients, statistic, draws, seed)
    assert numbers(estimate) == pytest.approx(spelt_out, rel=1e-12)


def test_mean_is_the_statistic_without_rows_that_are_no_number(rows):
    patients, _, _, values = rows
    bootstrap = PatientBootstrap(patients)
    assert numbers(bootstrap.mean(values)) == pytest.approx(
        numbers(bootstrap.estimate(lambda index: float(np.nanmean(values[index]))))
    )


def test_ratio_is_that_of_the_sums(rows):
    patients, labels, _, _ = rows
    weights = np.arange(1.0, len(labels) + 1)
    bootstrap = PatientBootstrap(patients)
    assert numbers(bootstrap.ratio(weights * labels, weights)) == pytest.approx(
        numbers(bootstrap.estimate(lambda index: float((weights * labels)[index].sum() / weights[index].sum())))
    )


def test_interval_covers_patients_not_rows():
    patients = [f"P{i}" for i in range(20) for _ in range(50)]
    estimate = PatientBootstrap(patients).mean(np.repeat(np.arange(20.0), 50))
    spread = 1.96 * np.arange(20).std() / np.sqrt(20)
    assert estimate.value == pytest.approx(9.5)
    assert estimate.low == pytest.approx(9.5 - spread, abs=0.5)
    assert estimate.high == pytest.approx(9.5 + spread, abs=0.5)


def test_difference_of_two_networks_is_paired(rows):
    patients, labels, scores, _ = rows
    bootstrap = PatientBootstrap(patients)

    def first(index):
        return auc(labels[index], scores[index])

    def shifted(index):
        return first(index) - 0.125

    estimate = bootstrap.difference(first, shifted)
    # Unpaired, the interval of two equally good networks would be as wide as the AUC's own, and more.
    assert numbers(estimate) == pytest.approx((0.125, 0.125, 0.125))
    assert bootstrap.estimate(first).high - bootstrap.estimate(first).low > 0.05


def test_draws_without_a_metric_are_left_out():
    # One positive among three patients: draws without it, or of it alone, have no AUC; all others have 1.
    labels, scores = np.array([1, 0, 0]), np.array([0.9, 0.1, 0.2])
    estimate = PatientBootstrap(["A", "B", "C"]).estimate(lambda index: auc(labels[index], scores[index]))
    assert numbers(estimate) == (1, 1, 1)
    # Sensitivity: draws without the positive have none.
    assert numbers(PatientBootstrap(["A", "B", "C"]).ratio(labels, labels)) == (1, 1, 1)


def test_what_is_never_defined_is_no_number():
    bootstrap = PatientBootstrap(["A", "A", "B"])
    for estimate in (
        bootstrap.estimate(lambda index: math.nan),
        bootstrap.mean([math.nan] * 3),
        bootstrap.ratio(np.zeros(3), np.zeros(3)),
        PatientBootstrap([]).mean([]),
        PatientBootstrap([]).estimate(lambda index: 1.0),
    ):
        assert all(map(math.isnan, numbers(estimate)))


def test_one_patient_has_an_interval_of_one_point():
    assert numbers(PatientBootstrap(["A", "A"]).mean([1.0, 2.0])) == (1.5, 1.5, 1.5)


def test_a_number_for_each_row_is_needed():
    with pytest.raises(ValueError, match="for 2 rows"):
        PatientBootstrap(["A", "B"]).mean([1.0])
