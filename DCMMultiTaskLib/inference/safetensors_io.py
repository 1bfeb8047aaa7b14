"""Read and write the safetensors format, so that predicting needs no package for it.

The format (github.com/huggingface/safetensors): 8 bytes with the header's length (little-endian), a JSON header that
gives each tensor's `dtype`, `shape` and `data_offsets`, then the bytes of the tensors one after the other.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from DCMMultiTaskLib.inference.tensors import array_of

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def write_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """The tensors as the content of a safetensors file; equal tensors give equal bytes."""
    header: dict[str, Any] = {}
    chunks = []
    start = 0
    # The widest types first keep every tensor aligned, as the reference implementation does.
    for name in sorted(tensors, key=lambda n: (-tensors[n].element_size(), n)):
        tensor = tensors[name].detach().cpu().contiguous()
        chunk = array_of(tensor.reshape(-1).view(torch.uint8)).tobytes()
        offsets = [start, start + len(chunk)]
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
        chunks.append(chunk)
        start += len(chunk)
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return struct.pack("<Q", len(head)) + head + b"".join(chunks)


def read_bytes(content: bytes) -> dict[str, Tensor]:
    """The tensors of a safetensors file's content.

    Raises:
        ValueError: The content is not a whole, well-formed safetensors file.
    """
    if len(content) < 8:
        raise ValueError("shorter than its header")
    (head_size,) = struct.unpack_from("<Q", content)
    if head_size > len(content) - 8:
        raise ValueError("shorter than its header")
    try:
        header = json.loads(content[8 : 8 + head_size].decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ValueError("the header is not JSON") from error
    if not isinstance(header, dict):
        raise ValueError("the header is not a table of tensors")
    header.pop("__metadata__", None)
    data = bytearray(content[8 + head_size :])
    layout = {name: _entry(name, entry) for name, entry in header.items()}
    tensors = {}
    position = 0
    for name, (dtype, shape, start, end) in sorted(layout.items(), key=lambda item: item[1][2:]):
        if start != position or end > len(data):
            raise ValueError(f"the bytes of {name!r} overlap others, leave a gap or are missing")
        if end - start != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"the bytes of {name!r} do not fit its shape")
        flat = torch.frombuffer(data, dtype=dtype, count=math.prod(shape), offset=start) if end > start else None
        tensors[name] = (torch.empty(0, dtype=dtype) if flat is None else flat.clone()).reshape(shape)
        position = end
    if position != len(data):
        raise ValueError("there are bytes that belong to no tensor")
    return tensors


def _entry(name: str, entry: Any) -> tuple[torch.dtype, list[int], int, int]:
    """One line of the header, checked: dtype, shape, first byte, byte after the last."""
    try:
        dtype = DTYPES[entry["dtype"]]
        shape = entry["shape"]
        start, end = entry["data_offsets"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the header's entry {name!r} is not understood") from error
    numbers = [*shape, start, end] if isinstance(shape, list) else [None]
    if not all(type(number) is int and number >= 0 for number in numbers) or end < start:
        raise ValueError(f"the header's entry {name!r} is not understood")
    return dtype, shape, start, end
