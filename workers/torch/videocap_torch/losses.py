"""The losses, written once: they run eagerly in torch, and `export.py` traces them into the ONNX gradient graphs.

`token_weights` [B, G, L] is mask and aggregation in one, so that a loss is a weighted sum that micro-batches can split:
see `aggregation_weights`. GRPO as VideoCap-R1 uses it: clipped surrogate with a k3 penalty to a frozen reference.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .config import Dims, Params
from .qwen2vl import Prompt, completions, embed, logits, prompt, vision


class Batch(NamedTuple):
    """What is scored: B videos of one grid, their prompt, and G completions each."""

    pixel_values: Tensor
    """[B, T, N, 1176]"""
    vision_cos: Tensor
    """[N, vision head size], as `vision_sin`."""
    vision_sin: Tensor
    prefix_ids: Tensor
    """[B, S0]: the prompt before the video."""
    suffix_ids: Tensor
    """[B, S1]: the prompt after the video."""
    cos: Tensor
    """[S + L, head size], as `sin`."""
    sin: Tensor
    completion_ids: Tensor
    """[B, G, L]"""


class Scored(NamedTuple):
    logprobs: Tensor
    entropy: Tensor


class GrpoTerms(NamedTuple):
    loss: Tensor
    kl: Tensor
    """[B, G, L]: the k3 estimate, never negative."""
    clipped: Tensor
    """[B, G, L]: 1 where the clipped branch is the one that counts."""


def prefill(
    p: Params, dims: Dims, pixels: Tensor, vision_cos: Tensor, vision_sin: Tensor, prefix: Tensor, suffix: Tensor,
    cos: Tensor, sin: Tensor,
) -> Prompt:  # fmt: skip
    """The prompt of B videos, of which `cos` and `sin` [S, d] have exactly the positions."""
    video = vision(p, dims, pixels, vision_cos, vision_sin)
    return prompt(p, dims, torch.cat([embed(p, prefix), video, embed(p, suffix)], dim=1), cos, sin)


def token_logprobs(p: Params, dims: Dims, batch: Batch, temperature: Tensor, suppress: Tensor) -> Scored:
    """Log-probability of every completion token, and the entropy it was drawn from, [B, G, L], as sampled.

    `suppress` [V] (0, or a large negative number for tokens never sampled) is added to the logits, which are then divided
    by `temperature`.
    """
    group, length = batch.completion_ids.shape[1:]
    span = batch.cos.shape[0] - length
    shared = prefill(p, dims, *batch[:5], batch.cos[:span], batch.sin[:span])
    embeds = embed(p, batch.completion_ids)
    hidden = completions(p, dims, shared, embeds, batch.cos[span:], batch.sin[span:])
    # Each token is predicted by the position before it, the first one by the prompt's last.
    first = shared.hidden[:, None, -1:].expand(-1, group, -1, -1)
    hidden = torch.cat([first, hidden[:, :, :-1]], dim=2)
    distribution = ((logits(p, hidden) + suppress) / temperature).log_softmax(-1)
    entropy = -(distribution.exp() * distribution).sum(-1)
    return Scored(distribution.gather(-1, batch.completion_ids[..., None]).squeeze(-1), entropy)


def grpo_loss(
    logprobs: Tensor, old: Tensor, reference: Tensor, advantages: Tensor, token_weights: Tensor,
    clip_low: Tensor | float, clip_high: Tensor | float, beta: Tensor | float,
) -> GrpoTerms:  # fmt: skip
    """sum w (-min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A) + beta k3), with rho = exp(logp - old) and
    k3 = exp(ref - logp) - (ref - logp) - 1. `advantages` is [B, G], all else [B, G, L].
    """
    advantage = advantages[..., None]
    ratio = (logprobs - old).exp()
    bounded = torch.minimum(torch.maximum(ratio, 1 - clip_low + 0 * ratio), 1 + clip_high + 0 * ratio)
    free, held = ratio * advantage, bounded * advantage
    to_reference = reference - logprobs
    kl = to_reference.exp() - to_reference - 1
    loss = (token_weights * (beta * kl - torch.minimum(free, held))).sum()
    return GrpoTerms(loss, kl, (held < free).to(logprobs.dtype))


def sft_loss(logprobs: Tensor, token_weights: Tensor) -> Tensor:
    """-sum w logp: with weights 1 / tokens the mean cross-entropy of the completion; the prompt has no part in it."""
    return -(token_weights * logprobs).sum()


def aggregation_weights(mask: Tensor, mode: str, max_length: int) -> Tensor:
    """Token weights from the mask [..., L] of all N completions of a step.

    `grpo`: 1/(N |o_i|); `dapo`: 1/(all tokens); `dr_grpo`: 1/(N max_length). A completion whose mask is all 0 has weight 0
    and does not count in N.
    """
    lengths = mask.sum(-1, keepdim=True)
    count = (lengths > 0).sum()
    match mode:
        case "grpo":
            return mask / lengths.clamp(min=1) / count
        case "dapo":
            return mask / mask.sum()
        case "dr_grpo":
            return mask / (count * max_length)
    raise ValueError(f"aggregation is {mode!r}: use grpo, dapo or dr_grpo")


def group_advantages(rewards: Tensor, delta: float = 1e-4) -> Tensor:
    """(r - mean) / (std + delta) over the last dimension, std with ddof 1."""
    spread = rewards.std(-1, keepdim=True)
    return (rewards - rewards.mean(-1, keepdim=True)) / (spread + delta)
