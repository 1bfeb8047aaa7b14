"""How the panel looks while an analysis runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import slicer
from slicer.i18n import tr as _


@contextmanager
def widgetsOfARun(ui) -> Iterator[None]:
    """Apply is Cancel, the progress bar is there and no choice can be changed, until the block is left."""
    sections = (ui.inputsCollapsibleButton, ui.outputsCollapsibleButton, ui.advancedCollapsibleButton)
    try:
        for section in sections:
            section.enabled = False
        ui.applyButton.text = _("Cancel")
        ui.applyButton.toolTip = _("Stop; the slices that are finished are kept.")
        ui.statusLabel.text = _("Loading PyTorch and the model...")
        ui.progressBar.maximum = 0  # only says that something goes on
        ui.progressBar.value = 0
        ui.progressBar.visible = True
        slicer.app.processEvents()
        yield
    finally:
        for section in sections:
            section.enabled = True
        ui.progressBar.visible = False
        ui.applyButton.text = _("Apply")
