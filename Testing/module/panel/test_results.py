"""The Results section: table, sorting, jumping to a slice, chart, 3D, export."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from provenances import provenance
from slicer_standin.interaction import click, click_cell, process_events

from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.inference.result import Result, SliceRow
from DCMMultiTaskLib.scene.nodes import add_volume, result_to_nodes
from DCMMultiTaskLib.scene.table import rows_of

PROBABILITIES = (0.2, 0.9, float("nan"), 0.55, 0.05, 0.7, 0.4)
QUALITY = ("ok", "ok", "no myocardium found", "ok", "ring open", "ok", "ok")


@pytest.fixture
def result(panel: Any, phantom: Any) -> Any:
    """A known result for the phantom, whose mask is the truth, shown in the panel; no network is needed for it."""
    volume = phantom.volume
    rows = tuple(
        SliceRow(
            slice=k,
            position_mm=k * volume.geometry.spacing[2],
            dcm_probability=probability,
            dcm_class=int(probability >= 0.5),
            myocardium_area_mm2=float(
                (phantom.truth.array[k] == 1).sum() * volume.geometry.spacing[0] * volume.geometry.spacing[1]
            ),
            quality=quality,
            cavity_area_mm2=1000.0,
        )
        for k, (probability, quality) in enumerate(zip(PROBABILITIES, QUALITY, strict=True))
    )
    known = Result(
        study=Study(phantom.name, [volume]),
        labels={0: phantom.truth.array},
        phase=0,
        slice_axis=2,
        rows=rows,
        dcm_probability=0.62,
        dcm_class=1,
        rule="Mean of the slices, for this test.",
        provenance=provenance(notes=("A note for the user.",), seconds=1.0),
    )
    nodes = result_to_nodes(known, add_volume(volume, phantom.name))
    parameters = panel._parameterNode
    parameters.inputVolume, parameters.segmentation = nodes.volume, nodes.segmentation
    parameters.table = nodes.table
    panel.ui.resultsCollapsibleButton.collapsed = False
    process_events()
    return nodes


def column(panel: Any, number: int) -> list[str]:
    table = panel.ui.sliceTable
    return [table.item(row, number).text() for row in range(table.rowCount)]


def text(panel: Any) -> str:
    return re.sub("<.*?>", "", panel.ui.probabilityLabel.text)


def click_header(panel: Any, number: int) -> None:
    from PySide6 import QtCore, QtTest
    from slicer_standin.pythonqt import native

    header = native(panel.ui.sliceTable).horizontalHeader()
    place = QtCore.QPoint(header.sectionViewportPosition(number) + 10, header.height() // 2)
    QtTest.QTest.mouseClick(header.viewport(), QtCore.Qt.MouseButton.LeftButton, pos=place)
    process_events()


def test_patient_and_slices_are_shown_with_rule_and_notes(panel: Any, result: Any) -> None:
    assert "0.62" in panel.ui.probabilityLabel.text
    assert "at or above the threshold of 0.50" in panel.ui.probabilityLabel.text
    assert "from 5 of 7 slices; not counted: slice 3 (no myocardium found); slice 5 (ring open)." in text(panel)
    assert panel.ui.ruleLabel.text == "Mean of the slices, for this test."
    assert panel.ui.notesLabel.text == "A note for the user."
    assert column(panel, 0) == ["1", "2", "3", "4", "5", "6", "7"]
    assert column(panel, 1) == ["0.20", "0.90", "–", "0.55", "0.05", "0.70", "0.40"]
    assert column(panel, 3) == list(QUALITY)


def test_a_click_on_a_title_sorts_and_a_second_click_turns_the_order_round(panel: Any, result: Any) -> None:
    click_header(panel, 1)
    assert column(panel, 0) == ["5", "1", "7", "4", "6", "2", "3"]
    click_header(panel, 1)
    assert column(panel, 0) == ["2", "6", "4", "7", "1", "5", "3"]
    click_header(panel, 0)
    assert column(panel, 0) == ["1", "2", "3", "4", "5", "6", "7"]


def test_slices_that_should_not_be_believed_stand_out(panel: Any, result: Any) -> None:
    table = panel.ui.sliceTable
    colours = [table.item(row, 0).background().color().name() for row in range(table.rowCount)]
    marked = [row for row, colour in enumerate(colours) if colour == "#ffd580"]
    assert marked == [2, 4]
    assert "ring open" in table.item(4, 3).toolTip()
    bold = [row for row in range(table.rowCount) if table.item(row, 1).font().bold()]
    assert bold == [1, 3, 5]


def centre_of_slice(phantom: Any, k: float) -> np.ndarray:
    """RAS position of the middle of the whole mask, moved along the slice normal onto slice k."""
    volume = phantom.volume
    where = np.argwhere(phantom.truth.array == 1)[:, ::-1]
    low, high = where.min(axis=0), where.max(axis=0)
    index = np.array([*((low + high) / 2)[:2], k, 1.0])
    return (volume.geometry.index_to_lps @ index)[:3] * (-1, -1, 1)


def slice_nodes(slicer: Any) -> list[Any]:
    manager = slicer.app.layoutManager()
    return [manager.sliceWidget(name).mrmlSliceNode() for name in manager.sliceViewNames()]


def middle_of(slicer: Any, node: Any) -> np.ndarray:
    """RAS position in the middle of a slice view."""
    width, height, _ = node.GetDimensions()
    return (slicer.util.arrayFromVTKMatrix(node.GetXYToRAS()) @ [width / 2, height / 2, 0, 1])[:3]


@pytest.mark.parametrize("row", [1, 5])
def test_a_click_on_a_row_centres_every_slice_view_on_the_heart_in_that_slice(
    slicer: Any, panel: Any, result: Any, phantom: Any, row: int
) -> None:
    from DCMMultiTaskModule import display

    display.showResult(result)
    for node in slice_nodes(slicer):
        node.SetXYZOrigin(30, -20, 0)  # the user has moved the picture
    click_cell(panel.ui.sliceTable, row, 1)
    normal = phantom.volume.geometry.direction[:, 2] * (-1, -1, 1)
    in_plane = 0
    for node in slice_nodes(slicer):
        in_plane += abs(slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())[:3, 2] @ normal) > 0.999
        np.testing.assert_allclose(middle_of(slicer, node), centre_of_slice(phantom, row), atol=1e-3)
    assert in_plane >= 1


def test_after_a_run_the_views_show_the_middle_of_the_ventricle_from_near(
    slicer: Any, panel: Any, result: Any, phantom: Any
) -> None:
    from DCMMultiTaskModule import display

    display.showResult(result)
    found = np.argwhere((phantom.truth.array == 1).any(axis=0))
    size = (np.ptp(found, axis=0) + 1).max() * phantom.volume.geometry.spacing[0]
    middle = centre_of_slice(phantom, (phantom.truth.array.shape[0] - 1) / 2)
    for node in slice_nodes(slicer):
        np.testing.assert_allclose(middle_of(slicer, node), middle, atol=1e-3)
        assert size < min(node.GetFieldOfView()[:2]) < 3 * size


def test_an_empty_mask_leaves_the_whole_image_in_the_views(slicer: Any, panel: Any, result: Any, phantom: Any) -> None:
    from DCMMultiTaskModule import display

    mask = np.zeros(phantom.volume.array.shape, np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, result.segmentation, result.segment_id, result.volume)
    display.showResult(result)
    whole = phantom.volume.array.shape[2] * phantom.volume.geometry.spacing[0]
    for node in slice_nodes(slicer):
        if (
            abs(slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())[:3, 2] @ (phantom.volume.geometry.direction[:, 2]))
            > 0.999
        ):
            assert min(node.GetFieldOfView()[:2]) > 0.9 * whole


def test_after_sorting_a_click_still_goes_to_the_slice_of_the_row(
    slicer: Any, panel: Any, result: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from DCMMultiTaskModule import display

    jumps: list[int] = []
    monkeypatch.setattr(display, "jumpToSlice", lambda table, index: jumps.append(index))
    click_header(panel, 1)
    jumps.clear()
    click_cell(panel.ui.sliceTable, 0, 2)
    assert set(jumps) == {4}


def test_the_chart_is_shown_in_the_layout(slicer: Any, panel: Any, result: Any) -> None:
    click(panel.ui.showChartButton)
    view = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLPlotViewNode")
    assert view.GetPlotChartNodeID() == result.chart.GetID()


def test_the_bulls_eye_is_shown_in_the_red_view_and_a_click_on_a_row_brings_the_volume_back(
    slicer: Any, panel: Any, result: Any
) -> None:
    from DCMMultiTaskModule import display

    display.showResult(result)
    composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
    click(panel.ui.bullsEyeButton)
    assert composite.GetBackgroundVolumeID() == result.bulls_eye.GetID()
    click_cell(panel.ui.sliceTable, 3, 1)
    assert composite.GetBackgroundVolumeID() == result.volume.GetID()
    assert display.outputsOf(result.volume)["activationVolume"] is None


def test_show_3d_is_slicers_own_button_and_makes_and_removes_a_surface(slicer: Any, panel: Any, result: Any) -> None:
    assert panel.ui.show3DButton.className() == "qMRMLSegmentationShow3DButton"
    segmentation = result.segmentation.GetSegmentation()
    assert not segmentation.ContainsRepresentation("Closed surface")
    click(panel.ui.show3DButton)
    assert segmentation.ContainsRepresentation("Closed surface")
    assert result.segmentation.GetDisplayNode().GetVisibility3D()
    click(panel.ui.show3DButton)
    assert not segmentation.ContainsRepresentation("Closed surface")
    panel._parameterNode.table = None
    assert not panel.ui.show3DButton.enabled


def test_the_exported_table_is_the_file_of_the_command_line(
    slicer: Any, panel: Any, result: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import qt

    asked: list[str] = []

    def choose(parent: Any, title: str, path: str, filters: str) -> str:
        asked.append(Path(path).name)
        return str(tmp_path / "chosen")

    monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", staticmethod(choose))
    click_header(panel, 1)  # the order on the screen is not the order in the file
    click(panel.ui.exportTableButton)
    assert asked == [f"{result.volume.GetName()}_risk.csv"]
    with (tmp_path / "chosen.csv").open(newline="", encoding="utf-8") as stream:
        told = list(csv.DictReader(stream))
    assert [row["slice"] for row in told] == ["0", "1", "2", "3", "4", "5", "6"]
    assert [row["quality"] for row in told] == list(QUALITY)
    assert float(told[1]["dcm_probability"]) == 0.9
    assert told[2]["dcm_probability"] == ""
    assert "chosen.csv" in panel.ui.statusLabel.text


def test_the_exported_scene_opens_with_the_result(
    slicer: Any, panel: Any, result: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import qt

    monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", staticmethod(lambda *_: str(tmp_path / "all.mrb")))
    click(panel.ui.exportSceneButton)
    name = result.table.GetName()
    slicer.mrmlScene.Clear(False)
    assert slicer.mrmlScene.ReadFromMRB(str(tmp_path / "all.mrb"), True)
    assert len(rows_of(slicer.mrmlScene.GetFirstNodeByName(name))) == 7


@pytest.mark.parametrize(("button", "extension"), [("exportTableButton", ".csv"), ("exportSceneButton", ".mrb")])
def test_an_export_replaces_no_file_but_the_one_that_the_dialog_asked_about(
    slicer: Any, panel: Any, result: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, button: str, extension: str
) -> None:
    import qt

    shown: list[str] = []
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, **_: shown.append(text))
    mine = tmp_path / f"heart{extension}"
    mine.write_text("mine")

    def export(name: str) -> None:
        monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", staticmethod(lambda *_: str(tmp_path / name)))
        click(getattr(panel.ui, button))

    export("heart.2024")
    assert (tmp_path / f"heart.2024{extension}").is_file() and shown == []
    export("heart")
    assert len(shown) == 1 and mine.name in shown[0]
    assert mine.read_text() == "mine"
    export(mine.name)
    assert len(shown) == 1 and mine.read_bytes() != b"mine"


def test_a_volume_that_dicom_has_named_gives_a_name_for_a_file(panel: Any, result: Any) -> None:
    from DCMMultiTaskModule import display

    result.volume.SetName("5: cine/sax")
    assert display.exportName(result.table) == "5_ cine_sax"


def test_an_export_that_can_not_be_written_is_told_and_a_cancelled_one_does_nothing(
    slicer: Any, panel: Any, result: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import qt

    shown: list[str] = []
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, **_: shown.append(text))
    monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", staticmethod(lambda *_: ""))
    click(panel.ui.exportTableButton)
    assert shown == []
    (tmp_path / "file").write_text("in the way")
    target = str(tmp_path / "file" / "x.csv")
    monkeypatch.setattr(qt.QFileDialog, "getSaveFileName", staticmethod(lambda *_: target))
    click(panel.ui.exportTableButton)
    assert len(shown) == 1
    assert panel.ui.statusLabel.text == shown[0]


def test_a_table_of_something_else_shows_no_result(slicer: Any, panel: Any, result: Any) -> None:
    panel._parameterNode.table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "other")
    assert panel.ui.sliceTable.rowCount == 0
    assert "No result" in panel.ui.probabilityLabel.text
    assert not panel.ui.showChartButton.enabled


def test_a_patient_without_a_usable_slice_has_no_probability(
    slicer: Any, panel: Any, result: Any, phantom: Any
) -> None:
    empty = Result(
        study=Study(phantom.name, [phantom.volume]),
        labels={0: np.zeros(phantom.volume.array.shape, np.uint8)},
        phase=0,
        slice_axis=2,
        rows=tuple(
            replace(row, dcm_probability=float("nan"), quality="no myocardium found") for row in rows_of(result.table)
        ),
        dcm_probability=float("nan"),
        dcm_class=0,
        rule="No slice could be used.",
        provenance=provenance(),
    )
    result_to_nodes(empty, result.volume, segmentation_node=result.segmentation, table_node=result.table)
    panel.results.show(result.table)
    assert text(panel).endswith("phenotype; not counted: slices 1, 2, 3, 4, 5, 6, 7 (no myocardium found).")
    assert column(panel, 1) == ["–"] * 7
    click_cell(panel.ui.sliceTable, 3)  # there is no mask to centre on, and that is no error
