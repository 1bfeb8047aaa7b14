"""`batch` from the command line: what it prints, its exit codes, and that it may be killed at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from batch.hospital import contents, heart, hospital

from DCMMultiTaskLib.cli import main


def start(folder: Path, output: Path, model: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "DCMMultiTaskLib", "batch", str(folder), "-o", str(output), "--model", str(model)]
    return subprocess.Popen(
        [*command, "--device", "cpu", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )


def wait_for(condition: object, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not condition() and process.poll() is None and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.01)


def test_it_says_what_came_of_each_study_and_ends_with_1_where_one_failed(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = hospital(tmp_path / "in")
    assert main(["batch", str(folder), "-o", str(tmp_path / "out"), "--model", str(tiny_model), "--device", "cpu"]) == 1
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert said.err == ""
    assert any(line.endswith("] broken: failed: broken.nrrd: the file is damaged or not complete.") for line in lines)
    assert any(line.endswith("one: done") for line in lines)
    assert any(line.endswith("long axis: skipped: no short-axis stack") for line in lines)
    assert any(line.startswith("4 of 7 studies done, 1 failed, 2 skipped.") for line in lines)


def test_a_dry_run_shows_what_would_be_done_and_writes_nothing(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = hospital(tmp_path / "in")
    arguments = ["batch", str(folder), "-o", str(tmp_path / "out"), "--model", str(tiny_model), "--dry-run"]
    assert main(arguments) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "one: 96 x 96 x 2 voxels of" in "\n".join(lines)
    assert "broken: would fail: broken.nrrd: the file is damaged or not complete." in lines
    assert "Not analysed: notes.txt (1 file): not an image" in lines
    assert lines[-1] == "4 of 7 studies would be done, 0 are done, 1 would fail, 2 would be skipped."
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--workers", "0"], "number of workers is at least 1"),
        (["--threshold", "7"], "between 0 and 1"),
        (["--device", "abacus"], "abacus"),
        (["--model", "none.dcmmodel"], "none.dcmmodel"),
    ],
)
def test_bad_arguments_end_with_2_and_one_line_before_anything_is_written(
    options: list[str], reason: str, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heart(tmp_path / "in" / "a.nrrd")
    assert main(["batch", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--model", str(tiny_model), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert reason in line
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_batch_that_is_killed_at_any_moment_goes_on_to_the_results_of_an_undisturbed_one(
    tiny_model: Path, tmp_path: Path
) -> None:
    folder, output = hospital(tmp_path / "in"), tmp_path / "out"
    for kill in range(2):
        process = start(folder, output, tiny_model, "--resume")
        # From the moment when the first file of a study is written, somewhere in the next third of a second.
        wait_for(lambda: list(output.glob("studies/.unfinished-*/*/*")), process)
        time.sleep(random.Random(kill).uniform(0, 0.3))
        process.kill()
        process.communicate(timeout=60)
        for done in output.glob("studies/[!.]*"):
            assert (done / f"{done.name}_batch.json").is_file()
    options = ["--model", str(tiny_model), "--device", "cpu"]
    assert main(["batch", str(folder), "-o", str(output), "--resume", *options]) == 1
    assert main(["batch", str(folder), "-o", str(tmp_path / "undisturbed"), *options]) == 1
    assert contents(output) == contents(tmp_path / "undisturbed")


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C in another way")
def test_ctrl_c_finishes_what_is_in_work_and_says_what_is_left(tiny_model: Path, tmp_path: Path) -> None:
    for number in range(12):
        heart(tmp_path / "in" / f"{number}.nrrd", 80 + number)
    process = start(tmp_path / "in", tmp_path / "out", tiny_model)
    wait_for(lambda: list((tmp_path / "out").glob("studies/[!.]*")), process)
    process.send_signal(signal.SIGINT)
    said, wrong = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Stopping: the studies in work are finished first" in said
    done = list((tmp_path / "out" / "studies").iterdir())
    assert 0 < len(done) < 12
    assert wrong == f"Stopped: {12 - len(done)} of 12 studies are left; --resume goes on.\n"
    assert len((tmp_path / "out" / "results.csv").read_text(encoding="utf-8").splitlines()) == len(done) + 1
