"""Which DICOM images form a stack of parallel slices; `short_axis` says which stack is the one to analyse.

A stack is not a series: scanners store it as one series, as one per slice position, or as one per breath hold, and put
localisers, phase images and single stray slices into the same series.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from DCMMultiTaskLib.errors import InputError, count
from DCMMultiTaskLib.imaging.dicom_headers import DicomImage

POSITION_TOLERANCE_MM = 0.1
"""Images closer to each other than this along the slice normal are at one position."""
ANGLE_TOLERANCE = 2.0
"""Degrees by which a slice may be turned against its stack; it is resampled onto the stack's grid."""
VIEW_TOLERANCE = 0.03
"""Share by which the field of view of a slice may differ from its stack's; it is resampled, too."""
EVEN_TOLERANCE = 0.1
"""Share by which the distances of a stack's slices may differ: a volume has one for all of them."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Parallel images, by position.

    Attributes:
        positions: The images at each position, positions along the normal.
        reference: The image whose grid is the stack's: the most common one.
    """

    positions: tuple[tuple[DicomImage, ...], ...]
    reference: DicomImage

    @property
    def images(self) -> list[DicomImage]:
        """All images."""
        return [image for position in self.positions for image in position]

    @property
    def phases(self) -> int:
        """Images at most positions."""
        return Counter(map(len, self.positions)).most_common(1)[0][0]

    @property
    def description(self) -> str:
        """The name of the series that most images are of."""
        return Counter(image.description for image in self.images).most_common(1)[0][0]

    @property
    def series(self) -> list[str]:
        """Series instance UIDs."""
        return sorted({image.series for image in self.images})

    @property
    def slices(self) -> int:
        """How many there are; by their slice locations where all images claim one position."""
        return max(len(self.positions), len(self.locations) if len(self.positions) == 1 else 0)

    @property
    def locations(self) -> set[int]:
        """Different slice locations, in whole mm."""
        return {round(image.location) for image in self.images if image.location is not None}

    def __str__(self) -> str:
        label = Counter(image.label for image in self.images).most_common(1)[0][0]
        return f"{label}: {count(self.slices, 'slice')} x {count(self.phases, 'phase')}"


def aligned(image: DicomImage, other: DicomImage) -> bool:
    """Same size, pixel spacing and orientation."""
    return (
        image.size == other.size
        and _close(image.spacing[:2], other.spacing[:2], 1e-3 * max(other.spacing[:2]))
        and _close(image.direction.ravel().tolist(), other.direction.ravel().tolist(), 1e-3)
    )


def _close(values: Iterable[float], others: Iterable[float], tolerance: float) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(values, others, strict=True))


def angle(image: DicomImage, other: DicomImage) -> float:
    """Degrees by which one image is turned against the other, about whatever axis."""
    cosine = (np.trace(image.direction.T @ other.direction) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def corner(image: DicomImage, reference: DicomImage) -> np.ndarray:
    """LPS of the first pixel of the image's slice on the reference's grid: its own, unless it has to be resampled."""
    if image.position is None or reference.position is None or aligned(image, reference):
        return np.zeros(3) if image.position is None else image.position
    return reference.position + reference.normal * float((image.centre - reference.centre) @ reference.normal)


def find_stacks(images: Sequence[DicomImage]) -> list[Stack]:
    """All stacks that the images form; each image is in one of them."""
    series: dict[tuple[str, str, str], list[DicomImage]] = defaultdict(list)
    for image in images:
        series[image.study, image.series, image.component].append(image)
    stacks = [stack for group in series.values() for parallel in _parallel(group) for stack in _by_traits(parallel)]
    return _joined(_joined(stacks, same_name=True), same_name=False)


def _parallel(images: Sequence[DicomImage]) -> list[Stack]:
    """Images of nearly one orientation and field of view, beginning with the most common."""
    kinds: list[list[DicomImage]] = []
    for image in images:
        kind = next((kind for kind in kinds if aligned(image, kind[0])), None)
        if kind is None:
            kinds.append([image])
        else:
            kind.append(image)
    stacks = []
    while kinds:
        reference = max(kinds, key=len)[0]
        near = [kind for kind in kinds if fits(kind[0], reference)]
        kinds = [kind for kind in kinds if not fits(kind[0], reference)]
        stacks.append(_stack([image for kind in near for image in kind], reference))
    return stacks


def fits(image: DicomImage, reference: DicomImage) -> bool:
    """Whether an image can be resampled onto the grid of another one's stack."""
    if aligned(image, reference):
        return True
    shares = image.field_of_view / reference.field_of_view
    return angle(image, reference) <= ANGLE_TOLERANCE and bool(np.abs(shares - 1).max() <= VIEW_TOLERANCE)


def _stack(images: Sequence[DicomImage], reference: DicomImage) -> Stack:
    heights = {id(image): float(corner(image, reference) @ reference.normal) for image in images}
    positions: list[list[DicomImage]] = []
    last = -np.inf
    for image in sorted(images, key=lambda image: heights[id(image)]):
        if heights[id(image)] - last > POSITION_TOLERANCE_MM:
            positions.append([])
            last = heights[id(image)]
        positions[-1].append(image)
    return Stack(tuple(map(tuple, positions)), reference)


def _by_traits(stack: Stack) -> list[Stack]:
    """Apart where every position has the same number of images of each kind: echoes, inversions, derived images."""
    kinds = [Counter(image.traits for image in position) for position in stack.positions]
    if len(kinds[0]) == 1 or any(kind != kinds[0] for kind in kinds) or len(set(kinds[0].values())) > 1:
        return [stack]
    return [_stack([image for image in stack.images if image.traits == kind], stack.reference) for kind in kinds[0]]


def _joined(stacks: Sequence[Stack], *, same_name: bool) -> list[Stack]:
    """Stacks of different series that together are one: parallel, phases alike, no position twice, evenly spaced.

    Series of the same name (numbers apart) are taken together at once, others one by one as long as it stays even.
    """
    whole: list[Stack] = []
    for stack in sorted(stacks, key=lambda stack: -len(stack.positions)):
        for place, other in enumerate(whole):
            if (not same_name or _name(stack) == _name(other)) and _completes(stack, other):
                both = _stack([*other.images, *stack.images], other.reference)
                if same_name or _is_even(both):
                    whole[place] = both
                    break
        else:
            whole.append(stack)
    if not same_name:
        return whole
    kept = []
    for stack in whole:
        parts = [one for one in stacks if one.images[0] in stack.images]
        kept += [stack] if len(parts) == 1 or _is_even(stack) or max(len(one.positions) for one in parts) < 3 else parts
    return kept


def _name(stack: Stack) -> str:
    return re.sub(r"[\W\d_]+", " ", stack.description.casefold()).strip()


def _completes(stack: Stack, other: Stack) -> bool:
    one, two = stack.images[0], other.images[0]
    if one.study != two.study or one.component != two.component or one.traits[1:] != two.traits[1:]:
        return False
    if not fits(stack.reference, other.reference) or not 2 / 3 <= stack.phases / other.phases <= 3 / 2:
        return False
    reference = other.reference
    mine, theirs = (np.array([corner(p[0], reference) for p in s.positions]) for s in (stack, other))
    steps = mine[:, None] - theirs[None]
    along = steps @ reference.normal
    sideways = np.linalg.norm(steps - along[..., None] * reference.normal, axis=-1)
    return bool(np.abs(along).min() > 1.0 and sideways.max() < max(reference.field_of_view) / 10)


def _is_even(stack: Stack) -> bool:
    try:
        return slice_spacing([position[0] for position in stack.positions], stack.reference) > 0
    except InputError:
        return False


def check_positions(stack: Stack, others: Sequence[Stack], name: str) -> None:
    """Refuse images that claim one position and are slices all the same, in one series or in one series each.

    Raises:
        InputError: Slice locations, or the number of images, contradict the positions.
    """
    positions = list(stack.positions)
    if len(positions) == 1:
        same = [one for one in others if _name(one) == _name(stack) and fits(one.reference, stack.reference)]
        at_one = [one for one in same if np.allclose(one.reference.centre, stack.reference.centre, atol=0.1)]
        if len(at_one) > 1 or {*stack.locations}.union(*(one.locations for one in at_one)) > stack.locations:
            positions = [tuple(image for one in (stack, *at_one) for image in one.images)]
    for position in positions:
        places = {round(image.location) for image in position if image.location is not None}
        if len(places) > 1:
            raise InputError(
                f"{name}: {len(position)} images have the same ImagePositionPatient but {len(places)} different values "
                "of SliceLocation; the positions were lost, so that they form no volume."
            )
    if len(positions) > 1 or len(positions[0]) == 1:
        return
    (images,) = positions
    said = {image.phases for image in images} - {None}
    moments = max(len({image.times[tag] for image in images}) for tag in ("TriggerTime", "TemporalPositionIdentifier"))
    if moments < len(images) and len(images) not in said:
        raise InputError(
            f"{name}: all {len(images)} images have the same ImagePositionPatient, and TriggerTime does not show them "
            "to be phases of one slice; the positions were lost, so that they form no volume."
        )


def slice_spacing(slices: Sequence[DicomImage], reference: DicomImage) -> float:
    """Distance in mm of sorted slices, which has to be even, since a volume has one for all of them.

    Raises:
        InputError: Two lie at one place, the distances are uneven (by more than a tenth), or slices are shifted in
            their plane (by more than a pixel).
    """
    if len(slices) == 1:
        return slices[0].spacing[2]
    places = np.array([corner(image, reference) for image in slices])
    normal = (slices[0] if aligned(slices[0], reference) else reference).normal
    distances = np.diff(places, axis=0) @ normal
    mean = float(distances.mean())
    if distances.min() < POSITION_TOLERANCE_MM:
        raise InputError("two of the slices lie at one place.")
    if np.abs(distances - mean).max() > EVEN_TOLERANCE * mean:
        raise InputError(
            f"the slices are {distances.min():.1f} to {distances.max():.1f} mm apart, so that they form no volume; "
            + (_turned(slices, reference) or "an image is missing, or there is more than one stack.")
        )
    sideways = places - places[0] - np.outer((places - places[0]) @ normal, normal)
    if np.linalg.norm(sideways, axis=1).max() > max(reference.spacing[:2]):
        why = _turned(slices, reference)
        raise InputError(
            f"the slices do not lie above each other, so that they form no volume{f'; {why}' if why else '.'}"
        )
    return mean


def _turned(slices: Sequence[DicomImage], reference: DicomImage) -> str:
    """Which slices lie otherwise than most, in words; empty where none does."""
    found = {number: angle(image, reference) for number, image in enumerate(slices, start=1)}
    named = [f"slice {number} is turned by {degrees:.1f} degrees" for number, degrees in found.items() if degrees > 0.1]
    return f"of {len(slices)}, counted from 1, {', '.join(named)}." if named else ""
