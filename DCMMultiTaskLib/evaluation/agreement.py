"""Agreement of measurements with those of the true masks, after Bland and Altman."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from DCMMultiTaskLib.evaluation.bootstrap import LEVEL, Estimate, column
from DCMMultiTaskLib.evaluation.scoring import PatientScore


@dataclass(frozen=True)
class Quantity:
    """What is compared: columns of `PatientScore` for the measured and the true number, and what it is called."""

    measured: str
    true: str
    title: str
    unit: str


QUANTITIES = {
    "lv_volume": Quantity("cavity_ml", "true_cavity_ml", "LV cavity volume", "ml"),
    "mass": Quantity("mass_g", "true_mass_g", "Myocardial mass", "g"),
    "wall_thickness": Quantity("wall_mm", "true_wall_mm", "Mean wall thickness", "mm"),
}

FEWEST = 3
"""Patients that an agreement takes."""


@dataclass(frozen=True)
class Agreement:
    """How far measured numbers are from true ones, measured less true; NaN with fewer than three patients.

    Attributes:
        patients: Those that have both numbers.
        bias: Mean difference.
        sd: Standard deviation of the differences.
        lower_limit: Lower 95 % limit of agreement: bias - 1.96 sd.
        upper_limit: bias + 1.96 sd.
    """

    patients: int
    bias: Estimate
    sd: float
    lower_limit: Estimate
    upper_limit: Estimate


def agreement(measured: np.ndarray, true: np.ndarray) -> Agreement:
    """Bias and limits of agreement, with 95 % intervals (Bland and Altman, Lancet 1986;1:307; Stat Methods Med Res
    1999;8:135).

    With n patients the bias has the variance sd^2 / n, a limit of agreement sd^2 (1 / n + 1.96^2 / (2 (n - 1))); the
    intervals take t of n - 1 degrees of freedom.

    Args:
        measured: `(n,)`; patients without a number on either side are left out.
        true: `(n,)`.

    Example:
        >>> found = agreement(np.array([101.0, 99.0, 104.0]), np.array([100.0, 100.0, 100.0]))
        >>> round(found.bias.value, 2), round(found.sd, 2)
        (1.33, 2.52)
    """
    difference = np.asarray(measured, dtype=float) - np.asarray(true, dtype=float)
    difference = difference[np.isfinite(difference)]
    count = len(difference)
    if count < FEWEST:
        unknown = Estimate(math.nan, math.nan, math.nan)
        return Agreement(count, unknown, math.nan, unknown, unknown)
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    t, z = float(stats.t.ppf((1 + LEVEL) / 2, count - 1)), float(stats.norm.ppf((1 + LEVEL) / 2))
    of_bias, of_limit = t * sd / math.sqrt(count), t * sd * math.sqrt(1 / count + z**2 / (2 * (count - 1)))
    lower, upper = bias - z * sd, bias + z * sd
    return Agreement(
        count,
        Estimate(bias, bias - of_bias, bias + of_bias),
        sd,
        Estimate(lower, lower - of_limit, lower + of_limit),
        Estimate(upper, upper - of_limit, upper + of_limit),
    )


def agreements(patients: Sequence[PatientScore]) -> dict[str, Agreement]:
    """The agreement of each of `QUANTITIES`."""
    return {
        name: agreement(column(patients, quantity.measured), column(patients, quantity.true))
        for name, quantity in QUANTITIES.items()
    }
