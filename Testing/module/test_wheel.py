"""The library as a wheel: every file of it, and the shipped model where the library looks for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_a_wheel_carries_every_file_of_the_library_and_the_shipped_model(tmp_path: Path) -> None:
    pytest.importorskip("setuptools")
    source = tmp_path / "source"
    for folder in ("DCMMultiTaskLib", "Resources/Models"):
        shutil.copytree(ROOT / folder, source / folder)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps", "--no-build-isolation"]
    done = subprocess.run([*pip, "-w", tmp_path, source], capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        archive.extractall(tmp_path / "installed")
    library = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "DCMMultiTaskLib").rglob("*.*")
        if path.suffix in (".py", ".j2", ".js", ".css") and path.parent.name != "models"
    }
    models = {f"DCMMultiTaskLib/models/{path.name}" for path in (ROOT / "Resources" / "Models").glob("*.dcmmodel")}
    assert models
    assert names == library | models
    found = subprocess.run(
        [sys.executable, "-c", "from DCMMultiTaskLib import shipped_model; print(shipped_model())"],
        cwd=tmp_path / "installed",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        encoding="utf-8",
    )
    assert Path(found.stdout.strip()).relative_to(tmp_path / "installed").as_posix() in models
