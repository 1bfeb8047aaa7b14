"""What the true masks alone say of each slice: the model-free yardstick, and the slice's difficulty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from DCMMultiTaskLib.experiments.predictions import GridSlices
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.imaging.volume import Volume
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
    myocardium = np.moveaxis(truth.array == 1, 2 - slice_axis, 0)
    distances = []
    for axis in axes:
        pixels = np.arange(truth.array.shape[2 - axis])
        distances.append(np.abs(pixels - (len(pixels) - 1) / 2) * truth.geometry.spacing[axis])
    rows, columns = (far > extent / 2 for far, extent in zip(distances, size_mm, strict=True))
    return (myocardium & (rows[:, None] | columns[None])).any(axis=(1, 2))
