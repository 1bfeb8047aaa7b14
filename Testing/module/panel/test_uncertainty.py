"""Intervals beside the numbers and a map, when they are asked for."""

from __future__ import annotations

import re
from typing import Any

from slicer_standin.interaction import click

from DCMMultiTaskLib.scene.provenance import facts_of


def test_the_interval_stands_beside_the_probability_when_asked_for(panel: Any, study: Any) -> None:
    panel.ui.advancedCollapsibleButton.collapsed = False
    click(panel.ui.uncertaintyCheckBox)
    click(panel.ui.applyButton)
    panel.ui.advancedCollapsibleButton.collapsed = True
    low, high = facts_of(study.parameters.table)["uncertainty"]["intervals"]["dcm_probability"]
    text = re.sub("<.*?>", "", panel.ui.probabilityLabel.text)
    assert 0 <= low <= high <= 1
    assert f"({low:.2f} to {high:.2f})" in text


def test_the_map_lies_over_the_image_and_is_no_activation_map(panel: Any, study: Any, slicer: Any) -> None:
    from DCMMultiTaskModule import display

    panel.ui.advancedCollapsibleButton.collapsed = False
    click(panel.ui.uncertaintyCheckBox)
    click(panel.ui.applyButton)
    shown = slicer.util.getNode(f"{study.name} uncertainty")
    assert 0 < slicer.util.arrayFromVolume(shown).max() <= 0.5
    for name in slicer.app.layoutManager().sliceViewNames():
        composite = slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode()
        assert composite.GetForegroundVolumeID() == shown.GetID()
    assert display.outputsOf(study.node)["activationVolume"] is None
    click(panel.ui.uncertaintyCheckBox)
    click(panel.ui.applyButton)
    panel.ui.advancedCollapsibleButton.collapsed = True
    assert slicer.mrmlScene.GetFirstNodeByName(f"{study.name} uncertainty") is None
