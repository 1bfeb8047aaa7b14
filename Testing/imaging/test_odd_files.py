"""NIfTI, NRRD and MetaImage as other programs leave them: read, or refused by the right reason."""

import bz2
import gzip
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from odd_files import HEART, SPACING, image, nrrd, read_like_the_image

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.quiet import quiet_libraries
from DCMMultiTaskLib.imaging.reading import read_study, refuse_label_map
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import write_volume

CODES, PIXDIM, QUATERNION, SFORM = 252, 80, 256, 280


def nifti() -> bytearray:
    """A whole NIfTI-1 file, uncompressed, with qform and sform alike."""
    folder = Path(os.environ.get("PYTEST_TMP", "."))
    path = folder / f"made-{os.getpid()}.nii"
    sitk.WriteImage(image(), str(path))
    try:
        return bytearray(path.read_bytes())
    finally:
        path.unlink()


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_TMP", str(tmp_path))


def test_pixdim_that_contradicts_the_only_affine_is_not_taken_and_said(tmp_path: Path) -> None:
    content = nifti()
    struct.pack_into("<hh", content, CODES, 0, 1)
    struct.pack_into("<3f", content, PIXDIM, 1, 1, 1)
    (tmp_path / "a.nii").write_bytes(content)
    (note,) = read_like_the_image(tmp_path / "a.nii")
    assert "pixdim (1 x 1 x 1 mm) contradicts its sform (1.58 x 1.58 x 10 mm)" in note


@pytest.mark.parametrize(("at", "change", "why"), [(PIXDIM, 1.0, "spacings"), (268, 40.0, "first voxels")])
def test_affines_that_are_both_valid_and_differ_are_refused(tmp_path: Path, at: int, change: float, why: str) -> None:
    content = nifti()
    struct.pack_into("<f", content, at, change)
    (tmp_path / "a.nii").write_bytes(content)
    with pytest.raises(InputError, match=rf"a\.nii: its qform and its sform .* contradict each other \({why}"):
        read_study(tmp_path / "a.nii")


def test_a_turned_sform_beside_a_qform_is_refused(tmp_path: Path) -> None:
    content = nifti()
    rows = np.reshape(struct.unpack_from("<12f", content, SFORM), (3, 4)).copy()
    rows[:, :3] = rows[:, :3] @ np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1]])
    struct.pack_into("<12f", content, SFORM, *rows.ravel())
    (tmp_path / "a.nii").write_bytes(content)
    with pytest.raises(InputError, match=r"axes that are 36\.9 degrees apart"):
        read_study(tmp_path / "a.nii")


def test_a_sheared_sform_is_called_by_its_name(tmp_path: Path) -> None:
    content = nifti()
    struct.pack_into("<hh", content, CODES, 0, 1)
    rows = np.reshape(struct.unpack_from("<12f", content, SFORM), (3, 4)).copy()
    rows[:, 2] += 3 * rows[:, 0]
    struct.pack_into("<12f", content, SFORM, *rows.ravel())
    (tmp_path / "a.nii").write_bytes(content)
    with pytest.raises(InputError, match="not at right angles"):
        read_study(tmp_path / "a.nii")


@pytest.mark.parametrize("sform", [0, 1])
def test_a_quaternion_that_is_no_number_is_left_for_the_sform_or_refused(tmp_path: Path, sform: int) -> None:
    content = nifti()
    struct.pack_into("<hh", content, CODES, 1, sform)
    struct.pack_into("<f", content, QUATERNION, float("nan"))
    (tmp_path / "a.nii").write_bytes(content)
    if sform:
        assert any("qform of the file is not a number" in note for note in read_like_the_image(tmp_path / "a.nii"))
    else:
        with pytest.raises(InputError, match=r"orientation \(qform\) is not a number"):
            read_study(tmp_path / "a.nii")


def test_a_file_that_does_not_say_how_the_patient_lies_is_read_and_said(tmp_path: Path) -> None:
    content = nifti()
    struct.pack_into("<hh", content, CODES, 0, 0)
    (tmp_path / "a.nii").write_bytes(content)
    study = read_study(tmp_path / "a.nii")
    assert study.geometry.spacing == pytest.approx(SPACING, rel=1e-5)
    assert any("does not say how the patient lies" in note for note in study.notes)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "Mixed.Nii.Gz", "A.NII"])
@pytest.mark.parametrize("compressed", [False, True])
def test_nifti_is_read_compressed_or_not_whatever_it_is_called(tmp_path: Path, name: str, compressed: bool) -> None:
    (tmp_path / name).write_bytes(gzip.compress(nifti()) if compressed else nifti())
    assert read_like_the_image(tmp_path / name) == ()
    assert read_study(tmp_path / name).name == name.split(".")[0]


def test_nifti_2_is_read(tmp_path: Path) -> None:
    old = nifti()
    rows = struct.unpack_from("<12f", old, SFORM)
    new = bytearray(544)
    struct.pack_into("<i8s", new, 0, 540, b"n+2\0\r\n\x1a\n")
    struct.pack_into("<hh8q", new, 12, 4, 16, 3, 28, 30, 5, 1, 1, 1, 1)
    struct.pack_into("<8d", new, 104, 1, *SPACING, 0, 0, 0, 0)
    struct.pack_into("<q2d", new, 168, 544, 0, 0)
    struct.pack_into("<2i", new, 344, 0, 1)
    struct.pack_into("<12d", new, 400, *rows)
    struct.pack_into("<i", new, 500, 2)
    (tmp_path / "a.nii").write_bytes(new + HEART.tobytes())
    assert read_like_the_image(tmp_path / "a.nii") == ()


@pytest.mark.parametrize("kind", ["time", "list", "domain", "vector", "none", "???"])
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_an_nrrd_axis_without_extent_is_time_whatever_it_is_called(tmp_path: Path, kind: str, place: int) -> None:
    kinds = ["domain"] * 3
    kinds.insert(place, kind)
    more = "axis 0 index type:=numeric\n" if (kind, place) == ("vector", 0) else ""
    study = read_study(nrrd(tmp_path / "a.nrrd", kinds, place, more=more))
    assert np.array_equal([phase.array for phase in study.phases], [HEART, HEART + 1, HEART + 2])
    assert study.geometry.spacing == pytest.approx(SPACING, rel=1e-5)


def test_a_vector_field_and_a_colour_image_are_no_cine(tmp_path: Path) -> None:
    for kind in ("vector", "RGB-color"):
        with pytest.raises(InputError, match="3 components"):
            read_study(nrrd(tmp_path / "a.nrrd", [kind, *["domain"] * 3], 0))


def test_bzip2_is_read_and_refused_where_it_is_damaged(tmp_path: Path) -> None:
    path = nrrd(tmp_path / "a.nrrd", ["domain"] * 3, None, encode=bz2.compress, encoding="bzip2")
    read_like_the_image(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="damaged or not complete"):
        read_study(path)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' file names are Unicode")
@pytest.mark.parametrize("extension", ["nrrd", "nhdr", "nii.gz", "mha", "mhd"])
def test_a_name_that_is_not_utf8_is_read_and_written(tmp_path: Path, extension: str) -> None:
    folder = tmp_path / os.fsdecode(b"M\xfcller")
    folder.mkdir()
    sitk.WriteImage(image(), str(tmp_path / f"a.{extension}"))
    for part in [path for path in tmp_path.iterdir() if path.is_file()]:
        part.rename(folder / part.name)
    read_like_the_image(folder / f"a.{extension}")
    path = folder / os.fsdecode(b"h\xe9art.nrrd")
    write_volume(path, Volume(HEART, read_study(folder / f"a.{extension}").geometry))
    read_like_the_image(path)


def test_a_label_map_is_no_study() -> None:
    labels = np.zeros((3, 20, 20), np.float32)
    labels[1, 4:9, 4:9], labels[1, 9, 4:9] = 1, 3
    from DCMMultiTaskLib.imaging.study import Study

    with pytest.raises(InputError, match=r"heart: this is a label map \(its values are 0, 1, 3\)"):
        refuse_label_map(Study("heart", [Volume.of(labels)]))
    refuse_label_map(Study("heart", [Volume.of(HEART)]))


def test_what_itk_warns_of_is_heard(capfd: pytest.CaptureFixture[str]) -> None:
    text = "WARNING: In /itk/itkNrrdImageIO.cxx, line 12\nNrrdImageIO (0x55d0): the file\nis odd\n\n"
    with quiet_libraries() as warned:
        os.write(2, text.encode())
        os.write(2, b"some library chatters\n")
    assert warned == ["the file is odd"]
    assert capfd.readouterr().err == ""
