"""What a batch folder's files say of each study, and which studies a reader should look at first."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from DCMMultiTaskLib.errors import InputError, count
from DCMMultiTaskLib.report.thumbnails import THUMBNAILS, read_thumbnails
from DCMMultiTaskLib.storage import read_table

# A study is near the threshold when its probability is closer to it than this.
NEAR = 0.05
# A study failed its quality checks when more than this share of the slices from the first to the last with myocardium
# did, or fewer than half of all slices passed.
FAILED = 1 / 3

UNDECIDED, QUALITY, CLOSE = "cannot decide", "failed quality", "near the threshold"
KINDS = (UNDECIDED, QUALITY, CLOSE)
# End of a column's name -> unit as a reader writes it, and digits after the decimal point; longer ends first.
UNITS = {
    "_ml_m2": ("ml/m²", 0),
    "_g_m2": ("g/m²", 0),
    "_ml_s": ("ml/s", 0),
    "_percent": ("%", 0),
    "_mm2": ("mm²", 0),
    "_m2": ("m²", 2),
    "_ml": ("ml", 0),
    "_mm": ("mm", 1),
    "_ms": ("ms", 0),
    "_g": ("g", 0),
}
TITLES = {
    "lv_cavity_volume": "LV volume",
    "myocardium_mass": "Myocardial mass",
    "myocardium_volume": "Myocardial volume",
    "body_surface": "Body surface area",
    "dcm_probability": "P of a DCM-like phenotype",
    "dcm_class": "At or above the threshold",
    "wall_thickness_mean": "Wall thickness, mean",
    "wall_thickness_min": "Wall thickness, least",
    "wall_thickness_max": "Wall thickness, most",
    "base_left": "Left by the base",
    "ejection_fraction_without": "EF without what fills at the base",
    "edv": "EDV",
    "esv": "ESV",
}
# What is shown elsewhere or says how a result was made.
NOT_MEASURED = {
    *("study", "name", "dcm_probability", "dcm_class", "cannot_decide", "rule", "notes", "use", "threshold"),
    *("slices", "slices_ok", "phase", "phases", "ed_phase", "es_phase", "heart_beat", "batch_size"),
    *("model", "model_version", "model_sha256"),
}


@dataclass(frozen=True)
class BatchStudy:
    """One study of a batch.

    Attributes:
        name: Its folder below `studies`.
        probability: DCM-like phenotype probability, or None.
        above: Whether it reaches the threshold.
        undecided: Why the class cannot be told, in a sentence; empty where it can.
        threshold: Of the model, or None where its file does not say.
        values: Every measurement and further column: a number, a text, or None where there is none.
        slices: The rows of `slices.csv` by column, in slice order.
        summary: `NAME_summary.json`, empty where there is none.
        files: Name and link, relative to the batch folder, of each of its files.
        phases: The rows of `NAME_phases.csv`.
        picture: Its thumbnails (`read_thumbnails`), or None.
    """

    name: str
    probability: float | None
    above: bool
    undecided: str
    threshold: float | None
    values: Mapping[str, float | str | None]
    slices: tuple[Mapping[str, float | str | None], ...]
    summary: Mapping[str, Any]
    files: tuple[tuple[str, str], ...]
    phases: tuple[Mapping[str, float | str | None], ...] = ()
    picture: Mapping[str, Any] | None = None

    @property
    def counted(self) -> tuple[int, int]:
        """How many slices passed the quality checks, and of how many."""
        return sum(row.get("quality") == "ok" for row in self.slices), len(self.slices)

    @property
    def look(self) -> list[tuple[str, str]]:
        """Why to look at it before others: kind, one of `KINDS`, and a sentence each; empty where nothing speaks so."""
        ok, total = self.counted
        reasons = []
        if self.undecided:
            reasons.append((UNDECIDED, self.undecided))
        found = [number for number, row in enumerate(self.slices) if row.get("myocardium_area_mm2") != 0]
        ventricle = self.slices[found[0] : found[-1] + 1] if found else ()
        failed = sum(row.get("quality") != "ok" for row in ventricle)
        if total and not found:
            reasons.append((QUALITY, "no myocardium found"))
        elif failed > FAILED * len(ventricle) or 2 * ok < total:
            reasons.append((QUALITY, f"{total - ok} of {count(total, 'slice')} did not pass the checks"))
        elif self.summary.get("cancelled"):
            reasons.append((QUALITY, "the analysis was stopped before its end"))
        if self.probability is not None and self.threshold is not None and not self.undecided:
            away = abs(self.probability - self.threshold)
            if away < NEAR:
                reasons.append((CLOSE, f"{self.probability:.2f} is near the threshold {self.threshold:.2f}"))
        return reasons


def read_batch(folder: Path) -> list[BatchStudy]:
    """The studies of `results.csv`, those to look at first on top.

    Args:
        folder: What `batch` wrote: `results.csv`, `slices.csv` and `studies/NAME/`.

    Raises:
        InputError: There is no readable `results.csv` with a column `study`.
    """
    head, rows = read_table(folder / "results.csv")
    if "study" not in head:
        raise InputError(f"{folder / 'results.csv'}: the column study is missing.")
    slices: dict[str, list[Mapping[str, float | str | None]]] = {}
    for row in optional_table(folder / "slices.csv"):
        slices.setdefault(row.pop("study", ""), []).append(_cells(row))
    studies = [_study(folder, row, slices.get(row.get("study", ""), [])) for row in rows]
    return sorted(studies, key=_order)


def optional_table(path: Path) -> list[dict[str, str]]:
    """The rows of a table, none where there is no such file."""
    return read_table(path)[1] if path.is_file() else []


def title_and_unit(column: str) -> tuple[str, str, int]:
    """A column's name in words, its unit and digits after the decimal point.

    Example:
        >>> title_and_unit("peak_filling_rate_ml_s")
        ('Peak filling rate', 'ml/s', 0)
    """
    for end, (unit, digits) in UNITS.items():
        if column.endswith(end):
            return title_and_unit(column[: -len(end)])[0], unit, digits
    words = column.replace("_", " ").strip()
    return TITLES.get(column, words[:1].upper() + words[1:]), "", 2


def _study(folder: Path, row: Mapping[str, str], slices: list[Mapping[str, float | str | None]]) -> BatchStudy:
    name = row.get("study", "")
    place = Path("studies", name)
    if not name or place.is_absolute() or ".." in place.parts or not (folder / place).is_dir():
        found = []
    else:
        found = sorted(path for path in (folder / place).iterdir() if path.is_file() and path.name[0] != ".")
    summary = _json(_ending(found, "_summary.json"))
    phases = _ending(found, "_phases.csv")
    picture = _ending(found, THUMBNAILS)
    values = _cells(row)
    for key, value in {**summary, **_inner(summary, "heart_beat")}.items():
        if value is None or _number(value) is not None:
            values.setdefault(key, value)
    for key, ends in _inner(_inner(summary, "uncertainty"), "intervals").items():
        if isinstance(ends, list) and len(ends) == 2:
            values.update(zip((f"{key}_low", f"{key}_high"), map(_number, ends), strict=True))
    threshold = _inner(summary, "decision").get("threshold", values.get("threshold"))
    probability = _number(values.get("dcm_probability"))
    undecided = str(values.get("cannot_decide") or summary.get("cannot_decide") or "").removeprefix("Cannot decide: ")
    if probability is None:
        undecided = undecided or "there is no probability"
    return BatchStudy(
        name=name,
        probability=probability,
        above=values.get("dcm_class") == 1,
        undecided=undecided,
        threshold=_number(threshold),
        values={key: value for key, value in values.items() if key not in NOT_MEASURED and "seconds" not in key},
        slices=tuple(slices),
        summary=summary,
        files=tuple((_shown(path.name), _link(path.relative_to(folder))) for path in found),
        phases=tuple(map(_cells, optional_table(phases))) if phases else (),
        picture=read_thumbnails(picture) if picture else None,
    )


def _order(study: BatchStudy) -> tuple[float, ...]:
    """Those to look at first by the gravest reason, then the rest, each by falling probability."""
    kinds = [KINDS.index(kind) for kind, _ in study.look]
    known = study.probability is not None
    return min(kinds, default=len(KINDS)), known, -len(kinds), -(study.probability or 0)


def _cells(row: Mapping[str, str]) -> dict[str, float | str | None]:
    return {name: _cell(text) for name, text in row.items()}


def _cell(text: str) -> float | str | None:
    text = text.strip()
    if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", text, re.IGNORECASE):
        return float(text) if math.isfinite(float(text)) else text
    return None if text.lower() in ("", "nan") else text


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None


def _ending(paths: Iterable[Path], end: str) -> Path | None:
    return next((path for path in paths if path.name.endswith(end)), None)


def _inner(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = values.get(name)
    return inner if isinstance(inner, dict) else {}


def _json(path: Path | None) -> dict[str, Any]:
    """What a JSON file holds; nothing where it is cut or no mapping: the table has the study all the same."""
    if path is None:
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _shown(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")


def _link(path: Path) -> str:
    return "/".join(quote(os.fsencode(part)) for part in path.parts)
