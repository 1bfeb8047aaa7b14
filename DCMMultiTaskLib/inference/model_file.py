"""The `.dcmmodel` file as a file: where the shipped one is and what it says of itself, without loading torch."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from DCMMultiTaskLib.errors import InputError

SUFFIX = ".dcmmodel"
WEIGHTS, SETTINGS, CARD = "weights.safetensors", "model.json", "MODEL_CARD.md"
# The most bytes that a member may unpack to: a zip bomb is refused before it is read.
LIMITS = {WEIGHTS: 1 << 28, SETTINGS: 4 << 20, CARD: 1 << 20}


@dataclass(frozen=True)
class ModelFacts:
    """What a reader wants to know before using a model.

    Attributes:
        name: What the model is called.
        version: Its version.
        licence: Licence of the weights.
        card: Model card, Markdown.
    """

    name: str
    version: str
    licence: str
    card: str


def shipped_model() -> Path:
    """The model that comes with this installation.

    Raises:
        InputError: None is installed.
    """
    library = Path(__file__).resolve().parents[1]
    for folder in (library.parent / "Resources" / "Models", library / "models"):
        models = sorted(folder.glob(f"*{SUFFIX}"))
        if models:
            return models[0]
    raise InputError(f"No model comes with this installation; name a {SUFFIX} file.")


def read_model_facts(path: Path) -> ModelFacts:
    """Read name, version, licence and card; the weights are not looked at.

    Raises:
        InputError: The file is missing or is not a model package.
    """
    path = Path(path)
    _, _, settings, card = read_model_file(path, (SETTINGS, CARD))
    try:
        return ModelFacts(str(settings["name"]), str(settings["version"]), str(settings["licence"]), card)
    except (TypeError, KeyError) as error:
        raise InputError(f"{path.name} is not a model package ({str(error)[:200]}).") from error


def read_model_file(
    path: Path, names: tuple[str, ...] = (WEIGHTS, SETTINGS, CARD)
) -> tuple[bytes, dict[str, bytes], Any, str]:
    """The file's bytes, those of the named members, the settings as JSON has them, and the card.

    Raises:
        InputError: The file cannot be read or is not a model package.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # opening a pipe waits without end
            raise InputError(f"The model file {path} cannot be read (it is no file).")
        content = path.read_bytes()
        members = _members(content, names)
        return content, members, json.loads(members[SETTINGS].decode("utf-8")), members[CARD].decode("utf-8")
    except OSError as error:
        raise InputError(f"The model file {path} cannot be read ({error.strerror}).") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        # RecursionError is a RuntimeError: settings that are nested without end.
        raise InputError(f"{path.name} is damaged or not a model package ({str(error)[:200]}).") from error
    except ValueError as error:
        raise InputError(f"{path.name} is not a model package ({str(error)[:200]}).") from error


def _members(content: bytes, names: tuple[str, ...]) -> dict[str, bytes]:
    """The bytes of the named members; anything foreign in the archive, or too much, is refused."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        infos = archive.infolist()
        foreign = sorted({info.filename for info in infos} - set(LIMITS))
        if foreign:
            raise ValueError(f"it contains {foreign[0]!r}")
        if len(infos) != len(LIMITS) or len({info.filename for info in infos}) != len(LIMITS):
            raise ValueError("it does not contain exactly " + ", ".join(LIMITS))
        for info in infos:
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # each has errors of its own
                raise ValueError(f"{info.filename} is compressed in a way that is not read")
            if info.file_size > LIMITS[info.filename]:
                raise ValueError(f"{info.filename} is larger than {LIMITS[info.filename] >> 20} MB")
        return {info.filename: _read(archive, info) for info in infos if info.filename in names}


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A member, in portions: what the archive says of its size may be a lie."""
    with archive.open(info) as stream:
        return b"".join(iter(lambda: stream.read(1 << 20), b""))
