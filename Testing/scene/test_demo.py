"""The demo: from an image to a table, a scene and pictures, in one go."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from drawn_studies import drawn_beat, drawn_study

from DCMMultiTaskLib import demo
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.inference.package import load_package, save_package
from DCMMultiTaskLib.phantom import make_phantom
from DCMMultiTaskLib.scene import rendering


@pytest.fixture
def phantom_file(tmp_path):
    path = tmp_path / "in" / "heart.nrrd"
    write_volume(path, make_phantom(3, dilated=True, slices=4, matrix=(192, 256)).volume)
    return path


def test_the_demo_writes_table_scene_and_pictures(scene, slicer, opengl, phantom_file, tmp_path, tiny_model):
    lines: list[str] = []
    study = demo.choose_input({"DEMO_INPUT": str(phantom_file)}, tmp_path)
    result = demo.run(study, output=tmp_path / "out", model=tiny_model, say=lines.append)
    assert result.mask.any()
    names = {file.name for file in (tmp_path / "out").iterdir()}
    pictures = {f"heart_{kind}.png" for kind in ("slices", "chart", "segments", "3d", "activation")}
    assert pictures < names
    assert names - pictures == {
        "heart.seg.nrrd",
        "heart_risk.csv",
        "heart_segments.csv",
        "heart_summary.json",
        "heart_cam.nrrd",
        "heart.mrb",
    }
    text = "\n".join(lines)
    assert text.splitlines()[0] == "Input: heart, from DEMO_INPUT"  # a path can say who the patient is
    assert "DCM probability" in text
    assert str((tmp_path / "out" / "heart_slices.png").resolve()) in lines[-1]
    assert slicer.mrmlScene.ReadFromMRB(str(tmp_path / "out" / "heart.mrb"), True)
    back = slicer.util.arrayFromSegmentBinaryLabelmap(
        slicer.util.getNode("heart segmentation"), "Myocardium", slicer.util.getNode("heart")
    )
    np.testing.assert_array_equal(back, result.mask)


def test_the_demo_says_when_the_model_learned_from_the_patient(slicer, phantom_file, tmp_path, tiny_model, monkeypatch):
    monkeypatch.setattr(rendering, "has_opengl", lambda: False)
    model = tmp_path / "learned.dcmmodel"
    save_package(replace(load_package(tiny_model), training={"patients": ["heart"]}), model)
    study = demo.choose_input({"DEMO_INPUT": str(phantom_file)}, tmp_path)
    for package, said in ((tiny_model, False), (model, True)):
        lines: list[str] = []
        demo.run(study, output=tmp_path / "out", model=package, say=lines.append)
        assert any("learned from this patient" in line for line in lines) is said


def test_without_opengl_the_demo_goes_on_and_says_what_to_do(slicer, phantom_file, tmp_path, tiny_model, monkeypatch):
    monkeypatch.setattr(rendering, "has_opengl", lambda: False)
    lines: list[str] = []
    study = demo.choose_input({"DEMO_INPUT": str(phantom_file)}, tmp_path)
    demo.run(study, output=tmp_path / "out", model=tiny_model, say=lines.append)
    assert any("make system-packages" in line for line in lines)
    assert (tmp_path / "out" / "heart.mrb").exists()
    pictures = {file.name for file in (tmp_path / "out").glob("*.png")}
    but_3d = ("slices", "chart", "segments", "activation")
    assert pictures == {f"heart_{kind}.png" for kind in but_3d}


def test_sunnybrook_is_taken_where_it_is(tmp_path, monkeypatch):
    series = tmp_path / "shared" / "data" / "sunnybrook" / "dicom" / demo.SUNNYBROOK_PATIENT
    series.mkdir(parents=True)
    read = []

    def read_study(path):
        read.append(path)
        return Study("heart", [make_phantom(3, slices=1).volume])

    monkeypatch.setattr("DCMMultiTaskLib.imaging.reading.read_study", read_study)
    study = demo.choose_input({}, tmp_path / "checkout")
    assert read == [series]
    assert demo.SUNNYBROOK_PATIENT in study.description
    elsewhere = tmp_path / "elsewhere" / "dicom" / demo.SUNNYBROOK_PATIENT
    elsewhere.mkdir(parents=True)
    demo.choose_input({"DCM_DATA": str(tmp_path / "elsewhere")}, tmp_path / "checkout")
    assert read[-1] == elsewhere


def test_without_data_a_phantom_that_beats_is_taken_and_named_as_one(tmp_path):
    study = demo.choose_input({}, tmp_path / "checkout")
    assert "phantom" in study.description
    assert "not a patient" in study.description
    assert len(study.study.phases) > 1  # a cine that beats


def test_an_input_that_is_not_there_ends_in_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DEMO_INPUT", str(tmp_path / "nothing.nrrd"))
    assert demo.main() == 2
    error = capsys.readouterr().err
    assert "nothing.nrrd" in error
    assert len(error.splitlines()) == 1


def test_choosing_an_input_needs_neither_torch_nor_slicer(tmp_path):
    import subprocess

    code = (
        "import sys; from pathlib import Path; from DCMMultiTaskLib import demo; "
        f"demo.choose_input({{}}, Path({str(tmp_path)!r})); "
        "raise SystemExit(len({'torch', 'slicer', 'vtk'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_study_is_refused_before_the_model_is_loaded(tmp_path):
    with pytest.raises(InputError):
        demo.choose_input({"DEMO_INPUT": str(tmp_path)}, tmp_path)


def test_the_demo_of_a_cine_draws_its_volume_curve(slicer, tmp_path, monkeypatch):
    monkeypatch.setattr(rendering, "has_opengl", lambda: False)
    names = [[file.name for file in demo.draw_pictures(r, tmp_path, "a", print)] for r in (drawn_beat(), drawn_study())]
    assert ["a_curve.png" in drawn for drawn in names] == [True, False]
    assert (tmp_path / "a_curve.png").is_file()
