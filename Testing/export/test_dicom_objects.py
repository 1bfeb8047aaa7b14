"""DICOM objects read back: on the source's grid, referring to its images, with the measurements and no identity."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from drawn_studies import drawn_study
from imaging.hospital_files import enhanced, make, save

from DCMMultiTaskLib.cli import main
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.reading import read_study
from DCMMultiTaskLib.imaging.writing import write_volume
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.phantom import make_phantom

hd = pytest.importorskip("highdicom", reason="needs the extra dicom")
from DCMMultiTaskLib.export.dicom import write_dicom  # noqa: E402

SHORT_AXIS = np.array([[0.7, -0.3, -0.65], [0.71, 0.27, 0.65], [-0.02, -0.91, 0.4]])
SHORT_AXIS, _ = np.linalg.qr(SHORT_AXIS)
SHORT_AXIS *= np.sign(SHORT_AXIS[0]) * [1, -1, 1]
SHORT_AXIS[:, 2] = np.cross(SHORT_AXIS[:, 0], SHORT_AXIS[:, 1])
PLANTED = {"PatientName": "Planted^Name", "PatientID": "SECRET-77"}
PLANTED |= {"PatientBirthDate": "19550102", "StudyDate": "20190304", "InstitutionName": "Planted Hospital"}


def images(phases: int = 1, **values: object) -> list[pydicom.Dataset]:
    known = {"FrameOfReferenceUID": "1.2.3.9", **PLANTED, **values}
    return make(positions=6, phases=phases, direction=SHORT_AXIS, **known)


def result_of(folder: Path) -> Result:
    """Rings on the study that is read from a folder, one row and column larger in each phase."""
    study = read_study(folder)
    labels = {}
    for number in range(len(study.phases)):
        rows, columns = np.indices(study.geometry.shape[1:]) - np.array([10 + number, 9])[:, None, None]
        radius = np.hypot(rows, columns)
        labels[number] = np.broadcast_to(1 * (radius < 7) + (radius < 4), study.geometry.shape).astype(np.uint8).copy()
        labels[number][0] = 0
    return replace(drawn_study(slices=6), study=study, labels=labels, activation=None)


def places(mask: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Where the voxels of a mask lie, mm (LPS), in an order of their own."""
    points = np.argwhere(mask) @ affine[:3, :3].T + affine[:3, 3]
    return points[np.lexsort(np.round(points, 2).T)]


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., tuple[Result, list[Path]]]:
    def write(datasets: list[pydicom.Dataset], **options: bool) -> tuple[Result, list[Path]]:
        result = result_of(save(datasets, tmp_path / "study"))
        return result, write_dicom(result, tmp_path / "out", **options)

    return write


def test_the_segmentation_has_the_labels_on_the_sources_grid(written) -> None:
    result, files = written(images())
    assert [file.name for file in files] == ["study_seg.dcm", "study_report.dcm"]
    mask = hd.seg.segread(files[0])
    found = mask.get_volume(combine_segments=True)
    for label in (1, 2):
        expected = places(result.label_map == label, result.geometry.index_to_lps[:, [2, 1, 0, 3]])
        np.testing.assert_allclose(places(found.array == label, found.affine), expected, atol=1e-3)
    assert found.spacing == pytest.approx((8, 1.25, 1.25), abs=1e-3)
    assert mask.FrameOfReferenceUID == "1.2.3.9"
    assert [one.segment_label for one in mask.SegmentSequence] == ["Myocardium", "LV cavity"]
    algorithm = mask.get_segment_description(1).algorithm_identification
    assert (algorithm.name, algorithm.version) == (result.provenance.model, result.provenance.model_version)
    assert result.provenance.model_sha256 in algorithm.parameters.values()


def test_every_frame_refers_to_the_image_at_its_place(written) -> None:
    datasets = images()
    _, files = written(datasets)
    places = {ds.SOPInstanceUID: np.array(ds.ImagePositionPatient, dtype=float) for ds in datasets}
    frames = pydicom.dcmread(files[0]).PerFrameFunctionalGroupsSequence
    assert len(frames) == 2 * 5  # the empty slice is left out
    for frame in frames:
        (source,) = frame.DerivationImageSequence[0].SourceImageSequence
        place = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        np.testing.assert_allclose(place, places[source.ReferencedSOPInstanceUID], atol=1e-3)


def test_a_cine_has_a_segmentation_for_every_phase_that_was_kept(written) -> None:
    datasets = images(phases=3)
    result, files = written(datasets)
    assert [file.name for file in files] == [*(f"study_seg-{n:02d}.dcm" for n in (1, 2, 3)), "study_report.dcm"]
    times = {ds.SOPInstanceUID: ds.TriggerTime for ds in datasets}
    series, tracking = set(), set()
    for number, file in enumerate(files[:-1]):
        mask = hd.seg.segread(file)
        counted = mask.get_volume(combine_segments=True).array
        assert (counted == 1).sum() == (result.labels[number] == 1).sum()
        refers = [one.ReferencedSOPInstanceUID for one in mask.ReferencedSeriesSequence[0].ReferencedInstanceSequence]
        assert {times[uid] for uid in refers} == {40 * number}
        series.add(mask.SeriesInstanceUID)
        tracking.add(mask.get_segment_description(2).tracking_uid)
    assert len(series) == len(tracking) == 1
    report = hd.sr.srread(files[-1])
    (whole,) = report.content.get_image_measurement_groups()
    found = {m.name.meaning: m.value for m in whole.get_measurements()}
    assert found["Left ventricular ejection fraction by MR"] == pytest.approx(
        result.heart_beat.ejection_fraction_percent, abs=1e-3
    )
    assert found["Left Ventricular End Diastolic Volume"] == pytest.approx(result.heart_beat.edv_ml, abs=1e-3)


def test_the_report_has_the_measurements_their_model_and_the_segment_they_belong_to(written) -> None:
    result, files = written(images())
    mask, report = pydicom.dcmread(files[0]), hd.sr.srread(files[1])
    groups = report.content.get_volumetric_roi_measurement_groups()
    by_label = {group.tracking_identifier: group for group in groups}
    cavity, wall = by_label["LV cavity"], by_label["Myocardium"]
    for group, segment in ((wall, mask.SegmentSequence[0]), (cavity, mask.SegmentSequence[1])):
        assert group.tracking_uid == segment.TrackingUID
    numbers = {m.name.meaning: (m.value, m.unit.value) for m in cavity.get_measurements()}
    assert numbers["Volume"] == (pytest.approx(result.measurements.lv_cavity_volume_ml, abs=1e-3), "ml")
    numbers = {m.name.meaning: (m.value, m.unit.value) for m in wall.get_measurements() if not m.finding_sites}
    assert numbers["Left Ventricle Mass"] == (pytest.approx(result.measurements.myocardium_mass_g, abs=1e-3), "g")
    sites = [(m.finding_sites[0].value.meaning, m.value) for m in wall.get_measurements() if m.finding_sites]
    known = [mean for mean in result.wall_segments.mean_mm.values() if np.isfinite(mean)]
    assert result.wall_segments.named and sorted(value for _, value in sites) == pytest.approx(sorted(known), abs=1e-3)
    text = report.to_json()
    assert result.provenance.model in text and result.provenance.model_sha256 in text
    assert "DCM-like phenotype, research use only" in text
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    parts = study.ReferencedSeriesSequence
    evidence = {one.ReferencedSOPInstanceUID for part in parts for one in part.ReferencedSOPSequence}
    assert mask.SOPInstanceUID in evidence and len(evidence) == 7


def test_no_identifier_is_copied_unless_that_is_wanted(written) -> None:
    datasets = images()
    for file in written(datasets)[1]:
        content, dataset = file.read_bytes(), pydicom.dcmread(file)
        assert not any(value.encode() in content for value in PLANTED.values())
        assert (dataset.PatientIdentityRemoved, dataset.StudyInstanceUID) == ("YES", "1.2.3")
        assert re.fullmatch(r"study-\w+", dataset.PatientID)
    for file in written(datasets, keep_identifiers=True)[1]:
        dataset = pydicom.dcmread(file)
        assert (dataset.PatientName, dataset.PatientID, dataset.StudyDate) == ("Planted^Name", "SECRET-77", "20190304")
        assert "PatientIdentityRemoved" not in dataset


def test_frames_of_an_enhanced_file_are_referred_to(written) -> None:
    whole = enhanced(images())
    whole.FrameOfReferenceUID = "1.2.3.9"
    result, files = written([whole])
    mask = hd.seg.segread(files[0])
    assert (mask.get_volume(combine_segments=True).array == 2).sum() == (result.label_map == 2).sum()
    assert pydicom.dcmread(files[1]).Modality == "SR"


def test_slices_of_several_series_and_rounded_directions_are_one_segmentation(written) -> None:
    datasets = images()
    for number, ds in enumerate(datasets):
        ds.SeriesInstanceUID = f"1.2.3.4.{number + 1}"
        ds.FrameOfReferenceUID = f"1.2.3.9.{number + 1}"  # as anonymising leaves them
        ds.ImageOrientationPatient[0] = f"{float(ds.ImageOrientationPatient[0]) + 1e-6 * number:.7f}"
    result, files = written(datasets)
    assert (hd.seg.segread(files[0]).get_volume(combine_segments=True).array == 1).sum() == (
        result.label_map == 1
    ).sum()


def test_a_study_from_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="refer to DICOM images"):
        write_dicom(drawn_study(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_images_without_a_frame_of_reference_are_refused(written, tmp_path: Path) -> None:
    datasets = images()
    for ds in datasets:
        del ds.FrameOfReferenceUID
    with pytest.raises(InputError, match="FrameOfReferenceUID"):
        written(datasets)
    assert not (tmp_path / "out").exists()


def test_the_command_writes_them_and_refuses_other_files(tmp_path: Path, tiny_model: Path, capsys) -> None:
    save(images(), tmp_path / "study")
    options = ["-o", str(tmp_path / "out"), "--model", str(tiny_model), "--dicom"]
    assert main(["predict", str(tmp_path / "study"), *options]) == 0
    assert {"study_seg.dcm", "study_report.dcm"} < {path.name for path in (tmp_path / "out").iterdir()}
    write_volume(tmp_path / "heart.nrrd", make_phantom(3, slices=3, matrix=(96, 96)).volume)
    capsys.readouterr()
    assert main(["predict", str(tmp_path / "heart.nrrd"), *options]) == 2
    assert capsys.readouterr().err.endswith("and this study comes from other files.\n")


def test_a_batch_writes_them_and_other_files_fail_alone(tmp_path: Path, tiny_model: Path, capsys) -> None:
    save(images(), tmp_path / "in" / "study")
    write_volume(tmp_path / "in" / "heart.nrrd", make_phantom(3, slices=3, matrix=(96, 96)).volume)
    output = tmp_path / "out"
    assert main(["batch", str(tmp_path / "in"), "-o", str(output), "--model", str(tiny_model), "--dicom"]) == 1
    assert "heart: failed: heart: DICOM objects refer to DICOM images" in capsys.readouterr().out
    (mask,), (report,) = (list(output.glob(f"studies/*/*_{kind}.dcm")) for kind in ("seg", "report"))
    assert hd.seg.segread(mask).number_of_segments == 2
    hd.sr.srread(report)
    assert not [path for path in (mask, report) if b"Planted" in path.read_bytes() or b"SECRET" in path.read_bytes()]


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="needs dciodvfy (Debian: dicom3tools)")
@pytest.mark.parametrize("phases", [1, 2])
def test_dciodvfy_finds_no_error(written, phases: int) -> None:
    for file in written(images(phases=phases))[1]:
        said = subprocess.run(["dciodvfy", str(file)], capture_output=True, text=True, check=False)
        assert not [line for line in (said.stdout + said.stderr).splitlines() if line.startswith("Error")]


@pytest.mark.parametrize("label", [0, 1])
def test_a_result_without_a_heart_or_without_a_cavity_is_written(tmp_path: Path, label: int) -> None:
    result = result_of(save(images(), tmp_path / "study"))
    empty = replace(result, labels={0: np.minimum(result.label_map, label)})
    mask, report = write_dicom(empty, tmp_path / "out")
    assert hd.seg.segread(mask).number_of_segments == 2
    groups = hd.sr.srread(report).content.get_volumetric_roi_measurement_groups()
    assert [group.tracking_identifier for group in groups] == ["Myocardium"][:label]
    write_dicom(replace(empty, dcm_probability=float("nan")), tmp_path / "unknown")
