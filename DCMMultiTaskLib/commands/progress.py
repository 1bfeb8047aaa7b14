"""A progress bar, on a terminal only."""

from __future__ import annotations

import sys
from types import TracebackType

WIDTH = 30


class ProgressBar:
    """Draws `label [####      ] 4/10 slices` on one line and wipes it at the end."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.stream = sys.stderr
        self.shown = self.stream.isatty()

    def __enter__(self) -> ProgressBar:
        return self

    def __call__(self, done: int, total: int) -> None:
        if self.shown:
            filled = WIDTH * done // max(total, 1)
            self.stream.write(f"\r{self.label} [{'#' * filled}{' ' * (WIDTH - filled)}] {done}/{total} slices")
            self.stream.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
