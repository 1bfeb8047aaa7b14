"""A scalar volume and where it lies in the patient."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from DCMMultiTaskLib.errors import InputError


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels and their geometry, in SimpleITK's conventions.

    Attributes:
        array: Voxels of shape `(K, J, I)`: the last index runs fastest, as in `SimpleITK.GetArrayFromImage`.
        spacing: Voxel size in mm along I, J, K.
        origin: Position in mm (LPS) of the centre of voxel (0, 0, 0).
        direction: `(3, 3)` matrix; its columns are the unit vectors (LPS) of the axes I, J, K.
        name: What the study is called in file names, nodes and tables.
    """

    array: np.ndarray
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: np.ndarray = field(default_factory=lambda: np.eye(3))
    name: str = "volume"

    def __post_init__(self) -> None:
        if self.array.ndim != 3:
            raise InputError(f"{self.name}: a volume has 3 axes, this one has {self.array.ndim}.")
        if not all(np.isfinite(s) and s > 0 for s in self.spacing):
            raise InputError(f"{self.name}: the voxel spacing {self.spacing} is not positive.")
        if not all(np.isfinite(self.origin)):
            raise InputError(f"{self.name}: the position {self.origin} of the first voxel is not finite.")
        if not np.isclose(abs(np.linalg.det(self.direction)), 1.0, atol=1e-2):
            raise InputError(f"{self.name}: the axis directions are not at right angles.")

    @property
    def index_to_lps(self) -> np.ndarray:
        """`(4, 4)` matrix from the voxel index (i, j, k, 1) to mm (LPS)."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.direction * np.asarray(self.spacing)
        matrix[:3, 3] = self.origin
        return matrix

    def with_array(self, array: np.ndarray) -> Volume:
        """The same geometry and name with other voxels of the same shape."""
        if array.shape != self.array.shape:
            raise ValueError(f"shape {array.shape} does not fit the volume's {self.array.shape}")
        return replace(self, array=array)
