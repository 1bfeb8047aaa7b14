"""A sense of shape: what the network says of a piece of the wall, weighed with what it says of the wall beside it."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from DCMMultiTaskLib.inference.tensors import array_of, tensor_of

DIRECTIONS = 96
HARMONICS = 3
"""An ellipse off its centre has three; more would follow the dents that are to be smoothed."""
STIFFNESS = 0.3
"""How much wall a harmonic of order 1 needs to be believed, in directions with a millimetre of it; order n, n squared
times as much."""
REACH_MM = 18.0
"""How far inside and outside the middle of the wall maps are changed: a thick wall, and what lies beside it."""
FARTHEST_MM = 60.0
LEAST_PIXELS, LEAST_DIRECTIONS = 30, 0.4
"""Fewer are no ring, but a cap or a speck."""
SLICES_AT_ONCE = 16
"""Long studies are smoothed part by part, to bound the memory."""
EPSILON = 1e-3
"""Logits end here, and at 1 minus this, so that a pixel of which the network is certain does not outvote all others."""


def smooth_along_wall(myocardium: np.ndarray, degrees: float, spacing_mm: float = 1.0) -> np.ndarray:
    """Probabilities whose logits are smoothed along the wall of each slice, by a Gaussian.

    The wall's middle line is a radius for each direction, of three harmonics, fitted to where the network sees muscle.
    Logits are smoothed along it, at the same distance from it, and their change is added to those of the map: what does
    not vary along the wall is not resampled. A slice without a ring stays as it is.

    Args:
        myocardium: float32 `(N, H, W)`, 0 to 1.
        degrees: Standard deviation of the Gaussian, in degrees around the middle; 0 changes nothing.
        spacing_mm: Pixel size.

    Returns:
        float32 of the same shape; the very same array for 0 degrees.
    """
    if not degrees:
        return myocardium
    result = myocardium.copy()
    ringed = np.flatnonzero((myocardium >= 0.5).sum(axis=(1, 2)) >= LEAST_PIXELS)
    for start in range(0, len(ringed), SLICES_AT_ONCE):
        part = ringed[start : start + SLICES_AT_ONCE]
        result[part] = array_of(_smoothed(tensor_of(myocardium[part].astype(np.float32)), degrees, spacing_mm))
    return result


def _smoothed(maps: Tensor, degrees: float, spacing_mm: float) -> Tensor:
    height, width = maps.shape[1:]
    logits = torch.logit(maps.clamp(EPSILON, 1 - EPSILON))
    muscle = torch.where(maps >= 0.5, maps, 0)
    rows, columns = torch.arange(height, dtype=torch.float32), torch.arange(width, dtype=torch.float32)
    total = muscle.sum(dim=(1, 2))
    row, column = (muscle.sum(dim=2) * rows).sum(1) / total, (muscle.sum(dim=1) * columns).sum(1) / total
    angles = torch.arange(DIRECTIONS) * (2 * math.pi / DIRECTIONS)

    def along_rays(values: Tensor, radii: Tensor) -> Tensor:
        """`(N, H, W)` values at `(N or 1, DIRECTIONS, R)` radii."""
        radii = radii.clamp(min=0)
        at_row = row[:, None, None] + radii * torch.sin(angles)[:, None]
        at_column = column[:, None, None] + radii * torch.cos(angles)[:, None]
        return _sampled(values, at_row, at_column)

    step = 0.5
    radii = torch.arange(0, FARTHEST_MM / spacing_mm, step)
    on_rays = along_rays(muscle, radii.expand(1, DIRECTIONS, -1))
    middle, seen = _middle_line(on_rays, radii, angles, 1 / (step * spacing_mm))
    offsets = torch.arange(-REACH_MM / spacing_mm, REACH_MM / spacing_mm + step / 2, step)
    aligned = along_rays(logits, middle[:, :, None] + offsets)
    change = _around(aligned, degrees) - aligned

    # Back to the pixels: direction and distance from the wall's middle line.
    down, right = rows[:, None] - row[:, None, None], columns - column[:, None, None]
    radius = torch.hypot(down, right)
    direction = torch.remainder(torch.atan2(down, right), 2 * math.pi) * (DIRECTIONS / (2 * math.pi))
    closed = torch.cat([middle, middle[:, :1]], dim=1)
    lower = direction.long().clamp(max=DIRECTIONS - 1).flatten(1)
    before, after = torch.gather(closed, 1, lower), torch.gather(closed, 1, lower + 1)
    weight = direction - lower.view_as(direction)
    line = torch.lerp(before.view_as(direction), after.view_as(direction), weight)
    distance = radius - line
    change = torch.cat([change, change[:, :1]], dim=1)
    brought = _sampled(change, direction, (distance - offsets[0]) / step)
    near = (distance.abs() < REACH_MM / spacing_mm - 1) & (seen >= LEAST_DIRECTIONS)[:, None, None]
    return torch.where(near, torch.sigmoid(logits + brought), maps)


def _middle_line(on_rays: Tensor, radii: Tensor, angles: Tensor, per_mm: float) -> tuple[Tensor, Tensor]:
    """The radius `(N, DIRECTIONS)` of the wall's middle, and the share of directions in which there is a wall.

    Args:
        on_rays: `(N, DIRECTIONS, R)` probability of muscle.
        radii: `(R,)`.
        angles: `(DIRECTIONS,)`.
        per_mm: Samples of a ray for each millimetre.
    """
    amount = on_rays.sum(dim=2)
    middle = (on_rays * radii).sum(dim=2) / amount.clamp(min=1e-6)
    confidence = (amount / per_mm).clamp(max=3)
    orders = [order for order in range(1, HARMONICS + 1) for _ in range(2)]
    waves = [wave(order * angles) for order in range(1, HARMONICS + 1) for wave in (torch.cos, torch.sin)]
    basis = torch.stack([torch.ones_like(angles), *waves], dim=1)
    # The first is there for slices whose muscle is out of reach of all rays.
    stiffness = torch.diag(torch.tensor([1e-6, *(STIFFNESS * order**2 for order in orders)]))
    weighted = confidence[:, :, None] * basis
    left = basis.T @ weighted + stiffness
    right = (weighted * middle[:, :, None]).sum(dim=1)
    fitted = torch.linalg.solve(left, right)
    return fitted @ basis.T, (amount / per_mm > 0.25).float().mean(dim=1)


def _around(values: Tensor, degrees: float) -> Tensor:
    """`(N, DIRECTIONS, R)` values, smoothed from direction to direction, the last beside the first."""
    sigma = degrees * DIRECTIONS / 360
    half = min(math.ceil(4 * sigma), DIRECTIONS // 2 - 1)
    kernel = torch.exp(-0.5 * (torch.arange(-half, half + 1) / sigma) ** 2)
    wrapped = torch.cat([values[:, -half:], values, values[:, :half]], dim=1).transpose(1, 2)
    smooth = F.conv1d(wrapped.reshape(-1, 1, wrapped.shape[2]), (kernel / kernel.sum()).view(1, 1, -1))
    return smooth.view(wrapped.shape[0], wrapped.shape[1], -1).transpose(1, 2)


def _sampled(values: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """`(N, H, W)` values at rows and columns of any shape `(N, ..., ...)`, linearly; beyond the edge as at the edge."""
    height, width = values.shape[1:]
    places = torch.stack([columns * (2 / (width - 1)) - 1, rows * (2 / (height - 1)) - 1], dim=-1)
    return F.grid_sample(values[:, None], places, padding_mode="border", align_corners=True)[:, 0]
