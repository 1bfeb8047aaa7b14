"""Whether a slice's result can be believed: every reason against it, by a few plain rules.

A slice with a reason does not count: it is shown, and nothing is averaged over it. What is only worth saying is a
caution. The limits were chosen on patients that the networks had not learned from: `Documentation/quality.md` has the
rates, `experiments.gate` measures them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from DCMMultiTaskLib.measurements.evidence import Evidence
from DCMMultiTaskLib.measurements.masks import MOST_HOLLOW, SPECK, hollow_share, pieces

OK = "ok"
NOT_ANALYSED = "not analysed"
OUTSIDE_ROI = "outside the ROI"
CONSTANT = "constant image"
NOISE = "more noise than image"
EMPTY = (CONSTANT, NOISE)
"""Why a slice shows nothing, so that no mask is drawn in it."""
NOTHING = "no myocardium found"
NOTHING_BETWEEN = "no myocardium found, but in the slices beside it"
IMAGE_EDGE = "partly outside the image"
FIELD_EDGE = "partly outside the analysed field"
PIECES = "several pieces"
IMPLAUSIBLE = "implausible size"
OPEN = "ring open"
OPEN_BASE = "ring open at the base"
NO_CAVITY = "no cavity, but in the slices beside it"
LOW_CONTRAST = "low contrast between wall and cavity"
LONGISH = "outlines of the whole stack longish"

# Myocardium, and myocardium with cavity, of a slice of a human heart. The upper one is a disc 11 cm wide.
LEAST_MYOCARDIUM_MM2 = 50.0
MOST_HEART_MM2 = 10_000.0
BASE_MM = 15.0
"""The outflow tract opens the rings of the base; so far from the basal end an open ring is anatomy."""
SHORTEST_VENTRICLE_MM = 40.0
LOW_CONTRAST_BELOW = 1.0
NOISE_ABOVE = 0.5
"""Graininess above which a slice has no mask: with noise of a quarter of the bright signal nearly all are wrong."""
LONGISH_ABOVE = 1.25
"""A cut across the long axis or an oblique one; 29 patients have 1.22 at most."""
PLAUSIBLE_PIXEL_MM = (0.3, 4.0)
"""Pixels of cardiac MR; sizes in cm, or ten times too large, lie outside."""
LEARNED_PIXEL_MM = (0.7, 2.2)
"""Pixels with which the shipped model was tried, and those that training imitates."""


@dataclass(frozen=True)
class Limit:
    """From which value on a number of `Evidence` speaks against a slice, and how that is said.

    Attributes:
        number: Field of `Evidence`.
        value: The limit.
        below: Whether values below it are bad; else those above it.
        reason: For a reader.
    """

    number: str
    value: float
    below: bool
    reason: str

    def broken_by(self, evidence: Evidence) -> bool:
        """Whether the slice's number lies beyond the limit; never where there is none."""
        value = getattr(evidence, self.number)
        return bool(value < self.value if self.below else value > self.value)


LIMITS = (
    Limit("graininess", 0.12, False, "image mostly noise"),
    Limit("contrast", 0.7, True, "no contrast between wall and cavity"),
    Limit("certainty", 0.955, True, "wall not recognised with certainty"),
    Limit("agreement", 0.8, True, "other mask in other views of the slice"),
    Limit("unevenness", 0.06, False, "uneven outline"),
    Limit("elongation", 1.6, False, "not round"),
    Limit("wall_mm", 4.0, True, "wall implausibly thin"),
    Limit("wall_mm", 20.0, False, "wall implausibly thick"),
    Limit("wall_variation", 0.36, False, "wall of very uneven thickness"),
    Limit("shift_mm", 15.0, False, "not in line with the slices beside it"),
    Limit("area_ratio", 0.38, True, "much smaller than in the slices beside it"),
    Limit("area_ratio", 1.6, False, "much larger than in the slices beside it"),
)
"""The gravest first."""
OF_OTHERS = (
    NOTHING_BETWEEN,
    NO_CAVITY,
    *(limit.reason for limit in LIMITS if limit.number in ("shift_mm", "area_ratio")),
)
"""Reasons that change when the slices beside do."""


def mask_reasons(mask: np.ndarray, holes: np.ndarray, pixel_mm2: float, field: tuple[slice, slice]) -> list[str]:
    """The reasons against this mask, the gravest first; empty where there is none.

    Args:
        mask: Myocardium of one slice, bool `(rows, columns)`.
        holes: What it encloses, bool, same shape.
        pixel_mm2: Area of a pixel.
        field: Rows and columns that the network saw.
    """
    if not mask.any():
        return [NOTHING]
    reasons = []
    lines = [np.flatnonzero(mask.any(axis=1 - axis)) for axis in (0, 1)]
    if any(line[0] == 0 or line[-1] == size - 1 for line, size in zip(lines, mask.shape, strict=True)):
        reasons.append(IMAGE_EDGE)
    elif any(line[0] <= seen.start or line[-1] >= seen.stop - 1 for line, seen in zip(lines, field, strict=True)):
        reasons.append(FIELD_EDGE)
    if mask.sum() * pixel_mm2 < LEAST_MYOCARDIUM_MM2 or (mask | holes).sum() * pixel_mm2 > MOST_HEART_MM2:
        reasons.append(IMPLAUSIBLE)
    labels = pieces(mask)
    sizes = np.bincount(labels.ravel())[1:]
    if np.count_nonzero(sizes > SPECK * sizes.max()) > 1:
        reasons.append(PIECES)
    if hollow_share((labels == 1 + sizes.argmax()) | holes) > MOST_HOLLOW:
        reasons.append(OPEN)
    return reasons


def judge(
    own: Sequence[Sequence[str]],
    evidence: Sequence[Evidence],
    cavity_mm2: np.ndarray,
    distance_mm: float,
) -> list[tuple[list[str], list[str]]]:
    """Of every slice the reasons why it does not count and the cautions, from what is said of it alone and of all.

    Args:
        own: Of each slice, `mask_reasons` or why there is no mask.
        evidence: Of each slice.
        cavity_mm2: `(N,)` areas of the cavity.
        distance_mm: Between the slices.
    """
    with_wall = [number for number, reasons in enumerate(own) if not _without_mask(reasons)]
    with_cavity = np.flatnonzero(cavity_mm2)
    base = _basal_slices(with_wall, cavity_mm2, distance_mm)
    judged = []
    for number, (reasons, measured) in enumerate(zip(own, evidence, strict=True)):
        failed, cautions = list(reasons), []
        if failed == [NOTHING] and with_wall and with_wall[0] < number < with_wall[-1]:
            failed = [NOTHING_BETWEEN]
        if OPEN in failed and number in base:
            failed.remove(OPEN)
            cautions.append(OPEN_BASE)
        if number in with_wall:
            between = len(with_cavity) and with_cavity[0] < number < with_cavity[-1]
            if between and not cavity_mm2[number]:
                failed.append(NO_CAVITY)
            failed += [limit.reason for limit in LIMITS if limit.broken_by(measured) and limit.reason not in failed]
            if measured.contrast < LOW_CONTRAST_BELOW and not failed:
                cautions.append(LOW_CONTRAST)
            if measured.stack_elongation > LONGISH_ABOVE:
                cautions.append(LONGISH)
        judged.append((failed, cautions))
    return judged


def reasons_that_stay(reasons: Sequence[str], cautions: Sequence[str]) -> list[str]:
    """Of a slice's verdict what is of its own mask, whatever becomes of the slices beside it, as `judge` takes it."""
    return [reason for reason in reasons if reason not in OF_OTHERS] + [OPEN] * (OPEN_BASE in cautions)


def pixel_reasons(pixel_mm: tuple[float, float]) -> list[str]:
    """Why no slice of these pixels can count; empty where they are plausible."""
    least, most = PLAUSIBLE_PIXEL_MM
    if least <= min(pixel_mm) and max(pixel_mm) <= most:
        return []
    return [f"pixels of {pixel_mm[0]:.3g} x {pixel_mm[1]:.3g} mm, not {least:g} to {most:g} mm"]


def pixel_note(pixel_mm: tuple[float, float]) -> str:
    """A sentence where the pixels are not of the sizes that the model has learned from; else empty."""
    least, most = LEARNED_PIXEL_MM
    if (least <= min(pixel_mm) and max(pixel_mm) <= most) or pixel_reasons(pixel_mm):
        return ""
    return (
        f"The pixels are {pixel_mm[0]:.3g} x {pixel_mm[1]:.3g} mm large; the model has learned from {least:g} to "
        f"{most:g} mm, and was not measured outside."
    )


def expected_slices(reasons: Sequence[Sequence[str]], distance_mm: float) -> int:
    """How many slices should show the ventricle.

    Beyond base and apex a stack is empty, as it should be. Where the slices with a mask span less than a ventricle
    does, the empty ones count: then it was not found in them.

    Args:
        reasons: Why each slice does not count.
        distance_mm: Between the slices.
    """
    inside = [own for own in reasons if OUTSIDE_ROI not in own]
    found = [number for number, own in enumerate(inside) if not set(own) & {NOTHING, *EMPTY}]
    span = found[-1] - found[0] + 1 if found else 0
    return span if span * distance_mm >= SHORTEST_VENTRICLE_MM else len(inside)


def _without_mask(reasons: Sequence[str]) -> bool:
    return bool(set(reasons) & {NOTHING, NOT_ANALYSED, OUTSIDE_ROI, *EMPTY})


def _basal_slices(with_wall: Sequence[int], cavity_mm2: np.ndarray, distance_mm: float) -> set[int]:
    """The slices within `BASE_MM` of the basal end of the wall, the end on whose half the larger cavities lie."""
    if len(with_wall) < 3:
        return set()
    half = len(with_wall) // 2
    base_first = cavity_mm2[with_wall[:half]].sum() > cavity_mm2[with_wall[-half:]].sum()
    end = with_wall[0] if base_first else with_wall[-1]
    return {number for number in with_wall if abs(number - end) * distance_mm <= BASE_MM}
