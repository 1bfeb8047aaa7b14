"""A result in the scene; runs unchanged inside the Slicer application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.report.study import threshold_of
from DCMMultiTaskLib.scene import chart, hierarchy, provenance
from DCMMultiTaskLib.scene.segmentation import set_mask
from DCMMultiTaskLib.scene.table import set_rows
from DCMMultiTaskLib.scene.transaction import all_or_nothing
from DCMMultiTaskLib.scene.volumes import add_volume, refuse_transformed, set_volume, volume_from_node

__all__ = ["ResultNodes", "add_volume", "result_to_nodes", "volume_from_node"]

# Node references from the chart to the nodes that it is drawn from, and from the table to its chart.
CHART_ROLE = "DCMMultiTask.Chart"
PROBABILITY_ROLE = "DCMMultiTask.ProbabilitySeries"
THRESHOLD_ROLE = "DCMMultiTask.ThresholdSeries"
THRESHOLD_TABLE_ROLE = "DCMMultiTask.ThresholdTable"
VOLUME_ROLE = "DCMMultiTask.Volume"
SEGMENTATION_ROLE = "DCMMultiTask.Segmentation"
# A colour table of every Slicer, and of the embedded scene.
HEAT_COLOURS = "vtkMRMLColorTableNodeFileInferno.txt"


@dataclass(frozen=True, eq=False)
class ResultNodes:
    """The nodes of one result.

    Attributes:
        volume: `vtkMRMLScalarVolumeNode` that was segmented.
        segmentation: `vtkMRMLSegmentationNode` with the segment `Myocardium`.
        segment_id: ID of that segment.
        table: `vtkMRMLTableNode`, a row per slice.
        chart: `vtkMRMLPlotChartNode`.
        activation: `vtkMRMLScalarVolumeNode`, or None where the result has no activation map.
        folder: Subject hierarchy item of the folder that holds them.
    """

    volume: Any
    segmentation: Any
    segment_id: str
    table: Any
    chart: Any
    activation: Any
    folder: int


def result_to_nodes(
    result: Result,
    volume_node: Any,
    *,
    segmentation_node: Any = None,
    table_node: Any = None,
    activation_node: Any = None,
    chart_node: Any = None,
) -> ResultNodes:
    """Show a result in the scene: mask, table, chart and, if there is one, the activation map.

    A node that is given is updated in place and keeps its name; a missing one is added. The chart, its series and
    the folder belong to the table: giving the table of an earlier run updates them too. When anything fails, the
    scene is as it was before.

    Args:
        result: What the predictor gave for this volume.
        volume_node: The volume's `vtkMRMLScalarVolumeNode`.
        segmentation_node: `vtkMRMLSegmentationNode` to update.
        table_node: `vtkMRMLTableNode` to update.
        activation_node: `vtkMRMLScalarVolumeNode` to update.
        chart_node: `vtkMRMLPlotChartNode` to update.

    Returns:
        The nodes, the given ones and the new ones.

    Raises:
        InputError: If a node is under a transform, or the result was not made from a volume of this size.
    """
    scene = volume_node.GetScene()
    if chart_node is None and table_node is not None:
        chart_node = table_node.GetNodeReference(CHART_ROLE)
    given = [node for node in (segmentation_node, table_node, chart_node, activation_node) if node is not None]
    parts = (
        []
        if chart_node is None
        else [
            node
            for role in (PROBABILITY_ROLE, THRESHOLD_ROLE, THRESHOLD_TABLE_ROLE)
            if (node := chart_node.GetNodeReference(role)) is not None
        ]
    )
    _check(result, volume_node, given)
    with all_or_nothing(scene, [*given, *parts]):
        name = volume_node.GetName()
        # Nodes of an earlier result stay in the folder where the user may have put them.
        placed = [node for node in (*given, *parts) if provenance.node_attributes(node)]
        segmentation_node = segmentation_node or _add(scene, "vtkMRMLSegmentationNode", f"{name} segmentation")
        segment_id = set_mask(segmentation_node, result.mask, result.volume, volume_node)
        table_node = table_node or _add(scene, "vtkMRMLTableNode", f"{name} DCM risk")
        set_rows(table_node, result)
        chart_node = chart_node or _add(scene, "vtkMRMLPlotChartNode", f"{name} DCM chart")
        series = _set_chart(chart_node, table_node, result, name)
        table_node.SetNodeReferenceID(CHART_ROLE, chart_node.GetID())
        outputs = [segmentation_node, table_node, chart_node, *series]
        if result.activation is not None:
            activation_node = activation_node or _add(scene, "vtkMRMLScalarVolumeNode", f"{name} DCM activation")
            _set_activation(activation_node, result.volume.with_array(result.activation))
            outputs.append(activation_node)
        facts = provenance.attributes_of(result)
        for node in outputs:
            provenance.stamp(node, facts)
            node.SetNodeReferenceID(VOLUME_ROLE, volume_node.GetID())
        table_node.SetNodeReferenceID(SEGMENTATION_ROLE, segmentation_node.GetID())
        folder = _place(volume_node, table_node, [node for node in outputs if node not in placed])
    if len(series) == 1:
        _remove_stale_threshold(chart_node)
    return ResultNodes(
        volume=volume_node,
        segmentation=segmentation_node,
        segment_id=segment_id,
        table=table_node,
        chart=chart_node,
        activation=activation_node if result.activation is not None else None,
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
    if tuple(size) != result.mask.shape[::-1]:
        raise InputError(
            f"the result has {' x '.join(map(str, result.mask.shape[::-1]))} voxels, but the volume "
            f"'{volume_node.GetName()}' has {' x '.join(map(str, size))}: it belongs to another volume."
        )


def _add(scene: Any, class_name: str, name: str) -> Any:
    return scene.AddNewNodeByClass(class_name, scene.GenerateUniqueName(name))


def _set_chart(chart_node: Any, table_node: Any, result: Result, name: str) -> list[Any]:
    probability = _part(chart_node, PROBABILITY_ROLE, "vtkMRMLPlotSeriesNode", "Probability")
    chart.set_probability_series(probability, table_node)
    series = [probability]
    threshold = threshold_of(result)
    if threshold is not None:
        line = _part(chart_node, THRESHOLD_ROLE, "vtkMRMLPlotSeriesNode", "Threshold")
        points = _part(chart_node, THRESHOLD_TABLE_ROLE, "vtkMRMLTableNode", f"{name} DCM threshold", hidden=True)
        chart.set_threshold_series(line, points, threshold, len(result.rows))
        series.append(line)
    chart.set_chart(chart_node, f"{name}: probability of a DCM-like phenotype", series)
    return series


def _remove_stale_threshold(chart_node: Any) -> None:
    for role in (THRESHOLD_ROLE, THRESHOLD_TABLE_ROLE):
        stale = chart_node.GetNodeReference(role)
        if stale is not None:
            chart_node.RemoveNodeReferenceIDs(role)
            stale.GetScene().RemoveNode(stale)


def _part(chart_node: Any, role: str, class_name: str, name: str, *, hidden: bool = False) -> Any:
    """The node that the chart refers to in this role; it is added where it is missing."""
    node = chart_node.GetNodeReference(role)
    if node is None:
        scene = chart_node.GetScene()
        node = scene.CreateNodeByClass(class_name)
        node.UnRegister(None)
        node.SetName(name)
        node.SetHideFromEditors(hidden)
        scene.AddNode(node)
        chart_node.SetNodeReferenceID(role, node.GetID())
    return node


def _set_activation(node: Any, activation: Volume) -> None:
    set_volume(node, activation)
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        display.SetAndObserveColorNodeID(HEAT_COLOURS)
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(0.0, 1.0)


def _place(volume_node: Any, table_node: Any, new_nodes: list[Any]) -> int:
    tree = hierarchy.hierarchy(volume_node.GetScene())
    if table_node not in new_nodes:
        home = tree.GetItemParent(hierarchy.item_of(table_node))
        if home != tree.GetSceneItemID():
            hierarchy.move_into(home, new_nodes)
            return home
    folder = hierarchy.result_folder(volume_node, f"{volume_node.GetName()} DCM")
    hierarchy.move_into(folder, new_nodes)
    return folder
