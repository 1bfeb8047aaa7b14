"""How well the quality rules tell wrong masks from right ones, on patients that a network has not learned from.

    python -m DCMMultiTaskLib.experiments.gate --data MANIFEST.csv --split train --models fold-*.dcmmodel -o DIR

Of every model, the patients of the manifest that it did not learn from are predicted as they are and spoilt
(`bad_inputs`), and phantoms without a short axis. Each prediction's slices are kept in DIR, so that the tables and the
ROC are made anew in no time when a limit changes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from zlib import crc32

import numpy as np

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.datasets.truth import read_patient
from DCMMultiTaskLib.errors import exit_code
from DCMMultiTaskLib.evaluation.bootstrap import Estimate, PatientBootstrap, column
from DCMMultiTaskLib.evaluation.metrics import auc, dice
from DCMMultiTaskLib.experiments.bad_inputs import spoilt, without_short_axis
from DCMMultiTaskLib.experiments.held_out import add_arguments, patients_of, unseen
from DCMMultiTaskLib.experiments.intervals import SureRow, sure_report, sure_row
from DCMMultiTaskLib.imaging.volume import Volume, slices_first
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.inference.result import REASONS_JOINED_BY, Result
from DCMMultiTaskLib.measurements import quality
from DCMMultiTaskLib.measurements.evidence import Evidence
from DCMMultiTaskLib.report.style import BLUE, COLUMN, VERMILION, legend, new_figure, plain, save
from DCMMultiTaskLib.storage import read_rows, write_rows

PLAIN = "as it is"
WRONG, RIGHT = 0.6, 0.8
"""A mask is wrong below this DSC, and right above this one."""
EACH = 2
"""Phantoms of each kind without a short axis for each model, and ways in which each patient's image is spoilt."""


@dataclass(frozen=True, kw_only=True)
class GateRow(Evidence):
    """One slice of one prediction.

    Attributes:
        condition: How the image was spoilt.
        patient: Who.
        slice: From 0.
        distance_mm: Between the slices.
        dsc: Agreement with the truth; NaN where neither has myocardium, or there is no truth.
        quality: As predicted.
    """

    condition: str
    patient: str
    slice: int
    distance_mm: float
    dsc: float
    quality: str

    @property
    def reasons(self) -> list[str]:
        """Why the slice does not count, by the limits as they are now."""
        known = {limit.reason for limit in quality.LIMITS}
        hard = [own for own in self.quality.split(REASONS_JOINED_BY) if own not in known and own != quality.OK]
        return hard + [limit.reason for limit in quality.LIMITS if limit.broken_by(self)]

    @property
    def has_mask(self) -> bool:
        """Whether there is a mask to judge."""
        return np.isfinite(self.certainty)


def rows_of(result: Result, truth: Volume | None, condition: str, patient: str) -> list[GateRow]:
    """The slices of a prediction."""
    axis = result.slice_axis
    mask = slices_first(result.mask, axis)
    true = np.zeros_like(mask) if truth is None else slices_first(truth.array == 1, axis)
    return [
        GateRow(
            **vars(evidence),
            condition=condition,
            patient=patient,
            slice=row.slice,
            distance_mm=result.geometry.spacing[axis],
            dsc=dice(mask[row.slice], true[row.slice]) if true[row.slice].any() else float("nan"),
            quality=row.quality,
        )
        for row, evidence in zip(result.rows, result.evidence, strict=True)
    ]


def predicted(predictor: Predictor, patients: Sequence[Patient], first: int) -> tuple[list[GateRow], list[SureRow]]:
    """All slices of all conditions, and the intervals of the images as they are; phantoms from number `first` on."""
    rows, sure = [], []
    for number, patient in enumerate(patients):
        image, truth = read_patient(patient)
        result = predictor.predict(image, uncertainty=True)
        rows += rows_of(result, truth, PLAIN, patient.patient)
        sure.append(sure_row(result, truth, patient, predictor.package.decision.threshold))
        ways = list(spoilt().items())
        for condition, spoil in (ways[(first + EACH * number + n) % len(ways)] for n in range(EACH)):
            shown, true = spoil(image, truth, number)
            rows += rows_of(predictor.predict(shown), true, condition, patient.patient)
    for condition, make in without_short_axis().items():
        for number in range(first, first + EACH):
            rows += rows_of(predictor.predict(make(number)), None, condition, f"phantom {number}")
    return rows, sure


def doubt(rows: Sequence[GateRow]) -> np.ndarray:
    """How much speaks against each slice, `(N,)`.

    Of every limit, the share of the right masks whose number lies at least as far out; the slice's rarest number
    counts, as the negative logarithm of its share. Slices that fail without a number get infinity.
    """
    right = column(rows, "dsc") > RIGHT
    rarest = np.ones(len(rows))
    for limit in quality.LIMITS:
        sign = -1 if limit.below else 1
        values = sign * column(rows, limit.number)
        among = np.sort(values[right & np.isfinite(values)])
        beyond = len(among) - np.searchsorted(among, values, side="left")
        rarest = np.where(np.isfinite(values), np.minimum(rarest, (beyond + 1) / (len(among) + 1)), rarest)
    limits = {limit.reason for limit in quality.LIMITS}
    hard = np.array([any(reason not in limits for reason in row.reasons) for row in rows])
    return np.where(hard, np.inf, -np.log(rarest))


def percent(estimate: Estimate) -> str:
    """A share with its interval; nothing where there is none."""
    if not np.isfinite(estimate.value):
        return ""
    return f"{100 * estimate.value:.0f} % ({100 * estimate.low:.0f} to {100 * estimate.high:.0f})"


def rates(rows: Sequence[GateRow], rejected: np.ndarray) -> tuple[Estimate, Estimate]:
    """Which share of the wrong masks is caught, and which share of the right ones rejected."""
    bootstrap = PatientBootstrap([row.patient for row in rows])
    dsc = column(rows, "dsc")
    return tuple(bootstrap.ratio(rejected & chosen, chosen) for chosen in (dsc < WRONG, dsc > RIGHT))  # type: ignore[return-value]


def report(rows: Sequence[GateRow]) -> Iterable[str]:
    """The tables in Markdown."""
    yield "| images | masks | DSC | wrong | of these caught | right | of these rejected | studies undecided |"
    yield "|---|---|---|---|---|---|---|---|"
    for condition in dict.fromkeys(row.condition for row in rows):
        own = [row for row in rows if row.condition == condition]
        judged = [row for row in own if row.has_mask and np.isfinite(row.dsc)]
        undecided = _undecided(own)
        if not judged:
            masks = [row for row in own if row.has_mask]
            passed = sum(not row.reasons for row in masks)
            yield f"| {condition} | {len(masks)} | | {len(masks)} | {len(masks) - passed} | | | {undecided} |"
            continue
        dsc = column(judged, "dsc")
        caught, lost = rates(judged, np.array([bool(row.reasons) for row in judged]))
        yield (
            f"| {condition} | {len(judged)} | {dsc.mean():.3f} | {np.sum(dsc < WRONG)} | {percent(caught)} | "
            f"{np.sum(dsc > RIGHT)} | {percent(lost)} | {undecided} |"
        )
    yield ""
    yield "| reason | wrong masks | right masks | of wrong alone | of right alone |"
    yield "|---|---|---|---|---|"
    judged = [row for row in rows if row.has_mask and np.isfinite(row.dsc)]
    for reason in dict.fromkeys(reason for row in judged for reason in row.reasons):
        said = [row for row in judged if reason in row.reasons]
        only = [row for row in said if len(row.reasons) == 1]
        counts = [sum(test(row) for row in group) for group in (said, only) for test in (_wrong, _right)]
        yield f"| {reason} | " + " | ".join(map(str, counts)) + " |"


def rejection(rows: Sequence[GateRow], share: float = 0.2) -> Iterable[str]:
    """DSC of all masks, and of the rest without the share on which views agree, or pixels are sure, least."""
    judged = [row for row in rows if row.has_mask and np.isfinite(row.dsc) and np.isfinite(row.agreement)]
    dsc, bootstrap = column(judged, "dsc"), PatientBootstrap([row.patient for row in judged])
    yield f"| without the {100 * share:.0f} % of masks with the lowest | DSC of the rest | gain |"
    yield "|---|---|---|"
    everything = bootstrap.mean(dsc)
    yield f"| (all {len(judged)} masks) | {everything.value:.3f} ({everything.low:.3f} to {everything.high:.3f}) | |"
    for name in ("agreement", "certainty"):
        kept = column(judged, name) >= np.quantile(column(judged, name), share)
        rest = bootstrap.ratio(dsc * kept, kept)
        gain = bootstrap.difference(lambda r, k=kept: float(dsc[r][k[r]].mean()), lambda r: float(dsc[r].mean()))  # type: ignore[misc]
        yield (
            f"| {name} | {rest.value:.3f} ({rest.low:.3f} to {rest.high:.3f}) | "
            f"{gain.value:.3f} ({gain.low:.3f} to {gain.high:.3f}) |"
        )


def _wrong(row: GateRow) -> bool:
    return row.dsc < WRONG


def _right(row: GateRow) -> bool:
    return row.dsc > RIGHT


def _undecided(rows: Sequence[GateRow]) -> str:
    studies: dict[str, list[GateRow]] = {}
    for row in rows:
        studies.setdefault(row.patient, []).append(row)
    count = 0
    for own in studies.values():
        reasons = [row.reasons for row in own]
        longish = any(row.stack_elongation > quality.LONGISH_ABOVE for row in own)
        few = 2 * sum(not r for r in reasons) < quality.expected_slices(reasons, own[0].distance_mm)
        count += few or longish
    return f"{count} of {len(studies)}"


def draw_roc(groups: Mapping[str, Sequence[GateRow]], path: Path) -> None:
    """The ROC of `doubt` for each group of slices, and where the limits are."""
    figure = new_figure(COLUMN, 3.4)
    axes = figure.subplots()
    for colour, (name, rows) in zip(cycle((BLUE, VERMILION)), groups.items(), strict=False):
        dsc, score = column(rows, "dsc"), doubt(rows)
        wrong, right = score[dsc < WRONG], score[dsc > RIGHT]
        steps = np.unique(np.concatenate([wrong, right]))[::-1]
        curve = [(np.mean(right >= step), np.mean(wrong >= step)) for step in steps]
        area = auc((dsc < WRONG)[(dsc < WRONG) | (dsc > RIGHT)], np.minimum(score, 99)[(dsc < WRONG) | (dsc > RIGHT)])
        axes.plot(*zip((0, 0), *curve, (1, 1), strict=True), color=colour, label=f"{name} (AUC {area:.2f})")
        rejected = np.array([bool(row.reasons) for row in rows])
        axes.plot(np.mean(rejected[dsc > RIGHT]), np.mean(rejected[dsc < WRONG]), "o", color=colour)
    words = {"xlabel": f"right masks rejected (DSC above {RIGHT})", "ylabel": f"wrong masks caught (DSC below {WRONG})"}
    plain(axes, title="Points: the limits as shipped", **words)
    axes.set(xlim=(-0.03, 1), ylim=(0, 1.03))
    legend(axes, ncols=1, loc="lower right", place=(1, 0))
    save(figure, path)


def measure(
    models: Sequence[Path], patients: Sequence[Patient], directory: Path
) -> tuple[list[GateRow], list[SureRow]]:
    """The slices of all models on the patients that each did not learn from; those in DIR are not predicted again."""
    rows: list[GateRow] = []
    sure: list[SureRow] = []
    for model in models:
        slices, intervals = (directory / f"{model.stem}-{what}.csv" for what in ("slices", "patients"))
        if not slices.is_file():
            package = load_package(model)
            # Each model sees other phantoms, whichever models are measured together.
            first = EACH * (crc32(model.stem.encode()) % 1000)
            new = predicted(Predictor(package, device="cpu"), unseen(package, patients), first)
            write_rows(intervals, SureRow, new[1])
            write_rows(slices, GateRow, new[0])
        rows += read_rows(slices, GateRow)
        sure += read_rows(intervals, SureRow)
    return rows, sure


def main(tell: Callable[[str], None] = print) -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    patients = patients_of(args)
    args.output.mkdir(parents=True, exist_ok=True)
    rows, sure = measure(args.models, patients, args.output)
    for line in (*report(rows), "", *sure_report(sure), "", *rejection(rows)):
        tell(line)
    judged = [row for row in rows if row.has_mask and np.isfinite(row.dsc)]
    groups = {PLAIN: [row for row in judged if row.condition == PLAIN], "with spoilt images": judged}
    draw_roc(groups, args.output / "roc.png")


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
