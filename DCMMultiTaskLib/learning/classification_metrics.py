"""Figures of merit of DCM probabilities against labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from DCMMultiTaskLib.learning.metrics import auc


def classification_figures(labels: ArrayLike, probabilities: ArrayLike, threshold: float = 0.5) -> dict[str, float]:
    """All figures of a classifier; samples whose probability is NaN are left out.

    Args:
        labels: 0 or 1, `(N,)`.
        probabilities: DCM probability of each sample, `(N,)`, 0 to 1.
        threshold: The class is 1 from here on.

    Returns:
        `accuracy` (Eq. 8), `sensitivity` (Eq. 9), `specificity` (Eq. 10), `auc` (Eq. 7 over samples),
        `average_precision`, `brier` (mean squared difference of probability and label; 0 is best), and the confusion
        matrix (Tab. 1) `true_positive`, `true_negative`, `false_positive`, `false_negative`. What is not defined is
        NaN: sensitivity and average precision without positives, specificity without negatives, the AUC without
        both, everything but the counts without samples.

    Raises:
        ValueError: There is not one probability for each label, or a label is neither 0 nor 1.
    """
    label, probability = np.asarray(labels), np.asarray(probabilities, dtype=float)
    if label.shape != probability.shape or label.ndim != 1:
        raise ValueError(f"Labels {label.shape} and probabilities {probability.shape} are not two equal rows.")
    known = ~np.isnan(probability)
    label, probability = label[known], probability[known]
    positive = label == 1
    if not np.all(positive | (label == 0)):
        raise ValueError("A label is neither 0 nor 1.")
    called = probability >= threshold
    count, positives = len(label), int(np.count_nonzero(positive))
    true_positive = int(np.count_nonzero(positive & called))
    false_positive = int(np.count_nonzero(called)) - true_positive
    true_negative = count - positives - false_positive
    return {
        "accuracy": _ratio(true_positive + true_negative, count),
        "sensitivity": _ratio(true_positive, positives),
        "specificity": _ratio(true_negative, count - positives),
        "auc": auc(label, probability),
        "average_precision": average_precision(positive, probability),
        "brier": _ratio(float(np.sum((probability - positive) ** 2)), count),
        "true_positive": true_positive,
        "true_negative": true_negative,
        "false_positive": false_positive,
        "false_negative": positives - true_positive,
    }


def average_precision(positive: np.ndarray, scores: np.ndarray) -> float:
    """Area under the precision-recall curve in steps: the precision at each score, weighted by the recall it adds.

    As scikit-learn's `average_precision_score`, a tenth of its time.

    Args:
        positive: bool, `(N,)`.
        scores: Larger for positives, `(N,)`; equal ones are taken together.

    Returns:
        The area; NaN without positives.
    """
    total = np.count_nonzero(positive)
    if not total:
        return float("nan")
    order = np.argsort(-scores)
    ordered = scores[order]
    # The last of each run of equal scores.
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    found = np.cumsum(positive[order])[last]
    return float(np.sum(np.diff(found, prepend=0) * found / (last + 1)) / total)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
