"""Every study of a folder, from the panel."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from slicer_standin.interaction import click

from DCMMultiTaskLib.imaging.writing import write_volume


@pytest.fixture
def folders(panel: Any, study: Any, tmp_path: Path) -> Path:
    """Two studies and a damaged file, and the folder for the results, chosen in the panel."""
    for name in ("first", "second"):
        write_volume(tmp_path / "in" / f"{name}.nrrd", study.volume)
    (tmp_path / "in" / "damaged.nrrd").write_text("NRRD0004\n")
    panel.ui.batchCollapsibleButton.collapsed = False
    panel.ui.batchInputLineEdit.currentPath = str(tmp_path / "in")
    panel.ui.batchOutputLineEdit.currentPath = str(tmp_path / "out")
    return tmp_path


def listed(panel: Any) -> list[str]:
    return [panel.ui.batchListWidget.item(row).text() for row in range(panel.ui.batchListWidget.count)]


def test_what_is_missing_is_said(panel: Any, folders: Path) -> None:
    assert panel.ui.batchButton.enabled
    panel.ui.batchInputLineEdit.currentPath = str(folders / "nowhere")
    assert not panel.ui.batchButton.enabled
    assert "studies" in panel.ui.batchButton.toolTip
    panel.ui.batchInputLineEdit.currentPath = str(folders / "in")
    panel.ui.batchOutputLineEdit.currentPath = ""
    assert not panel.ui.batchButton.enabled
    assert "results" in panel.ui.batchButton.toolTip


def test_every_study_is_done_and_the_report_opens(
    slicer: Any, panel: Any, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import qt

    assert not panel.ui.openReportButton.enabled
    before = slicer.mrmlScene.GetNumberOfNodes()
    steps: list[tuple[int, int, str, bool]] = []
    follow = panel.onProgress

    def look(done: int, total: int) -> None:
        follow(done, total)
        ui = panel.ui
        steps.append((done, total, ui.batchButton.text, ui.inputsCollapsibleButton.enabled))

    panel.onProgress = look
    try:
        click(panel.ui.batchButton)
    finally:
        del panel.onProgress
    assert steps == [(n, 3, "Cancel", False) for n in (1, 2, 3)]
    assert "2 of 3 studies are done, 1 failed" in panel.ui.statusLabel.text
    assert len(listed(panel)) == 3 and any(text.startswith("damaged: ") and len(text) > 20 for text in listed(panel))
    assert slicer.mrmlScene.GetNumberOfNodes() == before
    with (folders / "out" / "results.csv").open(newline="", encoding="utf-8") as stream:
        assert {row["study"] for row in csv.DictReader(stream)} == {"first", "second"}
    assert panel.ui.batchButton.text == "Run batch"
    opened: list[str] = []
    monkeypatch.setattr(qt.QDesktopServices, "openUrl", staticmethod(lambda url: opened.append(url.toLocalFile())))
    click(panel.ui.openReportButton)
    assert [Path(path).parent for path in opened] == [folders / "out"]
    assert Path(opened[0]).name in ("report.html", "results.csv")


def test_cancel_keeps_what_is_done_and_a_later_batch_goes_on(panel: Any, folders: Path) -> None:
    follow = panel.onProgress

    def press_cancel(done: int, total: int) -> None:
        follow(done, total)
        panel.ui.batchButton.click()

    panel.onProgress = press_cancel
    try:
        click(panel.ui.batchButton)
    finally:
        del panel.onProgress
    assert "Stopped: " in panel.ui.statusLabel.text
    assert panel.ui.batchButton.text == "Run batch" and panel.ui.batchButton.enabled
    click(panel.ui.batchResumeCheckBox)
    click(panel.ui.batchButton)
    assert "2 of 3 studies are done, 1 failed" in panel.ui.statusLabel.text


def test_a_folder_with_results_is_not_written_over(
    slicer: Any, panel: Any, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, **_: shown.append(text))
    (folders / "out").mkdir()
    (folders / "out" / "mine.txt").write_text("keep")
    click(panel.ui.batchButton)
    if shown:  # refused in words
        assert "Traceback" not in shown[0] and panel.ui.statusLabel.text == shown[0]
    assert (folders / "out" / "mine.txt").read_text() == "keep"
