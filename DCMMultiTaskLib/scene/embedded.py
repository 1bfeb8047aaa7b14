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

from DCMMultiTaskLib.errors import InputError

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
            f'run pip install "dcm-multitask[slicer]" ({error}).'
        ) from error
    if not hasattr(slicer, "vtkMRMLScene"):
        raise InputError(
            "the 'slicer' package of this Python has no scene: "
            'run inside Slicer, or pip install "dcm-multitask[slicer]".'
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
    _add_generic_colours(slicer, scene)

    # `slicer.util` reaches the logics through slicer.modules.NAME.logic().
    slicer.modules = SimpleNamespace(
        **{name.lower(): _ModuleShim(name, logic) for name, logic in made.module_logics.items()}
    )
    return made


def _add_generic_colours(slicer: Any, scene: Any) -> None:
    """The colour table that label maps get by default; Slicer reads it from a file that the wheel does not have."""
    table = slicer.vtkMRMLColorTableNode()
    table.SetTypeToRandom()
    table.SetName("GenericColors")
    table.SetSingletonTag("FileGenericColors.txt")  # makes the ID under which label maps look for it
    table.SetSaveWithScene(False)
    table.SetHideFromEditors(True)
    scene.AddNode(table)


class _ModuleShim:
    """Stands for `slicer.modules.NAME`, of which the library and `slicer.util` use `logic()` alone."""

    def __init__(self, name: str, logic: Any) -> None:
        self.name = name
        self._logic = logic

    def logic(self) -> Any:
        return self._logic
