"""The probability of every slice against the threshold, as a picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.report.sheet import FOOTER, HEADER, MARGIN, POINT, Sheet, dark
from DCMMultiTaskLib.report.study import StudyPicture
from DCMMultiTaskLib.report.style import ABOVE, BELOW, LIGHT, MUTED, PANEL, WARNING

# Between the panel's edges and the axes: for the titles and numbers beside them; left, top, right, bottom.
INSIDE = (104, 66, 30, 66)


def probability_chart(result: Result, *, width: int = 1200, height: int = 680) -> Sheet:
    """The chart of probability against slice; its axes are labelled `chart`.

    Slices whose quality is not ok are hollow: their probability should not be believed. Slices without a probability
    are crosses at the foot.

    Args:
        result: Its rows are drawn.
        width: Pixels.
        height: Pixels.

    Returns:
        The sheet, to be saved.

    Raises:
        InputError: matplotlib is not installed.
    """
    study = StudyPicture.of(result)
    sheet = Sheet(study, width, height)
    across, down = width - 2 * MARGIN, height - HEADER - FOOTER
    sheet.box(MARGIN, HEADER, across, down, PANEL)
    left, top, right, bottom = INSIDE
    place = (MARGIN + left, HEADER + top, across - left - right, down - top - bottom)
    axes = sheet.axes(*place, label="chart", facecolor="none")
    number = np.array([one.number for one in study.slices])
    position = np.array([one.position_mm for one in study.slices])
    probability = np.array([one.probability for one in study.slices], float)
    above, doubted = (np.array([bool(getattr(one, name)) for one in study.slices]) for name in ("above", "remark"))
    known = np.isfinite(probability)

    line = axes.axhline(study.threshold, color=LIGHT, linewidth=2 / POINT, linestyle=(0, (4, 3)))
    entries: list[Any] = [(line, f"threshold {study.threshold:.2f}")]
    axes.plot(number, probability, color=MUTED, linewidth=2 / POINT, alpha=0.7)
    dot: dict[str, Any] = {"linestyle": "", "clip_on": False, "zorder": 3}
    dot.update(markersize=13 / POINT, markeredgewidth=2.5 / POINT)
    for name, chosen, colour, filled in (
        ("at or above it", known & above & ~doubted, ABOVE, True),
        ("below it", known & ~above & ~doubted, BELOW, True),
        ("quality not ok", known & doubted, WARNING, False),
    ):
        if chosen.any():
            look = {**dot, "color": colour, "markerfacecolor": colour if filled else PANEL, "label": name}
            entries += [(points, name) for points in axes.plot(number[chosen], probability[chosen], "o", **look)]
    if not known.all():
        look = {**dot, "color": MUTED, "label": "no probability"}
        crosses = axes.plot(number[~known], 0 * number[~known], "x", **look)
        entries += [(points, "no probability") for points in crosses]

    axes.set_ylim(-0.04, 1.04)
    axes.set_xlim(number[0] - 0.5, number[-1] + 0.5)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.locator_params(axis="x", nbins=24 if width >= 1000 else 14, integer=True, min_n_ticks=1)
    axes.set_xlabel("Slice, counted from 1")
    axes.set_ylabel("Probability of a\nDCM-like phenotype (0 to 1)")
    beside = axes.secondary_xaxis("top")
    ticks = [tick for tick in axes.get_xticks() if number[0] <= tick <= number[-1]]
    axes.set_xticks(ticks)
    beside.set_xticks(ticks, [f"{np.interp(tick, number, position):.0f}" for tick in ticks])
    beside.set_xlabel("Position along the slice axis (mm)")
    dark(axes, beside)
    sheet.legend(entries)
    return sheet
