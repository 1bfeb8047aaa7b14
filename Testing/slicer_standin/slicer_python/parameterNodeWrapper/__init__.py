"""``@parameterNodeWrapper``: typed attributes kept in a parameter node, tied to the widgets of a panel."""

from __future__ import annotations

import typing
from typing import Any

import qt
import slicer
import vtk

from .gui import connection
from .serializers import Parameter
from .validators import (
    Choice,
    Decimals,
    Default,
    Exclude,
    IsInstance,
    Maximum,
    Minimum,
    NotNone,
    SingleStep,
    Validator,
    WithinRange,
)

__all__ = [
    "Choice",
    "Decimals",
    "Default",
    "Exclude",
    "IsInstance",
    "Maximum",
    "Minimum",
    "NotNone",
    "SingleStep",
    "SlicerParameterNamePropertyName",
    "Validator",
    "WithinRange",
    "findChildWidgetForParameter",
    "isParameterNodeWrapper",
    "parameterNodeWrapper",
]

SlicerParameterNamePropertyName = "SlicerParameterName"


class _Wrapped:
    """The functions that every wrapped class gets."""

    allParameters: typing.ClassVar[dict[str, Parameter]]

    def __init__(self, parameterNode: Any, prefix: str | None = None) -> None:
        self.parameterNode, self._prefix = parameterNode, prefix or ""
        self._guis: dict[int, tuple[int, dict[str, Any]]] = {}
        self._next_tag, self._updating = 0, False
        for parameter in self.allParameters.values():
            if not parameter.is_in(parameterNode, self._prefix):
                parameter.write(parameterNode, self._prefix, parameter.default.value)

    def default(self, paramName: str) -> Default:
        return self._parameter(paramName).default

    def dataType(self, paramName: str) -> Any:
        return self._parameter(paramName).datatype

    def getValue(self, name: str) -> Any:
        return self._parameter(name).read(self.parameterNode, self._prefix)

    def setValue(self, name: str, value: Any) -> None:
        self._parameter(name).write(self.parameterNode, self._prefix, value)

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
        lambda self: parameter.read(self.parameterNode, self._prefix),
        lambda self, value: parameter.write(self.parameterNode, self._prefix, value),
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


def isParameterNodeWrapper(classOrObj: Any) -> bool:
    """Tell whether a class or an object is one that ``parameterNodeWrapper`` made."""
    return hasattr(classOrObj, "allParameters") and hasattr(classOrObj, "connectParametersToGui")


def findChildWidgetForParameter(widget: Any, parameter: str) -> Any:
    """Return the widget that stands for a parameter, None when there is none."""
    for child in widget.findChildren(qt.QWidget):
        if child.property(SlicerParameterNamePropertyName) == parameter:
            return child
    return None
