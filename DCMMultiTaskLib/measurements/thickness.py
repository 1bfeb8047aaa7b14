"""Thickness of the left ventricle's wall in one short-axis slice, along rays from the middle of its cavity."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from DCMMultiTaskLib.imaging.volume import bounding_box

RAYS = 72
STEP = 0.1
"""Of a ray, in pixels."""
SMOOTHING = 1.0
"""Standard deviation in pixels: the borders of a mask are stairs, those of a heart are not."""
BESIDE_A_GAP = 2
"""Rays left out on either side of a gap: there a chord ends in the gap and not in the wall."""
NEIGHBOURS = 3
"""Chords on either side that are averaged before the thinnest and the thickest place are looked for."""


@dataclass(frozen=True)
class WallThickness:
    """Of one slice; NaN where there is no cavity, or no wall around it.

    Attributes:
        mean_mm: Mean over the chords.
        min_mm: The thinnest place, 30 degrees wide.
        max_mm: The thickest.
        sd_mm: Standard deviation over the places.
        ring_share: Share of the directions in which there is a wall, 0 to 1; below 1 the ring is open.
    """

    mean_mm: float
    min_mm: float
    max_mm: float
    sd_mm: float
    ring_share: float


NO_WALL = WallThickness(math.nan, math.nan, math.nan, math.nan, 0.0)


def wall_thickness(myocardium: np.ndarray, cavity: np.ndarray, pixel_mm: tuple[float, float]) -> WallThickness:
    """Measure the wall by radial chords.

    From the centroid of the cavity a ray is sent in each of 72 directions, evenly spaced in mm. A chord is the part of
    the ray between the border of the cavity and the border of cavity and wall together; both are where the mask,
    smoothed by one pixel, is 0.5, so that they are found to a part of a pixel. Directions without a wall (the gap of an
    open ring), and the two beside them, are left out. The mean is over the chords. The other numbers are over their
    moving means of 7 chords, since the flat sides that every drawn circle has move a single chord by up to a pixel.

    A radial chord is never shorter than the wall: it is as long where the cavity is round, and grows with the angle
    between the ray and the border. Chords at right angles to the middle of the wall (Sheehan et al., Circulation
    1986;74:293) avoid this, but need a closed, smooth contour.

    Args:
        myocardium: Mask of one slice `(rows, columns)`.
        cavity: Of the same shape.
        pixel_mm: Distance of the rows and of the columns.

    Example:
        >>> y, x = np.mgrid[-32:32, -32:32]
        >>> radius = np.hypot(x, y)
        >>> wall = wall_thickness((radius > 15) & (radius <= 20), radius <= 15, (2.0, 2.0))
        >>> round(wall.mean_mm)
        10
    """
    inside = np.asarray(cavity) != 0
    wall = np.asarray(myocardium) != 0
    box = bounding_box(inside | wall)
    if box is None or not inside.any() or not wall.any():
        return NO_WALL
    margin = math.ceil(4 * SMOOTHING) + 1
    inside, wall = (np.pad(mask[box], margin) for mask in (inside, wall))
    smooth = [ndimage.gaussian_filter(mask.astype(np.float32), SMOOTHING) for mask in (inside, inside | wall)]

    centre = np.argwhere(inside).mean(axis=0)
    angles = 2 * np.pi * np.arange(RAYS) / RAYS
    directions = np.stack([np.sin(angles) / pixel_mm[0], np.cos(angles) / pixel_mm[1]])  # pixels for each mm
    step_mm = STEP * min(pixel_mm)
    farthest_mm = float(np.hypot(*(size * mm for size, mm in zip(inside.shape, pixel_mm, strict=True))))
    radii = np.arange(0, farthest_mm, step_mm)
    points = centre[:, None, None] + directions[:, :, None] * radii
    inner, outer = (ndimage.map_coordinates(mask, points, order=1) >= 0.5 for mask in smooth)
    if not inner[0, 0]:
        return NO_WALL  # a crescent, whose middle lies outside of it, or a cavity of a few pixels
    met = ndimage.map_coordinates(wall.astype(np.uint8), points, order=0) != 0

    # Where each ray leaves the cavity, and after that cavity and wall.
    start = np.argmin(inner, axis=1)
    beyond = ~outer & (np.arange(len(radii)) >= start[:, None])
    thickness = (np.argmax(beyond, axis=1) - start) * step_mm
    closed = met.any(axis=1) & (thickness > 0)
    share = float(closed.mean())
    measured = ndimage.binary_erosion(np.tile(closed, 3), iterations=BESIDE_A_GAP)[RAYS : 2 * RAYS]
    if not measured.any():
        return replace(NO_WALL, ring_share=share)
    window = 2 * NEIGHBOURS + 1
    sums, counts = (
        ndimage.uniform_filter1d(values.astype(np.float64), window, mode="wrap")
        for values in (np.where(measured, thickness, 0), measured)
    )
    places = sums[measured] / counts[measured]
    return WallThickness(
        mean_mm=float(thickness[measured].mean()),
        min_mm=float(places.min()),
        max_mm=float(places.max()),
        sd_mm=float(places.std()),
        ring_share=share,
    )
