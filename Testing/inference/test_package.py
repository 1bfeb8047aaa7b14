"""Model packages: whole ones come back as they were, all others are refused in one sentence."""

import json
import os
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.package import ModelPackage, load_package, save_package
from DCMMultiTaskLib.networks.config import NetworkConfig, preset
from DCMMultiTaskLib.networks.registry import build


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    torch.manual_seed(3)
    # Batch normalisation has integer buffers beside the weights.
    config = preset("default", width=4, normalisation="batch")
    return ModelPackage(
        network_config=config,
        weights=build("multitask", config).state_dict(),
        training={"data": "random numbers", "licence": "CC0-1.0"},
        results={"dsc": 0.1},
        licence="Apache-2.0",
        name="tiny",
        version="1.2",
        card="# tiny\nResearch use only. Größe.",
    )


@pytest.fixture
def path(package: ModelPackage, tmp_path: Path) -> Path:
    save_package(package, tmp_path / "tiny.dcmmodel")
    return tmp_path / "tiny.dcmmodel"


def rewrite(path: Path, **changes: bytes | None) -> Path:
    """A copy with members replaced, added, or (None) left out; `weights`, `settings`, `card` or a member's name."""
    names = {"weights": "weights.safetensors", "settings": "model.json", "card": "MODEL_CARD.md"}
    with zipfile.ZipFile(path) as archive:
        members: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    members |= {names.get(name, name): data for name, data in changes.items()}
    copy = path.with_name("changed.dcmmodel")
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            if data is not None:
                archive.writestr(name, data)
    return copy


def with_settings(path: Path, **changes: object) -> Path:
    with zipfile.ZipFile(path) as archive:
        settings = json.loads(archive.read("model.json"))
    return rewrite(path, settings=json.dumps(settings | changes).encode())


def assert_refused(path: Path, words: str) -> None:
    with pytest.raises(InputError) as caught:
        load_package(path)
    message = str(caught.value)
    assert words in message
    assert path.name in message
    assert "\n" not in message
    assert message.endswith(".")


def test_comes_back_as_it_was(package: ModelPackage, path: Path) -> None:
    loaded = load_package(path)
    assert loaded.weights.keys() == package.weights.keys()
    assert all(torch.equal(loaded.weights[name], tensor) for name, tensor in package.weights.items())
    for name in ("network_config", "preprocessing", "decision", "training", "results", "licence", "name", "card"):
        assert getattr(loaded, name) == getattr(package, name)


def test_sha256_is_the_files(package: ModelPackage, path: Path) -> None:
    import hashlib

    assert load_package(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert save_package(package, path.with_name("again.dcmmodel")) == load_package(path).sha256


def test_the_network_computes_what_the_saved_one_did(package: ModelPackage, path: Path) -> None:
    image = torch.rand(2, 1, 32, 48) * 255
    with torch.inference_mode():
        before, after = package.build_network()(image), load_package(path).build_network()(image)
    assert torch.equal(before.mask_logits, after.mask_logits)
    assert torch.equal(before.dcm_logit, after.dcm_logit)


def test_half_precision_halves_the_file_and_loads_as_float32(package: ModelPackage, path: Path) -> None:
    half = path.with_name("half.dcmmodel")
    save_package(package, half, half_precision=True)
    assert half.stat().st_size < 0.6 * path.stat().st_size
    for name, tensor in load_package(half).weights.items():
        assert tensor.dtype == package.weights[name].dtype
        assert torch.allclose(tensor, package.weights[name], atol=1e-3)


def test_a_file_is_read_once_and_again_when_it_changes(package: ModelPackage, path: Path) -> None:
    first = load_package(path)
    assert load_package(path) is first
    save_package(replace(package, name="other"), path)
    os.utime(path, ns=(1, 1))
    assert load_package(path).name == "other"


def test_a_failed_save_leaves_nothing_behind(package: ModelPackage, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(InputError):
        save_package(package, tmp_path / "file" / "tiny.dcmmodel")
    (tmp_path / "taken.dcmmodel").mkdir()
    with pytest.raises(InputError):
        save_package(package, tmp_path / "taken.dcmmodel")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "taken.dcmmodel"]


def test_refuses_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    assert_refused(tmp_path / "none.dcmmodel", "cannot be read")
    assert_refused(tmp_path, "folder")


@pytest.mark.parametrize("part", [0, 0.01, 0.5, 0.99])
def test_refuses_a_truncated_file(path: Path, part: float) -> None:
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    assert_refused(path, "not a model package")


def test_refuses_flipped_bytes(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    assert_refused(path, "damaged")


@pytest.mark.parametrize("content", [b"", b"PK", b"\x89PNG\r\n", bytes(range(256)) * 40])
def test_refuses_foreign_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign.dcmmodel"
    path.write_bytes(content)
    assert_refused(path, "not a model package")


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.target,)


def test_never_unpickles(path: Path, tmp_path: Path) -> None:
    bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
    pickle.loads(bomb)
    (tmp_path / "exploded").unlink()
    for members in ({"weights": bomb}, {"settings": bomb}, {"data.pkl": bomb}):
        assert_refused(rewrite(path, **members), "changed.dcmmodel")
    checkpoint = tmp_path / "checkpoint.dcmmodel"
    torch.save({"weights": Bomb(tmp_path / "exploded")}, checkpoint)
    assert_refused(checkpoint, "not a model package")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "C:\\evil.txt", "folder/model.json", "extra.txt"])
def test_refuses_members_that_do_not_belong(path: Path, name: str) -> None:
    assert_refused(rewrite(path, **{name: b"x"}), "it contains")
    assert not (path.parent.parent / "evil.txt").exists()


@pytest.mark.parametrize("member", ["weights", "settings", "card"])
def test_refuses_a_package_with_a_member_missing(path: Path, member: str) -> None:
    assert_refused(rewrite(path, **{member: None}), "does not contain exactly")


def test_refuses_a_member_twice(path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("model.json", b"{}")
    assert_refused(path, "does not contain exactly")


def test_refuses_a_zip_bomb_before_unpacking_it(path: Path) -> None:
    bomb = rewrite(path, card=bytes(200 << 20))
    assert bomb.stat().st_size < 1 << 20
    assert_refused(bomb, "larger than")


def test_refuses_a_member_that_lies_about_its_size(path: Path) -> None:
    bomb = rewrite(path, card=bytes(8 << 20))
    content = bomb.read_bytes()
    size = (8 << 20).to_bytes(4, "little")
    bomb.write_bytes(content.replace(size, (100).to_bytes(4, "little")))
    assert_refused(bomb, "damaged")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format_version": 2}, "newer version"),
        ({"format_version": "1"}, "format version"),
        ({"format_version": 0}, "format version"),
        ({"format": "other"}, "does not say so"),
        ({"network": "none"}, "no network"),
        ({"network_config": {"name": "x", "colour": "red"}}, "unknown network settings"),
        ({"network_config": {"width": 10**9}}, "out of range"),
        ({"network_config": {"width": "4"}}, "damaged"),
        ({"network_config": {"width": 8}}, "not those of the network"),
        ({"network_config": 4}, "damaged"),
        ({"preprocessing": {}}, "missing"),
        ({"decision": {"threshold": 0.5}}, "missing"),
        ({"decision": None}, "damaged"),
    ],
)
def test_refuses_settings_it_cannot_use(path: Path, changes: dict[str, object], words: str) -> None:
    assert_refused(with_settings(path, **changes), words)


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("preprocessing", "spacing_mm", 0),
        ("preprocessing", "size", [128, 100]),
        ("preprocessing", "size", 128),
        ("preprocessing", "percentiles", [99, 1]),
        ("preprocessing", "flips", []),
        ("preprocessing", "flips", ["sideways"]),
        ("decision", "threshold", 2),
        pytest.param("decision", "threshold", 10**400, id="a threshold of 401 digits"),
        ("decision", "mask_threshold", 1),
        ("decision", "mask_threshold", None),
        ("decision", "smoothing_degrees", -1),
        ("decision", "smoothing_degrees", 90),
        ("decision", "slice_scale", "1"),
        ("decision", "slice_bias", float("nan")),
        ("decision", "patient", {"kind": "vote", "scale": 1, "bias": 0}),
    ],
)
def test_refuses_values_out_of_range(package: ModelPackage, path: Path, group: str, name: str, value: object) -> None:
    assert_refused(with_settings(path, **{group: {**getattr(package, group).to_dict(), name: value}}), "damaged")


@pytest.mark.parametrize("settings", [b"", b"null", b"[1]", b"\xff", b"[" * 200000])
def test_refuses_settings_that_are_not_a_table(path: Path, settings: bytes) -> None:
    assert_refused(rewrite(path, settings=settings), "not a")


def test_refuses_weights_of_another_network(package: ModelPackage, tmp_path: Path) -> None:
    other = replace(package, network_config=NetworkConfig(width=8))
    save_package(other, tmp_path / "other.dcmmodel")
    assert_refused(tmp_path / "other.dcmmodel", "not those of the network")


def test_refuses_weights_that_are_not_numbers(package: ModelPackage, tmp_path: Path) -> None:
    weights = {name: t * float("nan") if t.is_floating_point() else t for name, t in package.weights.items()}
    save_package(replace(package, weights=weights), tmp_path / "nan.dcmmodel")
    assert_refused(tmp_path / "nan.dcmmodel", "not finite")
