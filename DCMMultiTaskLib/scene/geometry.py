"""Which part of a study the pictures and views show, and from which side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from DCMMultiTaskLib.imaging.orientation import SliceOrientation
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.scene.volumes import LPS_TO_RAS


@dataclass(frozen=True)
class Field:
    """The square of a slice that a view shows.

    Attributes:
        centre: `(3,)` voxel index (i, j, k) of its centre; the entry of the slice axis is not used.
        size_mm: Length of its side.
    """

    centre: np.ndarray
    size_mm: float


def view_axes(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (RAS) to the right and up in a picture of a slice, the same however the voxels are stored."""
    seen = SliceOrientation.of(result.geometry, result.slice_axis)
    directions = LPS_TO_RAS @ result.geometry.direction
    right = directions[:, seen.column_axis] * (-1 if seen.column_flipped else 1)
    down = directions[:, seen.row_axis] * (-1 if seen.row_flipped else 1)
    return right, -down


def heart_field(result: Result, *, margin: float = 1.7, smallest_mm: float = 90.0) -> Field:
    """The square around the myocardium of all slices; the whole slice where none was found."""
    inplane = [axis for axis in range(3) if axis != result.slice_axis]
    spacing = np.asarray(result.geometry.spacing)
    shape = np.asarray(result.geometry.size)
    found = np.argwhere(result.mask)[:, ::-1]
    whole_mm = float((shape * spacing)[inplane].max())
    if not len(found):
        return Field((shape - 1) / 2, whole_mm)
    low, high = found.min(axis=0), found.max(axis=0)
    extent_mm = float((((high - low) + 1) * spacing)[inplane].max())
    return Field((low + high) / 2, min(max(margin * extent_mm, smallest_mm), whole_mm))


def field_box(result: Result, field: Field) -> tuple[slice, ...]:
    """The voxels `(K, J, I)` inside the field, of all slices."""
    half = field.size_mm / 2 / np.asarray(result.geometry.spacing)
    half[result.slice_axis] = np.inf
    shape = np.asarray(result.geometry.size)
    low = np.clip(np.floor(field.centre - half), 0, shape - 1)
    high = np.clip(np.ceil(field.centre + half), 0, shape - 1)
    return tuple(slice(int(a), int(b) + 1) for a, b in zip(low[::-1], high[::-1], strict=True))
