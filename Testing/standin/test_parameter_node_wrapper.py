"""The parameter node wrapper keeps, checks, saves and shows typed values."""

import enum
from pathlib import Path
from typing import Annotated, Any

import pytest


class Axis(enum.Enum):
    AUTO = 0
    I = 1  # noqa: E741 - the names are those of the volume's axes

    def label(self) -> str:
        return {"AUTO": "Automatic", "I": "First"}[self.name]


@pytest.fixture
def wrapped(slicer: Any) -> Any:
    """A class with one parameter of each type, on a new parameter node."""
    from slicer.parameterNodeWrapper import (
        Choice,
        Default,
        Maximum,
        Minimum,
        WithinRange,
        parameterNodeWrapper,
    )

    @parameterNodeWrapper
    class Parameters:
        volume: slicer.vtkMRMLScalarVolumeNode
        output: slicer.vtkMRMLSegmentationNode | None
        either: slicer.vtkMRMLTableNode | slicer.vtkMRMLModelNode | None
        threshold: Annotated[float, WithinRange(0.0, 1.0)] = 0.5
        count: Annotated[int, Minimum(1), Maximum(9), Default(3)]
        device: Annotated[str, Choice(["auto", "cpu"]), Default("auto")]
        other: str
        flag: bool
        axis: Axis
        path: Path

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
    return Parameters(node)


def test_parameters_have_defaults(wrapped: Any) -> None:
    assert wrapped.volume is None
    assert wrapped.output is None
    assert (wrapped.threshold, wrapped.count, wrapped.device, wrapped.other) == (0.5, 3, "auto", "")
    assert (wrapped.flag, wrapped.axis, wrapped.path) == (False, Axis.AUTO, Path())


def test_values_are_kept_in_the_node(slicer: Any, wrapped: Any) -> None:
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")
    wrapped.either = table
    wrapped.threshold, wrapped.axis, wrapped.flag, wrapped.path = 0.125, Axis.I, True, Path("a") / "b"
    again = type(wrapped)(wrapped.parameterNode)
    assert again.either is table
    assert (again.threshold, again.axis, again.flag, again.path) == (0.125, Axis.I, True, Path("a/b"))
    again.either = None
    assert wrapped.either is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", 1.5),
        ("threshold", None),
        ("threshold", "0.5"),
        ("count", 0),
        ("count", 10),
        ("count", 2.5),
        ("device", "tpu"),
        ("other", None),
        ("axis", "AUTO"),
        ("path", "text"),
        ("flag", "True"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused(wrapped: Any, name: str, value: Any) -> None:
    before = getattr(wrapped, name)
    with pytest.raises((ValueError, TypeError)):
        setattr(wrapped, name, value)
    assert getattr(wrapped, name) == before


def test_a_node_of_another_class_is_refused(slicer: Any, wrapped: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        wrapped.volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode")


def test_a_node_that_is_removed_is_not_a_value_any_more(slicer: Any, wrapped: Any) -> None:
    wrapped.volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    slicer.mrmlScene.RemoveNode(wrapped.volume)
    assert wrapped.volume is None


def test_a_change_is_told_once(slicer: Any, wrapped: Any) -> None:
    import vtk

    told: list[tuple[float, int]] = []
    wrapped.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: told.append((wrapped.threshold, wrapped.count)))
    wrapped.threshold = 0.25
    assert told == [(0.25, 3)]
    with slicer.util.NodeModify(wrapped):
        wrapped.threshold = 0.75
        wrapped.count = 5
    assert told == [(0.25, 3), (0.75, 5)]


def test_a_value_that_is_the_same_is_not_told(wrapped: Any) -> None:
    import vtk

    told: list[int] = []
    wrapped.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: told.append(1))
    wrapped.threshold = 0.5
    wrapped.device = "auto"
    assert told == []


def panel_of(*widgets: tuple[str, Any]) -> Any:
    import qt

    panel = qt.QWidget()
    layout = qt.QVBoxLayout(panel)
    for name, widget in widgets:
        widget.setProperty("SlicerParameterName", name)
        layout.addWidget(widget)
    return panel


def test_widgets_take_range_and_choices_from_the_parameter(slicer: Any, wrapped: Any) -> None:
    import ctk
    import qt

    slider, spin, device, axis = ctk.ctkSliderWidget(), qt.QSpinBox(), qt.QComboBox(), qt.QComboBox()
    panel = panel_of(("threshold", slider), ("count", spin), ("device", device), ("axis", axis))
    wrapped.connectGui(panel)
    assert (slider.minimum, slider.maximum, slider.value) == (0.0, 1.0, 0.5)
    assert (spin.minimum, spin.maximum, spin.value) == (1, 9, 3)
    assert [device.itemText(index) for index in range(device.count)] == ["auto", "cpu"]
    assert [axis.itemText(index) for index in range(axis.count)] == ["Automatic", "First"]
    axis.currentIndex = 1
    assert wrapped.axis is Axis.I
    wrapped.axis = Axis.AUTO
    assert axis.currentIndex == 0


def test_a_selector_offers_the_nodes_of_the_parameter(slicer: Any, wrapped: Any) -> None:
    selector = slicer.qMRMLNodeComboBox()
    selector.noneEnabled = True
    selector.setMRMLScene(slicer.mrmlScene)
    panel = panel_of(("either", selector))
    wrapped.connectGui(panel)
    assert set(selector.nodeTypes) == {"vtkMRMLTableNode", "vtkMRMLModelNode"}
    model = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode")
    selector.setCurrentNode(model)
    assert wrapped.either is model
    slicer.mrmlScene.RemoveNode(model)
    assert wrapped.either is None
    assert selector.currentNode() is None


def test_after_disconnecting_nothing_follows(slicer: Any, wrapped: Any) -> None:
    import qt

    box = qt.QCheckBox()
    panel = panel_of(("flag", box))
    tag = wrapped.connectGui(panel)
    box.checked = True
    assert wrapped.flag
    wrapped.disconnectGui(tag)
    box.checked = False
    assert wrapped.flag
    wrapped.flag = False
    wrapped.flag = True
    assert not box.checked


def test_a_widget_that_cannot_show_the_parameter_is_refused(slicer: Any, wrapped: Any) -> None:
    import ctk
    import qt

    for name, widget in (("flag", qt.QSpinBox()), ("path", qt.QLineEdit()), ("other", qt.QComboBox())):
        panel = panel_of((name, widget))
        with pytest.raises(RuntimeError):
            wrapped.connectGui(panel)
    panel = panel_of(("nothing", qt.QCheckBox()))
    with pytest.raises(ValueError, match="nothing"):
        wrapped.connectGui(panel)
    assert ctk is not None


def test_a_type_that_cannot_be_kept_is_refused(slicer: Any) -> None:
    from slicer.parameterNodeWrapper import parameterNodeWrapper

    with pytest.raises(Exception, match="anything"):

        @parameterNodeWrapper
        class Parameters:
            anything: bytes
