"""Which series of a hospital's folder are no short axis, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from imaging.hospital_files import make, save

from DCMMultiTaskLib.imaging.dicom import read_dicom_folder
from DCMMultiTaskLib.imaging.short_axis import NoShortAxis

# Columns: along a row, along a column, the normal; the long axis of most hearts is about (0.66, -0.53, -0.53).
FOUR_CHAMBER = np.array([[0.66, 0.37, 0.66], [-0.53, -0.4, 0.75], [-0.53, 0.84, 0.03]])


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        ({"description": "AAHead_Scout"}, "localizer by its name"),
        ({"description": "LOCALIZER sax"}, "localizer by its name"),
        ({"description": "cine_4CH"}, "long axis by its name"),
        ({"description": "perfusion_sax stress"}, "perfusion by its name"),
        ({"description": "flow aorta"}, "flow by its name"),
        ({"description": "T1 map SA"}, "parameter map by its name"),
        ({"description": "x", "ImageType": ["DERIVED", "PRIMARY", "P"]}, "phase images"),
        ({"description": "x", "positions": 2}, "too few slices"),
        ({"description": "x", "positions": 3, "phases": 40}, "perfusion by its number of times"),
        ({"description": "x", "direction": np.eye(3)}, "axial by its orientation"),
        ({"description": "x", "direction": np.eye(3)[[2, 0, 1]].T}, "coronal by its orientation"),
        ({"description": "x", "direction": FOUR_CHAMBER}, "long axis by its orientation"),
    ],
)
def test_a_series_that_is_no_short_axis_is_left_with_its_reason(
    tmp_path: Path, series: dict[str, object], reason: str
) -> None:
    folder = save(make(**series), tmp_path / "study")  # type: ignore[arg-type]
    with pytest.raises(NoShortAxis, match="there is no short-axis stack") as refused:
        read_dicom_folder(folder, short_axis_only=True)
    (said,) = set(dict(refused.value.files).values())
    assert said.startswith(f"{reason}: ")


def test_a_short_axis_among_other_series_is_found(tmp_path: Path) -> None:
    save(make(description="perfusion_sax", positions=3, phases=40), tmp_path)
    save(make(description="cine 2ch", positions=1, direction=FOUR_CHAMBER), tmp_path)
    save(make(description="heart", seed=1), tmp_path)
    study = read_dicom_folder(tmp_path, short_axis_only=True)
    assert study.source.description == "heart"
    said = {reason.rpartition(", ")[2] for _, reason in study.source.files} - {"used"}
    assert said == {"perfusion by its name", "long axis by its name"}


def test_files_without_an_image_are_no_short_axis_and_no_fault(tmp_path: Path) -> None:
    save(make(positions=1, phases=1, Modality="CT"), tmp_path)
    with pytest.raises(NoShortAxis) as refused:
        read_dicom_folder(tmp_path, short_axis_only=True)
    assert [why for _, why in refused.value.files] == ["its modality is CT, not MR"]


def test_some_files_of_a_folder_can_be_read_alone(tmp_path: Path) -> None:
    save(make(seed=1), tmp_path)
    first = sorted(tmp_path.iterdir())
    save(make(seed=2, PatientID="another"), tmp_path)
    assert len(read_dicom_folder(tmp_path, files=first).source.files) == len(first) == 18
