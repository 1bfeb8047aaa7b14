"""What studies and folders are called: by their own names, or by pseudonyms where a name tells who the patient is.

A pseudonym is a keyed hash (HMAC-SHA-256) of the study instance UID: the same on every run and every machine that has
the key, and without the key not to be found by trying UIDs or names. The key is a file of this user's; nothing else
is kept. Documentation/privacy.md says where it lies and how it is shared.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.folders import folder_name
from DCMMultiTaskLib.imaging.identifiers import Identifiers

KEY_VARIABLE = "DCM_MULTITASK_KEY"
_EXTENSIONS = (".seg.nrrd", ".seq.nrrd", ".nii.gz", ".nrrd", ".nhdr", ".nii", ".mha", ".mhd", ".dcm", ".ima")
_KEY_BYTES = 32
_LENGTH = 12  # base32 letters, 60 bits: two of a million studies meet by chance once in two million


def plain_name(path: Path) -> str:
    """The file's name without its image extension; a folder's name."""
    path = Path(path)
    if path.is_dir():
        return folder_name(path)
    for extension in _EXTENSIONS:
        if path.name.lower().endswith(extension) and len(path.name) > len(extension):
            return path.name[: -len(extension)]
    return path.name


def study_name(path: Path, known: Identifiers) -> str:
    """What a study is called in file names, nodes, tables and messages.

    Args:
        path: Image file or DICOM folder.
        known: What the study's headers say; the pseudonym is made from their study instance UID.

    Returns:
        Its file's or folder's name; a pseudonym where that holds an identifier.

    Raises:
        InputError: A pseudonym is needed, and its key can neither be read nor made.
    """
    name = plain_name(path)
    return pseudonym(known.study_uid or name) if known.holds(name) else name


def shown_folder(folder: Path, known: Identifiers) -> Path:
    """A relative folder, those of its parts that hold an identifier replaced by pseudonyms.

    Raises:
        InputError: As `study_name`.
    """
    return Path(*(pseudonym(part, "folder") if known.holds(part) else part for part in folder.parts))


def pseudonym(text: str, kind: str = "study") -> str:
    """The keyed hash of a text, as `study-k3v5xq2mzp7a`.

    Raises:
        InputError: The key can neither be read nor made.
    """
    return f"{kind}-{keyed_hash(f'{kind} {text}')[:_LENGTH]}"


def keyed_hash(text: str) -> str:
    """HMAC-SHA-256 of a text with the local key, in base 32.

    Raises:
        InputError: The key can neither be read nor made.
    """
    digest = hmac.new(local_key(), text.encode(errors="surrogateescape"), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().lower()


def plain_hash(text: str) -> str:
    """SHA-256 of a text that tells no one who a patient is, in hexadecimal digits."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def key_file() -> Path:
    """Where this user's key lies: the file that `DCM_MULTITASK_KEY` names, else one among the user's settings."""
    if os.environ.get(KEY_VARIABLE):
        return Path(os.environ[KEY_VARIABLE])
    try:
        home = Path.home()
    except RuntimeError as error:
        raise InputError(f"There is no home folder for the key of pseudonyms; set {KEY_VARIABLE} to a file.") from error
    if sys.platform == "win32":
        settings = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        settings = home / "Library" / "Application Support"
    else:
        settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return settings / "dcm-multitask" / "pseudonyms.key"


def local_key() -> bytes:
    """The key; it is made, for this user alone to read, where there is none.

    Raises:
        InputError: It cannot be read or made, or is damaged.
    """
    path = key_file()
    try:
        if not path.exists():
            _make_key(path)
        text = path.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except OSError as error:
        raise InputError(
            f"The key of pseudonyms, {path}, can neither be read nor made ({error.strerror or error}); set "
            f"{KEY_VARIABLE} to a file that can, or use --keep-identifiers."
        ) from error
    except ValueError as error:
        raise InputError(f"{path} is no key of pseudonyms, or it is damaged; restore it from a copy.") from error
    if len(key) < _KEY_BYTES:
        raise InputError(f"{path} is no key of pseudonyms, or it is damaged; restore it from a copy.")
    return key


def _make_key(path: Path) -> None:
    """Whole or not at all; where two programs make it at once, the first one's stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(_KEY_BYTES) + "\n")
        try:
            os.link(new, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            new.replace(path)
    finally:
        with suppress(FileNotFoundError):
            new.unlink()
