"""The members of a wrapper class: properties, functions, and signals with PythonQt's way of cutting arguments."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable
from typing import Any

from PySide6 import QtCore

from .conversion import native, wrap

slot_errors: list[BaseException] = []
"""Exceptions that slots raised. Slicer prints them and goes on; a test wants to know of them."""


class BoundSignal:
    """``widget.clicked``: a signal of one object."""

    def __init__(self, sender: QtCore.QObject, name: str) -> None:
        self._sender, self._name = sender, name

    def connect(self, function: Callable[..., Any]) -> bool:
        return connect(self._sender, default_signature(self._sender, self._name), function)

    def disconnect(self, function: Callable[..., Any] | None = None) -> bool:
        return disconnect(self._sender, default_signature(self._sender, self._name), function)

    def emit(self, *arguments: Any) -> None:
        names = getattr(type(self._sender), "cpp_signals", {})
        name = names.get(default_signature(self._sender, self._name), self._name)
        getattr(self._sender, name).emit(*native(arguments))

    __call__ = emit


def default_signature(sender: QtCore.QObject, name: str) -> str:
    """Return the signature that ``sender.name.connect`` stands for: the one that is declared first."""
    for signature in getattr(type(sender), "cpp_signals", {}):
        if signature.split("(")[0] == name:
            return signature
    meta = sender.metaObject()
    for index in range(meta.methodCount()):
        method = meta.method(index)
        if method.methodType() == QtCore.QMetaMethod.MethodType.Signal and bytes(method.name().data()).decode() == name:
            return bytes(method.methodSignature().data()).decode()
    raise AttributeError(f"{meta.className()} has no signal {name!r}")


def _pyside_signature(sender: QtCore.QObject, signature: str) -> str:
    """Return PySide6's signature for a C++ signature; raise when the signal does not exist (PythonQt only warns)."""
    meta = sender.metaObject()
    normalized = bytes(QtCore.QMetaObject.normalizedSignature(signature).data()).decode()
    declared = getattr(type(sender), "cpp_signals", {})
    if normalized in declared:
        name = declared[normalized]
        for index in range(meta.methodCount()):
            if bytes(meta.method(index).name().data()).decode() == name:
                return bytes(meta.method(index).methodSignature().data()).decode()
    hidden = set(declared.values())
    if meta.indexOfSignal(normalized) < 0 or normalized.split("(")[0] in hidden:
        raise ValueError(f"QObject::connect() signal '{signature}' does not exist on {meta.className()}")
    return normalized


def connect(sender: QtCore.QObject, signature: str, function: Callable[..., Any]) -> bool:
    """Connect ``function`` to a signal given by its C++ signature, for example ``"toggled(bool)"``."""
    if not callable(function):
        raise TypeError(f"connect needs a callable, not {type(function).__name__}")
    pyside_signature = _pyside_signature(sender, signature)
    accepted = _accepted_arguments(function)

    def handler(*arguments: Any) -> None:
        try:
            function(*wrap(arguments)[:accepted])
        except SystemExit as stop:
            QtCore.QCoreApplication.exit(stop.code if isinstance(stop.code, int) else int(stop.code is not None))
        except BaseException as error:
            slot_errors.append(error)
            traceback.print_exc(file=sys.stderr)

    QtCore.QObject.connect(sender, QtCore.SIGNAL(pyside_signature), handler)
    sender.__dict__.setdefault("_pythonqt_connections", []).append((pyside_signature, function, handler))
    return True


def disconnect(sender: QtCore.QObject, signature: str, function: Callable[..., Any] | None = None) -> bool:
    """Disconnect ``function`` (or everything) from a signal. Returns whether something was connected."""
    pyside_signature = _pyside_signature(sender, signature)
    connections = sender.__dict__.get("_pythonqt_connections", [])
    found = [c for c in connections if c[0] == pyside_signature and (function is None or c[1] == function)]
    for connection in found:
        QtCore.QObject.disconnect(sender, QtCore.SIGNAL(pyside_signature), connection[2])
        connections.remove(connection)
    return bool(found)


def _accepted_arguments(function: Callable[..., Any]) -> int | None:
    """Return how many arguments PythonQt passes at most, None for all: Python functions get no more than they take."""
    bound = inspect.ismethod(function)
    plain = function.__func__ if bound else function  # type: ignore[attr-defined]
    if not inspect.isfunction(plain) or plain.__code__.co_flags & inspect.CO_VARARGS:
        return None
    return plain.__code__.co_argcount - int(bound)


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
