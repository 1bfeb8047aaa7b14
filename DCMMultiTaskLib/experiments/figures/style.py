"""What all figures share: colours, sizes, and how they are written."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

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
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
INK, GREY, PALE = "#222222", "#6B6B6B", "#E4E4E4"

# A network has one colour in all figures.
NETWORK_COLOURS = {
    "Luo et al. 2020": BLUE,
    "ours (default)": VERMILION,
    "DeepLabV3": GREEN,
    "SegNet": ORANGE,
    "U-Net": PURPLE,
    "FCN-8s": SKY,
    "Residual attention network": GREEN,
    "ResNet-50": ORANGE,
    "ResNet-101": PURPLE,
    "VGG-16": SKY,
}
SPARE_COLOURS = (SKY, GREEN, ORANGE, PURPLE, BLUE, VERMILION, GREY)


def colours_of(titles: Iterable[str]) -> dict[str, str]:
    """A colour for each network's title: its own, or for a network that is not known one that none of them has."""
    titles = list(titles)
    chosen = {title: NETWORK_COLOURS[title] for title in titles if title in NETWORK_COLOURS}
    spare = [colour for colour in SPARE_COLOURS if colour not in chosen.values()] or [GREY]
    for number, title in enumerate(title for title in titles if title not in NETWORK_COLOURS):
        chosen[title] = spare[number % len(spare)]
    return chosen


def new_figure(width: float, height: float, **options: Any) -> Figure:
    """An empty white figure; matplotlib's global state is not touched.

    Args:
        width: Inches, `PAGE` or `COLUMN` for a figure to be printed.
        height: Inches.
        options: Of `matplotlib.figure.Figure`; the layout is "constrained" unless given.
    """
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, facecolor="white", **{"layout": "constrained", **options})


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


def picture(axes: Axes) -> None:
    """Axes of an image: no ticks, no frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def save(figure: Figure, path: Path, *, description: str = "") -> None:
    """Write a PNG, with fewer colours where it would be larger than `LARGEST_FILE`; whole or not at all.

    Args:
        figure: What to write.
        path: The PNG.
        description: Text that the file carries (`Description`), for programs.

    Raises:
        InputError: It cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    written = _png(Image.fromarray(pixels), description)
    if len(written) > LARGEST_FILE:
        written = _png(
            Image.fromarray((np.round(pixels * (63 / 255)) * (255 / 63)).round().astype(np.uint8)), description
        )
    for greys in (96, 48, 24):
        if len(written) <= LARGEST_FILE:
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


def _png(image: Image, description: str) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    if description:
        text.add_text("Description", description)
    stream = io.BytesIO()
    image.save(stream, format="png", dpi=(DPI, DPI), optimize=True, pnginfo=text)
    return stream.getvalue()
