"""Hostile inputs made up by hand: what chance does not find."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import struct
import zipfile
import zlib
from functools import cache

from fuzz.hostile import PATHS, Hostile, members, packed


@cache
def zeros(size: int) -> bytes:
    """That many zeros as gzip, in members of 64 MB."""
    part = gzip.compress(bytes(64 << 20), 1)
    return part * (size >> 26)


def tricks(whole: dict[str, bytes]) -> dict[str, Hostile]:
    """Made up by hand: what chance does not find."""
    nrrd, plain, content = whole["a.nrrd"], whole["plain.dcm"], members()
    nifti = bytearray(whole["a.nii"])
    struct.pack_into("<8h", nifti, 40, 3, 32767, 32767, 1000, 1, 1, 1, 1)
    nifti2 = bytearray(540)
    struct.pack_into("<i", nifti2, 0, 540)
    struct.pack_into("<h", nifti2, 12, 4)
    struct.pack_into("<8q", nifti2, 16, 3, 1 << 20, 1 << 20, 1, 1, 1, 1, 1)
    struct.pack_into("<8d", nifti2, 104, 1, 1, 1, 1, 1, 1, 1, 1)
    head = nrrd.partition(b"\n\n")[0]
    many = head.replace(b"sizes: 20 24 4", b"sizes: 10000 10000 10000")
    huge = head.replace(b"sizes: 20 24 4", b"sizes: 30000 30000 2").replace(b"encoding: raw", b"encoding: gzip")
    wide = nrrd.replace(b"1.5", b"1e6")
    mha = whole["a.mha"].replace(b"DimSize = 20 24 4", b"DimSize = 10000 10000 10000")
    header_of = plain[: plain.index(b"\x08\0\x05\0") if b"\x08\0\x05\0" in plain else 400]
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(3000)) + deflater.flush()
    deflated = whole["deflated.dcm"]
    group = 144 + struct.unpack_from("<I", deflated, 140)[0]
    nested = b""
    for _ in range(3000):
        item = struct.pack("<HHI", 0xFFFE, 0xE000, len(nested)) + nested
        nested = struct.pack("<HH2sHI", 0x0040, 0x0275, b"SQ", 0, len(item)) + item
    images_of = {
        "nrrd that promises 10^12 voxels": ("a.nrrd", many + b"\n\n" + bytes(4000)),
        "nrrd whose gzip unpacks to 3.6 GB": ("a.nrrd", huge + b"\n\n" + zeros(4 << 30)),
        "nrrd whose bzip2 unpacks to 3 GB": (
            "b.nrrd",
            whole["b.nrrd"].partition(b"\n\n")[0] + b"\n\n" + bz2.compress(bytes(100 << 20)) * 30,
        ),
        "nrrd of pixels a kilometre wide": ("a.nrrd", wide),
        "mha that promises 10^12 voxels": ("a.mha", mha),
        "nifti that promises 10^12 voxels": ("a.nii", bytes(nifti)),
        "nifti-2 that promises 10^12 voxels": ("a.nii", bytes(nifti2)),
        "nifti whose gzip unpacks to 4 GB": ("a.nii.gz", gzip.compress(whole["a.nii"]) + zeros(4 << 30)),
        "nifti of zeros that unpacks to 4 GB": ("a.nii.gz", gzip.compress(bytes(nifti)) + zeros(4 << 30)),
        "deflated dicom that unpacks to 3 GB": ("deflated.dcm", deflated[:group] + bomb),
        "dicom of sequences in each other": ("nested.dcm", header_of + nested),
    }
    found = {name: Hostile("image", {file: data}, file) for name, (file, data) in images_of.items()}
    models = {
        "model with a name that climbs": packed(content | {"../../evil": b"x"}),
        "model with an absolute name": packed(content | {"/tmp/evil": b"x"}),
        "model whose card unpacks to 3 GB": None,
        "model of 60000 members": packed({f"{number}": b"" for number in range(60000)}),
        "model of nested settings": packed(content | {"model.json": b"[" * 100000 + b"]" * 100000}),
        "model whose weights promise 10^12 numbers": packed(
            content
            | {
                "weights.safetensors": _weights(
                    {"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}
                )
            }
        ),
        "model whose weights are empty in 10^12 rows": packed(
            content
            | {"weights.safetensors": _weights({"a": {"dtype": "F32", "shape": [10**12, 0], "data_offsets": [0, 0]}})}
        ),
        "model of a network without end": _settings(content, extraction_convolutions=[4096] * 4, residual_units=4096),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            if name != "MODEL_CARD.md":
                archive.writestr(name, data)
        with archive.open("MODEL_CARD.md", "w", force_zip64=True) as card:
            for _ in range(3000):
                card.write(bytes(1 << 20))
    honest = stream.getvalue()
    models["model whose card unpacks to 3 GB"] = honest
    models["model that lies about what its card unpacks to"] = honest.replace(
        struct.pack("<Q", 3000 << 20), struct.pack("<Q", 1000)
    ).replace(struct.pack("<I", 3000 << 20), struct.pack("<I", 1000))
    found |= {name: Hostile("model", {"a.dcmmodel": data}, "a.dcmmodel") for name, data in models.items()}
    rows = "\n".join(f"p{n},{path},a.nrrd,1" for n, path in enumerate(PATHS) if "\n" not in path and "\0" not in path)
    found |= {
        "table whose paths climb": Hostile(
            "table", {"a.csv": f"patient,image,mask,dcm\n{rows}".encode(), "a.nrrd": nrrd}, "a.csv"
        ),
        "table of one endless cell": Hostile(
            "table", {"a.csv": b'patient,image,mask,dcm\n"' + b"x" * (20 << 20)}, "a.csv"
        ),
        "folder of links in a circle": Hostile(
            "image",
            {"s/plain.dcm": plain},
            "",
            {"s/loop": "..", "s/self": "self", "s/a.dcm": "b.dcm", "s/b.dcm": "a.dcm"},
        ),
        "folder with pipes": Hostile(
            "image", {"plain.dcm": plain}, "", pipes=("pipe", "pipe.dcm", "p.nrrd", "q.nii.gz")
        ),
        "folder with a device": Hostile(
            "image", {"plain.dcm": plain}, "", {"zero.dcm": "/dev/zero", "zero.nii": "/dev/zero"}
        ),
        "pipe": Hostile("image", {}, "pipe.dcm", pipes=("pipe.dcm",)),
        "model that is a pipe": Hostile("model", {}, "a.dcmmodel", pipes=("a.dcmmodel",)),
        "table that is a pipe": Hostile("table", {}, "a.csv", pipes=("a.csv",)),
        "table that is a device": Hostile("table", {}, "a.csv", {"a.csv": "/dev/zero"}),
    }
    for number, path in enumerate(PATHS):
        text = head + f"\ndata file: {path}\n".encode("latin-1")
        header = whole["a.mha"].partition(b"ElementDataFile")[0] + f"ElementDataFile = {path}\n".encode("latin-1")
        for name, data in (("a.nhdr", text), ("a.mhd", header)):
            found[f"{name} whose data are {path[:20]!r} ({number})"] = Hostile(
                "image", {name: data, "study.raw": bytes(3840)}, name, {"loop": "loop"}, ("pipe",)
            )
    return found


def _weights(header: dict[str, object]) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text


def _settings(content: dict[str, bytes], **changes: object) -> bytes:
    settings = json.loads(content["model.json"])
    settings["network_config"] |= changes
    return packed(content | {"model.json": json.dumps(settings).encode()})
