"""A `Volume` as a scalar volume node, and back, with exactly the same geometry; a ROI node as a region of interest."""

from __future__ import annotations

from typing import Any

import numpy as np

from DCMMultiTaskLib.errors import InputError

# MRML positions are RAS, `Volume` and SimpleITK use LPS: the first two axes point the other way.
from DCMMultiTaskLib.imaging.roi import Roi
from DCMMultiTaskLib.imaging.volume import Geometry, Volume

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def add_volume(volume: Volume, name: str, *, scene: Any = None) -> Any:
    """Add a volume to the scene.

    Args:
        volume: Its array `(K, J, I)` is copied.
        name: What the node is called.
        scene: `vtkMRMLScene`; `slicer.mrmlScene` if None.

    Returns:
        A new `vtkMRMLScalarVolumeNode` with a default display node.
    """
    import slicer

    node = (scene or slicer.mrmlScene).AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    set_volume(node, volume)
    node.CreateDefaultDisplayNodes()
    return node


def set_volume(node: Any, volume: Volume) -> None:
    """Put voxels and geometry of `volume` into a scalar volume node."""
    import slicer.util

    set_geometry(node, volume.geometry)
    slicer.util.updateVolumeFromArray(node, _storable(volume.array))


def set_geometry(target: Any, geometry: Geometry) -> None:
    """Give a volume node or a `vtkOrientedImageData` a grid's origin, spacing and directions (in RAS)."""
    directions = LPS_TO_RAS @ geometry.direction
    target.SetOrigin(*(LPS_TO_RAS @ np.asarray(geometry.origin)).tolist())
    target.SetSpacing(*(float(s) for s in geometry.spacing))
    if hasattr(target, "SetIJKToRASDirections"):
        target.SetIJKToRASDirections(*directions.ravel().tolist())
    else:
        target.SetDirections(*directions.ravel().tolist())


def volume_from_node(node: Any) -> Volume:
    """Copy voxels and geometry out of a scalar volume node.

    Args:
        node: `vtkMRMLScalarVolumeNode` with one component per voxel.

    Returns:
        The node's content.

    Raises:
        InputError: If the node is empty, has several components, or is under a transform.
    """
    import slicer.util
    import vtk

    name = node.GetName()
    refuse_transformed(node)
    image = node.GetImageData()
    if image is None or image.GetPointData().GetScalars() is None or 0 in image.GetDimensions():
        raise InputError(f"the volume '{name}' holds no image.")
    components = image.GetNumberOfScalarComponents()
    if components != 1:
        raise InputError(
            f"the volume '{name}' has {components} components per voxel (a colour image, for instance): "
            "pick or make a volume with one."
        )
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASDirectionMatrix(matrix)
    directions = np.array([[matrix.GetElement(row, column) for column in range(3)] for row in range(3)])
    return Volume.of(
        array=slicer.util.arrayFromVolume(node).copy(),
        spacing=tuple(node.GetSpacing()),
        # + 0.0 turns the -0.0 of a flipped zero into 0.0.
        origin=tuple((LPS_TO_RAS @ np.asarray(node.GetOrigin()) + 0.0).tolist()),
        direction=LPS_TO_RAS @ directions + 0.0,
    )


def refuse_transformed(node: Any) -> None:
    """Raise an InputError where a node is under a transform: its voxels are not where its geometry says."""
    transform = node.GetParentTransformNode()
    if transform is not None:
        raise InputError(
            f"'{node.GetName()}' is under the transform '{transform.GetName()}': harden the transform or take "
            f"'{node.GetName()}' out of it first (in the Data module: right-click the transform's icon)."
        )


def _storable(array: np.ndarray) -> np.ndarray:
    """The array in a type that VTK and the image file formats know."""
    if array.dtype == bool:
        return array.astype(np.uint8)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    return np.ascontiguousarray(array)


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
