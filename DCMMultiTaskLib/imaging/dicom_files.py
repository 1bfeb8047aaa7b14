"""DICOM files, told from others and opened by pydicom."""

from __future__ import annotations

import logging
import math
import os
import warnings
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.identifiers import Identifiers
from DCMMultiTaskLib.imaging.volume import MOST_BYTES

NOT_DICOM = "not DICOM"
SUFFIXES = (".dcm", ".ima")
OTHER_SUFFIXES = (".nrrd", ".nhdr", ".nii", ".gz", ".mha", ".mhd", ".raw", ".zraw", ".png", ".jpg", ".jpeg", ".zip")
DIRECTORY = "1.2.840.10008.1.3.10"
_PYDICOM = Path(pydicom.__file__).parent


class LeftOut(InputError):
    """A file that holds no image that could belong to a stack; `reason` says why, in a few words."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name}: the DICOM file cannot be used ({reason}).")
        self.reason = reason


@contextmanager
def attentive() -> Iterator[Counter[str]]:
    """Let pydicom read without writing to the terminal, and count what it warned of.

    That a value departs from the standard's letters (a UID with a leading zero) is passed over: where such a value is
    needed and says nothing, that is found out when it is used. Warnings of other packages are not counted: Python hears
    those of all threads.
    """
    said: Counter[str] = Counter()
    logger = logging.getLogger("pydicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield said
    finally:
        logger.setLevel(level)
    texts = [str(one.message) for one in caught if Path(one.filename).is_relative_to(_PYDICOM)]
    said.update(text for text in texts if not text.startswith("Invalid value for VR"))


def may_be_dicom(path: Path) -> bool:
    """Whether a file looks like DICOM, from its name and its first tags; one that is an index of others does not."""
    if path.name.startswith(".") or path.name.upper() == "DICOMDIR":
        return False
    if path.suffix.lower() in SUFFIXES:
        return True
    if path.suffix.lower() in OTHER_SUFFIXES:
        return False
    try:
        with attentive():
            start = read_header(path, tag_numbers("SOPClassUID"), until="SOPInstanceUID")
            return text_of(start, "SOPClassUID") not in ("", DIRECTORY)
    except (InputError, OSError):
        return False


def looks_like_dicom(path: Path) -> bool:
    """Whether a file, even a damaged one, is meant to be DICOM."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        return path.suffix.lower() not in OTHER_SUFFIXES and path.is_file() and pydicom.misc.is_dicom(path)
    except OSError:
        return False


def is_directory(path: Path) -> bool:
    """Whether a file is a DICOMDIR, the index of a disc."""
    return path.name.upper() == "DICOMDIR"


def study_key(path: Path) -> tuple[str, str] | None:
    """The study instance UID of a DICOM file, empty where it has none, and its patient; None if it cannot be read."""
    try:
        with attentive():  # pydicom looks at a value when it is asked for
            tags = tag_numbers("SOPClassUID", "StudyInstanceUID", "PatientID", "PatientName")
            header = read_header(path, tags, until="SeriesInstanceUID")
            key = text_of(header, "StudyInstanceUID"), patient_of(header)
            return key if any(key) or text_of(header, "SOPClassUID") else None
    except (InputError, OSError):
        return None


def tag_numbers(*names: str) -> list[pydicom.tag.BaseTag | int]:
    """The numbers of tags, by their names."""
    return [pydicom.tag.Tag(name) for name in names]


def read_header(
    path: Path, tags: list[pydicom.tag.BaseTag | int] | None, *, until: str | None = None
) -> pydicom.Dataset:
    """The header, or these tags of it; a file without the 128 bytes of preamble is read as well."""
    if path.exists() and not path.is_file():  # opening a pipe waits without end
        raise InputError(f"{path.name}: this is no file.")
    if _unpacks_to_too_much(path):
        raise InputError(f"{path.name}: it unpacks to more than {MOST_BYTES >> 20} MB, so that it is damaged.")
    last = pydicom.tag.Tag(until) if until else pydicom.tag.Tag(0x7FE00000)
    try:
        with path.open("rb") as file:
            header = pydicom.filereader.read_partial(
                file,
                lambda tag, _vr, _length: tag >= last,
                defer_size=1 << 16,
                force=True,
                specific_tags=tags,
            )
    except OSError as error:
        if error.errno is not None:
            raise
        raise InputError(f"{path.name}: the DICOM file is damaged or not complete.") from error
    except Exception as error:  # pydicom meets damaged bytes with whatever they bring about
        raise InputError(f"{path.name}: the DICOM file is damaged or not complete.") from error
    return header


def _unpacks_to_too_much(path: Path) -> bool:
    """Whether a file is deflated and has more in it than a study has; pydicom unpacks it whole."""
    with path.open("rb") as file:
        start = file.read(1024)
        if start[128:132] != b"DICM" or DeflatedExplicitVRLittleEndian.encode() not in start:
            return False
        state = os.fstat(file.fileno())
    return _is_bomb(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _is_bomb(path: Path, _modified: int, _size: int) -> bool:
    unpacked, decompressor = 0, zlib.decompressobj(-zlib.MAX_WBITS)
    with path.open("rb") as file:
        # The group with the transfer syntax says how long it is.
        file.seek(140)
        file.seek(144 + int.from_bytes(file.read(4), "little"))
        try:
            while unpacked <= MOST_BYTES and not decompressor.eof:
                part = decompressor.unconsumed_tail or file.read(1 << 16)
                if not part:
                    break
                unpacked += len(decompressor.decompress(part, 1 << 22))
        except zlib.error:
            return False  # pydicom will say so
    return unpacked > MOST_BYTES


def stated_kind(path: Path) -> UID | None:
    """What a file that cannot be read to its end says that it is."""
    try:
        return UID(pydicom.filereader.read_file_meta_info(path).MediaStorageSOPClassUID)
    except Exception:  # nothing, if its beginning is damaged, too
        return None


def patient_of(header: pydicom.Dataset) -> str:
    return text_of(header, "PatientID") or text_of(header, "PatientName")


def text_of(header: pydicom.Dataset, name: str) -> str:
    try:
        value: Any = header.get(name)
    except Exception:  # a value that pydicom cannot convert says nothing
        return ""
    return "" if value is None else str(value).strip(" \0")


def numbers_of(path: Path, header: pydicom.Dataset, name: str) -> list[float]:
    """The numbers of a tag; none where it is missing.

    Raises:
        InputError: It is damaged.
    """
    try:
        value: Any = header.get(name)
        values = [] if value is None or value == "" else [float(v) for v in (value if np.iterable(value) else [value])]
    except Exception:
        values = [math.nan]
    if not all(map(math.isfinite, values)):
        tag = pydicom.tag.Tag(name)
        raise InputError(f"{path.name}: the DICOM tag ({tag.group:04x},{tag.element:04x}) is damaged.")
    return values


def number_of(header: pydicom.Dataset, name: str) -> float | None:
    """A number that a stack can do without; None where it is missing or damaged."""
    try:
        return next(iter(numbers_of(Path(), header, name)), None)
    except InputError:
        return None


def time_of(header: pydicom.Dataset, name: str) -> float | None:
    """A number, or the time of day in seconds."""
    if not name.endswith("Time") or name == "TriggerTime":
        return number_of(header, name)
    text = text_of(header, name)
    clock = (text[8:] if name.endswith("DateTime") else text).replace(":", "").partition("+")[0].partition("-")[0]
    try:
        return int(clock[:2]) * 3600 + int(clock[2:4] or 0) * 60 + float(clock[4:] or 0)
    except ValueError:
        return None


def gather(files: Iterable[Path], *, keep: bool = False) -> Identifiers:
    """What the headers of DICOM files say; others among them are passed over."""
    known = Identifiers(keep=keep)
    if keep:
        return known
    found = False
    with attentive():
        for file in files:
            if file.suffix.lower() in OTHER_SUFFIXES:
                continue
            found = found or looks_like_dicom(file)
            for until in (None, "BodyPartExamined"):  # damage may lie behind what tells who the patient is
                with suppress(InputError, OSError):
                    header = read_header(file, None, until=until)
                    if "SOPClassUID" in header or file.suffix.lower() in SUFFIXES:
                        known.add(header)
                    break
    known.unreadable = found and not known.headers
    return known
