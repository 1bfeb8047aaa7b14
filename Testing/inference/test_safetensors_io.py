"""Our reader and writer against the reference implementation, and against damaged files."""

import json
import struct

import pytest
import torch

from DCMMultiTaskLib.inference import safetensors_io

reference = pytest.importorskip("safetensors.torch")


def some_tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        "conv.weight": torch.randn(3, 2, 5, generator=generator),
        "half": torch.randn(7, generator=generator).half(),
        "brain": torch.randn(2, 3, generator=generator).bfloat16(),
        "count": torch.tensor(12345678901),
        "flags": torch.tensor([True, False, True]),
        "bytes": torch.arange(5, dtype=torch.uint8),
        "nothing": torch.zeros(0, 4),
        "transposed": torch.arange(6.0).reshape(2, 3).T,
    }


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    for name, tensor in a.items():
        assert tensor.dtype == b[name].dtype
        assert torch.equal(tensor, b[name]), name


def test_reads_what_the_reference_writes() -> None:
    tensors = {name: tensor.contiguous() for name, tensor in some_tensors().items()}
    assert_same(tensors, safetensors_io.read_bytes(reference.save(tensors, {"format": "pt"})))


def test_the_reference_reads_what_we_write() -> None:
    assert_same(some_tensors(), reference.load(safetensors_io.write_bytes(some_tensors())))


def test_equal_tensors_give_equal_bytes() -> None:
    backwards = dict(reversed(some_tensors().items()))
    assert safetensors_io.write_bytes(some_tensors()) == safetensors_io.write_bytes(backwards)


@pytest.mark.parametrize("keep", [0, 4, 8, 100, -1])
def test_refuses_a_truncated_file(keep: int) -> None:
    with pytest.raises(ValueError):
        safetensors_io.read_bytes(safetensors_io.write_bytes(some_tensors())[:keep])


def test_refuses_bytes_that_belong_to_no_tensor() -> None:
    with pytest.raises(ValueError, match="no tensor"):
        safetensors_io.read_bytes(safetensors_io.write_bytes(some_tensors()) + b"x")


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
        {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [10**30], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [True, 2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": "2", "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0]},
        {"dtype": "PICKLE", "shape": [2], "data_offsets": [0, 8]},
        {"shape": [2], "data_offsets": [0, 8]},
        "text",
    ],
)
def test_refuses_a_header_that_does_not_describe_the_bytes(entry: object) -> None:
    head = json.dumps({"t": entry}).encode()
    with pytest.raises(ValueError):
        safetensors_io.read_bytes(struct.pack("<Q", len(head)) + head + bytes(8))


@pytest.mark.parametrize("head", [b"[]", b"{", b"\xff\xfe", b"[" * 100000])
def test_refuses_a_header_that_is_no_table(head: bytes) -> None:
    with pytest.raises(ValueError):
        safetensors_io.read_bytes(struct.pack("<Q", len(head)) + head)
