"""The table: a row per slice from the segmentation and the final mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from DCMMultiTaskLib.imaging.grid import SliceStack
from DCMMultiTaskLib.imaging.measurements import areas_mm2, enclosed_cavity
from DCMMultiTaskLib.inference import quality
from DCMMultiTaskLib.inference.patient import sigmoid
from DCMMultiTaskLib.inference.result import SliceRow
from DCMMultiTaskLib.inference.segmentation import Segmentation


def slice_rows(
    segmentation: Segmentation, mask: np.ndarray, wanted: np.ndarray, decision: Mapping[str, Any]
) -> tuple[SliceRow, ...]:
    """One row per slice, in slice order.

    Args:
        segmentation: What the network said.
        mask: The final mask on the source's voxels, uint8.
        wanted: `(N,)` bool: slices inside the region of interest.
        decision: As in the model package.
    """
    stack = segmentation.stack
    volume, axis = stack.source, stack.pose.slice_axis
    cavity = enclosed_cavity(mask, axis)
    myocardium_mm2 = areas_mm2(mask, volume, axis)
    cavity_mm2 = areas_mm2(cavity, volume, axis)
    masks, cavities = stack.pose.view(mask.view(bool)), stack.pose.view(cavity.view(bool))
    field = seen_field(stack)
    pixel_mm2 = float(np.prod(volume.spacing)) / volume.spacing[axis]
    probabilities = sigmoid(decision["slice_scale"] * segmentation.dcm_logit + decision["slice_bias"])
    rows = []
    for index, position in enumerate(stack.positions_mm):
        if not wanted[index]:
            word = quality.OUTSIDE_ROI
        elif segmentation.constant[index]:
            word = quality.CONSTANT
        elif not segmentation.analysed[index]:
            word = quality.NOT_ANALYSED
        else:
            word = quality.mask_quality(masks[index], cavities[index], pixel_mm2, field)
        rows.append(
            SliceRow(
                slice=index,
                position_mm=float(position),
                dcm_probability=float(probabilities[index]),
                dcm_class=int(probabilities[index] >= decision["threshold"]),
                myocardium_area_mm2=float(myocardium_mm2[index]),
                quality=word,
                cavity_area_mm2=float(cavity_mm2[index]),
            )
        )
    return tuple(rows)


def seen_field(stack: SliceStack) -> tuple[slice, slice]:
    """Rows and columns of the source's slices (as `Pose.view` shows them) that lie on the network's grid."""
    seen = []
    pose, spacing = stack.pose, stack.source.spacing
    axes = (pose.row_axis, pose.column_axis)
    for axis, centre, size in zip(axes, stack.centre, stack.images.shape[2:], strict=True):
        pixels = np.arange(stack.source.array.shape[2 - axis])
        inside = np.flatnonzero(np.abs(pixels - centre) * spacing[axis] <= size * stack.spacing_mm / 2)
        seen.append(slice(int(inside[0]), int(inside[-1]) + 1) if len(inside) else slice(0, 0))
    return seen[0], seen[1]
