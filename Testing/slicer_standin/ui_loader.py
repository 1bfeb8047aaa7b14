"""``qt.QUiLoader``: builds a panel from a ``.ui`` file, strictly.

Qt's own loader replaces a class that it does not know by another, and only prints a line about a property or a
connection that it cannot make. Here each of these is an error, so that the tests find a mistake in the ``.ui`` file.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

from PySide6 import QtCore, QtUiTools, QtWidgets

from .pythonqt import native, wrap, wrapper_class
from .pythonqt.members import Method, Property
from .pythonqt.wrapper import member_of

_custom: dict[str, type] = {}


def register(pyside_class: type) -> None:
    """Make a class known to ``.ui`` files under its own name."""
    _custom[pyside_class.__name__] = pyside_class


class QUiLoader:
    """Loads ``.ui`` files; an unknown class, property, signal or slot raises RuntimeError."""

    def load(self, device: Any, parent: Any = None) -> Any:
        root = ET.fromstring(bytes(native(device).readAll().data()))
        later = list(_take_custom_properties(root))
        connections = _take_connections(root)
        loader = QtUiTools.QUiLoader()
        for pyside_class in _custom.values():
            loader.registerCustomWidget(pyside_class)
        known = set(loader.availableWidgets()) | set(_custom) | {"QWidget", "Line"}
        for element in root.iter("widget"):
            if element.get("class") not in known:
                raise RuntimeError(f"The .ui file uses the unknown widget class {element.get('class')}")
        buffer = QtCore.QBuffer()
        buffer.setData(ET.tostring(root))
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        widget = loader.load(buffer, native(parent))
        if widget is None:
            raise RuntimeError(f"The .ui file cannot be loaded: {loader.errorString()}")
        _check_properties(root)
        for name, property_name, value in later:
            setattr(wrap(_find(widget, name)), property_name, value)
        for sender, signal, receiver, slot in connections:
            _connect(wrap(_find(widget, sender)), signal, wrap(_find(widget, receiver)), slot)
        return wrap(widget)


def _find(widget: QtWidgets.QWidget, name: str) -> QtCore.QObject:
    found = widget if widget.objectName() == name else widget.findChild(QtCore.QObject, name)
    if found is None:
        raise RuntimeError(f"The .ui file refers to the unknown object {name}")
    return found


def _class(name: str) -> type:
    return wrapper_class(_custom.get(name) or getattr(QtWidgets, name, QtWidgets.QWidget))


def _check_properties(root: ET.Element) -> None:
    for element in root.iter("widget"):
        for entry in element.findall("property"):
            name = entry.get("name", "")
            member = getattr(_class(element.get("class", "")), name, None)
            if entry.get("stdset") != "0" and not isinstance(member, Property):
                raise RuntimeError(f"The .ui file sets the property {name}, which {element.get('class')} has not")


def _take_custom_properties(root: ET.Element) -> Iterator[tuple[str, str, Any]]:
    """Take the properties that our own classes declare out of the document: Qt's loader cannot convert all of them."""
    for element in root.iter("widget"):
        pyside_class = _custom.get(element.get("class", ""))
        for entry in element.findall("property") if pyside_class else []:
            name = entry.get("name", "")
            if isinstance(getattr(pyside_class, name, None), QtCore.Property):
                element.remove(entry)
                yield element.get("name", ""), name, _value(entry[0], pyside_class)


def _value(element: ET.Element, pyside_class: Any) -> Any:
    text = element.text or ""
    if element.tag in ("enum", "set"):
        keys = [key.split("::")[-1] for key in text.split("|")]
        value = getattr(_class(pyside_class.__name__), keys[0])
        for key in keys[1:]:
            value |= getattr(_class(pyside_class.__name__), key)
        return value
    if element.tag == "stringlist":
        return [entry.text or "" for entry in element.findall("string")]
    converters = {"bool": lambda t: t == "true", "number": int, "double": float, "string": str, "cstring": str}
    if element.tag not in converters:
        raise RuntimeError(f"The .ui file sets a property of the unsupported kind {element.tag}")
    return converters[element.tag](text)  # type: ignore[no-untyped-call]


def _take_connections(root: ET.Element) -> list[tuple[str, str, str, str]]:
    connections = []
    for section in root.findall("connections"):
        for entry in section.findall("connection"):
            sender, signal, receiver, slot = (
                entry.findtext(key, "") for key in ("sender", "signal", "receiver", "slot")
            )
            connections.append((sender, signal, receiver, slot))
        root.remove(section)
    return connections


def _connect(sender: Any, signal: str, receiver: Any, slot: str) -> None:
    name = slot.split("(")[0]
    if not isinstance(member_of(type(receiver), name), Method):
        raise RuntimeError(f"The .ui file connects to the slot {slot}, which {receiver.className()} has not")
    function, count = getattr(receiver, name), 0 if slot.endswith("()") else slot.count(",") + 1
    try:
        sender.connect(signal, lambda *arguments: function(*arguments[:count]))
    except ValueError as error:
        raise RuntimeError(f"The .ui file connects a signal that is not there: {error}") from error
