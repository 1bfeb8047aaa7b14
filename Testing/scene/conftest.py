"""One booted scene for all tests of this room."""

from __future__ import annotations

import importlib.util
import os

import pytest
from drawn_studies import drawn_study

from DCMMultiTaskLib.inference.result import Result


@pytest.fixture(scope="session")
def slicer():
    if importlib.util.find_spec("slicer") is None:
        message = "slicer-core is not installed"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    from DCMMultiTaskLib.scene.embedded import boot

    return boot()


@pytest.fixture(scope="session")
def opengl(slicer):
    from DCMMultiTaskLib.scene.rendering import has_opengl

    if not has_opengl():
        message = "this machine has no OpenGL: make system-packages"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


@pytest.fixture
def scene(slicer):
    """The scene, empty."""
    slicer.mrmlScene.Clear(0)
    yield slicer.mrmlScene
    slicer.mrmlScene.Clear(0)


@pytest.fixture
def study() -> Result:
    return drawn_study()
