"""Find the studies that a user means by a file, a DICOM folder, or a folder of either."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from DCMMultiTaskLib.errors import InputError, count
from DCMMultiTaskLib.imaging.dicom_files import is_directory, may_be_dicom, study_key
from DCMMultiTaskLib.imaging.folders import walk
from DCMMultiTaskLib.imaging.reading import study_name

IMAGE_EXTENSIONS = (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd")
# What `predict` itself writes, so that results below the input folder are not taken for studies.
RESULT_EXTENSIONS = (".seg.nrrd", "_cam.nrrd")
# Drawn structures, as ACDC, M&Ms, nnU-Net, Slicer and ITK-SNAP call them: PATIENT_gt.nii.gz, PATIENT-label.nrrd, ...
LABEL_MAP = re.compile(r"[-_. ](gt|seg(mentation)?|label(s|map)?|masks?|contours?)$", re.IGNORECASE)
_NAMED = 3


@dataclass(frozen=True)
class StudyPath:
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


def find_studies(inputs: Sequence[Path], *, say: Callable[[str], None] | None = None) -> list[StudyPath]:
    """All studies that the inputs stand for, in order.

    A file is a study, and so is a folder whose DICOM files, its own and those in the folders below it, are of one DICOM
    study of one patient. Any other folder is searched, with all folders below it and through links, for image files and
    DICOM studies; hidden ones, label maps and results of earlier runs are passed over. A folder that cannot be opened
    is a study, too: reading it says so.

    Args:
        inputs: Files and folders.
        say: Told in a sentence what was passed over.

    Raises:
        InputError: An input does not exist, a folder holds no study, or two studies would write the same files.

    Example:
        >>> [study.name for study in find_studies([Path("study.nrrd")])]  # doctest: +SKIP
        ['study']
    """
    studies: list[StudyPath] = []
    for path in map(Path, inputs):
        try:
            is_folder = path.is_dir()
            path.stat()
        except FileNotFoundError as error:
            raise InputError(f"{path}: no such file or folder.") from error
        except OSError as error:
            raise InputError(f"{path}: it cannot be opened ({error.strerror}).") from error
        labels: list[Path] = []
        if is_folder:
            found = list(_studies_below(path, labels))
        else:
            found = [StudyPath(path.parent if is_directory(path) else path)]
        if labels and say is not None:
            names = ", ".join(label.relative_to(path).as_posix() for label in labels[:_NAMED])
            say(f"{path}: {count(len(labels), 'label map')} passed over: {names}{', ...' * (len(labels) > _NAMED)}.")
        if not found:
            raise InputError(f"{path}: the folder holds no image file and no DICOM series.")
        studies += found
    taken: dict[tuple[Path, str], StudyPath] = {}
    for study in studies:
        other = taken.setdefault((study.place, study.name.casefold()), study)
        if other is not study:
            raise InputError(f"{other.path} and {study.path} would write files of the same name; run them apart.")
    return studies


def _studies_below(root: Path, labels: list[Path]) -> Iterator[StudyPath]:
    """The studies; label maps among the files are added to `labels`."""
    dicom_folders: dict[object, list[Path]] = {}
    images: list[Path] = []
    locked: list[Path] = []
    for directory, folders, names in walk(root, locked=lambda folder, _: locked.append(folder)):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files = [directory / name for name in names if not name.startswith(".")]
        for path in filter(is_image, files):
            (labels if LABEL_MAP.search(study_name(path)) else images).append(path)
        dicom = next((path for path in files if not is_image(path) and may_be_dicom(path)), None)
        if dicom is not None:
            uid, patient = study_key(dicom) or ("", "")
            dicom_folders.setdefault((uid, patient) if uid else directory, []).append(directory)
    if len(dicom_folders) == 1 and not images and not locked:
        yield StudyPath(root)
        return
    tops = [top for uid in dicom_folders for top in _tops(uid, dicom_folders)]
    for path in sorted([*images, *tops, *locked]):
        yield StudyPath(path, path.relative_to(root).parent)


def _tops(uid: object, dicom_folders: Mapping[object, list[Path]]) -> list[Path]:
    """The one folder above all series of a DICOM study; the series' folders where other studies lie between them."""
    folders = dicom_folders[uid]
    top = Path(os.path.commonpath(folders))
    others = (folder for other, theirs in dicom_folders.items() if other != uid for folder in theirs)
    return folders if any(top in (folder, *folder.parents) for folder in others) else [top]


def is_image(path: Path) -> bool:
    name = path.name.lower()
    return name.endswith(IMAGE_EXTENSIONS) and not name.endswith(RESULT_EXTENSIONS)
