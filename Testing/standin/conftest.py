"""The Slicer stand-in's own tests run on its fixtures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slicer_standin.fixtures import slicer, slicer_application  # noqa: F401

EXAMPLE = Path(__file__).parent / "example"


@pytest.fixture(scope="session")
def example_module(slicer_application: Any) -> Any:  # noqa: F811
    """The example module, loaded as Slicer loads a scripted module."""
    from slicer_standin import boot

    boot.load_modules(EXAMPLE)
    return slicer_application.modules.example


@pytest.fixture
def panel(slicer: Any, example_module: Any) -> Iterator[Any]:  # noqa: F811
    """The example module's widget, chosen in the main window."""
    slicer.util.selectModule("Example")
    yield slicer.modules.ExampleWidget
    slicer.modules.ExampleWidget.initializeParameterNode()


def pytest_sessionstart() -> None:
    sys.dont_write_bytecode = True
