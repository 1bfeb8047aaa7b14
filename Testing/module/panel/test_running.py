"""While an analysis runs: progress, cancel, errors, a scene that is closed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from panel_helpers import mask_of, nodes_of
from slicer_standin.interaction import click

from DCMMultiTaskLib.scene.table import rows_of


@pytest.fixture
def messages(slicer: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Text and details of each error that is shown; nobody has to press OK."""
    shown: list[tuple[str, str]] = []
    monkeypatch.setattr(
        slicer.util, "errorDisplay", lambda text, **details: shown.append((text, details.get("detailedText", "")))
    )
    return shown


def test_cancel_keeps_the_finished_slices_and_says_so(
    slicer: Any, panel: Any, study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel.logic.predictor(study.parameters.modelPath, "auto"), "batch_size", 2)
    steps: list[tuple[int, int, str]] = []
    follow = panel.onProgress

    def press_cancel(done: int, total: int) -> None:
        steps.append((done, total, panel.ui.applyButton.text))
        follow(done, total)
        if done >= total - 4:
            panel.ui.applyButton.click()

    panel.onProgress = press_cancel
    try:
        click(panel.ui.applyButton)
    finally:
        del panel.onProgress
    assert steps[-1][0] < steps[-1][1]
    assert {text for _, _, text in steps} == {"Cancel"}
    rows = rows_of(study.parameters.table)
    waiting = [row for row in rows if row.quality == "not analysed"]
    assert 0 < len(waiting) < len(rows)
    assert all(np.isnan(row.dcm_probability) for row in waiting)
    mask = mask_of(slicer, study)
    assert mask.any()
    assert not any(mask[row.slice].any() for row in waiting)
    assert "ancel" in panel.ui.notesLabel.text
    assert str(len(rows) - len(waiting)) in panel.ui.statusLabel.text
    assert panel.ui.applyButton.text == "Apply"
    assert panel.ui.applyButton.enabled


def test_cancel_before_the_first_slice_leaves_the_scene_as_it_was(slicer: Any, panel: Any, study: Any) -> None:
    before = nodes_of(slicer)
    panel.onProgress = lambda done, total: panel.ui.applyButton.click()
    try:
        click(panel.ui.applyButton)
    finally:
        del panel.onProgress
    assert nodes_of(slicer) == before
    assert study.parameters.table is None
    assert "unchanged" in panel.ui.statusLabel.text


def test_the_choices_can_not_be_changed_while_running_and_the_progress_is_shown(panel: Any, study: Any) -> None:
    seen = []
    follow = panel.onProgress

    def look(done: int, total: int) -> None:
        follow(done, total)
        seen.append(
            (panel.ui.inputsCollapsibleButton.enabled, panel.ui.progressBar.visible, panel.ui.progressBar.value)
        )

    panel.onProgress = look
    try:
        click(panel.ui.applyButton)
    finally:
        del panel.onProgress
    assert {(enabled, visible) for enabled, visible, _ in seen} == {(False, True)}
    assert [value for _, _, value in seen] == sorted(value for _, _, value in seen)
    assert panel.ui.inputsCollapsibleButton.enabled
    assert not panel.ui.progressBar.visible


def test_an_error_of_the_user_is_shown_once_in_words_and_the_scene_is_as_before(
    slicer: Any, panel: Any, study: Any, messages: list[tuple[str, str]]
) -> None:
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    study.node.SetAndObserveTransformNodeID(transform.GetID())
    before = nodes_of(slicer)
    click(panel.ui.applyButton)
    assert len(messages) == 1
    text, details = messages[0]
    assert "moved" in text
    assert "Traceback" not in text
    assert details == ""
    assert nodes_of(slicer) == before
    assert panel.ui.applyButton.text == "Apply"
    assert panel.ui.statusLabel.text == text


def test_a_mistake_of_the_program_is_shown_once_with_its_details(
    slicer: Any, panel: Any, study: Any, messages: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = nodes_of(slicer)

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("DCMMultiTaskLib.scene.nodes.set_rows", broken)
    click(panel.ui.applyButton)
    assert len(messages) == 1
    text, details = messages[0]
    assert "by zero" in text
    assert "ZeroDivisionError" in details
    assert nodes_of(slicer) == before


def test_closing_the_scene_while_running_stops_without_a_message(
    slicer: Any, panel: Any, study: Any, messages: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel.logic.predictor(study.parameters.modelPath, "auto"), "batch_size", 2)
    panel.onProgress = lambda done, total: slicer.mrmlScene.Clear(False) if done >= total - 4 else None
    try:
        click(panel.ui.applyButton)
    finally:
        del panel.onProgress
    assert messages == []
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
    assert panel.ui.applyButton.text == "Apply"
