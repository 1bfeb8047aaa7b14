"""What the segments mean, in the coded terms that Slicer and DICOM use."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load_terminology(path: str | Path) -> str:
    """Make a terminology file's entries selectable in Slicer, whose own lists have no Myocardium.

    Args:
        path: The module's `Resources/DCMMultiTask.term.json`.

    Returns:
        Name of the terminology, or an empty string where no terminologies logic is running or the file is unusable.
    """
    logic = _terminologies_logic()
    return logic.LoadTerminologyFromFile(str(path)) if logic is not None and Path(path).is_file() else ""


def _terminologies_logic() -> Any:
    import slicer

    module = getattr(getattr(slicer, "modules", None), "terminologies", None)
    return module.logic() if module is not None else None
