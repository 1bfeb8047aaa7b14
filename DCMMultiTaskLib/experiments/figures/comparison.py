"""The networks beside each other: Fig. 6, the folds' DSC of each, and Fig. 8, their segmentations."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from DCMMultiTaskLib.evaluation.metrics import dice
from DCMMultiTaskLib.report.contact_sheet import draw_mask
from DCMMultiTaskLib.report.sheet import POINT
from DCMMultiTaskLib.report.style import (
    BLUE,
    COLUMN,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PAGE,
    PURPLE,
    SKY,
    SMALL,
    VERMILION,
    legend,
    new_figure,
    picture,
    plain,
    save,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRUTH = "#FFFFFF"
# Below this DSC the scale of Fig. 6 is narrower where one network fails and most do not, or its box flattens theirs.
FAILED_DSC = 0.6
NARROWER = 6

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


def draw_dsc_boxes(dsc_per_fold: Mapping[str, Sequence[float]], path: Path, *, paper: Mapping[str, float]) -> None:
    """Draw a box for each network, with its folds as points over it and the paper's mean beside it.

    Args:
        dsc_per_fold: A network's title to the mean DSC of each of its folds.
        path: The PNG.
        paper: A network's title to the DSC that the paper prints for it; networks may be missing.

    Raises:
        InputError: The file cannot be written.
    """
    from matplotlib.lines import Line2D

    figure = new_figure(min(PAGE, max(COLUMN, 0.4 + 0.95 * len(dsc_per_fold))), 3.0)
    axes = figure.subplots()
    colours = colours_of(dsc_per_fold)
    finite = [np.asarray([dsc for dsc in own if np.isfinite(dsc)], dtype=float) for own in dsc_per_fold.values()]
    for place, (title, folds) in enumerate(zip(dsc_per_fold, finite, strict=True)):
        colour = colours[title]
        line = {"color": colour, "linewidth": 1.2}
        axes.boxplot(
            folds,
            positions=[place],
            widths=0.5,
            whis=(0, 100),
            patch_artist=True,
            boxprops={"facecolor": f"{colour}38", "edgecolor": colour, "linewidth": 1.2},
            medianprops={**line, "linewidth": 2},
            whiskerprops=line,
            capprops=line,
        )
        across = place + 0.12 * (np.arange(len(folds)) % 3 - 1)
        axes.plot(across, folds, "o", color=colour, markersize=3.6, markeredgecolor="white", markeredgewidth=0.5)
        if title in paper:
            axes.plot(place + 0.38, paper[title], "D", color=INK, markerfacecolor="white", markersize=5)
    plain(axes, title="Myocardium DSC per fold", ylabel="DSC (mean of a fold)")
    axes.set_xticks(range(len(dsc_per_fold)), [_in_lines(title) for title in dsc_per_fold], fontsize=SMALL)
    axes.set_xlim(-0.6, len(dsc_per_fold) - 0.4)
    axes.margins(y=0.08)
    everything = np.concatenate(finite)
    if everything.min(initial=FAILED_DSC) < FAILED_DSC / 2 and np.median(everything) > FAILED_DSC:
        _narrow_failures(axes)
    shown = [
        Line2D([], [], marker="o", color=INK, linestyle="", markersize=3.6),
        Line2D([], [], marker="D", color=INK, markerfacecolor="white", linestyle="", markersize=5),
    ]
    names = ["a fold (box: quartiles, median)", "the paper, on its own data"]
    beside = 2 if len(dsc_per_fold) > 3 else 1
    legend(axes, shown, names, place=(0, -0.18), loc="upper left", ncols=beside, handletextpad=0.3)
    save(figure, path)


def _narrow_failures(axes: Axes) -> None:
    def narrowed(dsc: np.ndarray) -> np.ndarray:
        return np.where(dsc < FAILED_DSC, FAILED_DSC + (dsc - FAILED_DSC) / NARROWER, dsc)

    def widened(place: np.ndarray) -> np.ndarray:
        return np.where(place < FAILED_DSC, FAILED_DSC + (place - FAILED_DSC) * NARROWER, place)

    axes.set_yscale("function", functions=(narrowed, widened))
    top = axes.get_ylim()[1]
    axes.set_ylim(-0.06, top)
    axes.set_yticks([0, *np.arange(FAILED_DSC, top, 0.05)])
    axes.axhline(FAILED_DSC, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    words = f"below {FAILED_DSC:g} the scale is {NARROWER} times narrower"
    beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "top"}
    axes.annotate(words, (0, FAILED_DSC), (3, -3), fontsize=SMALL, color=GREY, **beside)


def _in_lines(title: str) -> str:
    """Broken into lines of about half its length, if it is long."""
    return "\n".join(textwrap.wrap(title, max(11, len(title) // 2 + 1), break_long_words=False))


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
    heads = [_in_lines(title) for title in titles]
    left, top, foot, gap = 0.34, 0.1 + 0.12 * max(head.count("\n") + 1 for head in heads), 0.2, 0.03
    side = min((PAGE - left) / len(titles), 1.6) - gap
    width = left + len(titles) * (side + gap)
    height = top + len(rows) * (side + gap) + foot
    figure = new_figure(width, height, layout="none")
    for row, caption in enumerate(rows):
        bottom = foot + (len(rows) - 1 - row) * (side + gap) + gap
        words, beside = "\n".join(textwrap.wrap(caption, 15)), ((left - 0.05) / width, (bottom + side / 2) / height)
        turned: dict[str, Any] = {"rotation": 90, "ha": "right", "va": "center", "multialignment": "center"}
        figure.text(*beside, words, fontsize=SMALL, color=INK, **turned)
        for column, title in enumerate(titles):
            place = (left + column * (side + gap), bottom, side, side)
            axes = figure.add_axes(tuple(np.array(place) / (width, height, width, height)))
            picture(axes)
            axes.imshow(images[row], cmap="gray", vmin=0, vmax=255, interpolation="bilinear")
            if row == 0:
                axes.set_title(heads[column], fontsize=SMALL, color=colours[title], pad=4)
            if title == "truth":
                draw_mask(axes, truth[row], TRUTH, width=1.2 * POINT)
            elif title in masks:
                draw_mask(axes, masks[title][row], colours[title], width=1.6 * POINT)
                draw_mask(axes, truth[row], TRUTH, width=0.5 * POINT)
                _corner(axes, f"{dice(masks[title][row], truth[row]):.2f}")
    note = "white: outline of the truth; in colour: outline of the network's mask; number: DSC of this slice"
    figure.text(left / width, 0.09 / height, note, fontsize=SMALL, color=GREY, va="center")
    save(figure, path)


def _corner(axes: Axes, text: str) -> None:
    box = {"facecolor": "black", "edgecolor": "none", "alpha": 0.6, "pad": 1.5}
    axes.text(
        0.97, 0.03, text, transform=axes.transAxes, ha="right", va="bottom", fontsize=SMALL, color="white", bbox=box
    )
