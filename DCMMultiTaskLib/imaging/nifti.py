"""NIfTI, 1 and 2, compressed or not whatever the file is called, with the one affine that its codes call valid.

Read here and not by ITK, which takes pixdim where it contradicts the affine, and fills the end of a cut file.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Volume, check_bytes, kept_type

_TYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
_COMPLEX, _COLOUR = (32, 1792, 2048), {128: 3, 2304: 4}
# Format and place of dim, datatype, pixdim, offset, slope and intercept, units, codes, quaternion, affine.
_LAYOUTS = {
    348: (
        *(("8h", 40), ("h", 70), ("8f", 76), ("f", 108), ("2f", 112)),
        *(("B", 123), ("2h", 252), ("6f", 256), ("12f", 280)),
    ),
    540: (
        *(("8q", 16), ("h", 12), ("8d", 104), ("q", 168), ("2d", 176)),
        *(("i", 500), ("2i", 344), ("6d", 352), ("12d", 400)),
    ),
}
_LARGEST_HEADER = 540
_UNITS = {1: 1000.0, 2: 1.0, 3: 0.001}
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])
_SPACING_TOLERANCE = 0.01  # share
_ANGLE_TOLERANCE = 1.0  # degrees
_PLACE_TOLERANCE_MM = 1.0


@dataclass(frozen=True)
class _Header:
    order: str
    sizes: tuple[int, ...]
    pixdim: tuple[float, ...]
    datatype: int
    offset: int
    slope: float
    intercept: float
    unit: float
    qform_code: int
    sform_code: int
    quaternion: tuple[float, ...]
    sform: np.ndarray


def read_nifti(path: Path) -> tuple[list[Volume], list[str]]:
    """Read a NIfTI file.

    Args:
        path: `.nii` or `.nii.gz`.

    Returns:
        The volumes, several for a file with four axes, and what the user has to know of how they were read.

    Raises:
        InputError: One sentence on why the file cannot be used.
    """
    if path.suffix.lower() in (".hdr", ".img"):
        raise InputError(f"{path.name}: NIfTI in two files is not read; save it as one .nii.gz file.")
    try:
        content = _content(path, _LARGEST_HEADER)
        header = _parse(content)
    except MemoryError as error:
        raise InputError(f"{path.name}: it does not fit into the memory, or it is damaged.") from error
    except (EOFError, OSError, ValueError, struct.error, zlib.error) as error:
        raise InputError(f"{path.name}: the file is damaged.") from error
    if header.datatype in _COMPLEX:
        raise InputError(f"{path.name}: its voxels are complex numbers; save the magnitude image.")
    components = _COLOUR.get(header.datatype, math.prod(header.sizes[4:]))
    if components > 1:
        colour = " (a colour image)" if components in (3, 4) else ""
        raise InputError(f"{path.name}: the image has {components} components{colour}; save one of them first.")
    if header.datatype not in _TYPES:
        raise InputError(f"{path.name}: its voxels are of a type that is not read (NIfTI datatype {header.datatype}).")
    if len(header.sizes) < 2:
        raise InputError(f"{path.name}: an image has 2, 3 or 4 axes, this one has {len(header.sizes)}.")
    i, j, k, phases = (*header.sizes, 1, 1)[:4]
    spacing, origin, direction, notes = _geometry(path, header)
    kind = np.dtype(header.order + _TYPES[header.datatype])
    check_bytes(math.prod((i, j, k, phases)) * kind.itemsize)
    check_bytes(header.offset)
    try:
        content = _content(path, header.offset + math.prod((i, j, k, phases)) * kind.itemsize)
    except MemoryError as error:
        raise InputError(f"{path.name}: it does not fit into the memory, or it is damaged.") from error
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(f"{path.name}: the file is damaged.") from error
    if len(content) < header.offset + math.prod((i, j, k, phases)) * kind.itemsize:
        raise InputError(f"{path.name}: the file is not complete, its end is missing.")
    stored = np.frombuffer(content, kind, i * j * k * phases, header.offset).astype(kind.newbyteorder("="))
    if header.slope not in (0.0, 1.0) or (header.slope and header.intercept):
        stored = (stored * header.slope + header.intercept).astype(np.float32)
    array = stored.astype(kept_type(stored.dtype), copy=False)
    return [Volume.of(one, spacing, origin, direction) for one in array.reshape(phases, k, j, i)], notes


def _content(path: Path, count: int) -> bytes:
    """The first bytes of a file, of its content where it is compressed."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as stream:
        return stream.read(count)


def _parse(content: bytes) -> _Header:
    for order in "<>":
        (kind,) = struct.unpack_from(order + "i", content, 0)
        if kind not in _LAYOUTS:
            continue
        layout = _LAYOUTS[kind]
        dim, (datatype,), pixdim, (offset,), scale, (units,), codes, quaternion, rows = (
            struct.unpack_from(order + form, content, at) for form, at in layout
        )
        axes = dim[0]
        if not 1 <= axes <= 7 or min(dim[1 : axes + 1]) < 1 or not math.isfinite(offset):
            raise ValueError("impossible sizes")
        slope, intercept = scale if all(map(math.isfinite, scale)) else (0.0, 0.0)
        sizes = dim[1 : axes + 1]
        affine = np.reshape(rows, (3, 4)).astype(float)
        unit = _UNITS.get(units & 7, 1.0)
        qform, sform = codes
        begin = max(int(offset), kind)
        return _Header(order, sizes, pixdim, datatype, begin, slope, intercept, unit, qform, sform, quaternion, affine)
    raise ValueError("no NIfTI header")


def _geometry(
    path: Path, header: _Header
) -> tuple[tuple[float, float, float], tuple[float, float, float], np.ndarray, list[str]]:
    """Spacing, origin and direction (LPS), and notes."""
    axes = min(len(header.sizes), 3)
    pixdim = np.array([*header.pixdim[1 : axes + 1], *[1.0] * (3 - axes)])
    if (header.qform_code > 0 or header.sform_code <= 0) and (not np.isfinite(pixdim).all() or (pixdim <= 0).any()):
        values = " x ".join(f"{value:g}" for value in pixdim[:axes])
        raise InputError(f"{path.name}: its voxel spacing of {values} mm is not positive.")
    notes: list[str] = []
    found: dict[str, np.ndarray] = {}
    if header.qform_code > 0:
        found["qform"] = _qform(header, pixdim)
    if header.sform_code > 0:
        found["sform"] = header.sform
    broken = [name for name, affine in found.items() if not np.isfinite(affine).all() or not _spacing(affine).all()]
    for name in broken:
        if len(broken) == len(found):
            raise InputError(f"{path.name}: its orientation ({name}) is not a number or has no extent; set it anew.")
        notes.append(f"The {name} of the file is not a number or has no extent; the other affine is taken.")
        del found[name]
    if len(found) == 2:
        _check_agreement(path, found["qform"], found["sform"])
    if not found:
        notes.append("The file does not say how the patient lies (qform_code and sform_code are 0).")
        found["pixdim"] = np.column_stack([np.diag(pixdim), np.zeros(3)])
    affine = found.get("qform", found.get("sform", found.get("pixdim")))
    assert affine is not None
    spacing = _spacing(affine)
    if np.abs(spacing / np.where(pixdim > 0, pixdim, np.nan) - 1)[:axes].max(initial=0) > _SPACING_TOLERANCE or (
        "sform" in found and not (pixdim > 0).all()
    ):
        notes.append(
            f"The spacing in the file's pixdim ({_said(pixdim)} mm) contradicts its {next(iter(found))} "
            f"({_said(spacing)} mm), which is coded as valid and taken."
        )
    direction = affine[:, :3] / spacing
    if np.abs(direction.T @ direction - np.eye(3)).max() > 0.01:
        raise InputError(
            f"{path.name}: its axes are not at right angles (a sheared sform); resample it onto a "
            "grid with right angles."
        )
    spacing, origin = spacing * header.unit, _RAS_TO_LPS @ affine[:, 3] * header.unit
    return tuple(spacing.tolist()), tuple(origin.tolist()), _RAS_TO_LPS @ direction, notes


def _qform(header: _Header, pixdim: np.ndarray) -> np.ndarray:
    b, c, d, *offset = header.quaternion
    rest = 1 - b * b - c * c - d * d
    a = math.sqrt(rest) if rest > 1e-7 else 0.0
    if rest <= 1e-7:  # half a turn; the rounded parts are brought to length 1
        b, c, d = np.array([b, c, d]) / math.sqrt(b * b + c * c + d * d)
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    flip = -1.0 if header.pixdim[0] < 0 else 1.0
    return np.column_stack([rotation * pixdim * (1, 1, flip), offset])


def _spacing(affine: np.ndarray) -> np.ndarray:
    return np.linalg.norm(affine[:, :3], axis=0)


def _check_agreement(path: Path, qform: np.ndarray, sform: np.ndarray) -> None:
    """Refuse affines that are both coded as valid and differ."""
    spacings = _spacing(qform), _spacing(sform)
    cosines = np.sum(qform[:, :3] * sform[:, :3], axis=0) / (spacings[0] * spacings[1])
    why = ""
    if np.abs(spacings[0] / spacings[1] - 1).max() > _SPACING_TOLERANCE:
        why = f"spacings of {_said(spacings[0])} mm and {_said(spacings[1])} mm"
    elif cosines.min() < math.cos(math.radians(_ANGLE_TOLERANCE)):
        why = f"axes that are {math.degrees(math.acos(max(-1.0, float(cosines.min())))):.1f} degrees apart"
    elif np.linalg.norm(qform[:, 3] - sform[:, 3]) > _PLACE_TOLERANCE_MM:
        why = f"first voxels that are {np.linalg.norm(qform[:, 3] - sform[:, 3]):.1f} mm apart"
    if why:
        raise InputError(
            f"{path.name}: its qform and its sform are both coded as valid and contradict each other ({why}); "
            "set the code of the wrong one to 0."
        )


def _said(values: np.ndarray) -> str:
    return " x ".join(f"{value:.3g}" for value in values)
