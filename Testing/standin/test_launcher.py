"""The launcher takes Slicer's arguments and ends with Slicer's exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from slicer_standin.launcher import CommandLineError, parse

HERE = Path(__file__).parent
LAUNCHER = HERE.parent / "slicer_standin" / "launcher.py"


def launch(*arguments: object, patience: float = 10) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(LAUNCHER), *map(str, arguments)]
    environment = {**os.environ, "SLICER_STANDIN_PATIENCE": str(patience)}
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=120, env=environment)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(
        "import sys, slicer\n"
        "assert __name__ == '__main__' and slicer.util.mainWindow() is None and slicer.app.layoutManager() is None\n"
        "print(sys.argv[1:], slicer.modules.example.title)\n"
        "sys.exit(3)\n",
        encoding="utf-8",
    )
    return path


def test_a_script_gets_its_arguments_and_gives_the_exit_code(script: Path) -> None:
    modules = ("--additional-module-paths", HERE / "example")
    done = launch("--no-splash", "--no-main-window", *modules, "--python-script", script, "in.nrrd", "-o", "out")
    assert done.returncode == 3, done.stderr
    assert "['in.nrrd', '-o', 'out'] Example" in done.stdout


def test_testing_mode_ends_with_success_or_failure() -> None:
    good = launch("--testing", "--python-code", "assert slicer.app.testingEnabled() and slicer.util.mainWindow()")
    assert good.returncode == 0, good.stderr
    bad = launch("--testing", "--no-main-window", "--python-code", "raise ValueError('this is wrong')")
    assert bad.returncode == 1
    assert "this is wrong" in bad.stderr


def test_testing_mode_loses_the_code_of_sys_exit_but_not_that_of_slicer_util_exit() -> None:
    arguments = ("--testing", "--no-main-window", "--python-code")
    assert launch(*arguments, "import sys; sys.exit(3)").returncode == 0
    assert launch(*arguments, "slicer.util.exit(3)").returncode == 3


def test_a_script_that_does_not_end_slicer_is_found() -> None:
    done = launch("--no-main-window", "--python-code", "print('done')", patience=0.2)
    assert done.returncode == 99
    assert "must end with sys.exit" in done.stderr


FACE = """
import importlib
box, told = slicer.qMRMLNodeComboBox(), []
box.nodeTypes = ["vtkMRMLMarkupsROINode"]
box.setMRMLScene(slicer.mrmlScene)
box.connect("nodeAddedByUser(vtkMRMLNode*)", told.append)
shown = slicer.util.findChildren(box, className="QComboBox")[0]
row = [shown.itemText(n).split()[0] for n in range(shown.count)].index("Create")
shown.connect("activated(int)", lambda _: None)
shown.activated.emit(row)
print(slicer.app.minorVersion, len(told), end=" ")
for name in ("box.nodeAddedByUserAction", "importlib.import_module('slicer.packaging')", "slicer.packaging"):
    try:
        eval(name)
        print("there", end=" ")
    except (AttributeError, ImportError):
        print("missing", end=" ")
"""


@pytest.mark.parametrize(
    ("version", "said"), [("5.10", "10 2 missing missing missing"), ("5.13", "13 1 there there there")]
)
def test_both_faces_have_what_their_slicer_has(version: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLICER_STANDIN_VERSION", version)
    monkeypatch.delenv("SLICER_SOURCE", raising=False)
    done = launch("--testing", "--no-main-window", "--python-code", FACE)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


def test_a_file_that_is_no_module_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("x = 1\n", encoding="utf-8")
    done = launch("--testing", "--additional-module-paths", tmp_path, "--python-code", "pass")
    assert done.returncode != 0
    assert "class helper was not found" in done.stderr


def test_arguments_that_slicer_knows_are_slicers_also_after_the_script() -> None:
    line = parse(["--python-script", "predict.py", "in", "--help", "--roi", "1,2", "-c", "code", "--no-splash"])
    assert line.script == "predict.py"
    assert line.script_arguments == ["in", "--roi", "1,2"]
    assert line.flags == {"help", "no-splash"}
    assert line.texts["c"] == "code"


def test_two_dashes_keep_the_rest_for_the_script() -> None:
    line = parse(["--no-main-window", "--python-script", "predict.py", "--", "in", "--help"])
    assert line.script_arguments == ["in", "--help"]
    assert not line.run_and_exit


def test_module_paths_end_at_the_next_argument() -> None:
    line = parse(["--additional-module-paths", "a", "b", "--testing", "--python-code", "pass"])
    assert line.module_paths == ["a", "b"]
    assert line.run_and_exit


def test_an_argument_without_its_value_is_an_error() -> None:
    for arguments in (["--python-script"], ["--python-code", "--testing"]):
        with pytest.raises(CommandLineError, match="has 0 value"):
            parse(arguments)
