"""An expert's contours of a cine are found at their phase and slice, and moved back onto the image."""

from pathlib import Path

import numpy as np
import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.experiments.cines import HEAD, expert_row, read_expert, table_row
from DCMMultiTaskLib.imaging.study import Instance, Source, Study
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.phantom import make_phantom_cine

PHASES, SLICES = 8, 3


def square(middle: float, half: float) -> str:
    low, high = middle - half, middle + half
    return f"{low} {low}\n{high} {low}\n{high} {high}\n{low} {high}\n"


@pytest.fixture
def study() -> Study:
    """Files are numbered slice by slice, as Sunnybrook's are."""
    phases = make_phantom_cine(5, phases=PHASES, dilated=False, slices=SLICES, matrix=(128, 128))
    files = tuple(
        tuple(Instance(Path(f"{1 + number * PHASES + phase}.dcm"), "", "") for number in range(SLICES))
        for phase in range(PHASES)
    )
    return Study("beat", [p.volume for p in phases], source=Source(instances=files))


def draw(folder: Path, phase: int, half: float, offset: float = 0.0) -> None:
    folder.mkdir(exist_ok=True)
    for number in (1, 2):
        path = folder / f"IM-0001-{1 + number * PHASES + phase:04d}-icontour-manual.txt"
        path.write_text(square(60 + offset, half), encoding="ascii")


def test_contours_are_found_at_their_phase_and_slice(study, tmp_path):
    draw(tmp_path / "drawn", 0, 10.5)
    draw(tmp_path / "drawn", 4, 7.5)
    expert = read_expert(study, tmp_path, (0.0, 0.0))
    for (phase, slices, cavity), (true_phase, wide) in zip((expert.ed, expert.es), ((0, 21), (4, 15)), strict=True):
        assert phase == true_phase and list(slices) == [1, 2]
        assert cavity.sum() == 2 * wide**2 and cavity[:, 60, 60].all()
    edv, esv, fraction = expert_row(study, expert)[:3]
    voxel_ml = float(np.prod(study.geometry.spacing)) / 1000
    assert (edv, esv) == (f"{882 * voxel_ml:.0f}", f"{450 * voxel_ml:.0f}") and fraction == "49.0"


def test_contours_are_moved_back(study, tmp_path):
    for phase, half in ((0, 10.5), (4, 7.5)):
        draw(tmp_path / "there", phase, half)
        draw(tmp_path / "off", phase, half, offset=0.7)
    there, back = (
        read_expert(study, tmp_path / name, offset) for name, offset in (("there", (0.0, 0.0)), ("off", (0.7, 0.7)))
    )
    assert np.array_equal(there.ed[2], back.ed[2]) and np.array_equal(there.es[2], back.es[2])


def test_contours_of_one_phase_are_no_beat(study, tmp_path):
    draw(tmp_path / "drawn", 0, 10.5)
    with pytest.raises(InputError, match="two phases of beat were expected, not of 1"):
        read_expert(study, tmp_path, (0.0, 0.0))


def test_a_row_fits_its_head(study, tmp_path, tiny_model):
    draw(tmp_path / "drawn", 0, 10.5)
    draw(tmp_path / "drawn", 4, 7.5)
    expert = read_expert(study, tmp_path, (0.0, 0.0))
    rows = table_row(Predictor(load_package(tiny_model), device="cpu"), study, expert), expert_row(study, expert)
    assert [len(row) for row in rows] == [len(HEAD) - 1] * 2
    low, high = str(rows[0][-1]).split(" to ")
    assert low <= high or "nan" in (low, high)
