"""A cine in the scene: the images of its phases and their masks are two sequences of one browser, and play together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from DCMMultiTaskLib.imaging.segments import Segment
from DCMMultiTaskLib.imaging.study import Study, times_of
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.measurements.heart_beat import growing
from DCMMultiTaskLib.scene.naming import result_name
from DCMMultiTaskLib.scene.provenance import stamp
from DCMMultiTaskLib.scene.segmentation import set_labels
from DCMMultiTaskLib.scene.volumes import add_volume, refuse_transformed, set_volume, volume_from_node

SEQUENCE_CLASS = "vtkMRMLSequenceNode"
BROWSER_CLASS = "vtkMRMLSequenceBrowserNode"
# Attribute of the browser, since those of a volume change with the phase, or of a single volume: what the voxels do not
# say of the study.
READ = "DCMMultiTaskStudy"
# Slicer marks a proxy node that it has made itself with this attribute, and removes it together with its sequence.
MADE_BY_BROWSER = "proxyNodeCopy"


def add_study(study: Study, *, scene: Any = None) -> Any:
    """Add a study to the scene.

    Args:
        study: One volume, or the phases of a cine.
        scene: `vtkMRMLScene`; `slicer.mrmlScene` if None.

    Returns:
        A new `vtkMRMLScalarVolumeNode`; of a cine it is the node in which a new browser shows one phase after the
        other.
    """
    volume_node = add_volume(study.phases[0], study.name, scene=scene)
    read = json.dumps({"notes": study.notes, "height_cm": study.height_cm, "weight_kg": study.weight_kg})
    if len(study.phases) == 1:
        volume_node.SetAttribute(READ, read)
        return volume_node
    scene = volume_node.GetScene()
    images = scene.AddNewNodeByClass(SEQUENCE_CLASS, f"{study.name} images")
    times = study.times_ms
    timed = times is not None and growing(times)
    images.SetIndexName("time" if timed else "phase")
    images.SetIndexUnit("ms" if timed else "")
    for number, phase in enumerate(study.phases):
        set_volume(volume_node, phase)
        images.SetDataNodeAtValue(volume_node, f"{times[number]:g}" if timed and times else str(number + 1))
    set_volume(volume_node, study.phases[0])
    browser = scene.AddNewNodeByClass(BROWSER_CLASS, f"{study.name} browser")
    browser.SetAttribute(READ, read)
    attach(browser, images, volume_node)
    return volume_node


def browser_of(volume_node: Any) -> Any:
    """The `vtkMRMLSequenceBrowserNode` that shows several phases in this volume node, or None."""
    scene = volume_node.GetScene()
    for number in range(scene.GetNumberOfNodesByClass(BROWSER_CLASS)):
        browser = scene.GetNthNodeByClass(number, BROWSER_CLASS)
        images = browser.GetSequenceNode(volume_node) if browser.IsProxyNodeID(volume_node.GetID()) else None
        if images is not None and images.GetNumberOfDataNodes() > 1:
            return browser
    return None


def study_of(volume_node: Any) -> Study:
    """What a volume node shows: all phases where it belongs to a cine, else the one volume.

    Raises:
        InputError: A volume is empty, has several components or is under a transform, or the phases differ in their
            grid.
    """
    refuse_transformed(volume_node)
    name, browser = result_name(volume_node), browser_of(volume_node)
    read = json.loads((browser or volume_node).GetAttribute(READ) or "{}")
    read["notes"] = tuple(read.get("notes", ()))
    if browser is None:
        return Study(name, [volume_from_node(volume_node)], **read)
    images = browser.GetSequenceNode(volume_node)
    count = images.GetNumberOfDataNodes()
    return Study(
        name,
        [volume_from_node(images.GetNthDataNode(n)) for n in range(count)],
        times_ms=times_of([images.GetNthIndexValue(n) for n in range(count)], images.GetIndexUnit()),
        **read,
    )


def shown_phase(volume_node: Any) -> int:
    """The phase, from 0, that a volume node shows; 0 where it belongs to no cine."""
    browser = browser_of(volume_node)
    if browser is None:
        return 0
    value = browser.GetMasterSequenceNode().GetNthIndexValue(max(browser.GetSelectedItemNumber(), 0))
    return max(int(browser.GetSequenceNode(volume_node).GetItemNumberFromIndexValue(value, False)), 0)


def show_phase(volume_node: Any, phase: int) -> None:
    """Make the volume's browser show a phase, counted from 0, in all that it plays; nothing without a browser."""
    browser = browser_of(volume_node)
    if browser is not None:
        browser.SetSelectedItemByIndexValue(browser.GetSequenceNode(volume_node).GetNthIndexValue(phase))


def add_masks(segmentation_node: Any, result: Result, volume_node: Any, segments: Sequence[Segment]) -> Any:
    """Add a sequence with the labels of every phase of a volume's cine; a phase without labels gets empty segments.

    Segments that the user has drawn, in the segmentation or in its own sequence of before, are taken over.

    Returns:
        A new `vtkMRMLSequenceNode`, which `attach` makes the browser play in `segmentation_node`.
    """
    browser = browser_of(volume_node)
    images, before = browser.GetSequenceNode(volume_node), masks_of(segmentation_node, browser)
    masks = segmentation_node.GetScene().AddNewNodeByClass(SEQUENCE_CLASS, f"{result_name(volume_node)} masks")
    masks.SetIndexName(images.GetIndexName())
    masks.SetIndexUnit(images.GetIndexUnit())
    masks.SetIndexType(images.GetIndexType())
    empty = np.zeros(result.geometry.shape, dtype=np.uint8)
    for number in range(images.GetNumberOfDataNodes()):
        value = images.GetNthIndexValue(number)
        old = before.GetDataNodeAtValue(value, True) if before is not None else None
        masks.SetDataNodeAtValue(old or segmentation_node, value)
        set_labels(
            masks.GetDataNodeAtValue(value, True),
            result.labels.get(number, empty),
            result.geometry,
            volume_node,
            segments=segments,
        )
    return masks


def masks_of(segmentation_node: Any, browser: Any) -> Any:
    """The sequence that a browser plays in a segmentation node, or None."""
    played = browser is not None and browser.IsProxyNodeID(segmentation_node.GetID())
    return browser.GetSequenceNode(segmentation_node) if played else None


def play_masks(browser: Any, masks: Any, segmentation_node: Any, facts: dict[str, str]) -> None:
    """Make the browser play the masks in the segmentation; what a user edits there belongs to the phase shown.

    A node takes over the attributes of the item that it shows, so every item gets those of the result.
    """
    for number in range(masks.GetNumberOfDataNodes()):
        stamp(masks.GetNthDataNode(number), facts)
    attach(browser, masks, segmentation_node, save_changes=True)


def attach(browser: Any, sequence: Any, proxy: Any, *, save_changes: bool = False) -> None:
    """Make a browser play a sequence in a node, in place of the one that it has played there.

    Args:
        browser: `vtkMRMLSequenceBrowserNode`; its first sequence leads.
        sequence: `vtkMRMLSequenceNode`.
        proxy: The node that shows one item after the other.
        save_changes: What is changed in `proxy` changes the item that is shown.
    """
    old = masks_of(proxy, browser)
    modifying = browser.StartModify()
    try:
        if old is not None:
            proxy.RemoveAttribute(MADE_BY_BROWSER)
            browser.RemoveSynchronizedSequenceNode(old.GetID())
        if browser.GetMasterSequenceNode() is None:
            browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
        else:
            browser.AddSynchronizedSequenceNode(sequence)
        browser.AddProxyNode(proxy, sequence, False)
        browser.SetOverwriteProxyName(sequence, False)
        browser.SetSaveChanges(sequence, save_changes)
    finally:
        browser.EndModify(modifying)
    if old is not None:
        browser.GetScene().RemoveNode(old)
