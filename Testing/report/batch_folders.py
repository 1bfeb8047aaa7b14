"""Folders that `batch` wrote: a small one, and one of many studies made from it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from DCMMultiTaskLib.batch.options import BatchOptions
from DCMMultiTaskLib.batch.run import run_batch
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.phantom import make_phantom, make_phantom_cine
from DCMMultiTaskLib.storage import read_table, write_table


def few_studies(folder: Path) -> Path:
    """Two hearts, one that beats, one of which two slices are blank, an image without anything, and others.

    The others are a file that is cut off, and two label maps.
    """
    folder.mkdir(parents=True)
    still = [make_phantom(seed, dilated=seed != 4, slices=5, matrix=(160, 192)).volume for seed in (3, 4)]
    blank = still[0].array.copy()
    blank[1::2] = 0
    gradient = np.broadcast_to(np.arange(192, dtype=np.int16), blank.shape)
    studies = {
        "heart-1": still[0],
        "heart-2": still[1],
        "blank-1": still[0].with_array(blank),
        "empty-1": still[0].with_array(gradient),
        "heart-1_gt": still[0].with_array((still[0].array > 200).astype(np.uint8)),
        "heart-2_gt": still[1].with_array((still[1].array > 200).astype(np.uint8)),
    }
    for name, volume in studies.items():
        write_volume(folder / f"{name}.nrrd", volume)
    beats = make_phantom_cine(5, phases=4, dilated=False, slices=5, matrix=(160, 192))
    sitk.WriteImage(sitk.JoinSeries([_image(study.volume) for study in beats]), str(folder / "cine-1.nii.gz"))
    (folder / "broken.nrrd").write_text("NRRD0004\n")
    return folder


def _image(volume: Volume) -> sitk.Image:
    image = sitk.GetImageFromArray(volume.array)
    image.SetSpacing([float(value) for value in volume.geometry.spacing])
    image.SetOrigin([float(value) for value in volume.geometry.origin])
    image.SetDirection(np.asarray(volume.geometry.direction, dtype=float).ravel().tolist())
    return image


def small_batch(folder: Path, model: Path) -> Path:
    """What `batch` makes of these."""
    run_batch(BatchOptions(few_studies(folder / "in"), folder / "out", model=model, device="cpu"))
    return folder / "out"


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
