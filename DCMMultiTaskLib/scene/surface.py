"""A smooth surface through a mask whose slices lie far apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.imaging.volume import Geometry
from DCMMultiTaskLib.measurements.masks import enclosed
from DCMMultiTaskLib.scene.volumes import LPS_TO_RAS

# Distance to the outline in a slice that has none: far enough for the surface to end close to its neighbour.
FAR_MM = 1000.0
# A closed ring is drawn at least this thick, so that it stays closed.
THINNEST_MM = 1.2
# About how far apart the interpolated slices are.
STEP_MM = 1.5


def myocardium_surface(labels: np.ndarray, geometry: Geometry, slice_axis: int) -> Any:
    """Interpolate the outlines between the slices and draw a surface through them.

    Slices of a short-axis stack are 5 to 10 mm apart; a surface of the mask's own voxels is a staircase. Here the
    signed distance to the outline is interpolated from slice to slice, for the eye: no measurement is taken from it.

    Args:
        labels: `(K, J, I)`, 1 myocardium, 2 LV cavity; at least one voxel of myocardium.
        geometry: Of the labels.
        slice_axis: 0, 1, 2 for I, J, K.

    Returns:
        `vtkPolyData` in RAS, with normals.
    """
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    order = [slice_axis, *(axis for axis in range(3) if axis != slice_axis)]  # slice, column, row among I, J, K
    spacing = np.asarray(geometry.spacing)[order]
    to_stack = [2 - order[0], 2 - order[2], 2 - order[1]]
    ring, cavity, holes = (  # (slice, row, column)
        np.transpose(part, to_stack) != 0
        for part in (
            labels == MYOCARDIUM.label,
            labels == LV_CAVITY.label,
            enclosed(labels == MYOCARDIUM.label, slice_axis),
        )
    )
    # An open ring, at the base, has its cavity too, and stays open.
    closed = cavity.sum(axis=(1, 2)) == holes.sum(axis=(1, 2))
    ventricle = ring | cavity
    found = np.argwhere(ventricle)
    low, high = np.maximum(found.min(axis=0) - 3, 0), found.max(axis=0) + 4
    low[0], high[0] = found[:, 0].min(), found[:, 0].max() + 1
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    # Ventricle and cavity one by one: thin rings of two slices need not overlap, and would leave holes between them.
    outer = np.stack([_signed_distance(one, spacing) for one in ventricle[box]])
    inner = np.stack([_signed_distance(one, spacing) for one in cavity[box]])
    whole = closed[box[0], None, None]
    inner = np.where(whole, np.minimum(inner, outer - THINNEST_MM), inner)
    finer = max(1, round(spacing[0] / STEP_MM))
    field = np.minimum(_between(outer, finer), -_between(inner, finer))
    field = np.pad(field, ((1, 1), (0, 0), (0, 0)), constant_values=-1.0)  # closes the surface at both ends

    image = vtk.vtkImageData()
    image.SetDimensions(*field.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(field).ravel(), deep=True))
    contour = vtk.vtkFlyingEdges3D()
    contour.SetInputData(image)
    contour.SetValue(0, 0.0)
    contour.ComputeScalarsOff()

    # Grid (column, row, finer slice) -> voxel (i, j, k) -> RAS.
    to_index = np.zeros((4, 4))
    to_index[order[1], 0] = to_index[order[2], 1] = to_index[3, 3] = 1.0
    to_index[order[0], 2] = 1 / finer
    to_index[[order[1], order[2], order[0]], 3] = low[2], low[1], low[0] - 0.5 - 0.5 / finer
    to_ras = np.eye(4)
    to_ras[:3, :3] = LPS_TO_RAS
    matrix = to_ras @ geometry.index_to_lps @ to_index
    transform = vtk.vtkTransform()
    transform.SetMatrix(matrix.ravel().tolist())
    moved = vtk.vtkTransformPolyDataFilter()
    moved.SetTransform(transform)
    moved.SetInputConnection(contour.GetOutputPort())
    smooth = vtk.vtkWindowedSincPolyDataFilter()
    smooth.SetInputConnection(moved.GetOutputPort())
    smooth.SetNumberOfIterations(30)
    smooth.SetPassBand(0.03)
    smooth.NormalizeCoordinatesOn()
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputConnection(smooth.GetOutputPort())
    normals.SplittingOff()
    normals.AutoOrientNormalsOn()
    normals.Update()
    return normals.GetOutput()


def _between(known: np.ndarray, finer: int) -> np.ndarray:
    """`finer` images for each of the slices `(slices, rows, columns)`, interpolated linearly.

    The first and the last slice reach half a slice further out.
    """
    places = (np.arange(finer * len(known)) + 0.5) / finer - 0.5
    below = np.floor(places).astype(int)
    part = (places - below).astype(np.float32)[:, None, None]
    low, high = (known[np.clip(below + step, 0, len(known) - 1)] for step in (0, 1))
    return (1 - part) * low + part * high


def _signed_distance(one: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Distance in mm to the outline of the mask of one slice, positive inside."""
    if not one.any():
        return np.full(one.shape, -FAR_MM, np.float32)
    image = sitk.GetImageFromArray(one.astype(np.uint8))
    image.SetSpacing([float(spacing[1]), float(spacing[2])])
    distance = sitk.SignedMaurerDistanceMap(image, insideIsPositive=True, squaredDistance=False, useImageSpacing=True)
    # Without the steps of the pixels' edges.
    return sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(distance, 1.2 * float(min(spacing[1:]))))
