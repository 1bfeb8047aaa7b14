"""Worker processes end with the one that started them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What ran the tests in the background had these ignored, which programs hand on.
BUSY = """
import os, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from DCMMultiTaskLib.cli import ended_cleanly
from DCMMultiTaskLib.processes import worker_pool

with ended_cleanly(), worker_pool(1, time.sleep, 0) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(time.sleep, 600).result()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(("how", "code"), [("SIGTERM", 128 + 15), ("SIGHUP", 128 + 1), ("SIGINT", -2), ("SIGKILL", -9)])
def test_no_worker_outlives_the_process_that_started_it(how, code):
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as command:
        try:
            worker = int(command.stdout.readline())
            assert alive(worker)
            command.send_signal(getattr(signal, how))
            assert command.wait(60) == code
        finally:
            command.kill()
    end = time.monotonic() + 60
    while alive(worker):
        assert time.monotonic() < end, "the worker lives on"
        time.sleep(0.1)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    # An ended process that its new parent has not asked after yet is there by its number alone.
    return not state.exists() or state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
