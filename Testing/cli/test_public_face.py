"""`import DCMMultiTaskLib`: the public names, imported when they are used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import DCMMultiTaskLib

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", DCMMultiTaskLib.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(DCMMultiTaskLib, name).__name__ == name


def test_the_public_names_are_listed() -> None:
    assert set(DCMMultiTaskLib.__all__) <= set(dir(DCMMultiTaskLib))
    assert "read_study" in DCMMultiTaskLib.__all__


def test_other_names_are_missing_as_from_any_module() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = DCMMultiTaskLib.no_such_name


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, DCMMultiTaskLib; print({'torch', 'numpy', 'SimpleITK', 'slicer', 'vtk'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "set()"
