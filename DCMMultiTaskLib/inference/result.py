"""What a prediction gives: labels, a row per slice, the patient's row and where they come from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from DCMMultiTaskLib.imaging.segments import MYOCARDIUM
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Geometry, Volume
from DCMMultiTaskLib.inference.provenance import Provenance
from DCMMultiTaskLib.measurements.heart_beat import HeartBeat, measure_heart_beat
from DCMMultiTaskLib.measurements.quality import OK
from DCMMultiTaskLib.measurements.volumes import Body, Ventricle, measure_ventricle
from DCMMultiTaskLib.measurements.wall_segments import WallSegments, measure_segments

REASONS_JOINED_BY = "; "


@dataclass(frozen=True)
class SliceRow:
    """One slice of the result; the fields are the columns of `NAME_risk.csv`, in order.

    Attributes:
        slice: 0-based index along the slice axis.
        position_mm: Position of the slice along the slice normal, in mm, from slice 0.
        dcm_probability: DCM-like phenotype probability of this slice, 0 to 1; NaN where the slice was not analysed.
        dcm_class: 1 where the probability reaches the model's threshold, else 0.
        myocardium_area_mm2: Area of the mask in this slice.
        quality: `ok`, or the reasons why this slice should not be believed, the gravest first.
        cavity_area_mm2: Area of the LV cavity; that of an open ring is closed by a straight line across its gap.
        wall_thickness_mean_mm: Mean thickness of the wall (`measurements.thickness`); NaN without a cavity or a wall.
        wall_thickness_min_mm: Of its thinnest place.
        wall_thickness_max_mm: Of its thickest place.
    """

    slice: int
    position_mm: float
    dcm_probability: float
    dcm_class: int
    myocardium_area_mm2: float
    quality: str
    cavity_area_mm2: float
    wall_thickness_mean_mm: float = math.nan
    wall_thickness_min_mm: float = math.nan
    wall_thickness_max_mm: float = math.nan

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons against this slice, one by one; empty where its quality is ok."""
        return () if self.quality == "ok" else tuple(self.quality.split(REASONS_JOINED_BY))


@dataclass(frozen=True, eq=False)
class Result:
    """The whole result of one study.

    Attributes:
        study: The input with its own grid, name, phases and source; voxels that were no numbers are replaced.
        labels: For each phase that was kept, by its number from 0: uint8 `(K, J, I)` on the study's grid, 1 myocardium,
            2 LV cavity.
        phase: The phase that the rows, the activation and the patient's probability are about.
        slice_axis: Axis of the slices: 0, 1, 2 for I, J, K.
        rows: One row per slice, in slice order.
        dcm_probability: Patient level; NaN where no slice could be used.
        dcm_class: 1 where it reaches the threshold, else 0.
        rule: One sentence: how the patient's probability comes from the slices'.
        provenance: Model, versions, device, notes, preprocessing, seconds.
        activation: float32 map of where the network looked in that phase, 0 to 1, shape of the labels; None unless
            asked for.
        activation_kind: Which map, of `runner.ACTIVATIONS`.
        cancelled: True where the user stopped the run; the unfinished slices have quality `not analysed`.
        body: How tall and heavy the patient is; None where it is not known.
        septum_lps: Where the user says that the anterior wall of the right ventricle meets the septum, mm (LPS); None
            where nobody said.
    """

    study: Study
    labels: Mapping[int, np.ndarray]
    phase: int
    slice_axis: int
    rows: tuple[SliceRow, ...]
    dcm_probability: float
    dcm_class: int
    rule: str
    provenance: Provenance
    activation: np.ndarray | None = None
    activation_kind: str = "class"
    cancelled: bool = False
    body: Body | None = None
    septum_lps: tuple[float, float, float] | None = None

    @property
    def name(self) -> str:
        """The study's name."""
        return self.study.name

    @property
    def geometry(self) -> Geometry:
        """The study's grid."""
        return self.study.geometry

    @property
    def volume(self) -> Volume:
        """The image of the phase that the rows are about."""
        return self.study.phases[self.phase]

    @property
    def label_map(self) -> np.ndarray:
        """The labels of the phase that the rows are about."""
        return self.labels[self.phase]

    @property
    def mask(self) -> np.ndarray:
        """The myocardium of that phase, bool."""
        return self.label_map == MYOCARDIUM.label

    @cached_property
    def measurements(self) -> Ventricle:
        """Volumes, mass and shape of the left ventricle in that phase."""
        return measure_ventricle(self.label_map, self.geometry, self.slice_axis, body=self.body)

    @cached_property
    def wall_segments(self) -> WallSegments:
        """Thickness of the wall by segments in that phase.

        Raises:
            InputError: The septum's point gives no direction.
        """
        counts = [row.quality == OK for row in self.rows]
        return measure_segments(
            self.label_map, self.geometry, self.slice_axis, septum_lps=self.septum_lps, counts=counts
        )

    @cached_property
    def heart_beat(self) -> HeartBeat | None:
        """Volume curve and ejection fraction; None unless the labels of every phase of a cine were kept."""
        count = len(self.study.phases)
        if count == 1 or set(self.labels) != set(range(count)):
            return None
        return measure_heart_beat(
            [self.labels[number] for number in range(count)],
            self.geometry,
            self.slice_axis,
            ed_phase=self.phase,
            times_ms=self.study.times_ms,
        )
