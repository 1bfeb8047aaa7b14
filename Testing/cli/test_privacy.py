"""No identifier that stands in a DICOM header reaches an output, a message or a name."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import pydicom
import pytest
from imaging.hospital_files import make, save
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from DCMMultiTaskLib.cli import main

# What is planted, and the parts of it that must not be found anywhere, in small letters.
TEXTS = {
    "PatientName": "Quaxwell^Zebediah^Müßig=山田^太郎",
    "PatientID": "ZQ7741923",
    "PatientBirthDate": "19420317",
    "PatientAddress": "17 Wuthering Lane, Ploverdale",
    "PatientTelephoneNumbers": "0044-5550199",
    "PatientMotherBirthName": "Crumbleholm",
    "PatientBirthName": "Tanglefoot",
    "OtherPatientIDs": "OLDID55120",
    "OtherPatientNames": "Hobbledehoy^Zeb",
    "PatientComments": "Ask his neighbour Mrs. Wigglesworth",
    "AdditionalPatientHistory": "Seen by Snodgrass in spring",
    "Occupation": "Lamplighter",
    "MilitaryRank": "Brigadier",
    "MedicalRecordLocator": "SHELF99120",
    "AccessionNumber": "ACC8837261",
    "InstitutionName": "Grimblethorpe Infirmary",
    "InstitutionAddress": "Foxglove Crescent, Nettlebridge",
    "InstitutionalDepartmentName": "Wing Featherstone",
    "StationName": "GRMBMR07",
    "DeviceSerialNumber": "SN4471209",
    "ReferringPhysicianName": "Vexmoor^Ottoline",
    "PerformingPhysicianName": "Pumblechook^Abel",
    "PhysiciansOfRecord": "Honeythunder^Luke",
    "NameOfPhysiciansReadingStudy": "Skimpole^Harold",
    "OperatorsName": "Jellyby^Prince",
    "RequestingPhysician": "Turveydrop^Ada",
    "StudyID": "STUDY70031",
    "StudyDate": "20190412",
    "StudyDescription": "Heart of Quaxwell",
    "SeriesDescription": "cine_sax Quaxwell 1942",
    "ProtocolName": "sax Guppyson",
    "ImageComments": "belongs to Chadbandery",
    "CurrentPatientLocation": "Marshalsea",
    "PatientInsurancePlanCodeSequence": "",
    "ResponsiblePerson": "Squeers^Wackford",
    "IssuerOfPatientID": "Cratchitshire",
}
PRIVATE, IN_SEQUENCE = "Heepson, Uriah", "Micawberly"
NAMES = ("quaxwell", "zebediah", "müßig", "muessig", "mussig", "山田", "太郎", "zq7741923", "19420317", "1942")
PARTS = (
    *NAMES,
    *("7741923", "wuthering", "ploverdale", "5550199", "crumbleholm", "tanglefoot", "55120", "hobbledehoy"),
    *("wigglesworth", "snodgrass", "lamplighter", "brigadier", "99120", "8837261", "grimblethorpe", "foxglove"),
    *("nettlebridge", "featherstone", "grmbmr07", "4471209", "vexmoor", "pumblechook", "honeythunder", "skimpole"),
    *("jellyby", "turveydrop", "70031", "20190412", "guppyson", "chadbandery", "marshalsea", "squeers"),
    *("cratchitshire", "heepson", "micawberly", "2.25.4711"),
)


def planted(description: str = TEXTS["SeriesDescription"], **values: object) -> list[Dataset]:
    def edit(ds: Dataset, _position: int, _phase: int) -> None:
        ds.SpecificCharacterSet = "ISO_IR 192"
        for name, text in (TEXTS | {"SeriesDescription": description}).items():
            if text:
                setattr(ds, name, text)
        ds.StudyInstanceUID = "2.25.47110815"
        request = Dataset()
        request.RequestedProcedureDescription, request.RequestedProcedureID = "heart", IN_SEQUENCE
        ds.RequestAttributesSequence = [request]
        block = ds.private_block(0x0029, "SOMEONE'S HEADER", create=True)
        block.add_new(0x10, "LO", PRIVATE)
        for name, value in values.items():
            setattr(ds, name, value)

    return make(edit=edit)


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    """A patient's folder as hospitals name them, with other patient's files and odd ones in it."""
    folder = tmp_path / "in" / "QUAXWELL_Zebediah_17.03.1942"
    save(planted(), folder / "ZQ7741923", name="Quaxwell-ACC8837261-{:04d}.dcm")
    save(
        planted("haste_tra Guppyson", SeriesInstanceUID=generate_uid(), ImageOrientationPatient=[1, 0, 0, 0, 1, 0]),
        folder / "Heepson, Uriah",
    )
    (folder / "Müßig_Zebediah.txt").write_text("notes")
    (folder / "muessig-report.pdf").write_bytes(b"%PDF")
    return folder


def found_in(content: bytes, where: str, parts: tuple[str, ...] = PARTS) -> list[str]:
    """Which planted parts stand in a file or what was printed, in its archives and compressed parts, too."""
    found = []
    if content[:4] == b"PK\3\4":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                found += found_in(name.encode() + archive.read(name), f"{where}/{name}", parts)
    begin = content.find(b"\x1f\x8b\x08") if content[:4] == b"NRRD" else -1
    if begin > 0:
        found += found_in(gzip.decompress(content[begin:]), f"{where} unzipped", parts)
    for text in (content.decode("utf-8", "ignore"), content.decode("latin-1"), content.decode("utf-16-le", "ignore")):
        found += [f"{part} in {where}" for part in parts if part in text.lower()]
    return found


def leaks(output: Path, printed: tuple[str, str], parts: tuple[str, ...] = PARTS) -> list[str]:
    found = found_in("\n".join(printed).encode(), "what was printed", parts)
    for path in output.rglob("*"):
        name = path.relative_to(output).as_posix()
        found += found_in(name.encode(), "a name", parts)
        found += found_in(path.read_bytes(), name, parts) if path.is_file() else []
    return found


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, tuple[str, str]]:
    code = main(["predict", *map(str, words)])
    said = capsys.readouterr()
    return code, (said.out, said.err)


def test_nothing_of_the_patient_reaches_an_output(
    patient: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("slicer")
    out = tmp_path / "out"
    code, printed = run(capsys, patient, "-o", out, "--model", tiny_model, "--cam", "--scene")
    assert code == 0
    assert leaks(out, printed) == []
    (summary,) = out.glob("study-????????????_summary.json")
    written = json.loads(summary.read_text(encoding="utf-8"))
    assert f"{written['name']}_summary.json" == summary.name
    assert {"reason": "not DICOM", "count": 2, "names": ["[hidden].txt", "[hidden].pdf"]} in written["files"]
    assert (out / f"{written['name']}.mrb").is_file()


def test_a_study_below_a_folder_keeps_neither_name_nor_place(
    patient: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(make(StudyInstanceUID="2.25.99"), patient.parent / "volunteer")
    out = tmp_path / "out"
    code, printed = run(capsys, patient.parent.parent, "-o", out, "--model", tiny_model, "--phase", "first")
    assert code == 0
    assert leaks(out, printed) == []
    assert (out / "in" / "volunteer_summary.json").is_file()
    assert len(list((out / "in").glob("study-*_summary.json"))) == 1


def test_the_name_of_a_study_is_the_same_every_time_and_another_with_another_key(
    patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def name() -> str:
        return run(capsys, patient, "-o", tmp_path / "out", "--dry-run")[1][0].partition(":")[0]

    first = name()
    assert first.startswith("study-") and name() == first
    monkeypatch.setenv("DCM_MULTITASK_KEY", str(tmp_path / "other.key"))
    assert name().startswith("study-") and name() != first


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(["--series", "Quaxwell LGE"], "there is no series"), (["--roi", "900,900,900"], "outside")],
)
def test_errors_do_not_say_who_it_is(
    arguments: list[str],
    reason: str,
    patient: Path,
    tiny_model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, printed = run(capsys, patient, "-o", tmp_path / "out", "--model", tiny_model, *arguments)
    assert code == 2 and reason in printed[1]
    assert leaks(tmp_path / "out", printed) == []


@pytest.mark.parametrize("kept", [0, 100, 300, 1200])
def test_a_broken_file_is_told_without_its_name(
    kept: int, patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = next((patient / "ZQ7741923").iterdir()).read_bytes()
    broken = patient / "ZQ7741923" / "A_Bumblethorn_Zebediah_0099.dcm"
    broken.write_bytes(whole[:kept])
    lonely = tmp_path / "Bumblethorn_Quaxwell.dcm"
    lonely.write_bytes(whole[:kept])
    parts = (*PARTS, "bumblethorn")
    for inputs in ([patient], [lonely], [patient, lonely]):
        code, printed = run(capsys, *inputs, "-o", tmp_path / "out", "--dry-run")
        assert code in (1, 2)
        assert ".dcm: the" in printed[1]
        shown = parts if kept in (0, 100, 300) else PARTS
        assert leaks(tmp_path / "out", printed, shown) == []


def test_two_patients_in_one_folder_are_refused_without_their_names(
    patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(planted(PatientName="Bumblethorn^Maria", PatientID="B1234567"), patient / "ZQ7741923")
    code, printed = run(capsys, patient, "-o", tmp_path / "out", "--dry-run")
    assert code and "2 patients" in printed[1]
    assert leaks(tmp_path / "out", printed, (*PARTS, "bumblethorn", "1234567")) == []


def test_identifiers_stay_where_they_are_wanted(
    patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, (said, _) = run(capsys, patient, "-o", tmp_path / "out", "--dry-run", "--keep-identifiers")
    assert code == 0
    assert said.startswith("QUAXWELL_Zebediah_17.03.1942: ") and "cine_sax Quaxwell" in said


def test_the_map_of_names_is_written_where_it_is_asked_for_and_never_among_the_results(
    patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    map_file = tmp_path / "mine" / "names.csv"
    for _ in range(2):
        code, (said, _) = run(capsys, patient, "-o", tmp_path / "out", "--dry-run", "--name-map", map_file)
        assert code == 0
    name = said.partition(":")[0]
    assert map_file.read_text(encoding="utf-8").splitlines() == [
        "study,path,study_instance_uid",
        f"{name},{patient},2.25.47110815",
    ]
    code, (_, said) = run(capsys, patient, "-o", tmp_path, "--dry-run", "--name-map", map_file)
    assert code == 2 and "must not lie in the folder of the results" in said


def test_a_key_that_cannot_be_made_is_said(
    patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for key in (tmp_path / "file" / "key", tmp_path / "file"):
        monkeypatch.setenv("DCM_MULTITASK_KEY", str(key))
        code, printed = run(capsys, patient, "-o", tmp_path / "out", "--dry-run")
        assert code == 2 and "key of pseudonyms" in printed[1]
        assert leaks(tmp_path / "out", printed) == []


def test_warnings_of_the_reader_do_not_quote_the_header(
    patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (patient / "ZQ7741923").iterdir():
        header = pydicom.dcmread(path)
        header.PatientAddress = "Wuthering " * 30
        header.SpecificCharacterSet = "Quaxwell"
        header.save_as(path)
    _, printed = run(capsys, patient, "-o", tmp_path / "out", "--dry-run")
    assert leaks(tmp_path / "out", printed) == []


@pytest.mark.parametrize("flat", [False, True])
def test_a_batch_tells_no_one_who_the_patients_are(
    flat: bool, patient: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = patient if flat else patient.parent / "BUMBLETHORN_Maria"
    save(planted(PatientName="Bumblethorn^Maria", PatientID="B1234567", StudyInstanceUID="2.25.99"), other)
    (patient / "Quaxwell_cut.dcm").write_bytes(bytes(50))
    out, map_file = tmp_path / "out", tmp_path / "names.csv"
    options = ("--model", tiny_model, "--phase", "first", "--name-map", map_file)
    code = main(["batch", *map(str, (patient.parent, "-o", out, *options))])
    said = capsys.readouterr()
    assert code == 1 and "2.25.99" in map_file.read_text(encoding="utf-8")
    assert len(list((out / "studies").iterdir())) >= 1
    parts = (*PARTS, "bumblethorn", "1234567", "2.25.99")
    assert leaks(out, (said.out, said.err), parts) == []
