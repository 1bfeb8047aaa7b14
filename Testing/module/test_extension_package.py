"""What the Extensions Index and Slicer's build demand of the repository, checked on its files."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import struct
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "DCMMultiTask"
CATALOGUE = ROOT / "DCMMultiTask.json"
CMAKE = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
RAW = "https://raw.githubusercontent.com/dcm-multitask/SlicerDCMMultiTask/main/"
# What Slicer itself brings; anything else may only be imported when it is needed.
ALWAYS_THERE = {"slicer", "vtk", "qt", "ctk", "SimpleITK", "numpy", "scipy", "DCMMultiTaskLib", "DCMMultiTaskModule"}


def cmake_string(name: str) -> str:
    """The one quoted string of `set(NAME "...")`, found as the Extensions Index finds it."""
    match = re.search(rf'set\s*\({name}\s*"([^"]+)"[ ]*\)', CMAKE)
    assert match, name
    return match.group(1)


def files_below(folder: Path, pattern: str) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in folder.rglob(pattern) if "__pycache__" not in path.parts}


def test_the_catalogue_entry_has_the_keys_of_the_schema_and_no_other() -> None:
    entry = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    assert set(entry) == {
        "$schema",
        "build_dependencies",
        "build_subdirectory",
        "category",
        "scm_revision",
        "scm_url",
        "tier",
    }
    assert entry["$schema"].endswith("slicer-extension-catalog-entry-schema-v1.0.2.json#")
    assert entry["category"] == "Cardiac"
    assert entry["build_dependencies"] == cmake_string("EXTENSION_DEPENDS").split()
    assert entry["scm_url"].startswith(cmake_string("EXTENSION_HOMEPAGE"))


def test_the_contributors_have_one_name_everywhere() -> None:
    name = re.search(r"^authors:\n  - name: (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    assert name
    assert cmake_string("EXTENSION_CONTRIBUTORS") == name.group(1)
    assert f'contributors = ["{name.group(1)}"]' in (MODULE / "DCMMultiTask.py").read_text(encoding="utf-8")


def test_the_catalogue_entry_has_unix_line_ends() -> None:
    content = CATALOGUE.read_bytes()
    assert b"\r" not in content
    assert content.endswith(b"}\n")


def test_names_follow_the_rules_of_the_extensions_index() -> None:
    entry = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    project = re.findall(r"project\s*\(\s*([^\s\)]+)", CMAKE)[0]
    assert project == CATALOGUE.stem
    assert not project.lower().startswith("slicer")
    repository = entry["scm_url"].removesuffix(".git").split("/")[-1]
    assert repository == f"Slicer{project}"


def test_the_catalogue_entry_passes_the_schema_of_the_extensions_index() -> None:
    checkout = os.environ.get("SLICER_EXTENSIONS_INDEX")
    if not checkout:
        pytest.skip("SLICER_EXTENSIONS_INDEX does not name a checkout of Slicer/ExtensionsIndex")
    jsonschema = pytest.importorskip("jsonschema")
    entry = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    schema = next(Path(checkout).rglob(entry["$schema"].rstrip("#").split("/")[-1]))
    jsonschema.validate(entry, json.loads(schema.read_text(encoding="utf-8")))


def test_icon_and_screenshots_are_pictures_of_this_repository() -> None:
    urls = [cmake_string("EXTENSION_ICONURL"), *cmake_string("EXTENSION_SCREENSHOTURLS").split()]
    assert len(urls) >= 2
    for url in urls:
        assert url.startswith(RAW)
        assert url.endswith((".png", ".jpg"))
        assert (ROOT / url.removeprefix(RAW)).is_file(), url


def test_the_icon_is_128_pixels_square() -> None:
    header = (MODULE / "Resources" / "Icons" / "DCMMultiTask.png").read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", header[16:24]) == (128, 128)


@pytest.mark.parametrize("path", sorted(files_below(MODULE, "*.py")))
def test_nothing_that_slicer_does_not_bring_is_imported_when_the_module_loads(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for statement in tree.body:
        names = []
        if isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            names = [statement.module or ""]
        for name in names:
            assert name.split(".")[0] in ALWAYS_THERE | sys.stdlib_module_names, name


def test_every_choice_of_the_panel_is_a_parameter_and_every_selector_follows_the_scene() -> None:
    root = ET.parse(MODULE / "Resources" / "UI" / "DCMMultiTask.ui").getroot()
    names = {
        entry.findtext("string")
        for entry in root.iter("property")
        if entry.get("name") == "SlicerParameterName" and entry.get("stdset") == "0"
    }
    source = ast.parse((MODULE / "DCMMultiTaskModule" / "parameters.py").read_text(encoding="utf-8"))
    node = next(n for n in source.body if isinstance(n, ast.ClassDef) and n.name == "DCMMultiTaskParameterNode")
    parameters = {field.target.id for field in node.body if isinstance(field, ast.AnnAssign)}
    # No connector of Slicer fits a path of text; the widget connects that one.
    assert names == parameters - {"modelPath"}
    selectors = {w.get("name") for w in root.iter("widget") if w.get("class") == "qMRMLNodeComboBox"}
    connected = {c.findtext("receiver") for c in root.iter("connection")}
    assert selectors == connected


def test_every_widget_that_a_user_can_operate_has_a_tool_tip() -> None:
    root = ET.parse(MODULE / "Resources" / "UI" / "DCMMultiTask.ui").getroot()
    passive = {"QLabel", "QProgressBar", "ctkCollapsibleButton", "qMRMLWidget"}
    for widget in root.iter("widget"):
        if widget.get("class") not in passive:
            tips = [p for p in widget.findall("property") if p.get("name") == "toolTip"]
            assert tips, widget.get("name")


def test_the_sample_study_is_the_one_that_is_registered() -> None:
    source = (MODULE / "DCMMultiTaskModule" / "sample_data.py").read_text(encoding="utf-8")
    registered = re.search(r'SAMPLE_SHA256 = "([0-9a-f]{64})"', source)
    assert registered
    content = (ROOT / "Resources" / "SampleData" / "DCMPhantom.seq.nrrd").read_bytes()
    assert hashlib.sha256(content).hexdigest() == registered.group(1)
