"""Metrics of masks and pixels against hand computations, MONAI and scikit-learn."""

import math
import sys
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata
from sklearn.metrics import f1_score, jaccard_score, roc_auc_score

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.evaluation.metrics import Counts, auc, dice, mask_scores, pixel_auc, psnr

MASKS = st.tuples(st.integers(2, 9), st.integers(2, 9)).flatmap(
    lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape))
)


def square(size: int, top: int, left: int, side: int) -> np.ndarray:
    mask = np.zeros((size, size), dtype=np.uint8)
    mask[top : top + side, left : left + side] = 1
    return mask


def test_overlap_by_hand():
    scores = mask_scores(square(8, 1, 1, 4), square(8, 1, 3, 4), (1.0, 1.0))
    assert (scores.true_positive, scores.false_positive, scores.false_negative) == (8, 8, 8)
    assert scores.dsc == pytest.approx(2 * 8 / 32)
    assert scores.dsc_eq6 == pytest.approx(2 * math.sqrt(8) / (4 + 4))
    assert scores.jsc == pytest.approx(8 / 24)


def test_distances_are_in_mm_along_each_axis():
    one, other = square(9, 2, 2, 1), square(9, 4, 5, 1)
    scores = mask_scores(one, other, (1.5, 2.0))
    assert scores.hd95_mm == scores.surface_distance_mm == pytest.approx(math.hypot(2 * 1.5, 3 * 2.0))
    volume = mask_scores(np.stack([one, 0 * one, 0 * one]), np.stack([0 * one, 0 * one, one]), (8.0, 1.5, 2.0))
    assert volume.hd95_mm == pytest.approx(16)


def test_surface_distance_by_hand():
    # The outline of 2 x 1 pixels against its upper pixel: there 0 and 1, back 0.
    mask, truth = np.zeros((5, 5)), np.zeros((5, 5))
    mask[1:3, 2] = truth[1, 2] = 1
    scores = mask_scores(mask, truth, (3.0, 1.0))
    assert scores.surface_distance_mm == pytest.approx(3.0 / 3)
    assert scores.hd95_mm == pytest.approx(0.95 * 3.0)


@given(MASKS)
def test_overlap_equals_scikit_learns(masks):
    mask, truth = masks
    scores = mask_scores(mask, truth, (1.0, 1.0))
    flat = truth.ravel(), mask.ravel()
    assert scores.dsc == pytest.approx(f1_score(*flat, zero_division=1)) == dice(mask, truth)
    assert scores.jsc == pytest.approx(jaccard_score(*flat, zero_division=0) if (mask | truth).any() else 1)
    if mask.any() or truth.any():
        norms = [np.linalg.norm(part.astype(float)) for part in (mask & truth, mask, truth)]
        assert scores.dsc_eq6 == pytest.approx(2 * norms[0] / (norms[1] + norms[2]))


@pytest.mark.filterwarnings("ignore:monai.metrics.utils get_mask_edges:FutureWarning")
@settings(max_examples=60)
@given(MASKS, st.integers(0, 3))
def test_distances_equal_monais_whatever_surrounds_the_masks(masks, margin):
    from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance

    mask, truth = (np.pad(part, margin) for part in masks)
    if not mask.any() or not truth.any():
        return
    pair, options = (mask[None, None], truth[None, None]), {"include_background": True, "spacing": (1.25, 2.5)}
    scores = mask_scores(mask, truth, (1.25, 2.5))
    # MONAI interpolates the percentile in single precision.
    assert scores.hd95_mm == pytest.approx(
        float(compute_hausdorff_distance(*pair, percentile=95, **options)), rel=1e-5, abs=1e-5
    )
    assert scores.surface_distance_mm == pytest.approx(
        float(compute_average_surface_distance(*pair, symmetric=True, **options)), rel=1e-5, abs=1e-6
    )


def test_empty_masks():
    none, some = np.zeros((6, 6)), square(6, 1, 1, 3)
    both = mask_scores(none, none, (1.0, 1.0))
    assert (both.dsc, both.dsc_eq6, both.jsc) == (1, 1, 1)
    for one in (mask_scores(none, some, (1.0, 1.0)), mask_scores(some, none, (1.0, 1.0))):
        assert (one.dsc, one.dsc_eq6, one.jsc) == (0, 0, 0)
        assert one.false_positive + one.false_negative == 9
    for scores in (both, one):
        assert math.isnan(scores.hd95_mm) and math.isnan(scores.surface_distance_mm)


def test_the_same_mask_is_without_fault():
    assert astuple(mask_scores(square(6, 0, 0, 3), square(6, 0, 0, 3), (1.0, 1.0))) == (1, 1, 1, 9, 0, 0, 0, 0)


def test_missing_monai_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "monai.metrics", None)
    with pytest.raises(InputError, match=r"pip install .*monai"):
        mask_scores(square(6, 0, 0, 3), square(6, 0, 0, 3), (1.0, 1.0))


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match="do not fit together"):
        mask_scores(np.ones((3, 3)), np.ones((3, 4)), (1.0, 1.0))
    with pytest.raises(ValueError, match="do not fit together"):
        mask_scores(np.ones((3, 3)), np.ones((3, 3)), (8.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="differ in shape"):
        pixel_auc(np.ones((3, 3)), np.ones((3, 4)))
    with pytest.raises(ValueError, match="differ in shape"):
        psnr(np.ones((3, 3)), np.ones((3, 4)))


@given(
    st.tuples(st.integers(1, 8), st.integers(2, 8)).flatmap(
        lambda shape: st.tuples(
            arrays(np.float32, shape, elements=st.floats(0, 1, width=32) | st.sampled_from([0.0, 0.5, 1.0])),
            arrays(bool, shape),
        )
    )
)
def test_pixel_auc_equals_scikit_learns_and_the_rank_formula(pixels):
    probability, truth = pixels
    if truth.any() and not truth.all():
        area = pixel_auc(probability, truth)
        assert area == pytest.approx(roc_auc_score(truth.ravel(), probability.ravel()))
        inside, outside, ranks = truth.sum(), (~truth).sum(), rankdata(probability).reshape(truth.shape)
        assert area == pytest.approx((ranks[truth].sum() - inside * (inside + 1) / 2) / (inside * outside))
    else:
        assert math.isnan(pixel_auc(probability, truth))


def test_pixel_auc_of_a_slice_with_a_gap_is_no_number():
    probability = np.linspace(0, 1, 9).reshape(3, 3)
    for gap in ((0, 0), (2, 2)):
        broken = probability.copy()
        broken[gap] = np.nan
        assert math.isnan(pixel_auc(broken, probability > 0.5))


def test_ratios_come_from_one_count_and_are_pooled_not_averaged():
    # Per slice 1 and 0; pooled the large slice counts for more.
    counts = Counts(np.array([90, 0]), np.array([0, 10]), np.array([0, 10]), np.array([5, 5]))
    assert [part.tolist() for part in counts.dsc] == [[180, 0], [180, 20]]
    pooled = Counts(**counts.confusion())
    assert pooled.dsc.value() == pytest.approx(180 / 200)
    assert pooled.jsc.value() == pytest.approx(90 / 110)
    assert pooled.accuracy.value() == pytest.approx(100 / 120)
    assert pooled.sensitivity.value() == pytest.approx(90 / 100)
    assert pooled.specificity.value() == pytest.approx(10 / 20)
    assert math.isnan(Counts(0, 0, 0).dsc.value()) and Counts(0, 0, 0).dsc.value(empty=1.0) == 1


@given(MASKS)
def test_every_pixel_is_counted_once(masks):
    counts = Counts.of_masks(*masks)
    assert sum(counts.confusion().values()) == masks[0].size
    assert counts.true_negative == np.count_nonzero(~masks[0] & ~masks[1])


def test_psnr_by_hand():
    image, mask = np.full((2, 2), 100.0), np.array([[1, 0], [1, 1]])
    image[0, 0] = 200.0
    # MSE is 100^2 / 4, so its root is 50.
    usual, printed = psnr(image, mask)
    assert usual == pytest.approx(20 * math.log10(200 / 50))
    assert printed == pytest.approx(20 * math.log10(200**2 / 50))


def test_psnr_without_noise_or_without_signal():
    assert psnr(np.full((2, 2), 9.0), np.ones((2, 2))) == (math.inf, math.inf)
    assert all(map(math.isnan, psnr(np.zeros((2, 2)), np.zeros((2, 2)))))


def test_dice_by_hand():
    mask, truth = np.array([[1, 1, 0, 0]]), np.array([[0, 1, 1, 1]])
    assert dice(mask, truth) == pytest.approx(2 * 1 / (2 + 3))
    assert dice(np.zeros(3), np.zeros(3)) == 1
    assert dice(np.ones(3), np.zeros(3)) == 0


def test_auc_is_the_rank_formula_with_mean_ranks():
    labels, scores = [1, 0, 1, 0, 0], [0.9, 0.4, 0.4, 0.4, 0.1]
    # Ranks: 0.1 -> 1; the three 0.4 -> 3; 0.9 -> 5. S0 = 5 + 3.
    assert auc(labels, scores) == pytest.approx((8 - 2 * 3 / 2) / (2 * 3))
    assert np.isnan(auc([1, 1], [0.2, 0.3]))


@given(st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=40))
def test_auc_equals_scikit_learns(pairs):
    labels, scores = [int(label) for label, _ in pairs], [float(score) for _, score in pairs]
    if len(set(labels)) == 2:
        assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
