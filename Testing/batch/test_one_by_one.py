"""Studies in turn: a failure is told and the rest goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from DCMMultiTaskLib.batch.one_by_one import run_studies
from DCMMultiTaskLib.batch.studies import StudyPath
from DCMMultiTaskLib.errors import InputError

STUDIES = [StudyPath(Path(name)) for name in ("a.nrrd", "b.nrrd", "c.nrrd")]


def test_a_study_that_fails_is_told_at_once_and_the_rest_goes_on() -> None:
    events: list[str] = []

    def predict(study: StudyPath) -> None:
        if study.name == "b":
            raise InputError("b.nrrd: the file\nis empty.")
        events.append(study.name)

    failures = run_studies(STUDIES, predict, failed=lambda failure: events.append(failure.reason))
    assert events == ["a", "b.nrrd: the file is empty.", "c"]
    assert [failure.study.name for failure in failures] == ["b"]


def test_too_little_memory_fails_the_study_alone() -> None:
    def predict(study: StudyPath) -> None:
        if study.name == "a":
            raise MemoryError

    assert [f.reason for f in run_studies(STUDIES, predict, failed=lambda _: None)] == [
        "There is not enough memory for this study."
    ]


def test_a_mistake_of_the_program_is_not_taken_for_a_bad_study() -> None:
    def predict(study: StudyPath) -> None:
        raise KeyError(study.name)

    with pytest.raises(KeyError):
        run_studies(STUDIES, predict, failed=lambda _: None)
