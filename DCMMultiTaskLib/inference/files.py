"""A result as files: all of them, or none."""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from DCMMultiTaskLib.imaging.reading import summarise_files
from DCMMultiTaskLib.imaging.segments import SEGMENTS
from DCMMultiTaskLib.imaging.writing import write_segmentation, write_volume
from DCMMultiTaskLib.inference.provenance import masks_sha256
from DCMMultiTaskLib.inference.result import Result, SliceRow, Uncertainty
from DCMMultiTaskLib.measurements.heart_beat import Phase
from DCMMultiTaskLib.measurements.quality import OK
from DCMMultiTaskLib.measurements.wall_segments import SegmentRow, WallSegments
from DCMMultiTaskLib.storage import staged, write_json, write_rows

# Bytes: file systems take 255, of which extensions and the names of unfinished files need some.
_LONGEST_NAME = 200
# Digits after the decimal point in the tables.
DECIMALS = {
    "position_mm": 3,
    "dcm_probability": 6,
    "myocardium_area_mm2": 2,
    "cavity_area_mm2": 2,
    "wall_thickness_mean_mm": 2,
    "wall_thickness_min_mm": 2,
    "wall_thickness_max_mm": 2,
    "dcm_probability_low": 6,
    "dcm_probability_high": 6,
    "view_agreement": 3,
    "time_ms": 3,
    "lv_cavity_ml": 3,
    "myocardium_ml": 3,
}


def write_result(result: Result, directory: Path, *, cam: bool = False, cavity: bool = True) -> dict[str, Path]:
    """Write `NAME.seg.nrrd`, `NAME_risk.csv`, `NAME_segments.csv` and `NAME_summary.json`.

    Of a cine whose every phase was kept there is also `NAME_phases.csv`, the volume curve; `cam` adds `NAME_cam.nrrd`,
    uncertainty `NAME_uncertainty.nrrd`.

    Args:
        result: What to write.
        directory: Made if it is not there. Files of the same names are replaced.
        cam: Also write the class activation map.
        cavity: Write the LV cavity as a segment of its own beside the myocardium.

    Returns:
        The paths: `segmentation`, `risk`, `segments`, `summary`, `phases`, `cam` and `uncertainty`.

    Raises:
        InputError: The folder cannot be written to or the disk is full; nothing is left behind.
    """
    name = file_name(result.name)
    paths = {
        "segmentation": f"{name}.seg.nrrd",
        "risk": f"{name}_risk.csv",
        "segments": f"{name}_segments.csv",
        "summary": f"{name}_summary.json",
    }
    beat = result.heart_beat
    if beat:
        paths["phases"] = f"{name}_phases.csv"
    if cam:
        if result.activation is None:
            raise ValueError("the result has no activation map; predict with activation=True")
        paths["cam"] = f"{name}_cam.nrrd"
    if result.uncertainty:
        paths["uncertainty"] = f"{name}_uncertainty.nrrd"
    segments = SEGMENTS if cavity else SEGMENTS[:1]
    with staged(directory) as folder:
        labels = result.volume.with_array(result.label_map)
        write_segmentation(folder / paths["segmentation"], labels, segments=segments)
        write_risk(folder / paths["risk"], result.rows)
        write_rows(folder / paths["segments"], SegmentRow, result.wall_segments.rows, digits=DECIMALS, unknown="")
        write_json(folder / paths["summary"], summary(result))
        if beat:
            write_rows(folder / paths["phases"], Phase, beat.phases, digits=DECIMALS, unknown="")
        if result.activation is not None and cam:
            write_volume(folder / paths["cam"], result.volume.with_array(result.activation))
        if result.uncertainty:
            write_volume(folder / paths["uncertainty"], result.volume.with_array(result.uncertainty.map))
    return {kind: Path(directory) / file for kind, file in paths.items()}


def summary(result: Result) -> dict[str, Any]:
    """The patient's row, measurements and provenance, for `write_json`; a number that there is not becomes null."""
    known = math.isfinite(result.dcm_probability)
    return {
        "name": result.name,
        "dcm_probability": round(result.dcm_probability, 6) if known else None,
        "dcm_class": None if result.cannot_decide else result.dcm_class,
        "cannot_decide": result.cannot_decide or None,
        "rule": result.rule,
        "use": "Research use only. A probability of a DCM-like phenotype.",
        "slices": len(result.rows),
        "slices_ok": sum(row.quality == OK for row in result.rows),
        "slice_axis": "ijk"[result.slice_axis],
        **_rounded(vars(result.measurements)),
        **_rounded(_wall_thickness(result)),
        "wall_segments": _wall_segments(result.wall_segments),
        "heart_beat": _heart_beat(result),
        "uncertainty": _uncertainty(result.uncertainty),
        "cancelled": result.cancelled,
        "files": summarise_files(result.study.source),
        "masks_sha256": (masks := masks_sha256(result.labels)),
        "mask_edited": bool(own := result.provenance.network_masks_sha256) and masks != own,
        **result.provenance.to_dict(),
    }


def _wall_thickness(result: Result) -> dict[str, float]:
    """Over the slices whose quality is ok; NaN without one that has a wall."""
    measured = [row for row in result.rows if row.quality == OK and math.isfinite(row.wall_thickness_mean_mm)]
    if not measured:
        return dict.fromkeys(("wall_thickness_mean_mm", "wall_thickness_min_mm", "wall_thickness_max_mm"), math.nan)
    return {
        "wall_thickness_mean_mm": float(np.mean([row.wall_thickness_mean_mm for row in measured])),
        "wall_thickness_min_mm": min(row.wall_thickness_min_mm for row in measured),
        "wall_thickness_max_mm": max(row.wall_thickness_max_mm for row in measured),
    }


def _wall_segments(wall: WallSegments) -> dict[str, Any]:
    """Mean thickness of the 17 segments, and how the septum was found."""
    means = [
        {"segment": number, "name": wall.names[number], "wall_thickness_mean_mm": round(mean, 3)}
        for number, mean in wall.mean_mm.items()
    ]
    return {"septum": wall.septum, "named": wall.named, "segments": means}


def _heart_beat(result: Result) -> dict[str, Any] | None:
    """All but the curve, which has a table of its own."""
    if result.heart_beat is None:
        return None
    values = {name: value for name, value in vars(result.heart_beat).items() if name != "phases"}
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()}


def _uncertainty(found: Uncertainty | None) -> dict[str, Any] | None:
    """The intervals as pairs."""
    if found is None:
        return None
    intervals = {name: [round(own.low, 3), round(own.high, 3)] for name, own in found.intervals.items()}
    return {"views": found.views, "seconds": round(found.seconds, 3), "intervals": intervals}


def _rounded(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: round(number, 3) for name, number in numbers.items()}


def file_name(name: str) -> str:
    """The study's name with what no file system takes replaced; a long one is cut, and told apart by its hash."""
    plain = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", name).strip(" .") or "study"
    if len(os.fsencode(plain)) <= _LONGEST_NAME:
        return plain
    digest = hashlib.sha256(os.fsencode(plain)).hexdigest()[:8]
    while len(os.fsencode(plain)) > _LONGEST_NAME - 9:
        plain = plain[:-1]
    return f"{plain}-{digest}"


def write_risk(path: Path, rows: Sequence[SliceRow]) -> None:
    """Write `NAME_risk.csv`: a row per slice, in the order given."""
    # An empty cell is what every spreadsheet and pandas reads as "no number".
    write_rows(path, SliceRow, rows, digits=DECIMALS, unknown="")
