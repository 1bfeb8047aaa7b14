"""Slices of a volume on the network's grid, and the network's maps back on the volume's own grid.

The network sees every slice in the same pose (`pose.Pose`), on square pixels of a fixed size, anchored on a point of
the patient. The grid's axes are parallel to the volume's, so linear interpolation is done axis by axis; slices are
never mixed and keep their order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.pose import Pose
from DCMMultiTaskLib.imaging.volume import Volume

Interpolation = Literal["linear", "nearest"]

SMALLEST_SLICE = 16
"""Pixels: the network halves a slice four times."""
PLAUSIBLE_MM = (5.0, 2000.0)
"""Width of a slice; a spacing in metres or micrometres gives others."""


@dataclass(frozen=True, eq=False)
class SliceStack:
    """Slices on the network's grid, and how to go back.

    Attributes:
        images: float32 `(N, 1, H, W)`, the source's intensities, not yet normalised.
        indices: `(N,)` index of each slice along the slice axis of the source, in the source's order.
        source: The volume that the slices come from.
        pose: Which of its axes are slices, rows and columns.
        centre: Row and column of the source's slices (see `Pose.view`) on which the grid is centred.
        spacing_mm: Pixel size of the grid.
    """

    images: np.ndarray
    indices: np.ndarray
    source: Volume
    pose: Pose
    centre: tuple[float, float]
    spacing_mm: float

    @property
    def positions_mm(self) -> np.ndarray:
        """`(N,)` distance of each slice from slice 0 of the source, along the slice axis."""
        return self.indices * self.source.spacing[self.pose.slice_axis]

    def lps_of(self, row: float, column: float, slice_index: float) -> np.ndarray:
        """The point in mm (LPS) at a row and column of the grid, in slice `slice_index` of the source."""
        grid_centre = [(size - 1) / 2 for size in self.images.shape[2:]]
        source_row, source_column = (
            centre + (position - middle) * self.spacing_mm / self.source.spacing[axis]
            for centre, position, middle, axis in zip(
                self.centre, (row, column), grid_centre, self._in_plane_axes, strict=True
            )
        )
        return self.pose.to_lps(self.source, slice_index, source_row, source_column)

    def to_source(
        self,
        values: np.ndarray,
        *,
        interpolation: Interpolation = "linear",
        threshold: float | None = None,
        out: np.ndarray | None = None,
    ) -> np.ndarray:
        """Resample maps on the grid onto the source's own voxels.

        Args:
            values: `(N, H, W)` maps (probabilities, activation), one for each slice of the stack.
            interpolation: `linear` or `nearest`.
            threshold: If given, the answer is the mask of values at or above it: a quarter of the memory.
            out: Array in the shape of `source.array` to write the stack's slices into, for studies done part by part.

        Returns:
            `out`, else float32 (uint8 with a threshold) in the shape of `source.array`, 0 in slices that the stack
            does not hold; 0 outside the grid.
        """
        expected = (len(self.indices), *self.images.shape[2:])
        if values.shape != expected:
            raise ValueError(f"shape {values.shape} does not fit the stack's {expected}")
        dtype = np.float32 if threshold is None else np.uint8
        result = np.zeros(self.source.array.shape, dtype=dtype) if out is None else out
        slices = self.pose.view(result)
        rows, columns = (
            _Samples.at(
                (size - 1) / 2 + (np.arange(count) - centre) * self.source.spacing[axis] / self.spacing_mm, size
            )
            for size, count, centre, axis in zip(
                expected[1:], slices.shape[1:], self.centre, self._in_plane_axes, strict=True
            )
        )
        for index, value in zip(self.indices, values, strict=True):
            resampled = _interpolate(value, rows, columns, interpolation)
            slices[index] = 0
            slices[index, rows.inside, columns.inside] = resampled if threshold is None else resampled >= threshold
        return result

    @property
    def _in_plane_axes(self) -> tuple[int, int]:
        return self.pose.row_axis, self.pose.column_axis


def choose_slice_axis(volume: Volume, requested: int | None = None) -> int:
    """The axis along which the slices are stacked.

    Args:
        volume: The study.
        requested: 0, 1 or 2 for I, J, K: the user's choice, taken as it is.

    Returns:
        The requested axis; else the only axis of a single voxel (a 2D image); else the one with the largest spacing.
        Equal spacings: the axis with the fewest voxels, then the last one.

    Raises:
        InputError: There is no such axis, its slices are too small for the network, or no slice is that large.
    """
    sizes = volume.array.shape[::-1]
    if requested is not None:
        if requested not in (0, 1, 2):
            raise InputError(f"{volume.name}: the slice axis is 0, 1 or 2 (I, J or K), not {requested}.")
        axis = requested
    elif sizes.count(1) == 1:
        axis = sizes.index(1)
    else:
        largest = max(volume.spacing)
        candidates = [axis for axis in range(3) if volume.spacing[axis] > largest * (1 - 1e-3)]
        axis = min(candidates, key=lambda axis: (sizes[axis], -axis))
    width, height = (size for other, size in enumerate(sizes) if other != axis)
    if min(width, height) < SMALLEST_SLICE:
        smallest = f"{SMALLEST_SLICE} x {SMALLEST_SLICE}"
        raise InputError(f"{volume.name}: its slices are {width} x {height} pixels; at least {smallest} are needed.")
    extents = [
        size * step for other, (size, step) in enumerate(zip(sizes, volume.spacing, strict=True)) if other != axis
    ]
    if min(extents) < PLAUSIBLE_MM[0] or max(extents) > PLAUSIBLE_MM[1]:
        width_mm, height_mm = extents
        raise InputError(
            f"{volume.name}: its slices would be {width_mm:.4g} x {height_mm:.4g} mm large; "
            "the voxel spacing has to be in millimetres."
        )
    return axis


def whole_slice_size(volume: Volume, slice_axis: int, spacing_mm: float = 1.0, multiple: int = 16) -> tuple[int, int]:
    """`(H, W)`, multiples of `multiple`, of the grid that covers a whole slice when centred on the image."""
    height, width = (
        multiple * math.ceil(extent / spacing_mm / multiple - 1e-6)
        for extent in Pose.of(volume, slice_axis).extent_mm(volume)
    )
    return height, width


def to_stack(
    volume: Volume,
    *,
    slice_axis: int,
    centre_lps: Sequence[float] | np.ndarray | None = None,
    size: tuple[int, int] = (128, 128),
    spacing_mm: float = 1.0,
    indices: Sequence[int] | np.ndarray | None = None,
    interpolation: Interpolation = "linear",
) -> SliceStack:
    """Resample slices in their plane to square pixels around a point of the patient.

    Pixels outside the image get their slice's smallest value (air), so that padding brings in no new intensity.

    Args:
        volume: Finite voxels (see `measurements.clean_array`).
        slice_axis: 0, 1, 2 for I, J, K.
        centre_lps: Point in mm (LPS), seen along the slice axis, on which the grid is centred; the image's centre if
            None.
        size: `(H, W)` of the grid in pixels.
        spacing_mm: Pixel size of the grid.
        indices: Slices to take, along the slice axis; all of them if None. Long studies are done part by part.
        interpolation: `linear`, or `nearest` for labels.

    Returns:
        The slices in the volume's own order, and the way back.

    Example:
        >>> volume = Volume(np.zeros((10, 256, 256), np.int16), spacing=(1.4, 1.4, 8.0))
        >>> stack = to_stack(volume, slice_axis=2)
        >>> stack.images.shape, stack.to_source(stack.images[:, 0]).shape
        ((10, 1, 128, 128), (10, 256, 256))
    """
    pose = Pose.of(volume, slice_axis)
    slices = pose.view(volume.array)
    taken = np.arange(len(slices)) if indices is None else np.asarray(indices, dtype=int)
    if centre_lps is None:
        centre = (slices.shape[1] - 1) / 2, (slices.shape[2] - 1) / 2
    else:
        centre = pose.to_view_index(volume, np.asarray(centre_lps, dtype=float))[1:]
    images = np.empty((len(taken), 1, *size), dtype=np.float32)
    stack = SliceStack(images, taken, volume, pose, centre, spacing_mm)
    rows, columns = (
        _Samples.at(middle + (np.arange(count) - (count - 1) / 2) * spacing_mm / volume.spacing[axis], limit)
        for middle, count, axis, limit in zip(centre, size, stack._in_plane_axes, slices.shape[1:], strict=True)
    )
    for image, index in zip(images[:, 0], taken, strict=True):
        image[...] = slices[index].min()
        image[rows.inside, columns.inside] = _interpolate(slices[index], rows, columns, interpolation)
    return stack


def normalise(images: np.ndarray, percentiles: tuple[float, float] = (0.5, 99.5)) -> np.ndarray:
    """Scale each image to 0 to 255 between two of its own percentiles, so that single hot pixels do not matter.

    Args:
        images: `(..., H, W)`.
        percentiles: Values at or below the first become 0, those at or above the second 255.

    Returns:
        float32 of the same shape; a constant image becomes 0.
    """
    result = np.zeros(images.shape, dtype=np.float32)
    pixels = images.reshape(-1, images.shape[-2] * images.shape[-1])
    for scaled, image in zip(result.reshape(pixels.shape), pixels, strict=True):
        ordered = np.sort(image.astype(np.float32, copy=False))  # ten times as fast as np.percentile: SIMD
        places = np.asarray(percentiles) / 100 * (len(ordered) - 1)
        before, after = ordered[np.floor(places).astype(int)], ordered[np.ceil(places).astype(int)]
        low, high = (float(limit) for limit in before + (after - before) * (places % 1))
        if high > low:
            np.clip((image - low) * (255.0 / (high - low)), 0.0, 255.0, out=scaled, casting="unsafe")
    return result


@dataclass(frozen=True)
class _Samples:
    """Sampling positions along one axis.

    Attributes:
        inside: The run of output pixels that lie on the input, up to the outer edge of its last pixel.
        lower: Input pixel at or below each of these.
        weight: float32 weight of the pixel after it.
    """

    inside: slice
    lower: np.ndarray
    weight: np.ndarray

    @classmethod
    def at(cls, positions: np.ndarray, count: int) -> _Samples:
        """Samples at growing positions (in pixels) of an axis of `count` pixels."""
        start, stop = np.searchsorted(positions, (-0.5 - 1e-6, count - 0.5 + 1e-6))
        clamped = np.clip(positions[start:stop], 0, count - 1)
        lower = np.minimum(clamped.astype(int), max(count - 2, 0))
        return cls(slice(start, stop), lower, (clamped - lower).astype(np.float32))

    def of(self, values: np.ndarray, interpolation: Interpolation) -> np.ndarray:
        """Values sampled along their first axis, float32."""
        if interpolation == "nearest" or len(values) == 1:
            return values[self.lower + (self.weight >= 0.5)].astype(np.float32)
        weight = self.weight[:, None]
        return values[self.lower] * (1 - weight) + values[self.lower + 1] * weight


def _interpolate(values: np.ndarray, rows: _Samples, columns: _Samples, interpolation: Interpolation) -> np.ndarray:
    """`(H, W)` values at rows x columns, float32."""
    if not len(rows.lower) or not len(columns.lower):
        return np.zeros((len(rows.lower), len(columns.lower)), dtype=np.float32)
    first = columns.lower[0]
    needed = values[:, first : columns.lower[-1] + 2].astype(np.float32, copy=False)
    shifted = _Samples(columns.inside, columns.lower - first, columns.weight)
    return shifted.of(rows.of(needed, interpolation).T, interpolation).T
