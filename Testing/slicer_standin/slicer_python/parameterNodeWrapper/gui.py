"""Which widget can show which type, and how a value goes into it and comes out of it."""

from __future__ import annotations

import enum
import pathlib
from collections.abc import Callable
from typing import Any

import ctk
import qt
import slicer

from .serializers import node_types, split_annotations
from .validators import Choice, Decimals, Maximum, Minimum, SingleStep, WithinRange

Connection = tuple[str, Callable[[], Any], Callable[[Any], None]]  # the signal, read, write


def connection(widget: Any, datatype: Any) -> Connection:
    """Return the signal of a widget and the functions that read and write it for a type.

    Raises:
        RuntimeError: If Slicer could not connect them either.
    """
    actual, annotations = split_annotations(datatype)
    kind = type(widget)
    if actual is bool and kind in (qt.QCheckBox, ctk.ctkCheckBox):
        return "stateChanged", lambda: widget.checked, _setter(widget, "checked")
    if actual is bool and kind is qt.QPushButton:
        widget.checkable = True
        return "toggled", lambda: widget.checked, _setter(widget, "checked")
    if kind in (qt.QComboBox, ctk.ctkComboBox):
        return _combo_box(widget, actual, annotations)
    if actual is int and kind in (qt.QSlider, qt.QSpinBox):
        low, high = _bounds(widget, annotations, kind is qt.QSlider)
        widget.setRange(-(2**31) if low is None else low, 2**31 - 1 if high is None else high)
        _show_steps(widget, annotations)
        return "valueChanged", lambda: widget.value, _setter(widget, "value")
    if actual in (int, float) and kind in (qt.QDoubleSpinBox, ctk.ctkSliderWidget):
        low, high = _bounds(widget, annotations, kind is ctk.ctkSliderWidget)
        if actual is int:
            widget.decimals = 0
        _show_steps(widget, annotations)
        widget.minimum = float("-inf") if low is None else low
        widget.maximum = float("inf") if high is None else high
        return "valueChanged", lambda: actual(widget.value), lambda value: setattr(widget, "value", actual(value))
    if actual is str and kind is qt.QLineEdit:
        return "textChanged", lambda: widget.text, _setter(widget, "text")
    if actual is str and kind is qt.QLabel:
        return "", lambda: widget.text, _setter(widget, "text")
    if actual is pathlib.Path and kind is ctk.ctkPathLineEdit:
        read, write = lambda: pathlib.Path(widget.currentPath), _setter(widget, "currentPath")
        return "currentPathChanged", read, lambda value: write(str(value))
    nodes = node_types(actual)
    if nodes and kind is slicer.qMRMLNodeComboBox:
        widget.nodeTypes = [node().GetClassName() for node in nodes]
        return "currentNodeChanged", widget.currentNode, widget.setCurrentNode
    raise RuntimeError(f"Unable to create GUI connector from datatype '{datatype}' to widget type '{kind}'")


def _setter(widget: Any, name: str) -> Callable[[Any], None]:
    def write(value: Any) -> None:
        if getattr(widget, name) != value:  # so that the cursor of a text field stays
            setattr(widget, name, value)

    return write


def _find(annotations: tuple[Any, ...], kind: type) -> Any:
    return next((annotation for annotation in annotations if isinstance(annotation, kind)), None)


def _bounds(widget: Any, annotations: tuple[Any, ...], needed: bool) -> tuple[Any, Any]:
    within, low, high = (_find(annotations, kind) for kind in (WithinRange, Minimum, Maximum))
    if within is not None:
        return within.minimum, within.maximum
    if needed and (low is None or high is None):
        raise RuntimeError(f"Cannot have a connection to {type(widget).__name__} where the type is unbounded.")
    return low and low.minimum, high and high.maximum


def _show_steps(widget: Any, annotations: tuple[Any, ...]) -> None:
    for kind, name in ((Decimals, "decimals"), (SingleStep, "singleStep")):
        annotation = _find(annotations, kind)
        if annotation is not None:
            setattr(widget, name, annotation.value)


def _combo_box(widget: Any, actual: Any, annotations: tuple[Any, ...]) -> Connection:
    if isinstance(actual, type) and issubclass(actual, enum.Enum):
        values = list(actual)
        label = getattr(actual, "label", lambda member: member.name)
        labels = [label(value) for value in values]
        selected = widget.currentIndex
    elif actual in (bool, int, float, str):
        choice = _find(annotations, Choice)
        if choice is None:
            raise RuntimeError("A combo box requires the Choice annotation to be used.")
        values, selected = list(choice.choices), 0
        labels = [str(value) for value in values]
    else:
        raise RuntimeError(f"Unable to create GUI connector from datatype '{actual}' to a combo box")
    widget.clear()
    for text in labels:
        widget.addItem(text)
    widget.currentIndex = max(selected, 0)

    def write(value: Any) -> None:
        if value not in values:
            raise ValueError(f"Unable to find value {value} in choices {values}")
        widget.currentIndex = values.index(value)

    return "currentIndexChanged", lambda: values[widget.currentIndex], write
