"""Starts the stand-in: Slicer's real scene, a stand-in for its application, its Python modules."""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import sys
import tempfile
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_started: Any = None


def boot(*, main_window: bool = True, testing: bool = False, modules: Sequence[Path] = ()) -> Any:
    """Start the stand-in, once in a process.

    Args:
        main_window: Make a main window and a layout manager; Slicer has neither with ``--no-main-window``.
        testing: What ``slicer.app.testingEnabled()`` answers: no message boxes, nothing is installed.
        modules: Folders with scripted modules (``--additional-module-paths``).

    Returns:
        The ``slicer`` package, ready to use.
    """
    global _started
    if _started is not None:
        raise RuntimeError("The Slicer stand-in runs already in this process")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from . import namespaces

    namespaces.install()
    slicer = _import_slicer()
    namespaces.install_mrml_widgets(slicer)
    folder = Path(tempfile.mkdtemp(prefix="slicer-standin-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _started = _Application(slicer, folder, main_window=main_window, testing=testing)
    _started.load_modules([_HERE / "slicer_modules", *modules])
    return slicer


def started() -> Any:
    """Return the ``slicer`` package when the stand-in runs, None when it does not."""
    return None if _started is None else _started.slicer


def load_modules(folder: Path) -> None:
    """Load the scripted modules of one more folder."""
    _started.load_modules([folder])


def shut_down() -> None:
    """Close the panel and unload the modules, in the order in which Slicer does it."""
    if _started is not None:
        _started.shut_down()


def _import_slicer() -> Any:
    """Import slicer-core with Slicer's Python sources, or this package's, before its own files on the path."""
    import slicer

    source = os.environ.get("SLICER_SOURCE")
    folder = Path(source) / "Base" / "Python" / "slicer" if source else _HERE / "slicer_python"
    if not (folder / "ScriptedLoadableModule.py").is_file():
        raise FileNotFoundError(f"SLICER_SOURCE must be a folder with Slicer's sources; there is no {folder}")
    slicer.__path__.insert(0, str(folder))
    if (folder / "util.py").is_file():  # slicer-core brings its own copy and has imported it already
        sys.modules.pop("slicer.util", None)
        importlib.import_module("slicer.util")
    return slicer


class _Application:
    def __init__(self, slicer: Any, folder: Path, *, main_window: bool, testing: bool) -> None:
        # slicer.app must be there before the modules are imported that look for it.
        from .application import app, files, layout, modules
        from .application.main_window import show_main_window
        from .pythonqt import wrap

        application = app.qSlicerApplication(folder, _version())
        application.temporaryPath = str(folder / "temporary")
        application.cachePath = str(folder / "cache")
        application.extensionsInstallPath = str(folder / "extensions")
        application._options.testingEnabled = testing
        application._options.noMainWindow = not main_window
        slicer.app = wrap(application)
        sys.modules["ctk"].ctkSettings = _wrapper_class(app.ctkSettings)  # type: ignore[attr-defined]

        from DCMMultiTaskLib.scene import embedded

        embedded.boot()
        made = embedded.embedded()
        if made is None:
            raise RuntimeError("The Slicer stand-in needs to start the scene itself")
        slicer.modules, slicer.moduleNames = types.ModuleType("slicer.modules"), types.ModuleType("slicer.moduleNames")
        sys.modules["slicer.modules"], sys.modules["slicer.moduleNames"] = slicer.modules, slicer.moduleNames
        for cls in (modules.qSlicerScriptedLoadableModule, modules.qSlicerScriptedLoadableModuleWidget):
            setattr(slicer, cls.__name__, _wrapper_class(cls))
        application._scene, application._logic = made.scene, made.application_logic
        application._io = files.qSlicerCoreIOManager(application, made.scene, made.module_logics)
        application._modules = modules.qSlicerModuleManager(application)
        for name, logic in made.module_logics.items():
            application._modules._add(modules.qSlicerAbstractCoreModule(name, logic))
        self.window: Any = None
        if main_window:
            application._layout = layout.qSlicerLayoutManager(made.scene, made.application_logic)
            self.window = show_main_window(application._modules)
        self.native, self.slicer = application, slicer
        for name in ("ScriptedLoadableModule", "packaging", "testing", "util"):
            importlib.import_module(f"slicer.{name}")

    def load_modules(self, folders: Sequence[Path]) -> None:
        from .application import modules

        paths = [path for folder in folders for path in modules.find_scripted_modules(Path(folder))]
        modules.load_scripted_modules(self.native._modules, paths)

    def shut_down(self) -> None:
        from .pythonqt import native

        if self.window is not None:
            native(self.window)._close_panel()
        self.native._modules._unload_all()
        self.native.processEvents()


def _wrapper_class(cls: type) -> type:
    from .pythonqt import wrapper_class

    return wrapper_class(cls)


def _version() -> tuple[int, int]:
    """Return the version of Slicer that the slicer-core package was built from."""
    from importlib.metadata import version

    major, minor = version("slicer-core").split(".")[:2]
    return int(major), int(minor)
