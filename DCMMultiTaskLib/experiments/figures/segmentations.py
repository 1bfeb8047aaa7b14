"""Fig. 8: the networks' segmentations side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from DCMMultiTaskLib.evaluation.metrics import dice
from DCMMultiTaskLib.experiments.figures.style import (
    GREY,
    INK,
    PAGE,
    SMALL,
    TEXT,
    colours_of,
    new_figure,
    picture,
    save,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRUTH = "#FFFFFF"


def draw_segmentations(
    images: np.ndarray,
    truth: np.ndarray,
    masks: Mapping[str, np.ndarray],
    rows: Sequence[str],
    path: Path,
) -> None:
    """Draw a row for each slice: the image, the truth, and each network's mask over the image with its DSC.

    Args:
        images: `(R, H, W)` in [0, 255].
        truth: True masks `(R, H, W)`.
        masks: A network's title to its masks `(R, H, W)`.
        rows: Caption of each row.
        path: The PNG.

    Raises:
        ValueError: The shapes differ.
        InputError: The file cannot be written.
    """
    for title, array in {"truth": truth, **masks}.items():
        if array.shape != images.shape or len(rows) != len(images):
            raise ValueError(f"{len(rows)} rows, images {images.shape} and {title} {array.shape} do not fit together.")
    titles = ["image", "truth", *masks]
    colours = {"image": INK, "truth": INK, **colours_of(masks)}
    left, top, foot, gap = 0.34, 0.22, 0.2, 0.03
    side = min((PAGE - left) / len(titles), 1.6) - gap
    width = left + len(titles) * (side + gap)
    height = top + len(rows) * (side + gap) + foot
    figure = new_figure(width, height, layout="none")
    for row, caption in enumerate(rows):
        bottom = foot + (len(rows) - 1 - row) * (side + gap) + gap
        figure.text(
            (left - 0.05) / width,
            (bottom + side / 2) / height,
            "\n".join(textwrap.wrap(caption, 15)),
            rotation=90,
            ha="right",
            multialignment="center",
            va="center",
            fontsize=SMALL,
            color=INK,
        )
        for column, title in enumerate(titles):
            place = (left + column * (side + gap), bottom, side, side)
            axes = figure.add_axes(tuple(np.array(place) / (width, height, width, height)))
            picture(axes)
            axes.imshow(images[row], cmap="gray", vmin=0, vmax=255, interpolation="bilinear")
            if row == 0:
                axes.set_title(title, fontsize=TEXT, color=colours[title], pad=4)
            if title == "truth":
                _outline(axes, truth[row], TRUTH, 1.2)
            elif title in masks:
                _outline(axes, masks[title][row], colours[title], 1.6)
                _outline(axes, truth[row], TRUTH, 0.5)
                _corner(axes, f"{dice(masks[title][row], truth[row]):.2f}")
    note = "white: outline of the truth; in colour: outline of the network's mask; number: DSC of this slice"
    figure.text(left / width, 0.09 / height, note, fontsize=SMALL, color=GREY, va="center")
    save(figure, path)


def _outline(axes: Axes, mask: np.ndarray, colour: str, width: float) -> None:
    inside = mask != 0
    if inside.any() and not inside.all():
        axes.contour(inside.astype(float), [0.5], colors=[colour], linewidths=width)


def _corner(axes: Axes, text: str) -> None:
    box = {"facecolor": "black", "edgecolor": "none", "alpha": 0.6, "pad": 1.5}
    axes.text(
        0.97, 0.03, text, transform=axes.transAxes, ha="right", va="bottom", fontsize=SMALL, color="white", bbox=box
    )
