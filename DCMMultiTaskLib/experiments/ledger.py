"""The tidy tables behind the page, a row per training and a row per held-out slice, and the way back from them.

They hold all that the page's tables are made of, and `examples.npz` beside them the masks and maps that its figures
show, so that what took hours to train is measured, compared and drawn again without training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from DCMMultiTaskLib.errors import count
from DCMMultiTaskLib.evaluation.metrics import auc
from DCMMultiTaskLib.experiments import TUNING
from DCMMultiTaskLib.experiments.cross_validation import EXAMPLES, RECORD, SCORES, FoldRun, multiply_adds, own_record
from DCMMultiTaskLib.experiments.plan import Plan
from DCMMultiTaskLib.experiments.predictions import read_examples
from DCMMultiTaskLib.experiments.protocol import Experiment
from DCMMultiTaskLib.experiments.results import Result
from DCMMultiTaskLib.experiments.scores import HeldOutSlice
from DCMMultiTaskLib.networks.registry import build, count_parameters
from DCMMultiTaskLib.storage import columns, read_rows, write_json, write_rows

FOLDS, SLICES = "folds.csv", "slices.csv"
# Logits are ranked: those of a network that has hardly learned differ late after the point.
DIGITS = {name: 9 if name == "dcm_logit" else 6 for name in columns(HeldOutSlice)}
# Whether it is of one of the ablations, which have patients of their own.
Key = tuple[bool, str, int]


@dataclass(frozen=True, kw_only=True)
class Training:
    """A training, as `folds.csv` has it.

    Attributes:
        part: The first of `experiments.PARTS` that has it.
        fold: Which patients were held out, from 0.
        network, title: The experiment's key and name.
        patients, training_patients: How many were held out, and how many were learned from.
        slices, positive_slices: How many were held out.
        dsc, auc: Over the held-out slices; NaN where the network does not do that.
        seed, epochs, batch_size, learning_rate, width: The protocol's.
        parameters, multiply_adds: Of the network, the latter for a slice of 128 x 128.
        training_seconds, prediction_ms_per_slice: On `machine`.
        resumed: 1 where it was stopped and went on, so that its time is not that of a whole training.
        precision, commit, machine, torch, started, command: How it was made.
    """

    part: str
    fold: int
    network: str
    title: str
    patients: int
    training_patients: int
    slices: int
    dsc: float
    positive_slices: int
    auc: float
    seed: int
    epochs: int
    batch_size: int
    learning_rate: float
    width: int
    parameters: int
    multiply_adds: int
    training_seconds: float
    resumed: int
    prediction_ms_per_slice: float
    precision: str
    commit: str
    machine: str
    torch: str
    started: str
    command: str

    @property
    def key(self) -> Key:
        """By which it is found."""
        return self.part in TUNING, self.network, self.fold

    @classmethod
    def of(cls, part: str, result: Result, record: Mapping[str, Any]) -> Training:
        """From a fold's `run.json` and scores."""
        own = [s for s in result.scores if s.fold == record["fold"]]
        labels = [s.dcm for s in own]
        settings = record["settings"]
        same = ("parameters", "multiply_adds", "training_seconds", "prediction_ms_per_slice", "precision", "commit")
        return cls(
            part=part,
            fold=record["fold"],
            network=result.key,
            title=result.title,
            patients=len(record["test_patients"]),
            training_patients=len(record["train_patients"]),
            slices=len(own),
            dsc=round(float(np.mean([s.dsc for s in own])), 5),
            positive_slices=sum(labels),
            auc=round(auc(labels, [s.dcm_logit for s in own]), 5) if result.classifies else float("nan"),
            seed=record["seed"],
            width=settings["network"]["width"],
            **{name: settings[name] for name in ("epochs", "batch_size", "learning_rate")},
            resumed=int(record["resumed"]),
            torch=record["versions"]["torch"],
            **{name: record[name] for name in (*same, "machine", "started", "command")},
        )

    def is_of(self, run: FoldRun, slices: Sequence[HeldOutSlice]) -> bool:
        """Whether it is the training that `run` asks for: same patients and labels, same settings, same network."""
        settings = run.experiment.settings
        labels = {p.patient: p.dcm for p in run.test}
        return (
            self.training_patients == len(run.train)
            and {s.patient for s in slices} == set(labels)
            and all(s.dcm == labels[s.patient] for s in slices)
            and (self.seed, self.epochs, self.batch_size) == (settings.seed, settings.epochs, settings.batch_size)
            and (self.learning_rate, self.width) == (settings.learning_rate, settings.network.width)
            and (self.parameters, self.multiply_adds) == _size(run.experiment)
        )

    def record(self, run: FoldRun) -> dict[str, Any]:
        """The fold's `run.json`."""
        values = asdict(self)
        same = ("title", "parameters", "multiply_adds", "training_seconds", "prediction_ms_per_slice", "precision")
        return {
            **run.identity(),
            **{name: values[name] for name in (*same, "seed", "command", "commit", "started", "machine")},
            "resumed": bool(self.resumed),
            "versions": {"torch": self.torch},
        }


@cache
def _size(experiment: Experiment) -> tuple[int, int]:
    """Parameters and multiply-adds."""
    network = build(experiment.settings.network_name, experiment.settings.network)
    return count_parameters(network), multiply_adds(experiment)


@dataclass(frozen=True, kw_only=True)
class LedgerSlice(HeldOutSlice):
    """A held-out slice, and which network it was held out from.

    Attributes:
        part, network: As in `Training`.
    """

    part: str
    network: str

    @property
    def key(self) -> Key:
        """Its training's."""
        return self.part in TUNING, self.network, self.fold


def write_ledger(by_part: Mapping[str, Sequence[Result]], out: Path) -> list[Training]:
    """Write `folds.csv` and `slices.csv` of all finished trainings.

    Returns:
        The rows of `folds.csv`.
    """
    unique = _unique(by_part)
    trainings = [Training.of(part, result, record) for part, result in unique for record in result.records]
    slices = [LedgerSlice(part=part, network=r.key, **asdict(s)) for part, r in unique for s in r.scores]
    write_rows(out / FOLDS, Training, trainings, unknown="")
    write_rows(out / SLICES, LedgerSlice, slices, digits=DIGITS, unknown="")
    return trainings


def _unique(by_part: Mapping[str, Sequence[Result]]) -> list[tuple[str, Result]]:
    """Each training once, under the first part that has it; the ablations have trainings of their own."""
    seen: dict[tuple[bool, str], tuple[str, Result]] = {}
    for part, results in by_part.items():
        for result in results:
            seen.setdefault((part in TUNING, result.key), (part, result))
    return list(seen.values())


def take_over(plan: Plan, source: Path) -> str:
    """Take the trainings of a plan that a page's tables tell of for done, with the predictions that its figures show.

    What is done already stays as it is, and what was made of other patients, settings or networks is left out.

    Args:
        plan: Whose trainings are wanted.
        source: Folder with `folds.csv` and `slices.csv`, and `examples.npz` where there are figures of it.

    Returns:
        How many there were, in words.

    Raises:
        InputError: A table is missing or cannot be read, or a run's folder holds a result of other data or settings.
    """
    trainings = {training.key: training for training in read_rows(source / FOLDS, Training)}
    slices: dict[Key, list[LedgerSlice]] = {}
    for row in read_rows(source / SLICES, LedgerSlice):
        slices.setdefault(row.key, []).append(row)
    examples = read_examples(source / EXAMPLES)
    taken = other = 0
    for part in plan.parts:
        for run in plan.runs_of(part):
            key = (part in TUNING, run.experiment.key, run.fold)
            training, own = trainings.get(key), slices.get(key, [])
            if training is None or own_record(run) is not None:
                continue
            if not training.is_of(run, own):
                other += 1
                continue
            write_rows(run.directory / SCORES, HeldOutSlice, own)
            if part not in TUNING and (shown := examples.get(key[1:])):
                shown.save(run.directory / EXAMPLES)
            write_json(run.directory / RECORD, training.record(run))
            taken += 1
    left = f"; {count(other, 'training')} of other patients, settings or networks left out" if other else ""
    return f"{count(taken, 'training')} taken over from {source}{left}."
