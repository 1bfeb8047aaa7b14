"""The Batch section: every study below a folder, with the choices of the panel, into files."""

from __future__ import annotations

from pathlib import Path

import ctk
import qt
from slicer.i18n import tr as _

from DCMMultiTaskModule.dependencies import ensureTorch

# What a batch leaves in its folder, the best to look at first; the page needs Jinja2, which not every Slicer has.
REPORTS = ("report.html", "results.csv")


class BatchSection:
    """Drives the widgets of the Batch section.

    Args:
        panel: The module's widget, whose choices, logic and progress are used.
    """

    def __init__(self, panel) -> None:
        self.panel, self.ui, self.logic, self.run = panel, panel.ui, panel.logic, panel.run
        ui = panel.ui
        for edit in (ui.batchInputLineEdit, ui.batchOutputLineEdit):
            edit.filters = ctk.ctkPathLineEdit.Dirs
            edit.connect("currentPathChanged(QString)", self.update)
        ui.batchButton.connect("clicked(bool)", self.onRun)
        ui.openReportButton.connect("clicked(bool)", self.onOpenReport)
        self.update()

    def update(self, _path: str = "") -> None:
        """Say what is missing, and whether there is a report to look at."""
        if self.run.active:
            return
        missing = self._missing()
        self.ui.batchButton.enabled = not missing
        self.ui.batchButton.toolTip = missing or _(
            "Analyse every study below the input folder; the scene stays as it is."
        )
        self.ui.openReportButton.enabled = self.report() is not None

    def onRun(self, _checked: bool = False) -> None:
        """Start, or, while running, ask to stop."""
        if self.run.active:
            self.run.cancel()
            return
        with self.run.started(_("Loading PyTorch and the model...")):
            ensureTorch(self.run.say)
            self.ui.progressBar.format = _("Study %v of %m")
            self.run.say(_("Looking for studies, then analysing them one after the other..."))
            self.ui.statusLabel.text = self._process(self.panel._parameterNode)

    def _process(self, parameters) -> str:
        """Do the batch, with the window alive, and say what came of it."""
        from DCMMultiTaskLib.batch.options import BatchOptions, StudyOptions
        from DCMMultiTaskLib.batch.run import run_batch

        options = BatchOptions(
            Path(self.ui.batchInputLineEdit.currentPath),
            Path(self.ui.batchOutputLineEdit.currentPath),
            StudyOptions(
                slice_axis=parameters.sliceAxis.value,
                threshold=None if parameters.useModelThreshold else parameters.threshold,
                largest_component=parameters.largestComponent,
                activation=parameters.computeActivation,
                cavity=parameters.showCavity,
                uncertainty=parameters.uncertainty,
            ),
            model=Path(parameters.modelPath) if parameters.modelPath else None,
            device=parameters.device.value,
            resume=bool(self.ui.batchResumeCheckBox.checked),
        )
        said = []

        def work(job):
            if not job.begin():
                return None

            def after(done, total, outcome) -> None:
                said.append(f"{outcome.study}: {outcome.reason or outcome.state}")
                job.tell(done, total)

            return run_batch(options, progress=after, cancelled=job.stopped.is_set)

        def show(done: int, total: int) -> None:
            self.panel.onProgress(done, total)
            self.ui.batchListWidget.clear()
            self.ui.batchListWidget.addItems(said)
            self.ui.batchListWidget.scrollToBottom()

        self.ui.batchListWidget.clear()
        report = self.logic.worker.run(work, show, self.run.stopWanted)
        return _("Stopped before the first study was finished.") if report is None else summary(report)

    def report(self) -> Path | None:
        """The report in the output folder, or None."""
        folder = self.ui.batchOutputLineEdit.currentPath
        found = [Path(folder) / name for name in REPORTS if folder and (Path(folder) / name).is_file()]
        return found[0] if found else None

    def onOpenReport(self, _checked: bool = False) -> None:
        report = self.report()
        if report is not None:
            qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(report)))

    def _missing(self) -> str:
        source, target = self.ui.batchInputLineEdit.currentPath, self.ui.batchOutputLineEdit.currentPath
        if not source or not Path(source).is_dir():
            return _("Select the folder with the studies first.")
        if not target:
            return _("Select a folder for the results first.")
        return ""


def summary(report) -> str:
    """What came of a batch, in one sentence."""
    done, failed = len(report.having("done", "kept")), len(report.having("failed"))
    text = (
        _("Stopped: {done} of {total} studies are done") if report.stopped else _("{done} of {total} studies are done")
    )
    text = text.format(done=done, total=report.studies)
    return text + (_(", {failed} failed (see the list).").format(failed=failed) if failed else ".")
