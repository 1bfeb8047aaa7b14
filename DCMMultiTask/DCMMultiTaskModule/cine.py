"""Cines: read from a folder, offered in the panel, shown phase by phase."""

from __future__ import annotations

from pathlib import Path

import slicer
from slicer.i18n import tr as _


def reading(folder: str):
    """Work for the logic's worker: read the study in a folder, also a cine with one series per slice position."""

    def work(_job):
        from DCMMultiTaskLib.imaging.reading import read_study

        return read_study(Path(folder))

    return work


def addStudy(study):
    """Add a study to the scene; a cine can be played with Slicer's Sequences toolbar.

    Returns:
        The volume node that shows it.
    """
    from DCMMultiTaskLib.scene.cine import add_study, browser_of

    volume = add_study(study)
    if browser_of(volume) is not None:
        slicer.modules.sequences.showSequenceBrowser(browser_of(volume))
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume


def showPhases(ui, volumeNode) -> None:
    """Offer the choice of phases for a cine, and hide it for a single volume."""
    from DCMMultiTaskLib.scene.cine import browser_of

    browser = browser_of(volumeNode) if volumeNode else None
    for widget in (ui.phasesLabel, ui.phasesComboBox):
        widget.visible = browser is not None
    if browser is not None:
        count = browser.GetSequenceNode(volumeNode).GetNumberOfDataNodes()
        ui.phasesLabel.text = _("Phases ({count}):").format(count=count)
