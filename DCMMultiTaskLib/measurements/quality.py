"""Whether a slice's result can be believed: every reason against it, by a few plain rules."""

from __future__ import annotations

import numpy as np

from DCMMultiTaskLib.measurements.masks import MOST_HOLLOW, hollow_share, pieces

OK = "ok"
NOT_ANALYSED = "not analysed"
OUTSIDE_ROI = "outside the ROI"
CONSTANT = "constant image"
NOTHING = "no myocardium found"
IMAGE_EDGE = "partly outside the image"
FIELD_EDGE = "partly outside the analysed field"
PIECES = "several pieces"
IMPLAUSIBLE = "implausible size"
OPEN = "ring open"

# A second piece smaller than this share of the largest is a speck.
SPECK = 0.1
# Myocardium, and myocardium with cavity, of a slice of a human heart. The upper one is a disc 11 cm wide.
LEAST_MYOCARDIUM_MM2 = 50.0
MOST_HEART_MM2 = 10_000.0


def mask_reasons(mask: np.ndarray, holes: np.ndarray, pixel_mm2: float, field: tuple[slice, slice]) -> list[str]:
    """The reasons against this mask, the gravest first; empty where there is none.

    Args:
        mask: Myocardium of one slice, bool `(rows, columns)`.
        holes: What it encloses, bool, same shape.
        pixel_mm2: Area of a pixel.
        field: Rows and columns that the network saw.
    """
    if not mask.any():
        return [NOTHING]
    reasons = []
    lines = [np.flatnonzero(mask.any(axis=1 - axis)) for axis in (0, 1)]
    if any(line[0] == 0 or line[-1] == size - 1 for line, size in zip(lines, mask.shape, strict=True)):
        reasons.append(IMAGE_EDGE)
    elif any(line[0] <= seen.start or line[-1] >= seen.stop - 1 for line, seen in zip(lines, field, strict=True)):
        reasons.append(FIELD_EDGE)
    if mask.sum() * pixel_mm2 < LEAST_MYOCARDIUM_MM2 or (mask | holes).sum() * pixel_mm2 > MOST_HEART_MM2:
        reasons.append(IMPLAUSIBLE)
    labels = pieces(mask)
    sizes = np.bincount(labels.ravel())[1:]
    if np.count_nonzero(sizes > SPECK * sizes.max()) > 1:
        reasons.append(PIECES)
    if hollow_share((labels == 1 + sizes.argmax()) | holes) > MOST_HOLLOW:
        reasons.append(OPEN)
    return reasons
