"""Figures of merit and their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import rankdata


def dice(mask: np.ndarray, target: np.ndarray) -> float:
    """Dice similarity coefficient of two binary masks of one shape; 1 where both are empty."""
    mask, target = mask.astype(bool), target.astype(bool)
    total = int(mask.sum()) + int(target.sum())
    return 2.0 * int((mask & target).sum()) / total if total else 1.0


def auc(labels: Sequence[int], scores: Sequence[float]) -> float:
    """Area under the ROC curve by ranks, (S0 - n0 (n0 + 1) / 2) / (n0 n1) (Eq. 7); ties get mean ranks.

    In the formula's symbols n0 counts the positives and S0 sums their ranks.

    Returns:
        The area; NaN where only one label is there.
    """
    positive = np.asarray(labels) == 1
    n0, n1 = int(positive.sum()), int((~positive).sum())
    if not n0 or not n1:
        return float("nan")
    return float((rankdata(scores)[positive].sum() - n0 * (n0 + 1) / 2) / (n0 * n1))


def bootstrap_interval(
    patients: Sequence[str],
    statistic: Callable[[np.ndarray], float],
    *,
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of a statistic when PATIENTS are drawn with replacement, each with all its rows.

    Args:
        patients: The patient of each row.
        statistic: From an array of row numbers (with repeats) to a figure; NaN draws are left out.
        draws: Bootstrap samples.
        seed: Of the draws.
        level: Coverage.

    Returns:
        Lower and upper end; NaN where no draw gave a figure.
    """
    names = np.array(patients)
    rows_of = [np.flatnonzero(names == name) for name in dict.fromkeys(patients)]
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        chosen = generator.integers(len(rows_of), size=len(rows_of))
        values.append(statistic(np.concatenate([rows_of[c] for c in chosen])))
    finite = np.array([v for v in values if np.isfinite(v)])
    if not len(finite):
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return float(low), float(high)
