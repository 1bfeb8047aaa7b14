"""What the paper claims, and whether it holds here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from DCMMultiTaskLib.evaluation.bootstrap import Estimate
from DCMMultiTaskLib.experiments.protocol import CLASSIFICATION, PAPER, PAPER_PSNR, PSNR_CENTRE, SEGMENTATION
from DCMMultiTaskLib.experiments.results import Result, difference
from DCMMultiTaskLib.experiments.scores import TruthTable
from DCMMultiTaskLib.report.tables import text

AGREES, UNCERTAIN, DISAGREES = "agrees", "cannot be told apart", "does not agree"
# "Mainly concentrated around 23": within this many dB of it.
PSNR_NEAR = 3.0


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper beside what was measured.

    Attributes:
        printed: What the paper says, and where.
        here: What was measured.
        verdict: `agrees`, `cannot be told apart` (the interval of the difference contains 0) or `does not agree`.
    """

    printed: str
    here: str
    verdict: str


def verdict_of(difference: Estimate) -> str:
    """Of a difference that the paper says is positive."""
    if difference.low > 0:
        return AGREES
    return DISAGREES if difference.high < 0 else UNCERTAIN


def all_claims(
    results: Mapping[str, Result],
    loss_weights: Sequence[tuple[float, Result]],
    truth: TruthTable,
    spread: CamSpread | None,
) -> list[Claim]:
    """The claims that can be judged from the experiments that are there.

    Args:
        results: By key.
        loss_weights: The sweep of Fig. 5, alpha and result.
        truth: Of all slices.
        spread: How concentrated the class activation maps are, where there are any.
    """
    claims = []
    paper = results.get(PAPER)
    if paper:
        claims += _best_of(results, SEGMENTATION, "dsc", "Its DSC is the largest of Table 2")
        if "deeplabv3" in results:
            claims.append(_against(paper, results["deeplabv3"], "dsc", "About 3 % above DeepLabV3 in DSC (4.3.1)"))
        claims += _steadiest(results)
        claims += _best_of(results, CLASSIFICATION, "auc", "Its AUC is the largest of Table 3")
        for task, name, printed in (
            ("mask", "dsc", "Multi-task segmentation is better than single-task (section 5)"),
            ("dcm", "auc", "Multi-task classification is better than single-task (section 5)"),
        ):
            single = results.get(f"{PAPER}-{task}")
            if single:
                claims.append(_against(paper, single, name, printed))
    claims += _best_weight(loss_weights)
    claims.append(_psnr(truth))
    if spread:
        claims.append(spread.claim())
    return claims


def _against(first: Result, second: Result, name: str, printed: str) -> Claim:
    found = difference(first, second, name)
    what = "DSC" if name == "dsc" else "AUC"
    return Claim(printed, f"{what} {first.title} less {second.title}: {text(found)}", verdict_of(found))


def _best_of(results: Mapping[str, Result], others: Sequence[str], name: str, printed: str) -> list[Claim]:
    """Against the best of the others, chosen by the metric itself."""
    there = [results[key] for key in others if key in results]
    if not there:
        return []
    differences = [(difference(results[PAPER], other, name), other) for other in there]
    smallest, best = min(differences, key=_least)
    what = "DSC" if name == "dsc" else "AUC"
    here = f"against the best of the others, {best.title}: {what} difference {text(smallest)}"
    return [Claim(printed, here, verdict_of(smallest))]


def _least(pair: tuple[Estimate, Any]) -> float:
    """To find the smallest difference; one that is not defined is none."""
    return float("inf") if np.isnan(pair[0].value) else pair[0].value


def _steadiest(results: Mapping[str, Result]) -> list[Claim]:
    spans = {
        key: float(np.ptp(results[key].fold_means()))
        for key in (PAPER, *SEGMENTATION)
        if key in results and len(results[key].records) > 1
    }
    if len(spans) < 2 or PAPER not in spans:
        return []
    here = "largest less smallest fold: " + ", ".join(f"{results[k].title} {span:.3f}" for k, span in spans.items())
    verdict = AGREES if spans[PAPER] == min(spans.values()) else DISAGREES
    return [Claim("Its DSC varies least between the folds (Fig. 6)", here, verdict)]


def _best_weight(loss_weights: Sequence[tuple[float, Result]]) -> list[Claim]:
    if len(loss_weights) < 2 or 3 not in [alpha for alpha, _ in loss_weights]:
        return []
    at_three = next(result for alpha, result in loss_weights if alpha == 3)
    parts, verdicts = [], []
    for name, what in (("dsc", "DSC"), ("auc", "AUC")):
        others = [(difference(at_three, other, name), alpha) for alpha, other in loss_weights if alpha != 3]
        smallest, alpha = min(others, key=_least)
        parts.append(f"{what} at 3 less {what} at {alpha:g}, the best other weight: {text(smallest)}")
        verdicts.append(verdict_of(smallest))
    verdict = next((v for v in (DISAGREES, UNCERTAIN) if v in verdicts), AGREES)
    return [Claim("A loss weight of 3 is best for both tasks (Fig. 5)", "; ".join(parts), verdict)]


def _psnr(truth: TruthTable) -> Claim:
    values = truth.psnr[np.isfinite(truth.psnr)]
    near = float((np.abs(values - PSNR_CENTRE) <= PSNR_NEAR).mean())
    inside = PAPER_PSNR[0] <= values.min() and values.max() <= PAPER_PSNR[1]
    here = (
        f"{values.min():.2f} to {values.max():.2f}, median {np.median(values):.2f}; "
        f"{near:.0%} within {PSNR_NEAR:g} of {PSNR_CENTRE:g} (usual formula)"
    )
    printed = f"PSNR lies between {PAPER_PSNR[0]:.2f} and {PAPER_PSNR[1]:.2f}, mainly around {PSNR_CENTRE:g} (Fig. 7)"
    return Claim(printed, here, AGREES if inside and near > 0.5 else DISAGREES)


@dataclass(frozen=True)
class CamSpread:
    """How much of a class activation map lies above half of its range.

    Attributes:
        negative: Mean share of the map that lies above the middle between its smallest and largest value.
        positive: The same of positive slices.
        difference: Positive less negative, over patients.
    """

    negative: float
    positive: float
    difference: Estimate

    def claim(self) -> Claim:
        """Beside the paper's sentence."""
        here = (
            "share of the map of the slice's own class that lies above half of its range: "
            f"negatives {self.negative:.2f}, positives {self.positive:.2f}; difference {text(self.difference)}"
        )
        printed = "Activation maps of negatives are more concentrated than those of positives (Fig. 9)"
        return Claim(printed, here, verdict_of(self.difference))
