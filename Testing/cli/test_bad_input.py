"""What cannot be used ends in one sentence on stderr, exit code 2, and not a single file."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from DCMMultiTaskLib.cli import main
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.phantom import make_phantom

HEART = make_phantom(3, slices=2, matrix=(96, 96)).volume


def written(path: Path, array: np.ndarray, *, vector: bool = False) -> Path:
    image = sitk.GetImageFromArray(array, isVector=vector)
    sitk.WriteImage(image, str(path))
    return path


def good(folder: Path) -> Path:
    write_volume(folder / "good.nrrd", HEART)
    return folder / "good.nrrd"


def cut(folder: Path) -> Path:
    path = good(folder)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def noise(folder: Path, name: str) -> Path:
    (folder / name).write_bytes(np.random.default_rng(0).bytes(5000))
    return folder / name


def text(folder: Path, name: str, content: str) -> Path:
    (folder / name).write_text(content)
    return folder / name


def wrong_extension(folder: Path) -> Path:
    return good(folder).rename(folder / "good.nii.gz")


def bad_spacing(folder: Path, spacing: str) -> Path:
    path = good(folder)
    head, data = path.read_bytes().split(b"\n\n", 1)
    lines = [f"space directions: {spacing}".encode() if b"directions" in line else line for line in head.split(b"\n")]
    path.write_bytes(b"\n".join(lines) + b"\n\n" + data)
    return path


def empty_folder(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


BAD_INPUTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "no such file": (lambda folder: folder / "none.nrrd", "no such file"),
    "empty file": (lambda folder: text(folder, "empty.nrrd", ""), "empty"),
    "empty folder": (empty_folder, "empty"),
    "truncated file": (cut, "good.nrrd"),
    "random bytes as NRRD": (lambda folder: noise(folder, "noise.nrrd"), "noise.nrrd"),
    "random bytes as NIfTI": (lambda folder: noise(folder, "noise.nii.gz"), "noise.nii.gz"),
    "random bytes as MetaImage": (lambda folder: noise(folder, "noise.mha"), "noise.mha"),
    "random bytes as DICOM": (lambda folder: noise(folder, "image.dcm"), "image.dcm"),
    "a text file": (lambda folder: text(folder, "notes.txt", "not an image"), "notes.txt"),
    "wrong extension": (wrong_extension, "good.nii.gz"),
    "colours": (
        lambda folder: written(folder / "rgb.nrrd", np.ones((2, 32, 32, 3), np.uint8), vector=True),
        "component",
    ),
    "constant image": (lambda folder: written(folder / "flat.nrrd", np.full((2, 32, 32), 7, np.int16)), "same value"),
    "no finite voxel": (lambda folder: written(folder / "nan.nrrd", np.full((2, 32, 32), np.nan, np.float32)), "nan"),
    "too small": (lambda folder: written(folder / "tiny.nrrd", np.arange(2 * 8 * 8.0).reshape(2, 8, 8)), "16"),
    "zero spacing": (lambda folder: bad_spacing(folder, "(0,0,0) (0,1.3,0) (0,0,8)"), "good.nrrd"),
    "no spacing": (lambda folder: bad_spacing(folder, "(nan,0,0) (0,1.3,0) (0,0,8)"), "good.nrrd"),
}

BAD_OPTIONS: dict[str, tuple[list[str], str]] = {
    "phase that is not there": (["--phase", "99"], "no phase 99"),
    "phase below zero": (["--phase", "-1"], "phase"),
    "phase that is no number": (["--phase", "systole"], "systole"),
    "ROI that is no numbers": (["--roi", "here"], "here"),
    "ROI outside": (["--roi=9000,0,0"], "outside"),
    "ROI box outside": (["--roi=9000,0,0,10,10,10"], "outside"),
    "threshold above 1": (["--threshold", "1.5"], "1.5"),
    "batch of nothing": (["--batch-size", "0"], "batch size"),
    "a giant": (["--height-cm", "1700"], "1700 cm is not between"),
    "a feather": (["--weight-kg", "0"], "0 kg is not between"),
    "a septum that is no point": (["--septum", "1,2"], "'1,2' is not R,A,S"),
    "a septum far away": (["--septum", "9999,0,0"], "septum's point lies outside the volume"),
    "no such device": (["--device", "gpu"], "gpu"),
    "no such model": (["--model", "none.dcmmodel"], "none.dcmmodel"),
    "a model that is none": (["--model", __file__], "not a model package"),
}


def refused(arguments: list[str], words: str, output: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Run, and check the exit code, the one sentence and that nothing is written."""
    before = sorted(output.parent.iterdir())
    assert main(["predict", *arguments, "-o", str(output)]) == 2
    said = capfd.readouterr()
    assert said.out == ""
    assert words in said.err
    assert said.err.startswith("dcm-multitask: error: ")
    assert said.err.count("\n") == 1
    assert said.err.endswith(".\n")
    assert sorted(output.parent.iterdir()) == before


@pytest.mark.parametrize("case", BAD_INPUTS)
def test_bad_input(case: str, tiny_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    make, words = BAD_INPUTS[case]
    refused([str(make(tmp_path)), "--model", str(tiny_model)], words, tmp_path / "out", capfd)


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_bad_options(case: str, tiny_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    options, words = BAD_OPTIONS[case]
    refused([str(good(tmp_path)), "--model", str(tiny_model), *options], words, tmp_path / "out", capfd)


def test_a_file_where_the_output_folder_should_be(
    tiny_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("mine")
    refused([str(good(tmp_path)), "--model", str(tiny_model)], "cannot be written", tmp_path / "out", capfd)
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="no folder is closed to this user")
def test_a_write_protected_output_folder(tiny_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    study = good(tmp_path)
    closed.chmod(0o500)
    refused([str(study), "--model", str(tiny_model)], "cannot be written", closed / "out", capfd)


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict"],
        ["predict", "x"],
        ["predict", "x", "-o", "y", "--slice-axis", "z"],
        ["unknown"],
        ["predict", "-x"],
    ],
)
def test_bad_arguments_are_one_line_with_the_reason_and_the_usage(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capfd.readouterr()
    assert ended.value.code == 2
    (line,) = said.err.splitlines()
    reason, usage = line.split(" (usage: ")
    assert usage.startswith("dcm-multitask")
    assert reason.startswith("dcm-multitask")
    assert ": error: " in reason


def test_a_2d_image_is_a_study_of_one_slice(tiny_model: Path, tmp_path: Path) -> None:
    study = written(tmp_path / "flat.nrrd", HEART.array[1])
    assert main(["predict", str(study), "-o", str(tmp_path / "out"), "--model", str(tiny_model)]) == 0
    assert len((tmp_path / "out" / "flat_risk.csv").read_text().splitlines()) == 2


def test_voxels_that_are_no_numbers_are_counted(
    tiny_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    array = HEART.array.astype(np.float32)
    array[0, :2, :5] = np.nan
    array[1, 0, 0] = np.inf
    write_volume(tmp_path / "holes.nrrd", Volume.of(array, HEART.geometry.spacing))
    assert main(["predict", str(tmp_path / "holes.nrrd"), "-o", str(tmp_path / "out"), "--model", str(tiny_model)]) == 0
    assert "Note: 11 voxels" in capfd.readouterr().out


def test_exit_code_and_sentence_of_the_whole_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "DCMMultiTaskLib", "predict", "none.nrrd", "-o", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "dcm-multitask: error: none.nrrd: no such file or folder.\n"


def test_the_command_line_opens_without_torch() -> None:
    code = "import sys, DCMMultiTaskLib.cli; print({'torch', 'SimpleITK', 'numpy', 'slicer', 'vtk'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "set()"
