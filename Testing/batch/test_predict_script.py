"""`predict.py`, as Slicer's batch mode runs it: same arguments, files and exit codes as the command."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from DCMMultiTaskLib import cli
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.phantom import make_phantom

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "DCMMultiTaskLib" / "predict.py"


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two small studies, one of them below another folder, and a damaged one."""
    folder = tmp_path_factory.mktemp("studies")
    for number, place in enumerate((folder, folder / "ward")):
        place.mkdir(exist_ok=True)
        volume = make_phantom(50 + number, slices=3, matrix=(96, 96)).volume
        write_volume(place / f"heart{number}.nrrd", volume)
    (folder / "damaged.nrrd").write_text("NRRD0004\n")
    return folder


def run_script(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """In a folder of its own and without the project on the path, as Slicer starts it."""
    command = [sys.executable, "-I", str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", cwd=cwd, timeout=300)


def contents(folder: Path) -> dict[str, str]:
    """SHA-256 of every file by its relative path; the seconds of a run are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".json":
            facts = json.loads(path.read_text(encoding="utf-8"))
            facts = {name: value for name, value in facts.items() if "seconds" not in name}
            found[path.relative_to(folder).as_posix()] = json.dumps(facts)
        elif path.is_file():
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def test_the_script_writes_the_files_of_the_command(studies: Path, tiny_model: Path, tmp_path: Path) -> None:
    arguments = [studies / "heart0.nrrd", "--model", tiny_model, "--device", "cpu", "--cam"]
    script = run_script(*arguments, "-o", tmp_path / "script", cwd=tmp_path)
    assert (script.returncode, script.stderr) == (0, "")
    assert cli.main(["predict", *map(str, arguments), "-o", str(tmp_path / "command")]) == 0
    files = contents(tmp_path / "script")
    assert set(files) == {
        "heart0.seg.nrrd",
        "heart0_risk.csv",
        "heart0_segments.csv",
        "heart0_summary.json",
        "heart0_cam.nrrd",
    }
    assert files == contents(tmp_path / "command")


def test_a_folder_is_done_study_by_study_and_a_damaged_one_is_told(
    studies: Path, tiny_model: Path, tmp_path: Path
) -> None:
    done = run_script(studies, "-o", tmp_path / "out", "--model", tiny_model, cwd=tmp_path)
    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [str(studies / "damaged.nrrd")]
    assert "2 of 3 studies done." in done.stdout
    names = set(contents(tmp_path / "out"))
    assert {"heart0.seg.nrrd", "ward/heart1.seg.nrrd", "ward/heart1_risk.csv"} <= names
    assert not any("damaged" in name for name in names)


def test_the_model_is_loaded_once_for_several_studies(
    studies: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from DCMMultiTaskLib.inference.package import ModelPackage

    built = []
    build = ModelPackage.build_network
    monkeypatch.setattr(ModelPackage, "build_network", lambda self: built.append(self) or build(self))
    inputs = [str(studies / "heart0.nrrd"), str(studies / "ward" / "heart1.nrrd")]
    assert cli.main(["predict", *inputs, "-o", str(tmp_path), "--model", str(tiny_model)]) == 0
    assert len(built) == 1
    assert (tmp_path / "heart1.seg.nrrd").is_file()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["none.nrrd"], "no such file or folder"),
        (["{studies}/damaged.nrrd"], "damaged.nrrd"),
        (["{studies}", "--threshold", "7"], "between 0 and 1"),
        (["{studies}", "--roi", "here"], "region of interest"),
        (["{studies}", "--device", "abacus"], "abacus"),
        (["{studies}", "--model", "none.dcmmodel"], "none.dcmmodel"),
    ],
)
def test_bad_input_and_bad_arguments_end_with_2_and_one_line(
    studies: Path,
    tiny_model: Path,
    tmp_path: Path,
    arguments: list[str],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    filled = [argument.format(studies=studies) for argument in arguments]
    model = [] if "--model" in filled else ["--model", str(tiny_model)]
    assert cli.main(["predict", *filled, "-o", str(tmp_path / "out"), *model]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert reason in said
    assert not (tmp_path / "out").exists()


def test_the_script_ends_with_2_as_the_command_does(tiny_model: Path, tmp_path: Path) -> None:
    done = run_script("none.nrrd", "-o", tmp_path / "out", "--model", tiny_model, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_without_torch_the_user_is_told_what_is_missing(
    studies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(_: object) -> int:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("DCMMultiTaskLib.commands.predict.make_predictor", missing)
    assert cli.main(["predict", str(studies / "heart0.nrrd"), "-o", str(tmp_path / "out")]) == 2
    assert "torch" in capsys.readouterr().err
