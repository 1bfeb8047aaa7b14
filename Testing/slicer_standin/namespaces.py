"""The modules ``qt`` and ``ctk``, flat as in Slicer, and the widget classes that Slicer's ``slicer`` has."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6 import QtCore, QtGui, QtWidgets

from . import ui_loader
from .pythonqt import Wrapper, native, wrapper_class
from .widgets import ctk_path_line_edit, ctk_widgets

_CTK = (
    ctk_path_line_edit.ctkPathLineEdit,
    ctk_widgets.ctkCheckBox,
    ctk_widgets.ctkCollapsibleButton,
    ctk_widgets.ctkComboBox,
    ctk_widgets.ctkMessageBox,
    ctk_widgets.ctkSliderWidget,
)
# Slicer's own parameterNodeWrapper compares with these classes; nothing here makes one.
_CTK_NAMES = (
    "ctkCheckablePushButton",
    "ctkColorPickerButton",
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
    qt.QUiLoader = ui_loader.QUiLoader  # type: ignore[attr-defined]
    for pyside_class in _CTK:
        setattr(ctk, pyside_class.__name__, wrapper_class(pyside_class))
        ui_loader.register(pyside_class)
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
        mrml_widgets.qMRMLTableView,
        mrml_widgets.qMRMLSegmentationShow3DButton,
        node_combo_box.qMRMLNodeComboBox,
    ):
        setattr(slicer, pyside_class.__name__, wrapper_class(pyside_class))
        ui_loader.register(pyside_class)
    for name in _MRML_NAMES:
        setattr(slicer, name, _name_only(name))


__all__ = ["Wrapper", "install", "install_mrml_widgets"]
