"""Worker processes that do not outlive the process that started them."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any


@contextmanager
def worker_pool(workers: int, prepare: Callable[..., Any], *given: Any) -> Iterator[ProcessPoolExecutor]:
    """A pool of processes; a stop (SIGTERM, Ctrl-C) ends them in the middle of their work, an error after it.

    Args:
        workers: How many.
        prepare: Called first in each.
        given: Its arguments.
    """
    others = multiprocessing.active_children()
    # Not forked: a fork of a process with threads, or with CUDA, cannot be relied on.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(prepare, given))
    try:
        yield pool
    except (KeyboardInterrupt, SystemExit):
        for worker in set(multiprocessing.active_children()) - set(others):
            worker.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(prepare: Callable[..., Any], given: tuple[Any, ...]) -> None:
    end_with_parent()
    prepare(*given)


def end_with_parent() -> None:
    """Make this process end as soon as the one that started it is gone, however that was ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(process: BaseProcess) -> None:
    process.join()
    os._exit(1)
