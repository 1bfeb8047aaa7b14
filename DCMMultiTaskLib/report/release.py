r"""Turn a trained model into one to ship: its measured results and its card go into the package.

    python -m DCMMultiTaskLib.report.release model.dcmmodel --card CARD.md \
        --results online=run/online folds=run/0,run/1 -o NAME.dcmmodel

Results are folders that `evaluate` or a training fold wrote; several, with commas between them, are pooled; or a model
package, whose results of that label are taken over. A line `{{online}}` in the card is replaced by the table of those
results, so that card and package cannot disagree.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from DCMMultiTaskLib.errors import InputError, exit_code
from DCMMultiTaskLib.evaluation.summary import pooled, titled
from DCMMultiTaskLib.inference.package import load_package, save_package
from DCMMultiTaskLib.report.tables import Cell, markdown


def results_table(metrics: Mapping[str, Any]) -> str:
    """The metrics of `evaluation.summary.summarise` as a Markdown table."""
    rows: list[list[Cell]] = [
        [title.strip(), f"{value:.3f}", f"{low:.3f} to {high:.3f}"] for title, value, low, high in titled(metrics)
    ]
    return markdown(["metric", "value", "95 % interval"], rows)


def release(
    model: Path, output: Path, *, card: str, results: Mapping[str, Mapping], data_licence: str | None = None
) -> str:
    """Write the package to ship.

    Args:
        model: The trained package.
        output: File to write; its stem becomes the model's name.
        card: Model card, Markdown, with `{{label}}` where the table of that result belongs.
        results: Metrics of `evaluation.summary.summarise` by label.
        data_licence: Licence of the training data, where the training was not told.

    Returns:
        SHA-256 of the file.

    Raises:
        InputError: The card names a result that is not given.
    """
    for label, metrics in results.items():
        card = card.replace("{{" + label + "}}", results_table(metrics))
    if "{{" in card:
        raise InputError("The card names a result that is not given: " + card.partition("{{")[2].partition("}}")[0])
    package = replace(load_package(model), name=output.stem, card=card, results=dict(results))
    if data_licence is not None:
        package = replace(package, training={**package.training, "data_licence": data_licence})
    return save_package(package, output, half_precision=True)


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--card", type=Path, required=True)
    parser.add_argument("--results", nargs="+", required=True, metavar="LABEL=DIR[,DIR...]|MODEL")
    parser.add_argument("--data-licence")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    results = {}
    for item in args.results:
        label, _, folders = item.partition("=")
        if Path(folders).is_file():
            known = load_package(Path(folders)).results
            if label not in known:
                raise InputError(f"{folders}: the package has no results {label!r}.")
            results[label] = known[label]
        else:
            results[label] = pooled([Path(folder) for folder in folders.split(",")])
    card = args.card.read_text(encoding="utf-8")
    print(release(args.model, args.output, card=card, results=results, data_licence=args.data_licence))


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
