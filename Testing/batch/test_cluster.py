"""A batch on the workers of a real Dask scheduler, in processes of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from batch.hospital import contents, heart

from DCMMultiTaskLib.batch.options import BatchOptions, Outcome
from DCMMultiTaskLib.batch.run import run_batch
from DCMMultiTaskLib.errors import InputError

distributed = pytest.importorskip("distributed", reason="needs dask and distributed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    # distributed leaves OMP_NUM_THREADS=1 behind, with which later programs of the tests would round differently.
    before = dict(os.environ)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(6):
        heart(tmp_path / "in" / f"{number}.nrrd", 70 + number)
    (tmp_path / "in" / "broken.nrrd").write_text("NRRD0004\n")
    return tmp_path / "in"


def test_a_worker_that_is_killed_loses_nothing_and_does_nothing_twice(
    cluster: object, folder: Path, tiny_model: Path, tmp_path: Path
) -> None:
    outcomes: list[Outcome] = []
    killed = []

    def kill_a_busy_worker(done: int, total: int, outcome: Outcome) -> None:
        outcomes.append(outcome)
        with distributed.Client(cluster, set_as_default=False) as client:
            busy = [address for address, tasks in client.processing().items() if tasks]
        if not killed and outcome.state == "done" and busy:
            nanny = next(nanny for nanny in cluster.workers.values() if nanny.worker_address == busy[0])  # type: ignore[attr-defined]
            killed.append(nanny.pid)
            os.kill(nanny.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    address = cluster.scheduler_address  # type: ignore[attr-defined]
    options = BatchOptions(folder, tmp_path / "out", model=tiny_model, scheduler=address, device="cpu")
    report = run_batch(options, progress=kill_a_busy_worker)
    assert killed
    assert sorted(outcome.study for outcome in outcomes) == ["0", "1", "2", "3", "4", "5", "broken"]
    assert [outcome.study for outcome in report.having("done", "kept")] == ["0", "1", "2", "3", "4", "5"]
    assert [outcome.reason for outcome in report.having("failed")] == [
        "broken.nrrd: the file is damaged or not complete."
    ]
    run_batch(BatchOptions(folder, tmp_path / "alone", model=tiny_model, device="cpu"))
    found, expected = contents(tmp_path / "out"), contents(tmp_path / "alone")
    assert set(found) == set(expected)
    masks = [name for name in expected if name.endswith((".seg.nrrd", "_risk.csv"))]
    assert len(masks) == 12 and all(found[name] == expected[name] for name in masks)


def test_a_stop_reaches_the_workers(cluster: object, folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    seen: list[Outcome] = []
    report = run_batch(
        BatchOptions(folder, tmp_path / "out", model=tiny_model, scheduler=cluster.scheduler_address),  # type: ignore[attr-defined]
        progress=lambda done, total, outcome: seen.append(outcome),
        cancelled=lambda: any(outcome.state == "done" for outcome in seen),
    )
    assert report.stopped
    assert len(list((tmp_path / "out" / "studies").iterdir())) == len(report.having("done"))


def test_without_a_scheduler_at_the_address_one_sentence_says_so(
    folder: Path, tiny_model: Path, tmp_path: Path
) -> None:
    import dask

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "2s"}),
        pytest.raises(InputError, match=r"^There is no Dask scheduler at tcp://127.0.0.1:1\.$"),
    ):
        run_batch(BatchOptions(folder, tmp_path / "out", model=tiny_model, scheduler="tcp://127.0.0.1:1"))
