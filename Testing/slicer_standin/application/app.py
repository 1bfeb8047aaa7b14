"""``slicer.app``, and its manager of files: what ``slicer.util.loadVolume``, ``saveScene`` and the like call."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Any, ClassVar

from PySide6 import QtCore, QtWidgets

from ..widgets.support import stored


def _constant(kind: Any, value: Any) -> QtCore.Property:
    return QtCore.Property(kind, lambda self: value() if callable(value) else value)


def _message(kind: Any, context: Any, text: str) -> None:
    if "propagateSizeHints" not in text:  # the offscreen platform says so of every window
        print(text, file=sys.stderr)


class qSlicerCommandOptions(QtCore.QObject):
    """The command line, as ``slicer.app.commandOptions()`` tells it."""

    runPythonAndExit = stored("runPythonAndExit", bool, False)
    noMainWindow = stored("noMainWindow", bool, False)
    testingEnabled = stored("testingEnabled", bool, False)


class ctkSettings(QtCore.QSettings):
    """Settings in a file of their own."""


class qSlicerApplication(QtWidgets.QApplication):
    """Slicer's application object, without a Slicer behind it."""

    startupCompleted = QtCore.Signal()
    renderPaused = QtCore.Signal(bool)
    _mrmlSceneChanged = QtCore.Signal(object)
    cpp_signals: ClassVar[dict[str, str]] = {"mrmlSceneChanged(vtkMRMLScene*)": "_mrmlSceneChanged"}

    def __init__(self, folder: Path, version: tuple[int, int]) -> None:
        QtCore.qInstallMessageHandler(_message)
        super().__init__([sys.argv[0] or "SlicerStandIn"])
        self._version = version
        self._options = qSlicerCommandOptions(self)
        self._scene: Any = None
        self._logic: Any = None
        self._modules: Any = None
        self._io: Any = None
        self._layout: Any = None
        self.setApplicationName("Slicer")
        self.setOrganizationName("NA-MIC")
        self.setQuitOnLastWindowClosed(False)
        for name in ("home", "temporary", "cache", "extensions", "settings"):
            (folder / name).mkdir(exist_ok=True)
        self._folder = folder
        QtCore.QSettings.setDefaultFormat(QtCore.QSettings.Format.IniFormat)
        for scope in (QtCore.QSettings.Scope.UserScope, QtCore.QSettings.Scope.SystemScope):
            QtCore.QSettings.setPath(QtCore.QSettings.Format.IniFormat, scope, str(folder / "settings"))
        self._settings = ctkSettings()

    slicerHome = QtCore.Property(str, lambda self: str(self._folder / "home"))
    temporaryPath = stored("temporaryPath", str, "")
    cachePath = stored("cachePath", str, "")
    extensionsInstallPath = stored("extensionsInstallPath", str, "")
    startupWorkingPath = _constant(str, lambda: str(Path.cwd()))
    majorVersion = QtCore.Property(int, lambda self: self._version[0])
    minorVersion = QtCore.Property(int, lambda self: self._version[1])
    mainApplicationName = _constant(str, "Slicer")
    mainApplicationDisplayName = _constant(str, "Slicer stand-in")
    mainApplicationMajorVersion = QtCore.Property(int, lambda self: self._version[0])
    mainApplicationMinorVersion = QtCore.Property(int, lambda self: self._version[1])
    revision = _constant(str, "0")
    releaseType = _constant(str, "Experimental")
    isInstalled = _constant(bool, False)
    os = _constant(str, lambda: platform.system().lower())
    arch = _constant(str, platform.machine)
    intDir = _constant(str, ".")
    documentationBaseUrl = _constant(str, "https://slicer.readthedocs.io/en/latest/")

    def moduleDocumentationUrl(self, name: str) -> str:
        return f"{self.documentationBaseUrl}user_guide/modules/{name.lower()}.html"

    def testingEnabled(self) -> bool:
        return bool(self._options.testingEnabled)

    def commandOptions(self) -> Any:
        return self._options

    def mrmlScene(self) -> Any:
        return self._scene

    def applicationLogic(self) -> Any:
        return self._logic

    def moduleLogic(self, name: str) -> Any:
        return self._logic.GetModuleLogic(name)

    def moduleManager(self) -> Any:
        return self._modules

    def coreIOManager(self) -> Any:
        return self._io

    ioManager = coreIOManager

    def layoutManager(self) -> Any:
        """None when there is no main window, as in Slicer."""
        return self._layout

    def setLayoutManager(self, manager: Any) -> None:
        self._layout = manager

    def pythonConsole(self) -> None:
        """Return no console: there is none."""

    def settings(self) -> ctkSettings:
        return self._settings

    userSettings = revisionUserSettings = defaultSettings = settings

    def startupEnvironment(self) -> QtCore.QProcessEnvironment:
        return QtCore.QProcessEnvironment.systemEnvironment()

    environment = startupEnvironment

    def setRenderPaused(self, paused: bool) -> None:
        self.renderPaused.emit(paused)

    def pauseRender(self) -> None:
        self.setRenderPaused(True)

    def resumeRender(self) -> None:
        self.setRenderPaused(False)

    def logUsageEvent(self, component: str, event: str) -> None:
        """Send nothing to anybody."""

    def restart(self) -> None:
        raise RuntimeError("The Slicer stand-in cannot restart")

    confirmRestart = restart


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
