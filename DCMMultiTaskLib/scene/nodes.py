"""A result in the scene; runs unchanged inside the Slicer application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.segments import SEGMENTS
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.scene import chart, cine, hierarchy, provenance
from DCMMultiTaskLib.scene.bulls_eye import set_bulls_eye
from DCMMultiTaskLib.scene.naming import result_name
from DCMMultiTaskLib.scene.segmentation import set_labels
from DCMMultiTaskLib.scene.table import set_rows
from DCMMultiTaskLib.scene.transaction import all_or_nothing
from DCMMultiTaskLib.scene.volumes import add_volume, refuse_transformed, set_volume, volume_from_node

__all__ = ["ResultNodes", "add_volume", "result_to_nodes", "volume_from_node"]

# Node references: from the table to its charts and pictures, and from every node of a result to the volume.
CHART_ROLE = "DCMMultiTask.Chart"
CURVE_ROLE = "DCMMultiTask.VolumeCurve"
BULLS_EYE_ROLE = "DCMMultiTask.WallThickness"
UNCERTAINTY_ROLE = "DCMMultiTask.Uncertainty"
VOLUME_ROLE = "DCMMultiTask.Volume"
SEGMENTATION_ROLE = "DCMMultiTask.Segmentation"
# A colour table of every Slicer, and of the embedded scene.
HEAT_COLOURS = "vtkMRMLColorTableNodeFileInferno.txt"
# How large the values of a map can be, and from where on they hide the image.
ACTIVATION_RANGE, ACTIVATION_SHOWN = 1.0, 0.5
UNCERTAINTY_RANGE, UNCERTAINTY_SHOWN = 0.5, 0.1
ACTIVATION_TITLES = {"class": "DCM evidence", "attention-1": "Attention 1", "attention-2": "Attention 2"}
UNCERTAINTY_TITLE = "Uncertainty"


@dataclass(frozen=True, eq=False)
class ResultNodes:
    """The nodes of one result.

    Attributes:
        volume: `vtkMRMLScalarVolumeNode` that was segmented.
        segmentation: `vtkMRMLSegmentationNode` with the segments `Myocardium` and, unless left out, `LV cavity`.
        segment_id: ID of the segment `Myocardium`.
        table: `vtkMRMLTableNode`, a row per slice.
        chart: `vtkMRMLPlotChartNode`.
        activation: `vtkMRMLScalarVolumeNode`, or None where the result has no activation map.
        bulls_eye: `vtkMRMLScalarVolumeNode`, the wall's thickness by segments as a picture.
        uncertainty: `vtkMRMLScalarVolumeNode` with `Uncertainty.map`; None where there is none.
        curve: `vtkMRMLPlotChartNode` of the volume over the heart beat; None unless every phase of a cine is known.
        folder: Subject hierarchy item of the folder that holds them.
    """

    volume: Any
    segmentation: Any
    segment_id: str
    table: Any
    chart: Any
    activation: Any
    uncertainty: Any
    curve: Any
    bulls_eye: Any
    folder: int


def result_to_nodes(
    result: Result,
    volume_node: Any,
    *,
    segmentation_node: Any = None,
    table_node: Any = None,
    activation_node: Any = None,
    chart_node: Any = None,
    cavity: bool = True,
) -> ResultNodes:
    """Show a result in the scene: mask, table, chart and, where there are some, maps and volume curve.

    Where the volume shows the phases of a cine (`scene.cine`), its browser also plays the masks, and shows the phase
    that the table is about. A node that is given is updated in place and keeps its name; a missing one is added. The
    charts, their series and the folder belong to the table: giving the table of an earlier run updates them too. When
    anything fails, the scene is as it was before.

    Args:
        result: What the predictor gave for this volume.
        volume_node: The volume's `vtkMRMLScalarVolumeNode`.
        segmentation_node: `vtkMRMLSegmentationNode` to update.
        table_node: `vtkMRMLTableNode` to update.
        activation_node: `vtkMRMLScalarVolumeNode` to update.
        chart_node: `vtkMRMLPlotChartNode` to update.
        cavity: Show the LV cavity as a segment of its own beside the myocardium.

    Returns:
        The nodes, the given ones and the new ones.

    Raises:
        InputError: If a node is under a transform, or the result was not made from a volume of this size.
    """
    scene = volume_node.GetScene()
    if chart_node is None and table_node is not None:
        chart_node = table_node.GetNodeReference(CHART_ROLE)
    curve_node = table_node.GetNodeReference(CURVE_ROLE) if table_node is not None else None
    bulls_eye_node = table_node.GetNodeReference(BULLS_EYE_ROLE) if table_node is not None else None
    uncertainty_node = table_node.GetNodeReference(UNCERTAINTY_ROLE) if table_node is not None else None
    pictures = [activation_node, uncertainty_node, bulls_eye_node]
    nodes = [segmentation_node, table_node, chart_node, curve_node, *pictures]
    for picture in pictures:  # their scales and legends follow the result
        nodes += [picture.GetNthDisplayNode(n) for n in range(picture.GetNumberOfDisplayNodes())] if picture else []
    given = [node for node in nodes if node is not None]
    parts = [*chart.parts_of(chart_node), *chart.parts_of(curve_node)]
    segments = SEGMENTS if cavity else SEGMENTS[:1]
    _check(result, volume_node, given)
    with all_or_nothing(scene, [*given, *parts]):
        name = result_name(volume_node)
        # Nodes of an earlier result stay in the folder where the user may have put them.
        placed = [node for node in (*given, *parts) if provenance.node_attributes(node)]
        segmentation_node = segmentation_node or _add(scene, "vtkMRMLSegmentationNode", f"{name} segmentation")
        browser = cine.browser_of(volume_node)
        masks = cine.add_masks(segmentation_node, result, volume_node, segments) if browser is not None else None
        segment_id, *_ = set_labels(
            segmentation_node, result.label_map, result.geometry, volume_node, segments=segments
        )
        table_node = table_node or _add(scene, "vtkMRMLTableNode", f"{name} DCM risk")
        set_rows(table_node, result)
        chart_node = chart_node or _add(scene, "vtkMRMLPlotChartNode", f"{name} DCM chart")
        outputs = [segmentation_node, table_node, chart_node, *chart.set_probability_chart(chart_node, result)]
        table_node.SetNodeReferenceID(CHART_ROLE, chart_node.GetID())
        if result.heart_beat is not None:
            curve_node = curve_node or _add(scene, "vtkMRMLPlotChartNode", f"{name} volume curve")
            outputs += [curve_node, *chart.set_volume_curve(curve_node, result.heart_beat, name)]
            table_node.SetNodeReferenceID(CURVE_ROLE, curve_node.GetID())
        which = f", phase {result.phase + 1}" if browser is not None else ""  # a map stays while the cine is played
        if result.activation is not None:
            title = f"{name} DCM activation{which}"
            activation_node = activation_node or _add(scene, "vtkMRMLScalarVolumeNode", title)
            title = ACTIVATION_TITLES[result.activation_kind]
            _set_map(activation_node, result, result.activation, title, ACTIVATION_RANGE, ACTIVATION_SHOWN)
            outputs.append(activation_node)
        if result.uncertainty is not None:
            title = f"{name} uncertainty{which}"
            uncertainty_node = uncertainty_node or _add(scene, "vtkMRMLScalarVolumeNode", title)
            deviation = result.uncertainty.map
            _set_map(uncertainty_node, result, deviation, UNCERTAINTY_TITLE, UNCERTAINTY_RANGE, UNCERTAINTY_SHOWN)
            table_node.SetNodeReferenceID(UNCERTAINTY_ROLE, uncertainty_node.GetID())
            outputs.append(uncertainty_node)
        bulls_eye_node = bulls_eye_node or _add(scene, "vtkMRMLScalarVolumeNode", f"{name} wall thickness")
        set_bulls_eye(bulls_eye_node, result.wall_segments, HEAT_COLOURS, volume_node)
        table_node.SetNodeReferenceID(BULLS_EYE_ROLE, bulls_eye_node.GetID())
        outputs.append(bulls_eye_node)
        facts = provenance.attributes_of(result)
        for node in outputs:
            provenance.stamp(node, facts)
            node.SetNodeReferenceID(VOLUME_ROLE, volume_node.GetID())
        table_node.SetNodeReferenceID(SEGMENTATION_ROLE, segmentation_node.GetID())
        folder = _place(volume_node, table_node, [node for node in outputs if node not in placed])
    if masks is not None:  # last: what a browser plays cannot be taken back
        cine.play_masks(browser, masks, segmentation_node, facts)
        cine.show_phase(volume_node, result.phase)
    # Those of an earlier run are about other masks.
    if result.heart_beat is None and curve_node is not None:
        _remove(*chart.parts_of(curve_node), curve_node)
    if result.uncertainty is None and uncertainty_node is not None:
        count = uncertainty_node.GetNumberOfDisplayNodes()
        _remove(*(uncertainty_node.GetNthDisplayNode(number) for number in range(count)), uncertainty_node)
    return ResultNodes(
        volume=volume_node,
        segmentation=segmentation_node,
        segment_id=segment_id,
        table=table_node,
        chart=chart_node,
        activation=activation_node if result.activation is not None else None,
        uncertainty=uncertainty_node if result.uncertainty is not None else None,
        bulls_eye=bulls_eye_node,
        curve=curve_node if result.heart_beat is not None else None,
        folder=folder,
    )


def _check(result: Result, volume_node: Any, given: list[Any]) -> None:
    for node in (volume_node, *given):
        if node.IsA("vtkMRMLTransformableNode"):
            refuse_transformed(node)
        if node.GetScene() is not volume_node.GetScene():
            raise InputError(f"'{node.GetName()}' is not in the scene of the volume '{volume_node.GetName()}'.")
    image = volume_node.GetImageData()
    size = image.GetDimensions() if image is not None else (0, 0, 0)
    if tuple(size) != result.geometry.size:
        raise InputError(
            f"the result has {' x '.join(map(str, result.geometry.size))} voxels, but the volume "
            f"'{volume_node.GetName()}' has {' x '.join(map(str, size))}: it belongs to another volume."
        )


def _add(scene: Any, class_name: str, name: str) -> Any:
    return scene.AddNewNodeByClass(class_name, scene.GenerateUniqueName(name))


def _remove(*nodes: Any) -> None:
    for node in nodes:
        node.GetScene().RemoveNode(node)


def _set_map(node: Any, result: Result, values: np.ndarray, title: str, highest: float, lowest_shown: float) -> None:
    import slicer

    set_volume(node, result.volume.with_array(values))
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        display.SetAndObserveColorNodeID(HEAT_COLOURS)
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(0.0, highest)
        display.SetThreshold(lowest_shown, highest)
        display.SetApplyThreshold(True)  # what is lower leaves the image as it is
    legend = slicer.vtkSlicerColorLogic.AddDefaultColorLegendDisplayNode(node)
    legend.SetTitleText(title)
    legend.SetNumberOfLabels(3)
    legend.SetLabelFormat("%.2g")
    legend.SetPosition(0.97, 0.04)
    legend.SetSize(0.12, 0.4)


def _place(volume_node: Any, table_node: Any, new_nodes: list[Any]) -> int:
    tree = hierarchy.hierarchy(volume_node.GetScene())
    if table_node not in new_nodes:
        home = tree.GetItemParent(hierarchy.item_of(table_node))
        if home != tree.GetSceneItemID():
            hierarchy.move_into(home, new_nodes)
            return home
    folder = hierarchy.result_folder(volume_node, f"{result_name(volume_node)} DCM")
    hierarchy.move_into(folder, new_nodes)
    return folder
