"""Wall thickness by the segments of the American Heart Association: rows for each slice, and the 17 of a patient."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.orientation import SliceOrientation
from DCMMultiTaskLib.imaging.segments import LV_CAVITY, MYOCARDIUM
from DCMMultiTaskLib.imaging.volume import Geometry
from DCMMultiTaskLib.measurements.masks import areas_mm2, base_first
from DCMMultiTaskLib.measurements.thickness import ANGLES, Chords, radial_chords

LEVELS = ("basal", "mid", "apical")
_WALLS = ("anterior", "anteroseptal", "inferoseptal", "inferior", "inferolateral", "anterolateral")
NAMES: Mapping[int, str] = {
    **{number + 6 * ring: f"{LEVELS[ring]} {wall}" for ring in (0, 1) for number, wall in enumerate(_WALLS, start=1)},
    **{number: f"apical {wall}" for number, wall in enumerate(("anterior", "septal", "inferior", "lateral"), start=13)},
    17: "apex",
}
"""Segments 1 to 17 (Cerqueira et al., Circulation 2002;105:539)."""

# LPS. The apex points to the left, forward and down; the septum faces right and forward. Mean of three patients.
_TO_APEX = np.array([0.68, -0.67, -0.32])
_SEPTUM_FACES = np.array([-1.0, -1.0, 0.0])
SEPTUM_HALF_ANGLE = 52.0
"""Degrees from the middle of the septum to the anterior insertion of the right ventricle."""
_OFF_THE_LONG_AXIS = 40.0  # degrees: slices whose normal is farther from _TO_APEX are no short axis of a patient
_FEWEST_RINGS = 3
_FROM_THE_MIDDLE_MM = 5.0


@dataclass(frozen=True)
class SegmentRow:
    """One segment of one slice; the fields are the columns of `NAME_segments.csv`, in order.

    Attributes:
        slice: 0-based index along the slice axis.
        segment: 1 to 17.
        name: What the segment is called.
        wall_thickness_mean_mm: Mean thickness of the wall; NaN where it cannot be measured, as in the apex.
        wall_thickness_min_mm: Of its thinnest place.
        wall_thickness_max_mm: Of its thickest place.
        counted: 1 where the slice's quality is ok, so that it is part of the patient's mean.
    """

    slice: int
    segment: int
    name: str
    wall_thickness_mean_mm: float
    wall_thickness_min_mm: float
    wall_thickness_max_mm: float
    counted: int


@dataclass(frozen=True, eq=False)
class WallSegments:
    """The wall by segments.

    Attributes:
        rows: Base to apex, a row for each slice and segment.
        mean_mm: For each of the 17 segments the mean over the slices that count; NaN where there is none.
        names: What each segment is called: those of the American Heart Association, or numbered sectors.
        named: Whether the names are the Association's.
        septum: One sentence: how the septum was found.
    """

    rows: tuple[SegmentRow, ...]
    mean_mm: Mapping[int, float]
    names: Mapping[int, str]
    named: bool
    septum: str


@dataclass(frozen=True)
class _Turn:
    """Where the anterior insertion lies in the slices' plane, and which way the septum goes on from there (1 or -1)."""

    start: float
    sense: float
    towards_last: bool
    named: bool
    sentence: str


def measure_segments(
    labels: np.ndarray,
    geometry: Geometry,
    slice_axis: int,
    *,
    septum_lps: Sequence[float] | None = None,
    counts: Sequence[bool] | np.ndarray | None = None,
) -> WallSegments:
    """Measure the wall by segments.

    The slices that have a cavity with a wall are divided in thirds: basal and middle ones have six segments of 60
    degrees, apical ones four of 90. The first begins where the anterior wall of the right ventricle meets the septum,
    and the septum follows. What lies beyond the last cavity towards the apex is segment 17, whose thickness short-axis
    slices do not show.

    The anterior insertion is the user's point; without one it is estimated from how the slices lie in the patient: the
    septum's middle faces the right and the front, and the insertion lies 52 degrees before it. Where the slices do not
    lie as a short axis does (a file without orientation), or there are fewer than three rings, sectors are numbered
    the same way but have no name of a wall; the first begins at the upper left of the slice as it is shown.

    Args:
        labels: `(K, J, I)`, 1 myocardium, 2 LV cavity.
        geometry: Their grid.
        slice_axis: 0, 1, 2 for I, J, K.
        septum_lps: The anterior insertion in any slice, mm (LPS).
        counts: `(N,)` bool: slices that can be believed; all of them if None.

    Raises:
        InputError: The septum's point lies in the middle of the cavity, where it gives no direction.
    """
    orientation = SliceOrientation.of(geometry, slice_axis)
    pixel_mm = orientation.pixel_mm(geometry)
    cavity_mm2, wall_mm2 = (areas_mm2(labels == one.label, geometry, slice_axis) for one in (LV_CAVITY, MYOCARDIUM))
    believed = np.ones(len(cavity_mm2), dtype=bool) if counts is None else np.asarray(counts, dtype=bool)
    chords: dict[int, Chords] = {}
    for number, view in enumerate(orientation.view(labels)):
        if cavity_mm2[number] and wall_mm2[number]:
            found = radial_chords(view == MYOCARDIUM.label, view == LV_CAVITY.label, pixel_mm)
            if np.isfinite(found.thickness_mm).any():
                chords[number] = found
    turn = _turn(labels, geometry, orientation, list(chords), cavity_mm2, septum_lps)
    names = NAMES if turn.named else {number: _plain_name(number) for number in NAMES}
    rows = []
    rings = sorted(chords, reverse=not turn.towards_last)
    for place, number in enumerate(rings):
        level = int(3 * (place + 0.5) / len(rings))
        segments = _segment_of_rays(level, turn)
        for segment in np.unique(segments):
            wall = chords[number].summary(segments == segment)
            rows.append(
                SegmentRow(
                    number,
                    int(segment),
                    names[segment],
                    wall.mean_mm,
                    wall.min_mm,
                    wall.max_mm,
                    int(believed[number]),
                )
            )
    if rings:
        beyond = range(rings[-1] + 1, len(wall_mm2)) if turn.towards_last else range(rings[-1] - 1, -1, -1)
        cut = [number for number in beyond if wall_mm2[number]]
        rows += [SegmentRow(n, 17, names[17], math.nan, math.nan, math.nan, int(believed[n])) for n in cut]
    means = {}
    for segment in NAMES:
        values = np.array([row.wall_thickness_mean_mm for row in rows if row.segment == segment and row.counted])
        values = values[np.isfinite(values)]
        means[segment] = float(values.mean()) if len(values) else math.nan
    return WallSegments(tuple(rows), means, names, turn.named, turn.sentence)


def bulls_eye() -> dict[int, tuple[float, float, float, float]]:
    """Where each segment lies in the bull's eye: inner and outer radius (0 to 1), first and last angle in degrees.

    Angles run counter-clockwise from the right, as in mathematics; the anterior wall is on top, the septum on the left.
    """
    places = {}
    for number in range(1, 7):
        for ring in (0, 1):
            first = 60.0 * number
            places[number + 6 * ring] = (0.75 - 0.25 * ring, 1.0 - 0.25 * ring, first, first + 60)
    for number in range(13, 17):
        first = 45 + 90.0 * (number - 13)
        places[number] = (0.25, 0.5, first, first + 90)
    places[17] = (0.0, 0.25, 0.0, 360.0)
    return dict(sorted(places.items()))


def _plain_name(number: int) -> str:
    if number == 17:
        return "apex"
    level, first = (2, 12) if number > 12 else (1, 6) if number > 6 else (0, 0)
    return f"{LEVELS[level]} sector {number - first}"


def _segment_of_rays(level: int, turn: _Turn) -> np.ndarray:
    """The segment, 1 to 16, of each of the directions `ANGLES`."""
    past = turn.sense * (np.degrees(ANGLES) - turn.start) + 1e-6  # a ray on a border belongs to what follows
    if level < 2:  # from the anterior insertion: anteroseptal, inferoseptal, ..., anterior
        return 6 * level + 1 + (1 + np.floor_divide(past % 360, 60).astype(int)) % 6
    # The septal quarter has the septum's two thirds in its middle.
    return 13 + (1 + np.floor_divide((past - 15) % 360, 90).astype(int)) % 4


def _turn(
    labels: np.ndarray,
    geometry: Geometry,
    orientation: SliceOrientation,
    rings: Sequence[int],
    cavity_mm2: np.ndarray,
    septum_lps: Sequence[float] | None,
) -> _Turn:
    origin, down, across = (orientation.to_lps(geometry, 0, *pixel) for pixel in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)))
    row, column = ((end - origin) / np.linalg.norm(end - origin) for end in (down, across))
    normal = geometry.direction[:, orientation.slice_axis]
    cosine = float(normal @ _TO_APEX) / float(np.linalg.norm(_TO_APEX))
    in_patient = abs(cosine) >= math.cos(math.radians(_OFF_THE_LONG_AXIS))
    towards_last = cosine > 0 if in_patient else base_first(cavity_mm2)
    to_apex = normal if towards_last else -normal
    # The septum follows the anterior insertion by the right hand's turn about the axis towards the apex.
    sense = float(np.sign(np.cross(to_apex, column) @ row))

    def angle(direction: np.ndarray) -> float:
        return math.degrees(math.atan2(direction @ row, direction @ column))

    enough = len(rings) >= _FEWEST_RINGS
    if septum_lps is not None and rings:
        point = np.asarray(septum_lps, dtype=float)
        at = geometry.to_index(point)[orientation.slice_axis]
        nearest = min(rings, key=lambda number: abs(number - at))
        middle = np.argwhere(orientation.view(labels)[nearest] == LV_CAVITY.label).mean(axis=0)
        offset = point - orientation.to_lps(geometry, nearest, *middle)
        offset -= normal * (offset @ normal)
        if np.linalg.norm(offset) < _FROM_THE_MIDDLE_MM:
            raise InputError(
                "the septum's point lies in the middle of the LV cavity; it has to be where the anterior wall of the "
                "right ventricle meets the septum."
            )
        start = angle(offset)
        if enough:
            return _Turn(start, sense, towards_last, True, "The septum is where the given point says.")
    elif in_patient and enough:
        return _Turn(
            angle(_SEPTUM_FACES) - sense * SEPTUM_HALF_ANGLE,
            sense,
            towards_last,
            True,
            "The septum is estimated from how the slices lie in the patient, to about 15 degrees; a given point is "
            "exact.",
        )
    else:
        start, sense = 180 + SEPTUM_HALF_ANGLE, -1.0  # the picture's upper left, as its rows run down
    why = "how the slices lie in the patient is not known" if enough else "there are fewer than three rings"
    return _Turn(start, sense, towards_last, False, f"Sectors are numbered and have no names of walls, since {why}.")
