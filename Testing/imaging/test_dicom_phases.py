"""Which images belong to one moment, whatever tags are left, and how images are stored."""

import struct
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import OBLIQUE
from hospital_files import FIRST, SHAPE, STEP, enhanced, make, pixels_of, save
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless, generate_uid

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.study import Study


def arrays(study: Study) -> np.ndarray:
    return np.array([phase.array for phase in study.phases])


def bare(ds: Dataset) -> None:
    ds.TriggerTime = None
    ds.InstanceNumber = None


def by_temporal_position(ds: Dataset, k: int, p: int) -> None:
    bare(ds)
    ds.TemporalPositionIdentifier = p + 1


def by_content_time(ds: Dataset, k: int, p: int) -> None:
    bare(ds)
    ds.ContentTime = f"1015{k:02d}.{p:02d}0000"


def by_acquisition_time_phase_by_phase(ds: Dataset, k: int, p: int) -> None:
    bare(ds)
    ds.AcquisitionTime = f"1015{p:02d}.{k:02d}0000"


def by_instance_number(ds: Dataset, k: int, p: int) -> None:
    ds.TriggerTime = None
    ds.ContentTime = "101500"


def by_instance_number_phase_by_phase(ds: Dataset, k: int, p: int) -> None:
    ds.TriggerTime, ds.InstanceNumber = 0, p * 6 + k + 1


ORDERS = {
    "TemporalPositionIdentifier": by_temporal_position,
    "ContentTime": by_content_time,
    "AcquisitionTime": by_acquisition_time_phase_by_phase,
    "InstanceNumber": by_instance_number,
    "InstanceNumber ": by_instance_number_phase_by_phase,
}


@pytest.mark.parametrize("tag", ORDERS)
def test_without_trigger_times_the_next_complete_tag_orders_the_phases_and_is_named(tmp_path: Path, tag: str) -> None:
    study = read_study(save(make(edit=ORDERS[tag]), tmp_path))
    assert np.array_equal(arrays(study), pixels_of(6, 3))
    assert study.times_ms is None
    assert any(f"in the order of {tag.strip()}:" in note for note in study.notes)


def test_phases_without_any_order_are_refused(tmp_path: Path) -> None:
    save(make(edit=lambda ds, k, p: bare(ds)), tmp_path)
    with pytest.raises(InputError, match=r"order of the phases is not known: none of TriggerTime, .* InstanceNumber"):
        read_study(tmp_path)


def test_instance_numbers_that_do_not_run_alike_are_no_order(tmp_path: Path) -> None:
    numbers = np.random.default_rng(3).permutation(18).reshape(6, 3) + 1

    def edit(ds: Dataset, k: int, p: int) -> None:
        ds.TriggerTime, ds.InstanceNumber = None, int(numbers[k, p])

    save(make(edit=edit), tmp_path)
    with pytest.raises(InputError, match="order of the phases is not known"):
        read_study(tmp_path)


def test_a_trigger_time_that_is_missing_at_one_position_is_not_used(tmp_path: Path) -> None:
    def edit(ds: Dataset, k: int, p: int) -> None:
        ds.TriggerTime = None if k == 2 else 40 * (2 - p)

    assert np.array_equal(arrays(read_study(save(make(edit=edit), tmp_path))), pixels_of(6, 3))


def test_positions_with_more_phases_are_brought_to_the_common_ones(tmp_path: Path) -> None:
    fine = make(positions=1, phases=8, TriggerTime=0, edit=lambda ds, k, p: setattr(ds, "TriggerTime", 20 * p))
    coarse = make(
        positions=5,
        phases=4,
        first=FIRST + OBLIQUE[:, 2] * STEP,
        edit=lambda ds, k, p: setattr(ds, "TriggerTime", 40 * p),
    )
    for ds in fine:
        ds.SeriesInstanceUID = coarse[0].SeriesInstanceUID
    study = read_study(save(fine + coarse, tmp_path))
    assert np.array_equal(arrays(study)[:, 0], pixels_of(1, 8)[::2, 0])
    assert np.array_equal(arrays(study)[:, 1:], pixels_of(5, 4))
    assert any("different numbers of phases; the 4" in note for note in study.notes)


def test_a_position_with_hardly_any_phase_is_refused(tmp_path: Path) -> None:
    images = make(positions=4, phases=6)
    save(images[:1] + images[6:], tmp_path)
    with pytest.raises(InputError, match="not complete: its 4 slice positions have 1 to 6 images"):
        read_study(tmp_path)


def phase_image(ds: Dataset, number: int) -> None:
    values = np.random.default_rng(number).integers(0, 4096, SHAPE).astype(np.uint16)
    ds.PixelData, ds.SOPInstanceUID = values.tobytes(), generate_uid()
    ds.InstanceNumber += 1000


@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("phases", [1, 3])
def test_magnitude_and_phase_images_of_one_series_are_told_apart(tmp_path: Path, stated: bool, phases: int) -> None:
    def edit(ds: Dataset, k: int, p: int) -> None:  # a bright chest in dark air
        plane = np.frombuffer(ds.PixelData, np.uint16).reshape(SHAPE).copy()
        plane[:, :12] = 3 + p
        ds.PixelData = plane.tobytes()

    magnitude = make(phases=phases, edit=edit)
    other = make(phases=phases, SeriesInstanceUID=magnitude[0].SeriesInstanceUID)
    for number, ds in enumerate(other):
        phase_image(ds, number)
        if stated:
            ds.ImageType = ["ORIGINAL", "PRIMARY", "P", "ND"]
    study = read_study(save(magnitude + other, tmp_path))
    assert np.array_equal(arrays(study)[..., 12:], pixels_of(6, phases)[..., 12:])
    why = "a phase image, not magnitude" if stated else "its values are not those of magnitude images"
    assert sum(reason == why for _, reason in study.source.files) == 6 * phases


def test_two_images_of_one_kind_at_every_moment_are_refused(tmp_path: Path) -> None:
    first = make()
    second = make(SeriesInstanceUID=first[0].SeriesInstanceUID)
    for ds in second:
        ds.InstanceNumber += 1000
    save(first + second, tmp_path)
    with pytest.raises(InputError, match="every trigger time has two images"):
        read_study(tmp_path)


def test_pairs_of_images_of_which_one_position_lacks_a_moment_are_refused(tmp_path: Path) -> None:
    first = make()
    second = make(SeriesInstanceUID=first[0].SeriesInstanceUID)
    for number, ds in enumerate(second):
        phase_image(ds, number)
    save(first[:-1] + second[:-1], tmp_path)
    with pytest.raises(InputError, match="order of the phases is not known"):
        read_study(tmp_path)


def test_echoes_of_one_series_are_not_phases(tmp_path: Path) -> None:
    save(make(phases=3, edit=lambda ds, k, p: setattr(ds, "EchoTime", 2.0 + 3 * p)), tmp_path)
    study = read_study(tmp_path)
    assert len(study.phases) == 1
    assert any("3 stacks of images could be meant" in note for note in study.notes)


def test_files_without_preamble_and_without_suffix_are_read(tmp_path: Path) -> None:
    save(make(), tmp_path, name="{}", preamble=False)
    (tmp_path / "readme").write_text("no image")
    study = read_study(tmp_path)
    assert np.array_equal(arrays(study), pixels_of(6, 3))
    assert any("1 file left out (not DICOM): readme" in note for note in study.notes)


def test_a_dicomdir_stands_for_its_folder(tmp_path: Path) -> None:
    save(make(), tmp_path / "DICOM" / "S1", name="IM{}", syntax=ImplicitVRLittleEndian)
    (tmp_path / "DICOMDIR").write_bytes(bytes(200))
    study = read_study(tmp_path / "DICOMDIR")
    assert study.name == tmp_path.name
    assert np.array_equal(arrays(study), pixels_of(6, 3))


@pytest.mark.parametrize("alone", [True, False])
def test_enhanced_frames_are_sorted_and_rescaled(tmp_path: Path, alone: bool) -> None:
    images = [make()[place] for place in np.random.default_rng(5).permutation(18)]
    save([enhanced(images)], tmp_path, name="enhanced.dcm")
    study = read_study(tmp_path / "enhanced.dcm" if alone else tmp_path)
    assert np.array_equal(arrays(study), 2 * pixels_of(6, 3).astype(int) + 1)
    assert study.times_ms == (0, 40, 80)
    assert study.geometry.spacing == pytest.approx((1.25, 1.25, STEP), abs=1e-4)
    assert study.source.instances[0][0].frame == 1 + next(
        place for place, ds in enumerate(images) if ds.InstanceNumber == 1
    )


def test_enhanced_frames_cut_short_are_refused(tmp_path: Path) -> None:
    path = save([enhanced(make())], tmp_path, name="enhanced.dcm") / "enhanced.dcm"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"enhanced\.dcm: the DICOM file is damaged"):
        read_study(path)


def rle(row: bytes) -> bytes:
    """Literal runs alone, which every decoder has to take."""
    runs = [row[begin : begin + 128] for begin in range(0, len(row), 128)]
    coded = b"".join(bytes([len(run) - 1]) + run for run in runs)
    return coded + bytes(len(coded) % 2)


def test_rle_is_read(tmp_path: Path) -> None:
    def edit(ds: Dataset, k: int, p: int) -> None:
        plane = np.frombuffer(ds.PixelData, np.uint16).reshape(SHAPE)
        segments = [rle(plane.astype(np.uint16).view(np.uint8).reshape(-1, 2)[:, byte].tobytes()) for byte in (1, 0)]
        header = struct.pack("<16I", 2, 64, 64 + len(segments[0]), *[0] * 13)
        ds.PixelData = encapsulate([header + b"".join(segments)])
        ds["PixelData"].is_undefined_length = True

    save(make(edit=edit), tmp_path, syntax=RLELossless)
    assert np.array_equal(arrays(read_study(tmp_path)), pixels_of(6, 3))


def test_jpeg_2000_is_read(tmp_path: Path) -> None:
    import SimpleITK as sitk

    for number, plane in enumerate(pixels_of(4, 1)[0]):
        image = sitk.GetImageFromArray(plane[None])
        image.SetSpacing((1.25, 1.25, STEP))
        (ds,) = make(positions=1, phases=1, first=FIRST + OBLIQUE[:, 2] * STEP * number, SeriesInstanceUID="1.2.9")
        writer = sitk.ImageFileWriter()
        writer.SetImageIO("GDCMImageIO")
        writer.SetUseCompression(True)
        writer.SetCompressor("JPEG2000")
        writer.SetFileName(str(tmp_path / "coded.dcm"))
        writer.Execute(image)
        ds.PixelData = pydicom.dcmread(tmp_path / "coded.dcm").PixelData
        ds["PixelData"].is_undefined_length = True
        (tmp_path / "coded.dcm").unlink()
        save([ds], tmp_path / "series", syntax=JPEG2000Lossless)
    assert np.array_equal(arrays(read_study(tmp_path / "series")), pixels_of(4, 1))


def test_pixels_that_no_decoder_reads_are_refused_by_the_name_of_their_compression(tmp_path: Path) -> None:
    def edit(ds: Dataset, k: int, p: int) -> None:
        ds.PixelData = encapsulate([b"\xff\xd8 no such code \xff\xd9"])
        ds["PixelData"].is_undefined_length = True

    save(make(edit=edit), tmp_path, syntax=JPEGLSLossless)
    with pytest.raises(InputError, match=r"compressed \(JPEG-LS Lossless.*no installed decoder"):
        read_study(tmp_path)


def test_bits_above_those_that_are_stored_are_not_pixels(tmp_path: Path) -> None:
    def edit(ds: Dataset, k: int, p: int) -> None:
        ds.BitsStored, ds.HighBit = 12, 11
        ds.PixelData = (np.frombuffer(ds.PixelData, np.uint16) | 0xF000).astype(np.uint16).tobytes()

    assert np.array_equal(arrays(read_study(save(make(edit=edit), tmp_path))), pixels_of(6, 3))
