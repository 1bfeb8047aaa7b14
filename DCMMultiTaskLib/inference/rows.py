"""The table: a row per slice from the segmentation and the final labels."""

from __future__ import annotations

import numpy as np

from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.inference.patient import sigmoid
from DCMMultiTaskLib.inference.result import REASONS_JOINED_BY, SliceRow
from DCMMultiTaskLib.inference.segmentation import Segmentation
from DCMMultiTaskLib.inference.settings import Decision
from DCMMultiTaskLib.measurements import quality
from DCMMultiTaskLib.measurements.masks import areas_mm2
from DCMMultiTaskLib.measurements.thickness import wall_thickness


def slice_rows(
    segmentation: Segmentation, labels: np.ndarray, gaps: np.ndarray, wanted: np.ndarray, decision: Decision
) -> tuple[SliceRow, ...]:
    """One row per slice, in slice order.

    Args:
        segmentation: What the network said.
        labels: The final labels on the source's voxels, uint8.
        gaps: `(N,)` bool: slices whose cavity was closed across a gap of the ring (`measurements.masks.lv_cavity`).
        wanted: `(N,)` bool: slices inside the region of interest.
        decision: As in the model package.
    """
    grid = segmentation.grid
    orientation = grid.orientation
    axis = orientation.slice_axis
    myocardium_mm2, cavity_mm2 = (
        areas_mm2(labels == segment.label, grid.source, axis) for segment in (MYOCARDIUM, LV_CAVITY)
    )
    field, pixel_mm = grid.seen, orientation.pixel_mm(grid.source)
    probabilities = sigmoid(decision.slice_scale * segmentation.dcm_logit + decision.slice_bias)
    rows = []
    for index, (position, view) in enumerate(zip(grid.positions_mm, orientation.view(labels), strict=True)):
        myocardium, cavity = view == MYOCARDIUM.label, view == LV_CAVITY.label
        if not wanted[index]:
            reasons = [quality.OUTSIDE_ROI]
        elif segmentation.constant[index]:
            reasons = [quality.CONSTANT]
        elif not segmentation.analysed[index]:
            reasons = [quality.NOT_ANALYSED]
        else:
            reasons = quality.mask_reasons(myocardium, cavity & (not gaps[index]), float(np.prod(pixel_mm)), field)
        wall = wall_thickness(myocardium, cavity, pixel_mm)
        rows.append(
            SliceRow(
                slice=index,
                position_mm=float(position),
                dcm_probability=float(probabilities[index]),
                dcm_class=int(probabilities[index] >= decision.threshold),
                myocardium_area_mm2=float(myocardium_mm2[index]),
                quality=REASONS_JOINED_BY.join(reasons) or quality.OK,
                cavity_area_mm2=float(cavity_mm2[index]),
                wall_thickness_mean_mm=wall.mean_mm,
                wall_thickness_min_mm=wall.min_mm,
                wall_thickness_max_mm=wall.max_mm,
            )
        )
    return tuple(rows)
