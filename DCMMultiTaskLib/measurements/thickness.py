"""Thickness of the left ventricle's wall in one short-axis slice, along rays from the middle of its cavity."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from DCMMultiTaskLib.imaging.volume import bounding_box

RAYS = 72
ANGLES = 2 * np.pi * np.arange(RAYS) / RAYS
"""Directions of the rays in radians, from the columns' axis towards the rows'."""
STEP = 0.25
"""Between the samples of a ray, in pixels; borders are found between them."""
SMOOTHING = 1.0
"""Standard deviation in pixels: the borders of a mask are stairs, those of a heart are not."""
BESIDE_A_GAP = 2
"""Rays left out on either side of a gap: there a chord ends in the gap and not in the wall."""
NEIGHBOURS = 3
"""Chords on either side that are averaged before the thinnest and the thickest place are looked for."""


@dataclass(frozen=True)
class WallThickness:
    """Of one slice, or of a part of it; NaN where there is no cavity, or no wall around it.

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


@dataclass(frozen=True, eq=False)
class Chords:
    """The wall of one slice in the directions `ANGLES`.

    Attributes:
        thickness_mm: `(72,)`; NaN where it cannot be measured.
        places_mm: `(72,)`, the moving means of 7 chords; NaN there, too.
        wall: `(72,)` bool: where there is a wall.
    """

    thickness_mm: np.ndarray
    places_mm: np.ndarray
    wall: np.ndarray

    def summary(self, part: np.ndarray | slice = slice(None)) -> WallThickness:
        """Of the whole slice, or of the directions `part`."""
        measured = np.isfinite(self.thickness_mm[part])
        share = float(self.wall[part].mean())
        if not measured.any():
            return WallThickness(math.nan, math.nan, math.nan, math.nan, share)
        chords, places = self.thickness_mm[part][measured], self.places_mm[part][measured]
        return WallThickness(float(chords.mean()), float(places.min()), float(places.max()), float(places.std()), share)


NOTHING = Chords(np.full(RAYS, np.nan), np.full(RAYS, np.nan), np.zeros(RAYS, dtype=bool))


def wall_thickness(myocardium: np.ndarray, cavity: np.ndarray, pixel_mm: tuple[float, float]) -> WallThickness:
    """The thickness of a whole slice; see `radial_chords`.

    Example:
        >>> y, x = np.mgrid[-32:32, -32:32]
        >>> radius = np.hypot(x, y)
        >>> wall = wall_thickness((radius > 15) & (radius <= 20), radius <= 15, (2.0, 2.0))
        >>> round(wall.mean_mm)
        10
    """
    return radial_chords(myocardium, cavity, pixel_mm).summary()


def radial_chords(myocardium: np.ndarray, cavity: np.ndarray, pixel_mm: tuple[float, float]) -> Chords:
    """Measure the wall by radial chords.

    From the centroid of the cavity a ray is sent in each of 72 directions, evenly spaced in mm. A chord is the part of
    the ray between the border of the cavity and the border of cavity and wall together; both are where the mask,
    smoothed by one pixel, is 0.5, so that they are found to a part of a pixel. Directions without a wall (the gap of an
    open ring), and the two beside them, are left out. The thinnest and the thickest place are looked for in the moving
    means of 7 chords, since the flat sides that every drawn circle has move a single chord by up to a pixel.

    A radial chord is never shorter than the wall: it is as long where the cavity is round, and grows with the angle
    between the ray and the border. Chords at right angles to the middle of the wall (Sheehan et al., Circulation
    1986;74:293) avoid this, but need a closed, smooth contour.

    How exact this is on drawn hearts of known shape is in `Documentation/measurements.md`.

    Args:
        myocardium: Mask of one slice `(rows, columns)`.
        cavity: Of the same shape.
        pixel_mm: Distance of the rows and of the columns.
    """
    inside = np.asarray(cavity) != 0
    wall = np.asarray(myocardium) != 0
    box = bounding_box(inside | wall)
    if box is None or not inside.any() or not wall.any():
        return NOTHING
    margin = math.ceil(4 * SMOOTHING) + 1
    inside, wall = (np.pad(mask[box], margin) for mask in (inside, wall))
    smooth = [ndimage.gaussian_filter(mask.astype(np.float32), SMOOTHING) for mask in (inside, inside | wall)]

    centre = np.argwhere(inside).mean(axis=0)
    directions = np.stack([np.sin(ANGLES) / pixel_mm[0], np.cos(ANGLES) / pixel_mm[1]])  # pixels for each mm
    step_mm = STEP * min(pixel_mm)
    offsets_mm = (np.argwhere(inside | wall) - centre) * pixel_mm
    farthest_mm = float(np.hypot(*offsets_mm.T).max()) + 4 * SMOOTHING * max(pixel_mm)
    points = centre[:, None, None] + directions[:, :, None] * np.arange(0, farthest_mm, step_mm)
    inner, outer = (ndimage.map_coordinates(mask, points, order=1) for mask in smooth)
    if inner[0, 0] < 0.5:
        return NOTHING  # a crescent, whose middle lies outside of it, or a cavity of a few pixels
    met = ndimage.map_coordinates(wall.astype(np.uint8), points, order=0) != 0

    # Where each ray leaves the cavity, and after that cavity and wall.
    leaves = np.argmax(inner < 0.5, axis=1)
    beyond = (outer < 0.5) & (np.arange(outer.shape[1]) >= leaves[:, None])
    start, end = _crossing(inner, leaves), _crossing(outer, np.argmax(beyond, axis=1))
    thickness = (end - start) * step_mm
    closed = met.any(axis=1) & (thickness > 0)
    measured = ndimage.binary_erosion(np.tile(closed, 3), iterations=BESIDE_A_GAP)[RAYS : 2 * RAYS]
    window = 2 * NEIGHBOURS + 1
    sums, counts = (
        ndimage.uniform_filter1d(values.astype(np.float64), window, mode="wrap")
        for values in (np.where(measured, thickness, 0), measured)
    )
    places = sums / np.where(measured, counts, np.nan)
    return Chords(np.where(measured, thickness, np.nan), places, closed)


def _crossing(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Where each row falls through 0.5, between the sample `first` and the one before it, in samples."""
    rows = np.arange(len(values))
    after, before = values[rows, first], values[rows, np.maximum(first - 1, 0)]
    fall = np.maximum(before - after, 1e-6)
    return first - np.clip((0.5 - after) / fall, 0, 1)
