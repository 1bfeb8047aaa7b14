"""Whether the intervals of a prediction hold the expert's values, in patients that the network has not learned from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.evaluation.bootstrap import PatientBootstrap, column
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference import uncertainty
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.measurements.volumes import measure_ventricle

LEVEL = 0.9


@dataclass(frozen=True, kw_only=True)
class SureRow:
    """One patient: what was measured, the distance of the views (of logarithms or logits), and what the expert has.

    `threshold` is the probability from which on the model calls a patient positive.
    """

    patient: str
    dcm: int
    volume_ml: float
    volume_distance: float
    true_volume_ml: float
    mass_g: float
    mass_distance: float
    true_mass_g: float
    dcm_probability: float
    probability_distance: float
    threshold: float
    seconds: float
    uncertainty_seconds: float


def sure_row(result: Result, truth: Volume, patient: Patient, threshold: float) -> SureRow:
    """One prediction with uncertainty, by a model of that threshold."""
    found = result.uncertainty
    assert found is not None
    true = measure_ventricle(truth.array, truth.geometry, result.slice_axis)

    return SureRow(
        patient=patient.patient,
        dcm=patient.dcm,
        volume_ml=result.measurements.lv_cavity_volume_ml,
        volume_distance=found.distances["lv_cavity_volume_ml"],
        true_volume_ml=true.lv_cavity_volume_ml,
        mass_g=result.measurements.myocardium_mass_g,
        mass_distance=found.distances["myocardium_mass_g"],
        true_mass_g=true.myocardium_mass_g,
        dcm_probability=result.dcm_probability,
        probability_distance=found.distances["dcm_probability"],
        threshold=threshold,
        seconds=result.provenance.seconds,
        uncertainty_seconds=found.seconds,
    )


def errors(rows: Sequence[SureRow], name: str, unit: str) -> np.ndarray:
    """`(P,)` distance of the logarithms of what was measured and of what the expert has."""
    return np.abs(np.log(column(rows, f"{name}_{unit}") / column(rows, f"true_{name}_{unit}")))


def sure_report(rows: Sequence[SureRow]) -> Iterable[str]:
    """How often the intervals hold the expert's value, as shipped and with a least width from the other patients."""
    bootstrap = PatientBootstrap([row.patient for row in rows])
    yield "| number | expert's value inside | half width | least width from the others | inside then |"
    yield "|---|---|---|---|---|"
    shipped = (("volume", "ml", uncertainty.LEAST_VOLUME), ("mass", "g", uncertainty.LEAST_MASS))
    for name, unit, narrowest in shipped:
        error, views = errors(rows, name, unit), uncertainty.FACTOR * column(rows, f"{name}_distance")
        half = np.maximum(views, math.log(1 + narrowest))
        inside = bootstrap.mean(error <= half)
        least = np.array([np.quantile(np.delete(error, n), LEVEL) for n in range(len(rows))])
        yield (
            f"| {name} | {100 * inside.value:.0f} % ({100 * inside.low:.0f} to {100 * inside.high:.0f}) | "
            f"{100 * np.median(np.exp(half) - 1):.0f} % ({100 * np.exp(half).min() - 100:.0f} to "
            f"{100 * np.exp(half).max() - 100:.0f}) | {100 * np.median(np.exp(least) - 1):.0f} % | "
            f"{100 * np.mean(error <= np.maximum(views, least)):.0f} % |"
        )
    yield ""
    distance = uncertainty.PROBABILITY_FACTOR * column(rows, "probability_distance")
    probability = column(rows, "dcm_probability")
    threshold = column(rows, "threshold")
    odds = np.log(probability / (1 - probability)) - np.log(threshold / (1 - threshold))
    right = (odds >= 0) == (column(rows, "dcm") == 1)
    clear = np.abs(odds) > distance
    for words, chosen in (("clear of the threshold", clear), ("around it, undecided", ~clear)):
        yield f"Interval {words}: {np.sum(chosen)} of {len(rows)} patients, class right in {np.sum(right & chosen)}."
    views, total = column(rows, "uncertainty_seconds"), column(rows, "seconds")
    yield f"The views take {np.median(views / (total - views)):.1f} times the time of all the rest."
