"""Intervals: a bootstrap over patients, with the same draws for every metric and every network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from DCMMultiTaskLib.evaluation.metrics import Counts, auc, average_precision

LEVEL = 0.95
"""Coverage of all intervals."""

Statistic = Callable[[np.ndarray], float]
"""From row numbers, `(M,)` with repeats, to a number; NaN where it is not defined for these rows."""


@dataclass(frozen=True)
class Estimate:
    """A metric with the ends of its 95 % percentile interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


class PatientBootstrap:
    """Draws of patients with replacement, each with all its rows, the same for every metric and network.

    Rows of one patient are not independent of each other, so patients are drawn, not rows. Draws in which a metric is
    NaN are left out of its interval. Networks can be compared where the patients come in the same order.

    Args:
        patients: The patient of each row, `(N,)`; without rows every metric is NaN.
        draws: Bootstrap samples.
        seed: Of the draws.

    Example:
        >>> bootstrap = PatientBootstrap(["A", "A", "B", "C"])
        >>> bootstrap.mean([0.8, 0.9, 0.7, 0.8]).value
        0.8
    """

    def __init__(self, patients: Sequence[str], *, draws: int = 2000, seed: int = 0) -> None:
        number_of = {name: number for number, name in enumerate(dict.fromkeys(patients))}
        self._patient_of = np.array([number_of[name] for name in patients], dtype=int)
        count = len(number_of)
        # In order of the patients, each one's rows in their own order.
        order = np.argsort(self._patient_of, kind="stable")
        self._rows_of = np.split(order, np.cumsum(np.bincount(self._patient_of, minlength=count))[:-1])
        generator = np.random.default_rng(seed)
        self._chosen = generator.integers(count, size=(draws, count)) if count else np.empty((draws, 0), dtype=int)
        # How often each draw has each patient, `(draws, patients)`.
        flat = (self._chosen + count * np.arange(draws)[:, None]).ravel()
        self._times = np.bincount(flat, minlength=draws * count).reshape(draws, count).astype(float)

    def estimate(self, statistic: Statistic) -> Estimate:
        """Any statistic of the rows."""
        if not len(self._patient_of):
            return Estimate(float("nan"), float("nan"), float("nan"))
        drawn = [statistic(np.concatenate([self._rows_of[c] for c in chosen])) for chosen in self._chosen]
        return _estimate(statistic(np.arange(len(self._patient_of))), np.array(drawn, dtype=float))

    def ranked(self, measure: Callable[[Any, Any], float], labels: np.ndarray, scores: np.ndarray) -> Estimate:
        """How well `(N,)` scores rank labels, by `auc` or `average_precision`; NaN and infinite ones are left out."""
        known = np.isfinite(scores)

        def statistic(rows: np.ndarray) -> float:
            there = rows[known[rows]]
            return measure(labels[there], scores[there])

        return self.estimate(statistic)

    def difference(self, first: Statistic, second: Statistic) -> Estimate:
        """First less second statistic, both on the same draws (paired)."""
        return self.estimate(lambda rows: first(rows) - second(rows))

    def mean(self, values: ArrayLike) -> Estimate:
        """Mean of `(N,)` values over the rows; rows that are NaN or infinite are left out."""
        array = np.asarray(values, dtype=float)
        known = np.isfinite(array)
        return self.ratio(np.where(known, array, 0.0), known)

    def ratio(self, numerator: ArrayLike, denominator: ArrayLike) -> Estimate:
        """Sum of `(N,)` numerators over sum of `(N,)` denominators, finite numbers; NaN where the latter is 0.

        Means, shares of samples and pooled metrics are such ratios; they take a thousandth of the time of `estimate`.

        Raises:
            ValueError: There is not one number for each row.
        """
        above, below = (np.asarray(numbers, dtype=float) for numbers in (numerator, denominator))
        if above.shape != self._patient_of.shape or below.shape != self._patient_of.shape:
            raise ValueError(f"{above.shape} and {below.shape} numbers for {len(self._patient_of)} rows.")
        drawn_above, drawn_below = (self._times @ self._per_patient(numbers) for numbers in (above, below))
        drawn = np.divide(drawn_above, drawn_below, out=np.full(len(drawn_above), np.nan), where=drawn_below != 0)
        total = float(below.sum())
        return _estimate(float(above.sum()) / total if total else float("nan"), drawn)

    def _per_patient(self, numbers: np.ndarray) -> np.ndarray:
        """Sum of each patient's rows, `(patients,)`."""
        return np.bincount(self._patient_of, weights=numbers, minlength=self._times.shape[1])


def _estimate(value: float, drawn: np.ndarray) -> Estimate:
    finite = drawn[np.isfinite(drawn)]
    if not len(finite):
        return Estimate(float(value), float("nan"), float("nan"))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return Estimate(float(value), float(low), float(high))


def column(rows: Sequence[Any], name: str) -> np.ndarray:
    """One field of all rows, `(N,)`."""
    return np.array([getattr(row, name) for row in rows])


def mask_estimates(rows: Sequence[Any], bootstrap: PatientBootstrap, *also: str) -> dict[str, Estimate]:
    """Means of the scores in `MaskScores` and in further columns, and `f1`, the DSC of all rows' pixels pooled."""
    means = ("dsc", "dsc_eq6", "jsc", "hd95_mm", "surface_distance_mm", *also)
    counts = Counts(*(column(rows, name) for name in ("true_positive", "false_positive", "false_negative")))
    return {**{name: bootstrap.mean(column(rows, name)) for name in means}, "f1": bootstrap.ratio(*counts.dsc)}


def class_estimates(
    labels: np.ndarray,
    scores: np.ndarray,
    bootstrap: PatientBootstrap,
    *,
    threshold: float = 0.5,
    probabilities: np.ndarray | None = None,
) -> dict[str, Estimate]:
    """All metrics of a classifier; samples without a finite score are left out.

    Args:
        labels: 0 or 1, `(N,)`.
        scores: DCM probability of each sample, or its logit: confident logits are told apart where their sigmoids are
            all 1. `(N,)`.
        bootstrap: Of the samples' patients.
        threshold: A sample is called positive from this score on.
        probabilities: 0 to 1, where the scores are not; for the Brier score.

    Returns:
        `accuracy`, `sensitivity`, `specificity`, `auc` (Eq. 7 over samples), `average_precision` and `brier` (mean
        squared difference of probability and label; 0 is best). What is not defined is NaN: sensitivity and average
        precision without positives, specificity without negatives, the AUC without both, all without samples.

    Raises:
        ValueError: As `Counts.of_classes`.
    """
    counts = Counts.of_classes(labels, scores, threshold)
    return {
        "accuracy": bootstrap.ratio(*counts.accuracy),
        "sensitivity": bootstrap.ratio(*counts.sensitivity),
        "specificity": bootstrap.ratio(*counts.specificity),
        "auc": bootstrap.ranked(auc, labels, scores),
        "average_precision": bootstrap.ranked(average_precision, labels, scores),
        "brier": bootstrap.mean(((scores if probabilities is None else probabilities) - labels) ** 2),
    }
