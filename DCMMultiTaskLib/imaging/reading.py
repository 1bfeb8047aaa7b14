"""Read a study: an image file or a DICOM folder, one volume or the phases of a cine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from DCMMultiTaskLib.errors import InputError, about
from DCMMultiTaskLib.imaging.dicom import read_dicom_file, read_dicom_folder
from DCMMultiTaskLib.imaging.headers import check_header
from DCMMultiTaskLib.imaging.quiet import quiet_libraries
from DCMMultiTaskLib.imaging.study import Source, Study
from DCMMultiTaskLib.imaging.volume import Volume

_READERS = ("NrrdImageIO", "NiftiImageIO", "MetaImageIO", "GDCMImageIO")
_EXTENSIONS = (".seg.nrrd", ".seq.nrrd", ".nii.gz", ".nrrd", ".nhdr", ".nii", ".mha", ".mhd", ".dcm", ".ima")


def read_study(path: Path) -> Study:
    """Read a study.

    Args:
        path: A NRRD, NIfTI, MetaImage or DICOM file, or a folder with a DICOM series.

    Returns:
        One volume, or the phases of a cine in order of time (a file with four axes, or a DICOM series with several
        images at each position). A 2D image is a volume of one slice. Voxels keep their stored type, or are float32
        where that type has eight bytes.

    Raises:
        InputError: One sentence on why the study cannot be used.

    Example:
        >>> study = read_study(Path("study.nrrd"))  # doctest: +SKIP
        >>> len(study.phases), study.geometry.spacing  # doctest: +SKIP
        (1, (1.4, 1.4, 8.0))
    """
    path = Path(path)
    if path.is_dir():
        return read_dicom_folder(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder.")
    try:
        if not path.stat().st_size:
            raise InputError(f"{path.name}: the file is empty.")
        with path.open("rb"):
            pass
    except OSError as error:
        raise InputError(f"{path.name}: the file cannot be opened ({error.strerror}).") from error
    with quiet_libraries():
        image_io = sitk.ImageFileReader.GetImageIOFromFileName(str(path))
    if image_io not in _READERS:
        raise InputError(f"{path.name}: this is not a NRRD, NIfTI, MetaImage or DICOM file, or it is damaged.")
    if image_io == "GDCMImageIO":
        return read_dicom_file(path, name=study_name(path))
    check_header(path, image_io)
    with about(path.name):
        phases = _read_image(path, image_io)
    return Study(study_name(path), phases, source=Source(path=path))


def study_name(path: Path) -> str:
    """The file's name without its image extension; a folder's name."""
    path = Path(path)
    if path.is_dir():
        return path.resolve().name
    for extension in _EXTENSIONS:
        if path.name.lower().endswith(extension) and len(path.name) > len(extension):
            return path.name[: -len(extension)]
    return path.name


def _read_image(path: Path, image_io: str) -> list[Volume]:
    try:
        with quiet_libraries():
            image = sitk.ReadImage(str(path), imageIO=image_io)
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
    array = slim(sitk.GetArrayFromImage(image))
    if image.GetNumberOfComponentsPerPixel() > 1:  # a Slicer sequence: the phases are the fastest axis
        array = np.moveaxis(array, -1, 0)
    del image
    frames = array.reshape(-1, *array.shape[-3:]) if axes > 2 else array.reshape(-1, 1, *array.shape[-2:])
    return [Volume.of(frame, spacing, origin, direction) for frame in frames]


def slim(array: np.ndarray) -> np.ndarray:
    """The array itself; as float32 if its type has eight bytes."""
    return array.astype(np.float32) if array.dtype.itemsize > 4 else array


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
