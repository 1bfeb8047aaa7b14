"""Manifests and folds."""

import csv
from pathlib import Path

import pytest

from DCMMultiTaskLib.datasets.folds import patient_folds
from DCMMultiTaskLib.datasets.manifest import Patient, read_manifest
from DCMMultiTaskLib.errors import InputError


def write_manifest(folder: Path, rows: list[dict[str, str]]) -> Path:
    for name in ("image.nrrd", "mask.nrrd"):
        (folder / name).touch()  # leaves what is there as it is
    path = folder / "patients.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def row(**changes: str) -> dict[str, str]:
    return {"patient": "A", "image": "image.nrrd", "mask": "mask.nrrd", "dcm": "0", "split": "train", **changes}


def patients(positive: int, negative: int, groups: int = 1) -> list[Patient]:
    here = Path()
    return [Patient(f"P{i}", here, here, 1, "pos", "") for i in range(positive)] + [
        Patient(f"N{i}", here, here, 0, f"neg{i % groups}", "") for i in range(negative)
    ]


def test_the_background_is_no_myocardium(tmp_path):
    with pytest.raises(InputError, match="1 or more, not 0"):
        read_manifest(write_manifest(tmp_path, [row()]), mask_value=0)


def test_manifest_keeps_one_split_and_resolves_paths_beside_it(tmp_path):
    path = write_manifest(tmp_path, [row(), row(patient="B", split="online", dcm="1")])
    assert [p.patient for p in read_manifest(path)] == ["A", "B"]
    (online,) = read_manifest(path, split="online")
    assert (online.patient, online.dcm, online.image) == ("B", 1, tmp_path / "image.nrrd")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"patient": "A", "image": "image.nrrd"}], "lacks the column mask, dcm"),
        ([row(dcm="2")], "dcm '2'; it must be 0 or 1"),
        ([row(image="gone.nrrd")], "does not exist"),
        ([row(), row()], "more than one row"),
        ([row(split="online")], "no patient with split 'train'"),
    ],
)
def test_manifest_says_what_is_wrong(tmp_path, rows, reason):
    with pytest.raises(InputError, match=reason):
        read_manifest(write_manifest(tmp_path, rows), split="train")


def test_no_such_manifest(tmp_path):
    with pytest.raises(InputError, match="no such manifest"):
        read_manifest(tmp_path / "none.csv")


def test_every_patient_is_validated_once_and_never_trained_on_in_that_fold():
    everyone = patients(10, 31, groups=2)
    folds = patient_folds(everyone, folds=5, seed=3)
    held_out = [p.patient for _, validation in folds for p in validation]
    assert sorted(held_out) == sorted(p.patient for p in everyone)
    for train, validation in folds:
        assert not {p.patient for p in train} & {p.patient for p in validation}
        assert sum(p.dcm for p in validation) == 2


def test_folds_are_the_same_for_the_same_seed():
    names = [[[p.patient for p in part] for part in fold] for fold in patient_folds(patients(6, 9), folds=3, seed=1)]
    again = [[[p.patient for p in part] for part in fold] for fold in patient_folds(patients(6, 9), folds=3, seed=1)]
    assert names == again


def test_small_groups_fall_back_to_the_label():
    for _, validation in patient_folds(patients(5, 7, groups=7), folds=5):
        assert sum(p.dcm for p in validation) == 1


def test_too_few_positives_for_the_folds():
    with pytest.raises(InputError, match="at least 5 patients with dcm 1"):
        patient_folds(patients(4, 20), folds=5)
