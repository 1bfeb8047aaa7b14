"""Nodes of results are not named after the patient."""

from DCMMultiTaskLib.scene.hierarchy import hierarchy, item_of
from DCMMultiTaskLib.scene.naming import result_name


def test_a_volume_named_after_the_patient_gets_the_pseudonym_of_its_study(scene):
    tree = hierarchy(scene)
    patient = tree.CreateSubjectItem(tree.GetSceneItemID(), "Doe^Jane (17)")
    study = tree.CreateStudyItem(patient, "heart")
    tree.SetItemAttribute(patient, "DICOM.PatientName", "Doe^Jane")
    tree.SetItemUID(study, "DICOM", "1.2.3.9")
    names = []
    for name in ("4: cine DOE", "doe", "4: cine_sax"):
        node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        tree.SetItemParent(item_of(node), study)
        names.append(result_name(node))
    assert names[0] == names[1] and names[0].startswith("study-") and names[2] == "4: cine_sax"


def test_a_volume_without_a_patient_keeps_its_name(scene):
    assert result_name(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "heart")) == "heart"
