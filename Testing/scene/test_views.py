"""What a saved scene shows when Slicer opens it."""

from __future__ import annotations

import numpy as np

from DCMMultiTaskLib.scene.nodes import add_volume, result_to_nodes
from DCMMultiTaskLib.scene.views import arrange_views, write_bundle


def test_a_bundle_opens_with_image_chart_and_table_in_view(scene, slicer, study, tmp_path):
    mine = scene.AddNewNodeByClass("vtkMRMLTextNode", "mine")
    path = write_bundle(study, tmp_path / "drawn.mrb")
    assert slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") == [], "the user's scene is not touched"
    assert scene.IsNodePresent(mine)
    assert scene.ReadFromMRB(str(path), True)
    volume = slicer.util.getNode("drawn")
    for name in ("Red", "Green", "Yellow"):
        composite = scene.GetSingletonNode(name, "vtkMRMLSliceCompositeNode")
        assert composite.GetBackgroundVolumeID() == volume.GetID()
    plot = scene.GetSingletonNode("PlotView1", "vtkMRMLPlotViewNode")
    assert plot.GetPlotChartNode() is slicer.util.getNode("drawn DCM chart")
    table = scene.GetSingletonNode("TableView1", "vtkMRMLTableViewNode")
    assert table.GetTableNode() is slicer.util.getNode("drawn DCM risk")
    layout = scene.GetSingletonNode("vtkMRMLLayoutNode", "vtkMRMLLayoutNode")
    assert layout.GetViewArrangement() == layout.SlicerLayoutFourUpPlotTableView
    back = slicer.util.arrayFromSegmentBinaryLabelmap(slicer.util.getNode("drawn segmentation"), "Myocardium", volume)
    np.testing.assert_array_equal(back, study.mask)
    assert slicer.util.getNode("drawn DCM activation").GetDisplayNode().GetColorNode().GetName() == "Inferno"


def test_the_red_view_lies_in_an_acquired_slice_through_the_heart(scene, study):
    import vtk

    nodes = result_to_nodes(study, add_volume(study.volume, study.name))
    arrange_views(study, nodes)
    view = scene.GetSingletonNode("Red", "vtkMRMLSliceNode")
    to_index = vtk.vtkMatrix4x4()
    nodes.volume.GetRASToIJKMatrix(to_index)
    corners = [
        np.array(to_index.MultiplyPoint(view.GetSliceToRAS().MultiplyPoint((x, y, 0, 1))))
        for x in (-40, 40)
        for y in (-40, 40)
    ]
    depths = [corner[2] for corner in corners]
    np.testing.assert_allclose(depths, depths[0], atol=1e-9)
    centre = np.mean(corners, axis=0)[:3]
    found = np.argwhere(study.mask)[:, ::-1]
    np.testing.assert_allclose(centre, (found.min(axis=0) + found.max(axis=0)) / 2, atol=1e-6)


def test_nodes_come_and_go_with_their_hierarchy_item(scene, slicer):
    from DCMMultiTaskLib.scene.hierarchy import hierarchy

    node = scene.AddNewNodeByClass("vtkMRMLTableNode", "short-lived")
    tree = hierarchy(scene)
    item = tree.GetItemByDataNode(node)
    assert tree.GetItemOwnerPluginName(item) == "Tables"
    scene.RemoveNode(node)
    assert tree.GetItemChildWithName(tree.GetSceneItemID(), "short-lived") == 0
