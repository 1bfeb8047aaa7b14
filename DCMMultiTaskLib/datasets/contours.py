"""Drawn contours to masks.

Convention: contour coordinates `x y` are columns and rows, counted from 0 at the centre of the first pixel: pixel
centres are at whole numbers. A pixel belongs to a contour when its centre lies inside or on the line, to 1/1000 of a
pixel; which way round the contour runs does not matter.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from DCMMultiTaskLib.errors import InputError

_ON_THE_LINE = 1e-3  # pixels


def read_contour(path: Path) -> np.ndarray:
    """The points of a text file with `x y` in each line.

    Args:
        path: The file; the last point is joined to the first.

    Returns:
        float `(P, 2)`, at least three points.

    Raises:
        InputError: The file cannot be read or is no such contour.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        points = np.array([[float(part) for part in line.split()] for line in lines if line.strip()])
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name}: the contour file cannot be read or does not hold numbers.") from error
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not np.isfinite(points).all():
        raise InputError(f"{path.name}: a contour needs at least three points, each with x and y.")
    return points


def polygon_mask(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The pixels of a closed polygon, by the convention above.

    Args:
        points: `(P, 2)`, x (column) and y (row).
        shape: Rows and columns of the image.

    Returns:
        bool, of that shape.

    Raises:
        InputError: The polygon reaches outside the image.

    Example:
        >>> square = np.array([[2, 3], [6, 3], [6, 8], [2, 8]])
        >>> polygon_mask(square, (12, 12)).sum()  # 5 columns x 6 rows
        30
    """
    from matplotlib.path import Path as Polygon

    rows, columns = shape
    low, high = np.ceil(points.min(axis=0) - 0.5).astype(int), np.floor(points.max(axis=0) + 0.5).astype(int)
    if low.min() < 0 or high[0] >= columns or high[1] >= rows:
        raise InputError(f"A contour reaches outside its image of {rows} rows and {columns} columns.")
    box = np.s_[low[1] : high[1] + 1, low[0] : high[0] + 1]
    y, x = np.mgrid[box]
    centres = np.column_stack([x.ravel(), y.ravel()])
    polygon = Polygon(np.vstack([points, points[:1]]), closed=True)
    # The sign that widens a polygon depends on which way round it runs.
    wider, narrower = (polygon.contains_points(centres, radius=side) for side in (_ON_THE_LINE, -_ON_THE_LINE))
    mask = np.zeros(shape, dtype=bool)
    mask[box] = (wider | narrower).reshape(x.shape)
    return mask
