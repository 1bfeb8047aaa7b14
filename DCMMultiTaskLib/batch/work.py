"""One study of a batch, in three steps that may overlap those of other studies: read, predict, write."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from DCMMultiTaskLib import __version__
from DCMMultiTaskLib.batch.discovery import FoundStudy, Skipped
from DCMMultiTaskLib.batch.folder import BatchFolder
from DCMMultiTaskLib.batch.one_by_one import write_files
from DCMMultiTaskLib.batch.options import Outcome, StopBatch, StudyOptions
from DCMMultiTaskLib.errors import NO_MEMORY, InputError
from DCMMultiTaskLib.imaging.dicom import read_dicom_folder
from DCMMultiTaskLib.imaging.headers import files_of
from DCMMultiTaskLib.imaging.identifiers import Identifiers
from DCMMultiTaskLib.imaging.reading import LabelMap, read_study, refuse_label_map, summarise_files
from DCMMultiTaskLib.imaging.short_axis import NoShortAxis
from DCMMultiTaskLib.imaging.study import USED, Source, Study
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.inference.result import Result

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Job:
    """What the work on every study of a batch needs to know; goes to other processes and machines.

    Attributes:
        input: The batch's input folder.
        output: The batch's folder.
        model: The model package.
        model_sha256: Of its file.
        device: Where the network runs.
        batch_size: Slices at a time.
        options: What decides about the results.
    """

    input: Path
    output: Path
    model: Path
    model_sha256: str
    device: str
    batch_size: int
    options: StudyOptions


@dataclass(frozen=True, eq=False)
class Read:
    """A study that was read, and what its results are made from."""

    found: FoundStudy
    study: Study
    made_from: dict[str, Any]


class Worker:
    """Does the studies of a batch; each step gives the next one's input, or what came of the study.

    Args:
        job: What to do.
        dry: Change nothing in the batch's folder.
    """

    def __init__(self, job: Job, *, dry: bool = False) -> None:
        self.job = job
        self.folder = BatchFolder(job.output)
        self.dry = dry

    @cached_property
    def predictor(self) -> Predictor:
        """The model on its device, loaded for the first study that needs it.

        Raises:
            StopBatch: It cannot be loaded, or is not the batch's model.
        """
        job = self.job
        try:
            package = load_package(job.model)
            half = job.options.mixed_precision
            predictor = Predictor(package, device=job.device, batch_size=job.batch_size, mixed_precision=half)
        except InputError as error:
            raise StopBatch(str(error)) from error
        if package.sha256 != job.model_sha256:
            raise StopBatch(f"{job.model} is another model here than where the batch was started.")
        return predictor

    def do(self, found: FoundStudy) -> Outcome:
        """All steps of one study.

        Raises:
            StopBatch: The results cannot be written.
        """
        read = self.read(found)
        if isinstance(read, Outcome):
            return read
        result = self.predict(read)
        return result if isinstance(result, Outcome) else self.write(read, result)

    def read(self, found: FoundStudy) -> Read | Outcome:
        """Read a study, unless its results are there."""
        made_from: dict[str, Any] | None = None
        try:
            files = self._files(found)
            made_from = self._made_from(files)
            if self.folder.is_done(found.name, made_from):
                return Outcome(found.name, found.shown, "kept")
            if found.dicom:
                top = self.job.input / found.input
                top = top if top.is_dir() else top.parent
                series = self.job.options.series
                known = Identifiers(keep=self.job.options.keep_identifiers)
                study = read_dicom_folder(
                    top, series=series, name=found.name, known=known, files=files, short_axis_only=True
                )
            else:
                study = read_study(self.job.input / found.input, name=found.name)
            refuse_label_map(study)
            if self.job.options.dicom:
                from DCMMultiTaskLib.export.dicom import check_dicom

                check_dicom(study)
            return Read(found, study, made_from)
        except NoShortAxis as error:
            groups = summarise_files(Source(self.job.input / found.input, files=error.files))
            skipped = skipped_of(found.name, found.shown, groups)
            return self._without_result(found, "skipped", "no short-axis stack", made_from, skipped)
        except LabelMap as error:
            reason = str(error).partition(": ")[2]
            skipped = (Skipped(found.name, found.shown, 1, reason),)
            return self._without_result(found, "skipped", reason, made_from, skipped)
        except Exception as error:
            return self._failed(found, error, made_from)

    def predict(self, read: Read) -> Result | Outcome:
        """Run the network."""
        options = self.job.options
        try:
            return self.predictor.predict(
                read.study,
                phase=options.phase,
                slice_axis=options.slice_axis,
                threshold=options.threshold,
                largest_component=options.largest_component,
                activation=options.activation,
                uncertainty=options.uncertainty,
            )
        except Exception as error:
            return self._failed(read.found, error, read.made_from)

    def write(self, read: Read, result: Result) -> Outcome:
        """Write the results, all or none.

        Raises:
            StopBatch: They cannot be written.
        """
        options, name = self.job.options, read.found.name
        try:
            with self.folder.writing(name, read.made_from) as folder:
                write_files(
                    result,
                    folder,
                    cam=options.activation,
                    cavity=options.cavity,
                    dicom=options.dicom,
                    scene=options.scene,
                    keep_identifiers=options.keep_identifiers,
                )
                if can_draw():
                    from DCMMultiTaskLib.report.batch_studies import THUMBNAILS
                    from DCMMultiTaskLib.report.thumbnails import study_thumbnails

                    (folder / f"{name}{THUMBNAILS}").write_bytes(study_thumbnails(result))
        except Exception as error:
            return self._failed(read.found, error, read.made_from)
        return Outcome(name, read.found.shown, "done")

    def lost(self, found: FoundStudy, reason: str) -> Outcome:
        """What came of a study whose process ended, unless that was after its results were written."""
        try:
            made_from = self._made_from(self._files(found))
        except OSError:
            made_from = None
        if made_from is not None and self.folder.is_done(found.name, made_from):
            return Outcome(found.name, found.shown, "done")
        return self._without_result(found, "failed", reason, made_from)

    def _files(self, found: FoundStudy) -> list[Path]:
        if found.dicom:
            return [self.job.input / file for file in found.dicom]
        path = self.job.input / found.input
        return files_of(path) if path.is_file() else []

    def _made_from(self, files: Sequence[Path]) -> dict[str, Any]:
        """What results of these files would be made from.

        Raises:
            OSError: A file cannot be read.
        """
        return {
            "input_sha256": content_sha256(files),
            "model_sha256": self.job.model_sha256,
            "version": __version__,
            "options": self.job.options.to_dict(),
        }

    def _failed(self, found: FoundStudy, error: Exception, made_from: Mapping[str, Any] | None) -> Outcome:
        """A study's failure in one sentence; a mistake of the program fails its study alone, too, and says where it is.

        Raises:
            StopBatch: Was the error: it stops the batch.
        """
        if isinstance(error, StopBatch | ModuleNotFoundError):
            raise error
        if isinstance(error, InputError):
            reason = " ".join(str(error).split())
        elif isinstance(error, MemoryError):
            reason = NO_MEMORY
        elif isinstance(error, OSError):
            reason = f"{found.shown}: it cannot be opened ({error.strerror})."
        else:
            place = traceback.extract_tb(error.__traceback__)[-1]
            reason = f"A mistake of the program: {type(error).__name__} in {Path(place.filename).name}:{place.lineno}."
        return self._without_result(found, "failed", reason, made_from)

    def _without_result(
        self,
        found: FoundStudy,
        state: Literal["failed", "skipped"],
        reason: str,
        made_from: Mapping[str, Any] | None,
        skipped: tuple[Skipped, ...] = (),
    ) -> Outcome:
        """An outcome without results; earlier ones go only where the input was read and is another one now."""
        if made_from is not None and made_from["input_sha256"] and not self.dry:
            self.folder.discard(found.name, unless_of=made_from["input_sha256"])
        return Outcome(found.name, found.shown, state, reason, skipped)


def can_draw() -> bool:
    """Whether what draws the slices is installed; results are complete without pictures."""
    return all(find_spec(package) is not None for package in ("matplotlib", "PIL"))


def content_sha256(files: Sequence[Path]) -> str:
    """SHA-256 of what files hold, whatever they are called; empty where there are none.

    Raises:
        OSError: One cannot be read.
    """
    digests = []
    for path in files:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        digests.append(digest.hexdigest())
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest() if digests else ""


def skipped_of(study: str, place: str, groups: Sequence[Mapping[str, Any]]) -> tuple[Skipped, ...]:
    """Rows for the files of a study that were not analysed.

    Args:
        study: Its name.
        place: Where it lies below the input folder.
        groups: What `summarise_files` says of it.
    """
    rows = []
    for group in groups:
        if group["reason"] != USED:
            names = group["names"]
            alone = len(names) == 1 and names[0] != PurePosixPath(place).name
            where = (PurePosixPath(place) / names[0]).as_posix() if alone else place
            rows.append(Skipped(study, where, len(names), group["reason"]))
    return tuple(rows)
