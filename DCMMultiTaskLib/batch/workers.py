"""Who does the studies of a batch: this process, reading and writing while the network works, or several processes."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from DCMMultiTaskLib.batch.discovery import FoundStudy
from DCMMultiTaskLib.batch.options import Outcome
from DCMMultiTaskLib.batch.work import Job, Read, Worker
from DCMMultiTaskLib.processes import worker_pool

LOST = "The process that worked on it ended: it ran out of memory, or a damaged file brought it down."
_worker: Worker | None = None


def in_this_process(studies: Sequence[FoundStudy], job: Job, cancelled: Callable[[], bool]) -> Iterator[Outcome]:
    """Do the studies in order; while one is in the network, the next is read and the one before is written.

    Args:
        studies: What to do.
        job: How.
        cancelled: True begins no further study; those in the network or being written are finished.
    """
    worker = Worker(job)
    waiting = deque(studies)
    writing: Future[Outcome] | None = None
    with ThreadPoolExecutor(1, "reader") as reader, ThreadPoolExecutor(1, "writer") as writer:
        ahead: Future[Read | Outcome] | None = None
        while (ahead or waiting) and not cancelled():
            current = ahead or reader.submit(worker.read, waiting.popleft())
            read = current.result()
            ahead = reader.submit(worker.read, waiting.popleft()) if waiting else None
            if isinstance(read, Outcome):
                yield read
                continue
            result = worker.predict(read)
            if isinstance(result, Outcome):
                yield result
                continue
            if writing:
                yield writing.result()
                writing = None
            if job.options.scene:  # MRML and VTK are for the main thread
                yield worker.write(read, result)
            else:
                writing = writer.submit(worker.write, read, result)
            del current, read, result
        if writing:
            yield writing.result()


def in_processes(
    studies: Sequence[FoundStudy], job: Job, cancelled: Callable[[], bool], *, count: int
) -> Iterator[Outcome]:
    """Do the studies in several processes, each with the model; in the order in which they are finished.

    When a process dies, what was in work is done again, one study at a time, so that the one that brings its process
    down fails alone.

    Args:
        studies: What to do.
        job: How.
        cancelled: True begins no further study; those in work are finished.
        count: Processes.
    """
    waiting, suspects = deque(studies), deque[FoundStudy]()
    while (waiting or suspects) and not cancelled():
        alone = bool(suspects)
        source, limit = (suspects, 1) if alone else (waiting, count + 1)
        running: dict[Future[Outcome], FoundStudy] = {}
        with worker_pool(1 if alone else count, _begin, job, count) as pool:
            try:
                while running or (source and not cancelled()):
                    while source and len(running) < limit and not cancelled():
                        future = pool.submit(_do, source[0])
                        running[future] = source.popleft()
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        outcome = future.result()
                        del running[future]
                        yield outcome
            except BrokenProcessPool:
                for future, study in running.items():
                    if future.exception() is None:
                        yield future.result()
                    elif alone:
                        yield Worker(job).lost(study, LOST)
                    else:
                        suspects.append(study)


def _begin(job: Job, share: int) -> None:
    """Make a process ready: with its share of the cores, and deaf to Ctrl-C."""
    global _worker
    import torch

    # Ctrl-C reaches every process of a terminal; the batch's own process decides what is finished.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(max(1, torch.get_num_threads() // share))
    _worker = Worker(job)


def _do(study: FoundStudy) -> Outcome:
    assert _worker is not None
    return _worker.do(study)
