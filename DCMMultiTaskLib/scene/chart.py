"""The plots: probability against slice with the decision threshold, and volume over the heart beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.measurements.heart_beat import HeartBeat
from DCMMultiTaskLib.report.style import BLUE, VERMILION, rgb

# Series of a chart by the role under which the chart refers to it, and the table of its points.
PROBABILITY, THRESHOLD = "DCMMultiTask.ProbabilitySeries", "DCMMultiTask.ThresholdSeries"
POINTS = "DCMMultiTask.ThresholdTable"
CURVE, MOMENTS = "DCMMultiTask.CurveSeries", "DCMMultiTask.MomentsSeries"
CURVE_POINTS, MOMENTS_POINTS = "DCMMultiTask.CurveTable", "DCMMultiTask.MomentsTable"
ROLES = (PROBABILITY, THRESHOLD, POINTS, CURVE, MOMENTS, CURVE_POINTS, MOMENTS_POINTS)


def parts_of(chart_node: Any) -> list[Any]:
    """The series and tables that a chart of ours is drawn from."""
    found = [chart_node.GetNodeReference(role) for role in ROLES] if chart_node is not None else []
    return [node for node in found if node is not None]


def set_probability_chart(chart_node: Any, result: Result) -> list[Any]:
    """Draw each slice's probability, with a dashed line at the threshold; the axis always goes from 0 to 1.

    Returns:
        The two series.
    """
    threshold = result.provenance.decision.threshold
    points = _part(chart_node, POINTS, "vtkMRMLTableNode", f"{result.name} DCM threshold", hidden=True)
    _set_columns(
        points,
        {
            "slice": [row.slice + 1 for row in result.rows],
            "dcm_probability": [row.dcm_probability for row in result.rows],
            "threshold": [threshold] * len(result.rows),
        },
    )
    probability = _part(chart_node, PROBABILITY, "vtkMRMLPlotSeriesNode", "Probability")
    _draw(probability, points, "slice", "dcm_probability", BLUE)
    line = _part(chart_node, THRESHOLD, "vtkMRMLPlotSeriesNode", "Threshold")
    _draw(line, points, "slice", "threshold", VERMILION)
    line.SetMarkerStyle(line.MarkerStyleNone)
    line.SetLineStyle(line.LineStyleDash)
    series = [probability, line]
    slices = (0.5, len(result.rows) + 0.5)
    _arrange(chart_node, f"{result.name}: DCM-like phenotype", ("Slice (from 1)", slices), ("Probability", 1.0), series)
    return series


def set_volume_curve(chart_node: Any, beat: HeartBeat, name: str) -> list[Any]:
    """Draw the LV cavity's volume over the heart beat, with end diastole and end systole marked.

    Returns:
        The two series and the table of the curve, a row per phase.
    """
    moment = "time_ms" if beat.timed else "phase"
    columns: dict[str, Sequence[float]] = {
        "phase": [phase.phase + 1 for phase in beat.phases],
        **({"time_ms": [phase.time_ms for phase in beat.phases]} if beat.timed else {}),
        "lv_cavity_ml": [phase.lv_cavity_ml for phase in beat.phases],
        "myocardium_ml": [phase.myocardium_ml for phase in beat.phases],
    }
    titles = {
        "phase": "Phase (from 1)",
        "time_ms": "Time (ms)",
        "lv_cavity_ml": "LV cavity (ml)",
        "myocardium_ml": "Myocardium (ml)",
    }
    table = _part(chart_node, CURVE_POINTS, "vtkMRMLTableNode", f"{name} volume curve")
    _set_columns(table, columns, titles)
    marks = _part(chart_node, MOMENTS_POINTS, "vtkMRMLTableNode", f"{name} ED and ES", hidden=True)
    _set_columns(marks, {key: [values[n] for n in (beat.ed_phase, beat.es_phase)] for key, values in columns.items()})
    curve = _part(chart_node, CURVE, "vtkMRMLPlotSeriesNode", "LV cavity")
    _draw(curve, table, moment, "lv_cavity_ml", BLUE)
    moments = _part(chart_node, MOMENTS, "vtkMRMLPlotSeriesNode", "End diastole, end systole")
    _draw(moments, marks, moment, "lv_cavity_ml", VERMILION)
    moments.SetLineStyle(moments.LineStyleNone)
    moments.SetMarkerSize(14)
    axis = "Time after the R wave (ms)" if beat.timed else "Phase (from 1)"
    first, last = columns[moment][0], columns[moment][-1]
    margin = 0.5 * (last - first) / max(len(beat.phases) - 1, 1)
    most = 1.08 * max([1.0, *columns["lv_cavity_ml"]])
    across = (axis, (first - margin, last + margin))
    _arrange(chart_node, f"{name}: {beat.in_short}", across, ("LV cavity (ml)", most), [curve, moments])
    return [curve, moments, table]


def _part(chart_node: Any, role: str, class_name: str, name: str, *, hidden: bool = False) -> Any:
    """The node that the chart refers to in this role; it is added where it is missing."""
    node = chart_node.GetNodeReference(role)
    if node is None:
        scene = chart_node.GetScene()
        node = scene.CreateNodeByClass(class_name)
        node.UnRegister(None)
        node.SetName(name)
        node.SetHideFromEditors(hidden)
        scene.AddNode(node)
        chart_node.SetNodeReferenceID(role, node.GetID())
    return node


def _set_columns(node: Any, columns: Mapping[str, Sequence[float]], titles: Mapping[str, str] | None = None) -> None:
    import vtk

    modifying = node.StartModify()
    try:
        node.RemoveAllColumns()
        for name, values in columns.items():
            array = vtk.vtkIntArray() if all(isinstance(value, int) for value in values) else vtk.vtkDoubleArray()
            array.SetName(name)
            for value in values:
                array.InsertNextValue(value)
            node.AddColumn(array)
            if titles:
                node.SetColumnTitle(name, titles[name])
        node.SetUseColumnTitleAsColumnHeader(bool(titles))
        node.SetLocked(True)
    finally:
        node.EndModify(modifying)


def _draw(series: Any, table: Any, x: str, y: str, colour: str) -> None:
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetPlotType(series.PlotTypeScatter)
    series.SetXColumnName(x)
    series.SetYColumnName(y)
    series.SetMarkerStyle(series.MarkerStyleCircle)
    series.SetMarkerSize(9)
    series.SetLineWidth(2)
    series.SetColor(*rgb(colour))


def _arrange(
    chart_node: Any,
    title: str,
    across: tuple[str, tuple[float, float]],
    upwards: tuple[str, float],
    series: Sequence[Any],
) -> None:
    """Show exactly these series: title and range of the axis across, title and end of the one from zero upwards."""
    modifying = chart_node.StartModify()
    try:
        chart_node.RemoveAllPlotSeriesNodeIDs()
        for one in series:
            chart_node.AddAndObservePlotSeriesNodeID(one.GetID())
        chart_node.SetTitle(title)
        chart_node.SetXAxisTitle(across[0])
        chart_node.SetXAxisRangeAuto(False)
        chart_node.SetXAxisRange(*across[1])
        chart_node.SetYAxisTitle(upwards[0])
        chart_node.SetYAxisRangeAuto(False)
        chart_node.SetYAxisRange(0.0, upwards[1])
        chart_node.SetLegendVisibility(True)
    finally:
        chart_node.EndModify(modifying)
