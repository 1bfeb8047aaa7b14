"""`predict` on what is found in the field: what it says of every file, and that nothing ends it badly."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from imaging.hospital_files import make, save

from DCMMultiTaskLib.cli import main
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.phantom import make_phantom

HEART = make_phantom(3, slices=2, matrix=(96, 96)).volume


def heart(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_volume(path, HEART)
    return path


def hospital(folder: Path) -> Path:
    save(make(), folder)
    save(make(positions=4, direction=np.eye(3), description="haste_tra", SeriesNumber=9), folder)
    (folder / "notes.txt").write_text("hello")
    return folder


def test_a_dry_run_shows_what_becomes_of_every_file_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = hospital(tmp_path / "study")
    assert main(["predict", str(folder), "-o", str(tmp_path / "out"), "--dry-run", "--model", "not-read"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:2] == ["study: 20 x 24 x 6 voxels of 1.25 x 1.25 x 8 mm, 3 phases", "18 files used (cine_sax)"]
    assert any(
        "12 files left out (another stack, haste_tra: 4 slices x 3 phases, axial by its name): " in line
        for line in said
    )
    assert "Note: 1 file left out (not DICOM): notes.txt." in said
    assert not (tmp_path / "out").exists()


def test_the_summary_lists_what_became_of_the_files(tiny_model: Path, tmp_path: Path) -> None:
    folder = hospital(tmp_path / "study")
    assert main(["predict", str(folder), "-o", str(tmp_path), "--model", str(tiny_model), "--phase", "first"]) == 0
    files = json.loads((tmp_path / "study_summary.json").read_text(encoding="utf-8"))["files"]
    assert files[0] == {"reason": "used", "count": 18}
    assert {"reason": "not DICOM", "count": 1, "names": ["notes.txt"]} in files
    assert sum(entry["count"] for entry in files) == 31


def test_a_series_is_chosen_by_number_or_name_and_else_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["predict", str(hospital(tmp_path / "study")), "-o", str(tmp_path / "out"), "--dry-run", "--series"]
    for series in ("9", "haste_tra"):
        assert main([*arguments, series]) == 0
        assert "12 files used (haste_tra)" in capsys.readouterr().out
    assert main([*arguments, "LGE"]) == 2
    assert "4 cine_sax: 18 images; 9 haste_tra: 12 images" in capsys.readouterr().err


def test_label_maps_of_a_patients_folder_are_passed_over_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("patient001_frame01", "patient001_frame12"):
        heart(tmp_path / "p" / f"{name}.nii.gz")
        labels = Volume.of(np.arange(2 * 20 * 20).reshape(2, 20, 20).astype(np.uint8) % 4)
        write_volume(tmp_path / "p" / f"{name}_gt.nii.gz", labels)
    assert main(["predict", str(tmp_path / "p"), "-o", str(tmp_path / "out"), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "2 label maps passed over: patient001_frame01_gt.nii.gz, patient001_frame12_gt.nii.gz." in said
    assert "2 of 2 studies can be read." in said
    truth = tmp_path / "p" / "patient001_frame01_gt.nii.gz"
    assert main(["predict", str(truth), "-o", str(tmp_path / "out"), "--dry-run"]) == 2
    assert "this is a label map (its values are 0, 1, 2, 3)" in capsys.readouterr().err


def test_links_to_studies_and_long_names_are_followed_and_kept_apart(tiny_model: Path, tmp_path: Path) -> None:
    long = "n" * 245
    heart(tmp_path / "store" / "1.2.3" / f"{long}.nrrd")
    (tmp_path / "cohort").mkdir()
    (tmp_path / "cohort" / "patient7").symlink_to(tmp_path / "store" / "1.2.3", target_is_directory=True)
    arguments = ["predict", str(tmp_path / "cohort"), "-o", str(tmp_path / "out"), "--model", str(tiny_model)]
    assert main(arguments) == 0
    (summary,) = (tmp_path / "out" / "patient7").glob("*_summary.json")
    assert summary.name.startswith("n" * 150) and len(summary.name) < 220
    assert json.loads(summary.read_text(encoding="utf-8"))["name"] == long


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' file names are Unicode")
def test_a_name_that_is_not_utf8_does_not_end_the_batch(tiny_model: Path, tmp_path: Path) -> None:
    heart(tmp_path / "in" / "z.nrrd")
    heart(tmp_path / "in" / os.fsdecode(b"M\xfcller.nrrd"))
    output = tmp_path / os.fsdecode(b"out\xfc")
    assert main(["predict", str(tmp_path / "in"), "-o", str(output), "--model", str(tiny_model)]) == 0
    assert sorted(os.fsencode(path.name) for path in output.glob("*.seg.nrrd")) == [
        b"M\xfcller.seg.nrrd",
        b"z.seg.nrrd",
    ]


@pytest.mark.parametrize(
    "arguments", [["predict", "", "-o", "out"], ["predict", "study", "-o", ""], ["train", "--data", " ", "-o", "out"]]
)
def test_an_empty_path_is_not_the_current_folder(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "the path is empty" in capsys.readouterr().err


def test_an_roi_may_begin_with_a_minus(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = heart(tmp_path / "heart.nrrd")
    options = ["-o", str(tmp_path / "out"), "--model", str(tiny_model), "--roi", "-9000,0,0"]
    assert main(["predict", str(study), *options]) == 2
    assert "outside" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="no folder is closed to this user")
def test_a_locked_folder_fails_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heart(tmp_path / "in" / "a.nrrd")
    locked = tmp_path / "in" / "locked"
    locked.mkdir(mode=0)
    try:
        assert main(["predict", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--dry-run"]) == 1
        assert "locked: failed" in capsys.readouterr().err
        assert main(["predict", str(locked), "-o", str(tmp_path / "out"), "--dry-run"]) == 2
        assert "cannot be opened" in capsys.readouterr().err
    finally:
        locked.chmod(0o700)


def run_python(code: str, *, stdout: int | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code], stdout=stdout, stderr=subprocess.PIPE)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to be caught")
def test_sigterm_leaves_no_unfinished_files(tmp_path: Path) -> None:
    code = (
        "import time, pathlib\n"
        "from DCMMultiTaskLib.cli import ended_cleanly\n"
        "from DCMMultiTaskLib.storage import staged\n"
        f"with ended_cleanly(), staged(pathlib.Path({str(tmp_path / 'out')!r})):\n"
        "    time.sleep(60)\n"
    )
    process = run_python(code)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("out/.unfinished-*/new")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="a closed pipe is another error on Windows")
def test_a_reader_that_goes_away_is_no_traceback() -> None:
    code = "import sys; from DCMMultiTaskLib.cli import main; sys.exit(main(['info']))"
    reader, writer = os.pipe()
    process = run_python(code, stdout=writer)
    os.close(reader)
    os.close(writer)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, said) == (0, b"")
