"""Fig. 5: segmentation and classification against the weight of the segmentation loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from DCMMultiTaskLib.experiments.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PAGE,
    PALE,
    PURPLE,
    SKY,
    SMALL,
    TITLE,
    VERMILION,
    new_figure,
    plain,
    save,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAPER_ALPHA = 3.0
LOOKS = tuple(zip((BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, INK), "osD^vPX", strict=True))


class Measured(Protocol):
    """A metric with the ends of its 95 % interval, as `evaluation.bootstrap.Estimate`; NaN where it is not defined."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def draw_loss_weight(
    alphas: Sequence[float],
    segmentation: Mapping[str, Sequence[Measured]],
    classification: Mapping[str, Sequence[Measured]],
    path: Path,
    *,
    folds: str,
) -> None:
    """Draw one panel of segmentation and one of classification, the paper's choice of alpha shaded.

    Args:
        alphas: Weights of the Jaccard distance, ascending.
        segmentation: Name of a figure of merit to its values, one per weight.
        classification: The same for classification.
        path: The PNG.
        folds: What was measured on what, in words; stands below the panels.

    Raises:
        ValueError: A curve has not one value for each weight.
        InputError: The file cannot be written.
    """
    figure = new_figure(PAGE, 2.9, layout="none")
    margins = {"left": 0.055, "right": 0.99, "bottom": 0.22, "top": 0.84, "wspace": 0.14}
    panels = figure.subplots(1, 2, gridspec_kw=margins)
    # A figure of merit looks the same in both panels.
    looks = {name: LOOKS[n % len(LOOKS)] for n, name in enumerate(dict.fromkeys([*segmentation, *classification]))}
    for axes, title, curves in zip(
        panels, ("Segmentation", "Classification"), (segmentation, classification), strict=True
    ):
        _panel(axes, alphas, curves, looks)
        plain(axes, xlabel="weight α of the segmentation loss")
        axes.set_title(title, fontsize=TITLE, color=INK, loc="left", pad=21)
        axes.set_xticks(list(alphas), [f"{alpha:g}" for alpha in alphas])
    note = f"{folds}; bars: 95 % intervals; shaded: the paper's α = {PAPER_ALPHA:g}"
    figure.text(0.055, 0.02, note, fontsize=SMALL, color=GREY)
    save(figure, path)


def _panel(
    axes: Axes,
    alphas: Sequence[float],
    curves: Mapping[str, Sequence[Measured]],
    looks: Mapping[str, tuple[str, str]],
) -> None:
    step = min(np.diff(alphas), default=1.0)
    axes.axvspan(PAPER_ALPHA - step / 2, PAPER_ALPHA + step / 2, color=PALE, alpha=0.6, linewidth=0)
    for number, (name, figures) in enumerate(curves.items()):
        if len(figures) != len(alphas):
            raise ValueError(f"{name} has {len(figures)} values for {len(alphas)} weights.")
        # Side by side, so that bars of different curves do not hide each other.
        places = np.asarray(alphas) + 0.09 * step * (number - (len(curves) - 1) / 2)
        value, low, high = (
            np.array([getattr(figure, end) for figure in figures], dtype=float) for end in ("value", "low", "high")
        )
        axes.errorbar(
            places,
            value,
            yerr=(np.maximum(value - low, 0), np.maximum(high - value, 0)),
            label=name,
            color=looks[name][0],
            marker=looks[name][1],
            markersize=4,
            linewidth=1.3,
            elinewidth=0.9,
            capsize=2,
        )
    axes.set_xlim(min(alphas) - step / 2, max(alphas) + step / 2)
    axes.margins(y=0.08)
    if curves:
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(-0.02, 0.985),
            ncols=min(len(curves), 4),
            frameon=False,
            fontsize=SMALL,
            labelcolor=INK,
            handlelength=1.6,
            columnspacing=1.2,
        )
