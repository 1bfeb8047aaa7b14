"""A study: the phases of one heart on one grid, when they were, and where they came from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.volume import Geometry, Volume

USED = "used"
"""What became of a file that is part of the study."""
_MILLISECONDS = {"ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Instance:
    """One DICOM image of a study: what an export has to refer to.

    Attributes:
        path: The file.
        sop_instance_uid: Its SOP instance UID.
        series_uid: Its series instance UID.
        frame: Number of the image in a file of many, from 1; 1 in a file of one.
    """

    path: Path
    sop_instance_uid: str
    series_uid: str
    frame: int = 1


@dataclass(frozen=True)
class Source:
    """Where a study came from, without who the patient is.

    Attributes:
        path: The file or folder; None for a study that was made in memory.
        study_uid: DICOM study instance UID; empty for other files.
        description: DICOM series description, without words that may be names; empty for other files.
        instances: `instances[phase][slice]`, in the order of the study's phases and slices; empty for other files.
        files: What became of every file below a folder, by its name there: `used`, or why it was not.
    """

    path: Path | None = None
    study_uid: str = ""
    description: str = ""
    instances: tuple[tuple[Instance, ...], ...] = ()
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Study:
    """One volume, or the phases of a cine.

    Attributes:
        name: What the study is called in file names, nodes, tables and messages; tells no one who the patient is.
        phases: The volumes in order of time, all on one grid.
        times_ms: Time of each phase after the R wave; None where it is not known.
        source: Where the study came from.
        height_cm: How tall the patient is; None where the files do not say.
        weight_kg: How heavy.
        notes: Sentences about how it was read that the user has to see.

    Raises:
        InputError: There is no phase, or the phases differ in their grid.

    Example:
        >>> import numpy as np
        >>> Study("patient-7", [Volume.of(np.zeros((10, 256, 256)))]).geometry.size
        (256, 256, 10)
    """

    name: str
    phases: Sequence[Volume]
    times_ms: tuple[float, ...] | None = None
    source: Source = field(default_factory=Source)
    notes: tuple[str, ...] = ()
    height_cm: float | None = None
    weight_kg: float | None = None

    def __post_init__(self) -> None:
        if not self.phases:
            raise InputError(f"{self.name}: there is no volume to analyse.")
        object.__setattr__(self, "phases", tuple(self.phases))
        if not all(volume.geometry.same_as(self.geometry) for volume in self.phases):
            raise InputError(f"{self.name}: the phases differ in size or position.")
        if self.times_ms is not None and len(self.times_ms) != len(self.phases):
            raise ValueError(f"{len(self.times_ms)} times for {len(self.phases)} phases")

    @property
    def geometry(self) -> Geometry:
        """The grid that all phases share."""
        return self.phases[0].geometry

    @property
    def volume(self) -> Volume:
        """The only phase.

        Raises:
            InputError: The study is a cine.
        """
        if len(self.phases) > 1:
            raise InputError(f"{self.name}: a single volume is needed, this is a cine of {len(self.phases)} phases.")
        return self.phases[0]


def times_of(values: Sequence[str], unit: str) -> tuple[float, ...] | None:
    """The times of the phases of one of Slicer's sequences, in ms, by its index; None where that is not a time.

    Args:
        values: The index of each phase, as Slicer writes it.
        unit: Of the index; times are in `ms` or `s`.
    """
    try:
        times = tuple(_MILLISECONDS[unit] * float(value) for value in values)
    except (KeyError, ValueError):
        return None
    return times if times and all(map(math.isfinite, times)) else None
