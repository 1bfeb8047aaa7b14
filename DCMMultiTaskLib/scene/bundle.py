"""A result as a Slicer scene file of its own."""

from __future__ import annotations

from pathlib import Path

from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.scene.embedded import new_scene
from DCMMultiTaskLib.scene.files import save_scene
from DCMMultiTaskLib.scene.nodes import add_volume, result_to_nodes
from DCMMultiTaskLib.scene.views import arrange_views


def write_bundle(result: Result, path: Path) -> Path:
    """Save a scene that holds the volume and the result, and shows them when Slicer opens it, as `.mrb`.

    The scene of this process, `slicer.mrmlScene`, is not touched.

    Raises:
        InputError: There is no Slicer core in this Python, or the file cannot be written.
    """
    scene = new_scene()
    arrange_views(result, result_to_nodes(result, add_volume(result.volume, result.name, scene=scene)))
    return save_scene(path, scene=scene)
