"""The table: a row per slice from the segmentation and the final labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.inference.patient import sigmoid
from DCMMultiTaskLib.inference.result import REASONS_JOINED_BY, SliceRow
from DCMMultiTaskLib.inference.segmentation import Segmentation
from DCMMultiTaskLib.inference.settings import Decision
from DCMMultiTaskLib.measurements import quality
from DCMMultiTaskLib.measurements.evidence import Evidence, gather
from DCMMultiTaskLib.measurements.masks import areas_mm2
from DCMMultiTaskLib.measurements.thickness import WallThickness, wall_thickness


def slice_rows(
    segmentation: Segmentation,
    image: np.ndarray,
    labels: np.ndarray,
    judged: tuple[np.ndarray, np.ndarray],
    wanted: np.ndarray,
    decision: Decision,
    agreement: np.ndarray | None = None,
    said: Mapping[int, Sequence[str]] | None = None,
) -> tuple[tuple[SliceRow, ...], tuple[Evidence, ...]]:
    """One row per slice, in slice order, and what its quality was judged by.

    Args:
        segmentation: What the network said.
        image: `(K, J, I)` voxels of the source.
        labels: The final labels on the source's voxels, uint8.
        judged: The labels by which a slice's quality is judged, those of before the smoothing where there was one, and
            `(N,)` bool: slices whose cavity was closed across a gap of the ring (`measurements.masks.lv_cavity`). A
            slice in which only the final labels have a wall is judged by these.
        wanted: `(N,)` bool: slices inside the region of interest.
        decision: As in the model package.
        agreement: `(N,)` of `Evidence`; None where no other views were looked at.
        said: By slice, the reasons that hold already (`quality.reasons_that_stay`).
    """
    grid = segmentation.grid
    orientation = grid.orientation
    axis = orientation.slice_axis
    myocardium_mm2, cavity_mm2 = (
        areas_mm2(labels == segment.label, grid.source, axis) for segment in (MYOCARDIUM, LV_CAVITY)
    )
    field, pixel_mm = grid.seen, orientation.pixel_mm(grid.source)
    probabilities = sigmoid(decision.slice_scale * segmentation.dcm_logit + decision.slice_bias)
    views = orientation.view(labels)
    thickness = judged_thickness = _thickness(views, pixel_mm)
    judged_labels, gaps = judged
    if judged_labels is not labels:
        views = _judged_views(views, orientation.view(judged_labels))
        judged_thickness = _thickness(views, pixel_mm)
    walls, cavities = views == MYOCARDIUM.label, views == LV_CAVITY.label
    own = []
    for index, (wall, cavity) in enumerate(zip(walls, cavities, strict=True)):
        if not wanted[index]:
            own.append([quality.OUTSIDE_ROI])
        elif segmentation.empty[index]:
            own.append([segmentation.empty[index]])
        elif not segmentation.analysed[index]:
            own.append([quality.NOT_ANALYSED])
        else:
            reasons = quality.mask_reasons(wall, cavity & (not gaps[index]), float(np.prod(pixel_mm)), field)
            held = said.get(index, ()) if said else ()
            own.append(list(dict.fromkeys([*held, *quality.pixel_reasons(pixel_mm), *reasons])))
    certainty = segmentation.certainty
    evidence = gather(orientation.view(image), walls, cavities, pixel_mm, judged_thickness, certainty, agreement)
    verdicts = quality.judge(own, evidence, cavity_mm2, grid.source.spacing[axis])
    rows = tuple(
        SliceRow(
            slice=index,
            position_mm=float(position),
            dcm_probability=float(probability),
            dcm_class=int(probability >= decision.threshold),
            myocardium_area_mm2=float(myocardium_mm2[index]),
            quality=REASONS_JOINED_BY.join(reasons) or quality.OK,
            cavity_area_mm2=float(cavity_mm2[index]),
            wall_thickness_mean_mm=thickness[index].mean_mm,
            wall_thickness_min_mm=thickness[index].min_mm,
            wall_thickness_max_mm=thickness[index].max_mm,
            caution=REASONS_JOINED_BY.join(cautions),
        )
        for index, (position, probability, (reasons, cautions)) in enumerate(
            zip(grid.positions_mm, probabilities, verdicts, strict=True)
        )
    )
    return rows, tuple(evidence)


def _judged_views(drawn: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The labels `(N, rows, columns)` of before the smoothing; the drawn ones where only these have a wall."""
    has_wall, had_wall = ((labels == MYOCARDIUM.label).any(axis=(1, 2), keepdims=True) for labels in (drawn, before))
    return np.where(had_wall, before * has_wall, drawn)


def _thickness(views: np.ndarray, pixel_mm: tuple[float, float]) -> list[WallThickness]:
    """Of the wall in each of the labels `(N, rows, columns)`."""
    return [wall_thickness(view == MYOCARDIUM.label, view == LV_CAVITY.label, pixel_mm) for view in views]
