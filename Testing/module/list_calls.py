"""Lists every Slicer, Qt, CTK and VTK name that the module uses, with the file that declares it.

`python Testing/module/list_calls.py SLICER CTK`, each a checkout of the sources, so that the next reader can check the
module against a newer Slicer. A method is found by its name alone: where several classes declare it, three are named.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Of the scene's room these run outside Slicer alone.
OUTSIDE = {"embedded.py", "rendering.py", "slice_view.py", "surface.py", "view_3d.py", "views.py"}
SOURCES = [
    *sorted((ROOT / "DCMMultiTask").rglob("*.py")),
    *sorted(path for path in (ROOT / "DCMMultiTaskLib" / "scene").glob("*.py") if path.name not in OUTSIDE),
]
OTHERS = {"pydicom", "threading", "tempfile", "zipfile", "sitk", "qt", "ctk", "vtk", "self"}
UI = ROOT / "DCMMultiTask" / "Resources" / "UI" / "DCMMultiTask.ui"
# Where to look first for a method that many classes have.
NEAR = ("Libs/MRML/Core", "Libs/MRML", "Modules/Loadable", "Base", "Libs")
NOT_FOUND = "**not found**"
MOST = 3


def names_used() -> dict[str, set[str]]:
    """Name -> files that use it: `slicer.util.loadUI`, `qt.QTimer`, `.SetPlotType()`, `signal clicked(bool)`."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in _names_of(node):
                found[name].add(path.name)
    for element in ET.parse(UI).iter():
        if element.tag == "widget":
            found[f"widget {element.get('class')}"].add(UI.name)
        if element.tag in ("signal", "slot"):
            found[
                f"signal {element.text}" if element.tag == "signal" else f".{(element.text or '').split('(')[0]}()"
            ].add(UI.name)
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _names_of(node: ast.AST) -> list[str]:
    names = []
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "slicer":
        names += [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Attribute):
        whole = ast.unparse(node)
        if re.fullmatch(r"(slicer|qt|ctk|vtk)(\.\w+)+", whole) and not whole.startswith("slicer.util.VTK"):
            names.append(".".join(whole.split(".")[:3]))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name = node.func.attr
        first = node.args[0] if node.args else None
        if name == "connect" and isinstance(first, ast.Constant):
            names.append(f"signal {first.value}")
        elif re.fullmatch(r"[A-Z][A-Za-z0-9]+", name) and ast.unparse(node.func.value) not in OTHERS:
            names.append(f".{name}()")  # VTK and MRML begin with a capital
    return names


class Declarations:
    """Where names are declared, in checkouts of C++ and Python sources."""

    def __init__(self, folders: list[Path]) -> None:
        self.files: dict[str, list[str]] = defaultdict(list)
        for folder in folders:
            for path in sorted(folder.rglob("*")):
                where = f"{folder.name}/{path.relative_to(folder).as_posix()}"
                if path.suffix not in (".h", ".py") or "Testing" in path.parts or "Tests" in path.parts:
                    continue
                text = path.read_text(encoding="utf-8", errors="replace")
                for name in self._declared(path, text):
                    self.files[name].append(where.split("/", 1)[1] if folder is folders[0] else where)

    @staticmethod
    def _declared(path: Path, text: str) -> set[str]:
        if path.suffix == ".py":
            return set(re.findall(r"^\s*(?:def|class) (\w+)", text, re.M)) | {path.stem}
        names = set(re.findall(r"\b(\w+)\s*\(", text)) | {path.stem}
        for kind, name in re.findall(r"vtk(Get|Set|Boolean)\w*Macro\(\s*(\w+)", text):
            names |= {f"{name}On", f"{name}Off"} if kind == "Boolean" else {f"{kind}{name}"}
        names |= set(re.findall(r"\b(\w+),?\s*(?:///|//|=|$|\n)", text)) if "enum" in text else set()
        return names | set(re.findall(r"Q_PROPERTY\([\w:<>* ]+?\s(\w+)\s+READ", text))

    def of(self, name: str) -> str:
        """The files that declare a name of `names_used`."""
        for key in _keys(name):
            found = sorted(self.files.get(key, []), key=lambda where: (_distance(where), where))
            if found:
                more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
                return ", ".join(found[:MOST]) + more
        return _elsewhere(name) or NOT_FOUND


def _keys(name: str) -> list[str]:
    if name.startswith("signal "):
        return [name.removeprefix("signal ").split("(")[0]]
    if name.startswith("widget "):
        return [name.removeprefix("widget ")]
    if name.startswith("."):
        return [name[1:-2]]
    parts = name.split(".")
    if name.startswith("slicer.modules."):
        return [f"qSlicer{parts[2].capitalize()}Module", *_module_of(parts[2])]
    return list(reversed(parts[1:3])) if parts[0] != "vtk" else []


def _module_of(name: str) -> list[str]:
    known = {"segmenteditor": "SegmentEditor", "dcmmultitask": "DCMMultiTask"}
    return [known.get(name, name)]


def _distance(where: str) -> int:
    return next((rank for rank, part in enumerate(NEAR) if part in where), len(NEAR))


def _elsewhere(name: str) -> str:
    """What Qt and VTK declare themselves, as the libraries installed here have it."""
    import vtk
    from PySide6 import QtCore, QtGui, QtWidgets

    qt: list[Any] = [QtCore, QtGui, QtWidgets]
    if name == ".PyTorchUtilsLogic()":
        return "PyTorchUtils.py of the PyTorch extension"
    if name.startswith("vtk."):
        return f"VTK, {name.split('.')[1]}.h" if hasattr(vtk, name.split(".")[1]) else ""
    key = _keys(name)[-1] if not name.startswith(("qt.", "widget ")) else name.split(".")[-1].split(" ")[-1]
    if name.startswith(("qt.", "widget ")):
        first = name.removeprefix("widget ").removeprefix("qt.").split(".")[0]
        return f"Qt, {first}" if any(hasattr(module, first) for module in qt) else ""
    if name.startswith("signal "):
        everything = [getattr(module, one) for module in qt for one in dir(module)]
        classes = [cls for cls in everything if isinstance(cls, type) and hasattr(cls, key)]
        return f"Qt, {classes[0].__name__}" if classes else ""
    for cls in (
        vtk.vtkMatrix4x4,
        vtk.vtkImageData,
        vtk.vtkTable,
        vtk.vtkCollection,
        vtk.vtkRenderer,
        vtk.vtkRenderWindow,
    ):
        if hasattr(cls, key):
            return f"VTK, {cls.__name__}.h"
    owner = next((one for one in dir(vtk) if hasattr(getattr(vtk, one), key)), "")
    return f"VTK, {owner}.h" if owner else ""


def main() -> int:
    """Write the list; 1 where something was not found."""
    parser = argparse.ArgumentParser(description="Lists what the module uses of Slicer, Qt, CTK and VTK.")
    parser.add_argument("sources", nargs="+", type=Path, help="checkouts of Slicer and CTK")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "Documentation" / "slicer-calls.md")
    args = parser.parse_args()
    declared = Declarations(args.sources)
    rows = [(name, declared.of(name), ", ".join(sorted(files))) for name, files in names_used().items()]
    lines = [
        "# What the module uses of Slicer, Qt, CTK and VTK",
        "",
        "Made by `python Testing/module/list_calls.py SLICER CTK`; a test sees that no name is missing. Sources: "
        + ", ".join(folder.name for folder in args.sources)
        + "; paths are the first one's where they do not say another.",
        "",
        "| name | declared in | used in |",
        "|---|---|---|",
        *(f"| `{name}` | {where} | {files} |" for name, where, files in rows),
    ]
    args.output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    missing = [name for name, where, _ in rows if where == NOT_FOUND]
    print(f"{len(rows)} names, {len(missing)} not found: {', '.join(missing)}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
