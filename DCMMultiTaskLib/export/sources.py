"""The headers of the images that a DICOM object refers to; the patient is in them only where that is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.valuerep import DA, TM

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.dicom_files import attentive
from DCMMultiTaskLib.imaging.naming import pseudonym
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.imaging.volume import Geometry

# What objects are made of beside the patient: identity and place of the images.
_NEEDED = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "Rows",
    "Columns",
)
_PLACE = (
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
    *("Modality", "InstanceNumber", "PositionReferenceIndicator", "NumberOfFrames", "TriggerTime"),
)
_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
_PLACE_GROUPS = ("PixelMeasuresSequence", "PlanePositionSequence", "PlaneOrientationSequence")
# The patient and study modules, which the standard asks for even where they are empty.
_PATIENT = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate"),
    *("StudyTime", "ReferringPhysicianName"),
)
_METHOD = "Patient and study replaced; UIDs kept"
# Code meanings as in PS3.16 CID 7050.
_METHOD_CODES = (("113100", "Basic Application Confidentiality Profile"), ("113110", "Retain UIDs Option"))


def read_sources(study: Study, phases: Sequence[int], *, keep_identifiers: bool) -> dict[int, list[Dataset]]:
    """The headers of the images of each phase, each file once, in the order of the slices.

    What is not needed is left out, so that nothing that was not thought of can slip through.

    Raises:
        InputError: An image cannot be read, or does not say what an object has to refer to.
    """
    headers: dict[Path, Dataset] = {}
    sources = {}
    for phase in phases:
        paths = dict.fromkeys(instance.path for instance in study.source.instances[phase])
        for path in paths:
            if path not in headers:
                headers[path] = _read(path, study, keep=keep_identifiers)
        sources[phase] = [headers[path] for path in paths]
    first = next(iter(headers.values()))
    for header in headers.values():
        header.FrameOfReferenceUID = first.FrameOfReferenceUID
    return sources


def _read(path: Path, study: Study, *, keep: bool) -> Dataset:
    try:
        with attentive():
            header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
            source = Dataset()
            for name in (*_NEEDED, *_PLACE, *(_PATIENT if keep else ())):
                if header.get(name) is not None:
                    setattr(source, name, header[name].value)
            for name in _GROUPS:
                if header.get(name) and "ImagePositionPatient" not in header:  # old files have empty groups
                    setattr(source, name, DicomSequence([_place_alone(item) for item in header[name].value]))
            if "PerFrameFunctionalGroupsSequence" in source and "SharedFunctionalGroupsSequence" in source:
                _share_orientation(source)
    except Exception as error:  # pydicom meets damaged bytes with whatever they bring about
        raise InputError(f"{study.name}: an image of the study can no longer be read.") from error
    missing = [name for name in _NEEDED if not source.get(name)]
    if missing:
        raise InputError(
            f"{study.name}: its images do not say their {missing[0]}, so no DICOM object can refer to them."
        )
    if not keep:
        source.PatientID = pseudonym(source.StudyInstanceUID)
        source.PatientName = f"{source.PatientID}^"
    for name in _PATIENT:
        if name not in source or not _readable(source, name):
            setattr(source, name, "")
    if "PositionReferenceIndicator" not in source:
        source.PositionReferenceIndicator = ""
    return source


def _readable(source: Dataset, name: str) -> bool:
    """Whether a date or time can be one: some anonymising leaves 00000000."""
    kind = {"DA": DA, "TM": TM}.get(source[name].VR)
    try:
        return kind is None or kind(str(source[name].value)) is not None
    except (ValueError, TypeError):
        return False


def on_the_grid(sources: Sequence[Dataset], geometry: Geometry) -> tuple[list[Dataset], list[Dataset]]:
    """The images of one series whose pixels are the study's voxels, and the others (resampled, or of other series).

    Directions that differ by no more than rounding are made equal, as highdicom asks for.
    """
    same: list[Dataset] = []
    for source in sources:
        if "PerFrameFunctionalGroupsSequence" in source:
            return list(sources), []
        fits = (source.Columns, source.Rows) == geometry.size[:2] and np.allclose(
            np.array(source.ImageOrientationPatient, dtype=float), geometry.direction[:, :2].T.ravel(), atol=1e-3
        )
        if fits and (not same or source.SeriesInstanceUID == same[0].SeriesInstanceUID):
            source.ImageOrientationPatient = same[0].ImageOrientationPatient if same else source.ImageOrientationPatient
            same.append(source)
    return same, [source for source in sources if not any(source is one for one in same)]


def _place_alone(groups: Dataset) -> Dataset:
    kept = Dataset()
    for name in _PLACE_GROUPS:
        if name in groups:
            kept[name] = groups[name]
    return kept


def _share_orientation(source: Dataset) -> None:
    """All frames of a stack lie the same way; highdicom looks for it in the groups that they share."""
    shared, first = source.SharedFunctionalGroupsSequence[0], source.PerFrameFunctionalGroupsSequence[0]
    if "PlaneOrientationSequence" not in shared and "PlaneOrientationSequence" in first:
        shared.PlaneOrientationSequence = first.PlaneOrientationSequence


def mark_anonymous(dataset: Dataset) -> None:
    """Say in an object that its patient was replaced."""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = _METHOD
    codes = []
    for value, meaning in _METHOD_CODES:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
        codes.append(code)
    dataset.DeidentificationMethodCodeSequence = DicomSequence(codes)
