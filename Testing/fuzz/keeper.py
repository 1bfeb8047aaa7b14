"""Gives files to the process that reads them, and judges what it did."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

SECONDS = 10.0
"""Of computing time that one input may take."""
WAIT_SECONDS = 60.0
"""After which a process that does not answer hangs; other programs may keep the machine busy."""
BYTES = 2 << 30


class Keeper:
    """Runs `victim.py`, and starts it anew when an input has ended it.

    Attributes:
        tried: How many inputs were read.
        outcomes: How many were read, refused, ...
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.process, self.tried = folder, None, 0
        self.outcomes: dict[str, int] = {}
        for name in ("in", "out", "temporary"):
            (folder / name).mkdir()

    @property
    def inputs(self) -> Path:
        """An empty folder for the next input."""
        for name in ("in", "out"):
            shutil.rmtree(self.folder / name)
            (self.folder / name).mkdir()
        return self.folder / "in"

    def fault(self, kind: str, path: Path) -> str:
        """What is wrong with the way an input was met; empty where it was read, or refused in a sentence."""
        before = self._listing()
        answer = self._answer(kind, path)
        self.tried += 1
        self.outcomes[answer["outcome"]] = self.outcomes.get(answer["outcome"], 0) + 1
        if answer["outcome"] not in ("read", "refused"):
            return f"{answer['outcome']}: {answer['text']}"
        if answer["seconds"] > SECONDS:
            return f"it took {answer['seconds']:.0f} s"
        if answer["bytes"] > BYTES:
            return f"it took {answer['bytes'] >> 20} MB of memory"
        if self._listing() != before:
            return f"files outside the output folder: {sorted(self._listing() ^ before)}"
        text = answer["text"]
        if answer["outcome"] == "refused" and not ("." in text[-2:] and "Traceback" not in text and len(text) < 2000):
            return f"this is no sentence: {text!r}"
        return ""

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def _listing(self) -> set[str]:
        """Every file but those of the output."""
        out = self.folder / "out"
        return {str(path) for path in self.folder.rglob("*") if not path.is_relative_to(out)}

    def _answer(self, kind: str, path: Path) -> dict[str, Any]:
        process = self._running()
        assert process.stdin is not None
        print(json.dumps({"kind": kind, "path": str(path), "output": str(self.folder / "out")}), file=process.stdin)
        process.stdin.flush()
        line = self._line(WAIT_SECONDS)
        if line:
            return json.loads(line)
        code = process.poll()
        self.close()
        shutil.rmtree(self.folder / "temporary")
        (self.folder / "temporary").mkdir()
        if code is None:
            return {"outcome": "hung", "text": f"no answer within {WAIT_SECONDS:.0f} s"}
        return {"outcome": "crashed", "text": f"the process ended with {code}"}

    def _running(self) -> subprocess.Popen[str]:
        if self.process is None or self.process.poll() is not None:
            root = Path(__file__).parents[2]
            environment = os.environ | {
                "PYTHONPATH": str(root),
                "TMPDIR": str(self.folder / "temporary"),
                "OMP_NUM_THREADS": "1",
                "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
            }
            self.process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("victim.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=environment,
                cwd=self.folder / "temporary",
            )
            assert self._line(300), "the process does not start"
        return self.process

    def _line(self, seconds: float) -> str:
        """The next line of the process; empty if it has ended or says nothing for so long."""
        assert self.process is not None and self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(seconds):
                return ""
        return self.process.stdout.readline()
