"""Slices drawn by hand that several tests of this room need."""

import torch

from DCMMultiTaskLib.learning.augmentation import RawBatch


def rings(n: int = 8) -> RawBatch:
    """Grey rings around bright cavities, in the middle of a dark image of 1 mm pixels."""
    rows, columns = torch.meshgrid(torch.arange(128.0), torch.arange(128.0), indexing="ij")
    distance = ((rows - 63.5) ** 2 + (columns - 63.5) ** 2).sqrt().expand(n, 1, 128, 128)
    cavity, heart = (distance < 22).float(), (distance < 32).float()
    return RawBatch(
        image=0.1 + 0.2 * heart + 0.5 * cavity,
        mask=heart - cavity,
        cavity=cavity,
        depth=((distance - 22) / 10).clamp(0, 1),
        extent=torch.full((n, 2), 128.0),
        pixel_mm=torch.ones(n, 2),
        centre=torch.full((n, 2), 63.5),
        dcm=torch.zeros(n),
    )
