"""A trained model on a manifest: the whole prediction, localisation included, against the truth."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from DCMMultiTaskLib.imaging.measurements import areas_mm2, enclosed_cavity
from DCMMultiTaskLib.imaging.writing import atomic_path
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.learning.manifest import Patient
from DCMMultiTaskLib.learning.metrics import auc, bootstrap_interval, dice
from DCMMultiTaskLib.learning.slices import read_patient


@dataclass(frozen=True)
class SliceScore:
    """One slice with truth: what was predicted and how good it is."""

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


@dataclass(frozen=True)
class PatientScore:
    """One patient: DSC of the whole mask, and the patient-level probability."""

    patient: str
    group: str
    dcm: int
    dsc: float
    true_cavity_mm2: float
    cavity_mm2: float
    dcm_probability: float


def score_patient(predictor: Predictor, patient: Patient) -> tuple[list[SliceScore], PatientScore]:
    """Predict one patient and compare with the truth."""
    volume, truth = read_patient(patient)
    result = predictor.predict(volume)
    axis = result.slice_axis
    true_mask = truth.array == 1
    true_areas = areas_mm2(true_mask, volume, axis)
    true_cavities = areas_mm2(enclosed_cavity(true_mask, axis) | (truth.array == 2), volume, axis)
    slices = []
    for row in result.rows:
        here = [np.take(mask, row.slice, axis=2 - axis) for mask in (result.mask, true_mask)]
        slices.append(
            SliceScore(
                patient=patient.patient,
                group=patient.group,
                dcm=patient.dcm,
                slice=row.slice,
                dsc=dice(*here),
                true_area_mm2=float(true_areas[row.slice]),
                area_mm2=row.myocardium_area_mm2,
                true_cavity_mm2=float(true_cavities[row.slice]),
                cavity_mm2=row.cavity_area_mm2,
                dcm_probability=row.dcm_probability,
                quality=row.quality,
            )
        )
    whole = PatientScore(
        patient=patient.patient,
        group=patient.group,
        dcm=patient.dcm,
        dsc=dice(result.mask, true_mask),
        true_cavity_mm2=max(s.true_cavity_mm2 for s in slices),
        cavity_mm2=max(s.cavity_mm2 for s in slices),
        dcm_probability=result.dcm_probability,
    )
    return slices, whole


def _figure(rows: Sequence[Any], statistic: Callable[[Sequence[Any]], float]) -> dict[str, float]:
    low, high = bootstrap_interval([r.patient for r in rows], lambda index: statistic([rows[i] for i in index]))
    return {"value": statistic(rows), "low": low, "high": high}


def _auc_of(field: str) -> Callable[[Sequence[Any]], float]:
    def statistic(rows: Sequence[Any]) -> float:
        usable = [r for r in rows if np.isfinite(getattr(r, field))]
        return auc([r.dcm for r in usable], [getattr(r, field) for r in usable])

    return statistic


def summarise(slices: Sequence[SliceScore], patients: Sequence[PatientScore]) -> dict[str, Any]:
    """Figures with 95 % intervals over patients, and the model-free yardstick beside each classification figure.

    The yardstick is the area of the LV cavity in the true masks: what a caliper on a perfect contour would tell.
    """
    with_truth = [s for s in slices if s.true_area_mm2 > 0]
    ranked = sorted(with_truth, key=lambda s: s.true_area_mm2 + s.true_cavity_mm2)
    thirds = np.array_split(np.arange(len(ranked)), 3)

    def mean_dsc(rows: Sequence[Any]) -> float:
        return float(np.mean([r.dsc for r in rows]))

    return {
        "patients": len(patients),
        "positive_patients": sum(p.dcm for p in patients),
        "slices": len(with_truth),
        "dsc_per_slice": _figure(with_truth, mean_dsc),
        "dsc_per_patient": _figure(patients, mean_dsc),
        "dsc_smallest_third": _figure([ranked[i] for i in thirds[0]], mean_dsc),
        "dsc_middle_third": _figure([ranked[i] for i in thirds[1]], mean_dsc),
        "dsc_largest_third": _figure([ranked[i] for i in thirds[2]], mean_dsc),
        "auc_per_slice": _figure(with_truth, _auc_of("dcm_probability")),
        "auc_per_slice_yardstick": _figure(with_truth, _auc_of("true_cavity_mm2")),
        "auc_per_patient": _figure(patients, _auc_of("dcm_probability")),
        "auc_per_patient_yardstick": _figure(patients, _auc_of("true_cavity_mm2")),
        "auc_per_patient_measured_cavity": _figure(patients, _auc_of("cavity_mm2")),
    }


TITLES = {
    "dsc_per_slice": "DSC per slice",
    "dsc_per_patient": "DSC per patient",
    "dsc_smallest_third": "DSC, smallest third of the hearts' slices",
    "dsc_middle_third": "DSC, middle third",
    "dsc_largest_third": "DSC, largest third",
    "auc_per_slice": "DCM AUC per slice",
    "auc_per_slice_yardstick": "  yardstick: area of the true cavity",
    "auc_per_patient": "DCM AUC per patient",
    "auc_per_patient_yardstick": "  yardstick: area of the true cavity, largest slice",
    "auc_per_patient_measured_cavity": "  area of the predicted cavity, largest slice",
}


def table(figures: Mapping[str, Any]) -> str:
    """The figures of `summarise` as lines of text."""
    head = f"{figures['patients']} patients ({figures['positive_patients']} positive), {figures['slices']} slices"
    lines = [f"{head}; 95 % intervals over patients. Research use only."]
    for key, title in TITLES.items():
        figure = figures[key]
        lines.append(f"{title:<52} {figure['value']:.3f}  [{figure['low']:.3f}, {figure['high']:.3f}]")
    return "\n".join(lines)


def evaluate(
    predictor: Predictor, patients: Sequence[Patient], directory: Path, *, progress: Callable[[str], None] = print
) -> dict[str, Any]:
    """Score every patient; write `slices.csv`, `patients.csv` and `metrics.json` into `directory`.

    Returns:
        The figures of `summarise`, with the model's name and SHA-256.
    """
    slices: list[SliceScore] = []
    scores: list[PatientScore] = []
    for number, patient in enumerate(patients, start=1):
        rows, whole = score_patient(predictor, patient)
        slices += rows
        scores.append(whole)
        progress(f"{number}/{len(patients)} {patient.patient}: DSC {whole.dsc:.3f}")
    figures = summarise(slices, scores)
    figures["model"] = {"name": predictor.package.name, "sha256": predictor.package.sha256}
    directory.mkdir(parents=True, exist_ok=True)
    write_rows(directory / "slices.csv", slices)
    write_rows(directory / "patients.csv", scores)
    with atomic_path(directory / "metrics.json") as path:
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return figures


def pooled(directories: Sequence[Path]) -> dict[str, Any]:
    """The figures of several `evaluate` runs on different patients, such as the folds of a cross validation."""
    slices, patients = [], []
    for directory in directories:
        slices += _read_rows(directory / "slices.csv", SliceScore)
        patients += _read_rows(directory / "patients.csv", PatientScore)
    return summarise(slices, patients)


def _read_rows(path: Path, kind: type) -> list[Any]:
    types = get_type_hints(kind)
    with path.open(newline="", encoding="utf-8") as stream:
        return [kind(**{name: types[name](value) for name, value in row.items()}) for row in csv.DictReader(stream)]


def write_rows(path: Path, rows: Sequence[Any]) -> None:
    """Dataclass rows as a CSV."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(asdict(rows[0])))
        writer.writeheader()
        for row in rows:
            writer.writerow({k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(row).items()})
