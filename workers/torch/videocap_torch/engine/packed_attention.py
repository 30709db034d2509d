"""Attention of a row that holds several completions: of each span to what it sees, one by one.

A mask over the whole row would give the same, and compute every pair of tokens for it: in a row of 8 completions more
than three times as many.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward

NAME = "videocap_packed"
"""As a config names it. `transformers` makes no mask for it."""


class Span(NamedTuple):
    """Tokens that stand together in a row: a prompt, or a completion behind its prompt."""

    start: int
    end: int
    prompt: tuple[int, int] | None
    """Start and end of the prompt that all of the span's tokens attend to, beside those of the span up to each."""


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    spans: tuple[Span, ...] | None = None,
    **settings,
) -> tuple[Tensor, None]:
    """`sdpa` for each span of a row of one sequence [1, heads, S, d]; without spans, `sdpa` of all."""
    if spans is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **settings)
    found = []
    for start, end, prompt in spans:
        if start == end:
            continue
        own = query[:, :, start:end]
        if prompt is None:
            seen_keys, seen_values, mask = key[:, :, start:end], value[:, :, start:end], None
        else:
            first, last = prompt
            seen_keys, seen_values = (
                torch.cat([all_of[:, :, first:last], all_of[:, :, start:end]], dim=2) for all_of in (key, value)
            )
            size = end - start
            mask = torch.ones(size, last - first + size, dtype=torch.bool, device=query.device).tril(last - first)
            mask = mask[None, None]
        found.append(sdpa_attention_forward(module, own, seen_keys, seen_values, mask, **settings)[0])
    return torch.cat(found, dim=1), None


AttentionInterface.register(NAME, packed_attention)
