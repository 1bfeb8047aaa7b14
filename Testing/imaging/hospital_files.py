"""DICOM as scanners, archives and anonymisers write it, made up with pydicom."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from imaging.dicom_files import OBLIQUE
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

MR, ENHANCED = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1"
SHAPE, STEP = (24, 20), 8.0
FIRST = np.array([5.0, -7.0, 30.0])
Edit = Callable[[Dataset, int, int], None]


def pixels_of(positions: int, phases: int, seed: int = 0) -> np.ndarray:
    """`(phases, positions, rows, columns)`, smooth, so that resampling keeps them nearly as they are."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    rng = np.random.default_rng(seed)
    planes = [100 + 5 * x + 3 * y + rng.integers(0, 200) for _ in range(positions * phases)]
    return np.array(planes).reshape(phases, positions, *SHAPE).astype(np.uint16)


def make(
    *,
    positions: int = 6,
    phases: int = 3,
    direction: np.ndarray = OBLIQUE,
    first: np.ndarray = FIRST,
    description: str = "cine_sax",
    seed: int = 0,
    edit: Edit = lambda ds, k, p: None,
    **values: object,
) -> list[Dataset]:
    """The images of one series, position by position, each `edit`ed by its position and phase."""
    pixels = pixels_of(positions, phases, seed)
    series, made = generate_uid(), []
    for k in range(positions):
        for p in range(phases):
            ds = Dataset()
            ds.SOPClassUID, ds.SOPInstanceUID = MR, generate_uid()
            ds.ImageType, ds.Modality = ["ORIGINAL", "PRIMARY", "M", "ND"], "MR"
            ds.PatientName, ds.PatientID = "Made^Up", "M1"
            ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SeriesDescription = "1.2.3", series, description
            ds.SeriesNumber, ds.InstanceNumber, ds.TriggerTime = 4, k * phases + p + 1, 40 * p
            ds.ImagePositionPatient = [f"{v:.5f}" for v in first + direction[:, 2] * STEP * k]
            ds.ImageOrientationPatient = [f"{v:.6f}" for v in direction[:, :2].T.ravel()]
            ds.SliceLocation = f"{STEP * k:.2f}"
            ds.PixelSpacing, ds.SliceThickness = [1.25, 1.25], STEP
            ds.Rows, ds.Columns = SHAPE
            ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
            ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 16, 15
            ds.PixelData = pixels[p, k].tobytes()
            for name, value in values.items():
                setattr(ds, name, value)
            edit(ds, k, p)
            made.append(ds)
    return made


def save(
    datasets: list[Dataset],
    folder: Path,
    *,
    name: str = "IM{:04d}.dcm",
    preamble: bool = True,
    syntax: str = ExplicitVRLittleEndian,
) -> Path:
    """Files in shuffled order, as an archive that names them by UID leaves them."""
    warnings.simplefilter("ignore", DeprecationWarning)  # of pydicom 3, for what pydicom 2.4 needs
    folder.mkdir(parents=True, exist_ok=True)
    begin = len(list(folder.iterdir()))
    for number, place in enumerate(np.random.default_rng(1).permutation(len(datasets)), start=begin):
        ds = datasets[place]
        path = folder / name.format(number)
        if preamble:
            meta = FileMetaDataset()
            meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
            meta.TransferSyntaxUID = syntax
            whole = FileDataset("", ds, file_meta=meta, preamble=bytes(128))
            whole.is_little_endian, whole.is_implicit_VR = True, syntax == ImplicitVRLittleEndian
            pydicom.dcmwrite(path, whole, write_like_original=False)
        else:
            ds.is_little_endian, ds.is_implicit_VR = True, True
            pydicom.dcmwrite(path, ds, write_like_original=True)
    return folder


def enhanced(datasets: list[Dataset]) -> Dataset:
    """The images as the frames of one enhanced multi-frame object."""
    whole = Dataset()
    first = datasets[0]
    for name in (
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "SeriesDescription",
        "PatientID",
        "Modality",
        "Rows",
        "Columns",
    ):
        setattr(whole, name, getattr(first, name))
    for name in ("BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel", "PixelRepresentation"):
        setattr(whole, name, getattr(first, name))
    whole.SOPClassUID, whole.SOPInstanceUID, whole.PhotometricInterpretation = ENHANCED, generate_uid(), "MONOCHROME2"
    whole.NumberOfFrames = len(datasets)
    whole.PixelData = b"".join(ds.PixelData for ds in datasets)
    shared, measures = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = first.PixelSpacing, first.SliceThickness
    shared.PixelMeasuresSequence = [measures]
    whole.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for ds in datasets:
        frame, position, orientation, heart, values = (Dataset() for _ in range(5))
        position.ImagePositionPatient = ds.ImagePositionPatient
        orientation.ImageOrientationPatient = ds.ImageOrientationPatient
        heart.NominalCardiacTriggerDelayTime = float(ds.TriggerTime)
        values.RescaleSlope, values.RescaleIntercept, values.RescaleType = 2, 1, "US"
        frame.PlanePositionSequence, frame.PlaneOrientationSequence = [position], [orientation]
        frame.CardiacSynchronizationSequence, frame.PixelValueTransformationSequence = [heart], [values]
        frames.append(frame)
    whole.PerFrameFunctionalGroupsSequence = frames
    return whole
