"""`make bench`: prediction against its peers and against the machine, in one run; every part is kept as it is done.

    python Testing/benchmarks/run.py [--parts volume network ...] [--again] [--long] [--device cuda] [--threads 2]

What was measured is in `out/bench/PART.json`; a run that was cut goes on with the parts that are missing. Tables, plots
and the machine's description go to `Resources/Results/bench` (`report.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import engines
import numpy as np
import peers
import report
import torch

from DCMMultiTaskLib.errors import exit_code
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Volume
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.inference.files import write_result
from DCMMultiTaskLib.inference.package import load_package, shipped_model
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.inference.runner import Runner
from DCMMultiTaskLib.phantom import make_phantom, make_phantom_cine

SLICES, MATRIX, PHASES = 12, (256, 256), 30
ROUNDS = 3
SCALES = {"slices": (10, 30, 100, 300, 1000, 3000, 10_000), "phases": (1, 3, 10, 30, 100), "studies": (200,)}
OUT = peers.WORK
BUSY = "--busy" in sys.argv


def study_file() -> Path:
    """The study that every program does: a phantom, made once."""
    path = OUT / "study.nii.gz"
    if not path.is_file():
        write_volume(path, make_phantom(1, slices=SLICES, matrix=MATRIX).volume)
    return path


def clock() -> float:
    """Wall time; with `--busy` the processor time of this process and of those that it has waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system if BUSY else time.perf_counter()


def seconds(do: Callable[[], Any]) -> float:
    """Time of one call."""
    began = clock()
    do()
    return clock() - began


def volume_part(args: argparse.Namespace) -> dict[str, Any]:
    """Every peer in turn with ours, `ROUNDS` times, each loaded and warm."""
    path, loaded, failed = study_file(), {}, {}
    for name, program in peers.PROGRAMS.items():
        out = OUT / f"results-{name}"
        out.mkdir(parents=True, exist_ok=True)
        try:
            one = program.prepare(args.device)
            one(path, out)
            loaded[name] = (one, out)
        except Exception as error:  # whatever a peer that is not installed, or not on this device, raises
            failed[name] = f"{type(error).__name__}: {error}"
    ours = loaded.pop("ours")
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in loaded}
    for _ in range(args.rounds):
        for name, (one, out) in loaded.items():
            pairs[name].append(
                (seconds(lambda: ours[0](path, ours[1])), seconds(lambda one=one, out=out: one(path, out)))
            )
    return {"pairs": pairs, "failed": failed}


def first_part(args: argparse.Namespace) -> dict[str, Any]:
    """From the start of a process to its first result, and its peak memory; the bytes that a model takes on disk."""
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(1 if BUSY else 2):
        for name in peers.PROGRAMS:
            command = [sys.executable, "Testing/benchmarks/peers.py", name, args.device, str(args.threads)]
            began = clock()
            done = subprocess.run(
                [*command, str(study_file()), str(OUT / f"results-{name}")], capture_output=True, encoding="utf-8"
            )
            if done.returncode == 0:
                found.setdefault(name, []).append((clock() - began, float(done.stdout.split()[-1])))
    command = [sys.executable, "-m", "DCMMultiTaskLib", "predict", str(study_file()), "-o", str(OUT / "results-cli")]
    cli = [seconds(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(3)]
    return {"first": found, "command_line_seconds": cli, "model_mb": shipped_model().stat().st_size / 1e6}


def network_part(args: argparse.Namespace) -> dict[str, Any]:
    """Achieved FLOP/s of our network over those of a matrix product, in turn, in single precision and bfloat16.

    Where a prediction would not use bfloat16 either, since it does not pay there, it is left out: on a processor
    without arithmetic for it a matrix product takes minutes.
    """
    from torch.utils.flop_counter import FlopCounterMode

    device = torch.device(args.device)
    network = load_package(shipped_model()).build_network().to(device).to(memory_format=torch.channels_last)
    count = 16 if args.device == "cpu" else 256
    images = (torch.rand(count, 1, 128, 128, device=device) * 255).contiguous(memory_format=torch.channels_last)
    side = 2048 if args.device == "cpu" else 8192
    square = torch.rand(side, side, device=device)

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(images)
    each = counter.get_total_flops() / count
    found: dict[str, Any] = {"gflop_per_slice": each / 1e9}
    half = Runner(network, device, mixed_precision=True).mixed_precision
    for kind in (torch.float32, torch.bfloat16) if half else (torch.float32,):
        network, images, square = network.to(kind), images.to(kind), square.to(kind)
        found[str(kind).removeprefix("torch.")] = _rates(
            lambda network=network, images=images: network(images),
            lambda square=square: square @ square,
            (count * each / 1e9, 2 * side**3 / 1e9),
            args,
        )
    return found


def _rates(
    ours: Callable[[], Any], product: Callable[[], Any], gflop: tuple[float, float], args: argparse.Namespace
) -> list[list[float]]:
    """Pairs of GFLOP/s, in turn, after a few rounds to warm up."""

    def wait(do: Callable[[], Any]) -> None:
        do()
        if args.device == "cuda":
            torch.cuda.synchronize()

    rates = []
    with torch.inference_mode():
        for _ in range(3 + 4 * args.rounds):
            rates.append(
                [work / seconds(lambda do=do: wait(do)) for do, work in zip((ours, product), gflop, strict=True)]
            )
    return rates[3:]


def cine_part(args: argparse.Namespace) -> dict[str, Any]:
    """A cine from memory to files on the disk: all phases segmented, measured and written."""
    predictor = Predictor(load_package(shipped_model()), device=args.device)
    study = _cine(PHASES)
    return {
        "seconds": [seconds(lambda: write_result(predictor.predict(study), OUT / "cine")) for _ in range(args.rounds)]
    }


def scale_part(kind: str, args: argparse.Namespace) -> dict[str, Any]:
    """Time and memory against size; each size in a process of its own, so that its peak is its own."""
    rows = []
    for size in SCALES[kind]:
        if size > args.largest:
            continue
        command = [sys.executable, __file__, "--child", kind, str(size), "--device", args.device]
        done = subprocess.run(
            [*command, "--threads", str(args.threads), *(["--busy"] if BUSY else [])],
            check=True,
            capture_output=True,
            encoding="utf-8",
        )
        rows += json.loads(done.stdout.splitlines()[-1])
        print(f"  {kind}: {rows[-1]}", flush=True)
    return {"rows": rows}


def child(kind: str, size: int, device: str) -> list[dict[str, float]]:
    """One size: how many, seconds, MB (peak, or resident after each of the studies)."""
    predictor = Predictor(load_package(shipped_model()), device=device)
    base = make_phantom(1, slices=SLICES, matrix=MATRIX).volume
    predictor.predict(base)
    if kind == "studies":
        rows = []
        began = clock()
        for number in range(1, size + 1):
            write_result(predictor.predict(base), OUT / "many")
            if number in (1, 2, 5) or number % 10 == 0:
                rows.append({"size": number, "seconds": clock() - began, "mb": _resident_mb()})
        return rows
    if kind == "phases":
        study = _cine(size)
    else:
        tiled = np.concatenate([base.array] * -(-size // SLICES))[:size]
        study = Study("long", [Volume.of(tiled, base.geometry.spacing)])
    taken = seconds(lambda: predictor.predict(study))
    return [{"size": size, "seconds": taken, "mb": peers.peak_mb()}]


def _cine(phases: int) -> Study:
    """A beating phantom; a few phases again and again, which take as long as others."""
    few = [phantom.volume for phantom in make_phantom_cine(1, phases=min(phases, 6), slices=SLICES, matrix=MATRIX)]
    return Study("cine", [few[number % len(few)] for number in range(phases)])


def _resident_mb() -> float:
    """Memory now where the system tells it, else the peak so far."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    except (OSError, ValueError):
        return peers.peak_mb()


def machine(args: argparse.Namespace) -> dict[str, Any]:
    """What the numbers were measured on."""
    names = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), names)
    packages = {}
    for name in ("torch", "numpy", "monai", "nnunetv2", "SimpleITK"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "not installed"
    return {
        "processor": names,
        "cores": os.cpu_count(),
        "threads": args.threads,
        "clock": "processor time" if BUSY else "wall time",
        "device": torch.cuda.get_device_name() if args.device == "cuda" else "cpu",
        "system": platform.platform(),
        "python": platform.python_version(),
        **packages,
        "load_before": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else "unknown",
        "date": time.strftime("%Y-%m-%d %H:%M"),
    }


PARTS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "machine": machine,
    "network": network_part,
    "engines": lambda args: engines.measure(clock, args.rounds),
    "volume": volume_part,
    "first": first_part,
    "cine": cine_part,
    "studies": lambda args: scale_part("studies", args),
    "phases": lambda args: scale_part("phases", args),
    "slices": lambda args: scale_part("slices", args),
}


def main() -> None:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--again", action="store_true", help="measure again what was measured")
    parser.add_argument("--long", action="store_true", help="15 rounds instead of 3")
    parser.add_argument("--largest", type=int, default=10_000, help="the most slices of a study")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--busy", action="store_true", help="one thread and processor time, where others work too")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.rounds = 15 if args.long else ROUNDS
    args.threads = 1 if BUSY else args.threads
    torch.set_num_threads(args.threads)
    if args.child:
        print(json.dumps(child(args.child[0], int(args.child[1]), args.device)))
        return
    OUT.mkdir(parents=True, exist_ok=True)
    for name in args.parts:
        kept = OUT / f"{name}.json"
        if kept.is_file() and not args.again:
            continue
        print(f"{name} ...", flush=True)
        began = time.perf_counter()
        found = PARTS[name](args)
        kept.write_text(json.dumps(found, indent=1))
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
    measured = {
        name: json.loads((OUT / f"{name}.json").read_text()) for name in PARTS if (OUT / f"{name}.json").is_file()
    }
    print(report.write(measured, Path("Resources/Results/bench")))


if __name__ == "__main__":
    raise SystemExit(exit_code(main))
