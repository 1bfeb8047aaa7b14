"""The boot of Slicer's core without the application."""

from __future__ import annotations

import numpy as np
import pytest

from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.scene import embedded


def test_booting_again_changes_nothing(slicer):
    scene, made = slicer.mrmlScene, embedded.embedded()
    assert embedded.boot() is slicer
    assert slicer.mrmlScene is scene
    assert embedded.embedded() is made
    assert made.scene is scene


def test_inside_the_application_nothing_is_started(slicer, monkeypatch):
    application_scene = object()
    monkeypatch.setattr(slicer, "mrmlScene", application_scene)
    modules = slicer.modules
    embedded.boot()
    assert slicer.mrmlScene is application_scene
    assert slicer.modules is modules


def test_slicer_util_reads_and_writes_segments(scene, slicer):
    volume = slicer.util.addVolumeFromArray(np.zeros((4, 20, 30), np.float32), name="image")
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segment = segmentation.GetSegmentation().AddEmptySegment("a")
    array = np.zeros((4, 20, 30), np.uint8)
    array[1:3, 4:9, 3:20] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(array, segmentation, segment, volume)
    back = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, segment, volume)
    np.testing.assert_array_equal(back, array)


def test_logics_are_reached_as_in_slicer(slicer):
    for name in ("volumes", "segmentations", "terminologies", "tables", "plots", "subjecthierarchy", "markups"):
        logic = getattr(slicer.modules, name).logic()
        assert logic.GetMRMLScene() is slicer.mrmlScene
        assert logic.GetMRMLApplicationLogic() is embedded.embedded().application_logic


@pytest.mark.parametrize(("segment", "label"), [(MYOCARDIUM, "myocardium"), (LV_CAVITY, "LV cavity")])
def test_the_shipped_terminology_names_the_segments(slicer, segment, label):
    from pathlib import Path

    from DCMMultiTaskLib.scene.segmentation import load_terminology

    root = Path(embedded.__file__).parents[2]
    name = load_terminology(root / "DCMMultiTask" / "Resources" / "DCMMultiTask.term.json")
    logic = slicer.modules.terminologies.logic()
    assert logic.IsTerminologyContextLoaded(name)
    entry = slicer.vtkSlicerTerminologyEntry()
    assert logic.FindTypeInTerminologyBy3dSlicerLabel(name, label, entry)
    assert entry.GetTypeObject().GetCodeMeaning() == segment.meaning
    assert tuple(entry.GetTypeObject().GetRecommendedDisplayRGBValue()) == segment.colour
    ours = slicer.vtkSlicerTerminologyEntry()
    assert logic.DeserializeTerminologyEntry(segment.terminology, ours)
    assert logic.AreCodedEntriesEqual(entry.GetTypeObject(), ours.GetTypeObject())
    assert logic.AreCodedEntriesEqual(entry.GetCategoryObject(), ours.GetCategoryObject())
