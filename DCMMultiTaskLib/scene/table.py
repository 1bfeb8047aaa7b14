"""The rows of a result as a table node, with the columns of `NAME_risk.csv`."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from DCMMultiTaskLib.inference.result import Result, SliceRow

# Column -> title that a reader sees, unit (UCUM), description.
COLUMNS = {
    "slice": ("Slice (from 0)", "", "Index along the slice axis, from 0"),
    "position_mm": ("Position (mm)", "mm", "Position along the slice normal, from slice 0"),
    "dcm_probability": ("DCM probability", "", "Probability of a DCM-like phenotype in this slice, 0 to 1"),
    "dcm_class": ("DCM class", "", "1 where the probability reaches the threshold, else 0"),
    "myocardium_area_mm2": ("Myocardium (mm²)", "mm2", "Area of the myocardium in this slice"),
    "quality": ("Quality", "", "ok, or why this slice should not be believed"),
    "cavity_area_mm2": ("Cavity (mm²)", "mm2", "Area that the myocardium ring encloses"),
    "wall_thickness_mean_mm": ("Wall, mean (mm)", "mm", "Mean thickness of the wall in this slice"),
    "wall_thickness_min_mm": ("Wall, least (mm)", "mm", "Thickness of the wall's thinnest place"),
    "wall_thickness_max_mm": ("Wall, most (mm)", "mm", "Thickness of the wall's thickest place"),
    "caution": ("Caution", "", "What a reader should know of a slice whatever its quality"),
    "dcm_probability_low": ("DCM probability, low", "", "Lower end of its interval, where uncertainty was asked for"),
    "dcm_probability_high": ("DCM probability, high", "", "Upper end of its interval"),
    "view_agreement": ("Agreement of views", "", "Mean Dice coefficient of the mask and of those in other views"),
}


def set_rows(node: Any, result: Result) -> None:
    """Replace the content of a `vtkMRMLTableNode` by one row per slice, in slice order."""
    import vtk

    modifying = node.StartModify()
    try:
        node.RemoveAllColumns()
        for column in fields(SliceRow):
            array = {"int": vtk.vtkIntArray, "float": vtk.vtkDoubleArray}.get(str(column.type), vtk.vtkStringArray)()
            array.SetName(column.name)
            for row in result.rows:
                array.InsertNextValue(getattr(row, column.name))
            node.AddColumn(array)
            title, unit, description = COLUMNS.get(column.name, (column.name, "", ""))
            node.SetColumnTitle(column.name, title)
            node.SetColumnDescription(column.name, description)
            if unit:
                node.SetColumnUnitLabel(column.name, unit)
        node.SetUseColumnTitleAsColumnHeader(True)
        node.SetLocked(True)  # results are read, not typed over
    finally:
        node.EndModify(modifying)


def rows_of(node: Any) -> list[SliceRow]:
    """The rows of a table that `set_rows` filled, also after it was saved and loaded; empty for any other table."""
    table = node.GetTable()
    found = {field.name: table.GetColumnByName(field.name) for field in fields(SliceRow)}
    if any(found[field.name] is None and field.default is MISSING for field in fields(SliceRow)):
        return []
    # A scene of an earlier version has fewer columns.
    columns = {name: column for name, column in found.items() if column is not None}
    converters = {field.name: {"int": int, "float": float}.get(str(field.type), str) for field in fields(SliceRow)}
    return [
        SliceRow(**{name: converters[name](columns[name].GetValue(index)) for name in columns})
        for index in range(table.GetNumberOfRows())
    ]
