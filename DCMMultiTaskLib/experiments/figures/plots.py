"""Plots of the paper: Fig. 5, both tasks against the weight of the segmentation loss, and Fig. 7, the slices' PSNR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from DCMMultiTaskLib.errors import count
from DCMMultiTaskLib.evaluation.bootstrap import Estimate
from DCMMultiTaskLib.experiments.protocol import PAPER_PSNR, PSNR_CENTRE
from DCMMultiTaskLib.report.style import (
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
    legend,
    new_figure,
    plain,
    save,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAPER_ALPHA = 3.0
LOOKS = tuple(zip((BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, INK), "osD^vPX", strict=True))


def draw_loss_weight(
    alphas: Sequence[float],
    segmentation: Mapping[str, Sequence[Estimate]],
    classification: Mapping[str, Sequence[Estimate]],
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
    curves: Mapping[str, Sequence[Estimate]],
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
        ends = (np.maximum(value - low, 0), np.maximum(high - value, 0))
        look: dict[str, Any] = {"label": name, "color": looks[name][0], "marker": looks[name][1]}
        axes.errorbar(places, value, yerr=ends, markersize=4, linewidth=1.3, elinewidth=0.9, capsize=2, **look)
    axes.set_xlim(min(alphas) - step / 2, max(alphas) + step / 2)
    axes.margins(y=0.08)
    if curves:
        legend(axes)


def draw_psnr(psnr: np.ndarray, positive: np.ndarray, path: Path) -> None:
    """Draw each slice's PSNR, with a histogram at the side, over what the paper reports.

    Args:
        psnr: `(N,)` in dB; slices where it is not finite are left out, and counted in the picture.
        positive: `(N,)`, whether the slice is of the positive class.
        path: The PNG.

    Raises:
        ValueError: The shapes differ.
        InputError: The file cannot be written.
    """
    from matplotlib.ticker import MultipleLocator

    psnr, positive = np.asarray(psnr, dtype=float), np.asarray(positive).astype(bool)
    if psnr.shape != positive.shape or psnr.ndim != 1:
        raise ValueError(f"PSNR {psnr.shape} and classes {positive.shape} differ in shape.")
    known = np.isfinite(psnr)
    figure = new_figure(PAGE, 3.0, layout="none")
    margins = {"left": 0.055, "right": 0.99, "bottom": 0.14, "top": 0.84, "wspace": 0.03}
    scatter, histogram = figure.subplots(1, 2, sharey=True, width_ratios=(5, 1), gridspec_kw=margins)
    within = f"the paper: {PAPER_PSNR[0]:.2f} to {PAPER_PSNR[1]:.2f}"
    around = f"the paper: around {PSNR_CENTRE:g}"
    for axes in (scatter, histogram):
        axes.axhspan(*PAPER_PSNR, color=PALE, alpha=0.75, linewidth=0, zorder=0, label=within)
        axes.axhline(PSNR_CENTRE, color=GREY, linewidth=1, linestyle=(0, (4, 2)), zorder=1, label=around)
    number = np.arange(1, len(psnr) + 1)
    groups = (("negative", ~positive & known, BLUE, "o"), ("positive", positive & known, VERMILION, "^"))
    for name, chosen, colour, marker in groups:
        label = f"{name} (n = {np.count_nonzero(chosen)})"
        look: dict[str, Any] = {"c": colour, "marker": marker, "label": label}
        scatter.scatter(number[chosen], psnr[chosen], s=11, alpha=0.7, linewidths=0, zorder=2, **look)
    ends = [float(end([*PAPER_PSNR, *psnr[known]])) for end in (min, max)]
    histogram.hist(
        [psnr[chosen] for _, chosen, _, _ in groups],
        bins=list(np.linspace(ends[0], ends[1], 31)),
        color=[colour for _, _, colour, _ in groups],
        stacked=True,
        orientation="horizontal",
        zorder=2,
    )
    plain(scatter, xlabel="slice number", ylabel="PSNR (dB)")
    scatter.set_title("Peak signal-to-noise ratio of each slice", fontsize=TITLE, color=INK, loc="left", pad=21)
    plain(histogram, xlabel="slices")
    scatter.yaxis.set_major_locator(MultipleLocator(5))
    histogram.tick_params(axis="y", length=0)
    scatter.set_xlim(0, max(len(psnr), 1) + 1)
    scatter.set_ylim(ends[0] - 1, ends[1] + 1)
    missing = np.count_nonzero(~known)
    legend(scatter, handletextpad=0.4)
    if missing:
        note = f"without {count(int(missing), 'slice')} that have no finite ratio"
        scatter.text(1, 0.01, note, transform=scatter.transAxes, ha="right", va="bottom", fontsize=SMALL, color=GREY)
    save(figure, path)
