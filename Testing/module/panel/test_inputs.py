"""The volume that is analysed: a short-axis stack by itself, else what the user says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from slicer_standin.interaction import click, process_events


def add(slicer: Any, shape: tuple[int, int, int], spacing: tuple[float, float, float], kind: str = "Scalar") -> Any:
    node = slicer.mrmlScene.AddNewNodeByClass(f"vtkMRML{kind}VolumeNode", f"{kind} {shape}")
    slicer.util.updateVolumeFromArray(node, np.zeros(shape, np.int16))
    node.SetSpacing(spacing)
    process_events()
    return node


def offered(panel: Any) -> list[Any]:
    return [panel.ui.inputSelector.nodeFromIndex(n) for n in range(panel.ui.inputSelector.nodeCount())]


@pytest.mark.parametrize(
    ("shape", "spacing", "kind"),
    [
        ((9, 128, 128), (1.4, 1.4, 8.0), "LabelMap"),
        ((9, 128, 128), (1.4, 1.4, 8.0), "Vector"),
        ((160, 192, 192), (1.0, 1.0, 1.0), "Scalar"),
        ((90, 256, 256), (0.8, 0.8, 5.0), "Scalar"),
        ((1, 256, 256), (1.4, 1.4, 8.0), "Scalar"),
        ((9, 20, 20), (1.4, 1.4, 8.0), "Scalar"),
    ],
)
def test_what_is_no_short_axis_stack_is_not_chosen_by_itself(
    slicer: Any, panel: Any, shape: tuple[int, int, int], spacing: tuple[float, float, float], kind: str
) -> None:
    add(slicer, shape, spacing, kind)
    assert panel._parameterNode.inputVolume is None
    assert panel.ui.inputSelector.currentNode() is None
    assert not panel.ui.applyButton.enabled


def test_the_stack_is_chosen_among_other_volumes(slicer: Any, panel: Any) -> None:
    add(slicer, (9, 128, 128), (1.4, 1.4, 8.0), "LabelMap")
    add(slicer, (60, 64, 64), (3.0, 3.0, 3.0))
    stack = add(slicer, (128, 128, 9), (8.0, 1.4, 1.4))  # its slices along another axis of the array
    add(slicer, (9, 128, 128), (1.4, 1.4, 8.0))
    assert panel._parameterNode.inputVolume is stack


def test_the_choice_of_the_user_is_never_changed(slicer: Any, panel: Any) -> None:
    chosen = add(slicer, (60, 64, 64), (3.0, 3.0, 3.0))
    panel.ui.inputSelector.setCurrentNode(chosen)
    add(slicer, (9, 128, 128), (1.4, 1.4, 8.0))
    panel.exit()
    panel.enter()
    assert panel._parameterNode.inputVolume is chosen


def test_our_activation_map_is_never_an_input(slicer: Any, panel: Any, study: Any) -> None:
    study.parameters.computeActivation = True
    click(panel.ui.applyButton)
    activation = study.parameters.activationVolume
    assert activation is not None
    assert offered(panel) == [study.node]
    slicer.mrmlScene.RemoveNode(study.node)
    process_events()
    panel.enter()
    assert panel._parameterNode.inputVolume is None
    assert panel.ui.inputSelector.currentNode() is None
    assert offered(panel) == []
