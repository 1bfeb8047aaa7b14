"""Modules: the C++ modules' names and logics, and scripted modules as Slicer loads, shows and reloads them."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer
from PySide6 import QtCore, QtGui, QtWidgets

from ..pythonqt import wrap
from ..widgets.mrml_widgets import qSlicerWidget
from ..widgets.support import stored


class qSlicerAbstractCoreModule(QtCore.QObject):
    """A module of Slicer: its name, its path, its logic."""

    def __init__(self, name: str, logic: Any, path: str = "") -> None:
        super().__init__()
        self._name, self._logic, self._path = name, logic, path
        self._scene = slicer.mrmlScene

    name = QtCore.Property(str, lambda self: self._name)
    path = QtCore.Property(str, lambda self: self._path)
    isBuiltIn = QtCore.Property(bool, lambda self: not self._path)
    widgetRepresentationCreationEnabled = stored("widgetRepresentationCreationEnabled", bool, True)

    def logic(self) -> Any:
        return self._logic

    def mrmlScene(self) -> Any:
        return self._scene

    def setMRMLScene(self, scene: Any) -> None:
        self._scene = scene

    def widgetRepresentation(self) -> Any:
        """Return nothing: the widgets of Slicer's C++ modules are not here."""

    createNewWidgetRepresentation = widgetRepresentation


class qSlicerSequencesModule(qSlicerAbstractCoreModule):
    """The module of sequences, with the toolbar's browser."""

    def showSequenceBrowser(self, browser: Any) -> bool:
        if not browser.IsA("vtkMRMLSequenceBrowserNode"):
            raise TypeError("showSequenceBrowser needs a vtkMRMLSequenceBrowserNode")
        return True


class qSlicerScriptedLoadableModule(qSlicerAbstractCoreModule):
    """A scripted module; its Python class fills in the texts."""

    title = stored("title", str, "")
    categories = stored("categories", "QStringList", [])
    contributors = stored("contributors", "QStringList", [])
    dependencies = stored("dependencies", "QStringList", [])
    associatedNodeTypes = stored("associatedNodeTypes", "QStringList", [])
    helpText = stored("helpText", str, "")
    acknowledgementText = stored("acknowledgementText", str, "")
    icon = stored("icon", QtGui.QIcon, QtGui.QIcon())
    hidden = stored("hidden", bool, False)
    index = stored("index", int, -1)

    def __init__(self, path: Path) -> None:
        logic = getattr(slicer, "vtkSlicerScriptedLoadableModuleLogic", lambda: None)()
        super().__init__(path.stem, logic, str(path))
        self._widget: Any = None
        self.widgetRepresentationCreationEnabled = hasattr(self._module(), f"{path.stem}Widget")

    def _module(self) -> types.ModuleType:
        """Return the Python module, imported from the file when that has not happened yet."""
        if not hasattr(sys.modules.get(self._name), self._name):
            specification = importlib.util.spec_from_file_location(self._name, self._path)
            if specification is None or specification.loader is None:
                raise ImportError(f"{self._path} is not a Python file")
            module = importlib.util.module_from_spec(specification)
            sys.modules[self._name] = module
            try:
                specification.loader.exec_module(module)
            except BaseException:
                del sys.modules[self._name]
                raise
        return sys.modules[self._name]

    def _instantiate(self) -> Any:
        cls = getattr(self._module(), self._name, None)
        if cls is None:
            raise RuntimeError(f"class {self._name} was not found in file {self._path}")
        self._instance = cls(wrap(self))
        setattr(slicer.modules, f"{self._name}Instance", self._instance)
        return self._instance

    def widgetRepresentation(self) -> Any:
        if self._widget is None and self.widgetRepresentationCreationEnabled:
            self._widget = self.createNewWidgetRepresentation()
        return self._widget

    def createNewWidgetRepresentation(self) -> Any:
        widget = qSlicerScriptedLoadableModuleWidget()
        widget._start(self._name)
        widget.setMRMLScene(self._scene)
        return widget

    def setMRMLScene(self, scene: Any) -> None:
        super().setMRMLScene(scene)
        if self._widget is not None:
            self._widget.setMRMLScene(scene)


class qSlicerScriptedLoadableModuleWidget(qSlicerWidget):
    """The Qt side of a scripted module's panel."""

    def __init__(self) -> None:
        super().__init__()
        QtWidgets.QVBoxLayout(self)
        self._module_name = ""
        self._self: Any = None
        self._entered = False

    moduleName = QtCore.Property(str, lambda self: self._module_name)
    isEntered = QtCore.Property(bool, lambda self: self._entered)

    def _start(self, module_name: str) -> None:
        self._module_name = module_name
        cls = getattr(sys.modules[module_name], f"{module_name}Widget")
        self._self = cls(wrap(self))
        setattr(slicer.modules, f"{module_name}Widget", self._self)
        self._self.setup()

    def self(self) -> Any:
        return self._self

    def reload(self) -> None:
        self._start(self._module_name)

    def enter(self) -> None:
        self._entered = True
        getattr(self._self, "enter", lambda: None)()

    def exit(self) -> None:
        self._entered = False
        getattr(self._self, "exit", lambda: None)()


class qSlicerModuleFactoryManager(QtCore.QObject):
    """The list of modules."""

    modulesRegistered = QtCore.Signal("QStringList")

    def __init__(self, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._loaded: dict[str, qSlicerAbstractCoreModule] = {}

    def loadedModuleNames(self) -> list[str]:
        return list(self._loaded)

    registeredModuleNames = instantiatedModuleNames = loadedModuleNames

    def isLoaded(self, name: str) -> bool:
        return name in self._loaded


class qSlicerModuleManager(QtCore.QObject):
    """``slicer.app.moduleManager()``."""

    moduleLoaded = QtCore.Signal(str)
    moduleAboutToBeUnloaded = QtCore.Signal(str)

    def __init__(self, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._factory = qSlicerModuleFactoryManager(self)

    def factoryManager(self) -> Any:
        return self._factory

    def modulesNames(self) -> list[str]:
        return self._factory.loadedModuleNames()

    def module(self, name: str) -> Any:
        return self._factory._loaded.get(name)

    def _add(self, module: qSlicerAbstractCoreModule, setup: Callable[[], None] | None = None) -> None:
        name = module.name
        module.setParent(self)
        self._factory._loaded[name] = module
        setattr(slicer.moduleNames, name, name)
        setattr(slicer.modules, name.lower(), wrap(module))
        if setup is not None:
            setup()
        self.moduleLoaded.emit(name)

    def _unload_all(self) -> None:
        """Tell every module that it goes, as Slicer does when it ends."""
        for name in reversed(self.modulesNames()):
            self.moduleAboutToBeUnloaded.emit(name)
        self._factory._loaded.clear()


def find_scripted_modules(folder: Path) -> list[Path]:
    """Return what Slicer takes for scripted modules: every Python file of the folder itself, also one that is none."""
    return sorted(folder.glob("*.py"))


def load_scripted_modules(manager: qSlicerModuleManager, paths: list[Path]) -> None:
    """Load scripted modules: all are constructed first, then those are set up whose dependencies are there."""
    modules = []
    for path in paths:
        if str(path.parent) not in sys.path:
            sys.path.append(str(path.parent))
        module = qSlicerScriptedLoadableModule(path)
        module._instantiate()
        modules.append(module)
    waiting = {module.name: module for module in modules}

    def load(name: str) -> None:
        module = waiting.pop(name, None)
        if module is None:
            if manager.module(name) is None:
                raise RuntimeError(f"A module depends on the module {name}, which is not there")
            return
        for dependency in module.dependencies:
            load(dependency)
        if not module.title:
            raise RuntimeError(f"The module {name} has no title")
        manager._add(module, getattr(module._instance, "setup", None))

    for module in modules:
        if module.name in waiting:
            load(module.name)
