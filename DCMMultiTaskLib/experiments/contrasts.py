r"""How models hold in contrasts, poses and pixel sizes that their data do not have, judged without labels of such data.

    python -m DCMMultiTaskLib.experiments.contrasts --data patients.csv --split train --models fold-0.dcmmodel ...

Each model is judged on the patients of the manifest that it did not learn from. Each condition is made from them
(`rendered`) with fixed seeds, and the whole prediction, localisation included, is measured against their masks.
Phantoms in the contrast of late enhancement come last, of seeds that no training uses. Of several models, as of a
network for each ingredient of the augmentation, a table with a row for each comes at the end; with `--together` its
last row is of all of them as one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from DCMMultiTaskLib.datasets.manifest import Patient
from DCMMultiTaskLib.datasets.truth import read_patient
from DCMMultiTaskLib.errors import InputError, count, exit_code
from DCMMultiTaskLib.evaluation.bootstrap import Estimate, PatientBootstrap
from DCMMultiTaskLib.evaluation.metrics import dice
from DCMMultiTaskLib.experiments.held_out import add_arguments, patients_of, unseen
from DCMMultiTaskLib.experiments.rendered import (
    SMALL,
    TRANSMURAL,
    at_end_systole,
    at_pixel_size,
    late_enhancement,
    turned,
)
from DCMMultiTaskLib.imaging.volume import Volume, slices_first
from DCMMultiTaskLib.inference.package import ModelPackage, load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.networks.output import NetworkOutput
from DCMMultiTaskLib.phantom import make_phantom
from DCMMultiTaskLib.report.tables import markdown

Study = tuple[Volume, Volume]
"""An image and its truth."""
# A mask that agrees no better than this shows another place than the heart.
LOST = 0.2
PHANTOMS = range(90_000, 90_006)


@dataclass(frozen=True)
class Row:
    """One condition: DSC per slice with truth, and in how many of the studies the heart was lost."""

    condition: str
    dsc: Estimate
    lost: int
    studies: int


def conditions() -> dict[str, Callable[[Volume, Volume, int], Study]]:
    """By name, from a patient's image, truth and number to what the model is shown."""
    return {
        "cine": lambda image, truth, n: (image, truth),
        "late enhancement, no scar": lambda i, t, n: (late_enhancement(i, t, seed=1000 + n), t),
        "late enhancement, small scar": lambda i, t, n: (late_enhancement(i, t, seed=2000 + n, lesion=SMALL), t),
        "late enhancement, transmural": lambda i, t, n: (late_enhancement(i, t, seed=3000 + n, lesion=TRANSMURAL), t),
        "cine, other pose": lambda i, t, n: (turned(i, 1 + n % 7), turned(t, 1 + n % 7)),
        "late enhancement, other pose": lambda i, t, n: (
            turned(late_enhancement(i, t, seed=4000 + n, lesion=SMALL), 1 + (n + 3) % 7),
            turned(t, 1 + (n + 3) % 7),
        ),
        "cine, systole": lambda i, t, n: at_end_systole(i, t),
        "cine, 0.7 mm pixels": lambda i, t, n: at_pixel_size(i, t, 0.7),
        "cine, 2.0 mm pixels": lambda i, t, n: at_pixel_size(i, t, 2.0),
    }


def measure(predictor: Predictor, condition: str, studies: Iterator[tuple[str, Volume, Volume]]) -> Row:
    """One row of the table from the studies' names, images and truths."""
    names: list[str] = []
    scores: list[float] = []
    lost = count = 0
    for name, image, truth in studies:
        result = predictor.predict(image)
        mask, wanted = (slices_first(array, result.slice_axis) for array in (result.mask, truth.array == 1))
        count += 1
        lost += dice(mask, wanted) < LOST
        for predicted, true in zip(mask, wanted, strict=True):
            if true.any():
                names.append(name)
                scores.append(dice(predicted, true))
    return Row(condition, PatientBootstrap(names).mean(scores), lost, count)


def contrast_table(
    predictor: Predictor, patients: Sequence[Patient], *, tell: Callable[[str], None] = print
) -> list[Row]:
    """All conditions, each told as soon as it is measured."""
    studies = [(patient.patient, *read_patient(patient)) for patient in patients]
    tell(f"{'condition':<32} {'DSC per slice':<14} {'95 % interval':<16} lost")
    rows = []

    def add(row: Row) -> None:
        rows.append(row)
        interval = f"{row.dsc.low:.3f} to {row.dsc.high:.3f}"
        tell(f"{row.condition:<32} {row.dsc.value:<14.3f} {interval:<16} {row.lost} of {row.studies}")

    for condition, render in conditions().items():
        shown = ((name, *render(image, truth, n)) for n, (name, image, truth) in enumerate(studies))
        add(measure(predictor, condition, shown))
    phantoms = (make_phantom(seed, scar="large", slices=9, open_base=True) for seed in PHANTOMS)
    add(measure(predictor, "phantoms, late enhancement", ((p.name, p.volume, p.truth) for p in phantoms)))
    return rows


class Together(nn.Module):
    """Several networks as one, whose mask is the mean of their probabilities.

    By how much it is better than its members is what one network that is distilled from them can hope for.

    Args:
        networks: Each gives `NetworkOutput`; whether the heart is dilated is not asked.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, image: Tensor) -> NetworkOutput:
        """The mean, of an image `(N, 1, H, W)`."""
        logits = torch.stack([network(image).mask_logits.float() for network in self.networks])
        return NetworkOutput(torch.logit(torch.sigmoid(logits).mean(dim=0), eps=1e-6), None, None)


def together(packages: Sequence[ModelPackage]) -> Predictor:
    """All models as one, which cuts its masks where the first does.

    Raises:
        InputError: One of them draws no mask.
    """
    for package in packages:
        if "mask" not in package.network_config.tasks:
            raise InputError(f"{package.name} draws no mask; models that do are needed.")
    members = [Predictor(package, device="cpu") for package in packages]
    members[0].network = Together([member.network for member in members])
    return members[0]


def side_by_side(tables: Mapping[str, Sequence[Row]]) -> str:
    """A Markdown table with a row for each model: the DSC in each condition, hearts that were lost in brackets."""
    head = ["model", *(row.condition for row in next(iter(tables.values())))]
    cells = [
        [name, *(f"{row.dsc.value:.3f}" + f" ({row.lost})" * (row.lost > 0) for row in rows)]
        for name, rows in tables.items()
    ]
    return markdown(head, cells)


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    parser.add_argument("--together", action="store_true", help="judge the mean of the models' masks too")
    args = parser.parse_args()
    patients = patients_of(args)
    packages = {str(model): load_package(model) for model in args.models}
    # All before the first is measured, so that a model that knows the patients is refused at once.
    held_out = {name: unseen(package, patients) for name, package in packages.items()}
    everyone = [patient for patient in patients if all(patient in own for own in held_out.values())]
    if args.together and not everyone:
        raise InputError("Each of these patients is known to one of the models; --together wants some that none knows.")
    tables = {}
    for name, own in held_out.items():
        print(f"{name}, {count(len(own), 'patient')}")
        tables[name] = contrast_table(Predictor(packages[name], device="cpu"), own)
    if args.together:
        print(f"together, {count(len(everyone), 'patient')}")
        tables["together"] = contrast_table(together(list(packages.values())), everyone)
    if len(tables) > 1:
        print(side_by_side(tables))


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
