"""What a batch is asked to do, and what came of each of its studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from DCMMultiTaskLib.batch.discovery import Skipped
from DCMMultiTaskLib.errors import InputError


class StopBatch(InputError):
    """Going on is of no use: the results cannot be written, or the model cannot be used."""


@dataclass(frozen=True)
class StudyOptions:
    """What decides about the results of a study, beside the study and the model.

    Attributes:
        phase: `ed`, `first` or a number from 0; see `Predictor.predict`.
        slice_axis: 0, 1, 2 for I, J, K; chosen if None.
        threshold: DCM probability from which the class is 1; the model's own if None.
        largest_component: Keep only the mask's largest piece, and in a slice no specks beside its largest one.
        activation: Write the class activation map, too.
        uncertainty: Look at other views too, and write intervals and their map.
        cavity: Write the LV cavity as a segment of its own.
        scene: Write a Slicer scene, too.
        dicom: Write DICOM segmentations and a structured report, too; studies from other files fail then.
        series: Number or description of the DICOM series to take; the likely short axis if None.
        mixed_precision: Half precision on a GPU.
        keep_identifiers: Leave in names and texts what identifies the patient in DICOM headers.
    """

    phase: str | int = "ed"
    slice_axis: int | None = None
    threshold: float | None = None
    largest_component: bool = True
    activation: bool = False
    uncertainty: bool = False
    cavity: bool = True
    scene: bool = False
    dicom: bool = False
    series: str | None = None
    mixed_precision: bool = False
    keep_identifiers: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class BatchOptions:
    """A batch.

    Attributes:
        input: Folder with studies.
        output: Folder for the results.
        study: What decides about the results of a study.
        model: Model package; the shipped one if None.
        device: `auto`, `cpu`, `cuda`, `mps`.
        batch_size: Slices at a time.
        workers: Processes, each with the model; with 1 the work is done in this process.
        scheduler: Address of a Dask scheduler, whose workers do the work.
        resume: Go on in a folder that has results of an earlier batch.
        name_map: Also note in this CSV which study has which name.
    """

    input: Path
    output: Path
    study: StudyOptions = field(default_factory=StudyOptions)
    model: Path | None = None
    device: str = "auto"
    batch_size: int = 16
    workers: int = 1
    scheduler: str | None = None
    resume: bool = False
    name_map: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a study.

    Attributes:
        study: Its name.
        input: Where it lies below the input folder, as `FoundStudy.shown`.
        state: `done`; `kept` from an earlier run; `failed`; `skipped` since it is a label map or has no
            short-axis stack; `stopped`
            before it was begun.
        reason: Why it failed or was skipped, in one sentence.
        skipped: Its series that were not analysed.
    """

    study: str
    input: str
    state: Literal["done", "kept", "failed", "skipped", "stopped"]
    reason: str = ""
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class BatchReport:
    """What came of a batch.

    Attributes:
        studies: How many were found.
        outcomes: Of those that were looked at, by name.
        skipped: Files that belong to no study.
        notes: Sentences for the user.
    """

    studies: int
    outcomes: Sequence[Outcome]
    skipped: Sequence[Skipped]
    notes: tuple[str, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether studies are left to be done."""
        return len(self.outcomes) < self.studies

    def having(self, *states: str) -> list[Outcome]:
        """The studies of which this came."""
        return [outcome for outcome in self.outcomes if outcome.state in states]
