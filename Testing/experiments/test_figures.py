"""The paper's figures: they are written, show what they are given, and the network's picture is the network's."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.evaluation.bootstrap import Estimate
from DCMMultiTaskLib.experiments.figures import comparison
from DCMMultiTaskLib.experiments.figures.activation import draw_activation, upsample
from DCMMultiTaskLib.experiments.figures.comparison import colours_of, dice, draw_dsc_boxes, draw_segmentations
from DCMMultiTaskLib.experiments.figures.network_drawing import describe, draw_network, lay_out
from DCMMultiTaskLib.experiments.figures.network_trace import Block, in_numbers, in_words, trace
from DCMMultiTaskLib.experiments.figures.plots import draw_loss_weight, draw_psnr
from DCMMultiTaskLib.networks.config import NetworkConfig, preset
from DCMMultiTaskLib.networks.multitask import MultiTaskNetwork
from DCMMultiTaskLib.networks.registry import count_parameters
from DCMMultiTaskLib.report.style import LARGEST_FILE, new_figure, save

RESULTS = Path(__file__).resolve().parents[2] / "Resources" / "Results"


def disk(radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:64, :64]
    return (np.hypot(rows - 32, columns - 32) < radius).astype(np.uint8)


IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 64, 64)).astype(np.float32)
TRUTH = np.stack([disk(12), disk(16)])


def loss_weight(path: Path, change: float) -> None:
    curve = [Estimate(v, v - 0.1, v + 0.1) for v in (0.5, 0.6, 0.7 + change, 0.6, float("nan"))]
    draw_loss_weight([1, 2, 3, 4, 5], {"DSC": curve, "AUC": curve}, {"AUC": curve}, path, folds="5 folds")


def dsc_boxes(path: Path, change: float) -> None:
    folds = {"U-Net": [0.7, 0.72, 0.74 + change, 0.7, 0.69], "mine": [0.8] * 5}
    draw_dsc_boxes(folds, path, paper={"U-Net": 0.7613})


def psnr(path: Path, change: float) -> None:
    draw_psnr(np.array([9.0, 12.0 + 9 * change, np.inf, 20.0]), np.array([0, 1, 0, 1]), path)


def segmentations(path: Path, change: float) -> None:
    masks = {"U-Net": np.stack([disk(11 + 30 * change), disk(0)]), "mine": np.ones_like(TRUTH)}
    draw_segmentations(IMAGES, TRUTH, masks, ["A, slice 1", "B, slice 2"], path)


def activation(path: Path, change: float) -> None:
    maps = np.linspace(-1, 1 + change, 32).reshape(2, 4, 4)
    draw_activation(IMAGES, maps, [0.2, 0.9], ["A", "B"], [False, True], path)


def network(path: Path, change: float) -> None:
    draw_network(preset("default", width=8 if change else 4), path)


FIGURES = [loss_weight, dsc_boxes, psnr, segmentations, activation, network]


@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_figure_is_a_png_for_print_that_shows_its_data(draw: Callable[[Path, float], None], tmp_path: Path) -> None:
    pixels = []
    for name, change in {"first": 0.0, "other": 0.1}.items():
        path = tmp_path / "new folder" / f"{name}.png"
        draw(path, change)
        assert 5_000 < path.stat().st_size <= LARGEST_FILE
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert image.info["dpi"][0] == pytest.approx(200, abs=1)
            assert min(image.size) > 300 and max(image.size) < 1700
            pixels.append(np.asarray(image.convert("RGB")))
    first, other = pixels
    assert first.std() > 10
    assert first.shape != other.shape or not np.array_equal(first, other)
    assert sorted(p.name for p in path.parent.iterdir()) == ["first.png", "other.png"]


@pytest.mark.parametrize("networks", [1, 2, 4, 7])
def test_the_legend_of_the_boxes_is_not_cut(networks: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawn = []
    monkeypatch.setattr(comparison, "save", lambda figure, path: drawn.append(figure))
    draw_dsc_boxes({f"network {n}": [0.7, 0.8] for n in range(networks)}, tmp_path / "boxes.png", paper={})
    (figure,) = drawn
    FigureCanvasAgg(figure).draw()
    box = figure.axes[0].get_legend().get_window_extent()
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1


@pytest.mark.parametrize(
    ("other", "share"), [([0.0, 0.1, 0.7], 0.25), ([0.65, 0.7], 0.1), ([0.0, 0.1, 0.2, 0.1, 0.2, 0.1], 0.0)]
)
def test_a_network_that_fails_does_not_flatten_the_others_boxes(
    other: list[float], share: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    drawn = []
    monkeypatch.setattr(comparison, "save", lambda figure, path: drawn.append(figure))
    draw_dsc_boxes({"U-Net": [0.7, 0.72, 0.74, 0.76, 0.8], "FCN-8s": other}, tmp_path / "boxes.png", paper={})
    axes = drawn[0].axes[0]
    bottom, top = axes.transAxes.inverted().transform(axes.transData.transform([(0, 0.7), (0, 0.8)]))[:, 1]
    assert top - bottom > share
    words = [text.get_text() for text in axes.texts]
    assert ("below 0.6 the scale is 6 times narrower" in words) == (share == 0.25)


def test_large_picture_is_reduced_without_losing_its_colours(tmp_path: Path) -> None:
    figure = new_figure(3, 3, layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(np.random.default_rng(0).uniform(size=(600, 600)), cmap="gray")
    for place, colour in enumerate(("#0072B2", "#D55E00", "#009E73")):
        axes.plot([0, 599], [150 * (place + 1)] * 2, color=colour, linewidth=1.5)
    save(figure, tmp_path / "noise.png")
    with Image.open(tmp_path / "noise.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    for wanted in ((0, 114, 178), (213, 94, 0), (0, 158, 115)):
        assert np.abs(pixels - wanted).max(axis=-1).min() <= 6


def test_figure_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        dsc_boxes(tmp_path / "file" / "figure.png", 0)


def test_a_network_has_its_colour_whatever_is_drawn_beside_it() -> None:
    both = colours_of(["mine", "U-Net", "theirs", "SegNet"])
    assert colours_of(["U-Net"])["U-Net"] == both["U-Net"]
    assert len(set(both.values())) == 4


@pytest.mark.parametrize(
    "call",
    [
        lambda path: draw_loss_weight([1, 2], {"DSC": [Estimate(1, 1, 1)]}, {}, path, folds=""),
        lambda path: draw_psnr(np.zeros(3), np.zeros(2), path),
        lambda path: draw_segmentations(IMAGES, TRUTH[:1], {}, ["A", "B"], path),
        lambda path: draw_activation(IMAGES, np.zeros((1, 4, 4)), [0, 1], ["A", "B"], [0, 1], path),
    ],
)
def test_data_that_do_not_fit_together_are_refused(call: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"values|shape|fit|differ"):
        call(tmp_path / "figure.png")
    assert not list(tmp_path.iterdir())


def test_dice_and_upsampling() -> None:
    assert dice(np.array([1, 1, 0, 0]), np.array([255, 0, 255, 0])) == 0.5
    assert dice(np.zeros(4), np.zeros(4)) == 1
    large = upsample(np.array([[[0.0, 1.0], [0.0, 1.0]]]), (8, 8))
    assert large.shape == (1, 8, 8)
    assert np.all(np.diff(large[0, 0]) >= 0) and large[0, 3, 3] == pytest.approx(0.375)


CONFIGS = [
    preset("luo2020", width=4),
    preset("default"),
    preset("default", width=8),
    preset("luo2020", width=2, tasks=("mask",)),
    preset("default", width=8, tasks=("dcm",), attention_modules=3, trunk_convolutions=2, residual_units=1),
    preset("default", width=4, residual_units=0, attention_modules=0, extraction_convolutions=(1, 3, 1, 2)),
]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_trace_has_the_shapes_and_parameters_of_the_network(config: NetworkConfig) -> None:
    blocks = {block.name: block for block in trace(config, 64)}
    built = MultiTaskNetwork(config).eval()
    shapes: dict[str, tuple[int, ...]] = {}
    for name, module in built.named_modules():
        module.register_forward_hook(lambda _, __, out, n=name: shapes.update({n: tuple(getattr(out, "shape", ()))}))
    built(torch.zeros(1, 1, 64, 64))
    for name, block in blocks.items():
        assert block.shape == shapes[name][1:], name
        assert block.parameters == count_parameters(built.get_submodule(name)), name
    assert sum(block.parameters for block in blocks.values() if not block.part) == count_parameters(built)
    assert sum("residual_units" in name for name in blocks) == config.residual_units
    assert any("recovery" in name for name in blocks) == ("mask" in config.tasks)
    assert ("classifier" in blocks) == ("dcm" in config.tasks)


def test_trace_says_what_the_paper_prints() -> None:
    blocks = {block.name: block for block in trace(preset("luo2020"))}
    assert sum(len(blocks[f"extraction.stages.{n}"].operations) for n in range(4)) == 7
    assert blocks["extraction.stages.0"] == Block(
        "extraction.stages.0", ("conv 1×1", "conv 1×1"), (1, 128, 128), (16, 128, 128), 336
    )
    module = blocks["attention.modules_in_order.1.decoder.1"]
    assert (module.operations, module.shape, module.part) == (("deconv 7×7",), (256, 8, 8), True)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_network_picture_names_every_size_and_stays_on_its_page(config: NetworkConfig) -> None:
    figure, blocks = lay_out(config, 64).figure, trace(config, 64)
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    words = " | ".join(text.get_text() for text in texts)
    for block in blocks:
        assert " × ".join(map(str, block.shape)) in words
        if block.name.startswith(("extraction.stages", "recovery.head")):
            assert in_words(block.operations) in words
    assert f"{in_numbers(sum(b.parameters for b in blocks if not b.part))} parameters" in words
    assert ("DCM logit" in words) == ("dcm" in config.tasks)
    assert ("Myocardium logits" in words) == ("mask" in config.tasks)
    boxes = [text.get_window_extent(renderer) for text in texts]
    for number, box in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
        for other, beside in zip(texts[number + 1 :], boxes[number + 1 :], strict=True):
            apart = box.x1 <= beside.x0 or beside.x1 <= box.x0 or box.y1 - 4 <= beside.y0 or beside.y1 - 4 <= box.y0
            assert apart, (texts[number].get_text(), other.get_text())


def test_numbers_and_operations_in_words() -> None:
    assert [in_numbers(n) for n in (336, 1_664, 371_000, 21_633_202)] == ["336", "1.66 k", "371 k", "21.6 M"]
    assert in_words(("conv 3×3", "conv 3×3", "conv 1×1")) == "2 × conv 3×3, conv 1×1"


def test_the_published_picture_is_still_that_of_the_code():
    with Image.open(RESULTS / "figure-4-network.png") as picture:
        assert picture.text["Description"] == describe(preset("luo2020"))


def test_the_published_results_are_small():
    assert sum(path.stat().st_size for path in RESULTS.iterdir()) < 3_000_000
