"""``@parameterNodeWrapper``: typed attributes kept in a parameter node, tied to the widgets of a panel.

Slicer's knows more types, annotations and widgets; what is not here raises.
"""

from __future__ import annotations

import enum
import math
import pathlib
import typing
from collections.abc import Callable
from typing import Any

import ctk
import qt
import slicer
import vtk

from .parameters import Choice, Default, Maximum, Minimum, Parameter, WithinRange, node_types, split_annotations

__all__ = ["Choice", "Default", "Maximum", "Minimum", "WithinRange", "parameterNodeWrapper"]

Connection = tuple[str, Callable[[], Any], Callable[[Any], None]]  # the signal, read, write


def connection(widget: Any, datatype: Any) -> Connection:
    """Return the signal of a widget and the functions that read and write it for a type.

    Raises:
        RuntimeError: If Slicer could not connect them either.
    """
    actual, annotations = split_annotations(datatype)
    kind = type(widget)
    if actual is bool and kind is qt.QCheckBox:
        return "stateChanged", lambda: widget.checked, _setter(widget, "checked")
    if actual is bool and kind is qt.QPushButton:
        widget.checkable = True
        return "toggled", lambda: widget.checked, _setter(widget, "checked")
    if kind is qt.QComboBox:
        return _combo_box(widget, actual, annotations)
    if actual is int and kind in (qt.QSlider, qt.QSpinBox):
        low, high = _bounds(widget, annotations, kind is qt.QSlider)
        widget.setRange(-(2**31) if math.isinf(low) else low, 2**31 - 1 if math.isinf(high) else high)
        return "valueChanged", lambda: widget.value, _setter(widget, "value")
    if actual in (int, float) and kind in (qt.QDoubleSpinBox, ctk.ctkSliderWidget):
        low, high = _bounds(widget, annotations, kind is ctk.ctkSliderWidget)
        if actual is int:
            widget.decimals = 0
        widget.minimum, widget.maximum = low, high
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


def _bounds(widget: Any, annotations: tuple[Any, ...], needed: bool) -> tuple[Any, Any]:
    ranges = [annotation for annotation in annotations if isinstance(annotation, WithinRange)]
    low = max((annotation.minimum for annotation in ranges), default=-math.inf)
    high = min((annotation.maximum for annotation in ranges), default=math.inf)
    if needed and (math.isinf(low) or math.isinf(high)):
        raise RuntimeError(f"Cannot have a connection to {type(widget).__name__} where the type is unbounded.")
    return low, high


def _combo_box(widget: Any, actual: Any, annotations: tuple[Any, ...]) -> Connection:
    if isinstance(actual, type) and issubclass(actual, enum.Enum):
        values = list(actual)
        label = getattr(actual, "label", lambda member: member.name)
        labels = [label(value) for value in values]
        selected = widget.currentIndex
    elif actual in (bool, int, float, str):
        choice = next((a for a in annotations if isinstance(a, Choice)), None)
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


SlicerParameterNamePropertyName = "SlicerParameterName"


class _Wrapped:
    """The functions that every wrapped class gets."""

    allParameters: typing.ClassVar[dict[str, Parameter]]

    def __init__(self, parameterNode: Any) -> None:
        self.parameterNode = parameterNode
        self._guis: dict[int, tuple[int, dict[str, Any]]] = {}
        self._next_tag, self._updating = 0, False
        for parameter in self.allParameters.values():
            if not parameter.is_in(parameterNode):
                parameter.write(parameterNode, parameter.default.value)

    def default(self, paramName: str) -> Default:
        return self._parameter(paramName).default

    def dataType(self, paramName: str) -> Any:
        return self._parameter(paramName).datatype

    def getValue(self, name: str) -> Any:
        return self._parameter(name).read(self.parameterNode)

    def setValue(self, name: str, value: Any) -> None:
        self._parameter(name).write(self.parameterNode, value)

    def _parameter(self, name: str) -> Parameter:
        if name not in self.allParameters:
            raise ValueError(f"Cannot find a param with the given name: {name}")
        return self.allParameters[name]

    def connectGui(self, gui: Any) -> int:
        """Tie the widgets that have the property ``SlicerParameterName`` to their parameters."""
        widgets = gui.findChildren(qt.QWidget) if hasattr(gui, "findChildren") else list(vars(gui).values())
        mapping = {}
        for widget in widgets:
            name = widget.property(SlicerParameterNamePropertyName)
            if name:
                mapping[name] = widget
        return self.connectParametersToGui(mapping)

    def connectParametersToGui(self, mapping: dict[str, Any]) -> int:
        """Tie widgets to parameters by name; return the tag that ``disconnectGui`` needs."""
        connected = {}
        for name in mapping:
            self._parameter(name)
        for name, widget in mapping.items():
            signal, read, write = connection(widget, self.dataType(name))
            write(self.getValue(name))

            def changed(name: str = name, read: Any = read) -> None:
                if not self._updating:
                    with slicer.util.NodeModify(self):
                        self.setValue(name, read())

            function = lambda *_, changed=changed: changed()  # noqa: E731 - one object, to disconnect again
            if signal:
                getattr(widget, signal).connect(function)
            connected[name] = (widget, signal, function, write)
        observer = self.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._update_gui())
        tag = self._next_tag
        self._next_tag += 1
        self._guis[tag] = (observer, connected)
        return tag

    def _update_gui(self) -> None:
        if self._updating:
            return
        self._updating = True
        try:
            for _, connected in list(self._guis.values()):
                for name, (_, _, _, write) in connected.items():
                    write(self.getValue(name))
        finally:
            self._updating = False

    def disconnectGui(self, guiTag: int) -> None:
        """Untie what ``connectGui`` tied."""
        if guiTag in self._guis:
            observer, connected = self._guis.pop(guiTag)
            self.RemoveObserver(observer)
            for widget, signal, function, _ in connected.values():
                if signal:
                    getattr(widget, signal).disconnect(function)

    def StartModify(self) -> Any:
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified: Any) -> Any:
        return self.parameterNode.EndModify(wasModified)

    def AddObserver(self, event: Any, callback: Any, priority: float = 0.0) -> int:
        return int(self.parameterNode.AddObserver(event, callback, priority))

    def RemoveObserver(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)

    def Modified(self) -> None:
        self.parameterNode.Modified()


def _property(parameter: Parameter) -> property:
    return property(
        lambda self: parameter.read(self.parameterNode),
        lambda self, value: parameter.write(self.parameterNode, value),
    )


def parameterNodeWrapper(classtype: Any = None) -> Any:
    """Make the annotated attributes of a class parameters that are kept in a parameter node."""
    if classtype is None:
        return parameterNodeWrapper
    parameters = {}
    for name, datatype in typing.get_type_hints(classtype, include_extras=True).items():
        if hasattr(_Wrapped, name):
            raise ValueError(f"Cannot use reserved name '{name}' in a parameterNodeWrapper")
        parameters[name] = Parameter(name, datatype)
        if hasattr(classtype, name):
            parameters[name].default = Default(getattr(classtype, name))
    classtype.allParameters = parameters
    for name, parameter in parameters.items():
        setattr(classtype, name, _property(parameter))
    for name, function in vars(_Wrapped).items():
        if callable(function):
            setattr(classtype, name, function)
    return classtype
