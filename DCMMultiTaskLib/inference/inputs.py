"""What the user chose, checked against the study before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from DCMMultiTaskLib.errors import InputError, count
from DCMMultiTaskLib.imaging.roi import Roi
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Geometry
from DCMMultiTaskLib.measurements.volumes import Body


def phases_to_segment(study: Study, phase: str | int) -> list[int]:
    if phase == "ed":
        return list(range(len(study.phases)))
    number = 0 if phase == "first" else phase
    if not isinstance(number, int):
        raise InputError(f"The phase is ed, first or a number from 0, not {phase!r}.")
    if not 0 <= number < len(study.phases):
        have = count(len(study.phases), "phase")
        raise InputError(f"there is no phase {number}: the study has {have}, and this option counts them from 0.")
    return [number]


def cleaned(study: Study, phases: Sequence[int]) -> tuple[Study, int]:
    """The study with finite voxels in the phases to segment, and how many voxels were replaced there."""
    volumes = list(study.phases)
    replaced = 0
    for number in phases:
        volumes[number], found = volumes[number].cleaned()
        replaced += found
    return replace(study, phases=volumes), replaced


def inside(geometry: Geometry, slice_axis: int, roi: Roi | None) -> np.ndarray:
    """Voxels that may be myocardium, bool; without an ROI an array that stands for all and takes no memory."""
    if roi is None:
        return np.broadcast_to(np.True_, geometry.shape)
    if roi.size_mm is None and beyond_slices(geometry, slice_axis, roi.centre_lps):
        raise InputError("the region of interest lies outside the volume.")
    return roi.contains(geometry)


def beyond_slices(geometry: Geometry, slice_axis: int, point_lps: Sequence[float]) -> bool:
    """Whether a point lies beside the slices; one before the first or after the last is in their plane."""
    size = np.asarray(geometry.size)
    beyond = np.abs(geometry.to_index(np.asarray(point_lps)) - (size - 1) / 2) > size / 2
    beyond[slice_axis] = False
    return bool(beyond.any())


def body(study: Study, height_cm: float | None, weight_kg: float | None) -> tuple[Body | None, list[str]]:
    """What is given, and what the study says where it is not; a note where that cannot be."""
    height = study.height_cm if height_cm is None else height_cm
    weight = study.weight_kg if weight_kg is None else weight_kg
    if height is None or weight is None:
        return None, []
    try:
        return Body(height, weight), []
    except InputError as error:
        return None, [f"{error} It is the DICOM header's, so nothing is given for each square metre of body surface."]
