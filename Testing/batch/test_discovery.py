"""Which studies lie below a hospital's folder, what they are called, and what is said of everything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from batch.hospital import heart, hospital
from imaging.hospital_files import make, save

from DCMMultiTaskLib.batch.discovery import Skipped, discover
from DCMMultiTaskLib.errors import InputError


def test_patients_mixed_in_one_folder_are_told_apart(tmp_path: Path) -> None:
    studies, _ = discover(hospital(tmp_path / "in"))
    mixed = [study for study in studies if study.input == "archive"]
    assert sorted(len(study.dicom) for study in mixed) == [6, 7]
    assert len({study.name for study in mixed}) == 2
    assert all(study.name.startswith("archive-") for study in mixed)
    assert {study.name for study in studies if study not in mixed} == {"broken", "drawn", "long axis", "one", "two"}


def test_every_file_is_in_a_study_or_skipped_with_a_reason(tmp_path: Path) -> None:
    folder = hospital(tmp_path / "in")
    studies, skipped = discover(folder)
    assert set(skipped) == {
        Skipped("", "notes.txt", 1, "not an image"),
        Skipped("", "two_gt.nii.gz", 1, "a label map by its name"),
    }
    files = sum(max(len(study.dicom), 1) for study in studies) + sum(row.files for row in skipped)
    assert files == sum(path.is_file() for path in folder.rglob("*"))


def test_a_study_in_several_folders_is_one_study(tmp_path: Path) -> None:
    for series in ("cine", "scout"):
        save(make(positions=3, phases=1, description=series), tmp_path / "patient" / series)
    heart(tmp_path / "other.nrrd")
    studies, _ = discover(tmp_path)
    assert [(study.name, study.input, len(study.dicom)) for study in studies] == [
        ("other", "other.nrrd", 0),
        ("patient", "patient", 6),
    ]


def test_studies_of_one_name_are_told_apart_by_their_folders_and_then_by_a_hash(tmp_path: Path) -> None:
    for name in ("a/heart.nrrd", "b/heart.nrrd", "b/heart.nii.gz", "c/liver.nrrd"):
        heart(tmp_path / name)
    names = [study.name for study in discover(tmp_path)[0]]
    assert names[0] == "a_heart" and names[3] == "liver"
    assert all(name.startswith("b_heart-") for name in names[1:3]) and names[1] != names[2]


def test_a_damaged_file_belongs_to_the_study_of_its_folder(tmp_path: Path) -> None:
    save(make(positions=3, phases=1), tmp_path / "patient")
    (tmp_path / "patient" / "cut.dcm").write_bytes(b"\0" * 10)
    (tmp_path / "image.dcm").write_bytes(b"\0" * 10)
    whole = next((tmp_path / "patient").glob("IM*")).read_bytes()
    (tmp_path / "start.dcm").write_bytes(whole[:480])
    studies, _ = discover(tmp_path)
    assert [(study.name, len(study.dicom)) for study in studies] == [("image", 1), ("patient", 4), ("start", 1)]


def test_files_without_study_uid_are_a_study_for_each_folder(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        save(make(positions=3, phases=1, StudyInstanceUID=""), tmp_path / folder)
    assert [(study.name, len(study.dicom)) for study in discover(tmp_path)[0]] == [("a", 3), ("b", 3)]


def test_the_voxels_of_a_header_are_part_of_its_study(tmp_path: Path) -> None:
    heart(tmp_path / "heart.mhd")
    studies, skipped = discover(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    assert ([study.name for study in studies], skipped) == (["heart"], [])


def test_the_folder_of_the_results_is_not_searched(tmp_path: Path) -> None:
    heart(tmp_path / "heart.nrrd")
    heart(tmp_path / "out" / "studies" / "x" / "x.nrrd")
    assert [study.name for study in discover(tmp_path, output=tmp_path / "out")[0]] == ["heart"]


def test_a_folder_without_studies_and_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match="holds no image file"):
        discover(tmp_path)
    with pytest.raises(InputError, match="this is a file; a folder is needed"):
        discover(tmp_path / "notes.txt")
    with pytest.raises(InputError, match="no such folder"):
        discover(tmp_path / "none")
