"""Cross validation of experiments: each fold of each network is trained once, and found again when it is done."""

from __future__ import annotations

import json
import logging
import os
import platform
import shutil
import subprocess
import time
import warnings
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from DCMMultiTaskLib.datasets.manifest import Patient, fingerprint
from DCMMultiTaskLib.errors import InputError, count
from DCMMultiTaskLib.experiments.predictions import grid_slices, predict_slices
from DCMMultiTaskLib.experiments.protocol import Experiment
from DCMMultiTaskLib.learning.training import train_network, versions
from DCMMultiTaskLib.networks.registry import build, count_parameters, load_network_file
from DCMMultiTaskLib.processes import worker_pool
from DCMMultiTaskLib.storage import read_json, write_json

PREDICTIONS, SCORES, RECORD = "predictions.npz", "slices.csv", "run.json"
EXAMPLES = "examples.npz"
"""The predictions of the slices that figures show, where those of all slices are not there."""


@dataclass(frozen=True)
class FoldRun:
    """One fold of one experiment.

    Attributes:
        experiment: What is trained.
        fold: Number of the fold, from 0.
        train: Patients to learn from.
        test: Patients held out.
        directory: Its own folder.
        command: The command line, for the record.
    """

    experiment: Experiment
    fold: int
    train: Sequence[Patient]
    test: Sequence[Patient]
    directory: Path
    command: str = ""

    @property
    def done(self) -> bool:
        """Whether its results are there and are those of this experiment, fold and patients.

        Raises:
            InputError: Their record is damaged.
        """
        record = read_record(self.directory)
        return record is not None and all(_says(record.get(name), value) for name, value in self.identity().items())

    def identity(self) -> dict[str, Any]:
        """What results depend on, JSON-ready; the version of the code is in the record beside it."""
        identity = {
            "experiment": self.experiment.key,
            "fold": self.fold,
            "settings": self.experiment.settings.to_dict(),
            "train_patients": [p.patient for p in self.train],
            "test_patients": [p.patient for p in self.test],
            "data": fingerprint([*self.train, *self.test]),
        }
        return json.loads(json.dumps(identity))


def _says(record: Any, wanted: Any) -> bool:
    """Whether a record says what is wanted; a setting that it does not name came later, and has to be off (0)."""
    if isinstance(record, dict) and isinstance(wanted, dict):
        named = all(_says(record[name], value) if name in record else value == 0 for name, value in wanted.items())
        return named and record.keys() <= wanted.keys()
    return record == wanted


def own_record(run: FoldRun) -> dict[str, Any] | None:
    """The record of a fold that is done; None where its folder holds no result.

    Raises:
        InputError: The folder holds a result of other data or settings, which is not to be written over, or a damaged
            record.
    """
    record = read_record(run.directory)
    if record is not None and not run.done:
        raise InputError(f"{run.directory} holds a result of other data or settings; choose another folder.")
    return record


def read_record(directory: Path) -> dict[str, Any] | None:
    """The record of a finished fold, with predictions or at least their scores; None where there is none.

    Raises:
        InputError: It is damaged.
    """
    path = directory / RECORD
    if not path.is_file() or not any((directory / name).is_file() for name in (PREDICTIONS, SCORES)):
        return None
    return read_json(path)


def run_fold(run: FoldRun, *, accelerator: str = "auto", precision: str | None = None) -> None:
    """Train on the fold's training patients, without a look at the others, and predict these.

    The last weights count: choosing the best epoch on the held-out patients would flatter them. A training that was
    stopped goes on from its last checkpoint. The record is written last, so that it tells that all is there.

    Raises:
        InputError: A patient's files cannot be used.
    """
    started = datetime.now(timezone.utc)
    began = time.perf_counter()
    settings = run.experiment.settings
    checkpoints = run.directory / "checkpoints"
    unfinished = run.directory / "unfinished.json"
    # A checkpoint is a zip file; one that is cut is none, and the fold starts anew.
    resume = zipfile.is_zipfile(checkpoints / "last.ckpt") and _same(unfinished, run.identity())
    if not resume:
        shutil.rmtree(run.directory, ignore_errors=True)
        write_json(unfinished, run.identity())
    network, metrics = train_network(
        run.train,
        [],
        run.directory,
        settings,
        resume=resume,
        accelerator=accelerator,
        devices=1,
        precision=precision,
        progress=False,
    )
    seconds = time.perf_counter() - began
    slices = grid_slices(run.test, centre=settings.centre)
    began = time.perf_counter()
    predictions = predict_slices(network, slices)
    predicting = time.perf_counter() - began
    predictions.save(run.directory / PREDICTIONS)
    record = {
        **run.identity(),
        "title": run.experiment.title,
        "parameters": count_parameters(network),
        "multiply_adds": multiply_adds(run.experiment),
        "training_metrics": metrics,
        "training_seconds": round(seconds, 1),
        "resumed": resume,
        "prediction_ms_per_slice": round(1000 * predicting / len(slices.number), 2),
        "precision": precision or "as Lightning chose",
        "seed": settings.seed,
        "command": run.command,
        "commit": git_commit(),
        "started": started.isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
    }
    write_json(run.directory / RECORD, record)
    shutil.rmtree(checkpoints, ignore_errors=True)
    unfinished.unlink(missing_ok=True)


def _same(path: Path, identity: dict[str, Any]) -> bool:
    try:
        return read_json(path) == identity
    except InputError:
        return False


def multiply_adds(experiment: Experiment) -> int:
    """Multiply-adds of one slice of 128 x 128, half of what PyTorch counts as floating point operations."""
    network = build(experiment.settings.network_name, experiment.settings.network).eval()
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 1, 128, 128))
    return counter.get_total_flops() // 2


def run_all(
    runs: Sequence[FoldRun],
    *,
    jobs: int = 1,
    network_files: Sequence[Path] = (),
    say: Callable[[str], None] = print,
    **options: Any,
) -> None:
    """Do what is not done yet, `jobs` trainings at a time, in the order given.

    What is done of other data or settings is left alone: it is an error before anything is trained.

    Args:
        runs: All folds of all experiments; the finished ones are passed over.
        jobs: Processes; they share the CPU's cores evenly.
        network_files: Files of the user's own networks, to be registered in every process.
        say: Gets a line for each finished fold.
        options: Of `run_fold`.

    Raises:
        InputError: A folder holds a result of other data or settings; or the first error of a fold, when the other
            processes have finished what they had begun.
    """
    todo = [run for run in runs if own_record(run) is None]
    say(f"{count(len(runs), 'training')}, {len(runs) - len(todo)} of them done before.")
    threads = max(1, (os.cpu_count() or 1) // jobs)
    try:
        with worker_pool(jobs, _set_up, threads, network_files) as pool:
            pending = {pool.submit(run_fold, run, **options): run for run in todo}
            for number, future in enumerate(as_completed(pending), start=1):
                future.result()
                run = pending[future]
                say(f"{number}/{len(todo)} {run.experiment.key}, fold {run.fold}")
    except BrokenProcessPool as error:
        raise InputError(
            "A training's process was ended from outside, often for lack of memory; --resume goes on, with a "
            "smaller --jobs fewer run at a time."
        ) from error


def _set_up(threads: int, network_files: Sequence[Path]) -> None:
    """Prepare a process. A hundred trainings would say a hundred times what Lightning says of each."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    torch.set_num_threads(threads)
    for path in network_files:
        load_network_file(path)


def git_commit() -> str:
    """The checkout's commit, with `-dirty` where files are changed; empty outside a checkout."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def machine() -> str:
    """Processor or graphics card, in words."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line for line in cpuinfo.read_text(encoding="utf-8").splitlines() if line.startswith("model name")]
        processor = names[0].partition(":")[2].strip() if names else processor
    graphics = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    threads = torch.get_num_threads()
    return f"{platform.system()}, {processor}, {count(threads, 'thread')}{graphics}"
