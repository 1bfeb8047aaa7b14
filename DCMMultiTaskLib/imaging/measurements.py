"""Clean voxels before, and measure masks after the network."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Volume


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
    for ring, hole in zip(np.moveaxis(mask, 2 - slice_axis, 0), np.moveaxis(result, 2 - slice_axis, 0), strict=True):
        box = _bounding_box(ring)
        if box is not None:
            part = np.ascontiguousarray(ring[box] != 0).astype(np.uint8)
            filled = sitk.GetArrayFromImage(sitk.BinaryFillhole(sitk.GetImageFromArray(part)))
            hole[box] = filled != part
    return result


def _bounding_box(mask: np.ndarray) -> tuple[slice, ...] | None:
    """The smallest box that holds all of the mask; None if it is empty."""
    box = []
    for axis in range(mask.ndim):
        used = np.flatnonzero(mask.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        if not len(used):
            return None
        box.append(slice(int(used[0]), int(used[-1]) + 1))
    return tuple(box)
