"""Keep the warnings that image libraries print by themselves away from the user."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import SimpleITK as sitk

_lock = threading.Lock()
_users = 0
_kept_stderr: int | None = None
_kept_display = True


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Silence what C and C++ code writes to standard error, and ITK's warnings.

    The file formats' libraries (MetaIO, NIfTI, GDCM) print on the process's own standard error, where Python cannot
    catch it. What matters of it reaches the user as the one sentence of an `InputError`. Threads may share it.
    """
    global _users, _kept_stderr, _kept_display
    with _lock:
        _users += 1
        if _users == 1:
            _kept_display = sitk.ProcessObject.GetGlobalWarningDisplay()
            sitk.ProcessObject.SetGlobalWarningDisplay(False)
            _kept_stderr = _point_stderr_nowhere()
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                sitk.ProcessObject.SetGlobalWarningDisplay(_kept_display)
                if _kept_stderr is not None:
                    os.dup2(_kept_stderr, 2)
                    os.close(_kept_stderr)


def _point_stderr_nowhere() -> int | None:
    """A copy of standard error, which then leads nowhere; None in a process without one (a windowed program)."""
    try:
        kept = os.dup(2)
    except OSError:
        return None
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return kept
