"""A mistake in a .ui file is an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

UI = (Path(__file__).parent / "example" / "Resources" / "UI" / "Example.ui").read_text(encoding="utf-8")


def load(slicer: Any, folder: Path, old: str = "", new: str = "") -> Any:
    assert old in UI
    path = folder / "panel.ui"
    path.write_text(UI.replace(old, new, 1) if old else UI, encoding="utf-8")
    return slicer.util.loadUI(str(path))


def test_the_scene_reaches_the_selectors(slicer: Any, tmp_path: Path) -> None:
    widget = load(slicer, tmp_path)
    selector = slicer.util.findChild(widget, "inputSelector")
    assert not selector.enabled
    widget.setMRMLScene(slicer.mrmlScene)
    assert selector.mrmlScene() is slicer.mrmlScene
    widget.setMRMLScene(None)


def test_properties_have_the_values_in_the_file(slicer: Any, tmp_path: Path) -> None:
    import ctk

    ui = slicer.util.childWidgetVariables(load(slicer, tmp_path))
    assert ui.outputSelector.noneEnabled
    assert ui.outputSelector.noneDisplay == "Create new volume"
    assert ui.inputSelector.nodeTypes == ("vtkMRMLScalarVolumeNode",)
    assert ui.inputSelector.toolTip == "What is copied"
    assert ui.inputSelector.property("SlicerParameterName") == "inputVolume"
    assert ui.advancedCollapsibleButton.collapsed
    assert ui.modelPathLineEdit.filters == ctk.ctkPathLineEdit.Files | ctk.ctkPathLineEdit.Readable


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('widget class="QSpinBox"', 'widget class="QSpinBax"', "unknown widget class QSpinBax"),
        ('widget class="ctkSliderWidget"', 'widget class="ctkSlidingWidget"', "unknown widget class ctkSlidingWidget"),
        ('property name="noneDisplay"', 'property name="noneDisplayed"', "sets the property noneDisplayed"),
        ("mrmlSceneChanged(vtkMRMLScene*)", "mrmlSceneAltered(vtkMRMLScene*)", "connects a signal that is not there"),
        ("<slot>setMRMLScene(", "<slot>setScene(", "connects to the slot setScene"),
        ("<receiver>inputSelector", "<receiver>inputSelect", "unknown object inputSelect"),
    ],
)
def test_a_mistake_is_an_error(slicer: Any, tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        load(slicer, tmp_path, old, new)
