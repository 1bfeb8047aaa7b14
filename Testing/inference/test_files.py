"""A result's files: what architecture says is in them, and all of them or none."""

import csv
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from provenances import provenance

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.files import file_name, write_result
from DCMMultiTaskLib.inference.result import Result, SliceRow
from DCMMultiTaskLib.measurements.volumes import Body


@pytest.fixture
def result() -> Result:
    direction = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    volume = Volume.of(
        np.arange(3 * 20 * 24, dtype=np.int16).reshape(3, 20, 24), (1.4, 1.3, 8.0), (5.0, -6.0, 7.0), direction
    )
    labels = np.zeros(volume.array.shape, np.uint8)
    labels[1, 5:15, 6:18] = 1
    labels[1, 8:11, 9:14] = 2
    rows = (
        SliceRow(0, 0.0, 0.123456789, 0, 0.0, "no myocardium found", 0.0),
        SliceRow(1, 8.0, 0.9, 1, 218.4, "ok", 1.0 / 3, 9.876, 7.123, 12.5),
        SliceRow(2, 16.0, math.nan, 0, 0.0, "not analysed", 0.0),
    )
    return Result(
        study=Study("study", [volume]),
        labels={0: labels},
        phase=0,
        slice_axis=2,
        rows=rows,
        dcm_probability=0.9,
        dcm_class=1,
        rule="a rule",
        provenance=provenance(),
        activation=np.linspace(0, 1, labels.size, dtype=np.float32).reshape(labels.shape),
        cancelled=True,
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writes_the_files_that_it_names(result: Result, tmp_path: Path) -> None:
    paths = write_result(result, tmp_path / "new" / "folder")
    assert list(paths) == ["segmentation", "risk", "segments", "summary"]
    assert names(tmp_path / "new" / "folder") == [
        "study.seg.nrrd",
        "study_risk.csv",
        "study_segments.csv",
        "study_summary.json",
    ]
    assert all(path.is_file() for path in paths.values())


def test_the_segmentation_lies_on_the_inputs_grid(result: Result, tmp_path: Path) -> None:
    written = read_study(write_result(result, tmp_path)["segmentation"]).volume
    assert np.array_equal(written.array, result.label_map)
    assert written.geometry.same_as(result.geometry, tolerance=1e-6)


def test_the_cavity_can_be_left_out(result: Result, tmp_path: Path) -> None:
    written = read_study(write_result(result, tmp_path, cavity=False)["segmentation"]).volume
    assert np.array_equal(written.array, result.mask)


def test_the_table_has_the_columns_in_order(result: Result, tmp_path: Path) -> None:
    with write_result(result, tmp_path)["risk"].open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == [
        "slice",
        "position_mm",
        "dcm_probability",
        "dcm_class",
        "myocardium_area_mm2",
        "quality",
        "cavity_area_mm2",
        "wall_thickness_mean_mm",
        "wall_thickness_min_mm",
        "wall_thickness_max_mm",
        "caution",
        "dcm_probability_low",
        "dcm_probability_high",
        "view_agreement",
    ]
    assert rows[1] == ["0", "0.0", "0.123457", "0", "0.0", "no myocardium found", "0.0", *[""] * 7]
    assert rows[2] == ["1", "8.0", "0.9", "1", "218.4", "ok", "0.33", "9.88", "7.12", "12.5", *[""] * 4]
    assert rows[3] == ["2", "16.0", "", "0", "0.0", "not analysed", "0.0", *[""] * 7]


def test_the_summary_has_the_patient_and_where_it_comes_from(result: Result, tmp_path: Path) -> None:
    facts = json.loads(write_result(result, tmp_path)["summary"].read_text(encoding="utf-8"))
    assert facts["dcm_probability"] == 0.9
    assert facts["rule"] == "a rule"
    assert facts["model_sha256"] == "ab" * 32
    assert facts["cancelled"] is True
    assert (facts["slices"], facts["slices_ok"], facts["slice_axis"]) == (3, 1, "k")
    assert facts["myocardium_volume_ml"] == pytest.approx(105 * 1.4 * 1.3 * 8 / 1000, abs=1e-3)
    assert "esearch use only" in facts["use"]


def test_the_summary_has_the_measurements(result: Result, tmp_path: Path) -> None:
    facts = json.loads(write_result(result, tmp_path)["summary"].read_text(encoding="utf-8"))
    assert facts["lv_cavity_volume_ml"] == pytest.approx(15 * 1.4 * 1.3 * 8 / 1000, abs=1e-3)
    assert facts["myocardium_mass_g"] == pytest.approx(1.05 * facts["myocardium_volume_ml"], abs=1e-3)
    assert facts["cavity_diameter_mm"] == pytest.approx(2 * math.sqrt(15 * 1.4 * 1.3 / math.pi), abs=1e-3)
    # Slices whose quality is not ok are not averaged in, and without height and weight there is no surface.
    assert (facts["wall_thickness_mean_mm"], facts["wall_thickness_max_mm"]) == (9.876, 12.5)
    assert facts["lv_cavity_volume_ml_m2"] is None
    facts = json.loads(write_result(replace(result, body=Body(180, 80)), tmp_path)["summary"].read_text())
    assert facts["body_surface_m2"] == 2
    assert facts["lv_cavity_volume_ml_m2"] == pytest.approx(facts["lv_cavity_volume_ml"] / 2, abs=1e-3)


def test_the_segments_are_a_table_and_the_patients_seventeen(result: Result, tmp_path: Path) -> None:
    paths = write_result(result, tmp_path)
    with paths["segments"].open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == [
        *("slice", "segment", "name"),
        *("wall_thickness_mean_mm", "wall_thickness_min_mm", "wall_thickness_max_mm", "counted"),
    ]
    assert {row["slice"] for row in rows} == {"1"} and {row["counted"] for row in rows} == {"1"}
    facts = json.loads(paths["summary"].read_text(encoding="utf-8"))["wall_segments"]
    assert facts["named"] is False and "three rings" in facts["septum"]
    assert [one["segment"] for one in facts["segments"]] == list(range(1, 18))
    assert facts["segments"][16]["wall_thickness_mean_mm"] is None


def test_no_wall_in_any_good_slice_is_null(result: Result, tmp_path: Path) -> None:
    path = write_result(replace(result, rows=result.rows[::2]), tmp_path)["summary"]
    assert json.loads(path.read_text(), parse_constant=pytest.fail)["wall_thickness_min_mm"] is None


def test_no_patient_probability_is_null(result: Result, tmp_path: Path) -> None:
    path = write_result(replace(result, dcm_probability=math.nan), tmp_path)["summary"]
    assert json.loads(path.read_text(), parse_constant=pytest.fail)["dcm_probability"] is None


def test_the_activation_map_is_written_when_asked_for(result: Result, tmp_path: Path) -> None:
    heat = read_study(write_result(result, tmp_path, cam=True)["cam"]).volume
    assert np.array_equal(heat.array, result.activation)
    with pytest.raises(ValueError, match="activation"):
        write_result(replace(result, activation=None), tmp_path, cam=True)


def test_replaces_the_files_of_an_earlier_run_and_nothing_else(result: Result, tmp_path: Path) -> None:
    write_result(result, tmp_path)
    (tmp_path / "mine.txt").write_text("keep")
    write_result(replace(result, dcm_probability=0.1), tmp_path)
    assert json.loads((tmp_path / "study_summary.json").read_text())["dcm_probability"] == 0.1
    assert names(tmp_path) == [
        "mine.txt",
        "study.seg.nrrd",
        "study_risk.csv",
        "study_segments.csv",
        "study_summary.json",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/b\\c:d", "a_b_c_d"), ("../up", "_up"), ("...", "study"), ("Herz 1", "Herz 1"), ("", "study")],
)
def test_names_become_file_names(name: str, expected: str) -> None:
    assert file_name(name) == expected


def test_a_folder_that_cannot_be_made_is_told(result: Result, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError, match="cannot be written"):
        write_result(result, tmp_path / "file" / "results")
    with pytest.raises(InputError, match="cannot be written"):
        write_result(result, tmp_path / "file")
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="no folder is closed to this user")
def test_a_write_protected_folder_is_told(result: Result, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written"):
        write_result(result, tmp_path)
    tmp_path.chmod(0o700)
    assert names(tmp_path) == []


def test_a_folder_in_the_way_leaves_everything_as_it_was(result: Result, tmp_path: Path) -> None:
    write_result(result, tmp_path)
    (tmp_path / "study_summary.json").unlink()
    (tmp_path / "study_summary.json").mkdir()
    before = (tmp_path / "study_risk.csv").read_bytes()
    changed = replace(result, rows=result.rows[:1], labels={0: np.zeros_like(result.label_map)})
    with pytest.raises(InputError, match="is a folder"):
        write_result(changed, tmp_path)
    assert (tmp_path / "study_risk.csv").read_bytes() == before
    assert np.array_equal(read_study(tmp_path / "study.seg.nrrd").volume.array, result.label_map)
    assert names(tmp_path) == ["study.seg.nrrd", "study_risk.csv", "study_segments.csv", "study_summary.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size to stand for a full disk")
@pytest.mark.parametrize("most_bytes", [0, 100, 700, 20_000])
def test_a_full_disk_leaves_nothing(tmp_path: Path, most_bytes: int) -> None:
    # A process that may not write files beyond a size meets the same failing writes as one on a full disk.
    code = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from provenances import provenance
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.files import write_result
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.inference.result import Result, SliceRow
noise = np.random.default_rng(0).random((8, 64, 64)).astype(np.float32)
study, labels = Study("study", [Volume.of(noise)]), {0: (noise > 0.5).astype(np.uint8)}
rows = tuple(SliceRow(n, float(n), 0.5, 1, 100.0, "ok", 50.0) for n in range(8))
result = Result(study, labels, 0, 2, rows, 0.5, 1, "a rule", provenance(), noise)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    write_result(result, Path(sys.argv[1]) / "results", cam=True)
except InputError as error:
    sys.exit(str(error))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(most_bytes)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert ".unfinished" not in done.stderr
    assert names(tmp_path) == []
