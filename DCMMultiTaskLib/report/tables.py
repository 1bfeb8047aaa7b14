"""Tables as Markdown and as CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from DCMMultiTaskLib.imaging.writing import atomic_path
from DCMMultiTaskLib.learning.intervals import Figure

Cell = str | float | int | Figure | None


def text(cell: Cell, digits: int = 3) -> str:
    """A cell for reading: figures with their interval, a dash for what is not there."""
    if isinstance(cell, Figure):
        if math.isnan(cell.value):
            return "–"
        return f"{cell.value:.{digits}f} ({cell.low:.{digits}f} to {cell.high:.{digits}f})"
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return "–"
    return f"{cell:.{digits}f}" if isinstance(cell, float) else str(cell)


def markdown(head: Sequence[str], rows: Sequence[Sequence[Cell]], digits: Mapping[int, int] | None = None) -> str:
    """A Markdown table; `digits` by column number, 3 where it says nothing."""
    digits = digits or {}
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [text(cell, digits.get(n, 3)) for n, cell in enumerate(row)]
        # An interval stays on one line, below its value where there is little room.
        lines.append("| " + " | ".join(cell.replace(" to ", "\u00a0to\u00a0") for cell in cells) + " |")
    return "\n".join(lines)


def write_csv(path: Path, head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """The table as a CSV; a figure takes three columns: NAME, NAME_low and NAME_high."""
    wide = [n for n in range(len(head)) if any(isinstance(row[n], Figure) for row in rows)]
    columns = []
    for n, name in enumerate(head):
        columns += [name, f"{name}_low", f"{name}_high"] if n in wide else [name]
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for row in rows:
            values: list[str] = []
            for n, cell in enumerate(row):
                if n not in wide:
                    values.append(_plain(cell))
                elif isinstance(cell, Figure):
                    values += [_plain(cell.value), _plain(cell.low), _plain(cell.high)]
                else:
                    values += [_plain(cell), "", ""]
            writer.writerow(values)


def _plain(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return f"{cell:.5g}" if isinstance(cell, float) else str(cell)
