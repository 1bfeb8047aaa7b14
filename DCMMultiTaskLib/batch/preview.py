"""What a batch would do, without doing it; the map of names alone is written, if asked for."""

from __future__ import annotations

from collections.abc import Callable

from DCMMultiTaskLib.batch.options import BatchOptions, Outcome
from DCMMultiTaskLib.batch.run import find_work
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
        InputError: The input folder or the model cannot be used, or the map of names cannot be written.
    """
    from DCMMultiTaskLib.batch.work import Worker, skipped_of
    from DCMMultiTaskLib.imaging.reading import describe_study, summarise_files

    job, studies, skipped = find_work(options)
    worker = Worker(job, dry=True)
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
