"""Widgets that know the scene: the panels ``qMRMLWidget`` and ``qSlicerWidget``, and the button Show 3D."""

from __future__ import annotations

from typing import Any, ClassVar

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from .support import Observations, stored


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


class qMRMLSegmentationShow3DButton(QtWidgets.QPushButton):
    """Makes and removes a segmentation's surface (without the menu of its smoothing)."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("Show 3D", parent)
        self._node: Any = None
        self._observations = Observations(self)
        self.setCheckable(True)
        self.setEnabled(False)
        self.toggled.connect(self._toggled)

    locked = stored("locked", bool, False, lambda self: self._update())

    def segmentationNode(self) -> Any:
        return self._node

    def setSegmentationNode(self, node: Any) -> None:
        if node is self._node:
            return
        self._observations.clear()
        self._node = node
        if node is not None:
            for event in (vtk.vtkCommand.ModifiedEvent, slicer.vtkSegmentation.ContainedRepresentationNamesModified):
                self._observations.add(node, event, type(self)._update)
        self._update()

    def _update(self, *_: Any) -> None:
        segmentation = self._node.GetSegmentation() if self._node is not None else None
        surface = slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName()
        self.setEnabled(
            segmentation is not None
            and not self.locked
            and segmentation.GetNumberOfSegments() > 0
            and segmentation.GetSourceRepresentationName() != surface
        )
        if segmentation is not None:
            blocked = self.blockSignals(True)
            self.setChecked(segmentation.ContainsRepresentation(surface))
            self.blockSignals(blocked)

    def _toggled(self, on: bool) -> None:
        if self._node is None:
            return
        segmentation, display = self._node.GetSegmentation(), self._node.GetDisplayNode()
        surface = slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName()
        if not on:
            segmentation.RemoveRepresentation(surface)
        elif segmentation.CreateRepresentation(surface) and display:
            display.SetPreferredDisplayRepresentationName3D(surface)
