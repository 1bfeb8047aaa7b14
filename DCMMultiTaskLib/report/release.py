r"""Turn a trained model into one to ship: its measured results and its card go into the package.

    python -m DCMMultiTaskLib.report.release model.dcmmodel --card CARD.md \
        --results online=figures folds=run/0,run/1 -o NAME.dcmmodel

Results are folders that `evaluate` or a training fold wrote; several, with commas between them, are pooled. A line
`{{online}}` in the card is replaced by the table of those results, so that card and package cannot disagree.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.package import load_package, save_package
from DCMMultiTaskLib.learning.evaluation import TITLES, pooled
from DCMMultiTaskLib.report.tables import markdown


def results_table(figures: Mapping) -> str:
    """The figures of `evaluation.summarise` as a Markdown table."""
    shown = [(title.strip(), figures[key]) for key, title in TITLES.items()]
    rows = [[title, one["value"], f"{one['low']:.3f} to {one['high']:.3f}"] for title, one in shown]
    return markdown(["figure", "value", "95 % interval"], rows)


def release(model: Path, output: Path, *, card: str, results: Mapping[str, Mapping]) -> str:
    """Write the package to ship.

    Args:
        model: The trained package.
        output: File to write; its stem becomes the model's name.
        card: Model card, Markdown, with `{{label}}` where the table of that result belongs.
        results: figures of `evaluation.summarise` by label.

    Returns:
        SHA-256 of the file.

    Raises:
        InputError: The card names a result that is not given.
    """
    for label, figures in results.items():
        card = card.replace("{{" + label + "}}", results_table(figures))
    if "{{" in card:
        raise InputError("The card names a result that is not given: " + card.partition("{{")[2].partition("}}")[0])
    package = replace(load_package(model), name=output.stem, card=card, results=dict(results))
    return save_package(package, output, half_precision=True)


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--card", type=Path, required=True)
    parser.add_argument("--results", nargs="+", required=True, metavar="LABEL=DIR[,DIR...]")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    results = {}
    for item in args.results:
        label, _, folders = item.partition("=")
        results[label] = pooled([Path(folder) for folder in folders.split(",")])
    print(release(args.model, args.output, card=args.card.read_text(encoding="utf-8"), results=results))


if __name__ == "__main__":
    main()
