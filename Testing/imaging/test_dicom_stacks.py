"""Which stack of a hospital folder is analysed, and what becomes of every other file."""

from pathlib import Path

import numpy as np
import pytest
from dicom_files import OBLIQUE
from hospital_files import FIRST, SHAPE, STEP, make, pixels_of, save
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.reading import read_study, summarise_files
from DCMMultiTaskLib.imaging.study import USED, Study

AXIAL = np.diag([1.0, 1.0, 1.0])


def arrays(study: Study) -> np.ndarray:
    return np.array([phase.array for phase in study.phases])


def reasons(study: Study) -> dict[str, int]:
    return {entry["reason"]: entry["count"] for entry in summarise_files(study.source)}


def turned(matrix: np.ndarray, degrees: float) -> np.ndarray:
    """Turned about its columns."""
    angle = np.radians(degrees)
    row = matrix[:, 0] * np.cos(angle) + matrix[:, 2] * np.sin(angle)
    return np.column_stack([row, matrix[:, 1], np.cross(row, matrix[:, 1])])


def orient(ds: Dataset, direction: np.ndarray) -> None:
    ds.ImageOrientationPatient = [f"{v:.8f}" for v in direction[:, :2].T.ravel()]


def own_series(ds: Dataset, uids: dict[int, str], k: int) -> None:
    ds.SeriesInstanceUID = uids.setdefault(k, generate_uid())


def test_a_series_per_position_goes_before_an_axial_stack_of_one_series(tmp_path: Path) -> None:
    uids: dict[int, str] = {}
    save(make(phases=4, edit=lambda ds, k, p: own_series(ds, uids, k)), tmp_path)
    save(make(positions=9, phases=1, direction=AXIAL, description="haste_tra_db"), tmp_path)
    study = read_study(tmp_path)
    assert np.array_equal(arrays(study), pixels_of(6, 4))
    assert reasons(study) == {USED: 24, "another stack, haste_tra_db: 9 slices x 1 phase, axial by its name": 9}
    assert any(note.startswith("6 series are joined to one stack of 6 slices") for note in study.notes)


def test_an_axial_stack_alone_is_read_and_said_to_be_no_short_axis(tmp_path: Path) -> None:
    study = read_study(save(make(direction=AXIAL, description="x"), tmp_path))
    assert any("not oblique to the body" in note for note in study.notes)


@pytest.mark.parametrize("sizes", [(6, 2), (7, 1), (3, 3, 2), (2, 2, 2, 2), (1,) * 8])
def test_a_stack_in_several_series_is_one_whatever_their_sizes(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    group = [number for number, size in enumerate(sizes) for _ in range(size)]
    uids: dict[int, str] = {}
    save(make(positions=8, edit=lambda ds, k, p: own_series(ds, uids, group[k])), tmp_path)
    assert np.array_equal(arrays(read_study(tmp_path)), pixels_of(8, 3))


@pytest.mark.parametrize("interleaved", [False, True])
def test_series_of_other_names_complete_a_stack(tmp_path: Path, interleaved: bool) -> None:
    uids: dict[int, str] = {}
    group = [k % 2 if interleaved else k // 4 for k in range(8)]

    def edit(ds: Dataset, k: int, p: int) -> None:
        own_series(ds, uids, group[k])
        if not interleaved:
            ds.SeriesDescription = ("breath hold one", "second part")[group[k]]

    assert np.array_equal(arrays(read_study(save(make(positions=8, edit=edit), tmp_path))), pixels_of(8, 3))


def test_a_second_acquisition_at_the_same_positions_is_left_out_and_said(tmp_path: Path) -> None:
    save(make(), tmp_path)
    save(make(seed=9, SeriesNumber=5), tmp_path)
    study = read_study(tmp_path)
    assert arrays(study).shape == (3, 6, *SHAPE)
    assert any("2 stacks of images could be meant" in note and "--series" in note for note in study.notes)
    assert np.array_equal(arrays(read_study(tmp_path, series="5")), pixels_of(6, 3, seed=9))


@pytest.mark.parametrize("which", [0, 3, 5])
def test_a_slice_turned_a_little_is_resampled_and_said(tmp_path: Path, which: int) -> None:
    def edit(ds: Dataset, k: int, p: int) -> None:
        if k == which:
            orient(ds, turned(OBLIQUE, 0.5))

    study = read_study(save(make(edit=edit), tmp_path))
    assert arrays(study).shape == (3, 6, *SHAPE)
    inside = np.s_[:, :, 2:-2, 2:-2]
    assert np.abs(arrays(study)[inside] - pixels_of(6, 3).astype(float)[inside]).max() < 1.5
    assert any(f"(number {which + 1} from the first): turned by up to 0.5 degrees" in note for note in study.notes)


def test_a_slice_of_another_field_of_view_or_a_doubled_matrix_is_resampled(tmp_path: Path) -> None:
    def edit(ds: Dataset, k: int, p: int) -> None:
        if k == 5:
            ds.PixelSpacing = [1.2625, 1.2625]
        if k == 4:
            plane = np.frombuffer(ds.PixelData, np.uint16).reshape(SHAPE)
            ds.PixelData = plane.repeat(2, axis=0).repeat(2, axis=1).tobytes()
            ds.Rows, ds.Columns, ds.PixelSpacing = 48, 40, [0.625, 0.625]
            place = np.array(ds.ImagePositionPatient, float) - OBLIQUE[:, :2] @ (0.3125, 0.3125)
            ds.ImagePositionPatient = [f"{v:.5f}" for v in place]

    study = read_study(save(make(edit=edit), tmp_path))
    inside = np.s_[:, :, 2:-2, 2:-2]
    assert np.abs(arrays(study)[inside] - pixels_of(6, 3).astype(float)[inside]).max() < 5
    assert study.geometry.spacing == pytest.approx((1.25, 1.25, STEP), abs=1e-3)
    assert any("2 slices of 6 resampled" in note and "1.0 % off" in note for note in study.notes)


def test_a_slice_turned_too_far_is_left_out_at_the_end_and_refused_in_the_middle(tmp_path: Path) -> None:
    def at(which: int):
        return lambda ds, k, p: orient(ds, turned(OBLIQUE, 5)) if k == which else None

    study = read_study(save(make(edit=at(5)), tmp_path / "end"))
    assert arrays(study).shape[1] == 5
    assert reasons(study) == {USED: 15, "turned by 5.0 degrees against the stack": 3}
    save(make(edit=at(3)), tmp_path / "middle")
    with pytest.raises(InputError, match=r"8\.0 to 16\.0 mm apart.*3 files left out \(turned by 5\.0 degrees against"):
        read_study(tmp_path / "middle")


def test_a_slice_that_is_turned_about_its_corner_is_named(tmp_path: Path) -> None:
    def edit(ds: Dataset, k: int, p: int) -> None:
        ds.PixelSpacing = [9, 9]  # so large that the slice's middle comes to lie elsewhere
        if k == 5:
            orient(ds, turned(OBLIQUE, 1.5))

    save(make(edit=edit), tmp_path)
    with pytest.raises(InputError, match=r"mm apart.* of 6, counted from 1, slice 6 is turned by 1\.5 degrees"):
        read_study(tmp_path)


@pytest.mark.parametrize("phases", [1, 3])
@pytest.mark.parametrize("located", [True, False])
def test_positions_that_were_lost_are_refused_by_the_name_of_the_tag(
    tmp_path: Path, phases: int, located: bool
) -> None:
    def edit(ds: Dataset, k: int, p: int) -> None:
        ds.ImagePositionPatient = [0, 0, 0]
        if not located:
            del ds.SliceLocation

    save(make(phases=phases, edit=edit), tmp_path)
    with pytest.raises(InputError, match="have the same ImagePositionPatient"):
        read_study(tmp_path)


@pytest.mark.parametrize("located", [True, False])
def test_positions_that_were_lost_are_noticed_across_series(tmp_path: Path, located: bool) -> None:
    uids: dict[int, str] = {}

    def edit(ds: Dataset, k: int, p: int) -> None:
        own_series(ds, uids, k)
        ds.ImagePositionPatient = [0, 0, 0]
        if not located:
            del ds.SliceLocation

    save(make(edit=edit), tmp_path)
    with pytest.raises(InputError, match="have the same ImagePositionPatient"):
        read_study(tmp_path)


def test_long_axes_alone_are_no_stack_and_one_can_be_chosen(tmp_path: Path) -> None:
    for number, name in enumerate(("2ch", "3ch", "4ch")):
        made = make(positions=1, direction=turned(OBLIQUE, 60 * number), description=name, SeriesNumber=number)
        save(made, tmp_path)
    with pytest.raises(InputError, match=r"no images form a stack of 3 slices or more; .*--series chooses"):
        read_study(tmp_path)
    assert arrays(read_study(tmp_path, series="4ch")).shape[:2] == (3, 1)


def test_a_cine_of_one_slice_is_still_one(tmp_path: Path) -> None:
    assert arrays(read_study(save(make(positions=1, phases=5), tmp_path))).shape == (5, 1, *SHAPE)


def other_objects() -> dict[str, Dataset]:
    made = {}
    for kind in ("capture", "colour", "no spacing", "frames", "report", "CT"):
        (ds,) = make(positions=1, phases=1, description=kind, first=FIRST + 90)
        if kind == "capture":
            ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
            del ds.ImagePositionPatient, ds.ImageOrientationPatient
        elif kind == "colour":
            ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
            ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelData = 8, 8, 7, bytes(3 * 24 * 20)
        elif kind == "no spacing":
            del ds.PixelSpacing
        elif kind == "frames":
            ds.NumberOfFrames, ds.PixelData = 2, ds.PixelData * 2
        elif kind == "report":
            ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.88.11", "SR"
            del ds.Rows, ds.Columns, ds.PixelData
        else:
            ds.Modality = "CT"
        made[kind] = ds
    return made


WHY = {
    "capture": "it does not say where it lies",
    "colour": "in colour",
    "no spacing": "it does not say how large its pixels are, PixelSpacing",
    "frames": "many frames in a file that does not say where each of them lies",
    "report": "no image: Basic Text SR Storage",
    "CT": "its modality is CT, not MR",
}


@pytest.mark.parametrize("kind", WHY)
def test_another_object_beside_the_stack_is_passed_over_and_said(tmp_path: Path, kind: str) -> None:
    save(make(), tmp_path)
    save([other_objects()[kind]], tmp_path)
    study = read_study(tmp_path)
    assert np.array_equal(arrays(study), pixels_of(6, 3))
    assert reasons(study) == {USED: 18, WHY[kind]: 1}
    assert [note for note in study.notes if note.startswith(f"1 file left out ({WHY[kind]}): IM0018.dcm")]


def test_every_file_of_a_folder_is_accounted_for(tmp_path: Path) -> None:
    save(make(), tmp_path / "a")
    save(list(other_objects().values()), tmp_path / "b")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".DS_Store").write_bytes(bytes(10))
    (tmp_path / "DICOMDIR").write_bytes(bytes(300))
    study = read_study(tmp_path)
    files = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path for path, _ in study.source.files) == sorted(files)
    assert sum(why == USED for _, why in study.source.files) == 18


def test_two_patients_under_one_study_are_refused(tmp_path: Path) -> None:
    save(make(), tmp_path / "a")
    save(make(PatientID="M2"), tmp_path / "b")
    with pytest.raises(InputError, match="images of 2 patients"):
        read_study(tmp_path)


def test_a_series_name_that_is_not_ascii_is_said_as_it_is(tmp_path: Path) -> None:
    save(make(description="Kurzachse Übersicht", SpecificCharacterSet="ISO_IR 100"), tmp_path)
    save(make(positions=4, direction=AXIAL, description="Schräg", SpecificCharacterSet="ISO_IR 100"), tmp_path)
    study = read_study(tmp_path)
    assert study.source.description == "Kurzachse Übersicht"
    assert "another stack, Schräg: 4 slices x 3 phases, axial by its orientation" in reasons(study)


def test_a_link_to_a_folder_is_followed_and_gives_the_name(tmp_path: Path) -> None:
    save(make(), tmp_path / "store" / "1.2.3.4")
    (tmp_path / "patient7").symlink_to(tmp_path / "store", target_is_directory=True)
    (tmp_path / "store" / "back").symlink_to(tmp_path, target_is_directory=True)
    study = read_study(tmp_path / "patient7")
    assert (study.name, arrays(study).shape[:2]) == ("patient7", (3, 6))
