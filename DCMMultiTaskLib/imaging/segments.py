"""What the labels of a result mean: names, colours and coded terms, in files and in the scene."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """One structure of a segmentation.

    Attributes:
        label: Its value in a label map.
        name: What it is called.
        colour: Red, green, blue, 0 to 255.
        code: SNOMED CT code of its type.
        meaning: What the code means.
    """

    label: int
    name: str
    colour: tuple[int, int, int]
    code: str
    meaning: str

    @property
    def terminology(self) -> str:
        """The terminology entry in Slicer's form."""
        return (
            "Segmentation category and type - DICOM master list~SCT^123037004^Anatomical Structure"
            f"~SCT^{self.code}^{self.meaning}~^^~Anatomic codes - DICOM master list~^^~^^"
        )


MYOCARDIUM = Segment(1, "Myocardium", (192, 104, 88), "74281007", "Myocardium")
LV_CAVITY = Segment(2, "LV cavity", (88, 156, 208), "87878005", "Left ventricle")
SEGMENTS = (MYOCARDIUM, LV_CAVITY)
