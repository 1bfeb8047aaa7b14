"""The scene as a file."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.storage import atomic_path


def save_scene(path: str | Path, *, scene: Any = None) -> Path:
    """Save the whole scene as a Slicer bundle, or leave what was at `path` as it is.

    Args:
        path: File that ends in `.mrb`.
        scene: `vtkMRMLScene`; `slicer.mrmlScene` if None.

    Returns:
        The path.

    Raises:
        InputError: If the file cannot be written.
    """
    import slicer

    path = Path(path)
    if path.suffix.lower() != ".mrb":
        raise InputError(f"a scene is saved as an .mrb file, and '{path.name}' is not one.")
    # Slicer's writer prints a full disk in many lines and tells it in none; copying the finished file tells it.
    with tempfile.TemporaryDirectory(prefix="dcm-multitask-", ignore_cleanup_errors=True) as folder:
        finished = Path(folder) / path.name
        messages = slicer.vtkMRMLMessageCollection()
        written = (scene or slicer.mrmlScene).WriteToMRB(str(finished), None, messages)
        if not written or not _is_whole(finished):
            reason = " ".join(messages.GetAllMessagesAsString().split()) or "the file did not arrive completely"
            raise InputError(f"the scene cannot be saved to '{path}': {reason}.")
        with atomic_path(path) as temporary:
            shutil.copyfile(finished, temporary)
    return path


def _is_whole(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as bundle:
            return bundle.testzip() is None
    except (OSError, zipfile.BadZipFile):
        return False
