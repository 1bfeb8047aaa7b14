"""The figures of merit that others build on: DSC of masks, AUC of scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def dice(mask: np.ndarray, target: np.ndarray) -> float:
    """Dice similarity coefficient of two binary masks of one shape; 1 where both are empty."""
    mask, target = mask.astype(bool), target.astype(bool)
    total = int(mask.sum()) + int(target.sum())
    return 2.0 * int((mask & target).sum()) / total if total else 1.0


def auc(labels: Sequence[int] | np.ndarray, scores: Sequence[float] | np.ndarray) -> float:
    """Area under the ROC curve by ranks, (S0 - n0 (n0 + 1) / 2) / (n0 n1) (Eq. 7); ties get mean ranks.

    In the formula's symbols n0 counts the positives and S0 sums their ranks. The numerator, the positives' ranks among
    all less those among themselves, is the number of pairs in which a positive is above a negative, a tie being half a
    pair. Counted that way the two labels are sorted apart, which takes a fraction of the time.

    Args:
        labels: 1 or True where positive, `(N,)`.
        scores: Larger for positives, `(N,)`; float32 sorts fastest.

    Returns:
        The area; NaN where only one label is there or a score is NaN.
    """
    positive, values = np.asarray(labels) == 1, np.asarray(scores)
    above, below = np.sort(values[positive]), np.sort(values[~positive])
    if not len(above) or not len(below) or np.isnan(above[-1]) or np.isnan(below[-1]):
        return float("nan")
    twice = np.searchsorted(below, above, side="left").sum() + np.searchsorted(below, above, side="right").sum()
    return float(twice / (2 * len(above) * len(below)))
