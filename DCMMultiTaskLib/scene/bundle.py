"""A result as a Slicer scene file of its own."""

from __future__ import annotations

from pathlib import Path

from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.scene.embedded import boot
from DCMMultiTaskLib.scene.files import save_scene
from DCMMultiTaskLib.scene.nodes import add_volume, result_to_nodes


def write_bundle(result: Result, path: Path) -> Path:
    """Empty the scene, put the volume and the result into it, and save it as `.mrb`.

    Raises:
        InputError: There is no Slicer core in this Python, or the file cannot be written.
    """
    slicer = boot()
    slicer.mrmlScene.Clear(0)
    result_to_nodes(result, add_volume(result.volume))
    return save_scene(path)
