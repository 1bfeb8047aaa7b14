r"""What the patient's probability is worth, rule by rule, on patients that the networks had not learned from.

    python -m DCMMultiTaskLib.experiments.verdict FOLD-0 FOLD-1 FOLD-2 FOLD-3 FOLD-4 -o DIR

Each FOLD is what `train --fold K` wrote: `slices.csv` and `patients.csv` of the patients held out. A rule is fitted on
all folds but one and judged on that one, so that neither the network nor the rule knows the patients it is judged on.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.errors import exit_code
from DCMMultiTaskLib.evaluation.bootstrap import Estimate, PatientBootstrap, column
from DCMMultiTaskLib.evaluation.metrics import auc
from DCMMultiTaskLib.evaluation.scoring import PatientScore
from DCMMultiTaskLib.inference.patient import sigmoid
from DCMMultiTaskLib.learning.calibration import Scores, fit_logistic
from DCMMultiTaskLib.report.style import BLUE, GREY, PAGE, VERMILION, legend, new_figure, plain, save
from DCMMultiTaskLib.report.tables import markdown, write_csv
from DCMMultiTaskLib.storage import read_rows

KIND = "area_weighted_mean_logit"
BINS = 4
RULES: dict[str, tuple[str, ...]] = {
    "true volume (baseline)": ("true_volume",),
    "network": ("logit",),
    "area of the largest cavity": ("area",),
    "volume (ships)": ("volume",),
    "even wall": ("even_wall",),
    "network and volume": ("logit", "volume"),
    "network, volume and even wall": ("logit", "volume", "even_wall"),
}
"""What is compared, by the features that a rule weighs; more of each speaks for a DCM-like phenotype."""
SHIPS = "volume (ships)"


@dataclass(frozen=True, eq=False)
class Judged:
    """Probabilities of patients or slices, out of the folds.

    Attributes:
        name: Of the rule.
        patients: Whose, `(N,)`.
        labels: 0 or 1, `(N,)`.
        probabilities: 0 to 1, `(N,)`.
    """

    name: str
    patients: list[str]
    labels: np.ndarray
    probabilities: np.ndarray

    def row(self) -> tuple[str, Estimate, Estimate, Estimate]:
        """Name, AUC, Brier score and expected calibration error, with intervals over patients."""
        bootstrap = PatientBootstrap(self.patients)
        return (
            self.name,
            bootstrap.ranked(auc, self.labels, self.probabilities),
            bootstrap.mean((self.probabilities - self.labels) ** 2),
            bootstrap.estimate(lambda rows: calibration_error(self.labels[rows], self.probabilities[rows])),
        )


def reliability(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean probability, share of positives and number in each of `BINS` groups of about as many samples."""
    groups = np.array_split(np.argsort(probabilities, kind="stable"), min(BINS, len(labels)))
    means, shares = ([float(values[g].mean()) for g in groups] for values in (probabilities, labels))
    return np.array(means), np.array(shares), np.array([len(g) for g in groups])


def calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Expected calibration error: mean of |share of positives - mean probability| over the samples' groups."""
    means, shares, counts = reliability(labels, probabilities)
    return float(np.average(np.abs(shares - means), weights=counts))


def judge_patients(folds: Sequence[Path]) -> list[Judged]:
    """Every rule of `RULES`, fitted without the fold that it is judged on."""
    rows, fold_of, logits = [], [], []
    for number, fold in enumerate(folds):
        own = read_rows(fold / "patients.csv", PatientScore)
        rows += own
        fold_of += [number] * len(own)
        logits.append(Scores.read([fold / "slices.csv"]).patient_logits(KIND))
    features = {
        "logit": np.concatenate(logits),
        "true_volume": np.log(column(rows, "true_cavity_ml")),
        "volume": np.log(np.maximum(column(rows, "cavity_ml"), 1.0)),
        "area": np.log(np.maximum(column(rows, "cavity_mm2"), 1.0)),
        "even_wall": -column(rows, "wall_sd_mm"),
    }
    labels, patients = column(rows, "dcm"), [row.patient for row in rows]
    return [
        Judged(name, patients, labels, _out_of_folds([features[f] for f in names], labels, np.array(fold_of)))
        for name, names in RULES.items()
    ]


def judge_slices(folds: Sequence[Path]) -> list[Judged]:
    """The slices whose quality is ok: as the networks give them, and calibrated without their fold."""
    patients, fold_of, logits, labels = [], [], [], []
    for number, fold in enumerate(folds):
        values, own, names = Scores.read([fold / "slices.csv"]).usable_slices()
        patients += names
        fold_of += [number] * len(values)
        logits.append(values)
        labels.append(own)
    logit, label = np.concatenate(logits), np.concatenate(labels)
    calibrated = _out_of_folds([logit], label, np.array(fold_of))
    return [
        Judged("slices, as the network gives them", patients, label, sigmoid(logit)),
        Judged("slices, calibrated", patients, label, calibrated),
    ]


def _out_of_folds(features: Sequence[np.ndarray], labels: np.ndarray, fold_of: np.ndarray) -> np.ndarray:
    """Probabilities `(N,)` by the logistic model of the other folds; the share of positives where a feature is NaN."""
    known = np.all([np.isfinite(feature) for feature in features], axis=0)
    found = np.full(len(labels), float(labels.mean()))
    for fold in set(fold_of):
        others = (fold_of != fold) & known
        weights, offset = fit_logistic([feature[others] for feature in features], labels[others])
        here = (fold_of == fold) & known
        found[here] = sigmoid(offset + sum(w * feature[here] for w, feature in zip(weights, features, strict=True)))
    return found


def draw_reliability(path: Path, patients: Sequence[Judged], slices: Sequence[Judged]) -> None:
    """Share of positives against mean probability, of patients and of slices, before and after."""
    figure = new_figure(PAGE, 3.3)
    panels = figure.subplots(1, 2)
    shown = {rule.name: rule for rule in patients}
    for axes, (before, after), title in zip(
        panels, ((shown["network"], shown[SHIPS]), slices), ("Patients", "Slices"), strict=True
    ):
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
        for judged, colour, marker in ((before, VERMILION, "s"), (after, BLUE, "o")):
            means, shares, counts = reliability(judged.labels, judged.probabilities)
            axes.plot(means, shares, color=colour, marker=marker, markersize=5, linewidth=1.2, label=judged.name)
        each = " or ".join(str(number) for number in sorted({min(counts), max(counts)}))
        plain(axes, title=f"{title}, {each} a point", xlabel="mean probability", ylabel="share of positives")
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        legend(axes, ncols=1, loc="upper left", place=(0.0, 1.0))
    save(figure, path, description="Reliability of the DCM-like phenotype probabilities, out of the folds")


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folds", metavar="FOLD", type=Path, nargs="+")
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True)
    args = parser.parse_args()
    patients, slices = judge_patients(args.folds), judge_slices(args.folds)
    head = ("rule", "AUC", "Brier score", "calibration error")
    rows = [judged.row() for judged in (*patients, *slices)]
    args.output.mkdir(parents=True, exist_ok=True)
    write_csv(args.output / "verdict.csv", head, rows)
    draw_reliability(args.output / "reliability.png", patients, slices)
    print(f"{len(patients[0].labels)} patients, {int(patients[0].labels.sum())} positive.")
    print(markdown(head, rows))


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
