"""Metrics of a classifier against hand computations and scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, average_precision_score, brier_score_loss, confusion_matrix, recall_score
from sklearn.metrics import roc_auc_score as area

from DCMMultiTaskLib.evaluation.bootstrap import PatientBootstrap, class_estimates
from DCMMultiTaskLib.evaluation.metrics import Counts

# Few values, so that ties and probabilities at the threshold are common.
SAMPLES = st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.2, 0.4, 0.5, 0.7, 1.0])), min_size=1)


def class_metrics(labels, probabilities, threshold=0.5) -> dict[str, float]:
    """The values without their intervals, and the confusion matrix."""
    labels, probabilities = np.array(labels, dtype=int), np.array(probabilities, dtype=float)
    bootstrap = PatientBootstrap([str(number) for number in range(len(labels))], draws=1)
    estimates = class_estimates(labels, probabilities, bootstrap, threshold=threshold)
    confusion = Counts.of_classes(labels, probabilities, threshold).confusion()
    return {**{name: estimate.value for name, estimate in estimates.items()}, **confusion}


def test_metrics_by_hand():
    metrics = class_metrics([1, 1, 1, 0, 0], [0.9, 0.5, 0.2, 0.6, 0.1])
    assert [metrics[n] for n in ("true_positive", "false_negative", "false_positive", "true_negative")] == [2, 1, 1, 1]
    assert metrics["accuracy"] == pytest.approx(3 / 5)
    assert metrics["sensitivity"] == pytest.approx(2 / 3)
    assert metrics["specificity"] == pytest.approx(1 / 2)
    # Of six pairs 0.9 wins two, 0.5 and 0.2 one each.
    assert metrics["auc"] == pytest.approx(4 / 6)
    # Precisions at the three positives: 1/1, 2/3, 3/4.
    assert metrics["average_precision"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert metrics["brier"] == pytest.approx((0.01 + 0.25 + 0.64 + 0.36 + 0.01) / 5)


@given(SAMPLES)
def test_metrics_equal_scikit_learns(samples):
    labels, probabilities = (np.array(column) for column in zip(*samples, strict=True))
    metrics, called = class_metrics(labels, probabilities), probabilities >= 0.5
    (tn, fp), (fn, tp) = confusion_matrix(labels, called, labels=[0, 1])
    assert (metrics["true_negative"], metrics["false_positive"]) == (tn, fp)
    assert (metrics["false_negative"], metrics["true_positive"]) == (fn, tp)
    assert metrics["accuracy"] == pytest.approx(accuracy_score(labels, called))
    assert metrics["brier"] == pytest.approx(brier_score_loss(labels, probabilities, pos_label=1))
    if labels.any():
        assert metrics["sensitivity"] == pytest.approx(recall_score(labels, called))
        assert metrics["average_precision"] == pytest.approx(average_precision_score(labels, probabilities))
    if not labels.all():
        assert metrics["specificity"] == pytest.approx(recall_score(labels, called, pos_label=0))
    if labels.any() and not labels.all():
        assert metrics["auc"] == pytest.approx(area(labels, probabilities))


@given(SAMPLES)
def test_samples_without_a_probability_are_left_out(samples):
    labels, probabilities = map(list, zip(*samples, strict=True))
    assert class_metrics([1, *labels, 0], [math.nan, *probabilities, math.nan]) == pytest.approx(
        class_metrics(labels, probabilities), nan_ok=True
    )


def test_the_class_is_one_from_the_threshold_on():
    metrics = class_metrics([1, 1], [0.3, 0.29], threshold=0.3)
    assert (metrics["true_positive"], metrics["false_negative"]) == (1, 1)


@pytest.mark.parametrize(
    ("labels", "undefined"),
    [
        ([1, 1], {"specificity", "auc"}),
        ([0, 0], {"sensitivity", "auc", "average_precision"}),
        ([], {"accuracy", "sensitivity", "specificity", "auc", "average_precision", "brier"}),
    ],
)
def test_what_is_not_defined_is_no_number(labels, undefined):
    metrics = class_metrics(labels, [0.7] * len(labels))
    assert {name for name, value in metrics.items() if math.isnan(value)} == undefined


def test_labels_and_scores_have_to_fit():
    with pytest.raises(ValueError, match="two equal rows"):
        Counts.of_classes([0, 1], [0.5], 0.5)
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        Counts.of_classes([0, 2], [0.5, 0.5], 0.5)


def test_confident_logits_are_ranked_and_their_probabilities_judged():
    labels, logits = np.array([1, 0]), np.array([60.0, 50.0])
    bootstrap, probabilities = PatientBootstrap(["A", "B"]), np.ones(2)
    found = class_estimates(labels, logits, bootstrap, threshold=0.0, probabilities=probabilities)
    assert (found["auc"].value, found["accuracy"].value, found["brier"].value) == (1.0, 0.5, 0.5)
