"""What the module does once Slicer has started: sample data, terminology, its entry in the module list."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from slicer_standin.interaction import click


@pytest.fixture
def started(slicer: Any, panel: Any) -> Any:
    sys.modules["DCMMultiTask"].onStartupCompleted()
    sys.modules["DCMMultiTask"].onStartupCompleted()  # a second time changes nothing
    return slicer


def test_the_sample_study_is_listed_once_with_its_thumbnail_and_loads_without_a_network(started: Any) -> None:
    import SampleData

    sources = SampleData.SampleDataLogic.sampleDataSourcesByCategory("DCM Multi-Task")
    assert [source.sampleName for source in sources] == ["DCMPhantom"]
    assert Path(sources[0].thumbnailFileName).is_file()
    assert sources[0].uris[0].startswith("file:")
    volume = SampleData.downloadSample("DCMPhantom")
    assert volume.GetName() == "DCMPhantom"
    assert volume.GetImageData().GetDimensions() == (112, 112, 12)


def test_the_sample_study_is_one_click_away_and_comes_once(started: Any, panel: Any) -> None:
    click(panel.ui.sampleButton)
    volume = panel._parameterNode.inputVolume
    assert volume.GetName() == "DCMPhantom"
    click(panel.ui.sampleButton)
    assert panel._parameterNode.inputVolume is volume
    assert len(started.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == 1
    assert panel.ui.applyButton.enabled
    assert panel.ui.phasesLabel.text == "Phases (6):"


def test_the_key_of_the_sample_data_is_the_same_in_every_language(
    started: Any, panel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import SampleData
    import slicer.i18n

    from DCMMultiTaskModule import sample_data

    monkeypatch.setattr(slicer.i18n, "translate", lambda context, text: f"({text})")
    monkeypatch.setattr(sample_data, "_", lambda text: f"({text})", raising=False)
    sample_data.registerSampleData()
    assert "(DCM Multi-Task)" not in SampleData.SampleDataLogic.sampleDataSourcesByCategory()


def test_the_path_of_the_module_is_its_file(started: Any) -> None:
    """The folder beside it is what README tells to look for."""
    path = Path(started.modules.dcmmultitask.path)
    assert path.name == "DCMMultiTask.py"
    assert (path.parent / "DCMMultiTaskModule").is_dir()


def test_a_sample_study_that_was_changed_on_disk_is_refused(
    started: Any, panel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import SampleData

    from DCMMultiTaskModule import sample_data

    changed = tmp_path / "DCMPhantom.seq.nrrd"
    changed.write_bytes(sample_data.SAMPLE_FILE.read_bytes() + b"\0")
    monkeypatch.setattr(sample_data, "SAMPLE_FILE", changed)
    monkeypatch.setattr(sample_data, "SAMPLE_NAME", "Changed")
    sample_data.registerSampleData()
    with pytest.raises(Exception, match="is damaged"):
        SampleData.downloadSample("Changed")


def test_myocardium_can_be_chosen_in_the_terminology_selector(started: Any) -> None:
    import vtk

    names = vtk.vtkStringArray()
    started.modules.terminologies.logic().GetLoadedTerminologyNames(names)
    loaded = [names.GetValue(n) for n in range(names.GetNumberOfValues())]
    assert "Segmentation category and type - DCMMultiTask" in loaded


def test_the_module_is_listed_as_cardiac_with_help_citation_and_icon(slicer: Any, panel: Any) -> None:
    module = slicer.modules.dcmmultitask
    assert list(module.categories) == ["Cardiac"]
    assert "esearch use only" in module.helpText
    assert "Luo C" in module.acknowledgementText
    assert not module.icon.isNull()
