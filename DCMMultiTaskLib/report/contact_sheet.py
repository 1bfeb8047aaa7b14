"""All slices of a result on one sheet: image, outlines, probability and quality."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from DCMMultiTaskLib.errors import count
from DCMMultiTaskLib.imaging.segments import MYOCARDIUM
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.report.sheet import FOOTER, HEADER, MARGIN, NARROWEST, POINT, Sheet
from DCMMultiTaskLib.report.study import SliceWords, StudyPicture
from DCMMultiTaskLib.report.style import ABOVE, BELOW, LABELS, LIGHT, MUTED, PANEL, RULE, WARNING, LabelLook, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 16
SMALLEST_TILE, LARGEST_TILE = 180, 420
# Of a caption: its bar and two lines, each line of a remark, the room at its sides, and the size of its small type.
CAPTION, REMARK, PAD, SMALL = 64, 20, 10, 15
# Class activation that the heat scale spans; what is lower leaves the image as it is.
HEAT, HEAT_RANGE = "inferno", (0.2, 1.0)


def contact_sheet(result: Result, *, width: int = 1600, most: int = 48, activation: bool = False) -> Sheet:
    """A sheet with one picture per slice, zoomed to the heart; each slice's axes are labelled `slice N`, from 0.

    Args:
        result: Its mask is outlined over the image.
        width: Pixels; a study of few slices takes less.
        most: At most so many slices are shown, evenly chosen from those with myocardium.
        activation: Lay the class activation map over the image.

    Returns:
        The sheet, to be saved.

    Raises:
        InputError: matplotlib is not installed.
    """
    study = StudyPicture.of(result)
    shown = chosen_slices(study, most)
    columns = _columns(len(shown), width // SMALLEST_TILE)
    tile = min((width - 2 * MARGIN + GAP) // columns - GAP, LARGEST_TILE)
    remarks = {at: _lines(study.slices[at], tile) for at in shown}
    # A short remark stands beside the position, a longer one in lines of its own.
    step = tile + CAPTION + REMARK * max(len(lines) - 1 for lines in remarks.values()) + GAP
    slices = count(len(study.slices), "slice") + ", counted from 1" * (len(study.slices) > 1)
    sheet = Sheet(
        study,
        max(2 * MARGIN - GAP + columns * (tile + GAP), min(width, NARROWEST)),
        HEADER + math.ceil(len(shown) / columns) * step - GAP + FOOTER,
        more=slices if len(shown) == len(study.slices) else f"{len(shown)} of {slices}",
    )
    for place, at in enumerate(shown):
        left = MARGIN + (place % columns) * (tile + GAP)
        top = HEADER + (place // columns) * step
        sheet.box(left, top, tile, step - GAP, PANEL)
        axes = sheet.axes(left, top, tile, tile, label=f"slice {at}")
        draw_slice(axes, study, at, activation=activation)
        if place == 0:
            _draw_scale(axes, study)
        _write_caption(sheet, study.slices[at], study.threshold, remarks[at], left, top + tile, tile)
    _write_legend(sheet, study, activation=activation)
    return sheet


def chosen_slices(study: StudyPicture, most: int) -> list[int]:
    """The slices to show: all, or `most` of them, evenly chosen from the first to the last with myocardium."""
    if len(study.slices) <= most:
        return list(range(len(study.slices)))
    found = np.flatnonzero((study.labels == 1).any(axis=(1, 2)))
    first, last = (found[0], found[-1]) if len(found) else (0, len(study.slices) - 1)
    return sorted({int(at) for at in np.linspace(first, last, most).round()})


def draw_slice(axes: Axes, study: StudyPicture, at: int, *, activation: bool = False) -> None:
    """Draw a slice with its outlines in axes of columns and rows, whose whole numbers are the pixels' centres."""
    rows, columns = study.window()
    extent = (columns.start - 0.5, columns.stop - 0.5, rows.stop - 0.5, rows.start - 0.5)
    box: dict[str, Any] = {"extent": extent, "aspect": "auto"}
    black, white = study.greys
    picture(axes)
    axes.set_facecolor("black")
    axes.imshow(study.images[at, rows, columns], "gray", vmin=black, vmax=white, interpolation="bicubic", **box)
    heat = study.activation if activation else None
    if heat is not None:
        axes.imshow(heat_colours(heat[at, rows, columns]), interpolation="bilinear", **box)
    half = [study.size_mm / 2 / spacing for spacing in study.spacing_mm]
    axes.set_xlim(study.centre[1] - half[1], study.centre[1] + half[1])
    axes.set_ylim(study.centre[0] + half[0], study.centre[0] - half[0])
    for label, look in _drawn(heat is not None).items():
        line, tint = (look.line, look.tint) if heat is None else (LIGHT, None)  # heat has the myocardium's colours
        draw_mask(axes, study.labels[at] == label, line, tint=tint)


def _draw_scale(axes: Axes, study: StudyPicture) -> None:
    """A bar of a third of the picture or less, in round numbers, with its length."""
    length = next(mm for mm in (50, 20, 10, 5, 2, 1) if mm <= study.size_mm / 3 or mm == 1)
    share = length / study.size_mm
    style: dict[str, Any] = {"transform": axes.transAxes, "color": LIGHT}
    axes.plot([0.04, 0.04 + share], [0.05, 0.05], linewidth=3 / POINT, solid_capstyle="butt", **style)
    axes.text(0.04, 0.065, f"{length} mm", fontsize=13 / POINT, va="bottom", **style)


def draw_mask(axes: Axes, mask: np.ndarray, line: str, *, tint: str | None = None, width: float = 1.8) -> None:
    """Draw a mask's outline and tint, `(rows, columns)`, in axes of columns and rows.

    Args:
        axes: Where.
        mask: What is not 0 is inside.
        line: Colour of the outline.
        tint: Colour of what it surrounds, mostly transparent; None for none.
        width: Of the outline, in pixels of the picture.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    loops = list(outlines(mask))
    if not loops:
        return
    path = Outline.make_compound_path(*(Outline(np.append(loop, loop[:1], axis=0), closed=True) for loop in loops))
    if tint is not None:
        axes.add_patch(PathPatch(path, facecolor=tint, alpha=0.22, linewidth=0))
    axes.add_patch(PathPatch(path, fill=False, edgecolor=line, linewidth=width / POINT, joinstyle="round"))


def outlines(mask: np.ndarray, *, away: float = 0.5) -> Iterator[np.ndarray]:
    """The closed curves around a mask, each `(n, 2)` of column and row, without the steps of its pixels.

    Args:
        mask: `(rows, columns)`; what is not 0 is inside.
        away: Pixels that the smooth curve may lie away from the edge at most, so that thin walls keep their width.
    """
    from contourpy import contour_generator

    steps = np.arange(-8, 9)
    weights = np.exp(-0.5 * (steps / 2.8) ** 2)
    weights /= weights.sum()
    edges: Any = contour_generator(z=np.pad(mask != 0, 1).astype(float)).lines(0.5)
    for edge in edges:
        loop = edge[:-1] - 1
        around = (np.arange(len(loop)) + steps[:, None]) % len(loop)
        smooth = np.einsum("k,knc->nc", weights, loop[around])
        smooth += np.einsum("k,knc->nc", weights, (loop - smooth)[around])  # or round shapes would shrink
        move = smooth - loop
        far = np.hypot(*move.T)[:, None]
        yield loop + move * np.minimum(1, away / np.maximum(far, 1e-9))


def heat_colours(values: np.ndarray) -> np.ndarray:
    """Red, green, blue and opacity of class activation: clear below the heat scale, stronger along it."""
    from matplotlib import colormaps

    share = np.clip((np.nan_to_num(values) - HEAT_RANGE[0]) / (HEAT_RANGE[1] - HEAT_RANGE[0]), 0, 1)
    colours = colormaps[HEAT](0.25 + 0.75 * share)  # its darkest part would look like shadow
    colours[..., 3] = 0.7 * np.minimum(1, 1.4 * share)
    return colours


def _columns(count: int, most: int) -> int:
    """About 5 columns for 10 slices; never a nearly empty last line."""
    widest = max(1, min(8, most, math.ceil(math.sqrt(1.8 * count)), count))
    return math.ceil(count / math.ceil(count / widest))


def _lines(words: SliceWords, tile: int) -> list[str]:
    """What is said of the quality, in lines: what stands beside the position, then what stands below it."""
    letters = (tile - 2 * PAD) / (0.6 * SMALL)  # a letter is about 0.6 as wide as high
    if not words.remark:
        return ["quality ok", *textwrap.wrap(words.caution, max(int(letters), 1))]
    remark = f"⚠ {words.remark}"
    return [remark] if len(remark) <= letters - 10 else ["", *textwrap.wrap(remark, max(int(letters), 1))]


def _write_caption(
    sheet: Sheet, words: SliceWords, threshold: float, quality: list[str], left: int, top: int, tile: int
) -> None:
    known = not math.isnan(words.probability)
    colour = MUTED if not known else ABOVE if words.above else BELOW
    sheet.box(left, top, tile, 5, RULE)
    if known:
        sheet.box(left, top, tile * words.probability, 5, colour)
    sheet.box(left + tile * threshold - 1, top, 2, 5, LIGHT)
    start, end, room = left + PAD, left + tile - PAD, tile - 2 * PAD
    number = f"Slice {words.number}"
    value = f"P {words.probability:.2f}" if known else "P –"
    taken = sheet.text(number, start, top + 28, size=18, bold=True, width=0.6 * room)
    sheet.text(value, end, top + 28, size=18, bold=True, colour=colour, align="right", width=room - taken - PAD)
    taken = sheet.text(f"{words.position_mm:.1f} mm", start, top + 52, size=SMALL, colour=MUTED, width=room)
    colour = WARNING if words.remark else MUTED
    sheet.text(quality[0], end, top + 52, size=SMALL, colour=colour, align="right", width=room - taken - PAD)
    for number_of_line, line in enumerate(quality[1:], start=1):
        sheet.text(line, start, top + 52 + number_of_line * REMARK, size=SMALL, colour=colour, width=room)


def _drawn(heat: bool) -> dict[int, LabelLook]:
    """The labels that get outlines; over heat all would have one colour, and the cavity's is the wall's inner edge."""
    return {label: look for label, look in LABELS.items() if not heat or label == MYOCARDIUM.label}


def _write_legend(sheet: Sheet, study: StudyPicture, *, activation: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    heat = activation and study.activation is not None
    entries: list[Any] = [
        (Line2D([], [], color=LIGHT if heat else look.line, linewidth=1.2), look.name)
        for label, look in _drawn(heat).items()
        if (study.labels == label).any()
    ]
    for colour, name, above in ((ABOVE, "P at or above the threshold", True), (BELOW, "P below it", False)):
        if any(one.above is above and not math.isnan(one.probability) for one in study.slices):
            entries.append((Patch(facecolor=colour), name))
    scale = 0.0
    if heat:
        low, high = (f"{value:g}" for value in HEAT_RANGE)
        right = sheet.width - MARGIN
        scale = 160 + sheet.text(high, right, 109, colour=MUTED, align="right")
        bar = sheet.axes(right - scale + 10, 98, 140, 12, label="heat scale")
        picture(bar)
        bar.set_facecolor("#606060")
        bar.imshow(heat_colours(np.linspace(*HEAT_RANGE, 140))[None], aspect="auto")
        scale += sheet.text(f"class activation {low}", right - scale, 109, colour=MUTED, align="right") + 30
    sheet.legend(entries, right=scale)
