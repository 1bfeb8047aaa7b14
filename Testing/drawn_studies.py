"""A result made from a drawn heart, whose mask is known exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from imaging.geometry import stored_as
from provenances import provenance

from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.inference.result import Result, SliceRow


def rotation(degrees: tuple[float, float, float]) -> np.ndarray:
    """`(3, 3)` rotation about x, then y, then z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        first, second = [other for other in range(3) if other != axis]
        turn = np.eye(3)
        turn[[first, second], [first, second]] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        matrix = turn @ matrix
    return matrix


def drawn_study(slices: int = 6, size: int = 64, *, oblique: bool = True, name: str = "drawn") -> Result:
    """A result for a volume with one bright ring a slice on a dark body, sheared off-centre, the mask exactly on it."""
    j, i = np.mgrid[:size, :size]
    image = np.zeros((slices, size, size), np.int16)
    mask = np.zeros(image.shape, np.uint8)
    for k in range(slices):
        radius = np.hypot(i - 0.55 * size, j - 0.42 * size)
        outer = size * (0.22 - 0.02 * k)
        mask[k] = (radius < outer) & (radius > 0.6 * outer)
        image[k] = 40 + 30 * (np.hypot(i - size / 2, j - size / 2) < 0.47 * size)
        image[k][mask[k] == 1] = 120
        image[k][radius <= 0.6 * outer] = 220
    volume = Volume.of(
        image,
        spacing=(1.40625, 1.3, 8.25),
        origin=(-31.7, 12.3, 101.9) if oblique else (0.0, 0.0, 0.0),
        direction=rotation((20, -35, 50)) if oblique else np.eye(3),
    )
    probabilities = np.linspace(0.1, 0.9, slices)
    pixel = volume.geometry.spacing[0] * volume.geometry.spacing[1]
    rows = tuple(
        SliceRow(
            slice=k,
            position_mm=k * volume.geometry.spacing[2],
            dcm_probability=float(probabilities[k]) if k else float("nan"),
            dcm_class=int(k > 0 and probabilities[k] >= 0.5),
            myocardium_area_mm2=float(mask[k].sum() * pixel),
            quality="ok" if k else "no myocardium found",
            cavity_area_mm2=float((image[k] == 220).sum() * pixel),
        )
        for k in range(slices)
    )
    return Result(
        study=Study(name, [volume]),
        labels={0: np.where(image == 220, np.uint8(2), mask)},
        phase=0,
        slice_axis=2,
        rows=rows,
        dcm_probability=0.5625,
        dcm_class=1,
        rule="mean of the slices' logits, weighted by the area of the myocardium",
        provenance=provenance(notes=('a note; with: awkward "characters" & <tags> µ',)),
        activation=(mask * 0.75).astype(np.float32),
    )


def drawn_beat(*, times_ms: tuple[float, ...] | None = (10.0, 60.0, 110.0, 160.0, 210.0)) -> Result:
    """Five phases: the full heart, and hearts with fewer slices that have a cavity."""
    study = drawn_study()
    labels = {number: study.label_map.copy() for number in range(5)}
    for number, empty in ((1, 2), (2, 4), (3, 3), (4, 1)):
        labels[number][:empty][labels[number][:empty] == 2] = 1
    return replace(study, study=Study("beating", [study.volume] * 5, times_ms=times_ms), labels=labels)


def with_mask(result: Result, mask: np.ndarray) -> Result:
    """The result with another myocardium, bool, and no cavity."""
    return replace(result, labels={result.phase: mask.astype(np.uint8)})


def stored_otherwise(study: Result, order: tuple[int, ...], flips: tuple[int, int]) -> Result:
    """The study with its axes I, J, K stored in another order, the in-plane ones flipped."""
    volume, labels = (
        stored_as(study.volume.with_array(array), order, [bool((*flips, 0)[axis]) for axis in order])
        for array in (study.volume.array, study.label_map)
    )
    return replace(
        study, study=Study(study.name, [volume]), labels={0: labels.array}, slice_axis=order.index(2), activation=None
    )
