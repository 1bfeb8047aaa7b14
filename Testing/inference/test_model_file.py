"""What a model file says of itself is read without torch."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.model_file import CARD, SETTINGS, WEIGHTS, read_model_facts
from DCMMultiTaskLib.inference.package import ModelPackage, save_package
from DCMMultiTaskLib.networks.config import preset
from DCMMultiTaskLib.networks.registry import build


@pytest.fixture
def path(tmp_path: Path) -> Path:
    config = preset("default", width=4)
    package = ModelPackage(
        network_config=config,
        weights=build("multitask", config).state_dict(),
        licence="Apache-2.0",
        name="tiny",
        version="1.2",
        card="# tiny\nGröße",
    )
    save_package(package, tmp_path / "tiny.dcmmodel")
    return tmp_path / "tiny.dcmmodel"


def test_name_version_licence_and_card_are_read(path: Path) -> None:
    facts = read_model_facts(path)
    assert (facts.name, facts.version, facts.licence, facts.card) == ("tiny", "1.2", "Apache-2.0", "# tiny\nGröße")


def test_reading_them_does_not_import_torch(path: Path) -> None:
    code = (
        "import sys, pathlib; from DCMMultiTaskLib.inference.model_file import read_model_facts;"
        "print(read_model_facts(pathlib.Path(sys.argv[1])).name, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == ["tiny", "False"]


def test_a_missing_a_cut_and_a_foreign_file_are_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_model_facts(tmp_path / "none.dcmmodel")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="not a model package"):
        read_model_facts(path)
    path.write_text("hello")
    with pytest.raises(InputError, match="not a model package"):
        read_model_facts(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice_in_place_of_another_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in (SETTINGS, SETTINGS, WEIGHTS):
            archive.writestr(name, b"{}")
    with pytest.raises(InputError, match="does not contain exactly"):
        read_model_facts(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_of_another_compression_is_refused(path: Path, method: int) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name in (CARD, SETTINGS, WEIGHTS):
            archive.writestr(name, b"{}" * 100)
    content = bytearray(path.read_bytes())
    begin = content.index(SETTINGS.encode()) + len(SETTINGS)
    content[begin + 10 : begin + 30] = bytes(20)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"not a model package \(.*compressed in a way"):
        read_model_facts(path)
