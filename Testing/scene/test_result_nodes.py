"""A result in the scene: complete, updated in place, everything or nothing."""

from __future__ import annotations

import errno
import json
import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from drawn_studies import drawn_study, with_mask

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.inference.result import Interval, SliceRow, Uncertainty
from DCMMultiTaskLib.inference.settings import Decision
from DCMMultiTaskLib.scene import nodes as nodes_module
from DCMMultiTaskLib.scene import provenance
from DCMMultiTaskLib.scene.edited import measure_again
from DCMMultiTaskLib.scene.files import save_scene
from DCMMultiTaskLib.scene.hierarchy import hierarchy
from DCMMultiTaskLib.scene.nodes import add_volume, result_to_nodes


def contents(scene) -> dict[str, object]:
    """All that is in the scene: each node's description and data by ID, each place in the subject hierarchy."""
    import slicer
    import vtk

    found: dict[str, object] = {}
    for n in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(n)
        if node.IsA("vtkMRMLSubjectHierarchyNode"):
            continue
        text = re.split(r"ImageData:|Segment converter:", str(node))[0]
        found[node.GetID()] = [
            line for line in text.splitlines() if not re.search(r"Time|0x|Reference Count|: \(none\)$", line)
        ]
        if node.IsA("vtkMRMLScalarVolumeNode"):
            found[f"{node.GetID()} voxels"] = slicer.util.arrayFromVolume(node).tobytes()
        if node.IsA("vtkMRMLTableNode"):
            table = node.GetTable()
            cells = [table.GetRow(r).GetValue(c) for r in range(table.GetNumberOfRows()) for c in range(2)]
            found[f"{node.GetID()} cells"] = [cell.ToString() for cell in cells]
        if node.IsA("vtkMRMLSegmentationNode"):
            segmentation = node.GetSegmentation()
            for segment in [segmentation.GetNthSegmentID(i) for i in range(segmentation.GetNumberOfSegments())]:
                array = slicer.util.arrayFromSegmentInternalBinaryLabelmap(node, segment)
                found[f"{node.GetID()} {segment}"] = array.tobytes()
    tree = hierarchy(scene)
    items = vtk.vtkIdList()
    tree.GetItemChildren(tree.GetSceneItemID(), items, True)
    for item in [items.GetId(n) for n in range(items.GetNumberOfIds())]:
        found[f"item {item}"] = f"{tree.GetItemName(item)} in {tree.GetItemParent(item)}"
    return found


def count(scene, class_name: str) -> int:
    return scene.GetNumberOfNodesByClass(class_name)


def segment_array(slicer, nodes) -> np.ndarray:
    return slicer.util.arrayFromSegmentBinaryLabelmap(nodes.segmentation, nodes.segment_id, nodes.volume)


def given(nodes) -> dict[str, object]:
    return {"segmentation_node": nodes.segmentation, "table_node": nodes.table, "activation_node": nodes.activation}


def check_everything_is_there(slicer, study, nodes) -> None:
    segment = nodes.segmentation.GetSegmentation().GetSegment(nodes.segment_id)
    assert segment.GetName() == "Myocardium"
    assert segment.GetTerminology() == MYOCARDIUM.terminology
    np.testing.assert_allclose(segment.GetColor(), np.array([192, 104, 88]) / 255, atol=1e-6)
    np.testing.assert_array_equal(segment_array(slicer, nodes), study.mask)
    cavity = nodes.segmentation.GetSegmentation().GetSegment("LV cavity")
    assert cavity.GetTerminology() == LV_CAVITY.terminology
    values = slicer.util.arrayFromSegmentBinaryLabelmap(nodes.segmentation, "LV cavity", nodes.volume)
    np.testing.assert_array_equal(values, study.label_map == 2)

    assert [nodes.table.GetColumnName(n) for n in range(nodes.table.GetNumberOfColumns())] == [
        column.name for column in fields(SliceRow)
    ]
    assert nodes.table.GetColumnTitle("position_mm") == "Position (mm)"
    assert nodes.table.GetColumnUnitLabel("myocardium_area_mm2") == "mm2"
    assert nodes.table.GetNumberOfRows() == len(study.rows)
    for n, row in enumerate(study.rows):
        values = [nodes.table.GetTable().GetValue(n, c) for c in range(nodes.table.GetNumberOfColumns())]
        assert values[0].ToInt() == row.slice
        assert values[1].ToDouble() == pytest.approx(row.position_mm, rel=1e-5)
        np.testing.assert_allclose(values[2].ToDouble(), row.dcm_probability, rtol=1e-5)
        assert values[3].ToInt() == row.dcm_class
        assert values[4].ToDouble() == pytest.approx(row.myocardium_area_mm2, rel=1e-5)
        assert values[5].ToString() == row.quality

    series = [nodes.chart.GetNthPlotSeriesNode(n) for n in range(nodes.chart.GetNumberOfPlotSeriesNodes())]
    assert [one.GetName() for one in series] == ["Probability", "Threshold"]
    assert [(one.GetXColumnName(), one.GetYColumnName()) for one in series] == [
        ("slice", "dcm_probability"),
        ("slice", "threshold"),
    ]
    points = [slicer.util.arrayFromTableColumn(series[0].GetTableNode(), c) for c in ("slice", "dcm_probability")]
    np.testing.assert_array_equal(points[0], [row.slice + 1 for row in study.rows])
    np.testing.assert_allclose(points[1], [row.dcm_probability for row in study.rows])
    line = slicer.util.arrayFromTableColumn(series[1].GetTableNode(), "threshold")
    np.testing.assert_allclose(line, study.provenance.decision.threshold)

    np.testing.assert_allclose(slicer.util.arrayFromVolume(nodes.activation), study.activation)
    display = nodes.activation.GetDisplayNode()
    assert display.GetColorNode().GetName() == "Inferno"
    assert (display.GetApplyThreshold(), display.GetLowerThreshold()) == (1, 0.5), "transparent where it is low"
    assert slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(nodes.activation).GetTitleText() == "DCM evidence"
    assert slicer.vtkSlicerColorLogic.GetNumberOfColorLegendDisplayNodes(nodes.activation) == 1

    thickness = slicer.util.arrayFromVolume(nodes.bulls_eye)[0]
    known = {round(mean, 3) for mean in study.wall_segments.mean_mm.values() if np.isfinite(mean)}
    np.testing.assert_allclose(np.unique(thickness), sorted({0.0} | known), atol=1e-3)

    tree = hierarchy(nodes.volume.GetScene())
    folder = tree.GetItemParent(tree.GetItemByDataNode(nodes.table))
    assert tree.GetItemName(folder) == f"{study.name} DCM"
    assert tree.GetItemParent(folder) == tree.GetItemParent(tree.GetItemByDataNode(nodes.volume))
    for node in (nodes.segmentation, nodes.table, nodes.chart, nodes.activation, nodes.bulls_eye):
        assert tree.GetItemParent(tree.GetItemByDataNode(node)) == folder
        facts = provenance.node_attributes(node)
        assert facts == provenance.attributes_of(study)
        assert json.loads(facts["notes"]) == list(study.provenance.notes)
        assert node.GetNodeReference("DCMMultiTask.Volume") is nodes.volume
    assert nodes.segmentation.GetNodeReference("referenceImageGeometryRef") is nodes.volume


def test_a_result_is_complete_in_the_scene(scene, slicer, study):
    nodes = result_to_nodes(study, add_volume(study.volume, study.name))
    check_everything_is_there(slicer, study, nodes)
    assert nodes.segmentation.GetName() == "drawn segmentation"
    assert nodes.table.GetName() == "drawn DCM risk"
    assert nodes.chart.GetName() == "drawn DCM chart"
    assert nodes.activation.GetName() == "drawn DCM activation"


def test_the_mask_lies_exactly_on_the_oblique_volume(scene, slicer, study):
    nodes = result_to_nodes(study, add_volume(study.volume, study.name))
    image = slicer.vtkOrientedImageData()
    nodes.segmentation.GetBinaryLabelmapRepresentation(nodes.segment_id, image)
    assert image.GetOrigin() == nodes.volume.GetOrigin()
    assert image.GetSpacing() == nodes.volume.GetSpacing()
    directions = [[0.0] * 3 for _ in range(3)]
    image.GetDirections(directions)
    np.testing.assert_array_equal(directions, np.diag([-1, -1, 1]) @ study.geometry.direction)


def test_a_saved_scene_comes_back_whole(scene, slicer, study, tmp_path):
    result_to_nodes(study, add_volume(study.volume, study.name))
    path = save_scene(tmp_path / "drawn.mrb")
    scene.Clear(0)
    assert scene.ReadFromMRB(str(path), True)
    back = nodes_module.ResultNodes(
        volume=slicer.util.getNode("drawn"),
        segmentation=slicer.util.getNode("drawn segmentation"),
        segment_id="Myocardium",
        table=slicer.util.getNode("drawn DCM risk"),
        chart=slicer.util.getNode("drawn DCM chart"),
        activation=slicer.util.getNode("drawn DCM activation"),
        uncertainty=None,
        curve=None,
        bulls_eye=slicer.util.getNode("drawn wall thickness"),
        folder=0,
    )
    check_everything_is_there(slicer, study, back)
    before = scene.GetNumberOfNodes()
    again = result_to_nodes(study, back.volume, **given(back))
    assert scene.GetNumberOfNodes() == before, "the nodes of a loaded scene are found and updated"
    check_everything_is_there(slicer, study, again)


def test_updating_in_place_multiplies_no_node_and_no_folder(scene, slicer, study):
    nodes = result_to_nodes(study, add_volume(study.volume, study.name))
    before = sorted(contents(scene))
    changed = replace(
        study,
        labels={0: study.label_map[::-1].copy()},
        rows=tuple(replace(row, dcm_probability=0.25) for row in study.rows),
        provenance=replace(study.provenance, decision=Decision(threshold=0.75), model="another"),
    )
    again = result_to_nodes(changed, nodes.volume, **given(nodes))
    assert sorted(contents(scene)) == before
    check_everything_is_there(slicer, changed, again)
    assert again.chart is nodes.chart
    assert again.folder == nodes.folder


def test_without_given_nodes_a_second_result_is_kept_beside_the_first(scene, slicer, study):
    first = result_to_nodes(study, add_volume(study.volume, study.name))
    second = result_to_nodes(study, first.volume)
    assert second.table is not first.table
    assert second.table.GetName() == "drawn DCM risk_1"
    assert second.folder == first.folder
    check_everything_is_there(slicer, study, first)
    check_everything_is_there(slicer, study, second)


def test_other_segments_and_the_users_colour_stay(scene, slicer, study):
    nodes = result_to_nodes(study, add_volume(study.volume, study.name))
    segmentation = nodes.segmentation.GetSegmentation()
    segmentation.GetSegment(nodes.segment_id).SetColor(0.0, 1.0, 0.0)
    other = segmentation.AddEmptySegment("Scar", "Scar")
    scar = np.zeros_like(study.label_map)
    scar[2, 20:30, 20:30] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(scar, nodes.segmentation, other, nodes.volume)
    segmentation.CollapseBinaryLabelmaps(False)
    changed = with_mask(study, ~study.mask)
    result_to_nodes(changed, nodes.volume, **given(nodes))
    np.testing.assert_array_equal(segment_array(slicer, nodes), changed.mask)
    back = slicer.util.arrayFromSegmentBinaryLabelmap(nodes.segmentation, other, nodes.volume)
    np.testing.assert_array_equal(back, scar)
    assert segmentation.GetSegment(nodes.segment_id).GetColor() == (0.0, 1.0, 0.0)


def test_a_surface_that_is_shown_follows_the_new_mask(scene, study):
    nodes = result_to_nodes(study, add_volume(study.volume, study.name))
    nodes.segmentation.CreateClosedSurfaceRepresentation()
    before = nodes.segmentation.GetClosedSurfaceInternalRepresentation(nodes.segment_id).GetNumberOfPoints()
    half = study.mask.copy()
    half[3:] = 0
    result_to_nodes(with_mask(study, half), nodes.volume, **given(nodes))
    after = nodes.segmentation.GetClosedSurfaceInternalRepresentation(nodes.segment_id).GetNumberOfPoints()
    assert 0 < after < before


def test_the_cavity_can_be_left_out(scene, slicer, study):
    nodes = result_to_nodes(study, add_volume(study.volume, study.name))
    segmentation = nodes.segmentation.GetSegmentation()
    segmentation.AddEmptySegment("Scar", "Scar")
    result_to_nodes(study, nodes.volume, **given(nodes), cavity=False)
    assert [segmentation.GetNthSegment(n).GetName() for n in range(2)] == ["Myocardium", "Scar"]
    assert segmentation.GetNumberOfSegments() == 2
    np.testing.assert_array_equal(segment_array(slicer, nodes), study.mask)


def test_a_cavity_that_the_user_drew_is_not_removed(scene, study):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "mine")
    node.CreateDefaultDisplayNodes()
    node.GetSegmentation().AddEmptySegment("LV cavity", "LV cavity")
    volume = add_volume(study.volume, study.name)
    result_to_nodes(study, volume, segmentation_node=node, cavity=False)
    assert node.GetSegmentation().GetSegment("LV cavity") is not None


def test_nodes_that_the_user_moved_stay_in_their_folder(scene, study):
    nodes = result_to_nodes(study, add_volume(study.volume, study.name))
    tree = hierarchy(scene)
    own = tree.CreateFolderItem(tree.GetSceneItemID(), "mine")
    tree.SetItemParent(tree.GetItemByDataNode(nodes.table), own)
    again = result_to_nodes(study, nodes.volume, segmentation_node=nodes.segmentation, table_node=nodes.table)
    assert tree.GetItemParent(tree.GetItemByDataNode(nodes.table)) == own
    assert tree.GetItemParent(tree.GetItemByDataNode(nodes.segmentation)) == nodes.folder
    assert tree.GetItemParent(tree.GetItemByDataNode(again.activation)) == own


@pytest.mark.parametrize("run", ["first", "update"])
@pytest.mark.parametrize("step", ["set_labels", "set_rows", "_set_map", "_place"])
def test_a_failure_leaves_the_scene_as_it_was(scene, slicer, study, monkeypatch, run, step):
    volume = add_volume(study.volume, study.name)
    given_nodes = given(result_to_nodes(study, volume)) if run == "update" else {}
    if not given_nodes:
        given_nodes = {"segmentation_node": scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "mine")}
    changed = replace(
        with_mask(study, ~study.mask),
        rows=study.rows[:2],
        provenance=replace(study.provenance, model="other"),
        activation=1 - study.activation,
    )
    before = contents(scene)
    original = getattr(nodes_module, step)

    def failing(*arguments, **options):
        original(*arguments, **options)
        raise RuntimeError("on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(nodes_module, step, failing)
        with pytest.raises(RuntimeError, match="on purpose"):
            result_to_nodes(changed, volume, **given_nodes)
    assert contents(scene) == before
    check_everything_is_there(slicer, study, result_to_nodes(study, volume, **given_nodes))


def test_the_map_of_uncertainty_follows_the_result(scene, slicer, study):
    deviation = np.linspace(0, 0.5, study.activation.size, dtype=np.float32).reshape(study.activation.shape)
    intervals = {"dcm_probability": Interval(0.6, 0.7)}
    unsure = replace(study, uncertainty=Uncertainty(deviation, intervals, {}, 7, 1.0))
    volume = add_volume(study.volume, study.name)
    nodes = result_to_nodes(unsure, volume)
    assert nodes.uncertainty.GetName() == f"{study.name} uncertainty"
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(nodes.uncertainty), deviation)
    assert nodes.uncertainty.GetDisplayNode().GetWindowLevelMax() == 0.5
    assert hierarchy(scene).GetItemParent(hierarchy(scene).GetItemByDataNode(nodes.uncertainty)) == nodes.folder

    surer = replace(unsure, uncertainty=Uncertainty(deviation / 2, intervals, {}, 7, 1.0))
    again = result_to_nodes(surer, volume, **given(nodes))
    assert again.uncertainty is nodes.uncertainty
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(again.uncertainty), deviation / 2)

    plain = result_to_nodes(study, volume, **given(nodes))
    assert plain.uncertainty is None
    assert scene.GetFirstNodeByName(f"{study.name} uncertainty") is None
    assert count(scene, "vtkMRMLColorLegendDisplayNode") == 2  # of the activation map and of the bull's eye


def test_a_result_of_another_volume_is_refused(scene, study):
    other = add_volume(drawn_study(slices=4).volume, "other")
    before = contents(scene)
    with pytest.raises(InputError, match=r"the result has 64 x 64 x 6 voxels, but the volume 'other' has 64 x 64 x 4"):
        result_to_nodes(study, other)
    assert contents(scene) == before


def test_a_segmentation_under_a_transform_is_refused(scene, study):
    volume = add_volume(study.volume, study.name)
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "moved")
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "shift")
    segmentation.SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(InputError, match="'moved' is under the transform 'shift'"):
        result_to_nodes(study, volume, segmentation_node=segmentation)


def test_a_chart_and_a_table_of_the_user_are_taken(scene, slicer, study):
    volume = add_volume(study.volume, study.name)
    table = scene.AddNewNodeByClass("vtkMRMLTableNode", "my table")
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", "my chart")
    nodes = result_to_nodes(study, volume, table_node=table, chart_node=chart)
    assert (nodes.table, nodes.chart) == (table, chart)
    assert (table.GetName(), chart.GetName()) == ("my table", "my chart")
    check_everything_is_there(slicer, study, nodes)


def test_a_scene_that_cannot_be_written_leaves_the_old_file(scene, study, tmp_path, monkeypatch):
    path = tmp_path / "drawn.mrb"
    path.write_bytes(b"old")
    result_to_nodes(study, add_volume(study.volume, study.name))
    monkeypatch.setattr("DCMMultiTaskLib.scene.files._is_whole", lambda path: False)
    with pytest.raises(InputError, match="cannot be saved"):
        save_scene(path)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["drawn.mrb"]


def test_a_full_disk_leaves_the_old_file_and_is_told_in_one_sentence(scene, study, tmp_path, monkeypatch):
    result_to_nodes(study, add_volume(study.volume, study.name))
    path = tmp_path / "drawn.mrb"
    path.write_bytes(b"old")

    def full(source, target):
        Path(target).write_bytes(Path(source).read_bytes()[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("DCMMultiTaskLib.scene.files.shutil.copyfile", full)
    with pytest.raises(InputError, match="No space left on device"):
        save_scene(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_refused_in_words(scene, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        save_scene(tmp_path / "file" / "x.mrb")


def test_a_stopped_run_stays_one_when_its_mask_is_measured_again(scene, study):
    nodes = result_to_nodes(replace(study, cancelled=True), add_volume(study.volume, study.name))
    measure_again(nodes.table)
    assert provenance.facts_of(nodes.table)["cancelled"] is True
