"""From logits to probabilities, fitted on patients that the network did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.patient import patient_logit
from DCMMultiTaskLib.inference.settings import Decision, PatientRule
from DCMMultiTaskLib.storage import read_rows


@dataclass(frozen=True)
class ScoredSlice:
    """What calibration needs to know of a row of `slices.csv`, as `evaluation.scoring.SliceScore`."""

    patient: str
    dcm: int
    dcm_probability: float
    area_mm2: float
    quality: str


def read_scores(files: Sequence[Path]) -> list[ScoredSlice]:
    """The rows of `slices.csv` files that `evaluate` or a training fold wrote.

    Raises:
        InputError: No such file, or a column is missing.
    """
    return [row for file in files for row in read_rows(Path(file), ScoredSlice)]


def fit_decision(
    rows: Sequence[ScoredSlice], *, kind: str = "area_weighted_mean_logit", spread: float = 1.0
) -> Decision:
    """Logistic (Platt) calibration of slices and patients.

    Both labels weigh the same, so a probability is meant at even odds before the image is seen: 0.5 is the point
    where the image speaks for neither, whatever the share of positives in the training data was.

    Args:
        rows: Out-of-fold slice scores of networks whose own calibration was the identity.
        kind: Patient rule, of `inference.patient.RULES`.
        spread: How many times wider the logits of the network to calibrate spread than those of the networks that gave
            the scores, on patients that both learned from; more than 1 where it was trained longer.

    Returns:
        The `decision` part of a model package.

    Raises:
        InputError: Only one label is there.
    """
    if {row.dcm for row in rows} != {0, 1}:
        raise InputError("Calibration needs slices of patients with dcm 1 and with dcm 0.")
    probability = np.clip([row.dcm_probability for row in rows], 1e-6, 1 - 1e-6)
    logits = np.log(probability / (1 - probability))
    areas = np.array([row.area_mm2 for row in rows])
    usable = np.array([row.quality == "ok" for row in rows]) & np.isfinite(logits)
    dcm = np.array([row.dcm for row in rows])
    names = np.array([row.patient for row in rows])

    patients, patient_labels = [], []
    for name in dict.fromkeys(names):
        own = names == name
        logit = patient_logit(logits[own], areas[own], usable[own], kind)
        if np.isfinite(logit):
            patients.append(logit)
            patient_labels.append(int(dcm[own][0]))
    slice_scale, slice_bias = _logistic(logits[usable], dcm[usable])
    scale, bias = _logistic(np.array(patients), np.array(patient_labels))
    return Decision(
        slice_scale=slice_scale / spread,
        slice_bias=slice_bias,
        patient=PatientRule(kind, scale / spread, bias),
    )


def _logistic(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    # The weak default penalty keeps the slope finite where the labels separate.
    model = LogisticRegression(class_weight="balanced").fit(logits[:, None], labels)
    # A falling slope would turn the network's answer round; no evidence is then the honest answer.
    return max(float(model.coef_[0, 0]), 0.0), float(model.intercept_[0])
