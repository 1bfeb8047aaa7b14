"""From logits and volumes to probabilities, fitted on patients that the network did not learn from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.patient import patient_logit
from DCMMultiTaskLib.inference.settings import Decision, PatientRule
from DCMMultiTaskLib.measurements.quality import OK
from DCMMultiTaskLib.storage import read_rows

SHRINKAGE = 1.0
"""Inverse strength of the ridge penalty on the weights of standardised features."""


@dataclass(frozen=True)
class ScoredSlice:
    """What calibration needs to know of a row of `slices.csv`, as `evaluation.scoring.SliceScore`."""

    patient: str
    dcm: int
    dcm_probability: float
    area_mm2: float
    quality: str


@dataclass(frozen=True)
class ScoredPatient:
    """The same of a row of `patients.csv`, as `evaluation.scoring.PatientScore`."""

    patient: str
    dcm: int
    cavity_ml: float


@dataclass(frozen=True, eq=False)
class Scores:
    """What networks said of patients that they had not learned from.

    Attributes:
        slices: Of networks whose own calibration was the identity.
        patients: The same patients' rows.
    """

    slices: Sequence[ScoredSlice]
    patients: Sequence[ScoredPatient]

    @classmethod
    def read(cls, files: Sequence[Path]) -> Scores:
        """Of `slices.csv` files that `evaluate` or a training fold wrote, with the `patients.csv` beside each.

        Raises:
            InputError: No such file, or a column is missing.
        """
        slices = [row for file in files for row in read_rows(Path(file), ScoredSlice)]
        return cls(
            slices, [row for file in files for row in read_rows(Path(file).with_name("patients.csv"), ScoredPatient)]
        )

    def usable_slices(self) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Logits, labels and patients of the slices whose quality is ok, each `(N,)`."""
        usable = [row for row in self.slices if row.quality == OK and np.isfinite(row.dcm_probability)]
        return _logits(usable), np.array([row.dcm for row in usable]), [row.patient for row in usable]

    def patient_logits(self, kind: str) -> np.ndarray:
        """Each patient's logit by a rule of `inference.settings.RULES`, `(P,)`; NaN where no slice is usable."""
        found = []
        for patient in self.patients:
            own = [row for row in self.slices if row.patient == patient.patient]
            usable = np.array([row.quality == OK for row in own], dtype=bool)
            found.append(patient_logit(_logits(own), np.array([row.area_mm2 for row in own]), usable, kind))
        return np.array(found)


def _logits(rows: Sequence[ScoredSlice]) -> np.ndarray:
    probability = np.clip([row.dcm_probability for row in rows], 1e-6, 1 - 1e-6)
    return np.log(probability / (1 - probability))


def fit_decision(
    scores: Scores, *, kind: str = "area_weighted_mean_logit", spread: float = 1.0, volume_alone: bool = False
) -> Decision:
    """Logistic calibration of slices by their logits, and of patients by their logits and LV cavity volumes.

    A probability is meant for a group in which as many patients are positive as in the one that it was fitted on. The
    class is 1 from that share on: there the image speaks for neither.

    Args:
        scores: Out-of-fold scores.
        kind: Patient rule, of `inference.settings.RULES`.
        spread: How many times wider the logits of the network to calibrate spread than those of the networks that gave
            the scores, on patients that both learned from; more than 1 where it was trained longer.
        volume_alone: Weigh the patients' volumes alone, for networks whose logits add nothing to them
            (`experiments.verdict`).

    Returns:
        The `decision` part of a model package.

    Raises:
        InputError: Only one label is there, or no volume.
    """
    logits, volumes = scores.patient_logits(kind), np.array([row.cavity_ml for row in scores.patients])
    labels = np.array([row.dcm for row in scores.patients])
    known = np.isfinite(logits) & (volumes > 0)
    if set(labels[known]) != {0, 1}:
        raise InputError("Calibration needs usable slices and volumes of patients with dcm 1 and with dcm 0.")
    volume_ml = math.exp(float(np.log(volumes[known]).mean()))
    slice_logits, slice_labels, _ = scores.usable_slices()
    (slice_scale,), slice_bias = fit_logistic([slice_logits], slice_labels)
    features = [] if volume_alone else [logits[known]]
    (*scales, volume_scale), bias = fit_logistic([*features, np.log(volumes[known] / volume_ml)], labels[known])
    return Decision(
        threshold=round(float(labels[known].mean()), 3),
        slice_scale=slice_scale / spread,
        slice_bias=slice_bias,
        patient=PatientRule(kind, sum(scales) / spread, bias, volume_scale, volume_ml),
    )


def fit_logistic(features: Sequence[np.ndarray], labels: np.ndarray) -> tuple[tuple[float, ...], float]:
    """Weights and offset of a logistic model whose weights are shrunk and not negative.

    Args:
        features: Each `(N,)`; they are standardised for the fit alone.
        labels: `(N,)` of 0 and 1.

    Returns:
        A weight for each feature as it was given, and the offset. A feature with a negative weight is left out: each
        is one that shall speak for the label, and no evidence is then the honest answer.
    """
    columns = [np.asarray(feature, dtype=float) for feature in features]
    means, deviations = [column.mean() for column in columns], [max(float(column.std()), 1e-9) for column in columns]
    weights = [0.0] * len(columns)
    used = list(range(len(columns)))
    offset = float(np.log(labels.mean() / (1 - labels.mean())))
    while used:
        table = np.stack([(columns[n] - means[n]) / deviations[n] for n in used], axis=1)
        model = LogisticRegression(C=SHRINKAGE).fit(table, labels)
        if (model.coef_ >= 0).all():
            for n, weight in zip(used, model.coef_[0], strict=True):
                weights[n] = float(weight) / deviations[n]
            offset = float(model.intercept_[0])
            break
        used.pop(int(np.argmin(model.coef_[0])))
    return tuple(weights), offset - sum(weight * float(mean) for weight, mean in zip(weights, means, strict=True))
