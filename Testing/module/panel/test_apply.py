"""Apply, by a mouse click: right mask, table and chart; cancel, errors, running again."""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from panel_helpers import dice, mask_of, nodes_of
from slicer_standin.interaction import click, process_events, screenshot

from DCMMultiTaskLib.scene.files import save_scene
from DCMMultiTaskLib.scene.nodes import VOLUME_ROLE, add_volume
from DCMMultiTaskLib.scene.provenance import node_attributes
from DCMMultiTaskLib.scene.table import rows_of


def test_torch_is_not_imported_by_loading_the_module_and_opening_its_panel(slicer: Any) -> None:
    assert slicer.loaded_torch is False


def test_module_and_library_are_those_of_the_tree_that_is_tested() -> None:
    import DCMMultiTaskLib

    tree = Path(os.environ["DCM_MODULE_TREE"]).resolve()
    assert Path(sys.modules["DCMMultiTask"].__file__ or "").resolve().parent == tree
    assert Path(DCMMultiTaskLib.__file__).resolve().parents[1] in (tree, tree.parent)


def test_apply_says_what_is_missing(panel: Any) -> None:
    assert not panel.ui.applyButton.enabled
    assert "volume" in panel.ui.applyButton.toolTip


def test_a_volume_that_comes_is_chosen_and_apply_becomes_ready(panel: Any, study: Any) -> None:
    assert panel.ui.inputSelector.currentNode() is study.node
    assert study.parameters.inputVolume is study.node
    assert panel.ui.applyButton.enabled
    study.parameters.modelPath = str(Path("nowhere") / "none.dcmmodel")
    assert not panel.ui.applyButton.enabled
    assert "none.dcmmodel" in panel.ui.applyButton.toolTip


def test_an_activation_map_can_not_be_written_over_the_volume_that_is_analysed(panel: Any, study: Any) -> None:
    study.parameters.computeActivation = True
    study.parameters.activationVolume = study.node
    assert not panel.ui.applyButton.enabled
    assert "overwrite" in panel.ui.applyButton.toolTip


def test_a_click_on_apply_gives_mask_table_and_chart(slicer: Any, panel: Any, study: Any) -> None:
    click(panel.ui.applyButton)
    assert dice(mask_of(slicer, study) == 1, study.truth.array == 1) > 0.7
    rows = rows_of(study.parameters.table)
    assert [row.slice for row in rows] == list(range(7))
    assert all(0 <= row.dcm_probability <= 1 for row in rows if row.quality == "ok")
    assert panel.ui.sliceTable.rowCount == 7
    chart = study.parameters.table.GetNodeReference("DCMMultiTask.Chart")
    assert chart.GetNthPlotSeriesNode(0).GetYColumnName() == "dcm_probability"
    probability = float(node_attributes(study.parameters.table)["dcm_probability"])
    assert f"{probability:.2f}" in panel.ui.probabilityLabel.text
    assert not panel.ui.resultsCollapsibleButton.collapsed
    assert "esearch use only" in panel.ui.researchLabel.text


def test_the_numbers_are_those_of_the_command_line(slicer: Any, panel: Any, study: Any, tmp_path: Path) -> None:
    import SimpleITK as sitk

    from DCMMultiTaskLib.cli import main
    from DCMMultiTaskLib.imaging.writing import write_volume

    file = tmp_path / f"{study.name}.nrrd"
    write_volume(file, study.volume)
    assert main(["predict", str(file), "-o", str(tmp_path), "--model", study.parameters.modelPath]) == 0
    click(panel.ui.applyButton)
    with (tmp_path / f"{study.name}_risk.csv").open(newline="", encoding="utf-8") as stream:
        told = list(csv.DictReader(stream))
    rows = rows_of(study.parameters.table)
    assert len(told) == len(rows)
    for text, row in zip(told, rows, strict=True):
        assert int(text["slice"]) == row.slice
        assert float(text["position_mm"]) == pytest.approx(row.position_mm, abs=5e-4)
        assert float(text["dcm_probability"] or "nan") == pytest.approx(row.dcm_probability, abs=5e-7, nan_ok=True)
        assert int(text["dcm_class"]) == row.dcm_class
        assert float(text["myocardium_area_mm2"]) == pytest.approx(row.myocardium_area_mm2, abs=5e-3)
        assert text["quality"] == row.quality
    mask = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / f"{study.name}.seg.nrrd")))
    np.testing.assert_array_equal(mask_of(slicer, study), mask == 1)


def test_running_again_updates_the_nodes_and_does_not_multiply_them(slicer: Any, panel: Any, study: Any) -> None:
    click(panel.ui.applyButton)
    before = nodes_of(slicer)
    first = rows_of(study.parameters.table)
    assert any(row.dcm_class for row in first)
    study.parameters.useModelThreshold = False
    study.parameters.threshold = 1.0
    click(panel.ui.applyButton)
    assert nodes_of(slicer) == before
    second = rows_of(study.parameters.table)
    assert not any(row.dcm_class for row in second)
    assert [row.dcm_probability for row in second] == [row.dcm_probability for row in first]


def test_the_activation_map_is_made_when_asked_for_and_shown_over_the_volume(
    slicer: Any, panel: Any, study: Any
) -> None:
    click(panel.ui.outputsCollapsibleButton) if panel.ui.outputsCollapsibleButton.collapsed else None
    click(panel.ui.activationCheckBox)
    click(panel.ui.applyButton)
    activation = study.parameters.activationVolume
    values = slicer.util.arrayFromVolume(activation)
    assert values.shape == study.volume.array.shape
    assert 0 <= values.min() < values.max() <= 1
    composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    assert composite.GetBackgroundVolumeID() == study.node.GetID()
    assert composite.GetForegroundVolumeID() == activation.GetID()
    evidence = values.copy()
    panel.ui.activationKindComboBox.setCurrentIndex(2)
    click(panel.ui.applyButton)
    assert study.parameters.activationVolume is activation
    assert not np.array_equal(slicer.util.arrayFromVolume(activation), evidence)
    legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(activation)
    assert legend.GetTitleText() == "Attention 2"


def test_a_run_without_activation_map_takes_the_old_one_out_of_the_views_and_leaves_the_users_own(
    slicer: Any, panel: Any, study: Any
) -> None:
    composites = [
        slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode() for name in ("Red", "Green", "Yellow")
    ]
    study.parameters.computeActivation = True
    click(panel.ui.applyButton)
    own = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "perfusion")
    composites[2].SetForegroundVolumeID(own.GetID())
    study.parameters.computeActivation = False
    click(panel.ui.applyButton)
    assert [composite.GetForegroundVolumeID() for composite in composites] == [None, None, own.GetID()]


def test_what_is_said_of_one_volume_is_not_left_above_another(slicer: Any, panel: Any, study: Any) -> None:
    click(panel.ui.applyButton)
    said = panel.ui.statusLabel.text
    assert said.startswith("Finished")
    study.parameters.inputVolume = add_volume(study.volume, study.name)
    assert panel.ui.statusLabel.text == ""
    study.parameters.inputVolume = study.node
    assert panel.ui.statusLabel.text == said


def test_results_of_one_patient_are_never_written_over_by_the_next(slicer: Any, panel: Any, study: Any) -> None:
    click(panel.ui.applyButton)
    first = study.parameters.segmentation, study.parameters.table
    other = add_volume(study.volume.with_array(study.volume.array[::-1].copy()), study.name)
    study.parameters.inputVolume = other
    assert study.parameters.segmentation is None
    assert panel.ui.sliceTable.rowCount == 0
    click(panel.ui.applyButton)
    assert study.parameters.table is not first[1]
    assert study.parameters.table.GetNodeReference(VOLUME_ROLE) is other
    study.parameters.inputVolume = study.node
    assert (study.parameters.segmentation, study.parameters.table) == first
    assert panel.ui.sliceTable.rowCount == 7


def test_undo_takes_a_run_back(slicer: Any, panel: Any, study: Any) -> None:
    scene = slicer.mrmlScene
    scene.SetUndoOn()
    try:
        for kind in ("vtkMRMLSegmentationNode", "vtkMRMLTableNode", "vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode"):
            default = scene.CreateNodeByClass(kind)
            default.UnRegister(None)
            default.SetUndoEnabled(True)
            scene.AddDefaultNode(default)
        click(panel.ui.applyButton)
        assert slicer.util.getNodesByClass("vtkMRMLTableNode")
        levels = scene.GetNumberOfUndoLevels()
        assert levels == 1
        scene.Undo()
        assert not [node for node in slicer.util.getNodesByClass("vtkMRMLTableNode") if node_attributes(node)]
        assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    finally:
        scene.ClearUndoStack()
        scene.SetUndoOff()


def test_a_saved_scene_brings_panel_and_nodes_back(slicer: Any, panel: Any, study: Any, tmp_path: Path) -> None:
    study.parameters.largestComponent = False
    study.parameters.showCavity = False
    study.parameters.useModelThreshold = False
    study.parameters.threshold = 0.25
    click(panel.ui.applyButton)
    shown = panel.ui.probabilityLabel.text, panel.ui.ruleLabel.text
    mask, quality = mask_of(slicer, study), [row.quality for row in rows_of(study.parameters.table)]
    save_scene(tmp_path / "study.mrb")
    slicer.mrmlScene.Clear(False)
    process_events()
    assert panel.ui.sliceTable.rowCount == 0
    assert slicer.mrmlScene.ReadFromMRB(str(tmp_path / "study.mrb"), True)
    process_events()
    parameters = panel._parameterNode
    assert parameters.inputVolume.GetName() == study.name
    assert (parameters.largestComponent, parameters.useModelThreshold, parameters.threshold) == (False, False, 0.25)
    assert not panel.ui.largestComponentCheckBox.checked
    assert not panel.ui.showCavityCheckBox.checked
    assert parameters.segmentation.GetSegmentation().GetNumberOfSegments() == 1
    assert panel.ui.thresholdSlider.value == pytest.approx(0.25)
    assert (panel.ui.probabilityLabel.text, panel.ui.ruleLabel.text) == shown
    assert [row.quality for row in rows_of(parameters.table)] == quality
    segment = parameters.segmentation.GetSegmentation().GetNthSegmentID(0)
    loaded = slicer.util.arrayFromSegmentBinaryLabelmap(parameters.segmentation, segment, parameters.inputVolume)
    np.testing.assert_array_equal(loaded, mask)


def test_the_module_can_be_reloaded_with_its_result(slicer: Any, panel: Any, study: Any) -> None:
    click(panel.ui.applyButton)
    text = panel.ui.probabilityLabel.text
    panel.onReload()
    process_events()
    reloaded = slicer.modules.DCMMultiTaskWidget
    assert reloaded is not panel
    assert reloaded.ui.probabilityLabel.text == text
    reloaded._parameterNode.modelPath = study.parameters.modelPath
    click(reloaded.ui.applyButton)
    assert reloaded.ui.sliceTable.rowCount == 7


def test_a_box_around_the_heart_bounds_the_mask(slicer: Any, panel: Any, study: Any) -> None:
    click(panel.ui.applyButton)
    whole = mask_of(slicer, study).copy()
    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "heart")
    bounds = [0.0] * 6
    study.parameters.segmentation.GetRASBounds(bounds)
    centre = [(bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3)]
    roi.SetCenterWorld(*centre)
    roi.SetSizeWorld(*[(bounds[2 * axis + 1] - bounds[2 * axis]) / 2 for axis in range(3)])
    study.parameters.roi = roi
    click(panel.ui.applyButton)
    part = mask_of(slicer, study)
    assert 0 < part.sum() < whole.sum()


def test_the_panel_fits_its_width(slicer: Any, panel: Any, study: Any, tmp_path: Path) -> None:
    click(panel.ui.applyButton)
    picture = screenshot(slicer.util.mainWindow(), tmp_path / "panel.png")
    assert picture.stat().st_size > 10_000
    assert panel.ui.sliceTable.width <= panel.ui.resultsCollapsibleButton.width
