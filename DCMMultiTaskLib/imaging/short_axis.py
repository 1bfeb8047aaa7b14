"""Which stack of DICOM images is the short-axis one, and why the others are not."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from DCMMultiTaskLib.errors import InputError, count
from DCMMultiTaskLib.imaging.dicom_headers import DicomImage
from DCMMultiTaskLib.imaging.dicom_stacks import Stack, angle

STRAY = "against the stack"
_NAMED = 3  # stacks that a note names
_BODY_AXES_DEGREES = 10.0  # closer to an axis of the body, a stack is axial, sagittal or coronal
_LONG_AXIS = np.array([0.66, -0.53, -0.53])  # LPS, of most hearts, base to apex
_LONG_AXIS_DEGREES = 65.0  # no short axis of a heart is turned further from it
_PER_STACK = range(5, 31)
_PERFUSION_SLICES, _PERFUSION_TIMES = 4, 35  # no more slices than these, and no fewer times
_SHORT_AXIS = re.compile(r"(?<![a-z])(sax|sa|short|kurz(e|achse)?|court|corto|corte|korte|kort|2ks|psax)(?![a-z])")
# What a series is by its name, whatever its plane, and which plane it has unless it is called a short axis as well.
_CONTENTS = {
    "localizer": "loc|locali[sz]er|scout|survey",
    "perfusion": "perf|perfusion",
    "flow": "flow|velocity|aort[ai]c?",
    "parameter map": "map|mapping|molli|shmolli",
}
_PLANES = {
    "long axis": "lax|long|hla|vla|lvot|rvot|[234] ?(ch|chamber|kammer)",
    "axial": "tra|trans|axial|axials|ax",
    "coronal": "cor|coronal",
    "sagittal": "sag|sagittal",
    "anatomy": "haste",
}


class NoShortAxis(InputError):
    """No stack of a study is a short axis.

    Attributes:
        files: Why each file holds none, in a few words, by its name as `Source.files` has it.
    """

    def __init__(self, name: str, files: tuple[tuple[str, str], ...]) -> None:
        super().__init__(f"{name}: there is no short-axis stack (--series chooses another one).")
        self.files = files


def rank(stack: Stack) -> tuple[float, ...]:
    """How likely a stack is the short-axis one; compares as tuples do, the more likely is the greater.

    A short axis is oblique to the body, has many parallel positions and mostly many phases; among stacks that are alike
    in this, what the series is called and how close it is to the long axis of most hearts decide.
    """
    return (
        stack.slices > 2,
        is_oblique(stack),
        stack.reference.component == "magnitude",
        -1 if _named(stack) else _is_named_short(stack),
        stack.slices in _PER_STACK,
        abs(float(stack.reference.normal @ _LONG_AXIS)) > 0.7,
        stack.phases > 1,
        stack.slices,
        stack.phases,
    )


def is_oblique(stack: Stack) -> bool:
    """Whether a stack is none of axial, sagittal and coronal."""
    return bool(np.abs(stack.reference.normal).max() < np.cos(np.radians(_BODY_AXES_DEGREES)))


def why_unsuitable(stack: Stack) -> str:
    """Why a stack is no short axis of a heart, in a few words; empty where it may be one.

    Its kind of image, its name, its number of slices, its orientation and its number of times are looked at in turn.
    """
    if stack.reference.component != "magnitude":
        return f"{stack.reference.component} images"
    if kind := _named(stack):
        return f"{kind} by its name"
    if stack.slices < 3:
        return "too few slices"
    if stack.slices <= _PERFUSION_SLICES and stack.phases >= _PERFUSION_TIMES:
        return "perfusion by its number of times"
    if not _is_named_short(stack):
        if not is_oblique(stack):
            plane = ("sagittal", "coronal", "axial")[int(np.abs(stack.reference.normal).argmax())]
            return f"{plane} by its orientation"
        if abs(float(stack.reference.normal @ _LONG_AXIS)) < np.cos(np.radians(_LONG_AXIS_DEGREES)):
            return "long axis by its orientation"
    return ""


def _plain(stack: Stack) -> str:
    return stack.description.casefold().replace("_", " ")


def _is_named_short(stack: Stack) -> bool:
    return bool(_SHORT_AXIS.search(_plain(stack)))


def _named(stack: Stack) -> str:
    """What other than a short axis the series is called; empty if nothing else."""
    kinds = _CONTENTS if _is_named_short(stack) else _CONTENTS | _PLANES
    name = _plain(stack)
    return next((kind for kind, words in kinds.items() if re.search(rf"(?<![a-z])({words})(?![a-z])", name)), "")


def choose(stacks: Sequence[Stack]) -> tuple[Stack, list[Stack], list[str]]:
    """The stack that is most likely the short axis, the others, and what has to be said of the choice."""
    best, *others = sorted(stacks, key=lambda stack: (not why_unsuitable(stack), rank(stack)), reverse=True)
    notes = []
    rivals = [other for other in others if other.slices > 2 and rank(other)[1:3] >= rank(best)[1:3]]
    if rivals:
        notes.append(
            f"{count(len(rivals) + 1, 'stack')} of images could be meant; {best} is taken, not {listed(rivals)} "
            "(--series chooses)."
        )
    if best.slices > 2 and not is_oblique(best):
        notes.append(f"The slices of {best} are not oblique to the body; a short axis is.")
    return best, others, notes


def listed(stacks: Sequence[Stack]) -> str:
    """The first stacks in words."""
    return "; ".join(map(str, stacks[:_NAMED])) + ("; ..." if len(stacks) > _NAMED else "")


def why_not_taken(image: DicomImage, other: Stack, chosen: Stack) -> str:
    """Why an image of another stack is not in the chosen one."""
    if image.component != chosen.reference.component:
        return f"a {image.component} image, not {chosen.reference.component}"
    if image.series in chosen.series and len(other.positions) < 3:
        turned = angle(image, chosen.reference)
        if turned > 0.1:
            return f"turned by {turned:.1f} degrees {STRAY}"
        share = max(abs(image.field_of_view / chosen.reference.field_of_view - 1))
        if share > 0.001:
            return f"its field of view is {100 * share:.0f} % off {STRAY}"
    why = why_unsuitable(other)
    return f"another stack, {other}{', ' * bool(why)}{why}"
