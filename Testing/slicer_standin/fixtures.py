"""pytest fixtures: the stand-in, started once for all tests of a process, and a clean scene for every test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .interaction import process_events


@pytest.fixture(scope="session")
def slicer_application() -> Iterator[Any]:
    """The ``slicer`` package with application and main window."""
    from . import boot

    yield boot.started() or boot.boot()
    boot.shut_down()


@pytest.fixture
def slicer(slicer_application: Any) -> Iterator[Any]:
    """The ``slicer`` package with an empty scene; an exception in a slot fails the test."""
    from .pythonqt import slot_errors

    slot_errors.clear()
    slicer_application.app.commandOptions().testingEnabled = False
    slicer_application.mrmlScene.Clear(False)
    process_events()
    yield slicer_application
    process_events()
    slicer_application.mrmlScene.Clear(False)
    process_events()
    errors, slot_errors[:] = list(slot_errors), []
    if errors:
        raise errors[0]
