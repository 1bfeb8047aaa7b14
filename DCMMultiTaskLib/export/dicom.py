"""A result as DICOM objects that refer to the images it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from DCMMultiTaskLib import __version__
from DCMMultiTaskLib.errors import InputError, how_to_install
from DCMMultiTaskLib.imaging.segments import SEGMENTS, Segment
from DCMMultiTaskLib.imaging.study import Study
from DCMMultiTaskLib.inference.files import file_name
from DCMMultiTaskLib.inference.result import Result
from DCMMultiTaskLib.storage import staged

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MANUFACTURER = "DCMMultiTask project"
SERIES_NUMBER = 9901
"""Of the segmentations; the report's is the next."""


def check_dicom(study: Study) -> None:
    """Raise an InputError unless DICOM objects can be made of a study's result."""
    need_highdicom()
    if not study.source.instances:
        raise InputError(f"{study.name}: DICOM objects refer to DICOM images, and this study comes from other files.")


def need_highdicom() -> None:
    """Raise an InputError where highdicom is not installed."""
    try:
        import highdicom  # noqa: F401
    except ImportError as error:
        raise InputError(how_to_install("highdicom")) from error


def write_dicom(result: Result, directory: Path, *, cavity: bool = True, keep_identifiers: bool = False) -> list[Path]:
    """Write a segmentation for each phase that was kept, and a structured report of the measurements.

    The segmentations (`NAME_seg.dcm`; of a cine `NAME_seg-01.dcm` and so on, counted from 1) lie on the study's grid,
    in the frame of reference of its images; where these have several, as some anonymising leaves them, in that of the
    first. The report is `NAME_report.dcm`.

    Args:
        result: Of a study that was read from DICOM.
        directory: Made if it is not there. Files of the same names are replaced.
        cavity: Write the LV cavity as a segment of its own beside the myocardium.
        keep_identifiers: Copy the patient and the study from the images. Otherwise a pseudonym stands for the patient,
            and nothing else but the UIDs is copied; an archive that holds the images under the patient's own name may
            refuse the objects then.

    Returns:
        The files, the report last.

    Raises:
        InputError: highdicom is not installed, the study is not from DICOM, its images cannot be read or say too little
            to be referred to, or the files cannot be written; nothing is left behind.
    """
    check_dicom(result.study)
    from DCMMultiTaskLib.imaging.dicom_files import attentive

    with attentive(), staged(directory) as folder:  # the UIDs of some images are not as the standard writes them
        made = _objects(result, SEGMENTS if cavity else SEGMENTS[:1], keep_identifiers)
        for file, dataset in made.items():
            dataset.save_as(folder / file)
    return [Path(directory) / file for file in made]


def _objects(result: Result, segments: Sequence[Segment], keep_identifiers: bool) -> dict[str, Dataset]:
    """By file: the segmentations and the report."""
    import highdicom as hd

    from DCMMultiTaskLib.export.report import measurement_report
    from DCMMultiTaskLib.export.segmentation import segmentation
    from DCMMultiTaskLib.export.sources import mark_anonymous, read_sources

    name, series, tracking = file_name(result.name), hd.UID(), {segment.label: hd.UID() for segment in segments}
    sources = read_sources(result.study, sorted(result.labels), keep_identifiers=keep_identifiers)
    masks = {}
    for place, number in enumerate(sources, start=1):
        masks[number] = segmentation(result, number, sources[number], segments, series, place, tracking)
    cine = len(result.study.phases) > 1
    made: dict[str, Dataset] = {
        f"{name}_seg-{number + 1:02d}.dcm" if cine else f"{name}_seg.dcm": mask for number, mask in masks.items()
    }
    made[f"{name}_report.dcm"] = measurement_report(result, sources, masks[result.phase], segments, tracking)
    if not keep_identifiers:
        for dataset in made.values():
            mark_anonymous(dataset)
    return made


def equipment(result: Result) -> dict[str, Any]:
    """What made the objects, as highdicom's arguments."""
    return {
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": result.provenance.model[:64],
        "software_versions": f"DCMMultiTask {__version__}",
        "device_serial_number": result.provenance.model_sha256[:16] or "0",
    }
