"""The held-out answers of one experiment, all its folds together, and the figures made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from DCMMultiTaskLib.experiments.scores import SliceScore
from DCMMultiTaskLib.inference.patient import sigmoid
from DCMMultiTaskLib.learning.classification_metrics import average_precision
from DCMMultiTaskLib.learning.intervals import Figure, PatientBootstrap
from DCMMultiTaskLib.learning.metrics import auc

MASK_FIGURES = {
    "dsc": "DSC",
    "pixel_auc": "AUC",
    "f1": "F1",
    "jsc": "JSC",
    "dsc_eq6": "DSC by Eq. 6",
    "hd95_mm": "HD95 (mm)",
    "surface_distance_mm": "surface distance (mm)",
    "patient_dsc": "DSC per patient",
}
DCM_FIGURES = {
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
}
PATIENT_FIGURES = {f"patient_{name}": f"{title} per patient" for name, title in DCM_FIGURES.items()}


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
    scores: Sequence[SliceScore]
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
        return np.array([getattr(s, name) for s in self.scores])

    def fold_means(self, name: str = "dsc") -> list[float]:
        """Mean over the slices of each fold, as the boxes of Fig. 6 have it."""
        values, folds = self.column(name), self.column("fold")
        return [float(np.nanmean(values[folds == fold])) for fold in sorted(set(folds))]

    @cached_property
    def patients(self) -> PatientRows:
        """A row per patient."""
        return PatientRows.of(self)

    def figures(self) -> dict[str, Figure]:
        """All that the experiment's network can be measured by, with 95 % intervals over patients."""
        slices = PatientBootstrap([s.patient for s in self.scores])
        patients = PatientBootstrap(self.patients.patient)
        found: dict[str, Figure] = {}
        if self.draws_masks:
            for name in ("dsc", "pixel_auc", "jsc", "dsc_eq6", "hd95_mm", "surface_distance_mm"):
                found[name] = slices.mean(self.column(name))
            counts = [self.column(name) for name in ("true_positive", "false_positive", "false_negative")]
            found["f1"] = slices.ratio(2 * counts[0], 2 * counts[0] + counts[1] + counts[2])
            found["patient_dsc"] = patients.mean(self.patients.dsc)
        if self.classifies:
            found |= _classification(slices, self.column("dcm"), self.column("dcm_logit"))
            of_patients = _classification(patients, self.patients.dcm, self.patients.dcm_logit)
            found |= {f"patient_{name}": figure for name, figure in of_patients.items()}
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
        tp, fp, fn = (result.column(name) for name in ("true_positive", "false_positive", "false_negative"))
        logit = result.column("dcm_logit")
        pixels = 2 * tp + fp + fn
        return cls(
            patient=names,
            dcm=np.array([result.column("dcm")[rows][0] for rows in own]),
            dsc=np.array([2 * tp[r].sum() / pixels[r].sum() if pixels[r].any() else 1.0 for r in own]),
            dcm_logit=np.array([logit[rows].mean() for rows in own]),
        )


def _classification(bootstrap: PatientBootstrap, label: np.ndarray, logit: np.ndarray) -> dict[str, Figure]:
    """The figures of `learning.classification_metrics` that are ratios as ratios, which is a thousand times faster.

    Logits are ranked, not probabilities: confident ones are all 1 after the sigmoid. Rows without one are left out.
    """
    known = np.isfinite(logit)
    positive, negative, called = known & (label == 1), known & (label == 0), logit >= 0

    def ranked(measure: Callable[[np.ndarray, np.ndarray], float]) -> Figure:
        def statistic(rows: np.ndarray) -> float:
            there = rows[known[rows]]
            return measure(positive[there], logit[there])

        return bootstrap.figure(statistic)

    return {
        "accuracy": bootstrap.ratio((called & positive) | (~called & negative), known),
        "sensitivity": bootstrap.ratio(called & positive, positive),
        "specificity": bootstrap.ratio(~called & negative, negative),
        "auc": ranked(auc),
        "average_precision": ranked(average_precision),
        "brier": bootstrap.mean((sigmoid(logit) - positive) ** 2),
    }


def confusion(result: Result) -> dict[str, int]:
    """Counts of Tab. 1 over the slices, at a probability of 0.5."""
    label, logit = result.column("dcm"), result.column("dcm_logit")
    positive, negative, called = np.isfinite(logit) & (label == 1), np.isfinite(logit) & (label == 0), logit >= 0
    return {
        "true_positive": int((called & positive).sum()),
        "true_negative": int((~called & negative).sum()),
        "false_positive": int((called & negative).sum()),
        "false_negative": int((~called & positive).sum()),
    }


def difference(first: Result, second: Result, name: str) -> Figure:
    """Paired difference of a figure, first less second, over the slices that both have; `dsc` or `auc`.

    NaN where they have no slice in common.
    """
    places = {(s.patient, s.slice): n for n, s in enumerate(second.scores)}
    pairs = [(n, places[(s.patient, s.slice)]) for n, s in enumerate(first.scores) if (s.patient, s.slice) in places]
    if not pairs:
        return Figure(np.nan, np.nan, np.nan)
    ours, theirs = (np.array(column) for column in zip(*pairs, strict=True))
    bootstrap = PatientBootstrap([first.scores[n].patient for n in ours])
    if name == "dsc":
        return bootstrap.mean(first.column("dsc")[ours] - second.column("dsc")[theirs])
    label = first.column("dcm")[ours]
    p, q = first.column("dcm_logit")[ours], second.column("dcm_logit")[theirs]
    return bootstrap.difference(lambda rows: auc(label[rows], p[rows]), lambda rows: auc(label[rows], q[rows]))
