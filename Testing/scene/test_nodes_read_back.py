"""What the panel reads back from the scene: the rows of a table, the box of a ROI."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_studies import rotation

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.result import Result, SliceRow
from DCMMultiTaskLib.scene.files import save_scene
from DCMMultiTaskLib.scene.table import rows_of, set_rows
from DCMMultiTaskLib.scene.volumes import roi_from_node


def test_rows_come_back_from_the_table_exactly(slicer, scene, study: Result) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLTableNode")
    set_rows(node, study)
    assert repr(rows_of(node)) == repr(list(study.rows))  # repr, since NaN differs from itself


def test_rows_come_back_from_a_saved_scene_with_their_types(slicer, scene, study: Result, tmp_path: Path) -> None:
    set_rows(scene.AddNewNodeByClass("vtkMRMLTableNode", "risk"), study)
    save_scene(tmp_path / "study.mrb")
    scene.Clear(0)
    assert scene.ReadFromMRB(str(tmp_path / "study.mrb"), True)
    rows = rows_of(scene.GetFirstNodeByName("risk"))
    assert [(row.slice, row.dcm_class, row.quality) for row in rows] == [
        (row.slice, row.dcm_class, row.quality) for row in study.rows
    ]
    # A table file keeps 6 significant digits.
    for name in ("position_mm", "dcm_probability", "myocardium_area_mm2"):
        np.testing.assert_allclose([getattr(r, name) for r in rows], [getattr(r, name) for r in study.rows], rtol=1e-5)
    assert all(type(row) is SliceRow for row in rows)


def test_a_table_of_an_earlier_version_has_no_wall_thickness(slicer, scene, study: Result) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLTableNode")
    set_rows(node, study)
    for name in ("wall_thickness_mean_mm", "wall_thickness_min_mm", "wall_thickness_max_mm"):
        node.RemoveColumn(node.GetColumnIndex(name))
    rows = rows_of(node)
    assert [row.slice for row in rows] == [row.slice for row in study.rows]
    assert all(np.isnan(row.wall_thickness_min_mm) for row in rows)


def test_a_table_of_something_else_has_no_rows(slicer, scene) -> None:
    assert rows_of(scene.AddNewNodeByClass("vtkMRMLTableNode")) == []


def test_a_turned_and_moved_box_lies_where_the_roi_node_lies(slicer, scene) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    node.SetSize(60.0, 80.0, 100.0)
    turn = rotation((20, -35, 50))
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, (10, -20, 35.5)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    slicer.util.updateTransformMatrixFromArray(transform, matrix)
    node.SetAndObserveTransformNodeID(transform.GetID())
    roi = roi_from_node(node)
    np.testing.assert_allclose(roi.centre_lps, (-10, 20, 35.5), atol=1e-9)
    assert roi.size_mm == pytest.approx((60, 80, 100))
    np.testing.assert_allclose(np.diag((-1, -1, 1)) @ roi.axes, turn, atol=1e-9)


def test_a_roi_that_was_not_drawn_yet_is_refused(slicer, scene) -> None:
    with pytest.raises(InputError, match="is empty"):
        roi_from_node(scene.AddNewNodeByClass("vtkMRMLMarkupsROINode"))
