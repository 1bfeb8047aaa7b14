"""`predict` from the command line: the files of architecture.md, the table, the scene."""

import csv
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from DCMMultiTaskLib.cli import main
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.phantom import make_phantom, make_phantom_cine


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("studies") / "heart.nii.gz"
    write_volume(path, make_phantom(3, dilated=True, slices=3, matrix=(160, 192)).volume)
    return path


@pytest.fixture(scope="module")
def cine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import SimpleITK as sitk

    path = tmp_path_factory.mktemp("cines") / "beating.nrrd"
    frames = [s.volume for s in make_phantom_cine(5, phases=3, slices=2, matrix=(160, 192))]
    image = sitk.JoinSeries([sitk.GetImageFromArray(frame.array) for frame in frames])
    image.SetSpacing((*frames[0].geometry.spacing, 1.0))
    sitk.WriteImage(image, str(path))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writes_the_files_and_prints_the_table(
    study: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(study), "-o", str(tmp_path / "out"), "--model", str(tiny_model)]) == 0
    assert names(tmp_path / "out") == ["heart.seg.nrrd", "heart_risk.csv", "heart_segments.csv", "heart_summary.json"]
    printed = capsys.readouterr()
    assert printed.err == ""
    rows = [line.split() for line in printed.out.splitlines() if line.strip()[:1].isdigit()]
    assert "3 slices, counted from 1 (in the files from 0)" in printed.out
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert "research use only" in printed.out
    assert "Patient: DCM-like phenotype probability 0." in printed.out
    assert re.search(r"^LV volume [1-9]\d* ml, myocardial mass [1-9]\d* g$", printed.out, re.MULTILINE)
    assert str(tmp_path / "out" / "heart.seg.nrrd") in printed.out


def test_gives_the_numbers_of_the_python_interface(study: Path, tiny_model: Path, tmp_path: Path) -> None:
    assert main(["predict", str(study), "-o", str(tmp_path), "--model", str(tiny_model), "--device", "cpu"]) == 0
    result = Predictor(load_package(tiny_model), device="cpu").predict(read_study(study))
    assert np.array_equal(read_study(tmp_path / "heart.seg.nrrd").volume.array, result.label_map)
    with (tmp_path / "heart_risk.csv").open(newline="", encoding="utf-8") as stream:
        for written, row in zip(csv.DictReader(stream), result.rows, strict=True):
            assert float(written["dcm_probability"]) == pytest.approx(row.dcm_probability, abs=1e-6)
            assert written["quality"] == row.quality
    summary = json.loads((tmp_path / "heart_summary.json").read_text(encoding="utf-8"))
    assert summary["dcm_probability"] == pytest.approx(result.dcm_probability, abs=1e-6)


def test_options_reach_the_predictor(study: Path, tiny_model: Path, tmp_path: Path) -> None:
    frame = read_study(study).volume
    centre = frame.geometry.centre_lps
    roi = ",".join(f"{value:.2f}" for value in (-centre[0], -centre[1], centre[2]))
    options = [
        f"--roi={roi}",
        "--threshold",
        "1",
        "--slice-axis",
        "k",
        "--keep-all-components",
        "--batch-size",
        "2",
        "--no-cavity",
        *("--height-cm", "180", "--weight-kg", "80"),
    ]
    assert main(["predict", str(study), "-o", str(tmp_path), "--model", str(tiny_model), "--cam", *options]) == 0
    summary = json.loads((tmp_path / "heart_summary.json").read_text(encoding="utf-8"))
    assert summary["localisation"]["method"] == "region of interest"
    assert summary["decision"]["threshold"] == 1
    assert summary["dcm_class"] is None and "only 1 of the 3 slices" in summary["cannot_decide"]
    assert summary["largest_component"] is False
    assert summary["batch_size"] == 2
    assert summary["body_surface_m2"] == 2
    assert set(np.unique(read_study(tmp_path / "heart.seg.nrrd").volume.array)) == {0, 1}
    heat = read_study(tmp_path / "heart_cam.nrrd").volume
    assert heat.array.shape == frame.array.shape
    assert 0 <= heat.array.min() < heat.array.max() <= 1


def test_what_is_one_patients_own_is_refused_for_several(
    study: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["-o", str(tmp_path / "out"), "--model", str(tiny_model), "--height-cm", "180", "--septum", "1,2,3"]
    (tmp_path / "other.nrrd").write_bytes(study.read_bytes())
    assert main(["predict", str(study), str(tmp_path / "other.nrrd"), *options]) == 2
    assert "--height-cm and --septum can be given for one study at a time; these are 2." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("phase", "expected"), [("first", 0), ("2", 2)])
def test_a_phase_of_a_cine(cine: Path, tiny_model: Path, tmp_path: Path, phase: str, expected: int) -> None:
    assert main(["predict", str(cine), "-o", str(tmp_path), "--model", str(tiny_model), "--phase", phase]) == 0
    summary = json.loads((tmp_path / "beating_summary.json").read_text(encoding="utf-8"))
    assert (summary["phase"], summary["phases"]) == (expected, 3)


def test_names_the_phase_that_it_kept(
    cine: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(cine), "-o", str(tmp_path), "--model", str(tiny_model)]) == 0
    assert "phase 1 of 3 (--phase 0)" in capsys.readouterr().out


def test_a_cine_gets_its_volume_curve(
    cine: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(cine), "-o", str(tmp_path), "--model", str(tiny_model)]) == 0
    printed = capsys.readouterr().out
    assert "End diastole is phase 1, end systole phase" in printed and "ejection fraction" in printed
    with (tmp_path / "beating_phases.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["phase", "time_ms", "lv_cavity_ml", "myocardium_ml", "is_ed", "is_es"]
    assert [row["phase"] for row in rows] == ["0", "1", "2"]
    assert [row["is_ed"] for row in rows] == ["1", "0", "0"] and sum(row["is_es"] == "1" for row in rows) == 1
    beat = json.loads((tmp_path / "beating_summary.json").read_text(encoding="utf-8"))["heart_beat"]
    assert beat["edv_ml"] == float(rows[0]["lv_cavity_ml"]) > beat["esv_ml"]
    assert beat["ejection_fraction_percent"] == pytest.approx(100 * (1 - beat["esv_ml"] / beat["edv_ml"]), abs=0.01)
    assert str(tmp_path / "beating_phases.csv") in printed


def test_one_phase_alone_has_no_volume_curve(cine: Path, tiny_model: Path, tmp_path: Path) -> None:
    assert main(["predict", str(cine), "-o", str(tmp_path), "--model", str(tiny_model), "--phase", "1"]) == 0
    assert not (tmp_path / "beating_phases.csv").exists()
    assert json.loads((tmp_path / "beating_summary.json").read_text(encoding="utf-8"))["heart_beat"] is None


def test_writes_a_scene(study: Path, tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("slicer", reason="needs slicer-core")
    assert main(["predict", str(study), "-o", str(tmp_path), "--model", str(tiny_model), "--scene"]) == 0
    with zipfile.ZipFile(tmp_path / "heart.mrb") as bundle:
        assert bundle.testzip() is None
        (scene,) = [name for name in bundle.namelist() if name.endswith(".mrml")]
        text = bundle.read(scene).decode()
    for name in ("heart segmentation", "heart DCM risk"):
        assert name in text


def test_phantom_then_predict(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["phantom", "-o", str(tmp_path), "--count", "1", "--seed", "4", "--slices", "2"]) == 0
    assert "manifest.csv" in capsys.readouterr().out
    with (tmp_path / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert main(["predict", str(tmp_path / row["image"]), "-o", str(tmp_path), "--model", str(tiny_model)]) == 0
    mask, truth = (read_study(tmp_path / name).volume.array for name in (f"{row['patient']}.seg.nrrd", row["mask"]))
    assert np.count_nonzero((mask == 1) & (truth == 1)) > 0.5 * np.count_nonzero(truth == 1)


def test_info_shows_versions_and_devices(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    printed = capsys.readouterr().out
    for word in ("torch", "SimpleITK", "cpu", "Model:"):
        assert word in printed


def test_info_prints_a_models_card(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--model", str(tiny_model)]) == 0
    printed = capsys.readouterr().out
    assert load_package(tiny_model).card in printed
    assert load_package(tiny_model).sha256 in printed
