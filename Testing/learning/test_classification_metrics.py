"""Figures of a classifier against hand computations and scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, average_precision_score, brier_score_loss, confusion_matrix, recall_score
from sklearn.metrics import roc_auc_score as area

from DCMMultiTaskLib.learning.classification_metrics import classification_figures

# Few values, so that ties and probabilities at the threshold are common.
SAMPLES = st.lists(st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.2, 0.4, 0.5, 0.7, 1.0])), min_size=1)


def test_figures_by_hand():
    figures = classification_figures([1, 1, 1, 0, 0], [0.9, 0.5, 0.2, 0.6, 0.1])
    assert [figures[n] for n in ("true_positive", "false_negative", "false_positive", "true_negative")] == [2, 1, 1, 1]
    assert figures["accuracy"] == pytest.approx(3 / 5)
    assert figures["sensitivity"] == pytest.approx(2 / 3)
    assert figures["specificity"] == pytest.approx(1 / 2)
    # Of six pairs 0.9 wins two, 0.5 and 0.2 one each.
    assert figures["auc"] == pytest.approx(4 / 6)
    # Precisions at the three positives: 1/1, 2/3, 3/4.
    assert figures["average_precision"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert figures["brier"] == pytest.approx((0.01 + 0.25 + 0.64 + 0.36 + 0.01) / 5)


@given(SAMPLES)
def test_figures_equal_scikit_learns(samples):
    labels, probabilities = (np.array(column) for column in zip(*samples, strict=True))
    figures, called = classification_figures(labels, probabilities), probabilities >= 0.5
    (tn, fp), (fn, tp) = confusion_matrix(labels, called, labels=[0, 1])
    assert (figures["true_negative"], figures["false_positive"]) == (tn, fp)
    assert (figures["false_negative"], figures["true_positive"]) == (fn, tp)
    assert figures["accuracy"] == pytest.approx(accuracy_score(labels, called))
    assert figures["brier"] == pytest.approx(brier_score_loss(labels, probabilities, pos_label=1))
    if labels.any():
        assert figures["sensitivity"] == pytest.approx(recall_score(labels, called))
        assert figures["average_precision"] == pytest.approx(average_precision_score(labels, probabilities))
    if not labels.all():
        assert figures["specificity"] == pytest.approx(recall_score(labels, called, pos_label=0))
    if labels.any() and not labels.all():
        assert figures["auc"] == pytest.approx(area(labels, probabilities))


@given(SAMPLES)
def test_samples_without_a_probability_are_left_out(samples):
    labels, probabilities = map(list, zip(*samples, strict=True))
    assert classification_figures([1, *labels, 0], [math.nan, *probabilities, math.nan]) == pytest.approx(
        classification_figures(labels, probabilities), nan_ok=True
    )


def test_the_class_is_one_from_the_threshold_on():
    figures = classification_figures([1, 1], [0.3, 0.29], threshold=0.3)
    assert (figures["true_positive"], figures["false_negative"]) == (1, 1)


@pytest.mark.parametrize(
    ("labels", "undefined"),
    [
        ([1, 1], {"specificity", "auc"}),
        ([0, 0], {"sensitivity", "auc", "average_precision"}),
        ([], {"accuracy", "sensitivity", "specificity", "auc", "average_precision", "brier"}),
    ],
)
def test_what_is_not_defined_is_no_number(labels, undefined):
    figures = classification_figures(labels, [0.7] * len(labels))
    assert {name for name, value in figures.items() if math.isnan(value)} == undefined


def test_labels_and_probabilities_have_to_fit():
    with pytest.raises(ValueError, match="two equal rows"):
        classification_figures([0, 1], [0.5])
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        classification_figures([0, 2], [0.5, 0.5])
