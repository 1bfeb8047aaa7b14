"""A hospital's folder in small: what the tests of batches share."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from imaging.hospital_files import make, save

from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.phantom import make_phantom

TIMES = ("seconds", "network_seconds")


def heart(path: Path, seed: int = 50) -> Path:
    """A small phantom as an image file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_volume(path, make_phantom(seed, slices=2, matrix=(96, 96)).volume)
    return path


def hospital(folder: Path) -> Path:
    """Image files, two patients' DICOM in one folder, a patient's without a short axis, and what is no study."""
    heart(folder / "ward" / "one.nrrd", 51)
    heart(folder / "two.nii.gz", 52)
    write_volume(folder / "two_gt.nii.gz", Volume.of(np.eye(8, dtype=np.uint8)[None]))
    write_volume(folder / "drawn.nrrd", Volume.of(np.eye(8, dtype=np.uint8)[None]))
    for patient in ("P1", "P2"):
        save(make(phases=1, PatientID=patient, StudyInstanceUID=f"1.2.{patient[1]}"), folder / "archive", name="{:05d}")
    save(make(positions=1, phases=1, description="scout", StudyInstanceUID="1.2.1", PatientID="P1"), folder / "archive")
    save(make(description="cine_4ch", positions=1, StudyInstanceUID="1.2.3", PatientID="P3"), folder / "long axis")
    (folder / "broken.nrrd").write_text("NRRD0004\n")
    (folder / "notes.txt").write_text("hello")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by its relative path; the seconds of a run, and when the page was made, are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.name.endswith("_summary.json"):
            facts = json.loads(path.read_text(encoding="utf-8"))
            found[path.relative_to(folder).as_posix()] = json.dumps(
                {name: value for name, value in facts.items() if name not in TIMES}
            ).encode()
        elif path.name == "report.html":
            text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "", path.read_text(encoding="utf-8"))
            found[path.name] = re.sub(r'"(network_)?seconds": ?[\d.]+', "", text).encode()
        elif path.is_file():
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found
