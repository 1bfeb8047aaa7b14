"""Batch folders as `batch` leaves them, made by the real predictor on phantoms."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.inference.files import write_result
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.phantom import make_phantom, make_phantom_cine
from DCMMultiTaskLib.report.thumbnails import study_thumbnails
from DCMMultiTaskLib.storage import read_table, write_table

FAILURES = [("broken.nrrd", "the file is damaged or cut off."), ("text.dcm", "this is no image.")]
SKIPPED = [("export/1", "localizer"), ("export/2", "long axis"), ("export/3", "localizer")]


def few_studies(slices: int = 5, matrix: tuple[int, int] = (160, 192)) -> list[Study]:
    """Two hearts, one that beats, one of which only the first slice is no noise, and an image without anything."""
    small = {"slices": slices, "matrix": matrix}
    still = [make_phantom(seed, dilated=seed != 4, **small).volume for seed in (3, 4, 6)]
    noisy = still[2].array.copy()
    noisy[1:] = np.random.default_rng(1).integers(0, 900, noisy[1:].shape)
    gradient = np.broadcast_to(np.arange(matrix[1], dtype=np.int16), still[0].array.shape)
    beats = [study.volume for study in make_phantom_cine(5, phases=4, dilated=False, **small)]
    return [
        Study("heart-1", [still[0]]),
        Study("heart-2", [still[1]]),
        Study("cine-1", beats, times_ms=(0.0, 200.0, 400.0, 600.0)),
        Study("noise-1", [still[2].with_array(noisy)]),
        Study("empty-1", [still[0].with_array(gradient)]),
    ]


def write_batch(
    folder: Path,
    results: Iterable[Result],
    *,
    failures: Sequence[tuple[str, str]] = FAILURES,
    skipped: Sequence[tuple[str, str]] = SKIPPED,
) -> Path:
    """The files of these results, and the tables of the batch."""
    rows, slices, head = [], [], []
    for result in results:
        place = folder / "studies" / result.name
        write_result(result, place)
        (place / f"{result.name}_thumbnails.svg").write_bytes(study_thumbnails(result))
        head, risk = read_table(place / f"{result.name}_risk.csv")
        slices += [[result.name, *row.values()] for row in risk]
        beat, whole = result.heart_beat, result.measurements
        known = np.isfinite(result.dcm_probability)
        rows.append(
            [
                result.name,
                round(result.dcm_probability, 6) if known else "",
                result.dcm_class if known else "",
                round(whole.lv_cavity_volume_ml, 3),
                round(whole.myocardium_mass_g, 3),
                round(beat.ejection_fraction_percent, 3) if beat else "",
            ]
        )
    columns = ("study", "dcm_probability", "dcm_class", "lv_cavity_volume_ml", "myocardium_mass_g")
    write_table(folder / "results.csv", [*columns, "ejection_fraction_percent"], rows)
    write_table(folder / "slices.csv", ["study", *head], slices)
    write_table(folder / "failures.csv", ["input", "reason"], failures)
    write_table(folder / "skipped.csv", ["input", "reason"], skipped)
    return folder


def repeated(source: Path, folder: Path, times: int) -> Path:
    """Another batch folder, with each study of the source so many times under names of their own."""
    for table in ("results.csv", "slices.csv"):
        head, rows = read_table(source / table)
        again = ([f"{row['study']}-{n:03}", *list(row.values())[1:]] for n in range(times) for row in rows)
        write_table(folder / table, head, again)
    for place in (source / "studies").iterdir():
        for n in range(times):
            shutil.copytree(place, folder / "studies" / f"{place.name}-{n:03}", copy_function=os.link)
    return folder
