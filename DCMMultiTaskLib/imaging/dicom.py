"""DICOM: one file, or the short-axis stack of a folder, single or with many cardiac phases."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from DCMMultiTaskLib.errors import InputError, about, count
from DCMMultiTaskLib.imaging.dicom_files import LeftOut, attentive
from DCMMultiTaskLib.imaging.dicom_headers import TIME_TAGS, DicomImage, read_images
from DCMMultiTaskLib.imaging.dicom_phases import Phases, find_phases
from DCMMultiTaskLib.imaging.dicom_pixels import as_volume, other_kind, read_slices
from DCMMultiTaskLib.imaging.dicom_stacks import (
    Stack,
    aligned,
    angle,
    check_positions,
    find_stacks,
    slice_spacing,
)
from DCMMultiTaskLib.imaging.folders import folder_name, walk
from DCMMultiTaskLib.imaging.identifiers import Identifiers
from DCMMultiTaskLib.imaging.naming import study_name
from DCMMultiTaskLib.imaging.short_axis import STRAY, NoShortAxis, choose, listed, why_not_taken, why_unsuitable
from DCMMultiTaskLib.imaging.study import USED, Instance, Source, Study

COPY = "a copy of another image"
_NAMED = 3  # files that a note names


def read_dicom_file(path: Path, *, name: str = "", known: Identifiers | None = None) -> Study:
    """Read one file: a study of one slice, or the stack in an enhanced file of many frames.

    Args:
        path: The file.
        name: What the study is called; found by `naming.study_name` if empty.
        known: Gathers what identifies the patient, which is then in none of the study's texts.

    Raises:
        InputError: The file is damaged, or what it holds is no stack.
    """
    known = known or Identifiers()
    with attentive() as said, known.read_from(path):
        images = read_images(path, known)
    name = name or study_name(path, known)
    with known.kept_out_of_errors([path]), about(name):
        if len(images) > 1:
            return _study(path, name, images, {path: USED}, _warnings(said), None, False, known)
        (image,) = images
        array = read_slices([image], image)
        volume = as_volume(array, [image], image, image.spacing[2])
    used, notes = ((known.hide(path.name), USED),), tuple(map(known.hide_in, _warnings(said)))
    source = Source(path, image.study, known.hide(image.label), ((_instance(image),),), used)
    return Study(name, [volume], None, source, notes, image.height_cm, image.weight_kg)


def read_dicom_folder(
    folder: Path,
    *,
    series: str | None = None,
    name: str = "",
    known: Identifiers | None = None,
    files: Sequence[Path] | None = None,
    short_axis_only: bool = False,
) -> Study:
    """Read the short-axis stack below a folder.

    Parallel images form a stack, whether the scanner stored them as one series or as several; the most likely
    short-axis stack is taken (`short_axis.choose`). What became of every file is in the study's source, and in its
    notes what was left out, resampled or chosen.

    Args:
        folder: Searched with all folders below it.
        series: Number or description of the series to take.
        name: What the study is called; found by `naming.study_name` if empty.
        known: Gathers what identifies the patient, which is then in none of the study's texts.
        files: Read these alone, which lie below the folder.
        short_axis_only: Take no stack that is not likely to be a short axis, unless `series` asks for it.

    Returns:
        Its phases, slices sorted along their normal.

    Raises:
        NoShortAxis: With `short_axis_only`, where there is none.
        InputError: No image, images of several patients, a missing image, uneven slice distances, no order of phases.
    """
    known = known or Identifiers()
    reasons: dict[Path, str] = {}
    images: list[DicomImage] = []
    with attentive() as said:
        for path in _files_below(folder, reasons) if files is None else files:
            try:
                if path.name.startswith("."):
                    raise LeftOut(path, "a hidden file")
                with known.read_from(path):
                    images += read_images(path, known)
            except LeftOut as reason:
                reasons[path] = reason.reason
    with known.kept_out_of_errors([*reasons, *(image.path for image in images)]):
        if images:
            called = name or study_name(folder, known)
            return _study(folder, called, images, reasons, _warnings(said), series, short_axis_only, known)
        if short_axis_only:
            raise NoShortAxis(name or folder_name(folder), _shown(reasons, folder, known))
        told = _sentences(_notes_on(reasons, folder, known))
        raise InputError(f"{known.hide(str(folder))}: the folder holds no DICOM images.{told}")


def _files_below(folder: Path, reasons: dict[Path, str]) -> Iterator[Path]:
    for directory, _, names in walk(folder, locked=lambda path, why: reasons.update({path: _closed(why)})):
        yield from (directory / name for name in names)


def _closed(why: str) -> str:
    return f"it cannot be opened: {why}"


def _sentences(notes: Sequence[str]) -> str:
    return "".join(f" {note}" for note in notes)


def _warnings(said: Counter[str]) -> tuple[str, ...]:
    return tuple(f"The DICOM reader warned: {text}" for text, _ in said.most_common(_NAMED))


def _study(
    path: Path,
    name: str,
    images: Sequence[DicomImage],
    files: dict[Path, str],
    notes: Sequence[str],
    series: str | None,
    short_axis_only: bool,
    known: Identifiers,
) -> Study:
    """The study that images form; `files` says of the others why they are none."""
    originals = {image.identity: image for image in images}
    reasons = dict.fromkeys(set(images) - set(originals.values()), COPY)
    images = list(originals.values())
    if series is not None:
        chosen = _series(images, series, name, known)
        reasons |= {image: "another series" for image in images if image not in chosen}
        images = chosen
    patients = {image.patient for image in images if image.patient}
    if len(patients) > 1:
        raise InputError(f"{name}: the folder holds images of {len(patients)} patients; give a folder for each.")
    if len(images) > 1:
        reasons |= {image: "it does not say where it lies" for image in images if image.position is None}
        images = [image for image in images if image.position is not None]
        if not images:
            raise InputError(f"{name}: the DICOM images do not say where they lie, so that they cannot be sorted.")
    stack, others, said = choose(find_stacks(images))
    if short_axis_only and series is None and why_unsuitable(stack):
        reasons |= {image: f"{why_unsuitable(one)}: {one}" for one in (stack, *others) for image in one.images}
        raise NoShortAxis(name, _shown(files | {image.path: why for image, why in reasons.items()}, path, known))
    check_positions(stack, others, name)
    if others and stack.slices < 3 and series is None:
        raise InputError(
            f"{name}: no images form a stack of 3 slices or more; there are {listed([stack, *others])} "
            "(--series chooses)."
        )
    reasons |= {image: why_not_taken(image, other, stack) for other in others for image in other.images}
    phases = find_phases(stack, name)
    reasons |= dict.fromkeys(phases.left_out, "other slices have no image of that phase")
    with about(name):
        try:
            spacing = slice_spacing(phases.images[0], stack.reference)
        except InputError as error:
            stray = {image.path: why for image, why in reasons.items() if why.endswith(STRAY)}
            raise InputError(" ".join([str(error), *said, *_notes_on(stray, path, known)])) from error
        arrays = [read_slices(slices, stack.reference) for slices in phases.images]
    kept = _one_kind(arrays, phases, name)
    for number in set(range(len(arrays))) - set(kept):
        reasons |= dict.fromkeys(phases.images[number], "its values are not those of magnitude images")
    taken = [phases.images[number] for number in kept]
    used = {image.path for slices in taken for image in slices}
    files |= {image.path: why for image, why in reasons.items() if image.path not in used}
    told = [*notes, *said, *_notes_on_stack(stack, phases, taken), *_notes_on(files, path, known)]
    first = taken[0][0]
    times = tuple(slices[0].times["TriggerTime"] or 0.0 for slices in taken) if phases.tag == "TriggerTime" else ()
    return Study(
        name,
        [as_volume(arrays[n], phases.images[n], stack.reference, spacing) for n in kept],
        times_ms=times if len(set(times)) == len(times) > 1 else None,
        source=Source(
            path,
            first.study,
            known.hide(first.label),
            tuple(tuple(map(_instance, slices)) for slices in taken),
            _shown(files | dict.fromkeys(used, USED), path, known),
        ),
        notes=tuple(map(known.hide_in, told)),
        height_cm=first.height_cm,
        weight_kg=first.weight_kg,
    )


def _series(images: Sequence[DicomImage], wanted: str, name: str, known: Identifiers) -> list[DicomImage]:
    """The images of the series with that number or description; of a part of it where it is the only one."""
    text = wanted.strip().casefold()
    for fits in (
        lambda image: image.number == wanted.strip(),
        lambda image: image.description.casefold() == text,
        lambda image: bool(text) and text in image.description.casefold(),
    ):
        chosen = list(filter(fits, images))
        if chosen:
            return chosen
    counts = Counter((image.number, image.label) for image in images)
    listed = "; ".join(f"{number or '-'} {text}: {count(n, 'image')}" for (number, text), n in sorted(counts.items()))
    raise InputError(f"{name}: there is no series {known.hide(wanted)!r}; there are (number, description): {listed}.")


def _one_kind(arrays: Sequence[np.ndarray], phases: Phases, name: str) -> list[int]:
    """The numbers of the phases that are of one kind, where a series holds magnitude and other images in pairs."""
    odd = other_kind(arrays) if len(arrays) > 1 else None
    if odd is None and phases.paired:
        raise InputError(
            f"{name}: every trigger time has two images at each slice position, and their values do not tell which are "
            "meant; give a folder that holds one of the two alone."
        )
    return [number for number in range(len(arrays)) if number not in (odd or [])]


def _notes_on_stack(stack: Stack, phases: Phases, taken: Sequence[Sequence[DicomImage]]) -> list[str]:
    """What was done to the images that were taken."""
    notes = []
    if len(stack.series) > 1:
        notes.append(f"{len(stack.series)} series are joined to one stack of {count(len(stack.positions), 'slice')}.")
    if phases.tag not in ("", TIME_TAGS[0]):
        notes.append(
            f"The phases are in the order of {phases.tag}: TriggerTime is not there for every image or does not differ."
        )
    changed = [image for image in taken[0] if not aligned(image, stack.reference)]
    if changed:
        turned = max(angle(image, stack.reference) for image in changed)
        share = max(abs(image.field_of_view / stack.reference.field_of_view - 1).max() for image in changed)
        which = ", ".join(str(taken[0].index(image) + 1) for image in changed)
        notes.append(
            f"{count(len(changed), 'slice')} of {len(taken[0])} resampled onto the stack's grid "
            f"(number {which} from the first): turned by up to {turned:.1f} degrees, "
            f"field of view up to {100 * share:.1f} % off, or of another matrix."
        )
    if phases.left_out:
        notes.append(
            f"The slice positions have different numbers of phases; the {len(taken)} that all of them have are taken."
        )
    return notes


def _notes_on(files: Mapping[Path, str], folder: Path, known: Identifiers) -> list[str]:
    """A sentence for each reason why files were left out."""
    groups: dict[str, list[str]] = defaultdict(list)
    for file, reason in sorted(files.items()):
        if reason != USED:
            groups[reason].append(known.hide(_relative(file, folder)))
    return [
        f"{count(len(names), 'file')} left out ({reason}): "
        f"{', '.join(dict.fromkeys(names[:_NAMED]))}{', ...' if len(names) > _NAMED else ''}."
        for reason, names in groups.items()
    ]


def _shown(files: Mapping[Path, str], folder: Path, known: Identifiers) -> tuple[tuple[str, str], ...]:
    """What became of each file, by a name that tells no one who the patient is."""
    return tuple((known.hide(_relative(file, folder)), known.hide_in(why)) for file, why in sorted(files.items()))


def _relative(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) and file != folder else file.name


def _instance(image: DicomImage) -> Instance:
    return Instance(image.path, image.instance, image.series, image.frame)
