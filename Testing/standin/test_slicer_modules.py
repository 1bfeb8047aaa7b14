"""What Slicer's other modules give: packages, torch, sample data, slice views, dialogs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from slicer_standin.interaction import answer_next_dialog, in_event_loop


@pytest.fixture
def packaging(slicer: Any) -> Any:
    return pytest.importorskip("slicer.packaging", reason="Slicer 5.10 has none", exc_type=ImportError)


def test_packages_that_are_there_are_not_asked_for(slicer: Any, packaging: Any, tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text("# what is needed\nnumpy>=1.20\n--no-deps\nnothing-of-this-kind>=1; python_version < '3'\n")
    requirements = packaging.load_requirements(path)
    assert [requirement.name for requirement in requirements] == ["numpy", "nothing-of-this-kind"]
    assert packaging.pip_ensure(requirements, requester="Test") is None
    assert not packaging.pip_check("numpy>=1000")


def test_the_user_may_decline_an_installation(slicer: Any, packaging: Any) -> None:
    answer_next_dialog("Cancel")
    with pytest.raises(RuntimeError, match="declined"):
        in_event_loop(lambda: packaging.pip_ensure("nothing-of-this-kind>=1", requester="Test"))


def test_nothing_is_installed_in_testing_mode(slicer: Any, packaging: Any) -> None:
    slicer.app.commandOptions().testingEnabled = True
    assert packaging.pip_ensure("nothing-of-this-kind>=1", requester="Test") is None


def test_torch_is_the_one_that_is_installed(slicer: Any) -> None:
    torch = pytest.importorskip("torch")
    import PyTorchUtils

    assert PyTorchUtils.PyTorchUtilsLogic.torchInstalled()
    assert PyTorchUtils.PyTorchUtilsLogic().torch is torch
    assert slicer.modules.pytorchutils.hidden or slicer.modules.pytorchutils.title


def test_sample_data_is_registered_once_and_loaded_from_a_file(slicer: Any, tmp_path: Path) -> None:
    import SampleData

    volume = slicer.util.addVolumeFromArray(np.arange(24, dtype="int16").reshape(2, 3, 4))
    path = tmp_path / "study.nrrd"
    assert slicer.util.saveNode(volume, str(path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    source = {
        "sampleName": "Study",
        "uris": path.as_uri(),
        "fileNames": path.name,
        "nodeNames": "Study",
        "loadFileTypes": "VolumeFile",
    }
    for _ in range(2):
        SampleData.SampleDataLogic.registerCustomSampleDataSource("Test", checksums=f"SHA256:{digest}", **source)
    assert len(SampleData.SampleDataLogic.sampleDataSourcesByCategory("Test")) == 1
    node = SampleData.downloadSample("Study")
    assert np.array_equal(slicer.util.arrayFromVolume(node), slicer.util.arrayFromVolume(volume))
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        "Test", checksums="SHA256:00", **{**source, "sampleName": "Damaged"}
    )
    with pytest.raises(ValueError, match="checksum"):
        SampleData.downloadSample("Damaged")
    del slicer.modules.sampleDataSources["Test"]


def test_all_slice_views_jump_to_a_point(slicer: Any) -> None:
    volume = slicer.util.addVolumeFromArray(np.zeros((20, 30, 40), dtype="int16"))
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    manager = slicer.app.layoutManager()
    assert manager.sliceViewNames() == ("Red", "Green", "Yellow")
    assert manager.sliceWidget("Red").mrmlSliceCompositeNode().GetBackgroundVolumeID() == volume.GetID()
    slicer.modules.markups.logic().JumpSlicesToLocation(-11.0, -7.0, 5.0, True)
    nodes = [manager.sliceWidget(name).mrmlSliceNode() for name in ("Yellow", "Green", "Red")]
    assert [node.GetSliceToRAS().GetElement(axis, 3) for axis, node in enumerate(nodes)] == [-11.0, -7.0, 5.0]


def test_the_layout_can_show_a_chart(slicer: Any) -> None:
    manager = slicer.app.layoutManager()
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalPlotView)
    assert manager.plotViewCount == 1
    chart = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode")
    manager.plotWidget(0).mrmlPlotViewNode().SetPlotChartNodeID(chart.GetID())
    assert manager.plotWidget(0).mrmlPlotViewNode().GetPlotChartNode() is chart
    manager.layout = slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView


def test_a_question_is_answered_by_a_button(slicer: Any) -> None:
    seen: list[str] = []
    answer_next_dialog("Yes", seen)
    assert in_event_loop(lambda: slicer.util.confirmYesNoDisplay("Is it so?")) is True
    answer_next_dialog("Cancel", seen)
    assert in_event_loop(lambda: slicer.util.confirmOkCancelDisplay("Sure?")) is False
    assert seen == ["Is it so?", "Sure?"]


def test_in_testing_mode_nobody_is_asked(slicer: Any) -> None:
    slicer.app.commandOptions().testingEnabled = True
    assert slicer.util.errorDisplay("Wrong") is None
    assert slicer.util.mainWindow() is not None


def test_settings_are_not_those_of_the_user(slicer: Any) -> None:
    import qt

    settings = qt.QSettings()
    settings.setValue("DCM/test", 5)
    assert int(slicer.app.userSettings().value("DCM/test")) == 5
    assert "slicer-standin-" in settings.fileName()
    settings.remove("DCM")
