"""A result as files: all of them, or none."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.segments import SEGMENTS
from DCMMultiTaskLib.imaging.writing import write_segmentation, write_volume
from DCMMultiTaskLib.inference.result import Result, SliceRow

# Digits after the decimal point in the table.
DECIMALS = {
    "position_mm": 3,
    "dcm_probability": 6,
    "myocardium_area_mm2": 2,
    "cavity_area_mm2": 2,
}


def write_result(result: Result, directory: Path, *, cam: bool = False, cavity: bool = True) -> dict[str, Path]:
    """Write `NAME.seg.nrrd`, `NAME_risk.csv`, `NAME_summary.json` and, if asked for, `NAME_cam.nrrd`.

    Args:
        result: What to write.
        directory: Made if it is not there. Files of the same names are replaced.
        cam: Also write the class activation map.
        cavity: Write the LV cavity as a segment of its own beside the myocardium.

    Returns:
        The paths: `segmentation`, `risk`, `summary` and `cam`.

    Raises:
        InputError: The folder cannot be written to or the disk is full; nothing is left behind.
    """
    name = file_name(result.name)
    paths = {"segmentation": f"{name}.seg.nrrd", "risk": f"{name}_risk.csv", "summary": f"{name}_summary.json"}
    if cam:
        if result.activation is None:
            raise ValueError("the result has no activation map; predict with activation=True")
        paths["cam"] = f"{name}_cam.nrrd"
    segments = SEGMENTS if cavity else SEGMENTS[:1]
    with staged(directory) as folder:
        write_segmentation(
            folder / paths["segmentation"], result.volume.with_array(result.label_map), segments=segments
        )
        write_rows(folder / paths["risk"], result.rows)
        (folder / paths["summary"]).write_text(json.dumps(summary(result), indent=2) + "\n", encoding="utf-8")
        if result.activation is not None and cam:
            write_volume(folder / paths["cam"], result.volume.with_array(result.activation))
    return {kind: Path(directory) / file for kind, file in paths.items()}


def summary(result: Result) -> dict[str, Any]:
    """The patient's row and the provenance, JSON-ready; a probability that there is not is null."""
    known = math.isfinite(result.dcm_probability)
    return {
        "name": result.name,
        "dcm_probability": round(result.dcm_probability, 6) if known else None,
        "dcm_class": result.dcm_class if known else None,
        "rule": result.rule,
        "use": "Research use only. A probability of a DCM-like phenotype.",
        "slices": len(result.rows),
        "slices_ok": sum(row.quality == "ok" for row in result.rows),
        "slice_axis": "ijk"[result.slice_axis],
        "myocardium_volume_ml": round(np.count_nonzero(result.mask) * result.geometry.voxel_ml, 3),
        "cancelled": result.cancelled,
        **result.provenance.to_dict(),
    }


def file_name(name: str) -> str:
    """The study's name with what no file system takes replaced."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", name).strip(" .") or "study"


@contextmanager
def staged(directory: Path) -> Iterator[Path]:
    """A folder to write files into, which take their place in `directory` together when all went well.

    Whatever goes wrong, `directory` is left as it was, and is not made if it was not there.

    Raises:
        InputError: The folder cannot be written to or the disk is full.
    """
    directory = Path(directory)
    new: Path | None = None
    made = [folder for folder in (directory, *directory.parents) if not folder.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory, prefix=".unfinished-", ignore_cleanup_errors=True) as name:
            new, old = Path(name) / "new", Path(name) / "old"
            new.mkdir()
            old.mkdir()
            yield new
            _move_in(new, directory, old)
    except BaseException as error:
        for folder in made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        if isinstance(error, OSError):
            raise InputError(f"{directory} cannot be written to: {error.strerror or error}.") from error
        if isinstance(error, InputError) and new is not None:
            # The user knows nothing of the folder in between.
            raise InputError(str(error).replace(str(new), str(directory))) from error
        raise


def _move_in(new: Path, directory: Path, old: Path) -> None:
    """Move every file of `new` into `directory`; on failure put back what was there, which `old` keeps meanwhile."""
    moved: list[Path] = []
    try:
        for file in sorted(new.iterdir()):
            target = directory / file.name
            if target.is_dir():
                raise InputError(f"{target} is a folder; a file of that name would be written.")
            if target.exists():
                target.replace(old / file.name)
            moved.append(target)
            file.replace(target)
    except BaseException:
        for target in moved:
            target.unlink(missing_ok=True)
            if (old / target.name).exists():
                shutil.move(old / target.name, target)
        raise


def write_rows(path: Path, rows: Sequence[SliceRow]) -> None:
    """Write `NAME_risk.csv`: a row per slice, in the order given."""
    columns = [field.name for field in fields(SliceRow)]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_cell(name, value) for name, value in zip(columns, astuple(row), strict=True)])


def _cell(column: str, value: Any) -> Any:
    if not isinstance(value, float):
        return value
    # An empty cell is what every spreadsheet and pandas reads as "no number".
    return round(value, DECIMALS[column]) if math.isfinite(value) else ""
