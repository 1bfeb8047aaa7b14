"""Images as other programs leave them, for the tests of reading; helpers, no tests."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from geometry import rotation

from DCMMultiTaskLib.imaging.reading import read_study

HEART = np.random.default_rng(0).integers(0, 1000, (5, 30, 28)).astype(np.int16)
SPACING = (1.58, 1.58, 10.0)


def image() -> sitk.Image:
    made = sitk.GetImageFromArray(HEART)
    made.SetSpacing(SPACING)
    made.SetOrigin((-20, 30.5, 7))
    made.SetDirection(rotation(np.random.default_rng(5)).ravel().tolist())
    return made


def read_like_the_image(path: Path) -> tuple[str, ...]:
    """Its notes, after its voxels and its place were compared."""
    study = read_study(path)
    assert np.array_equal(study.volume.array, HEART)
    assert study.geometry.spacing == pytest.approx(SPACING, rel=1e-5)
    assert study.geometry.origin == pytest.approx((-20, 30.5, 7), rel=1e-5)
    assert study.geometry.direction.ravel() == pytest.approx(image().GetDirection(), abs=1e-5)
    return study.notes


def nrrd(
    path: Path, kinds: list[str], place: int | None, *, more: str = "", encode=bytes, encoding: str = "raw"
) -> Path:
    """The heart, or three of them along the axis at `place`."""
    matrix = rotation(np.random.default_rng(5)) * SPACING
    vectors = ["(" + ",".join(f"{v:.9g}" for v in matrix[:, axis]) + ")" for axis in range(3)]
    sizes, array = [28, 30, 5], HEART
    if place is not None:
        vectors.insert(place, "none")
        sizes.insert(place, 3)
        array = np.moveaxis(np.stack([HEART, HEART + 1, HEART + 2]), 0, 3 - place)
    header = (
        f"NRRD0004\ntype: int16\ndimension: {len(sizes)}\nspace: left-posterior-superior\n"
        f"sizes: {' '.join(map(str, sizes))}\nspace directions: {' '.join(vectors)}\nkinds: {' '.join(kinds)}\n"
        f"endian: little\nencoding: {encoding}\nspace origin: (-20,30.5,7)\n{more}\n"
    )
    path.write_bytes(header.encode() + encode(array.astype("<i2").tobytes()))
    return path
