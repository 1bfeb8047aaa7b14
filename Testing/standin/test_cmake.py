"""An extension is configured, built, tested and installed, and each mistake in its CMake files is found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CMAKE_FOLDER = HERE.parent / "slicer_standin" / "cmake"

TOP = """\
cmake_minimum_required(VERSION 3.19)
project(Example NONE)
set(EXTENSION_HOMEPAGE "https://example.org")
set(EXTENSION_CATEGORY "Testing")
set(EXTENSION_CONTRIBUTORS "Nobody (Nowhere)")
set(EXTENSION_DESCRIPTION "Copies a volume")
set(EXTENSION_ICONURL "https://example.org/icon.png")
set(EXTENSION_SCREENSHOTURLS "https://example.org/one.png https://example.org/two.jpg")
set(EXTENSION_DEPENDS "PyTorch")
find_package(Slicer REQUIRED)
include(${Slicer_USE_FILE})
ctkMacroCompilePythonScript(
  TARGET_NAME ExampleLib
  SCRIPTS ExampleLib/__init__.py ExampleLib/deep/__init__.py
  RESOURCES ExampleLib/table.json
  DESTINATION_DIR ${CMAKE_BINARY_DIR}/${Slicer_QTSCRIPTEDMODULES_LIB_DIR}
  INSTALL_DIR ${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR}
  NO_INSTALL_SUBDIR)
add_subdirectory(Example)
include(${Slicer_EXTENSION_GENERATE_CONFIG})
include(${Slicer_EXTENSION_CPACK})
"""
MODULE = """\
slicerMacroBuildScriptedModule(
  NAME Example
  SCRIPTS Example.py
  RESOURCES Resources/UI/Example.ui
  WITH_GENERIC_TESTS)
if(BUILD_TESTING)
  slicer_add_python_unittest(SCRIPT Example.py)
endif()
"""


@pytest.fixture
def extension(tmp_path: Path) -> Path:
    """A small extension: a library and the example module."""
    source = tmp_path / "source"
    shutil.copytree(HERE / "example", source / "Example", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in {
        "CMakeLists.txt": TOP,
        "Example.json": "{}",
        "Example/CMakeLists.txt": MODULE,
        "ExampleLib/__init__.py": "",
        "ExampleLib/deep/__init__.py": "",
        "ExampleLib/table.json": "{}",
    }.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
    return source


def cmake(*arguments: object, program: str = "cmake") -> subprocess.CompletedProcess[str]:
    """Run CMake, the one that this Python has (the tests' requirements name it) before any other."""
    found = shutil.which(program, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert found, f"there is no {program}"
    return subprocess.run(
        [found, *map(str, arguments)], capture_output=True, encoding="utf-8", check=False, timeout=300
    )


def configure(source: Path) -> subprocess.CompletedProcess[str]:
    build = source.parent / "build"
    return cmake("-S", source, "-B", build, f"-DSlicer_DIR={CMAKE_FOLDER}", f"-DPython3_EXECUTABLE={sys.executable}")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_extension_is_built_tested_and_installed(extension: Path) -> None:
    build, prefix = extension.parent / "build", extension.parent / "installed"
    configured = configure(extension)
    assert configured.returncode == 0, configured.stdout + configured.stderr
    assert cmake("--build", build).returncode == 0
    tested = cmake("--test-dir", build, "--output-on-failure", program="ctest")
    assert tested.returncode == 0, tested.stdout
    assert "py_Example" in tested.stdout
    assert "py_nomainwindow_qSlicerExampleModuleGenericTest" in tested.stdout
    assert cmake("--install", build, "--prefix", prefix).returncode == 0
    (folder,) = prefix.glob("lib/Slicer-5.*/qt-scripted-modules")
    installed = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*") if path.suffix != ".pyc"}
    library = {"ExampleLib/__init__.py", "ExampleLib/deep/__init__.py", "ExampleLib/table.json"}
    assert installed == {"Example.py", "Resources/UI/Example.ui", *library}
    assert list(prefix.glob("share/Slicer-5.*/Example.s4ext"))


def test_a_self_test_that_fails_fails_ctest(extension: Path) -> None:
    replace(extension / "Example/Example.py", "int(slicer.util.arrayFromVolume(copy).sum()), 12", "1, 2")
    build = extension.parent / "build"
    assert configure(extension).returncode == 0
    assert cmake("--build", build).returncode == 0
    tested = cmake("--test-dir", build, "-R", "py_Example$", program="ctest")
    assert tested.returncode != 0
    assert "1 tests failed out of 1" in tested.stdout


def test_a_python_file_with_a_syntax_error_fails_the_build(extension: Path) -> None:
    (extension / "ExampleLib/deep/__init__.py").write_text("def (", encoding="utf-8")
    assert configure(extension).returncode == 0
    assert cmake("--build", extension.parent / "build").returncode != 0


def _without(name: str) -> Callable[[Path], None]:
    def change(source: Path) -> None:
        lines = (source / "CMakeLists.txt").read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(f"set(EXTENSION_{name} ")]
        assert len(kept) == len(lines) - 1
        (source / "CMakeLists.txt").write_text("".join(kept), encoding="utf-8")

    return change


def _edit(path: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda source: replace(source / path, old, new)


MISTAKES = {
    "a listed script is missing": (
        _edit("Example/CMakeLists.txt", "Example.py\n  RES", "Example.py other.py\n  RES"),
        "given nonexistent file or directory 'other.py'",
    ),
    "a listed resource is missing": (lambda s: (s / "Example/Resources/UI/Example.ui").unlink(), "given nonexistent"),
    "a listed file of the library is missing": (lambda s: (s / "ExampleLib/table.json").unlink(), "given nonexistent"),
    "the home page is missing": (_without("HOMEPAGE"), "EXTENSION_HOMEPAGE is not set"),
    "the contributors are missing": (_without("CONTRIBUTORS"), "EXTENSION_CONTRIBUTORS is not set"),
    "the description is missing": (_without("DESCRIPTION"), "EXTENSION_DESCRIPTION is not set"),
    "the icon is missing": (_without("ICONURL"), "EXTENSION_ICONURL is not set"),
    "the screenshots are missing": (_without("SCREENSHOTURLS"), "EXTENSION_SCREENSHOTURLS is not set"),
    "the dependencies are missing": (_without("DEPENDS"), "EXTENSION_DEPENDS is not set"),
    "the screenshots are not one string": (
        _edit("CMakeLists.txt", 'one.png https://example.org/two.jpg"', 'one.png" "https://example.org/two.jpg"'),
        "EXTENSION_SCREENSHOTURLS must be one quoted string",
    ),
    "the icon is an SVG": (_edit("CMakeLists.txt", "icon.png", "icon.svg"), "PNG, JPEG or GIF"),
    "the name begins with Slicer": (_edit("CMakeLists.txt", "project(Example", "project(SlicerX"), "begin with Slicer"),
    "the catalogue entry has another name": (lambda s: (s / "Example.json").rename(s / "Other.json"), "Example.json"),
    "the package is not made": (
        _edit("CMakeLists.txt", "include(${Slicer_EXTENSION_CPACK})", ""),
        "lacks include(${Slicer_EXTENSION_CPACK})",
    ),
    "the configuration is not made": (
        _edit("CMakeLists.txt", "include(${Slicer_EXTENSION_GENERATE_CONFIG})", ""),
        "lacks include(${Slicer_EXTENSION_GENERATE_CONFIG})",
    ),
    "a keyword is unknown": (
        _edit("Example/CMakeLists.txt", "NAME Example", "NAME Example WITHOUT"),
        "Unknown keywords",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_fatal(extension: Path, mistake: str) -> None:
    change, message = MISTAKES[mistake]
    change(extension)
    configured = configure(extension)
    assert configured.returncode != 0, f"{mistake}: {configured.stdout}"
    assert message in " ".join(configured.stderr.split()), configured.stderr
