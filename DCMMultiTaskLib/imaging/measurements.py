"""Clean voxels before, and measure masks after the network."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Volume

SLICES_AT_ONCE = 64
"""Long studies are measured part by part, to bound the memory."""


def clean_array(volume: Volume) -> tuple[Volume, int]:
    """Replace voxels that are no number or infinite by the smallest finite one (air).

    Returns:
        The volume, the same one if nothing had to be replaced, and how many voxels were.

    Raises:
        InputError: All voxels are the same: there is nothing to see.
    """
    array, bad = volume.array, 0
    if array.dtype.kind == "f":
        finite = np.isfinite(array)
        bad = int(array.size - np.count_nonzero(finite))
        if bad:
            smallest = array.min(where=finite, initial=np.inf)
            array = np.where(finite, array, smallest if np.isfinite(smallest) else 0).astype(array.dtype, copy=False)
            volume = volume.with_array(array)
    if array.min() == array.max():
        raise InputError(f"{volume.name}: all voxels have the same value, there is nothing to segment.")
    return volume, bad


def largest_component(mask: np.ndarray) -> np.ndarray:
    """The largest 3D component (26 neighbours) of a `(K, J, I)` mask, as uint8; empty stays empty."""
    result = np.zeros(mask.shape, dtype=np.uint8)
    box = _bounding_box(mask)
    if box is not None:
        part = sitk.GetImageFromArray((mask[box] != 0).astype(np.uint8))
        components = sitk.RelabelComponent(sitk.ConnectedComponent(part, True), sortByObjectSize=True)
        result[box] = sitk.GetArrayViewFromImage(components) == 1
    return result


def areas_mm2(mask: np.ndarray, volume: Volume, slice_axis: int) -> np.ndarray:
    """Area of a `(K, J, I)` mask in each slice, `(N,)` in mm²."""
    in_plane = [axis for axis in range(3) if axis != slice_axis]
    counts = np.count_nonzero(mask, axis=tuple(2 - axis for axis in in_plane))
    return counts * volume.spacing[in_plane[0]] * volume.spacing[in_plane[1]]


def enclosed_cavity(mask: np.ndarray, slice_axis: int) -> np.ndarray:
    """What a `(K, J, I)` mask encloses in each slice: its holes, as uint8 of the same shape.

    A hole is background that cannot leave the slice through neighbours that share an edge, so that a ring which is
    closed only across a corner still encloses.
    """
    result = np.zeros(mask.shape, dtype=np.uint8)
    box = _bounding_box(mask)
    if box is not None:
        slices, holes = (np.moveaxis(array[box], 2 - slice_axis, 0) for array in (mask, result))
        for start in range(0, len(slices), SLICES_AT_ONCE):
            part = slice(start, start + SLICES_AT_ONCE)
            holes[part] = _holes(slices[part] != 0)
    return result


def _holes(slices: np.ndarray) -> np.ndarray:
    """Background of each slice `(N, H, W)` that is cut off from its edge, in one labelling for all of them."""
    count, height, width = slices.shape
    # A frame of background around each slice, a wall without background between two.
    background = np.zeros((2 * count, height + 2, width + 2), dtype=np.uint8)
    background[::2] = 1
    background[::2, 1:-1, 1:-1] = ~slices
    labels = sitk.GetArrayFromImage(sitk.ConnectedComponent(sitk.GetImageFromArray(background)))[::2]
    return ((labels != 0) & (labels != labels[:, :1, :1]))[:, 1:-1, 1:-1]


def _bounding_box(mask: np.ndarray) -> tuple[slice, ...] | None:
    """The smallest box that holds all of the mask; None if it is empty."""
    box = []
    for axis in range(mask.ndim):
        used = np.flatnonzero(mask.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        if not len(used):
            return None
        box.append(slice(int(used[0]), int(used[-1]) + 1))
    return tuple(box)
