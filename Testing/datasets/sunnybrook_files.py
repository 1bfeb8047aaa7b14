"""Small trees in the layouts of the Sunnybrook data set."""

import argparse
from pathlib import Path

import numpy as np
from imaging.dicom_files import OBLIQUE, write_slice

from DCMMultiTaskLib.commands import prepare

PHASES, POSITIONS, SHAPE = 2, 3, (24, 20)
FIRST = np.array([5.0, -7.0, 30.0])
EPICARDIUM = "4 5\n14 5\n14 17\n4 17\n"  # 11 columns x 13 rows
ENDOCARDIUM = "7 8\n11 8\n11 14\n7 14\n"  # 5 columns x 7 rows


def write_dicom(
    folder: Path, *, name: str = "IM-0004-{:04d}.dcm", steps: tuple[float, ...] = (0, 8, 16), seed: int = 0, **tags: str
) -> np.ndarray:
    """A cine from base to apex, numbered position by position; gives the pixels `(frames, rows, columns)`."""
    pixels = np.random.default_rng(seed).integers(-5, 3000, (len(steps) * PHASES, *SHAPE)).astype(np.int16)
    for number, image in enumerate(pixels, start=1):
        place = FIRST - OBLIQUE[:, 2] * steps[(number - 1) // PHASES]
        tags["t0020_0013"] = str(number)
        write_slice(folder / name.format(number), image, position=place, **tags)
    return pixels


def write_contours(folder: Path) -> None:
    """End diastole is the first phase, systole the second."""
    folder.mkdir(parents=True)
    for position in range(POSITIONS):
        diastole, systole = (f"IM-0001-{position * PHASES + phase:04d}" for phase in (1, 2))
        (folder / f"{diastole}-ocontour-manual.txt").write_text(EPICARDIUM)
        (folder / f"{diastole}-icontour-manual.txt").write_text(ENDOCARDIUM)
        (folder / f"{systole}-icontour-manual.txt").write_text(ENDOCARDIUM)
        (folder / f"{diastole}-p1contour-manual.txt").write_text(ENDOCARDIUM)


def write_patient(source: Path, name: str) -> np.ndarray:
    write_contours(source / "contours" / name / "IRCCI-expert")
    return write_dicom(source / "dicom" / name)


def run(source: Path, output: Path) -> int:
    parser = argparse.ArgumentParser()
    prepare.add_arguments(parser)
    return prepare.run(parser.parse_args(["sunnybrook", str(source), "-o", str(output)]))
