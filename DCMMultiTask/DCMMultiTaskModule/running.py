"""One run at a time: how the panel looks meanwhile, how a run is stopped, and what is said when it fails."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import slicer
from slicer.i18n import tr as _

from DCMMultiTaskLib.errors import InputError


class Run:
    """What goes on in the panel.

    Args:
        ui: The panel's widgets by name.
        after: Called when a run is over, however it ended.

    Attributes:
        active: Something is running.
        cancelRequested: It has to end.
        reloadWanted: The module has to be reloaded when it has ended.
        gone: The panel is not there any more, so that nothing is shown.
    """

    def __init__(self, ui, after) -> None:
        self.ui, self._after = ui, after
        self.active = self.cancelRequested = self.reloadWanted = self.gone = False
        self._windowWasShown = False

    @contextmanager
    def started(self, status: str) -> Iterator[None]:
        """Run a block: what it raises is shown, and the panel waits for its end."""
        try:
            with self._waiting(status), self.errorsShown():
                yield
        finally:
            self._after()

    @contextmanager
    def _waiting(self, status: str) -> Iterator[None]:
        """Apply is Cancel, the progress bar is there and no choice can be changed, until the block is left."""
        self.active, self.cancelRequested, self.reloadWanted = True, False, False
        window = slicer.util.mainWindow()
        self._windowWasShown = bool(window and window.visible)
        sections = (
            self.ui.inputsCollapsibleButton,
            self.ui.outputsCollapsibleButton,
            self.ui.advancedCollapsibleButton,
        )
        try:
            for section in sections:
                section.enabled = False
            for button in (self.ui.applyButton, self.ui.batchButton):
                button.enabled = True
                button.text = _("Cancel")
                button.toolTip = _("Stop; what is finished is kept.")
            self.ui.openReportButton.enabled = False
            self.ui.progressBar.format = _("Slice %v of %m")
            self.ui.progressBar.maximum = 0  # only says that something goes on
            self.ui.progressBar.value = 0
            self.ui.progressBar.visible = True
            self.say(status)
            yield
        finally:
            self.active = False
            for section in sections:
                section.enabled = True
            self.ui.progressBar.visible = False
            self.ui.applyButton.text = _("Apply")
            self.ui.batchButton.text = _("Run batch")

    def cancel(self) -> None:
        """The user wants it to end."""
        self.cancelRequested = True
        self.ui.applyButton.enabled = self.ui.batchButton.enabled = False
        self.ui.statusLabel.text = _("Stopping after what is in hand...")

    def say(self, text: str) -> None:
        """Say what is going on, before something begins that keeps the window from being drawn."""
        self.ui.statusLabel.text = text
        slicer.app.processEvents()

    def stopWanted(self) -> bool:
        """Whether it has to end: Cancel, a closed scene, a reload, or Slicer is being closed."""
        return self.cancelRequested or self._isQuitting()

    def _isQuitting(self) -> bool:
        window = slicer.util.mainWindow()
        return bool(self._windowWasShown and window and not window.visible)

    @contextmanager
    def errorsShown(self) -> Iterator[None]:
        """Show an error once, in words; the details are for a bug report."""
        try:
            yield
        except InputError as error:
            details = getattr(error, "details", "")
            self._showError(str(error), **({"detailedText": details} if details else {}))
        except Exception as error:
            self._showError(
                _("The analysis failed and the scene is unchanged: {error}").format(error=error),
                detailedText=traceback.format_exc(),
            )

    def _showError(self, message: str, **details) -> None:
        if self.gone or self._isQuitting():
            return  # a dialog would keep Slicer from ending
        self.ui.statusLabel.text = message
        slicer.util.errorDisplay(message, **details)
