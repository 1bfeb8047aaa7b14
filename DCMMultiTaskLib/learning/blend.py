r"""Between a model and the one that its training started from: weights in between keep more of what the first could.

    python -m DCMMultiTaskLib.learning.blend first.dcmmodel second.dcmmodel --share 0.7 -o between.dcmmodel

A model that learned new contrasts from a model of one contrast gives some of the first one's accuracy there away;
weights between the two lie in the same valley and lose less (Wortsman et al. 2022, "Robust fine-tuning of zero-shot
models").
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.package import ModelPackage, load_package, save_package
from DCMMultiTaskLib.learning.start import start_from
from DCMMultiTaskLib.networks.registry import build


def blend(first: ModelPackage, second: ModelPackage, share: float) -> ModelPackage:
    """The second model with weights between both.

    Args:
        first: What the second one's training started from; parts that it has not are the second one's.
        second: The network that is built, with its settings.
        share: Of the second one's weights, 0 to 1.

    Raises:
        InputError: The share is out of range, or the models are of different networks.
    """
    if not 0 <= share <= 1:
        raise InputError(f"The share lies between 0 and 1, not {share:g}.")
    network = build(second.network, second.network_config)
    network.load_state_dict(dict(second.weights))
    start_from(network, first.weights)
    began = network.state_dict()
    weights = {name: share * weight + (1 - share) * began[name] for name, weight in second.weights.items()}
    record = {"first": first.sha256, "second": second.sha256, "share_of_second": share}
    return replace(second, weights=weights, training={**second.training, "blended": record})


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--share", type=float, required=True, metavar="X", help="of the second one's weights, 0 to 1")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    between = blend(load_package(args.first), load_package(args.second), args.share)
    print(save_package(between, args.output, half_precision=True))


if __name__ == "__main__":
    main()
