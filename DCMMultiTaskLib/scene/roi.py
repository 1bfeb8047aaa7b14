"""A ROI node as a region of interest."""

from __future__ import annotations

from typing import Any

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.roi import Roi
from DCMMultiTaskLib.scene.volumes import LPS_TO_RAS


def roi_from_node(node: Any) -> Roi:
    """The box of a `vtkMRMLMarkupsROINode`, where it lies in the world (its transforms included).

    Raises:
        InputError: The box has no size yet.
    """
    size = [0.0, 0.0, 0.0]
    node.GetSizeWorld(size)
    if min(size) <= 0:
        raise InputError(f"The region '{node.GetName()}' is empty: draw it around the left ventricle.")
    matrix = node.GetObjectToWorldMatrix()
    to_ras = np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(3)])
    axes = to_ras[:, :3] / np.linalg.norm(to_ras[:, :3], axis=0)
    centre = LPS_TO_RAS @ to_ras[:, 3]
    return Roi((float(centre[0]), float(centre[1]), float(centre[2])), (size[0], size[1], size[2]), LPS_TO_RAS @ axes)
