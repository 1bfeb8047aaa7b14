"""A sheet as pixels and as words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from drawn_studies import drawn_study, with_mask

from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.report.sheet import Sheet
from DCMMultiTaskLib.report.style import rgb

NAN = float("nan")
LONG = "a study whose name a hospital's export has made of patient, day, sequence, series number and $cost$ of the scan"
REASONS = ("ok", "ring open", "partly outside the analysed field", "several pieces; implausible size; ring open")


def pixels_of(sheet: Sheet) -> np.ndarray:
    """uint8 `(height, width, 3)`, first row on top."""
    sheet.figure.canvas.draw()
    return np.asarray(sheet.figure.canvas.buffer_rgba())[..., :3]


def near(pixels: np.ndarray, colour: str, tolerance: int = 40) -> np.ndarray:
    """Where the pixels have a colour, about."""
    return (np.abs(pixels.astype(int) - 255 * np.array(rgb(colour))) <= tolerance).all(axis=-1)


def axes_of(sheet: Sheet, label: str):
    """The axes of this label."""
    (axes,) = [axes for axes in sheet.figure.axes if axes.get_label() == label]
    return axes


def tile_of(sheet: Sheet, label: str) -> tuple[slice, slice]:
    """Rows and columns of the sheet's pixels that axes take."""
    box = axes_of(sheet, label).get_window_extent()
    return (
        slice(round(sheet.height - box.y1), round(sheet.height - box.y0)),
        slice(round(box.x0), round(box.x1)),
    )


def words_of(sheet: Sheet) -> list:
    """Every text that the sheet shows."""
    found = []
    for axes in sheet.figure.axes:
        found += axes.texts
        if axes.get_legend() is not None:
            found += axes.get_legend().get_texts()
        for plot in (axes, *axes.child_axes):
            if plot.axison:
                for axis in (plot.xaxis, plot.yaxis):
                    found += [axis.label, *axis.get_ticklabels()]
    return [text for text in found if text.get_visible() and text.get_text()]


def boxes_of(sheet: Sheet) -> dict[str, np.ndarray]:
    """Text and place of all words, `(left, bottom, right, top)` in pixels."""
    sheet.figure.canvas.draw()
    renderer = sheet.figure.canvas.get_renderer()
    return {
        f"{number}: {text.get_text()}": np.asarray(text.get_window_extent(renderer).extents)
        for number, text in enumerate(words_of(sheet))
    }


def awkward_studies() -> dict:
    """Results that a picture has to cope with."""
    usual = drawn_study(slices=6)
    many = drawn_study(slices=30, name=LONG)
    rows = [
        replace(
            row,
            quality=REASONS[k % 4],
            dcm_probability=NAN if k % 7 == 3 else (k * 37 % 100) / 100,
            dcm_class=int(k * 37 % 100 >= 50),
        )
        for k, row in enumerate(many.rows)
    ]
    empty = [
        replace(row, dcm_probability=NAN, dcm_class=0, myocardium_area_mm2=0.0, quality="no myocardium found")
        for row in usual.rows
    ]
    nothing = replace(with_mask(usual, np.zeros_like(usual.mask)), rows=tuple(empty), dcm_probability=NAN)
    flat = usual.volume.with_array(np.full(usual.volume.array.shape, 7, np.int16))
    nowhere = usual.volume.with_array(np.full(flat.array.shape, np.nan, np.float32))
    return {
        "usual": usual,
        "one slice": drawn_study(slices=1),
        "thirty slices": replace(many, rows=tuple(rows)),
        "no myocardium, no probability": nothing,
        "a constant image": replace(nothing, study=Study("drawn", [flat])),
        "no activation map": replace(usual, activation=None),
        "not a number": replace(usual, study=Study("drawn", [nowhere])),
    }
