"""Which studies a user means by a path."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from imaging.hospital_files import make, save

from DCMMultiTaskLib.batch.studies import StudyPath, find_studies, write_name_map
from DCMMultiTaskLib.errors import InputError


def image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((2, 4, 4), np.uint8)), str(path))
    return path


def dicom(path: Path, *, study: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    slice_image = sitk.GetImageFromArray(np.zeros((1, 4, 4), np.uint8))
    slice_image.SetMetaData("0020|000d", study)
    slice_image.SetMetaData("0008|0060", "MR")
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    writer.SetFileName(str(path))
    writer.Execute(slice_image)
    return path


def found(*inputs: Path) -> list[tuple[str, str]]:
    return [(study.name, study.place.as_posix()) for study in find_studies(inputs)]


def test_a_file_is_one_study_without_a_place(tmp_path: Path) -> None:
    path = image(tmp_path / "heart.nii.gz")
    assert find_studies([path]) == [StudyPath(path)]
    assert found(path) == [("heart", ".")]


def test_images_keep_the_place_they_have_below_the_folder(tmp_path: Path) -> None:
    for name in ("b.mha", "a.nrrd", "deep/er/a.nrrd"):
        image(tmp_path / name)
    assert found(tmp_path) == [("a", "."), ("b", "."), ("a", "deep/er")]


def test_results_hidden_files_and_other_files_are_passed_over(tmp_path: Path) -> None:
    image(tmp_path / "heart.nrrd")
    for name in ("heart.seg.nrrd", "heart_cam.nrrd", ".heart2.nrrd", ".cache/heart3.nrrd"):
        image(tmp_path / name)
    (tmp_path / "heart_risk.csv").write_text("slice\n0\n")
    assert found(tmp_path) == [("heart", ".")]


def test_a_dicom_folder_is_one_study(tmp_path: Path) -> None:
    for number in range(3):
        dicom(tmp_path / "patient" / f"{number}.dcm", study="1.2.3")
    assert found(tmp_path / "patient") == [("patient", ".")]


def test_the_series_folders_of_one_dicom_study_are_one_study(tmp_path: Path) -> None:
    dicom(tmp_path / "patient" / "short axis" / "1.dcm", study="1.2.3")
    dicom(tmp_path / "patient" / "localiser" / "1.dcm", study="1.2.3")
    assert found(tmp_path / "patient") == [("patient", ".")]


def test_each_patient_of_a_folder_of_dicom_studies_is_a_study(tmp_path: Path) -> None:
    for patient, study in (("P1", "1.2.1"), ("P2", "1.2.2")):
        for series in ("cine", "scout"):
            dicom(tmp_path / "ward" / patient / series / "1.dcm", study=study)
    image(tmp_path / "heart.nrrd")
    assert found(tmp_path) == [("heart", "."), ("P1", "ward"), ("P2", "ward")]


def test_mixed_up_dicom_folders_are_taken_one_by_one(tmp_path: Path) -> None:
    dicom(tmp_path / "a" / "1.dcm", study="1.2.1")
    dicom(tmp_path / "b" / "1.dcm", study="1.2.2")
    dicom(tmp_path / "c" / "1.dcm", study="1.2.1")
    assert sorted(found(tmp_path)) == [("a", "."), ("b", "."), ("c", ".")]


def test_several_inputs_are_taken_in_the_order_given(tmp_path: Path) -> None:
    assert found(image(tmp_path / "z.nrrd"), image(tmp_path / "a.nrrd")) == [("z", "."), ("a", ".")]


def test_two_studies_that_would_write_the_same_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="files of the same name"):
        find_studies([image(tmp_path / "a" / "heart.nrrd"), image(tmp_path / "b" / "Heart.nii.gz")])


def test_a_missing_input_and_a_folder_without_studies_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        find_studies([tmp_path / "none"])
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InputError, match="no image file and no DICOM"):
        find_studies([tmp_path])


def test_label_maps_are_passed_over_and_said(tmp_path: Path) -> None:
    for name in ("a.nrrd", "a_gt.nrrd", "a-label.nii.gz", "b_seg.mha", "segment.nrrd"):
        image(tmp_path / name)
    said: list[str] = []
    assert [study.name for study in find_studies([tmp_path], say=said.append)] == ["a", "segment"]
    assert said == [f"{tmp_path}: 3 label maps passed over: a-label.nii.gz, a_gt.nrrd, b_seg.mha."]


def test_two_patients_of_one_study_uid_are_two_studies(tmp_path: Path) -> None:
    for number, patient in enumerate(("first", "second")):
        save(make(positions=1, phases=1, PatientID=f"P{number}"), tmp_path / patient)
    assert found(tmp_path) == [("first", "."), ("second", ".")]


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    image(tmp_path / "store" / "a.nrrd")
    (tmp_path / "cohort").mkdir()
    (tmp_path / "cohort" / "patient7").symlink_to(tmp_path / "store", target_is_directory=True)
    (tmp_path / "store" / "back").symlink_to(tmp_path / "cohort", target_is_directory=True)
    assert found(tmp_path / "cohort") == [("a", "patient7")]


def test_a_dicomdir_stands_for_its_folder(tmp_path: Path) -> None:
    dicom(tmp_path / "disc" / "S1" / "1.dcm", study="1.2.3")
    (tmp_path / "disc" / "DICOMDIR").write_bytes(bytes(200))
    assert found(tmp_path / "disc" / "DICOMDIR") == [("disc", ".")]


@pytest.mark.parametrize("head", ["name,path", "study,path,study_instance_uid,ward"])
def test_another_table_is_no_map_of_names_and_stays_as_it_is(tmp_path: Path, head: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"{head}\na,b\n")
    with pytest.raises(InputError, match="this is another table; a map of names has the columns study, path, study_"):
        write_name_map(path, [("a", tmp_path / "a.nrrd", "")], tmp_path / "out")
    assert path.read_text() == f"{head}\na,b\n"


def test_a_study_whose_name_is_no_text_has_one_row_in_the_map_of_names(tmp_path: Path) -> None:
    for _ in range(2):
        write_name_map(tmp_path / "names.csv", [("caf\udce9", tmp_path / "caf\udce9.nrrd", "")], tmp_path / "out")
    rows = (tmp_path / "names.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert rows == [f"caf\\udce9,{tmp_path}{os.sep}caf\\udce9.nrrd,"]
