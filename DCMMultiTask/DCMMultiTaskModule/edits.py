"""Edited masks: open Slicer's Segment Editor, notice a change, measure again."""

from __future__ import annotations

import qt
import slicer
from slicer.util import VTKObservationMixin

from DCMMultiTaskModule import display

# A stroke of the brush changes the mask many times; it is looked at when the hand rests.
REST_MILLISECONDS = 300


class EditWatch(VTKObservationMixin):
    """Watches the segmentation of a result table.

    Args:
        parent: Widget with which the watch ends.
        tell: Called when the segments may have changed.
    """

    def __init__(self, parent, tell) -> None:
        super().__init__()
        self._segmentation = None
        self._timer = qt.QTimer(parent)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST_MILLISECONDS)
        self._timer.connect("timeout()", tell)

    def watch(self, tableNode) -> None:
        """Watch this table's segmentation alone; None watches nothing."""
        segmentation = display.segmentationOf(tableNode)
        if segmentation is self._segmentation:
            return
        self.removeObservers()
        self._segmentation = segmentation
        self._timer.stop()
        if segmentation is not None:
            for event in (
                slicer.vtkSegmentation.SourceRepresentationModified,
                slicer.vtkSegmentation.SegmentAdded,
                slicer.vtkSegmentation.SegmentRemoved,
                slicer.vtkSegmentation.SegmentModified,
            ):
                self.addObserver(segmentation, event, self._changed)

    def _changed(self, caller, event) -> None:
        self._timer.start()


def openSegmentEditor(tableNode) -> None:
    """Show the result's segmentation over its volume in Slicer's Segment Editor."""
    slicer.util.selectModule("SegmentEditor")
    editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
    editor.setSegmentationNode(display.segmentationOf(tableNode))
    editor.setSourceVolumeNode(display.volumeOf(tableNode))
