"""Places in Slicer's subject hierarchy: one folder of results beside the volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# Class of node -> name of the plugin of Slicer's subject hierarchy that shows such nodes.
OWNERS = {
    "vtkMRMLSegmentationNode": "Segmentations",
    "vtkMRMLLabelMapVolumeNode": "LabelMaps",
    "vtkMRMLVolumeNode": "Volumes",
    "vtkMRMLTableNode": "Tables",
    "vtkMRMLPlotChartNode": "Plots",
    "vtkMRMLPlotSeriesNode": "Plots",
    "vtkMRMLMarkupsNode": "Markups",
    "vtkMRMLModelNode": "Models",
    "vtkMRMLTransformNode": "Transforms",
    "vtkMRMLTextNode": "Texts",
}
INVALID_ITEM = 0


def keep_in_step(scene: Any) -> None:
    """Give every node its item and take the item with the node, as the Slicer application does by itself."""
    import slicer
    import vtk

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def added(caller: Any, _event: str, node: Any) -> None:
        known = any(node.IsA(kind) for kind in OWNERS)
        if known and not node.GetHideFromEditors() and not caller.IsImporting():
            item_of(node)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def removed(caller: Any, _event: str, node: Any) -> None:
        if not caller.IsClosing() and not node.IsA("vtkMRMLSubjectHierarchyNode"):
            tree = hierarchy(caller)
            item = tree.GetItemByDataNode(node)
            if item != INVALID_ITEM:
                tree.RemoveItem(item, False, False)

    scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, added)
    scene.AddObserver(slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, removed)


def hierarchy(scene: Any) -> Any:
    """The scene's one `vtkMRMLSubjectHierarchyNode`."""
    import slicer

    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def item_of(node: Any) -> int:
    """The node's item; it is made where it is missing (the Slicer application makes items by itself)."""
    tree = hierarchy(node.GetScene())
    item = tree.GetItemByDataNode(node)
    if item == INVALID_ITEM:
        owner = next((plugin for kind, plugin in OWNERS.items() if node.IsA(kind)), None)
        item = tree.CreateItem(tree.GetSceneItemID(), node, *([owner] if owner else []))
    return item


def result_folder(volume_node: Any, name: str) -> int:
    """The folder called `name` beside the volume; it is made where it is missing."""
    tree = hierarchy(volume_node.GetScene())
    parent = tree.GetItemParent(item_of(volume_node))
    folder = tree.GetItemChildWithName(parent, name)
    if folder == INVALID_ITEM or tree.GetItemDataNode(folder) is not None:
        folder = tree.CreateFolderItem(parent, name)
        tree.SetItemOwnerPluginName(folder, "Folder")
    return folder


def move_into(folder: int, nodes: Sequence[Any]) -> None:
    """Put the nodes' items into a folder, in this order."""
    for node in nodes:
        item = item_of(node)
        hierarchy(node.GetScene()).SetItemParent(item, folder)
