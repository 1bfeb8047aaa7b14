"""The plot of probability against slice, with the decision threshold."""

from __future__ import annotations

from typing import Any

from DCMMultiTaskLib.report.style import BLUE, VERMILION, rgb


def set_probability_series(node: Any, table_node: Any) -> None:
    """Draw the table's probabilities, a marker per slice."""
    node.SetAndObserveTableNodeID(table_node.GetID())
    node.SetPlotType(node.PlotTypeScatter)
    node.SetXColumnName("slice")
    node.SetYColumnName("dcm_probability")
    node.SetMarkerStyle(node.MarkerStyleCircle)
    node.SetMarkerSize(9)
    node.SetLineWidth(2)
    node.SetColor(*rgb(BLUE))


def set_threshold_series(node: Any, table_node: Any, threshold: float, slices: int) -> None:
    """Draw a dashed line at the threshold over the whole width; its two points are kept in `table_node`."""
    import vtk

    table_node.RemoveAllColumns()
    for name, values in (("slice", (-0.5, slices - 0.5)), ("threshold", (threshold, threshold))):
        array = vtk.vtkDoubleArray()
        array.SetName(name)
        for value in values:
            array.InsertNextValue(value)
        table_node.AddColumn(array)
    node.SetAndObserveTableNodeID(table_node.GetID())
    node.SetPlotType(node.PlotTypeScatter)
    node.SetXColumnName("slice")
    node.SetYColumnName("threshold")
    node.SetMarkerStyle(node.MarkerStyleNone)
    node.SetLineStyle(node.LineStyleDash)
    node.SetLineWidth(2)
    node.SetColor(*rgb(VERMILION))


def set_chart(node: Any, title: str, series: list[Any]) -> None:
    """Show exactly these series, with the probability axis always from 0 to 1."""
    modifying = node.StartModify()
    try:
        node.RemoveAllPlotSeriesNodeIDs()
        for one in series:
            node.AddAndObservePlotSeriesNodeID(one.GetID())
        node.SetTitle(title)
        node.SetXAxisTitle("Slice")
        node.SetYAxisTitle("Probability of a DCM-like phenotype")
        node.SetYAxisRangeAuto(False)
        node.SetYAxisRange(0.0, 1.0)
        node.SetLegendVisibility(True)
    finally:
        node.EndModify(modifying)
