"""Starting from another network's weights."""

import pytest
import torch

from DCMMultiTaskLib.errors import InputError
from DCMMultiTaskLib.learning.start import start_from
from DCMMultiTaskLib.networks.config import preset
from DCMMultiTaskLib.networks.registry import build

IMAGE = torch.rand(2, 1, 32, 32) * 255


def network(**changes):
    torch.manual_seed(len(changes))
    return build("multitask", preset("default", width=4, **changes)).eval()


def test_equal_settings_take_over_everything():
    trained, fresh = network(dropout=0.1), network()
    assert start_from(fresh, trained.state_dict()) == []
    assert torch.equal(fresh(IMAGE).mask_logits, trained(IMAGE).mask_logits)


def test_concatenation_begins_as_the_sum_that_it_replaces():
    trained, fresh = network(recovery_skip="sum"), network()
    assert start_from(fresh, trained.state_dict()) == []
    torch.testing.assert_close(fresh(IMAGE).mask_logits, trained(IMAGE).mask_logits)


def test_a_part_that_does_not_fit_starts_anew_and_is_named():
    trained, fresh = network(mask_head="discs"), network()
    assert start_from(fresh, trained.state_dict()) == ["recovery.head.weight", "recovery.head.bias"]
    assert torch.equal(fresh(IMAGE).dcm_logit, trained(IMAGE).dcm_logit)


def test_a_foreign_network_is_refused():
    with pytest.raises(InputError, match="less than half"):
        start_from(network(), build("multitask", preset("luo2020", width=4)).state_dict())
