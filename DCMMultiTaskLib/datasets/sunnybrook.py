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
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.datasets.contours import polygon_mask, read_contour
from DCMMultiTaskLib.datasets.frames import group_series, read_stack
from DCMMultiTaskLib.datasets.manifest import PreparedDataSet, PreparedPatient, part_of, write_data_set
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.dicom import may_be_dicom

_PATIENT = re.compile(r"SC-(HF-I|HF-NI|HYP|N)-(\d+)", re.IGNORECASE)
_CONTOUR = re.compile(r"IM-\d+-(\d+)-([io])contour-manual\.txt", re.IGNORECASE)
# challenge_training, TrainingDataContours, OnlineDataDICOM, ...
_PARTS = {
    rf"(challenge[ _-]?)?{name}(data.*)?": part
    for name, part in {"training": "train", "validation": "validation", "online": "online"}.items()
}
_DCM_GROUP = "HF-NI"  # heart failure without infarct


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


def _find_files(source: Path) -> dict[str, _Files]:
    patients: dict[str, _Files] = {}
    files = [path for path in sorted(source.rglob("*")) if path.is_file()]
    later_ids = dict(pair for path in files if path.suffix.lower() == ".csv" for pair in _later_ids(path))
    for path in files:
        folders = (source.resolve().name, *path.relative_to(source).parts[:-1])
        ids = (patient_id(name) or later_ids.get(name.upper()) for name in reversed(folders))
        name = next(filter(None, ids), None)
        if name is None:
            continue
        contour = _CONTOUR.fullmatch(path.name)
        if contour:
            frames = patients.setdefault(name, _Files()).contours.setdefault(path.parent, {})
            frames.setdefault(int(contour.group(1)), {})[contour.group(2).lower()] = path
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
    image, frames = read_stack(group_series(files.dicom), end_diastolic, name)
    labels = np.zeros(image.array.shape, dtype=np.uint8)
    for plane, frame in zip(labels, frames, strict=True):
        # From the outermost in: what the endocardium encloses is cavity.
        for label, letter in ((1, "o"), (2, "i")):
            plane[polygon_mask(read_contour(contours[frame][letter]), plane.shape)] = label
    group = name.removeprefix("SC-").rpartition("-")[0]
    part = part_of(source, folder, _PARTS) or part_of(source, files.dicom[0].parent, _PARTS)
    return PreparedPatient(group, int(group == _DCM_GROUP), part, image, image.with_array(labels), frames)
