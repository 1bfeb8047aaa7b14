"""Read a study: an image file or a DICOM folder, one volume or the phases of a cine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from DCMMultiTaskLib.errors import InputError, about, count
from DCMMultiTaskLib.imaging.dicom import read_dicom_file, read_dicom_folder
from DCMMultiTaskLib.imaging.dicom_files import is_directory, looks_like_dicom, may_be_dicom
from DCMMultiTaskLib.imaging.headers import readable
from DCMMultiTaskLib.imaging.identifiers import Identifiers
from DCMMultiTaskLib.imaging.naming import plain_name
from DCMMultiTaskLib.imaging.nifti import read_nifti
from DCMMultiTaskLib.imaging.quiet import quiet_libraries
from DCMMultiTaskLib.imaging.study import USED, Source, Study, times_of
from DCMMultiTaskLib.imaging.volume import Volume, kept_type

_ITK_READERS = {".nrrd": "NrrdImageIO", ".nhdr": "NrrdImageIO", ".mha": "MetaImageIO", ".mhd": "MetaImageIO"}
_NIFTI = (".nii", ".nii.gz", ".hdr", ".img")
_MOST_LABELS = 8


def read_study(path: Path, *, series: str | None = None, name: str = "", keep_identifiers: bool = False) -> Study:
    """Read a study.

    Args:
        path: A NRRD, NIfTI, MetaImage or DICOM file, or a folder with DICOM images (or its DICOMDIR).
        series: Number or description of the DICOM series to take; the most likely short axis if None.
        name: What the study is called; after its file or folder if empty, or by a pseudonym where that name holds an
            identifier of the DICOM headers (`naming.study_name`).
        keep_identifiers: Leave in names, notes and errors what identifies the patient of DICOM files.

    Returns:
        One volume, or the phases of a cine in order of time (a file with four axes, or DICOM images of several moments
        at each position). A 2D image is a volume of one slice. Voxels keep their stored type, or are float32 where
        that type has eight bytes.

    Raises:
        InputError: One sentence on why the study cannot be used.

    Example:
        >>> study = read_study(Path("study.nrrd"))  # doctest: +SKIP
        >>> len(study.phases), study.geometry.spacing  # doctest: +SKIP
        (1, (1.4, 1.4, 8.0))
    """
    path, known = Path(path), Identifiers(keep=keep_identifiers)
    if not path.is_file() or not looks_like_dicom(path):
        return _read_study(path, series, name, known)
    with known.read_from(path):
        return _read_study(path, series, name, known)


def _read_study(path: Path, series: str | None, name: str, known: Identifiers) -> Study:
    try:
        if path.is_dir():
            return read_dicom_folder(path, series=series, name=name, known=known)
        if not path.stat().st_size:
            raise InputError(f"{path.name}: the file is empty.")
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file or folder.") from error
    except OSError as error:
        raise InputError(f"{path.name}: the file cannot be opened ({error.strerror}).") from error
    if is_directory(path):
        return read_dicom_folder(path.parent, series=series, name=name, known=known)
    if series is not None:
        raise InputError(f"{path.name}: a series can be chosen in a DICOM folder, not in a file.")
    kind = path.name.lower()
    if not kind.endswith((*_NIFTI, *_ITK_READERS)):
        if not may_be_dicom(path):
            raise InputError(f"{path.name}: this is not a NRRD, NIfTI, MetaImage or DICOM file, or it is damaged.")
        return read_dicom_file(path, name=name, known=known)
    with about(path.name):
        if kind.endswith(_NIFTI):
            (phases, notes), times = read_nifti(path), None
        else:
            phases, times, notes = _read_by_itk(path)
    source = Source(path=path, files=((path.name, USED),))
    return Study(name or plain_name(path), phases, times_ms=times, source=source, notes=tuple(notes))


def _read_by_itk(path: Path) -> tuple[list[Volume], tuple[float, ...] | None, list[str]]:
    reader = _ITK_READERS[path.suffix.lower()]
    try:
        with readable(path) as file, quiet_libraries() as warned:
            if sitk.ImageFileReader.GetImageIOFromFileName(str(file)) != reader:
                raise InputError(f"{path.name}: this is not a {reader[:4]} file, or it is damaged.")
            image = sitk.ReadImage(str(file), imageIO=reader)
    except (RuntimeError, MemoryError) as error:
        raise InputError(f"{path.name}: {_reason(str(error))}") from error
    _check_pixels(path, image)
    axes = image.GetDimension()
    if not 2 <= axes <= 4:
        raise InputError(f"{path.name}: an image has 2, 3 or 4 axes, this one has {axes}.")
    spacing = (*image.GetSpacing(), 1.0)[:3]
    origin = (*image.GetOrigin(), 0.0)[:3]
    direction = np.eye(3)
    shared = min(axes, 3)
    direction[:shared, :shared] = np.reshape(image.GetDirection(), (axes, axes))[:shared, :shared]
    if not image.GetNumberOfPixels():
        raise InputError(f"{path.name}: the image holds no voxels.")
    view = sitk.GetArrayViewFromImage(image)
    array = view.astype(kept_type(view.dtype))
    if image.GetNumberOfComponentsPerPixel() > 1:  # a Slicer sequence: the phases are the fastest axis
        array = np.moveaxis(array, -1, 0)
    times = _sequence_times(image)
    del image
    frames = array.reshape(-1, *array.shape[-3:]) if axes > 2 else array.reshape(-1, 1, *array.shape[-2:])
    notes = [f"The file's reader warned: {text}" for text in warned]
    times = times if times and len(times) == len(frames) else None
    return [Volume.of(frame, spacing, origin, direction) for frame in frames], times, notes


def _sequence_times(image: sitk.Image) -> tuple[float, ...] | None:
    """When the phases of a Slicer sequence were, in ms; None where its header does not say."""
    unit, *indices = (
        image.GetMetaData(key) if image.HasMetaDataKey(key) else ""
        for key in ("NRRD_units[pixel]", "axis 0 index values", "axis 3 index values")
    )
    return times_of("".join(indices).split(), unit)


def _check_pixels(path: Path, image: sitk.Image) -> None:
    """Refuse colours, vectors and complex numbers; a Slicer sequence is a list of images and passes."""
    if "complex" in image.GetPixelIDTypeAsString():
        raise InputError(f"{path.name}: its voxels are complex numbers; save the magnitude image.")
    components = image.GetNumberOfComponentsPerPixel()
    kind = "NRRD_kinds[pixel]"
    if components > 1 and not (image.HasMetaDataKey(kind) and image.GetMetaData(kind) == "list"):
        colour = " (a colour image)" if components in (3, 4) else ""
        raise InputError(f"{path.name}: the image has {components} components{colour}; save one of them first.")


def _reason(message: str) -> str:
    """A sentence for what SimpleITK says."""
    if "spacing" in message:
        return "its voxel spacing is not positive."
    if "llocat" in message or "memory" in message:
        return "it does not fit into the memory, or it is damaged."
    return "the file is damaged or not complete."


def describe_study(study: Study) -> str:
    """What was read, for a person: the grid, the phases, and what became of the files."""
    i, j, k = study.geometry.size
    spacing = " x ".join(f"{value:.3g}" for value in study.geometry.spacing)
    used = sum(why == USED for _, why in study.source.files)
    lines = [
        f"{study.name}: {i} x {j} x {k} voxels of {spacing} mm, {count(len(study.phases), 'phase')}",
        f"{count(used, 'file')} used{f' ({study.source.description})' if study.source.description else ''}",
    ]
    return "\n".join([*lines, *(f"Note: {note}" for note in study.notes)])


def summarise_files(source: Source) -> list[dict[str, object]]:
    """What became of the files below a folder, JSON-ready: counts by reason, and the names of those not used."""
    groups: dict[str, list[str]] = {}
    for file, why in source.files:
        groups.setdefault(why, []).append(file)
    return [
        {"reason": why, "count": len(files)} | ({} if why == USED else {"names": files})
        for why, files in sorted(groups.items(), key=lambda group: group[0] != USED)
    ]


class LabelMap(InputError):
    """A file of drawn structures, which is no study."""


def refuse_label_map(study: Study) -> None:
    """Refuse drawn structures in place of an image.

    Raises:
        LabelMap: The voxels are nothing but a few whole numbers from 0.
    """
    values = np.unique(study.phases[0].array)
    if 2 <= len(values) <= _MOST_LABELS and values[0] == 0 and values[-1] < 256 and (values == np.rint(values)).all():
        listed = ", ".join(f"{value:g}" for value in values)
        raise LabelMap(f"{study.name}: this is a label map (its values are {listed}), not an image.")
