"""The network's shapes, its equations against hand computations, and what each task's gradient reaches."""

import pytest
import torch

from DCMMultiTaskLib.networks.attention import AttentionModule, Classifier
from DCMMultiTaskLib.networks.config import PRESETS, NetworkConfig, preset
from DCMMultiTaskLib.networks.extraction import ExtractionPath, ResidualUnit
from DCMMultiTaskLib.networks.multitask import MultiTaskNetwork
from DCMMultiTaskLib.networks.output import ring_logits
from DCMMultiTaskLib.networks.registry import build, count_parameters

SMALL = {"width": 4}


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 128, 128), (5, 48, 80), (2, 176, 208)])
def test_outputs_have_the_inputs_size_for_any_multiple_of_16(name, shape):
    batch, height, width = shape
    network = MultiTaskNetwork(preset(name, **SMALL)).eval()
    with torch.inference_mode():
        output = network(torch.rand(batch, 1, height, width) * 255)
    assert output.mask_logits.shape == (batch, 1, height, width)
    assert output.dcm_logit.shape == (batch,)
    assert output.attention_features.shape[-2:] == (height // 16, width // 16)
    assert torch.isfinite(output.mask_logits).all()


def test_refuses_sizes_that_four_poolings_cannot_halve():
    with pytest.raises(ValueError, match="multiples of 16, got 100 x 128"):
        MultiTaskNetwork(preset("default", **SMALL))(torch.zeros(1, 1, 100, 128))


@pytest.mark.parametrize("decoder", ["full", "depthwise"])
@pytest.mark.parametrize("size", [(8, 8), (5, 7), (1, 3)])
def test_attention_module_is_one_plus_mask_times_trunk(decoder, size):
    module = AttentionModule(8, preset("default", mask_decoder=decoder)).eval()
    features = torch.randn(2, 8, *size)
    with torch.inference_mode():
        mask, trunk, attended = module.mask(features), module.trunk(features), module(features)
    by_hand = torch.empty_like(trunk)
    for index in range(trunk.numel()):
        m, t = mask.flatten()[index].item(), trunk.flatten()[index].item()
        assert 0 < m < 1
        by_hand.view(-1)[index] = t + m * t
    torch.testing.assert_close(attended, by_hand)


def test_residual_unit_adds_its_input_before_the_last_relu():
    unit = ResidualUnit(2, 2, "batch").eval()
    with torch.no_grad():
        unit.first.convolution.weight.zero_()
        unit.first.convolution.weight[0, 0, 1, 1] = 2.0  # channel 0 doubled, channel 1 dropped
        unit.second.weight.zero_()
        unit.second.weight[0, 0, 1, 1] = -3.0
        unit.second.weight[1, 0, 1, 1] = 1.0
        before = torch.tensor([1.0, -0.5]).view(1, 2, 1, 1)
        after = unit(before)
    # z = (-3 * relu(2 * 1), relu(2 * 1)) = (-6, 2); relu(z + a) = relu(-5), relu(1.5). Normalisation adds 1e-5 only.
    torch.testing.assert_close(after.flatten(), torch.tensor([0.0, 1.5]), atol=1e-3, rtol=0)


def test_residual_unit_projects_where_the_channels_change():
    unit = ResidualUnit(2, 6, "batch")
    assert unit.projection.weight.shape == (6, 2, 1, 1)
    assert unit(torch.randn(1, 2, 4, 4)).shape == (1, 6, 4, 4)


@pytest.mark.parametrize("task", ["mask", "dcm"])
@pytest.mark.parametrize("name", PRESETS)
def test_each_task_alone_trains_the_whole_shared_encoder(name, task):
    network = MultiTaskNetwork(preset(name, **SMALL))
    output = network(torch.rand(2, 1, 64, 64) * 255)
    (output.mask_logits.square().mean() if task == "mask" else output.dcm_logit.square().mean()).backward()
    for key, parameter in network.extraction.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, key
    other = network.attention if task == "mask" else network.recovery
    assert all(p.grad is None for p in other.parameters())


def test_extraction_path_of_the_paper_has_seven_1x1_convolutions_and_three_residual_units():
    path = ExtractionPath(PRESETS["luo2020"])
    kernels = [block.convolution.kernel_size for stage in path.stages for block in stage]
    assert kernels == [(1, 1)] * 7
    assert len(path.residual_units) == 3


def test_activation_map_averages_to_the_logit():
    classifier = Classifier(5, dropout=0.5).eval()
    features = torch.randn(3, 5, 4, 6)
    with torch.inference_mode():
        mean = classifier.activation_map(features).mean(dim=(1, 2)) + classifier.linear.bias
        torch.testing.assert_close(mean, classifier(features))


def test_default_is_smaller_than_the_printed_network():
    counts = {name: count_parameters(MultiTaskNetwork(config)) for name, config in PRESETS.items()}
    assert counts == {"luo2020": 21_633_202, "default": 3_250_322}


def test_configuration_survives_json_and_refuses_unknown_settings():
    config = preset("luo2020", width=8)
    assert NetworkConfig.from_dict({**config.to_dict(), "extraction_convolutions": [2, 2, 2, 1]}) == config
    with pytest.raises(ValueError, match="depth"):
        NetworkConfig.from_dict({"depth": 3})


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"normalisation": "layer"},
        {"mask_decoder": "none"},
        {"extraction_kernel": 2},
        {"mask_head": "disc"},
        {"recovery_skip": "product"},
        {"recovery_convolutions": 0},
    ],
)
def test_configuration_says_what_is_out_of_range(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        preset("default", **change)


def test_registry_names_what_it_has():
    assert isinstance(build("multitask", preset("default", **SMALL)), MultiTaskNetwork)
    with pytest.raises(ValueError, match="multitask"):
        build("nothing", preset("default"))


def test_the_ring_lies_inside_the_epicardium_and_outside_the_endocardium():
    discs = torch.tensor([[4.0, -3.0], [4.0, 3.0], [-4.0, -3.0], [0.5, -0.2]]).view(4, 2, 1, 1)
    epicardium, endocardium = torch.sigmoid(discs).double().split(1, dim=1)
    torch.testing.assert_close(torch.sigmoid(ring_logits(discs).double()), epicardium * (1 - endocardium))


def test_ring_logits_neither_overflow_nor_vanish_for_certain_discs():
    discs = torch.tensor([[200.0, -200.0], [200.0, 200.0], [-200.0, -200.0]]).view(3, 2, 1, 1).requires_grad_()
    rings = ring_logits(discs)
    torch.testing.assert_close(rings.flatten(), torch.tensor([200.0, -200.0, -200.0]), atol=0.7, rtol=0)
    rings.sum().backward()
    assert torch.isfinite(discs.grad).all() and discs.grad.abs().sum() > 2


@pytest.mark.parametrize("name", PRESETS)
def test_a_network_draws_two_discs_or_one_ring(name):
    image = torch.rand(2, 1, 32, 32) * 255
    discs, ring = (MultiTaskNetwork(preset(name, mask_head=head, **SMALL))(image) for head in ("discs", "ring"))
    assert discs.disc_logits.shape == (2, 2, 32, 32) and ring.disc_logits is None
    torch.testing.assert_close(discs.mask_logits, ring_logits(discs.disc_logits))


@pytest.mark.parametrize("convolutions", [1, 3])
def test_each_recovery_step_has_as_many_convolutions_as_asked_for(convolutions):
    network = MultiTaskNetwork(preset("default", recovery_convolutions=convolutions, **SMALL))
    for step in network.recovery.steps:
        kernels = [block.convolution.kernel_size for block in (step.block, *step.further)]
        assert kernels == [(3, 3)] * convolutions


def test_settings_written_before_a_choice_describe_the_network_of_that_time():
    written = preset("default", normalisation="group").to_dict()
    del written["recovery_convolutions"]
    discs = {**written, "mask_head": "discs"}
    assert count_parameters(MultiTaskNetwork(NetworkConfig.from_dict(discs))) == 3_054_019
    del written["mask_head"], written["recovery_skip"]
    old = NetworkConfig.from_dict(written)
    assert (old.mask_head, old.recovery_skip) == ("ring", "sum")
    assert count_parameters(MultiTaskNetwork(old)) == 2_858_162
