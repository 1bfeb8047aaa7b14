"""NRRD and MetaImage headers: faults that SimpleITK reads over or misnames, and valid files that it cannot read."""

from __future__ import annotations

import bz2
import math
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.quiet import link_or_copy, plain_path
from DCMMultiTaskLib.imaging.volume import MOST_BYTES, check_bytes

_SPACING = re.compile(r"^(?:spacings\s*:|ElementSpacing\s*=|ElementSize\s*=)(.*)$", re.MULTILINE | re.IGNORECASE)
_DATA_FILE = re.compile(r"^(data ?file\s*:\s*|ElementDataFile\s*=\s*)(.*?)[ \t\r]*$", re.MULTILINE | re.IGNORECASE)
_FIELD = re.compile(r"^([A-Za-z ]+?)[ \t]*[:=][ \t]*(.*?)[ \t\r]*$", re.MULTILINE)
_ITEM_BYTES = (("double|long|64", 8), ("float|uint|32|^(un)?(signed )?int$", 4), ("short|16", 2))
_MOST = {"ndims": 10, "dimension": 16, "elementnumberofchannels": 10_000, "compresseddatasize": MOST_BYTES}
_SIZES = ("sizes", "dimsize", "compresseddatasize")
_LONGEST_VALUE = 500
_NUMBERED = re.compile(r"[^%\s]*%0?\d?d[^%\s]*(\s+-?\d{1,6}){0,4}")
_HEADER_BYTES = 64 * 1024
_MOST_FILES = 10_000
_COMPONENTS = ("vector", "color", "colour", "complex", "quaternion", "matrix")
_FASTEST_IS_TIME = re.compile(r"^(MultiVolume\.|axis 0 index type)", re.MULTILINE)


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    """A file for SimpleITK to read in place of a NRRD or MetaImage file: itself, or a mended one in a temporary folder.

    Mended are names that the libraries do not take, bzip2, and NRRD axes of time that are not called `list`.

    Raises:
        InputError: The header gives impossible spacings, or its data file is missing.
    """
    extension = path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(_HEADER_BYTES)
    is_nrrd = extension in (".nrrd", ".nhdr")
    if start[:4] == b"NRRD" if is_nrrd else b"ElementDataFile" in start:
        header, body = _split(start, is_nrrd)
        for found in _SPACING.finditer(header):
            _check_spacing(path, [_number(text) for text in found.group(1).split()])
        promised = _check_promises(header, is_nrrd)
        names = _data_files(path, header)
        for name in names:
            if not _is_file(path.parent / name):
                raise InputError(f"{path.name}: its data file {name} is missing; it belongs beside the header.")
        mended = _mended_kinds(header) if is_nrrd else header
        bzip2 = is_nrrd and re.search(r"^encoding:\s*(bzip2|bz2)\s*$", mended, re.MULTILINE | re.IGNORECASE)
        renamed = names and (not path.name.endswith(extension) or not str(path).isascii())
        if mended != header or bzip2 or renamed:
            with tempfile.TemporaryDirectory(prefix="dcm-multitask-") as temporary:
                folder = Path(temporary)
                data = b"" if names else _rest(path, body)
                if bzip2:
                    whole = bytearray()
                    for part in ((path.parent / name).read_bytes() for name in names) if names else [data]:
                        whole += _decompressed(path, part, promised - len(whole))
                    data = bytes(whole)
                    mended = re.sub(r"(?mi)^encoding:.*$", "encoding: raw", _without_data_files(mended)) + "\n\n"
                elif names:
                    mended = _beside(folder, path.parent, names, mended)
                (folder / f"image{extension}").write_bytes(mended.encode("latin-1") + data)
                yield folder / f"image{extension}"
            return
    with plain_path(path, extension) as plain:
        yield plain


def files_of(path: Path) -> list[Path]:
    """The files that an image consists of: itself, and those that hold the voxels of a `.nhdr` or `.mhd`.

    Raises:
        OSError: It cannot be opened.
    """
    if path.suffix.lower() not in (".nhdr", ".mhd"):
        return [path]
    with path.open("rb") as file:
        header, _ = _split(file.read(_HEADER_BYTES), path.suffix.lower() == ".nhdr")
    names: list[str] = []
    with suppress(InputError):  # reading it will say so
        names = _data_files(path, header)
    return [path, *(path.parent / name for name in names if _is_file(path.parent / name))]


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 (Path.is_file fails at a name that is too long for the system)


def _check_promises(header: str, is_nrrd: bool) -> int:
    """How many bytes of voxels a header promises; those of a size that is no number are found out later.

    Raises:
        InputError: More axes, channels or bytes than the libraries can take.
    """
    fields = [(name.lower(), value) for name, value in _FIELD.findall(header)]
    for name, value in fields:
        if len(value) > _LONGEST_VALUE and not value.startswith("="):  # longer ones overrun the libraries' own memory
            raise InputError(f"its header is damaged ({name} has {len(value)} letters).")
        if name in _MOST and not 0 < _number(value) <= _MOST[name]:
            raise InputError(f"its header is damaged ({name} is {value[:20]!r}).")
        if name in _SIZES:
            check_bytes(_product(value.split()))
    found = dict(fields)
    sizes, kind = ("sizes", "type") if is_nrrd else ("dimsize", "elementtype")
    numbers = f"{found.get(sizes, '')} {found.get('elementnumberofchannels', '')}".split()
    each = next((size for words, size in _ITEM_BYTES if re.search(words, found.get(kind, ""), re.IGNORECASE)), 1)
    promised = _product(numbers) * each
    check_bytes(promised)
    return int(promised)


def _split(start: bytes, is_nrrd: bool) -> tuple[str, int]:
    """The header, and how many bytes come before the data in the same file."""
    end = re.search(rb"\r?\n\r?\n" if is_nrrd else rb"ElementDataFile[ \t]*=(?![ \t]*LIST)[^\n]*\n?", start)
    length = end.end() if end else len(start)
    return start[:length].decode("latin-1"), length


def _data_files(path: Path, header: str) -> list[str]:
    """Names of the files that hold the voxels, in their order; none where the header's own file does.

    Raises:
        InputError: They are numbered in a way that is not understood.
    """
    found = _DATA_FILE.search(header)
    name = found.group(2) if found else "LOCAL"
    if name.upper().startswith("LOCAL"):
        return []
    names = [name]
    if found and _is_list(name):
        names = [line.strip() for line in header[found.end() :].split("\n") if line.strip()]
    elif "%" in name:
        names = _numbered(name, header)
    if not names or (len(names) > 1 and len(header) >= _HEADER_BYTES):
        raise InputError(f"{path.name}: the names of its data files are not understood.")
    for place, text in enumerate(names):
        with suppress(UnicodeDecodeError):  # most programs write it in UTF-8
            names[place] = text.encode("latin-1").decode()
    return names


def _numbered(value: str, header: str) -> list[str]:
    """`PATTERN FIRST LAST STEP` written out; MetaImage may leave the numbers out. None where it is something else."""
    if not _NUMBERED.fullmatch(value):  # MetaIO would print by it
        return []
    pattern, *given = value.split()
    sizes = re.search(r"(?m)^DimSize *=.*?(\d{1,6})\s*$", header)
    default = ["1", sizes.group(1) if sizes else "1", "1"]
    first, last, step = map(int, (given + default[len(given) :])[:3])
    numbers = range(first, last + (1 if step > 0 else -1), step) if step else range(0)
    return [pattern % number for number in numbers] if len(numbers) <= _MOST_FILES else []


def _beside(folder: Path, source: Path, names: list[str], header: str) -> str:
    """Data files linked beside a mended header, since a path may have letters that no header takes; that header."""
    links = [f"data-{number}.raw" for number in range(len(names))]
    for name, link in zip(names, links, strict=True):
        link_or_copy(source / name, folder / link)
    found = _DATA_FILE.search(header)
    assert found is not None  # it gave the names
    field, value = found.groups()
    if not _is_list(value) and "%" not in value:
        return _DATA_FILE.sub(rf"\g<1>{links[0]}", header)
    axes = value.split()[1:] if _is_list(value) else value.split()[4:]
    return "\n".join([_without_data_files(header), " ".join([field + "LIST", *axes]), *links, ""])


def _without_data_files(header: str) -> str:
    """A header that does not say where its voxels are: that field comes last where it is a list."""
    found = _DATA_FILE.search(header)
    if found and _is_list(found.group(2)):
        header = header[: found.start()]
    return _DATA_FILE.sub("", header).strip()


def _is_list(value: str) -> bool:
    return value.upper().startswith("LIST")


def _mended_kinds(header: str) -> str:
    """NRRD: the one axis without extent in space is called `list`, whatever its kind was."""
    kinds = re.search(r"(?m)^kinds:\s*(.*?)\s*$", header)
    axes = kinds.group(1).split() if kinds else []
    if kinds is None or len(axes) != 4:
        return header
    vectors = re.search(r"(?m)^space directions:\s*(.*?)\s*$", header)
    extents = re.findall(r"none|\([^)]*\)", vectors.group(1)) if vectors else []
    nowhere = [place for place, extent in enumerate(extents) if extent == "none" or "nan" in extent.lower()]
    timely = nowhere if len(nowhere) == 1 else [place for place, kind in enumerate(axes) if kind == "time"]
    if len(timely) != 1 or (not nowhere and timely == [3]):
        return header
    (place,) = timely
    if any(word in axes[place].lower() for word in _COMPONENTS) and place == 0 and not _FASTEST_IS_TIME.search(header):
        return header  # colours or a vector field
    axes[place] = "list"
    return header[: kinds.start(1)] + " ".join(axes) + header[kinds.end(1) :]


def _rest(path: Path, begin: int) -> bytes:
    with path.open("rb") as file:
        file.seek(begin)
        return file.read()


def _decompressed(path: Path, data: bytes, promised: int) -> bytes:
    try:
        return bz2.BZ2Decompressor().decompress(data, promised)
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name}: the file is damaged or not complete.") from error


def _check_spacing(path: Path, spacing: list[float]) -> None:
    if any(value <= 0 for value in spacing):
        values = " x ".join(f"{value:g}" for value in spacing)
        raise InputError(f"{path.name}: its voxel spacing of {values} mm is not positive.")


def _product(texts: list[str]) -> float:
    """Of the whole numbers among them; a float, since an int is not read from more than 4300 digits."""
    return math.prod(float(text) for text in texts if text.isdecimal())


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
