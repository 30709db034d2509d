"""GSPO is held to TRL's own numbers (`trl_numbers.py` made them)."""

import json

import pytest
import torch

from videocap_torch.fixtures import FOLDER
from videocap_torch.losses.aggregation import aggregation_weights
from videocap_torch.losses.grpo import grpo_loss
from videocap_torch.losses.gspo import gspo_loss
from videocap_torch.token_logprobs import Scored

TRL = json.loads((FOLDER / "trl.json").read_text())["gspo"]
CLIP = 3e-4, 4e-4


def small(loss, beta: float, clip=CLIP, old: str = "old_logprobs"):
    """The terms of a loss on TRL's small case, as one group, and the gradient of the log-probabilities."""
    tensors = {name: torch.tensor(TRL["small"][name])[None] for name in TRL["small"] if name != "terms"}
    logprobs = tensors["logprobs"].requires_grad_()
    weights = aggregation_weights(tensors["mask"], "grpo", max_length=4)
    inputs = tensors[old].detach(), tensors["ref_logprobs"], tensors["advantages"], weights
    terms = loss(Scored(logprobs, torch.zeros_like(logprobs)), *inputs, *clip, beta)
    terms.loss.backward()
    return terms, logprobs.grad[0]


@pytest.mark.parametrize("expected", TRL["small"]["terms"], ids=lambda each: f"beta {each['beta']}")
def test_loss_and_gradient_are_those_of_trl(expected):
    terms, gradient = small(gspo_loss, expected["beta"])
    assert terms.loss.item() == pytest.approx(expected["loss"], abs=1e-7)
    torch.testing.assert_close(gradient, torch.tensor(expected["gradient"]), atol=1e-7, rtol=1e-5)
    # A flag is the completion's, so each of its tokens has it.
    assert terms.clipped[0, :, 0].mean().item() == pytest.approx(expected["clipped"])


def test_a_completion_is_clipped_as_a_whole():
    clipped = small(gspo_loss, 0.0)[0].clipped[0]
    assert [row.unique().tolist() for row in clipped] == [[1.0], [0.0], [0.0], [1.0]]


def test_before_the_first_update_the_gradient_is_that_of_grpo():
    _, ours = small(gspo_loss, 0.04, old="logprobs")
    _, grpo = small(grpo_loss, 0.04, (0.2, 0.2), old="logprobs")
    torch.testing.assert_close(ours, grpo)


def test_a_completion_that_is_left_out_changes_nothing():
    zeros = torch.zeros(1, 1, 2)
    terms = gspo_loss(Scored(zeros, zeros), zeros - 9, zeros, torch.ones(1, 1), zeros, *CLIP, 0.0)
    assert (terms.loss.item(), terms.clipped.sum().item()) == (0, 0)


@pytest.mark.parametrize("case", TRL["cases"])
def test_the_fixtures_of_engines_agree_with_trl(case):
    ours = json.loads((FOLDER / "parity.json").read_text())["cases"][case]["gspo"]
    theirs = TRL["cases"][case]
    assert ours["loss"] == pytest.approx(theirs["loss"], abs=1e-6)
    total = sum(each["norm"] ** 2 for each in theirs["gradients"].values()) ** 0.5
    for name, each in theirs["gradients"].items():
        assert ours["gradients"][name]["norm"] == pytest.approx(each["norm"], rel=1e-4, abs=1e-6 * total), name
        assert ours["gradients"][name]["value"] == pytest.approx(each["value"], rel=1e-3, abs=1e-6 * total), name
