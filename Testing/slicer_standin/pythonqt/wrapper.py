"""The wrapper classes that stand for Qt classes, one for each PySide6 class and with the same inheritance."""

from __future__ import annotations

import enum
import weakref
from collections.abc import Iterator
from typing import Any

import shiboken6
from PySide6 import QtCore

from . import conversion, members
from .conversion import native, wrap
from .members import Method, Property, SignalMember

_classes: dict[type, type] = {}


class Wrapper:
    """A Qt object as PythonQt shows it: properties are attributes, and nothing can be set that does not exist."""

    _class: type = shiboken6.Shiboken.Object
    _generated = True

    def __init__(self, *arguments: Any, **properties: Any) -> None:
        self._attach(_native_class(type(self))(*native(arguments)))
        for name, value in properties.items():
            setattr(self, name, value)

    @classmethod
    def _from_native(cls, native_object: Any) -> Any:
        wrapper = cls.__new__(cls)
        wrapper._attach(native_object)
        return wrapper

    def _attach(self, native_object: Any) -> None:
        object.__setattr__(self, "_native", native_object)
        if isinstance(native_object, QtCore.QObject):
            # A Python subclass keeps its attributes as long as Qt keeps the object.
            keep = not _is_generated(type(self))
            native_object.__dict__["_pythonqt_wrapper"] = self if keep else weakref.ref(self)

    def _native_of(self) -> Any:
        if "_native" not in self.__dict__:
            raise ValueError(f"{type(self).__name__}.__init__ of the Qt base class was not called")
        if not shiboken6.isValid(self._native):
            raise ValueError(f"Trying to use a destroyed {type(self).__name__} object")
        return self._native

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_native":
            raise AttributeError(name)
        native_object = self._native_of()
        if name.endswith("_") and isinstance(member_of(type(self), name[:-1]), Method):
            return getattr(self, name[:-1])  # exec_ is exec
        if isinstance(native_object, QtCore.QObject):
            if name in _dynamic_properties(native_object):
                return wrap(native_object.property(name))
            for child in native_object.children():
                if child.objectName() == name:
                    return wrap(child)
        raise AttributeError(f"{type(self).__name__} has no attribute named '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        member = member_of(type(self), name)
        if isinstance(member, Property):
            member.__set__(self, value)
        elif isinstance(member, Method | SignalMember | enum.Enum):
            kind = "Signal" if isinstance(member, SignalMember) else "Slot" if isinstance(member, Method) else "Enum"
            raise AttributeError(f"{kind} '{name}' can not be overwritten on {type(self).__name__} object")
        elif "_native" in self.__dict__ and name in _dynamic_properties(self._native):
            self._native.setProperty(name, native(value))
        elif not _is_generated(type(self)):
            object.__setattr__(self, name, value)
        else:
            raise AttributeError(
                f"'{name}' does not exist on {type(self).__name__} "
                "and creating new attributes on C++ objects is not allowed"
            )

    def __bool__(self) -> bool:
        return shiboken6.isValid(self._native)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Wrapper) and bool(self._native == other._native)

    def __lt__(self, other: Any) -> bool:
        return bool(self._native < native(other))

    def __hash__(self) -> int:
        return hash(self._native)

    def __repr__(self) -> str:
        return f"{type(self).__name__} (standing in for {self._native!r})"


def member_of(cls: type, name: str) -> Any:
    """Return a class's attribute itself, not what it gives when it is asked for."""
    return next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)


def _dynamic_properties(native_object: Any) -> list[str]:
    if not isinstance(native_object, QtCore.QObject):
        return []
    return [bytes(name.data()).decode() for name in native_object.dynamicPropertyNames()]


def _is_generated(cls: type) -> bool:
    return "_generated" in vars(cls)


def wrapper_class(pyside_class: type) -> type:
    """Return the wrapper class of a PySide6 class (or of a class derived from one), made when first asked for."""
    if pyside_class is shiboken6.Shiboken.Object:
        return Wrapper
    if pyside_class not in _classes:
        bases = tuple(wrapper_class(b) for b in pyside_class.__bases__ if issubclass(b, shiboken6.Shiboken.Object))
        namespace = {"_class": pyside_class, "_generated": True, "__module__": "qt", **dict(_members(pyside_class))}
        _classes[pyside_class] = type(pyside_class.__name__, bases or (Wrapper,), namespace)
    return _classes[pyside_class]


def _members(pyside_class: type) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that PythonQt would show of a class itself, not of its bases."""
    for name, value in list(vars(pyside_class).items()):
        if name.startswith("_") or name == "exec_":  # PySide6's own exec_ warns; PythonQt's rule below makes one
            continue
        if isinstance(value, type) and issubclass(value, enum.Enum):
            conversion.compare_as_integer(value)
            yield from value.__members__.items()  # flat, as PythonQt has them
        elif isinstance(value, type) and issubclass(value, shiboken6.Shiboken.Object):
            yield name, wrapper_class(value)
        elif isinstance(value, QtCore.Signal):
            yield name, SignalMember(name)
        elif isinstance(value, QtCore.Property):
            pass  # in the meta object, below
        elif callable(value) or isinstance(value, staticmethod | classmethod):
            yield name, Method(pyside_class, name)
    meta = getattr(pyside_class, "staticMetaObject", None)
    if meta is not None and issubclass(pyside_class, QtCore.QObject):
        for index in range(meta.propertyOffset(), meta.propertyCount()):
            yield meta.property(index).name(), Property(meta.property(index))
        for signature in getattr(pyside_class, "cpp_signals", {}):
            yield signature.split("(")[0], SignalMember(signature.split("(")[0])
    if pyside_class is QtCore.QObject:
        yield from _object_members()


def _object_members() -> Iterator[tuple[str, Any]]:
    """What PythonQt adds to every QObject."""

    def connect(self: Any, signal: str, receiver: Any, slot: str | None = None) -> bool:
        target = receiver if slot is None else getattr(receiver, slot.split("(")[0])
        return members.connect(native(self), signal, target)

    def disconnect(self: Any, signal: str, receiver: Any = None, slot: str | None = None) -> bool:
        target = receiver if slot is None else getattr(receiver, slot.split("(")[0])
        return members.disconnect(native(self), signal, target)

    def class_name(self: Any) -> str:
        return str(native(self).metaObject().className())

    def delete(self: Any) -> None:
        shiboken6.delete(native(self))

    def find_children(self: Any, kind: Any = QtCore.QObject, name: str | None = None) -> tuple[Any, ...]:
        # PythonQt takes the class as a type or by its name.
        found = native(self).findChildren(QtCore.QObject)
        if isinstance(kind, str):
            found = [child for child in found if child.inherits(kind)]
        else:
            found = [child for child in found if isinstance(child, getattr(kind, "_class", kind))]
        return wrap([child for child in found if not name or child.objectName() == name])

    def find_child(self: Any, kind: Any, name: str | None = None) -> Any:
        return next(iter(find_children(self, kind, name)), None)

    yield "name", Property(QtCore.QObject.staticMetaObject.property(0))  # PythonQt: name is objectName
    yield "connect", connect
    yield "disconnect", disconnect
    yield "className", class_name
    yield "delete", delete
    yield "findChildren", find_children
    yield "findChild", find_child


def _native_class(cls: type) -> type:
    """Return the PySide6 class to build; for a Python subclass, one that calls its overrides of virtual functions."""
    generated = next(base for base in cls.__mro__ if _is_generated(base))
    if generated is cls:
        return generated._class  # type: ignore[attr-defined, no-any-return]
    base = generated._class  # type: ignore[attr-defined]
    derived = [c for c in cls.__mro__ if c is not object and not issubclass(generated, c)]
    names = {name for c in derived for name in vars(c) if not name.startswith("_") and callable(getattr(base, name, 0))}

    def forward(name: str) -> Any:
        def call(self: Any, *arguments: Any) -> Any:
            wrapper = self.__dict__.get("_pythonqt_wrapper")
            if wrapper is None:  # Qt calls it while the object is still being made
                return getattr(base, name)(self, *arguments)
            return native(getattr(wrapper, name)(*wrap(arguments)))

        return call

    return type(cls.__name__, (base,), {"_pythonqt_overrides": names, **{name: forward(name) for name in names}})


conversion._class_for = wrapper_class
