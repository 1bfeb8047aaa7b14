"""What a network says of the slices that it has not seen, as a file."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.learning.augmentation import NO_AUGMENTATION, augment
from DCMMultiTaskLib.learning.slices import SliceDataset, collate
from DCMMultiTaskLib.networks.attention import Classifier
from DCMMultiTaskLib.storage import atomic_path

# A network of the tables by its key, and one of its folds.
Fold = tuple[str, int]


@dataclass(frozen=True, eq=False)
class GridSlices:
    """All slices of some patients on the network's grid, with their truth.

    Attributes:
        patient: `(N,)` str.
        number: `(N,)` index of the slice within its patient.
        image: float32 `(N, 128, 128)` in [0, 255].
        mask: uint8 `(N, 128, 128)`.
        dcm: `(N,)` label.
    """

    patient: np.ndarray
    number: np.ndarray
    image: np.ndarray
    mask: np.ndarray
    dcm: np.ndarray


def grid_slices(patients: Sequence[Patient], *, centre: str = "image") -> GridSlices:
    """Read the patients' slices as cross validation sees them: no augmentation, slice order.

    Raises:
        InputError: An image or mask cannot be used.
    """
    dataset = SliceDataset(patients, centre=centre)
    parts = [(*augment(batch, NO_AUGMENTATION)[:2], batch.dcm) for batch in DataLoader(dataset, 32, collate_fn=collate)]
    image, mask, dcm = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
    names = [s.patient for s in dataset.slices]
    return GridSlices(
        patient=np.array(names),
        number=np.array([names[:n].count(name) for n, name in enumerate(names)]),
        image=image[:, 0],
        mask=mask[:, 0].astype(np.uint8),
        dcm=dcm.astype(int),
    )


@dataclass(frozen=True, eq=False)
class Predictions:
    """A network's answers, in the order of `GridSlices`.

    Attributes:
        patient: `(N,)` str.
        number: `(N,)` index of the slice within its patient.
        dcm_logit: float32 `(N,)`; NaN from a network that does not classify.
        mask_logits: float16 `(N, 128, 128)`; `(0, 0, 0)` from a network that draws no mask.
        activation: Class activation map, float16 `(N, h, w)`; `(0, 0, 0)` from a network that has none.
    """

    patient: np.ndarray
    number: np.ndarray
    dcm_logit: np.ndarray
    mask_logits: np.ndarray
    activation: np.ndarray

    def save(self, path: Path) -> None:
        """Write an `.npz`; the file appears whole or not at all."""
        _save(path, vars(self))

    @classmethod
    def load(cls, path: Path) -> Predictions:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{name: arrays[name] for name in cls.__dataclass_fields__})

    def examples(self, rows: Sequence[int]) -> Predictions:
        """Those of some rows, with masks that tell in from out alone, so that a file of them stays small."""
        at = {name: array[rows] if len(array) else array for name, array in vars(self).items()}
        return Predictions(**{**at, "mask_logits": np.sign(at["mask_logits"])})


def write_examples(examples: Mapping[Fold, Predictions], path: Path) -> None:
    """Write the predictions of some slices of several networks and folds to one `.npz`."""
    arrays = {f"{network}.{fold}.{n}": a for (network, fold), own in examples.items() for n, a in vars(own).items()}
    _save(path, arrays)


def read_examples(path: Path) -> dict[Fold, Predictions]:
    """Read what `write_examples` wrote; nothing where there is no such file.

    Raises:
        InputError: The file is damaged.
    """
    found: dict[Fold, dict[str, np.ndarray]] = {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            for key, array in arrays.items():
                network, fold, name = key.rsplit(".", 2)
                found.setdefault((network, int(fold)), {})[name] = array
        return {fold: Predictions(**own) for fold, own in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged.") from error


def _save(path: Path, arrays: Mapping[str, Any]) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


@torch.inference_mode()
def predict_slices(network: nn.Module, slices: GridSlices, *, batch_size: int = 16) -> Predictions:
    """Run a network in evaluation mode, on the device it is on."""
    network.eval()
    classifier = getattr(network, "classifier", None)
    device = next(network.parameters()).device
    masks, logits, maps = [], [], []
    for start in range(0, len(slices.image), batch_size):
        image = torch.from_numpy(slices.image[start : start + batch_size, None]).to(device)
        output = network(image.contiguous(memory_format=torch.channels_last))
        if output.mask_logits is not None:
            masks.append(output.mask_logits[:, 0].half().cpu())
        logit = output.dcm_logit
        logits.append(torch.full((len(image),), torch.nan) if logit is None else logit.float().cpu())
        if output.attention_features is not None and isinstance(classifier, Classifier):
            maps.append(classifier.activation_map(output.attention_features).half().cpu())
    nothing = torch.zeros(0, 0, 0, dtype=torch.float16)
    return Predictions(
        patient=slices.patient,
        number=slices.number,
        dcm_logit=torch.cat(logits).numpy(),
        mask_logits=(torch.cat(masks) if masks else nothing).numpy(),
        activation=(torch.cat(maps) if maps else nothing).numpy(),
    )
