"""Drawing for the phantom: soft-edged shapes, in millimetres, on one slice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Wobble = Sequence[tuple[int, float, float]]
"""Harmonics `(k, amplitude, phase)` of a shape's radius: `1 + sum of amplitude * cos(k * angle + phase)`."""


_STEPS = 4096  # angles that a wobble is computed at


class Canvas:
    """One slice: where its pixels lie in the anatomy, and the signal painted so far.

    The anatomy's frame has its origin on the left ventricle's axis, x to the patient's left (the right of the
    picture) and y to his feet (down), in mm.

    Attributes:
        x, y: Position of each pixel in mm, shape `(H, W)`.
        signal: What has been painted, shape `(H, W)`. Fat may be negative (out of phase with water).
        pixel: In-plane pixel size in mm: the width of a sharp edge.
    """

    def __init__(
        self, shape: tuple[int, int], pixel: float, *, origin: tuple[float, float] = (0.0, 0.0), angle: float = 0.0
    ) -> None:
        """
        Args:
            shape: Rows and columns.
            pixel: Pixel size in mm.
            origin: Where the anatomy's origin lies, in mm right of and below the middle of the picture.
            angle: Turn of the anatomy in the picture in radians, clockwise.
        """
        rows, columns = shape
        across = (np.arange(columns, dtype=np.float32) - (columns - 1) / 2)[None, :] * pixel - origin[0]
        down = (np.arange(rows, dtype=np.float32) - (rows - 1) / 2)[:, None] * pixel - origin[1]
        cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        self.x = cosine * across + sine * down
        self.y = cosine * down - sine * across
        self.signal = np.zeros(shape, np.float32)
        self.pixel = pixel
        self._corner = ((columns - 1) / 2 + origin[0] / pixel, (rows - 1) / 2 + origin[1] / pixel)
        self._turn = (float(cosine), float(sine))

    def cover(self, distance: np.ndarray, width: float = 0.0) -> np.ndarray:
        """How much of each pixel a shape covers, 0 to 1.

        Args:
            distance: Signed distance to the shape's edge in mm, negative inside.
            width: Extra width of the edge in mm, over one pixel: the partial volume of a slanting wall.
        """
        return np.clip(0.5 - distance / (self.pixel + width), 0.0, 1.0)

    def paint(self, cover: np.ndarray, value: float | np.ndarray) -> None:
        """Lays `value` over the signal where `cover` (0 to 1) says."""
        self.signal += cover * (value - self.signal)

    def paint_blob(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        value: float | np.ndarray,
        *,
        angle: float = 0.0,
        wobble: Wobble = (),
        within: np.ndarray | None = None,
        opacity: float = 1.0,
        width: float = 0.0,
    ) -> None:
        """Paints a blob (see `blob`), touching only the pixels near it.

        Args:
            within: Cover that bounds the blob, shape `(H, W)`.
            opacity: 1 hides what is below.
            value: One signal, or one per pixel of shape `(H, W)`.
            centre, radii, angle, wobble, width: See `blob` and `cover`.
        """
        window = self._window(centre, max(radii) * (1.0 + sum(abs(a) for _, a, _ in wobble)) + self.pixel + width)
        if self.signal[window].size == 0:
            return
        cover = self.cover(blob(self.x[window], self.y[window], centre, radii, angle=angle, wobble=wobble), width)
        if within is not None:
            cover = cover * within[window]
        target = self.signal[window]
        target += opacity * cover * ((value[window] if isinstance(value, np.ndarray) else value) - target)

    def _window(self, centre: tuple[float, float], reach: float) -> tuple[slice, slice]:
        cosine, sine = self._turn
        column = self._corner[0] + (cosine * centre[0] - sine * centre[1]) / self.pixel
        row = self._corner[1] + (sine * centre[0] + cosine * centre[1]) / self.pixel
        reach = reach / self.pixel + 1
        limits = [(max(0, int(middle - reach)), max(0, int(middle + reach) + 2)) for middle in (row, column)]
        return slice(*limits[0]), slice(*limits[1])


def blob(
    x: np.ndarray,
    y: np.ndarray,
    centre: tuple[float, float],
    radii: tuple[float, float],
    *,
    angle: float = 0.0,
    wobble: Wobble = (),
) -> np.ndarray:
    """Signed distance in mm, along the ray from the centre, to a wobbly ellipse; negative inside.

    Args:
        x, y: Positions in mm.
        centre: Middle of the ellipse in mm.
        radii: Half axes in mm, along x and y before turning.
        angle: Turn in radians, clockwise in the picture.
        wobble: Harmonics of the outline.
    """
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    along, across = (cosine * dx + sine * dy) / np.float32(radii[0]), (cosine * dy - sine * dx) / np.float32(radii[1])
    relative = np.hypot(along, across)
    if wobble:
        relative = relative / np.maximum(harmonics(np.arctan2(across, along), wobble), np.float32(0.2))
    return np.hypot(dx, dy) * (1.0 - 1.0 / np.maximum(relative, np.float32(1e-3)))


def harmonics(angle: np.ndarray, wobble: Wobble) -> np.ndarray:
    """`1 + sum of amplitude * cos(k * angle + phase)`, for angles in radians."""
    steps = np.arange(_STEPS) * (2 * np.pi / _STEPS)
    table = np.ones(_STEPS, np.float32)
    for k, amplitude, phase in wobble:
        table += np.float32(amplitude) * np.cos(k * steps + phase).astype(np.float32)
    return table[np.rint(angle * np.float32(_STEPS / (2 * np.pi))).astype(np.int32) % _STEPS]


def rounded(planes: Sequence[np.ndarray], radius: float) -> np.ndarray:
    """Signed distance to the region behind all planes, its corners rounded.

    Args:
        planes: Signed distance to each plane in mm, negative inside.
        radius: Radius of the corners in mm.
    """
    outside = np.sqrt(sum(np.maximum(plane + radius, 0.0) ** 2 for plane in planes))
    inside = np.minimum(np.maximum.reduce([*planes]) + radius, 0.0)
    return np.asarray(outside + inside - radius)


def joined(first: np.ndarray, second: np.ndarray, fillet: float) -> np.ndarray:
    """Signed distance to two shapes together, the notch between them filled over about `fillet` mm."""
    overlap = np.maximum(fillet - np.abs(first - second), 0.0)
    return np.minimum(first, second) - overlap**2 / (4.0 * fillet)


def random_wobble(rng: np.random.Generator, amplitude: float, orders: Sequence[int] = (2, 3, 4, 5)) -> Wobble:
    """Harmonics with random phases; the finer, the smaller."""
    return [(k, amplitude * rng.uniform(0.4, 1.0) * 2.0 / k, rng.uniform(0.0, 2 * np.pi)) for k in orders]


class Texture:
    """Smooth random variation over the slices of a study: mean 0, standard deviation 1."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, int], scale_pixels: float) -> None:
        """
        Args:
            rng: Where the variation comes from.
            shape: Rows and columns.
            scale_pixels: Correlation length in pixels.
        """
        frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :])
        window = np.exp(-2.0 * (np.pi * scale_pixels * frequency) ** 2)
        fields = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((2, *shape))) * window, s=shape)
        fields -= fields.mean(axis=(1, 2), keepdims=True)
        self._fields = (fields / fields.std(axis=(1, 2), keepdims=True)).astype(np.float32)

    def at(self, position: float) -> np.ndarray:
        """The variation in the slice at `position`, shape `(H, W)`; 1 apart means unrelated."""
        turn = position * np.pi / 2
        return np.float32(np.cos(turn)) * self._fields[0] + np.float32(np.sin(turn)) * self._fields[1]
