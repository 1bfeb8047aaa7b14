"""Cross-validation folds by patient: slices of one heart never stand on both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sklearn.model_selection import StratifiedKFold

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.errors import InputError, count


def most_folds(patients: Sequence[Patient], wanted: int) -> int:
    """The number of folds up to `wanted` that there are enough patients of both labels for."""
    positive = sum(p.dcm for p in patients)
    return min(wanted, positive, len(patients) - positive)


def patient_folds(
    patients: Sequence[Patient], *, folds: int = 5, seed: int = 0
) -> list[tuple[list[Patient], list[Patient]]]:
    """Folds stratified by group (by label where the groups are too small).

    Args:
        patients: All patients.
        folds: How many.
        seed: Of the shuffle.

    Returns:
        For each fold the training and the validation patients.

    Raises:
        InputError: There are fewer positive or negative patients than folds.
    """
    if folds < 2:
        raise InputError(f"There are at least 2 folds, not {folds}.")
    labels = [str(p.dcm) for p in patients]
    if min(Counter(labels).values()) < folds or len(set(labels)) < 2:
        raise InputError(f"{folds} folds need at least {count(folds, 'patient')} with dcm 1 and {folds} with dcm 0.")
    strata = [f"{p.dcm} {p.group}" for p in patients]
    if min(Counter(strata).values()) < folds:
        strata = labels
    splitter = StratifiedKFold(n_splits=folds, shuffle=True, random_state=seed)
    return [
        ([patients[i] for i in train], [patients[i] for i in validation])
        for train, validation in splitter.split(strata, strata)
    ]
