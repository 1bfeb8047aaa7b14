"""What lies around the phantom's heart: chest wall, lungs, diaphragm, abdomen, spine."""

from __future__ import annotations

import numpy as np

from DCMMultiTaskLib.phantom.canvas import Canvas, Texture, random_wobble, rounded
from DCMMultiTaskLib.phantom.signal import Tissues


class Body:
    """One patient's trunk as short-axis planes cut it; it changes smoothly from base to apex."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, int], pixel: float, heart_radius: float) -> None:
        """
        Args:
            rng: Where the variation between patients comes from.
            shape: Rows and columns of a slice.
            pixel: Pixel size in mm.
            heart_radius: Largest epicardial radius of the left ventricle in mm, which the trunk makes room for.
        """
        self._textures = {mm: Texture(rng, shape, mm / pixel) for mm in (2.0, 5.0, 14.0, 40.0)}
        self._heart_radius = heart_radius
        self._front = max(rng.uniform(82.0, 100.0), heart_radius + 50.0)
        self._front_angle = rng.normal(-2.2, 0.13)
        self._side = max(rng.uniform(112.0, 140.0), heart_radius + 80.0)
        self._right_side = rng.uniform(140.0, 165.0)
        self._fat = rng.uniform(5.0, 16.0)
        self._lung_top = heart_radius + rng.uniform(38.0, 60.0)
        self._diaphragm = heart_radius + rng.uniform(3.0, 7.0)
        self._slope = rng.uniform(-0.1, 0.15)
        self._vessels = rng.uniform(-1.0, 1.0, (46, 5))
        self._liver_vessels = rng.uniform(-1.0, 1.0, (16, 4))
        self._wobbles = [random_wobble(rng, 0.13) for _ in range(6)]
        self._shifts = rng.normal(0.0, 5.0, (6, 2))
        self._drifts = rng.normal(0.0, 9.0, (6, 2))
        self._rib_phase = rng.uniform(0, 2 * np.pi)

    def paint(self, canvas: Canvas, level: float, heart_radius: float, tissues: Tissues) -> None:
        """Paints everything but the heart into one slice.

        Args:
            canvas: An empty slice.
            level: Its place on the heart's long axis, from base (0) to apex (1).
            heart_radius: Epicardial radius of the left ventricle there in mm: the heart rests on the diaphragm.
            tissues: Signals.
        """
        level = float(np.clip(level, -0.3, 1.2))
        shrunk = self._heart_radius - heart_radius if level > 0 else 0.0
        fine, medium, coarse, broad = (texture.at(1.5 * level) for texture in self._textures.values())
        x, y = canvas.x, canvas.y
        across = np.float32(np.cos(self._front_angle)) * x + np.float32(np.sin(self._front_angle)) * y
        front = across - (self._front - 8.0 * level - 0.6 * shrunk) + 2.0 * broad
        sides = [x - self._side - 3.0 * broad, -x - self._right_side - 3.0 * broad]
        skin = rounded([front, *sides], 45.0)
        canvas.paint(canvas.cover(skin), tissues.fat * (1.0 + 0.05 * medium))

        fat_depth = self._fat * (1.0 + 0.25 * broad) + 6.0 * level + np.clip(-(x + 60.0) * 0.1, 0.0, 12.0)
        muscle = skin + fat_depth
        muscle_signal = tissues.muscle * (1.0 + 0.15 * medium + 0.1 * fine)
        canvas.paint(canvas.cover(muscle), muscle_signal)
        streaks = canvas.cover(5.0 * (1.1 - np.abs(coarse)) - 1.2) * canvas.cover(muscle)
        canvas.paint(0.8 * streaks, 0.8 * tissues.fat)

        chest = rounded(
            [
                front + fat_depth + 9.0,
                x - (self._side - 24.0 - 10.0 * level) - 2.0 * broad,
                -x - (self._right_side - 25.0),
                -y - (self._lung_top - 8.0 * level - 0.5 * shrunk) + 1.5 * broad,
            ],
            38.0,
        )
        self._paint_ribs(canvas, chest, tissues)
        cavity = canvas.cover(chest)
        canvas.paint(cavity, tissues.lung * (1.0 + 0.3 * medium))
        self._paint_lung_vessels(canvas, cavity, level, tissues)

        below = self._diaphragm - shrunk
        dome = below + 0.0024 * np.maximum(x - 20.0, 0.0) ** 2 + self._slope * np.minimum(x, 0.0) * 0.5 + 1.5 * coarse
        trunk = canvas.cover(rounded([front + fat_depth + 7.0, *(side + 20.0 for side in sides)], 45.0))
        self._paint_abdomen(canvas, trunk * canvas.cover(dome - y), dome, below, level, tissues)

    def mottle(self, level: float) -> np.ndarray:
        """Unevenness of all tissues in the slice at `level`, a factor of shape `(H, W)`."""
        return 1.0 + 0.03 * self._textures[2.0].at(1.5 * level + 1.0) + 0.05 * self._textures[5.0].at(1.5 * level + 1.0)

    def _paint_ribs(self, canvas: Canvas, chest: np.ndarray, tissues: Tissues) -> None:
        """Ribs cut across, strung along the outside of the chest cavity."""
        around = np.arctan2(canvas.y, canvas.x)
        along = np.cos(22.0 * around + self._rib_phase)
        rib = np.hypot(7.0 * (1.0 - along), chest - 6.0) - 4.5
        upper = np.clip((30.0 - canvas.y) / 20.0, 0.0, 1.0)
        canvas.paint(upper * canvas.cover(rib), 0.25 * tissues.muscle)
        canvas.paint(upper * canvas.cover(rib + 2.0), tissues.marrow)

    def _paint_lung_vessels(self, canvas: Canvas, cavity: np.ndarray, level: float, tissues: Tissues) -> None:
        for a, b, size, turn, drift in self._vessels:
            centre = (30.0 + 95.0 * a + 10.0 * drift * level, -35.0 + 75.0 * b + 8.0 * turn * level)
            radius = 1.0 + 0.7 * size
            canvas.paint_blob(
                centre,
                (radius * (1.6 + 1.2 * drift), 0.8 * radius),
                tissues.vessel,
                angle=3.0 * turn,
                within=cavity,
                opacity=0.6 + 0.35 * size,
            )

    def _paint_abdomen(
        self, canvas: Canvas, region: np.ndarray, dome: np.ndarray, base: float, level: float, tissues: Tissues
    ) -> None:
        fine, medium, coarse, broad = (texture.at(1.5 * level + 3.0) for texture in self._textures.values())
        canvas.paint(region, tissues.fat * (0.78 + 0.08 * medium))
        loops = canvas.cover(4.0 * (0.35 - coarse)) * region
        canvas.paint(0.9 * loops, np.abs(tissues.fat) * np.clip(0.3 + 0.25 * medium + 0.12 * fine, 0.02, 0.8))

        self._paint_spine_and_vessels(canvas, region, self._diaphragm, tissues)
        organs = [  # centre, half axes, turn, signal: from base to apex
            ((-75.0, base + 40.0), (88.0 - 45.0 * level, 44.0 - 14.0 * level), -0.1, tissues.liver),
            ((78.0, base + 58.0 - 20.0 * level), (24.0, 34.0 - 8.0 * level), 0.35, tissues.spleen),
            ((34.0 - 25.0 * level, base + 28.0), (30.0 + 16.0 * level, 22.0), -0.15, tissues.stomach),
            ((84.0, base + 118.0), (26.0, 34.0), 0.3, tissues.spleen * 1.1),
        ]
        for number, (centre, radii, turn, signal) in enumerate(organs):
            shift = self._shifts[number] + level * self._drifts[number]
            centre = (centre[0] + float(shift[0]), centre[1] + float(shift[1]))
            wobble = self._wobbles[number]
            rim = (radii[0] + 2.0, radii[1] + 2.0)
            canvas.paint_blob(centre, rim, tissues.fat * 0.7, angle=turn, wobble=wobble, within=region)
            value = signal * (1.0 + 0.05 * medium + 0.05 * broad)
            canvas.paint_blob(centre, radii, value, angle=turn, wobble=wobble, within=region)
            if number == 0:
                self._paint_liver_vessels(canvas, region, centre, radii, level, tissues)
            if number == 2:  # folds and contents of the stomach
                inner = (0.72 * radii[0], 0.62 * radii[1])
                content = np.clip(signal * (1.5 + 0.7 * coarse + 0.3 * medium), 0.02, 0.9)
                canvas.paint_blob(centre, inner, content, angle=turn, wobble=wobble, within=region, opacity=0.8)
        lining = canvas.cover(np.abs(canvas.y - dome) - 0.8) * region
        canvas.paint(0.7 * lining, tissues.muscle)

    def _paint_liver_vessels(
        self,
        canvas: Canvas,
        region: np.ndarray,
        centre: tuple[float, float],
        radii: tuple[float, float],
        level: float,
        tissues: Tissues,
    ) -> None:
        for a, b, size, turn in self._liver_vessels:
            along = np.sin(2.0 * a + 1.5 * level * turn)
            spot = (centre[0] + 0.75 * radii[0] * along, centre[1] + 0.7 * radii[1] * b)
            canvas.paint_blob(
                spot,
                (3.2 + 2.0 * size, 1.2 + 0.4 * size),
                tissues.vessel,
                angle=turn * 1.5,
                within=region,
                opacity=0.55,
            )

    def _paint_spine_and_vessels(self, canvas: Canvas, region: np.ndarray, base: float, tissues: Tissues) -> None:
        """Vertebra with its canal and the descending aorta."""
        x, y = float(self._shifts[4, 0]) - 5.0, base + 92.0 + float(self._shifts[4, 1])
        canvas.paint_blob((x, y + 26.0), (46.0, 24.0), tissues.muscle, wobble=self._wobbles[4], within=region)
        canvas.paint_blob((x, y), (20.0, 16.0), 0.3 * tissues.muscle, wobble=self._wobbles[5], within=region)
        canvas.paint_blob((x, y), (18.0, 14.0), tissues.marrow, wobble=self._wobbles[5], within=region)
        canvas.paint_blob((x, y + 23.0), (8.0, 6.5), tissues.vessel, within=region)
        canvas.paint_blob((x, y + 23.0), (4.5, 3.8), tissues.muscle, within=region)
        canvas.paint_blob((x + 24.0, y - 16.0), (12.5, 12.5), tissues.muscle, within=region)
        canvas.paint_blob((x + 24.0, y - 16.0), (11.0, 11.0), tissues.blood, within=region)
