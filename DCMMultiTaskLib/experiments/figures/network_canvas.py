"""The strokes of the network's picture: blocks, arrows, sums and text, placed in inches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.report.style import GREY, INK, SMALL, new_figure, save

# Of the text in the picture, and between its lines.
POINTS, LEADING = SMALL - 0.5, 0.122
# The side and top of a block lean to the right by this share of its height.
LEAN = (0.17, 0.13)


@dataclass(frozen=True)
class Scale:
    """How large a block is drawn: its height hints at the resolution, its width at the channels.

    Attributes:
        size: Side of the image, in pixels.
        channels: The network's base width C.
    """

    size: int
    channels: int

    def extent(self, shape: Sequence[int], *, part: float = 1.0) -> tuple[float, float]:
        """Width and height in inches of a `C x H x W` block, `part` of it for a detail."""
        channels, height = shape[0], shape[1]
        return 0.13 * part * (channels / self.channels) ** 0.55, 0.72 * part * (height / self.size) ** 0.42


class NetworkCanvas:
    """A figure with one drawing plane, in inches from the lower left.

    Args:
        width: Inches.
        height: Inches.
    """

    def __init__(self, width: float, height: float) -> None:
        self.figure = new_figure(width, height, layout="none")
        self.axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
        self.axes.set_axis_off()
        self._layer = 2.0

    def block(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A cuboid, its front face's lower left at (x, y); later ones are nearer."""
        from matplotlib.patches import Polygon

        lean, rise = LEAN[0] * height, LEAN[1] * height
        right, top = x + width, y + height
        faces = (
            ([(x, y), (right, y), (right, top), (x, top)], 0.0),
            ([(x, top), (right, top), (right + lean, top + rise), (x + lean, top + rise)], 0.35),
            ([(right, y), (right + lean, y + rise), (right + lean, top + rise), (right, top)], -0.2),
        )
        self._layer += 0.01
        for corners, light in faces:
            face = Polygon(corners, facecolor=shade(colour, light), edgecolor="white", linewidth=0.6, joinstyle="round")
            face.set_zorder(self._layer)
            self.axes.add_patch(face)

    def arrow(self, points: Sequence[tuple[float, float]], colour: str, *, width: float = 1.2) -> None:
        """A line through the points, with a head at the last."""
        from matplotlib.patches import FancyArrowPatch

        for start, end in pairwise(points[:-1]):
            self.line([start, end], colour, width=width)
        head = FancyArrowPatch(
            points[-2],
            points[-1],
            arrowstyle="-|>,head_length=3,head_width=1.8",
            shrinkA=0,
            shrinkB=0,
            color=colour,
            linewidth=width,
            capstyle="butt",
            zorder=1.9,
        )
        self.axes.add_patch(head)

    def line(self, points: Sequence[tuple[float, float]], colour: str, *, width: float = 1.2) -> None:
        """A line through the points."""
        across, up = zip(*points, strict=True)
        self.axes.plot(across, up, color=colour, linewidth=width, solid_capstyle="projecting", snap=False, zorder=1.8)

    def joint(self, x: float, y: float, sign: str, *, radius: float = 0.075) -> None:
        """A circle with the sign of what happens here: +, × or σ."""
        from matplotlib.patches import Circle

        self.axes.add_patch(Circle((x, y), radius, facecolor="white", edgecolor=INK, linewidth=0.9, zorder=4))
        arm = 0.55 * radius
        if sign == "+":
            self.axes.plot([x - arm, x + arm], [y, y], color=INK, linewidth=0.9, zorder=5)
            self.axes.plot([x, x], [y - arm, y + arm], color=INK, linewidth=0.9, zorder=5)
        else:
            self.axes.text(x, y - 0.004, sign, ha="center", va="center", fontsize=POINTS, color=INK, zorder=5)

    def text(
        self,
        x: float,
        y: float,
        lines: Sequence[str],
        *,
        align: str = "left",
        title: str | None = INK,
        points: float = POINTS,
    ) -> None:
        """Lines around the height y; the first bold in the colour `title`, the others grey; all grey for None."""
        step = LEADING * points / POINTS
        for number, line in enumerate(lines):
            bold = number == 0 and title is not None
            self.axes.text(
                x,
                y + step * ((len(lines) - 1) / 2 - number),
                line,
                ha=align,
                va="center",
                fontsize=points,
                fontweight="bold" if bold else "normal",
                color=title if bold else GREY,
                zorder=6,
            )

    def frame(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A pale rounded rectangle behind everything."""
        from matplotlib.patches import FancyBboxPatch

        style = "round,pad=0,rounding_size=0.08"
        face, edge = shade(colour, 0.9), shade(colour, 0.3)
        box = FancyBboxPatch((x, y), width, height, boxstyle=style, facecolor=face, edgecolor=edge, linewidth=0.8)
        box.set_zorder(0.5)
        self.axes.add_patch(box)

    def area(self, corners: Sequence[tuple[float, float]], colour: str) -> None:
        """A pale polygon behind everything."""
        from matplotlib.patches import Polygon

        self.axes.add_patch(Polygon(list(corners), facecolor=shade(colour, 0.82), edgecolor="none", zorder=0.4))

    def image(self, x: float, y: float, side: float, pixels: np.ndarray) -> None:
        """A grey image `(H, W)` in [0, 1], its lower left at (x, y)."""
        inset = self.axes.inset_axes((x, y, side, side), transform=self.axes.transData, zorder=3)
        inset.set_axis_off()
        inset.imshow(pixels, cmap="gray", vmin=0, vmax=1, interpolation="bilinear")

    def save(self, path: Path, *, description: str = "") -> None:
        """Write the PNG."""
        save(self.figure, path, description=description)


def shade(colour: str, light: float) -> tuple[float, float, float]:
    """A colour nearer to white for `light` in (0, 1], nearer to black for [-1, 0)."""
    from matplotlib.colors import to_rgb

    target = 1.0 if light > 0 else 0.0
    red, green, blue = (part + abs(light) * (target - part) for part in to_rgb(colour))
    return red, green, blue
