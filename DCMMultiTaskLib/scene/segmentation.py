"""The labels as segments of a segmentation node."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM, SEGMENTS, Segment
from DCMMultiTaskLib.imaging.volume import Geometry
from DCMMultiTaskLib.measurements.masks import lv_cavity
from DCMMultiTaskLib.scene.volumes import refuse_transformed, set_geometry

# Marks a segment that was made here: one of the same name that the user has drawn is never removed.
OURS = "DCMMultiTask.Segment"


def set_labels(
    node: Any, labels: np.ndarray, geometry: Geometry, volume_node: Any, *, segments: Sequence[Segment] = SEGMENTS
) -> list[str]:
    """Put labels into segments of their names, which are added where they are missing; other segments stay.

    Args:
        node: `vtkMRMLSegmentationNode`, not under a transform.
        labels: `(K, J, I)`.
        geometry: Of the labels.
        volume_node: The volume's node, kept as the segmentation's reference geometry.
        segments: Which labels to show; a segment of another of our labels from an earlier result is removed.

    Returns:
        IDs of the segments, in their order.
    """
    import slicer

    refuse_transformed(node)
    if node.GetDisplayNode() is None and node.GetScene() is volume_node.GetScene():  # not inside a sequence
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetOpacity2DFill(0.25)  # the image stays readable below the mask
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
    segmentation = node.GetSegmentation()
    converter = slicer.vtkSegmentationConverter
    binary = converter.GetSegmentationBinaryLabelmapRepresentationName()
    surface = converter.GetSegmentationClosedSurfaceRepresentationName()
    shown_in_3d = segmentation.ContainsRepresentation(surface)
    if segmentation.GetSourceRepresentationName() != binary:
        if segmentation.GetNumberOfSegments():
            segmentation.CreateRepresentation(binary)
        node.SetSourceRepresentationToBinaryLabelmap()

    for left_out in SEGMENTS:
        segment_id = segmentation.GetSegmentIdBySegmentName(left_out.name)
        if left_out not in segments and segment_id and segmentation.GetSegment(segment_id).HasTag(OURS):
            segmentation.RemoveSegment(segment_id)
    ids = []
    for shown in segments:
        labelmap = _labelmap(labels == shown.label, geometry)
        segment_id = segmentation.GetSegmentIdBySegmentName(shown.name)
        if segment_id:
            # Segments can share one labelmap; ours get one each, so that the others stay untouched.
            segment = segmentation.GetSegment(segment_id)
            segment.AddRepresentation(binary, labelmap)
            segment.SetLabelValue(1)
        else:
            segment = slicer.vtkSegment()
            segment.SetName(shown.name)
            segment.SetColor(*(channel / 255 for channel in shown.colour))
            segment.SetTag(segment.GetTerminologyEntryTagName(), shown.terminology)
            segment.SetTag(OURS, "1")
            segment.AddRepresentation(binary, labelmap)
            segmentation.AddSegment(segment, shown.name)
            segment_id = segmentation.GetSegmentIdBySegment(segment)
        ids.append(segment_id)
    if shown_in_3d:
        node.RemoveClosedSurfaceRepresentation()
        node.CreateClosedSurfaceRepresentation()
    return ids


def labels_of(node: Any, volume_node: Any, slice_axis: int) -> np.ndarray:
    """The labels that a segmentation's segments draw on a volume's grid, also after they were edited.

    Where both lie, the myocardium counts. Without a segment of its own the LV cavity is what the myocardium encloses.

    Returns:
        uint8 `(K, J, I)`, 1 myocardium, 2 LV cavity.

    Raises:
        InputError: There is no segment of the myocardium, or the segmentation is under a transform.
    """
    import slicer.util

    refuse_transformed(node)

    def mask_of(segment: Segment) -> np.ndarray | None:
        segment_id = node.GetSegmentation().GetSegmentIdBySegmentName(segment.name)
        if not segment_id:
            return None
        return np.asarray(slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, volume_node)) != 0

    myocardium, cavity = mask_of(MYOCARDIUM), mask_of(LV_CAVITY)
    if myocardium is None:
        raise InputError(f"the segmentation '{node.GetName()}' has no segment '{MYOCARDIUM.name}'.")
    if cavity is None:
        cavity = lv_cavity(myocardium, slice_axis)[0] != 0
    return np.where(myocardium, np.uint8(MYOCARDIUM.label), cavity * np.uint8(LV_CAVITY.label))


def _labelmap(mask: np.ndarray, geometry: Geometry) -> Any:
    import slicer
    from vtk.util.numpy_support import numpy_to_vtk

    image = slicer.vtkOrientedImageData()
    image.SetDimensions(*mask.shape[::-1])
    set_geometry(image, geometry)
    values = np.ascontiguousarray(mask).astype(np.uint8).ravel()
    image.GetPointData().SetScalars(numpy_to_vtk(values, deep=True))
    return image


def load_terminology(path: str | Path) -> str:
    """Make a terminology file's entries selectable in Slicer, whose own lists have no Myocardium.

    Args:
        path: The module's `Resources/DCMMultiTask.term.json`.

    Returns:
        Name of the terminology, or an empty string where no terminologies logic is running or the file is unusable.
    """
    logic = _terminologies_logic()
    return logic.LoadTerminologyFromFile(str(path)) if logic is not None and Path(path).is_file() else ""


def _terminologies_logic() -> Any:
    import slicer

    module = getattr(getattr(slicer, "modules", None), "terminologies", None)
    return module.logic() if module is not None else None
