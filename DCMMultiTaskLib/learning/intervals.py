"""Intervals: a bootstrap over patients, with the same draws for every figure and every network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.95
"""Coverage of all intervals."""

Statistic = Callable[[np.ndarray], float]
"""From row numbers, `(M,)` with repeats, to a figure; NaN where it is not defined for these rows."""


@dataclass(frozen=True)
class Figure:
    """A figure with the ends of its 95 % percentile interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


class PatientBootstrap:
    """Draws of patients with replacement, each with all its rows, the same for every figure and network.

    Rows of one patient are not independent of each other, so patients are drawn, not rows. Draws in which a figure is
    NaN are left out of its interval. Networks can be compared where the patients come in the same order.

    Args:
        patients: The patient of each row, `(N,)`; without rows every figure is NaN.
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

    def figure(self, statistic: Statistic) -> Figure:
        """Any statistic of the rows."""
        if not len(self._patient_of):
            return Figure(float("nan"), float("nan"), float("nan"))
        drawn = [statistic(np.concatenate([self._rows_of[c] for c in chosen])) for chosen in self._chosen]
        return _figure(statistic(np.arange(len(self._patient_of))), np.array(drawn, dtype=float))

    def difference(self, first: Statistic, second: Statistic) -> Figure:
        """First less second statistic, both on the same draws (paired)."""
        return self.figure(lambda rows: first(rows) - second(rows))

    def mean(self, values: ArrayLike) -> Figure:
        """Mean of `(N,)` values over the rows; rows that are NaN or infinite are left out."""
        array = np.asarray(values, dtype=float)
        known = np.isfinite(array)
        return self.ratio(np.where(known, array, 0.0), known)

    def ratio(self, numerator: ArrayLike, denominator: ArrayLike) -> Figure:
        """Sum of `(N,)` numerators over sum of `(N,)` denominators, finite numbers; NaN where the latter is 0.

        Means, shares of samples and pooled figures are such ratios; they take a thousandth of the time of `figure`.

        Raises:
            ValueError: There is not one number for each row.
        """
        above, below = (np.asarray(numbers, dtype=float) for numbers in (numerator, denominator))
        if above.shape != self._patient_of.shape or below.shape != self._patient_of.shape:
            raise ValueError(f"{above.shape} and {below.shape} numbers for {len(self._patient_of)} rows.")
        drawn_above, drawn_below = (self._times @ self._per_patient(numbers) for numbers in (above, below))
        drawn = np.divide(drawn_above, drawn_below, out=np.full(len(drawn_above), np.nan), where=drawn_below != 0)
        total = float(below.sum())
        return _figure(float(above.sum()) / total if total else float("nan"), drawn)

    def _per_patient(self, numbers: np.ndarray) -> np.ndarray:
        """Sum of each patient's rows, `(patients,)`."""
        return np.bincount(self._patient_of, weights=numbers, minlength=self._times.shape[1])


def _figure(value: float, drawn: np.ndarray) -> Figure:
    finite = drawn[np.isfinite(drawn)]
    if not len(finite):
        return Figure(float(value), float("nan"), float("nan"))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return Figure(float(value), float(low), float(high))
