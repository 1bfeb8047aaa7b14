"""Training in two processes is the same training as in one."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from DCMMultiTaskLib.phantom import write_phantoms

SCRIPT = Path(__file__).with_name("train_in_processes.py")
ROOT = SCRIPT.parents[2]


def losses(directory: Path) -> np.ndarray:
    with (directory / "logs" / "version_0" / "metrics.csv").open(newline="", encoding="utf-8") as stream:
        return np.array([float(row["loss"]) for row in csv.DictReader(stream) if row["loss"]])


def start(launcher: list[str], arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *launcher, str(SCRIPT), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="two CPU processes have not been tried on Windows")
def test_two_processes_under_torchrun_have_the_loss_curve_of_one(tmp_path):
    manifest = write_phantoms(tmp_path / "phantoms", count=4, seed=60, slices=4)
    alone, together = tmp_path / "one", tmp_path / "two"
    start([], [str(manifest), str(alone), "1", "8"])
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    start(torchrun, [str(manifest), str(together), "2", "4"])
    one, two = losses(alone), losses(together)
    assert len(one) == 4 and one[-1] < one[0] - 0.02
    np.testing.assert_allclose(two, one, rtol=1e-4)
