"""Figures of merit of a mask against its truth, of a slice's pixels, and of a slice's difficulty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.learning.metrics import auc


@dataclass(frozen=True)
class MaskScores:
    """One slice (or one volume) of a mask against its truth.

    Attributes:
        dsc: Dice similarity coefficient, 2 TP / (2 TP + FP + FN); 1 where both masks are empty.
        dsc_eq6: Eq. 6 as printed, with L2 norms that are not squared: 2 ||PG|| / (||P|| + ||G||); 1 where both are
            empty.
        jsc: Jaccard similarity coefficient, TP / (TP + FP + FN); 1 where both are empty.
        true_positive: Pixels in both masks.
        false_positive: Pixels in the mask alone.
        false_negative: Pixels in the truth alone.
        hd95_mm: The larger of the two 95th percentiles of the distances from one outline to the other, in mm; NaN
            where a mask is empty.
        surface_distance_mm: Mean of the distances from each outline to the other, both ways pooled, in mm; NaN where
            a mask is empty.
    """

    dsc: float
    dsc_eq6: float
    jsc: float
    true_positive: int
    false_positive: int
    false_negative: int
    hd95_mm: float
    surface_distance_mm: float


def mask_scores(mask: np.ndarray, target: np.ndarray, pixel_mm: tuple[float, ...]) -> MaskScores:
    """All figures of a mask against its truth.

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
    mask, target = mask != 0, target != 0
    true_positive = int(np.count_nonzero(mask & target))
    predicted, wanted = int(np.count_nonzero(mask)), int(np.count_nonzero(target))
    union = predicted + wanted - true_positive
    hd95_mm, surface_distance_mm = _outline_distances(mask, target, pixel_mm)
    return MaskScores(
        dsc=2 * true_positive / (predicted + wanted) if union else 1.0,
        # The norm of a binary mask is the root of its number of pixels.
        dsc_eq6=2 * true_positive**0.5 / (predicted**0.5 + wanted**0.5) if union else 1.0,
        jsc=true_positive / union if union else 1.0,
        true_positive=true_positive,
        false_positive=predicted - true_positive,
        false_negative=wanted - true_positive,
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
        raise InputError('Measuring needs monai: install it with pip install "dcm-multitask[train]".') from error
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


def pooled_f1(
    true_positive: np.ndarray | float, false_positive: np.ndarray | float, false_negative: np.ndarray | float
) -> float:
    """F1, the harmonic mean of precision and recall, with the pixels of all slices pooled.

    Per slice F1 is the DSC; pooled, large hearts weigh more.

    Args:
        true_positive: Pixels of each slice, `(N,)`, or of all of them.
        false_positive: Likewise.
        false_negative: Likewise.

    Returns:
        2 TP / (2 TP + FP + FN); NaN where neither mask nor truth has a pixel.
    """
    twice = 2 * float(np.sum(true_positive))
    total = twice + float(np.sum(false_positive)) + float(np.sum(false_negative))
    return twice / total if total else float("nan")


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
