"""The left ventricle over one heart beat: volume curve, end diastole and end systole, ejection fraction and rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.imaging.volume import Geometry
from DCMMultiTaskLib.measurements.masks import areas_mm2, base_first
from DCMMultiTaskLib.measurements.volumes import summation_ml

# Cavities that differ by less than this share cannot be told apart: a millimetre on the radius of a heart is 6 %.
INDISTINGUISHABLE = 0.02
SMOOTHING = 0.03
"""Standard deviation of the temporal smoothing, as a share of the heart beat: some 30 ms, the time of one phase."""


@dataclass(frozen=True)
class Phase:
    """One phase of a cine; the fields are the columns of `NAME_phases.csv`, in order.

    Attributes:
        phase: Number from 0.
        time_ms: Time after the R wave; NaN where it is not known.
        lv_cavity_ml: Volume of the LV cavity.
        myocardium_ml: Volume of the myocardium.
        is_ed: 1 for end diastole, else 0.
        is_es: 1 for end systole, else 0.
    """

    phase: int
    time_ms: float
    lv_cavity_ml: float
    myocardium_ml: float
    is_ed: int
    is_es: int


@dataclass(frozen=True)
class HeartBeat:
    """What the volume curve of a whole cine tells; a number that there is not is NaN.

    Attributes:
        phases: The curve, every phase in order of time.
        ed_phase: End diastole.
        es_phase: End systole (`end_systole`).
        edv_ml: Volume of the cavity at end diastole, by summation of slices.
        esv_ml: At end systole.
        stroke_volume_ml: edv_ml - esv_ml.
        ejection_fraction_percent: 100 x stroke volume / edv_ml.
        peak_ejection_rate_ml_s: Steepest fall of the smoothed curve, as a positive number; NaN without times.
        peak_filling_rate_ml_s: Its steepest rise.
        base_left: Slices at the base that have a cavity at end diastole and neither cavity nor wall at end systole:
            the base moved out of them. Their volume counts at end diastole alone.
        base_left_ml: That volume, which is part of the stroke volume.
        ring_lost: Other slices with a cavity at end diastole and neither cavity nor wall at end systole: there the
            segmentation failed, or the apex moved.
        base_fills: Slices at the base whose cavity is larger at end systole than at end diastole: what fills while the
            ventricle empties is the atrium or the outflow tract. They are in all volumes.
        ejection_fraction_without_percent: The ejection fraction without `base_fills`; NaN where there are none.
    """

    phases: tuple[Phase, ...]
    ed_phase: int
    es_phase: int
    edv_ml: float
    esv_ml: float
    stroke_volume_ml: float
    ejection_fraction_percent: float
    peak_ejection_rate_ml_s: float
    peak_filling_rate_ml_s: float
    base_left: tuple[int, ...]
    base_left_ml: float
    ring_lost: tuple[int, ...]
    base_fills: tuple[int, ...]
    ejection_fraction_without_percent: float

    @property
    def timed(self) -> bool:
        """Whether the phases have times that grow."""
        return growing([phase.time_ms for phase in self.phases])

    @property
    def in_short(self) -> str:
        """Volumes and ejection fraction in one line."""
        return f"EDV {self.edv_ml:.0f} ml, ESV {self.esv_ml:.0f} ml, EF {self.ejection_fraction_percent:.0f} %"


def growing(times_ms: Sequence[float]) -> bool:
    """Whether times grow from phase to phase; not where one is NaN."""
    return bool(np.all(np.diff(times_ms) > 0))


def cavity_ml(labels: np.ndarray, geometry: Geometry, slice_axis: int) -> float:
    """Volume of the LV cavity in the labels of one phase."""
    areas = areas_mm2(labels == LV_CAVITY.label, geometry, slice_axis)
    return summation_ml(areas, geometry.spacing[slice_axis])


def end_diastole(cavities: Mapping[int, float], phases: int) -> int:
    """The phase with the largest cavity; among indistinguishable ones the closest to the start of the heart beat.

    A cine begins at the R wave, when the ventricle is full: the first and the last phase are the closest to it, and it
    is there that readers draw their contours. The curve is not smoothed here: it bends the most at the R wave, where
    smoothing would move its peak.

    Args:
        cavities: Phase number -> area or volume that the myocardium encloses.
        phases: How many phases the whole heart beat has.

    Returns:
        One of the phase numbers.

    Example:
        >>> end_diastole({0: 97.0, 1: 80.0, 2: 50.0, 3: 90.0, 4: 99.0, 5: 98.5}, 6)
        5
    """
    largest = max(cavities.values())
    candidates = [number for number, cavity in cavities.items() if cavity >= (1 - INDISTINGUISHABLE) * largest]
    return min(candidates, key=lambda number: (min(number, phases - 1 - number), -cavities[number]))


def smoothed(volumes: Sequence[float] | np.ndarray) -> np.ndarray:
    """The curve over a whole heart beat, smoothed in time; the last phase is followed by the first.

    The width is a share of the heart beat, so that a coarse cine of a few phases is left as it is.
    """
    curve = np.asarray(volumes, dtype=np.float64)
    return np.asarray(ndimage.gaussian_filter1d(curve, SMOOTHING * len(curve), mode="wrap"))


def end_systole(curve: np.ndarray, ed_phase: int) -> int:
    """The first minimum after end diastole that cannot be told from the smallest cavity.

    A weak ventricle hardly changes from the end of ejection to that of relaxation: which of these has the smallest
    cavity is chance.

    Args:
        curve: Cavity's volume in every phase of one heart beat, smoothed.
        ed_phase: End diastole.

    Example:
        >>> end_systole(np.array([97.0, 80.0, 50.2, 50.4, 50.0, 90.0]), 0)
        2
    """
    after = np.roll(curve, -ed_phase)
    lowest = (after <= np.roll(after, 1)) & (after <= np.roll(after, -1))
    small = after <= (1 + INDISTINGUISHABLE) * after.min()
    return int((np.flatnonzero(lowest & small)[0] + ed_phase) % len(curve))


def measure_heart_beat(
    labels: Sequence[np.ndarray],
    geometry: Geometry,
    slice_axis: int,
    *,
    ed_phase: int | None = None,
    times_ms: Sequence[float] | None = None,
) -> HeartBeat:
    """Measure a cine of one whole heart beat.

    Args:
        labels: Of every phase in order of time: `(K, J, I)`, 1 myocardium, 2 LV cavity.
        geometry: Their grid.
        slice_axis: 0, 1, 2 for I, J, K.
        ed_phase: End diastole; found by `end_diastole` if None.
        times_ms: Time of each phase after the R wave. Times that do not grow from phase to phase count as unknown.
    """
    distance_mm = geometry.spacing[slice_axis]
    cavity_mm2, wall_mm2 = (
        np.stack([areas_mm2(phase == segment.label, geometry, slice_axis) for phase in labels])
        for segment in (LV_CAVITY, MYOCARDIUM)
    )
    cavity = np.array([summation_ml(areas, distance_mm) for areas in cavity_mm2])
    ed = end_diastole(dict(enumerate(cavity.tolist())), len(labels)) if ed_phase is None else ed_phase
    curve = smoothed(cavity)
    es = end_systole(curve, ed)
    times = [math.nan] * len(labels) if times_ms is None else [float(time) for time in times_ms]
    ejection_rate, filling_rate = _rates(curve, times)
    base_left, base_fills, ring_lost = _odd_slices(cavity_mm2[ed], cavity_mm2[es], wall_mm2[es])
    left_ml, ed_fills_ml = (summation_ml(cavity_mm2[ed][list(some)], distance_mm) for some in (base_left, base_fills))
    es_fills_ml = summation_ml(cavity_mm2[es][list(base_fills)], distance_mm)
    return HeartBeat(
        phases=tuple(
            Phase(number, time, float(volume), summation_ml(wall, distance_mm), int(number == ed), int(number == es))
            for number, (time, volume, wall) in enumerate(zip(times, cavity, wall_mm2, strict=True))
        ),
        ed_phase=ed,
        es_phase=es,
        edv_ml=float(cavity[ed]),
        esv_ml=float(cavity[es]),
        stroke_volume_ml=float(cavity[ed] - cavity[es]),
        ejection_fraction_percent=ejection_percent(cavity[ed], cavity[es]),
        peak_ejection_rate_ml_s=ejection_rate,
        peak_filling_rate_ml_s=filling_rate,
        base_left=base_left,
        base_left_ml=left_ml,
        ring_lost=ring_lost,
        base_fills=base_fills,
        ejection_fraction_without_percent=(
            ejection_percent(cavity[ed] - ed_fills_ml, cavity[es] - es_fills_ml) if base_fills else math.nan
        ),
    )


def ejection_percent(edv_ml: float, esv_ml: float) -> float:
    """Ejection fraction, 100 x (EDV - ESV) / EDV; NaN for a ventricle that holds nothing."""
    return float(100 * (edv_ml - esv_ml) / edv_ml) if edv_ml > 0 else math.nan


def _rates(curve: np.ndarray, times_ms: Sequence[float]) -> tuple[float, float]:
    """Steepest fall and rise in ml/s between neighbouring phases; the time from the last to the first is not known."""
    if len(curve) < 2 or not growing(times_ms):
        return math.nan, math.nan
    slopes = 1000 * np.diff(curve) / np.diff(times_ms)
    return float(max(-slopes.min(), 0)), float(max(slopes.max(), 0))


def _odd_slices(
    ed_mm2: np.ndarray, es_mm2: np.ndarray, es_wall_mm2: np.ndarray
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Slices with a cavity at end diastole that do not contract: `base_left`, `base_fills` and `ring_lost`.

    An empty cavity inside a wall is no loss: that is how the apex contracts.

    Args:
        ed_mm2: `(N,)` cavity areas at end diastole.
        es_mm2: `(N,)` cavity areas at end systole.
        es_wall_mm2: `(N,)` areas of the wall at end systole.
    """
    with_cavity = np.flatnonzero(ed_mm2)
    lost = (ed_mm2 > 0) & (es_mm2 + es_wall_mm2 == 0)
    fills = (ed_mm2 > 0) & (es_mm2 > (1 + INDISTINGUISHABLE) * ed_mm2)
    from_base = with_cavity if base_first(ed_mm2) else with_cavity[::-1]
    contracts = np.flatnonzero(~(lost | fills)[from_base])
    base = np.sort(from_base[: contracts[0]] if len(contracts) else from_base)
    left, filling = (tuple(int(number) for number in base if odd[number]) for odd in (lost, fills))
    return left, filling, tuple(int(number) for number in np.flatnonzero(lost) if number not in left)
