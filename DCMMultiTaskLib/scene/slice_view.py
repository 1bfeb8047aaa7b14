"""Pictures of one study through Slicer's own slice views, in a scene of their own."""

from __future__ import annotations

import numpy as np

from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.report.study import Field, StudyPicture
from DCMMultiTaskLib.report.style import LABELS, rgb
from DCMMultiTaskLib.scene.embedded import boot, new_scene
from DCMMultiTaskLib.scene.rendering import halved, offscreen_window, pixels_of, quiet, require_opengl
from DCMMultiTaskLib.scene.segmentation import set_labels
from DCMMultiTaskLib.scene.views import place_slice, view_axes
from DCMMultiTaskLib.scene.volumes import LPS_TO_RAS, set_volume


class StudyScene:
    """A scene that holds nothing but one result, so that pictures never show or change the user's scene.

    Attributes:
        scene: `vtkMRMLScene`.
        volume: The image's node.
        segmentation: The mask's node.
        segment_id: Its segment.
    """

    def __init__(self, result: Result) -> None:
        require_opengl()
        self.result = result
        self.scene = new_scene()
        self.volume = self.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "image")
        set_volume(self.volume, result.volume)
        self.volume.CreateDefaultDisplayNodes()
        self.segmentation = self.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "mask")
        self.segment_id = set_labels(self.segmentation, result.label_map, result.geometry, self.volume)[0]
        display = self.volume.GetDisplayNode()
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(*StudyPicture.of(result).greys)


class SliceView:
    """One slice view of a study, drawn offscreen.

    Args:
        study: What it shows.
        field: Which part of each slice.
        size: Side of the picture in pixels.
    """

    def __init__(self, study: StudyScene, field: Field, *, size: int) -> None:
        slicer = boot()
        import vtk

        self._study, self._field = study, field
        self._axes = view_axes(study.result)
        self.node = slicer.vtkMRMLSliceNode()
        self.node.SetName("Picture")
        self.node.SetLayoutName("Picture")
        self.node.SetSingletonTag("Picture")
        study.scene.AddNode(self.node)
        self._logic = slicer.vtkMRMLSliceLogic()
        self._logic.SetMRMLScene(study.scene)
        self._logic.SetSliceNode(self.node)
        composite = self._logic.GetSliceCompositeNode()
        composite.SetBackgroundVolumeID(study.volume.GetID())
        self.node.SetDimensions(2 * size, 2 * size, 1)  # halved afterwards, for smooth edges

        self._window = offscreen_window(2 * size, 2 * size)
        renderer = vtk.vtkRenderer()
        self._window.AddRenderer(renderer)
        # The image goes in before the displayable managers, or filled segments hide it.
        mapper = vtk.vtkImageMapper()
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        mapper.SetInputConnection(self._logic.GetImageDataConnection())
        actor = vtk.vtkActor2D()
        actor.SetMapper(mapper)
        renderer.AddViewProp(actor)
        self._managers = slicer.vtkMRMLDisplayableManagerGroup()
        self._managers.SetRenderer(renderer)
        self._segments = slicer.vtkMRMLSegmentationsDisplayableManager2D()
        self._managers.AddDisplayableManager(self._segments)
        with quiet():  # nobody clicks on this view, so the scene has no interaction node
            self._managers.SetMRMLDisplayableNode(self.node)
        display = study.segmentation.GetDisplayNode()
        display.SetSliceIntersectionThickness(4)
        display.SetOpacity2DFill(0.14)
        display.SetSegmentOverrideColor(study.segment_id, *rgb(LABELS[1].line))

    def picture(self, index: int) -> np.ndarray:
        """Draw a slice.

        Args:
            index: 0-based, along the slice axis.

        Returns:
            uint8 `(size, size, 3)`, first row on top.
        """
        self.show(index)
        return halved(pixels_of(self._window))

    def show(self, index: int) -> None:
        """Move the view to a slice."""
        voxel = np.append(self._field.centre, 1.0)
        voxel[self._study.result.slice_axis] = index
        centre = LPS_TO_RAS @ (self._study.result.geometry.index_to_lps @ voxel)[:3]
        self.node.SetFieldOfView(self._field.size_mm, self._field.size_mm, 1.0)
        place_slice(self.node, *self._axes, centre)
