"""A trained model on a manifest: the whole prediction, localisation included, against the truth."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.writing import atomic_path
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.learning.classification_metrics import average_precision, classification_figures
from DCMMultiTaskLib.learning.intervals import Figure, PatientBootstrap
from DCMMultiTaskLib.learning.manifest import Patient
from DCMMultiTaskLib.learning.metrics import auc
from DCMMultiTaskLib.learning.scoring import PatientScore, SliceScore, score_patient


def _column(rows: Sequence[Any], name: str) -> np.ndarray:
    return np.array([getattr(row, name) for row in rows], dtype=float)


def _mask_figures(rows: Sequence[Any], bootstrap: PatientBootstrap, level: str) -> dict[str, Figure]:
    """Figures of the masks; `level` ends their names."""
    names = ("dsc", "dsc_eq6", "jsc", "hd95_mm", "surface_distance_mm")
    hit, extra, missed = (_column(rows, name) for name in ("true_positive", "false_positive", "false_negative"))
    return {
        **{f"{name}_{level}": bootstrap.mean(_column(rows, name)) for name in names},
        f"f1_pooled_{level}": bootstrap.ratio(2 * hit, 2 * hit + extra + missed),
    }


def _ranked(
    rows: Sequence[Any],
    bootstrap: PatientBootstrap,
    score: str,
    measure: Callable[[np.ndarray, np.ndarray], float] = auc,
) -> Figure:
    """A measure of how well a column ranks the labels, over the rows in which it is a number."""
    positive, scores = _column(rows, "dcm") == 1, _column(rows, score)

    def statistic(index: np.ndarray) -> float:
        known = index[np.isfinite(scores[index])]
        return measure(positive[known], scores[known])

    return bootstrap.figure(statistic)


def _label_figures(rows: Sequence[Any], bootstrap: PatientBootstrap, level: str, threshold: float) -> dict[str, Any]:
    """Figures of the DCM probabilities, and the confusion matrix as numbers of rows; `level` ends their names."""
    labels, probabilities = _column(rows, "dcm"), _column(rows, "dcm_probability")
    known = np.isfinite(probabilities)
    positive, negative, called = known & (labels == 1), known & (labels == 0), probabilities >= threshold
    figures = classification_figures(labels, probabilities, threshold)
    return {
        f"accuracy_{level}": bootstrap.ratio((positive & called) | (negative & ~called), known),
        f"sensitivity_{level}": bootstrap.ratio(positive & called, positive),
        f"specificity_{level}": bootstrap.ratio(negative & ~called, negative),
        f"auc_{level}": _ranked(rows, bootstrap, "dcm_probability"),
        f"auc_{level}_yardstick": _ranked(rows, bootstrap, "true_cavity_mm2"),
        f"average_precision_{level}": _ranked(rows, bootstrap, "dcm_probability", average_precision),
        f"brier_{level}": bootstrap.mean((probabilities - labels) ** 2),
        f"confusion_{level}": {name: figures[name] for name in CONFUSION},
    }


def summarise(
    slices: Sequence[SliceScore], patients: Sequence[PatientScore], *, threshold: float = 0.5
) -> dict[str, Any]:
    """Figures with 95 % intervals over patients, and the model-free yardstick beside each AUC.

    The yardstick is the area of the LV cavity in the true masks: what a caliper on a perfect contour would tell.

    Args:
        slices: Figures are over those with truth. Distances are over those with a predicted mask too;
            `slices_without_mask` counts the others.
        patients: Of the same run.
        threshold: DCM probability from which the class is 1.

    Returns:
        `TITLES` and counts, JSON-ready.
    """
    with_truth = [s for s in slices if s.true_area_mm2 > 0]
    ranked = sorted(with_truth, key=lambda s: s.true_area_mm2 + s.true_cavity_mm2)
    thirds = [[ranked[i] for i in part] for part in np.array_split(np.arange(len(ranked)), 3)]
    by_slice, by_patient = (PatientBootstrap([row.patient for row in rows]) for rows in (with_truth, patients))
    figures = {
        "patients": len(patients),
        "positive_patients": sum(p.dcm for p in patients),
        "slices": len(with_truth),
        "slices_without_mask": sum(s.area_mm2 == 0 for s in with_truth),
        "threshold": threshold,
        **_mask_figures(with_truth, by_slice, "per_slice"),
        **_mask_figures(patients, by_patient, "per_patient"),
        **{
            f"dsc_{size}_third": PatientBootstrap([row.patient for row in rows]).mean(_column(rows, "dsc"))
            for size, rows in zip(("smallest", "middle", "largest"), thirds, strict=True)
        },
        **_label_figures(with_truth, by_slice, "per_slice", threshold),
        **_label_figures(patients, by_patient, "per_patient", threshold),
        "auc_per_patient_measured_cavity": _ranked(patients, by_patient, "cavity_mm2"),
    }
    return {name: asdict(figure) if isinstance(figure, Figure) else figure for name, figure in figures.items()}


CONFUSION = ("true_positive", "false_negative", "false_positive", "true_negative")
"""Cells of the paper's Tab. 1, row by row."""

TITLES = {
    "dsc_per_slice": "DSC per slice",
    "dsc_per_patient": "DSC per patient",
    "dsc_smallest_third": "DSC, smallest third of the hearts' slices",
    "dsc_middle_third": "DSC, middle third",
    "dsc_largest_third": "DSC, largest third",
    "dsc_eq6_per_slice": "DSC as printed in Eq. 6, per slice",
    "dsc_eq6_per_patient": "DSC as printed in Eq. 6, per patient",
    "jsc_per_slice": "JSC per slice",
    "jsc_per_patient": "JSC per patient",
    "f1_pooled_per_slice": "F1, pixels of all slices with truth pooled",
    "f1_pooled_per_patient": "F1, voxels of all patients pooled",
    "hd95_mm_per_slice": "HD95 per slice, mm",
    "hd95_mm_per_patient": "HD95 per patient, mm",
    "surface_distance_mm_per_slice": "Mean surface distance per slice, mm",
    "surface_distance_mm_per_patient": "Mean surface distance per patient, mm",
    "accuracy_per_slice": "DCM accuracy per slice",
    "sensitivity_per_slice": "DCM sensitivity per slice",
    "specificity_per_slice": "DCM specificity per slice",
    "auc_per_slice": "DCM AUC per slice",
    "auc_per_slice_yardstick": "  yardstick: area of the true cavity",
    "average_precision_per_slice": "DCM average precision per slice",
    "brier_per_slice": "DCM Brier score per slice",
    "accuracy_per_patient": "DCM accuracy per patient",
    "sensitivity_per_patient": "DCM sensitivity per patient",
    "specificity_per_patient": "DCM specificity per patient",
    "auc_per_patient": "DCM AUC per patient",
    "auc_per_patient_yardstick": "  yardstick: area of the true cavity, largest slice",
    "auc_per_patient_measured_cavity": "  area of the predicted cavity, largest slice",
    "average_precision_per_patient": "DCM average precision per patient",
    "brier_per_patient": "DCM Brier score per patient",
}


def table(figures: Mapping[str, Any]) -> str:
    """The figures of `summarise` as lines of text."""
    head = f"{figures['patients']} patients ({figures['positive_patients']} positive), {figures['slices']} slices"
    lines = [
        f"{head}; 95 % intervals over patients. Research use only.",
        f"No mask in {figures['slices_without_mask']} of the slices; distances leave them out.",
    ]
    for key, title in TITLES.items():
        figure = figures[key]
        lines.append(f"{title:<52} {figure['value']:.3f}  [{figure['low']:.3f}, {figure['high']:.3f}]")
    for level in ("slice", "patient"):
        cells = figures[f"confusion_per_{level}"]
        counts = ", ".join(f"{name.replace('_', ' ')} {cells[name]}" for name in CONFUSION)
        lines.append(f"Per {level} at a threshold of {figures['threshold']:g}: {counts}")
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
    figures = summarise(slices, scores, threshold=predictor.package.decision.threshold)
    figures["model"] = {"name": predictor.package.name, "sha256": predictor.package.sha256}
    directory.mkdir(parents=True, exist_ok=True)
    write_rows(directory / "slices.csv", slices)
    write_rows(directory / "patients.csv", scores)
    with atomic_path(directory / "metrics.json") as path:
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return figures


def pooled(directories: Sequence[Path]) -> dict[str, Any]:
    """The figures of several `evaluate` runs on different patients, such as the folds of a cross validation.

    Raises:
        InputError: The runs' models have different thresholds.
    """
    slices, patients = [], []
    for directory in directories:
        slices += read_rows(directory / "slices.csv", SliceScore)
        patients += read_rows(directory / "patients.csv", PatientScore)
    thresholds = {_threshold(directory / "metrics.json") for directory in directories}
    if len(thresholds) > 1:
        raise InputError(f"The runs have different thresholds: {', '.join(f'{t:g}' for t in sorted(thresholds))}.")
    return summarise(slices, patients, threshold=thresholds.pop())


def _threshold(path: Path) -> float:
    """The threshold of an `evaluate` run; 0.5 where it wrote none."""
    written = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return float(written.get("threshold", 0.5))


def read_rows(path: Path, kind: type) -> list[Any]:
    """What `write_rows` wrote, as dataclasses of that kind."""
    types = get_type_hints(kind)
    with path.open(newline="", encoding="utf-8") as stream:
        return [kind(**{name: types[name](value) for name, value in row.items()}) for row in csv.DictReader(stream)]


def write_rows(path: Path, rows: Sequence[Any], *, digits: int | None = 5) -> None:
    """Dataclass rows as a CSV, decimals rounded to so many digits; without loss where None."""
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(asdict(rows[0])))
        writer.writeheader()
        for row in rows:
            values = asdict(row)
            if digits is not None:
                values = {k: round(v, digits) if isinstance(v, float) else v for k, v in values.items()}
            writer.writerow(values)
