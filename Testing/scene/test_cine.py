"""A cine in the scene: images and masks of one browser, the volume curve, and all of it in a saved scene."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_studies import drawn_beat
from scene.test_result_nodes import contents

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.scene import cine
from DCMMultiTaskLib.scene import nodes as nodes_module
from DCMMultiTaskLib.scene.nodes import result_to_nodes
from DCMMultiTaskLib.scene.provenance import node_attributes
from DCMMultiTaskLib.scene.views import write_bundle


@pytest.fixture
def beat() -> Result:
    """Five phases whose images differ."""
    result = drawn_beat()
    phases = [phase.with_array(phase.array + number) for number, phase in enumerate(result.study.phases)]
    return replace(
        result, study=replace(result.study, phases=phases, notes=("said at reading",), height_cm=171.0), activation=None
    )


def shown(slicer, nodes) -> tuple[int, np.ndarray]:
    """Which image is shown, and the labels that lie over it."""
    labels = np.zeros_like(slicer.util.arrayFromVolume(nodes.volume), dtype=np.uint8)
    for label, name in ((1, "Myocardium"), (2, "LV cavity")):
        labels[slicer.util.arrayFromSegmentBinaryLabelmap(nodes.segmentation, name, nodes.volume) != 0] = label
    return int(slicer.util.arrayFromVolume(nodes.volume).min()) - 40, labels


def check_every_phase(slicer, beat: Result, nodes) -> None:
    for number in (3, 0, 4, 2, 1):
        cine.show_phase(nodes.volume, number)
        image, labels = shown(slicer, nodes)
        assert image == number
        np.testing.assert_array_equal(labels, beat.labels.get(number, 0 * beat.label_map))
        assert (nodes.volume.GetName(), nodes.segmentation.GetName()) == ("beating", "beating segmentation")
        assert node_attributes(nodes.segmentation)["phases"] == str(beat.provenance.phases)


def test_a_study_comes_back_from_the_scene_as_it_went_in(scene, beat):
    volume = cine.add_study(beat.study)
    back = cine.study_of(volume)
    assert (back.height_cm, back.weight_kg) == (171.0, None)
    assert (back.name, back.times_ms, back.notes) == (beat.study.name, beat.study.times_ms, beat.study.notes)
    for one, other in zip(back.phases, beat.study.phases, strict=True):
        np.testing.assert_array_equal(one.array, other.array)
        assert one.geometry.same_as(other.geometry)
    assert cine.study_of(cine.add_study(Study("one", [beat.volume]))).phases[0].array.shape == beat.volume.array.shape


@pytest.mark.parametrize("times", [None, (50.0, 40.0, 30.0, 20.0, 10.0)])
def test_without_times_that_grow_the_phases_are_counted_from_one(scene, beat, times):
    volume = cine.add_study(replace(beat.study, times_ms=times))
    images = cine.browser_of(volume).GetMasterSequenceNode()
    assert [images.GetNthIndexValue(n) for n in range(5)] == ["1", "2", "3", "4", "5"]
    assert cine.study_of(volume).times_ms is None


def test_images_and_masks_play_together(scene, slicer, beat):
    nodes = result_to_nodes(beat, cine.add_study(beat.study))
    assert cine.shown_phase(nodes.volume) == beat.phase
    assert slicer.modules.sequences.logic().GetFirstBrowserNodeForProxyNode(nodes.segmentation) is cine.browser_of(
        nodes.volume
    )
    check_every_phase(slicer, beat, nodes)


def test_the_table_belongs_to_the_phase_that_was_asked_for_and_the_others_have_no_mask(scene, slicer, beat):
    one = replace(beat, labels={2: beat.labels[2]}, phase=2, provenance=replace(beat.provenance, phase=2, phases=5))
    nodes = result_to_nodes(one, cine.add_study(beat.study))
    assert cine.shown_phase(nodes.volume) == 2
    assert nodes.curve is None
    check_every_phase(slicer, one, nodes)


def test_a_second_run_renews_the_masks_and_keeps_what_the_user_has_drawn(scene, slicer, beat):
    nodes = result_to_nodes(beat, cine.add_study(beat.study))
    count = scene.GetNumberOfNodes()
    cine.show_phase(nodes.volume, 3)
    scar = np.zeros_like(beat.label_map)
    scar[2, 20:30, 20:30] = 1
    nodes.segmentation.GetSegmentation().AddEmptySegment("Scar", "Scar")
    slicer.util.updateSegmentBinaryLabelmapFromArray(scar, nodes.segmentation, "Scar", nodes.volume)
    changed = replace(beat, labels={number: labels[::-1].copy() for number, labels in beat.labels.items()})
    again = result_to_nodes(changed, nodes.volume, segmentation_node=nodes.segmentation, table_node=nodes.table)
    assert scene.GetNumberOfNodes() == count
    check_every_phase(slicer, changed, again)
    cine.show_phase(nodes.volume, 3)
    back = slicer.util.arrayFromSegmentBinaryLabelmap(nodes.segmentation, "Scar", nodes.volume)
    np.testing.assert_array_equal(back, scar)


def test_an_edit_belongs_to_its_phase(scene, slicer, beat):
    nodes = result_to_nodes(beat, cine.add_study(beat.study))
    cine.show_phase(nodes.volume, 1)
    empty = np.zeros_like(beat.label_map)
    slicer.util.updateSegmentBinaryLabelmapFromArray(empty, nodes.segmentation, "Myocardium", nodes.volume)
    edited = replace(beat, labels={**beat.labels, 1: np.where(beat.labels[1] == 1, 0, beat.labels[1])})
    check_every_phase(slicer, edited, nodes)


def test_the_volume_curve_marks_end_diastole_and_end_systole(scene, slicer, beat):
    nodes = result_to_nodes(beat, cine.add_study(beat.study))
    curve, moments = (nodes.curve.GetNthPlotSeriesNode(n) for n in range(2))
    times, volumes = (slicer.util.arrayFromTableColumn(curve.GetTableNode(), c) for c in ("time_ms", "lv_cavity_ml"))
    np.testing.assert_allclose(times, beat.study.times_ms)
    np.testing.assert_allclose(volumes, [phase.lv_cavity_ml for phase in beat.heart_beat.phases])
    marked = slicer.util.arrayFromTableColumn(moments.GetTableNode(), "time_ms")
    np.testing.assert_allclose(marked, [times[beat.heart_beat.ed_phase], times[beat.heart_beat.es_phase]])
    assert curve.GetXColumnName() == moments.GetXColumnName() == "time_ms"
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    for node in (nodes.curve, curve, curve.GetTableNode(), nodes.segmentation):
        assert tree.GetItemParent(tree.GetItemByDataNode(node)) == nodes.folder


def test_a_later_run_on_one_phase_takes_the_curve_away(scene, beat):
    nodes = result_to_nodes(beat, cine.add_study(beat.study))
    one = replace(beat, labels={0: beat.labels[0]})
    result_to_nodes(one, nodes.volume, segmentation_node=nodes.segmentation, table_node=nodes.table)
    assert nodes.table.GetNodeReference(nodes_module.CURVE_ROLE) is None
    assert scene.GetNumberOfNodesByClass("vtkMRMLPlotSeriesNode") == 2


@pytest.mark.parametrize("where", ["bundle", "scene"])
def test_a_saved_cine_opens_and_plays(scene, slicer, beat, tmp_path, where):
    if where == "bundle":
        path = write_bundle(beat, tmp_path / "beating.mrb")
        assert scene.GetNumberOfNodesByClass("vtkMRMLSequenceNode") == 0
    else:
        from DCMMultiTaskLib.scene.files import save_scene

        result_to_nodes(beat, cine.add_study(beat.study))
        path = save_scene(tmp_path / "beating.mrb")
        scene.Clear(0)
    assert scene.ReadFromMRB(str(path), True)
    back = result_nodes(slicer)
    assert cine.study_of(back.volume).times_ms == beat.study.times_ms
    assert cine.shown_phase(back.volume) == beat.phase
    check_every_phase(slicer, beat, back)
    assert back.curve.GetNthPlotSeriesNode(0).GetTableNode().GetNumberOfRows() == 5
    count = scene.GetNumberOfNodes()
    result_to_nodes(beat, back.volume, segmentation_node=back.segmentation, table_node=back.table)
    assert scene.GetNumberOfNodes() == count, "the nodes of a loaded scene are found and updated"
    check_every_phase(slicer, beat, back)


def result_nodes(slicer) -> nodes_module.ResultNodes:
    node = slicer.util.getNode
    table = node("beating DCM risk")
    return nodes_module.ResultNodes(
        volume=node("beating"),
        segmentation=node("beating segmentation"),
        segment_id="Myocardium",
        table=table,
        chart=table.GetNodeReference(nodes_module.CHART_ROLE),
        activation=None,
        uncertainty=None,
        curve=table.GetNodeReference(nodes_module.CURVE_ROLE),
        bulls_eye=table.GetNodeReference(nodes_module.BULLS_EYE_ROLE),
        folder=0,
    )


@pytest.mark.parametrize("step", ["set_labels", "_place"])
@pytest.mark.parametrize("run", ["first", "update"])
def test_a_failure_leaves_the_cine_as_it_was(scene, slicer, beat, monkeypatch, run, step):
    volume = cine.add_study(beat.study)
    options = {}
    if run == "update":
        nodes = result_to_nodes(beat, volume)
        options = {"segmentation_node": nodes.segmentation, "table_node": nodes.table}
    before = contents(scene)
    original = getattr(nodes_module, step)

    def failing(*arguments, **keywords):
        original(*arguments, **keywords)
        raise RuntimeError("on purpose")

    changed = replace(beat, labels={number: labels[::-1].copy() for number, labels in beat.labels.items()})
    with monkeypatch.context() as patch:
        patch.setattr(nodes_module, step, failing)
        with pytest.raises(RuntimeError, match="on purpose"):
            result_to_nodes(changed, volume, **options)
    assert contents(scene) == before
    if run == "update":
        check_every_phase(slicer, beat, nodes)


def test_a_cine_under_a_transform_is_refused(scene, beat):
    volume = cine.add_study(beat.study)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "shift")
    volume.SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(InputError, match="'beating' is under the transform 'shift'"):
        cine.study_of(volume)
