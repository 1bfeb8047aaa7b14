"""A volume to a node and back."""

from __future__ import annotations

import numpy as np
import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.scene.nodes import add_volume, volume_from_node


def test_an_oblique_volume_comes_back_exactly(scene, study):
    back = volume_from_node(add_volume(study.volume, study.name))
    np.testing.assert_array_equal(back.array, study.volume.array)
    assert back.array.dtype == study.volume.array.dtype
    assert back.geometry.spacing == study.geometry.spacing
    assert back.geometry.origin == study.geometry.origin
    np.testing.assert_array_equal(back.geometry.direction, study.geometry.direction)


def test_the_node_is_where_the_volume_is(scene, study):
    import vtk

    matrix = vtk.vtkMatrix4x4()
    add_volume(study.volume, study.name).GetIJKToRASMatrix(matrix)
    voxel = (3, 5, 2, 1)
    expected = np.diag([-1, -1, 1, 1]) @ study.geometry.index_to_lps @ voxel
    np.testing.assert_allclose(matrix.MultiplyPoint(voxel), expected, atol=1e-9)


def test_the_copy_does_not_change_with_the_node(scene, slicer, study):
    node = add_volume(study.volume, study.name)
    copy = volume_from_node(node)
    slicer.util.arrayFromVolume(node)[:] = 0
    np.testing.assert_array_equal(copy.array, study.volume.array)


def test_a_volume_under_a_transform_is_refused(scene, study):
    node = add_volume(study.volume, study.name)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "shift")
    node.SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(InputError, match=r"under the transform 'shift': harden"):
        volume_from_node(node)


def test_a_colour_image_is_refused(scene, slicer):
    node = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "photo")
    slicer.util.updateVolumeFromArray(node, np.zeros((2, 5, 6, 3), np.uint8))
    with pytest.raises(InputError, match="'photo' has 3 components"):
        volume_from_node(node)


def test_an_empty_node_is_refused(scene):
    with pytest.raises(InputError, match="'nothing' holds no image"):
        volume_from_node(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "nothing"))
