"""From which side views show a study."""

from __future__ import annotations

import numpy as np

from DCMMultiTaskLib.imaging.orientation import SliceOrientation
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.scene.volumes import LPS_TO_RAS


def view_axes(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (RAS) to the right and up in a picture of a slice, the same however the voxels are stored."""
    seen = SliceOrientation.of(result.geometry, result.slice_axis)
    directions = LPS_TO_RAS @ result.geometry.direction
    right = directions[:, seen.column_axis] * (-1 if seen.column_flipped else 1)
    down = directions[:, seen.row_axis] * (-1 if seen.row_flipped else 1)
    return right, -down
