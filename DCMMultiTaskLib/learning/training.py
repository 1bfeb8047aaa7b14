"""Training a network on a manifest: Lightning's loop, launcher, checkpoints and precision."""

from __future__ import annotations

import math
import platform
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning
import lightning.pytorch as pl
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint, WeightAveraging
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities.rank_zero import rank_zero_module
from torch import Tensor, nn
from torch.utils.data import DataLoader

from DCMMultiTaskLib import __version__
from DCMMultiTaskLib.datasets.manifest import Patient, fingerprint
from DCMMultiTaskLib.errors import InputError, count
from DCMMultiTaskLib.learning import checkpoints
from DCMMultiTaskLib.learning.progress import PassProgress
from DCMMultiTaskLib.learning.settings import TrainingSettings
from DCMMultiTaskLib.learning.slices import SliceDataset, collate
from DCMMultiTaskLib.learning.start import start_from
from DCMMultiTaskLib.learning.task import MultiTaskTraining

# What Lightning has to say of a training is shown; what it advertises, what it says of its own code, and its epochs,
# which are not ours, are not.
UNSAID = re.compile("Tip: |max_epochs|estimate number of stepping batches")
rank_zero_module.log.addFilter(lambda record: not UNSAID.search(record.getMessage()))
warnings.filterwarnings("ignore", category=FutureWarning, module="lightning")
warnings.filterwarnings("ignore", message=".*(no `val_dataloader`|exists and is not empty)", module="lightning")


class WarmAveraging(WeightAveraging):
    """Exponential moving average of the weights with the decay min(decay, (1 + n) / (10 + n)) at step n.

    A constant decay near one keeps the untrained weights in the average for thousands of steps; here they fade at once.
    Validation, checkpoints and the final network use the average.
    """

    def __init__(self, decay: float) -> None:
        def average(averaged: Tensor, current: Tensor, updates: Tensor | int) -> Tensor:
            now = min(decay, (1 + float(updates)) / (10 + float(updates)))
            return averaged * now + current * (1 - now)

        super().__init__(avg_fn=average)


def train_network(
    train: Sequence[Patient],
    validation: Sequence[Patient],
    directory: Path,
    settings: TrainingSettings,
    *,
    also: Sequence[Patient] = (),
    start: Mapping[str, Tensor] | None = None,
    resume: bool = False,
    accelerator: str = "auto",
    devices: int | str = "auto",
    nodes: int = 1,
    strategy: str = "auto",
    precision: str | None = None,
    workers: int = 0,
    progress: bool = True,
    callbacks: Sequence[pl.Callback] = (),
) -> tuple[nn.Module, dict[str, float]]:
    """Train until the epochs are done or the validation stops getting better.

    What is watched is the validation's DSC, or the cross entropy of a network that draws no mask.

    Args:
        train: Patients to learn from.
        validation: Patients to watch; may be empty, then the last weights are the result.
        directory: Gets `checkpoints/last.ckpt` after each epoch (what `resume` continues from), the best checkpoint,
            and `logs/version_N/metrics.csv` for each start.
        settings: All choices that change the result.
        also: Further patients to learn from, `TrainingSettings.also_share` of the slices.
        start: Weights to start from (`start.start_from`); random ones by default.
        resume: Continue from `checkpoints/last.ckpt`.
        accelerator: As Lightning's: `auto`, `cpu`, `gpu`, `mps`.
        devices: Devices per node; several processes are launched by Lightning, or by torchrun or SLURM around it.
        nodes: Machines.
        strategy: How several devices share the work, as Lightning's: `auto`, `ddp`, `fsdp`, ...
        precision: As Lightning's; mixed precision on a GPU and full precision elsewhere by default.
        workers: Processes that load slices; they lie in memory, so 0 is right for most.
        progress: Show how many passes are done.
        callbacks: Further Lightning callbacks.

    Returns:
        The network with the best validation's (else the last, averaged) weights, on the CPU in eval mode, and the last
        logged metrics.

    Raises:
        InputError: `resume` without a checkpoint or with one of another training, `start` is another network's, the
            devices or precision are not to be had, a batch is larger than what there is, the disk is full, or the
            weights grew without bounds.
    """
    if workers < 0:
        raise InputError(f"--workers is at least 0, not {workers}.")
    pl.seed_everything(settings.seed, workers=True, verbose=False)
    last = directory / checkpoints.FOLDER / checkpoints.LAST
    data = {name: fingerprint(part) for name, part in (("train", train), ("validation", validation), ("also", also))}
    identity = checkpoints.identity(settings, start, **data)
    if resume:
        settings = checkpoints.goes_on(last, settings, identity)
        identity = checkpoints.identity(settings, start, **data)
    module = MultiTaskTraining(settings, identity)
    if start is not None:
        start_from(module.network, start)
    watched, better = ("val_dsc", "max") if "mask" in settings.network.tasks else ("val_entropy", "min")
    whole: dict[str, Any] = {"dirpath": last.parent, "enable_version_counter": False}
    best = ModelCheckpoint(**whole, filename="best", monitor=watched, mode=better) if validation else None
    # Lightning's own `save_last` saves the best epoch once more. This comes after `best`, whose score it carries.
    newest = ModelCheckpoint(**whole, filename=last.stem, save_on_train_epoch_end=True)
    added: list[pl.Callback] = [WarmAveraging(settings.average)] if settings.average else []
    if validation and settings.patience:
        added.append(EarlyStopping(watched, mode=better, patience=settings.patience))
    if progress:
        added.append(PassProgress(settings.epochs, settings.repeats))
    loader = DataLoader(
        SliceDataset(
            train, repeats=settings.repeats, centre=settings.centre, also=also, also_share=settings.also_share
        ),
        batch_size=settings.batch_size,
        shuffle=True,
        drop_last=True,
        collate_fn=collate,
        num_workers=workers,
    )
    _check_batch(loader, settings)
    try:
        trainer = pl.Trainer(
            default_root_dir=directory,
            accelerator=accelerator,
            devices=devices if accelerator != "cpu" or devices != "auto" else 1,
            num_nodes=nodes,
            strategy=strategy,
            precision=precision or _precision(accelerator),  # type: ignore[arg-type]
            plugins=[checkpoints.WholeCheckpoints()],
            max_epochs=math.ceil(settings.epochs / settings.repeats),
            check_val_every_n_epoch=settings.validate_every,
            callbacks=[*added, *([best] if best else []), newest, *callbacks],
            logger=CSVLogger(directory, name="logs"),
            enable_progress_bar=False,
            enable_model_summary=False,
            log_every_n_steps=1,
            gradient_clip_val=5.0,
            num_sanity_val_steps=0,
        )
    except (MisconfigurationException, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).rstrip(".!")
        raise InputError(f"This machine cannot train with these devices, strategy or precision: {reason}.") from error
    _check_batch(loader, settings, trainer.world_size)
    watch = None
    if validation:
        watch = DataLoader(SliceDataset(validation, centre=settings.centre), batch_size=32, collate_fn=collate)
    with checkpoints.left_as_it_was(directory):
        again = str(last) if resume else None
        trainer.fit(module, loader, watch, ckpt_path=again, weights_only=False if resume else None)
    metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
    chosen: Path | str = last
    if best and best.best_model_score is not None:
        chosen = best.best_model_path
        metrics[f"best_{watched}"] = float(best.best_model_score)
    # From the file, not from memory: a run that is resumed after its last epoch has nothing averaged in memory.
    module = MultiTaskTraining.load_from_checkpoint(
        chosen, settings=settings, weights_only=True, map_location="cpu", strict=True
    )
    if not all(weight.isfinite().all() for weight in module.network.parameters()):
        raise InputError("The training failed: the weights grew without bounds. Try a smaller --learning-rate.")
    return module.network.cpu().eval(), metrics


def _check_batch(loader: DataLoader, settings: TrainingSettings, processes: int = 1) -> None:
    slices = len(loader.dataset)  # type: ignore[arg-type]
    if math.ceil(slices / processes) < settings.batch_size:
        among = f", for {processes} processes" if processes > 1 else ""
        raise InputError(
            f"--batch-size {settings.batch_size} is more than there is to learn from at a time: "
            f"{count(slices, 'slice')}, counting {count(settings.repeats, 'pass', 'passes')}{among}."
        )


def versions() -> dict[str, str]:
    """Of what a training depends on."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "lightning": lightning.__version__,
        "DCMMultiTaskLib": __version__,
    }


def _precision(accelerator: str) -> str:
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    return "32-true"
