"""What the header of a DICOM file says about each image in it; pydicom reads it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import UID

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.dicom_files import (
    DIRECTORY,
    NOT_DICOM,
    OTHER_SUFFIXES,
    SUFFIXES,
    LeftOut,
    is_directory,
    number_of,
    numbers_of,
    patient_of,
    read_header,
    stated_kind,
    tag_numbers,
    text_of,
    time_of,
)
from DCMMultiTaskLib.imaging.identifiers import Identifiers
from DCMMultiTaskLib.imaging.technical_words import HIDDEN, technical

TIME_TAGS = ("TriggerTime", "TemporalPositionIdentifier", "ContentTime", "AcquisitionTime", "InstanceNumber")
"""What can tell the order of the phases, the most trusted first."""

_TAGS = tag_numbers(
    *("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "PatientID", "PatientName"),
    *("PatientSize", "PatientWeight"),
    *("Modality", "SeriesDescription", "SeriesNumber", "ImageType", "ComplexImageComponent", "NumberOfFrames"),
    *("Rows", "Columns", "SamplesPerPixel", "PixelSpacing", "SpacingBetweenSlices", "SliceThickness"),
    *("ImagePositionPatient", "ImageOrientationPatient", "SliceLocation", "CardiacNumberOfImages"),
    *("NumberOfTemporalPositions", "EchoTime", "InversionTime", "RescaleSlope", "RescaleIntercept", *TIME_TAGS),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
)
_COMPONENTS = {
    "phase": ("P", "PHASE", "PHASE MAP", "PHASE CONTRAST", "VELOCITY MAP"),
    "real": ("R", "REAL", "PSIR"),
    "imaginary": ("I", "IMAGINARY"),
}


@dataclass(frozen=True, eq=False)
class DicomImage:
    """One image of a file, of which enhanced files hold many.

    Attributes:
        path: The file.
        frame: Number of the image in its file, from 1.
        instance: SOP instance UID.
        series: Series instance UID.
        study: Study instance UID.
        patient: Tells patients apart; not kept with the study.
        number: Series number.
        description: Series description, or its number.
        label: The same for messages: without words that may be names.
        component: `magnitude`, `phase`, `real` or `imaginary`.
        traits: Image type, echo time and inversion time: differ between kinds of images, not between heart phases.
        size: Columns and rows.
        spacing: Pixel size in mm along a row and along a column, and the slices' distance as far as the file knows.
        position: LPS of the first pixel's centre; None where the file does not say.
        direction: `(3, 3)`, columns along a row, along a column, normal.
        location: Slice location; None where the file does not say.
        times: Value of each of `TIME_TAGS`; None where the file does not say.
        phases: How many phases the file says a position has; None where it does not say.
        rescale: Slope and intercept.
        height_cm: Of the patient; None where the file does not say.
        weight_kg: See there.
    """

    path: Path
    frame: int
    instance: str
    series: str
    study: str
    patient: str
    number: str
    description: str
    label: str
    component: str
    traits: tuple[object, ...]
    size: tuple[int, int]
    spacing: tuple[float, float, float]
    position: np.ndarray | None
    direction: np.ndarray
    location: float | None
    times: Mapping[str, float | None]
    phases: int | None
    rescale: tuple[float, float]
    height_cm: float | None
    weight_kg: float | None

    @property
    def identity(self) -> tuple[object, ...]:
        """The same in every copy of an image; the UID alone is not enough where anonymising made all of them one."""
        place = None if self.position is None else tuple(self.position.tolist())
        return self.instance, self.frame, tuple(self.times.values()), place, self.location

    @property
    def normal(self) -> np.ndarray:
        """Unit vector (LPS) along the slices."""
        return self.direction[:, 2]

    @property
    def centre(self) -> np.ndarray:
        """Middle of the image in mm (LPS); that of an image at the origin where the file does not say."""
        half = (np.array(self.size) - 1) / 2 * self.spacing[:2]
        corner = np.zeros(3) if self.position is None else self.position
        return corner + self.direction[:, :2] @ half

    @property
    def field_of_view(self) -> np.ndarray:
        """Width and height in mm."""
        return np.array(self.size) * self.spacing[:2]


def read_images(path: Path, known: Identifiers | None = None) -> list[DicomImage]:
    """Every image of a file.

    Args:
        path: The file.
        known: Is told what the header says of the patient; without it labels are descriptions as they are.

    Raises:
        LeftOut: The file holds no grey MR image whose pixels have a size.
        InputError: It is damaged.
    """
    known, named = known or Identifiers(keep=True), path.suffix.lower() in SUFFIXES
    if path.suffix.lower() in OTHER_SUFFIXES:
        raise LeftOut(path, NOT_DICOM)
    if path.exists() and not path.is_file():  # opening a pipe waits without end
        raise LeftOut(path, "it is no file")
    try:
        header = read_header(path, _TAGS if known.keep else None)
    except OSError as error:
        raise LeftOut(path, f"it cannot be opened: {error.strerror}") from error
    except InputError as error:
        with suppress(InputError):  # the damage may lie behind what tells who the patient is
            known.add(read_header(path, None, until="BodyPartExamined"))
        if not (named or pydicom.misc.is_dicom(path)):
            raise LeftOut(path, NOT_DICOM) from error
        kind = stated_kind(path)
        if kind and "image" not in kind.name.lower():
            raise LeftOut(path, f"no image: {_called(kind)}") from error
        raise
    if not named and "SOPClassUID" not in header:
        raise LeftOut(path, NOT_DICOM)
    known.add(header)
    try:
        return _images(path, header, known)
    except InputError:
        raise
    except Exception as error:  # pydicom meets damaged bytes with whatever they bring about
        raise InputError(f"{path.name}: the DICOM file is damaged or not complete.") from error


def _images(path: Path, header: pydicom.Dataset, known: Identifiers) -> list[DicomImage]:
    kind = UID(text_of(header, "SOPClassUID")) or stated_kind(path) or UID("")
    if kind == DIRECTORY or is_directory(path):
        raise LeftOut(path, "an index of other files, DICOMDIR")
    of_mr = not kind or (kind.name.lower().find("mr image") >= 0)
    if not (header.get("Rows") and header.get("Columns")):
        if of_mr:
            raise InputError(f"{path.name}: the DICOM file is damaged or not complete.")
        raise LeftOut(path, f"no image: {_called(kind)}")
    modality = text_of(header, "Modality")
    if modality not in ("MR", "OT", ""):
        raise LeftOut(path, f"its modality is {modality if len(modality) < 5 else 'another one'}, not MR")
    if (header.get("SamplesPerPixel") or 1) > 1:
        raise LeftOut(path, "in colour")
    frames = int(number_of(header, "NumberOfFrames") or 1)
    groups = header.get("PerFrameFunctionalGroupsSequence")
    if groups is not None and len(groups) == frames and (frames > 1 or "PixelSpacing" not in header):
        shared = header.get("SharedFunctionalGroupsSequence") or [pydicom.Dataset()]
        numbered = enumerate(groups, start=1)
        return [_image(path, _Frame(header, one, shared[0], number), known) for number, one in numbered]
    if frames > 1:
        raise LeftOut(path, "many frames in a file that does not say where each of them lies")
    return [_image(path, _Frame(header), known)]


def _called(kind: UID) -> str:
    """The name of a standard object; damaged bytes in place of its UID may hold anything."""
    return "an object that DICOM does not name" if kind.name == kind else kind.name


class _Frame:
    """The values of one image: its own group, then the groups that all share, then the file's top level."""

    def __init__(
        self,
        header: pydicom.Dataset,
        own: pydicom.Dataset | None = None,
        shared: pydicom.Dataset | None = None,
        number: int = 1,
    ) -> None:
        self.header, self.own, self.shared, self.number = header, own, shared, number

    def source(self, name: str, group: str = "") -> pydicom.Dataset:
        for groups in (self.own, self.shared):
            items = groups.get(group) if groups is not None and group else None
            if items and name in items[0]:
                return items[0]
        return self.header


def _image(path: Path, frame: _Frame, known: Identifiers) -> DicomImage:
    header = frame.header

    def numbers(name: str, group: str = "") -> list[float]:
        return numbers_of(path, frame.source(name, group), name)

    pixel_spacing = numbers("PixelSpacing", "PixelMeasuresSequence")
    if len(pixel_spacing) != 2:
        raise LeftOut(path, "it does not say how large its pixels are, PixelSpacing")
    if min(pixel_spacing) <= 0:
        raise InputError(f"{path.name}: its pixel spacing is not positive.")
    between = (numbers(name, "PixelMeasuresSequence") for name in ("SpacingBetweenSlices", "SliceThickness"))
    distance = next((abs(values[0]) for values in between if values and values[0]), 1.0)
    position = numbers("ImagePositionPatient", "PlanePositionSequence")
    orientation = numbers("ImageOrientationPatient", "PlaneOrientationSequence")
    located = len(position) == 3 and len(orientation) == 6
    direction = np.eye(3)
    if located:
        direction[:, 0], direction[:, 1] = orientation[:3], orientation[3:]
        direction[:, 2] = np.cross(direction[:, 0], direction[:, 1])
        if not np.isclose(np.linalg.norm(direction[:, 2]), 1, atol=0.02):
            raise InputError(f"{path.name}: the DICOM tag (0020,0037) is damaged.")
    times = {name: time_of(header, name) for name in TIME_TAGS}
    image_type, component = header.get("ImageType"), text_of(header, "ComplexImageComponent")
    if frame.own is not None:
        content = frame.source("TemporalPositionIndex", "FrameContentSequence")
        times = {
            "TriggerTime": number_of(
                frame.source("NominalCardiacTriggerDelayTime", "CardiacSynchronizationSequence"),
                "NominalCardiacTriggerDelayTime",
            ),
            "TemporalPositionIdentifier": number_of(content, "TemporalPositionIndex"),
            "ContentTime": None,
            "AcquisitionTime": time_of(
                frame.source("FrameAcquisitionDateTime", "FrameContentSequence"), "FrameAcquisitionDateTime"
            ),
            "InstanceNumber": float(frame.number),
        }
        image_type = frame.source("FrameType", "MRImageFrameTypeSequence").get("FrameType") or image_type
        component = text_of(frame.source("ComplexImageComponent", "MRImageFrameTypeSequence"), "ComplexImageComponent")
    kinds = tuple(
        str(part).strip().upper() for part in ([image_type] if isinstance(image_type, str) else image_type or ())
    )
    echo = number_of(frame.source("EffectiveEchoTime", "MREchoSequence"), "EffectiveEchoTime") or number_of(
        header, "EchoTime"
    )
    inversion = number_of(header, "InversionTime")
    counts = (number_of(header, name) for name in ("CardiacNumberOfImages", "NumberOfTemporalPositions"))
    transformation = "PixelValueTransformationSequence"
    slope, intercept = (numbers(name, transformation) for name in ("RescaleSlope", "RescaleIntercept"))
    number, description = text_of(header, "SeriesNumber"), text_of(header, "SeriesDescription")
    label = description if known.keep else technical(description)
    unnamed = f"series {number}" if number else "a series without a name"
    height_m, weight_kg = (number_of(header, name) or None for name in ("PatientSize", "PatientWeight"))  # 0: not known
    return DicomImage(
        path=path,
        frame=frame.number,
        instance=text_of(header, "SOPInstanceUID") or str(path),
        series=text_of(header, "SeriesInstanceUID"),
        study=text_of(header, "StudyInstanceUID"),
        patient=patient_of(header),
        number=number,
        description=description or unnamed,
        label=label if label.strip(HIDDEN) else unnamed,
        component=_component(kinds, component),
        traits=(kinds, None if echo is None else round(echo, 1), inversion),
        size=(int(header.Columns), int(header.Rows)),
        spacing=(pixel_spacing[1], pixel_spacing[0], distance),
        position=np.array(position) if located else None,
        direction=direction,
        location=number_of(header, "SliceLocation"),
        times=times,
        phases=next((int(count) for count in counts if count and count > 0), None),
        rescale=(slope[0] if slope else 1.0, intercept[0] if intercept else 0.0),
        height_cm=100 * height_m if height_m else None,
        weight_kg=weight_kg,
    )


def _component(kinds: tuple[str, ...], stated: str) -> str:
    for name, words in _COMPONENTS.items():
        if stated.upper() == name.upper() or (not stated and any(kind in words for kind in kinds[2:])):
            return name
    return "magnitude"
