"""Trains the small model that the tests predict with: `python Testing/data/make_tiny_model.py` (two minutes).

It is a real network with real weights, only small, and it has seen nothing but phantoms. Make it anew when the network
changes in a way that its weights no longer fit.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from DCMMultiTaskLib.imaging.grid import SliceGrid, normalise
from DCMMultiTaskLib.inference.package import ModelPackage, save_package
from DCMMultiTaskLib.networks.config import preset
from DCMMultiTaskLib.networks.registry import build
from DCMMultiTaskLib.phantom import make_phantom

PATH = Path(__file__).with_name("tiny.dcmmodel")
STUDIES, STEPS, BATCH, FIRST_SEED = 28, 1200, 8, 1000

CARD = """# tiny

A small network trained for two minutes on synthetic phantoms, for the tests of this project. It knows no patient.
Research use only.
"""


def slices() -> tuple[Tensor, Tensor, Tensor]:
    """Images, masks `(N, 1, 128, 128)` and labels `(N,)`: crops near the heart, and as many anywhere in the image."""
    rng = np.random.default_rng(0)
    images, masks, labels = [], [], []
    for number in range(STUDIES):
        study = make_phantom(
            FIRST_SEED + number, dilated=bool(number % 2), contrast="random" if number % 4 > 1 else "lge"
        )
        heart = np.argwhere(study.truth.array > 0).mean(axis=0)[::-1]
        centre = (study.volume.geometry.index_to_lps @ np.append(heart, 1))[:3]
        for reach in (25, 110):
            place = centre + rng.uniform(-reach, reach, 3)
            grid = SliceGrid.around(study.volume.geometry, slice_axis=2, centre_lps=place)
            images.append(normalise(grid.sample(study.volume.array)))
            masks.append((grid.sample(study.truth.array == 1) >= 0.5).astype(np.float32))
            labels += [study.dcm] * grid.slices
    return (
        torch.from_numpy(np.concatenate(images)),
        torch.from_numpy(np.concatenate(masks)),
        torch.tensor(labels).float(),
    )


def main() -> None:
    """Train and write the package."""
    torch.manual_seed(0)
    images, masks, labels = slices()
    config = preset("default", width=4, normalisation="batch")
    network = build("multitask", config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=STEPS)
    for step in range(STEPS):
        chosen = torch.randint(len(images), (BATCH,))
        image, mask = (torch.rot90(x[chosen], step % 4, (2, 3)) for x in (images, masks))
        if step % 8 > 3:
            image, mask = image.flip(-1), mask.flip(-1)
        output = network(image.contiguous(memory_format=torch.channels_last))
        guess = torch.sigmoid(output.mask_logits)
        both = (guess * mask).sum((1, 2, 3))
        either = (guess + mask).sum((1, 2, 3)) - both
        loss = 3 * (1 - (both + 10) / (either + 10)).mean()
        shows_heart = mask.sum((1, 2, 3)) > 200
        if shows_heart.any():
            label = labels[chosen][shows_heart]
            loss = loss + F.binary_cross_entropy_with_logits(output.dcm_logit[shows_heart], label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 99:
            print(f"step {step + 1}: loss {loss.item():.3f}", flush=True)
    package = ModelPackage(
        network_config=config,
        weights=network.state_dict(),
        training={"data": f"{STUDIES} phantoms", "licence": "Apache-2.0"},
        licence="Apache-2.0",
        name="tiny",
        version="1",
        card=CARD,
    )
    print(PATH, save_package(package, PATH, half_precision=True))


if __name__ == "__main__":
    main()
