"""What `make bench` measured, as tables and plots in `Resources/Results/bench`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import peers

from DCMMultiTaskLib.report.style import BLUE, GREY, PAGE, VERMILION, new_figure
from DCMMultiTaskLib.storage import write_json

SLICES, PHASES = 12, 30


def write(measured: dict[str, Any], folder: Path) -> str:
    """Write `bench.json`, `README.md`, `ratios.png` and `scale.png` of the parts that there are; gives the text."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "bench.json", measured)
    lines = ["# How fast a prediction is", "", *_machine(measured)]
    if "volume" in measured:
        lines += ["", *_programs(measured)]
        _ratio_plot(measured["volume"]["pairs"], folder / "ratios.png")
    if "network" in measured:
        lines += ["", *_network(measured["network"])]
    if "engines" in measured:
        lines += ["", *_engines(measured["engines"])]
    scales = {kind: measured[kind]["rows"] for kind in ("slices", "phases", "studies") if kind in measured}
    if scales:
        lines += ["", *_scales(scales)]
        _scale_plot(scales, folder / "scale.png")
    text = "\n".join(lines) + "\n"
    (folder / "README.md").write_text(text, encoding="utf-8")
    return text


def _machine(measured: dict[str, Any]) -> list[str]:
    facts = measured.get("machine", {})
    said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items())
    return [
        "`make bench` wrote this page. All programs ran on the same machine with the same threads, each peer in turn",
        "with ours; a ratio is the median over the pairs, with the least and the largest in brackets. The weights of",
        "the peers are random.",
        "",
        f"Machine: {said}.",
        *([] if facts.get("device") != "cpu" else ["The path for a GPU is written, and was not run here."]),
    ]


def _spread(values: Sequence[float], digits: int = 2) -> str:
    return f"{median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def _programs(measured: dict[str, Any]) -> list[str]:
    """One row per program: a volume, a cine, slices per second, cold start, memory."""
    pairs, first = measured["volume"]["pairs"], measured.get("first", {}).get("first", {})
    ours = [pair[0] for name in pairs for pair in pairs[name]]
    cine = measured.get("cine", {}).get("seconds")
    long = {row["size"]: row["seconds"] for row in measured.get("slices", {}).get("rows", [])}
    rows = [
        "| program | s per 12 slices | ours is faster by | s per cine of 30 x 12 | slices/s | first, s | peak MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, program in peers.PROGRAMS.items():
        taken = ours if name == "ours" else [pair[1] for pair in pairs.get(name, [])]
        if not taken:
            reason = measured["volume"]["failed"].get(name, "")
            rows.append(f"| {program.title} | did not run: {reason[:80]} | | | | | |")
            continue
        start = first.get(name, [])
        if name == "ours":
            ratio, beat = "", _spread(cine) if cine else ""
            rate = f"{1000 / long[1000]:.0f}" if 1000 in long else f"{SLICES / median(taken):.0f}"
        else:
            ratio = _spread([peer / own for own, peer in pairs[name]], 1)
            beat, rate = f"{PHASES * median(taken):.0f} *", f"{SLICES / median(taken):.1f} *"
        begin = f"{min(pair[0] for pair in start):.1f}" if start else ""
        memory = f"{max(pair[1] for pair in start):.0f}" if start else ""
        rows.append(f"| {program.title} | {_spread(taken)} | {ratio} | {beat} | {rate} | {begin} | {memory} |")
    rows += [
        "",
        "\\* from the time of a volume: 30 volumes, or 12 slices; ours was run, the slices per second on 1,000.",
        "",
        "Ours looks for the heart and runs the network on crops around it. nnU-Net runs its own network, planned for",
        "such volumes, over whole slices, once or in four mirrored views; MONAI slides windows over whole slices. The",
        "paper's pairs see the crop around the image's middle alone, look for no heart and measure nothing.",
    ]
    if "first" in measured:
        cli = measured["first"]["command_line_seconds"]
        rows += [
            "",
            f"First result: from the start of a process to the files; `dcm-multitask predict` on the same volume takes "
            f"{_spread(cli)} s. The model takes {measured['first']['model_mb']:.1f} MB on disk.",
        ]
    return rows


def _network(found: dict[str, Any]) -> list[str]:
    lines = [
        f"A slice costs {found['gflop_per_slice']:.2f} GFLOP (a multiply-add is two); a matrix product in turn:",
        "",
        "| numbers | network, GFLOP/s | matrix product, GFLOP/s | share |",
        "|---|---|---|---|",
    ]
    for name in ("float32", "bfloat16"):
        if name not in found:
            lines.append(f"| {name} | no faster than float32 on this device, and left out | | |")
            continue
        network, product = zip(*found[name], strict=True)
        share = [100 * own / most for own, most in found[name]]
        lines.append(f"| {name} | {_spread(network, 0)} | {_spread(product, 0)} | {_spread(share, 0)} % |")
    return lines


def _engines(found: dict[str, Any]) -> list[str]:
    lines = [
        "The network in other engines, 12 slices, in turn with PyTorch and the channels last, which a prediction uses:",
        "",
        "| engine | as fast as ours | until its first result, s | largest difference of a logit |",
        "|---|---|---|---|",
    ]
    for name, of_engine in found.items():
        if "failed" in of_engine:
            lines.append(f"| {name} | did not run: {of_engine['failed'][:80]} | | |")
            continue
        ratio = _spread([own / other for own, other in of_engine["pairs"]])
        lines.append(f"| {name} | {ratio} | {of_engine['start']:.1f} | {of_engine['apart']:.1g} |")
    return lines


def _scales(scales: dict[str, list[dict[str, float]]]) -> list[str]:
    lines = ["| what grows | size | s | ms for one | MB |", "|---|---|---|---|---|"]
    for kind, rows in scales.items():
        for row in rows:
            if kind != "studies" or row["size"] in (1, 10, 50, 100, 200):
                each = 1000 * row["seconds"] / row["size"]
                lines.append(f"| {kind} | {row['size']:,} | {row['seconds']:.2f} | {each:.1f} | {row['mb']:.0f} |")
    return [*lines, "", "Memory is a process's peak, of studies what it holds after each.", "", "![Scale](scale.png)"]


def _ratio_plot(pairs: dict[str, list[list[float]]], path: Path) -> None:
    figure = new_figure(PAGE, 0.6 + 0.4 * len(pairs))
    axes = figure.subplots()
    names = sorted(pairs, key=lambda name: median(peer / own for own, peer in pairs[name]))
    for row, name in enumerate(names):
        ratios = [peer / own for own, peer in pairs[name]]
        axes.barh(row, median(ratios), color=BLUE, height=0.6)
        axes.plot([min(ratios), max(ratios)], [row, row], color=VERMILION, linewidth=2)
        axes.text(max(ratios), row, f"  {median(ratios):.1f}", va="center", fontsize=8)
    axes.set_yticks(range(len(names)), [peers.PROGRAMS[name].title for name in names], fontsize=8)
    axes.axvline(1, color=GREY, linewidth=0.8)
    axes.set_xlabel(
        "time for 12 slices, file in to files out, as a multiple of ours (line: least to largest)", fontsize=8
    )
    axes.margins(x=0.1)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def _scale_plot(scales: dict[str, list[dict[str, float]]], path: Path) -> None:
    figure = new_figure(PAGE, 3.6)
    grid = figure.subplots(2, len(scales), squeeze=False)
    for column, (kind, rows) in enumerate(scales.items()):
        sizes, taken, memory = (np.array([row[key] for row in rows]) for key in ("size", "seconds", "mb"))
        for axes, values, title in zip(grid[:, column], (taken, memory), ("seconds", "memory, MB"), strict=True):
            axes.plot(sizes, values, color=BLUE, marker="o", markersize=3)
            axes.set_ylim(0, 1.08 * values.max())
            axes.set_ylabel(title if column == 0 else "", fontsize=8)
            axes.tick_params(labelsize=7)
            axes.spines[["top", "right"]].set_visible(False)
        grid[1, column].set_xlabel(kind, fontsize=8)
    figure.savefig(path)
