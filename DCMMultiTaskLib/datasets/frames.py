"""The numbered frames of DICOM series, as the Sunnybrook contours refer to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import SimpleITK as sitk

from DCMMultiTaskLib.datasets.stacking import stack_slices
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.dicom import read_dicom_file
from DCMMultiTaskLib.imaging.quiet import quiet_libraries
from DCMMultiTaskLib.imaging.volume import Volume

_NUMBERED_FILE = re.compile(r"(IM-\d+)-(\d+)(\.dcm)?", re.IGNORECASE)

Series = dict[int, list[Path]]
"""The files of each frame number; more than one where numbers repeat."""


def group_series(files: Iterable[Path]) -> list[Series]:
    """Files by series, and their frame numbers.

    A file `IM-SSSS-NNNN.dcm` is frame NNNN of series SSSS of its folder; for any other name the DICOM header says so
    (instance number and series instance UID). Files without either are passed over.
    """
    series: dict[tuple[Path, str], Series] = {}
    for path in files:
        named = _NUMBERED_FILE.fullmatch(path.name)
        key, number = (named.group(1), int(named.group(2))) if named else _from_header(path)
        if number is not None:
            series.setdefault((path.parent, key), {}).setdefault(number, []).append(path)
    return list(series.values())


def read_stack(series: Sequence[Series], frames: Sequence[int], name: str) -> tuple[Volume, list[int]]:
    """The volume of some frames, from the only series in which they form one.

    Patients have other series beside the short-axis cine (scouts, long axes, perfusion) that may hold the same numbers;
    those frames do not lie above each other at even distances.

    Args:
        series: All series of a patient.
        frames: Numbers of the frames, one for each slice.
        name: What the volume is called.

    Returns:
        The volume with intensities as stored, and the frame number of each of its slices.

    Raises:
        InputError: No series has all these frames, they form no volume, or two series with other pixels fit.
    """
    holding = [one for one in series if all(frame in one for frame in frames)]
    if not holding:
        known = {number for one in series for number in one}
        missing = next((frame for frame in frames if frame not in known), None)
        if missing is None:
            raise InputError("no DICOM series holds all contoured frames.")
        raise InputError(f"no DICOM image is frame {missing}, which has contours.")
    found: list[tuple[Volume, list[int]]] = []
    reasons: list[InputError] = []
    for one in holding:
        try:
            if any(len(one[frame]) > 1 for frame in frames):
                raise InputError("several DICOM images of one series have the number of a contoured frame.")
            volume, order = stack_slices([read_dicom_file(one[frame][0], name=name).volume for frame in frames])
            found.append((volume, [frames[place] for place in order]))
        except InputError as reason:
            reasons.append(reason)
    if not found:
        raise reasons[0]
    first = found[0][0]
    if any(volume.array.tobytes() != first.array.tobytes() for volume, _ in found[1:]):  # copies do no harm
        raise InputError(f"{len(found)} DICOM series could be the contoured one.")
    return found[0]


def _from_header(path: Path) -> tuple[str, int | None]:
    """Series instance UID and instance number; no number where the file is damaged or does not say."""
    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    try:
        with quiet_libraries():
            reader.ReadImageInformation()
        uid, number = (reader.GetMetaData(tag).strip(" \0") for tag in ("0020|000e", "0020|0013"))
        return uid, int(number)
    except (RuntimeError, ValueError):
        return "", None
