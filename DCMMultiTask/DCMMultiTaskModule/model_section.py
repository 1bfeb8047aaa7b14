"""Which model is chosen, what it says of itself, and where it can run."""

from __future__ import annotations

import ctk
import qt
from slicer.i18n import tr as _

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskModule.dependencies import requireTorch


class ModelSection:
    """Names the chosen model under its path.

    Args:
        ui: The panel's widgets by name.
        logic: The module's logic, which reads model files.
        run: The panel's `Run`, which shows errors.
    """

    def __init__(self, ui, logic, run) -> None:
        self.ui, self.logic, self.run = ui, logic, run
        self._shown = None
        ui.modelPathLineEdit.filters = ctk.ctkPathLineEdit.Files
        ui.modelPathLineEdit.nameFilters = [_("Model packages (*.dcmmodel)")]
        ui.modelCardButton.connect("clicked(bool)", self.onModelCard)
        ui.detectDevicesButton.connect("clicked(bool)", self.onDetectDevices)

    def show(self, path: str) -> None:
        """Name the model under its path, or say what is wrong with the file."""
        if self.ui.modelPathLineEdit.currentPath != path:
            self.ui.modelPathLineEdit.currentPath = path
        if self._shown != path:
            self._shown = path
            try:
                facts = self.logic.modelFacts(path)
            except InputError as error:
                text = str(error)
            else:
                shipped = "" if path else _(", comes with the extension")
                text = f"{facts.name} {facts.version}{shipped}"
            self.ui.modelInfoLabel.text = text

    def onModelCard(self, _checked: bool = False) -> None:
        with self.run.errorsShown():
            facts = self.logic.modelFacts(self.ui.modelPathLineEdit.currentPath)
            showModelCard(f"{facts.name} {facts.version}", facts.card, self.ui.modelCardButton.window())

    def onDetectDevices(self, _checked: bool = False) -> None:
        with self.run.started(_("Loading PyTorch...")):
            requireTorch()
            devices = self.logic.worker.run(_availableDevices, cancelled=self.run.stopWanted)
            if devices:
                self.ui.deviceInfoLabel.text = _("Found: {devices}").format(devices="; ".join(devices))
            self.ui.statusLabel.text = ""


def _availableDevices(_job) -> list[str]:
    from DCMMultiTaskLib.inference.device import available_devices

    return available_devices()


def showModelCard(title: str, card: str, parent=None) -> qt.QDialog:
    """Open a window with a model card that stays beside the panel until it is closed.

    Args:
        title: Window title.
        card: Markdown.
        parent: Widget that the window belongs to.
    """
    dialog = qt.QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setAttribute(qt.Qt.WA_DeleteOnClose)
    layout = qt.QVBoxLayout(dialog)
    browser = qt.QTextBrowser()
    browser.setOpenExternalLinks(True)
    browser.setMarkdown(card or _("This model has no card."))
    layout.addWidget(browser)
    buttons = qt.QDialogButtonBox(qt.QDialogButtonBox.Close)
    buttons.connect("rejected()", dialog.close)
    layout.addWidget(buttons)
    dialog.resize(640, 560)
    dialog.show()
    return dialog
