"""``qMRMLNodeComboBox``: chooses a node of the scene, and creates, renames and deletes nodes."""

from __future__ import annotations

from typing import Any, ClassVar

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from .support import Observations, stored

_NODE_ID = int(QtCore.Qt.ItemDataRole.UserRole)
_ACTION = _NODE_ID + 1
_BY_USER_ACTION = "nodeAddedByUserAction(vtkMRMLNode*)"  # since Slicer 5.12


class qMRMLSortFilterProxyModel(QtCore.QObject):
    """What a selector leaves out, beside what its own properties say."""

    hiddenNodeIDs = stored("hiddenNodeIDs", "QStringList", [], lambda self: self.parent()._rebuild())


class qMRMLNodeComboBox(QtWidgets.QWidget):
    """The nodes of some classes, perhaps "None" before them and actions after them."""

    _currentNodeChanged = QtCore.Signal(object)
    _currentNodeValid = QtCore.Signal(bool)
    currentNodeIDChanged = QtCore.Signal(str)
    currentNodeRenamed = QtCore.Signal(str)
    _nodeActivated = QtCore.Signal(object)
    _nodeAdded = QtCore.Signal(object)
    _nodeAddedByUser = QtCore.Signal(object)
    _nodeAddedByUserAction = QtCore.Signal(object)
    _nodeAboutToBeRemoved = QtCore.Signal(object)
    _nodeAboutToBeEdited = QtCore.Signal(object)
    cpp_signals: ClassVar[dict[str, str]] = {
        "currentNodeChanged(vtkMRMLNode*)": "_currentNodeChanged",
        "currentNodeChanged(bool)": "_currentNodeValid",
        "nodeActivated(vtkMRMLNode*)": "_nodeActivated",
        "nodeAdded(vtkMRMLNode*)": "_nodeAdded",
        "nodeAddedByUser(vtkMRMLNode*)": "_nodeAddedByUser",
        _BY_USER_ACTION: "_nodeAddedByUserAction",
        "nodeAboutToBeRemoved(vtkMRMLNode*)": "_nodeAboutToBeRemoved",
        "nodeAboutToBeEdited(vtkMRMLNode*)": "_nodeAboutToBeEdited",
    }

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene: Any = None
        self._requested: str | None = None
        self._scene_observations, self._node_observations = Observations(self), Observations(self)
        self._attributes: list[tuple[str, str, Any]] = []
        self._labels: dict[str, str] = {}
        self._current: Any = None  # the node whose selection was told last
        self._filter = qMRMLSortFilterProxyModel(self)
        self._box = QtWidgets.QComboBox(self)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Fixed)
        self.setFocusProxy(self._box)
        self._box.currentIndexChanged.connect(self._index_changed)
        self._box.activated.connect(self._activated)
        self.setEnabled(False)

    def _rebuild(self) -> None:
        """Make the list anew for the scene as it is now, and keep the node that is chosen."""
        if self._scene is not None and self._scene.IsBatchProcessing():
            return
        chosen, was_empty, old_index = self._chosen_id(), self._box.count() == 0, self._box.currentIndex()
        self._box.blockSignals(True)
        self._box.clear()
        if self.noneEnabled and self._scene is not None:
            self._box.addItem(self.noneDisplay)
            self._box.setItemData(0, "", _NODE_ID)
        for node in self._nodes():
            self._box.addItem(node.GetName())
            self._box.setItemData(self._box.count() - 1, node.GetID(), _NODE_ID)
        count = self._box.count()
        for label, action in self._actions():
            self._box.addItem(label)
            self._box.setItemData(self._box.count() - 1, action, _ACTION)
        index = self._box.findData(chosen, _NODE_ID) if chosen is not None else -1
        if index < 0 and self.noneEnabled and self._scene is not None:
            index = 0
        elif index < 0 and count and chosen:
            index = min(count - 1, max(old_index, 0))  # the chosen node has gone: its neighbour, as Qt chooses it
        elif index < 0 and count and was_empty and count == self._box.count():
            index = 0  # the first row of an empty box is chosen by Qt
        self._box.setCurrentIndex(index)
        self._box.setPlaceholderText(f"Select a {self.nodeTypeLabel((self.nodeTypes or [''])[0])}")
        self._box.blockSignals(False)
        self._index_changed(self._box.currentIndex())

    def _nodes(self) -> list[Any]:
        if self._scene is None:
            return []
        nodes = self._scene.GetNodes()
        found = [nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems())]
        self._watch([node for node in found if any(node.IsA(kind) for kind in self.nodeTypes)])
        return [node for node in found if self._accepts(node)]

    def _accepts(self, node: Any) -> bool:
        kinds = [kind for kind in self.nodeTypes if node.IsA(kind)]
        if not self.showChildNodeTypes:
            kinds = [kind for kind in kinds if kind == node.GetClassName()]
        if not kinds or any(node.IsA(hidden) for hidden in self.hideChildNodeTypes):
            return False
        if node.GetID() in self._filter.hiddenNodeIDs:
            return False
        if node.GetHideFromEditors() and not self.showHidden:
            return False
        return all(
            node.GetAttribute(name) is not None and (value is None or node.GetAttribute(name) == str(value))
            for kind, name, value in self._attributes
            if node.IsA(kind)
        )

    def _actions(self) -> list[tuple[str, str]]:
        if self._scene is None:
            return []
        label = self.nodeTypeLabel(self.nodeTypes[0]) if len(self.nodeTypes) == 1 else "node"
        actions = [(f"Rename current {label}", "rename")] if self.renameEnabled else []
        actions += [(f"Edit current {label}", "edit")] if self.editEnabled else []
        if self.addEnabled:
            actions += [(f"Create new {self.nodeTypeLabel(kind)}", f"add {kind}") for kind in self.nodeTypes]
        return actions + ([(f"Delete current {label}", "remove")] if self.removeEnabled else [])

    noneEnabled = stored("noneEnabled", bool, False, _rebuild)
    addEnabled = stored("addEnabled", bool, True, _rebuild)
    removeEnabled = stored("removeEnabled", bool, True, _rebuild)
    editEnabled = stored("editEnabled", bool, False, _rebuild)
    renameEnabled = stored("renameEnabled", bool, False, _rebuild)
    showHidden = stored("showHidden", bool, False, _rebuild)
    showChildNodeTypes = stored("showChildNodeTypes", bool, True, _rebuild)
    noneDisplay = stored("noneDisplay", str, "None", _rebuild)
    nodeTypes = stored("nodeTypes", "QStringList", [], _rebuild)
    hideChildNodeTypes = stored("hideChildNodeTypes", "QStringList", [], _rebuild)
    baseName = stored("baseName", str, "")
    selectNodeUponCreation = stored("selectNodeUponCreation", bool, True)

    def sortFilterProxyModel(self) -> Any:
        return self._filter

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        if scene is self._scene:
            return
        self._scene_observations.clear()
        self._node_observations.clear()
        self._scene = scene
        if scene is not None:
            events, rebuild = slicer.vtkMRMLScene, lambda self, _: self._rebuild()
            self._scene_observations.add(scene, events.NodeAddedEvent, type(self)._node_added)
            self._scene_observations.add(scene, events.NodeAboutToBeRemovedEvent, type(self)._node_about_to_be_removed)
            self._scene_observations.add(scene, events.NodeRemovedEvent, rebuild)
            self._scene_observations.add(scene, events.EndBatchProcessEvent, rebuild)
        self._rebuild()
        if self._requested is not None:
            self.setCurrentNodeID(self._requested)
            self._requested = None
        self.setEnabled(scene is not None)

    def _watch(self, nodes: list[Any]) -> None:
        """Follow the names and the attributes of nodes."""
        for node in nodes:
            if node not in self._node_observations:
                self._node_observations.add(node, vtk.vtkCommand.ModifiedEvent, type(self)._node_modified)

    def _node_added(self, node: Any) -> None:
        if not self._scene.IsBatchProcessing() and any(node.IsA(kind) for kind in self.nodeTypes):
            self._rebuild()
            self._nodeAdded.emit(node)

    def _node_modified(self, node: Any) -> None:
        index = self._box.findData(node.GetID(), _NODE_ID) if self._scene is not None else -1
        if (index >= 0) != self._accepts(node) and node.GetScene() is self._scene:
            self._rebuild()
        elif index >= 0 and self._box.itemText(index) != node.GetName():
            self._box.setItemText(index, node.GetName())

    def _node_about_to_be_removed(self, node: Any) -> None:
        self._node_observations.remove(node)
        if self._box.findData(node.GetID(), _NODE_ID) >= 0:
            self._nodeAboutToBeRemoved.emit(node)

    def nodeCount(self) -> int:
        return len(self._nodes())

    def nodeFromIndex(self, index: int) -> Any:
        nodes = self._nodes()
        return nodes[index] if 0 <= index < len(nodes) else None

    def _chosen_id(self) -> str | None:
        data = self._box.currentData(_NODE_ID)
        return data if isinstance(data, str) else None

    def currentNode(self) -> Any:
        chosen = self._chosen_id()
        return self._scene.GetNodeByID(chosen) if chosen and self._scene is not None else None

    def setCurrentNode(self, node: Any) -> None:
        if node is not None and not hasattr(node, "GetID"):
            raise TypeError(f"setCurrentNode needs a node, not {type(node).__name__}")
        self.setCurrentNodeID("" if node is None else node.GetID() or "")

    def setCurrentNodeID(self, identifier: str) -> None:
        if self._scene is None:
            self._requested = identifier
            return
        index = self._box.findData(identifier, _NODE_ID) if identifier else -1
        self._box.setCurrentIndex(0 if index < 0 and self.noneEnabled else index)

    def setCurrentNodeIndex(self, index: int) -> None:
        index = -1 if index >= self.nodeCount() else index
        self._box.setCurrentIndex(index + 1 if self.noneEnabled else index)

    def _current_id(self) -> str:
        node = self.currentNode()
        return node.GetID() if node is not None else ""

    currentNodeID = QtCore.Property(str, _current_id, setCurrentNodeID)

    def _index_changed(self, index: int) -> None:
        node = self.currentNode()
        if node is self._current:
            return
        self._current = node
        self._currentNodeChanged.emit(node)
        self._currentNodeValid.emit(node is not None)
        self.currentNodeIDChanged.emit(self._current_id())

    def _activated(self, index: int) -> None:
        action = self._box.itemData(index, _ACTION)
        if not isinstance(action, str):
            self._nodeActivated.emit(self.currentNode())
            return
        previous = self._current
        kind, _, argument = action.partition(" ")
        self.setCurrentNode(previous if previous is not None and previous.GetScene() is not None else None)
        if kind == "add":
            node = self.addNode(argument)
            self.setCurrentNode(node)
            if _BY_USER_ACTION in self.cpp_signals:
                self._nodeAddedByUserAction.emit(node)
            else:
                self._nodeAddedByUser.emit(node)  # a second time, after addNode
        else:
            {"rename": self.renameCurrentNode, "edit": self.editCurrentNode, "remove": self.removeCurrentNode}[kind]()

    def addNode(self, kind: str | None = None) -> Any:
        kind = kind or (self.nodeTypes[0] if self.nodeTypes else None)
        if kind is None or kind not in self.nodeTypes:
            return None
        node = self._scene.CreateNodeByClass(kind)
        node.UnRegister(None)
        for node_type, name, value in self._attributes:
            if node_type == kind:
                node.SetAttribute(name, "" if value is None else str(value))
        node.SetName(self._scene.GenerateUniqueName(self.baseName or node.GetNodeTagName()))
        node = self._scene.AddNode(node)
        if self.selectNodeUponCreation:
            self.setCurrentNode(node)
        self._nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self) -> None:
        self._scene.RemoveNode(self.currentNode())

    def editCurrentNode(self) -> None:
        self._nodeAboutToBeEdited.emit(self.currentNode())

    def renameCurrentNode(self) -> None:
        node = self.currentNode()
        name, accepted = QtWidgets.QInputDialog.getText(self, "Rename", "New name:", text=node.GetName())
        if accepted and name:
            node.SetName(name)
            self.currentNodeRenamed.emit(name)

    def addAttribute(self, kind: str, name: str, value: Any = None) -> None:
        self._attributes.append((kind, name, value))
        self._rebuild()

    def setNodeTypeLabel(self, label: str, kind: str) -> None:
        self._labels[kind] = label
        self._rebuild()

    def nodeTypeLabel(self, kind: str) -> str:
        if kind in self._labels:
            return self._labels[kind]
        label = self._scene.GetTypeDisplayNameByClassName(kind) if self._scene is not None else ""
        return label or "node"
