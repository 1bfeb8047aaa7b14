"""Which volume of the scene is meant, as long as the user has not said it."""

from __future__ import annotations

import slicer

from DCMMultiTaskLib.scene.provenance import node_attributes

CLASS_NAME = "vtkMRMLScalarVolumeNode"
# What short-axis stacks are like: mm from slice to slice, slices, mm per pixel, mm across the smaller side of a slice.
SLICE_SPACING = (4.0, 20.0)
SLICES = (3, 40)
PIXEL_SPACING = (0.4, 3.0)
LEAST_FIELD = 80.0


def ownMaps() -> list:
    """The maps in the scene: made by this module, and never its input."""
    return [node for node in slicer.util.getNodesByClass(CLASS_NAME) if node_attributes(node)]


def looksLikeShortAxis(volumeNode) -> bool:
    """Whether size and spacing are those of a stack of short-axis slices (not of a labelmap, a CT or a map)."""
    image = volumeNode.GetImageData()
    if volumeNode.GetClassName() != CLASS_NAME or image is None or image.GetNumberOfScalarComponents() != 1:
        return False
    if volumeNode.GetHideFromEditors() or node_attributes(volumeNode):
        return False
    (thickness, slices), *inPlane = sorted(
        zip(volumeNode.GetSpacing(), image.GetDimensions(), strict=True), key=lambda side: -side[0]
    )
    return (
        SLICE_SPACING[0] <= thickness <= SLICE_SPACING[1]
        and SLICES[0] <= slices <= SLICES[1]
        and all(PIXEL_SPACING[0] <= spacing <= PIXEL_SPACING[1] for spacing, _size in inPlane)
        and min(spacing * size for spacing, size in inPlane) >= LEAST_FIELD
    )


def defaultVolume():
    """The first volume of the scene that looks like a short-axis stack, or None."""
    return next((node for node in slicer.util.getNodesByClass(CLASS_NAME) if looksLikeShortAxis(node)), None)
