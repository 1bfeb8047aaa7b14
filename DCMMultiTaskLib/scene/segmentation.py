"""The mask as a segment of a segmentation node."""

from __future__ import annotations

from typing import Any

import numpy as np

from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.scene.terminology import SEGMENT_COLOUR, SEGMENT_NAME, TERMINOLOGY_ENTRY
from DCMMultiTaskLib.scene.volumes import refuse_transformed, set_geometry


def set_mask(node: Any, mask: np.ndarray, volume: Volume, volume_node: Any) -> str:
    """Put the mask into the segment `Myocardium`, which is added where it is missing; other segments stay.

    Args:
        node: `vtkMRMLSegmentationNode`, not under a transform.
        mask: `(K, J, I)`, 1 inside.
        volume: Gives the geometry.
        volume_node: The volume's node, kept as the segmentation's reference geometry.

    Returns:
        ID of the segment.
    """
    import slicer

    refuse_transformed(node)
    if node.GetDisplayNode() is None:
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

    segment_id = segmentation.GetSegmentIdBySegmentName(SEGMENT_NAME)
    if segment_id:
        # Segments can share one labelmap; ours gets one of its own, so that the others stay untouched.
        segmentation.GetSegment(segment_id).AddRepresentation(binary, _labelmap(mask, volume))
    else:
        segment = slicer.vtkSegment()
        segment.SetName(SEGMENT_NAME)
        segment.SetColor(*(channel / 255 for channel in SEGMENT_COLOUR))
        segment.SetTag(segment.GetTerminologyEntryTagName(), TERMINOLOGY_ENTRY)
        segment.AddRepresentation(binary, _labelmap(mask, volume))
        segmentation.AddSegment(segment, SEGMENT_NAME)
        segment_id = segmentation.GetSegmentIdBySegment(segment)
    if shown_in_3d:
        node.RemoveClosedSurfaceRepresentation()
        node.CreateClosedSurfaceRepresentation()
    return segment_id


def _labelmap(mask: np.ndarray, volume: Volume) -> Any:
    import slicer
    from vtk.util.numpy_support import numpy_to_vtk

    image = slicer.vtkOrientedImageData()
    image.SetDimensions(*mask.shape[::-1])
    set_geometry(image, volume)
    values = np.ascontiguousarray(mask != 0).astype(np.uint8).ravel()
    image.GetPointData().SetScalars(numpy_to_vtk(values, deep=True))
    return image
