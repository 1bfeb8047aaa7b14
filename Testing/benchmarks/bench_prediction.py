"""Time and memory of one prediction with the shipped model: 12 slices of 256 x 256 on 2 cores. Run by `make bench`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.package import shipped_model

THREADS, RUNS = 2, 5
# What this project promises: the network is so fast that reading, measuring and writing take about as long.
MOST_OUTSIDE_THE_NETWORK = 1.5
MOST_MEMORY_MB = 1500

# A process of its own, so that its peak memory is that of one prediction: imports, model, study and result together.
CODE = """
import json, statistics, sys, time
from pathlib import Path
import torch
from peers import peak_mb
torch.set_num_threads(int(sys.argv[3]))
from DCMMultiTaskLib.phantom import make_phantom
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.inference.files import write_result
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
folder = Path(sys.argv[2])
write_volume(folder / "study.nrrd", make_phantom(1, slices=12, matrix=(256, 256)).volume)
predictor = Predictor(load_package(Path(sys.argv[1])), device="cpu")
runs = []
for _ in range(int(sys.argv[4])):
    began = time.perf_counter()
    frames = read_study(folder / "study.nrrd")
    read = time.perf_counter()
    result = predictor.predict(frames)
    predicted = time.perf_counter()
    write_result(result, folder / "results")
    written = time.perf_counter()
    network = result.provenance.network_seconds
    runs.append([read - began, network, predicted - read - network, written - predicted])
print(json.dumps({"medians": [statistics.median(part) for part in zip(*runs)], "memory": peak_mb()}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells a process's peak memory in another way")
def test_work_outside_the_network_and_memory(tmp_path: Path) -> None:
    try:
        model = shipped_model()
    except InputError as error:
        pytest.skip(str(error))
    command = [sys.executable, "-c", CODE, str(model), str(tmp_path), str(THREADS), str(RUNS)]
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, env=here)
    measured = json.loads(done.stdout)
    read, network, around, write = measured["medians"]
    outside = read + around + write
    print(f"\n12 slices of 256 x 256, {THREADS} threads, median of {RUNS} runs: network {network:.3f} s;")
    print(f"read {read:.3f} s, prepare and bring back {around:.3f} s, write {write:.3f} s:")
    print(f"{100 * outside / network:.0f} % of the network's time; peak memory {measured['memory']:.0f} MB")
    assert outside <= MOST_OUTSIDE_THE_NETWORK * network
    assert measured["memory"] <= MOST_MEMORY_MB
