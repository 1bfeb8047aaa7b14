"""The losses against hand computations."""

import math

import pytest
import torch

from DCMMultiTaskLib.learning.losses import jaccard_distance, total_loss


def logit(p: float) -> float:
    return math.log(p / (1 - p))


def test_jaccard_distance_is_equation_3():
    probability = torch.tensor([[0.9, 0.2], [0.6, 0.1]])
    truth = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    both, total_y, total_g = 0.9 + 0.6, 1.8, 2.0
    expected = 1 - (both + 1) / (total_g + total_y - both + 1)
    distance = jaccard_distance(torch.logit(probability)[None, None], truth[None, None])
    assert distance.item() == pytest.approx(expected, abs=1e-6)


def test_jaccard_distance_of_an_empty_truth_is_defined():
    nothing = torch.full((1, 1, 8, 8), -30.0)
    assert jaccard_distance(nothing, torch.zeros(1, 1, 8, 8)).item() == pytest.approx(0, abs=1e-6)
    assert jaccard_distance(-nothing, torch.zeros(1, 1, 8, 8)).item() == pytest.approx(1 - 1 / 65, abs=1e-4)


def test_total_is_alpha_jaccard_plus_cross_entropy():
    logits, mask = torch.randn(2, 1, 4, 4), torch.ones(2, 1, 4, 4)
    dcm_logit, dcm = torch.tensor([logit(0.8), logit(0.3)]), torch.tensor([1.0, 0.0])
    total, jaccard, entropy = total_loss(logits, dcm_logit, mask, dcm, alpha=3)
    assert entropy.item() == pytest.approx(-(math.log(0.8) + math.log(0.7)) / 2, abs=1e-6)
    assert total.item() == pytest.approx(3 * jaccard.item() + entropy.item(), abs=1e-5)


def test_images_that_cannot_be_labelled_stay_out_of_the_cross_entropy():
    logits, mask = torch.zeros(2, 1, 4, 4), torch.zeros(2, 1, 4, 4)
    dcm_logit, dcm = torch.tensor([logit(0.8), 50.0]), torch.tensor([1.0, 0.0])
    _, _, entropy = total_loss(logits, dcm_logit, mask, dcm, classified=torch.tensor([True, False]))
    assert entropy.item() == pytest.approx(-math.log(0.8), abs=1e-6)
    _, _, none = total_loss(logits, dcm_logit, mask, dcm, classified=torch.tensor([False, False]))
    assert none.item() == 0


def test_with_discs_the_jaccard_distance_is_the_mean_of_ring_and_both_discs():
    ring, discs = torch.randn(3, 1, 6, 6), torch.randn(3, 2, 6, 6)
    mask, cavity = torch.zeros(3, 1, 6, 6), torch.zeros(3, 1, 6, 6)
    mask[..., 1:5, 1:5], cavity[..., 2:4, 2:4] = 1, 1
    mask = mask - cavity
    _, jaccard, _ = total_loss(ring, None, mask, torch.zeros(3), disc_logits=discs, cavity=cavity)
    parts = [(ring, mask), (discs[:, :1], mask + cavity), (discs[:, 1:], cavity)]
    by_hand = sum(jaccard_distance(logits, truth).mean() for logits, truth in parts) / 3
    assert jaccard.item() == pytest.approx(by_hand.item(), abs=1e-6)
