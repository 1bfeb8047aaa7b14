"""A mask that is corrected by hand: noticed, and measured again on a click."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from panel_helpers import mask_of, nodes_of
from slicer_standin.interaction import click, process_events, wait_until

from DCMMultiTaskLib.scene import cine
from DCMMultiTaskLib.scene.provenance import facts_of
from DCMMultiTaskLib.scene.table import rows_of


def erase(slicer: Any, study: Any, index: int) -> None:
    """What the eraser does in one slice."""
    mask = mask_of(slicer, study).copy()
    mask[index] = 0
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, study.parameters.segmentation, "Myocardium", study.node)


def test_the_segment_editor_opens_with_mask_and_volume(slicer: Any, panel: Any, study: Any) -> None:
    assert not panel.ui.editButton.enabled
    click(panel.ui.applyButton)
    click(panel.ui.editButton)
    assert slicer.util.selectedModule() == "SegmentEditor"
    editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
    assert editor.segmentationNode() is study.parameters.segmentation
    assert editor.sourceVolumeNode() is study.node
    slicer.util.selectModule("DCMMultiTask")


def test_an_edit_is_noticed_and_taking_it_back_too(slicer: Any, panel: Any, study: Any) -> None:
    click(panel.ui.applyButton)
    assert not panel.ui.editedLabel.visible and not panel.ui.updateButton.enabled
    before = mask_of(slicer, study).copy()
    erase(slicer, study, 3)
    wait_until(lambda: bool(panel.ui.editedLabel.visible), seconds=5)
    assert panel.ui.updateButton.enabled
    slicer.util.updateSegmentBinaryLabelmapFromArray(before, study.parameters.segmentation, "Myocardium", study.node)
    wait_until(lambda: not panel.ui.editedLabel.visible, seconds=5)


def test_the_edited_mask_is_measured_without_the_network(
    slicer: Any, panel: Any, study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    click(panel.ui.applyButton)
    table = study.parameters.table
    old, rows, nodes = facts_of(table), rows_of(table), nodes_of(slicer)
    erase(slicer, study, 3)
    wait_until(lambda: bool(panel.ui.updateButton.enabled), seconds=5)
    monkeypatch.setattr(panel.logic, "predictor", lambda *_: pytest.fail("the network is not asked"))
    click(panel.ui.updateButton)
    new = facts_of(table)
    changed = rows_of(table)
    assert changed[3].myocardium_area_mm2 == 0 and changed[3].quality.startswith("no myocardium found")
    assert [row.dcm_probability for row in changed] == pytest.approx([row.dcm_probability for row in rows], rel=1e-9)
    assert new["lv_cavity_volume_ml"] <= old["lv_cavity_volume_ml"]
    assert new["myocardium_mass_g"] < old["myocardium_mass_g"]
    assert new["dcm_probability"] != old["dcm_probability"]
    assert new["network_masks_sha256"] == old["masks_sha256"] != new["masks_sha256"]
    assert "edited by hand" in panel.ui.probabilityLabel.text
    assert "slice 4 (no myocardium found" in panel.ui.probabilityLabel.text
    assert not panel.ui.editedLabel.visible and not panel.ui.updateButton.enabled
    assert not mask_of(slicer, study)[3].any()
    assert nodes_of(slicer) == nodes


def test_an_edit_of_end_systole_changes_the_ejection_fraction(
    slicer: Any, panel: Any, study: Any, beating: Any
) -> None:
    study.node = study.parameters.inputVolume = cine.add_study(beating)
    process_events()
    click(panel.ui.applyButton)
    old = facts_of(study.parameters.table)["heart_beat"]
    assert not panel.ui.editedLabel.visible
    cine.show_phase(study.node, old["es_phase"])
    wait_until(lambda: not panel.ui.editedLabel.visible, seconds=2)
    empty = np.zeros_like(mask_of(slicer, study))
    slicer.util.updateSegmentBinaryLabelmapFromArray(empty, study.parameters.segmentation, "LV cavity", study.node)
    wait_until(lambda: bool(panel.ui.updateButton.enabled), seconds=5)
    click(panel.ui.updateButton)
    new = facts_of(study.parameters.table)["heart_beat"]
    assert (new["edv_ml"], new["esv_ml"]) == (old["edv_ml"], 0)
    assert new["ejection_fraction_percent"] == 100
