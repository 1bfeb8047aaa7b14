"""Who the patient is, as the headers of DICOM files say it, kept out of names and sentences.

What counts follows the basic confidentiality profile of DICOM PS3.15, annex E, turned round so that a new attribute is
not forgotten: every text, name, date and UID of a header identifies, private ones too, but for the few attributes that
describe the scan alone. Descriptions of series are free text that people type names into; only technical words of them
are shown ("clean descriptors" of that annex).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
from pydicom.datadict import dictionary_VR, keyword_for_tag

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.imaging.technical_words import (
    COMMON,
    FOLDS,
    HIDDEN,
    HIDDEN_AGAIN,
    PLACEHOLDERS,
    TOKEN,
    folded,
    plain_letters,
    technical,
)

_TEXT = {"LO", "SH", "LT", "ST", "UT", "UC", "UR", "AE", "UN"}
_DESCRIBES_THE_SCAN = {
    *("Manufacturer", "ManufacturerModelName", "SoftwareVersions", "SequenceName", "PulseSequenceName", "ProtocolName"),
    *("SeriesDescription", "StudyDescription", "PerformedProcedureStepDescription", "RequestedProcedureDescription"),
    *("ReceiveCoilName", "TransmitCoilName", "ReceiveCoilManufacturerName", "TransmitCoilManufacturerName"),
    *("ImagedNucleus", "PositionReferenceIndicator", "ContrastBolusAgent", "ContrastBolusRoute", "TriggerSourceOrType"),
    *(
        "CodeMeaning",
        "CodeValue",
        "CodingSchemeDesignator",
        "CodingSchemeVersion",
        "RescaleType",
        "CardiacRRIntervalSpec",
    ),
    *("FilterType", "WindowCenterWidthExplanation", "AcquisitionDuration", "DerivationDescription", "LUTExplanation"),
    *("DeidentificationMethod", "ImplementationVersionName", "AcquisitionProtocolName", "DimensionDescriptionLabel"),
}
_WORD = re.compile(r"[^\s/\\'\"(),;:=\[\]]+")
_TAIL = re.compile(r"(?:[-_.]\d{1,4})?(?:\.[A-Za-z]{2,4}){0,2}$")
_OF_EVERY_HEADER = ("SOPInstanceUID", "StudyInstanceUID", "PatientID", "PatientName")
_LONGEST_VALUE = 1 << 12
_SHORT_VALUE = 64  # longer ones are sentences, whose single words tell no one apart


class Identifiers:
    """What must not be shown, gathered from headers.

    Attributes:
        keep: Nothing is gathered or hidden: the user wants the identifiers.
        headers: How many headers were read that say whose they are.
        unreadable: DICOM files were looked at, and none of their headers could be read.
        study_uid: Study instance UID of the headers, the first in order where there are several; empty without one.

    Example:
        >>> header = pydicom.Dataset()
        >>> header.PatientName = "Doe^Jane"
        >>> known = Identifiers()
        >>> known.add(header)
        >>> known.holds("cine_sax"), known.hide("JDOE_sax_0012.dcm")
        (False, '[hidden]_0012.dcm')
    """

    def __init__(self, *, keep: bool = False) -> None:
        self.keep = keep
        self.headers = 0
        self.unreadable = False
        self.study_uid = ""
        self._whole: set[str] = set()  # one or several tokens, as they are
        self._within: set[str] = set()  # also inside a longer token
        self._seen: set[tuple[int, object]] = set()

    def add(self, header: pydicom.Dataset) -> None:
        """Gather what a header says; values that cannot be read are passed over."""
        if self.keep:
            return
        self.headers += any(name in header for name in _OF_EVERY_HEADER)
        for part in (header, getattr(header, "file_meta", None)):
            self._add(part or pydicom.Dataset())

    def merge(self, other: Identifiers) -> None:
        """Gather what another has gathered."""
        self._whole |= other._whole
        self._within |= other._within

    def holds(self, text: str) -> bool:
        """Whether a name, or a part of it, identifies; without a header any that is not technical may."""
        return self.hide(text) != text

    def hide(self, text: str) -> str:
        """A name or a path with the words that identify replaced; a number at the end of a file's name stays."""
        return technical(text) if self.unreadable and not self.keep else self._hide(text, short=True)

    def hide_in(self, sentence: str, paths: Iterable[Path] = ()) -> str:
        """A sentence without what identifies, in it or in the names of files that it speaks of.

        Names of three letters and less are looked for in the files' names alone: `is` and `up` are words, too.
        """
        if self.keep:
            return sentence
        for path in {path for path in paths if path.name in sentence}:
            sentence = sentence.replace(path.name, self.hide(path.name))
        return self._hide(sentence, short=False)

    @contextmanager
    def read_from(self, path: Path) -> Iterator[None]:
        """Hide in the message of an `InputError` what identifies.

        Where not even the file's header could be read, nothing says that its name does not identify: of that only
        technical words are shown.
        """
        before = self.headers
        try:
            yield
        except InputError as error:
            name = self.hide(path.name)
            if self.headers == before and not self.keep:
                name = technical(name)
            error.args = (self.hide_in(str(error).replace(path.name, name)),)
            raise

    @contextmanager
    def kept_out_of_errors(self, paths: Iterable[Path]) -> Iterator[None]:
        """Hide in the message of an `InputError` that arises inside what identifies, also in these files' names."""
        try:
            yield
        except InputError as error:
            error.args = (self.hide_in(str(error), paths),)
            raise

    def _add(self, header: pydicom.Dataset) -> None:
        for tag, stored in list(header.items()):
            vr, raw = stored.VR or _vr(tag), stored.value
            known = (int(tag), raw) if isinstance(raw, bytes | str) else None
            if known in self._seen or (isinstance(raw, bytes) and len(raw) > _LONGEST_VALUE and vr != "SQ"):
                continue
            if known:
                self._seen.add(known)
            try:
                vr, value = header[tag].VR, header[tag].value
            except Exception:  # pydicom meets damaged bytes with whatever they bring about
                value = raw
            self._add_element(tag, vr, value)

    def _add_element(self, tag: Any, vr: str, value: Any) -> None:
        if vr == "SQ":
            for item in value if isinstance(value, pydicom.Sequence) else ():
                self._add(item)
            return
        one = isinstance(value, str | bytes | pydicom.valuerep.PersonName) or not hasattr(value, "__iter__")
        for text in filter(None, map(_text_of_value, [value] if one else value)):
            if vr == "PN":
                self._add_person(text)
            elif vr in ("DA", "DT"):
                self._whole |= _dates(text)
                if keyword_for_tag(tag) == "PatientBirthDate" and text[:4].strip("0"):
                    self._whole.add(text[:4])
            elif vr == "UI":
                if keyword_for_tag(tag) == "StudyInstanceUID":
                    self.study_uid = min(self.study_uid or text, text)
                if not text.startswith("1.2.840.10008."):
                    self._add_run(text, digits=8)
            elif vr in _TEXT or (vr == "OB" and tag.is_private):
                self._add_text(tag, text)

    def _add_text(self, tag: Any, text: str) -> None:
        tokens = TOKEN.findall(plain_letters(text))
        if tag.is_private_creator or keyword_for_tag(tag) in _DESCRIBES_THE_SCAN:
            return
        telling = [t for t in tokens if (len(t) > 4 if t.isdecimal() else folded(t) not in COMMON)]
        a_number = len(tokens) == 1 and tokens[0].isdecimal() and not tag.is_private
        if not telling and not a_number:
            return
        if not tag.is_private:
            self._add_run(text)
            for token in telling if len(text) <= _SHORT_VALUE else ():
                if len(token) > 4:
                    self._add_run(token)
        elif sum(map(len, tokens)) > 4:
            self._add_run(text)

    def _add_person(self, text: str) -> None:
        for group in text.split("="):
            parts = ["".join(TOKEN.findall(part)) for part in re.split(r"[\s^,_-]+", plain_letters(group))]
            parts = [part for part in parts if part and folded(part) not in PLACEHOLDERS]
            for one in parts:
                self._add_run(one)
                for other in parts:
                    if one is not other:
                        for both in (one + other, one[0] + other, one + other[0]):
                            self._add_run(both)

    def _add_run(self, text: str, *, digits: int = 4) -> None:
        """Tokens that follow each other; too short a number, a single letter and technical words tell no one apart."""
        tokens = TOKEN.findall(plain_letters(text))
        for run in {"".join(folded(token, way) for token in tokens) for way in FOLDS}:
            if len(run) < 2 or (run.isdecimal() and len(run) < digits):
                continue
            self._whole.add(run)
            if len(run) > (4 if run.isdecimal() else 3) or not run.isascii():
                self._within.add(run)

    def _found(self, text: str, *, short: bool) -> list[tuple[int, int]]:
        """Where identifiers stand in a text: begin and end."""
        if self.keep or not self._whole:
            return []
        longest = max(map(len, self._whole))
        tokens = list(TOKEN.finditer(text))
        found = []
        for way in FOLDS:
            letters = [folded(token.group(), way) for token in tokens]
            for first, start in enumerate(letters):
                run = ""
                for last in range(first, len(letters)):
                    between = text[tokens[last - 1].end() : tokens[last].start()] if last > first else ""
                    if len(between) > (1 if letters[last].isdecimal() else 2) or len(run) > longest:
                        break
                    run += letters[last]
                    if run in self._whole and (short or len(run) > 3):
                        found.append((tokens[first].start(), tokens[last].end()))
                if len(start) > 1 and any(needle in start for needle in self._within if len(needle) <= len(start)):
                    found.append(tokens[first].span())
        return found

    def _hide(self, text: str, *, short: bool) -> str:
        plain = plain_letters(text)
        found = self._found(plain, short=short)
        if not found:
            return text

        def hidden(word: re.Match[str]) -> str:
            inside = [end for begin, end in found if begin < word.end() and end > word.start()]
            if not inside:
                return word.group()
            stem = word.group().rstrip(".")
            tail = _TAIL.search(stem)
            kept = tail.group() if tail and word.start() + tail.start() >= max(inside) else ""
            return HIDDEN + kept + word.group()[len(stem) :]

        return HIDDEN_AGAIN.sub(HIDDEN, _WORD.sub(hidden, plain))


def _dates(text: str) -> set[str]:
    """A date as people write it in names, without what stands between its parts."""
    if len(text) < 8 or not text[:8].isdecimal() or not text[:8].strip("0"):
        return set()
    year, month, day = text[:4], text[4:6], text[6:8]
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
        return {text[:8]}
    parts = [(year, month, day), (day, month, year), (month, day, year)]
    bare = [(one.lstrip("0"), two.lstrip("0"), year) for one, two in ((day, month), (month, day))]
    brief = [(year[2:], month, day), (day, month, year[2:]), (month, day, year[2:])]
    return {"".join(date) for date in (*parts, *bare, *brief)}


def _vr(tag: Any) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _text_of_value(value: object) -> str:
    if isinstance(value, bytes):
        text = value.decode("latin-1").strip(" \0")
        return text if text.isprintable() else ""
    return "" if value is None else str(value).strip(" \0")
