"""What can be measured of a slice to judge its mask: shape, neighbours and grey levels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from DCMMultiTaskLib.measurements.masks import hollow_share
from DCMMultiTaskLib.measurements.thickness import WallThickness

LEAST_OF_A_STACK = 3
SECTORS = 6


@dataclass(frozen=True)
class Evidence:
    """What is measured of one slice with a mask; NaN where there is no such number.

    Attributes:
        certainty: Mean probability of pixels that are rather myocardium than not, as the network gives it, 0.5 to 1.
        contrast: Of the wall against the cavity, in standard deviations (`contrast`).
        graininess: Share of the image's variance that neighbouring pixels do not have in common, 0 to 1; 1 is noise.
        unevenness: Share of its convex hull that the outline of wall and cavity leaves empty.
        elongation: Length over width of the outline, from its second moments; 1 for a circle.
        stack_elongation: Its median over the stack's slices; NaN where fewer than three have a mask.
        wall_mm: Mean thickness of the wall.
        wall_variation: Standard deviation of the thickness over its mean.
        agreement: Mean Dice coefficient of the mask and of those in other views of the slice.
        shift_mm: Distance of the middle from that of the slice beside it or, between two, from the middle of theirs.
        area_ratio: Area of wall and cavity over the mean of that of the slices beside it.
    """

    certainty: float = math.nan
    contrast: float = math.nan
    graininess: float = math.nan
    unevenness: float = math.nan
    elongation: float = math.nan
    stack_elongation: float = math.nan
    wall_mm: float = math.nan
    wall_variation: float = math.nan
    agreement: float = math.nan
    shift_mm: float = math.nan
    area_ratio: float = math.nan


def gather(
    images: np.ndarray,
    walls: np.ndarray,
    cavities: np.ndarray,
    pixel_mm: tuple[float, float],
    thickness: Sequence[WallThickness],
    certainty: np.ndarray,
    agreement: np.ndarray | None = None,
) -> list[Evidence]:
    """The evidence of every slice, in slice order.

    Args:
        images: `(N, rows, columns)`, as acquired.
        walls: The myocardium, bool, same shape.
        cavities: The LV cavity, bool, same shape.
        pixel_mm: Distance of the rows and of the columns.
        thickness: Of each slice's wall.
        certainty: `(N,)` of `Evidence`.
        agreement: `(N,)` of `Evidence`; None where no other views were looked at.
    """
    hearts = walls | cavities
    areas = hearts.sum(axis=(1, 2)) * float(np.prod(pixel_mm))
    spots = [np.argwhere(heart) * pixel_mm for heart in hearts]
    lengths = [elongation(own, pixel_mm) for own in spots]
    known = [length for length in lengths if math.isfinite(length)]
    of_stack = float(np.median(known)) if len(known) >= LEAST_OF_A_STACK else math.nan
    found = []
    for number, (image, wall, cavity, heart) in enumerate(zip(images, walls, cavities, hearts, strict=True)):
        if not wall.any():
            found.append(Evidence())
            continue
        beside = [other for other in (number - 1, number + 1) if 0 <= other < len(walls) and areas[other]]
        shift = ratio = math.nan
        if beside:
            middle = np.mean([spots[other].mean(axis=0) for other in beside], axis=0)
            shift = float(np.hypot(*(spots[number].mean(axis=0) - middle)))
            ratio = float(areas[number] / np.mean(areas[beside]))
        wall_mm = thickness[number].mean_mm
        found.append(
            Evidence(
                certainty=float(certainty[number]),
                agreement=math.nan if agreement is None else float(agreement[number]),
                contrast=contrast(image, wall, cavity),
                graininess=graininess(image),
                unevenness=hollow_share(heart),
                elongation=lengths[number],
                stack_elongation=of_stack,
                wall_mm=wall_mm,
                wall_variation=thickness[number].sd_mm / wall_mm,
                shift_mm=shift,
                area_ratio=ratio,
            )
        )
    return found


def contrast(image: np.ndarray, wall: np.ndarray, cavity: np.ndarray) -> float:
    """How far the wall's grey levels lie from the cavity's.

    In each of six sectors of the wall: the difference of the means over the root of the mean variance. The second
    largest counts: a scar may be as bright as the blood in the others, and one sector alone may be chance.

    Args:
        image: `(rows, columns)`.
        wall: Bool, same shape.
        cavity: Bool, same shape.

    Returns:
        0 where wall and cavity look the same; NaN where one of them is hardly there.
    """
    blood = image[cavity].astype(np.float64)
    rows, columns = np.nonzero(wall)
    if len(blood) < SECTORS or len(rows) < SECTORS**2:
        return math.nan
    row, column = np.argwhere(cavity).mean(axis=0)
    sector = ((np.arctan2(rows - row, columns - column) / (2 * np.pi) + 0.5) * SECTORS).astype(int) % SECTORS
    muscle = image[wall].astype(np.float64)
    found = []
    for own in (muscle[sector == number] for number in range(SECTORS)):
        if len(own) >= SECTORS:
            spread = math.sqrt((own.var() + blood.var()) / 2)
            found.append(abs(own.mean() - blood.mean()) / max(spread, 1e-9))
    return float(sorted(found)[-2]) if len(found) > 1 else math.nan


def graininess(image: np.ndarray) -> float:
    """Share of an image's variance that pixels do not share with the next one: near 0 for tissue, 1 for noise."""
    centred = image.astype(np.float32)
    centred -= centred.mean()
    variance = float(np.mean(centred**2))
    if variance == 0:
        return math.nan
    along = (float(np.mean(centred[1:] * centred[:-1])), float(np.mean(centred[:, 1:] * centred[:, :-1])))
    return 1 - sum(along) / 2 / variance


def elongation(spots_mm: np.ndarray, pixel_mm: tuple[float, float]) -> float:
    """Length over width of a shape, by the second moments of its pixels at `(P, 2)` mm; NaN without pixels."""
    if not len(spots_mm):
        return math.nan
    centred = spots_mm - spots_mm.mean(axis=0)
    moments = centred.T @ centred / len(centred) + np.diag(np.square(pixel_mm)) / 12
    short, long = np.linalg.eigvalsh(moments)
    return math.sqrt(long / short)
