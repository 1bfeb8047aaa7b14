"""One patient's prediction against the truth, as rows of a table."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.datasets.truth import read_patient, true_cavity
from DCMMultiTaskLib.evaluation.metrics import MaskScores, mask_scores
from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Volume, slices_first
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.measurements.masks import areas_mm2
from DCMMultiTaskLib.measurements.quality import OK
from DCMMultiTaskLib.measurements.thickness import wall_thickness
from DCMMultiTaskLib.measurements.volumes import MYOCARDIUM_G_PER_ML, summation_ml


@dataclass(frozen=True, kw_only=True)
class SliceScore(MaskScores):
    """One slice with truth: what was predicted and how good it is, in pixels and mm.

    Files written before there were more mask scores than the DSC lack the inherited columns.
    """

    patient: str
    group: str
    dcm: int
    slice: int
    dsc: float
    true_area_mm2: float
    area_mm2: float
    true_cavity_mm2: float
    cavity_mm2: float
    dcm_probability: float
    quality: str


@dataclass(frozen=True, kw_only=True)
class PatientScore(MaskScores):
    """One patient: the whole mask, all slices of it, the LV cavity and the patient-level probability.

    Files written before the volumes were measured have the largest slice's cavity alone.
    """

    patient: str
    group: str
    dcm: int
    dsc: float
    true_cavity_mm2: float
    cavity_mm2: float
    dcm_probability: float
    true_cavity_ml: float = math.nan
    cavity_ml: float = math.nan
    wall_sd_mm: float = math.nan
    true_mass_g: float = math.nan
    mass_g: float = math.nan
    true_wall_mm: float = math.nan
    wall_mm: float = math.nan


def true_areas(truth: Volume, slice_axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Areas of the true myocardium and of the true LV cavity in each slice, twice `(N,)` in mm².

    Args:
        truth: Labels, as `read_patient` gives them.
        slice_axis: 0, 1, 2 for I, J, K.
    """
    myocardium, cavity = truth.array == MYOCARDIUM.label, true_cavity(truth.array, slice_axis)
    return areas_mm2(myocardium, truth.geometry, slice_axis), areas_mm2(cavity, truth.geometry, slice_axis)


def score_patient(predictor: Predictor, patient: Patient) -> tuple[list[SliceScore], PatientScore]:
    """Predict one patient and compare with the truth."""
    volume, truth = read_patient(patient)
    result = predictor.predict(Study(patient.patient, [volume]))
    axis = result.slice_axis
    true_mask = truth.array == MYOCARDIUM.label
    myocardia, cavities = true_areas(truth, axis)
    voxel_mm = volume.geometry.spacing[::-1]
    row_mm, column_mm = voxel_mm[: 2 - axis] + voxel_mm[3 - axis :]
    pixel_mm = row_mm, column_mm
    who: dict[str, Any] = {"patient": patient.patient, "group": patient.group, "dcm": patient.dcm}
    slices = []
    for row in result.rows:
        predicted, wanted = (np.take(mask, row.slice, axis=2 - axis) for mask in (result.mask, true_mask))
        slices.append(
            SliceScore(
                **who,
                slice=row.slice,
                true_area_mm2=float(myocardia[row.slice]),
                area_mm2=row.myocardium_area_mm2,
                true_cavity_mm2=float(cavities[row.slice]),
                cavity_mm2=row.cavity_area_mm2,
                dcm_probability=row.dcm_probability,
                quality=row.quality,
                **asdict(mask_scores(predicted, wanted, pixel_mm)),
            )
        )
    distance_mm = volume.geometry.spacing[axis]
    walls = _walls_mm(result, truth.array, pixel_mm)
    whole = PatientScore(
        **who,
        true_mass_g=MYOCARDIUM_G_PER_ML * summation_ml(myocardia, distance_mm),
        mass_g=result.measurements.myocardium_mass_g,
        true_wall_mm=walls[1],
        wall_mm=walls[0],
        true_cavity_ml=summation_ml(cavities, distance_mm),
        cavity_ml=result.measurements.lv_cavity_volume_ml,
        wall_sd_mm=_wall_sd_mm(result.label_map, axis, pixel_mm),
        true_cavity_mm2=max(s.true_cavity_mm2 for s in slices),
        cavity_mm2=max(s.cavity_mm2 for s in slices),
        dcm_probability=result.dcm_probability,
        **asdict(mask_scores(result.mask, true_mask, voxel_mm)),
    )
    return slices, whole


def _walls_mm(result: Result, truth: np.ndarray, pixel_mm: tuple[float, float]) -> tuple[float, float]:
    """Mean thickness of the wall, measured and true, over the slices whose quality is ok and that have both."""
    axis = result.slice_axis
    true_mask, cavity = truth == MYOCARDIUM.label, true_cavity(truth, axis)
    pairs = []
    for row in result.rows:
        if row.quality == OK and math.isfinite(row.wall_thickness_mean_mm):
            wall, inside = (np.take(mask, row.slice, axis=2 - axis) for mask in (true_mask, cavity))
            pairs.append((row.wall_thickness_mean_mm, wall_thickness(wall, inside, pixel_mm).mean_mm))
    both = np.array([pair for pair in pairs if math.isfinite(pair[1])])
    return (float(both[:, 0].mean()), float(both[:, 1].mean())) if len(both) else (math.nan, math.nan)


def _wall_sd_mm(labels: np.ndarray, slice_axis: int, pixel_mm: tuple[float, float]) -> float:
    """Standard deviation of the wall's thickness, the mean over the middle third of the slices with a wall."""
    slices = [view for view in slices_first(labels, slice_axis) if (view == MYOCARDIUM.label).any()]
    middle = slices[len(slices) // 3 : len(slices) - len(slices) // 3]
    walls = [wall_thickness(view == MYOCARDIUM.label, view == LV_CAVITY.label, pixel_mm).sd_mm for view in middle]
    return float(np.nanmean(walls)) if np.isfinite(walls).any() else math.nan
