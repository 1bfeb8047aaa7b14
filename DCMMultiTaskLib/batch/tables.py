"""The tables of a batch, made from its studies' own files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from DCMMultiTaskLib.batch.discovery import Skipped
from DCMMultiTaskLib.batch.folder import BatchFolder
from DCMMultiTaskLib.batch.options import BatchReport, Outcome
from DCMMultiTaskLib.batch.work import skipped_of
from DCMMultiTaskLib.storage import read_json, read_table, write_rows, write_table

RESULTS, SLICES, FAILURES, SKIPPED = "results.csv", "slices.csv", "failures.csv", "skipped.csv"
# Of a summary's values those that a table of results does without.
_LEFT_OUT = ("name", "use", "cancelled", "seconds", "network_seconds")


@dataclass(frozen=True)
class Failed:
    """A row of `failures.csv`."""

    study: str
    input: str
    reason: str


def write_tables(folder: BatchFolder, report: BatchReport) -> None:
    """Write `results.csv`, `slices.csv`, `failures.csv` and `skipped.csv`, in the order of the studies' names.

    `results.csv` has a row per study: every single value of its `NAME_summary.json` but times, those of the heart beat
    behind the others, and its notes. `slices.csv` has the rows of every `NAME_risk.csv`.

    Raises:
        InputError: They cannot be written, or a study's own files are damaged.
    """
    studies = report.having("done", "kept")
    rows: list[dict[str, Any]] = []
    skipped = [*report.skipped, *(row for outcome in report.outcomes for row in outcome.skipped)]
    for outcome in studies:
        path = folder.study(outcome.study) / f"{outcome.study}_summary.json"
        summary = read_json(path)
        rows.append(_row(outcome, summary))
        skipped += skipped_of(outcome.study, outcome.input, summary["files"])
    beat = dict.fromkeys(name for row in rows for name in row["heart_beat"])
    head = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in ("heart_beat", "notes")]
    # Without a study there is no summary that knows its values.
    head = [*(head or ["study", "input"]), *beat, "notes"]
    write_table(
        folder.path / RESULTS, head, ([(row | row["heart_beat"]).get(name, "") for name in head] for row in rows)
    )
    _write_slices(folder, studies)
    write_rows(folder.path / FAILURES, Failed, (Failed(o.study, o.input, o.reason) for o in report.having("failed")))
    skipped.sort(key=lambda row: (row.study, row.input, row.reason))
    write_rows(folder.path / SKIPPED, Skipped, skipped)


def _row(outcome: Outcome, summary: dict[str, Any]) -> dict[str, Any]:
    return {
        "study": outcome.study,
        "input": outcome.input,
        **{name: value for name, value in _single(summary) if name not in _LEFT_OUT},
        "heart_beat": dict(_single(summary["heart_beat"] or {})),
        "notes": " ".join(summary["notes"]),
    }


def _single(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Those that are no list, no mapping; nothing for null."""
    for name, value in values.items():
        if not isinstance(value, list | dict) and (name != "heart_beat"):
            yield name, "" if value is None else value


def _write_slices(folder: BatchFolder, studies: Iterable[Outcome]) -> None:
    head: list[str] = []
    rows = []
    for outcome in studies:
        head, cells = read_table(folder.study(outcome.study) / f"{outcome.study}_risk.csv")
        rows += [[outcome.study, *row.values()] for row in cells]
    write_table(Path(folder.path / SLICES), ["study", *head], rows)
