"""The modules ``qt`` and ``ctk``, flat as in Slicer, the widget classes that ``slicer`` has, and ``qt.QUiLoader``.

Qt's own loader replaces a class that it does not know by another, and only prints a line about a property or a
connection that it cannot make. Here each of these is an error, so that the tests find a mistake in the ``.ui`` file.
"""

from __future__ import annotations

import sys
import types
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from typing import Any

import shiboken6
from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

from .pythonqt import Wrapper, native, wrap, wrapper_class
from .pythonqt.members import Method, Property
from .pythonqt.wrapper import member_of
from .widgets import ctk_widgets

_CTK = (
    ctk_widgets.ctkPathLineEdit,
    ctk_widgets.ctkCollapsibleButton,
    ctk_widgets.ctkMessageBox,
    ctk_widgets.ctkSliderWidget,
)
# Slicer's own parameterNodeWrapper compares with these classes; nothing here makes one.
_CTK_NAMES = (
    "ctkCheckBox",
    "ctkCheckablePushButton",
    "ctkColorPickerButton",
    "ctkComboBox",
    "ctkDirectoryButton",
    "ctkDoubleRangeSlider",
    "ctkDoubleSlider",
    "ctkDoubleSpinBox",
    "ctkRangeWidget",
)
_MRML_NAMES = ("qMRMLRangeWidget", "qMRMLSliderWidget", "qMRMLSpinBox")


def _name_only(name: str) -> type:
    def refuse(self: Any, *_: Any) -> None:
        raise NotImplementedError(f"{name} is not part of the Slicer stand-in")

    return type(name, (), {"__init__": refuse})


class _Namespace(types.ModuleType):
    """A module whose classes are wrapped when they are first asked for."""

    def __init__(self, name: str, find: Callable[[str], Any]) -> None:
        super().__init__(name, "Part of the Slicer stand-in for tests; not Slicer's own module.")
        self._find = find

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = self._find(name)
        setattr(self, name, value)
        return value


def _find_qt(name: str) -> Any:
    for module in (QtCore, QtGui, QtWidgets):
        value = getattr(module, name, None)
        if isinstance(value, type) and issubclass(value, shiboken6.Shiboken.Object):
            return wrapper_class(value)
    raise AttributeError(f"module 'qt' has no attribute '{name}'")


def _find_ctk(name: str) -> Any:
    raise AttributeError(f"the Slicer stand-in has no ctk class '{name}'")


def _single_shot(milliseconds: int, receiver: Any, member: str | None = None) -> None:
    """``qt.QTimer.singleShot`` as Slicer's start-up code defines it."""
    timer = wrapper_class(QtCore.QTimer)(wrapper_class(QtCore.QCoreApplication).instance())
    timer.setSingleShot(True)
    timer.connect("timeout()", receiver, member) if member else timer.connect("timeout()", receiver)
    timer.connect("timeout()", timer.deleteLater)
    timer.start(milliseconds)


def _first(function: Callable[..., Any]) -> staticmethod[..., Any]:
    """A file dialog's function without the filter, which C++ does not return."""

    def call(*arguments: Any) -> Any:
        result = function(*native(arguments))[0]
        return tuple(result) if isinstance(result, list) else result

    return staticmethod(call)


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


def install() -> None:
    """Put ``qt`` and ``ctk`` where ``import`` finds them, and make the custom widgets known to ``.ui`` files."""
    if "qt" in sys.modules:
        return
    qt, ctk = _Namespace("qt", _find_qt), _Namespace("ctk", _find_ctk)
    sys.modules["qt"], sys.modules["ctk"] = qt, ctk
    wrapper_class(QtCore.QTimer).singleShot = staticmethod(_single_shot)  # type: ignore[attr-defined]
    dialog = wrapper_class(QtWidgets.QFileDialog)
    for name in ("getOpenFileName", "getOpenFileNames", "getSaveFileName"):
        setattr(dialog, name, _first(getattr(QtWidgets.QFileDialog, name)))
    qt.QUiLoader = QUiLoader  # type: ignore[attr-defined]
    for pyside_class in _CTK:
        setattr(ctk, pyside_class.__name__, wrapper_class(pyside_class))
        register(pyside_class)
    for name in _CTK_NAMES:
        setattr(ctk, name, _name_only(name))


def install_mrml_widgets(slicer: types.ModuleType, version: tuple[int, int]) -> None:
    """Add the widget classes to ``slicer``; it must be importable first, since they use the scene's classes."""
    from .widgets import mrml_widgets, node_combo_box

    if version < (5, 12):
        del node_combo_box.qMRMLNodeComboBox.cpp_signals["nodeAddedByUserAction(vtkMRMLNode*)"]
    for pyside_class in (
        mrml_widgets.qMRMLWidget,
        mrml_widgets.qSlicerWidget,
        mrml_widgets.qMRMLSegmentationShow3DButton,
        node_combo_box.qMRMLNodeComboBox,
    ):
        setattr(slicer, pyside_class.__name__, wrapper_class(pyside_class))
        register(pyside_class)
    for name in _MRML_NAMES:
        setattr(slicer, name, _name_only(name))


__all__ = ["Wrapper", "install", "install_mrml_widgets"]
