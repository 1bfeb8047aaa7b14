"""`batch`: every study below a folder, overnight."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from DCMMultiTaskLib.batch.options import BatchOptions, BatchReport, Outcome, StudyOptions
from DCMMultiTaskLib.commands.predict import SLICE_AXES, add_model_arguments, add_study_arguments

HELP = "Analyse every study below a folder, and go on where it was stopped. Research use only."
USAGE = "INPUT_DIR -o DIR [--workers N | --scheduler ADDRESS] [--resume] [options]"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument(
        "input", metavar="INPUT_DIR", type=Path, help="folder with studies, searched with all folders below it"
    )
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="folder for the results")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--workers", metavar="N", type=int, default=1, help="processes, each with the model (default 1)")
    who.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="hand the studies to the workers of this Dask scheduler (tcp://HOST:8786)",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with an earlier batch: do what is missing or changed"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be done, and write no more than a --name-map"
    )
    add_model_arguments(parser)
    add_study_arguments(parser, roi=False)
    parser.add_argument(
        "--series", metavar="NUMBER|DESCRIPTION", help="series of every DICOM study; the likely short axis if left out"
    )


def batch_options(args: argparse.Namespace) -> BatchOptions:
    """The batch that the arguments ask for."""
    return BatchOptions(
        args.input,
        args.output,
        StudyOptions(
            phase=int(args.phase) if args.phase.isdecimal() else args.phase,
            slice_axis=SLICE_AXES[args.slice_axis],
            threshold=args.threshold,
            largest_component=not args.keep_all_components,
            activation=args.cam,
            uncertainty=args.uncertainty,
            cavity=not args.no_cavity,
            scene=args.scene,
            dicom=args.dicom,
            series=args.series,
            mixed_precision=args.mixed_precision,
            keep_identifiers=args.keep_identifiers,
        ),
        model=args.model,
        device=args.device,
        batch_size=args.batch_size,
        workers=args.workers,
        scheduler=args.scheduler,
        resume=args.resume,
        name_map=args.name_map,
    )


def run(args: argparse.Namespace) -> int:
    """Do the batch and print what came of each study."""
    from DCMMultiTaskLib.batch.run import run_batch

    options = batch_options(args)
    if args.dry_run:
        from DCMMultiTaskLib.batch.preview import preview_batch

        return 1 if preview_batch(options, say=print) else 0
    with _stopped_by_the_user() as stopped:
        report = run_batch(options, progress=_tell, cancelled=stopped.is_set)
    _conclude(report, options)
    if report.stopped:
        return 130
    return 1 if report.having("failed") else 0


def _tell(done: int, total: int, outcome: Outcome) -> None:
    what = {"kept": "done before"}.get(outcome.state, outcome.state)
    print(f"[{done}/{total}] {outcome.study}: {what}{f': {outcome.reason}' * bool(outcome.reason)}", flush=True)


def _conclude(report: BatchReport, options: BatchOptions) -> None:
    done, kept, failed, skipped = (len(report.having(state)) for state in ("done", "kept", "failed", "skipped"))
    print(
        f"{done + kept} of {report.studies} studies done{f' ({kept} of them before)' * bool(kept)}, {failed} failed, "
        f"{skipped} skipped. Tables and report.html: {options.output}"
    )
    for note in report.notes:
        print(f"Note: {note}")
    if report.stopped:
        left = report.studies - len(report.outcomes)
        print(f"Stopped: {left} of {report.studies} studies are left; --resume goes on.", file=sys.stderr)


@contextmanager
def _stopped_by_the_user() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; the second ends the program."""
    event = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()
        print("Stopping: the studies in work are finished first (Ctrl-C again ends at once).", flush=True)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)
