"""The myocardium in three dimensions, with one slice of the image through it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.segments import MYOCARDIUM
from DCMMultiTaskLib.imaging.volume import slices_first
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.report.sheet import FOOTER, HEADER, MARGIN, Sheet
from DCMMultiTaskLib.report.study import Field, StudyPicture, heart_field
from DCMMultiTaskLib.report.style import MUTED, NIGHT, rgb
from DCMMultiTaskLib.scene.embedded import boot
from DCMMultiTaskLib.scene.rendering import halved, offscreen_window, pixels_of, quiet
from DCMMultiTaskLib.scene.slice_view import SliceView, StudyScene
from DCMMultiTaskLib.scene.surface import myocardium_surface
from DCMMultiTaskLib.scene.views import view_axes
from DCMMultiTaskLib.scene.volumes import LPS_TO_RAS


def view_3d(result: Result, path: str | Path, *, size: int = 760) -> Path:
    """Draw the surface of the myocardium standing on one slice of the image, a third of the way from the apex.

    Args:
        result: Its mask is drawn; the surface is interpolated between the slices.
        path: PNG file to write.
        size: Width of the picture in pixels.

    Returns:
        The path.

    Raises:
        InputError: If the mask is empty, this machine has no OpenGL or no matplotlib, or the file cannot be written.
    """
    if not result.mask.any():
        raise InputError(f"no myocardium was found in '{result.name}', so there is no surface to show.")
    height, section = round(0.82 * size), shown_section(result)
    pixels = _draw(result, section, size, height)
    sheet = Sheet(StudyPicture.of(result), size, HEADER + height + FOOTER)
    note = f"Surface interpolated between the slices   ·   image: slice {section + 1} of {len(result.rows)}"
    sheet.text(note, MARGIN, 109, colour=MUTED, width=size - 2 * MARGIN)
    axes = sheet.axes(0, HEADER, size, height)
    axes.imshow(pixels, aspect="auto", interpolation="none")
    axes.set_axis_off()
    return sheet.save(path)


def _draw(result: Result, section: int, width: int, height: int) -> np.ndarray:
    import vtk

    slicer = boot()
    study = StudyScene(result)
    view = SliceView(study, shown_field(result), size=300)
    view.show(section)
    view.node.SetSliceVisible(True)  # the slice as a plane in the 3D views

    model = study.scene.AddNewNodeByClass("vtkMRMLModelNode", "Myocardium")
    surface = myocardium_surface(result.label_map, result.geometry, result.slice_axis)
    model.SetAndObservePolyData(surface)
    model.CreateDefaultDisplayNodes()
    display = model.GetDisplayNode()
    display.SetColor(*(channel / 255 for channel in MYOCARDIUM.colour))
    display.SetSpecular(0.25)
    display.SetPower(20)

    node = slicer.vtkMRMLViewNode()
    node.SetLayoutName("Picture 3D")
    node.SetBoxVisible(False)
    node.SetAxisLabelsVisible(False)
    study.scene.AddNode(node)
    window = offscreen_window(2 * width, 2 * height)
    renderer = vtk.vtkRenderer()
    window.AddRenderer(renderer)
    managers = slicer.vtkMRMLDisplayableManagerGroup()
    managers.SetRenderer(renderer)
    models = slicer.vtkMRMLModelDisplayableManager()
    managers.AddDisplayableManager(models)
    with quiet():
        managers.SetMRMLDisplayableNode(node)
    renderer.SetBackground(*rgb(NIGHT))
    lights = vtk.vtkLightKit()
    lights.SetKeyToFillRatio(1.8)
    lights.SetKeyToHeadRatio(1.8)
    lights.AddLightsToRenderer(renderer)
    _aim(renderer.GetActiveCamera(), result, surface, section)
    renderer.ResetCameraClippingRange()
    return halved(pixels_of(window))


def shown_section(result: Result) -> int:
    """The slice a third of the way from the apex to the base."""
    others = tuple(axis for axis in range(3) if axis != 2 - result.slice_axis)
    found = np.flatnonzero(result.mask.any(axis=others))
    return int(found[:: _base_side(result)][len(found) // 3])


def shown_field(result: Result) -> Field:
    """How much of that slice."""
    return heart_field(result, margin=1.3)


def _aim(camera: Any, result: Result, surface: Any, section: int) -> None:
    """Stand the ventricle on its apex and look obliquely down into its base, the wider end."""
    right, up = view_axes(result)
    base = LPS_TO_RAS @ result.geometry.direction[:, result.slice_axis] * _base_side(result)
    toward_viewer = 0.74 * (0.55 * right - 0.84 * up) + 0.67 * base
    bounds = np.asarray(surface.GetBounds()).reshape(3, 2)
    middle = bounds.mean(axis=1)
    voxel = np.append(np.linalg.solve(result.geometry.index_to_lps, np.append(LPS_TO_RAS @ middle, 1.0))[:3], 1.0)
    voxel[result.slice_axis] = section
    centre = 0.4 * middle + 0.6 * (LPS_TO_RAS @ (result.geometry.index_to_lps @ voxel)[:3])
    distance = max(2.35 * shown_field(result).size_mm, 1.7 * float(np.linalg.norm(bounds[:, 1] - bounds[:, 0])))
    camera.SetFocalPoint(*centre)
    camera.SetPosition(*(centre + distance * toward_viewer / np.linalg.norm(toward_viewer)))
    camera.SetViewUp(*base)
    camera.SetViewAngle(30)


def _base_side(result: Result) -> int:
    """1 where the ventricle gets wider along the slice axis, -1 where it gets narrower."""
    # The box around the mask is as wide for an open ring as for a closed one.
    stack = slices_first(result.mask != 0, result.slice_axis)
    wide = np.array([one.any(axis=0).sum() * one.any(axis=1).sum() for one in stack])
    found = np.flatnonzero(wide)
    if len(found) < 2:
        return 1
    return 1 if np.polyfit(found, wide[found], 1)[0] >= 0 else -1
