"""A dark page with a heading, to put pictures, bars and words on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from DCMMultiTaskLib.report.study import StudyPicture
from DCMMultiTaskLib.report.style import DPI, LIGHT, MUTED, NIGHT, RULE, new_figure, save

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axes._base import _AxesBase

MARGIN = 24
# Room for the heading and its legend, and for what stands below the pictures; a page needs a width for its words.
HEADER, FOOTER = 128, 46
NARROWEST = 640
# Pixels of a point of type.
POINT = DPI / 72


class Sheet:
    """A page; places are pixels from its upper left corner.

    Args:
        study: Its name and patient stand at the top, where it comes from at the bottom.
        width: Pixels.
        height: Pixels, of which `HEADER` and `FOOTER` are taken.
        more: What else is said beside the patient's probability.
    """

    def __init__(self, study: StudyPicture, width: int, height: int, *, more: str = "") -> None:
        self.width, self.height = width, height
        self.figure = new_figure(width / DPI, height / DPI, layout="none", facecolor=NIGHT)
        canvas: Any = self.figure.canvas
        self._renderer = canvas.get_renderer()
        self.page = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        self.page.set_axis_off()
        room = width - 2 * MARGIN
        self.text(study.name, MARGIN, 44, size=28, bold=True, width=room)
        headline = "   ·   ".join(part for part in (study.headline, more) if part)
        self.text(headline, MARGIN, 76, size=18, width=room)
        self.text(study.source, MARGIN, height - 18, size=14, colour=MUTED, width=room)

    def axes(self, left: float, top: float, width: float, height: float, **options: Any) -> Axes:
        """Axes of their own at a place."""
        box = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(box, **options)

    def box(self, left: float, top: float, width: float, height: float, colour: str, **options: Any) -> None:
        """Fill a rectangle."""
        from matplotlib.patches import Rectangle

        self.page.add_patch(Rectangle((left, top), width, height, facecolor=colour, linewidth=0, **options))

    def text(
        self,
        text: str,
        x: float,
        baseline: float,
        *,
        size: float = 15,
        colour: str = LIGHT,
        bold: bool = False,
        align: str = "left",
        width: float = np.inf,
    ) -> float:
        """Write one line.

        Args:
            text: What does not fit into `width` is set smaller, then cut, and ends in dots.
            x: The line's left end, middle or right end, as `align` says.
            baseline: What the letters stand on.
            size: Of the type, in pixels.
            colour: Of the letters.
            bold: Heavier letters.
            align: `left`, `center` or `right`.
            width: Room for it.

        Returns:
            The width that it takes.
        """
        line = self.page.text(
            x, baseline, text, fontsize=size / POINT, color=colour, ha=align, va="baseline", parse_math=False
        )
        line.set_fontweight("bold" if bold else "normal")
        taken = self._width(line)
        if taken > width:
            line.set_fontsize(max(width / taken, 0.8) * size / POINT)
        while (taken := self._width(line)) > width and len(text) > 1:
            text = text[:-1].rstrip()
            line.set_text(text + "…")
        return taken

    def legend(self, entries: Sequence[tuple[Artist, str]], *, right: float = 0) -> None:
        """Name what is drawn, in the line below the heading.

        Args:
            entries: A sample and its name each.
            right: Pixels at the right end of the line that are taken.
        """
        if not entries:
            return
        samples, names = zip(*entries, strict=True)
        options: dict[str, Any] = {"borderpad": 0, "borderaxespad": 0, "columnspacing": 1.6, "handletextpad": 0.6}
        for size in (15, 13, 11):
            legend = self.page.legend(
                samples,
                names,
                loc="center left",
                bbox_to_anchor=(MARGIN, 104),
                bbox_transform=self.page.transData,
                ncols=len(samples),
                frameon=False,
                fontsize=size / POINT,
                labelcolor=MUTED,
                handlelength=1.5,
                **options,
            )
            if legend.get_window_extent(self._renderer).width <= self.width - 2 * MARGIN - right:
                return

    def save(self, path: str | Path) -> Path:
        """Write a PNG file, whole or not at all."""
        save(self.figure, Path(path), quick=True)
        return Path(path)

    def _width(self, text: Any) -> float:
        return text.get_window_extent(self._renderer).width


def dark(axes: Axes, *beside: _AxesBase) -> None:
    """Axes of a plot on a sheet: grid lines behind the data, light words; those beside it have no line of their own."""
    axes.grid(color=RULE, linewidth=1 / POINT)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MUTED)
    for one in beside:
        one.spines["top"].set_visible(False)
    for one in (axes, *beside):
        one.tick_params(labelsize=15 / POINT, labelcolor=LIGHT, color=MUTED, length=0)
        for axis in (one.xaxis, one.yaxis):
            axis.label.set(fontsize=16 / POINT, color=LIGHT)
