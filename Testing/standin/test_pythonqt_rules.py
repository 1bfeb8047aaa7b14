"""Qt behaves as it does in Slicer's Python, and refuses what PythonQt refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def qt(slicer: Any) -> Any:
    import qt

    return qt


def test_a_property_is_an_attribute(qt: Any) -> None:
    button = qt.QPushButton("Apply")
    assert button.text == "Apply"
    button.enabled = False
    assert not button.isEnabled()
    with pytest.raises(TypeError, match="not callable"):
        button.text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: setattr(b, "tooltip", "x"), "creating new attributes on C\\+\\+ objects is not allowed"),
        (lambda b: setattr(b, "setText", "x"), "Slot 'setText' can not be overwritten"),
        (lambda b: setattr(b, "clicked", print), "Signal 'clicked' can not be overwritten"),
        (lambda b: setattr(b, "text", 5), "does not accept an object of type int"),
        (lambda b: setattr(b, "width", 5), "is not writable"),
        (lambda b: b.text_, "has no attribute named 'text_'"),
        (lambda b: b.staticMetaObject, "has no attribute named 'staticMetaObject'"),
    ],
)
def test_what_cannot_be_set_raises(qt: Any, change: Callable[[Any], None], message: str) -> None:
    with pytest.raises(AttributeError, match=message):
        change(qt.QPushButton("Apply"))


def test_a_signal_that_does_not_exist_cannot_be_connected(qt: Any) -> None:
    button = qt.QPushButton()
    for signature in ("click()", "clicked(int)", "nothing()"):
        with pytest.raises(ValueError, match="does not exist on QPushButton"):
            button.connect(signature, print)


def test_a_function_gets_as_many_arguments_as_it_takes(qt: Any) -> None:
    button, calls = qt.QPushButton(), []
    button.clicked.connect(lambda: calls.append("none"))
    button.clicked.connect(lambda checked: calls.append(checked))
    button.clicked.connect(lambda *arguments: calls.append(arguments))
    button.connect("clicked()", lambda *arguments: calls.append(arguments))
    button.click()
    assert calls == ["none", False, (False,), ()]


def test_a_function_is_disconnected(qt: Any) -> None:
    button, calls = qt.QPushButton(), []

    def clicked() -> None:
        calls.append(1)

    assert button.connect("clicked()", clicked)
    assert button.disconnect("clicked()", clicked)
    assert not button.disconnect("clicked()", clicked)
    button.clicked.connect(button.hide)
    assert button.clicked.disconnect(button.hide)
    button.click()
    assert calls == []


def test_an_exception_in_a_slot_is_printed_and_remembered(qt: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from slicer_standin.pythonqt import slot_errors

    button = qt.QPushButton()
    button.connect("clicked()", lambda: 1 / 0)
    button.click()
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert isinstance(slot_errors.pop(), ZeroDivisionError)


def test_enumerations_are_flat_and_equal_their_integers(qt: Any) -> None:
    assert qt.Qt.Checked == 2
    assert qt.QMessageBox.Ok == 1024
    label = qt.QLabel()
    label.alignment = qt.Qt.AlignRight | qt.Qt.AlignVCenter
    assert label.alignment == 130
    with pytest.raises(AttributeError):
        _ = qt.Qt.CheckState.Checked


def test_lists_are_tuples_and_objects_keep_their_identity(qt: Any) -> None:
    widget = qt.QWidget()
    layout, button = qt.QVBoxLayout(widget), qt.QPushButton()
    layout.addWidget(button)
    assert widget.children() == (layout, button)
    assert layout.itemAt(0).widget() is button
    assert button.parent() is widget
    assert isinstance(button, qt.QWidget)
    assert button.className() == "QPushButton"


def test_a_destroyed_object_says_so(qt: Any) -> None:
    widget = qt.QWidget()
    widget.delete()
    assert not widget
    with pytest.raises(ValueError, match="destroyed QWidget"):
        _ = widget.enabled


def test_a_python_subclass_may_have_attributes_and_override_functions(qt: Any) -> None:
    class Dialog(qt.QDialog):
        def __init__(self) -> None:
            super().__init__()
            self.closed = 0

        def closeEvent(self, event: Any) -> None:
            self.closed += 1
            super().closeEvent(event)

    dialog = Dialog()
    dialog.show()
    dialog.close()
    assert dialog.closed == 1
    assert not dialog.visible


def test_dynamic_properties_and_children_are_attributes(qt: Any) -> None:
    widget = qt.QWidget()
    widget.setProperty("SlicerParameterName", "threshold")
    assert widget.SlicerParameterName == "threshold"
    child = qt.QLabel(widget)
    child.name = "note"
    assert child.objectName == "note"
    assert widget.note is child
    assert widget.findChildren(qt.QLabel, "note") == (child,)
    assert widget.findChildren("QLabel") == (child,)


def test_a_single_shot_timer_fires(qt: Any) -> None:
    from slicer_standin.interaction import wait_until

    calls: list[int] = []
    qt.QTimer.singleShot(5, lambda: calls.append(1))
    wait_until(lambda: bool(calls), seconds=5)


def test_an_unknown_class_raises(qt: Any) -> None:
    import ctk

    for module, name in ((qt, "QNothing"), (ctk, "ctkNothing")):
        with pytest.raises(AttributeError, match=name):
            getattr(module, name)
    with pytest.raises(NotImplementedError, match="not part of the Slicer stand-in"):
        ctk.ctkRangeWidget()


def test_keyword_arguments_are_refused_by_functions_and_set_by_constructors(qt: Any) -> None:
    assert qt.QPushButton("Apply", toolTip="now").toolTip == "now"
    with pytest.raises(TypeError, match="unexpected keyword"):
        qt.QPushButton().setText(text="x")
