"""A data set as a CSV: one row per patient with image, mask and label; reading it, and writing one with its volumes."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.storage import atomic_path, read_table, write_table

REQUIRED = ("patient", "image", "mask", "dcm")
_LONGEST_CELL = 1000
WRITTEN = ("patient", "group", "dcm", "split", "slices", "image", "mask", "frames")


@dataclass(frozen=True)
class Patient:
    """One row of a manifest.

    Attributes:
        patient: Identifier.
        image: Path of the image.
        mask: Path of the mask on the image's grid, 1 = myocardium (2 = LV cavity where it is known).
        dcm: 1 for the DCM-like phenotype, else 0.
        group: Finer group to stratify folds by; the label where the manifest has none.
        split: `train`, `online`, ... ; empty where the manifest has none.
        mask_offset: How many pixels (rows, columns) the mask is known to lie off the image; it is moved back when read.
        mask_value: What the myocardium has in the mask, all else being background; None for a mask of 0, 1 and 2.
    """

    patient: str
    image: Path
    mask: Path
    dcm: int
    group: str
    split: str
    mask_offset: tuple[float, float] = (0.0, 0.0)
    mask_value: int | None = None


def fingerprint(patients: Sequence[Patient]) -> str:
    """SHA-256 over who the patients are, their labels, images and masks: other data have another one.

    Raises:
        InputError: A file cannot be read.
    """
    digest = hashlib.sha256()
    for p in patients:
        value = "" if p.mask_value is None else f" {p.mask_value}"
        digest.update(f"{p.patient} {p.dcm} {p.group} {p.mask_offset}{value}".encode())
        for path in (p.image, p.mask):
            try:
                for file in sorted(path.iterdir()) if path.is_dir() else [path]:
                    state = file.stat()
                    digest.update(_digest(file, state.st_mtime_ns, state.st_size))
            except OSError as error:
                raise InputError(f"{error.filename}: the file cannot be read ({error.strerror}).") from error
    return digest.hexdigest()


@lru_cache(maxsize=4096)
def _digest(file: Path, _modified: int, _size: int) -> bytes:
    return hashlib.sha256(file.read_bytes()).digest()


def read_manifest(
    path: Path,
    *,
    split: str | None = None,
    mask_offset: tuple[float, float] = (0.0, 0.0),
    mask_value: int | None = None,
) -> list[Patient]:
    """The patients of a manifest; paths in it are relative to the manifest's folder.

    Args:
        path: CSV with at least the columns `patient,image,mask,dcm`, as `storage.read_table` reads it.
        split: Keep only the rows with this `split`.
        mask_offset: `Patient.mask_offset` of them all.
        mask_value: `Patient.mask_value` of them all.

    Raises:
        InputError: No such file, it is no table, a column or an image is missing, a label is not 0 or 1, a patient
            appears twice, or no row is left.
    """
    path = Path(path)
    if mask_value is not None and mask_value < 1:
        raise InputError(f"--mask-value is 1 or more, not {mask_value}; 0 is the background.")
    if path.is_dir():
        raise InputError(f"{path}: this is a folder; a manifest is a CSV file.")
    if not path.is_file():
        raise InputError(f"{path}: no such manifest.")
    head, table = read_table(path)
    missing = [column for column in REQUIRED if column not in head]
    if missing:
        raise InputError(f"{path}: the manifest lacks the column {', '.join(missing)}.")
    rows = [{column: row.get(column, "").strip() for column in head} for row in table]
    if any(len(cell) > _LONGEST_CELL for row in rows for cell in row.values()):
        raise InputError(f"{path}: a cell has more than {_LONGEST_CELL} letters; this is no manifest.")
    patients = [
        replace(_patient(path, row), mask_offset=mask_offset, mask_value=mask_value)
        for row in rows
        if split is None or row.get("split", "") == split
    ]
    if not patients:
        raise InputError(f"{path}: no patient" + (f" with split {split!r}." if split else " in the manifest."))
    names = [p.patient for p in patients]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{path}: patient {twice[0]} has more than one row.")
    return patients


def _patient(manifest: Path, row: dict[str, str]) -> Patient:
    # A table program writes 1.0, or 1,0 where the comma is decimal.
    label = {"0": 0, "1": 1}.get(re.sub(r"[.,]0*$", "", row["dcm"]))
    if label is None:
        raise InputError(f"{manifest}: patient {row['patient']} has dcm {row['dcm']!r}; it must be 0 or 1.")
    files = []
    for column in ("image", "mask"):
        if not row[column]:
            raise InputError(f"{manifest}: patient {row['patient']} has no {column}.")
        # A table made on Windows names a\\b what is a/b elsewhere.
        places = [manifest.parent / name for name in (row[column], row[column].replace("\\", "/"))]
        found = next((place for place in places if os.path.exists(place)), None)  # noqa: PTH110 (exists() raises)
        if found is None:
            raise InputError(f"{manifest}: patient {row['patient']}: {places[0]} does not exist.")
        files.append(found)
    image, mask = files
    return Patient(row["patient"], image, mask, label, row.get("group") or str(label), row.get("split", ""))


@dataclass(frozen=True, eq=False)
class PreparedPatient:
    """A patient in the form of a manifest.

    Attributes:
        group: The data set's own name of the group.
        dcm: 1 for the DCM-like phenotype, else 0.
        split: The data set's own part; empty where it is not known.
        image: The end-diastolic stack, slices along its axis K.
        mask: uint8 on the same grid: 0, 1 myocardium, 2 LV cavity.
        frames: Which frames of the data set these are, in slice order.
    """

    group: str
    dcm: int
    split: str
    image: Volume
    mask: Volume
    frames: Sequence[int]


@dataclass(frozen=True)
class PreparedDataSet:
    """What was written.

    Attributes:
        manifest: The CSV with a row per patient.
        patients: Who is in it.
        skipped: The others, and why.
    """

    manifest: Path
    patients: list[str]
    skipped: dict[str, str]


def write_data_set(
    source: Path, directory: Path, names: Sequence[str], prepare: Callable[[str], PreparedPatient]
) -> PreparedDataSet:
    """Prepare patients one by one and write `patients.csv`, `images/` and `masks/`.

    A patient's image and mask appear one after the other, when both are complete; the manifest is written last.

    Args:
        source: The data set; nothing that is in it is overwritten.
        directory: Where; made if it is not there.
        names: The patients.
        prepare: Gives one of them, or raises `InputError` with the reason why it is skipped.

    Raises:
        InputError: No patient can be used, a file of the source would be overwritten, or the disk is full.
    """
    manifest = directory / "patients.csv"
    files = {name: (f"images/{name}.nrrd", f"masks/{name}.nrrd") for name in names}
    if directory.resolve().is_relative_to(source.resolve()):
        for target in (manifest, *(directory / file for pair in files.values() for file in pair)):
            if target.exists():
                raise InputError(f"{target} is there already, inside the data set; choose another output folder.")
    rows: list[list[object]] = []
    skipped: dict[str, str] = {}
    for name in names:
        try:
            patient = prepare(name)
        except InputError as reason:
            skipped[name] = str(reason)
            continue
        image, mask = files[name]
        with atomic_path(directory / image) as new_image, atomic_path(directory / mask) as new_mask:
            write_volume(new_image, patient.image)
            write_volume(new_mask, patient.mask)
        frames = " ".join(map(str, patient.frames))
        slices = len(patient.image.array)
        rows.append([name, patient.group, patient.dcm, patient.split, slices, image, mask, frames])
    if not rows:
        first = next(iter(skipped))
        raise InputError(f"{source}: none of its patients can be used ({len(skipped)}); {first}: {skipped[first]}")
    write_table(manifest, WRITTEN, rows)
    return PreparedDataSet(manifest, [name for name in names if name not in skipped], skipped)


def part_of(source: Path, path: Path, parts: dict[str, str]) -> str:
    """The data set's part that a folder's name tells.

    Args:
        source: The data set; folders above it say nothing.
        path: A folder in it.
        parts: For a regular expression that fits the whole name of a folder, in any case, the part.

    Returns:
        The part of the innermost folder that names one; empty if none does.
    """
    for folder in reversed((source.resolve().name, *path.relative_to(source).parts)):
        for pattern, part in parts.items():
            if re.fullmatch(pattern, folder, re.IGNORECASE):
                return part
    return ""
