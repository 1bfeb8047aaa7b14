"""``slicer.app.coreIOManager()``: what ``slicer.util.loadVolume``, ``saveScene`` and the like call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6 import QtCore

_TYPES = {
    ".mrb": "SceneFile",
    ".mrml": "SceneFile",
    ".seg.nrrd": "SegmentationFile",
    ".nrrd": "VolumeFile",
    ".nii.gz": "VolumeFile",
    ".nii": "VolumeFile",
    ".mha": "VolumeFile",
    ".tsv": "TableFile",
    ".csv": "TableFile",
}


class qSlicerCoreIOManager(QtCore.QObject):
    """Reads and writes scenes, volumes, segmentations and tables with Slicer's own logics and storage nodes."""

    newFileLoaded = QtCore.Signal("QVariantMap")

    def __init__(self, parent: QtCore.QObject, scene: Any, logics: dict[str, Any]) -> None:
        super().__init__(parent)
        self._scene, self._logics = scene, logics

    def fileType(self, path: str) -> str:
        return next((kind for ending, kind in _TYPES.items() if path.lower().endswith(ending)), "NoFile")

    def loadNodes(self, kind: str, properties: dict[str, Any], nodes: Any = None, messages: Any = None) -> bool:
        path = str(properties["fileName"])
        if kind == "SceneFile":
            return self._load_scene(path, bool(properties.get("clear", False)))
        readers = {"VolumeFile": self._volume, "SegmentationFile": self._segmentation, "TableFile": self._table}
        if kind not in readers:
            raise NotImplementedError(f"The Slicer stand-in cannot load the file type {kind}")
        if not Path(path).is_file():
            return False
        node = readers[kind](path, properties)
        if node is None:
            return False
        if properties.get("name"):
            node.SetName(properties["name"])
        if nodes is not None:
            nodes.AddItem(node)
        return True

    def _load_scene(self, path: str, clear: bool) -> bool:
        if path.endswith(".mrb"):
            return bool(self._scene.ReadFromMRB(path, clear))
        self._scene.SetURL(path)
        return bool(self._scene.Connect() if clear else self._scene.Import())

    def _volume(self, path: str, properties: dict[str, Any]) -> Any:
        options = 1 if properties.get("labelmap") else 0
        return self._logics["Volumes"].AddArchetypeVolume(path, properties.get("name") or _stem(path), options)

    def _segmentation(self, path: str, properties: dict[str, Any]) -> Any:
        return self._logics["Segmentations"].LoadSegmentationFromFile(path)

    def _table(self, path: str, properties: dict[str, Any]) -> Any:
        return self._logics["Tables"].AddTable(path)

    def fileWriterFileType(self, node: Any) -> str:
        return "SceneFile" if node.IsA("vtkMRMLScene") else "NodeFile"

    def saveNodes(self, kind: str, properties: dict[str, Any], messages: Any = None) -> bool:
        path = str(properties["fileName"])
        if kind == "SceneFile":
            if path.endswith(".mrb"):
                return bool(self._scene.WriteToMRB(path, None))
            if path.endswith(".mrml"):
                return bool(self._scene.Commit(path))
            Path(path).mkdir(parents=True, exist_ok=True)
            return bool(self._scene.SaveSceneToSlicerDataBundleDirectory(path, None))
        node = self._scene.GetNodeByID(properties["nodeID"])
        if not node.GetStorageNode():
            node.AddDefaultStorageNode()
        node.GetStorageNode().SetFileName(path)
        return bool(node.GetStorageNode().WriteData(node))


def _stem(path: str) -> str:
    name = Path(path).name
    return next((name[: -len(ending)] for ending in _TYPES if name.lower().endswith(ending)), Path(path).stem)
