"""Find the studies of a hospital's folder, patients and series mixed, and say of every other file why it is none."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from DCMMultiTaskLib.batch.studies import LABEL_MAP, RESULT_EXTENSIONS, is_image
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.dicom_files import gather, is_directory, may_be_dicom, study_key
from DCMMultiTaskLib.imaging.folders import walk
from DCMMultiTaskLib.imaging.headers import files_of
from DCMMultiTaskLib.imaging.identifiers import Identifiers
from DCMMultiTaskLib.imaging.naming import keyed_hash, plain_hash, plain_name, shown_folder, study_name
from DCMMultiTaskLib.inference.files import file_name


@dataclass(frozen=True)
class FoundStudy:
    """A study below the input folder.

    Attributes:
        name: Unlike those of the others; its folder and its files are called so.
        input: Where it lies below the input folder, with slashes: an image file, or the folder above its DICOM files.
        dicom: Its DICOM files below the input folder; empty for an image file.
        shown: What tables and messages say in place of `input`: the same without what tells who the patient is.
        study_uid: Study instance UID of a DICOM study; empty for others.
    """

    name: str
    input: str
    dicom: tuple[str, ...] = ()
    shown: str = ""
    study_uid: str = ""


@dataclass(frozen=True)
class Skipped:
    """Files that are not analysed; the fields are the columns of `skipped.csv`.

    Attributes:
        study: Name of the study that the files belong to; empty where they belong to none.
        input: Where they lie below the input folder: a file, or a folder for several.
        files: How many.
        reason: Why, in a few words.
    """

    study: str
    input: str
    files: int
    reason: str


def discover(
    root: Path, *, output: Path | None = None, keep_identifiers: bool = False
) -> tuple[list[FoundStudy], list[Skipped]]:
    """All studies below a folder, by name, and what is none.

    DICOM files are of one study if they have one study instance UID and one patient, wherever they lie; a damaged one
    belongs to the study of the other files in its folder. A folder that cannot be opened is a study that fails.

    Args:
        root: Searched with all folders below it and through links; hidden files and folders are passed over.
        output: A folder that is not searched: that of the results.
        keep_identifiers: Leave in names what identifies the patient in DICOM headers.

    Raises:
        InputError: There is no such folder, or no study in it.
    """
    if not root.is_dir():
        raise InputError(f"{root}: {'this is a file; a folder' if root.exists() else 'no such folder; one'} is needed.")
    images: list[Path] = []
    dicom: dict[tuple[object, ...], list[Path]] = defaultdict(list)
    others: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for directory, folders, names in walk(root, locked=lambda folder, _: images.append(folder)):
        folders[:] = [name for name in folders if not name.startswith(".") and not _same(directory / name, output)]
        broken, keys, voxels = [], set(), set()
        for path in (directory / name for name in names if not name.startswith(".")):
            if is_image(path):
                if LABEL_MAP.search(plain_name(path)):
                    others[directory, "a label map by its name"].append(path)
                else:
                    images.append(path)
                    voxels.update(_files_of(path))
            elif path.name.lower().endswith(RESULT_EXTENSIONS):
                others[directory, "a result of an earlier run"].append(path)
            elif is_directory(path):
                others[directory, "an index of other files, DICOMDIR"].append(path)
            elif may_be_dicom(path):
                key = study_key(path)
                if key is None:
                    broken.append(path)
                else:
                    keys.add(key if key[0] else (directory, *key))
                    dicom[key if key[0] else (directory, *key)].append(path)
            else:
                others[directory, "not an image"].append(path)
        # The folder's only study, if its files say which one it is.
        theirs = [key for key in keys if len(keys) == 1 and isinstance(key[0], str)]
        for path in broken:
            dicom[theirs[0] if theirs else (path,)].append(path)
        others[directory, "not an image"] = [path for path in others[directory, "not an image"] if path not in voxels]
    found: list[tuple[Path, tuple[str, ...], tuple[str, ...]]] = [(path, (), ()) for path in images]
    found += [
        (
            _common(files),
            tuple(_below(file, root) for file in files),
            tuple(part for part in key if isinstance(part, str)),
        )
        for key, files in dicom.items()
    ]
    if not found:
        raise InputError(f"{root}: the folder holds no image file and no DICOM series.")
    everyone = Identifiers(keep=keep_identifiers)
    known = [
        gather((root / file for file in files), keep=keep_identifiers) if files else everyone for _, files, _ in found
    ]
    for one in known:
        everyone.merge(one)
    names_of = _names(
        [(path, str(key) if key else "", one) for (path, _, key), one in zip(found, known, strict=True)], root
    )
    studies = [
        FoundStudy(name, _below(path, root), files, _shown(path, root, one), one.study_uid if files else "")
        for name, (path, files, _), one in zip(names_of, found, known, strict=True)
    ]
    skipped = [
        Skipped("", everyone.hide(_below(paths[0] if len(paths) == 1 else folder, root)), len(paths), reason)
        for (folder, reason), paths in others.items()
        if paths
    ]
    return sorted(studies, key=lambda study: study.name), skipped


def _names(found: Sequence[tuple[Path, str, Identifiers]], root: Path) -> list[str]:
    """A name for each study: what it is called; with its folders if others are called so, and then with a hash.

    Args:
        found: Where each study lies, what else tells it from others, and what its headers say.
        root: The input folder.
    """
    plain = [file_name(study_name(path, known)) for path, _, known in found]
    long = [
        file_name("_".join([*shown_folder(path.relative_to(root).parent, known).parts, name])) if path != root else name
        for (path, _, known), name in zip(found, plain, strict=True)
    ]
    # Of what tells DICOM studies apart nobody without the key may find the patient by trying.
    hashed = [
        f"{name}-{(keyed_hash if key else plain_hash)(f'{_below(path, root)}|{key}')[:8]}"
        for (path, key, _), name in zip(found, long, strict=True)
    ]
    names = plain
    for better in (long, hashed):
        count = Counter(name.casefold() for name in names)
        names = [name if count[name.casefold()] == 1 else other for name, other in zip(names, better, strict=True)]
    return names


def _common(files: Sequence[Path]) -> Path:
    """The only file, or the folder above all."""
    return files[0] if len(files) == 1 else Path(os.path.commonpath([file.parent for file in files]))


def _shown(path: Path, root: Path, known: Identifiers) -> str:
    """Where a study lies below the input folder, without what tells who the patient is."""
    below = path.relative_to(root)
    return (
        shown_folder(below.parent, known) / (study_name(path, known) if known.holds(below.name) else below.name)
    ).as_posix()


def _below(path: Path, root: Path) -> str:
    return PurePath(path.relative_to(root)).as_posix()


def _files_of(path: Path) -> list[Path]:
    try:
        return files_of(path)[1:]
    except OSError:  # reading it will say so
        return []


def _same(folder: Path, output: Path | None) -> bool:
    return output is not None and output.exists() and folder.exists() and folder.samefile(output)
