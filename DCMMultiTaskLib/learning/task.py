"""The training step that Lightning drives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from DCMMultiTaskLib.evaluation.metrics import dice
from DCMMultiTaskLib.learning import checkpoints
from DCMMultiTaskLib.learning.augmentation import NO_AUGMENTATION, RawBatch, augment
from DCMMultiTaskLib.learning.losses import total_loss
from DCMMultiTaskLib.learning.settings import TrainingSettings
from DCMMultiTaskLib.networks.registry import build


class MultiTaskTraining(pl.LightningModule):
    """Augments on the device, then minimises the total loss (Eq. 5).

    Args:
        settings: What is trained, and how.
        identity: `checkpoints.identity`, which every checkpoint carries.
    """

    def __init__(self, settings: TrainingSettings, identity: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.settings = settings
        self.identity = identity
        self.network = build(settings.network_name, settings.network)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Say whose it is."""
        checkpoint[checkpoints.KEY] = json.dumps(self.identity)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Make it fit this start, where it is gone on with."""
        if self.identity is not None:
            checkpoints.adapt(checkpoint, Path(self.trainer.default_root_dir) / checkpoints.FOLDER)

    def training_step(self, batch: RawBatch, index: int) -> Tensor:
        """The loss of one batch of acquired slices."""
        # Full precision: grey values are images here, not features.
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            image, mask, cavity, classified = augment(batch, self.settings.augmentation)
        output = self.network(image.contiguous(memory_format=torch.channels_last))
        loss, jaccard, entropy = total_loss(
            output.mask_logits,
            output.dcm_logit,
            mask,
            batch.dcm,
            alpha=self.settings.alpha,
            classified=classified,
            disc_logits=output.disc_logits,
            cavity=cavity,
        )
        size = len(image)
        self.log("loss", loss, on_step=False, on_epoch=True, prog_bar=True, batch_size=size, sync_dist=True)
        self.log("jaccard", jaccard, on_step=False, on_epoch=True, batch_size=size, sync_dist=True)
        self.log("entropy", entropy, on_step=False, on_epoch=True, batch_size=size, sync_dist=True)
        return loss

    def validation_step(self, batch: RawBatch, index: int) -> None:
        """DSC per slice in the crop around the heart, without augmentation."""
        image, mask, _, _ = augment(batch, NO_AUGMENTATION)
        output = self.network(image.contiguous(memory_format=torch.channels_last))
        _, jaccard, entropy = total_loss(output.mask_logits, output.dcm_logit, mask, batch.dcm)
        scores = {"val_jaccard": jaccard, "val_entropy": entropy}
        if output.mask_logits is not None:
            predicted, wanted = (part.cpu().numpy() for part in (output.mask_logits > 0, mask))
            of_images = [dice(*pair) for pair in zip(predicted, wanted, strict=True)]
            scores["val_dsc"] = torch.tensor(of_images, device=mask.device).mean()
        self.log_dict(scores, prog_bar=True, batch_size=len(image), sync_dist=True)

    def configure_optimizers(self):
        """AdamW with a one-cycle rate, or the paper's Adam with a constant one."""
        s = self.settings
        if s.optimiser == "adam":
            return torch.optim.Adam(self.network.parameters(), lr=s.learning_rate)
        optimiser = torch.optim.AdamW(self.network.parameters(), lr=s.learning_rate, weight_decay=s.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            max_lr=s.learning_rate,
            total_steps=int(self.trainer.estimated_stepping_batches),
            pct_start=0.15,
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
