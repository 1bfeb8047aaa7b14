"""All slices of a result on one sheet: image, outline, probability and quality."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.inference.result import Result, SliceRow
from DCMMultiTaskLib.scene.canvas import ABOVE, BELOW, MUTED, PANEL, TEXT, Canvas
from DCMMultiTaskLib.scene.embedded import heat_colours
from DCMMultiTaskLib.scene.geometry import heart_field
from DCMMultiTaskLib.scene.slice_view import HEAT_RANGE, SliceView, StudyScene

HEADER = 96
FOOTER = 40
CAPTION = 64
GAP = 14


def contact_sheet(
    result: Result, path: str | Path, *, tile: int = 280, most: int = 48, activation: bool = False
) -> Path:
    """Draw a sheet with one picture per slice, zoomed to the heart.

    Args:
        result: Its mask is outlined over the image.
        path: PNG file to write.
        tile: Side of one picture in pixels.
        most: At most so many slices are shown, evenly chosen from those with myocardium.
        activation: Lay the class activation map over the image.

    Returns:
        The path.

    Raises:
        InputError: If this machine has no OpenGL, or the file cannot be written.
    """
    shown = chosen_slices(result, most)
    columns = _columns(len(shown))
    lines = math.ceil(len(shown) / columns)
    width = columns * (tile + GAP) + GAP
    canvas = Canvas(width, HEADER + lines * (tile + CAPTION + GAP) + FOOTER)
    view = SliceView(StudyScene(result), heart_field(result), size=tile, overlay=activation)
    _write_header(canvas, result, len(shown))
    if activation:
        _write_heat_scale(canvas)
    for place, index in enumerate(shown):
        left = GAP + (place % columns) * (tile + GAP)
        top = HEADER + (place // columns) * (tile + CAPTION + GAP)
        canvas.rectangle(left, top, tile, tile + CAPTION, PANEL)
        canvas.paste(view.picture(index), left, top)
        _write_caption(canvas, result.rows[index], left, top + tile, tile, result.provenance.decision.threshold)
    canvas.text(footer(result), GAP, canvas.pixels.shape[0] - FOOTER + 8, size=14, colour=MUTED, width=width - 2 * GAP)
    return canvas.save(path)


def chosen_slices(result: Result, most: int) -> list[int]:
    """The slices to show: all, or `most` of them, evenly chosen from the first to the last with myocardium."""
    if len(result.rows) <= most:
        return list(range(len(result.rows)))
    found = [row.slice for row in result.rows if row.myocardium_area_mm2 > 0] or list(range(len(result.rows)))
    return sorted({int(index) for index in np.linspace(found[0], found[-1], most).round()})


def probability_colour(row: SliceRow) -> tuple[int, int, int]:
    """Orange from the threshold on, blue below, grey where there is no probability."""
    if math.isnan(row.dcm_probability):
        return MUTED
    return ABOVE if row.dcm_class else BELOW


def footer(result: Result) -> str:
    """Where the picture comes from."""
    model = result.provenance.model
    digest = result.provenance.model_sha256[:12]
    return "   ·   ".join(part for part in ("Research use only", model and f"model {model} {digest}".strip()) if part)


def patient_line(result: Result) -> str:
    """The patient's probability in words."""
    if math.isnan(result.dcm_probability):
        return "No slice could be used for a probability"
    threshold = result.provenance.decision.threshold
    side = "" if threshold is None else f" (threshold {threshold:.2f})"
    return f"Probability of a DCM-like phenotype {result.dcm_probability:.2f}{side}"


def _columns(count: int) -> int:
    """About 5 columns for 10 slices; never a nearly empty last line."""
    widest = max(1, min(8, math.ceil(math.sqrt(1.8 * count)), count))
    return math.ceil(count / math.ceil(count / widest))


def _write_header(canvas: Canvas, result: Result, shown: int) -> None:
    room = canvas.pixels.shape[1] - 2 * GAP
    canvas.text(result.name, GAP, 14, size=28, bold=True, width=room)
    total = len(result.rows)
    count = f"{total} slices" if shown == total else f"{shown} of {total} slices"
    canvas.text(f"{patient_line(result)}   ·   {count}", GAP, 54, size=18, colour=TEXT, width=room)


def _write_heat_scale(canvas: Canvas) -> None:
    low, high = (f"{value:g}" for value in HEAT_RANGE)
    left = canvas.pixels.shape[1] - GAP - 330
    canvas.text(f"class activation {low}", left, 20, size=15, colour=MUTED, width=150, align="right")
    scale = (255 * heat_colours(140)).round().astype(np.uint8)
    canvas.paste(np.broadcast_to(scale, (12, 140, 3)), left + 158, 24)
    canvas.text(high, left + 306, 20, size=15, colour=MUTED)


def _write_caption(canvas: Canvas, row: SliceRow, left: int, top: int, tile: int, threshold: float | None) -> None:
    colour = probability_colour(row)
    canvas.rectangle(left, top, tile, 5, (52, 60, 70))
    if not math.isnan(row.dcm_probability):
        canvas.rectangle(left, top, round(tile * row.dcm_probability), 5, colour)
    if threshold is not None:
        canvas.rectangle(left + round(tile * threshold) - 1, top, 2, 5, TEXT)
    pad = 8
    canvas.text(f"Slice {row.slice}", left + pad, top + 9, size=18, bold=True, width=tile // 2)
    value = "no value" if math.isnan(row.dcm_probability) else f"P {row.dcm_probability:.2f}"
    canvas.text(
        value, left + tile // 2, top + 9, size=18, bold=True, colour=colour, width=tile // 2 - pad, align="right"
    )
    good = row.quality == "ok"
    text = "quality ok" if good else row.quality
    canvas.text(text, left + pad, top + 36, size=15, colour=MUTED if good else TEXT, width=tile - 2 * pad)
