import gzip
import os
import random
import re
import struct

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_files import write_slice
from geometry import rotation

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.imaging.naming import plain_name
from DCMMultiTaskLib.imaging.reading import read_study

FORMATS = ["nrrd", "nii", "nii.gz", "mha", "mhd", "nhdr"]


def image_of(array: np.ndarray, vector: bool = False) -> sitk.Image:
    image = sitk.GetImageFromArray(array, isVector=vector)
    if image.GetDimension() == 3:
        image.SetSpacing((1.4, 1.3, 8.0))
        image.SetOrigin((-20, 30.5, 7))
        image.SetDirection(rotation(np.random.default_rng(5)).ravel().tolist())
    return image


def heart(shape: tuple[int, ...] = (6, 30, 28), dtype: type = np.int16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 1000, shape).astype(dtype)


def written(path, array, *, compress: bool = False, vector: bool = False):
    sitk.WriteImage(image_of(array, vector), str(path), compress)
    return path


def refusal(path) -> str:
    with pytest.raises(InputError) as caught:
        read_study(path)
    message = str(caught.value)
    assert "\n" not in message and message.endswith("."), message
    assert path.name in message or (path.suffix == ".dcm" and "[hidden].dcm: " in message)  # no header, no name
    return message


@pytest.mark.parametrize("extension", FORMATS)
def test_each_format_gives_its_voxels_and_geometry(tmp_path, extension):
    array = heart()
    (volume,) = read_study(written(tmp_path / f"study.1.{extension}", array, compress=True)).phases
    expected = image_of(array)
    np.testing.assert_array_equal(volume.array, array)
    assert volume.array.dtype == np.int16
    assert volume.geometry.spacing == pytest.approx(expected.GetSpacing(), rel=1e-5)
    assert volume.geometry.origin == pytest.approx(expected.GetOrigin(), rel=1e-5)
    np.testing.assert_allclose(volume.geometry.direction.ravel(), expected.GetDirection(), atol=1e-5)


@pytest.mark.parametrize("extension", ["nrrd", "nii.gz", "mha"])
def test_a_file_with_four_axes_is_a_cine(tmp_path, extension):
    array = heart((3, 6, 30, 28))
    image = sitk.JoinSeries([image_of(phase) for phase in array])
    sitk.WriteImage(image, str(tmp_path / f"cine.{extension}"))
    frames = read_study(tmp_path / f"cine.{extension}").phases
    assert len(frames) == 3
    for frame, phase in zip(frames, array, strict=True):
        np.testing.assert_array_equal(frame.array, phase)
        assert frame.geometry.spacing == pytest.approx((1.4, 1.3, 8.0), rel=1e-5)


def test_a_slicer_sequence_is_a_cine(tmp_path):
    array = heart((6, 30, 28, 3))
    path = written(tmp_path / "beat.seq.nrrd", array, vector=True)
    path.write_bytes(path.read_bytes().replace(b"kinds: vector", b"kinds: list", 1))
    study = read_study(path)
    np.testing.assert_array_equal(study.phases[2].array, array[..., 2])
    assert study.times_ms is None


@pytest.mark.parametrize(
    ("unit", "values", "times"),
    [
        ("ms", "0 40.5 80", (0, 40.5, 80)),
        ("s", "0 0.05 0.1", (0, 50, 100)),
        ("", "0 1 2", None),
        ("ms", "rest stress late", None),
        ("ms", "0 40", None),
    ],
)
def test_a_slicer_sequence_says_when_its_phases_were(tmp_path, unit, values, times):
    path = written(tmp_path / "beat.seq.nrrd", heart((6, 30, 28, 3)), vector=True)
    said = f'kinds: list domain domain domain\nunits: "{unit}" "" "" ""\naxis 0 index values:={values}\n'.encode()
    path.write_bytes(re.sub(rb"kinds: vector.*\n", said, path.read_bytes(), count=1))
    assert read_study(path).times_ms == (times if times is None else pytest.approx(times))


@pytest.mark.parametrize("extension", ["nrrd", "nii.gz", "mha"])
def test_a_2d_image_is_a_volume_of_one_slice(tmp_path, extension):
    (volume,) = read_study(written(tmp_path / f"flat.{extension}", heart((30, 28)))).phases
    assert volume.array.shape == (1, 30, 28)
    assert choose_slice_axis(volume.geometry) == 2


@pytest.mark.parametrize(("dtype", "read_as"), [(np.float64, np.float32), (np.int64, np.float32), (np.uint8, np.uint8)])
def test_types_of_eight_bytes_become_float32_and_others_stay(tmp_path, dtype, read_as):
    assert read_study(written(tmp_path / "a.nrrd", heart(dtype=dtype))).phases[0].array.dtype == read_as


def test_names_lose_their_image_extension_alone(tmp_path):
    names = {"a.b.nii.gz": "a.b", "x.seg.nrrd": "x", "IM1.DCM": "IM1", "noextension": "noextension", ".nrrd": ".nrrd"}
    assert {name: plain_name(tmp_path / name) for name in names} == names
    assert plain_name(tmp_path) == tmp_path.name


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "no such file" in refusal(tmp_path / "absent.nrrd")


@pytest.mark.parametrize("extension", [*FORMATS, "dcm", "png", ""])
@pytest.mark.parametrize("content", ["empty", "random", "text"])
def test_files_that_are_no_images_are_refused(tmp_path, extension, content):
    path = tmp_path / f"bad.{extension}"
    path.write_bytes(
        {"empty": b"", "random": random.Random(1).randbytes(4000), "text": b"not an image\n" * 50}[content]
    )
    assert ("empty" if content == "empty" else "damaged") in refusal(path)


@pytest.mark.parametrize("extension", ["nrrd", "nii", "nii.gz", "mha"])
@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("keep", [0.99, 0.7, 0.1, 0.01])
def test_truncated_files_are_refused(tmp_path, extension, compress, keep):
    path = written(tmp_path / f"cut.{extension}", heart(), compress=compress)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    assert re.search("damaged|not complete", refusal(path))


@pytest.mark.parametrize("extension", ["mhd", "nhdr"])
@pytest.mark.parametrize("keep", [0.5, 0, None])
def test_a_truncated_or_absent_data_file_is_refused(tmp_path, extension, keep):
    path = written(tmp_path / f"two.{extension}", heart())
    (data,) = set(tmp_path.iterdir()) - {path}
    if keep is None:
        data.unlink()
    else:
        data.write_bytes(data.read_bytes()[: int(data.stat().st_size * keep)])
    expected = f"its data file {data.name} is missing" if keep is None else "damaged|not complete"
    assert re.search(expected, refusal(path))


def test_a_truncated_dicom_file_is_refused(tmp_path):
    path = write_slice(tmp_path / "cut.dcm", heart((30, 28)))
    path.write_bytes(path.read_bytes()[:-50])
    assert "damaged" in refusal(path)


@pytest.mark.parametrize(("is_a", "called"), [("nrrd", "nii"), ("nii", "nrrd"), ("mha", "nii.gz"), ("nii.gz", "mha")])
def test_a_wrong_extension_is_refused(tmp_path, is_a, called):
    path = written(tmp_path / f"right.{is_a}", heart()).rename(tmp_path / f"wrong.{called}")
    assert "damaged" in refusal(path)


def test_a_photograph_is_refused(tmp_path):
    assert "not a NRRD" in refusal(written(tmp_path / "photo.png", heart((40, 40), np.uint8)))


@pytest.mark.parametrize("extension", ["nrrd", "nii.gz", "mha"])
def test_colours_are_refused(tmp_path, extension):
    path = written(tmp_path / f"rgb.{extension}", heart((6, 30, 28, 3), np.uint8), vector=True)
    assert "3 components (a colour image)" in refusal(path)


def test_vectors_and_complex_numbers_are_refused(tmp_path):
    assert "2 components;" in refusal(written(tmp_path / "v.nrrd", heart((6, 30, 28, 2), np.float32), vector=True))
    sitk.WriteImage(sitk.RealAndImaginaryToComplex(*[image_of(heart(dtype=np.float32))] * 2), str(tmp_path / "c.nrrd"))
    assert "complex" in refusal(tmp_path / "c.nrrd")


@pytest.mark.parametrize("value", ["0", "-1.4"])
def test_zero_and_negative_spacings_in_text_headers_are_refused(tmp_path, value):
    mha = written(tmp_path / "a.mha", heart())
    content = re.sub(rb"ElementSpacing = \S+", b"ElementSpacing = " + value.encode(), mha.read_bytes(), count=1)
    mha.write_bytes(content)
    assert "spacing" in refusal(mha)
    pixels = heart((20, 20, 20)).tobytes()
    header = "NRRD0004\ntype: short\ndimension: 3\nsizes: 20 20 20\nendian: little\nencoding: raw\n"
    header += f"spacings: {value} 1 8\n\n"
    (tmp_path / "a.nrrd").write_bytes(header.encode() + pixels)
    assert "spacing" in refusal(tmp_path / "a.nrrd")
    header = header.replace(
        f"spacings: {value} 1 8", "space: left-posterior-superior\nspace directions: (0,0,0) (0,1,0) (0,0,8)"
    )
    (tmp_path / "b.nrrd").write_bytes(header.encode() + pixels)
    assert "spacing" in refusal(tmp_path / "b.nrrd")


@pytest.mark.parametrize("value", [0.0, -1.4])
@pytest.mark.parametrize("extension", ["nii", "nii.gz"])
def test_zero_and_negative_spacings_in_nifti_are_refused(tmp_path, value, extension):
    path = written(tmp_path / f"a.{extension}", heart())
    with (gzip.open if extension == "nii.gz" else open)(path, "rb") as file:
        content = bytearray(file.read())
    struct.pack_into("<f", content, 80, value)
    with (gzip.open if extension == "nii.gz" else open)(path, "wb") as file:
        file.write(content)
    assert "is not positive" in refusal(path)


def test_zero_spacing_in_dicom_is_refused(tmp_path):
    path = write_slice(tmp_path / "a.dcm", heart((30, 28)), spacing=(1.25, 1.25))
    content = path.read_bytes()
    assert content.count(rb"1.25\1.25") == 1
    path.write_bytes(content.replace(rb"1.25\1.25", rb"0.00\0.00"))
    assert "spacing" in refusal(path)


def test_a_header_that_claims_a_huge_image_is_refused(tmp_path):
    path = tmp_path / "huge.nrrd"
    path.write_text("NRRD0004\ntype: short\ndimension: 3\nsizes: 90000 90000 9000\nencoding: gzip\nendian: little\n\n")
    assert re.search("memory|damaged", refusal(path))


@pytest.mark.parametrize("extension", ["nrrd", "nii", "nii.gz", "mha", "dcm"])
def test_damaged_bytes_never_end_in_anything_but_a_study_or_a_sentence(tmp_path, extension):
    path = tmp_path / f"whole.{extension}"
    if extension == "dcm":
        whole = write_slice(path, heart((20, 18))).read_bytes()
    else:
        whole = written(path, heart((3, 20, 18)), compress=True).read_bytes()
    reach = 1500 if extension == "dcm" else 400
    chance = random.Random(extension)
    path = tmp_path / f"hit.{extension}"
    for _ in range(20 if extension == "dcm" else 60):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            content[chance.randrange(min(len(content), reach))] = chance.randrange(256)
        path.write_bytes(content)
        try:
            frames = read_study(path).phases
        except InputError as error:
            assert "\n" not in str(error)
        else:
            assert all(frame.array.ndim == 3 for frame in frames)


@pytest.mark.parametrize("extension", ["nii", "mha", "nrrd", "dcm"])
def test_the_libraries_say_nothing_themselves(tmp_path, capfd, extension):
    if extension == "dcm":
        path = write_slice(tmp_path / "a.dcm", heart((30, 28)))
    else:
        path = written(tmp_path / f"a.{extension}", heart())
    capfd.readouterr()
    path.write_bytes(path.read_bytes()[:-300])
    refusal(path)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
    os.write(2, b"standard error works again")
    assert capfd.readouterr().err == "standard error works again"
