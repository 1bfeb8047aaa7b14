"""The studies of a batch on the workers of a Dask scheduler, and so on SLURM or Kubernetes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from uuid import uuid4

from DCMMultiTaskLib.batch.discovery import FoundStudy
from DCMMultiTaskLib.batch.options import Outcome, StopBatch
from DCMMultiTaskLib.batch.work import Job, Worker
from DCMMultiTaskLib.errors import InputError

LOST = "The workers that worked on it ended, {0} in a row: they ran out of memory, or a damaged file brought them down."
_one_at_a_time = threading.Lock()


def on_scheduler(
    studies: Sequence[FoundStudy], job: Job, cancelled: Callable[[], bool], *, address: str
) -> Iterator[Outcome]:
    """Do the studies on the workers of a Dask scheduler, in the order in which they are finished.

    The input folder, the output folder and the model have to be at the same places on every worker. When a worker ends,
    Dask hands its studies to others; a study that has ended as many workers as Dask allows fails alone.

    Args:
        studies: What to do.
        job: How.
        cancelled: True begins no further study; those in work are finished.
        address: Of the scheduler, `tcp://HOST:8786`.

    Raises:
        InputError: There is no scheduler.
        StopBatch: The scheduler is gone, or a worker cannot write the results.
    """
    from distributed import CancelledError, Client, Event, KilledWorker, TimeoutError, wait

    try:
        client = Client(address, set_as_default=False, name="dcm-multitask")
    except (OSError, ValueError) as error:
        raise InputError(f"There is no Dask scheduler at {address}.") from error
    with client, client.as_current():
        stop = Event(f"dcm-multitask-stop-{uuid4().hex}", client=client)
        # Keys of their own: Dask would take a study that was done once for done, whatever became of its files.
        running = {
            client.submit(do_remotely, study, job, stop.name, key=f"study-{uuid4().hex}"): study for study in studies
        }
        try:
            while running:
                if cancelled() and not stop.is_set():
                    stop.set()
                try:
                    done = wait(list(running), timeout=1, return_when="FIRST_COMPLETED").done
                    for future in done:
                        study = running.pop(future)
                        try:
                            yield future.result()
                        except KilledWorker as error:
                            yield Worker(job).lost(study, LOST.format(error.allowed_failures + 1))
                except TimeoutError:
                    pass
                except CancelledError as error:
                    raise StopBatch(f"The Dask scheduler at {address} is gone; --resume goes on.") from error
        finally:
            client.cancel(list(running))


def do_remotely(study: FoundStudy, job: Job, stop: str) -> Outcome:
    """One study on a worker, unless the batch was stopped meanwhile."""
    from distributed import Event, get_client

    with _one_at_a_time:  # a worker with several threads has one model, which is not for two at a time
        if Event(stop, client=get_client()).is_set():
            return Outcome(study.name, study.shown, "stopped")
        return _worker(job).do(study)


@lru_cache(maxsize=1)
def _worker(job: Job) -> Worker:
    """This process's worker, whose model is loaded once."""
    return Worker(job)
