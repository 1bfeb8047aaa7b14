"""The pixels of DICOM images, on the grid of their stack."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from DCMMultiTaskLib.errors import InputError, about
from DCMMultiTaskLib.imaging.dicom_files import attentive
from DCMMultiTaskLib.imaging.dicom_headers import DicomImage, read_images
from DCMMultiTaskLib.imaging.dicom_stacks import aligned, corner, slice_spacing
from DCMMultiTaskLib.imaging.quiet import plain_path, quiet_libraries
from DCMMultiTaskLib.imaging.volume import Volume, check_bytes, kept_type

_SIZES = ("Rows", "Columns", "NumberOfFrames", "BitsAllocated", "SamplesPerPixel")


def read_slices(slices: Sequence[DicomImage], reference: DicomImage) -> np.ndarray:
    """The pixels of sorted slices as `(slices, rows, columns)`, those that need it resampled onto the reference's grid.

    Raises:
        InputError: A file is damaged, or no installed decoder reads its compression.
    """
    planes = [_resampled(pixels, image, reference) for image in slices for pixels in [_rescaled(image)]]
    return np.stack(planes)


def as_volume(array: np.ndarray, slices: Sequence[DicomImage], reference: DicomImage, spacing: float) -> Volume:
    """Pixels of sorted slices with their place: that of the first slice, on the reference's grid."""
    grid = slices[0] if aligned(slices[0], reference) else reference
    x, y, z = corner(slices[0], reference).tolist()
    return Volume.of(array, (*grid.spacing[:2], spacing), (x, y, z), grid.direction)


def read_numbered(files: Sequence[Path]) -> tuple[Volume, list[int]]:
    """The volume of slices that someone has chosen, sorted along their normal.

    Args:
        files: One for each slice.

    Returns:
        The volume, and for each of its slices the number of the given file.

    Raises:
        InputError: A file is damaged, or the slices form no volume.
    """
    with attentive():
        images = [image for path in files for image in read_images(path)]
    reference = images[0]
    if len(images) > len(files) or not all(aligned(image, reference) for image in images):
        raise InputError("the slices differ in size, pixel spacing or orientation.")
    order = sorted(range(len(images)), key=lambda number: float(corner(images[number], reference) @ reference.normal))
    slices = [images[number] for number in order]
    spacing = slice_spacing(slices, reference)
    return as_volume(read_slices(slices, reference), slices, reference, spacing), order


def _rescaled(image: DicomImage) -> np.ndarray:
    """One image in the units of its rescale slope and intercept; whole numbers stay whole."""
    stored, done = _read_file(image.path)
    plane = stored[image.frame - 1]
    slope, intercept = image.rescale
    if done or (slope, intercept) == (1, 0):
        return plane
    if slope == int(slope) and intercept == int(intercept):
        return plane.astype(np.int32) * np.int32(slope) + np.int32(intercept)
    return (plane * slope + intercept).astype(np.float32)


@lru_cache(maxsize=1)  # the frames of one file come in a row
def _read_file(path: Path) -> tuple[np.ndarray, bool]:
    """All frames of a file as stored, `(frames, rows, columns)`, and whether they are rescaled already."""
    syntax: UID | None = None
    with attentive():
        try:
            dataset = pydicom.dcmread(path, force=True)
            syntax = _transfer_syntax(dataset)
            with about(path.name):
                check_bytes(math.prod(int(dataset.get(name) or 1) for name in _SIZES) // 8)
            stored = dataset.pixel_array
        except InputError:
            raise
        except Exception as error:  # pydicom meets damaged bytes and missing decoders with whatever they bring about
            compressed = syntax is not None and syntax.is_transfer_syntax and syntax.is_compressed
            if syntax is None or not compressed or syntax.is_deflated:
                raise InputError(f"{path.name}: the DICOM file is damaged or not complete.") from error
            return _read_by_gdcm(path, syntax.name), True
    frames = stored.reshape(-1, *stored.shape[-2:])
    unused = int(dataset.BitsAllocated) - int(dataset.BitsStored)
    if unused > 0 and int(dataset.HighBit) == int(dataset.BitsStored) - 1:
        frames = (frames << unused) >> unused  # old files keep overlays in the bits that the pixels do not use
    return frames, False


def _transfer_syntax(dataset: pydicom.Dataset) -> UID:
    """How the pixels are stored; a file without preamble does not say, but shows it."""
    dataset.ensure_file_meta()
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = getattr(dataset, "original_encoding", (True, True))
        plain = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = plain
    return dataset.file_meta.TransferSyntaxUID


def _read_by_gdcm(path: Path, compression: str) -> np.ndarray:
    try:
        with plain_path(path, ".dcm") as plain, quiet_libraries():
            image = sitk.ReadImage(str(plain), imageIO="GDCMImageIO")
    except (RuntimeError, MemoryError) as error:
        raise InputError(
            f"{path.name}: its pixels are compressed ({compression}), and no installed decoder reads them; save the "
            "series uncompressed."
        ) from error
    array = sitk.GetArrayFromImage(image)
    return array.astype(kept_type(array.dtype), copy=False).reshape(-1, *array.shape[-2:])


def _resampled(plane: np.ndarray, image: DicomImage, reference: DicomImage) -> np.ndarray:
    """The slice on the stack's grid, by linear interpolation in its own plane; outside of it its smallest value."""
    if aligned(image, reference):
        return plane
    from scipy.ndimage import map_coordinates

    columns, rows = reference.size
    along_row, along_column = (reference.direction[:, axis] * reference.spacing[axis] for axis in (0, 1))
    start = corner(image, reference)
    points = start + np.arange(rows)[:, None, None] * along_column + np.arange(columns)[None, :, None] * along_row
    offsets = points - (image.position if image.position is not None else np.zeros(3))
    places = [offsets @ image.direction[:, axis] / image.spacing[axis] for axis in (1, 0)]
    found = map_coordinates(plane.astype(np.float32), places, order=1, cval=float(plane.min()))
    return np.rint(found).astype(plane.dtype) if plane.dtype.kind in "iu" else found


def other_kind(phases: Sequence[np.ndarray]) -> list[int] | None:
    """Which half of the phases are no magnitude images, by their values; None where all are of one kind.

    Phases of one heart beat have nearly the same distribution of values. Phase images, and the real images of inversion
    recovery, have other ranges: they reach below zero, or their air has the values of all angles.
    """
    half, rest = divmod(len(phases), 2)
    if rest:
        return None
    low, middle, high = np.array([np.percentile(phase[:, ::4, ::4], (1, 50, 99)) for phase in phases]).T
    span = np.maximum(high - low, 1e-9)
    middling = (middle - low) / span
    below_zero = low < -0.05 * np.abs(high)
    if np.count_nonzero(below_zero) == half:
        return np.flatnonzero(below_zero).tolist()
    for values, apart in ((np.log(span), np.log(3)), (middling, 0.25)):
        order = np.argsort(values)
        if values[order[half]] - values[order[half - 1]] > apart:
            halves = sorted((order[:half], order[half:]), key=lambda numbers: float(middling[numbers].mean()))
            return sorted(halves[1].tolist())  # air is dark and fills most of a magnitude image
    return None
