"""Manifests as table programs save them, and files that are none."""

from pathlib import Path

import pytest

from DCMMultiTaskLib.cli import main
from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.errors import InputError

ROWS = [["patient", "image", "mask", "dcm"], ["Müller", "a.nrrd", "b.nrrd", "1"], ["Cho", "a.nrrd", "b.nrrd", "0"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.nrrd", "b.nrrd"):
        (tmp_path / name).touch()
    return tmp_path


def text(between: str = ",") -> str:
    return "".join(between.join(row) + "\r\n" for row in ROWS)


FORMS = {
    "UTF-8": text().encode(),
    "UTF-8 with a mark": text().encode("utf-8-sig"),
    "Windows-1252": text().encode("cp1252"),
    "UTF-16 and tabs, Excel's Unicode text": text("\t").encode("utf-16"),
    "UTF-16, the other byte order": b"\xfe\xff" + text().encode("utf-16-be"),
    "semicolons": text(";").encode("utf-8-sig"),
    "semicolons, said so": ("sep=;\r\n" + text(";")).encode("cp1252"),
    "blank cells and rows around it": (text(";") + ";;;\r\n\r\n").encode(),
    "blanks around cells": text(" , ").encode(),
    "empty columns at the right": text().replace("\r\n", ",,\r\n").encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_manifest_reads_the_same_however_it_was_saved(folder, form):
    (folder / "m.csv").write_bytes(FORMS[form])
    patients = read_manifest(folder / "m.csv")
    assert [(p.patient, p.image, p.dcm) for p in patients] == [
        ("Müller", folder / "a.nrrd", 1),
        ("Cho", folder / "a.nrrd", 0),
    ]


@pytest.mark.parametrize("label", ["1.0", " 1", "1,0", "1.", "1 "])
def test_a_label_that_is_1_in_a_table_program_is_a_1(folder, label):
    (folder / "m.csv").write_text(f"patient;image;mask;dcm\nA;a.nrrd;b.nrrd;{label}\n", encoding="utf-8")
    assert [p.dcm for p in read_manifest(folder / "m.csv")] == [1]


def test_paths_written_on_windows_are_found_elsewhere(folder):
    (folder / "images").mkdir()
    (folder / "images" / "c.nrrd").touch()
    (folder / "m.csv").write_text("patient,image,mask,dcm\nA,images\\c.nrrd,b.nrrd,0\n", encoding="utf-8")
    assert read_manifest(folder / "m.csv")[0].image.samefile(folder / "images" / "c.nrrd")


WRONG = {
    "a volume": (b"NRRD0005\ntype: short\n\n\0\1\0\2", "no table of text"),
    "a workbook": (b"PK\x03\x04rest", "save the table as CSV"),
    "nothing": (b"", "this is no table"),
    "half of UTF-16": (text().encode("utf-16")[:-1], "no table of text"),
    "another text": (b"# Read me\n\nSome, words.\n", "lacks the column|cells under"),
    "a row that is too long": (text().encode() + b"B,a.nrrd,b.nrrd,0,1\n", "row 3: there are 5 cells under 4"),
    "a row that is cut": (text().encode() + b"B,a.nrrd", "patient B has dcm ''"),
    "a path that is empty": (text().encode() + b"B,,b.nrrd,0", "patient B has no image"),
    "a label that is none": (text().encode() + b"B,a.nrrd,b.nrrd,0.5", "dcm '0.5'; it must be 0 or 1"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_manifest_is_refused_in_one_sentence(folder, kind, capsys):
    content, words = WRONG[kind]
    (folder / "m.csv").write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_manifest(folder / "m.csv")
    assert main(["evaluate", "--data", str(folder / "m.csv"), "-o", str(folder / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (folder / "out").exists()


def test_a_folder_is_no_manifest(folder):
    with pytest.raises(InputError, match="this is a folder"):
        read_manifest(folder)
