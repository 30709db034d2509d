"""GRPO as VideoCap-R1 uses it: clipped surrogate with a k3 penalty to a frozen reference."""

from typing import NamedTuple

import torch
from torch import Tensor

from ..config import Params
from ..token_logprobs import Scored
from .aggregation import aggregation_weights
from .loss import PER_COMPLETION, PER_TOKEN, Loss


class GrpoTerms(NamedTuple):
    loss: Tensor
    kl: Tensor
    """[B, G, L]: the k3 estimate, never negative."""
    clipped: Tensor
    """[B, G, L]: 1 where the clipped branch is the one that counts."""


def grpo_loss(
    scored: Scored, old_logprobs: Tensor, ref_logprobs: Tensor, advantages: Tensor, token_weights: Tensor,
    clip_low: Tensor | float, clip_high: Tensor | float, beta: Tensor | float,
) -> GrpoTerms:  # fmt: skip
    """sum w (-min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A) + beta k3), with rho = exp(logp - old) and
    k3 = exp(ref - logp) - (ref - logp) - 1. `advantages` is [B, G], all else [B, G, L]; for w see
    `aggregation_weights`.
    """
    logprobs, advantage = scored.logprobs, advantages[..., None]
    ratio = (logprobs - old_logprobs).exp()
    return clipped_surrogate(ratio, advantage, logprobs, ref_logprobs, token_weights, clip_low, clip_high, beta)


def clipped_surrogate(
    ratio: Tensor, advantage: Tensor, logprobs: Tensor, ref_logprobs: Tensor, token_weights: Tensor,
    clip_low: Tensor | float, clip_high: Tensor | float, beta: Tensor | float,
) -> GrpoTerms:  # fmt: skip
    """The loss above for any importance ratios rho [B, G, L]; `advantage` is [B, G, 1]."""
    bounded = torch.minimum(torch.maximum(ratio, 1 - clip_low + 0 * ratio), 1 + clip_high + 0 * ratio)
    free, held = ratio * advantage, bounded * advantage
    to_reference = ref_logprobs - logprobs
    kl = to_reference.exp() - to_reference - 1
    loss = (token_weights * (beta * kl - torch.minimum(free, held))).sum()
    return GrpoTerms(loss, kl, (held < free).to(logprobs.dtype))


def group_advantages(rewards: Tensor, delta: float = 1e-4) -> Tensor:
    """(r - mean) / (std + delta) over the last dimension, std with ddof 1."""
    spread = rewards.std(-1, keepdim=True)
    return (rewards - rewards.mean(-1, keepdim=True)) / (spread + delta)


def _example(logprobs: Tensor, mask: Tensor, generator: torch.Generator) -> Params:
    """Old and reference policy close to the policy itself, so that both branches of the clipping occur."""
    noise = lambda size: size * torch.randn(logprobs.shape, generator=generator)  # noqa: E731
    return {
        "old_logprobs": logprobs + noise(0.2),
        "ref_logprobs": logprobs + noise(0.1),
        "advantages": torch.randn(logprobs.shape[:2], generator=generator),
        "token_weights": aggregation_weights(mask, "grpo", mask.shape[-1]),
    }


GRPO = Loss(
    name="grpo",
    sampled=True,
    inputs={
        "old_logprobs": PER_TOKEN,
        "ref_logprobs": PER_TOKEN,
        "advantages": PER_COMPLETION,
        "token_weights": PER_TOKEN,
    },
    scalars={"clip_low": 0.2, "clip_high": 0.28, "beta": 0.04},
    outputs=("kl", "clipped"),
    compute=grpo_loss,
    example=_example,
)
