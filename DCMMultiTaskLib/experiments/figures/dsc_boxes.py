"""Fig. 6: the folds' DSC of each network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.experiments.figures.style import (
    COLUMN,
    INK,
    PAGE,
    SMALL,
    colours_of,
    new_figure,
    plain,
    save,
)


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
    for place, (title, values) in enumerate(dsc_per_fold.items()):
        colour = colours[title]
        folds = np.asarray([value for value in values if np.isfinite(value)], dtype=float)
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
    axes.set_xticks(range(len(dsc_per_fold)), [_two_lines(title) for title in dsc_per_fold], fontsize=SMALL)
    axes.set_xlim(-0.6, len(dsc_per_fold) - 0.4)
    axes.margins(y=0.08)
    shown = [
        Line2D([], [], marker="o", color=INK, linestyle="", markersize=3.6),
        Line2D([], [], marker="D", color=INK, markerfacecolor="white", linestyle="", markersize=5),
    ]
    axes.legend(
        shown,
        ["a fold (box: quartiles, median)", "the paper, on its own data"],
        loc="upper left",
        bbox_to_anchor=(0, -0.18),
        ncols=2,
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        handletextpad=0.3,
        columnspacing=1.2,
    )
    save(figure, path)


def _two_lines(title: str) -> str:
    """Broken at its last blank, if it is long."""
    first, _, last = title.rpartition(" ")
    return f"{first}\n{last}" if first and len(title) >= 12 else title
