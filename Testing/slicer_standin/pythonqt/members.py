"""The members of a wrapper class: a property, a function, a signal."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore

from .conversion import native, wrap
from .signals import BoundSignal


class Property:
    """A Qt property: read and written as an attribute, with PythonQt's messages when that cannot be done."""

    def __init__(self, meta: QtCore.QMetaProperty) -> None:
        self._name, self._writable, self._type = str(meta.name()), bool(meta.isWritable()), str(meta.typeName())

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        native_object = native(instance)
        declared = getattr(type(native_object), self._name, None)
        if isinstance(declared, QtCore.Property):
            return wrap(getattr(native_object, self._name))
        capital = self._name[0].upper() + self._name[1:]
        for getter in (self._name, f"is{capital}", f"has{capital}"):
            function = getattr(native_object, getter, None)
            if callable(function) and not isinstance(function, QtCore.SignalInstance):
                return wrap(function())
        return wrap(native_object.property(self._name))

    def __set__(self, instance: Any, value: Any) -> None:
        if not self._writable:
            raise AttributeError(f"Property '{self._name}' of {type(instance).__name__} object is not writable")
        native_object, native_value = native(instance), native(value)
        declared = getattr(type(native_object), self._name, None)
        setter = getattr(native_object, f"set{self._name[0].upper()}{self._name[1:]}", None)
        try:
            if isinstance(declared, QtCore.Property):
                setattr(native_object, self._name, native_value)
                return
            if callable(setter):
                setter(native_value)
                return
            accepted = native_object.setProperty(self._name, native_value)
        except TypeError:
            accepted = False
        if not accepted:
            raise AttributeError(
                f"Property '{self._name}' of type '{self._type}' does not accept an object of type "
                f"{type(value).__name__} ({value!r})"
            )


class Method:
    """A function of a Qt class, static or not."""

    def __init__(self, pyside_class: type, name: str) -> None:
        self._class, self._name = pyside_class, name

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return BoundMethod(getattr(self._class, self._name), None, self._name)
        native_object = native(instance)
        if "_pythonqt_overrides" in vars(type(native_object)):
            # A Python subclass calls the function of its base, which must not lead back to its own.
            function = vars(self._class)[self._name].__get__(native_object, type(native_object))
        else:
            function = getattr(native_object, self._name)
        return BoundMethod(function, native_object, self._name)


class BoundMethod:
    """``widget.setText``: equal to itself when asked for again, so that it can be disconnected."""

    def __init__(self, function: Any, native_object: Any, name: str) -> None:
        self._function, self._object, self.__name__ = function, native_object, name

    def __call__(self, *arguments: Any) -> Any:
        return wrap(self._function(*native(arguments)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BoundMethod) and self._object is other._object and self.__name__ == other.__name__

    def __hash__(self) -> int:
        return hash((id(self._object), self.__name__))


class SignalMember:
    """A signal of a Qt class."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else BoundSignal(native(instance), self._name)
