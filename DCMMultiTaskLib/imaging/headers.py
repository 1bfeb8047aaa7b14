"""Faults of image files that SimpleITK reads over: it fills what is missing and mends spacings without a word."""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from DCMMultiTaskLib.errors import InputError

_TEXT_SPACING = re.compile(rb"^(?:spacings\s*:|ElementSpacing\s*=|ElementSize\s*=)(.*)$", re.MULTILINE | re.IGNORECASE)
_HEADER_BYTES = 64 * 1024


def check_header(path: Path, image_io: str) -> None:
    """Refuse a file whose header gives impossible spacings, or a NIfTI file that ends too early.

    Args:
        path: The file.
        image_io: Name of the SimpleITK reader that would read it.

    Raises:
        InputError: One sentence on what is wrong.
    """
    if image_io == "NiftiImageIO":
        _check_nifti(path)
    else:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        end = b"\n\n" if image_io == "NrrdImageIO" else b"ElementDataFile"
        for found in _TEXT_SPACING.finditer(header.partition(end)[0]):
            _check_spacing(path, [_number(text) for text in found.group(1).split()])


def _check_spacing(path: Path, spacing: list[float]) -> None:
    if any(value <= 0 for value in spacing):
        values = " x ".join(f"{value:g}" for value in spacing)
        raise InputError(f"{path.name}: its voxel spacing of {values} mm is not positive.")


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _check_nifti(path: Path) -> None:
    if path.suffix.lower() in (".hdr", ".img"):
        raise InputError(f"{path.name}: NIfTI in two files is not read; save it as one .nii.gz file.")
    compressed = path.suffix.lower() == ".gz"
    try:
        with _open(path, compressed) as file:
            spacing, expected = _nifti_header(file.read(540))
        complete = _holds(path, compressed, expected)
    except (EOFError, OSError, ValueError, struct.error, zlib.error) as error:
        raise InputError(f"{path.name}: the file is damaged.") from error
    _check_spacing(path, spacing)
    if not complete:
        raise InputError(f"{path.name}: the file is not complete, its end is missing.")


def _nifti_header(header: bytes) -> tuple[list[float], int]:
    """Spacing of the spatial axes in the file's unit, and the bytes that the whole file has, uncompressed."""
    for order in "<>":
        (kind,) = struct.unpack_from(order + "i", header, 0)
        if kind in (348, 540):
            dim_at, bits_at, pixdim_at, offset_at = (
                (("8h", 40), ("h", 72), ("8f", 76), ("f", 108))
                if kind == 348
                else (("8q", 16), ("h", 14), ("8d", 104), ("q", 168))
            )
            dim, (bits,), pixdim, (offset,) = (
                struct.unpack_from(order + form, header, at) for form, at in (dim_at, bits_at, pixdim_at, offset_at)
            )
            axes = dim[0]
            if not 1 <= axes <= 7 or min(dim[1 : axes + 1]) < 1:
                raise ValueError("impossible sizes")
            return list(pixdim[1 : min(axes, 3) + 1]), int(offset) + math.prod(dim[1 : axes + 1]) * bits // 8
    raise ValueError("no NIfTI header")


def _holds(path: Path, compressed: bool, expected: int) -> bool:
    """Whether the file has at least so many bytes, uncompressed."""
    size = path.stat().st_size
    if not compressed:
        return size >= expected
    with path.open("rb") as file:
        file.seek(-4, 2)
        if struct.unpack("<I", file.read())[0] == expected % 2**32:  # gzip's own footer; a cut file ends in data
            return True
    found = 0
    with _open(path, compressed) as stream:  # a file of several gzip members, or one with bytes behind the image
        while found < expected and (block := stream.read(1 << 20)):
            found += len(block)
    return found >= expected


def _open(path: Path, compressed: bool) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if compressed else path.open("rb")
