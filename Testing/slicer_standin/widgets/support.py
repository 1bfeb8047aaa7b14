"""What the widgets are made with: properties that store their value, and observations that end with the widget."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import shiboken6
import vtk
from PySide6 import QtCore


def stored(name: str, kind: Any, default: Any, changed: Callable[[Any], None] | None = None) -> QtCore.Property:
    """Return a property ``name`` of type ``kind`` (a Python type or the name of a C++ type)."""
    key = f"_stored_{name}"

    def read(self: Any) -> Any:
        return self.__dict__.get(key, default)

    def write(self: Any, value: Any) -> None:
        if isinstance(kind, type) and not isinstance(value, kind) and not (kind is float and type(value) is int):
            raise TypeError(f"{name} needs {kind.__name__}")
        if value != read(self):
            self.__dict__[key] = value
            if changed is not None:
                changed(self)

    return QtCore.Property(kind, read, write)


class Observations:
    """What a widget observes; it ends with the widget."""

    def __init__(self, widget: Any) -> None:
        self._widget = weakref.ref(widget)
        self._tags: dict[Any, list[int]] = {}

    def __contains__(self, observed: Any) -> bool:
        return observed in self._tags

    def add(self, observed: Any, event: Any, function: Callable[..., None]) -> None:
        """Call ``function(widget, node)`` when ``observed`` tells the event; node is None for events without one."""

        @vtk.calldata_type(vtk.VTK_OBJECT)  # type: ignore[untyped-decorator]
        def with_node(caller: Any, name: str, node: Any = None) -> None:
            widget = self._widget()
            if widget is None or not shiboken6.isValid(widget):
                self.clear()
            else:
                function(widget, node)

        def without_node(caller: Any, name: str) -> None:
            with_node(caller, name, caller)

        has_node = observed.IsA("vtkMRMLScene") and event != vtk.vtkCommand.ModifiedEvent
        tag = observed.AddObserver(event, with_node if has_node else without_node)
        self._tags.setdefault(observed, []).append(tag)

    def remove(self, observed: Any) -> None:
        for tag in self._tags.pop(observed, []):
            observed.RemoveObserver(tag)

    def clear(self) -> None:
        for observed in list(self._tags):
            self.remove(observed)
