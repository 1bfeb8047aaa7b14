"""Find the studies that a user means by a file, a DICOM folder, or a folder of either."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from DCMMultiTaskLib.errors import InputError, count
from DCMMultiTaskLib.imaging.dicom_files import gather, is_directory, may_be_dicom, study_key
from DCMMultiTaskLib.imaging.folders import walk
from DCMMultiTaskLib.imaging.identifiers import Identifiers
from DCMMultiTaskLib.imaging.naming import plain_name, shown_folder, study_name
from DCMMultiTaskLib.storage import atomic_path, read_table, write_table

IMAGE_EXTENSIONS = (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd")
# What `predict` itself writes, so that results below the input folder are not taken for studies.
RESULT_EXTENSIONS = (".seg.nrrd", "_cam.nrrd", "_uncertainty.nrrd")
# Drawn structures, as ACDC, M&Ms, nnU-Net, Slicer and ITK-SNAP call them: PATIENT_gt.nii.gz, PATIENT-label.nrrd, ...
LABEL_MAP = re.compile(r"[-_. ](gt|seg(mentation)?|label(s|map)?|masks?|contours?)$", re.IGNORECASE)
_NAMED = 3
_MAP = ("study", "path", "study_instance_uid")


@dataclass(frozen=True)
class StudyPath:
    """One study to analyse.

    Attributes:
        path: Image file or DICOM folder.
        place: Folder for its results, relative to the output folder: where it lies below the folder that was
            searched, so that studies of the same name in different folders stay apart.
        name: What its files are called.
        shown: What messages call it, in place of the path.
        study_uid: Study instance UID of a DICOM study; empty for others.

    Of DICOM studies `place`, `name` and `shown` tell no one who the patient is, unless identifiers are to be kept.
    """

    path: Path
    place: Path = Path()
    name: str = ""
    shown: str = ""
    study_uid: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or plain_name(self.path))
        object.__setattr__(self, "shown", self.shown or str(self.path))


def find_studies(
    inputs: Sequence[Path], *, say: Callable[[str], None] | None = None, keep_identifiers: bool = False
) -> list[StudyPath]:
    """All studies that the inputs stand for, in order.

    A file is a study, and so is a folder whose DICOM files, its own and those in the folders below it, are of one DICOM
    study of one patient. Any other folder is searched, with all folders below it and through links, for image files and
    DICOM studies; hidden ones, label maps and results of earlier runs are passed over. A folder that cannot be opened
    is a study, too: reading it says so.

    Args:
        inputs: Files and folders.
        say: Told in a sentence what was passed over.
        keep_identifiers: Name studies after their files and folders even where these hold an identifier of the DICOM
            headers.

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
        if not found:
            raise InputError(f"{path}: the folder holds no image file and no DICOM series.")
        named, everyone = _named(found, path, keep=keep_identifiers)
        if labels and say is not None:
            names = ", ".join(everyone.hide(label.relative_to(path).as_posix()) for label in labels[:_NAMED])
            more = ", ..." * (len(labels) > _NAMED)
            say(f"{everyone.hide(str(path))}: {count(len(labels), 'label map')} passed over: {names}{more}.")
        studies += named
    taken: dict[tuple[Path, str], StudyPath] = {}
    for place, study in enumerate(studies):
        name, number = study.name, 1
        while taken.setdefault((study.place, study.name.casefold()), study) is not study:
            if study.name == plain_name(study.path):
                other = taken[study.place, study.name.casefold()]
                raise InputError(f"{other.shown} and {study.shown} would write files of the same name; run them apart.")
            number += 1  # parts of one study in several places have the pseudonym of the study
            study = studies[place] = replace(study, name=f"{name}-{number}")
    return studies


def _named(found: Sequence[StudyPath], root: Path, *, keep: bool) -> tuple[list[StudyPath], Identifiers]:
    """The studies with names, places and messages that tell no one who the patient is, and what all headers say."""
    everyone = Identifiers(keep=keep)
    known = {study.path: gather(_files(study.path), keep=keep) for study in found if not is_image(study.path)}
    for one in known.values():
        everyone.merge(one)
    named = []
    for study in found:
        own = known.get(study.path, everyone)
        place, name = shown_folder(study.place, own), study_name(study.path, own)
        shown = str(study.path)
        if own.hide(shown) != shown or name != study.name:
            above = Path(own.hide(str(root if study.path != root else root.parent)))
            shown = str(above / place / name)
        named.append(StudyPath(study.path, place, name, shown, own.study_uid))
    return named, everyone


def _files(path: Path) -> Iterator[Path]:
    below = walk(path, locked=lambda _folder, _why: None) if path.is_dir() else [(path.parent, [], [path.name])]
    return (folder / name for folder, _, names in below for name in names)


def _studies_below(root: Path, labels: list[Path]) -> Iterator[StudyPath]:
    """The studies; label maps among the files are added to `labels`."""
    dicom_folders: dict[object, list[Path]] = {}
    images: list[Path] = []
    locked: list[Path] = []
    for directory, folders, names in walk(root, locked=lambda folder, _: locked.append(folder)):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files = [directory / name for name in names if not name.startswith(".")]
        for path in filter(is_image, files):
            (labels if LABEL_MAP.search(plain_name(path)) else images).append(path)
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


def write_name_map(path: Path, studies: Iterable[tuple[str, Path, str]], output: Path) -> None:
    """Note which study is called what, for those who may know: rows of earlier runs stay, others cannot read the file.

    Args:
        path: A CSV file.
        studies: Of each its name, where it lies and its study instance UID.
        output: Folder of the results.

    Raises:
        InputError: It would lie among the results, which are given away, it is another table, or it cannot be written.
    """
    if path.resolve().is_relative_to(output.resolve()):
        raise InputError(f"{path}: the map of names must not lie in the folder of the results; choose another place.")
    head, known = read_table(path) if path.is_file() else (list(_MAP), [])
    if head != list(_MAP):
        raise InputError(f"{path}: this is another table; a map of names has the columns {', '.join(_MAP)}.")
    rows = {row["study"]: row for row in known}
    for name, where, uid in studies:
        # As the table has them, so that a study of an earlier run is found again.
        name, lies = (text.encode(errors="backslashreplace").decode() for text in (name, str(where.absolute())))
        rows[name] = dict(zip(_MAP, (name, lies, uid), strict=True))
    with atomic_path(path) as new:
        write_table(new, _MAP, ([row.get(column, "") for column in _MAP] for row in rows.values()))
        new.chmod(0o600)
