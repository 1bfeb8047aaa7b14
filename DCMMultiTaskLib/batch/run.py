"""A batch: every study below a folder, whatever becomes of single ones, and its tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from DCMMultiTaskLib.batch.discovery import FoundStudy, Skipped, discover
from DCMMultiTaskLib.batch.folder import BatchFolder
from DCMMultiTaskLib.batch.options import BatchOptions, BatchReport, Outcome
from DCMMultiTaskLib.batch.studies import write_name_map
from DCMMultiTaskLib.batch.tables import write_tables
from DCMMultiTaskLib.batch.work import Job
from DCMMultiTaskLib.errors import InputError, how_to_install

_TABLES_EVERY_SECONDS = 60.0


def run_batch(
    options: BatchOptions,
    *,
    progress: Callable[[int, int, Outcome], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> BatchReport:
    """Do every study below a folder.

    The results of each study are written into `studies/NAME` of the output folder, all of them or none, the tables
    (`tables.write_tables`) once a minute and at the end, and then the page `report.html`. A study
    that fails does not stop the others.

    Args:
        options: What to do.
        progress: Called in this thread after each study with the number of studies done, their total, and what came of
            it.
        cancelled: True begins no further study; those in work are finished, and the tables are written.

    Returns:
        What came of every study.

    Raises:
        InputError: The input folder, the model or an option cannot be used, or another batch is at work in the output
            folder.
        StopBatch: The results cannot be written. Those that are written already stay, and can be gone on with.

    Example:
        >>> report = run_batch(BatchOptions(Path("studies"), Path("results")))  # doctest: +SKIP
        >>> [outcome.reason for outcome in report.having("failed")]  # doctest: +SKIP
        ['heart.nrrd: the file is empty.']
    """
    from DCMMultiTaskLib.inference.device import choose_device
    from DCMMultiTaskLib.inference.predictor import check_threshold

    check_threshold(options.study.threshold)
    if options.workers < 1:
        raise InputError(f"The number of workers is at least 1, not {options.workers}.")
    if options.scheduler is None:
        choose_device(options.device)
        if options.study.scene:
            from DCMMultiTaskLib.scene.embedded import boot

            boot()
        if options.study.dicom:
            from DCMMultiTaskLib.export.dicom import need_highdicom

            need_highdicom()
    job, studies, skipped = find_work(options)
    outcomes: list[Outcome] = []

    def report() -> BatchReport:
        return BatchReport(len(studies), sorted(outcomes, key=lambda outcome: outcome.study), skipped)

    folder = BatchFolder(job.output)
    with folder.held(resume=options.resume):
        written = time.monotonic()
        for outcome in _workers(options)(studies, job, cancelled or (lambda: False)):
            if outcome.state == "stopped":
                continue
            outcomes.append(outcome)
            if progress:
                progress(len(outcomes), len(studies), outcome)
            if time.monotonic() - written > _TABLES_EVERY_SECONDS:
                write_tables(folder, report())
                written = time.monotonic()
        write_tables(folder, report())
        return replace(report(), notes=tuple(_write_page(job.output)))


def find_work(options: BatchOptions) -> tuple[Job, list[FoundStudy], list[Skipped]]:
    """How a batch does its studies, which they are, and what is none; writes the map of names where it is asked for.

    Raises:
        InputError: The input folder or the model cannot be used, or the map cannot be written.
    """
    from DCMMultiTaskLib.inference.package import load_package, shipped_model

    model = Path(options.model or shipped_model()).absolute()
    sha256 = load_package(model).sha256
    output = Path(options.output).absolute()
    studies, skipped = discover(Path(options.input), output=output, keep_identifiers=options.study.keep_identifiers)
    source = Path(options.input).absolute()
    if options.name_map:
        write_name_map(options.name_map, ((one.name, source / one.input, one.study_uid) for one in studies), output)
    return Job(source, output, model, sha256, options.device, options.batch_size, options.study), studies, skipped


def _write_page(output: Path) -> list[str]:
    """The page of the batch, and what the user has to know of it; without the packages that it needs there is none."""
    from DCMMultiTaskLib.batch.work import can_draw
    from DCMMultiTaskLib.report.batch_page import write_batch_page

    notes = [] if can_draw() else [f"There are no pictures of the slices. {how_to_install('matplotlib')}"]
    try:
        write_batch_page(output)
    except InputError as error:
        notes.append(f"There is no report.html: {error}")
    return notes


def _workers(options: BatchOptions) -> Callable[..., Iterator[Outcome]]:
    from DCMMultiTaskLib.batch.workers import in_processes, in_this_process

    if options.scheduler is not None:
        from DCMMultiTaskLib.batch.cluster import on_scheduler

        return partial(on_scheduler, address=options.scheduler)
    return in_this_process if options.workers == 1 else partial(in_processes, count=options.workers)
