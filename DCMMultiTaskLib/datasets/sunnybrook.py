"""The Sunnybrook Cardiac Data (2009 left ventricle segmentation challenge) as distributed.

Contours `IM-0001-NNNN-{i,o}contour-manual.txt` hold `x y` in pixels of frame NNNN of the short-axis cine: `i` the
endocardium, end-diastolic and end-systolic, `o` the epicardium, end-diastolic only. Frames with both make the volume.

Where the contours lie: they are taken as written, by the convention of `contours`, and not moved. Against the blood's
edge in the images they then lie too low and too far right; in SC-HF-I-04, whose DICOM and contours were looked at,
by 0.8 rows and 1.2 columns (standard error 0.25 and 0.2), as if they counted pixels from 1. No documentation confirms
that; `train --mask-offset` takes such an offset back. Masks in circulation, drawn after cutting the coordinates off to
whole pixels, lie 0.25 pixel less far off.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.datasets.contours import polygon_mask, read_contour
from DCMMultiTaskLib.datasets.manifest import PreparedDataSet, PreparedPatient, part_of, write_data_set
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.dicom_files import attentive, may_be_dicom
from DCMMultiTaskLib.imaging.dicom_headers import read_images
from DCMMultiTaskLib.imaging.dicom_pixels import read_numbered
from DCMMultiTaskLib.imaging.folders import walk
from DCMMultiTaskLib.imaging.volume import Volume

_PATIENT = re.compile(r"SC-(HF-I|HF-NI|HYP|N)-(\d+)", re.IGNORECASE)
_NUMBERED_FILE = re.compile(r"(IM-\d+)-(\d+)(\.dcm)?", re.IGNORECASE)
_CONTOUR = re.compile(r"IM-\d+-(\d+)-([io])contour-manual\.txt", re.IGNORECASE)
# challenge_training, TrainingDataContours, OnlineDataDICOM, ...
_PARTS = {
    rf"(challenge[ _-]?)?{name}(data.*)?": part
    for name, part in {"training": "train", "validation": "validation", "online": "online"}.items()
}
_DCM_GROUP = "HF-NI"  # heart failure without infarct

_Series = dict[int, list[Path]]
"""The files of each frame number; more than one where numbers repeat."""


@dataclass
class _Files:
    """What belongs to a patient: DICOM files, and for each folder its contours by frame and letter."""

    dicom: list[Path] = field(default_factory=list)
    contours: dict[Path, dict[int, dict[str, Path]]] = field(default_factory=dict)


def prepare_sunnybrook(source: Path, directory: Path) -> PreparedDataSet:
    """Bring the end-diastolic stacks and their contours to a manifest and volumes.

    DICOM and contours are found anywhere below the source and belong to the patient whose ID (`SC-HF-I-4` is
    `SC-HF-I-04`) is the name of a folder above them. Where the DICOM folders carry the later IDs (`SCD0000301`), a CSV
    with the columns PatientID and OriginalID, as it comes with the data, says which is which.

    Args:
        source: Folder with the data set, or a part of it.
        directory: Gets `patients.csv`, `images/ID.nrrd` with the stored intensities and `masks/ID.nrrd`.

    Returns:
        Who was written, and who was skipped for which reason.

    Raises:
        InputError: There is no patient, none can be used, or the files cannot be written.
    """
    if not source.is_dir():
        raise InputError(f"{source}: no such folder.")
    patients = _find_files(source)
    if not patients:
        raise InputError(
            f"{source}: no Sunnybrook patient in it, that is DICOM images and files IM-0001-NNNN-icontour-manual.txt "
            "in folders named like SC-HF-I-04."
        )
    return write_data_set(source, directory, sorted(patients), lambda name: _prepare(source, name, patients[name]))


def patient_id(name: str) -> str | None:
    """The ID with a number of two digits, of a folder's name; None if that is no ID."""
    match = _PATIENT.fullmatch(name.strip())
    return f"SC-{match.group(1).upper()}-{int(match.group(2)):02d}" if match else None


def drawn_frame(path: Path) -> tuple[int, str] | None:
    """The frame that a contour file is drawn in, and `i` for the endocardium or `o` for the epicardium; else None."""
    match = _CONTOUR.fullmatch(path.name)
    return (int(match.group(1)), match.group(2).lower()) if match else None


def _find_files(source: Path) -> dict[str, _Files]:
    patients: dict[str, _Files] = {}
    files = [folder / name for folder, _, names in walk(source) for name in names]
    later_ids = dict(pair for path in files if path.suffix.lower() == ".csv" for pair in _later_ids(path))
    for path in files:
        folders = (source.resolve().name, *path.relative_to(source).parts[:-1])
        ids = (patient_id(name) or later_ids.get(name.upper()) for name in reversed(folders))
        name = next(filter(None, ids), None)
        if name is None:
            continue
        contour = drawn_frame(path)
        if contour:
            frame, letter = contour
            frames = patients.setdefault(name, _Files()).contours.setdefault(path.parent, {})
            frames.setdefault(frame, {})[letter] = path
        elif may_be_dicom(path):
            patients.setdefault(name, _Files()).dicom.append(path)
    return patients


def _later_ids(table: Path) -> Iterator[tuple[str, str]]:
    """The pairs of IDs in a CSV; none if it is another one."""
    try:
        with table.open(newline="", encoding="utf-8-sig", errors="replace") as stream:
            header, *rows = csv.reader(stream)
    except (OSError, ValueError, csv.Error):
        return
    columns = [re.sub("[^a-z]", "", column.lower()) for column in header]
    if {"patientid", "originalid"} <= set(columns):
        later, original = columns.index("patientid"), columns.index("originalid")
        for row in rows:
            name = patient_id(row[original]) if len(row) > max(later, original) else None
            if name:
                yield row[later].strip().upper(), name


def _prepare(source: Path, name: str, files: _Files) -> PreparedPatient:
    if not files.contours:
        raise InputError("it has DICOM images, but no contours.")
    if not files.dicom:
        raise InputError("it has contours, but no DICOM images.")
    if len(files.contours) > 1:
        raise InputError(f"it has contours in {len(files.contours)} folders.")
    folder, contours = next(iter(files.contours.items()))
    end_diastolic = sorted(frame for frame, drawn in contours.items() if {"i", "o"} <= set(drawn))
    if not end_diastolic:
        raise InputError("no frame has both an endocardial and an epicardial contour.")
    image, frames = _read_frames(_group_series(files.dicom), end_diastolic)
    labels = np.zeros(image.array.shape, dtype=np.uint8)
    for plane, frame in zip(labels, frames, strict=True):
        # From the outermost in: what the endocardium encloses is cavity.
        for label, letter in ((1, "o"), (2, "i")):
            plane[polygon_mask(read_contour(contours[frame][letter]), plane.shape)] = label
    group = name.removeprefix("SC-").rpartition("-")[0]
    part = part_of(source, folder, _PARTS) or part_of(source, files.dicom[0].parent, _PARTS)
    return PreparedPatient(group, int(group == _DCM_GROUP), part, image, image.with_array(labels), frames)


def _group_series(files: Iterable[Path]) -> list[_Series]:
    """Files by series, and their frame numbers.

    A file `IM-SSSS-NNNN.dcm` is frame NNNN of series SSSS of its folder; for any other name the DICOM header says so
    (instance number and series instance UID). Files without either are passed over.
    """
    series: dict[tuple[Path, str], _Series] = {}
    for path in files:
        named = _NUMBERED_FILE.fullmatch(path.name)
        key, number = (named.group(1), int(named.group(2))) if named else _from_header(path)
        if number is not None:
            series.setdefault((path.parent, key), {}).setdefault(number, []).append(path)
    return list(series.values())


def _read_frames(series: Sequence[_Series], frames: Sequence[int]) -> tuple[Volume, list[int]]:
    """The volume of some frames, from the only series in which they form one.

    Patients have other series beside the short-axis cine (scouts, long axes, perfusion) that may hold the same numbers;
    those frames do not lie above each other at even distances.

    Args:
        series: All series of a patient.
        frames: Numbers of the frames, one for each slice.

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
            volume, order = read_numbered([one[frame][0] for frame in frames])
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
    try:
        with attentive():
            image = read_images(path)[0]
    except InputError:
        return "", None
    number = image.times["InstanceNumber"]
    return image.series, None if number is None else int(number)
