"""The sheet to look at: a row for each patient, five slices across, the outlines of model and expert with their DSC."""

import re

import numpy as np
import pytest

from DCMMultiTaskLib.datasets.manifest import read_manifest
from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.experiments import held_out_sheet
from DCMMultiTaskLib.experiments.held_out_sheet import draw_sheet, main
from DCMMultiTaskLib.inference.package import load_package
from DCMMultiTaskLib.inference.predictor import Predictor
from DCMMultiTaskLib.phantom import write_phantoms


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write_phantoms(tmp_path_factory.mktemp("phantoms"), count=2, seed=70, slices=7)


def drawn(manifest, tiny_model, condition, monkeypatch, tmp_path):
    figures = []
    monkeypatch.setattr(held_out_sheet, "save", lambda figure, path: figures.append(figure))
    patients = read_manifest(manifest)
    draw_sheet(Predictor(load_package(tiny_model), device="cpu"), patients, condition, tmp_path / "sheet.png")
    return patients, figures[0]


def test_each_patient_has_a_row_from_base_to_apex(manifest, tiny_model, monkeypatch, tmp_path):
    patients, figure = drawn(manifest, tiny_model, "cine", monkeypatch, tmp_path)
    titles = [axes.get_title() for axes in figure.axes]
    places = [re.fullmatch(r"(.+), slice (\d+): (\d\.\d\d)", title) for title in titles]
    assert all(places)
    assert [place[1] for place in places] == [p.patient for p in patients for _ in range(5)]
    for row in (places[:5], places[5:]):
        numbers = [int(place[2]) for place in row]
        assert numbers == sorted(set(numbers)) and numbers[-1] - numbers[0] >= 5
    assert np.mean([float(place[3]) for place in places]) > 0.5
    assert "cine; orange: the model's outline" in figure.texts[0].get_text()


def test_a_condition_changes_the_image_and_not_the_place(manifest, tiny_model, monkeypatch, tmp_path):
    images = []
    for condition in ("cine", "late enhancement, transmural"):
        _, figure = drawn(manifest, tiny_model, condition, monkeypatch, tmp_path)
        images.append(np.asarray(figure.axes[2].images[0].get_array()))
    assert images[0].shape == images[1].shape and min(images[0].shape) > 30
    assert not np.array_equal(*images)


def test_the_number_is_the_dsc_of_the_whole_slice(manifest, tiny_model, monkeypatch, tmp_path):
    _, figure = drawn(manifest, tiny_model, "cine", monkeypatch, tmp_path)
    before = [axes.get_title() for axes in figure.axes]
    monkeypatch.setattr(held_out_sheet, "AROUND", -0.2)
    _, figure = drawn(manifest, tiny_model, "cine", monkeypatch, tmp_path)
    assert [axes.get_title() for axes in figure.axes] == before


def test_the_command_writes_a_picture_or_says_which_conditions_there_are(manifest, tiny_model, tmp_path):
    path = tmp_path / "new" / "sheet.png"
    arguments = ["--data", str(manifest), "--model", str(tiny_model), "--patients", "1", "-o", str(path)]
    with pytest.raises(InputError, match=r"no condition 'MRI'; these there are: cine; late enhancement, no scar; "):
        main([*arguments, "--condition", "MRI"])
    assert not path.parent.exists()
    main(arguments)
    assert path.read_bytes().startswith(b"\x89PNG") and [p.name for p in path.parent.iterdir()] == ["sheet.png"]
