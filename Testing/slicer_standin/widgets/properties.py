"""A Qt property that only stores its value (and calls a function of the object when it changed)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
