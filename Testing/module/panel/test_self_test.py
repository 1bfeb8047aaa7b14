"""The module's own self test, with and without PyTorch."""

from __future__ import annotations

import io
import sys
import unittest
from typing import Any

import pytest


@pytest.fixture
def no_torch(slicer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slicer's build machines: PyTorch is not installed, and importing it fails."""
    from DCMMultiTaskModule import dependencies

    real = dependencies.installedVersion
    monkeypatch.setattr(dependencies, "installedVersion", lambda name: None if name == "torch" else real(name))
    monkeypatch.setitem(sys.modules, "torch", None)
    slicer.app.commandOptions().testingEnabled = True


def test_without_pytorch_what_needs_it_is_skipped_with_a_message_and_the_rest_is_run(
    panel: Any, no_torch: None
) -> None:
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(sys.modules["DCMMultiTask"].DCMMultiTaskTest)
    result = unittest.TextTestRunner(io.StringIO()).run(suite)
    assert result.wasSuccessful(), result.failures + result.errors
    assert len(result.skipped) == 3
    assert all("PyTorch is not installed" in reason for _, reason in result.skipped)
    assert result.testsRun - len(result.skipped) == 2


def test_reload_and_test_goes_on_after_what_was_skipped(
    slicer: Any, panel: Any, no_torch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(slicer.util, "delayDisplay", lambda text, *_, **__: said.append(text))
    slicer.selfTests["DCMMultiTask"]()
    assert [text.split(":")[0] for text in said] == ["Skipped"] * 3 + ["No test failed"]


def test_with_pytorch_nothing_is_skipped(slicer: Any, panel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(slicer.util, "delayDisplay", lambda text, *_, **__: said.append(text))
    slicer.selfTests["DCMMultiTask"]()
    assert said == ["No test failed"]
