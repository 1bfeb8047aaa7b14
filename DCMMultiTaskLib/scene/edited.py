"""A result in the scene whose segments were edited: has it changed, and what does it measure now."""

from __future__ import annotations

from typing import Any

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.segments import LV_CAVITY
from DCMMultiTaskLib.inference.edited import measure_edited
from DCMMultiTaskLib.inference.provenance import Provenance, masks_sha256
from DCMMultiTaskLib.scene import cine
from DCMMultiTaskLib.scene.nodes import SEGMENTATION_ROLE, VOLUME_ROLE, ResultNodes, result_to_nodes
from DCMMultiTaskLib.scene.provenance import facts_of
from DCMMultiTaskLib.scene.segmentation import labels_of
from DCMMultiTaskLib.scene.table import rows_of


def is_edited(table_node: Any) -> bool:
    """Whether the mask of the phase that is shown is another one than the table was measured on."""
    volume, segmentation = (table_node.GetNodeReference(role) for role in (VOLUME_ROLE, SEGMENTATION_ROLE))
    facts = facts_of(table_node)
    if volume is None or segmentation is None or "masks_sha256" not in facts:
        return False
    if volume.GetParentTransformNode() is not None:  # its voxels lie elsewhere for now
        return False
    phase = cine.shown_phase(volume) if facts["phases"] > 1 else facts["phase"]
    measured = facts["masks_sha256"].get(str(phase))
    try:
        labels = labels_of(segmentation, volume, "IJK".index(facts["slice_axis"]))
    except InputError:  # the segment was deleted or renamed
        return True
    return measured is not None and masks_sha256({phase: labels})[str(phase)] != measured


def measure_again(table_node: Any) -> ResultNodes:
    """Measure the segments as they are now, and update table, charts and segmentation; the network is not asked.

    Raises:
        InputError: Volume or segmentation are gone or cannot be measured.
    """
    volume, segmentation = (table_node.GetNodeReference(role) for role in (VOLUME_ROLE, SEGMENTATION_ROLE))
    if volume is None or segmentation is None:
        raise InputError("The volume or the segmentation of this result is no longer in the scene.")
    facts = facts_of(table_node)
    axis = "IJK".index(facts["slice_axis"])
    study, masks = cine.study_of(volume), cine.masks_of(segmentation, cine.browser_of(volume))
    labels: dict[int, np.ndarray] = {}
    for phase in map(int, facts["masks_sha256"]):
        node = masks.GetNthDataNode(phase) if masks is not None else segmentation
        labels[phase] = labels_of(node, volume, axis)
    result = measure_edited(
        study, labels, axis, rows_of(table_node), Provenance.from_dict(facts), cancelled=facts["cancelled"]
    )
    cavity = bool(segmentation.GetSegmentation().GetSegmentIdBySegmentName(LV_CAVITY.name))
    return result_to_nodes(result, volume, segmentation_node=segmentation, table_node=table_node, cavity=cavity)
