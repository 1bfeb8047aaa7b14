"""What image libraries print by themselves, and the file names that they can take."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import SimpleITK as sitk

_lock = threading.Lock()
_users = 0
_kept_stderr: int | None = None
_kept_display = False
_heard: BinaryIO | None = None
_ITK_WARNING = re.compile(r"WARNING: In [^\n]*\n(?:\w+ \(0x[0-9a-fA-F]+\): )?(.+?)(?:\n\s*\n|\Z)", re.DOTALL)


@contextmanager
def quiet_libraries() -> Iterator[list[str]]:
    """Keep what C and C++ code writes to standard error, ITK's warnings among it, away from the terminal.

    The file formats' libraries print on the process's own standard error, where Python cannot catch it. Threads may
    share it.

    Yields:
        A list that holds afterwards what ITK warned of, each sentence once.
    """
    global _users, _kept_stderr, _kept_display, _heard
    warned: list[str] = []
    with _lock:
        _users += 1
        if _users == 1:
            _kept_display = sitk.ProcessObject.GetGlobalWarningDisplay()
            sitk.ProcessObject.SetGlobalWarningDisplay(True)
            _heard = tempfile.TemporaryFile()  # noqa: SIM115 (closed by the last user)
            _kept_stderr = _point_stderr_to(_heard)
        heard = _heard
        begin = os.fstat(heard.fileno()).st_size if heard else 0
    try:
        yield warned
    finally:
        with _lock:
            if heard is not None:
                heard.seek(begin)
                text = heard.read().decode(errors="replace")
                heard.seek(0, os.SEEK_END)
                found = (" ".join(sentence.split()) for sentence in _ITK_WARNING.findall(text))
                warned += dict.fromkeys(sentence[:300] for sentence in found)
            _users -= 1
            if _users == 0:
                sitk.ProcessObject.SetGlobalWarningDisplay(_kept_display)
                if _kept_stderr is not None:
                    os.dup2(_kept_stderr, 2)
                    os.close(_kept_stderr)
                if _heard is not None:
                    _heard.close()
                    _heard = None


def _point_stderr_to(file: BinaryIO) -> int | None:
    """A copy of standard error, which then leads to the file; None in a process without one (a windowed program)."""
    try:
        kept = os.dup(2)
    except OSError:
        return None
    os.dup2(file.fileno(), 2)
    return kept


@contextmanager
def plain_path(path: Path, extension: str) -> Iterator[Path]:
    """A path that every library opens: in UTF-8, ending in the extension as the libraries know it.

    It is the path itself, or else a link to it, or a copy where the system has no links.
    """
    if path.name.endswith(extension) and _is_utf8(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="dcm-multitask-") as folder:
        plain = Path(folder) / f"image{extension}"
        link_or_copy(path, plain)
        yield plain


def link_or_copy(path: Path, plain: Path) -> None:
    """Make a file be found at another path, too."""
    with suppress(OSError, NotImplementedError):
        plain.symlink_to(path.absolute())
    if not plain.exists():
        shutil.copyfile(path, plain)


@contextmanager
def writable(path: Path) -> Iterator[Path]:
    """A path that every library can write to: the path itself, or one whose file is moved there afterwards."""
    if _is_utf8(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="dcm-multitask-") as folder:
        plain = Path(folder) / f"image{''.join(path.suffixes[-2:])}"
        yield plain
        shutil.move(plain, path)


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
