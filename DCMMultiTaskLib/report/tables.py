"""Tables as Markdown and as CSV."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from DCMMultiTaskLib.evaluation.bootstrap import Estimate
from DCMMultiTaskLib.storage import write_table

Cell = str | float | int | Estimate | None


def text(cell: Cell, digits: int = 3) -> str:
    """A cell for reading: estimates with their interval, a dash for what is not there."""
    if isinstance(cell, Estimate):
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
        wide = [isinstance(cell, Estimate) for cell in row]
        cells = [c.replace(" to ", "\u00a0to\u00a0") if w else c for c, w in zip(cells, wide, strict=True)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_csv(path: Path, head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """The table as a CSV; an estimate takes three columns: NAME, NAME_low and NAME_high."""
    wide = [n for n in range(len(head)) if any(isinstance(row[n], Estimate) for row in rows)]
    columns = []
    for n, name in enumerate(head):
        columns += [name, f"{name}_low", f"{name}_high"] if n in wide else [name]

    def values(n: int, cell: Cell) -> list[str]:
        ends = (cell.value, cell.low, cell.high) if isinstance(cell, Estimate) else (cell, None, None)
        return [_plain(end) for end in (ends if n in wide else (cell,))]

    write_table(path, columns, ([v for n, cell in enumerate(row) for v in values(n, cell)] for row in rows))


def _plain(cell: Cell) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return f"{cell:.5g}" if isinstance(cell, float) else str(cell)
