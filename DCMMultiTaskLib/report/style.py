"""What all plots and pictures share: colours, sizes, and how they are written. The colours need no matplotlib."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from DCMMultiTaskLib.errors import InputError, pip_install
from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.storage import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

DPI = 200
LARGEST_FILE = 600_000
# Inches: a page's text width, and a column of a two-column page.
PAGE, COLUMN = 7.2, 3.5
# Points.
TITLE, TEXT, SMALL = 9.0, 8.0, 7.0

# Okabe and Ito (2008): told apart by colour-blind readers.
ORANGE, SKY, GREEN = "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
INK, GREY, PALE = "#222222", "#6B6B6B", "#E4E4E4"

# Pictures of images are dark: a reader's eye adapts to the brightest part. Okabe's and Ito's hues again, lightened.
NIGHT, PANEL, RULE = "#12151A", "#1E232A", "#3A424D"
LIGHT, MUTED = "#ECEFF3", "#9AA3AF"
ABOVE, BELOW = "#FF8552", "#56B4E9"
WARNING = "#FFC43D"


@dataclass(frozen=True)
class LabelLook:
    """How a label of a mask is drawn: its name in legends, the colour of its outline, and of its tint if it has one."""

    name: str
    line: str
    tint: str | None = None


# The tint of the myocardium is the colour of its segment in Slicer and in files.
LABELS = {
    MYOCARDIUM.label: LabelLook("myocardium", "#FF9A83", "#{:02X}{:02X}{:02X}".format(*MYOCARDIUM.colour)),
    LV_CAVITY.label: LabelLook(LV_CAVITY.name, "#6FC3F2"),
}


def rgb(colour: str) -> tuple[float, float, float]:
    """Red, green and blue, 0 to 1, of a colour written as `#RRGGBB`."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def new_figure(width: float, height: float, **options: Any) -> Figure:
    """An empty figure; matplotlib's global state is not touched.

    Args:
        width: Inches, `PAGE` or `COLUMN` for a figure to be printed.
        height: Inches.
        options: Of `matplotlib.figure.Figure`; the layout is "constrained" and the colour white unless given.

    Raises:
        InputError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InputError(f"pictures need matplotlib ({error}): {pip_install('matplotlib')}.") from error

    figure = Figure(figsize=(width, height), dpi=DPI, **{"layout": "constrained", "facecolor": "white", **options})
    FigureCanvasAgg(figure)  # becomes the figure's canvas
    return figure


def plain(axes: Axes, *, title: str = "", xlabel: str = "", ylabel: str = "") -> None:
    """Axes of a plot: two spines, outward ticks, horizontal grid lines behind the data, text of the figures' sizes."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(labelsize=SMALL, color=GREY, labelcolor=INK, length=3)
    axes.grid(axis="y", color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_title(title, fontsize=TITLE, color=INK, loc="left")
    axes.set_xlabel(xlabel, fontsize=TEXT, color=INK)
    axes.set_ylabel(ylabel, fontsize=TEXT, color=INK)


def legend(axes: Axes, *handles: Any, place: tuple[float, float] = (-0.015, 0.985), **options: Any) -> None:
    """A legend outside of the axes, its entries side by side, from its corner at `place` (in shares of the axes)."""
    look = {"loc": "lower left", "ncols": 4, "fontsize": SMALL, "handlelength": 1.6, "columnspacing": 1.3, **options}
    axes.legend(*handles, bbox_to_anchor=place, frameon=False, labelcolor=INK, **look)


def picture(axes: Axes) -> None:
    """Axes of an image: no ticks, no frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def save(figure: Figure, path: Path, *, description: str = "", quick: bool = False) -> None:
    """Write a PNG, with fewer colours where it would be larger than `LARGEST_FILE`; whole or not at all.

    Args:
        figure: What to write.
        path: The PNG.
        description: Text that the file carries (`Description`), for programs.
        quick: Write all colours, in a fifth of the time and a somewhat larger file.

    Raises:
        InputError: It cannot be written.
    """
    from PIL import Image

    canvas: Any = figure.canvas
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    written = _png(Image.fromarray(pixels), description, optimize=not quick)
    limit = np.inf if quick else LARGEST_FILE
    if len(written) > limit:
        written = _png(
            Image.fromarray((np.round(pixels * (63 / 255)) * (255 / 63)).round().astype(np.uint8)), description
        )
    for greys in (96, 48, 24):
        if len(written) <= limit:
            break
        written = _png(with_palette(pixels, greys), description)
    with atomic_path(path) as temporary:
        temporary.write_bytes(written)


def with_palette(pixels: np.ndarray, greys: int) -> Image:
    """A picture of 256 colours, `greys` of them grey.

    Greys and colours are reduced apart: an MR image's many greys would take the colours of the thin lines over it.

    Args:
        pixels: uint8 `(H, W, 3)`.
        greys: Levels from black to white.
    """
    from PIL import Image

    coloured = np.ptp(pixels, axis=-1) > 8
    index = np.round(pixels[..., 1] * ((greys - 1) / 255)).astype(np.uint8)
    palette = np.repeat(np.round(np.linspace(0, 255, greys)).astype(np.uint8), 3).tolist()
    if coloured.any():
        line = Image.fromarray(pixels[coloured][None])
        reduced = line.quantize(256 - greys, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        index[coloured] = np.asarray(reduced)[0] + greys
        palette += (reduced.getpalette() or [])[: 3 * (256 - greys)]
    picture = Image.fromarray(index)
    picture.putpalette(palette)
    return picture


def _png(image: Image, description: str, *, optimize: bool = True) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    if description:
        text.add_text("Description", description)
    stream = io.BytesIO()
    image.save(stream, format="png", dpi=(DPI, DPI), optimize=optimize, pnginfo=text)
    return stream.getvalue()
