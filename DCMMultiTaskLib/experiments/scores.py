"""A fold's predictions against the truth, slice by slice, as a CSV; and what the true masks alone say of each slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.datasets.truth import read_patient
from DCMMultiTaskLib.evaluation.metrics import MaskScores, mask_scores, pixel_auc, psnr
from DCMMultiTaskLib.evaluation.scoring import true_areas
from DCMMultiTaskLib.experiments.cross_validation import PREDICTIONS, SCORES, FoldRun
from DCMMultiTaskLib.experiments.predictions import GridSlices, Predictions
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.imaging.volume import Volume, slices_first
from DCMMultiTaskLib.inference.patient import sigmoid
from DCMMultiTaskLib.storage import read_rows, write_rows

# The network's grid has square pixels of 1 mm.
PIXEL_MM = (1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class HeldOutSlice(MaskScores):
    """One held-out slice; NaN for what the network does not do, or where the truth or the mask is empty.

    Attributes:
        patient: Whose.
        slice: Its number in the patient, from 0.
        dcm: The patient's label.
        fold: In which it was held out.
        dcm_logit: Answer of the classifier.
        dcm_probability: Its sigmoid.
        dsc, dsc_eq6, jsc: As in `MaskScores`; the file has them before the pixels' AUC.
        pixel_auc: Eq. 7 over the slice's pixels.
        map_share: How much of the class activation map lies above the middle of its range: the smaller, the more
            concentrated. The map is that of the slice's own label: with two classes, what speaks for one speaks against
            the other, so that the map of a negative is the DCM map with its sign turned.
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
    map_share: float = np.nan


def score_slices(predictions: Predictions, slices: GridSlices, fold: int) -> list[HeldOutSlice]:
    """Measure each slice.

    Raises:
        ValueError: The predictions are not those of these slices.
    """
    if list(predictions.patient) != list(slices.patient) or list(predictions.number) != list(slices.number):
        raise ValueError("the predictions are of other slices")
    probability = sigmoid(predictions.dcm_logit.astype(float))
    scores = []
    for n, truth in enumerate(slices.mask):
        of_mask, share = {}, np.nan
        if len(predictions.mask_logits):
            logits = predictions.mask_logits[n].astype(np.float32)
            of_mask = {**asdict(mask_scores(logits > 0, truth, PIXEL_MM)), "pixel_auc": pixel_auc(logits, truth)}
        if len(predictions.activation):
            shown = predictions.activation[n].astype(np.float32) * (1 if slices.dcm[n] else -1)
            share = float((shown > (shown.min() + shown.max()) / 2).mean())
        scores.append(
            HeldOutSlice(
                patient=str(slices.patient[n]),
                slice=int(slices.number[n]),
                dcm=int(slices.dcm[n]),
                fold=fold,
                dcm_logit=float(predictions.dcm_logit[n]),
                dcm_probability=float(probability[n]),
                map_share=share,
                **of_mask,
            )
        )
    return scores


def fold_scores(run: FoldRun, slices: GridSlices) -> list[HeldOutSlice]:
    """The scores of a finished fold; measured once, then read from its folder, which may hold no more than them."""
    path, predictions = run.directory / SCORES, run.directory / PREDICTIONS
    if not predictions.is_file() or (path.is_file() and path.stat().st_mtime_ns >= predictions.stat().st_mtime_ns):
        return read_rows(path, HeldOutSlice)
    scores = score_slices(Predictions.load(predictions), slices, run.fold)
    # Without loss: what is read back gives the same metrics.
    write_rows(path, HeldOutSlice, scores)
    return scores


@dataclass(frozen=True, eq=False)
class TruthTable:
    """Facts of each slice, in the order of `GridSlices`; all `(N,)`.

    Attributes:
        cavity_mm2: Area of the true LV cavity.
        psnr: PSNR between the slice and its myocardium alone, the usual formula (dB).
        psnr_printed: By Eq. 11 as printed.
        outside: bool, whether the crop leaves out some of the slice's true myocardium.
    """

    cavity_mm2: np.ndarray
    psnr: np.ndarray
    psnr_printed: np.ndarray
    outside: np.ndarray


def truth_table(patients: Sequence[Patient], slices: GridSlices) -> TruthTable:
    """Measure the truth of the patients whose slices `grid_slices` read, in the same order."""
    cavities, outside = [], []
    for patient in patients:
        volume, truth = read_patient(patient)
        axis = choose_slice_axis(volume.geometry)
        cavities.append(true_areas(truth, axis)[1])
        outside.append(_leaves_out(truth, axis, slices.mask.shape[1:]))
    ratios = [psnr(image, mask) for image, mask in zip(slices.image, slices.mask, strict=True)]
    return TruthTable(
        cavity_mm2=np.concatenate(cavities),
        psnr=np.array([usual for usual, _ in ratios]),
        psnr_printed=np.array([printed for _, printed in ratios]),
        outside=np.concatenate(outside),
    )


def _leaves_out(truth: Volume, slice_axis: int, size_mm: tuple[int, ...]) -> np.ndarray:
    """Whether the centre of a pixel of myocardium lies beyond the crop around the image's centre, bool `(N,)`."""
    axes = [axis for axis in (2, 1, 0) if axis != slice_axis]
    myocardium = slices_first(truth.array == 1, slice_axis)
    distances = []
    for axis in axes:
        pixels = np.arange(truth.array.shape[2 - axis])
        distances.append(np.abs(pixels - (len(pixels) - 1) / 2) * truth.geometry.spacing[axis])
    rows, columns = (far > extent / 2 for far, extent in zip(distances, size_mm, strict=True))
    return (myocardium & (rows[:, None] | columns[None])).any(axis=(1, 2))
