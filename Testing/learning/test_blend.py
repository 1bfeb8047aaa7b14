"""Weights between a model and the one that it started from."""

from dataclasses import replace

import pytest
import torch

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.inference.package import ModelPackage
from DCMMultiTaskLib.learning.blend import blend
from DCMMultiTaskLib.networks.config import preset
from DCMMultiTaskLib.networks.registry import build


def package(seed: int, **changes) -> ModelPackage:
    torch.manual_seed(seed)
    config = preset("default", width=4, **changes)
    return ModelPackage(config, build("multitask", config).state_dict(), sha256=str(seed))


def test_the_ends_are_the_models_and_the_middle_lies_between():
    first, second = package(1), package(2)
    for share, whose in ((0.0, first), (1.0, second)):
        for name, weight in blend(first, [second], share).weights.items():
            torch.testing.assert_close(weight, whose.weights[name])
    name = "extraction.residual_units.0.first.convolution.weight"
    middle = blend(first, [second], 0.25)
    torch.testing.assert_close(middle.weights[name], 0.75 * first.weights[name] + 0.25 * second.weights[name])
    assert middle.training["blended"] == {"first": "1", "trained": ["2"], "share_of_trained": 0.25}


def test_several_trained_models_count_the_same():
    first, others = package(1), [package(seed) for seed in (2, 3, 4)]
    name = "recovery.head.weight"
    mean = torch.stack([other.weights[name] for other in others]).mean(0)
    torch.testing.assert_close(blend(first, others, 1.0).weights[name], mean)
    torch.testing.assert_close(blend(first, others, 0.6).weights[name], 0.6 * mean + 0.4 * first.weights[name])


def test_counts_of_batches_stay_whole_numbers():
    packages = [package(seed, normalisation="batch") for seed in (1, 2, 3)]
    between = blend(packages[0], packages[1:], 0.5)
    for name, weight in packages[0].weights.items():
        assert between.weights[name].dtype == weight.dtype, name


def test_a_ring_and_its_successor_with_discs_blend_all_but_the_head():
    ring, discs = package(1, recovery_skip="sum"), package(2, mask_head="discs")
    between = blend(ring, [discs], 0.5)
    assert between.network_config == discs.network_config
    assert torch.equal(between.weights["recovery.head.weight"], discs.weights["recovery.head.weight"])
    assert not torch.equal(between.weights["classifier.linear.weight"], discs.weights["classifier.linear.weight"])


def test_a_share_out_of_range_and_another_network_are_refused():
    with pytest.raises(InputError, match="between 0 and 1"):
        blend(package(1), [package(2)], 1.5)
    other = preset("luo2020", width=4)
    foreign = replace(package(1), network_config=other, weights=build("multitask", other).state_dict())
    with pytest.raises(InputError, match="less than half"):
        blend(foreign, [package(2)], 0.5)
    with pytest.raises(InputError, match="different networks"):
        blend(package(1), [package(2), package(3, mask_head="discs")], 0.5)


def test_short_weights_are_numbers_of_bfloat16_and_near_the_others():
    packages = [package(seed, normalisation="batch") for seed in (1, 2)]
    plain, short = (blend(packages[0], packages[1:], 0.5, short=short).weights for short in (False, True))
    for name, weight in short.items():
        assert weight.dtype == plain[name].dtype
        torch.testing.assert_close(weight, weight.bfloat16().to(weight.dtype), rtol=0, atol=0)
        torch.testing.assert_close(weight, plain[name], rtol=2**-8, atol=0)
