"""Headers that promise more than a study has are refused before the memory is taken."""

from __future__ import annotations

import bz2
import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.grid import SliceGrid
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.volume import Geometry


def small(path: Path) -> bytes:
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((4, 24, 20), np.int16)), str(path))
    return path.read_bytes()


@pytest.mark.parametrize("name", ["a.nrrd", "a.mha", "a.nii", "a.nii.gz"])
def test_ten_to_the_twelve_voxels(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    content = small(tmp_path / name.removesuffix(".gz"))
    if ".nii" in name:
        changed = bytearray(content)
        struct.pack_into("<8h", changed, 40, 3, 10000, 10000, 10000, 1, 1, 1, 1)
        content = gzip.compress(bytes(changed)) if name.endswith(".gz") else bytes(changed)
    else:
        content = content.replace(b"20 24 4", b"10000 10000 10000")
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"promises [12]e\+03 GB of voxels"):
        read_study(path)


def test_what_unpacks_to_more_than_the_header_says_is_unpacked_no_further(tmp_path: Path) -> None:
    head = small(tmp_path / "a.nrrd").partition(b"\n\n")[0].replace(b"encoding: raw", b"encoding: bzip2")
    (tmp_path / "a.nrrd").write_bytes(head + b"\n\n" + bz2.compress(bytes(50 << 20)))
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(small(tmp_path / "a.nii")) + gzip.compress(bytes(50 << 20)))
    for name in ("a.nrrd", "a.nii.gz"):
        assert read_study(tmp_path / name).geometry.size == (20, 24, 4)


def test_slices_as_wide_as_a_house(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="20000 mm wide"):
        SliceGrid.whole(Geometry((20, 24, 4), (1000.0, 1.0, 8.0), (0.0, 0.0, 0.0), np.eye(3)), slice_axis=2)


def test_headers_that_overrun_the_libraries_are_refused(tmp_path: Path) -> None:
    for name, old, new in (
        ("a.nrrd", b"kinds: domain", b"kinds: " + b"n" * 5000),
        ("a.mha", b"NDims = 3", b"NDims = 100000000"),
        ("a.mha", b"ElementDataFile = LOCAL", b"ElementDataFile = %s%n"),
    ):
        content = small(tmp_path / name)
        assert old in content
        (tmp_path / name).write_bytes(content.replace(old, new))
        with pytest.raises(InputError, match=r"damaged|not understood"):
            read_study(tmp_path / name)


@pytest.mark.parametrize(
    "line",
    [
        b"sizes: 20 24 4" + b"0" * 400,
        b"sizes: 0 20 " + b"4" * 400,
        b"sizes: 20 24 4\nsizes:= " + b"4" * 5000,
        b"sizes: 20 24 4\ndata file: " + b"d" * 300,
    ],
)
def test_numbers_and_names_without_end_are_refused(line: bytes, tmp_path: Path) -> None:
    content = small(tmp_path / "a.nrrd")
    assert b"sizes: 20 24 4" in content
    (tmp_path / "a.nhdr").write_bytes(content.replace(b"sizes: 20 24 4", line))
    with pytest.raises(InputError, match=r"a\.nhdr: .*(damaged|missing)") as caught:
        read_study(tmp_path / "a.nhdr")
    assert str(caught.value).endswith(".")
