"""Files that are whole or not there, and one form each for tables and JSON."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.storage import (
    atomic_path,
    columns,
    read_json,
    read_rows,
    staged,
    write_json,
    write_rows,
    write_table,
    write_text,
)


@dataclass(frozen=True, kw_only=True)
class Measured:
    area_mm2: float = math.nan
    pixels: int = 0


@dataclass(frozen=True, kw_only=True)
class Slice(Measured):
    patient: str
    slice: int
    dsc: float


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "study.seg.nrrd"
    with atomic_path(path) as temporary:
        assert temporary.parent == path.parent and temporary.name.endswith(".seg.nrrd")
        temporary.write_text("done")
        assert not path.exists()
    assert path.read_text() == "done" and list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "risk.csv"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_an_error_in_between_leaves_no_folder_behind(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), staged(tmp_path / "a" / "b") as folder:
        (folder / "half").write_text("half")
        raise RuntimeError("a fault")
    assert list(tmp_path.iterdir()) == []


def test_staged_files_take_their_places_together(tmp_path):
    (tmp_path / "old.txt").write_text("old")
    with staged(tmp_path) as folder:
        write_text(folder / "old.txt", "new")
        write_text(folder / "more.txt", "ä")
        assert (tmp_path / "old.txt").read_text() == "old"
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        "old.txt": "new",
        "more.txt": "ä",
    }


def test_an_error_names_the_users_folder_and_not_the_one_in_between(tmp_path):
    (tmp_path / "here").mkdir()
    with pytest.raises(InputError) as caught, staged(tmp_path / "here") as folder:
        (folder / "table.csv").mkdir()
        write_rows(folder / "table.csv", Slice, [])
    assert str(caught.value).startswith(f"{tmp_path / 'here' / 'table.csv'} cannot be written: ")
    assert list((tmp_path / "here").iterdir()) == []


def test_json_has_null_where_there_is_no_number(tmp_path):
    write_json(tmp_path / "metrics.json", {"a": [1.5, math.nan, (math.inf,)], "b": {"c": -math.inf, "d": "nan"}})
    text = (tmp_path / "metrics.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=pytest.fail) == {"a": [1.5, None, [None]], "b": {"c": None, "d": "nan"}}
    with pytest.raises(TypeError):
        write_json(tmp_path / "metrics.json", {"a": object()})
    assert (tmp_path / "metrics.json").read_text(encoding="utf-8") == text


def test_a_rows_own_columns_stand_before_those_it_inherits():
    assert columns(Slice) == ["patient", "slice", "dsc", "area_mm2", "pixels"]


def test_rows_come_back_without_loss(tmp_path):
    rows = [
        Slice(patient='A, "one"', slice=0, dsc=1 / 3, area_mm2=1e-7, pixels=7),
        Slice(patient="ä", slice=1, dsc=0.5),
    ]
    write_rows(tmp_path / "rows.csv", Slice, rows)
    first, second = read_rows(tmp_path / "rows.csv", Slice)
    assert first == rows[0]
    assert second.patient == "ä" and math.isnan(second.area_mm2) and type(second.slice) is int


def test_rows_are_rounded_and_the_unknown_is_written_as_asked(tmp_path):
    rows = [Slice(patient="A", slice=0, dsc=1 / 3, area_mm2=math.nan)]
    write_rows(tmp_path / "rows.csv", Slice, rows, digits={"dsc": 2, "area_mm2": 1}, unknown="")
    assert (tmp_path / "rows.csv").read_bytes() == b"patient,slice,dsc,area_mm2,pixels\r\nA,0,0.33,,0\r\n"
    assert math.isnan(read_rows(tmp_path / "rows.csv", Slice)[0].area_mm2)
    write_rows(tmp_path / "rows.csv", Slice, rows, digits=5)
    assert (tmp_path / "rows.csv").read_bytes().splitlines()[1] == b"A,0,0.33333,nan,0"


def test_a_file_name_that_is_no_text_can_be_read_in_a_table(tmp_path):
    # What Python makes of the bytes caf\xe9.nrrd on Linux.
    write_table(tmp_path / "failures.csv", ["input"], [["caf\udce9.nrrd"], ["café.nrrd"]])
    assert (tmp_path / "failures.csv").read_bytes() == "input\r\ncaf\\udce9.nrrd\r\ncafé.nrrd\r\n".encode()


def test_a_table_without_rows_has_its_head(tmp_path):
    write_rows(tmp_path / "rows.csv", Slice, [])
    assert read_rows(tmp_path / "rows.csv", Slice) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, r"rows\.csv: no such file\."),
        ("patient,slice\nA,0\n", "the column dsc is missing"),
        ("patient,slice,dsc\nA,0,0.5\nA,one,0.5\n", "row 2: the column slice has 'one'"),
        ("patient,slice,dsc\nA,0\n", "row 1: the column dsc has no cell"),
        ("slice,dsc,patient\n0,0.5\n", "row 1: the column patient has no cell"),
    ],
)
def test_what_is_wrong_with_a_table_is_one_sentence(tmp_path: Path, text, reason):
    if text:
        (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=reason):
        read_rows(tmp_path / "rows.csv", Slice)


def test_columns_with_a_default_may_be_missing_and_others_are_passed_over(tmp_path):
    # As a spreadsheet writes it, with a mark at the start.
    (tmp_path / "rows.csv").write_text("dsc,more,patient,slice\n0.5,x,A,3\n", encoding="utf-8-sig")
    (row,) = read_rows(tmp_path / "rows.csv", Slice)
    assert (row.patient, row.slice, row.dsc, row.pixels) == ("A", 3, 0.5, 0)


def test_cells_with_a_default_may_be_missing_from_the_end_of_a_row(tmp_path):
    (tmp_path / "rows.csv").write_text("patient,slice,dsc,area_mm2,pixels\nA,3,0.5\n", encoding="utf-8")
    (row,) = read_rows(tmp_path / "rows.csv", Slice)
    assert math.isnan(row.area_mm2) and row.pixels == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: No such file"),
        (b'{"threshold": 0.', "the file is damaged"),
        (b"\xff\xfe", "the file is damaged"),
        (b"[]", "the file is damaged"),
    ],
)
def test_what_is_wrong_with_json_is_one_sentence(tmp_path: Path, content, reason):
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(InputError, match=rf"run\.json:? {reason}"):
        read_json(tmp_path / "run.json")
