"""How far a training is, in passes over its slices."""

from __future__ import annotations

import sys
from typing import Any

import lightning.pytorch as pl
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

# Logged name -> what people call it.
SCORES = {"loss": "loss", "val_dsc": "DSC of the held-out patients", "val_entropy": "their cross entropy"}


class PassProgress(pl.Callback):
    """A bar on a terminal; elsewhere a line after each epoch of Lightning's, which is several passes.

    Args:
        passes: Of the whole training.
        repeats: Passes in an epoch of Lightning's.
    """

    def __init__(self, passes: int, repeats: int) -> None:
        self.passes, self.repeats = passes, repeats
        self.bar = Progress(
            TextColumn("Training"),
            BarColumn(),
            TextColumn("{task.completed:.0f} of {task.total} passes, ready in"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[scores]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self.task = self.bar.add_task("", total=passes, scores="")

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Start the bar where the training goes on."""
        if trainer.is_global_zero and sys.stderr.isatty():
            self.bar.update(self.task, completed=trainer.current_epoch * self.repeats)
            self.bar.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move the bar."""
        done = trainer.current_epoch + (batch_idx + 1) / trainer.num_training_batches
        self.bar.update(self.task, completed=done * self.repeats)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Say how good it is by now."""
        found = {name: trainer.callback_metrics[name] for name in SCORES if name in trainer.callback_metrics}
        scores = ", ".join(f"{SCORES[name]} {float(value):.3f}" for name, value in found.items())
        self.bar.update(self.task, scores=scores)
        if trainer.is_global_zero and not sys.stderr.isatty():
            done = (trainer.current_epoch + 1) * self.repeats
            print(f"{done} of {self.passes} passes: {scores}", file=sys.stderr, flush=True)

    def teardown(self, trainer: pl.Trainer, module: pl.LightningModule, stage: str) -> None:
        """Take the bar away, also after an error."""
        self.bar.stop()
