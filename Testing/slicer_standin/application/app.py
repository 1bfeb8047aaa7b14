"""``slicer.app``."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Any, ClassVar

from PySide6 import QtCore, QtWidgets

from ..widgets.properties import stored


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
