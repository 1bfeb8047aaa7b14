"""What of a DICOM header identifies, and in which spellings it is found."""

from __future__ import annotations

import pydicom
import pytest

from DCMMultiTaskLib.imaging.identifiers import Identifiers
from DCMMultiTaskLib.imaging.technical_words import technical


def known(**values: object) -> Identifiers:
    header = pydicom.Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    for name, value in values.items():
        setattr(header, name, value)
    identifiers = Identifiers()
    identifiers.add(header)
    return identifiers


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"PatientName": "Müller^Jörg"}, "mueller_sax"),
        ({"PatientName": "Müller^Jörg"}, "MULLER-JORG"),
        ({"PatientName": "Müller^Jörg"}, "Mu\u0308ller"),
        ({"PatientName": "Müller^Jörg"}, "M\udcfcller"),
        ({"PatientName": "Doe^Jane"}, "jdoe"),
        ({"PatientName": "Doe^Jane"}, "DoeJane17"),
        ({"PatientName": "Li^Wei"}, "Li_Wei"),
        ({"PatientName": "Yamada^Tarou=山田^太郎"}, "山田太郎"),
        ({"PatientID": "12345678"}, "pat12345678"),
        ({"PatientID": "AB-123/4"}, "ab1234"),
        ({"PatientID": "SCD0000101"}, "scd0000101_sax"),
        ({"PatientBirthDate": "19500102"}, "02.01.1950"),
        ({"PatientBirthDate": "19500102"}, "2-1-1950"),
        ({"PatientBirthDate": "19500102"}, "500102"),
        ({"InstitutionName": "St. Mary Hospital"}, "st mary hospital"),
        ({"InstitutionName": "Sunnybrook Hospital"}, "sunnybrook"),
        ({"StudyInstanceUID": "1.2.840.113619.2.55"}, "1.2.840.113619.2.55"),
    ],
)
def test_finds_an_identifier_however_a_name_spells_it(values: dict[str, str], name: str) -> None:
    assert known(**values).holds(name)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"PatientName": "SCD0000501", "PatientID": "SCD0000501", "StudyDate": "20120000"}, "SC-HF-I-05"),
        ({"PatientName": "Anonymous^Patient", "PatientID": ""}, "patient_anonymous_7"),
        ({"PatientID": "1"}, "study 1"),
        ({"InstitutionalDepartmentName": "Cardiac MRI"}, "cardiac_mri_7"),
        ({"SeriesDescription": "cine_sax", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}, "cine_sax"),
        ({"PatientName": "Li^Wei"}, "clinical"),
    ],
)
def test_leaves_names_that_hold_none(values: dict[str, str], name: str) -> None:
    assert known(**values).hide(name) == name


def test_hides_words_of_a_path_and_keeps_the_number_and_kind_of_a_file() -> None:
    jane = known(PatientName="Doe^Jane")
    assert jane.hide("study/DOE_JANE_MR/doe_0012.dcm") == "study/[hidden]/[hidden]_0012.dcm"


def test_a_short_name_does_not_hide_the_words_of_a_sentence() -> None:
    up = known(PatientName="Up^Is")
    assert up.hide_in("it is turned up by 2 degrees") == "it is turned up by 2 degrees"
    assert up.holds("Up_1")


def test_values_that_cannot_be_read_are_passed_over() -> None:
    header = pydicom.Dataset()
    header[0x00100010] = pydicom.dataelem.RawDataElement(
        pydicom.tag.Tag(0x00100010), "PN", 4, b"\xff\xfe\0Q", 0, False, True
    )
    header.add_new(0x00291010, "UN", bytes(range(256)))
    identifiers = Identifiers()
    identifiers.add(header)
    assert not identifiers.holds("study")


def test_only_technical_words_of_a_description_are_shown() -> None:
    assert technical("tfi2d15_192i_retro_sa Maria 8mm") == "tfi2d15_192i_retro_sa [hidden] 8mm"
    assert technical("Kurzachse Übersicht") == "Kurzachse Übersicht"
    assert technical("Schmidt_12345678.dcm") == "[hidden].dcm"
