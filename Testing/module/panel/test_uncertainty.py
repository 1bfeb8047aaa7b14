"""Intervals beside the numbers, when they are asked for."""

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
