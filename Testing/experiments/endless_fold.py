"""A fold that does not end, in a worker of `run_all`: `FOLDER`, which gets the worker's number as `pid`."""

import os
import sys
import time
from pathlib import Path

from DCMMultiTaskLib.cli import ended_cleanly
from DCMMultiTaskLib.experiments.cross_validation import FoldRun, run_all


def sleep(folder: Path) -> None:
    (folder / "pid.part").write_text(str(os.getpid()), encoding="utf-8")
    (folder / "pid.part").rename(folder / "pid")
    time.sleep(600)


class Endless(FoldRun):
    """Sleeps where it is unpickled, which is in the worker."""

    def __reduce__(self):
        return sleep, (self.directory,)


if __name__ == "__main__":
    with ended_cleanly():
        run_all([Endless(experiment=None, fold=0, train=[], test=[], directory=Path(sys.argv[1]))])
