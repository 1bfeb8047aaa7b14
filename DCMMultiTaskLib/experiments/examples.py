"""Held-out slices to look at, chosen by rule and not by eye, and how class activation maps spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.evaluation.bootstrap import PatientBootstrap
from DCMMultiTaskLib.experiments.claims import CamSpread
from DCMMultiTaskLib.experiments.cross_validation import PREDICTIONS
from DCMMultiTaskLib.experiments.figures.activation import draw_activation
from DCMMultiTaskLib.experiments.figures.comparison import draw_segmentations
from DCMMultiTaskLib.experiments.predictions import GridSlices, Predictions
from DCMMultiTaskLib.experiments.results import Result

Place = tuple[str, int]


class Folds:
    """The stored predictions of one experiment, all folds together, by patient and slice.

    Folds of which the scores alone are there have none.

    Args:
        result: The experiment's.
        directory: Folder of its folds.

    Attributes:
        complete: Whether there is a prediction of every slice.
    """

    def __init__(self, result: Result, directory: Path) -> None:
        paths = [directory / f"fold-{record['fold']}" / PREDICTIONS for record in result.records]
        folds = [Predictions.load(path) for path in paths if path.is_file()]
        self.places: dict[Place, tuple[int, int]] = {
            (str(patient), int(number)): (fold, row)
            for fold, predictions in enumerate(folds)
            for row, (patient, number) in enumerate(zip(predictions.patient, predictions.number, strict=True))
        }
        self.folds = folds
        self.complete = len(self.places) == len(result.scores)

    def mask(self, place: Place) -> np.ndarray:
        """The mask of one slice, bool `(128, 128)`."""
        fold, row = self.places[place]
        return self.folds[fold].mask_logits[row] > 0

    def activation(self, place: Place) -> np.ndarray:
        """The class activation map of one slice, float32 `(h, w)`."""
        fold, row = self.places[place]
        return self.folds[fold].activation[row].astype(np.float32)


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


def draw_maps(result: Result, folds: Folds, slices: GridSlices, path: Path) -> None:
    """Fig. 9: of each label four patients, from the smallest to the largest probability."""
    rows = _rows(slices)
    ranked = np.argsort(result.patients.dcm_logit)
    names, labels = result.patients.patient, result.patients.dcm
    chosen: list[tuple[str, int]] = []
    for label in (0, 1):
        own = [n for n in ranked if labels[n] == label]
        evenly = np.linspace(0, len(own) - 1, min(len(own), 4)).round().astype(int)
        chosen += [(names[own[n]], label) for n in evenly]
    places = [middle_slice(result, name) for name, _ in chosen]
    probability = {(s.patient, s.slice): s.dcm_probability for s in result.scores}
    draw_activation(
        slices.image[[rows[place] for place in places]],
        np.stack([folds.activation(place) for place in places]),
        [probability[place] for place in places],
        [name for name, _ in chosen],
        np.array([label for _, label in chosen]),
        path,
    )


def cam_spread(result: Result, folds: Folds) -> CamSpread:
    """How much of the map lies above the middle of its range: the smaller, the more concentrated.

    The map is that of the slice's own label: with two classes, what speaks for one speaks against the other, so that
    the map of a negative is the DCM map with its sign turned.
    """
    shares = []
    for score in result.scores:
        values = folds.activation((score.patient, score.slice)) * (1 if score.dcm else -1)
        shares.append(float((values > (values.min() + values.max()) / 2).mean()))
    share, positive = np.array(shares), result.column("dcm") == 1

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
