"""Files that are whole or not there at all; tables of rows and JSON in one form each."""

from __future__ import annotations

import codecs
import csv
import inspect
import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from DCMMultiTaskLib.errors import InputError

Row = TypeVar("Row")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A path beside `path`, with its extensions, that takes its name when all went well and else leaves nothing.

    Raises:
        InputError: The disk is full, or the folder cannot be written to.

    Example:
        >>> with atomic_path(Path("risk.csv")) as temporary:
        ...     temporary.write_text("slice,dcm_probability")
    """
    path = Path(path)
    stem = path.name.split(".")[0]
    temporary = path.with_name(f".{stem[:40]}-{os.getpid()}{path.name[len(stem) :]}")
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            temporary.replace(path)
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        if os.path.lexists(temporary):
            temporary.unlink()


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


def write_text(path: Path, text: str) -> None:
    """A text file in UTF-8, whole or not at all.

    Raises:
        InputError: It cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """A JSON file, whole or not at all; null where a number is NaN or infinite.

    Raises:
        InputError: It cannot be written.
    """
    write_text(path, json.dumps(json_ready(value), indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The mapping of a JSON file.

    Raises:
        InputError: It cannot be read, or is damaged.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise InputError(f"{path}: the file is damaged; it is no JSON.") from error
    if not isinstance(value, dict):
        raise InputError(f"{path}: the file is damaged; names with values were expected.")
    return value


def json_ready(value: Any) -> Any:
    """The same lists and mappings with None for NaN and the infinities, which JSON has no word for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: json_ready(inner) for key, inner in value.items()}
    return [json_ready(inner) for inner in value] if isinstance(value, list | tuple) else value


def write_table(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A CSV file of cells as they are, whole or not at all; `\\udce9` for a byte of a file's name that is no text.

    Raises:
        InputError: It cannot be written.
    """
    with (
        atomic_path(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as stream,
    ):
        csv.writer(stream).writerows([head, *rows])


def read_table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """The head of a CSV file, and its rows by column; blank rows are passed over.

    Commas, semicolons or tabs stand between the cells. The text is UTF-8 or what Excel saves: UTF-16 with its mark,
    or Windows-1252. Cells that a row lacks at its end are missing from its mapping.

    Raises:
        InputError: It cannot be read, is no text, or a row has more cells than the head.
    """
    text = _text(path)
    lines = text.splitlines(keepends=True)
    # Excel may say in a line of its own what stands between the cells.
    said = re.fullmatch(r"sep=(.)", lines[0].strip()) if lines else None
    if said:
        lines = lines[1:]
    first = lines[0] if lines else ""
    between = said[1] if said else max(",;\t", key=first.count)
    try:
        head, *cells = [row for row in csv.reader(lines, delimiter=between) if any(cell.strip() for cell in row)]
    except (csv.Error, ValueError) as error:
        raise InputError(f"{path}: this is no table; a CSV file with a row of column names was expected.") from error
    head = [name.strip() for name in head]
    for number, row in enumerate(cells, start=1):
        if any(cell.strip() for cell in row[len(head) :]):
            raise InputError(f"{path}, row {number}: there are {len(row)} cells under {len(head)} column names.")
    return head, [dict(zip(head, row, strict=False)) for row in cells]


def _text(path: Path) -> str:
    """What a text file says, in the encoding that it is in.

    Raises:
        InputError: It cannot be read or is no text.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(4096)
            # A volume of gigabytes need not be read to see that it is none.
            wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            if start.startswith(b"PK\3\4"):
                raise InputError(f"{path}: this is a workbook or an archive; save the table as CSV.")
            if not wide and re.search(rb"[\0-\x08\x0e-\x1f]", start):
                raise InputError(f"{path}: this is no table of text; a CSV file was expected.")
            content = start + stream.read()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(f"{path}: this is no table of text; a CSV file was expected.")


def columns(kind: type) -> list[str]:
    """The columns of a dataclass's table: what the class declares itself, then what it inherits."""
    names = [field.name for field in fields(kind)]
    own = [name for name in inspect.get_annotations(kind) if name in names]
    return [*own, *(name for name in names if name not in own)]


def write_rows(
    path: Path,
    kind: type[Row],
    rows: Iterable[Row],
    *,
    digits: int | Mapping[str, int] | None = None,
    unknown: str | None = None,
) -> None:
    """Dataclass rows as a CSV file, whole or not at all.

    Args:
        path: The file.
        kind: The rows' class; its `columns` are the file's.
        rows: In the order of the file.
        digits: Digits after the decimal point, for all columns or by column; without loss where None.
        unknown: Stands for numbers that are NaN or infinite; they are written as `nan` and `inf` where None.

    Raises:
        InputError: It cannot be written.
    """
    names = columns(kind)

    def cell(name: str, value: Any) -> Any:
        if not isinstance(value, float):
            return value
        if unknown is not None and not math.isfinite(value):
            return unknown
        places = digits[name] if isinstance(digits, Mapping) else digits
        return value if places is None else round(value, places)

    write_table(path, names, ([cell(name, getattr(row, name)) for name in names] for row in rows))


def read_rows(path: Path, kind: type[Row]) -> list[Row]:
    """The rows of a CSV file as dataclasses of that kind; an empty cell of a number is NaN.

    Columns that the class does not know are passed over; those that it has a default for may be missing, also from the
    end of single rows.

    Raises:
        InputError: No such file, a column is missing, or a cell is not of its column's type.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file.")
    head, rows = read_table(path)
    types = get_type_hints(kind)
    needed = [
        field.name
        for field in fields(kind)  # type: ignore[arg-type]
        if field.default is MISSING and field.default_factory is MISSING
    ]
    for name in needed:
        if name not in head:
            raise InputError(f"{path}: the column {name} is missing.")
        for number, row in enumerate(rows, start=1):
            if name not in row:
                raise InputError(f"{path}, row {number}: the column {name} has no cell.")
    names = [name for name in columns(kind) if name in head]

    def value(number: int, name: str, text: str) -> Any:
        try:
            return math.nan if types[name] is float and text == "" else types[name](text)
        except (TypeError, ValueError) as error:
            raise InputError(f"{path}, row {number}: the column {name} has {text!r}, which is no number.") from error

    return [
        kind(**{name: value(number, name, row[name]) for name in names if name in row})
        for number, row in enumerate(rows, start=1)
    ]
