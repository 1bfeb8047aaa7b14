"""Voxels that lie beside their header, in one file or many: found by any name, in any folder, or named as missing."""

import bz2
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from odd_files import HEART, image, nrrd, read_like_the_image

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.headers import files_of
from DCMMultiTaskLib.imaging.reading import read_study


def apart(folder: Path, files: int) -> Callable[[bytes], bytes]:
    """Leaves a header alone and its voxels in numbered files."""

    def write(data: bytes) -> bytes:
        each = len(data) // files
        for number in range(files):
            (folder / f"part {number}.raw").write_bytes(data[number * each : (number + 1) * each])
        return b""

    return write


def test_bzip2_in_a_file_of_its_own_is_read(tmp_path: Path) -> None:
    (tmp_path / "data.raw.bz2").write_bytes(bz2.compress(HEART.tobytes()))
    more = "data file: data.raw.bz2\n"
    read_like_the_image(
        nrrd(tmp_path / "a.nhdr", ["domain"] * 3, None, more=more, encode=lambda _: b"", encoding="bzip2")
    )


def test_bzip2_in_several_files_is_read_up_to_what_the_header_promises(tmp_path: Path) -> None:
    for number, array in enumerate(HEART):
        (tmp_path / f"{number}.bz2").write_bytes(bz2.compress(array.tobytes()))
    more = "data file: LIST\n" + "".join(f"{number}.bz2\n" for number in [*range(len(HEART)), 0, 0])
    read_like_the_image(
        nrrd(tmp_path / "a.nhdr", ["domain"] * 3, None, more=more, encode=lambda _: b"", encoding="bzip2")
    )


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


@pytest.mark.parametrize(
    "value", ["a b%d.raw", "a%d.raw 1 x 1", "a%d.raw 1 5 0", "a%d.raw 5 1 1", "a%d.raw 1 999999 1", "a%s"]
)
def test_numbers_that_name_no_files_are_refused(tmp_path: Path, value: str) -> None:
    path = nrrd(tmp_path / "a.nhdr", ["domain"] * 3, None, more=f"data file: {value}\n", encode=lambda _: b"")
    with pytest.raises(InputError, match="names of its data files are not understood"):
        read_study(path)
    assert files_of(path) == [path]
