"""The rows of each table of the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from DCMMultiTaskLib.errors import count
from DCMMultiTaskLib.evaluation.bootstrap import Estimate, PatientBootstrap
from DCMMultiTaskLib.evaluation.metrics import CONFUSION, auc
from DCMMultiTaskLib.experiments.protocol import (
    CLASSIFICATION,
    OURS,
    OURS_AT_OWN_ALPHA,
    PAPER,
    SEGMENTATION,
    TABLE_2,
    TABLE_3,
)
from DCMMultiTaskLib.experiments.results import CLASS_METRICS, MASK_METRICS, Result, confusion, difference
from DCMMultiTaskLib.report.tables import Cell

Table = tuple[list[str], list[list[Cell]]]
Estimates = Mapping[str, Mapping[str, Estimate]]
BASELINE = "baseline: area of the true LV cavity"
PRINTED_2 = ("dsc", "pixel_auc", "f1", "jsc")
PRINTED_3 = ("accuracy", "sensitivity", "specificity", "auc")


def order(results: Mapping[str, Result], first: Sequence[str], does: str) -> list[Result]:
    """The networks of a table as the paper lists them, its own after the others, then ours and what the user added."""
    there = [r for r in results.values() if getattr(r, does)]
    rank = {key: n for n, key in enumerate((*first, PAPER, OURS, OURS_AT_OWN_ALPHA))}
    return sorted(there, key=lambda r: rank.get(r.key, len(rank)))


def table_2(results: Mapping[str, Result], estimates: Estimates) -> Table:
    """The metrics that the paper prints, beside the paper's."""
    return _beside(order(results, SEGMENTATION, "draws_masks"), estimates, MASK_METRICS, PRINTED_2, TABLE_2)


def table_3(results: Mapping[str, Result], estimates: Estimates, baseline: Mapping[str, Estimate]) -> Table:
    """The metrics that the paper prints, beside the paper's; and what needs no network."""
    head, rows = _beside(order(results, CLASSIFICATION, "classifies"), estimates, CLASS_METRICS, PRINTED_3, TABLE_3)
    rows.append([BASELINE, *[None] * 6, baseline["auc"], None])
    rows.append(["always negative", baseline["always_negative"], *[None] * 7])
    return head, rows


def _beside(
    networks: Sequence[Result],
    estimates: Estimates,
    titles: Mapping[str, str],
    names: Sequence[str],
    paper: Mapping[str, Mapping[str, float]],
) -> Table:
    head = ["network"]
    for name in names:
        head += [titles[name], "paper"]
    rows: list[list[Cell]] = []
    for result in networks:
        row: list[Cell] = [result.title]
        for name in names:
            row += [estimates[result.key].get(name), paper.get(result.key, {}).get(name)]
        rows.append(row)
    return head, rows


def more_of_masks(results: Mapping[str, Result], estimates: Estimates) -> Table:
    """What the paper does not print: distances, patients, size and time."""
    names = ("patient_dsc", "dsc_eq6", "hd95_mm", "surface_distance_mm")
    head = ["network", *(MASK_METRICS[name] for name in names), *SIZE_HEAD]
    rows: list[list[Cell]] = []
    for result in order(results, SEGMENTATION, "draws_masks"):
        rows.append([result.title, *(estimates[result.key].get(name) for name in names), *size(result)])
    return head, rows


def more_of_classes(results: Mapping[str, Result], estimates: Estimates, baseline: Mapping[str, Estimate]) -> Table:
    """What the paper does not print, and the baseline that needs no network."""
    names = ("auc", "patient_auc", "average_precision", "brier", "patient_accuracy")
    head = ["network", "AUC", "AUC per patient", "average precision", "Brier score", "accuracy per patient", *SIZE_HEAD]
    rows: list[list[Cell]] = []
    for result in order(results, CLASSIFICATION, "classifies"):
        rows.append([result.title, *(estimates[result.key].get(name) for name in names), *size(result)])
    empty: list[Cell] = [None] * len(SIZE_HEAD)
    rows.append([BASELINE, *(baseline.get(name) for name in names), *empty])
    return head, rows


def empty_folds(results: Iterable[Result]) -> list[str]:
    """A sentence on each network that meets no heart in some folds, so that its mean is not taken for its masks'."""
    sentences = []
    for result in results:
        means = result.fold_means() if result.draws_masks else []
        if empty := sum(mean == 0 for mean in means):
            sentences.append(
                f"{result.title} meets no heart in {empty} of {count(len(means), 'fold')}: its training did not get "
                "away from the empty mask."
            )
    return sentences


SIZE_HEAD = ["parameters (million)", "multiply-adds (million)"]


def size(result: Result) -> list[Cell]:
    """Parameters and multiply-adds (128 x 128 slice) in millions; times compare machines as much as networks."""
    record = result.records[0]
    return [f"{record['parameters'] / 1e6:.2f}", f"{record['multiply_adds'] / 1e6:.0f}"]


def baseline_estimates(result: Result, cavity_mm2: Mapping[tuple[str, int], float]) -> dict[str, Estimate]:
    """AUC of the true cavity's area over the same slices and patients; and the accuracy of always saying no."""
    labels = result.column("dcm")
    area = np.array([cavity_mm2[s.patient, s.slice] for s in result.scores])
    slices = PatientBootstrap([s.patient for s in result.scores])
    rows = result.patients
    names = result.column("patient")
    largest = np.array([area[names == name].max() for name in rows.patient])
    patients = PatientBootstrap(rows.patient)
    return {
        "auc": slices.ranked(auc, labels, area),
        "patient_auc": patients.ranked(auc, rows.dcm, largest),
        "always_negative": slices.mean(labels == 0),
    }


def differences(results: Mapping[str, Result], cavity_mm2: Mapping[tuple[str, int], float]) -> Table:
    """Each network less the paper's and the best other in DSC, less the paper's and the baseline in AUC; paired."""
    paper = results.get(PAPER)
    others = [r for r in results.values() if r.draws_masks and r is not paper]
    best = max(others, key=lambda r: r.column("dsc").mean(), default=None)
    head = ["network", "DSC less the paper's network", f"DSC less {best.title if best else 'the best other'}"]
    rows: list[list[Cell]] = []
    for result in results.values():
        row: list[Cell] = [result.title, None, None, None, None]
        for column, other in ((1, paper), (2, best)):
            if other and result is not other and result.draws_masks:
                row[column] = difference(result, other, "dsc")
        if result.classifies:
            row[3] = difference(result, paper, "auc") if paper and result is not paper else None
            row[4] = above_baseline(result, cavity_mm2)
        rows.append(row)
    return [*head, "AUC less the paper's network", "AUC less the baseline"], rows


def above_baseline(result: Result, cavity_mm2: Mapping[tuple[str, int], float]) -> Estimate:
    """AUC of the network less that of the true cavity's area, per slice, paired."""
    label, logit = result.column("dcm"), result.column("dcm_logit")
    area = np.array([cavity_mm2[s.patient, s.slice] for s in result.scores])
    bootstrap = PatientBootstrap([s.patient for s in result.scores])
    return bootstrap.difference(lambda rows: auc(label[rows], logit[rows]), lambda rows: auc(label[rows], area[rows]))


def confusion_table(results: Mapping[str, Result]) -> Table:
    """Counts of Tab. 1 over all held-out slices."""
    head = ["network", *(name.replace("_", " ") for name in CONFUSION)]
    return head, [[r.title, *confusion(r).values()] for r in order(results, CLASSIFICATION, "classifies")]


def compare(
    results: Sequence[Result], estimates: Estimates, base: str, baseline: Mapping[str, Estimate], *, sizes: bool = True
) -> Table:
    """Variants of one network: DSC, AUC, their paired differences to the base, size and folds; and the baseline."""
    head = ["network", "DSC", "difference", "AUC", "AUC difference", "AUC per patient", "folds"]
    by_key = {r.key: r for r in results}
    rows: list[list[Cell]] = []
    for result in results:
        own, against = estimates[result.key], by_key.get(base)
        pairs: list[Cell] = [None, None]
        if against and result.key != base:
            pairs = [
                difference(result, against, "dsc") if result.draws_masks and against.draws_masks else None,
                difference(result, against, "auc") if result.classifies and against.classifies else None,
            ]
        row: list[Cell] = [result.title, own.get("dsc"), pairs[0], own.get("auc"), pairs[1], own.get("patient_auc")]
        row.append(f"{len(result.records)} of {result.planned_folds}")
        rows.append([*row, *(size(result) if sizes else [])])
    none: list[Cell] = [None] * (1 + (len(SIZE_HEAD) if sizes else 0))
    rows.append([BASELINE, None, None, baseline["auc"], None, baseline["patient_auc"], *none])
    return [*head, *(SIZE_HEAD if sizes else [])], rows
