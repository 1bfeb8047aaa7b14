"""The scene, and single nodes of a result, as files."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.storage import atomic_path


def save_scene(path: str | Path, *, scene: Any = None, thumbnail: Any = None) -> Path:
    """Save the whole scene as a Slicer bundle, or leave what was at `path` as it is.

    Args:
        path: File that ends in `.mrb`.
        scene: `vtkMRMLScene`; `slicer.mrmlScene` if None.
        thumbnail: `vtkImageData` that Slicer shows for the scene.

    Returns:
        The path.

    Raises:
        InputError: If the file cannot be written.
    """
    import slicer

    path = Path(path)
    if path.suffix.lower() != ".mrb":
        raise InputError(f"a scene is saved as an .mrb file, and '{path.name}' is not one.")
    with _staged(path) as temporary:
        messages = slicer.vtkMRMLMessageCollection()
        written = (scene or slicer.mrmlScene).WriteToMRB(str(temporary), thumbnail, messages)
        if not written or not _is_whole(temporary):
            reason = " ".join(messages.GetAllMessagesAsString().split()) or "the file did not arrive completely"
            raise InputError(f"the scene cannot be saved to '{path}': {reason}.")
    return path


def load_scene(path: str | Path) -> None:
    """Replace the scene by that of an `.mrb` file."""
    import slicer

    if not _is_whole(Path(path)):
        raise InputError(f"'{path}' is not a whole .mrb file.")
    slicer.mrmlScene.Clear(0)
    if not slicer.mrmlScene.ReadFromMRB(str(path), True):
        raise InputError(f"'{path}' holds no scene that this version can read.")


def export_node(node: Any, path: str | Path) -> Path:
    """Write one node: a segmentation as `.seg.nrrd`, a table as `.csv` or `.tsv`, a volume as `.nrrd` or `.nii.gz`.

    The node's own storage node, and with it where Slicer saves the node, stays as it is.

    Returns:
        The path.

    Raises:
        InputError: If the file cannot be written.
    """
    path = Path(path)
    storage = node.CreateDefaultStorageNode()
    storage.UnRegister(None)
    with _staged(path) as temporary:
        storage.SetFileName(str(temporary))
        if not storage.WriteData(node) or not temporary.exists():
            raise InputError(f"'{node.GetName()}' cannot be written to '{path}'.")
    return path


@contextmanager
def _staged(path: Path) -> Iterator[Path]:
    """A path of the same name in a folder of its own; the file takes its place at `path` when the block ends well.

    Slicer's writers print a full disk in many lines and tell it in none; copying the finished file tells it.
    """
    with tempfile.TemporaryDirectory(prefix="dcm-multitask-", ignore_cleanup_errors=True) as folder:
        finished = Path(folder) / path.name
        yield finished
        with atomic_path(path) as temporary:
            shutil.copyfile(finished, temporary)


def _is_whole(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as bundle:
            return bundle.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False
