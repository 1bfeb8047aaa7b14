"""Whatever a file holds: no crash, no hang, no 2 GB of memory, no file beside the results, one sentence at most.

`make fuzz` tries new inputs for an hour (FUZZ_SECONDS), the tests a part of a minute with a fixed seed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz.hostile import Hostile, hostile, images
from fuzz.keeper import Keeper
from fuzz.tricks import tricks
from hypothesis import HealthCheck, Phase, given, seed, settings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory and limits are those of Linux")
SECONDS = float(os.environ.get("FUZZ_SECONDS", "15"))
FIXED = "FUZZ_SECONDS" not in os.environ
AT_A_TIME = 100


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path_factory.mktemp("hostile"))
    yield keeper
    keeper.close()
    print(f"\n{keeper.tried} hostile inputs: {keeper.outcomes}")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return images(tmp_path_factory.mktemp("whole"))


def test_whole_files_are_read(keeper: Keeper, whole: dict[str, bytes]) -> None:
    for name, content in whole.items():
        assert Hostile("image", {name: content}, name).fault(keeper) == "", name
    assert keeper.outcomes == {"read": len(whole)}


def test_tricks_made_up_by_hand(keeper: Keeper, whole: dict[str, bytes]) -> None:
    faults = {name: fault for name, one in tricks(whole).items() if (fault := one.fault(keeper))}
    assert faults == {}


def test_files_bent_by_chance(keeper: Keeper, whole: dict[str, bytes]) -> None:
    begin, batch = time.monotonic(), 0
    while time.monotonic() - begin < SECONDS:

        @seed(batch if FIXED else int.from_bytes(os.urandom(8), "little"))
        @settings(
            max_examples=AT_A_TIME,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,) if FIXED else (Phase.generate, Phase.shrink),
        )
        @given(hostile(whole))
        def read(one: Hostile) -> None:
            if time.monotonic() - begin > SECONDS:
                return
            fault = one.fault(keeper)
            if fault:
                _keep(one)
            assert fault == "", repr(one)

        read()
        batch += 1
    assert keeper.tried > 20


def _keep(one: Hostile) -> None:
    """Leave what was found where `FUZZ_FOUND` says, to look at it."""
    if "FUZZ_FOUND" in os.environ:
        folder = Path(os.environ["FUZZ_FOUND"])
        for name, content in one.files.items():
            (folder / Path(name).parent).mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
