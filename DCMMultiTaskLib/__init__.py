"""Myocardium segmentation and DCM-like phenotype probability on short-axis cardiac MR (Luo et al. 2020).

What an analysis in Python needs can be imported from here:

    from DCMMultiTaskLib import Predictor, load_package, read_study, shipped_model
    result = Predictor(load_package(shipped_model())).predict(read_study(Path("study.nrrd")))

Importing the package costs nothing: each name is imported when it is first used, and torch, slicer and the other heavy
packages where they are used. Research use only.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["InputError", "Predictor", "Result", "Study", "Volume", "load_package", "read_study", "shipped_model"]

_PLACES = {
    "InputError": "errors",
    "Predictor": "inference.predictor",
    "Result": "inference.result",
    "Study": "imaging.study",
    "Volume": "imaging.volume",
    "load_package": "inference.package",
    "read_study": "imaging.reading",
    "shipped_model": "inference.model_file",
}


def __getattr__(name: str) -> Any:
    """The public name, from where it is defined."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
