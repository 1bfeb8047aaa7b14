"""DICOM series for the tests of this folder, written by SimpleITK."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import numpy as np
import SimpleITK as sitk

_instances = count(1)

OBLIQUE = np.array([[0.6, 0.0, 0.8], [0.8, 0.0, -0.6], [0.0, -1.0, 0.0]]) @ np.diag([1.0, 1.0, -1.0])
"""Columns: along a row, along a column, their cross product."""


def write_slice(
    path: Path,
    pixels: np.ndarray,
    *,
    position: tuple[float, float, float] | np.ndarray = (0.0, 0.0, 0.0),
    direction: np.ndarray = OBLIQUE,
    spacing: tuple[float, float] = (1.25, 1.25),
    series: str = "1.2.3.4",
    **tags: str,
) -> Path:
    """One MR image; tags as `t0018_1060="12"`."""
    image = sitk.GetImageFromArray(pixels[None])
    image.SetSpacing((*spacing, 8.0))
    image.SetOrigin([float(value) for value in position])
    image.SetDirection(direction.ravel().tolist())
    values = {
        "0008|0060": "MR",
        "0008|0016": "1.2.840.10008.5.1.4.1.1.4",
        "0008|0018": f"1.2.826.0.1.{next(_instances)}",
        "0020|000d": "1.2.3",
        "0020|000e": series,
        "0018|0050": "8",
        "0020|0032": "\\".join(f"{value:.6f}" for value in position),
        "0020|0037": "\\".join(f"{value:.6f}" for value in direction[:, :2].T.ravel()),
    } | {key[1:].replace("_", "|"): value for key, value in tags.items()}
    for key, value in values.items():
        image.SetMetaData(key, value)
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    writer.SetFileName(str(path))
    writer.SetImageIO("GDCMImageIO")
    path.parent.mkdir(parents=True, exist_ok=True)
    writer.Execute(image)
    return path


def write_cine(
    folder: Path,
    *,
    positions: int = 4,
    phases: int = 3,
    step: float = 8.0,
    description: str = "cine SA",
    split_series: bool = False,
    **slice_options: object,
) -> np.ndarray:
    """A stack in shuffled files; gives its pixels `(phases, positions, 24, 20)` as they should be read."""
    rng = np.random.default_rng(positions * 100 + phases)
    pixels = rng.integers(0, 1000, (phases, positions, 24, 20)).astype(np.int16)
    options = {"direction": OBLIQUE, "series": "1.2.3.4"} | slice_options
    order = rng.permutation(positions * phases)
    for number, file in enumerate(order):
        position, phase = divmod(number, phases)
        place = np.array([5.0, -7.0, 30.0]) + options["direction"][:, 2] * step * position
        series = f"{options['series']}.{position}" if split_series else options["series"]
        write_slice(
            folder / f"IM{file:04d}.dcm",
            pixels[phase, position],
            position=place,
            t0018_1060=str(40 * phase),
            t0020_0013=str(1000 - number),
            t0008_103e=description,
            **(options | {"series": series}),
        )
    return pixels
