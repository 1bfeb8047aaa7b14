"""Acquired slices with their truth, in memory, as training reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
import torch
from torch.utils.data import Dataset

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.errors import InputError, about
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.imaging.orientation import SliceOrientation
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.learning.augmentation import RawBatch


@dataclass(frozen=True, eq=False)
class RawSlice:
    """One acquired slice.

    Attributes:
        patient: Whose.
        image: float32 `(H, W)`, acquired intensities divided by the slice's largest.
        mask: uint8 `(H, W)`, 1 = myocardium.
        pixel_mm: Row and column spacing.
        centre: Row and column that a crop is centred on: the centroid of the slice's mask (of the patient's mask where
            the slice has none), or the middle of the image.
        dcm: The patient's label.
    """

    patient: str
    image: np.ndarray
    mask: np.ndarray
    pixel_mm: tuple[float, float]
    centre: tuple[float, float]
    dcm: int


def read_patient(patient: Patient) -> tuple[Volume, Volume]:
    """The image and its truth mask.

    Raises:
        InputError: Unreadable, a cine, or the mask is not on the image's grid.
    """
    image, mask = (read_study(path).volume for path in (patient.image, patient.mask))
    if not image.geometry.same_as(mask.geometry):
        raise InputError(f"{patient.mask}: the mask does not lie on the grid of {patient.image.name}.")
    if any(patient.mask_offset):
        mask = mask.with_array(_move_back(mask.array, patient.mask_offset, choose_slice_axis(image.geometry)))
    with about(patient.patient):
        return image.cleaned()[0], mask


def _move_back(labels: np.ndarray, offset: tuple[float, float], slice_axis: int) -> np.ndarray:
    """Labels moved in the slices' plane by minus the offset, by parts of a pixel too: through distance maps."""
    slices = np.moveaxis(labels, 2 - slice_axis, 0)
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


def load_slices(patient: Patient, *, centre: str = "heart") -> list[RawSlice]:
    """All slices of one patient, in slice order and in the orientation that prediction sees.

    Args:
        patient: Whose.
        centre: As in `TrainingSettings`.

    Raises:
        InputError: As `read_patient`.
    """
    image, mask = read_patient(patient)
    orientation = SliceOrientation.of(image.geometry, choose_slice_axis(image.geometry))
    pixel_mm = orientation.pixel_mm(image.geometry)
    images = orientation.view(image.array).astype(np.float32)
    masks = (orientation.view(mask.array) == 1).astype(np.uint8)
    everywhere = np.argwhere(masks.any(axis=0))
    middle = (np.array(images.shape[1:]) - 1) / 2
    whole = everywhere.mean(axis=0) if len(everywhere) else middle
    slices = []
    for pixels, truth in zip(images, masks, strict=True):
        places = np.argwhere(truth)
        heart = places.mean(axis=0) if len(places) else whole
        place = heart if centre == "heart" else middle
        slices.append(
            RawSlice(
                patient=patient.patient,
                image=pixels / max(float(pixels.max()), 1e-6),
                mask=truth,
                pixel_mm=pixel_mm,
                centre=(float(place[0]), float(place[1])),
                dcm=patient.dcm,
            )
        )
    return slices


class SliceDataset(Dataset):
    """The slices of some patients, `repeats` times over.

    Small data sets have few batches an epoch, and what surrounds an epoch (validation, checkpoints) then costs more
    than the epoch; repeating the slices is the same training in longer epochs.
    """

    def __init__(self, patients: Sequence[Patient], *, repeats: int = 1, centre: str = "heart") -> None:
        self.slices = [s for patient in patients for s in load_slices(patient, centre=centre)]
        self.repeats = repeats

    def __len__(self) -> int:
        return len(self.slices) * self.repeats

    def __getitem__(self, index: int) -> RawSlice:
        return self.slices[index % len(self.slices)]


def collate(slices: Sequence[RawSlice]) -> RawBatch:
    """Slices of any sizes to one batch, padded at the bottom and right."""
    height = max(s.image.shape[0] for s in slices)
    width = max(s.image.shape[1] for s in slices)
    image = torch.zeros(len(slices), 1, height, width)
    mask = torch.zeros(len(slices), 1, height, width)
    for n, s in enumerate(slices):
        rows, columns = s.image.shape
        image[n, 0, :rows, :columns] = torch.from_numpy(s.image)
        mask[n, 0, :rows, :columns] = torch.from_numpy(s.mask)
    return RawBatch(
        image=image,
        mask=mask,
        extent=torch.tensor([s.image.shape for s in slices], dtype=torch.float32),
        pixel_mm=torch.tensor([s.pixel_mm for s in slices], dtype=torch.float32),
        centre=torch.tensor([s.centre for s in slices], dtype=torch.float32),
        dcm=torch.tensor([s.dcm for s in slices], dtype=torch.float32),
    )
