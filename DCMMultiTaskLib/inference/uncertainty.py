"""How sure a result is: the same slices mirrored, turned and in other contrasts, and how far the answers differ."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from DCMMultiTaskLib.imaging.segments import MYOCARDIUM
from DCMMultiTaskLib.imaging.volume import slices_first
from DCMMultiTaskLib.inference.patient import sigmoid
from DCMMultiTaskLib.inference.result import NO_INTERVAL, Interval, Result, SliceRow, Uncertainty
from DCMMultiTaskLib.inference.segmentation import Segmentation
from DCMMultiTaskLib.inference.settings import Decision
from DCMMultiTaskLib.measurements.heart_beat import cavity_ml, ejection_percent, end_systole, smoothed
from DCMMultiTaskLib.measurements.volumes import measure_ventricle

VIEWS: tuple[tuple[str, float], ...] = (
    ("horizontal", 1.0),
    ("vertical", 1.0),
    ("transpose", 1.0),
    ("rotate90", 1.0),
    ("rotate270", 1.0),
    ("none", 0.7),
    ("none", 1.4),
)
"""Name in `flips.FLIPS`, and the exponent of the grey levels (0 to 1)."""
FACTOR, LEAST_VOLUME, LEAST_MASS = 6.0, 0.12, 0.27
"""Half an interval of a volume or mass is so many times the views' distance, and at least this share, since there are
errors that all views have in common: chosen so that the expert's value lies inside in nine of ten patients that the
network has not learned from (`experiments.intervals`)."""
FRACTION_FACTOR, LEAST_POINTS = 2.0, 9.0
"""The least is how far three cines with contours at end systole lie off; the network has learned from them."""
PROBABILITY_FACTOR = 2.0
"""Of this there is no true value: it shows how far the views differ, and no more."""


@dataclass(frozen=True, eq=False)
class View:
    """One phase in one view: its labels `(K, J, I)` and the slices' DCM logits `(N,)`."""

    labels: np.ndarray
    dcm_logit: np.ndarray


@dataclass(frozen=True, eq=False)
class Look:
    """All views of one phase.

    Attributes:
        views: In the order of `VIEWS`.
        map: Standard deviation of each voxel's probability of being myocardium, 0 to 0.5, float32 on the study's grid.
        seconds: What they cost.
    """

    views: tuple[View, ...]
    map: np.ndarray
    seconds: float


def phases_to_look_at(cavities: Mapping[int, float], kept: int) -> list[int]:
    """The phase that the result is about and, of a whole cine, end systole."""
    numbers = sorted(cavities)
    es = numbers[end_systole(smoothed([cavities[number] for number in numbers]), numbers.index(kept))]
    return [kept] if es == kept else [kept, es]


def look_again(
    phases: Sequence[int],
    see: Callable[[int, str, float], Segmentation],
    labels_of: Callable[[Segmentation], np.ndarray],
) -> dict[int, Look]:
    """See phases in every view.

    Args:
        phases: Their numbers.
        see: From a phase and a view to what the network says, on the same grid each time.
        labels_of: From that to the final labels.
    """
    looks = {}
    for number in phases:
        began = time.perf_counter()
        views, maps = [], []
        for flip, exponent in VIEWS:
            seen = see(number, flip, exponent)
            maps.append(seen.myocardium)
            views.append(View(labels_of(seen), seen.dcm_logit))
        spread = seen.grid.to_source(np.std(maps, axis=0))
        looks[number] = Look(tuple(views), spread, time.perf_counter() - began)
    return looks


def agreement(labels: np.ndarray, views: Sequence[View], slice_axis: int) -> np.ndarray:
    """`(N,)` mean Dice coefficient of each slice's myocardium and that of the views; NaN where there is none."""
    mask, *others = (
        slices_first(own == MYOCARDIUM.label, slice_axis) for own in (labels, *(view.labels for view in views))
    )
    size = mask.sum(axis=(1, 2))
    found = [2 * (mask & other).sum(axis=(1, 2)) / np.maximum(size + other.sum(axis=(1, 2)), 1) for other in others]
    return np.where(size > 0, np.mean(found, axis=0), math.nan)


def with_intervals(
    rows: Sequence[SliceRow], logits: np.ndarray, views: Sequence[View], agree: np.ndarray, decision: Decision
) -> tuple[SliceRow, ...]:
    """The rows with the interval of each slice's probability, and how far the views' masks agree."""
    new = []
    for number, row in enumerate(rows):
        own = decision.slice_scale * np.array([logits[number], *(view.dcm_logit[number] for view in views)])
        interval = _around_logit(own[0] + decision.slice_bias, own[1:] + decision.slice_bias)
        new.append(
            replace(
                row,
                dcm_probability_low=interval.low,
                dcm_probability_high=interval.high,
                view_agreement=float(agree[number]),
            )
        )
    return tuple(new)


def weigh(result: Result, looks: Mapping[int, Look], probability_of: Callable[[View], float]) -> Uncertainty:
    """The intervals of a patient's numbers.

    Args:
        result: Without uncertainty.
        looks: Of the phases of `phases_to_look_at`.
        probability_of: The patient's probability by the model's rule, from the phase of the result in one view.
    """
    geometry, axis, look = result.geometry, result.slice_axis, looks[result.phase]
    seen = [measure_ventricle(view.labels, geometry, axis) for view in look.views]
    plain, beat = result.measurements, result.heart_beat
    volumes = [ventricle.lv_cavity_volume_ml for ventricle in seen]
    logit, logits = _logit(result.dcm_probability), [_logit(probability_of(view)) for view in look.views]
    values: dict[str, tuple[float, Sequence[float], float]] = {
        "lv_cavity_volume_ml": (plain.lv_cavity_volume_ml, volumes, LEAST_VOLUME),
        "myocardium_mass_g": (plain.myocardium_mass_g, [v.myocardium_mass_g for v in seen], LEAST_MASS),
    }
    intervals = {"dcm_probability": _around_logit(logit, logits)}
    distances = {"dcm_probability": _distance(logit, logits)}
    if beat and beat.es_phase in looks and beat.edv_ml > 0:
        emptied = [cavity_ml(view.labels, geometry, axis) for view in looks[beat.es_phase].views]
        values["edv_ml"] = (beat.edv_ml, volumes, LEAST_VOLUME)
        values["esv_ml"] = (beat.esv_ml, emptied, LEAST_VOLUME)
        fractions = [ejection_percent(ed, es) for es, ed in zip(emptied, volumes, strict=True) if ed > 0]
        ejection = beat.ejection_fraction_percent
        distances["ejection_fraction_percent"] = _distance(ejection, fractions)
        half = max(FRACTION_FACTOR * _distance(ejection, fractions), LEAST_POINTS)
        intervals["ejection_fraction_percent"] = Interval(ejection - half, ejection + half)
    for name, (value, views, least) in values.items():
        intervals[name] = _around_share(value, views, least)
        distances[name] = _distance(_log(value), [_log(view) for view in views])
    return Uncertainty(look.map, intervals, distances, len(VIEWS), sum(own.seconds for own in looks.values()))


def _distance(value: float, views: Sequence[float] | np.ndarray) -> float:
    """Root mean square of the views' distance from the plain value; NaN where no view has one."""
    if not len(views):
        return math.nan
    return math.sqrt(float(np.mean(np.square(np.asarray(views, dtype=float) - value))))


def _around_share(value: float, views: Sequence[float], least: float) -> Interval:
    """On the logarithms: what is measured in ml or g errs by a share of itself."""
    half = max(FACTOR * _distance(_log(value), [_log(view) for view in views]), math.log(1 + least))
    return Interval(value * math.exp(-half), value * math.exp(half)) if math.isfinite(half) else NO_INTERVAL


def _around_logit(value: float, views: Sequence[float] | np.ndarray) -> Interval:
    """On the logits, as probabilities."""
    half = PROBABILITY_FACTOR * _distance(value, views)
    return Interval(float(sigmoid(value - half)), float(sigmoid(value + half)))


def _log(value: float) -> float:
    return math.log(value) if value > 0 else math.nan


def _logit(probability: float) -> float:
    inside = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log(inside / (1 - inside)) if math.isfinite(probability) else math.nan
