"""Acquired slices with their truth, in memory, as training reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Dataset

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.datasets.truth import read_patient, true_cavity
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.imaging.orientation import SliceOrientation
from DCMMultiTaskLib.imaging.segments import MYOCARDIUM
from DCMMultiTaskLib.learning.augmentation import RawBatch
from DCMMultiTaskLib.learning.wall import wall_depth


@dataclass(frozen=True, eq=False)
class RawSlice:
    """One acquired slice.

    Attributes:
        patient: Whose.
        image: float32 `(H, W)`, acquired intensities between 0, the slice's smallest, and 1.
        mask: uint8 `(H, W)`, 1 = myocardium.
        cavity: uint8 `(H, W)`, 1 = LV cavity.
        depth: float32 `(H, W)`, place in the wall as `wall.wall_depth` has it.
        pixel_mm: Row and column spacing.
        centre: Row and column that a crop is centred on: the centroid of the slice's mask (of the patient's mask where
            the slice has none), or the middle of the image.
        dcm: The patient's label.
    """

    patient: str
    image: np.ndarray
    mask: np.ndarray
    cavity: np.ndarray
    depth: np.ndarray
    pixel_mm: tuple[float, float]
    centre: tuple[float, float]
    dcm: int


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
    labels = orientation.view(mask.array)
    masks, cavities = (labels == MYOCARDIUM.label).astype(np.uint8), true_cavity(labels, 2)
    everywhere = np.argwhere(masks.any(axis=0))
    middle = (np.array(images.shape[1:]) - 1) / 2
    whole = everywhere.mean(axis=0) if len(everywhere) else middle
    slices = []
    for pixels, truth, cavity in zip(images, masks, cavities, strict=True):
        places = np.argwhere(truth)
        heart = places.mean(axis=0) if len(places) else whole
        place = heart if centre == "heart" else middle
        slices.append(
            RawSlice(
                patient=patient.patient,
                image=(pixels - pixels.min()) / max(float(np.ptp(pixels)), 1e-6),
                mask=truth,
                cavity=cavity.astype(np.uint8),
                depth=wall_depth(truth.astype(bool), cavity),
                pixel_mm=pixel_mm,
                centre=(float(place[0]), float(place[1])),
                dcm=patient.dcm,
            )
        )
    return slices


class SliceDataset(Dataset):
    """The slices of some patients, `repeats` times over, and beside them a share of other slices.

    Small data sets have few batches an epoch, and what surrounds an epoch (validation, checkpoints) then costs more
    than the epoch; repeating the slices is the same training in longer epochs.

    Args:
        patients: Whose slices are all seen equally often.
        repeats: How often an epoch has them.
        centre: As in `TrainingSettings`.
        also: Further patients, phantoms say; their slices are added.
        also_share: Share of an epoch that they make up, whatever their number; 0 counts them as the others.
    """

    def __init__(
        self,
        patients: Sequence[Patient],
        *,
        repeats: int = 1,
        centre: str = "heart",
        also: Sequence[Patient] = (),
        also_share: float = 0.0,
    ) -> None:
        self.slices = [s for patient in patients for s in load_slices(patient, centre=centre)]
        self.others = [s for patient in also for s in load_slices(patient, centre=centre)]
        self.own = len(self.slices) * repeats
        others = len(self.others) * repeats
        if also_share and others:
            others = round(self.own * also_share / (1 - also_share))
        self.length = self.own + others

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> RawSlice:
        if index < self.own:
            return self.slices[index % len(self.slices)]
        # A step that has no divisor in common with the number of slices spreads few draws over all the studies.
        return self.others[(index - self.own) * _coprime(len(self.others)) % len(self.others)]


def _coprime(count: int) -> int:
    """A number near 0.618 `count` without a common divisor with it."""
    return next(n for n in range(max(1, round(0.618 * count)), count + 2) if math.gcd(n, count) == 1)


def collate(slices: Sequence[RawSlice]) -> RawBatch:
    """Slices of any sizes to one batch, padded at the bottom and right."""
    height = max(s.image.shape[0] for s in slices)
    width = max(s.image.shape[1] for s in slices)
    image, mask, cavity = (torch.zeros(len(slices), 1, height, width) for _ in range(3))
    depth = torch.ones(len(slices), 1, height, width)
    for n, s in enumerate(slices):
        rows, columns = s.image.shape
        for padded, own in ((image, s.image), (mask, s.mask), (cavity, s.cavity), (depth, s.depth)):
            padded[n, 0, :rows, :columns] = torch.from_numpy(own)
    return RawBatch(
        image=image,
        mask=mask,
        cavity=cavity,
        depth=depth,
        extent=torch.tensor([s.image.shape for s in slices], dtype=torch.float32),
        pixel_mm=torch.tensor([s.pixel_mm for s in slices], dtype=torch.float32),
        centre=torch.tensor([s.centre for s in slices], dtype=torch.float32),
        dcm=torch.tensor([s.dcm for s in slices], dtype=torch.float32),
    )
