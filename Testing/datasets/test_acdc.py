"""ACDC, from small trees in its layout (the data themselves may not be passed on)."""

import argparse
import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from DCMMultiTaskLib.commands import prepare
from DCMMultiTaskLib.datasets.acdc import prepare_acdc
from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.reading import read_study

SHAPE = (3, 12, 10)
GROUPS = {"patient001": "DCM", "patient021": "HCM", "patient041": "MINF", "patient061": "NOR", "patient101": "RV"}


def write_image(path: Path, array: np.ndarray, *, shift: float = 0.0) -> None:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((1.5625, 1.5625, 10.0))
    image.SetOrigin((3.0 + shift, -4.0, 5.0))
    sitk.WriteImage(image, str(path))


def write_patient(folder: Path, group: str, *, diastole: int = 1, systole: int = 12) -> dict[int, np.ndarray]:
    """Gives the pixels of both frames."""
    folder.mkdir(parents=True)
    (folder / "Info.cfg").write_text(
        f"ED: {diastole}\nES: {systole}\nGroup: {group}\nHeight: 184.0\nNbFrame: 30\nWeight: 95.0\n"
    )
    truth = np.zeros(SHAPE, np.uint8)
    truth[:2, 2:9, 4:9] = 2
    truth[:2, 4:7, 5:8] = 3
    truth[:2, 2:9, 1:4] = 1
    pixels = {}
    for frame in (diastole, systole):
        pixels[frame] = np.random.default_rng(frame).integers(0, 500, SHAPE).astype(np.int16)
        stem = folder / f"{folder.name}_frame{frame:02d}"
        write_image(stem.with_suffix(".nii.gz"), pixels[frame])
        write_image(stem.with_name(stem.name + "_gt.nii.gz"), truth)
        truth = np.roll(truth, 1, axis=2)
    return pixels


def run(source: Path, output: Path) -> int:
    parser = argparse.ArgumentParser()
    prepare.add_arguments(parser)
    return prepare.run(parser.parse_args(["acdc", str(source), "-o", str(output)]))


def test_the_end_diastolic_frame_and_its_labels(tmp_path: Path) -> None:
    pixels = write_patient(tmp_path / "src" / "training" / "patient007", "DCM", diastole=2)
    assert run(tmp_path / "src", tmp_path / "out") == 0
    assert (tmp_path / "out" / "patients.csv").read_text().splitlines() == [
        "patient,group,dcm,split,slices,image,mask,frames",
        "patient007,DCM,1,train,3,images/patient007.nrrd,masks/patient007.nrrd,2",
    ]
    (patient,) = read_manifest(tmp_path / "out" / "patients.csv")
    image, mask = read_study(patient.image).volume, read_study(patient.mask).volume
    assert np.array_equal(image.array, pixels[2])
    assert image.array.dtype == np.int16
    assert mask.array.dtype == np.uint8
    expected = np.zeros(SHAPE, np.uint8)
    expected[:2, 2:9, 4:9] = 1
    expected[:2, 4:7, 5:8] = 2
    assert np.array_equal(mask.array, expected)
    for volume in (image, mask):
        assert volume.geometry.spacing == pytest.approx((1.5625, 1.5625, 10.0))
        assert volume.geometry.origin == pytest.approx((3.0, -4.0, 5.0))


def test_groups_and_parts(tmp_path: Path) -> None:
    for name, group in GROUPS.items():
        part = "testing" if name > "patient100" else "training"
        write_patient(tmp_path / "latest" / "database" / part / name, group)
    done = prepare_acdc(tmp_path / "latest", tmp_path / "out")
    patients = read_manifest(done.manifest)
    assert {patient.patient: patient.group for patient in patients} == GROUPS
    assert [patient.dcm for patient in patients] == [1, 0, 0, 0, 0]
    assert [patient.split for patient in patients] == ["train"] * 4 + ["test"]


def test_a_part_may_be_given_alone(tmp_path: Path) -> None:
    write_patient(tmp_path / "testing" / "patient101", "NOR")
    write_patient(tmp_path / "latest" / "patient102", "NOR")
    parts = [
        read_manifest(prepare_acdc(tmp_path / s, tmp_path / f"{s}-out").manifest)[0].split
        for s in ("testing", "latest")
    ]
    assert parts == ["test", ""]


def rewrite(folder: Path, old: str, new: str) -> None:
    info = folder / "Info.cfg"
    info.write_text(info.read_text().replace(old, new))


FAULTS = {
    "no image": (lambda f: (f / "patient002_frame01.nii.gz").unlink(), "patient002_frame01.nii.gz is missing."),
    "no truth": (lambda f: (f / "patient002_frame01_gt.nii.gz").unlink(), "patient002_frame01_gt.nii.gz is missing."),
    "no Info.cfg": (lambda f: (f / "Info.cfg").unlink(), "its Info.cfg is missing."),
    "no group": (
        lambda f: rewrite(f, "Group: HCM\n", ""),
        "its Info.cfg has the group '', which is none of DCM, HCM, MINF, NOR, RV.",
    ),
    "no frame": (
        lambda f: rewrite(f, "ED: 1\n", "ED: x\n"),
        "its Info.cfg has 'x' as the end-diastolic frame, which is no number.",
    ),
    "other grid": (
        lambda f: write_image(f / "patient002_frame01_gt.nii.gz", np.ones(SHAPE, np.uint8), shift=2.0),
        "patient002_frame01_gt does not lie on the grid of its image.",
    ),
    "other labels": (
        lambda f: write_image(f / "patient002_frame01_gt.nii.gz", np.full(SHAPE, 4, np.uint8)),
        "patient002_frame01_gt has labels other than 0, 1, 2, 3.",
    ),
    "no myocardium": (
        lambda f: write_image(f / "patient002_frame01_gt.nii.gz", np.ones(SHAPE, np.uint8)),
        "patient002_frame01_gt has no myocardium.",
    ),
    "twice": (lambda f: shutil.copytree(f, f.parents[1] / "copy" / f.name), "it is there 2 times."),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_who_cannot_be_used_is_named_and_the_others_are_written(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, reason = FAULTS[fault]
    for name in ("patient001", "patient002"):
        write_patient(tmp_path / "src" / "training" / name, "HCM")
    spoil(tmp_path / "src" / "training" / "patient002")
    assert run(tmp_path / "src", tmp_path / "out") == 1
    said = capsys.readouterr()
    assert said.out == f"Written: 1 patient and {tmp_path / 'out' / 'patients.csv'}\n"
    assert said.err == f"Skipped patient002: {reason}\n"
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert written == ["images/patient001.nrrd", "masks/patient001.nrrd", "patients.csv"]


def test_a_folder_without_a_patient_is_refused(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    with pytest.raises(InputError, match="no ACDC patient"):
        prepare_acdc(tmp_path / "src", tmp_path / "out")
    with pytest.raises(InputError, match="no such folder"):
        prepare_acdc(tmp_path / "none", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_if_nobody_can_be_used_nothing_is_written(tmp_path: Path) -> None:
    write_patient(tmp_path / "src" / "patient002", "no such group")
    with pytest.raises(InputError, match=r"none of its patients can be used \(1\); patient002: its Info\.cfg"):
        prepare_acdc(tmp_path / "src", tmp_path / "out")
    assert not (tmp_path / "out").exists()
