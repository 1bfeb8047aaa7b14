"""What the tests of the panel look at."""

from __future__ import annotations

from typing import Any

import numpy as np


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * np.sum(a & b) / (np.sum(a) + np.sum(b)))


def mask_of(slicer: Any, study: Any) -> np.ndarray:
    segmentation = study.parameters.segmentation
    segment = segmentation.GetSegmentation().GetSegmentIdBySegmentName("Myocardium")
    return slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, segment, study.node)


def nodes_of(slicer: Any) -> dict[str, str]:
    """Class of every node by its ID, without the scene's own bookkeeping."""
    scene = slicer.mrmlScene
    nodes = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
    return {node.GetID(): node.GetClassName() for node in nodes}
