"""Views arranged on a result, and the scene that opens with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from DCMMultiTaskLib.imaging.orientation import SliceOrientation
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.report.study import heart_field
from DCMMultiTaskLib.scene.cine import add_study
from DCMMultiTaskLib.scene.embedded import new_scene
from DCMMultiTaskLib.scene.files import save_scene
from DCMMultiTaskLib.scene.nodes import ResultNodes, result_to_nodes
from DCMMultiTaskLib.scene.rendering import quiet
from DCMMultiTaskLib.scene.volumes import LPS_TO_RAS

SLICE_VIEWS = ("Red", "Green", "Yellow")


def arrange_views(result: Result, nodes: ResultNodes) -> None:
    """Show the result in slice views around the heart, in the plot view and in the table view.

    For scenes that are saved outside Slicer: inside, the views belong to the user.

    Args:
        result: What the nodes show.
        nodes: What `result_to_nodes` gave for it.
    """
    import slicer

    scene = nodes.volume.GetScene()
    field = heart_field(result)
    voxel = np.append(field.centre, 1.0)
    centre = LPS_TO_RAS @ (result.geometry.index_to_lps @ voxel)[:3]
    right, up = view_axes(result)
    along = LPS_TO_RAS @ result.geometry.direction[:, result.slice_axis]
    # The acquired slices, and the two cuts across them.
    for name, axes in zip(SLICE_VIEWS, ((right, up), (right, along), (up, along)), strict=True):
        view = _singleton(scene, "vtkMRMLSliceNode", name)
        place_slice(view, *axes, centre)
        view.SetFieldOfView(1.4 * field.size_mm, 1.4 * field.size_mm, 1.0)
        composite = _singleton(scene, "vtkMRMLSliceCompositeNode", name)
        composite.SetBackgroundVolumeID(nodes.volume.GetID())
        shown = nodes.activation or nodes.uncertainty
        if shown is not None:
            composite.SetForegroundVolumeID(shown.GetID())
            composite.SetForegroundOpacity(0.0)  # there, but only seen when asked for
    _singleton(scene, "vtkMRMLPlotViewNode", "PlotView1").SetPlotChartNodeID(nodes.chart.GetID())
    _singleton(scene, "vtkMRMLTableViewNode", "TableView1").SetTableNodeID(nodes.table.GetID())
    layout = _singleton(scene, "vtkMRMLLayoutNode", "vtkMRMLLayoutNode")
    with quiet():  # the descriptions of the layouts are the application's
        layout.SetViewArrangement(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotTableView)
    selection = scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    if selection is not None:
        selection.SetActiveVolumeID(nodes.volume.GetID())
        selection.SetActiveTableID(nodes.table.GetID())
        selection.SetActivePlotChartID(nodes.chart.GetID())


def place_slice(view: Any, right: np.ndarray, up: np.ndarray, centre: np.ndarray) -> None:
    """Put a slice view's plane through a point.

    Args:
        view: `vtkMRMLSliceNode`.
        right: Unit vector (RAS) to the right of the picture.
        up: Unit vector (RAS) upwards.
        centre: Point (RAS, mm) in the middle of the picture.
    """
    matrix = view.GetSliceToRAS()
    for column, vector in enumerate((right, up, np.cross(right, up), centre)):
        for row in range(3):
            matrix.SetElement(row, column, float(vector[row]))
    view.UpdateMatrices()


def _singleton(scene: Any, class_name: str, tag: str) -> Any:
    """The one node of this class and tag, under which Slicer's own layout finds it; added where it is missing."""
    node = scene.GetSingletonNode(tag, class_name)
    if node is None:
        node = scene.CreateNodeByClass(class_name)
        node.UnRegister(None)
        node.SetSingletonTag(tag)
        node.SetName(tag)
        if hasattr(node, "SetLayoutName"):
            node.SetLayoutName(tag)
        scene.AddNode(node)
    return node


def view_axes(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (RAS) to the right and up in a picture of a slice, the same however the voxels are stored."""
    seen = SliceOrientation.of(result.geometry, result.slice_axis)
    directions = LPS_TO_RAS @ result.geometry.direction
    right = directions[:, seen.column_axis] * (-1 if seen.column_flipped else 1)
    down = directions[:, seen.row_axis] * (-1 if seen.row_flipped else 1)
    return right, -down


def write_bundle(result: Result, path: Path, *, cavity: bool = True) -> Path:
    """Save a scene that holds the volume and the result, and shows them when Slicer opens it, as `.mrb`.

    The scene of this process, `slicer.mrmlScene`, is not touched. Without `cavity` the LV cavity is left out.

    Raises:
        InputError: There is no Slicer core in this Python, or the file cannot be written.
    """
    scene = new_scene()
    volume = add_study(result.study, scene=scene)
    arrange_views(result, result_to_nodes(result, volume, cavity=cavity))
    return save_scene(path, scene=scene)
