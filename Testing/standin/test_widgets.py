"""The CTK and MRML widgets show, choose and report what the real ones do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from slicer_standin.interaction import process_events

VOLUME = "vtkMRMLScalarVolumeNode"


@pytest.fixture
def selector(slicer: Any) -> Any:
    box = slicer.qMRMLNodeComboBox()
    box.nodeTypes = [VOLUME]
    box.addEnabled = False
    box.removeEnabled = False
    box.setMRMLScene(slicer.mrmlScene)
    yield box
    box.setMRMLScene(None)


def add_volume(slicer: Any, name: str) -> Any:
    return slicer.mrmlScene.AddNewNodeByClass(VOLUME, name)


def test_the_first_node_is_chosen_by_itself(slicer: Any, selector: Any) -> None:
    told: list[Any] = []
    selector.connect("currentNodeChanged(vtkMRMLNode*)", told.append)
    selector.connect("currentNodeChanged(bool)", told.append)
    assert selector.currentNode() is None
    first = add_volume(slicer, "one")
    add_volume(slicer, "two")
    assert selector.currentNode() is first
    assert told == [first, True]
    assert selector.nodeCount() == 2


def test_no_node_is_chosen_by_itself_when_there_may_be_none(slicer: Any, selector: Any) -> None:
    selector.noneEnabled = True
    add_volume(slicer, "one")
    assert selector.currentNode() is None
    assert selector.currentNodeID == ""


def test_only_nodes_of_the_right_kind_are_offered(slicer: Any, selector: Any) -> None:
    slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    label = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    hidden = add_volume(slicer, "hidden")
    hidden.SetHideFromEditors(True)
    assert [selector.nodeFromIndex(index) for index in range(selector.nodeCount())] == [label]
    selector.showChildNodeTypes = False
    assert selector.nodeCount() == 0
    selector.addAttribute(VOLUME, "Role", "input")
    marked = add_volume(slicer, "marked")
    marked.SetAttribute("Role", "input")
    marked.Modified()
    assert selector.currentNode() is marked


def test_a_node_that_goes_is_not_offered_any_more(slicer: Any, selector: Any) -> None:
    first, second = add_volume(slicer, "one"), add_volume(slicer, "two")
    selector.setCurrentNode(first)
    slicer.mrmlScene.RemoveNode(first)
    assert selector.currentNode() is second
    slicer.mrmlScene.Clear(False)
    assert selector.currentNode() is None
    assert selector.nodeCount() == 0


def test_names_follow_also_of_nodes_that_were_there_before(slicer: Any) -> None:
    node = add_volume(slicer, "old")
    box = slicer.qMRMLNodeComboBox()
    box.nodeTypes = [VOLUME]
    box.setMRMLScene(slicer.mrmlScene)
    assert box.currentNode() is None  # with actions in the list, nothing is chosen by itself
    box.setCurrentNode(node)
    node.SetName("new")
    shown = slicer.util.findChildren(box, className="QComboBox")[0]
    assert shown.currentText == "new"


def test_a_widget_that_is_gone_is_not_told_of_the_scene(slicer: Any, capfd: pytest.CaptureFixture[str]) -> None:
    node, segmentation = add_volume(slicer, "one"), slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    box, button = slicer.qMRMLNodeComboBox(), slicer.qMRMLSegmentationShow3DButton()
    box.nodeTypes = [VOLUME]
    box.setMRMLScene(slicer.mrmlScene)
    button.setSegmentationNode(segmentation)
    box.delete()
    button.delete()
    node.SetName("two")
    segmentation.Modified()
    slicer.mrmlScene.Clear(False)
    assert "Traceback" not in capfd.readouterr().err


def test_a_new_node_is_made_and_chosen(slicer: Any, selector: Any) -> None:
    selector.baseName = "mask"
    made: list[Any] = []
    selector.connect("nodeAddedByUser(vtkMRMLNode*)", made.append)
    node = selector.addNode()
    assert made == [node]
    assert selector.currentNode() is node
    assert node.GetName() == "mask"


def test_setters_that_slicer_does_not_expose_are_not_there(selector: Any) -> None:
    with pytest.raises(AttributeError):
        selector.setNoneEnabled(True)
    with pytest.raises(AttributeError):
        selector.currentNodeId2 = "x"
    with pytest.raises(TypeError):
        selector.setCurrentNode("vtkMRMLScalarVolumeNode1")


def test_a_collapsed_section_hides_its_contents(slicer: Any) -> None:
    import ctk
    import qt

    section = ctk.ctkCollapsibleButton()
    section.text = "Advanced"
    box = qt.QCheckBox("one")
    qt.QVBoxLayout(section).addWidget(box)
    section.show()
    process_events()
    assert box.visible
    told: list[bool] = []
    section.connect("contentsCollapsed(bool)", told.append)
    section.collapsed = True
    assert (told, box.visible) == ([True], False)
    section.collapsed = False
    assert box.visible


def test_the_slider_and_its_number_agree(slicer: Any) -> None:
    import ctk

    slider = ctk.ctkSliderWidget()
    slider.minimum, slider.maximum, slider.decimals, slider.singleStep = 0.0, 1.0, 3, 0.001
    told: list[float] = []
    slider.connect("valueChanged(double)", told.append)
    slider.value = 0.625
    assert (slider.value, told) == (0.625, [0.625])
    slider.value = 7.0
    assert slider.value == 1.0
    with pytest.raises(AttributeError):
        slider.value = "much"


def test_the_path_is_told_and_kept_in_the_history(slicer: Any, tmp_path: Path) -> None:
    import ctk

    edit = ctk.ctkPathLineEdit()
    edit.settingKey = "models"
    told: list[Any] = []
    edit.connect("currentPathChanged(QString)", told.append)
    edit.connect("validInputChanged(bool)", told.append)
    edit.currentPath = str(tmp_path)
    assert told == [True, str(tmp_path)]
    edit.addCurrentPathToHistory()
    other = ctk.ctkPathLineEdit()
    other.settingKey = "models"
    assert other.currentPath == str(tmp_path)
    with pytest.raises(AttributeError):
        edit.currentPath = tmp_path


def test_show_3d_follows_the_segmentation(slicer: Any) -> None:
    button = slicer.qMRMLSegmentationShow3DButton()
    assert not button.enabled
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    node.CreateDefaultDisplayNodes()
    button.setSegmentationNode(node)
    assert not button.enabled  # there is nothing to show
    node.GetSegmentation().AddEmptySegment("one")
    node.Modified()
    assert button.enabled
    button.checked = True
    assert node.GetSegmentation().ContainsRepresentation("Closed surface")
    node.RemoveClosedSurfaceRepresentation()
    assert not button.checked
    button.locked = True
    assert not button.enabled
    button.setSegmentationNode(None)
