"""Wall thickness by segments as a bull's eye: the base outside, the apex in the middle, the anterior wall on top."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.measurements.wall_segments import LEVELS, bulls_eye
from DCMMultiTaskLib.report.sheet import FOOTER, HEADER, MARGIN, POINT, Sheet
from DCMMultiTaskLib.report.study import StudyPicture
from DCMMultiTaskLib.report.style import LIGHT, MUTED, NIGHT, PANEL, RULE

# Pixels.
WIDTH, HEIGHT = 1200, 780
COLOURS = "cividis"
"""Of the thickness; the same order for colour-blind readers, and on grey paper."""
WALLS = {"Anterior": (90, "center", "bottom"), "Septum": (180, "right", "center"), "Lateral": (0, "left", "center")}


def bulls_eye_chart(result: Result) -> Sheet:
    """The mean thickness of the 17 segments; its axes are labelled `segments`.

    Segments that no slice tells are hollow. Where the septum is not known, no wall is named.

    Args:
        result: Its `wall_segments` are drawn.

    Returns:
        The sheet, to be saved.

    Raises:
        InputError: matplotlib is not installed.
    """
    wall = result.wall_segments
    sheet = Sheet(StudyPicture.of(result), WIDTH, HEIGHT, more="Wall thickness by segments")
    from matplotlib import colormaps
    from matplotlib.colors import Normalize
    from matplotlib.patches import Wedge

    across, down = WIDTH - 2 * MARGIN, HEIGHT - HEADER - FOOTER
    sheet.box(MARGIN, HEADER, across, down, PANEL)
    side = down - 2 * 48
    left = MARGIN + (across - side) / 2
    axes: Any = sheet.axes(left, HEADER + 48, side, side, label="segments", facecolor="none")
    axes.set(xlim=(-1.01, 1.01), ylim=(-1.01, 1.01))
    axes.set_axis_off()

    known = [mean for mean in wall.mean_mm.values() if math.isfinite(mean)]
    scale = Normalize(math.floor(min(known, default=0.0)), math.ceil(max(known, default=1.0) + 1e-6))
    colours = colormaps[COLOURS]
    for number, (inner, outer, first, last) in bulls_eye().items():
        mean = wall.mean_mm[number]
        value = float(scale(mean)) if math.isfinite(mean) else math.nan
        colour = colours(value) if math.isfinite(value) else PANEL
        edge = {"edgecolor": NIGHT if math.isfinite(value) else RULE, "linewidth": 3 / POINT}
        axes.add_patch(Wedge((0, 0), outer, first, last, width=outer - inner, facecolor=colour, **edge))
        middle, angle = (inner + outer) / 2 if number < 17 else 0.0, math.radians((first + last) / 2)
        place = (middle * math.cos(angle), middle * math.sin(angle))
        ink = MUTED if not math.isfinite(value) else NIGHT if value > 0.45 else LIGHT
        text = f"{mean:.1f}" if math.isfinite(mean) else "-"
        axes.text(*place, text, ha="center", va="center", fontsize=19 / POINT, color=ink)
    for name, (degrees, *align) in (WALLS | {"Inferior": (270, "center", "top")}).items() if wall.named else ():
        x, y = (1.03 * function(np.radians(degrees)) for function in (np.cos, np.sin))
        axes.text(x, y, name, ha=align[0], va=align[1], fontsize=17 / POINT, color=LIGHT)
    _key(sheet, scale, colours, MARGIN + 40, HEADER + 48, side)
    lines = ["From outside:", *LEVELS, "apex", "", "Slices with", "quality ok count."]
    for row, line in enumerate(lines):
        sheet.text(line, WIDTH - MARGIN - 30, HEADER + 66 + 22 * row, size=15, colour=MUTED, align="right")
    sheet.text(wall.septum, MARGIN + 2, 108, size=15, colour=MUTED, width=WIDTH - 2 * MARGIN)
    return sheet


def _key(sheet: Sheet, scale: Any, colours: Any, left: float, top: float, height: float) -> None:
    """The colours' scale, thin walls at the bottom."""
    axes: Any = sheet.axes(left, top + 40, 22, height - 80, label="key")
    axes.imshow(np.linspace(1, 0, 256)[:, None], cmap=colours, aspect="auto", extent=(0, 1, scale.vmin, scale.vmax))
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.locator_params(axis="y", nbins=6, integer=True)
    axes.tick_params(labelsize=15 / POINT, labelcolor=LIGHT, color=MUTED, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    sheet.text("mm", left + 28, top + 24, size=15, colour=LIGHT)
