"""A fold's predictions against the truth, slice by slice, as a CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.experiments.cross_validation import PREDICTIONS, FoldRun
from DCMMultiTaskLib.experiments.predictions import GridSlices, Predictions
from DCMMultiTaskLib.inference.patient import sigmoid
from DCMMultiTaskLib.learning.evaluation import read_rows, write_rows
from DCMMultiTaskLib.learning.mask_metrics import mask_scores, pixel_auc

SCORES = "slices.csv"
# The network's grid has square pixels of 1 mm.
PIXEL_MM = (1.0, 1.0)


@dataclass(frozen=True)
class SliceScore:
    """One held-out slice; NaN for what the network does not do, or where the truth or the mask is empty.

    Attributes:
        patient: Whose.
        slice: Its number in the patient, from 0.
        dcm: The patient's label.
        fold: In which it was held out.
        dcm_logit: Answer of the classifier.
        dcm_probability: Its sigmoid.
        dsc, dsc_eq6, jsc, true_positive, false_positive, false_negative, hd95_mm, surface_distance_mm: As
            `learning.mask_metrics.MaskScores`.
        pixel_auc: Eq. 7 over the slice's pixels.
    """

    patient: str
    slice: int
    dcm: int
    fold: int
    dcm_logit: float
    dcm_probability: float
    dsc: float = np.nan
    dsc_eq6: float = np.nan
    jsc: float = np.nan
    pixel_auc: float = np.nan
    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0
    hd95_mm: float = np.nan
    surface_distance_mm: float = np.nan


def score_slices(predictions: Predictions, slices: GridSlices, fold: int) -> list[SliceScore]:
    """Measure each slice.

    Raises:
        ValueError: The predictions are not those of these slices.
    """
    if list(predictions.patient) != list(slices.patient) or list(predictions.number) != list(slices.number):
        raise ValueError("the predictions are of other slices")
    probability = sigmoid(predictions.dcm_logit.astype(float))
    scores = []
    for n, truth in enumerate(slices.mask):
        of_mask = {}
        if len(predictions.mask_logits):
            logits = predictions.mask_logits[n].astype(np.float32)
            of_mask = {**asdict(mask_scores(logits > 0, truth, PIXEL_MM)), "pixel_auc": pixel_auc(logits, truth)}
        scores.append(
            SliceScore(
                patient=str(slices.patient[n]),
                slice=int(slices.number[n]),
                dcm=int(slices.dcm[n]),
                fold=fold,
                dcm_logit=float(predictions.dcm_logit[n]),
                dcm_probability=float(probability[n]),
                **of_mask,
            )
        )
    return scores


def fold_scores(run: FoldRun, slices: GridSlices) -> list[SliceScore]:
    """The scores of a finished fold; measured once, then read from its folder."""
    path, predictions = run.directory / SCORES, run.directory / PREDICTIONS
    if path.is_file() and path.stat().st_mtime_ns >= predictions.stat().st_mtime_ns:
        return read_scores(path)
    scores = score_slices(Predictions.load(predictions), slices, run.fold)
    write_scores(path, scores)
    return scores


def write_scores(path: Path, scores: Sequence[SliceScore]) -> None:
    """The rows as a CSV, without loss: what is read back gives the same figures."""
    write_rows(path, scores, digits=None)


def read_scores(path: Path) -> list[SliceScore]:
    """What `write_scores` wrote."""
    return read_rows(path, SliceScore)
