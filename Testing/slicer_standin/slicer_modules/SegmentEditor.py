"""The scripted module SegmentEditor of the stand-in: it takes what it is told to edit; there are no effects."""

from __future__ import annotations

from typing import Any

from slicer.ScriptedLoadableModule import ScriptedLoadableModule, ScriptedLoadableModuleWidget


class SegmentEditor(ScriptedLoadableModule):
    """The module as Slicer lists it."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        parent.title = "Segment Editor"
        parent.categories = ["", "Segmentation"]


class qMRMLSegmentEditorWidget:
    """The editor's two selectors."""

    def __init__(self) -> None:
        self._segmentation: Any = None
        self._volume: Any = None

    def setSegmentationNode(self, node: Any) -> None:
        if node is not None and not node.IsA("vtkMRMLSegmentationNode"):
            raise TypeError("setSegmentationNode needs a vtkMRMLSegmentationNode")
        self._segmentation = node

    def segmentationNode(self) -> Any:
        return self._segmentation

    def setSourceVolumeNode(self, node: Any) -> None:
        if node is not None and not node.IsA("vtkMRMLScalarVolumeNode"):
            raise TypeError("setSourceVolumeNode needs a vtkMRMLScalarVolumeNode")
        self._volume = node

    def sourceVolumeNode(self) -> Any:
        return self._volume


class SegmentEditorWidget(ScriptedLoadableModuleWidget):
    """The panel."""

    def setup(self) -> None:
        super().setup()
        self.editor = qMRMLSegmentEditorWidget()
