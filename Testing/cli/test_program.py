"""The program around its commands: help, what is imported when, negative numbers, what is said of what is missing."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from DCMMultiTaskLib import cli
from DCMMultiTaskLib.errors import OPTIONAL_PACKAGES, how_to_install
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.phantom import make_phantom

ROOT = Path(__file__).resolve().parents[2]
# What no prediction may load: the rooms that Slicer's package does not carry, and what they need.
NOT_FOR_PREDICTING = ("datasets", "evaluation", "experiments", "learning", "phantom", "report")
HEAVY = ("lightning", "monai", "matplotlib", "sklearn", "pandas", "jinja2")


def modules_after(code: str, *arguments: object) -> set[str]:
    """Names of all modules that a fresh Python has loaded after running `code`."""
    code += "\nprint('LOADED', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize("columns", ["40", "200"])
@pytest.mark.parametrize("command", [[], *([name] for name in cli.COMMANDS)])
def test_help_is_shown_on_narrow_and_wide_terminals(
    command: list[str], columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, "--help"])
    said = capsys.readouterr()
    assert (ended.value.code, said.err) == (0, "")
    assert said.out.startswith(" ".join(["usage: dcm-multitask", *command]))
    _usage, *lines = said.out.splitlines()
    assert all(len(line) <= int(columns) for line in lines)


def test_without_a_command_each_one_is_shown_with_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert cli.main([]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    listed = dict(re.findall(r"^  ([a-z]+) +(.+)$", said.out, re.MULTILINE))
    assert listed == cli.COMMANDS
    files = {path.stem for path in (ROOT / "DCMMultiTaskLib" / "commands").glob("*.py")}
    assert set(listed) == files - {"__init__", "progress"}


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    parser = cli.build_parser(name)
    (commands,) = (action.choices for action in parser._actions if action.choices)
    for action in commands[name]._actions:
        assert action.help, action.option_strings


def test_the_help_of_train_names_the_values_that_the_recipes_have(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from DCMMultiTaskLib.learning.settings import TrainingSettings, paper_settings

    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        cli.main(["train", "--help"])
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip().startswith("--")}
    default, paper = TrainingSettings(), paper_settings()
    for name in ("epochs", "batch_size", "learning_rate", "alpha", "seed", "patience"):
        said = f"default {getattr(default, name):g}"
        if getattr(paper, name) != getattr(default, name):
            said += f"; luo2020: {getattr(paper, name):g}"
        assert f"{said})" in lines[f"--{name.replace('_', '-')}"]


def test_the_help_of_a_command_loads_no_other_command_and_nothing_heavy() -> None:
    code = "from DCMMultiTaskLib.cli import main\ntry: main(['predict', '--help'])\nexcept SystemExit: pass"
    loaded = modules_after(code)
    ours = {name for name in loaded if name.startswith("DCMMultiTaskLib.")}
    assert {name for name in ours if name.startswith("DCMMultiTaskLib.commands.")} == {
        "DCMMultiTaskLib.commands.predict"
    }
    assert not {name.split(".")[1] for name in ours} & {*NOT_FOR_PREDICTING, "inference", "imaging", "networks"}
    assert not loaded & {"torch", "numpy", "SimpleITK", "slicer", "vtk", *HEAVY}


def test_a_prediction_loads_nothing_of_training_and_experiments(tiny_model: Path, tmp_path: Path) -> None:
    write_volume(tmp_path / "heart.nrrd", make_phantom(60, slices=2, matrix=(96, 96)).volume)
    arguments = (tmp_path / "heart.nrrd", "-o", tmp_path / "out", "--model", tiny_model, "--device", "cpu", "--cam")
    code = "from DCMMultiTaskLib.cli import main\nassert main(['predict', *sys.argv[1:]]) == 0"
    loaded = modules_after(code, *arguments)
    assert (tmp_path / "out" / "heart_risk.csv").is_file()
    assert "DCMMultiTaskLib.inference.predictor" in loaded
    rooms = {name.split(".")[1] for name in loaded if name.startswith("DCMMultiTaskLib.")}
    assert not rooms & {*NOT_FOR_PREDICTING, "scene"}
    assert not loaded & {*HEAVY, "slicer", "vtk"}


@pytest.mark.parametrize("roi", ["-20,30,40", "-20.5,-30,-40,90,90,80", "-.5,3,4", "-1e1,3,4"])
def test_a_region_of_interest_may_begin_with_a_negative_number(roi: str) -> None:
    words = cli._with_negative_lists(["predict", "a.nrrd", "--roi", roi, "-o", "out", "--cam"])
    assert cli.build_parser("predict").parse_args(words).roi == roi


def test_other_arguments_are_left_as_they_are() -> None:
    for words in (
        ["train", "--data", "m.csv", "--mask-offset", "-0.4", "-0.7", "-o", "out"],
        ["predict", "a.nrrd", "-o", "-1,x", "--phase", "-1"],
        ["predict", "--roi=-1,2,3", "-x,y"],
    ):
        assert cli._with_negative_lists(words) == words
    args = cli.build_parser("train").parse_args(["train", "--data", "m", "--mask-offset", "-0.4", "-0.7", "-o", "out"])
    assert args.mask_offset == [-0.4, -0.7]


def test_all_packages_that_training_lacks_are_named_at_once_as_they_are_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = dict.fromkeys(("lightning", "sklearn", "markdown_it"))
    monkeypatch.setattr("DCMMultiTaskLib.errors.find_spec", lambda name: found.get(name, object()))
    monkeypatch.setitem(sys.modules, "lightning", None)
    monkeypatch.setitem(sys.modules, "lightning.pytorch.utilities.rank_zero", None)
    monkeypatch.setitem(sys.modules, "lightning.pytorch.utilities", None)
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    assert cli.main(["train", "--data", "m.csv", "-o", "out"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"{sys.executable} -m pip install lightning markdown-it-py scikit-learn.")
    assert "monai" not in line


def test_a_missing_package_is_named_alone_and_a_missing_torch_with_the_way_of_slicer() -> None:
    assert how_to_install("SimpleITK").endswith("-m pip install SimpleITK.")
    assert "module PyTorch Utils" in how_to_install("torch")


def test_the_packages_that_are_named_are_those_of_the_project() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = set(re.findall(r'"([A-Za-z0-9_-]+)>=', text))
    assert set(OPTIONAL_PACKAGES.values()) <= declared


def test_a_reader_that_has_seen_enough_ends_it_quietly() -> None:
    code = "import sys; from DCMMultiTaskLib.cli import main; sys.exit(main(['info']))"
    program = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    assert program.stdout is not None and program.stderr is not None
    program.stdout.close()
    assert (program.stderr.read(), program.wait(timeout=120)) == ("", 0)
    program.stderr.close()


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("experiments.cines", ["--cines", "DIR", "--contours", "DIR", "--models", "GONE"]),
        ("experiments.contrasts", ["--data", "GONE", "--models", "GONE"]),
        ("experiments.gate", ["--data", "GONE", "--models", "GONE", "-o", "DIR/out"]),
        ("experiments.mask_threshold", ["--data", "GONE", "--models", "GONE"]),
        ("experiments.self_labelled", ["GONE", "--models", "GONE", "--dcm", "0", "-o", "DIR/out"]),
        ("experiments.verdict", ["GONE", "-o", "DIR/out"]),
        ("learning.blend", ["GONE", "GONE", "--share", "1", "-o", "DIR/out"]),
        ("report.release", ["GONE", "--card", "DIR/card.md", "--results", "a=GONE", "-o", "DIR/out"]),
    ],
)
def test_the_programs_beside_the_commands_say_what_is_wrong_in_one_line_too(
    program: str,
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gone = str(tmp_path / "gone")
    words = [word.replace("DIR", str(tmp_path)).replace("GONE", gone) for word in arguments]
    monkeypatch.setattr(sys, "argv", ["", *words])
    monkeypatch.delitem(sys.modules, f"DCMMultiTaskLib.{program}", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"DCMMultiTaskLib.{program}", run_name="__main__", alter_sys=True)
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert line.startswith(f"{program.rpartition('.')[2]}: error: ")
    assert gone in line
    assert not list(tmp_path.iterdir())
