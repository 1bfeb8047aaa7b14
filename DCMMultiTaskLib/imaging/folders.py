"""Folders: every file below one, and what a study in it is called."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from DCMMultiTaskLib.errors import InputError


def walk(
    root: Path, *, locked: Callable[[Path, str], None] | None = None
) -> Iterator[tuple[Path, list[str], list[str]]]:
    """`os.walk` from the root down, sorted, through links to folders as well, each folder once.

    Args:
        root: Where to begin.
        locked: Told of a folder below the root that cannot be opened, and why; without it such a folder is an error.

    Yields:
        A folder, the names of the folders in it (removing some skips them) and the names of its files.

    Raises:
        InputError: The root, or without `locked` any folder, cannot be opened.
    """
    seen = set()

    def failed(error: OSError) -> None:
        folder = Path(error.filename or root)
        if locked is None or folder == root:
            raise InputError(f"{folder}: the folder cannot be opened ({error.strerror}).") from error
        locked(folder, error.strerror or "unknown reason")

    for directory, folders, names in os.walk(root, onerror=failed, followlinks=True):
        folders.sort()
        real = os.path.realpath(directory)
        if real in seen:  # a link back to where we have been
            folders.clear()
            continue
        seen.add(real)
        yield Path(directory), folders, sorted(names)


def folder_name(folder: Path) -> str:
    """The folder's name as the user gave it: that of a link, not of what it leads to."""
    return Path(os.path.abspath(folder)).name  # noqa: PTH100 (resolve() follows links)
