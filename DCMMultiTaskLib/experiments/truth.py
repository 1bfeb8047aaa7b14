"""What the true masks alone say of each slice: the model-free yardstick, and the slice's difficulty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from DCMMultiTaskLib.experiments.predictions import GridSlices
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.learning.manifest import Patient
from DCMMultiTaskLib.learning.mask_metrics import psnr
from DCMMultiTaskLib.learning.scoring import true_areas
from DCMMultiTaskLib.learning.slices import read_patient


@dataclass(frozen=True, eq=False)
class TruthTable:
    """Facts of each slice, in the order of `GridSlices`; all `(N,)`.

    Attributes:
        cavity_mm2: Area of the true LV cavity.
        psnr: PSNR between the slice and its myocardium alone, the usual formula (dB).
        psnr_printed: By Eq. 11 as printed.
        outside: Share of the slice's true myocardium that the crop leaves out.
    """

    cavity_mm2: np.ndarray
    psnr: np.ndarray
    psnr_printed: np.ndarray
    outside: np.ndarray


def truth_table(patients: Sequence[Patient], slices: GridSlices) -> TruthTable:
    """Measure the truth of the patients whose slices `grid_slices` read, in the same order."""
    cavities, myocardia = [], []
    for patient in patients:
        volume, truth = read_patient(patient)
        myocardium, cavity = true_areas(truth, choose_slice_axis(volume))
        myocardia.append(myocardium)
        cavities.append(cavity)
    whole = np.concatenate(myocardia)
    seen = slices.mask.sum(axis=(1, 2))
    ratios = [psnr(image, mask) for image, mask in zip(slices.image, slices.mask, strict=True)]
    return TruthTable(
        cavity_mm2=np.concatenate(cavities),
        psnr=np.array([usual for usual, _ in ratios]),
        psnr_printed=np.array([printed for _, printed in ratios]),
        outside=np.clip(1 - seen / np.maximum(whole, 1), 0, 1),
    )
