"""The volume of the LV cavity over the heart beat, as a picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.report.sheet import FOOTER, HEADER, MARGIN, POINT, Sheet, dark
from DCMMultiTaskLib.report.study import StudyPicture
from DCMMultiTaskLib.report.style import ABOVE, BELOW, LIGHT, MUTED, PANEL

# Between the panel's edges and the axes: left, top, right, bottom.
INSIDE = (104, 40, 40, 66)


def volume_curve(result: Result, *, width: int = 1200, height: int = 680) -> Sheet:
    """The curve of volume against time, or against the phase where times are not known; its axes are labelled `curve`.

    Args:
        result: Of a cine whose every phase was kept.
        width: Pixels.
        height: Pixels.

    Returns:
        The sheet, to be saved.

    Raises:
        ValueError: The result has no heart beat.
        InputError: matplotlib is not installed.
    """
    beat = result.heart_beat
    if beat is None:
        raise ValueError("the result has no volume curve: predict every phase of a cine")
    sheet = Sheet(StudyPicture.of(result), width, height, more=beat.in_short)
    across, down = width - 2 * MARGIN, height - HEADER - FOOTER
    sheet.box(MARGIN, HEADER, across, down, PANEL)
    left, top, right, bottom = INSIDE
    place = (MARGIN + left, HEADER + top, across - left - right, down - top - bottom)
    axes = sheet.axes(*place, label="curve", facecolor="none")

    timed = beat.timed
    moment = np.array([phase.time_ms if timed else phase.phase + 1 for phase in beat.phases])
    volume = np.array([phase.lv_cavity_ml for phase in beat.phases])
    dot: dict[str, Any] = {"clip_on": False, "zorder": 3, "markersize": 8 / POINT, "markeredgewidth": 0}
    (line,) = axes.plot(moment, volume, "o-", color=MUTED, linewidth=2 / POINT, **dot)
    entries: list[Any] = [(line, "LV cavity")]
    for name, number, colour in (
        ("end diastole", beat.ed_phase, ABOVE),
        ("end systole", beat.es_phase, BELOW),
    ):
        (point,) = axes.plot(
            moment[number], volume[number], "o", **{**dot, "color": colour, "markersize": 15 / POINT, "linestyle": ""}
        )
        entries.append((point, f"{name}, phase {number + 1}"))
    axes.axhline(0, color=LIGHT, linewidth=1 / POINT)
    # From zero, so that a weak beat looks weak.
    axes.set_ylim(0, 1.08 * max(float(volume.max()), 1.0))
    margin = 0.02 * (moment[-1] - moment[0])
    axes.set_xlim(moment[0] - margin, moment[-1] + margin)
    axes.locator_params(axis="x", nbins=12, integer=not timed)
    axes.locator_params(axis="y", nbins=6)
    axes.set_xlabel("Time after the R wave (ms)" if timed else "Phase, counted from 1")
    axes.set_ylabel("Volume of the LV cavity (ml)")
    dark(axes)
    sheet.legend(entries)
    return sheet
