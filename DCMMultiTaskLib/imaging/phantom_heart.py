"""The phantom's heart: left ventricle with its truth, right ventricle, papillary muscles, scar."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.phantom_canvas import Canvas, Wobble, blob, harmonics, joined, random_wobble
from DCMMultiTaskLib.imaging.phantom_signal import Tissues

SCARS = ("none", "subendocardial", "mid_wall", "large", "random")
MYOCARDIUM, CAVITY = 1, 2
_OPEN_TO = 0.22  # level down to which the outflow tract may open the ring
_WIDEST = 0.3  # level of the largest cavity, from base (0) to apex (1)


@dataclass(frozen=True)
class Scar:
    """Fibrosis in the left ventricular wall.

    Attributes:
        angle, half_angle: Middle and half width of its sector in radians.
        levels: Where it begins and ends, from base (0) to apex (1).
        depth: Inner and outer border, from endocardium (0) to epicardium (1).
    """

    angle: float
    half_angle: float
    levels: tuple[float, float]
    depth: tuple[float, float]


@dataclass(frozen=True)
class Heart:
    """One heart at end diastole, sizes in mm; `beating` gives its other phases.

    Levels run along the long axis from the mitral plane (0) to the epicardial apex (1); angles are clockwise in the
    picture from the direction of the lateral wall.
    """

    cavity_radius: float
    wall: float
    length: float
    bluntness: float
    tilt: float
    cavity_wobble: Wobble
    wall_wobble: Wobble
    trabeculae: Wobble
    trabecular_depth: float
    papillary: tuple[tuple[float, float, float], ...]  # angle, radius in mm, distance from the wall as a part of it
    rv_width: float
    rv_wall: float
    rv_wobble: Wobble
    rv_bands: tuple[tuple[float, float], ...]  # height from -1 (top) to 1, distance from the free wall as a part
    fat: float
    fat_wobble: Wobble
    scar: Scar | None
    shortening: float
    outflow: float = 0.0
    """Half width in radians of the gap that the outflow tract leaves in the wall at the base; 0 for closed rings."""

    def cavity_radius_at(self, level: float) -> float:
        """Mean radius of the cavity in mm; 0 beyond its apex."""
        return self.cavity_radius * self._profile(level, 1.0 - 0.75 * self.wall / self.length)

    def outer_radius_at(self, level: float) -> float:
        """Mean radius of the epicardium in mm; 0 beyond the apex."""
        return (self.cavity_radius + self.wall) * self._profile(level, 1.0)

    def _profile(self, level: float, apex: float) -> float:
        if level <= _WIDEST:
            return 1.0 - 0.12 * ((_WIDEST - level) / _WIDEST) ** 2
        beyond = (level - _WIDEST) / (apex - _WIDEST)
        return (1.0 - beyond**self.bluntness) ** 0.5 if beyond < 1.0 else 0.0

    def beating(self, contraction: float) -> Heart:
        """The same heart contracted, 0 (end diastole) to 1 (end systole); the wall keeps its cross-section."""
        radius = self.cavity_radius * (1.0 - self.shortening * contraction)
        area = self.wall * (2 * self.cavity_radius + self.wall) * (1.0 + 0.1 * contraction)
        return replace(
            self,
            cavity_radius=radius,
            wall=float(np.sqrt(radius**2 + area)) - radius,
            rv_width=self.rv_width * (1.0 - self.shortening * contraction),
        )

    def paint(self, canvas: Canvas, level: float, half_thickness: float, tissues: Tissues) -> np.ndarray:
        """Paints the heart into one slice.

        Args:
            canvas: The slice, everything around the heart painted.
            level: Its place on the long axis.
            half_thickness: Half the slice thickness, in levels.
            tissues: Signals.

        Returns:
            The truth of shape `(H, W)`, uint8: 0, 1 myocardium, 2 cavity, papillary muscles included.
        """
        truth = np.zeros(canvas.signal.shape, np.uint8)
        if level < 0.0:
            self._paint_atria(canvas, tissues)
            return truth
        radius, outer_radius = self.cavity_radius_at(level), self.outer_radius_at(level)
        if outer_radius < 1.0:
            return truth
        distance = np.hypot(canvas.x, canvas.y)
        angle = np.arctan2(canvas.y, canvas.x) - np.float32(self.tilt)
        turned = angle + np.float32(0.8 * level)
        cavity_edge = radius * harmonics(turned, self.cavity_wobble)
        wall_edge = cavity_edge + (outer_radius - radius) * harmonics(turned, self.wall_wobble)
        inside_wall, inside_cavity = distance - wall_edge, distance - cavity_edge

        self._paint_right_ventricle(canvas, level, inside_wall, tissues)
        slant = [
            abs(edge(level - half_thickness) - edge(level + half_thickness))
            for edge in (self.outer_radius_at, self.cavity_radius_at)
        ]
        canvas.paint(canvas.cover(inside_wall, slant[0]), tissues.myocardium)
        if self.scar is not None:
            depth = inside_cavity / np.maximum(wall_edge - cavity_edge, 1e-3)
            canvas.paint(self._scar_cover(self.scar, angle, depth, level), tissues.scar)
        truth[inside_wall < 0] = MYOCARDIUM
        if self.outflow and level < _OPEN_TO:
            # Towards the aortic root, above the septum; blood flows through where the wall is missing.
            away = np.abs((angle - np.float32(-2.4) + np.pi) % (2 * np.pi) - np.pi) - self.outflow * (
                1 - level / _OPEN_TO
            )
            canvas.paint(canvas.cover(inside_wall) * canvas.cover(away * distance), 0.95 * tissues.blood)
            truth[away < 0] = 0
        if radius >= 1.0:
            cavity = canvas.cover(inside_cavity, slant[1])
            canvas.paint(cavity, tissues.blood)
            self._paint_muscles_in_cavity(canvas, level, cavity, inside_cavity, angle, tissues)
            truth[inside_cavity < 0] = CAVITY
        return truth

    def _paint_muscles_in_cavity(
        self,
        canvas: Canvas,
        level: float,
        cavity: np.ndarray,
        inside_cavity: np.ndarray,
        angle: np.ndarray,
        tissues: Tissues,
    ) -> None:
        """Trabeculae along the wall and the papillary muscles: parts of the cavity, as experts contour it."""
        radius = self.cavity_radius_at(level)
        reach = min(self.trabecular_depth * (0.4 + level), 0.25 * radius)
        ridges = reach * (harmonics(angle, self.trabeculae) - 1.0)
        canvas.paint(0.7 * cavity * canvas.cover(-inside_cavity - ridges, 0.5), tissues.myocardium)
        for direction, size, gap in self.papillary:
            size = min(size, 0.3 * radius) * float(np.sqrt(max(0.0, 1.0 - ((level - 0.52) / 0.32) ** 2)))
            if size > 0.8:
                away = max(0.0, radius - size * (1.0 + gap))
                centre = (away * np.cos(direction + self.tilt), away * np.sin(direction + self.tilt))
                canvas.paint_blob(
                    centre,
                    (1.15 * size, 0.9 * size),
                    1.15 * tissues.myocardium,
                    angle=direction + self.tilt,
                    within=cavity,
                    wobble=((2, 0.08, direction), (3, 0.1, 3 * direction)),
                )

    def _scar_cover(self, scar: Scar, angle: np.ndarray, depth: np.ndarray, level: float) -> np.ndarray:
        away = np.abs((angle - np.float32(scar.angle) + np.pi) % (2 * np.pi) - np.pi)
        sector = np.clip((scar.half_angle - away) / 0.15 + 0.5, 0.0, 1.0)
        band = np.clip((depth - scar.depth[0]) / 0.12 + 0.5, 0.0, 1.0)
        band *= np.clip((scar.depth[1] - depth) / 0.12 + 0.5, 0.0, 1.0)
        along = np.clip(min(level - scar.levels[0], scar.levels[1] - level) / 0.06 + 0.5, 0.0, 1.0)
        return sector * band * along * ((depth > 0) & (depth < 1))

    def _paint_right_ventricle(self, canvas: Canvas, level: float, inside_wall: np.ndarray, tissues: Tissues) -> None:
        outer = self.outer_radius_at(level)
        size = float(np.sqrt(max(0.0, 1.0 - (level / 0.95) ** 2)))
        width = self.rv_width * size
        half_width, half_height = (0.75 * outer + width) / 2, outer * (0.72 + 0.38 * size)
        across, down = -np.cos(self.tilt), -np.sin(self.tilt)
        away = outer + width - half_width
        centre = (across * away + down * 4.0, down * away - across * 4.0)
        right = blob(
            canvas.x, canvas.y, centre, (half_width, half_height), angle=self.tilt - 0.15, wobble=self.rv_wobble
        )
        outflow = 15.0 * float(np.sqrt(max(0.0, 1.0 - (level / 0.35) ** 2)))
        if outflow > 2.0:
            above = (centre[0] + 0.35 * outer, centre[1] - 0.8 * half_height)
            right = joined(right, blob(canvas.x, canvas.y, above, (1.2 * outflow, outflow)), 8.0)
        right = right + 1e3 * (size < 0.3)
        envelope = joined(inside_wall, right - self.rv_wall, 16.0)
        away_from_groove = np.arctan2(canvas.y, canvas.x) - np.float32(self.tilt)
        fat = self.fat * (0.7 + 0.8 * level) * harmonics(away_from_groove, self.fat_wobble)
        # The fat pad between the right ventricle, the chest wall and the diaphragm.
        pad_centre = (-outer - 0.75 * width - 6.0 - 10.0 * size, 0.9 * outer)
        pad_radii = ((24.0 + 5.0 * self.fat) * (0.4 + 0.6 * size), 8.0 + 2.5 * self.fat)
        pad = blob(canvas.x, canvas.y, pad_centre, pad_radii, angle=-0.35)
        with_pad = joined(envelope - fat, pad + 1.5 * (fat - self.fat), 20.0)
        canvas.paint(canvas.cover(with_pad, 1.0), 0.9 * tissues.fat)
        pericardium = np.abs(envelope - 0.6 * fat) - 0.4 + np.maximum(2.5 - fat, 0.0)
        canvas.paint(0.5 * canvas.cover(pericardium), tissues.muscle)
        canvas.paint(canvas.cover(right - self.rv_wall, 0.5), 0.5 * (tissues.myocardium + tissues.muscle))
        cavity = canvas.cover(right, 0.8)
        canvas.paint(cavity, 0.96 * tissues.blood)
        for height, inward in self.rv_bands:
            canvas.paint_blob(
                (centre[0] - half_width * (0.8 - 0.5 * inward), centre[1] + half_height * height * 0.6),
                (1.0 + 0.25 * half_width * level * inward, 1.0 + 0.06 * half_width * level),
                tissues.myocardium * 1.3,
                angle=-height,
                within=cavity,
                opacity=0.8 * size,
            )

    def _paint_atria(self, canvas: Canvas, tissues: Tissues) -> None:
        """What lies above the mitral plane: left atrium, aortic root, right atrium."""
        radius = 0.8 * self.cavity_radius
        canvas.paint_blob((-8.0, -2.0), (radius + 34.0, radius + 16.0), 0.95 * tissues.fat)
        rooms = [
            ((4.0, 6.0), (radius, 0.85 * radius)),
            ((-radius - 16.0, 8.0), (18.0, 22.0)),
            ((-0.8 * radius, -22.0), (14.0, 14.0)),
            ((-0.8 * radius - 22.0, -24.0), (16.0, 12.0)),
        ]
        for centre, radii in rooms:
            canvas.paint_blob(centre, (radii[0] + 2.0, radii[1] + 2.0), 1.2 * tissues.muscle)
            canvas.paint_blob(centre, radii, 0.95 * tissues.blood)


def draw_heart(rng: np.random.Generator, *, dilated: bool, scar: str = "random", open_base: bool = False) -> Heart:
    """A heart of realistic size: dilated, thin-walled and round, or normal.

    Args:
        rng: Where the variation comes from.
        dilated: Cavity of 60 to 75 mm across with a wall of 5 to 8 mm, or of 44 to 53 mm with 8 to 11 mm.
        scar: `none`, `subendocardial`, `mid_wall`, `large` (from the endocardium, often through the wall) or `random`.
        open_base: The outflow tract opens the basal rings.
    """
    if scar not in SCARS:
        raise InputError(f"The phantom has no scar {scar!r}; choose one of {', '.join(SCARS)}.")
    diameter = np.clip(rng.normal(67.0, 4.0), 60.0, 75.0) if dilated else np.clip(rng.normal(48.5, 2.2), 44.0, 53.0)
    wall = rng.uniform(5.0, 8.0) if dilated else rng.uniform(8.0, 11.0)
    papillary = tuple(
        (angle + rng.normal(0, 0.15), rng.uniform(3.8, 5.8), rng.uniform(-0.1, 0.5)) for angle in (-0.7, 0.95)
    )
    return Heart(
        cavity_radius=float(diameter) / 2,
        wall=wall,
        length=rng.uniform(92.0, 106.0) if dilated else rng.uniform(86.0, 97.0),
        bluntness=rng.uniform(2.3, 2.9) if dilated else rng.uniform(1.7, 2.2),
        tilt=rng.uniform(-0.45, 0.3),
        cavity_wobble=random_wobble(rng, 0.03 if dilated else 0.05, (2, 3, 4)),
        wall_wobble=random_wobble(rng, 0.13, (1, 2, 3, 5)),
        trabeculae=[(k, rng.uniform(0.2, 0.5), rng.uniform(0, 2 * np.pi)) for k in (7, 11, 16, 23)],
        trabecular_depth=rng.uniform(1.5, 3.5),
        papillary=papillary,
        rv_width=rng.uniform(24.0, 36.0),
        rv_wall=rng.uniform(1.5, 2.6),
        rv_wobble=[(3, rng.uniform(0.03, 0.08), np.pi + rng.normal(0, 0.3)), *random_wobble(rng, 0.03, (2, 4, 5))],
        rv_bands=tuple((h + rng.normal(0, 0.15), rng.uniform(0.3, 1.0)) for h in (-0.7, -0.2, 0.3, 0.7)),
        fat=rng.uniform(1.0, 4.5),
        fat_wobble=[(1, 0.7, np.pi + rng.normal(0, 0.5)), *random_wobble(rng, 0.35, (2, 3, 4, 5, 7, 9))],
        scar=_draw_scar(rng, dilated=dilated, kind=scar),
        shortening=rng.uniform(0.08, 0.16) if dilated else rng.uniform(0.3, 0.4),
        outflow=rng.uniform(0.3, 0.9) if open_base else 0.0,
    )


def _draw_scar(rng: np.random.Generator, *, dilated: bool, kind: str) -> Scar | None:
    chance = (0.5, 0.1, 0.4) if dilated else (0.65, 0.3, 0.05)
    drawn = str(rng.choice(["none", "subendocardial", "mid_wall"], p=chance))
    kind = drawn if kind == "random" else kind
    first = rng.uniform(0.0, 0.5)
    levels = (first, first + rng.uniform(0.3, 0.6))
    inner = rng.uniform(0.3, 0.4)
    midwall = Scar(np.pi + rng.normal(0, 0.35), rng.uniform(0.4, 0.8), levels, (inner, inner + rng.uniform(0.3, 0.4)))
    infarct = Scar(rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 0.9), levels, (-1.0, rng.uniform(0.4, 1.0)))
    if kind == "large":
        wide = (max(0.0, first - 0.2), first + 0.8)
        return Scar(rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.6), wide, (-1.0, rng.uniform(0.6, 1.4)))
    return {"none": None, "mid_wall": midwall, "subendocardial": infarct}[kind]
