"""One booted scene for all tests of this room."""

from __future__ import annotations

import pytest
from drawn_studies import drawn_study

from DCMMultiTaskLib.inference.result import Result


@pytest.fixture(scope="session")
def slicer():
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    from DCMMultiTaskLib.scene.embedded import boot

    return boot()


@pytest.fixture
def scene(slicer):
    """The scene, empty."""
    slicer.mrmlScene.Clear(0)
    yield slicer.mrmlScene
    slicer.mrmlScene.Clear(0)


@pytest.fixture
def study() -> Result:
    return drawn_study()
