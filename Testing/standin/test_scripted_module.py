"""A scripted module loads, shows its panel, runs, is saved with the scene and reloads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slicer_standin.interaction import answer_next_dialog, click, screenshot


@pytest.fixture
def volume(slicer: Any) -> Any:
    return slicer.util.addVolumeFromArray(np.arange(24, dtype="int16").reshape(2, 3, 4), name="input")


def test_the_module_tells_what_it_is(slicer: Any, example_module: Any) -> None:
    assert example_module.title == "Example"
    assert example_module.categories == ("Testing",)
    assert Path(slicer.util.modulePath("Example")).name == "Example.py"
    assert "Example" in slicer.util.moduleNames()
    assert isinstance(slicer.modules.ExampleInstance, slicer.ScriptedLoadableModule.ScriptedLoadableModule)


def test_a_volume_is_chosen_when_the_panel_is_entered(slicer: Any, panel: Any, volume: Any) -> None:
    panel.initializeParameterNode()
    assert panel.ui.inputSelector.currentNode() is volume
    assert panel.ui.applyButton.enabled
    assert panel.ui.applyButton.toolTip == "Copy the volume"


def test_apply_says_what_is_missing(panel: Any) -> None:
    assert not panel.ui.applyButton.enabled
    assert panel.ui.applyButton.toolTip == "Select an input volume"
    with pytest.raises(AssertionError, match="not enabled"):
        click(panel.ui.applyButton)


def test_a_click_on_apply_makes_the_output(slicer: Any, panel: Any, volume: Any) -> None:
    panel.initializeParameterNode()
    panel.ui.thresholdSlider.value = 12.0
    click(panel.ui.applyButton)
    output = panel.ui.outputSelector.currentNode()
    assert output is slicer.util.getNode("copy")
    assert int(slicer.util.arrayFromVolume(output).sum()) == 12


def test_widgets_and_parameters_follow_each_other(panel: Any) -> None:
    parameters = panel._parameterNode
    panel.ui.invertCheckBox.checked = True
    panel.ui.deviceComboBox.currentIndex = 1
    panel.ui.modeComboBox.currentIndex = 1
    panel.ui.titleLineEdit.text = "other"
    panel.ui.modelPathLineEdit.currentPath = "a.dcmmodel"
    panel.ui.countSpinBox.value = 7
    assert (parameters.invert, parameters.device, parameters.title) == (True, "cpu", "other")
    assert (parameters.mode.name, parameters.model, parameters.count) == ("BELOW", Path("a.dcmmodel"), 7)
    parameters.threshold = 55.5
    parameters.device = "auto"
    assert panel.ui.thresholdSlider.value == 55.5
    assert panel.ui.deviceComboBox.currentText == "auto"


def test_parameters_refuse_what_is_not_allowed(panel: Any) -> None:
    for name, value in {"threshold": 300.0, "device": "tpu", "count": 0}.items():
        with pytest.raises(ValueError, match="Value"):
            setattr(panel._parameterNode, name, value)
    with pytest.raises(TypeError):
        panel._parameterNode.title = 5


def test_a_saved_scene_restores_the_panel(slicer: Any, panel: Any, volume: Any, tmp_path: Path) -> None:
    panel.initializeParameterNode()
    panel.ui.thresholdSlider.value = 12.0
    panel.ui.modeComboBox.currentIndex = 1
    click(panel.ui.applyButton)
    path = str(tmp_path / "scene.mrb")
    assert slicer.util.saveScene(path)
    slicer.mrmlScene.Clear(False)
    assert panel.ui.inputSelector.currentNode() is None
    assert panel.ui.thresholdSlider.value == 100.0
    slicer.util.loadScene(path)
    panel.initializeParameterNode()
    assert panel.ui.inputSelector.currentNode().GetName() == "input"
    assert panel.ui.outputSelector.currentNode().GetName() == "copy"
    assert panel.ui.thresholdSlider.value == 12.0
    assert panel.ui.modeComboBox.currentText == "BELOW"
    assert int(slicer.util.arrayFromVolume(slicer.util.getNode("copy")).sum()) == 12


def test_an_error_is_shown_in_a_message_box(slicer: Any, panel: Any, volume: Any) -> None:
    from slicer_standin.pythonqt import slot_errors

    panel.initializeParameterNode()
    panel.logic.process = lambda *_: (_ for _ in ()).throw(ValueError("no such thing"))
    seen: list[str] = []
    answer_next_dialog("OK", seen)
    click(panel.ui.applyButton)
    del panel.logic.process
    assert seen == ["Failed to copy.\n\nno such thing"]
    assert [str(error) for error in slot_errors] == ["no such thing"]
    slot_errors.clear()


def test_reload_makes_a_new_panel(slicer: Any, panel: Any, volume: Any) -> None:
    slicer.util.reloadScriptedModule("Example")
    renewed = slicer.modules.ExampleWidget
    assert renewed is not panel
    renewed.initializeParameterNode()
    click(renewed.ui.applyButton)
    assert slicer.util.getNode("copy") is not None
    assert not panel.Observations


def test_the_self_test_runs(slicer: Any, example_module: Any) -> None:
    slicer.selfTests["Example"]()
    assert slicer.util.getNode("copy") is not None


def test_the_panel_can_be_photographed(slicer: Any, panel: Any, volume: Any, tmp_path: Path) -> None:
    picture = screenshot(slicer.util.mainWindow(), tmp_path / "panel.png")
    assert picture.stat().st_size > 5000
