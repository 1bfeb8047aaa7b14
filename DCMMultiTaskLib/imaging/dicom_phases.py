"""Which images of a stack are of the same moment of the heart beat."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from DCMMultiTaskLib.errors import InputError, count
from DCMMultiTaskLib.imaging.dicom_headers import TIME_TAGS, DicomImage
from DCMMultiTaskLib.imaging.dicom_stacks import Stack

Position = Sequence[DicomImage]


@dataclass(frozen=True, eq=False)
class Phases:
    """A stack's images by phase.

    Attributes:
        images: `images[phase][slice]`.
        tag: What the phases are ordered by; empty for a single phase.
        left_out: Images without a counterpart at every position.
        paired: Each moment has two images at every position, such as a magnitude and a phase image.
    """

    images: tuple[tuple[DicomImage, ...], ...]
    tag: str
    left_out: tuple[DicomImage, ...] = ()
    paired: bool = False


def find_phases(stack: Stack, name: str) -> Phases:
    """Order the images at every position in time.

    The order is that of the first of `TIME_TAGS` that every image has, that differs between all images of a position,
    and that runs alike at every position.

    Raises:
        InputError: No tag does, or positions have so few images that nothing is common.
    """
    positions = stack.positions
    if all(len(position) == 1 for position in positions):
        return Phases((tuple(position[0] for position in positions),), "")
    fewest = min(map(len, positions))
    if fewest < 0.5 * stack.phases:
        raise InputError(
            f"{name}: the DICOM series is not complete: its {count(len(positions), 'slice position')} have "
            f"{fewest} to {max(map(len, positions))} images each."
        )
    for tag in TIME_TAGS:
        if _orders(tag, positions):
            return _in_step([sorted(position, key=lambda i: _value(i, tag)) for position in positions], tag)
    if _paired(positions):
        in_time = [
            sorted(position, key=lambda i: (_value(i, "TriggerTime"), _value(i, "InstanceNumber")))
            for position in positions
        ]
        return Phases(tuple(zip(*in_time, strict=True)), "TriggerTime", paired=True)
    raise InputError(
        f"{name}: the order of the phases is not known: none of {', '.join(TIME_TAGS[:-1])} and {TIME_TAGS[-1]} "
        "is there for every image and runs alike at every slice position."
    )


def _value(image: DicomImage, tag: str) -> float:
    value = image.times[tag]
    return np.nan if value is None else value


def _orders(tag: str, positions: Sequence[Position]) -> bool:
    """Whether a tag is complete, differs within each position, and runs alike at all of them."""
    values = [sorted(_value(image, tag) for image in position) for position in positions]
    if any(np.isnan(place).any() or len(set(place)) < len(place) for place in values):
        return False
    if tag == "TriggerTime":  # differs a little from slice to slice with the heart rate
        spans = [place[-1] - place[0] for place in values if len(place) > 2]
        return not spans or max(spans) <= 3 * min(spans)
    most = max(map(len, values))
    longest = set(next(place for place in values if len(place) == most))
    if all(set(place) <= longest for place in values):
        return True
    # Numbers and clock times run through a series position by position, or phase by phase, whatever the series.
    series: dict[str, list[list[float]]] = defaultdict(list)
    for position in positions:
        for uid in {image.series for image in position}:
            series[uid].append(sorted(_value(image, tag) for image in position if image.series == uid))
    return all(_position_by_position(ranges) or _phase_by_phase(ranges) for ranges in series.values())


def _position_by_position(values: Sequence[Sequence[float]]) -> bool:
    ranges = sorted((place[0], place[-1]) for place in values)
    return all(end < begin for (_, end), (begin, _) in pairwise(ranges))


def _phase_by_phase(values: Sequence[Sequence[float]]) -> bool:
    if len({len(place) for place in values}) > 1:
        steps = {step for place in values for step in np.diff(place).tolist()}
        common = min(steps)
        return common >= len(values) and all(step % common == 0 for step in steps)
    ranks = list(zip(*values, strict=True))
    return all(max(rank) < min(following) for rank, following in pairwise(ranks))


def _paired(positions: Sequence[Position]) -> bool:
    """Whether every trigger time, of several, is there twice at every position, with numbers to tell the two apart."""
    if len(set(map(len, positions))) > 1:
        return False
    moments = [Counter(_value(image, "TriggerTime") for image in position) for position in positions]
    numbered = all(len({_value(i, "InstanceNumber") for i in position}) == len(position) for position in positions)
    return numbered and all(len(times) > 1 and set(times.values()) == {2} for times in moments)


def _in_step(positions: Sequence[Position], tag: str) -> Phases:
    """Bring positions with different numbers of images to the phases that all of them have."""
    shortest = min(positions, key=len)
    wanted = _moments(shortest, tag, None)
    kept, left_out = [], []
    for position in positions:
        if len(position) == len(shortest):
            chosen = list(range(len(position)))
        else:
            chosen = _closest(
                _moments(position, tag, shortest), wanted if _alike(position, shortest, tag) else _share(wanted)
            )
        kept.append([position[place] for place in chosen])
        left_out += [image for place, image in enumerate(position) if place not in chosen]
    return Phases(tuple(zip(*kept, strict=True)), tag, tuple(left_out))


def _step(position: Position, tag: str) -> float:
    return float(np.median(np.diff([_value(image, tag) for image in position]))) if len(position) > 1 else 1.0


def _alike(position: Position, other: Position, tag: str) -> bool:
    """Whether the phases of two positions are equally far apart in time."""
    return abs(_step(position, tag) / _step(other, tag) - 1) < 0.05


def _moments(position: Position, tag: str, other: Position | None) -> np.ndarray:
    """When each image was, from the first; as a share of the heart beat where the other position has other steps."""
    times = np.array([_value(image, tag) for image in position])
    times = times - (times[0] if tag != "TriggerTime" and tag != "TemporalPositionIdentifier" else 0)
    return times if other is None or _alike(position, other, tag) else _share(times)


def _share(times: np.ndarray) -> np.ndarray:
    return (
        (times - times[0]) / (times[-1] - times[0] + float(np.median(np.diff(times)))) if len(times) > 1 else times * 0
    )


def _closest(moments: np.ndarray, wanted: np.ndarray) -> list[int]:
    """For each wanted moment the closest one that leaves enough for those after it."""
    chosen: list[int] = []
    for number, moment in enumerate(wanted):
        first = chosen[-1] + 1 if chosen else 0
        last = len(moments) - (len(wanted) - number)
        chosen.append(first + int(np.argmin(np.abs(moments[first : last + 1] - moment))))
    return chosen
