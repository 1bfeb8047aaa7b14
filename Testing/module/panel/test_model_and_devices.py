"""The model's card and the devices, one click away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from slicer_standin.interaction import click, process_events
from slicer_standin.pythonqt import native


def open_windows(title: str) -> list[Any]:
    from PySide6 import QtWidgets

    return [w for w in QtWidgets.QApplication.topLevelWidgets() if w.windowTitle() == title and w.isVisible()]


def test_the_chosen_model_is_named_and_a_file_that_is_none_is_told_at_once(
    panel: Any, study: Any, tmp_path: Path
) -> None:
    assert panel.ui.modelInfoLabel.text == "tiny 1"
    assert panel.ui.modelInfoLabel.enabled  # not grey: it is there to be read
    wrong = tmp_path / "wrong.dcmmodel"
    wrong.write_text("hello")
    study.parameters.modelPath = str(wrong)
    assert "not a model package" in panel.ui.modelInfoLabel.text


def test_a_path_that_is_typed_becomes_the_choice(panel: Any, study: Any) -> None:
    panel.ui.modelPathLineEdit.currentPath = ""
    process_events()
    assert study.parameters.modelPath == ""


def test_the_card_of_the_model_opens_in_a_window_that_can_be_closed(panel: Any, study: Any) -> None:
    from PySide6 import QtWidgets

    click(panel.ui.modelCardButton)
    windows = open_windows("tiny 1")
    assert len(windows) == 1
    assert not windows[0].isModal()
    text = windows[0].findChild(QtWidgets.QTextBrowser).toPlainText()
    assert "Research use only" in text
    windows[0].close()
    process_events()
    assert open_windows("tiny 1") == []


def test_the_devices_of_the_computer_are_listed_when_asked_for(panel: Any, study: Any) -> None:
    panel.ui.advancedCollapsibleButton.collapsed = False
    process_events()
    click(panel.ui.detectDevicesButton)
    assert "cpu" in panel.ui.deviceInfoLabel.text
    panel.ui.advancedCollapsibleButton.collapsed = True


def test_a_device_that_is_not_there_is_told(
    slicer: Any, panel: Any, study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from DCMMultiTaskModule.parameters import Device

    shown: list[str] = []
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, **_: shown.append(text))
    study.parameters.device = Device.MPS
    click(panel.ui.applyButton)
    assert len(shown) == 1
    assert "mps" in shown[0]
    assert study.parameters.table is None


def test_choices_have_names_that_a_reader_understands(panel: Any, study: Any) -> None:
    box = native(panel.ui.deviceComboBox)
    assert [box.itemText(n) for n in range(box.count())] == [
        "Automatic",
        "CPU",
        "NVIDIA GPU (CUDA)",
        "Apple GPU (MPS)",
    ]
    box = native(panel.ui.sliceAxisComboBox)
    assert [box.itemText(n) for n in range(box.count())] == ["Automatic (largest spacing)", "I", "J", "K"]


def test_a_new_box_starts_around_the_middle_of_the_volume_and_one_that_was_drawn_stays(
    slicer: Any, panel: Any, study: Any
) -> None:
    bounds, centre, size = [0.0] * 6, [0.0] * 3, [0.0] * 3
    roi = panel.ui.roiSelector.addNode()
    assert study.parameters.roi is roi
    study.node.GetRASBounds(bounds)
    roi.GetCenterWorld(centre)
    roi.GetSizeWorld(size)
    assert centre == pytest.approx([(bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3)])
    assert all(0 < length <= 130 for length in size)
    drawn = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    drawn.SetSizeWorld(20, 30, 40)
    panel.ui.roiSelector.setCurrentNode(drawn)
    drawn.GetSizeWorld(size)
    assert size == [20, 30, 40]
