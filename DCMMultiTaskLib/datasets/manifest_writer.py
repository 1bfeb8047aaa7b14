"""A prepared data set on disk: a manifest, images and masks."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import atomic_path, write_volume

COLUMNS = ("patient", "group", "dcm", "split", "slices", "image", "mask", "frames")


@dataclass(frozen=True, eq=False)
class PreparedPatient:
    """A patient in the form of a manifest.

    Attributes:
        group: The data set's own name of the diagnosis.
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

    A patient's image and mask appear together, when both are complete; the manifest is written last.

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
    with atomic_path(manifest) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
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
