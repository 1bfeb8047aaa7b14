"""All trainings of a reproduction, and what has come of them so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from DCMMultiTaskLib.datasets.folds import patient_folds
from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.experiments import PARTS, TUNING
from DCMMultiTaskLib.experiments.cross_validation import FoldRun, own_record
from DCMMultiTaskLib.experiments.predictions import GridSlices, grid_slices
from DCMMultiTaskLib.experiments.protocol import Experiment, Protocol
from DCMMultiTaskLib.experiments.results import Result
from DCMMultiTaskLib.experiments.scores import fold_scores

TUNING_SPLIT = "train"


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes:
        patients: All patients.
        directory: Where it all goes.
        protocol: How every network is trained.
        parts: Some of `experiments.PARTS`.
        extra: Names of further networks for the tables.
        folds: How many.
        command: The command line, for the records.
    """

    patients: Sequence[Patient]
    directory: Path
    protocol: Protocol
    parts: Sequence[str] = PARTS
    extra: Sequence[str] = ()
    folds: int = 5
    command: str = ""

    @property
    def tuning_patients(self) -> list[Patient]:
        """Those that the ablations may look at: the split `train` where there is one, else all."""
        return [p for p in self.patients if p.split == TUNING_SPLIT] or list(self.patients)

    def experiments(self, part: str) -> list[Experiment]:
        """The experiments of one part."""
        protocol = self.protocol
        return {
            "tables": lambda: protocol.tables(self.extra),
            "single-task": protocol.single_task,
            "loss-weights": protocol.loss_weights,
            "ablation": protocol.ablation,
            "own-ablation": protocol.own_ablation,
        }[part]()

    def runs_of(self, part: str) -> list[FoldRun]:
        """The folds of one part."""
        patients, folder = (self.tuning_patients, "ablation") if part in TUNING else (self.patients, "runs")
        return [
            FoldRun(
                experiment=experiment,
                fold=fold,
                train=train,
                test=test,
                directory=self.directory / folder / experiment.key / f"fold-{fold}",
                command=self.command,
            )
            for fold, (train, test) in enumerate(patient_folds(patients, folds=self.folds))
            for experiment in self.experiments(part)
        ]

    def runs(self) -> list[FoldRun]:
        """Every training once: the first fold of everything, then the second, so that a first look comes early."""
        runs = {run.directory: run for part in self.parts for run in self.runs_of(part)}
        return sorted(runs.values(), key=lambda run: run.fold)


def collect(plan: Plan, part: str) -> list[Result]:
    """The results of a part's finished folds; experiments without one are left out.

    Raises:
        InputError: A folder holds results of another plan: other patients, epochs, widths, ...
    """
    slices: dict[int, GridSlices] = {}
    runs = plan.runs_of(part)
    results = []
    for experiment in plan.experiments(part):
        scores, records = [], []
        for run in (run for run in runs if run.experiment.key == experiment.key):
            record = own_record(run)
            if record is None:
                continue
            if run.fold not in slices:
                slices[run.fold] = grid_slices(run.test, centre=experiment.settings.centre)
            scores += fold_scores(run, slices[run.fold])
            records.append(record)
        if scores:
            results.append(Result(experiment.key, experiment.title, scores, records, plan.folds))
    return results
