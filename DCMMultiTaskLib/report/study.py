"""What a picture needs of a `Result`, as plain arrays and words: the one place where the pictures read it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from DCMMultiTaskLib.imaging.orientation import SliceOrientation
from DCMMultiTaskLib.inference.result import NO_PROBABILITY, Result, SliceRow

SMALLEST_MM = 90.0
"""Side of the square around a small heart."""


@dataclass(frozen=True)
class Field:
    """The square of a slice that a view shows.

    Attributes:
        centre: `(3,)` voxel index (i, j, k) of its centre; the entry of the slice axis is not used.
        size_mm: Length of its side.
    """

    centre: np.ndarray
    size_mm: float


def heart_field(result: Result, *, margin: float = 1.7) -> Field:
    """The square around the myocardium of all slices; the whole slice where none was found."""
    inplane = [axis for axis in range(3) if axis != result.slice_axis]
    spacing = np.asarray(result.geometry.spacing)
    shape = np.asarray(result.geometry.size)
    found = np.argwhere(result.mask)[:, ::-1]
    whole_mm = float((shape * spacing)[inplane].max())
    if not len(found):
        return Field((shape - 1) / 2, whole_mm)
    low, high = found.min(axis=0), found.max(axis=0)
    extent_mm = float((((high - low) + 1) * spacing)[inplane].max())
    return Field((low + high) / 2, min(max(margin * extent_mm, SMALLEST_MM), whole_mm))


class SliceWords(NamedTuple):
    """What is said about a slice, whose `number` counts from 1.

    `remark` says why it should not be believed, and is empty where its quality is ok.
    """

    number: int
    position_mm: float
    probability: float
    above: bool
    remark: str
    caution: str = ""


@dataclass(frozen=True, eq=False)
class StudyPicture:
    """A result as a reader sees it: rows run to posterior and inferior, columns to the patient's left.

    Attributes:
        name: Of the study.
        images: The slices, `(N, rows, columns)`, and of the same shape:
        labels: 1 myocardium, 2 LV cavity, 0 neither.
        activation: Class activation, 0 to 1, or None.
        spacing_mm: Distance of the rows, and of the columns.
        centre: Row and column (continuous) of the middle of the heart.
        size_mm: Side of the square around it that is worth showing.
        slices: What is said about each slice.
        threshold: Probability from which a slice counts as DCM-like.
        headline: The patient's probability in words.
        source: What made the result.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    activation: np.ndarray | None
    spacing_mm: tuple[float, float]
    centre: tuple[float, float]
    size_mm: float
    slices: tuple[SliceWords, ...]
    threshold: float
    headline: str
    source: str

    @classmethod
    def of(cls, result: Result) -> StudyPicture:
        """Read a result."""
        geometry, field = result.geometry, heart_field(result)
        seen = SliceOrientation.of(geometry, result.slice_axis)
        middle = (geometry.index_to_lps @ np.append(field.centre, 1))[:3]
        return cls(
            name=result.name,
            images=seen.view(result.volume.array),
            labels=seen.view(result.label_map),
            activation=None if result.activation is None else seen.view(result.activation),
            spacing_mm=seen.pixel_mm(geometry),
            centre=seen.to_view_index(geometry, middle)[1:],
            size_mm=field.size_mm,
            slices=tuple(_words(row) for row in result.rows),
            threshold=result.provenance.decision.threshold,
            headline=_headline(result),
            source=_source(result),
        )

    def window(self, *, part: float = 1.0) -> tuple[slice, slice]:
        """Rows and columns of the shown square, or of its middle part, and two around it for the interpolation."""
        ends = []
        for middle, spacing, size in zip(self.centre, self.spacing_mm, self.images.shape[1:], strict=True):
            half = part * self.size_mm / 2 / spacing
            ends.append(slice(max(0, math.floor(middle - half) - 2), min(math.ceil(middle + half) + 3, size)))
        return ends[0], ends[1]

    @cached_property
    def greys(self) -> tuple[float, float]:
        """What is drawn black and white: the spread around the heart, since bright fat elsewhere would darken it."""
        rows, columns = self.window(part=0.7)
        values = self.images[:, rows, columns]
        values = values[np.isfinite(values)]
        low, high = np.percentile(values, (0.5, 99.5)) if values.size else (0.0, 1.0)
        return float(low), float(max(high, low + 1e-6))


def _words(row: SliceRow) -> SliceWords:
    remark = "" if row.quality == "ok" else row.quality
    probability, above = row.dcm_probability, bool(row.dcm_class)
    return SliceWords(row.slice + 1, row.position_mm, probability, above, remark, row.caution)


def _headline(result: Result) -> str:
    if math.isnan(result.dcm_probability):
        return NO_PROBABILITY
    threshold = f"threshold {result.provenance.decision.threshold:.2f}"
    return f"Probability of a DCM-like phenotype {result.dcm_probability:.2f} ({threshold})"


def _source(result: Result) -> str:
    return f"Research use only   ·   model {result.provenance.model} {result.provenance.model_sha256[:12]}"
