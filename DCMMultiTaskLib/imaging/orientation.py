"""How the slices of a volume lie in the patient: seen the same way however the same image is stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from DCMMultiTaskLib.imaging.volume import Geometry

# In LPS. A slice's columns follow the in-plane axis closest to right-left (then anterior-posterior), its rows run to
# posterior and inferior, as a reader sees an image. The small and off-diagonal numbers break ties, such as a slice at
# exactly 45 degrees, by the patient's axes and not by how the file is stored.
_COLUMN_PREFERENCE = np.array([[1.0, 0.013, 0.007], [0.013, 0.3, 0.003], [0.007, 0.003, 0.0]])
_COLUMN_SENSE = np.array([1.0, 0.31, -0.17])
_ROW_SENSE = np.array([-0.05, 1.0, -1.1])


@dataclass(frozen=True)
class SliceOrientation:
    """The volume's axes as slice, row and column axes, each 0, 1, 2 for I, J, K.

    Attributes:
        slice_axis: Axis of the slices.
        row_axis: Axis along which the row number grows (downwards).
        column_axis: Axis along which the column number grows (to the right).
        row_flipped: The row number grows against the stored index.
        column_flipped: The column number grows against the stored index.
    """

    slice_axis: int
    row_axis: int
    column_axis: int
    row_flipped: bool
    column_flipped: bool

    @classmethod
    def of(cls, geometry: Geometry, slice_axis: int) -> SliceOrientation:
        """The orientation of this grid's slices in the patient."""
        axes = [axis for axis in range(3) if axis != slice_axis]
        directions = [geometry.direction[:, axis] for axis in axes]
        first, second = (direction @ _COLUMN_PREFERENCE @ direction for direction in directions)
        column, row = (0, 1) if first >= second else (1, 0)
        return cls(
            slice_axis,
            axes[row],
            axes[column],
            bool(directions[row] @ _ROW_SENSE < 0),
            bool(directions[column] @ _COLUMN_SENSE < 0),
        )

    @property
    def in_plane(self) -> tuple[int, int]:
        """Row axis and column axis."""
        return self.row_axis, self.column_axis

    def view(self, array: np.ndarray) -> np.ndarray:
        """`(K, J, I)` voxels as slices in their stored order, `(N, rows, columns)`, without copying."""
        slices = array.transpose(2 - self.slice_axis, 2 - self.row_axis, 2 - self.column_axis)
        return slices[:, :: -1 if self.row_flipped else 1, :: -1 if self.column_flipped else 1]

    def pixel_mm(self, geometry: Geometry) -> tuple[float, float]:
        """Distance of the rows and of the columns."""
        return geometry.spacing[self.row_axis], geometry.spacing[self.column_axis]

    def extent_mm(self, geometry: Geometry) -> tuple[float, float]:
        """Height and width of a slice, outer edge to outer edge."""
        rows, columns = (geometry.size[axis] * geometry.spacing[axis] for axis in self.in_plane)
        return rows, columns

    def to_view_index(self, geometry: Geometry, lps: np.ndarray) -> tuple[float, float, float]:
        """Slice, row and column (continuous) of a point in mm (LPS)."""
        index = geometry.to_index(lps)
        return self._flip(geometry, index[self.slice_axis], index[self.row_axis], index[self.column_axis])

    def to_lps(self, geometry: Geometry, slice_index: float, row: float, column: float) -> np.ndarray:
        """The point in mm (LPS) at a slice, row and column (continuous)."""
        slice_index, row, column = self._flip(geometry, slice_index, row, column)
        index = np.ones(4)
        index[[self.slice_axis, self.row_axis, self.column_axis]] = slice_index, row, column
        return (geometry.index_to_lps @ index)[:3]

    def _flip(self, geometry: Geometry, slice_index: float, row: float, column: float) -> tuple[float, float, float]:
        return (
            slice_index,
            geometry.size[self.row_axis] - 1 - row if self.row_flipped else row,
            geometry.size[self.column_axis] - 1 - column if self.column_flipped else column,
        )
