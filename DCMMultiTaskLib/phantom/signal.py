"""From tissue to picture: brightness of the tissues, receiver coils, and the scanner's sampling with its noise."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from DCMMultiTaskLib.errors import InputError

CONTRASTS = ("lge", "cine", "random", "any")


@dataclass(frozen=True)
class Tissues:
    """Signal of each tissue, blood being near 1."""

    fat: float
    muscle: float
    lung: float
    blood: float
    myocardium: float
    scar: float
    liver: float
    spleen: float
    stomach: float
    vessel: float
    marrow: float


# Inversion recovery gradient echo at the time that nulls healthy myocardium, ten minutes after gadolinium.
_LGE = Tissues(
    fat=0.85,
    muscle=0.26,
    lung=0.05,
    blood=0.80,
    myocardium=0.09,
    scar=1.05,
    liver=0.40,
    spleen=0.48,
    stomach=0.22,
    vessel=0.62,
    marrow=0.40,
)
# Balanced steady state free precession.
_CINE = Tissues(
    fat=0.85,
    muscle=0.24,
    lung=0.05,
    blood=0.95,
    myocardium=0.34,
    scar=0.37,
    liver=0.32,
    spleen=0.30,
    stomach=0.28,
    vessel=0.70,
    marrow=0.35,
)


def draw_tissues(rng: np.random.Generator, contrast: str) -> Tissues:
    """Signals of one study.

    Args:
        rng: Where the variation between studies comes from.
        contrast: `lge` (late gadolinium enhancement), `cine` (balanced steady state free precession) or `random`
            (anywhere between the two), or `any` (each tissue as it comes, blood not always brighter than muscle).
    """
    if contrast not in CONTRASTS:
        raise InputError(f"The phantom has no contrast {contrast!r}; choose one of {', '.join(CONTRASTS)}.")
    lge_share = {"lge": 1.0, "cine": 0.0, "random": rng.uniform(), "any": 1.0}[contrast]
    values = {}
    for tissue in fields(Tissues):
        mixed = lge_share * getattr(_LGE, tissue.name) + (1 - lge_share) * getattr(_CINE, tissue.name)
        values[tissue.name] = mixed * rng.uniform(0.85, 1.15)
    values["myocardium"] *= rng.uniform(0.7, 1.4)  # the inversion time is never quite right
    if contrast == "any":
        values |= {tissue.name: rng.uniform(0.04, 1.0) for tissue in fields(Tissues) if tissue.name != "lung"}
        # What cannot be told apart cannot be learned; scars hold as much contrast agent as blood, or more.
        if abs(values["blood"] - values["myocardium"]) < 0.2:
            values["myocardium"] = values["blood"] - 0.25 if values["blood"] > 0.5 else values["blood"] + 0.25
        values["scar"] = values["blood"] * rng.uniform(0.8, 1.35)
    if lge_share < 0.5:
        values["fat"] *= -1.0  # out of phase with water: their border cancels to a dark line
    return Tissues(**values)


def draw_coil_shading(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Receiver sensitivity, 1 at the heart: coil elements on the chest and, weaker, under the back.

    Args:
        rng: Where the coils lie.
        x, y: Position of each pixel in mm, shape `(H, W)`.

    Returns:
        The factor on the signal, shape `(H, W)`, float32.
    """
    places = [(-150.0, -30.0, 1.0), (-70.0, -135.0, 1.0), (165.0, 40.0, 0.8), (60.0, 230.0, 0.6)]
    total, at_heart = np.full_like(x, 0.25), 0.25
    for place_x, place_y, weight in places:
        cx, cy = place_x + rng.normal(0, 15), place_y + rng.normal(0, 15)
        strength, reach = weight * rng.uniform(0.5, 1.5), rng.uniform(60.0, 100.0)
        total += strength / (1.0 + ((x - cx) ** 2 + (y - cy) ** 2) / reach**2) ** 1.5
        at_heart += strength / (1.0 + (cx**2 + cy**2) / reach**2) ** 1.5
    return (total / at_heart).astype(np.float32)


@dataclass(frozen=True)
class Sampling:
    """How the scanner samples k-space.

    Attributes:
        rows, columns: Part of k-space that is sampled along each axis; the rest is filled with zeros.
        noise: Standard deviation of the noise in each of the two receiver channels; blood is near 1.
        scale: Grey value of blood in the stored image.
    """

    rows: float
    columns: float
    noise: float
    scale: float

    def acquire(self, signal: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The magnitude image: blur and ringing of a bounded k-space, and Rician noise.

        Args:
            signal: What a perfect scanner would see, shape `(H, W)`.
            rng: Where the noise comes from.

        Returns:
            Grey values of shape `(H, W)`, int16.
        """
        filters = []
        for count, part in zip(signal.shape, (self.rows, self.columns), strict=True):
            relative = np.abs(np.fft.fftfreq(count)) * 2.0 / part
            filters.append(np.where(relative < 1.0, np.cos(np.clip(relative - 0.5, 0.0, 0.5) * np.pi) ** 0.5, 0.0))
        window = filters[0][:, None] * filters[1][None, :]
        noise = rng.standard_normal((2, *signal.shape)) * (self.noise / np.sqrt(np.mean(window**2)))
        image = np.fft.ifft2((np.fft.fft2(signal) + np.fft.fft2(noise[0] + 1j * noise[1])) * window)
        return np.clip(np.rint(np.abs(image) * self.scale), 0, 32767).astype(np.int16)


def draw_sampling(rng: np.random.Generator) -> Sampling:
    """The sampling of one study."""
    return Sampling(
        rows=rng.uniform(0.68, 0.92),
        columns=rng.uniform(0.85, 1.0),
        noise=rng.uniform(0.012, 0.04),
        scale=rng.uniform(250.0, 900.0),
    )
