"""Other contrasts, lesions and scanners on real slices: what a network that learns from cine alone never sees.

All functions take images in [0, 1], `(N, 1, H, W)`, draw from torch's generator for each image on its own, and leave
the truth as it is: a scar is myocardium. The ingredients and how often they are used are fields of
`augmentation.AugmentationConfig`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from DCMMultiTaskLib.learning import shape

KNOTS = 6
MOST_CLUSTERS = 6


@dataclass(frozen=True)
class Wall:
    """Where the left ventricle lies.

    Attributes:
        myocardium: `(N, 1, H, W)`, 0 or 1.
        cavity: `(N, 1, H, W)`, 0 or 1.
        depth: `(N, 1, H, W)`, 0 at the endocardium and 1 at the epicardium.
    """

    myocardium: Tensor
    cavity: Tensor
    depth: Tensor

    def of(self, images: Tensor) -> Wall:
        """Of some of the images, by number."""
        return Wall(self.myocardium[images], self.cavity[images], self.depth[images])

    def angle(self) -> Tensor:
        """Around the middle of the ventricle, `(N, 1, H, W)` in radians."""
        inside = self.myocardium + self.cavity
        n, _, height, width = inside.shape
        rows = torch.arange(height, device=inside.device, dtype=inside.dtype).view(1, 1, -1, 1)
        columns = torch.arange(width, device=inside.device, dtype=inside.dtype).view(1, 1, 1, -1)
        pixels = inside.sum((2, 3), keepdim=True).clamp(min=1)
        row = (inside * rows).sum((2, 3), keepdim=True) / pixels
        column = (inside * columns).sum((2, 3), keepdim=True) / pixels
        return torch.atan2((rows - row).expand(n, 1, height, width), (columns - column).expand(n, 1, height, width))


def uniform(like: Tensor, low: float, high: float) -> Tensor:
    """A number for each image, `(N, 1, 1, 1)`."""
    return shape.uniform(len(like), low, high, like.device)[:, None, None, None]


def chosen(like: Tensor, share: float) -> Tensor:
    """Which images, bool `(N, 1, 1, 1)`."""
    return torch.rand(len(like), 1, 1, 1, device=like.device) < share


def smooth_field(like: Tensor, cells: int) -> Tensor:
    """Smooth values in [0, 1] that vary over about `cells` patches along each side."""
    coarse = torch.rand(len(like), 1, cells, cells, device=like.device)
    return F.interpolate(coarse, like.shape[-2:], mode="bicubic", align_corners=False).clamp(0, 1)


def softened(image: Tensor) -> Tensor:
    """The mean over 3 x 3 pixels."""
    return F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), 3, stride=1)


def through_knots(image: Tensor, knots: Tensor, part: Tensor | None = None) -> Tensor:
    """Grey values by curves through evenly spaced knots.

    Args:
        image: `(N, 1, H, W)`.
        knots: `(N, parts, KNOTS)` values of the curves at 0, 0.2, ... 1.
        part: `(N, 1, H, W)` long: which of the image's curves a pixel follows; the first by default.
    """
    n = len(image)
    place = image.clamp(0, 1).flatten(1) * (KNOTS - 1)
    left = place.floor().clamp(max=KNOTS - 2).long()
    index = left if part is None else left + KNOTS * part.flatten(1)
    values = knots.flatten(1)
    return torch.lerp(values.gather(1, index), values.gather(1, index + 1), place - left).view(n, 1, *image.shape[2:])


def mean_inside(image: Tensor, region: Tensor) -> Tensor:
    """Mean of the image over a region, `(N, 1, 1, 1)`; 0 where it is empty."""
    return (image * region).sum((2, 3), keepdim=True) / region.sum((2, 3), keepdim=True).clamp(min=1)


def inversion_recovery(image: Tensor, wall: Wall) -> tuple[Tensor, Tensor]:
    """The look of late enhancement: muscle nulled, blood bright, the rest as the inversion time has it.

    Returns:
        The images, and the level of the blood `(N, 1, 1, 1)`.
    """
    muscle, blood = mean_inside(image, wall.myocardium), mean_inside(image, wall.cavity)
    blood = torch.where(blood > muscle + 0.05, blood, muscle + 0.4)
    dark, bright = uniform(image, 0.02, 0.35), uniform(image, 0.35, 0.95)
    bright = torch.maximum(bright, dark + 0.08)

    def between(value: Tensor) -> Tensor:
        return dark + (value - muscle) / (blood - muscle) * (bright - dark)

    in_muscle = dark + (image - muscle) * uniform(image, 0.05, 0.6)
    # Papillary muscles in the cavity are nulled as the wall is, or hardly seen.
    nulled = between(image).clamp(min=0, max=1.3)
    in_blood = torch.where(chosen(image, 0.5), nulled, bright + (image - blood) * uniform(image, 0.2, 1.0))
    # The other ventricle's blood is as bright, other muscle a little brighter than the heart's, fat anything; or all
    # of it follows a curve of its own, which may fall.
    around = torch.where(image > blood, bright + (image - blood) * uniform(image, -1.0, 1.0), nulled)
    around = around + uniform(image, 0.0, 0.25) * (1 - image).clamp(0, 1) * (8 * image - 0.3).clamp(0, 1)
    own_curve = through_knots(image, torch.rand(len(image), 1, KNOTS, device=image.device))
    around = torch.where(chosen(image, 0.35), own_curve, around * uniform(image, 0.6, 1.2))
    myocardium, cavity = softened(wall.myocardium), softened(wall.cavity)
    elsewhere = (1 - myocardium - cavity).clamp(min=0)
    return myocardium * in_muscle + cavity * in_blood + elsewhere * around, bright


def add_scars(image: Tensor, wall: Wall, blood: Tensor) -> Tensor:
    """One or two scars in the wall of each image, ragged at their edges.

    From the endocardium outwards to 20 to 110 % of the wall over 15 to 180 degrees, or a band in the middle of the
    wall; now and then with a dark core, the microvascular obstruction.

    Args:
        image: `(N, 1, H, W)`.
        wall: Where the wall is.
        blood: Level of the blood `(N, 1, 1, 1)`, near which scars are.
    """
    angle = wall.angle()
    height, width = image.shape[2:]
    for scar in range(2):
        middle, half = uniform(image, -math.pi, math.pi), uniform(image, 0.13, math.pi / 2)
        away = (torch.remainder(angle - middle + math.pi, 2 * math.pi) - math.pi).abs()
        away = away / (half * (0.75 + 0.5 * smooth_field(image, max(height // 16, 2))))
        outwards = wall.depth / (0.75 + 0.5 * smooth_field(image, max(width // 12, 2)))
        reach = torch.where(chosen(image, 0.3), uniform(image, 0.9, 1.6), uniform(image, 0.2, 1.1))
        band_middle, band_half = uniform(image, 0.35, 0.65), uniform(image, 0.1, 0.22)
        band = (outwards - band_middle).abs() < band_half
        inside = torch.where(chosen(image, 0.25), band, outwards < reach) & (away < 1) & (wall.myocardium > 0)
        if scar:
            inside = inside & chosen(image, 0.4)
        cover = inside.to(image.dtype)
        cover = torch.where(chosen(image, 0.7), softened(cover), cover)
        level = blood * uniform(image, 0.8, 1.35) + 0.05 * torch.randn_like(image)
        image = torch.lerp(image, level, cover)
        core = inside & (outwards < 0.6 * reach) & (outwards > 0.12) & (away < 0.6) & chosen(image, 0.15)
        image = torch.lerp(image, uniform(image, 0.0, 0.25), softened(core.to(image.dtype)))
    return image


def regions_apart(image: Tensor, wall: Wall) -> Tensor:
    """Muscle, cavity and clusters of the background, each by a random curve (Su et al. 2023, location-scale).

    No curve over the whole image lets dark and bright change places in one tissue and not in its neighbour; these do.
    The clusters are ranges of grey whose limits a smooth field shifts.
    """
    n = len(image)
    limits = torch.rand(n, MOST_CLUSTERS - 1, device=image.device).sort(dim=1).values
    # Four to six clusters: limits beyond the brightest pixel divide nothing.
    unused = torch.arange(MOST_CLUSTERS - 1, device=image.device) >= torch.randint(3, MOST_CLUSTERS, (n, 1)).to(
        image.device
    )
    limits = torch.where(unused, 2.0, limits)
    shifted = image + uniform(image, 0.0, 0.3) * (smooth_field(image, 4) - 0.5)
    part = 2 + (shifted > limits[:, :, None, None]).sum(dim=1, keepdim=True)
    part = torch.where(wall.myocardium > 0, 0, torch.where(wall.cavity > 0, 1, part))
    curves = torch.rand(n, 2 + MOST_CLUSTERS, KNOTS, device=image.device)
    # A level for each region and how much of its own texture is left.
    level, texture = (torch.rand(n, 2 + MOST_CLUSTERS, 1, device=image.device) for _ in range(2))
    curves = torch.lerp(level, curves, 0.2 + 0.8 * texture)
    apart = torch.lerp(through_knots(image, curves, part), image, uniform(image, 0.0, 0.4))
    return torch.lerp(apart, softened(apart), uniform(image, 0.3, 1.0))


def random_network(image: Tensor) -> Tensor:
    """A random shallow network (GIN, Ouyang et al. 2022) of four convolutions, blended with the image, energy kept."""
    n, _, height, width = image.shape
    features, channels = image.reshape(1, n, height, width), 1
    for layer in range(4):
        kernel = 1 + 2 * int(torch.randint(2, (1,)))
        out_channels = 1 if layer == 3 else 2
        weight = torch.randn(n * out_channels, channels, kernel, kernel, device=image.device)
        bias = torch.randn(n * out_channels, device=image.device)
        features = F.pad(features, (kernel // 2,) * 4, mode="replicate")
        features = F.conv2d(features, weight, bias, groups=n)
        if layer < 3:
            features = F.leaky_relu(features)
        channels = out_channels
    mixed = torch.lerp(image, features.view_as(image), uniform(image, 0.0, 1.0))
    energy = [x.flatten(1).norm(dim=1).view(-1, 1, 1, 1) for x in (image, mixed)]
    mixed = mixed * (energy[0] / energy[1].clamp(min=1e-6))
    low, high = (f(mixed.flatten(1), dim=1).view(-1, 1, 1, 1) for f in (torch.amin, torch.amax))
    return (mixed - low) / (high - low).clamp(min=1e-6)


def change_look(image: Tensor, wall: Wall, *, inversion: float, scar: float, regions: float, network: float) -> Tensor:
    """One other look for a share of the images, the rest as they are.

    Args:
        image: `(N, 1, H, W)`.
        wall: Where the left ventricle is.
        inversion: Share with `inversion_recovery`.
        scar: Share of these with `add_scars`.
        regions: Share with `regions_apart`.
        network: Share with `random_network`.
    """
    lot = torch.rand(len(image), device=image.device)
    result = image.clone()
    some = torch.nonzero(lot < inversion).flatten()
    if len(some):
        own = wall.of(some)
        plain, blood = inversion_recovery(image[some], own)
        result[some] = torch.where(chosen(plain, scar), add_scars(plain, own, blood), plain)
    some = torch.nonzero((lot >= inversion) & (lot < inversion + regions)).flatten()
    if len(some):
        result[some] = regions_apart(image[some], wall.of(some))
    some = torch.nonzero((lot >= inversion + regions) & (lot < inversion + regions + network)).flatten()
    if len(some):
        result[some] = random_network(image[some])
    return result


def change_scanner(image: Tensor, *, coarse: float, wrap: float, ghost: float, rician: float) -> Tensor:
    """Another matrix, field of view, breathing and signal, for shares of the images.

    Args:
        image: `(N, 1, H, W)`, pixels of 1 mm.
        coarse: Share with a smaller matrix: pixels of up to 2.2 mm, filled with zeros in k-space.
        wrap: Share in which anatomy beyond the field of view folds back.
        ghost: Share with ghosts of what moves, along one axis.
        rician: Share with Rician noise of up to 10 % of the range.
    """
    n, _, height, width = image.shape
    device = image.device
    if wrap:
        step = torch.where(chosen(image, 0.5), 1, -1) * uniform(image, 0.45, 0.8)
        folded = torch.stack(
            [
                torch.roll(one, (int(s * height), 0) if vertical else (0, int(s * width)), (-2, -1))
                for one, s, vertical in zip(image, step.flatten().tolist(), torch.rand(n).lt(0.5).tolist(), strict=True)
            ]
        )
        image = image + chosen(image, wrap) * uniform(image, 0.1, 0.6) * folded
    if coarse or ghost:
        spectrum = torch.fft.rfft2(image)
        rows = torch.fft.fftfreq(height, device=device).view(1, 1, -1, 1)
        columns = torch.fft.rfftfreq(width, device=device).view(1, 1, 1, -1)
        size = [torch.where(chosen(image, 0.7), uniform(image, 1.0, 2.2), 1.0) for _ in range(2)]
        window = torch.ones_like(spectrum.real)
        for frequency, mm in zip((rows, columns), size, strict=True):
            relative = frequency.abs() * 2 * mm
            window = window * torch.where(relative < 1, torch.cos((relative - 0.6).clamp(0, 0.4) * 1.2 * math.pi), 0.0)
        spectrum = torch.where(chosen(image, coarse), spectrum * window, spectrum)
        # What moves changes every few lines of k-space, which sets its ghosts off along the rows.
        turns = 2 * math.pi * rows * uniform(image, 8, 60)
        ghosts = 1 + uniform(image, 0.05, 0.35) * torch.cos(turns + uniform(image, 0, 2 * math.pi))
        spectrum = torch.where(chosen(image, ghost), spectrum * ghosts, spectrum)
        image = torch.fft.irfft2(spectrum, s=(height, width))
    if rician:
        deviation = uniform(image, 0.01, 0.1)
        noisy = torch.hypot(image + deviation * torch.randn_like(image), deviation * torch.randn_like(image))
        image = torch.where(chosen(image, rician), noisy, image)
    return image
