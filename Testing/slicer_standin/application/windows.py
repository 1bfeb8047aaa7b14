"""The main window with its module selector and panel, and the layout manager with real slice nodes and logics."""

from __future__ import annotations

from typing import Any, ClassVar

import slicer
from PySide6 import QtCore, QtWidgets

from ..pythonqt import native, wrap
from ..widgets.mrml_widgets import qMRMLWidget
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


class qMRMLSliceWidget(qMRMLWidget):
    """A slice view: its node and its logic are Slicer's own, but nothing is drawn."""

    def __init__(self, node: Any, logic: Any) -> None:
        super().__init__()
        self._node, self._logic = node, logic

    def mrmlSliceNode(self) -> Any:
        return self._node

    mrmlAbstractViewNode = mrmlSliceNode

    def sliceLogic(self) -> Any:
        return self._logic

    logic = sliceLogic

    def mrmlSliceCompositeNode(self) -> Any:
        return self._logic.GetSliceCompositeNode()

    def fitSliceToBackground(self) -> None:
        self._logic.FitSliceToBackground()


class qMRMLPlotView(QtWidgets.QWidget):
    """The canvas of a plot: it draws nothing, and tells which points were clicked."""

    _dataSelected = QtCore.Signal(object, object)
    cpp_signals: ClassVar[dict[str, str]] = {"dataSelected(vtkStringArray*,vtkCollection*)": "_dataSelected"}

    def fitToContent(self) -> None:
        """Do nothing: there are no axes."""


class qMRMLViewWidget(qMRMLWidget):
    """A 3D, plot or table view: its node, and functions of the view that only matter when something is drawn."""

    def __init__(self, node: Any) -> None:
        super().__init__()
        self._node = node
        self._plot: qMRMLPlotView | None = None

    def mrmlViewNode(self) -> Any:
        return self._node

    mrmlPlotViewNode = mrmlTableViewNode = mrmlAbstractViewNode = mrmlViewNode

    def threeDView(self) -> QtWidgets.QWidget:
        return self

    def plotView(self) -> QtWidgets.QWidget:
        if self._plot is None:
            self._plot = qMRMLPlotView(self)
        return self._plot

    tableView = threeDView

    def resetFocalPoint(self) -> None:
        """Do nothing: there is no camera."""

    resetCamera = forceRender = scheduleRender = fitToContent = resetFocalPoint


class qSlicerLayoutManager(QtCore.QObject):
    """``slicer.app.layoutManager()``."""

    layoutChanged = QtCore.Signal(int)

    def __init__(self, scene: Any, application_logic: Any) -> None:
        super().__init__()
        self._scene, self._application_logic = scene, application_logic
        self._slice_widgets: dict[str, qMRMLSliceWidget] = {}
        self._view_widgets: dict[str, qMRMLViewWidget] = {}
        self._layout_logic = slicer.vtkMRMLLayoutLogic()
        self._layout_logic.SetMRMLScene(scene)
        self.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView)
        self.sliceViewNames()

    def layoutLogic(self) -> Any:
        return self._layout_logic

    def setLayout(self, layout: int) -> None:
        if layout != self._layout():
            self._layout_logic.GetLayoutNode().SetViewArrangement(layout)
            self.layoutChanged.emit(layout)

    def _layout(self) -> int:
        return int(self._layout_logic.GetLayoutNode().GetViewArrangement())

    layout = QtCore.Property(int, _layout, setLayout)

    def _nodes(self, class_name: str) -> list[Any]:
        count = self._scene.GetNumberOfNodesByClass(class_name)
        return [self._scene.GetNthNodeByClass(index, class_name) for index in range(count)]

    def sliceViewNames(self) -> list[str]:
        for node in self._nodes("vtkMRMLSliceNode"):
            if node.GetLayoutName() not in self._slice_widgets:
                logic = slicer.vtkMRMLSliceLogic()
                logic.SetMRMLApplicationLogic(self._application_logic)
                logic.SetMRMLScene(self._scene)
                logic.SetSliceNode(node)
                self._application_logic.GetSliceLogics().AddItem(logic)
                node.SetDimensions(256, 256, 1)
                self._slice_widgets[node.GetLayoutName()] = qMRMLSliceWidget(node, logic)
        return list(self._slice_widgets)

    def sliceWidget(self, name: str) -> Any:
        self.sliceViewNames()
        return self._slice_widgets.get(name)

    def mrmlSliceLogics(self) -> Any:
        self.sliceViewNames()
        return self._application_logic.GetSliceLogics()

    def resetSliceViews(self) -> None:
        for name in self.sliceViewNames():
            self._slice_widgets[name].fitSliceToBackground()

    def resetThreeDViews(self) -> None:
        """Do nothing: there is no camera."""

    def _view(self, class_name: str, index: int) -> Any:
        nodes = self._nodes(class_name)
        if not 0 <= index < len(nodes):
            return None
        return self._view_widgets.setdefault(nodes[index].GetID(), qMRMLViewWidget(nodes[index]))

    threeDViewCount = QtCore.Property(int, lambda self: len(self._nodes("vtkMRMLViewNode")))
    plotViewCount = QtCore.Property(int, lambda self: len(self._nodes("vtkMRMLPlotViewNode")))
    tableViewCount = QtCore.Property(int, lambda self: len(self._nodes("vtkMRMLTableViewNode")))

    def threeDWidget(self, index: int) -> Any:
        return self._view("vtkMRMLViewNode", index)

    def plotWidget(self, index: int) -> Any:
        return self._view("vtkMRMLPlotViewNode", index)

    def tableWidget(self, index: int) -> Any:
        return self._view("vtkMRMLTableViewNode", index)
