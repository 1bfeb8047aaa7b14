"""Observing the scene from a widget, which may be gone when the scene changes."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import shiboken6
import vtk


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
