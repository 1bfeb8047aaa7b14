"""The bull's eye of wall thickness as an image in the scene: mm, 0 where no slice tells a segment."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.measurements.wall_segments import WallSegments, bulls_eye
from DCMMultiTaskLib.scene.volumes import set_volume

SIZE = 256
# So far above the volume, so that nothing of the study is drawn over it.
ABOVE_MM = 10.0
# Half the width of the lines between the segments.
LINE = 0.008


def set_bulls_eye(node: Any, wall: WallSegments, colours: str, volume_node: Any) -> None:
    """Draw the mean thickness of the 17 segments: the base outside, the apex in the middle, the anterior wall on top.

    Args:
        node: `vtkMRMLScalarVolumeNode`; an axial slice view shows it as it is meant.
        wall: What was measured.
        colours: ID of the colour node.
        volume_node: The study's volume; the picture lies above it.
    """
    import slicer

    image = thickness_image(wall)
    bounds = [0.0] * 6
    volume_node.GetRASBounds(bounds)
    right, front = (bounds[0] + bounds[1]) / 2, (bounds[2] + bounds[3]) / 2
    origin = (-right - SIZE / 4, -front - SIZE / 4, bounds[5] + ABOVE_MM)  # LPS, pixels of 0.5 mm
    set_volume(node, Volume.of(image[None], spacing=(0.5, 0.5, 1.0), origin=origin, direction=np.eye(3)))
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetAndObserveColorNodeID(colours)
    display.SetInterpolate(False)
    display.SetAutoWindowLevel(False)
    known = image[image > 0]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    bottom, top = math.floor(low), math.ceil(high + 1e-6)
    display.SetWindowLevelMinMax(bottom, top)
    display.SetThreshold(1e-3, max(high, 1.0) + 1)
    display.SetApplyThreshold(True)
    legend = slicer.vtkSlicerColorLogic.AddDefaultColorLegendDisplayNode(node)
    legend.SetTitleText("Wall (mm)")
    legend.SetLabelFormat("%.0f")
    legend.SetNumberOfLabels(min(top - bottom + 1, 8))  # one for each millimetre


def thickness_image(wall: WallSegments) -> np.ndarray:
    """The picture, float32 `(256, 256)`, first row on top."""
    steps = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
    x, y = np.meshgrid(steps, -steps)
    radius, angle = np.hypot(x, y), np.degrees(np.arctan2(y, x)) % 360
    image = np.zeros((SIZE, SIZE), dtype=np.float32)
    for number, (inner, outer, first, last) in bulls_eye().items():
        past = (angle - first) % 360
        inside = (radius >= inner) & (radius < outer - LINE) & (past < last - first)
        if last - first < 360:  # a line where the segment begins
            inside &= radius * np.radians(past) > LINE
        image[inside] = np.nan_to_num(wall.mean_mm[number])
    return image
