"""Work that takes long, in a thread of its own, while the main thread keeps the window alive.

The scene, the widgets, dialogs and the installation of packages belong to the main thread. The work gets plain data and
gives plain data.
"""

from __future__ import annotations

import threading

import slicer

# The main thread sleeps this long between looks at its events; without a pause it would starve the worker.
PAUSE_SECONDS = 0.03


class Job:
    """One piece of work, seen from its thread.

    Attributes:
        stopped: Set by the main thread when the user wants no more.
    """

    def __init__(self, work, previous) -> None:
        self.stopped = threading.Event()
        self.finished = False
        self.result = None
        self.error = None
        self.told = None
        self.news = threading.Event()
        self._work = work
        self._seen = threading.Event()
        self._lock = threading.Lock()
        self._kept = False
        self.thread = threading.Thread(target=self._run, args=(previous,), name="DCMMultiTask")

    def begin(self) -> bool:
        """From here on a stop is the work's own affair; False where it came before, and nobody waits any more."""
        with self._lock:
            self._kept = not self.stopped.is_set()
            return self._kept

    def tell(self, done: int, total: int) -> None:
        """Report progress, and go on when the main thread has taken note: a Cancel acts before the next step."""
        self._seen.clear()
        self.told = (done, total)
        self.news.set()
        while not self._seen.wait(PAUSE_SECONDS) and not self.stopped.is_set():
            pass

    def _run(self, previous) -> None:
        if previous is not None:
            previous.join()  # one at a time: two would load the same model
        try:
            self.result = self._work(self)
        except BaseException as error:
            self.error = error
        self.finished = True
        self.news.set()

    def stop(self) -> bool:
        """Ask to stop; True where the work can be left alone with it, since it has not begun."""
        with self._lock:
            self.stopped.set()
            return not self._kept

    def seen(self) -> None:
        """The main thread has taken note of the progress."""
        self._seen.set()


class Worker:
    """Runs one job after the other."""

    def __init__(self) -> None:
        self._thread = None

    def run(self, work, progress=None, cancelled=None):
        """Do the work in a thread, with the window alive, and give its result.

        Args:
            work: Called in the thread with the `Job`.
            progress: Called in the main thread with what `Job.tell` was given.
            cancelled: Asked in the main thread, all the time; True sets `Job.stopped`.

        Returns:
            What the work returned; None where it was stopped before `Job.begin`. It then ends by itself.

        Raises:
            Exception: What the work raised.
        """
        job = Job(work, self._thread)
        self._thread = job.thread
        job.thread.start()
        try:
            while self._look(job, progress, cancelled):
                job.news.wait(PAUSE_SECONDS)
        finally:
            job.stop()  # whatever happened here, the thread does not go on for nobody
        if job.error is not None:
            raise job.error
        return job.result if job.finished else None

    def wait(self) -> None:
        """Until the last job has ended, also one that was left alone."""
        if self._thread is not None:
            self._thread.join()

    def _look(self, job: Job, progress, cancelled) -> bool:
        """Bring the window up to date; False when there is nothing more to wait for."""
        job.news.clear()
        finished, told = job.finished, job.told
        job.told = None
        if told and progress:
            progress(*told)
        slicer.app.processEvents()
        leave = bool(cancelled and cancelled()) and job.stop()
        if told:
            job.seen()
        return not finished and not leave
