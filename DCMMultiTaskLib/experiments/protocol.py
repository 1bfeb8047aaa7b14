"""Which networks are trained for which table or figure, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from DCMMultiTaskLib.learning.settings import TrainingSettings, paper_settings, passes_at_a_time
from DCMMultiTaskLib.networks.config import PRESETS, NetworkConfig, preset
from DCMMultiTaskLib.networks.registry import NETWORKS

SEGMENTATION = ("deeplabv3", "segnet", "unet")
CLASSIFICATION = ("residual_attention", "resnet50", "resnet101")
PAPER, OURS = "luo2020", "default"
# The loss weight of our own recipe, at which the class leaves the masks alone (Documentation/trials.md).
OWN_ALPHA = TrainingSettings.alpha
OURS_AT_OWN_ALPHA = f"{OURS}-alpha{OWN_ALPHA:g}"
# Fig. 5 sweeps the weight of the Jaccard distance; 3 is the network of the tables.
ALPHAS = (1.0, 2.0, 3.0, 4.0, 5.0)
# Choices that differ from the printed network, one at a time, in the words of the ablation's table. `default` has taken
# all but group normalisation and the discs.
CHANGED_CHOICES: dict[str, tuple[str, dict[str, Any]]] = {
    "kernel": ("3x3 kernels in the extraction path", {"extraction_kernel": 3}),
    "stages": ("two convolutions in the last stage", {"extraction_convolutions": (2, 2, 2, 2)}),
    "bottleneck": ("8C channels at the bottom", {"bottleneck": 8}),
    "decoder": ("7x7 deconvolutions per channel", {"mask_decoder": "depthwise"}),
    "group-norm": ("group normalisation", {"normalisation": "group"}),
    "dropout": ("dropout before the classifier", {"dropout": 0.3}),
    "concatenation": ("concatenation in the recovery path", {"recovery_skip": "concatenation"}),
    "recovery": ("two convolutions in each recovery step", {"recovery_convolutions": 2}),
    "discs": ("two nested discs as the mask", {"mask_head": "discs"}),
}
# Section 4.3.1, of the slices' PSNR in dB: "ranged from 11.60 to 31.15", "mainly concentrated around 23".
PAPER_PSNR, PSNR_CENTRE = (11.60, 31.15), 23.0


@dataclass(frozen=True)
class Experiment:
    """One network with its training, cross-validated.

    Attributes:
        key: Name of its folder and in the tables' CSV files.
        title: What the tables call it.
        settings: How it is built and trained.
    """

    key: str
    title: str
    settings: TrainingSettings


@dataclass(frozen=True)
class Protocol:
    """What all experiments share, so that they can be compared.

    Attributes:
        width: Channels of every network's first stage ("parameters were set to be the same as that of our network",
            section 4.3); None for each as published, 16 for the paper's, which gives none.
        epochs: Passes over the training slices.
        batch_size: Slices per step; the paper gives none.
        learning_rate: Of Adam, constant.
        seed: Of the weights and the order of the slices.
    """

    width: int | None = None
    epochs: int = 40
    batch_size: int = 8
    learning_rate: float = 1e-4
    seed: int = 0

    def settings(self, network_name: str, network: NetworkConfig, **changes: Any) -> TrainingSettings:
        """Section 4.2's recipe, with the crop around the image's centre (4.1.2): Adam, 1e-4, no augmentation."""
        return paper_settings(
            network_name=network_name,
            network=replace(network, width=network.width if self.width is None else self.width),
            centre="image",
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=self.seed,
            # Checkpoints in between cost little time and let a stopped training go on.
            repeats=passes_at_a_time(self.epochs, 5),
            **changes,
        )

    def network(self, name: str) -> Experiment:
        """A network of the registry, or a preset of ours."""
        if name in PRESETS:
            title = "Luo et al. 2020" if name == PAPER else "ours (default)"
            return Experiment(name, title, self.settings("multitask", preset(name)))
        entry = NETWORKS[name]
        return Experiment(name, entry.title, self.settings(name, entry.config(name)))

    def changed(self, key: str, title: str, base: str, *, alpha: float = 3.0, **changes: Any) -> Experiment:
        """A preset with some choices changed."""
        return Experiment(key, title, self.settings("multitask", preset(base, **changes), alpha=alpha))

    def tables(self, extra: Sequence[str] = ()) -> list[Experiment]:
        """The networks of Tables 2 and 3, `default` beside the paper's at both loss weights, and others by name."""
        others = dict.fromkeys((*SEGMENTATION, *CLASSIFICATION, *extra))
        ours = [self.network(OURS), self.ours_at_own_alpha()]
        return [self.network(PAPER), *ours, *(self.network(name) for name in others)]

    def ours_at_own_alpha(self) -> Experiment:
        """`default` at the loss weight of our own recipe."""
        title = f"ours (default), loss weight {OWN_ALPHA:g}"
        return self.changed(OURS_AT_OWN_ALPHA, title, OURS, alpha=OWN_ALPHA)

    def single_task(self) -> list[Experiment]:
        """The paper's network with one of its two tasks: does multi-tasking help?"""
        return [
            self.changed(f"{PAPER}-mask", "Luo et al. 2020, segmentation only", PAPER, tasks=("mask",)),
            self.changed(f"{PAPER}-dcm", "Luo et al. 2020, classification only", PAPER, tasks=("dcm",)),
        ]

    def loss_weights(self) -> list[Experiment]:
        """Fig. 5's sweep; its point alpha = 3 is the paper's network itself."""
        return [
            self.changed(PAPER if alpha == 3 else f"{PAPER}-alpha{alpha:g}", f"alpha {alpha:g}", PAPER, alpha=alpha)
            for alpha in ALPHAS
        ]

    def ablation(self) -> list[Experiment]:
        """From the printed network to `default`: both ends, and each changed choice alone."""
        single = [
            self.changed(f"{PAPER}+{key}", f"+ {title}", PAPER, **change)
            for key, (title, change) in CHANGED_CHOICES.items()
        ]
        return [self.network(PAPER), *single, self.network(OURS)]

    def own_ablation(self) -> list[Experiment]:
        """From `default` at its own loss weight back to the printed network: each choice that it has taken, undone."""
        printed, ours = preset(PAPER), preset(OURS)
        undone = [
            self.changed(
                f"{OURS_AT_OWN_ALPHA}-{key}",
                f"- {title}",
                OURS,
                alpha=OWN_ALPHA,
                **{name: getattr(printed, name) for name in change},
            )
            for key, (title, change) in CHANGED_CHOICES.items()
            if all(getattr(ours, name) == value for name, value in change.items())
        ]
        return [self.ours_at_own_alpha(), *undone]


# What the paper prints in its Tables 2 and 3, on its own 1155 LGE slices, 123 of them positive.
TABLE_2 = {
    "deeplabv3": {"dsc": 0.7806, "pixel_auc": 0.8561, "f1": 0.7729, "jsc": 0.6127},
    "segnet": {"dsc": 0.7496, "pixel_auc": 0.7751, "f1": 0.7187, "jsc": 0.5155},
    "unet": {"dsc": 0.7613, "pixel_auc": 0.8168, "f1": 0.7403, "jsc": 0.5611},
    "luo2020": {"dsc": 0.8165, "pixel_auc": 0.9230, "f1": 0.8164, "jsc": 0.6966},
}
TABLE_3 = {
    "residual_attention": {"accuracy": 0.9258, "sensitivity": 0.1026, "specificity": 0.8375, "auc": 0.9532},
    "resnet50": {"accuracy": 0.9208, "sensitivity": 0.2251, "specificity": 0.8261, "auc": 0.9429},
    "resnet101": {"accuracy": 0.9431, "sensitivity": 0.2870, "specificity": 0.8729, "auc": 0.9623},
    "luo2020": {"accuracy": 0.9763, "sensitivity": 0.7592, "specificity": 0.9164, "auc": 0.9832},
}
