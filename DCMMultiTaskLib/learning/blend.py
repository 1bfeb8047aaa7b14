r"""Between a model and those that were trained from it: weights in between keep more of what the first could.

    python -m DCMMultiTaskLib.learning.blend first.dcmmodel second.dcmmodel --share 0.7 -o between.dcmmodel
    python -m DCMMultiTaskLib.learning.blend first.dcmmodel a.dcmmodel b.dcmmodel --share 0.75 -o soup.dcmmodel

A model that learned new contrasts from a model of one contrast gives some of the first one's accuracy there away;
weights between the two lie in the same valley and lose less (Wortsman et al. 2022, "Robust fine-tuning of zero-shot
models"). The mean of several trainings from one start is often better than each of them (Wortsman et al. 2022, "Model
soups"); masks bear it better than the class, whose logits may hardly differ afterwards
(`Testing/benchmarks/measure_logit_spread.py` tells).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from DCMMultiTaskLib.errors import InputError, exit_code
from DCMMultiTaskLib.inference.package import ModelPackage, load_package, save_package
from DCMMultiTaskLib.learning.start import start_from
from DCMMultiTaskLib.networks.registry import build


def blend(first: ModelPackage, trained: Sequence[ModelPackage], share: float, *, short: bool = False) -> ModelPackage:
    """The mean of the trained models, and of the first one what it leaves.

    Args:
        first: What their training started from; parts that it has not are the trained ones'.
        trained: One or more; the first of them is the network that is built, with its settings.
        share: Of their mean, 0 to 1.
        short: Round the weights to the eight significant bits of bfloat16, so that a file of them is a sixth smaller.

    Raises:
        InputError: The share is out of range, or the models are of different networks.
    """
    if not 0 <= share <= 1:
        raise InputError(f"The share lies between 0 and 1, not {share:g}.")
    one = trained[0]
    if any(other.network_config != one.network_config or other.network != one.network for other in trained):
        raise InputError("The trained models are of different networks; their weights have no mean.")
    network = build(one.network, one.network_config)
    # Counts of batches, beside batch normalisation, have no mean.
    mean = {
        name: torch.stack([other.weights[name] for other in trained]).mean(0) if weight.is_floating_point() else weight
        for name, weight in one.weights.items()
    }
    network.load_state_dict(mean)
    start_from(network, first.weights)
    began = network.state_dict()
    weights = {
        name: share * weight + (1 - share) * began[name] if weight.is_floating_point() else weight
        for name, weight in mean.items()
    }
    if short:
        weights = {n: own.bfloat16().float() if own.is_floating_point() else own for n, own in weights.items()}
    record = {"first": first.sha256, "trained": [other.sha256 for other in trained], "share_of_trained": share}
    return replace(one, weights=weights, training={**one.training, "blended": record})


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path)
    parser.add_argument("trained", type=Path, nargs="+")
    parser.add_argument("--share", type=float, required=True, metavar="X", help="of the trained ones' mean, 0 to 1")
    parser.add_argument("--short", action="store_true", help="round to bfloat16's bits: the file is a sixth smaller")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    trained = [load_package(path) for path in args.trained]
    between = blend(load_package(args.first), trained, args.share, short=args.short)
    print(save_package(between, args.output, half_precision=True))


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
