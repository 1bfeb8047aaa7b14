"""Results by hand that the tests of this room share."""

from collections.abc import Callable

import numpy as np
import pytest

from DCMMultiTaskLib.experiments.results import Result
from DCMMultiTaskLib.experiments.scores import HeldOutSlice

FOLD_OF = {"A": 0, "B": 1, "C": 0, "D": 1}
POSITIVE = ("A", "B")
RECORD = {"parameters": 2_000_000, "multiply_adds": 5_000_000, "training_seconds": 10.0, "resumed": False}


@pytest.fixture
def make_result() -> Callable[..., Result]:
    """Four patients of two slices, A and C in fold 0, B and D in fold 1; A and B are positive."""

    def make(
        key: str = "luo2020", *, title: str = "", dsc: float | None = 0.8, shift: float | None = 1.0, folds=(0, 1)
    ) -> Result:
        scores = []
        for number, (patient, fold) in enumerate(FOLD_OF.items()):
            positive = patient in POSITIVE
            for index in range(2):
                if fold not in folds:
                    continue
                logit = np.nan if shift is None else (shift if positive else -shift) + 0.1 * index
                mask = {}
                if dsc is not None:
                    own = dsc + 0.01 * number + 0.02 * index
                    # 2 TP / (2 TP + FP + FN) = own, of 1000 pixels in mask and truth together.
                    tp = round(500 * own)
                    mask = {"dsc": own, "jsc": own / (2 - own), "true_positive": tp, "pixel_auc": 0.9, "dsc_eq6": own}
                    mask |= {"false_positive": 500 - tp, "false_negative": 500 - tp}
                    mask |= {"hd95_mm": np.nan if index else 4.0, "surface_distance_mm": 1.0}
                who = {"patient": patient, "slice": index, "dcm": int(positive), "fold": fold}
                probability = 1 / (1 + np.exp(-logit))
                scores.append(HeldOutSlice(**who, dcm_logit=logit, dcm_probability=probability, **mask))
        scores.sort(key=lambda s: (s.fold, s.patient, s.slice))
        return Result(key, title or key, scores, [{**RECORD, "fold": fold} for fold in folds], 2)

    return make
