"""Every metric of masks, of pixels and of classes once, from arrays; what is a ratio of counts, from one count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from DCMMultiTaskLib.errors import InputError, how_to_install


class Ratio(NamedTuple):
    """A metric as its two parts, so that sums over rows can be divided after summing; numbers or `(N,)`."""

    above: Any
    below: Any

    def value(self, *, empty: float = float("nan")) -> float:
        """The metric of single numbers; `empty` where the lower part is 0."""
        return float(self.above / self.below) if self.below else empty


@dataclass(frozen=True, eq=False)
class Counts:
    """Cells of the paper's Tab. 1: numbers, or one for each row `(N,)`; of masks the cells are pixels.

    Attributes:
        true_positive: Called and true.
        false_positive: Called, but not true.
        false_negative: True, but not called.
        true_negative: Neither; 0 where no one asked.
    """

    true_positive: Any
    false_positive: Any
    false_negative: Any
    true_negative: Any = 0

    @classmethod
    def of_masks(cls, mask: np.ndarray, target: np.ndarray) -> Counts:
        """Pixels of two masks of one shape; what is not 0 belongs to a mask."""
        mask, target = mask != 0, target != 0
        both, called, wanted = (int(np.count_nonzero(part)) for part in (mask & target, mask, target))
        return cls(both, called - both, wanted - both, mask.size - called - wanted + both)

    @classmethod
    def of_classes(cls, labels: ArrayLike, scores: ArrayLike, threshold: float) -> Counts:
        """One sample per row, called where its score reaches the threshold; one without a finite score counts nowhere.

        Raises:
            ValueError: There is not one score for each label, or a label is neither 0 nor 1.
        """
        label, score = np.asarray(labels), np.asarray(scores, dtype=float)
        if label.shape != score.shape or label.ndim != 1:
            raise ValueError(f"Labels {label.shape} and scores {score.shape} are not two equal rows.")
        known, called = np.isfinite(score), score >= threshold
        positive, negative = known & (label == 1), known & (label == 0)
        if np.any(known & ~positive & ~negative):
            raise ValueError("A label is neither 0 nor 1.")
        return cls(positive & called, negative & called, positive & ~called, negative & ~called)

    @property
    def dsc(self) -> Ratio:
        """Dice similarity coefficient, 2 TP / (2 TP + FP + FN); of pooled pixels also called F1."""
        twice = 2 * self.true_positive
        return Ratio(twice, twice + self.false_positive + self.false_negative)

    @property
    def jsc(self) -> Ratio:
        """Jaccard similarity coefficient, TP / (TP + FP + FN)."""
        return Ratio(self.true_positive, self.true_positive + self.false_positive + self.false_negative)

    @property
    def accuracy(self) -> Ratio:
        """Share of right calls (Eq. 8)."""
        right = self.true_positive + self.true_negative
        return Ratio(right, right + self.false_positive + self.false_negative)

    @property
    def sensitivity(self) -> Ratio:
        """Share of the positives that are called (Eq. 9)."""
        return Ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> Ratio:
        """Share of the negatives that are not called (Eq. 10)."""
        return Ratio(self.true_negative, self.true_negative + self.false_positive)

    def confusion(self) -> dict[str, int]:
        """The four cells, row by row of Tab. 1, summed over the rows."""
        return {name: int(np.sum(getattr(self, name))) for name in CONFUSION}


CONFUSION = ("true_positive", "false_negative", "false_positive", "true_negative")


def dice(mask: np.ndarray, target: np.ndarray) -> float:
    """Dice similarity coefficient of two masks of one shape; 1 where both are empty."""
    return Counts.of_masks(mask, target).dsc.value(empty=1.0)


@dataclass(frozen=True, kw_only=True)
class MaskScores:
    """One slice (or one volume) of a mask against its truth; NaN and 0 where it was not measured.

    Attributes:
        dsc: Dice similarity coefficient; 1 where both masks are empty.
        dsc_eq6: Eq. 6 as printed, with L2 norms that are not squared: 2 ||PG|| / (||P|| + ||G||); 1 where both are
            empty.
        jsc: Jaccard similarity coefficient; 1 where both are empty.
        true_positive: Pixels in both masks.
        false_positive: Pixels in the mask alone.
        false_negative: Pixels in the truth alone.
        hd95_mm: The larger of the two 95th percentiles of the distances from one outline to the other, in mm; NaN
            where a mask is empty.
        surface_distance_mm: Mean of the distances from each outline to the other, both ways pooled, in mm; NaN where
            a mask is empty.
    """

    dsc: float = float("nan")
    dsc_eq6: float = float("nan")
    jsc: float = float("nan")
    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0
    hd95_mm: float = float("nan")
    surface_distance_mm: float = float("nan")


def mask_scores(mask: np.ndarray, target: np.ndarray, pixel_mm: tuple[float, ...]) -> MaskScores:
    """All metrics of a mask against its truth.

    Args:
        mask: Predicted mask, `(H, W)` or `(D, H, W)`; what is not 0 belongs to it.
        target: True mask of the same shape.
        pixel_mm: Size of a pixel along each of the array's axes, in mm.

    Raises:
        ValueError: The shapes differ, or there is not one pixel size for each axis.
        InputError: MONAI is not installed.
    """
    if mask.shape != target.shape or len(pixel_mm) != mask.ndim:
        raise ValueError(f"Mask {mask.shape}, truth {target.shape} and pixel size {pixel_mm} do not fit together.")
    counts = Counts.of_masks(mask, target)
    # The norm of a binary mask is the root of its number of pixels.
    both, alone, missed = counts.true_positive, counts.false_positive, counts.false_negative
    hd95_mm, surface_distance_mm = _outline_distances(mask != 0, target != 0, pixel_mm)
    return MaskScores(
        dsc=counts.dsc.value(empty=1.0),
        dsc_eq6=Ratio(2 * both**0.5, (both + alone) ** 0.5 + (both + missed) ** 0.5).value(empty=1.0),
        jsc=counts.jsc.value(empty=1.0),
        true_positive=both,
        false_positive=alone,
        false_negative=missed,
        hd95_mm=hd95_mm,
        surface_distance_mm=surface_distance_mm,
    )


def _outline_distances(mask: np.ndarray, target: np.ndarray, pixel_mm: tuple[float, ...]) -> tuple[float, float]:
    """HD95 and mean surface distance in mm of two bool masks; NaN where one is empty.

    They are MONAI's `compute_hausdorff_distance(percentile=95)` and `compute_average_surface_distance(symmetric=True)`,
    from its own parts, so that the outlines and their distances are found once for both.
    """
    if not mask.any() or not target.any():
        return float("nan"), float("nan")
    try:
        from monai.metrics import get_mask_edges, get_surface_distance
    except ModuleNotFoundError as error:
        raise InputError(how_to_install("monai")) from error
    # Beyond the joint bounding box there is no outline, and its rim counts as outline as the image's rim does.
    box = ndimage.find_objects((mask | target).astype(np.uint8))[0]
    edges = get_mask_edges(mask[box], target[box], crop=False)
    spacing = [float(size) for size in pixel_mm]
    there = get_surface_distance(edges[0], edges[1], spacing=spacing)
    back = get_surface_distance(edges[1], edges[0], spacing=spacing)
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    return float(hd95), float(np.concatenate([there, back]).mean(dtype=np.float64))


def pixel_auc(probability: np.ndarray, target: np.ndarray) -> float:
    """Area under the ROC curve over the pixels of one slice (Eq. 7), ties with mean ranks.

    Args:
        probability: Myocardium probability (or anything that rises with it), `(H, W)`; float32 is the fastest.
        target: True mask of the same shape.

    Returns:
        The area; NaN where the truth is empty or everything, or a probability is NaN.

    Raises:
        ValueError: The shapes differ.
    """
    if probability.shape != target.shape:
        raise ValueError(f"Probability {probability.shape} and truth {target.shape} differ in shape.")
    return auc(target.ravel() != 0, probability.ravel())


def auc(labels: ArrayLike, scores: ArrayLike) -> float:
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


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the precision-recall curve in steps: the precision at each score, weighted by the recall it adds.

    As scikit-learn's `average_precision_score`, a tenth of its time.

    Args:
        labels: 1 or True where positive, `(N,)`.
        scores: Larger for positives, `(N,)`; equal ones are taken together.

    Returns:
        The area; NaN without positives.
    """
    positive = labels == 1
    total = np.count_nonzero(positive)
    if not total:
        return float("nan")
    order = np.argsort(-scores)
    ordered = scores[order]
    # The last of each run of equal scores.
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    found = np.cumsum(positive[order])[last]
    return float(np.sum(np.diff(found, prepend=0) * found / (last + 1)) / total)


def psnr(image: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """Peak signal-to-noise ratio between a slice and its myocardium alone: how difficult the slice is (Eqs. 11, 12).

    The paper's "segmentation target" is read as the image inside the mask and 0 outside.

    Args:
        image: Slice, float `(H, W)`, 0 to 255.
        mask: Myocardium of the same shape.

    Returns:
        The usual ratio, 20 log10(MAX / sqrt(MSE)), and Eq. 11 as printed, 20 log10(MAX^2 / sqrt(MSE)), in dB, with MAX
        the image's largest value. Both are infinite where the image is 0 outside the mask (MSE 0), and NaN where it
        is 0 everywhere.

    Raises:
        ValueError: The shapes differ.
    """
    if image.shape != mask.shape:
        raise ValueError(f"Image {image.shape} and mask {mask.shape} differ in shape.")
    largest = float(image.max())
    if not largest > 0:
        return float("nan"), float("nan")
    root = float(np.sqrt(np.mean(np.where(mask != 0, 0.0, image) ** 2, dtype=np.float64)))
    if not root:
        return float("inf"), float("inf")
    return float(20 * np.log10(largest / root)), float(20 * np.log10(largest**2 / root))
