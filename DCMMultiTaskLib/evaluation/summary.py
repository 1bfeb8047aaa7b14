"""The scores of a model in numbers: metrics with intervals over patients, and the files of a whole evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.errors import InputError, count
from DCMMultiTaskLib.evaluation.agreement import FEWEST, QUANTITIES, agreements
from DCMMultiTaskLib.evaluation.bootstrap import Estimate, PatientBootstrap, class_estimates, column, mask_estimates
from DCMMultiTaskLib.evaluation.metrics import CONFUSION, Counts, auc
from DCMMultiTaskLib.evaluation.scoring import PatientScore, SliceScore, score_patient
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.storage import read_json, read_rows, write_json, write_rows

SCORES = ("slices.csv", "patients.csv", "metrics.json")


def summarise(
    slices: Sequence[SliceScore], patients: Sequence[PatientScore], *, threshold: float = 0.5
) -> dict[str, Any]:
    """Metrics with 95 % intervals over patients, and the model-free baseline beside each AUC.

    The baseline is the LV cavity of the true masks, a slice's area and a patient's volume: what a caliper on perfect
    contours would tell.

    Args:
        slices: Metrics are over those with truth. Distances are over those with a predicted mask too;
            `slices_without_mask` counts the others.
        patients: Of the same run.
        threshold: DCM probability from which the class is 1.

    Returns:
        `TITLES` as mappings of `value`, `low` and `high`, the confusion matrices and counts.
    """
    with_truth = [s for s in slices if s.true_area_mm2 > 0]
    metrics: dict[str, Any] = {
        "patients": len(patients),
        "positive_patients": sum(p.dcm for p in patients),
        "slices": len(with_truth),
        "slices_without_mask": sum(s.area_mm2 == 0 for s in with_truth),
        "threshold": threshold,
        **_of_rows(with_truth, "slice", threshold),
        **_of_rows(patients, "patient", threshold),
    }
    for size, part in zip(("smallest", "middle", "largest"), size_thirds(with_truth), strict=True):
        rows = [with_truth[number] for number in part]
        metrics[f"dsc_{size}_third"] = _bootstrap(rows).mean(column(rows, "dsc"))
    measured = _bootstrap(patients).ranked(auc, column(patients, "dcm"), column(patients, "cavity_ml"))
    metrics["auc_per_patient_measured_volume"] = measured
    metrics["agreement"] = {name: asdict(found) for name, found in agreements(patients).items()}
    return {name: asdict(metric) if isinstance(metric, Estimate) else metric for name, metric in metrics.items()}


def size_thirds(slices: Sequence[SliceScore]) -> list[np.ndarray]:
    """The numbers of the slices whose true hearts (myocardium and cavity) are the smallest, the middle, the largest."""
    size = column(slices, "true_area_mm2") + column(slices, "true_cavity_mm2")
    return np.array_split(np.argsort(size, kind="stable"), 3)


def _of_rows(rows: Sequence[SliceScore | PatientScore], level: str, threshold: float) -> dict[str, Any]:
    """All metrics of the masks and of the DCM probabilities of slices or patients; `per_` level ends their names."""
    labels, probabilities, bootstrap = column(rows, "dcm"), column(rows, "dcm_probability"), _bootstrap(rows)
    masks = mask_estimates(rows, bootstrap)
    masks["f1_pooled"] = masks.pop("f1")
    classes = class_estimates(labels, probabilities, bootstrap, threshold=threshold)
    baseline = ("baseline", "true_cavity_mm2") if level == "slice" else ("true_volume", "true_cavity_ml")
    return {
        **{f"{name}_per_{level}": estimate for name, estimate in {**masks, **classes}.items()},
        f"auc_per_{level}_{baseline[0]}": bootstrap.ranked(auc, labels, column(rows, baseline[1])),
        f"confusion_per_{level}": Counts.of_classes(labels, probabilities, threshold).confusion(),
    }


def _bootstrap(rows: Sequence[SliceScore | PatientScore]) -> PatientBootstrap:
    return PatientBootstrap([row.patient for row in rows])


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
    "auc_per_slice_baseline": "  baseline: area of the true cavity",
    "average_precision_per_slice": "DCM average precision per slice",
    "brier_per_slice": "DCM Brier score per slice",
    "accuracy_per_patient": "DCM accuracy per patient",
    "sensitivity_per_patient": "DCM sensitivity per patient",
    "specificity_per_patient": "DCM specificity per patient",
    "auc_per_patient": "DCM AUC per patient",
    "auc_per_patient_true_volume": "  baseline: volume of the true cavity",
    "auc_per_patient_measured_volume": "  volume of the predicted cavity",
    "average_precision_per_patient": "DCM average precision per patient",
    "brier_per_patient": "DCM Brier score per patient",
}


def titled(metrics: Mapping[str, Any]) -> Iterator[tuple[str, float, float, float]]:
    """Title, value and ends of the interval of each metric of `TITLES` that is there; NaN where a stored one is null.

    Args:
        metrics: Of `summarise`, or as an older version stored them: it knew fewer, and called the baseline a yardstick.
    """
    for name, title in TITLES.items():
        metric = metrics.get(name) or metrics.get(name.replace("baseline", "yardstick"))
        if metric:
            value, low, high = (np.nan if metric[end] is None else metric[end] for end in ("value", "low", "high"))
            yield title, value, low, high


def table(metrics: Mapping[str, Any]) -> str:
    """The metrics of `summarise` as lines of text."""
    patients, slices = count(metrics["patients"], "patient"), count(metrics["slices"], "slice")
    lines = [
        f"{patients} ({metrics['positive_patients']} positive), {slices}; 95 % intervals over patients. "
        "Research use only.",
        f"No mask in {metrics['slices_without_mask']} of the slices; distances leave them out.",
        *(f"{title:<52} {value:.3f}  [{low:.3f}, {high:.3f}]" for title, value, low, high in titled(metrics)),
    ]
    for name, found in metrics.get("agreement", {}).items():
        if found["patients"] < FEWEST:
            continue
        bias, lower, upper = (found[part] for part in ("bias", "lower_limit", "upper_limit"))
        title = f"{QUANTITIES[name].title} less the masks', {QUANTITIES[name].unit}"
        limits = f"limits of agreement {lower['value']:.1f} to {upper['value']:.1f}"
        lines.append(f"{title:<52} {bias['value']:.1f}  [{bias['low']:.1f}, {bias['high']:.1f}], {limits}")
    for level in ("slice", "patient"):
        cells = metrics[f"confusion_per_{level}"]
        counts = ", ".join(f"{name.replace('_', ' ')} {cells[name]}" for name in CONFUSION)
        lines.append(f"Per {level} at a threshold of {metrics['threshold']:g}: {counts}")
    return "\n".join(lines)


def evaluate(
    predictor: Predictor, patients: Sequence[Patient], directory: Path, *, progress: Callable[[str], None] = print
) -> dict[str, Any]:
    """Score every patient; write `slices.csv`, `patients.csv` and `metrics.json` into `directory`.

    Returns:
        The metrics of `summarise`, with the model's name and SHA-256.
    """
    slices: list[SliceScore] = []
    scores: list[PatientScore] = []
    for number, patient in enumerate(patients, start=1):
        rows, whole = score_patient(predictor, patient)
        slices += rows
        scores.append(whole)
        progress(f"{number}/{len(patients)} {patient.patient}: DSC {whole.dsc:.3f}")
    metrics = summarise(slices, scores, threshold=predictor.package.decision.threshold)
    metrics["model"] = {"name": predictor.package.name, "sha256": predictor.package.sha256}
    of_slices, of_patients, of_all = (directory / name for name in SCORES)
    write_rows(of_slices, SliceScore, slices, digits=5)
    write_rows(of_patients, PatientScore, scores, digits=5)
    write_json(of_all, metrics)
    return metrics


def pooled(directories: Sequence[Path]) -> dict[str, Any]:
    """The metrics of several `evaluate` runs on different patients, such as the folds of a cross validation.

    Raises:
        InputError: A run's table or metrics cannot be read, or the runs' models have different thresholds.
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
    """The threshold of an `evaluate` run; 0.5 where it wrote none.

    Raises:
        InputError: Its metrics cannot be read.
    """
    written = read_json(path) if path.is_file() else {}
    return float(written.get("threshold", 0.5))
