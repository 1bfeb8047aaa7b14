"""What the nodes and files of a volume's results are called."""

from __future__ import annotations

from typing import Any

import pydicom

from DCMMultiTaskLib.imaging.identifiers import Identifiers
from DCMMultiTaskLib.imaging.naming import pseudonym
from DCMMultiTaskLib.scene.hierarchy import hierarchy, item_of

_DICOM = "DICOM"


def result_name(volume_node: Any) -> str:
    """The volume's name; a pseudonym of its study where it holds what Slicer's DICOM module knows of the patient.

    Slicer keeps that as attributes of the patient and the study above the volume in the subject hierarchy.
    """
    tree = hierarchy(volume_node.GetScene())
    header = pydicom.Dataset()
    item = item_of(volume_node)
    while item not in (0, tree.GetSceneItemID()):
        for attribute in tree.GetItemAttributeNames(item):
            keyword = attribute.rpartition(".")[2]
            if attribute.startswith(f"{_DICOM}.") and pydicom.datadict.tag_for_keyword(keyword):
                setattr(header, keyword, tree.GetItemAttribute(item, attribute))
        if tree.GetItemLevel(item) == "Study" and tree.GetItemUID(item, _DICOM):
            header.StudyInstanceUID = tree.GetItemUID(item, _DICOM)
        item = tree.GetItemParent(item)
    known = Identifiers()
    known.add(header)
    name: str = volume_node.GetName()
    return pseudonym(known.study_uid or name) if known.holds(name) else name
