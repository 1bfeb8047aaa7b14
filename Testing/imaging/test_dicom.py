import logging
import os
import shutil
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import OBLIQUE, write_cine, write_slice
from hospital_files import make, save

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.dicom_files import attentive
from DCMMultiTaskLib.imaging.dicom_headers import read_images
from DCMMultiTaskLib.imaging.reading import read_study

SUNNYBROOK = Path(os.environ.get("DCM_DATA", Path(__file__).parents[2] / ".." / "shared" / "data" / "sunnybrook"))


def test_a_series_is_sorted_by_position_and_its_phases_by_trigger_time(tmp_path):
    pixels = write_cine(tmp_path / "study")
    frames = read_study(tmp_path / "study").phases
    assert len(frames) == 3
    for frame, expected in zip(frames, pixels, strict=True):
        np.testing.assert_array_equal(frame.array, expected)
        assert frame.array.dtype == np.int16
        assert frame.geometry.spacing == pytest.approx((1.25, 1.25, 8.0))
        assert frame.geometry.origin == pytest.approx((5, -7, 30))
        np.testing.assert_allclose(frame.geometry.direction, OBLIQUE, atol=1e-6)


def test_phases_without_trigger_times_are_sorted_by_instance_number(tmp_path):
    for number in range(6):
        place = OBLIQUE[:, 2] * 8.0 * (number // 2)
        write_slice(
            tmp_path / f"{9 - number}.dcm", np.full((16, 16), number, np.int16), position=place, t0020_0013=str(number)
        )
    frames = read_study(tmp_path).phases
    assert [frame.array[:, 0, 0].tolist() for frame in frames] == [[0, 2, 4], [1, 3, 5]]


def test_slices_of_unequal_pixel_spacing_keep_it_along_the_right_axes(tmp_path):
    write_cine(tmp_path, phases=1, spacing=(1.5, 0.9))
    assert read_study(tmp_path).phases[0].geometry.spacing[:2] == pytest.approx((1.5, 0.9))


def test_a_single_file_is_a_volume_of_one_slice(tmp_path):
    path = write_slice(tmp_path / "one.dcm", np.full((20, 30), 9, np.int16), position=(1, 2, 3))
    (volume,) = read_study(path).phases
    assert volume.array.shape == (1, 20, 30)
    assert volume.geometry.origin == (1, 2, 3)
    assert volume.geometry.spacing == (1.25, 1.25, 8.0)


def test_rescaled_values_that_are_not_whole_are_kept(tmp_path):
    for number, slope in enumerate(("1", "0.5", "0.25")):
        write_slice(
            tmp_path / f"{number}.dcm",
            np.full((16, 16), 10 * float(slope)),
            position=OBLIQUE[:, 2] * 8 * number,
            t0028_0100="16",
            t0028_0101="16",
            t0028_0102="15",
            t0028_0103="1",
            t0028_1052="0",
            t0028_1053=slope,
        )
    array = read_study(tmp_path).phases[0].array
    assert array.dtype == np.float32
    np.testing.assert_allclose(array[:, 0, 0], [10, 5, 2.5])


def test_other_files_localisers_and_long_axes_are_passed_over(tmp_path):
    pixels = write_cine(tmp_path / "a" / "b", phases=2)
    for number in range(2):
        write_slice(
            tmp_path / f"long{number}.dcm",
            np.zeros((24, 20), np.int16),
            direction=np.eye(3),
            series="9",
            t0020_0013="1",
        )
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / ".hidden.dcm").write_bytes(b"\0" * 200)
    frames = read_study(tmp_path).phases
    assert len(frames) == 2
    np.testing.assert_array_equal(frames[1].array, pixels[1])


def test_positions_stored_as_series_of_their_own_form_one_stack(tmp_path):
    pixels = write_cine(tmp_path, split_series=True)
    np.testing.assert_array_equal([frame.array for frame in read_study(tmp_path).phases], pixels)


def test_copies_of_an_image_count_once(tmp_path):
    pixels = write_cine(tmp_path / "series", phases=2)
    shutil.copytree(tmp_path / "series", tmp_path / "backup")
    np.testing.assert_array_equal([frame.array for frame in read_study(tmp_path).phases], pixels)


def test_of_two_stacks_the_cine_is_taken_and_said_and_a_series_can_be_chosen(tmp_path):
    pixels = write_cine(tmp_path / "a", description="cine SA", phases=2, t0020_0011="4")
    late = write_cine(tmp_path / "b", description="LGE SA", phases=1, series="5.6", t0020_0011="7")
    study = read_study(tmp_path)
    np.testing.assert_array_equal([phase.array for phase in study.phases], pixels)
    assert any("cine SA: 4 slices x 2 phases is taken, not LGE SA: 4 slices x 1 phase" in note for note in study.notes)
    for series in ("7", "LGE SA", "lge"):
        np.testing.assert_array_equal(read_study(tmp_path, series=series).volume.array, late[0])
    with pytest.raises(InputError, match=r"no series 'T2'; .* 4 cine SA: 8 images; 7 LGE SA: 4 images"):
        read_study(tmp_path, series="T2")


def test_a_folder_without_dicom_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match="holds no DICOM"):
        read_study(tmp_path)


def test_a_missing_image_leaves_its_phase_out_everywhere_and_says_so(tmp_path):
    pixels = write_cine(tmp_path, phases=5)
    gone = next(
        image for path in sorted(tmp_path.iterdir()) for image in read_images(path) if image.times["TriggerTime"] == 80
    )
    gone.path.unlink()
    study = read_study(tmp_path)
    np.testing.assert_array_equal([phase.array for phase in study.phases], pixels[[0, 1, 3, 4]])
    assert study.times_ms == (0, 40, 120, 160)
    assert any("different numbers of phases; the 4" in note for note in study.notes)
    assert sum(why == "other slices have no image of that phase" for _, why in study.source.files) == 3


def test_a_missing_slice_is_refused(tmp_path):
    write_cine(tmp_path, positions=5, phases=1)
    images = {path: read_study(path).phases[0].geometry.origin for path in tmp_path.glob("*.dcm")}
    next(
        path for path, origin in images.items() if np.allclose(origin, np.array([5, -7, 30]) + OBLIQUE[:, 2] * 16)
    ).unlink()
    with pytest.raises(InputError, match=r"8\.0 to 16\.0 mm apart"):
        read_study(tmp_path)


def test_slices_that_do_not_lie_above_each_other_are_refused(tmp_path):
    for number in range(4):
        place = OBLIQUE[:, 2] * 8.0 * number + OBLIQUE[:, 0] * 6.0 * number
        write_slice(tmp_path / f"{number}.dcm", np.zeros((16, 16), np.int16), position=place)
    with pytest.raises(InputError, match="above each other"):
        read_study(tmp_path)


@pytest.mark.parametrize("keep", [0, 300, 600, -40])
def test_a_truncated_file_in_a_series_is_refused(tmp_path, keep):
    write_cine(tmp_path)
    path = sorted(tmp_path.glob("*.dcm"))[0]
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"IM0000\.dcm: the DICOM file is damaged"):
        read_study(tmp_path)


def test_a_tag_that_is_no_number_is_refused(tmp_path):
    path = write_slice(tmp_path / "a.dcm", np.zeros((20, 20), np.int16), spacing=(1.25, 1.25))
    path.write_bytes(path.read_bytes().replace(rb"1.25\1.25", rb"1.25\a.bc"))
    with pytest.raises(InputError, match=r"a\.dcm: the DICOM tag \(0028,0030\) is damaged"):
        read_study(path)


def test_images_that_do_not_say_where_they_lie_are_refused(tmp_path):
    for number in range(3):
        path = write_slice(tmp_path / f"{number}.dcm", np.zeros((20, 20), np.int16))
        content = path.read_bytes()
        assert content.count(b"\x20\x00\x32\x00") == 1
        path.write_bytes(content.replace(b"\x20\x00\x32\x00", b"\x20\x00\x33\x00"))
    with pytest.raises(InputError, match="where they lie"):
        read_study(tmp_path)


def test_a_cut_report_in_the_folder_is_passed_over(tmp_path):
    write_cine(tmp_path, phases=1)
    (report,) = make(positions=1, phases=1)
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    del report.Rows, report.Columns, report.PixelData
    save([report], tmp_path, name="report.dcm")
    (tmp_path / "report.dcm").write_bytes((tmp_path / "report.dcm").read_bytes()[:500])
    assert read_study(tmp_path).volume.array.shape == (4, 24, 20)


@pytest.mark.real_data
@pytest.mark.skipif(not (SUNNYBROOK / "dicom").is_dir(), reason="needs the Sunnybrook data (DCM_DATA)")
def test_a_real_cine_series_has_10_slices_of_20_phases_and_its_last_is_the_contoured_one():
    frames = read_study(SUNNYBROOK / "dicom" / "SC-HF-I-04").phases
    assert len(frames) == 20
    assert frames[0].array.shape == (10, 256, 256)
    assert frames[0].geometry.spacing == pytest.approx((1.2891, 1.2891, 8.0), abs=1e-3)
    (contoured,) = read_study(SUNNYBROOK / "images" / "SC-HF-I-04.nrrd").phases
    # Frame 20 of each position, in instance order, which runs against the slice normal.
    for index in range(10):
        similarity = [
            np.corrcoef(frame.array[9 - index].ravel(), contoured.array[index].ravel())[0, 1] for frame in frames
        ]
        assert int(np.argmax(similarity)) == 19


def test_height_and_weight_come_along_and_zero_is_unknown(tmp_path: Path) -> None:
    for number, (height, weight) in enumerate((("1.8", "80"), ("0", ""))):
        folder = tmp_path / str(number)
        for k in range(3):
            pixels = np.full((20, 20), k + 1, np.int16)
            pixels[4:9] = 7
            write_slice(
                folder / f"{k}.dcm", pixels, position=8.0 * k * OBLIQUE[:, 2], t0010_1020=height, t0010_1030=weight
            )
        study = read_study(folder)
        assert (study.height_cm, study.weight_kg) == ((180, 80) if height == "1.8" else (None, None))


def test_what_pydicom_warns_of_is_counted_and_not_printed(capsys):
    logger = logging.getLogger("pydicom")
    assert logger.isEnabledFor(logging.WARNING)  # it remembers that it is
    with attentive() as said:
        assert not logger.isEnabledFor(logging.WARNING)
        pydicom.charset.convert_encodings("ISO_IR 999")
        warnings.warn("of something else, in another thread", stacklevel=1)
    assert logger.isEnabledFor(logging.WARNING)
    assert [text.split(" - ")[0] for text in said] == ["Unknown encoding 'ISO_IR 999'"]
    assert capsys.readouterr() == ("", "")
