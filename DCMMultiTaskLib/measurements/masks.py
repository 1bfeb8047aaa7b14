"""Pieces, holes, hulls and areas of masks, and the LV cavity that a myocardium mask makes."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull

from DCMMultiTaskLib.imaging.volume import Geometry, bounding_box, slices_first

# A closed ring, or an apical cap without a cavity, fills its convex hull; an open ring leaves this share and more.
MOST_HOLLOW = 0.25
# A piece of a slice's mask that is smaller than this share of the largest one is no wall.
SPECK = 0.1
SLICES_AT_ONCE = 64
"""Long studies are measured part by part, to bound the memory."""

_CROSS = ndimage.generate_binary_structure(2, 1)
_SQUARE = ndimage.generate_binary_structure(2, 2)
_IN_SLICE = np.stack([np.zeros_like(_CROSS), _CROSS, np.zeros_like(_CROSS)])


def largest_component(mask: np.ndarray, slice_axis: int, shown: np.ndarray) -> np.ndarray:
    """The largest 3D component (26 neighbours) of a `(K, J, I)` mask, as uint8; empty stays empty.

    Slices in which nothing can be seen, those that are not `shown` (`(N,)` bool), do not part what lies around them.
    """
    result = np.zeros(mask.shape, dtype=np.uint8)
    box = bounding_box(mask)
    if box is not None:
        inside = shown[box[2 - slice_axis]]
        labels, _ = ndimage.label(slices_first(mask[box], slice_axis)[inside], structure=np.ones((3, 3, 3)))
        slices_first(result[box], slice_axis)[inside] = labels == 1 + np.bincount(labels.ravel())[1:].argmax()
    return result


def without_specks(mask: np.ndarray, slice_axis: int) -> np.ndarray:
    """A `(K, J, I)` mask, as uint8, without a slice's pieces (8 neighbours) that are specks beside its largest one."""
    result = mask.astype(np.uint8)
    for plane in slices_first(result, slice_axis):
        box = bounding_box(plane)
        if box is not None:
            labels = pieces(plane[box])
            sizes = np.bincount(labels.ravel())
            sizes[0] = 0
            plane[box] *= sizes[labels] >= SPECK * sizes.max()
    return result


def areas_mm2(mask: np.ndarray, geometry: Geometry, slice_axis: int) -> np.ndarray:
    """Area of a `(K, J, I)` mask in each slice, `(N,)` in mm²."""
    in_plane = [axis for axis in range(3) if axis != slice_axis]
    counts = np.count_nonzero(mask, axis=tuple(2 - axis for axis in in_plane))
    return counts * geometry.spacing[in_plane[0]] * geometry.spacing[in_plane[1]]


def base_first(cavity_mm2: np.ndarray) -> bool:
    """Whether the stack begins at the base: the half of the ventricle with the larger cavities.

    Args:
        cavity_mm2: `(N,)` area of the cavity in each slice.
    """
    areas = cavity_mm2[np.flatnonzero(cavity_mm2)]
    half = len(areas) // 2
    return bool(areas[:half].sum() > areas[len(areas) - half :].sum())


def lv_cavity(myocardium: np.ndarray, slice_axis: int) -> tuple[np.ndarray, np.ndarray]:
    """The left ventricle's cavity: what the myocardium encloses in each slice, and the inside of an open ring.

    At the base the wall is open towards the outflow tract. Such a ring is closed by the straight line across its gap:
    its cavity is the largest piece of its convex hull that is not myocardium.

    Args:
        myocardium: `(K, J, I)` mask, the ventricle's one piece (see `largest_component`).
        slice_axis: 0, 1, 2 for I, J, K.

    Returns:
        The cavity as uint8 of the same shape, and bool `(N,)`: the slices whose ring was closed across a gap.
    """
    cavity = enclosed(myocardium, slice_axis)
    slices, cavities = (slices_first(array, slice_axis) for array in (myocardium, cavity))
    closed = np.zeros(len(slices), dtype=bool)
    for number in np.flatnonzero(slices.any(axis=(1, 2))):
        box = bounding_box(slices[number])
        assert box is not None
        ring, inside = slices[number][box] != 0, cavities[number][box]
        if hollow_share(ring | (inside != 0)) > MOST_HOLLOW:
            gap = _largest(_filled_hull(ring) & ~ring)
            if gap.sum() > np.count_nonzero(inside):
                inside[...] = gap
                closed[number] = True
    return cavity, closed


def enclosed(mask: np.ndarray, slice_axis: int) -> np.ndarray:
    """The holes of a `(K, J, I)` mask in each slice, as uint8 of the same shape.

    A hole is background that cannot leave the slice through neighbours that share an edge, so that a ring which is
    closed only across a corner still encloses.
    """
    result = np.zeros(mask.shape, dtype=np.uint8)
    box = bounding_box(mask)
    if box is not None:
        slices, holes = (slices_first(array[box], slice_axis) for array in (mask, result))
        for start in range(0, len(slices), SLICES_AT_ONCE):
            part = slice(start, start + SLICES_AT_ONCE)
            background = np.pad(slices[part] == 0, ((0, 0), (1, 1), (1, 1)), constant_values=True)
            labels, _ = ndimage.label(background, structure=_IN_SLICE)
            holes[part] = (background & (labels != labels[:, :1, :1]))[:, 1:-1, 1:-1]
    return result


def pieces(mask: np.ndarray) -> np.ndarray:
    """Numbers from 1 for the 8-connected pieces of a slice's mask `(rows, columns)`, 0 elsewhere."""
    return ndimage.label(mask, structure=_SQUARE)[0]


def hollow_share(mask: np.ndarray) -> float:
    """Which share of its convex hull a slice's mask `(rows, columns)` leaves empty; the mask is not empty."""
    return 1 - float(np.count_nonzero(mask)) / float(_hull(mask).volume)


def _hull(mask: np.ndarray) -> ConvexHull:
    """The convex hull of the corners of the mask's pixels; pixel centres lie at whole numbers."""
    rows = np.flatnonzero(mask.any(axis=1))
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1)
    corners = [(rows + down, column + right) for down in (-0.5, 0.5) for column, right in ((first, -0.5), (last, 0.5))]
    return ConvexHull(np.concatenate([np.stack(pair, axis=1) for pair in corners]))


def _filled_hull(mask: np.ndarray) -> np.ndarray:
    """Pixels `(rows, columns)` whose centre lies in the mask's convex hull."""
    row, column = np.indices(mask.shape)
    inside = np.ones(mask.shape, dtype=bool)
    for across, along, offset in _hull(mask).equations:
        inside &= across * row + along * column + offset <= 1e-9
    return inside


def _largest(mask: np.ndarray) -> np.ndarray:
    """The largest piece of a slice's mask whose pixels share edges."""
    labels, count = ndimage.label(mask, structure=_CROSS)
    if not count:
        return np.zeros(mask.shape, dtype=bool)
    return labels == 1 + np.bincount(labels.ravel())[1:].argmax()
