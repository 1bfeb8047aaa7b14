"""The Automated Cardiac Diagnosis Challenge (ACDC, MICCAI 2017) as distributed.

Every folder `patientNNN` holds `Info.cfg` (lines like `ED: 1`, `Group: DCM`), `patientNNN_frameFF.nii.gz` for the end
of diastole and systole, and `..._gt.nii.gz` with 0 background, 1 right ventricle, 2 myocardium, 3 left ventricular
cavity. The end of diastole is taken.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.datasets.manifest import PreparedDataSet, PreparedPatient, part_of, write_data_set
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.volume import Volume

GROUPS = ("DCM", "HCM", "MINF", "NOR", "RV")
_PARTS = {"train(ing)?": "train", "test(ing)?": "test"}
_NEW_LABELS = np.array([0, 0, 1, 2], dtype=np.uint8)
"""Of background, right ventricle, myocardium, left ventricular cavity."""


def prepare_acdc(source: Path, directory: Path) -> PreparedDataSet:
    """Bring the end-diastolic volumes and their truth to a manifest and volumes.

    Args:
        source: Folder with the data set; patients are found anywhere below it, and folders called training or testing
            tell their split.
        directory: Gets `patients.csv`, `images/patientNNN.nrrd` and `masks/patientNNN.nrrd`.

    Returns:
        Who was written, and who was skipped for which reason.

    Raises:
        InputError: There is no patient, none can be used, or the files cannot be written.
    """
    if not source.is_dir():
        raise InputError(f"{source}: no such folder.")
    folders: dict[str, list[Path]] = {}
    for folder in [source, *sorted(path for path in source.rglob("*") if path.is_dir())]:
        name = folder.resolve().name
        if not re.fullmatch(r"patient\d+", name):
            continue
        # A patient whose Info.cfg was lost is named as skipped, not passed over; a folder around a patient is none.
        if (folder / "Info.cfg").exists() or any(folder.glob(f"{name}_*.nii*")):
            folders.setdefault(name, []).append(folder)
    if not folders:
        raise InputError(f"{source}: no ACDC patient in it, that is a folder like patient001 with Info.cfg and images.")
    return write_data_set(source, directory, sorted(folders), lambda name: _prepare(source, name, folders[name]))


def read_info(path: Path) -> dict[str, str]:
    """What `Info.cfg` says, by the words before the colons.

    Raises:
        InputError: It is missing or cannot be read.
    """
    if not path.is_file():
        raise InputError("its Info.cfg is missing.")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise InputError("its Info.cfg cannot be read.") from error
    pairs = (line.partition(":") for line in lines)
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


def _prepare(source: Path, name: str, folders: list[Path]) -> PreparedPatient:
    if len(folders) > 1:
        raise InputError(f"it is there {len(folders)} times.")
    info = read_info(folders[0] / "Info.cfg")
    group, frame = info.get("Group", ""), info.get("ED", "")
    if group not in GROUPS:
        raise InputError(f"its Info.cfg has the group {group!r}, which is none of {', '.join(GROUPS)}.")
    if not frame.isdecimal():
        raise InputError(f"its Info.cfg has {frame!r} as the end-diastolic frame, which is no number.")
    stem = f"{name}_frame{int(frame):02d}"
    image, truth = (_read(folders[0], file) for file in (stem, f"{stem}_gt"))
    if not image.geometry.same_as(truth.geometry):
        raise InputError(f"{stem}_gt does not lie on the grid of its image.")
    if not np.isin(truth.array, range(len(_NEW_LABELS))).all():
        raise InputError(f"{stem}_gt has labels other than 0, 1, 2, 3.")
    mask = image.with_array(_NEW_LABELS[truth.array.astype(np.uint8)])
    if not (mask.array == 1).any():
        raise InputError(f"{stem}_gt has no myocardium.")
    part = part_of(source, folders[0], _PARTS)
    return PreparedPatient(group, int(group == "DCM"), part, image, mask, [int(frame)])


def _read(folder: Path, stem: str) -> Volume:
    for extension in (".nii.gz", ".nii"):
        path = folder / (stem + extension)
        if path.is_file():
            return read_study(path).volume
    raise InputError(f"{stem}.nii.gz is missing.")
