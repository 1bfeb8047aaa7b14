"""The Sunnybrook data set, from small trees in the layouts it goes by, and from its real sample."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from imaging.dicom_files import OBLIQUE
from sunnybrook_files import FIRST, SHAPE, run, write_contours, write_dicom, write_patient

from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.datasets.sunnybrook import patient_id, prepare_sunnybrook
from DCMMultiTaskLib.imaging.reading import read_study

SUNNYBROOK = Path(os.environ.get("DCM_DATA", Path(__file__).parents[2] / ".." / "shared" / "data" / "sunnybrook"))


def test_the_end_diastolic_stack_its_masks_and_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pixels = write_patient(tmp_path / "src", "SC-HF-NI-03")
    assert run(tmp_path / "src", tmp_path / "out") == 0
    assert capsys.readouterr().out == f"Written: 1 patient and {tmp_path / 'out' / 'patients.csv'}\n"
    assert (tmp_path / "out" / "patients.csv").read_text().splitlines() == [
        "patient,group,dcm,split,slices,image,mask,frames",
        "SC-HF-NI-03,HF-NI,1,,3,images/SC-HF-NI-03.nrrd,masks/SC-HF-NI-03.nrrd,5 3 1",
    ]
    (patient,) = read_manifest(tmp_path / "out" / "patients.csv")
    image, mask = read_study(patient.image).volume, read_study(patient.mask).volume
    assert image.array.dtype == np.int16
    assert np.array_equal(image.array, pixels[[4, 2, 0]])
    assert mask.array.dtype == np.uint8
    expected = np.zeros(SHAPE, np.uint8)
    expected[5:18, 4:15] = 1
    expected[8:15, 7:12] = 2
    assert np.array_equal(mask.array, [expected] * 3)
    for volume in (image, mask):
        assert volume.geometry.spacing == pytest.approx((1.25, 1.25, 8.0), abs=1e-4)
        assert np.allclose(volume.geometry.direction, OBLIQUE, atol=1e-5)
        assert np.allclose(volume.geometry.origin, FIRST - 16 * OBLIQUE[:, 2], atol=1e-4)


LAYOUTS = {
    "2009": ("challenge_training/SC-HF-I-4", "TrainingDataContours/SC-HF-I-04/contours-manual/IRCCI-expert", "train"),
    "2009, online": ("challenge_online/SC-HF-I-4", "ContoursPart1/OnlineDataContours/SC-HF-I-04/x", "online"),
    "2009, validation": ("challenge_validation/sc-hf-i-4", "somewhere/SC-HF-I-04/IRCCI-expert", "validation"),
    "later IDs": ("SCD_IMAGES_01/SCD0000301/CINESAX_5", "SCD_ManualContours/SC-HF-I-04/contours-manual", ""),
    "no part named": ("dicom/SC-HF-I-04", "contours/SC-HF-I-04", ""),
    "one patient": ("SC-HF-I-04/dicom", "SC-HF-I-04/contours", ""),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_dicom_and_contours_find_each_other(layout: str, tmp_path: Path) -> None:
    dicom, contours, part = LAYOUTS[layout]
    pixels = write_dicom(tmp_path / "src" / dicom)
    write_contours(tmp_path / "src" / contours)
    if layout == "later IDs":
        (tmp_path / "src" / "scd_patientdata.csv").write_text(
            "PatientID,OriginalID,Gender\nSCD0000201,SC-HF-I-2,Male\nSCD0000301,SC-HF-I-4,Male\n"
        )
    done = prepare_sunnybrook(tmp_path / "src", tmp_path / "out")
    assert (done.patients, done.skipped) == (["SC-HF-I-04"], {})
    (patient,) = read_manifest(done.manifest)
    assert (patient.group, patient.dcm, patient.split) == ("HF-I", 0, part)
    assert np.array_equal(read_study(patient.image).volume.array, pixels[[4, 2, 0]])


def test_other_file_names_are_numbered_by_their_header(tmp_path: Path) -> None:
    pixels = write_dicom(tmp_path / "src" / "SC-N-2", name="MR{:02d}")
    for number, path in enumerate(sorted((tmp_path / "src" / "SC-N-2").iterdir(), reverse=True)):
        path.rename(path.with_name(f"{number}.dcm"))
    write_contours(tmp_path / "src" / "SC-N-02" / "contours")
    (patient,) = read_manifest(prepare_sunnybrook(tmp_path / "src", tmp_path / "out").manifest)
    assert np.array_equal(read_study(patient.image).volume.array, pixels[[4, 2, 0]])


def test_the_number_in_the_file_name_goes_before_the_header(tmp_path: Path) -> None:
    write_patient(tmp_path / "src", "SC-N-02")
    folder = tmp_path / "src" / "dicom" / "SC-N-02"
    for number in range(6, 0, -1):  # frame 1 of the contours is then instance 6, and so on
        (folder / f"IM-0004-{number:04d}.dcm").rename(folder / f"IM-0007-{7 - number:04d}.dcm")
    (patient,) = read_manifest(prepare_sunnybrook(tmp_path / "src", tmp_path / "out").manifest)
    assert np.array_equal(read_study(patient.image).volume.array, write_dicom(tmp_path / "again")[[5, 3, 1]])


def test_of_several_series_the_one_that_forms_a_stack_is_taken(tmp_path: Path) -> None:
    pixels = write_patient(tmp_path / "src", "SC-HYP-01")
    folder = tmp_path / "src" / "dicom" / "SC-HYP-01"
    write_dicom(folder, name="IM-0002-{:04d}.dcm", steps=(0, 0, 0), seed=1)  # one long axis, many phases
    shutil.copytree(folder, tmp_path / "src" / "copy" / "SC-HYP-01")
    (patient,) = read_manifest(prepare_sunnybrook(tmp_path / "src", tmp_path / "out").manifest)
    assert np.array_equal(read_study(patient.image).volume.array, pixels[[4, 2, 0]])


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("SC-HF-I-4", "SC-HF-I-04"),
        ("SC-HF-I-04", "SC-HF-I-04"),
        ("sc-hf-ni-012", "SC-HF-NI-12"),
        ("SC-HYP-40", "SC-HYP-40"),
        ("SC-N-02", "SC-N-02"),
        ("SC-X-02", None),
        ("SC-N-02-old", None),
        ("IRCCI-expert", None),
    ],
)
def test_patient_ids_have_two_digits(folder: str, name: str | None) -> None:
    assert patient_id(folder) == name


@pytest.mark.real_data
@pytest.mark.skipif(not (SUNNYBROOK / "dicom" / "SC-HF-I-04").is_dir(), reason="needs the Sunnybrook data (DCM_DATA)")
def test_a_real_patient_agrees_with_the_masks_in_circulation(tmp_path: Path) -> None:
    done = prepare_sunnybrook(SUNNYBROOK, tmp_path)
    patient = next(p for p in read_manifest(done.manifest) if p.patient == "SC-HF-I-04")
    assert (patient.patient, patient.group, patient.dcm, patient.split) == ("SC-HF-I-04", "HF-I", 0, "")
    image, mask = read_study(patient.image).volume, read_study(patient.mask).volume
    assert image.array.dtype == np.int16
    assert image.geometry.spacing == pytest.approx((1.2891, 1.2891, 8.0), abs=1e-3)
    # The apex comes first here, the base there; they are 8 bit copies of the same frames.
    eight_bit = read_study(SUNNYBROOK / "images" / "SC-HF-I-04.nrrd").volume
    for ours, theirs in zip(image.array, eight_bit.array[::-1], strict=True):
        assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.9999  # the neighbouring phases: 0.998

    reference = read_study(SUNNYBROOK / "masks" / "SC-HF-I-04.nrrd").volume
    labels = reference.array[::-1]
    both = np.count_nonzero((mask.array == 1) & (labels == 1))
    assert 2 * both / (np.count_nonzero(mask.array == 1) + np.count_nonzero(labels == 1)) > 0.94
    # Theirs were drawn after cutting the coordinates, multiples of 0.5, off to whole pixels.
    offsets = [
        np.argwhere(ours).mean(axis=0) - np.argwhere(theirs).mean(axis=0)
        for ours, theirs in zip(mask.array > 0, labels > 0, strict=True)
    ]
    assert np.mean(offsets, axis=0) == pytest.approx([0.25, 0.25], abs=0.05)
