"""A study from its file to its results' files, and many in turn; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from DCMMultiTaskLib.batch.studies import StudyPath
from DCMMultiTaskLib.errors import NO_MEMORY, InputError

if TYPE_CHECKING:
    from DCMMultiTaskLib.inference.predictor import Predictor
    from DCMMultiTaskLib.inference.result import Result


@dataclass(frozen=True)
class Failure:
    """A study without a result, and why, in one sentence."""

    study: StudyPath
    reason: str


def run_studies(
    studies: Sequence[StudyPath], predict: Callable[[StudyPath], None], *, failed: Callable[[Failure], None]
) -> list[Failure]:
    """Do every study.

    Args:
        studies: What to do, in order.
        predict: Does one study; an `InputError` or too little memory fails this study alone.
        failed: Told of each failure as it happens.

    Returns:
        The failures.
    """
    failures = []
    for study in studies:
        try:
            predict(study)
        except (InputError, MemoryError) as error:
            reason = str(error) if isinstance(error, InputError) else NO_MEMORY
            failures.append(Failure(study, " ".join(reason.split())))
            failed(failures[-1])
    return failures


def predict_study(
    predictor: Predictor,
    study: StudyPath,
    output: Path,
    options: dict[str, Any],
    *,
    scene: bool = False,
    dicom: bool = False,
    cavity: bool = True,
    series: str | None = None,
    keep_identifiers: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Result, list[Path]]:
    """Read a study, analyse it and write its results, all of them or none.

    Args:
        predictor: The model on its device.
        study: What to read.
        output: Folder for all studies; this one's files go to its place below it.
        options: Arguments of `Predictor.predict`; with `activation`, the class activation map is written too.
        scene: Also write a Slicer scene.
        dicom: Also write DICOM segmentations and a structured report.
        cavity: Write the LV cavity as a segment of its own beside the myocardium.
        series: Number or description of the DICOM series to take; chosen by what a short-axis stack is if None.
        keep_identifiers: Leave in notes and messages what identifies the patient of DICOM files.
        progress: Called with the number of slices done and their total.

    Returns:
        The result and the files that were written.

    Raises:
        InputError: The study cannot be used, or the files cannot be written.
    """
    from DCMMultiTaskLib.export.dicom import check_dicom
    from DCMMultiTaskLib.imaging.reading import read_study, refuse_label_map
    from DCMMultiTaskLib.inference.files import staged

    place = output / study.place
    with staged(place) as folder:
        found = read_study(study.path, series=series, name=study.name, keep_identifiers=keep_identifiers)
        refuse_label_map(found)
        if dicom:
            check_dicom(found)
        result = predictor.predict(found, **options, progress=progress)
        files = write_files(
            result,
            folder,
            cam=options["activation"],
            cavity=cavity,
            dicom=dicom,
            scene=scene,
            keep_identifiers=keep_identifiers,
        )
    return result, [place / file.name for file in files]


def write_files(
    result: Result, folder: Path, *, cam: bool, cavity: bool, dicom: bool, scene: bool, keep_identifiers: bool
) -> list[Path]:
    """Write all files of a study's result that were asked for; see `predict_study`.

    Returns:
        The files.

    Raises:
        InputError: They cannot be written; with `dicom`, as `write_dicom`.
    """
    from DCMMultiTaskLib.inference.files import file_name, write_result

    files = list(write_result(result, folder, cam=cam, cavity=cavity).values())
    if dicom:
        from DCMMultiTaskLib.export.dicom import write_dicom

        files += write_dicom(result, folder, cavity=cavity, keep_identifiers=keep_identifiers)
    if scene:
        from DCMMultiTaskLib.scene.views import write_bundle

        files.append(write_bundle(result, folder / f"{file_name(result.name)}.mrb", cavity=cavity))
    return files
