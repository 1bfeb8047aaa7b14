"""Find the studies that a user means by a file, a DICOM folder, or a folder of either."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.dicom import may_be_dicom, study_uid
from DCMMultiTaskLib.imaging.reading import study_name

IMAGE_EXTENSIONS = (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd")
# What `predict` itself writes, so that results below the input folder are not taken for studies.
RESULT_EXTENSIONS = (".seg.nrrd", "_cam.nrrd")


@dataclass(frozen=True)
class Study:
    """One study to analyse.

    Attributes:
        path: Image file or DICOM folder.
        place: Folder for its results, relative to the output folder: where it lies below the folder that was
            searched, so that studies of the same name in different folders stay apart.
    """

    path: Path
    place: Path = Path()

    @property
    def name(self) -> str:
        """What its files are called."""
        return study_name(self.path)


def find_studies(inputs: Sequence[Path]) -> list[Study]:
    """All studies that the inputs stand for, in order.

    A file is a study, and so is a folder whose DICOM files, its own and those in the folders below it, are of one DICOM
    study. Any other folder is searched, with all folders below it, for image files and DICOM studies; hidden ones and
    results of earlier runs are passed over.

    Args:
        inputs: Files and folders.

    Raises:
        InputError: An input does not exist, a folder holds no study, or two studies would write the same files.

    Example:
        >>> [study.name for study in find_studies([Path("study.nrrd")])]  # doctest: +SKIP
        ['study']
    """
    studies: list[Study] = []
    for path in map(Path, inputs):
        if not path.exists():
            raise InputError(f"{path}: no such file or folder.")
        found = list(_studies_below(path)) if path.is_dir() else [Study(path)]
        if not found:
            raise InputError(f"{path}: the folder holds no image file and no DICOM series.")
        studies += found
    taken: dict[tuple[Path, str], Study] = {}
    for study in studies:
        other = taken.setdefault((study.place, study.name.casefold()), study)
        if other is not study:
            raise InputError(f"{other.path} and {study.path} would write files of the same name; run them apart.")
    return studies


def _studies_below(root: Path) -> Iterator[Study]:
    dicom_folders: dict[str, list[Path]] = {}
    images: list[Path] = []
    for directory, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = [Path(directory) / name for name in sorted(names) if not name.startswith(".")]
        images += filter(_is_image, files)
        dicom = next((path for path in files if not _is_image(path) and may_be_dicom(path)), None)
        if dicom is not None:
            dicom_folders.setdefault(study_uid(dicom) or directory, []).append(Path(directory))
    if len(dicom_folders) == 1 and not images:
        yield Study(root)
        return
    tops = [top for uid in dicom_folders for top in _tops(uid, dicom_folders)]
    for path in sorted([*images, *tops]):
        yield Study(path, path.relative_to(root).parent)


def _tops(uid: str, dicom_folders: Mapping[str, list[Path]]) -> list[Path]:
    """The one folder above all series of a DICOM study; the series' folders where other studies lie between them."""
    folders = dicom_folders[uid]
    top = Path(os.path.commonpath(folders))
    others = (folder for other, theirs in dicom_folders.items() if other != uid for folder in theirs)
    return folders if any(top in (folder, *folder.parents) for folder in others) else [top]


def _is_image(path: Path) -> bool:
    name = path.name.lower()
    return name.endswith(IMAGE_EXTENSIONS) and not name.endswith(RESULT_EXTENSIONS)
