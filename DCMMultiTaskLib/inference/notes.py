"""Sentences about a run that the user has to see."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from DCMMultiTaskLib.errors import count
from DCMMultiTaskLib.inference.localisation import DOUBTFUL, IMAGE_CENTRE, Location
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.inference.segmentation import Progress
from DCMMultiTaskLib.measurements.quality import NOT_ANALYSED, pixel_note


def run_notes(
    replaced: int, location: Location, gaps: np.ndarray, pixel_mm: tuple[float, float], counter: Progress
) -> list[str]:
    """What has to be said of the run.

    Args:
        replaced: Voxels that were no numbers.
        location: Where the heart was looked for.
        gaps: `(N,)` bool: slices whose ring was closed across a gap.
        pixel_mm: Distance of the rows and of the columns.
        counter: Whether the user stopped.
    """
    notes = [pixel_note(pixel_mm)] if pixel_note(pixel_mm) else []
    if replaced:
        were = "was not a finite number and was" if replaced == 1 else "were not finite numbers and were"
        notes.append(f"{count(replaced, 'voxel')} {were} replaced.")
    if location.method == IMAGE_CENTRE and not counter.stopped:
        notes.append("The first look found no heart, so the centre of the image was analysed.")
    if location.method == DOUBTFUL:
        notes.append(
            "The heart's place is uncertain, perhaps found by chance: check the mask, or mark where the heart is."
        )
    if gaps.any():
        slices = _numbers(np.flatnonzero(gaps))
        notes.append(f"The ring is open in slice {slices} (counted from 1): its cavity ends at a line across the gap.")
    if counter.stopped:
        notes.append("The run was cancelled; only the finished slices have a result.")
    return notes


def mask_notes(result: Result) -> list[str]:
    """What has to be said of the final mask: slices inside the heart that have none."""
    drawn = [row.slice for row in result.rows if row.myocardium_area_mm2]
    inside = result.rows[drawn[0] : drawn[-1]] if drawn else ()
    missing = [row.slice for row in inside if not row.myocardium_area_mm2 and NOT_ANALYSED not in row.reasons]
    if not missing:
        return []
    return [
        f"Slice {_numbers(missing)} (counted from 1), with the heart on both sides, has no mask: volume and mass are "
        "too small by it, and a probability from the volume too low."
    ]


def beat_notes(result: Result) -> list[str]:
    """What has to be said of the heart beat."""
    beat, notes = result.heart_beat, []
    if len(result.labels) < len(result.study.phases) and not result.cancelled:
        notes.append(
            f"Phase {result.phase + 1} of {len(result.study.phases)} (counted from 1) alone was analysed. The "
            "probability is calibrated at end diastole: in another phase the ventricle is smaller, and it is too low."
        )
    if beat and result.study.times_ms and not beat.timed:
        notes.append("The times of the phases do not grow from phase to phase, so there are no rates.")
    if beat and beat.base_left:
        notes.append(
            f"The base left slice {_numbers(beat.base_left)} (counted from 1) between end diastole and end systole: "
            f"{beat.base_left_ml:.0f} of the {beat.stroke_volume_ml:.0f} ml of the stroke volume are from there."
        )
    if beat and math.isfinite(beat.ejection_fraction_without_percent):
        notes.append(
            f"The cavity of slice {_numbers(beat.base_fills)} (counted from 1), at the base, fills while the ventricle "
            "empties: it shows the atrium or the outflow tract. Without it the ejection fraction is "
            f"{beat.ejection_fraction_without_percent:.0f} %."
        )
    if beat and beat.ring_lost:
        notes.append(
            f"Slice {_numbers(beat.ring_lost)} (counted from 1) has a cavity at end diastole and no ring at end "
            "systole: the ejection fraction may be too large."
        )
    return notes


def _numbers(slices: Sequence[int] | np.ndarray) -> str:
    """Slices as people count them, from 1."""
    return ", ".join(str(number + 1) for number in slices)
