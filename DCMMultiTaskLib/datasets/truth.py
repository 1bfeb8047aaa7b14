"""A patient's image and its true mask, as training and evaluation read them."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.errors import InputError, about
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.imaging.volume import Volume, slices_first
from DCMMultiTaskLib.measurements.masks import enclosed


def read_patient(patient: Patient) -> tuple[Volume, Volume]:
    """The image and its truth mask: 1 myocardium, 2 LV cavity where it is known.

    Raises:
        InputError: Unreadable, a cine, the mask is not on the image's grid, or has no myocardium or unknown values.
    """
    image, mask = (read_study(path, keep_identifiers=True).volume for path in (patient.image, patient.mask))
    if not image.geometry.same_as(mask.geometry):
        raise InputError(f"{patient.mask}: the mask does not lie on the grid of {patient.image.name}.")
    mask = _labels(mask, patient)
    if any(patient.mask_offset):
        mask = mask.with_array(_move_back(mask.array, patient.mask_offset, choose_slice_axis(image.geometry)))
    with about(patient.patient):
        return image.cleaned()[0], mask


def true_cavity(labels: np.ndarray, slice_axis: int) -> np.ndarray:
    """The LV cavity of true labels `(K, J, I)`, bool: its own label where there is one, and what the wall encloses.

    Args:
        labels: As `read_patient` gives them.
        slice_axis: 0, 1, 2 for I, J, K.
    """
    return (labels == LV_CAVITY.label) | enclosed(labels == MYOCARDIUM.label, slice_axis).astype(bool)


def _labels(mask: Volume, patient: Patient) -> Volume:
    """The mask with the values 0, 1 and 2; a wrong value, taken for background, would be learned without a word."""
    values = np.unique(mask.array)
    wanted = 1 if patient.mask_value is None else patient.mask_value
    has = ", ".join(f"{value:g}" for value in values[:8]) + (", ..." if len(values) > 8 else "")
    if wanted not in values:
        choose = "; --mask-value chooses another one" if values.any() else ""
        raise InputError(f"{patient.mask}: no voxel of the mask is {wanted}, the myocardium; it has {has}{choose}.")
    if patient.mask_value is not None:
        return mask.with_array((mask.array == wanted).astype(np.uint8))
    if not np.isin(values, (0, 1, 2)).all():
        raise InputError(
            f"{patient.mask}: the mask has {has}, where 0, 1 (myocardium) and 2 (cavity) are known; "
            "--mask-value says which one is the myocardium."
        )
    return mask


def _move_back(labels: np.ndarray, offset: tuple[float, float], slice_axis: int) -> np.ndarray:
    """Labels moved in the slices' plane by minus the offset, by parts of a pixel too: through distance maps."""
    slices = slices_first(labels, slice_axis)
    moved = np.zeros_like(slices)
    step = sitk.TranslationTransform(2, (offset[1], offset[0]))
    for number, plane in enumerate(slices):
        # From the outermost label in: what holds 2 inside 1 stays whole.
        for label in range(1, int(plane.max()) + 1):
            inside = sitk.GetImageFromArray((plane >= label).astype(np.uint8))
            moved_inside = sitk.Resample(_distance(inside) - _distance(1 - inside), step, sitk.sitkLinear, 1e3)
            moved[number][sitk.GetArrayViewFromImage(moved_inside) < 0] = label
    return np.moveaxis(moved, 0, 2 - slice_axis)


def _distance(inside: sitk.Image) -> sitk.Image:
    """0 on the boundary pixels of what is inside, growing outwards, negative inside."""
    return sitk.SignedMaurerDistanceMap(inside, squaredDistance=False, useImageSpacing=False)
