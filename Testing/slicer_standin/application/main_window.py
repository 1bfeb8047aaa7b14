"""A main window: the module selector, the panel of the module that is chosen, the status bar."""

from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtWidgets

from ..pythonqt import native, wrap
from .modules import qSlicerModuleManager


class qSlicerModuleSelectorToolBar(QtWidgets.QToolBar):
    """Chooses the module that the panel shows."""

    _moduleSelected = QtCore.Signal(str)

    def __init__(self, window: qSlicerMainWindow, manager: qSlicerModuleManager) -> None:
        super().__init__(window)
        self._window, self._manager, self._selected = window, manager, ""

    selectedModule = QtCore.Property(str, lambda self: self._selected)

    def selectModule(self, name: str) -> None:
        module = self._manager.module(name)
        if module is None:
            raise RuntimeError(f"There is no module {name}")
        widget = native(module.widgetRepresentation())
        if widget is None:
            raise RuntimeError(f"The module {name} has no panel in the Slicer stand-in")
        self._selected = name
        self._window._show_panel(widget)
        self._moduleSelected.emit(name)


class qSlicerMainWindow(QtWidgets.QMainWindow):
    """Slicer's main window, as far as a module needs it."""

    def __init__(self, manager: qSlicerModuleManager) -> None:
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        self.setWindowTitle("Stand-in for 3D Slicer (tests)")
        self._selector = qSlicerModuleSelectorToolBar(self, manager)
        self.addToolBar(self._selector)
        self._area = QtWidgets.QScrollArea(self)
        self._area.setObjectName("ModulePanel")
        self._area.setWidgetResizable(True)
        self.setCentralWidget(self._area)
        self._panel: Any = None
        self.resize(520, 900)

    def moduleSelector(self) -> Any:
        return self._selector

    def _show_panel(self, widget: Any) -> None:
        if self._panel is widget:
            return
        if self._panel is not None:
            self._panel.exit()
            self._area.takeWidget()
        self._panel = widget
        self._area.setWidget(widget)
        widget.setVisible(True)
        widget.enter()

    def _close_panel(self) -> None:
        if self._panel is not None:
            self._panel.exit()
            self._panel = self._area.takeWidget() and None


def show_main_window(manager: qSlicerModuleManager) -> Any:
    """Make the main window and show it."""
    window = qSlicerMainWindow(manager)
    window.show()
    return wrap(window)
