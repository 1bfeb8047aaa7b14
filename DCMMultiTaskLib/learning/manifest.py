"""A data set as a CSV: one row per patient with image, mask and label."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from DCMMultiTaskLib.errors import InputError

REQUIRED = ("patient", "image", "mask", "dcm")


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
    """

    patient: str
    image: Path
    mask: Path
    dcm: int
    group: str
    split: str
    mask_offset: tuple[float, float] = (0.0, 0.0)


def fingerprint(patients: Sequence[Patient]) -> str:
    """SHA-256 over who the patients are, their labels, images and masks: other data have another one.

    Raises:
        InputError: A file cannot be read.
    """
    digest = hashlib.sha256()
    for p in patients:
        digest.update(f"{p.patient} {p.dcm} {p.group} {p.mask_offset}".encode())
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
    path: Path, *, split: str | None = None, mask_offset: tuple[float, float] = (0.0, 0.0)
) -> list[Patient]:
    """The patients of a manifest; paths in it are relative to the manifest's folder.

    Args:
        path: CSV with at least the columns `patient,image,mask,dcm`.
        split: Keep only the rows with this `split`.
        mask_offset: `Patient.mask_offset` of them all.

    Raises:
        InputError: No such file, a column or an image is missing, a label is not 0 or 1, a patient appears twice,
            or no row is left.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such manifest.")
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        missing = [column for column in REQUIRED if column not in (reader.fieldnames or [])]
        if missing:
            raise InputError(f"{path}: the manifest lacks the column {', '.join(missing)}.")
        rows = list(reader)
    patients = [_patient(path, row, mask_offset) for row in rows if split is None or row.get("split", "") == split]
    if not patients:
        raise InputError(f"{path}: no patient" + (f" with split {split!r}." if split else " in the manifest."))
    names = [p.patient for p in patients]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{path}: patient {twice[0]} has more than one row.")
    return patients


def _patient(manifest: Path, row: dict[str, str], mask_offset: tuple[float, float]) -> Patient:
    if row["dcm"] not in ("0", "1"):
        raise InputError(f"{manifest}: patient {row['patient']} has dcm {row['dcm']!r}; it must be 0 or 1.")
    image, mask = (manifest.parent / row[column] for column in ("image", "mask"))
    for file in (image, mask):
        if not file.exists():
            raise InputError(f"{manifest}: patient {row['patient']}: {file} does not exist.")
    group = row.get("group") or row["dcm"]
    return Patient(row["patient"], image, mask, int(row["dcm"]), group, row.get("split") or "", mask_offset)
