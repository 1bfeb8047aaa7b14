"""NIfTI, NRRD and MetaImage as other programs leave them: read, or refused by the right reason."""

import bz2
import gzip
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from geometry import rotation

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.headers import files_of
from DCMMultiTaskLib.imaging.quiet import quiet_libraries
from DCMMultiTaskLib.imaging.reading import read_study, refuse_label_map
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import write_volume

HEART = np.random.default_rng(0).integers(0, 1000, (5, 30, 28)).astype(np.int16)
SPACING = (1.58, 1.58, 10.0)
CODES, PIXDIM, QUATERNION, SFORM = 252, 80, 256, 280


def image() -> sitk.Image:
    made = sitk.GetImageFromArray(HEART)
    made.SetSpacing(SPACING)
    made.SetOrigin((-20, 30.5, 7))
    made.SetDirection(rotation(np.random.default_rng(5)).ravel().tolist())
    return made


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


def read_like_the_image(path: Path) -> tuple[str, ...]:
    """Its notes, after its voxels and its place were compared."""
    study = read_study(path)
    assert np.array_equal(study.volume.array, HEART)
    assert study.geometry.spacing == pytest.approx(SPACING, rel=1e-5)
    assert study.geometry.origin == pytest.approx((-20, 30.5, 7), rel=1e-5)
    assert study.geometry.direction.ravel() == pytest.approx(image().GetDirection(), abs=1e-5)
    return study.notes


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


def nrrd(
    path: Path, kinds: list[str], place: int | None, *, more: str = "", encode=bytes, encoding: str = "raw"
) -> Path:
    """The heart, or three of them along the axis at `place`."""
    matrix = rotation(np.random.default_rng(5)) * SPACING
    vectors = ["(" + ",".join(f"{v:.9g}" for v in matrix[:, axis]) + ")" for axis in range(3)]
    sizes, array = [28, 30, 5], HEART
    if place is not None:
        vectors.insert(place, "none")
        sizes.insert(place, 3)
        array = np.moveaxis(np.stack([HEART, HEART + 1, HEART + 2]), 0, 3 - place)
    header = (
        f"NRRD0004\ntype: int16\ndimension: {len(sizes)}\nspace: left-posterior-superior\n"
        f"sizes: {' '.join(map(str, sizes))}\nspace directions: {' '.join(vectors)}\nkinds: {' '.join(kinds)}\n"
        f"endian: little\nencoding: {encoding}\nspace origin: (-20,30.5,7)\n{more}\n"
    )
    path.write_bytes(header.encode() + encode(array.astype("<i2").tobytes()))
    return path


def apart(folder: Path, files: int) -> Callable[[bytes], bytes]:
    """Leaves a header alone and its voxels in numbered files."""

    def write(data: bytes) -> bytes:
        each = len(data) // files
        for number in range(files):
            (folder / f"part {number}.raw").write_bytes(data[number * each : (number + 1) * each])
        return b""

    return write


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


def test_bzip2_in_a_file_of_its_own_is_read(tmp_path: Path) -> None:
    (tmp_path / "data.raw.bz2").write_bytes(bz2.compress(HEART.tobytes()))
    more = "data file: data.raw.bz2\n"
    read_like_the_image(
        nrrd(tmp_path / "a.nhdr", ["domain"] * 3, None, more=more, encode=lambda _: b"", encoding="bzip2")
    )


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


@pytest.mark.parametrize("extension", ["nhdr", "mhd"])
@pytest.mark.parametrize("name", ["Müller", "Łukasz", "心"])
def test_a_data_file_is_found_by_a_name_of_any_letters(tmp_path: Path, extension: str, name: str) -> None:
    sitk.WriteImage(image(), str(tmp_path / f"{name}.{extension}"))
    read_like_the_image(tmp_path / f"{name}.{extension}")


@pytest.mark.parametrize("extension", ["nhdr", "mhd"])
@pytest.mark.parametrize("folder", ["Müller", "Łukasz", "心"])
def test_a_data_file_is_found_in_a_folder_of_any_letters(tmp_path: Path, extension: str, folder: str) -> None:
    sitk.WriteImage(image(), str(tmp_path / f"a.{extension}"))
    parts = list(tmp_path.iterdir())
    (tmp_path / folder).mkdir()
    for part in parts:
        part.rename(tmp_path / folder / part.name)
    read_like_the_image(tmp_path / folder / f"a.{extension}")


def test_a_mended_header_finds_its_data_file_by_a_relative_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kinds, more = [*["domain"] * 3, "time"], "data file: part 0.raw\n"
    study = read_study(nrrd(Path("a.nhdr"), kinds, 3, more=more, encode=apart(Path(), 1)))
    assert np.array_equal([phase.array for phase in study.phases], [HEART, HEART + 1, HEART + 2])


@pytest.mark.parametrize("folder", ["plain", "Müller"])
@pytest.mark.parametrize("kind", ["list", "time"])
@pytest.mark.parametrize("naming", ["list", "numbers", "numbers of volumes"])
def test_the_phases_of_an_nrrd_may_be_files_of_their_own(tmp_path: Path, naming: str, kind: str, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir()
    files = 15 if naming == "numbers" else 3
    more = {
        "list": "data file: LIST\n" + "".join(f"part {number}.raw\n" for number in range(files)),
        "numbers": "data file: ./part-%d.raw 0 14 1 2\n",
        "numbers of volumes": "data file: ./part-%d.raw 0 2 1\n",
    }[naming]
    path = nrrd(place / "a.nhdr", [*["domain"] * 3, kind], 3, more=more, encode=apart(place, files))
    path.write_bytes(path.read_bytes().rstrip() + b"\n")
    if naming != "list":
        for part in list(place.glob("part *")):
            part.rename(place / part.name.replace(" ", "-"))
    assert np.array_equal([phase.array for phase in read_study(path).phases], [HEART, HEART + 1, HEART + 2])
    assert len(files_of(path)) == 1 + files
    next(place.glob("part[ -]2.raw")).unlink()
    with pytest.raises(InputError, match=r"data file (\./)?part[ -]2\.raw is missing"):
        read_study(path)


@pytest.mark.parametrize("folder", ["plain", "Müller"])
@pytest.mark.parametrize("naming", ["LIST\n{}", "part-%d.raw 0 4 1", "part-%d.raw"])
def test_the_slices_of_a_metaimage_may_be_files_of_their_own(tmp_path: Path, naming: str, folder: str) -> None:
    place = tmp_path / folder
    place.mkdir()
    sitk.WriteImage(image(), str(place / "a.mhd"))
    (place / "a.raw").unlink()
    names = [f"part-{number}.raw" for number in range(1 if naming.endswith("raw") else 0, 6)][:5]
    for name, array in zip(names, HEART, strict=True):
        (place / name).write_bytes(array.tobytes())
    header = (place / "a.mhd").read_text().replace("a.raw", naming.format("\n".join(names)))
    (place / "a.mhd").write_text(header)
    read_like_the_image(place / "a.mhd")
    assert files_of(place / "a.mhd")[1:] == [place / name for name in names]


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
