"""The panel, loaded from the installed tree into the Slicer stand-in, and a study with its truth."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

TESTING = Path(__file__).resolve().parents[2]
TREE = Path(os.environ["DCM_MODULE_TREE"])
TINY_MODEL = TESTING / "data" / "tiny.dcmmodel"
sys.path[:0] = [str(TREE), str(TESTING)]

from slicer_standin import fixtures  # noqa: E402
from slicer_standin.interaction import process_events  # noqa: E402

slicer = fixtures.slicer


@pytest.fixture(scope="session")
def slicer_application() -> Iterator[Any]:
    """The stand-in with the module, its panel opened once; `loaded_torch` says whether that imported torch."""
    from slicer_standin.boot import boot, shut_down

    application = boot(modules=[TREE])
    application.util.selectModule("DCMMultiTask")
    application.loaded_torch = "torch" in sys.modules
    yield application
    shut_down()


@pytest.fixture
def panel(slicer: Any) -> Any:
    """The module's widget, with its panel shown and an empty scene."""
    slicer.util.selectModule("DCMMultiTask")
    widget = slicer.modules.DCMMultiTaskWidget
    widget.ui.inputsCollapsibleButton.collapsed = False
    return widget


@pytest.fixture(scope="session")
def phantom_room() -> Any:
    """The library's phantoms, from the checkout: the package carries none. Reloading the module does not touch it."""
    room = TESTING.parent / "DCMMultiTaskLib" / "phantom" / "__init__.py"
    spec = spec_from_file_location("DCMMultiTaskLib.phantom", room)
    assert spec and spec.loader
    sys.modules[spec.name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def phantom(phantom_room: Any) -> Any:
    """A synthetic study of a dilated heart, with its truth."""
    return phantom_room.make_phantom(11, dilated=True, slices=7, matrix=(112, 112))


@pytest.fixture(scope="session")
def beating(phantom_room: Any) -> Any:
    """A synthetic cine of four phases."""
    from DCMMultiTaskLib.imaging.study import Study

    phases = phantom_room.make_phantom_cine(11, phases=4, dilated=False, slices=5, matrix=(112, 112))
    return Study("beating", [phase.volume for phase in phases], times_ms=(0.0, 200.0, 400.0, 600.0))


@pytest.fixture
def study(panel: Any, phantom: Any) -> Any:
    """The synthetic study in the scene, and the small model chosen."""
    from DCMMultiTaskLib.scene.nodes import add_volume

    node = add_volume(phantom.volume, phantom.name)
    process_events()
    parameters = panel._parameterNode
    parameters.modelPath = str(TINY_MODEL)
    return SimpleNamespace(
        node=node, name=phantom.name, volume=phantom.volume, truth=phantom.truth, parameters=parameters
    )
