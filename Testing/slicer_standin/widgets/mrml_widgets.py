"""Widgets that know the scene: the panels ``qMRMLWidget`` and ``qSlicerWidget``, and the table view."""

from __future__ import annotations

from typing import Any, ClassVar

import vtk
from PySide6 import QtCore, QtGui, QtWidgets

from .observations import Observations


class qMRMLWidget(QtWidgets.QWidget):
    """A panel that passes the scene on to the widgets in it."""

    _mrmlSceneChanged = QtCore.Signal(object)
    cpp_signals: ClassVar[dict[str, str]] = {"mrmlSceneChanged(vtkMRMLScene*)": "_mrmlSceneChanged"}

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        if scene is not self._scene:
            self._scene = scene
            self._mrmlSceneChanged.emit(scene)


class qSlicerWidget(qMRMLWidget):
    """In Slicer a sibling of ``qMRMLWidget`` with the same interface."""


class qMRMLTableView(QtWidgets.QTableView):
    """The cells of a table node, read only here, with the row that is clicked selected."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._node: Any = None
        self._observations = Observations(self)
        self._items = QtGui.QStandardItemModel(self)
        self._sorted = QtCore.QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._items)
        self._sorted.setSortRole(QtCore.Qt.ItemDataRole.UserRole)
        self.setModel(self._sorted)
        self.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene
        if scene is None:
            self.setMRMLTableNode(None)

    def mrmlTableNode(self) -> Any:
        return self._node

    def setMRMLTableNode(self, node: Any) -> None:
        self._observations.clear()
        self._node = node
        if node is not None:
            self._observations.add(node, vtk.vtkCommand.ModifiedEvent, type(self)._update)
        self._update()

    def _update(self, *_: Any) -> None:
        self._items.clear()
        table = self._node.GetTable() if self._node is not None else None
        if table is None:
            return
        names = [table.GetColumnName(column) for column in range(table.GetNumberOfColumns())]
        titles = [self._node.GetColumnTitle(name) or name for name in names]
        self._items.setHorizontalHeaderLabels(titles)
        for row in range(table.GetNumberOfRows()):
            cells = []
            for column in range(len(names)):
                variant = table.GetValue(row, column)
                text = variant.ToString()
                item = QtGui.QStandardItem(text)
                item.setData(variant.ToDouble() if variant.IsNumeric() else text, QtCore.Qt.ItemDataRole.UserRole)
                cells.append(item)
            self._items.appendRow(cells)
