"""A scalar volume, and where its voxels lie in the patient."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from DCMMultiTaskLib.errors import InputError


@dataclass(frozen=True, eq=False)
class Geometry:
    """A grid of voxels in the patient, without the voxels; SimpleITK's conventions.

    Attributes:
        size: Number of voxels along I, J, K.
        spacing: Voxel size in mm along I, J, K.
        origin: Position in mm (LPS) of the centre of voxel (0, 0, 0).
        direction: `(3, 3)` matrix; its columns are the unit vectors (LPS) of the axes I, J, K.

    Raises:
        InputError: A spacing is not positive, the origin is not finite, or the axes are not at right angles.
    """

    size: tuple[int, int, int]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: np.ndarray = field(default_factory=lambda: np.eye(3))

    def __post_init__(self) -> None:
        if not all(np.isfinite(s) and s > 0 for s in self.spacing):
            raise InputError(f"the voxel spacing {self.spacing} is not positive.")
        if not all(np.isfinite(self.origin)):
            raise InputError(f"the position {self.origin} of the first voxel is not finite.")
        if not np.isclose(abs(np.linalg.det(self.direction)), 1.0, atol=1e-2):
            raise InputError("the axis directions are not at right angles.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape `(K, J, I)` of an array on this grid."""
        i, j, k = self.size
        return k, j, i

    @property
    def index_to_lps(self) -> np.ndarray:
        """`(4, 4)` matrix from the voxel index (i, j, k, 1) to mm (LPS)."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.direction * np.asarray(self.spacing)
        matrix[:3, 3] = self.origin
        return matrix

    @property
    def centre_lps(self) -> np.ndarray:
        """Middle of the grid in mm (LPS)."""
        middle = (np.asarray(self.size) - 1) / 2
        return (self.index_to_lps @ np.append(middle, 1))[:3]

    def to_index(self, lps: np.ndarray) -> np.ndarray:
        """Voxel index (i, j, k), continuous, of a point in mm (LPS)."""
        return np.linalg.solve(self.index_to_lps, np.append(lps, 1.0))[:3]

    def same_as(self, other: Geometry, *, tolerance: float = 1e-2) -> bool:
        """Whether the other grid has the same size and lies at the same place, to so many mm a voxel."""
        return self.size == other.size and np.allclose(self.index_to_lps, other.index_to_lps, atol=tolerance)


MOST_BYTES = 3 << 28
"""Of a study's voxels, 768 MB; a cine of 30 phases and 12 slices of 256 x 256 pixels has 47 MB."""


def check_bytes(number: float) -> None:
    """Refuse more voxels than a study has, before memory is taken for what a header only promises.

    Raises:
        InputError: There are too many.
    """
    if not number <= MOST_BYTES:
        promised = f"{number / 1e9:.3g} GB" if number < 1e100 else "no end"
        raise InputError(
            f"its header promises {promised} of voxels, and no more than {MOST_BYTES >> 20} MB are read; "
            "it is damaged, or no study of a heart."
        )


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels on a grid.

    Attributes:
        array: Voxels of shape `(K, J, I)`: the last index runs fastest, as in `SimpleITK.GetArrayFromImage`.
        geometry: Where they lie; its size is the array's.
    """

    array: np.ndarray
    geometry: Geometry

    def __post_init__(self) -> None:
        if self.array.ndim != 3:
            raise InputError(f"a volume has 3 axes, this one has {self.array.ndim}.")
        if self.array.shape != self.geometry.shape:
            raise ValueError(f"shape {self.array.shape} does not fit the geometry's {self.geometry.shape}")

    @classmethod
    def of(
        cls,
        array: np.ndarray,
        spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
        origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
        direction: np.ndarray | None = None,
    ) -> Volume:
        """A volume of a `(K, J, I)` array and what `Geometry` takes beside its size.

        Example:
            >>> Volume.of(np.zeros((10, 256, 256)), spacing=(1.4, 1.4, 8.0)).geometry.size
            (256, 256, 10)
        """
        if array.ndim != 3:
            raise InputError(f"a volume has 3 axes, this one has {array.ndim}.")
        k, j, i = array.shape
        return cls(array, Geometry((i, j, k), spacing, origin, np.eye(3) if direction is None else direction))

    def with_array(self, array: np.ndarray) -> Volume:
        """Other voxels on the same grid."""
        return replace(self, array=array)

    def cleaned(self) -> tuple[Volume, int]:
        """Voxels that are no number or infinite replaced by the smallest finite one (air).

        Returns:
            The volume, the same one if nothing had to be replaced, and how many voxels were.

        Raises:
            InputError: All voxels are the same: there is nothing to see.
        """
        volume, array, bad = self, self.array, 0
        if array.dtype.kind == "f":
            finite = np.isfinite(array)
            bad = int(array.size - np.count_nonzero(finite))
            if bad:
                smallest = array.min(where=finite, initial=np.inf)
                air = smallest if np.isfinite(smallest) else 0
                array = np.where(finite, array, air).astype(array.dtype, copy=False)
                volume = self.with_array(array)
        if array.min() == array.max():
            raise InputError("all voxels have the same value, there is nothing to segment.")
        return volume, bad


def kept_type(dtype: np.dtype) -> np.dtype:
    """The type in which voxels are kept: as they are stored, or float32 where that type has eight bytes."""
    return np.dtype(np.float32) if dtype.itemsize > 4 else dtype


def bounding_box(mask: np.ndarray) -> tuple[slice, ...] | None:
    """The smallest box that holds all of a mask; None if it is empty."""
    box = []
    for axis in range(mask.ndim):
        used = np.flatnonzero(mask.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        if not len(used):
            return None
        box.append(slice(int(used[0]), int(used[-1]) + 1))
    return tuple(box)


def slices_first(array: np.ndarray, slice_axis: int) -> np.ndarray:
    """A view of a `(K, J, I)` array whose first axis counts the slices: `(N, rows, columns)`.

    Args:
        array: Voxels, a mask or labels.
        slice_axis: 0, 1, 2 for I, J, K.

    Example:
        >>> slices_first(np.zeros((2, 3, 4)), 0).shape
        (4, 2, 3)
    """
    return np.moveaxis(array, 2 - slice_axis, 0)
