"""While an analysis runs: progress, cancel, errors, a scene that is closed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from panel_helpers import mask_of, nodes_of
from slicer_standin.interaction import click, process_events, wait_until

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


@pytest.fixture
def while_running(slicer: Any, panel: Any, study: Any) -> Iterator[Callable[[Callable[[], None]], None]]:
    """Does something once, in the middle of a run that is started by a click."""
    done: list[bool] = []

    def run(action: Callable[[], None]) -> None:
        follow = panel.onProgress

        def progress(finished: int, total: int) -> None:
            follow(finished, total)
            if not done and finished >= total - 4:
                done.append(True)
                action()

        panel.onProgress = progress
        click(panel.ui.applyButton)
        assert done, "the run ended before anything could be done"

    panel.logic.predictor(study.parameters.modelPath, "auto").batch_size = 2
    yield run
    if "onProgress" in vars(panel):
        del panel.onProgress


def test_import_model_and_network_have_a_thread_of_their_own_and_the_scene_stays_on_the_main_one(
    panel: Any, study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from DCMMultiTaskLib.inference.predictor import Predictor
    from DCMMultiTaskLib.scene import cine, nodes

    where: dict[str, threading.Thread] = {}

    def noting(owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def call(*arguments: Any, **choices: Any) -> Any:
            where[name] = threading.current_thread()
            return real(*arguments, **choices)

        monkeypatch.setattr(owner, name, call)

    noting(panel.logic, "predictor")
    noting(Predictor, "predict")
    noting(cine, "study_of")
    noting(nodes, "result_to_nodes")
    click(panel.ui.applyButton)
    assert where["predictor"] is where["predict"]
    assert where["predictor"] is not threading.main_thread()
    assert where["study_of"] is where["result_to_nodes"] is threading.main_thread()
    assert not where["predict"].is_alive()


def test_the_window_is_alive_while_the_model_is_loaded_and_cancel_acts_at_once(
    slicer: Any, panel: Any, study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import qt

    load, goOn = panel.logic.predictor, threading.Event()

    def slow(*arguments: Any) -> Any:
        goOn.wait(30)
        return load(*arguments)

    monkeypatch.setattr(panel.logic, "predictor", slow)
    before, ticks, texts = nodes_of(slicer), [], []
    timer = qt.QTimer()
    timer.setInterval(20)

    def tick() -> None:
        ticks.append(1)
        texts.append((panel.ui.applyButton.text, panel.ui.statusLabel.text))
        if len(ticks) == 10:
            panel.ui.applyButton.click()

    timer.connect("timeout()", tick)
    timer.start()
    click(panel.ui.applyButton)  # returns, although the model is not loaded yet
    timer.stop()
    assert len(ticks) >= 10
    assert texts[5] == ("Cancel", "Loading PyTorch and the model...")
    assert nodes_of(slicer) == before
    assert "unchanged" in panel.ui.statusLabel.text
    assert panel.ui.applyButton.text == "Apply"
    threading.Timer(0.2, goOn.set).start()
    click(panel.ui.applyButton)  # what was left alone and this one do not disturb each other
    assert panel.ui.sliceTable.rowCount == 7


def test_a_second_apply_on_the_same_model_starts_at_once(
    panel: Any, study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from DCMMultiTaskLib.inference import package

    loaded: list[Any] = []
    load = package.load_package
    monkeypatch.setattr(package, "load_package", lambda path: loaded.append(path) or load(path))
    panel.logic._predictorKey = None
    click(panel.ui.applyButton)
    click(panel.ui.applyButton)
    assert len(loaded) == 1


def test_removing_the_volume_while_running_is_told_once_and_nothing_is_left(
    slicer: Any, study: Any, messages: list[tuple[str, str]], while_running: Any
) -> None:
    while_running(lambda: slicer.mrmlScene.RemoveNode(study.node))
    assert [text for text, _ in messages] == [
        "The volume was removed from the scene while it was analysed, so there is no result."
    ]
    assert not slicer.util.getNodesByClass("vtkMRMLSegmentationNode")


def test_another_module_while_running_does_not_disturb_the_result(
    slicer: Any, panel: Any, study: Any, messages: list[tuple[str, str]], while_running: Any
) -> None:
    while_running(panel.parent.exit)
    assert messages == []
    assert panel._parameterNode is None  # the other module may change it now
    panel.parent.enter()
    assert panel.ui.sliceTable.rowCount == 7


def test_reloading_while_running_ends_the_run_first(
    slicer: Any, panel: Any, study: Any, messages: list[tuple[str, str]], while_running: Any
) -> None:
    path = study.parameters.modelPath
    while_running(panel.onReload)
    wait_until(lambda: slicer.modules.DCMMultiTaskWidget is not panel, seconds=20)
    assert messages == []
    reloaded = slicer.modules.DCMMultiTaskWidget
    reloaded._parameterNode.modelPath = path
    click(reloaded.ui.applyButton)
    assert reloaded.ui.sliceTable.rowCount == 7


@pytest.mark.parametrize("failing", [False, True])
def test_quitting_while_running_ends_the_run_first_and_asks_nothing(
    slicer: Any, study: Any, messages: list[tuple[str, str]], while_running: Any, panel: Any, failing: bool
) -> None:
    window = slicer.util.mainWindow()

    def quit() -> None:
        window.close()
        if failing:
            slicer.mrmlScene.RemoveNode(study.node)

    try:
        while_running(quit)
    finally:
        window.show()
        process_events()
    assert messages == []
    assert not panel.run.active
    assert not [thread for thread in threading.enumerate() if thread.name == "DCMMultiTask"]


def test_a_panel_that_is_unloaded_while_running_does_nothing_any_more(
    slicer: Any, panel: Any, study: Any, messages: list[tuple[str, str]], while_running: Any
) -> None:
    while_running(panel.cleanup)
    assert messages == []
    assert panel._parameterNode is None
    panel.onReload()


def test_a_mistake_while_the_window_is_kept_alive_ends_the_thread(
    slicer: Any, panel: Any, study: Any, messages: list[tuple[str, str]]
) -> None:
    panel.onProgress = lambda done, total: 1 / 0
    try:
        click(panel.ui.applyButton)
    finally:
        del panel.onProgress
    assert len(messages) == 1
    wait_until(lambda: not [t for t in threading.enumerate() if t.name == "DCMMultiTask"], seconds=5)
