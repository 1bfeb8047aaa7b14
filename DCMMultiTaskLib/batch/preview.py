"""What a batch would do, without doing it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from DCMMultiTaskLib.batch.discovery import discover
from DCMMultiTaskLib.batch.options import BatchOptions, Outcome
from DCMMultiTaskLib.batch.studies import write_name_map
from DCMMultiTaskLib.errors import count

_STATES = {"kept": "is done", "failed": "would fail", "skipped": "would be skipped"}


def preview_batch(options: BatchOptions, *, say: Callable[[str], None]) -> int:
    """Read every study, and say what would be done with it, what would be skipped, and what cannot be read.

    Args:
        options: The batch.
        say: Told line by line.

    Returns:
        How many studies would fail.

    Raises:
        InputError: The input folder or the model cannot be used.
    """
    from DCMMultiTaskLib.batch.work import Job, Worker, skipped_of
    from DCMMultiTaskLib.imaging.reading import describe_study, summarise_files
    from DCMMultiTaskLib.inference.package import load_package, shipped_model

    model = options.model or shipped_model()
    output = Path(options.output).absolute()
    studies, skipped = discover(options.input, output=output, keep_identifiers=options.study.keep_identifiers)
    source = options.input.absolute()
    if options.name_map:
        write_name_map(options.name_map, ((one.name, source / one.input, one.study_uid) for one in studies), output)
    sha256 = load_package(model).sha256
    worker = Worker(Job(source, output, model, sha256, options.device, options.batch_size, options.study), dry=True)
    said = {"done": 0, "kept": 0, "failed": 0, "skipped": 0}
    rows = list(skipped)
    for found in studies:
        read = worker.read(found)
        if isinstance(read, Outcome):
            say(f"{found.name}: {_STATES[read.state]}{f': {read.reason}' * bool(read.reason)}")
            said[read.state] += 1
            rows += read.skipped
        else:
            say(describe_study(read.study))
            said["done"] += 1
            rows += skipped_of(found.name, found.shown, summarise_files(read.study.source))
    for row in rows:
        say(f"Not analysed: {row.input} ({count(row.files, 'file')}): {row.reason}")
    say(
        f"{said['done']} of {count(len(studies), 'study', 'studies')} would be done, {said['kept']} are done, "
        f"{said['failed']} would fail, {said['skipped']} would be skipped."
    )
    return said["failed"]
