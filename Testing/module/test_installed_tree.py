"""Configure, build, test and install the extension; then use the installed tree as a user does."""

from __future__ import annotations

import ast
import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from slicer_standin.boot import sources

from DCMMultiTaskLib import cli
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.phantom import make_phantom

ROOT = Path(__file__).resolve().parents[2]
STANDIN = ROOT / "Testing" / "slicer_standin"


def run(*command: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """With the project's own folder out of the way, so that only the installed tree can be found."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=variables, capture_output=True, encoding="utf-8", timeout=900
    )


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build tree."""
    if shutil.which("cmake") is None:
        message = "there is no cmake"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    folder = tmp_path_factory.mktemp("extension")
    slicer = (f"-DSlicer_DIR={STANDIN / 'cmake'}", f"-DPython3_EXECUTABLE={sys.executable}")
    configured = run("cmake", "-S", ROOT, "-B", folder / "build", *slicer, cwd=folder)
    assert configured.returncode == 0, configured.stdout + configured.stderr
    built = run("cmake", "--build", folder / "build", cwd=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "build"


@pytest.fixture(scope="module")
def tree(build: Path) -> Path:
    """The folder of scripted modules in the installed tree."""
    installed = run("cmake", "--install", build, "--prefix", build.parent / "installed", cwd=build.parent)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    (folder,) = (build.parent / "installed").glob("lib/Slicer-5.*/qt-scripted-modules")
    return folder


def test_everything_lies_where_slicer_looks_for_it_and_no_other_file_is_taken_for_a_module(tree: Path) -> None:
    assert [path.name for path in tree.glob("*.py")] == ["DCMMultiTask.py"]
    for name in ("DCMMultiTaskLib/predict.py", "DCMMultiTaskModule/results_panel.py", "Resources/UI/DCMMultiTask.ui"):
        assert (tree / name).is_file(), name
    assert (tree / "Resources" / "SampleData" / "DCMPhantom.seq.nrrd").is_file()
    shipped = {path.name for path in (ROOT / "Resources" / "Models").glob("*.dcmmodel")}
    assert {path.name for path in (tree / "Resources" / "Models").glob("*.dcmmodel")} == shipped


def imported(path: Path, library: Path) -> set[Path]:
    """The library's files that a file imports, in functions too, but not what is for a type checker alone."""
    names: set[str] = set()
    todo: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            todo += ast.iter_child_nodes(node)
    found: set[Path] = set()
    for parts in (name.split(".") for name in names):
        if parts[0] == "DCMMultiTaskLib":
            place = library.joinpath(*parts[1:])
            found |= {file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()}
    return found


def test_the_package_carries_what_the_module_and_the_batch_script_import_and_no_other_room(tree: Path) -> None:
    library = ROOT / "DCMMultiTaskLib"
    todo = {*(ROOT / "DCMMultiTask").rglob("*.py"), *library.glob("__*__.py"), library / "predict.py"}
    todo |= {library / "commands" / f"{name}.py" for name in ("predict", "batch", "info")}
    reached: set[Path] = set()
    while todo:
        reached |= todo
        todo = {found for path in todo for found in imported(path, library)} - reached
    needed = {path.relative_to(library) for path in reached if library in path.parents}
    there = {path.relative_to(tree / "DCMMultiTaskLib") for path in (tree / "DCMMultiTaskLib").rglob("*.py")}
    assert needed <= there, needed - there
    assert {path.parts[0] for path in there} == {path.parts[0] for path in needed}
    assert "experiments" not in {path.parts[0] for path in there}


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_a_command_works_from_the_installed_tree_or_says_in_one_sentence_that_it_is_not_part_of_it(
    name: str, tree: Path
) -> None:
    done = run(sys.executable, "-m", "DCMMultiTaskLib", name, "--help", cwd=tree)
    if name in ("predict", "batch", "info"):
        assert (done.returncode, done.stderr) == (0, "")
    else:
        assert (done.returncode, done.stdout) == (2, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"dcm-multitask: error: `{name}` is not part of the Slicer extension")


def test_the_self_test_and_the_generic_test_pass(build: Path) -> None:
    tested = run("ctest", "--test-dir", build, "--verbose", cwd=build.parent)
    assert tested.returncode == 0, tested.stdout
    assert "skipped" not in tested.stdout.lower()
    assert "py_DCMMultiTask" in tested.stdout
    assert "py_nomainwindow_qSlicerDCMMultiTaskModuleGenericTest" in tested.stdout


# Slicer's Python files to run the panel on: the stand-in's, as in the oldest and the newest Slicer; those of checkouts.
FACES = {
    "oldest": {"SLICER_STANDIN_VERSION": "5.10", "SLICER_SOURCE": ""},
    "newest": {"SLICER_STANDIN_VERSION": "", "SLICER_SOURCE": ""},
} | {str(path): {"SLICER_SOURCE": str(path)} for path in sources()}


@pytest.mark.parametrize("face", FACES)
def test_the_panel_works_from_the_installed_tree(tree: Path, tmp_path: Path, face: str) -> None:
    tests = Path(__file__).with_name("panel")
    done = run(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=", tests),
        cwd=tmp_path,
        DCM_MODULE_TREE=str(tree),
        **FACES[face],
    )
    assert done.returncode == 0, done.stdout[-20000:]
    print(done.stdout.splitlines()[-1])


def test_the_batch_script_does_the_same_in_slicer_as_the_command(tree: Path, tiny_model: Path, tmp_path: Path) -> None:
    write_volume(tmp_path / "heart.nrrd", make_phantom(60, slices=3, matrix=(96, 96)).volume)
    launcher = (sys.executable, STANDIN / "launcher.py", "--no-splash", "--no-main-window")
    script = tree / "DCMMultiTaskLib" / "predict.py"
    arguments = (tmp_path / "heart.nrrd", "--model", tiny_model, "--scene")
    done = run(*launcher, "--python-script", script, *arguments, "-o", tmp_path / "slicer", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert cli.main(["predict", *map(str, arguments), "-o", str(tmp_path / "command")]) == 0
    names = {path.name for path in (tmp_path / "slicer").iterdir()}
    assert names == {"heart.seg.nrrd", "heart_risk.csv", "heart_segments.csv", "heart_summary.json", "heart.mrb"}
    assert names == {path.name for path in (tmp_path / "command").iterdir()}
    for name in ("heart.seg.nrrd", "heart_risk.csv"):
        assert (tmp_path / "slicer" / name).read_bytes() == (tmp_path / "command" / name).read_bytes()
    with (tmp_path / "slicer" / "heart_risk.csv").open(newline="", encoding="utf-8") as stream:
        assert [row["slice"] for row in csv.DictReader(stream)] == ["0", "1", "2"]

    (tmp_path / "damaged.nrrd").write_text("NRRD0004\n")
    some = run(*launcher, "--python-script", script, tmp_path, "-o", tmp_path / "all", *arguments[1:3], cwd=tmp_path)
    assert some.returncode == 1
    assert "damaged.nrrd" in some.stderr
    none = run(*launcher, "--python-script", script, tmp_path / "none.nrrd", "-o", tmp_path / "all", cwd=tmp_path)
    assert none.returncode == 2
