"""What the policy thinks of completions: the log-probability of every token, with the prompt computed once a video."""

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


def prefill(
    p: Params, dims: Dims, pixels: Tensor, vision_cos: Tensor, vision_sin: Tensor, prefix: Tensor, suffix: Tensor,
    cos: Tensor, sin: Tensor,
) -> Prompt:  # fmt: skip
    """The prompt of B videos, of which `cos` and `sin` [S, d] have exactly the positions."""
    video = vision(p, dims, pixels, vision_cos, vision_sin)
    return prompt(p, dims, torch.cat([embed(p, prefix), video, embed(p, suffix)], dim=1), cos, sin)


def token_logprobs(p: Params, dims: Dims, batch: Batch, temperature: Tensor, suppress: Tensor) -> Scored:
    """Log-probability of every completion token, and the entropy it was drawn from, [B, G, L], as sampled.

    `suppress` [V] (0, or a large negative number for tokens never sampled) is added to the logits, which are then
    divided by `temperature`.
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
