"""The held-out answers of one experiment, all its folds together, and the metrics made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from DCMMultiTaskLib.evaluation.bootstrap import Estimate, PatientBootstrap, class_estimates, column, mask_estimates
from DCMMultiTaskLib.evaluation.metrics import Counts, auc
from DCMMultiTaskLib.experiments.scores import HeldOutSlice
from DCMMultiTaskLib.inference.patient import sigmoid

MASK_METRICS = {
    "dsc": "DSC",
    "pixel_auc": "AUC",
    "f1": "F1",
    "jsc": "JSC",
    "dsc_eq6": "DSC by Eq. 6",
    "hd95_mm": "HD95 (mm)",
    "surface_distance_mm": "surface distance (mm)",
    "patient_dsc": "DSC per patient",
}
CLASS_METRICS = {
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
}


@dataclass(frozen=True, eq=False)
class Result:
    """One experiment's held-out slices, in the order of fold and patient.

    Attributes:
        key: The experiment's.
        title: What tables call it.
        scores: All slices of the folds that are done.
        records: The folds' `run.json`, in order.
        planned_folds: How many folds there are in all.
    """

    key: str
    title: str
    scores: Sequence[HeldOutSlice]
    records: Sequence[Mapping[str, Any]]
    planned_folds: int

    @property
    def draws_masks(self) -> bool:
        """Whether the network segments."""
        return any(s.true_positive or s.false_positive or np.isfinite(s.dsc) for s in self.scores)

    @property
    def classifies(self) -> bool:
        """Whether the network gives a DCM logit."""
        return any(np.isfinite(s.dcm_logit) for s in self.scores)

    def column(self, name: str) -> np.ndarray:
        """One field of all slices, `(N,)`."""
        return column(self.scores, name)

    def fold_means(self) -> list[float]:
        """Mean over the slices of each fold, as the boxes of Fig. 6 have it."""
        values, folds = self.column("dsc"), self.column("fold")
        return [float(np.nanmean(values[folds == fold])) for fold in sorted(set(folds))]

    @cached_property
    def patients(self) -> PatientRows:
        """A row per patient."""
        return PatientRows.of(self)

    def estimates(self) -> dict[str, Estimate]:
        """All that the experiment's network can be measured by, with 95 % intervals over patients."""
        slices = PatientBootstrap([s.patient for s in self.scores])
        patients = PatientBootstrap(self.patients.patient)
        found: dict[str, Estimate] = {}
        if self.draws_masks:
            found = mask_estimates(self.scores, slices, "pixel_auc")
            found["patient_dsc"] = patients.mean(self.patients.dsc)
        if self.classifies:
            found |= _classification(self.column("dcm"), self.column("dcm_logit"), slices)
            of_patients = _classification(self.patients.dcm, self.patients.dcm_logit, patients)
            found |= {f"patient_{name}": estimate for name, estimate in of_patients.items()}
        return found


def on_common_folds(results: Sequence[Result]) -> list[Result]:
    """The results on the folds that all of them have, so that they can be compared."""
    if not results:
        return []
    common = set.intersection(*({r["fold"] for r in result.records} for result in results))
    return [
        replace(
            result,
            scores=[s for s in result.scores if s.fold in common],
            records=[r for r in result.records if r["fold"] in common],
        )
        for result in results
        if common
    ]


@dataclass(frozen=True, eq=False)
class PatientRows:
    """A patient's slices taken together; all `(P,)`.

    Attributes:
        patient: Identifier.
        dcm: Label.
        dsc: Of the whole mask, all slices pooled.
        dcm_logit: Mean of the slices' logits, the same rule for every network.
    """

    patient: list[str]
    dcm: np.ndarray
    dsc: np.ndarray
    dcm_logit: np.ndarray

    @classmethod
    def of(cls, result: Result) -> PatientRows:
        """Group a result's slices."""
        names = list(dict.fromkeys(s.patient for s in result.scores))
        own = [np.array([s.patient == name for s in result.scores]) for name in names]
        cells = [result.column(name) for name in ("true_positive", "false_positive", "false_negative")]
        logit = result.column("dcm_logit")
        return cls(
            patient=names,
            dcm=np.array([result.column("dcm")[rows][0] for rows in own]),
            dsc=np.array([Counts(*(cell[rows].sum() for cell in cells)).dsc.value(empty=1.0) for rows in own]),
            dcm_logit=np.array([logit[rows].mean() for rows in own]),
        )


def _classification(labels: np.ndarray, logits: np.ndarray, bootstrap: PatientBootstrap) -> dict[str, Estimate]:
    """Logits are ranked, not probabilities: confident ones are all 1 after the sigmoid."""
    return class_estimates(labels, logits, bootstrap, threshold=0.0, probabilities=sigmoid(logits))


def confusion(result: Result) -> dict[str, int]:
    """Counts of Tab. 1 over the slices, at a probability of 0.5."""
    return Counts.of_classes(result.column("dcm"), result.column("dcm_logit"), 0.0).confusion()


def difference(first: Result, second: Result, name: str) -> Estimate:
    """Paired difference of a metric, first less second, over the slices that both have; `dsc` or `auc`.

    NaN where they have no slice in common.
    """
    places = {(s.patient, s.slice): n for n, s in enumerate(second.scores)}
    pairs = [(n, places[(s.patient, s.slice)]) for n, s in enumerate(first.scores) if (s.patient, s.slice) in places]
    if not pairs:
        return Estimate(np.nan, np.nan, np.nan)
    ours, theirs = (np.array(column) for column in zip(*pairs, strict=True))
    bootstrap = PatientBootstrap([first.scores[n].patient for n in ours])
    if name == "dsc":
        return bootstrap.mean(first.column("dsc")[ours] - second.column("dsc")[theirs])
    label = first.column("dcm")[ours]
    p, q = first.column("dcm_logit")[ours], second.column("dcm_logit")[theirs]
    return bootstrap.difference(lambda rows: auc(label[rows], p[rows]), lambda rows: auc(label[rows], q[rows]))
