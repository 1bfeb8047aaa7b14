"""Held-out slices to look at, chosen by rule and not by eye, and how class activation maps spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.evaluation.bootstrap import PatientBootstrap
from DCMMultiTaskLib.experiments.claims import CamSpread
from DCMMultiTaskLib.experiments.cross_validation import EXAMPLES, PREDICTIONS
from DCMMultiTaskLib.experiments.figures.activation import draw_activation
from DCMMultiTaskLib.experiments.figures.comparison import draw_segmentations
from DCMMultiTaskLib.experiments.predictions import Fold, GridSlices, Predictions
from DCMMultiTaskLib.experiments.results import Result

Place = tuple[str, int]


class Folds:
    """The stored predictions of one experiment, all folds together, by patient and slice.

    Of folds whose predictions are not there, but for those of the slices that figures show, these are taken; of others
    there are none.

    Args:
        result: The experiment's.
        directory: Folder of its folds.
    """

    def __init__(self, result: Result, directory: Path) -> None:
        self.result = result
        self.folds: dict[int, Predictions] = {}
        for record in result.records:
            folder = directory / f"fold-{record['fold']}"
            path = next((folder / name for name in (PREDICTIONS, EXAMPLES) if (folder / name).is_file()), None)
            if path:
                self.folds[record["fold"]] = Predictions.load(path)
        self.places: dict[Place, tuple[int, int]] = {
            (str(patient), int(number)): (fold, row)
            for fold, predictions in self.folds.items()
            for row, (patient, number) in enumerate(zip(predictions.patient, predictions.number, strict=True))
        }

    def mask(self, place: Place) -> np.ndarray:
        """The mask of one slice, bool `(128, 128)`."""
        fold, row = self.places[place]
        return self.folds[fold].mask_logits[row] > 0

    def activation(self, place: Place) -> np.ndarray:
        """The class activation map of one slice, float32 `(h, w)`."""
        fold, row = self.places[place]
        return self.folds[fold].activation[row].astype(np.float32)

    def shown(self) -> dict[Fold, Predictions]:
        """Of each fold the predictions of its patients' middle slices, which are what figures show."""
        middle = [middle_slice(self.result, patient) for patient in self.result.patients.patient]
        rows: dict[int, list[int]] = {fold: [] for fold in self.folds}
        for fold, row in (self.places[place] for place in middle if place in self.places):
            rows[fold].append(row)
        return {(self.result.key, fold): self.folds[fold].examples(own) for fold, own in rows.items()}


def middle_slices(result: Result, patients: Sequence[Patient]) -> list[tuple[str, Place]]:
    """For each group the patient in the middle of the DSC, at the slice in the middle of the stack.

    Returns:
        Caption, and patient and slice.
    """
    group_of = {p.patient: p.group for p in patients}
    dsc_of = dict(zip(result.patients.patient, result.patients.dsc, strict=True))
    chosen = []
    for group in dict.fromkeys(group_of[name] for name in sorted(dsc_of)):
        ranked = sorted((name for name in dsc_of if group_of[name] == group), key=lambda name: dsc_of[name])
        name = ranked[len(ranked) // 2]
        chosen.append((name, middle_slice(result, name)))
    return chosen


def middle_slice(result: Result, patient: str) -> Place:
    """The slice in the middle of a patient's stack."""
    numbers = sorted(s.slice for s in result.scores if s.patient == patient)
    return patient, numbers[len(numbers) // 2]


def draw_masks(
    networks: Mapping[str, Folds], chosen: Sequence[tuple[str, Place]], slices: GridSlices, path: Path
) -> None:
    """Fig. 8: the chosen slices, with the masks of the networks that have seen none of them, by title."""
    rows = _rows(slices)
    at = [rows[place] for _, place in chosen]
    masks = {title: np.stack([folds.mask(place) for _, place in chosen]) for title, folds in networks.items()}
    draw_segmentations(slices.image[at], slices.mask[at], masks, [caption for caption, _ in chosen], path)


def ranked_slices(result: Result) -> list[tuple[int, Place]]:
    """Of each label four patients, from the smallest to the largest probability, at their middle slices.

    Returns:
        Label, and patient and slice.
    """
    ranked = np.argsort(result.patients.dcm_logit)
    names, labels = result.patients.patient, result.patients.dcm
    chosen: list[tuple[int, Place]] = []
    for label in (0, 1):
        own = [n for n in ranked if labels[n] == label]
        evenly = np.linspace(0, len(own) - 1, min(len(own), 4)).round().astype(int)
        chosen += [(label, middle_slice(result, names[own[n]])) for n in evenly]
    return chosen


def draw_maps(folds: Folds, chosen: Sequence[tuple[int, Place]], slices: GridSlices, path: Path) -> None:
    """Fig. 9: the chosen slices with their class activation maps."""
    rows = _rows(slices)
    probability = {(s.patient, s.slice): s.dcm_probability for s in folds.result.scores}
    draw_activation(
        slices.image[[rows[place] for _, place in chosen]],
        np.stack([folds.activation(place) for _, place in chosen]),
        [probability[place] for _, place in chosen],
        [name for _, (name, _) in chosen],
        np.array([label for label, _ in chosen]),
        path,
    )


def cam_spread(result: Result) -> CamSpread | None:
    """How concentrated the class activation maps of the labels are; None where some are not known."""
    share, positive = result.column("map_share"), result.column("dcm") == 1
    if not np.isfinite(share).all():
        return None

    def mean_of(label: np.ndarray):
        return lambda rows: float(share[rows][label[rows]].mean()) if label[rows].any() else float("nan")

    bootstrap = PatientBootstrap([s.patient for s in result.scores])
    return CamSpread(
        negative=float(share[~positive].mean()),
        positive=float(share[positive].mean()),
        difference=bootstrap.difference(mean_of(positive), mean_of(~positive)),
    )


def _rows(slices: GridSlices) -> dict[Place, int]:
    return {(str(p), int(n)): row for row, (p, n) in enumerate(zip(slices.patient, slices.number, strict=True))}
