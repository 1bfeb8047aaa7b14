"""Slicer's own scene and logics in a plain Python process, without the Slicer application.

The `slicer-core` wheel holds Slicer's MRML nodes, logics, displayable managers and `slicer.util`, but starts nothing.
`boot` puts them together as the application does, so that code written for Slicer runs unchanged.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from DCMMultiTaskLib.errors import InputError, pip_install
from DCMMultiTaskLib.scene import hierarchy

# Slicer module -> class of its logic, in the order in which they are started.
MODULE_LOGICS = {
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Data": "vtkSlicerDataModuleLogic",
    "Units": "vtkSlicerUnitsLogic",
    "Cameras": "vtkSlicerCamerasModuleLogic",
    "Volumes": "vtkSlicerVolumesLogic",
    "Terminologies": "vtkSlicerTerminologiesModuleLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "Tables": "vtkSlicerTablesLogic",
    "Plots": "vtkSlicerPlotsLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Models": "vtkSlicerModelsLogic",
    "Transforms": "vtkSlicerTransformLogic",
    "Sequences": "vtkSlicerSequencesLogic",
    "Texts": "vtkSlicerTextsLogic",
}

# Black, purple, orange, pale yellow: evenly brighter, also to colour-blind eyes (matplotlib's "inferno").
INFERNO = "000004 1b0c41 4a0c6b 781c6d a52c60 cf4446 ed6925 fb9b06 f7d13d fcffa4"


@dataclass
class EmbeddedSlicer:
    """What `boot` made; the objects live as long as the process does.

    Attributes:
        slicer: The `slicer` package, with `mrmlScene` and `modules` filled in.
        scene: `vtkMRMLScene`.
        application_logic: `vtkSlicerApplicationLogic`.
        colour_logic: `vtkSlicerColorLogic`, with the default colour nodes in the scene.
        remote_io_logic: `vtkMRMLRemoteIOLogic`, holder of the data IO and the cache manager.
        data_io_logic: `vtkDataIOManagerLogic`.
        module_logics: Logic by the module's name in Slicer.
        cache_directory: Where .mrb files are packed and unpacked; removed when the process ends.
    """

    slicer: ModuleType
    scene: Any
    application_logic: Any
    colour_logic: Any
    remote_io_logic: Any
    data_io_logic: Any
    module_logics: dict[str, Any] = field(default_factory=dict)
    cache_directory: Path = Path()


_embedded: EmbeddedSlicer | None = None


def boot() -> Any:
    """Make `slicer.mrmlScene` and `slicer.modules` work in this process.

    Does nothing inside the Slicer application, and nothing when called again.

    Returns:
        The `slicer` package.

    Raises:
        InputError: If this Python has no Slicer core.
    """
    global _embedded
    slicer = _import_slicer()
    if getattr(slicer, "mrmlScene", None) is None:
        _embedded = _start(slicer)
    return slicer


def embedded() -> EmbeddedSlicer | None:
    """What `boot` made, or None inside the Slicer application (or before `boot`)."""
    return _embedded


def _import_slicer() -> Any:
    try:
        import slicer
        import slicer.util
    except ImportError as error:
        raise InputError(
            "the Slicer scene needs the slicer-core package, which this Python does not have: "
            f"run {pip_install('slicer-core')} ({error})."
        ) from error
    if not hasattr(slicer, "vtkMRMLScene"):
        raise InputError(
            f"the 'slicer' package of this Python has no scene: run inside Slicer, or {pip_install('slicer-core')}."
        )
    return slicer


def _start(slicer: Any) -> EmbeddedSlicer:
    import vtk

    cache = Path(tempfile.mkdtemp(prefix="dcm-multitask-"))
    atexit.register(shutil.rmtree, cache, ignore_errors=True)

    scene = slicer.vtkMRMLScene()
    application = slicer.vtkSlicerApplicationLogic()
    application.SetTemporaryPath(str(cache))
    application.SetSliceLogics(vtk.vtkCollection())
    application.SetViewLogics(vtk.vtkCollection())

    # Reading an .mrb fails without a cache directory.
    remote_io = slicer.vtkMRMLRemoteIOLogic()
    remote_io.GetCacheManager().SetRemoteCacheDirectory(str(cache))
    data_io = slicer.vtkDataIOManagerLogic()
    data_io.SetMRMLApplicationLogic(application)
    data_io.SetAndObserveDataIOManager(remote_io.GetDataIOManager())

    application.SetMRMLScene(scene)  # also adds the selection node and the slice orientation presets
    application.SetMRMLSceneDataIO(scene, remote_io, data_io)
    slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance().SetMRMLApplicationLogic(application)
    slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance().SetMRMLApplicationLogic(application)

    slicer.mrmlScene = scene
    made = EmbeddedSlicer(slicer, scene, application, slicer.vtkSlicerColorLogic(), remote_io, data_io, {}, cache)
    made.module_logics["Colors"] = made.colour_logic
    for name, class_name in MODULE_LOGICS.items():
        made.module_logics[name] = getattr(slicer, class_name)()
    # The wheel has no colour and terminology files, which the two logics that look for them report as errors.
    warnings = vtk.vtkObject.GetGlobalWarningDisplay()
    vtk.vtkObject.GlobalWarningDisplayOff()
    try:
        for name, logic in made.module_logics.items():
            application.SetModuleLogic(name, logic)
            logic.SetMRMLApplicationLogic(application)
            logic.SetMRMLScene(scene)
            if name == "Colors":
                logic.AddDefaultColorNodes()
                application.SetColorLogic(logic)
    finally:
        vtk.vtkObject.SetGlobalWarningDisplay(warnings)
    add_file_colours(scene)
    hierarchy.keep_in_step(scene)

    # `slicer.util` reaches the logics through slicer.modules.NAME.logic().
    slicer.modules = SimpleNamespace(
        **{name.lower(): _ModuleShim(name, logic) for name, logic in made.module_logics.items()}
    )
    return made


def new_scene() -> Any:
    """A scene of its own, with colours, in which nodes can be made and saved without touching `slicer.mrmlScene`."""
    slicer = boot()
    scene = slicer.vtkMRMLScene()
    scene.AddNode(slicer.vtkMRMLSelectionNode())
    for name in ("vtkMRMLSequenceBrowserNode", "vtkMRMLColorLegendDisplayNode"):
        scene.RegisterNodeClass(getattr(slicer, name)())
    scene.SetCacheManager(slicer.mrmlScene.GetCacheManager())
    scene.SetDataIOManager(slicer.mrmlScene.GetDataIOManager())
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    colours = slicer.vtkMRMLColorLogic()
    colours.SetMRMLScene(scene)
    colours.AddDefaultColorNodes()
    colours.SetMRMLScene(None)
    add_file_colours(scene)
    return scene


def add_file_colours(scene: Any) -> None:
    """Add the colour tables that this library and label maps use, and that the wheel has no files for.

    They have the IDs under which the Slicer application keeps its own: a scene saved here finds those there.
    """
    import slicer

    generic = slicer.vtkMRMLColorTableNode()
    generic.SetTypeToRandom()
    inferno = slicer.vtkMRMLColorTableNode()
    inferno.SetTypeToUser()
    inferno.SetNumberOfColors(256)
    for n, colour in enumerate(heat_colours(256)):
        inferno.SetColor(n, *colour.tolist(), 1.0)
    for name, table in (("GenericColors", generic), ("Inferno", inferno)):
        table.SetName(name)
        table.SetSingletonTag(f"File{name}.txt")  # makes the node's ID
        table.SetSaveWithScene(False)
        table.SetHideFromEditors(name == "GenericColors")
        scene.AddNode(table)


def heat_colours(count: int) -> np.ndarray:
    """Red, green, blue, 0 to 1, of so many steps of the heat scale, `(count, 3)`."""
    stops = np.array([[int(stop[i : i + 2], 16) for i in (0, 2, 4)] for stop in INFERNO.split()]) / 255
    places = np.linspace(0, 1, count)
    return np.stack([np.interp(places, np.linspace(0, 1, len(stops)), channel) for channel in stops.T], axis=1)


class _ModuleShim:
    """Stands for `slicer.modules.NAME`, of which the library and `slicer.util` use `logic()` alone."""

    def __init__(self, name: str, logic: Any) -> None:
        self.name = name
        self._logic = logic

    def logic(self) -> Any:
        return self._logic
