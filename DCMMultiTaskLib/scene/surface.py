"""A smooth surface through a mask whose slices lie far apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

from DCMMultiTaskLib.imaging.measurements import enclosed_cavity
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.scene.volumes import LPS_TO_RAS

# Distance to the outline in a slice that has none: far enough for the surface to end close to its neighbour.
FAR_MM = 1000.0
# A closed ring is drawn at least this thick, so that it stays closed.
THINNEST_MM = 1.2


def mask_surface(mask: np.ndarray, volume: Volume, slice_axis: int, *, step_mm: float = 1.5) -> Any:
    """Interpolate the outlines between the slices and draw a surface through them.

    Slices of a short-axis stack are 5 to 10 mm apart; a surface of the mask's own voxels is a staircase. Here the
    signed distance to the outline is interpolated from slice to slice, for the eye: no measurement is taken from it.

    Args:
        mask: `(K, J, I)`, 1 inside; at least one voxel.
        volume: Gives the geometry.
        slice_axis: 0, 1, 2 for I, J, K.
        step_mm: About how far apart the interpolated slices are.

    Returns:
        `vtkPolyData` in RAS, with normals.
    """
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    order = [slice_axis, *(axis for axis in range(3) if axis != slice_axis)]  # slice, column, row among I, J, K
    spacing = np.asarray(volume.spacing)[order]
    to_stack = [2 - order[0], 2 - order[2], 2 - order[1]]
    ring = np.transpose(mask, to_stack) != 0  # (slice, row, column)
    cavity = np.transpose(enclosed_cavity(mask, slice_axis), to_stack) != 0
    closed = np.ones(len(ring), bool)
    for index, (one, hole) in enumerate(zip(ring, cavity, strict=True)):
        inside = _hull(one) & ~one
        if hole.sum() < inside.sum() / 2:  # an open ring, at the base, has its cavity too
            hole[:], closed[index] = inside, False
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
    finer = max(1, round(spacing[0] / step_mm))
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
    matrix = to_ras @ volume.index_to_lps @ to_index
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


def _hull(one: np.ndarray) -> np.ndarray:
    """The convex hull of the mask of one slice, as the part of the plane that no line shuts off from it."""
    rows, columns = np.nonzero(one)
    hull = np.full(one.shape, bool(len(rows)))
    if len(rows):
        row, column = np.indices(one.shape)
        for angle in np.linspace(0, 2 * np.pi, 64, endpoint=False):
            across, down = np.cos(angle), np.sin(angle)
            hull &= across * column + down * row <= (across * columns + down * rows).max() + 1e-9
    return hull


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
