"""Which phase of a cine is end diastole."""

from __future__ import annotations

from collections.abc import Mapping

# Cavities that differ by less than this share cannot be told apart: a millimetre on the radius of a heart is 6 %.
INDISTINGUISHABLE = 0.02


def end_diastole(cavities: Mapping[int, float], phases: int) -> int:
    """The phase with the largest cavity; among indistinguishable ones the closest to the start of the heart beat.

    A cine begins at the R wave, when the ventricle is full: the first and the last phase are the closest to it, and it
    is there that readers draw their contours.

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
