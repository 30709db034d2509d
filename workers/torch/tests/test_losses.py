"""Golden numbers of the GRPO family, worked out by hand from its definitions (section 5.1 of the paper notes)."""

import pytest
import torch

from videocap_torch.losses.aggregation import aggregation_weights
from videocap_torch.losses.grpo import group_advantages, grpo_loss
from videocap_torch.token_logprobs import Scored

LENGTHS = [2, 4]
LOGP = [[-1.0, -0.5, 0, 0], [-0.2, -0.7, -1.5, -0.1]]
OLD = [[-1.2, -0.5, 0, 0], [-0.2, -0.2, -1.5, -0.6]]
REF = [[-0.9, -0.6, 0, 0], [-0.3, -0.7, -1.0, -0.1]]


def terms(mode: str):
    mask = torch.tensor([[float(t < n) for t in range(4)] for n in LENGTHS])[None]
    weights = aggregation_weights(mask, mode, max_length=8)
    logp, old, ref = (torch.tensor(x)[None] for x in (LOGP, OLD, REF))
    advantages = group_advantages(torch.tensor([[2.0, 1.0]]))
    return grpo_loss(Scored(logp, torch.zeros_like(logp)), old, ref, advantages, weights, 0.2, 0.2, 0.04), mask


def test_advantages():
    assert group_advantages(torch.tensor([[2.0, 1.0]])).tolist()[0] == pytest.approx([0.7070068, -0.7070068], abs=1e-6)


@pytest.mark.parametrize("mode, loss", [("grpo", 0.00517365), ("dapo", 0.26606730), ("dr_grpo", 0.09977524)])
def test_loss(mode, loss):
    assert terms(mode)[0].loss.item() == pytest.approx(loss, abs=1e-6)


def test_kl():
    (_, kl, _), mask = terms("grpo")
    assert (kl * mask).sum().item() / mask.sum().item() == pytest.approx(0.02726115, abs=1e-6)
    assert ((kl * mask).sum(-1) / mask.sum(-1)).mean().item() == pytest.approx(0.02169691, abs=1e-6)


def test_clipping_counts_only_where_it_lowers_the_objective():
    clipped = terms("grpo")[0].clipped[0]
    # Ratio 1.22 with a positive advantage; 0.61 with a negative one. 1.65 with a negative advantage stays free.
    assert clipped.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0]]


def test_a_completion_without_tokens_has_no_weight():
    mask = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    assert aggregation_weights(mask, "grpo", 2).tolist() == [[0.5, 0.5], [0, 0]]


def test_unknown_aggregation_names_the_known_ones():
    with pytest.raises(ValueError, match="use grpo, dapo or dr_grpo"):
        aggregation_weights(torch.ones(1, 1), "mean", 1)
