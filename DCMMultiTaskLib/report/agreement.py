"""Bland-Altman plots of measurements against those of the true masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.evaluation.agreement import QUANTITIES, agreements
from DCMMultiTaskLib.evaluation.bootstrap import column
from DCMMultiTaskLib.evaluation.scoring import PatientScore
from DCMMultiTaskLib.report.style import BLUE, GREY, INK, PAGE, PALE, SMALL, VERMILION, new_figure, plain, save


def bland_altman(patients: Sequence[PatientScore], path: Path) -> Path:
    """Draw a plot for each measurement: measured less true against their mean, with bias and limits of agreement.

    Args:
        patients: Of one evaluation; a cross is a patient with the DCM-like phenotype.
        path: The PNG.

    Raises:
        InputError: matplotlib is not installed, or the file cannot be written.
    """
    figure = new_figure(PAGE, 2.7)
    has_phenotype = column(patients, "dcm") > 0
    for axes, (name, found) in zip(figure.subplots(1, len(QUANTITIES)), agreements(patients).items(), strict=True):
        quantity = QUANTITIES[name]
        measured, true = column(patients, quantity.measured), column(patients, quantity.true)
        mean, difference = (measured + true) / 2, measured - true
        for line, style in ((found.bias, "-"), (found.lower_limit, "--"), (found.upper_limit, "--")):
            if not np.isfinite(line.value):
                continue
            axes.axhspan(line.low, line.high, color=PALE, linewidth=0, alpha=0.8)
            axes.axhline(line.value, color=GREY, linewidth=1, linestyle=style)
            place = {"xytext": (-2, 2), "textcoords": "offset points", "ha": "right", "fontsize": SMALL - 1}
            axes.annotate(f"{line.value:.1f}", (1, line.value), xycoords=axes.get_yaxis_transform(), color=INK, **place)
        axes.axhline(0, color=INK, linewidth=0.5)
        for chosen, marker, colour in ((~has_phenotype, "o", BLUE), (has_phenotype, "x", VERMILION)):
            axes.plot(mean[chosen], difference[chosen], marker, color=colour, markersize=4, markeredgewidth=1.2)
        unit = f"({quantity.unit})"
        plain(axes, title=quantity.title, xlabel=f"Mean of both {unit}", ylabel=f"Measured less expert {unit}")
        axes.margins(x=0.12, y=0.08)
    save(figure, path)
    return path
