"""Inputs made to be wrong, to see what a prediction says of them: images of no short axis, and spoilt ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.phantom import make_phantom

Study = tuple[Volume, Volume]
"""An image and its truth, 1 myocardium, 2 LV cavity; empty where the image shows no short axis."""
SEEDS = 70_000
"""Of the phantoms; no training uses them."""


def without_short_axis() -> dict[str, Callable[[int], Volume]]:
    """By name, from a number to a volume in which no mask of a short axis can be right."""
    return {
        "long axis": long_axis,
        "wrong slice axis": wrong_slice_axis,
        "brain": brain,
        "noise": noise,
    }


def spoilt() -> dict[str, Callable[[Volume, Volume, int], Study]]:
    """By name, from a patient's image, truth and number to the same heart badly shown; slices along K."""
    return {
        "blurred by 4 mm": lambda i, t, n: (blurred(i, 4.0), t),
        "wrapped": lambda i, t, n: (wrapped(i), t),
        "noisy": lambda i, t, n: (noisy(i, 0.25, n), t),
        "inverted grey levels": lambda i, t, n: (i.with_array(i.array.max() - i.array), t),
        "shifted crop": shifted_crop,
        "pixels 10 times too small": lambda i, t, n: (respaced(i, 0.1), respaced(t, 0.1)),
        "pixels 2 times too large": lambda i, t, n: (respaced(i, 2.0), respaced(t, 2.0)),
        "pixels 2 times too small": lambda i, t, n: (respaced(i, 0.5), respaced(t, 0.5)),
    }


def long_axis(number: int) -> Volume:
    """The planes of a phantom's rows and slices, 8 mm apart: long-axis views of its heart."""
    volume = make_phantom(SEEDS + number, slices=20, contrast=("lge", "cine")[number % 2]).volume
    pixel, _, gap = volume.geometry.spacing
    fine = ndimage.zoom(volume.array.astype(np.float32), (gap / pixel, 1, 1), order=3)
    planes = np.moveaxis(fine, 2, 0)  # (columns, slices, rows)
    step = round(8 / pixel)
    middle = slice(len(planes) // 2 - 5 * step, len(planes) // 2 + 5 * step, step)
    return Volume.of(np.ascontiguousarray(planes[middle]), (pixel, pixel, step * pixel))


def wrong_slice_axis(number: int) -> Volume:
    """A phantom's rows and slices as they are stored, taken for short-axis slices: 20 lines of pixels, far apart."""
    volume = make_phantom(SEEDS + 100 + number, slices=20, contrast=("cine", "lge")[number % 2]).volume
    across, down, gap = volume.geometry.spacing
    planes = np.ascontiguousarray(np.moveaxis(volume.array[:, :, ::8], 2, 0))
    return Volume.of(planes, (down, gap, 8 * across))


def brain(number: int) -> Volume:
    """Axial slices of a head: scalp, skull, grey and white matter, ventricles."""
    rng = np.random.default_rng(SEEDS + number)
    rows, columns = np.mgrid[-110:110, -110:110] * 1.0
    white, grey, fluid = rng.uniform(0.5, 0.9), rng.uniform(0.3, 0.6), rng.uniform(0.05, 1.0)
    slices = []
    for level in np.linspace(-0.7, 0.7, 12):
        size = np.sqrt(1 - level**2)
        angle = np.arctan2(rows, columns)
        radius = np.hypot(rows / (92 * size), columns / (74 * size))
        folded = radius * (1 + 0.03 * np.sin(17 * angle + 5 * level) + 0.02 * np.sin(29 * angle))
        image = np.select([folded < 0.78, radius < 0.9, radius < 0.96, radius < 1.04], [white, grey, 0.05, 0.85], 0.02)
        for side in (-1, 1):
            ventricle = (
                np.hypot((rows + 8) / (24 * size), (columns - side * (9 + 0.15 * np.abs(rows))) / (6 * size)) < 1
            )
            image[ventricle] = fluid
        image = ndimage.gaussian_filter(image, 1.0) + rng.normal(0, 0.02, image.shape)
        slices.append(1000 * np.abs(image))
    return Volume.of(np.stack(slices).astype(np.int16), (1.0, 1.0, 6.0))


def noise(number: int) -> Volume:
    """Noise alone, finer and coarser from number to number."""
    rng = np.random.default_rng(SEEDS + number)
    field = rng.normal(0, 1, (10, 224, 224))
    coarse = ndimage.gaussian_filter(field, (0, number % 4, number % 4))
    return Volume.of((500 + 100 * coarse / coarse.std()).astype(np.float32), (1.4, 1.4, 8.0))


def blurred(volume: Volume, sigma_mm: float) -> Volume:
    """Motion and poor resolution: a Gaussian of this standard deviation in the slices' plane."""
    across, down, _ = volume.geometry.spacing
    return volume.with_array(
        ndimage.gaussian_filter(volume.array.astype(np.float32), (0, sigma_mm / down, sigma_mm / across))
    )


def wrapped(volume: Volume) -> Volume:
    """Too small a field of view: what lies beyond it comes in on the other side, over the heart."""
    image = volume.array.astype(np.float32)
    return volume.with_array(image + 0.8 * np.roll(image, image.shape[1] // 2 - 10, axis=1))


def noisy(volume: Volume, share: float, number: int) -> Volume:
    """Rician noise, its standard deviation a share of the bright tissues' signal."""
    rng = np.random.default_rng(SEEDS + number)
    image = volume.array.astype(np.float32)
    sigma = share * np.percentile(image, 99)
    return volume.with_array(np.hypot(image + rng.normal(0, sigma, image.shape), rng.normal(0, sigma, image.shape)))


def shifted_crop(image: Volume, truth: Volume, _number: int) -> Study:
    """The field of view ends in the middle of the heart."""
    middle = int(np.argwhere(truth.array == 1).mean(axis=0)[1])
    geometry = image.geometry
    kept, true = (
        Volume.of(np.ascontiguousarray(v.array[:, middle:]), geometry.spacing, geometry.origin, geometry.direction)
        for v in (image, truth)
    )
    return kept, true


def respaced(volume: Volume, factor: float) -> Volume:
    """The same pixels with a wrong size in the file."""
    across, down, gap = volume.geometry.spacing
    geometry = volume.geometry
    return Volume.of(volume.array, (factor * across, factor * down, gap), geometry.origin, geometry.direction)
