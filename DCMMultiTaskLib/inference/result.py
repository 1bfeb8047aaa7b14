"""What a prediction gives: the mask, a row per slice, the patient's row and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from DCMMultiTaskLib.imaging.volume import Volume


@dataclass(frozen=True)
class SliceRow:
    """One slice of the result; the fields are the columns of `NAME_risk.csv`, in order.

    Attributes:
        slice: 0-based index along the slice axis.
        position_mm: Position of the slice along the slice normal, in mm, from slice 0.
        dcm_probability: DCM-like phenotype probability of this slice, 0 to 1; NaN where the slice was not analysed.
        dcm_class: 1 where the probability reaches the model's threshold, else 0.
        myocardium_area_mm2: Area of the mask in this slice.
        quality: `ok`, or the reason why this slice should not be believed.
        cavity_area_mm2: Area that the myocardium ring encloses.
    """

    slice: int
    position_mm: float
    dcm_probability: float
    dcm_class: int
    myocardium_area_mm2: float
    quality: str
    cavity_area_mm2: float


@dataclass(frozen=True, eq=False)
class Result:
    """The whole result of one study.

    Attributes:
        volume: The input (for a cine, the phase that was kept) with its own grid and name.
        mask: uint8, shape of `volume.array`, 1 = myocardium.
        slice_axis: Axis of the slices: 0, 1, 2 for I, J, K.
        rows: One row per slice, in slice order.
        dcm_probability: Patient level; NaN where no slice could be used.
        dcm_class: 1 where it reaches the threshold, else 0.
        rule: One sentence: how the patient's probability comes from the slices'.
        provenance: Model name and SHA-256, versions, device, notes, preprocessing, phase and phases, seconds;
            JSON-ready. `provenance["notes"]` is a list of sentences that a user has to see (fell back to the CPU, ...).
        activation: float32 class activation map, 0 to 1, shape of `volume.array`; None unless asked for.
        cancelled: True where the user stopped the run; the unfinished slices have quality `not analysed`.
    """

    volume: Volume
    mask: np.ndarray
    slice_axis: int
    rows: tuple[SliceRow, ...]
    dcm_probability: float
    dcm_class: int
    rule: str
    provenance: dict[str, Any]
    activation: np.ndarray | None = None
    cancelled: bool = False
