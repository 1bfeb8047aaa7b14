"""Sunnybrook patients and folders that cannot be used, and what is left alone."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from imaging.dicom_files import OBLIQUE, write_slice
from sunnybrook_files import FIRST, SHAPE, run, write_dicom, write_patient

from DCMMultiTaskLib.datasets.sunnybrook import prepare_sunnybrook
from DCMMultiTaskLib.errors import InputError


def spoil_dicom(source: Path, **options: object) -> None:
    shutil.rmtree(source / "dicom" / "SC-N-09")
    write_dicom(source / "dicom" / "SC-N-09", **options)


def contour(source: Path, name: str) -> Path:
    return source / "contours" / "SC-N-09" / "IRCCI-expert" / name


FAULTS = {
    "no DICOM": (lambda s: shutil.rmtree(s / "dicom" / "SC-N-09"), "it has contours, but no DICOM images."),
    "no contours": (lambda s: shutil.rmtree(s / "contours" / "SC-N-09"), "it has DICOM images, but no contours."),
    "no epicardium": (
        lambda s: [path.unlink() for path in contour(s, "").glob("*-ocontour-*")],
        "no frame has both an endocardial and an epicardial contour.",
    ),
    "no image": (
        lambda s: (s / "dicom" / "SC-N-09" / "IM-0004-0003.dcm").unlink(),
        "no DICOM image is frame 3, which has contours.",
    ),
    "uneven": (
        lambda s: spoil_dicom(s, steps=(0, 8, 24)),
        "the slices are 8.0 to 16.0 mm apart, so that they form no volume; an image is missing, or there is more "
        "than one stack.",
    ),
    "one place": (lambda s: spoil_dicom(s, steps=(0, 8, 8)), "two of the slices lie at one place."),
    "two stacks": (
        lambda s: write_dicom(s / "dicom" / "SC-N-09", name="IM-0005-{:04d}.dcm", seed=1),
        "2 DICOM series could be the contoured one.",
    ),
    "repeated number": (
        lambda s: write_slice(s / "dicom" / "SC-N-09" / "IM-0004-00003.dcm", np.zeros(SHAPE, np.int16)),
        "several DICOM images of one series have the number of a contoured frame.",
    ),
    "two readers": (
        lambda s: shutil.copytree(contour(s, ""), s / "contours" / "SC-N-09" / "other"),
        "it has contours in 2 folders.",
    ),
    "damaged contour": (
        lambda s: contour(s, "IM-0001-0001-icontour-manual.txt").write_text("1 2 x"),
        "IM-0001-0001-icontour-manual.txt: the contour file cannot be read or does not hold numbers.",
    ),
    "contour of another image": (
        lambda s: contour(s, "IM-0001-0001-ocontour-manual.txt").write_text("4 5\n40 5\n9 9"),
        "A contour reaches outside its image of 24 rows and 20 columns.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_who_cannot_be_used_is_named_and_the_others_are_written(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, reason = FAULTS[fault]
    for name in ("SC-N-09", "SC-HF-I-40"):
        write_patient(tmp_path / "src", name)
    spoil(tmp_path / "src")
    assert run(tmp_path / "src", tmp_path / "out") == 1
    assert capsys.readouterr().err == f"Skipped SC-N-09: {reason}\n"
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert written == ["images/SC-HF-I-40.nrrd", "masks/SC-HF-I-40.nrrd", "patients.csv"]


def test_a_slice_shifted_in_its_plane_forms_no_volume(tmp_path: Path) -> None:
    write_patient(tmp_path / "src", "SC-N-09")
    place = FIRST - 8 * OBLIQUE[:, 2] + 2 * OBLIQUE[:, 0]
    write_slice(tmp_path / "src" / "dicom" / "SC-N-09" / "IM-0004-0003.dcm", np.zeros(SHAPE, np.int16), position=place)
    with pytest.raises(InputError, match="do not lie above each other"):
        prepare_sunnybrook(tmp_path / "src", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_patient_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        prepare_sunnybrook(tmp_path / "none", tmp_path / "out")
    (tmp_path / "src" / "SC-N-09").mkdir(parents=True)
    (tmp_path / "src" / "SC-N-09" / "notes.txt").write_text("nothing")
    with pytest.raises(InputError, match="no Sunnybrook patient"):
        prepare_sunnybrook(tmp_path / "src", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_in_the_data_set_is_overwritten(tmp_path: Path) -> None:
    write_patient(tmp_path / "src", "SC-N-09")
    (tmp_path / "src" / "patients.csv").write_text("mine")
    with pytest.raises(InputError, match=r"patients\.csv is there already, inside the data set"):
        prepare_sunnybrook(tmp_path / "src", tmp_path / "src")
    assert (tmp_path / "src" / "patients.csv").read_text() == "mine"
    assert not (tmp_path / "src" / "images").exists()
    assert prepare_sunnybrook(tmp_path / "src", tmp_path / "src" / "prepared").patients == ["SC-N-09"]


def test_an_output_folder_that_cannot_be_made_ends_it(tmp_path: Path) -> None:
    write_patient(tmp_path / "src", "SC-N-09")
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="cannot be written"):
        prepare_sunnybrook(tmp_path / "src", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"
