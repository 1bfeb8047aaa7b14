"""The page of a batch: `report.html`, one file that needs no network, from the files of the batch folder alone."""

from __future__ import annotations

import base64
import hashlib
import statistics
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from DCMMultiTaskLib.errors import InputError, count, pip_install
from DCMMultiTaskLib.report import style
from DCMMultiTaskLib.report.batch_studies import (
    KINDS,
    NEAR,
    BatchStudy,
    optional_table,
    read_batch,
    title_and_unit,
)
from DCMMultiTaskLib.storage import json_ready, write_text

PAGE = "report.html"
TEMPLATES = Path(__file__).parent / "page"
SCRIPTS = ("elements.js", "charts.js", "notes.js", "study.js", "list.js")
VOLUME, MASS, FRACTION = "lv_cavity_volume_ml", "myocardium_mass_g", "ejection_fraction_percent"


def write_batch_page(folder: Path) -> Path:
    """Write `report.html` into a batch folder, whole or not at all.

    It reads `results.csv` (a row per study, column `study`) and, where they are there, `slices.csv`, `failures.csv`,
    `skipped.csv` and the files in `studies/NAME/`. Columns that it does not know are shown with the measurements.

    Args:
        folder: What `batch` wrote.

    Returns:
        The page.

    Raises:
        InputError: Jinja2 is not installed, a table cannot be read, or the page cannot be written.
    """
    try:
        import jinja2
    except ImportError as error:
        raise InputError(f"the page needs Jinja2 ({error}): {pip_install('jinja2')}.") from error
    folder = Path(folder)
    studies = read_batch(folder)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False}  # and the order of columns as it is
    script = "\n".join((TEMPLATES / name).read_text("utf-8") for name in SCRIPTS)
    page = environment.get_template("page.html.j2").render(
        style=style,
        css=(TEMPLATES / "page.css").read_text("utf-8"),
        script=script,
        # The browser runs this script and no other, whatever the files' texts hold.
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        made=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        data=json_ready(_data(studies)),
        pictures=[(number, study.picture) for number, study in enumerate(studies) if study.picture],
        models=Counter(_model(study) for study in studies if study.summary),
        cohort=_cohort(studies),
        failures=_table(folder / "failures.csv"),
        skipped=_table(folder / "skipped.csv"),
        near=NEAR,
    )
    write_text(folder / PAGE, page)
    return folder / PAGE


def _data(studies: Sequence[BatchStudy]) -> dict[str, Any]:
    """What the page's script shows; a measurement that no study has is left out."""
    known = {name: None for study in studies for name, value in study.values.items() if value is not None}
    slice_columns = list(dict.fromkeys(name for study in studies for row in study.slices for name in row))
    phase_columns = ("phase", "time_ms", "lv_cavity_ml", "is_ed", "is_es")
    return {
        "kinds": KINDS,
        "columns": {name: title_and_unit(name) for name in known},
        "sliceColumns": {name: title_and_unit(name) for name in slice_columns},
        "studies": [
            {
                "name": study.name,
                "p": study.probability,
                "above": study.above,
                "undecided": study.undecided,
                "threshold": study.threshold,
                "look": study.look,
                "counted": study.counted,
                "values": {name: value for name, value in study.values.items() if name in known},
                "slices": [[row.get(name) for name in slice_columns] for row in study.slices],
                "phases": [[row.get(name) for name in phase_columns] for row in study.phases],
                "said": [str(text) for text in (study.summary.get("rule"), *_notes(study)) if text],
                "made": _model(study) if study.summary else "",
                "files": study.files,
            }
            for study in studies
        ],
    }


def _notes(study: BatchStudy) -> list[Any]:
    notes = study.summary.get("notes")
    return notes if isinstance(notes, list) else []


def _model(study: BatchStudy) -> str:
    facts = study.summary
    threshold = "" if study.threshold is None else f", threshold {study.threshold:g}"
    return (
        f"model {facts.get('model', 'unknown')} {facts.get('model_version', '')}, "
        f"SHA-256 {str(facts.get('model_sha256', 'unknown'))[:12]}{threshold}"
    )


def _cohort(studies: Sequence[BatchStudy]) -> list[tuple[str, str, str]]:
    """The numbers at the top: what, number, and what stands below it in small type."""
    decided = [study for study in studies if not study.undecided]
    above = sum(study.above for study in decided)
    kinds = Counter(kind for study in studies for kind, _ in study.look)
    share = f"{100 * above / len(decided):.0f} % of those that are decided" if decided else ""
    shown = [
        ("studies", str(len(studies)), ""),
        ("to look at first", str(sum(bool(study.look) for study in studies)), _counted(kinds)),
        ("at or above the threshold", str(above), share),
    ]
    for name in (VOLUME, MASS, FRACTION):
        numbers = sorted(value for study in studies if isinstance(value := study.values.get(name), float | int))
        title, unit, digits = title_and_unit(name)
        if numbers:
            low, middle, high = _quartiles(numbers)
            spread = f"middle half {low:.{digits}f} to {high:.{digits}f} {unit}, " * (len(numbers) > 1)
            of = count(len(numbers), "study", "studies")
            shown.append((f"{title}, median", f"{middle:.{digits}f} {unit}", f"{spread}{of}"))
    return shown


def _quartiles(numbers: Sequence[float]) -> Sequence[float]:
    return statistics.quantiles(numbers, n=4, method="inclusive") if len(numbers) > 1 else [numbers[0]] * 3


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS if kinds[kind])


def _table(path: Path) -> dict[str, Any]:
    """A table as it is, and how often each reason is given where there are many."""
    rows = optional_table(path)
    head = list(dict.fromkeys(name for row in rows for name in row))
    reasons = Counter(row.get("reason", "") for row in rows)
    return {
        "head": [title_and_unit(name)[0] for name in head],
        "rows": [[row.get(name, "") for name in head] for row in rows],
        "reasons": reasons.most_common() if len(reasons) < len(rows) else [],
    }
