"""A batch of 50 phantom studies on 2 cores: share of the time in the network, and memory. Run by `make bench`.

DCM_BATCH_STUDIES changes the number of studies.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.inference.package import shipped_model
from DCMMultiTaskLib.phantom import make_phantom

STUDIES, THREADS = int(os.environ.get("DCM_BATCH_STUDIES", "50")), 2
# It was 0.85 while the first look, which is network too, took eight times as long; all else takes 80 ms a study.
LEAST_IN_THE_NETWORK = 0.75
# Peak memory may grow by so much from the first fifth of the studies to the last.
MOST_GROWTH = 0.05

# A process of its own, so that its memory is that of the batch.
CODE = """
import json, sys, time
from pathlib import Path
import torch
from peers import peak_mb
torch.set_num_threads(int(sys.argv[3]))
from DCMMultiTaskLib.batch.options import BatchOptions
from DCMMultiTaskLib.batch.run import run_batch
from DCMMultiTaskLib.inference.package import load_package, shipped_model
load_package(shipped_model())
peaks = []
def note(done, total, outcome):
    peaks.append(peak_mb())
began = time.perf_counter()
report = run_batch(BatchOptions(Path(sys.argv[1]), Path(sys.argv[2]), device="cpu"), progress=note)
wall = time.perf_counter() - began
assert len(report.having("done")) == report.studies
print(json.dumps({"wall": wall, "peaks": peaks}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells a process's peak memory in another way")
def test_most_of_the_time_is_in_the_network_and_memory_does_not_grow(tmp_path: Path) -> None:
    try:
        shipped_model()
    except InputError as error:
        pytest.skip(str(error))
    (tmp_path / "in").mkdir()
    for number in range(STUDIES):
        write_volume(tmp_path / "in" / f"{number:03d}.nrrd", make_phantom(number, slices=12, matrix=(256, 256)).volume)
    command = [sys.executable, "-c", CODE, str(tmp_path / "in"), str(tmp_path / "out"), str(THREADS)]
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, env=here)
    measured = json.loads(done.stdout)
    summaries = (tmp_path / "out" / "studies").glob("*/*_summary.json")
    network = sum(json.loads(path.read_text(encoding="utf-8"))["network_seconds"] for path in summaries)
    share = network / measured["wall"]
    early, late = measured["peaks"][STUDIES // 5], measured["peaks"][-1]
    print(f"\n{STUDIES} studies of 12 slices of 256 x 256, {THREADS} threads: {measured['wall']:.1f} s, of these")
    print(f"{network:.1f} s in the network ({100 * share:.0f} %); with start, search, tables and page.")
    print(f"Peak memory after a fifth of the studies {early:.0f} MB, at the end {late:.0f} MB.")
    assert share >= LEAST_IN_THE_NETWORK
    assert late <= (1 + MOST_GROWTH) * early
