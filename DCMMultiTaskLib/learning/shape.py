"""Hearts of another shape, by where the pixels of their image are taken from."""

from __future__ import annotations

import torch
from torch import Tensor

# Log of the cavity's radius before over after: a weak beat leaves 82 % of the area, a strong one near the apex 20 %.
CONTRACTION = (0.1, 0.8)
# The wall's share of area that it gains in a slice: muscle keeps its volume, and the ventricle gets shorter.
THICKENING = 0.25
# What lies this far outside the heart, in mm, moves by a third of what the epicardium does.
SURROUNDINGS_MM = 30.0
SMALLEST_CAVITY_MM = 4.0


def uniform(n: int, low: float, high: float, device: torch.device) -> Tensor:
    """`(n,)` numbers from `low` to `high`."""
    return torch.rand(n, device=device) * (high - low) + low


def radius_mm(area_mm2: Tensor) -> Tensor:
    """Radius of a disc of that area."""
    return (area_mm2 / torch.pi).sqrt()


def bent(place_mm: Tensor, heart_mm: Tensor, outer_mm: Tensor, bend: Tensor) -> Tensor:
    """Places moved towards or away from the heart's centre, most at about the wall, without folds.

    Args:
        place_mm: `(N, H, W, 2)`.
        heart_mm: The heart's centre, `(N, 2)`.
        outer_mm: Radius of what the epicardium encloses, `(N,)`.
        bend: A pixel there is taken from e^bend times its distance from the centre, `(N,)`.
    """
    n, device = len(place_mm), place_mm.device
    away = place_mm - heart_mm[:, None, None]
    relative = away.norm(dim=-1) / outer_mm.clamp(min=5)[:, None, None]
    where = uniform(n, 0.4, 1.0, device)[:, None, None]
    bump = torch.exp(-(((relative - where) / 0.35) ** 2) / 2)
    return heart_mm[:, None, None] + away * torch.exp(bend[:, None, None] * bump)[..., None]


def contracted(
    place_mm: Tensor, heart_mm: Tensor, inner_mm: Tensor, outer_mm: Tensor, which: Tensor
) -> tuple[Tensor, Tensor]:
    """Places such that hearts filled at end diastole look as at end systole: small cavities within thick walls.

    The cavity shrinks; the wall follows and keeps its area but for `THICKENING`; what surrounds the heart moves after.

    Args:
        place_mm: `(N, H, W, 2)`.
        heart_mm: The heart's centre, `(N, 2)`.
        inner_mm: Radius of the cavity, `(N,)`.
        outer_mm: Radius of what the epicardium encloses, `(N,)`.
        which: bool `(N,)`; the others stay as they are, as do slices with a cavity too small to shrink.

    Returns:
        The places, and the logarithm of the cavity's radius before and after, `(N,)`.
    """
    n, device = len(place_mm), place_mm.device
    log_shrink = uniform(n, *CONTRACTION, device)
    log_shrink = torch.minimum(log_shrink, (inner_mm / SMALLEST_CAVITY_MM).clamp(min=1).log()) * which
    gain = 1 + uniform(n, 0, THICKENING, device)

    def wide(values: Tensor) -> Tensor:
        return values[:, None, None]

    small = inner_mm * torch.exp(-log_shrink)
    large = (small**2 + gain * (outer_mm**2 - inner_mm**2)).sqrt()
    away = place_mm - wide(heart_mm)
    radius = away.norm(dim=-1).clamp(min=1e-3)
    cavity = radius * torch.exp(wide(log_shrink))
    wall = (wide(inner_mm) ** 2 + (radius**2 - wide(small) ** 2) / wide(gain)).clamp(min=0).sqrt()
    beyond = radius + wide(outer_mm - large) * torch.exp(-(radius - wide(large)) / SURROUNDINGS_MM)
    source = torch.where(radius < wide(small), cavity, torch.where(radius < wide(large), wall, beyond))
    moved = wide(heart_mm) + away * (source / radius)[..., None]
    return torch.where(wide(log_shrink)[..., None] > 0, moved, place_mm), log_shrink
