"""Whether a slice's result can be believed: `ok`, or one reason why not, by a few plain rules."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

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
# A closed ring, or an apical cap without a cavity, fills its convex hull; an open ring leaves this share and more.
MOST_HOLLOW = 0.25


def mask_quality(mask: np.ndarray, cavity: np.ndarray, pixel_mm2: float, field: tuple[slice, slice]) -> str:
    """The first reason against this mask, or `ok`.

    Args:
        mask: Myocardium of one slice, bool `(rows, columns)`.
        cavity: What it encloses, bool, same shape.
        pixel_mm2: Area of a pixel.
        field: Rows and columns that the network saw.
    """
    if not mask.any():
        return NOTHING
    for axis, seen in enumerate(field):
        lines = np.flatnonzero(mask.any(axis=1 - axis))
        if lines[0] == 0 or lines[-1] == mask.shape[axis] - 1:
            return IMAGE_EDGE
        if lines[0] <= seen.start or lines[-1] >= seen.stop - 1:
            return FIELD_EDGE
    filled = mask | cavity
    if mask.sum() * pixel_mm2 < LEAST_MYOCARDIUM_MM2 or filled.sum() * pixel_mm2 > MOST_HEART_MM2:
        return IMPLAUSIBLE
    labels = _pieces(mask)
    sizes = np.bincount(labels.ravel())[1:]
    if np.count_nonzero(sizes > SPECK * sizes.max()) > 1:
        return PIECES
    largest = (labels == 1 + sizes.argmax()) | cavity
    if 1 - largest.sum() / convex_hull_area(largest) > MOST_HOLLOW:
        return OPEN
    return OK


def convex_hull_area(mask: np.ndarray) -> float:
    """Area, in pixels, of the convex hull of the mask's pixels (their corners)."""
    rows = np.flatnonzero(mask.any(axis=1))
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - mask[rows, ::-1].argmax(axis=1)
    corners = [(r + d, c) for r, a, b in zip(rows, first, last, strict=True) for d in (0, 1) for c in (a, b)]
    points = sorted({(int(r), int(c)) for r, c in corners})
    hull = np.array(_half_hull(points) + _half_hull(points[::-1]), dtype=float)
    y, x = hull.T
    return 0.5 * abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))))


def _half_hull(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """One side of the hull of sorted points, without its last point (Andrew's monotone chain)."""
    chain: list[tuple[int, int]] = []
    for point in points:
        while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain[:-1]


def _turn(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _pieces(mask: np.ndarray) -> np.ndarray:
    """Numbers from 1 for the 8-connected pieces, 0 elsewhere."""
    return sitk.GetArrayFromImage(sitk.ConnectedComponent(sitk.GetImageFromArray(mask.astype(np.uint8)), True))
