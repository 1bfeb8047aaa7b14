"""The tidy tables behind the page: a row per training, and a row per held-out slice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from DCMMultiTaskLib.evaluation.metrics import auc
from DCMMultiTaskLib.experiments.material import Material
from DCMMultiTaskLib.experiments.results import Result
from DCMMultiTaskLib.report.tables import Cell, write_csv

FOLD_HEAD = [
    *("part", "fold", "network", "title", "patients", "slices", "dsc", "positive_slices", "auc", "seed", "epochs"),
    *("width", "parameters", "multiply_adds", "training_seconds", "resumed", "prediction_ms_per_slice", "precision"),
    *("commit", "machine", "torch", "started", "command"),
]
SLICE_FIELDS = [
    *("dcm", "dcm_logit", "dcm_probability", "dsc", "pixel_auc", "true_positive", "false_positive", "false_negative"),
    *("hd95_mm", "surface_distance_mm"),
]


def write_folds(material: Material, out: Path) -> dict[str, str]:
    """`folds.csv`; and how it was made, in words.

    Returns:
        `where`, `command` and `made` of the page.
    """
    rows: list[list[Cell]] = []
    for part, result in _unique(material):
        for record in result.records:
            rows.append(_fold_row(part, result, record))
    write_csv(out / "folds.csv", FOLD_HEAD, rows)
    machines = sorted({str(row[FOLD_HEAD.index("machine")]) for row in rows})
    commits = sorted({str(row[FOLD_HEAD.index("commit")]) for row in rows} - {""})
    seconds = sum(r["training_seconds"] for _, result in _unique(material) for r in result.records)
    precisions = sorted({str(row[FOLD_HEAD.index("precision")]) for row in rows})
    made = (
        f"{len(rows)} trainings, {seconds / 3600:.1f} hours of training in all, on {'; '.join(machines)}; "
        f"precision {', '.join(precisions)}; code {', '.join(commits) or 'of no commit'}."
    )
    patients = material.plan.patients
    where = (
        f"The experiments of Luo et al. 2020 on {len(patients)} patients ({sum(p.dcm for p in patients)} positive), "
        f"{len(material.slices.dcm)} slices."
    )
    commands = sorted({str(row[FOLD_HEAD.index("command")]) for row in rows})
    return {"made": made, "where": where, "command": "\n".join(commands)}


def _fold_row(part: str, result: Result, record: Mapping[str, Any]) -> list[Cell]:
    own = [s for s in result.scores if s.fold == record["fold"]]
    labels = [s.dcm for s in own]
    dsc = float(np.mean([s.dsc for s in own]))
    settings = record["settings"]
    return [
        *(part, record["fold"], result.key, result.title, len(record["test_patients"]), len(own), dsc, sum(labels)),
        auc(labels, [s.dcm_logit for s in own]) if result.classifies else None,
        *(record["seed"], settings["epochs"], settings["network"]["width"]),
        *(record[name] for name in ("parameters", "multiply_adds", "training_seconds")),
        int(record["resumed"]),
        *(record[name] for name in ("prediction_ms_per_slice", "precision", "commit", "machine")),
        *(record["versions"]["torch"], record["started"], record["command"]),
    ]


def write_slices(material: Material, out: Path) -> None:
    """`slices.csv`: every held-out slice of every network."""
    rows: list[list[Cell]] = [
        [part, result.key, s.fold, s.patient, s.slice, *(getattr(s, name) for name in SLICE_FIELDS)]
        for part, result in _unique(material)
        for s in result.scores
    ]
    write_csv(out / "slices.csv", ["part", "network", "fold", "patient", "slice", *SLICE_FIELDS], rows)


def _unique(material: Material) -> list[tuple[str, Result]]:
    """Each training once, under the first part that has it; the ablation has trainings of its own."""
    seen: dict[tuple[bool, str], tuple[str, Result]] = {}
    for part, results in material.by_part.items():
        for result in results:
            seen.setdefault((part == "ablation", result.key), (part, result))
    return list(seen.values())
