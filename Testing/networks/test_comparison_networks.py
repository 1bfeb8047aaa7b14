"""The comparison networks: sizes, published parameter counts, gradients, and class activation maps."""

import pytest
import torch
from torch import nn

from DCMMultiTaskLib.networks.comparison.fcn8s import upsampling
from DCMMultiTaskLib.networks.comparison.residual_attention import AttentionModule
from DCMMultiTaskLib.networks.comparison.resnet import RESNET50, ResNetBackbone
from DCMMultiTaskLib.networks.config import NetworkConfig
from DCMMultiTaskLib.networks.registry import NETWORKS, build, count_parameters

SEGMENTATION = ("unet", "segnet", "deeplabv3", "fcn8s")
WITH_ACTIVATION_MAP = ("residual_attention", "resnet50", "resnet101")
CLASSIFICATION = (*WITH_ACTIVATION_MAP, "vgg16")
ALL = SEGMENTATION + CLASSIFICATION


def small(name: str) -> nn.Module:
    torch.manual_seed(0)
    return build(name, NETWORKS[name].config(name, width=4))


def images(*shape: int) -> torch.Tensor:
    batch, height, width = shape
    return torch.rand(batch, 1, height, width, generator=torch.Generator().manual_seed(1)) * 255


SIZES = [(1, 16, 16), (3, 64, 64), (2, 48, 80), (1, 176, 208)]


@pytest.mark.parametrize("name", SEGMENTATION)
@pytest.mark.parametrize("shape", SIZES)
def test_masks_have_the_inputs_size_for_any_multiple_of_16(name, shape):
    with torch.inference_mode():
        output = small(name).eval()(images(*shape))
    assert output.mask_logits.shape == (shape[0], 1, *shape[1:])
    assert torch.isfinite(output.mask_logits).all()
    assert output.dcm_logit is None and output.attention_features is None


@pytest.mark.parametrize("name", CLASSIFICATION)
@pytest.mark.parametrize("shape", SIZES)
def test_there_is_one_logit_per_image_for_any_multiple_of_16(name, shape):
    with torch.inference_mode():
        output = small(name).eval()(images(*shape))
    assert output.dcm_logit.shape == (shape[0],)
    assert torch.isfinite(output.dcm_logit).all()
    assert output.mask_logits is None
    if name in WITH_ACTIVATION_MAP:
        places = tuple(-(-side // 32) for side in shape[1:])
        assert output.attention_features.shape == (shape[0], 4 * 32, *places)
    else:
        assert output.attention_features is None


@pytest.mark.parametrize("name", WITH_ACTIVATION_MAP)
def test_activation_map_averages_to_the_logit(name):
    network = small(name).eval()
    with torch.inference_mode():
        output = network(images(2, 64, 96))
        mean = network.classifier.activation_map(output.attention_features).mean(dim=(1, 2))
        torch.testing.assert_close(mean + network.classifier.linear.bias, output.dcm_logit)


# What one more output class and two more input channels add at width 64.
TWO_CHANNELS_7X7 = 2 * 7 * 7 * 64
TWO_CHANNELS_3X3 = 2 * 3 * 3 * 64
CLASS_OF_2048 = 2048 + 1
CLASS_OF_4096 = 4096 + 1


@pytest.mark.parametrize(
    ("name", "ours", "difference", "published"),
    [
        # 31,030,658 is the paper's architecture with 2 classes. Batch normalisation's scale and shift in place of the
        # bias are one more parameter for each of the 18 convolutions' outputs.
        ("unet", 31_036_481, 64 + 1 - 2 * (64 + 128 + 256 + 512) * 2 - 2 * 1024, 31_030_658),
        # Badrinarayanan 2017: 29.45 M, 11 classes of a 3x3 convolution of 64 channels.
        ("segnet", 29_442_433, TWO_CHANNELS_3X3 + 10 * (9 * 64 + 1), 29_449_355),
        # torchvision, 21 classes of a 1x1 convolution of 256 channels.
        ("deeplabv3", 39_627_457, TWO_CHANNELS_7X7 + 20 * (256 + 1), 39_638_869),
        # Long 2015: 134 M. 21 classes: scores of 4096, 512 and 256 channels, deconvolutions of 4x4, 4x4 and 16x16.
        (
            "fcn8s",
            134_264_547,
            TWO_CHANNELS_3X3 + 20 * (4097 + 513 + 257) + (21 * 21 - 1) * (4 * 4 + 4 * 4 + 16 * 16),
            134_489_759,
        ),
        # torchvision, 1000 classes.
        ("resnet50", 23_503_809, TWO_CHANNELS_7X7 + 999 * CLASS_OF_2048, 25_557_032),
        ("resnet101", 42_495_937, TWO_CHANNELS_7X7 + 999 * CLASS_OF_2048, 44_549_160),
        ("vgg16", 134_263_489, TWO_CHANNELS_3X3 + 999 * CLASS_OF_4096, 138_357_544),
    ],
)
def test_parameter_counts_are_the_published_ones_up_to_channels_and_classes(name, ours, difference, published):
    with torch.device("meta"):
        network = build(name, NETWORKS[name].config(name))
    assert count_parameters(network) == ours
    assert ours + difference == published


def test_residual_attention_network_has_the_papers_31_9_million_parameters_within_a_third_of_a_percent():
    with torch.device("meta"):
        ours = count_parameters(build("residual_attention", NETWORKS["residual_attention"].config("")))
    assert ours == 29_757_505
    with_1000_classes = ours + TWO_CHANNELS_7X7 + 999 * CLASS_OF_2048
    assert with_1000_classes == 31_810_728
    assert with_1000_classes == pytest.approx(31.9e6, rel=0.003)


@pytest.mark.parametrize("name", ALL)
def test_a_training_step_reaches_every_parameter(name):
    network = small(name).train()
    before = {key: parameter.detach().clone() for key, parameter in network.named_parameters()}
    output = network(images(4, 64, 64))
    (output.mask_logits if name in SEGMENTATION else output.dcm_logit).square().mean().backward()
    torch.optim.Adam(network.parameters()).step()
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), key
        # A bias before batch normalisation is subtracted again: its gradient is zero up to rounding.
        if parameter.dim() > 1:
            assert not torch.equal(parameter, before[key]), key


@pytest.mark.parametrize("name", ALL)
def test_an_image_gives_the_same_alone_and_in_a_batch(name):
    network = small(name).eval()
    batch = images(2, 64, 48)
    index = 0 if name in SEGMENTATION else 1
    with torch.inference_mode():
        together = network(batch)[index]
        alone = torch.cat([network(batch[:1])[index], network(batch[1:])[index]])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(together[0], together[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_registry_builds_each_by_name_at_its_published_width(name):
    entry = NETWORKS[name]
    assert entry.tasks == (("mask",) if name in SEGMENTATION else ("dcm",))
    assert entry.config(name).width == 64
    assert isinstance(build(name, entry.config(name, width=4)), nn.Module)


def test_unet_refuses_sizes_that_four_poolings_cannot_halve():
    with pytest.raises(ValueError, match="multiples of 16, got 100 x 128"):
        small("unet")(torch.zeros(1, 1, 100, 128))


@pytest.mark.parametrize("name", [name for name in ALL if name != "unet"])
def test_the_others_take_any_size(name):
    with torch.inference_mode():
        output = small(name).eval()(images(1, 100, 37))
    if name in SEGMENTATION:
        assert output.mask_logits.shape == (1, 1, 100, 37)


def test_fcn_upsampling_starts_as_bilinear_interpolation():
    scores = torch.randn(1, 1, 6, 5)
    for factor in (2, 8):
        with torch.inference_mode():
            upsampled = upsampling(factor)(scores)
        expected = nn.functional.interpolate(scores, scale_factor=factor, mode="bilinear")
        inside = (..., slice(factor, -factor), slice(factor, -factor))  # beyond the border a deconvolution sees zeros
        torch.testing.assert_close(upsampled[inside], expected[inside])


def test_dilated_backbone_keeps_an_eighth_of_the_size_with_the_same_weights():
    published, dilated = ResNetBackbone(RESNET50, 4), ResNetBackbone(RESNET50, 4, output_stride=8)
    dilated.load_state_dict(published.state_dict())
    with torch.inference_mode():
        image = images(2, 64, 64)
        coarse, fine = published.eval()(image), dilated.eval()(image)
    assert coarse.shape == (2, 128, 2, 2)
    assert fine.shape == (2, 128, 8, 8)
    # Dilation computes the strided network at every place: every fourth place of the one is the other.
    torch.testing.assert_close(fine[..., ::4, ::4], coarse, rtol=1e-3, atol=1e-4)
    with pytest.raises(ValueError, match="output_stride must be 8 or 32, got 16"):
        ResNetBackbone(RESNET50, 4, output_stride=16)


def test_residual_attention_module_is_one_plus_mask_times_trunk():
    module = AttentionModule(8, poolings=2).eval()
    module.before = module.after = nn.Identity()
    features = torch.randn(2, 8, 7, 5)
    with torch.inference_mode():
        mask, trunk = module.mask(features), module.trunk(features)
        torch.testing.assert_close(module(features), trunk + mask * trunk)
    assert mask.min() > 0 and mask.max() < 1


def test_width_scales_every_layer():
    for name in ALL:
        with torch.device("meta"):
            counts = [count_parameters(build(name, NetworkConfig(width=width))) for width in (16, 32)]
        assert 3.8 < counts[1] / counts[0] < 4, name
