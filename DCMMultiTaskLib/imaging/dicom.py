"""DICOM: one file, or the short-axis stack of a folder, single or with many cardiac phases."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from DCMMultiTaskLib.errors import InputError, about
from DCMMultiTaskLib.imaging.quiet import quiet_libraries
from DCMMultiTaskLib.imaging.study import Instance, Source, Study
from DCMMultiTaskLib.imaging.volume import Volume

POSITION_TOLERANCE_MM = 0.1
"""Images closer to each other than this along the slice normal are at one position."""

_MR_IMAGE = re.compile(rb"1\.2\.840\.10008\.5\.1\.4\.1\.1\.4(\.[134])?\0?$")


@dataclass(frozen=True, eq=False)
class DicomSlice:
    """What the header of one file says.

    Attributes:
        path: The file.
        instance: SOP instance UID.
        series: Series instance UID.
        study: Study instance UID.
        description: Series description, or its number.
        size: Columns and rows.
        spacing: Pixel size in mm along a row and along a column, and the slices' distance as far as the file knows.
        position: LPS of the first pixel's centre; None where the file does not say.
        direction: `(3, 3)`, columns along a row, along a column, normal.
        phase: Trigger time, temporal position and instance number: sorts the phases at one position.
        pixel_type: SimpleITK's pixel type after rescaling.
    """

    path: Path
    instance: str
    series: str
    study: str
    description: str
    size: tuple[int, int]
    spacing: tuple[float, float, float]
    position: np.ndarray | None
    direction: np.ndarray
    phase: tuple[float, float, float]
    pixel_type: int

    @property
    def identity(self) -> tuple[object, ...]:
        """The same in every copy of an image; the UID alone is not enough where anonymising made all of them one."""
        return self.instance, self.phase, None if self.position is None else tuple(self.position.tolist())

    def parallel_to(self, other: DicomSlice) -> bool:
        """Same size, pixel spacing and orientation."""
        return (
            self.size == other.size
            and np.allclose(self.spacing[:2], other.spacing[:2], rtol=1e-3)
            and np.allclose(self.direction, other.direction, atol=1e-3)
        )


def read_dicom_file(path: Path, *, name: str) -> Study:
    """Read one file as a study of one slice."""
    header = _read_header(path)
    return _study(path, [[header]], header.spacing[2], name)


def read_dicom_folder(folder: Path) -> Study:
    """Read the short-axis stack below a folder.

    Images of one series with the same size, pixel spacing and orientation form a stack. The stack that counts is the
    only one with three positions or more; localisers and long-axis views, with one or two, are passed over. Where no
    series has three positions, parallel series are taken together (scanners that store every position on its own).

    Args:
        folder: Searched with all folders below it; files that are not DICOM are passed over.

    Returns:
        Its phases, slices sorted along their normal, phases by trigger time, then temporal position, then instance
        number.

    Raises:
        InputError: No image, several stacks that could be meant, a missing image, uneven slice distances.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and may_be_dicom(path)]
    read = [header for header in map(_read_header_of_image, files) if header]
    headers = list({header.identity: header for header in read}.values())  # without copies of the same image
    if not headers:
        raise InputError(f"{folder}: the folder holds no DICOM images.")
    name = folder.resolve().name
    phases = _phases(_short_axis_stack(headers, name), name)
    spacing = _slice_spacing(phases[0], name)
    return _study(folder, phases, spacing, name)


def may_be_dicom(path: Path) -> bool:
    """Whether a file looks like DICOM, from its first bytes and its name."""
    if path.name.startswith(".") or path.name.upper() == "DICOMDIR":
        return False
    return _first_bytes(path, 132)[128:] == b"DICM" or path.suffix.lower() in (".dcm", ".ima")


def _first_bytes(path: Path, count: int) -> bytes:
    """None of them where the file cannot be opened: reading it then says so."""
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError:
        return b""


def study_uid(path: Path) -> str | None:
    """The study instance UID of a DICOM file; None where it has none or cannot be read."""
    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    try:
        with quiet_libraries():
            reader.ReadImageInformation()
    except RuntimeError:
        return None
    return reader.GetMetaData("0020|000d").strip() if reader.HasMetaDataKey("0020|000d") else None


def _read_header_of_image(path: Path) -> DicomSlice | None:
    """The header; None for reports, presentation states and the like, which hold no image."""
    try:
        return _read_header(path)
    except InputError:
        start = _first_bytes(path, 1024)
        kind = re.search(rb"\x02\x00\x02\x00UI(..)", start, re.DOTALL)
        if kind:
            length = int.from_bytes(kind.group(1), "little")
            if not _MR_IMAGE.match(start[kind.end() : kind.end() + length]):
                return None
        raise


def _read_header(path: Path) -> DicomSlice:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO("GDCMImageIO")
    try:
        with quiet_libraries():
            reader.ReadImageInformation()
    except RuntimeError as error:
        raise InputError(f"{path.name}: the DICOM file is damaged or not complete.") from error

    def text(tag: str) -> str:
        return reader.GetMetaData(tag).strip(" \0") if reader.HasMetaDataKey(tag) else ""

    def numbers(tag: str) -> list[float]:
        try:
            values = [float(part) for part in text(tag).split("\\") if part.strip()]
        except ValueError:
            values = [math.nan]
        if not all(map(math.isfinite, values)):
            raise InputError(f"{path.name}: the DICOM tag ({tag.replace('|', ',')}) is damaged.")
        return values

    def number(tag: str) -> float:
        return next(iter(numbers(tag)), 0.0)

    if reader.GetNumberOfComponents() > 1:
        raise InputError(f"{path.name}: the image is in colour; choose a series in grey.")
    if number("0028|0008") > 1:
        raise InputError(f"{path.name}: DICOM with many frames in a file is not read; save it as NRRD or NIfTI first.")
    pixel_spacing = numbers("0028|0030")
    if len(pixel_spacing) != 2:
        raise InputError(f"{path.name}: the DICOM file does not say how large its pixels are.")
    if min(pixel_spacing) <= 0:
        raise InputError(f"{path.name}: its pixel spacing is not positive.")
    distance = next((value for tag in ("0018|0088", "0018|0050") if (value := abs(number(tag))) > 0), 1.0)
    position, orientation = numbers("0020|0032"), numbers("0020|0037")
    located = len(position) == 3 and len(orientation) == 6
    direction = np.eye(3)
    if located:
        direction[:, 0], direction[:, 1] = orientation[:3], orientation[3:]
        direction[:, 2] = np.cross(direction[:, 0], direction[:, 1])
    width, height = reader.GetSize()[:2]
    return DicomSlice(
        path,
        text("0008|0018") or str(path),
        text("0020|000e"),
        text("0020|000d"),
        text("0008|103e") or f"series {text('0020|0011')}",
        (width, height),
        (pixel_spacing[1], pixel_spacing[0], distance),
        np.array(position) if located else None,
        direction,
        (number("0018|1060"), number("0020|0100"), number("0020|0013")),
        reader.GetPixelID(),
    )


def _short_axis_stack(headers: Sequence[DicomSlice], name: str) -> list[list[DicomSlice]]:
    """The positions of the only stack that can be meant, each with its images."""
    if len(headers) > 1 and any(header.position is None for header in headers):
        raise InputError(f"{name}: the DICOM images do not say where they lie, so that they cannot be sorted.")
    stacks = [_positions(stack) for stack in _group(headers, by_series=True)]
    tall = [stack for stack in stacks if len(stack) > 2]
    if not tall:
        tall = [stack for stack in map(_positions, _group(headers, by_series=False)) if len(stack) > 2]
    candidates = tall or stacks
    if len(candidates) > 1:
        listed = "; ".join(
            f"{stack[0][0].description}: {_count(len(stack), 'slice')} x {_count(len(stack[0]), 'phase')}"
            for stack in candidates[:5]
        )
        more = ", ..." if len(candidates) > 5 else ""
        raise InputError(
            f"{name}: the folder holds {len(candidates)} series that could be meant ({listed}{more}); "
            "give a folder that holds the short-axis one alone."
        )
    return candidates[0]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _group(headers: Sequence[DicomSlice], *, by_series: bool) -> list[list[DicomSlice]]:
    groups: list[list[DicomSlice]] = []
    for header in headers:
        for group in groups:
            if header.parallel_to(group[0]) and (header.series == group[0].series or not by_series):
                group.append(header)
                break
        else:
            groups.append([header])
    return groups


def _positions(stack: Sequence[DicomSlice]) -> list[list[DicomSlice]]:
    """The images at each position, positions along the normal."""
    normal = stack[0].direction[:, 2]
    heights = {id(header): float(header.position @ normal) for header in stack if header.position is not None}
    positions: list[list[DicomSlice]] = []
    last = -np.inf
    for header in sorted(stack, key=lambda header: heights.get(id(header), 0.0)):
        height = heights.get(id(header), 0.0)
        if height - last > POSITION_TOLERANCE_MM:
            positions.append([])
            last = height
        positions[-1].append(header)
    return positions


def _phases(positions: Sequence[Sequence[DicomSlice]], name: str) -> list[list[DicomSlice]]:
    """The images of each phase, from those of each position."""
    counts = {len(position) for position in positions}
    if len(counts) > 1:
        raise InputError(
            f"{name}: the DICOM series is not complete: its {len(positions)} slice positions have "
            f"{min(counts)} to {max(counts)} images each."
        )
    in_time = [sorted(position, key=lambda header: header.phase) for position in positions]
    return [list(phase) for phase in zip(*in_time, strict=True)]


def _slice_spacing(phase: Sequence[DicomSlice], name: str) -> float:
    """Distance of the slices in mm, which has to be even, since a volume has one for all of them."""
    if len(phase) == 1:
        return phase[0].spacing[2]
    places = np.array([header.position for header in phase])
    steps = np.diff(places, axis=0)
    normal = phase[0].direction[:, 2]
    distances = steps @ normal
    mean = float(distances.mean())
    if np.abs(distances - mean).max() > 0.1 * mean:
        raise InputError(
            f"{name}: the slices are {distances.min():.1f} to {distances.max():.1f} mm apart; "
            "an image is missing, or the series holds more than one stack."
        )
    sideways = places - places[0] - np.outer((places - places[0]) @ normal, normal)
    if np.linalg.norm(sideways, axis=1).max() > max(phase[0].spacing[:2]):
        raise InputError(f"{name}: the slices do not lie above each other, so that they form no volume.")
    return mean


def _study(path: Path, phases: Sequence[Sequence[DicomSlice]], slice_spacing: float, name: str) -> Study:
    """Read the pixels of sorted phases of sorted slices."""
    with about(name):
        volumes = [_volume(phase, slice_spacing) for phase in phases]
    first = phases[0][0]
    times = tuple(phase[0].phase[0] for phase in phases)
    return Study(
        name,
        volumes,
        times_ms=times if len(set(times)) == len(times) > 1 else None,
        source=Source(
            path=path,
            study_uid=first.study,
            description=first.description,
            instances=tuple(tuple(Instance(s.path, s.instance, s.series) for s in phase) for phase in phases),
        ),
    )


def _volume(slices: Sequence[DicomSlice], slice_spacing: float) -> Volume:
    """Read the pixels of sorted slices."""
    first = slices[0]
    same_type = len({header.pixel_type for header in slices}) == 1
    pixel_type = sitk.sitkUnknown if same_type and first.pixel_type != sitk.sitkFloat64 else sitk.sitkFloat32
    try:
        with quiet_libraries():
            image = sitk.ReadImage([str(header.path) for header in slices], pixel_type, "GDCMImageIO")
    except (RuntimeError, MemoryError) as error:
        raise InputError("a DICOM file is damaged or not complete.") from error
    x, y, z = (0.0, 0.0, 0.0) if first.position is None else first.position.tolist()
    spacing = (first.spacing[0], first.spacing[1], slice_spacing)
    array = sitk.GetArrayFromImage(image)
    return Volume.of(array.reshape(-1, *array.shape[-2:]), spacing, (x, y, z), first.direction)
