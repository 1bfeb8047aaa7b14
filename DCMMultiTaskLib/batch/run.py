"""Run studies in turn; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from DCMMultiTaskLib.batch.studies import Study
from DCMMultiTaskLib.errors import InputError


@dataclass(frozen=True)
class Failure:
    """A study without a result, and why, in one sentence."""

    study: Study
    reason: str


def run_studies(
    studies: Sequence[Study], predict: Callable[[Study], None], *, failed: Callable[[Failure], None]
) -> list[Failure]:
    """Do every study.

    Args:
        studies: What to do, in order.
        predict: Does one study; an `InputError` or too little memory fails this study alone.
        failed: Told of each failure as it happens.

    Returns:
        The failures.
    """
    failures = []
    for study in studies:
        try:
            predict(study)
        except (InputError, MemoryError) as error:
            reason = str(error) if isinstance(error, InputError) else "There is not enough memory for this study."
            failures.append(Failure(study, " ".join(reason.split())))
            failed(failures[-1])
    return failures
