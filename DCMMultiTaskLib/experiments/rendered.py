"""Late enhancement, systole, poses and pixels rendered from end-diastolic cine: to judge networks, never to train them.

The augmentation draws grey levels per slice; this renderer draws relaxation times per study, gives every pixel a T1 and
a proton density, and computes what the scanner would store. Scars are one lesion in three dimensions. Its parameters
are its own, so that a network is not examined in what it was drilled in; and systole follows the outlines of each wall,
where the augmentation contracts discs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from DCMMultiTaskLib.datasets.truth import true_cavity
from DCMMultiTaskLib.imaging.grid import choose_slice_axis
from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.imaging.volume import Volume, slices_first
from DCMMultiTaskLib.learning.wall import wall_depth


@dataclass(frozen=True)
class Lesion:
    """A scar; each pair is the range that a study's own value is drawn from.

    Attributes:
        half_degrees: Half its width around the wall.
        depth: How far it reaches from the endocardium (0) to the epicardium (1).
        extent: Share of the slices that it runs through.
    """

    half_degrees: tuple[float, float]
    depth: tuple[float, float]
    extent: tuple[float, float]


SMALL = Lesion((18, 30), (0.35, 0.55), (0.25, 0.4))
TRANSMURAL = Lesion((35, 70), (1.0, 1.3), (0.5, 0.8))

# T1 in ms ten minutes after gadolinium at 1.5 T.
MUSCLE_T1, BLOOD_T1, SCAR_T1, FAT_T1 = (430, 500), (300, 370), (250, 320), 260
REPETITION_MS = 1600.0  # every other heart beat
# What is left of the cavity's area at end systole in a normal heart, and how much the wall gains; what surrounds the
# heart follows up to this many pixels away.
LEFT, THICKER, FOLLOWS = 0.35, 1.15, 40.0


def late_enhancement(volume: Volume, truth: Volume, *, seed: int, lesion: Lesion | None = None) -> Volume:
    """The study as an inversion recovery sequence might have shown it.

    Args:
        volume: A cine's end-diastolic frame.
        truth: 1 = myocardium, 2 = LV cavity, on its grid.
        seed: Of the study's relaxation times, inversion time, noise and scar.
        lesion: The scar's kind; none by default.
    """
    rng = np.random.default_rng(seed)
    slice_axis = choose_slice_axis(volume.geometry)
    slices = slices_first(volume.array, slice_axis).astype(np.float64)
    labels = slices_first(truth.array, slice_axis)
    cavities = true_cavity(labels, 2)
    wall = labels == MYOCARDIUM.label
    muscle, blood = np.median(slices[wall]), np.percentile(slices[cavities], 60)
    blood = max(blood, 1.2 * muscle + 1e-3)
    muscle_t1, blood_t1, scar_t1 = (rng.uniform(*limits) for limits in (MUSCLE_T1, BLOOD_T1, SCAR_T1))
    # What is as grey as muscle relaxes as muscle does, what is as bright as blood as blood, what is brighter as fat.
    greys = np.array([0.0, 0.5 * muscle, muscle, 0.5 * (muscle + blood), 1.05 * blood, 1.5 * blood])
    rates = 1000 / np.array([700, 560, 0.95 * muscle_t1, 0.5 * (muscle_t1 + blood_t1), blood_t1, FAT_T1])
    density = np.interp(slices, greys, [0.03, 0.45, 0.8, 0.9, 1.0, 1.0])
    rate = np.interp(slices, greys, rates)
    # The heart's own wall is one tissue; cine's grey differs in it by flow and coil alone.
    rate[wall] = 1000 / muscle_t1 * (1 + 0.15 * (slices[wall] - muscle) / (blood - muscle))
    density[wall] = 0.85
    if lesion is not None:
        scar = _lesion(wall, cavities, lesion, rng)
        rate = (1 - scar) * rate + scar * 1000 / scar_t1
    # The time that nulls muscle, as far as the operator met it.
    nulling_ms = muscle_t1 * np.log(2 / (1 + np.exp(-REPETITION_MS / muscle_t1)))
    inversion_ms = nulling_ms * rng.uniform(0.9, 1.15)
    signal = density * np.abs(1 - 2 * np.exp(-inversion_ms / 1000 * rate) + np.exp(-REPETITION_MS / 1000 * rate))
    rows, columns = np.meshgrid(*(np.linspace(-1, 1, n) for n in slices.shape[1:]), indexing="ij")
    tilt = rng.normal(0, 0.25, 2)
    signal *= np.exp(tilt[0] * rows + tilt[1] * columns)
    signal = ndimage.gaussian_filter(signal, (0, 0.6, 0.6))
    noise = rng.normal(0, rng.uniform(0.006, 0.018), (2, *signal.shape))
    stored = np.hypot(signal + noise[0], noise[1]) * 2000
    return volume.with_array(np.moveaxis(np.rint(stored), 0, 2 - slice_axis).astype(np.int16))


def _lesion(wall: np.ndarray, cavities: np.ndarray, lesion: Lesion, rng: np.random.Generator) -> np.ndarray:
    """Share of scar in each voxel, `(N, H, W)`."""
    centre = np.deg2rad(rng.uniform(0, 360))
    half, reach, extent = (rng.uniform(*limits) for limits in (lesion.half_degrees, lesion.depth, lesion.extent))
    count = max(1, round(extent * len(wall)))
    first = int(rng.integers(len(wall) - count + 1))
    scar = np.zeros(wall.shape)
    for number in range(first, first + count):
        places = np.argwhere(wall[number] | cavities[number])
        if not len(places):
            continue
        row, column = places.mean(axis=0)
        rows, columns = np.indices(wall.shape[1:])
        angle = np.arctan2(rows - row, columns - column)
        away = np.abs((angle - centre + np.pi) % (2 * np.pi) - np.pi)
        # Infarcts taper towards their ends, and the front between dead and living muscle is wavy.
        front = reach * (1 - 0.5 * (away / np.deg2rad(half)) ** 2) + 0.08 * np.sin(9 * angle + number)
        inside = (away < np.deg2rad(half)) & (wall_depth(wall[number], cavities[number]) < front)
        scar[number] = ndimage.gaussian_filter((inside & wall[number]).astype(float), 0.5)
    return scar


def turned(volume: Volume, pose: int) -> Volume:
    """One of the eight poses of the slices in a file whose orientation says what it said before.

    Args:
        volume: Slices along its longest spacing.
        pose: 0 to 7: quarter turns, from 4 on mirrored too; 0 is the volume.
    """
    slice_axis = choose_slice_axis(volume.geometry)
    first, second = (axis for axis in range(3) if axis != 2 - slice_axis)
    array = np.rot90(volume.array, pose % 4, axes=(first, second))
    spacing = list(volume.geometry.spacing)
    if pose % 2:
        in_plane = [axis for axis in range(3) if axis != slice_axis]
        spacing[in_plane[0]], spacing[in_plane[1]] = spacing[in_plane[1]], spacing[in_plane[0]]
    if pose >= 4:
        array = np.flip(array, second)
    geometry = volume.geometry
    return Volume.of(
        np.ascontiguousarray(array), (spacing[0], spacing[1], spacing[2]), geometry.origin, geometry.direction
    )


def at_end_systole(volume: Volume, truth: Volume) -> tuple[Volume, Volume]:
    """Image and truth of a heart that has contracted; slices without a cavity stay as they are.

    Along each ray from the cavity's middle the endocardium comes nearer, and the wall between it and the epicardium
    keeps its area but for `THICKER`.
    """
    slice_axis = choose_slice_axis(volume.geometry)
    image, labels = (slices_first(own.array.copy(), slice_axis) for own in (volume, truth))
    for number, plane in enumerate(labels):
        if (plane == LV_CAVITY.label).any():
            source = _systolic_places(plane)
            heart, cavity = (
                ndimage.map_coordinates(mask.astype(float), source, order=1) > 0.5
                for mask in (plane > 0, plane == LV_CAVITY.label)
            )
            seen = ndimage.map_coordinates(image[number].astype(float), source, order=1, mode="nearest")
            image[number] = np.rint(seen)
            labels[number] = np.where(cavity, LV_CAVITY.label, np.where(heart, MYOCARDIUM.label, 0))
    seen, true = (np.moveaxis(own, 0, 2 - slice_axis) for own in (image, labels))
    return volume.with_array(np.ascontiguousarray(seen)), truth.with_array(np.ascontiguousarray(true))


def _systolic_places(plane: np.ndarray) -> np.ndarray:
    """Row and column where each pixel of the contracted slice lies in the slice as it is, `(2, H, W)`."""
    cavity = plane == LV_CAVITY.label
    middle = np.argwhere(cavity).mean(axis=0)
    angles = np.radians(np.arange(360))
    along = np.arange(0, max(plane.shape), 0.25)
    rays = middle[:, None, None] + along * np.stack([np.sin(angles), np.cos(angles)])[..., None]
    inner, outer = (
        ndimage.gaussian_filter1d(
            0.25 * ndimage.map_coordinates(mask.astype(float), rays, order=1).sum(axis=1), 3, mode="wrap"
        )
        for mask in (cavity, plane > 0)
    )
    near = inner * LEFT**0.5
    far = np.sqrt(near**2 + THICKER * (outer**2 - inner**2))

    away = np.indices(plane.shape) - middle[:, None, None]
    radius = np.maximum(np.hypot(*away), 1e-6)
    angle = np.degrees(np.arctan2(*away)) % 360
    inner, outer, near, far = (
        np.interp(angle, np.arange(361), np.append(own, own[0])) for own in (inner, outer, near, far)
    )
    wall = np.sqrt(np.maximum(inner**2 + (radius**2 - near**2) / THICKER, 0))
    beyond = radius + (outer - far) * np.clip(1 - (radius - far) / FOLLOWS, 0, 1)
    source = np.where(radius < near, radius / LEFT**0.5, np.where(radius < far, wall, beyond))
    return middle[:, None, None] + away * source / radius


def at_pixel_size(volume: Volume, truth: Volume, pixel_mm: float) -> tuple[Volume, Volume]:
    """Image and truth as acquired with other pixels: averaged over larger ones, interpolated by cubes to smaller."""
    slice_axis = choose_slice_axis(volume.geometry)
    zoom = [1.0 if axis == slice_axis else volume.geometry.spacing[axis] / pixel_mm for axis in (2, 1, 0)]
    image = volume.array.astype(np.float64)
    blur = [0.0 if factor == 1 else 0.45 * max(1 / factor - 1, 0) for factor in zoom]
    image = np.rint(ndimage.zoom(ndimage.gaussian_filter(image, blur), zoom, order=3, grid_mode=True, mode="nearest"))
    inner, outer = (
        ndimage.zoom((truth.array >= label).astype(np.float64), zoom, order=1, grid_mode=True, mode="nearest") > 0.5
        for label in (2, 1)
    )
    geometry = volume.geometry
    wide, high, deep = (geometry.spacing[axis] * old / new for axis, old, new in _sizes(volume, image))
    spacing = (wide, high, deep)
    # The outer edges stay where they are, so the first voxel's centre moves.
    shift = [0.5 * (new / old - 1) for new, old in zip(spacing, geometry.spacing, strict=True)]
    x, y, z = (float(value) for value in (geometry.index_to_lps @ np.append(shift, 1))[:3])
    seen = Volume.of(image.astype(np.int32), spacing, (x, y, z), geometry.direction)
    return seen, seen.with_array(outer.astype(np.uint8) + inner)


def _sizes(volume: Volume, image: np.ndarray) -> list[tuple[int, int, int]]:
    return [(axis, volume.array.shape[2 - axis], image.shape[2 - axis]) for axis in range(3)]
