"""Between what a module sees (wrappers) and what PySide6 works with (native objects)."""

from __future__ import annotations

import enum
import weakref
from typing import Any

import shiboken6

_class_for: Any = None  # set by wrapper.py, which needs this file first
_patched: set[type] = set()


def native(value: Any) -> Any:
    """Return the PySide6 object behind a wrapper; containers are converted by element, all else is passed through."""
    native_object = getattr(type(value), "_native_of", None)
    if native_object is not None:
        return native_object(value)
    if type(value) in (list, tuple):
        return type(value)(native(element) for element in value)
    if type(value) is dict:
        return {key: native(element) for key, element in value.items()}
    return value


def wrap(value: Any) -> Any:
    """Return what Python sees in Slicer for a value that Qt returned: wrappers, tuples for lists, plain values."""
    if isinstance(value, shiboken6.Shiboken.Object):
        reference = getattr(value, "__dict__", {}).get("_pythonqt_wrapper")
        existing = reference() if isinstance(reference, weakref.ref) else reference
        return existing if existing is not None else _class_for(type(value))._from_native(value)
    if isinstance(value, enum.Enum):
        compare_as_integer(type(value))
        return value
    if type(value) in (list, tuple):
        return tuple(wrap(element) for element in value)
    return value


def compare_as_integer(enumeration: type) -> None:
    """Let the members of a PySide6 enumeration equal their integers, as PythonQt's enumeration values do."""
    if enumeration in _patched or issubclass(enumeration, int):
        return
    _patched.add(enumeration)

    def equal(self: Any, other: object) -> Any:
        if isinstance(other, int):
            return self.value == other
        return NotImplemented if not isinstance(other, type(self)) else self.value == other.value

    enumeration.__eq__ = equal  # type: ignore[method-assign, assignment]
    enumeration.__hash__ = lambda self: hash(self.value)  # type: ignore[method-assign, assignment]
    enumeration.__int__ = enumeration.__index__ = lambda self: int(self.value)  # type: ignore[attr-defined]
