"""A whole training run: manifest in, model package and its scores on unseen patients out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from lightning.pytorch.utilities.rank_zero import rank_zero_only

from DCMMultiTaskLib import __version__
from DCMMultiTaskLib.datasets.folds import patient_folds
from DCMMultiTaskLib.datasets.manifest import Patient, read_manifest
from DCMMultiTaskLib.errors import InputError, count
from DCMMultiTaskLib.evaluation.summary import SCORES, evaluate
from DCMMultiTaskLib.inference.package import ModelPackage, load_package, save_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.inference.settings import Decision
from DCMMultiTaskLib.learning.calibration import Scores, fit_decision
from DCMMultiTaskLib.learning.checkpoints import FOLDER, LAST
from DCMMultiTaskLib.learning.settings import TrainingSettings
from DCMMultiTaskLib.learning.training import train_network, versions
from DCMMultiTaskLib.networks.registry import NETWORKS


def train_model(
    manifest: Path,
    directory: Path,
    settings: TrainingSettings,
    *,
    name: str = "model",
    split: str | None = None,
    fold: int | None = 0,
    folds: int = 5,
    also: Sequence[Path] = (),
    mask_offset: tuple[float, float] = (0.0, 0.0),
    mask_value: int | None = None,
    start: Path | None = None,
    calibrate: Sequence[Path] = (),
    logit_spread: float = 1.0,
    data_licence: str = "not stated",
    resume: bool = False,
    overwrite: bool = False,
    **trainer: Any,
) -> Path:
    """Train, package and, where patients were held out, score.

    Args:
        manifest: The data (`read_manifest`).
        directory: Gets `NAME.dcmmodel`, `logs/`, `checkpoints/`, and with a fold its validation patients'
            `slices.csv`, `patients.csv` and `metrics.json`.
        settings: All choices that change the network.
        name: What the model is called.
        split: Use only the manifest's patients of this split.
        fold: Fold to hold out for validation; None learns from all patients.
        folds: Number of folds.
        also: Manifests of further patients to learn from in every fold, never validated on: phantoms, say. Who is held
            out is left out here too.
        mask_offset: `Patient.mask_offset` of the manifest's patients.
        mask_value: `Patient.mask_value` of the manifest's patients.
        start: Model package whose weights the training starts from; in a fold it must not know the held-out patients.
        calibrate: `slices.csv` files of folds, their `patients.csv` beside them, to calibrate the probabilities with.
        logit_spread: `spread` of `calibration.fit_decision`.
        data_licence: Licence of the training data, for the card.
        resume: Go on from the last checkpoint in the directory, with the same settings and data or more passes.
        overwrite: Write over what another training left in the directory.
        trainer: Further options of `train_network` (devices, precision, ...).

    Returns:
        The model package's path.

    Raises:
        InputError: The manifest, the fold or a calibration file cannot be used, the network draws no mask, or the
            directory holds another training.
    """
    if "mask" not in settings.network.tasks:
        raise InputError(f"The network {settings.network_name} draws no mask, so it cannot be packaged.")
    path = directory / f"{name}.dcmmodel"
    first = getattr(rank_zero_only, "rank", 0) == 0  # of several processes the first alone looks, writes and measures
    if first:
        _check_place(path, name, resume=resume, overwrite=overwrite)
    patients = read_manifest(manifest, split=split, mask_offset=mask_offset, mask_value=mask_value)
    train: list[Patient] = patients
    validation: list[Patient] = []
    if fold is not None:
        if not 0 <= fold < folds:
            raise InputError(f"There is no fold {fold} of {folds}; folds count from 0.")
        train, validation = patient_folds(patients, folds=folds, seed=0)[fold]
    held_out_names = {patient.patient for patient in validation}
    others = [p for more in also for p in read_manifest(more) if p.patient not in held_out_names]
    learned_from = list({patient.patient: patient for patient in [*others, *train]}.values())
    decision = fit_decision(Scores.read(calibrate), spread=logit_spread) if calibrate else Decision()
    held_out = f"{len(validation)} held out (fold {fold} of {folds}, from 0)" if validation else "none held out"
    passes = count(settings.epochs, "pass", "passes")
    print(f"Training on {count(len(learned_from), 'patient')}, {held_out}; {passes} over their slices.")
    began = load_package(start) if start else None
    weights = began.weights if began else None
    network, metrics = train_network(
        train, validation, directory, settings, also=others, start=weights, resume=resume, **trainer
    )
    if not first:
        return path
    package = ModelPackage(
        name=name,
        version=__version__,
        network=settings.network_name,
        network_config=settings.network,
        weights={key: value.contiguous() for key, value in network.state_dict().items()},
        decision=decision,
        training={
            **_training_record([manifest, *also], learned_from, settings, metrics, data_licence),
            **({"started_from": f"{began.name} {began.sha256}"} if began else {}),
        },
        licence="Apache-2.0",
        card=_card(name, settings, learned_from, data_licence),
    )
    save_package(package, path, half_precision=True)
    for old in () if validation else SCORES:
        (directory / old).unlink(missing_ok=True)  # of the training that is written over
    if validation:
        measured = evaluate(Predictor(load_package(path)), validation, directory)
        save_package(replace(package, results={"validation": measured}), path, half_precision=True)
    return path


def _check_place(path: Path, name: str, *, resume: bool, overwrite: bool) -> None:
    """Whether a training may write its model to `path` and other files beside it.

    Raises:
        InputError: Something would be lost, or the name is no name.
    """
    if path.name != f"{name}{path.suffix}" or not name.strip(". "):
        raise InputError(f"--name: {name!r} is no name for a file.")
    if resume and overwrite:
        raise InputError("Give --resume or --overwrite, not both.")
    there = [file for file in (path, path.parent / FOLDER / LAST, *(path.parent / n for n in SCORES)) if file.exists()]
    if there and not resume and not overwrite:
        raise InputError(
            f"{there[0]} is there already: --resume goes on with that training, --overwrite starts it anew, or choose "
            "another folder."
        )


def _training_record(
    manifests: Sequence[Path],
    train: Sequence[Patient],
    settings: TrainingSettings,
    metrics: dict[str, float],
    licence: str,
) -> dict[str, Any]:
    record = {
        "data": [f"{manifest.resolve().parent.name}/{manifest.name}" for manifest in manifests],
        "data_licence": licence,
        "patients": [p.patient for p in train],
        "mask_offset": train[-1].mask_offset,  # the manifest's; those of `also` come first
        "positive_patients": sum(p.dcm for p in train),
        "settings": settings.to_dict(),
        "metrics": metrics,
        "date": date.today().isoformat(),
        "versions": versions(),
    }
    return json.loads(json.dumps(record))


def _card(name: str, settings: TrainingSettings, train: Sequence[Patient], licence: str) -> str:
    gives = {"mask": "myocardium mask", "dcm": "DCM-like phenotype probability"}
    return (
        f"# {name}\n\n"
        f"{NETWORKS[settings.network_name].title}: {' and '.join(gives[task] for task in settings.network.tasks)} per "
        "slice of a short-axis cardiac MR. Research use only; not for clinical decisions.\n\n"
        f"Trained on {len(train)} patients, {sum(p.dcm for p in train)} of them positive. "
        f"Licence of the data: {licence}.\n"
    )
