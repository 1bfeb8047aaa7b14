"""Starts the stand-in: Slicer's real scene, a stand-in for its application, its Python modules."""

from __future__ import annotations

import atexit
import importlib
import importlib.metadata
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
OLDEST, FIRST_WITH_PACKAGING = (5, 10), (5, 12)


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
    slicer, version = _import_slicer()
    namespaces.install_mrml_widgets(slicer, version)
    folder = Path(tempfile.mkdtemp(prefix="slicer-standin-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _started = _Application(slicer, version, folder, main_window=main_window, testing=testing)
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


def sources() -> list[Path]:
    """Return the checkouts of Slicer's sources that SLICER_SOURCE names, separated as in PATH."""
    return [Path(name) for name in os.environ.get("SLICER_SOURCE", "").split(os.pathsep) if name]


def _import_slicer() -> tuple[Any, tuple[int, int]]:
    """Import slicer-core with Slicer's Python sources, or this package's, before its own files on the path.

    Returns:
        The package, and which Slicer it shows: slicer-core's version; 5.10, which has no ``slicer.packaging``, where
        the sources are that old or SLICER_STANDIN_VERSION says so.
    """
    import slicer

    folder = sources()[0] / "Base" / "Python" / "slicer" if sources() else _HERE / "slicer_python"
    if not (folder / "ScriptedLoadableModule.py").is_file():
        raise FileNotFoundError(f"SLICER_SOURCE must name folders with Slicer's sources; there is no {folder}")
    slicer.__path__.insert(0, str(folder))
    if (folder / "util.py").is_file():  # slicer-core brings its own copy and has imported it already
        sys.modules.pop("slicer.util", None)
        importlib.import_module("slicer.util")
    asked = os.environ.get("SLICER_STANDIN_VERSION") or importlib.metadata.version("slicer-core")
    shown = tuple(int(number) for number in asked.split(".")[:2])
    if not (folder / "packaging.py").is_file() or shown < FIRST_WITH_PACKAGING:
        shown = min(shown, OLDEST)
        sys.modules["slicer.packaging"] = None  # type: ignore[assignment]
        vars(slicer).pop("packaging", None)
    else:
        importlib.import_module("slicer.packaging")
    return slicer, (shown[0], shown[1])


class _Application:
    def __init__(
        self, slicer: Any, version: tuple[int, int], folder: Path, *, main_window: bool, testing: bool
    ) -> None:
        # slicer.app must be there before the modules are imported that look for it.
        from .application import app, modules, windows
        from .pythonqt import wrap

        application = app.qSlicerApplication(folder, version)
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
        application._io = app.qSlicerCoreIOManager(application, made.scene, made.module_logics)
        application._modules = modules.qSlicerModuleManager(application)
        for name, logic in made.module_logics.items():
            kind = modules.qSlicerSequencesModule if name == "Sequences" else modules.qSlicerAbstractCoreModule
            application._modules._add(kind(name, logic))
        self.window: Any = None
        if main_window:
            application._layout = windows.qSlicerLayoutManager(made.scene, made.application_logic)
            self.window = windows.show_main_window(application._modules)
        self.native, self.slicer = application, slicer
        for name in ("ScriptedLoadableModule", "testing", "util"):
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
