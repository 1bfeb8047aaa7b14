"""Everything that has been measured, read once for the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.evaluation.bootstrap import Estimate
from DCMMultiTaskLib.experiments.examples import Folds
from DCMMultiTaskLib.experiments.plan import Plan, collect
from DCMMultiTaskLib.experiments.predictions import GridSlices, grid_slices
from DCMMultiTaskLib.experiments.protocol import PAPER
from DCMMultiTaskLib.experiments.results import Result, on_common_folds
from DCMMultiTaskLib.experiments.scores import TruthTable, truth_table


@dataclass(frozen=True, eq=False)
class Material:
    """The results of a plan.

    Attributes:
        plan: What was to be done.
        finished: Results of each part, in the part's order.
        by_part: The same on the folds that all of the part's networks have.
        slices: All slices of all patients.
        truth: What the true masks say of them, in the same order.
        estimates: Each result's metrics with intervals, by part and key.
    """

    plan: Plan
    finished: Mapping[str, list[Result]]
    by_part: Mapping[str, list[Result]]
    slices: GridSlices
    truth: TruthTable
    estimates: Mapping[str, Mapping[str, Mapping[str, Estimate]]]

    @classmethod
    def gather(cls, plan: Plan) -> Material:
        """Read and measure what is there.

        Raises:
            InputError: No fold is finished, or a folder holds the results of another plan.
        """
        finished = {part: collect(plan, part) for part in plan.parts}
        by_part = {part: on_common_folds(results) for part, results in finished.items()}
        if not any(by_part.values()):
            raise InputError(f"{plan.directory} has no finished training yet.")
        estimates = {part: {r.key: r.estimates() for r in results} for part, results in by_part.items()}
        slices = grid_slices(plan.patients, centre="image")
        return cls(plan, finished, by_part, slices, truth_table(plan.patients, slices), estimates)

    def results(self, *parts: str) -> dict[str, Result]:
        """The results of some parts by key."""
        return {r.key: r for part in parts for r in self.by_part.get(part, [])}

    @cached_property
    def networks(self) -> dict[str, Result]:
        """Those of the tables."""
        return self.results("tables")

    @property
    def paper(self) -> Result | None:
        """The paper's network, from whichever part has it."""
        return self.results("loss-weights", "single-task", "tables").get(PAPER)

    @cached_property
    def cavity_mm2(self) -> dict[tuple[str, int], float]:
        """Area of the true LV cavity by patient and slice."""
        names = zip(self.slices.patient, self.slices.number, self.truth.cavity_mm2, strict=True)
        return {(str(patient), int(number)): float(area) for patient, number, area in names}

    def folds(self, result: Result) -> Folds:
        """The stored predictions of a network of the tables, as far as they are there."""
        return Folds(result, self.plan.directory / "runs" / result.key)

    def unfinished(self) -> str:
        """Which trainings are missing, in words; empty where none is."""
        missing: dict[tuple[str, int], list[str]] = {}
        for part in self.plan.parts:
            done = Counter(run.experiment.key for run in self.plan.runs_of(part) if run.done)
            for experiment in self.plan.experiments(part):
                if done[experiment.key] < self.plan.folds:
                    missing.setdefault((part, done[experiment.key]), []).append(experiment.title)
        return "; ".join(
            f"of the {part}, {folds} of {self.plan.folds} folds are done of {', '.join(titles)}"
            for (part, folds), titles in missing.items()
        )

    def protocol(self) -> list[str]:
        """How every network was trained, a line each."""
        patients, p = self.plan.patients, self.plan.protocol
        outside = float(np.mean(self.truth.outside))
        positive = sum(q.dcm for q in patients)
        width = f"{p.width} channels in the first stage of every network" if p.width else "every network as published"
        return [
            f"{len(patients)} patients, {positive} of them positive, {len(self.slices.dcm)} slices; "
            f"{self.plan.folds} folds of patients, stratified by group. The paper folds slices, so that slices of one "
            "heart may stand on both sides.",
            f"Crops of 128 x 128 pixels of 1 mm around the image's centre (4.1.2); {outside:.1%} of the hearts' slices "
            "do not fit and are measured inside the crop.",
            f"{width}; {p.epochs} passes, Adam at a constant {p.learning_rate:g} (paper: 0.0001), "
            f"{p.batch_size} slices a step, no augmentation, loss weight 3 where no other is named, seed {p.seed}. "
            "The weights after the last pass count.",
            "Only folds that every network of a table has finished are compared in it.",
        ]
