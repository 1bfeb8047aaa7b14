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
from DCMMultiTaskLib.measurements import quality
from DCMMultiTaskLib.measurements.evidence import Evidence
from DCMMultiTaskLib.measurements.heart_beat import HeartBeat, measure_heart_beat
from DCMMultiTaskLib.measurements.quality import OK
from DCMMultiTaskLib.measurements.volumes import Body, Ventricle, measure_ventricle
from DCMMultiTaskLib.measurements.wall_segments import WallSegments, measure_segments

REASONS_JOINED_BY = "; "
NO_PROBABILITY = "No probability of a DCM-like phenotype"
"""Said where there is none; why, the result's rule says."""


@dataclass(frozen=True)
class SliceRow:
    """One slice of the result; the fields are the columns of `NAME_risk.csv`, in order.

    Attributes:
        slice: 0-based index along the slice axis.
        position_mm: Position of the slice along the slice normal, in mm, from slice 0.
        dcm_probability: DCM-like phenotype probability of this slice, 0 to 1; NaN where the slice was not analysed.
        dcm_class: 1 where the probability reaches the model's threshold, else 0.
        myocardium_area_mm2: Area of the mask in this slice.
        quality: `ok`, or the reasons why this slice should not be believed, the gravest first; only ok slices count.
        cavity_area_mm2: Area of the LV cavity; that of an open ring is closed by a straight line across its gap.
        wall_thickness_mean_mm: Mean thickness of the wall (`measurements.thickness`); NaN without a cavity or a wall.
        wall_thickness_min_mm: Of its thinnest place.
        wall_thickness_max_mm: Of its thickest place.
        caution: What a reader should know of a slice whatever its quality; empty where there is nothing to say.
        dcm_probability_low: Lower end of the interval; it and the next two are NaN unless uncertainty was asked for.
        dcm_probability_high: Its upper end.
        view_agreement: Mean Dice coefficient of the mask and of those in other views of the slice.
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
    caution: str = ""
    dcm_probability_low: float = math.nan
    dcm_probability_high: float = math.nan
    view_agreement: float = math.nan

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons against this slice, one by one; empty where its quality is ok."""
        return () if self.quality == "ok" else tuple(self.quality.split(REASONS_JOINED_BY))

    @property
    def cautions(self) -> tuple[str, ...]:
        """What to know of this slice, one by one."""
        return tuple(self.caution.split(REASONS_JOINED_BY)) if self.caution else ()

    @property
    def verdict(self) -> str:
        """Quality and caution in words."""
        return f"{self.quality} ({self.caution})" if self.caution else self.quality


@dataclass(frozen=True)
class Interval:
    """The ends of an interval; NaN where there is no number."""

    low: float
    high: float


NO_INTERVAL = Interval(math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """How far the views of a study differ (`inference.uncertainty`).

    Attributes:
        map: Standard deviation of each voxel's probability of being myocardium, 0 to 0.5, float32 on the study's grid.
        intervals: Of the patient's numbers, by their names in `NAME_summary.json`.
        distances: Root mean square distance of the views from the plain number: of the logit of a probability, of the
            logarithm of a volume or mass, of the ejection fraction itself.
        views: How many views there were beside the plain one.
        seconds: What they cost.
    """

    map: np.ndarray
    intervals: Mapping[str, Interval]
    distances: Mapping[str, float]
    views: int
    seconds: float


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
        dcm_probability: Patient level; NaN where no slice could be used, or the volume that counts is not known.
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
        uncertainty: Intervals and map; None unless asked for.
        evidence: What the quality of each slice was judged by, in slice order.
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
    uncertainty: Uncertainty | None = None
    evidence: tuple[Evidence, ...] = ()

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
    def cannot_decide(self) -> str:
        """Why there is no class for the patient, in one sentence; empty where there is one."""
        counted = sum(row.quality == OK for row in self.rows)
        expected = quality.expected_slices([row.reasons for row in self.rows], self.geometry.spacing[self.slice_axis])
        if 2 * counted < expected:
            return f"Cannot decide: only {counted} of the {expected} slices that should show the ventricle count."
        if not math.isfinite(self.dcm_probability):
            return "Cannot decide: there is no probability."
        if any(quality.LONGISH in row.caution for row in self.rows):
            return "Cannot decide: the outlines of the whole stack are longish, so that it may be no short axis."
        threshold = self.provenance.decision.threshold
        ends = self.uncertainty.intervals["dcm_probability"] if self.uncertainty else None
        if ends and not (math.isfinite(ends.low) and math.isfinite(ends.high)):
            return "Cannot decide: some views of the study give no probability, so that it has no interval."
        if ends and ends.low < threshold <= ends.high:
            interval = f"{ends.low:.2f} to {ends.high:.2f}"
            return f"Cannot decide: the probability is {interval}, on both sides of the threshold {threshold:g}."
        return ""

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
