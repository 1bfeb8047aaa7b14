"""A cine in the panel: read from a folder, analysed as a whole or at one phase, clicked through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from panel_helpers import mask_of
from slicer_standin.interaction import click, click_cell, process_events
from slicer_standin.pythonqt import native

from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.scene import cine
from DCMMultiTaskLib.scene.provenance import facts_of


@pytest.fixture
def in_scene(panel: Any, study: Any, beating: Study) -> Any:
    """The cine in the scene and chosen, beside the single volume of `study`."""
    study.node = study.parameters.inputVolume = cine.add_study(beating)
    process_events()
    return study


def click_point(slicer: Any, series: Any, index: int) -> None:
    """What Slicer's plot view tells when a point is clicked."""
    import vtk

    names, points, chosen = vtk.vtkStringArray(), vtk.vtkIdTypeArray(), vtk.vtkCollection()
    names.InsertNextValue(series.GetID())
    points.InsertNextValue(index)
    chosen.AddItem(points)
    native(slicer.app.layoutManager().plotWidget(0).plotView())._dataSelected.emit(names, chosen)
    process_events()


def test_the_phases_are_offered_for_a_cine_alone(panel: Any, study: Any, beating: Study) -> None:
    assert not panel.ui.phasesComboBox.visible
    study.parameters.inputVolume = cine.add_study(beating)
    process_events()
    assert panel.ui.phasesComboBox.visible
    assert panel.ui.phasesLabel.text == "Phases (4):"
    study.parameters.inputVolume = study.node
    process_events()
    assert not panel.ui.phasesComboBox.visible


def test_all_phases_are_analysed_and_the_table_is_about_end_diastole(slicer: Any, panel: Any, in_scene: Any) -> None:
    cine.show_phase(in_scene.node, 2)
    click(panel.ui.applyButton)
    facts = facts_of(in_scene.parameters.table)
    beat = facts["heart_beat"]
    assert (facts["phases"], facts["phase"]) == (4, beat["ed_phase"])
    assert cine.shown_phase(in_scene.node) == beat["ed_phase"]
    text = panel.ui.probabilityLabel.text
    assert f"ejection fraction {beat['ejection_fraction_percent']:.0f} %" in text
    assert f"Slices of phase {beat['ed_phase'] + 1} of 4, end diastole" in text
    masks = []
    for phase in range(4):
        cine.show_phase(in_scene.node, phase)
        masks.append(mask_of(slicer, in_scene).sum())
    assert len(set(masks)) > 1 and min(masks) > 0, "every phase has its own mask"
    click_cell(panel.ui.sliceTable, 3)
    assert cine.shown_phase(in_scene.node) == facts["phase"], "the rows are about this phase"


def test_a_click_on_a_point_shows_its_phase_or_its_slice(slicer: Any, panel: Any, in_scene: Any) -> None:
    click(panel.ui.applyButton)
    click(panel.ui.showCurveButton)
    curve = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLPlotViewNode").GetPlotChartNode()
    assert curve.GetName() == "beating volume curve"
    for phase in (3, 1):
        click_point(slicer, curve.GetNthPlotSeriesNode(0), phase)
        assert cine.shown_phase(in_scene.node) == phase
    beat = facts_of(in_scene.parameters.table)["heart_beat"]
    click_point(slicer, curve.GetNthPlotSeriesNode(1), 1)
    assert cine.shown_phase(in_scene.node) == beat["es_phase"]
    click(panel.ui.showChartButton)
    chart = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLPlotViewNode").GetPlotChartNode()
    click_point(slicer, chart.GetNthPlotSeriesNode(0), 4)
    node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    to_index = slicer.util.arrayFromVTKMatrix(_ras_to_ijk(in_scene.node))
    centre = to_index @ [*slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())[:3, 3], 1]
    assert centre[2] == pytest.approx(4, abs=1e-3)


def _ras_to_ijk(volume: Any) -> Any:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    volume.GetRASToIJKMatrix(matrix)
    return matrix


def test_only_the_phase_that_is_shown_is_analysed_when_asked_for(slicer: Any, panel: Any, in_scene: Any) -> None:
    cine.show_phase(in_scene.node, 2)
    panel.ui.phasesComboBox.setCurrentIndex(1)
    click(panel.ui.applyButton)
    facts = facts_of(in_scene.parameters.table)
    assert (facts["phase"], facts["phases"], facts["heart_beat"]) == (2, 4, None)
    assert "Slices of phase 3 of 4." in panel.ui.probabilityLabel.text
    assert not panel.ui.showCurveButton.visible
    assert cine.shown_phase(in_scene.node) == 2
    assert mask_of(slicer, in_scene).any()
    cine.show_phase(in_scene.node, 0)
    assert not mask_of(slicer, in_scene).any()


def test_the_numbers_of_a_cine_are_those_of_the_command_line(
    slicer: Any, panel: Any, in_scene: Any, beating: Study
) -> None:
    click(panel.ui.applyButton)
    facts = facts_of(in_scene.parameters.table)
    result = panel.logic.predictor(in_scene.parameters.modelPath, "auto").predict(beating)
    assert facts["dcm_probability"] == result.dcm_probability
    assert facts["heart_beat"]["edv_ml"] == pytest.approx(result.heart_beat.edv_ml, abs=1e-3)
    for phase, labels in result.labels.items():
        cine.show_phase(in_scene.node, phase)
        np.testing.assert_array_equal(mask_of(slicer, in_scene), labels == 1)


def test_a_folder_with_one_series_per_position_is_loaded_as_one_cine(
    slicer: Any, panel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import qt
    from imaging.dicom_files import write_cine

    pixels = write_cine(tmp_path / "study", positions=4, phases=3, split_series=True)
    monkeypatch.setattr(qt.QFileDialog, "getExistingDirectory", staticmethod(lambda *_: str(tmp_path / "study")))
    click(panel.ui.cineFolderButton)
    volume = panel._parameterNode.inputVolume
    assert panel.ui.inputSelector.currentNode() is volume
    assert panel.ui.phasesLabel.text == "Phases (3):"
    for phase in range(3):
        cine.show_phase(volume, phase)
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(volume), pixels[phase])


def test_a_folder_without_a_study_is_refused_in_words_and_a_cancelled_dialog_does_nothing(
    slicer: Any, panel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import qt

    shown: list[str] = []
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, **_: shown.append(text))
    for folder in ("", str(tmp_path)):
        monkeypatch.setattr(qt.QFileDialog, "getExistingDirectory", staticmethod(lambda *_, folder=folder: folder))
        click(panel.ui.cineFolderButton)
    assert len(shown) == 1 and "Traceback" not in shown[0]
    assert not slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    assert panel.ui.statusLabel.text == shown[0]
