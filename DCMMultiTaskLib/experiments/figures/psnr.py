"""Fig. 7: how difficult the slices are, as their peak signal-to-noise ratio."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from DCMMultiTaskLib.experiments.figures.style import (
    BLUE,
    GREY,
    INK,
    PAGE,
    PALE,
    SMALL,
    TITLE,
    VERMILION,
    new_figure,
    plain,
    save,
)

# Section 4.3.1: "ranged from 11.60 to 31.15", "mainly concentrated around 23".
PAPER_RANGE, PAPER_CENTRE = (11.60, 31.15), 23.0


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
    within = f"the paper: {PAPER_RANGE[0]:.2f} to {PAPER_RANGE[1]:.2f}"
    around = f"the paper: around {PAPER_CENTRE:g}"
    for axes in (scatter, histogram):
        axes.axhspan(*PAPER_RANGE, color=PALE, alpha=0.75, linewidth=0, zorder=0, label=within)
        axes.axhline(PAPER_CENTRE, color=GREY, linewidth=1, linestyle=(0, (4, 2)), zorder=1, label=around)
    number = np.arange(1, len(psnr) + 1)
    groups = (("negative", ~positive & known, BLUE, "o"), ("positive", positive & known, VERMILION, "^"))
    for name, chosen, colour, marker in groups:
        scatter.scatter(
            number[chosen],
            psnr[chosen],
            s=11,
            c=colour,
            marker=marker,
            alpha=0.7,
            linewidths=0,
            label=f"{name} (n = {np.count_nonzero(chosen)})",
            zorder=2,
        )
    ends = [float(end([*PAPER_RANGE, *psnr[known]])) for end in (min, max)]
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
    scatter.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 0.985),
        ncols=4,
        frameon=False,
        fontsize=SMALL,
        labelcolor=INK,
        handlelength=1.6,
        handletextpad=0.4,
        columnspacing=1.4,
    )
    if missing:
        note = f"{missing} slices without a finite ratio are left out"
        scatter.text(1, 0.01, note, transform=scatter.transAxes, ha="right", va="bottom", fontsize=SMALL, color=GREY)
    save(figure, path)
