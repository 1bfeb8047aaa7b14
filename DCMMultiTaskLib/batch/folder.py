"""The folder of a batch: one batch at a time, a study's folder whole or not there, and what is in it already."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from DCMMultiTaskLib.batch.options import StopBatch
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.storage import write_json

STUDIES = "studies"
RECORD = "_batch.json"
"""Ends the name of the file that says what a study's results were made from."""
_LOCK = ".batch.lock"
_UNFINISHED = ".unfinished-"


class BatchFolder:
    """Where the studies' results of a batch lie; several processes may write into it.

    Args:
        path: The batch's folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.studies = self.path / STUDIES

    def study(self, name: str) -> Path:
        """The folder of a study."""
        return self.studies / name

    @contextmanager
    def held(self, *, resume: bool) -> Iterator[None]:
        """Keep other batches out, and clear away what processes that were killed left unfinished.

        The lock is the operating system's, so that it ends with the process that holds it, however that ends.

        Args:
            resume: There may be results of an earlier batch.

        Raises:
            InputError: Another batch is at work in the folder, or there are results and `resume` was not asked for.
            StopBatch: The folder cannot be written to.
        """
        from filelock import FileLock, Timeout  # PyTorch brings it

        with said_by(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / _LOCK)
        with said_by(self.path):
            try:
                lock.acquire(blocking=False)
            except Timeout:
                raise InputError(
                    f"{self.path}: another batch is at work in this folder; wait for its end or give another folder."
                ) from None
        try:
            with said_by(self.path):
                if not resume and self.studies.is_dir() and any(self.studies.iterdir()):
                    raise InputError(
                        f"{self.path} has results of an earlier batch; --resume goes on, or give another folder."
                    )
                self.studies.mkdir(exist_ok=True)
                self._clear()
            yield
            with said_by(self.path):
                self._clear()
        finally:
            lock.release()

    def _clear(self) -> None:
        """Remove what processes that were killed have left unfinished."""
        for left in self.studies.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left)

    def is_done(self, name: str, made_from: Mapping[str, Any]) -> bool:
        """Whether a study has all its results, made from the same input, model, version and options."""
        try:
            record = self._record(name)
            return record.pop("files") == _files(self.study(name), name) and record == made_from
        except (OSError, KeyError):
            return False

    def _record(self, name: str) -> dict[str, Any]:
        """What a study's results were made from; empty where nothing tells."""
        try:
            record = json.loads((self.study(name) / f"{name}{RECORD}").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    @contextmanager
    def writing(self, name: str, made_from: Mapping[str, Any]) -> Iterator[Path]:
        """A folder for a study's files, which becomes the study's when all went well and replaces what was there.

        Raises:
            StopBatch: It cannot be written.
        """
        with said_by(self.path), tempfile.TemporaryDirectory(dir=self.studies, prefix=_UNFINISHED) as temporary:
            new, old = Path(temporary) / name, Path(temporary) / "old"
            new.mkdir()
            yield new
            write_json(new / f"{name}{RECORD}", {**made_from, "files": _files(new, name)})
            try:
                new.rename(self.study(name))
            except OSError:
                if self.is_done(name, made_from):  # by a worker that was taken for dead
                    return
                self.study(name).rename(old)
                new.rename(self.study(name))

    def discard(self, name: str, *, unless_of: str) -> None:
        """Take away the results of a study that were made from another input.

        Args:
            name: The study.
            unless_of: SHA-256 of the input whose results stay.

        Raises:
            StopBatch: They cannot be removed.
        """
        if self.study(name).exists() and self._record(name).get("input_sha256") != unless_of:
            with said_by(self.path), tempfile.TemporaryDirectory(dir=self.studies, prefix=_UNFINISHED) as temporary:
                self.study(name).rename(Path(temporary) / "old")


def _files(folder: Path, name: str) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != f"{name}{RECORD}")


@contextmanager
def said_by(folder: Path) -> Iterator[None]:
    """Errors of writing, whoever met them, in one sentence about the batch's folder.

    Raises:
        StopBatch: A file could not be written.
    """
    try:
        yield
    except (OSError, InputError) as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, OSError):
            cause = cause.__cause__
        if cause is None or isinstance(error, StopBatch):
            raise
        raise StopBatch(f"{folder} cannot be written to: {cause.strerror or str(cause).rstrip('.')}.") from error
