"""The probability of every slice against the threshold, as a picture."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.scene.canvas import ABOVE, BACKGROUND, BELOW, MUTED, PANEL, TEXT, Canvas, Colour, text_width
from DCMMultiTaskLib.scene.contact_sheet import footer, patient_line
from DCMMultiTaskLib.scene.embedded import boot
from DCMMultiTaskLib.scene.rendering import halved, offscreen_window, pixels_of, require_opengl

HEADER = 120
LEGEND = 92
FOOTER = 40
MARGIN = 18


def chart_picture(result: Result, path: str | Path, *, width: int = 1100, height: int = 620) -> Path:
    """Draw the chart of probability against slice.

    Slices whose quality is not ok are hollow grey squares: their probability should not be believed.

    Args:
        result: Its rows are drawn.
        path: PNG file to write.
        width: Pixels.
        height: Pixels.

    Returns:
        The path.

    Raises:
        InputError: If this machine has no OpenGL, or the file cannot be written.
    """
    boot()
    require_opengl()
    canvas = Canvas(width, height)
    canvas.text(result.name, MARGIN, 14, size=28, bold=True)
    canvas.text(patient_line(result), MARGIN, 54, size=18)
    entries = [group for group in _groups(result) if group[3]]
    left = MARGIN
    for name, colour, filled, _ in entries:
        _legend_entry(canvas, name, colour, filled, left)
        left += 40 + text_width(name, 15)
    threshold = result.provenance.decision.threshold
    if threshold is not None:
        for dash in range(3):
            canvas.rectangle(left + 10 * dash, LEGEND + 5, 6, 2, TEXT)
        canvas.text(f"threshold {threshold:.2f}", left + 36, LEGEND - 4, size=15, colour=MUTED)
    canvas.rectangle(MARGIN, HEADER, width - 2 * MARGIN, height - HEADER - FOOTER, PANEL)
    inner = (width - 4 * MARGIN, height - HEADER - FOOTER - 2 * MARGIN)
    canvas.paste(_draw_chart(result, entries, *inner), 2 * MARGIN, HEADER + MARGIN)
    canvas.text(footer(result), MARGIN, height - FOOTER + 8, size=14, colour=MUTED, width=width - 2 * MARGIN)
    return canvas.save(path)


Group = tuple[str, Colour, bool, list[tuple[float, float]]]


def _groups(result: Result) -> list[Group]:
    known = [row for row in result.rows if not math.isnan(row.dcm_probability)]
    good = [row for row in known if row.quality == "ok"]
    return [
        ("at or above the threshold", ABOVE, True, _points(row for row in good if row.dcm_class)),
        ("below the threshold", BELOW, True, _points(row for row in good if not row.dcm_class)),
        ("quality not ok", MUTED, False, _points(row for row in known if row.quality != "ok")),
    ]


def _points(rows: Any) -> list[tuple[float, float]]:
    return [(float(row.slice), float(row.dcm_probability)) for row in rows]


def _legend_entry(canvas: Canvas, name: str, colour: Colour, filled: bool, left: int) -> None:
    canvas.rectangle(left, LEGEND, 12, 12, colour)
    if not filled:
        canvas.rectangle(left + 2, LEGEND + 2, 8, 8, BACKGROUND)
    canvas.text(name, left + 20, LEGEND - 4, size=15, colour=MUTED)


def _draw_chart(result: Result, groups: list[Group], width: int, height: int) -> np.ndarray:
    """The axes with the data, uint8 `(height, width, 3)`."""
    import vtk

    chart = vtk.vtkChartXY()
    chart.SetShowLegend(False)
    chart.SetAutoSize(False)
    chart.SetSize(vtk.vtkRectf(0, 0, 2 * width, 2 * height))
    last = max(len(result.rows) - 1, 1)
    _axis(chart.GetAxis(vtk.vtkAxis.BOTTOM), "Slice", -0.5, last + 0.5, _slice_ticks(last))
    _axis(chart.GetAxis(vtk.vtkAxis.LEFT), "Probability of a DCM-like phenotype\n ", -0.04, 1.04, np.linspace(0, 1, 6))
    threshold = result.provenance.decision.threshold
    if threshold is not None:
        line = _add(chart, vtk.vtkChart.LINE, [(-0.5, threshold), (last + 0.5, threshold)], TEXT, width=3)
        line.GetPen().SetLineType(vtk.vtkPen.DASH_LINE)
    everything = sorted(point for *_, points in groups for point in points)
    if len(everything) > 1:
        _add(chart, vtk.vtkChart.LINE, everything, (86, 96, 110), width=4)
    for _, colour, filled, points in groups:
        plot = _add(chart, vtk.vtkChart.POINTS, points, colour, width=1)
        plot.SetMarkerStyle(vtk.vtkPlotPoints.CIRCLE if filled else vtk.vtkPlotPoints.SQUARE)
        plot.SetMarkerSize(24)
        if not filled:
            inner = _add(chart, vtk.vtkChart.POINTS, points, PANEL, width=1)
            inner.SetMarkerStyle(vtk.vtkPlotPoints.SQUARE)
            inner.SetMarkerSize(16)

    window = offscreen_window(2 * width, 2 * height)
    renderer = vtk.vtkRenderer()
    renderer.SetBackground(*(channel / 255 for channel in PANEL))
    window.AddRenderer(renderer)
    actor = vtk.vtkContextActor()
    actor.GetScene().AddItem(chart)
    actor.GetScene().SetRenderer(renderer)
    renderer.AddViewProp(actor)
    return halved(pixels_of(window))


def _slice_ticks(last: int) -> np.ndarray:
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if last / step <= 24 or step == 1000)
    return np.arange(0, last + 1, step)


def _axis(axis: Any, title: str, low: float, high: float, ticks: np.ndarray) -> None:
    import vtk

    positions, labels = vtk.vtkDoubleArray(), vtk.vtkStringArray()
    for tick in ticks:
        positions.InsertNextValue(float(tick))
        labels.InsertNextValue(f"{tick:.1f}" if ticks.dtype.kind == "f" else str(tick))
    axis.SetCustomTickPositions(positions, labels)
    axis.SetBehavior(vtk.vtkAxis.FIXED)
    axis.SetRange(low, high)
    axis.SetTitle(title)
    axis.GetPen().SetColor(*MUTED, 255)
    axis.GetGridPen().SetColor(58, 66, 77, 255)
    for properties, size in ((axis.GetTitleProperties(), 32), (axis.GetLabelProperties(), 30)):
        properties.SetFontFamilyToArial()
        properties.SetColor(*(channel / 255 for channel in TEXT))
        properties.SetFontSize(size)
        properties.SetBold(False)


def _add(chart: Any, kind: int, points: list[tuple[float, float]], colour: Colour, *, width: float) -> Any:
    import vtk

    table = vtk.vtkTable()
    for name in ("x", "y"):
        column = vtk.vtkDoubleArray()
        column.SetName(name)
        table.AddColumn(column)
    table.SetNumberOfRows(len(points))
    for row, point in enumerate(points):
        for column, value in enumerate(point):
            table.SetValue(row, column, vtk.vtkVariant(value))
    plot = chart.AddPlot(kind)
    plot.SetInputData(table, 0, 1)
    plot.SetColor(*colour, 255)
    plot.SetWidth(width)
    return plot
