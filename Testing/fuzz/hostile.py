"""Hostile inputs: whole files of every kind that is read, bent by Hypothesis, and tricks made up by hand."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import struct
import zipfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from fuzz.keeper import Keeper
from fuzz.victim import MODEL
from hypothesis import strategies as st
from imaging.hospital_files import enhanced, make, save
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

NUMBERS = ["0", "-1", "1", "nan", "inf", "-inf", "1e308", "1e-308", "1e-30", "1000000", "100000000", "4294967297"]
NUMBERS += ["9223372036854775807", "99999999999999999999999", "", "x", "0x10", "1e5", "32768", "65535", "2147483648"]
PATHS = [
    "../../../../../../etc/passwd",
    "/etc/passwd",
    "..\\..\\x",
    "/dev/zero",
    "pipe",
    "loop",
    "",
    ".",
    "%s%n",
    "a\0b",
]
PATHS += ["LIST", "LIST\nstudy.raw", "study%03d.raw 1 1000000000 1", "~/x", "study.raw", "n" * 5000, "-o", "*.raw"]


@dataclass(frozen=True)
class Hostile:
    """What is put into the folder, and which of it is read.

    Attributes:
        kind: How it is read: a name in `victim.KINDS`.
        files: Content by name.
        given: Name of what is read; the folder if empty.
        links: Targets of links by name.
        pipes: Names of pipes.
    """

    kind: str
    files: dict[str, bytes]
    given: str
    links: dict[str, str] = field(default_factory=dict)
    pipes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        sizes = {name: len(content) for name, content in self.files.items()}
        return f"{self.kind} {self.given!r} of {sizes} {self.links or ''}{self.pipes or ''}"

    def fault(self, keeper: Keeper) -> str:
        """Let it be read; what is wrong with the outcome."""
        folder = keeper.inputs
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        for name, target in self.links.items():
            (folder / name).symlink_to(target)
        for name in self.pipes:
            os.mkfifo(folder / name)
        return keeper.fault(self.kind, folder / self.given if self.given else folder)


@cache
def images(folder: Path) -> dict[str, bytes]:
    """Small whole images, one in each form."""
    rng = np.random.default_rng(7)
    array = rng.integers(0, 900, (4, 24, 20)).astype(np.int16)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((1.5, 1.4, 8.0))
    for name in ("a.nrrd", "a.mha", "a.nii", "a.nii.gz"):
        sitk.WriteImage(image, str(folder / name), useCompression=name == "a.nii.gz")
    for name in ("z.nrrd", "z.mha"):
        sitk.WriteImage(image, str(folder / name), useCompression=True)
    head = (folder / "a.nrrd").read_bytes().partition(b"\n\n")[0]
    bzip2 = head.replace(b"encoding: raw", b"encoding: bzip2") + b"\n\n" + bz2.compress(array.tobytes())
    (folder / "b.nrrd").write_bytes(bzip2)
    stack = make(positions=4, phases=1)
    save([enhanced(make(positions=4, phases=2))], folder / "e", name="enhanced.dcm")
    save(stack[:1], folder / "p", name="plain.dcm")
    save(stack[:1], folder / "b", name="bare", preamble=False)
    plain = pydicom.dcmread(folder / "p" / "plain.dcm")
    packed = pydicom.dcmread(folder / "p" / "plain.dcm")
    packed.compress(RLELossless)
    packed.save_as(folder / "rle.dcm")
    plain.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    plain.save_as(folder / "deflated.dcm")
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@cache
def members() -> dict[str, bytes]:
    """What is in a whole model."""
    with zipfile.ZipFile(MODEL) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(content: dict[str, bytes], **options: object) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return stream.getvalue()


@st.composite
def bent(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes of a whole file, some of them changed, left out, doubled or cut off; the beginning the most."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 6))):
        if not content:
            break
        near = min(len(content), draw(st.sampled_from((160, 400, 1200, len(content)))))
        at = draw(st.integers(0, near - 1))
        count = draw(st.sampled_from((1, 1, 2, 4, 8, 64)))
        match draw(st.sampled_from(("flip", "set", "extreme", "cut", "drop", "double", "swap"))):
            case "flip":
                content[at] ^= 1 << draw(st.integers(0, 7))
            case "set":
                content[at : at + count] = draw(st.binary(min_size=count, max_size=count))
            case "extreme":
                content[at : at + count] = draw(st.sampled_from((b"\xff", b"\0", b"\x7f", b"\x80"))) * count
            case "cut":
                del content[at:]
            case "drop":
                del content[at : at + count]
            case "double":
                content[at:at] = content[at : at + count] * draw(st.sampled_from((1, 2, 50)))
            case "swap":
                other = draw(st.integers(0, len(content) - 1))
                content[at], content[other] = content[other], content[at]
    return bytes(content)


@st.composite
def lying(draw: st.DrawFn, whole: bytes, *, is_nrrd: bool) -> bytes:
    """A NRRD or MetaImage file whose header says something else."""
    end = whole.index(b"\n\n") if is_nrrd else whole.index(b"ElementDataFile")
    head, rest = whole[:end].decode("latin-1").split("\n"), whole[end:]
    between = ": " if is_nrrd else " = "
    for _ in range(draw(st.integers(1, 3))):
        line = draw(st.integers(1, len(head) - 1))
        name, _, value = head[line].partition(between)
        words = value.split() or [""]
        number = st.sampled_from(NUMBERS)
        if draw(st.booleans()):
            words[draw(st.integers(0, len(words) - 1))] = draw(number)
        else:
            words = draw(st.lists(number, min_size=len(words), max_size=len(words)))
        head[line] = f"{name}{between}{' '.join(words)}"
        if draw(st.integers(0, 4)) == 0:
            extra = ("dimension", "type", "endian", "encoding", "byte skip", "line skip", "data file", "sizes", "kinds")
            extra += ("NDims", "ElementType", "CompressedDataSize", "ElementNumberOfChannels", "HeaderSize", "DimSize")
            words_of = st.sampled_from(
                [*NUMBERS, *PATHS, "double", "MET_DOUBLE", "block", "gzip", "True", "hex", "ascii"]
            )
            head.insert(line, f"{draw(st.sampled_from(extra))}{between}{draw(words_of)}")
    return "\n".join(head).encode("latin-1", "replace") + rest


@st.composite
def lying_nifti(draw: st.DrawFn, whole: bytes) -> bytes:
    content = bytearray(whole)
    places = {"h": (40, 42, 44, 46, 48, 50, 70, 72, 252, 254), "f": (76, 80, 84, 88, 92, 108, 112, 116, 256, 280, 284)}
    for _ in range(draw(st.integers(1, 4))):
        form = draw(st.sampled_from("hf"))
        values = (-32768, -1, 0, 1, 2, 7, 8, 16, 64, 4096, 32767, 1792, 2304)
        value = draw(
            st.sampled_from(values if form == "h" else (*values, 1e38, -1e38, 1e-38, float("nan"), float("inf")))
        )
        struct.pack_into("<" + form, content, draw(st.sampled_from(places[form])), value)
    return gzip.compress(bytes(content), 1) if draw(st.booleans()) else bytes(content)


@st.composite
def lying_dicom(draw: st.DrawFn, whole: bytes) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(whole))
    numbers = st.sampled_from([0, 1, 2, 7, 16, 255, 4096, 65535])
    texts = st.sampled_from(["0", "-1", "1e30", "1e-30", "nan", "x", "", "1000000", "99999999999", "0.5"])
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel")))
        text = draw(
            st.sampled_from(("PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "NumberOfFrames"))
        )
        if draw(st.booleans()):
            setattr(dataset, name, draw(numbers))
        else:
            count = {"PixelSpacing": 2, "ImagePositionPatient": 3, "ImageOrientationPatient": 6}.get(text, 1)
            values = draw(st.lists(texts, min_size=1, max_size=count))
            tag = pydicom.tag.Tag(text)
            raw = "\\".join(values).encode()
            raw += b" " * (len(raw) % 2)
            dataset[tag] = pydicom.dataelem.RawDataElement(tag, "DS", len(raw), raw, 0, False, True)
    stream = io.BytesIO()
    try:
        dataset.save_as(stream)
    except Exception:  # pydicom does not write everything that it reads
        return whole
    return stream.getvalue()


@st.composite
def lying_model(draw: st.DrawFn) -> bytes:
    content = dict(members())
    settings = json.loads(content["model.json"])
    for _ in range(draw(st.integers(1, 3))):
        place = settings
        while True:
            key = draw(st.sampled_from(sorted(place)))
            if not (isinstance(place[key], dict) and place[key]) or draw(st.integers(0, 3)) == 0:
                break
            place = place[key]
        odd = st.sampled_from(
            [None, [], {}, "", "x" * 999, -1, 0, 1, 4096, 10**9, 10**30, 1e308, float("nan"), True, [1] * 9]
        )
        place[key] = draw(odd)
    content["model.json"] = json.dumps(settings).encode()
    if draw(st.booleans()):
        content["weights.safetensors"] = draw(bent(content["weights.safetensors"]))
    if draw(st.integers(0, 3)) == 0:
        content[
            draw(st.sampled_from(["../../evil", "/tmp/evil", "weights.safetensors/../x", "C:\\evil", *PATHS[:3]]))
        ] = b"x"
    return packed(content)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    cell = st.one_of(
        st.sampled_from([*NUMBERS, *PATHS, "a.nrrd", "1", "p1", '"', '""', "\n", ";", "\t", "é", "=1+1", "\u202e"]),
        st.text(max_size=8),
    )
    head = draw(
        st.sampled_from(["patient,image,mask,dcm", "patient;image;mask;dcm", "sep=|\npatient|image|mask|dcm", "x"])
    )
    between = head[-4] if len(head) > 4 else ","
    rows = draw(st.lists(st.lists(cell, max_size=6), max_size=6))
    text = "\n".join([head, *(between.join(row) for row in rows)])
    coded = text.encode(draw(st.sampled_from(["utf-8", "utf-16", "cp1252"])), "replace")
    return draw(bent(coded)) if draw(st.booleans()) else coded


@st.composite
def hostile(draw: st.DrawFn, whole: dict[str, bytes]) -> Hostile:
    """Any input."""
    kind = draw(st.sampled_from(("image", "image", "image", "image", "folder", "model", "table")))
    if kind == "model":
        content = draw(st.one_of(lying_model(), bent(MODEL.read_bytes())))
        return Hostile("model", {"a.dcmmodel": content}, "a.dcmmodel")
    if kind == "table":
        return Hostile("table", {"a.csv": draw(tables()), "a.nrrd": whole["a.nrrd"]}, "a.csv")
    name = draw(st.sampled_from(sorted(whole)))
    content, lies = whole[name], draw(st.booleans())
    if lies and name.endswith((".nrrd", ".mha")):
        content = draw(lying(content, is_nrrd=name.endswith(".nrrd")))
    elif lies and name == "a.nii":
        content = draw(lying_nifti(content))
    elif lies and name in ("plain.dcm", "enhanced.dcm"):
        content = draw(lying_dicom(content))
    else:
        content = draw(bent(content))
    if kind == "image":
        return Hostile("image", {name: content}, name)
    return Hostile("image", {f"s/{name}": content, "s/plain.dcm": whole["plain.dcm"]}, "")
